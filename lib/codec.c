/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include "id.h"
#include "json_scan.h"
#include "text.h"
#include "timestamp.h"

#include <json-c/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEBSITES_MAX = 1000, EXPIRES_IN_MIN = 60, EXPIRES_IN_MAX = 315360000, SHOWN_NAME_MAX = 32 };

/* What the functions of the table below need besides the value. */
struct reading {
	const struct config *config;
	int64_t now;
	struct token_draft *draft;
	struct error *err;
};

struct writing {
	const struct config *config;
	int64_t now;
	struct buffer *out;
};

void codec_write_string(const char *text, struct buffer *out)
{
	const char *rest = text;

	buffer_append_char(out, '"');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool is_separator = c == 0xE2 && (unsigned char)text[1] == 0x80 &&
				    ((unsigned char)text[2] & 0xFE) == 0xA8;

		if (c >= 0x20 && strchr("\"\\<>&", c) == NULL && !is_separator && c != 0x7F)
			continue;
		buffer_append(out, rest, (size_t)(text - rest));
		if (is_separator) {
			buffer_append_format(out, "\\u20%02x", (unsigned char)text[2] - 0x80);
			text += 2;
		} else if (c == '"' || c == '\\') {
			buffer_append_char(out, '\\');
			buffer_append_char(out, (char)c);
		} else {
			buffer_append_format(out, "\\u%04x", c);
		}
		rest = text + 1;
	}
	buffer_append(out, rest, (size_t)(text - rest));
	buffer_append_char(out, '"');
}

void codec_write_name(const char *name, struct buffer *out)
{
	if (out->length > 0 && out->data[out->length - 1] != '{')
		buffer_append_char(out, ',');
	buffer_append_char(out, '"');
	buffer_append_text(out, name);
	buffer_append(out, "\":", 2);
}

void codec_write_moment(int64_t moment, struct buffer *out)
{
	char text[TIMESTAMP_TEXT_SIZE];

	if (moment == STORE_NO_MOMENT || moment == TIMESTAMP_NEVER) {
		buffer_append(out, "null", 4);
		return;
	}
	timestamp_format(moment, text);
	buffer_append_char(out, '"');
	buffer_append_text(out, text);
	buffer_append_char(out, '"');
}

static void write_id_text(const struct id *id, struct buffer *out)
{
	char text[ID_TEXT_SIZE];

	id_format(id, text);
	buffer_append_char(out, '"');
	buffer_append(out, text, ID_TEXT_SIZE - 1);
	buffer_append_char(out, '"');
}

static void write_id(const struct writing *to, const struct token_record *record)
{
	write_id_text(&record->id, to->out);
}

static void write_name(const struct writing *to, const struct token_record *record)
{
	if (record->has_name)
		codec_write_string(record->name, to->out);
	else
		buffer_append(to->out, "null", 4);
}

static void write_display_key(const struct writing *to, const struct token_record *record)
{
	codec_write_string(record->display_key.text, to->out);
}

static void write_scope(const struct writing *to, const struct token_record *record)
{
	(void)record;
	buffer_append_text(to->out, "\"user\"");
}

static void write_permissions(const struct writing *to, const struct token_record *record)
{
	const struct catalogue *catalogue = &to->config->catalogue;
	bool is_first = true;

	if (record->scope.permissions.every) {
		buffer_append_text(to->out, "[\"*\"]");
		return;
	}
	buffer_append_char(to->out, '[');
	for (size_t i = 0; i < catalogue->count; i++) {
		if (!permission_set_covers(record->scope.permissions, permission_set_of(i)))
			continue;
		if (!is_first)
			buffer_append_char(to->out, ',');
		is_first = false;
		buffer_append_char(to->out, '"'); /* names need no escapes */
		buffer_append_text(to->out, catalogue->permissions[i].name);
		buffer_append_char(to->out, '"');
	}
	buffer_append_char(to->out, ']');
}

static void write_website_ids(const struct writing *to, const struct token_record *record)
{
	buffer_append_char(to->out, '[');
	for (size_t i = 0; i < record->scope.websites.count; i++) {
		if (i > 0)
			buffer_append_char(to->out, ',');
		write_id_text(&record->scope.websites.ids[i], to->out);
	}
	buffer_append_char(to->out, ']');
}

static void write_created_at(const struct writing *to, const struct token_record *record)
{
	codec_write_moment(record->created_at, to->out);
}

static void write_last_used_at(const struct writing *to, const struct token_record *record)
{
	codec_write_moment(record->last_used_at, to->out);
}

static void write_expires_at(const struct writing *to, const struct token_record *record)
{
	codec_write_moment(record->scope.expires_at, to->out);
}

static void write_state(const struct writing *to, const struct token_record *record)
{
	switch (authority_token_state(record, to->now)) {
	case TOKEN_ACTIVE:
		buffer_append_text(to->out, "\"active\"");
		break;
	case TOKEN_EXPIRED:
		buffer_append_text(to->out, "\"expired\"");
		break;
	case TOKEN_REVOKED:
		buffer_append_text(to->out, "\"revoked\"");
		break;
	}
}

static void write_parent(const struct writing *to, const struct token_record *record)
{
	if (record->has_parent)
		write_id_text(&record->parent, to->out);
	else
		buffer_append(to->out, "null", 4);
}

static enum result read_name(const struct reading *from, const char *field,
			     struct json_object *value)
{
	struct token_draft *draft = from->draft;
	const char *complaint;
	size_t length;

	if (value == NULL) /* null: no name */
		return RESULT_OK;
	if (!json_object_is_type(value, json_type_string))
		return error_set(from->err, RESULT_INVALID_FIELD, field,
				 "%s: a string of 1 to 100 characters, or null, is wanted", field);
	length = (size_t)json_object_get_string_len(value);
	complaint =
		text_refuse_name(from->config->token_prefix, json_object_get_string(value), length);
	if (complaint != NULL)
		return error_set(from->err, RESULT_INVALID_FIELD, field, "%s: %s", field,
				 complaint);
	_Static_assert(sizeof(draft->name) > 4 * TEXT_NAME_CHARACTERS_MAX, "four bytes each");
	memcpy(draft->name, json_object_get_string(value), length);
	draft->has_name = true;
	return RESULT_OK;
}

/* The name of element INDEX of FIELD, for a refusal. */
static enum result refuse_element(struct error *err, const char *field, size_t index,
				  const char *wanted)
{
	char name[ERROR_FIELD_SIZE];

	snprintf(name, sizeof(name), "%s[%zu]", field, index);
	return error_set(err, RESULT_INVALID_FIELD, name, "%s: %s", name, wanted);
}

static bool read_permission(const struct catalogue *catalogue, struct json_object *value,
			    struct permission_set *set)
{
	const char *text;
	size_t length, index;

	if (!json_object_is_type(value, json_type_string))
		return false;
	text = json_object_get_string(value);
	length = (size_t)json_object_get_string_len(value);
	if (length == 1 && *text == '*') {
		*set = (struct permission_set){.every = true};
		return true;
	}
	if (!catalogue_find(catalogue, text, length, &index))
		return false;
	*set = permission_set_of(index);
	return true;
}

static enum result read_permissions(const struct reading *from, const char *field,
				    struct json_object *value)
{
	struct token_draft *draft = from->draft;
	size_t count;
	bool has_every = false;

	if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) < 1 ||
	    json_object_array_length(value) > PERMISSIONS_MAX)
		return error_set(from->err, RESULT_INVALID_FIELD, field,
				 "%s: an array of 1 to %d names is wanted; leave it out for the "
				 "caller's own",
				 field, PERMISSIONS_MAX);
	count = json_object_array_length(value);
	for (size_t i = 0; i < count; i++) {
		if (!read_permission(&from->config->catalogue, json_object_array_get_idx(value, i),
				     &draft->permissions[i]))
			return refuse_element(from->err, field, i,
					      "no such permission; GET /permissions lists all");
		has_every = has_every || draft->permissions[i].every;
	}
	if (has_every && count > 1)
		return error_set(from->err, RESULT_INVALID_FIELD, field,
				 "%s: \"*\" is every permission and stands alone", field);
	draft->permission_count = count;
	draft->has_permissions = true;
	return RESULT_OK;
}

static enum result read_website_ids(const struct reading *from, const char *field,
				    struct json_object *value)
{
	struct token_draft *draft = from->draft;
	size_t count;

	if (!json_object_is_type(value, json_type_array) ||
	    json_object_array_length(value) > WEBSITES_MAX)
		return error_set(
			from->err, RESULT_INVALID_FIELD, field,
			"%s: an array of at most %d website ids is wanted; leave it out for "
			"the caller's own",
			field, WEBSITES_MAX);
	count = json_object_array_length(value);
	draft->website_ids = calloc(count + 1, sizeof(*draft->website_ids));
	if (draft->website_ids == NULL)
		return RESULT_BUSY;
	for (size_t i = 0; i < count; i++) {
		struct json_object *element = json_object_array_get_idx(value, i);

		if (!json_object_is_type(element, json_type_string) ||
		    !id_parse(json_object_get_string(element),
			      (size_t)json_object_get_string_len(element), &draft->website_ids[i]))
			return refuse_element(from->err, field, i,
					      "an id of 24 lower-case hex digits is wanted");
	}
	draft->website_count = count;
	draft->has_websites = true;
	return RESULT_OK;
}

static enum result read_expires_at(const struct reading *from, const char *field,
				   struct json_object *value)
{
	struct token_draft *draft = from->draft;

	draft->expiry_field = field;
	if (value == NULL) {
		draft->expiry = EXPIRY_NEVER;
		return RESULT_OK;
	}
	if (!json_object_is_type(value, json_type_string) ||
	    !timestamp_parse(json_object_get_string(value),
			     (size_t)json_object_get_string_len(value), &draft->expires_at))
		return error_set(
			from->err, RESULT_INVALID_FIELD, field,
			"%s: a moment such as \"2030-01-31T12:00:00Z\", or null, is wanted", field);
	if (draft->expires_at <= from->now)
		return error_set(from->err, RESULT_INVALID_FIELD, field,
				 "%s: this moment has passed; give one in the future", field);
	draft->expiry = EXPIRY_AT;
	return RESULT_OK;
}

static enum result read_expires_in(const struct reading *from, const char *field,
				   struct json_object *value)
{
	struct token_draft *draft = from->draft;
	int64_t seconds;

	if (draft->expiry_field != NULL)
		return error_set(from->err, RESULT_INVALID_FIELD, field,
				 "%s: give it or %s, not both", field, draft->expiry_field);
	seconds = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : 0;
	if (seconds < EXPIRES_IN_MIN || seconds > EXPIRES_IN_MAX)
		return error_set(from->err, RESULT_INVALID_FIELD, field,
				 "%s: a whole number of seconds from %d to %d is wanted", field,
				 EXPIRES_IN_MIN, EXPIRES_IN_MAX);
	draft->expiry_field = field;
	draft->expiry = EXPIRY_AT;
	draft->expires_at = from->now + seconds * 1000;
	return RESULT_OK;
}

/* The record: what is written, in this order, and what a creation may say, checked in this order.
 * The reference interface names the id twice. */
// clang-format off
static const struct token_field {
	const char *name;
	void (*write)(const struct writing *to, const struct token_record *record);
	enum result (*read)(const struct reading *from, const char *field,
			    struct json_object *value);
} token_fields[] = {
	{ "id",          write_id,          NULL             },
	{ "_id",         write_id,          NULL             },
	{ "name",        write_name,        read_name        },
	{ "displayKey",  write_display_key, NULL             },
	{ "scope",       write_scope,       NULL             },
	{ "permissions", write_permissions, read_permissions },
	{ "websiteIds",  write_website_ids, read_website_ids },
	{ "createdAt",   write_created_at,  NULL             },
	{ "lastUsedAt",  write_last_used_at, NULL            },
	{ "expiresAt",   write_expires_at,  read_expires_at  },
	{ "expiresIn",   NULL,              read_expires_in  },
	{ "state",       write_state,       NULL             },
	{ "parentId",    write_parent,      NULL             },
};
// clang-format on

static bool is_readable(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(token_fields); i++)
		if (token_fields[i].read != NULL && strcmp(token_fields[i].name, name) == 0)
			return true;
	return false;
}

static enum result refuse_unknown(const struct reading *from, const char *name)
{
	char shown[4 * SHOWN_NAME_MAX + 1] = "";
	size_t length = strlen(name), at = 0, key_at;
	uint32_t character;

	if (token_find_form(from->config->token_prefix, name, length, &key_at))
		return error_set(from->err, RESULT_UNKNOWN_FIELD, NULL,
				 "The name of a field has the form of a key; revoke that key");
	for (size_t i = 0; i < SHOWN_NAME_MAX && at < length; i++)
		if (!text_next_character(name, length, &at, &character))
			break;
	memcpy(shown, name, at);
	return error_set(from->err, RESULT_UNKNOWN_FIELD, shown,
			 "No such field: \"%s\"; allowed are name, permissions, websiteIds, "
			 "expiresAt, expiresIn",
			 shown);
}

static enum result read_members(const struct reading *from, struct json_object *object)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	struct json_object_iterator end = json_object_iter_end(object);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		if (!is_readable(json_object_iter_peek_name(&at)))
			return refuse_unknown(from, json_object_iter_peek_name(&at));
	for (size_t i = 0; i < ARRAY_LENGTH(token_fields); i++) {
		const struct token_field *field = &token_fields[i];
		struct json_object *value;
		enum result result;

		if (field->read == NULL || !json_object_object_get_ex(object, field->name, &value))
			continue;
		result = field->read(from, field->name, value);
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}

/* RESULT_BUSY is all that can be wrong with what json_scan() let pass. */
static enum result parse_object(const char *body, size_t length, struct json_object **object)
{
	/* The number is one of json-c's levels: a value inside depth 8 is a level of its own. */
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);

	*object = NULL;
	if (tokener == NULL)
		return RESULT_BUSY;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*object = json_tokener_parse_ex(tokener, body, (int)length);
	json_tokener_free(tokener);
	return *object == NULL ? RESULT_BUSY : RESULT_OK;
}

enum result codec_read_draft(const struct config *config, const char *body, size_t length,
			     int64_t now, struct token_draft *draft, struct error *err)
{
	struct reading from = {config, now, draft, err};
	struct json_object *object = NULL;
	enum result result;

	*draft = (struct token_draft){0};
	if (length == 0)
		return error_set(err, RESULT_INVALID_JSON, NULL,
				 "The body is empty; send {} for a token with your own scope");
	result = json_scan(body, length, err);
	if (result == RESULT_OK)
		result = parse_object(body, length, &object);
	if (result == RESULT_OK)
		result = read_members(&from, object);
	json_object_put(object);
	if (result != RESULT_OK)
		token_draft_clear(draft);
	return result;
}

static void write_account_members(const struct account_record *account, struct buffer *out)
{
	codec_write_name("id", out);
	write_id_text(&account->id, out);
	codec_write_name("_id", out);
	write_id_text(&account->id, out);
	codec_write_name("name", out);
	codec_write_string(account->name, out);
	codec_write_name("email", out);
	codec_write_string(account->email, out);
	codec_write_name("createdAt", out);
	codec_write_moment(account->created_at, out);
}

void codec_write_token(const struct config *config, const struct token_record *record, int64_t now,
		       const struct account_record *account, const struct key *key,
		       struct buffer *out)
{
	struct writing to = {config, now, out};

	buffer_append_char(out, '{');
	for (size_t i = 0; i < ARRAY_LENGTH(token_fields); i++) {
		if (token_fields[i].write == NULL)
			continue;
		codec_write_name(token_fields[i].name, out);
		token_fields[i].write(&to, record);
	}
	if (account != NULL) {
		codec_write_name("account", out);
		buffer_append_char(out, '{');
		write_account_members(account, out);
		buffer_append_char(out, '}');
	}
	if (key != NULL) {
		codec_write_name("key", out);
		buffer_append_char(out, '"'); /* base62 and an underscore: nothing to escape */
		buffer_append_text(out, key->secret_text);
		buffer_append_char(out, '"');
	}
	buffer_append_char(out, '}');
}

void codec_write_account(const struct config *config, const struct account_record *account,
			 const struct token_record *token, int64_t now, struct buffer *out)
{
	buffer_append_char(out, '{');
	write_account_members(account, out);
	if (token != NULL) {
		codec_write_name("token", out);
		codec_write_token(config, token, now, NULL, NULL, out);
	}
	buffer_append_char(out, '}');
}

void codec_write_website(const struct website_record *website, struct buffer *out)
{
	buffer_append_char(out, '{');
	codec_write_name("id", out);
	write_id_text(&website->id, out);
	codec_write_name("_id", out);
	write_id_text(&website->id, out);
	codec_write_name("domain", out);
	codec_write_string(website->domain, out);
	codec_write_name("name", out);
	codec_write_string(website->name, out);
	codec_write_name("role", out);
	codec_write_string(role_name(website->role), out);
	codec_write_name("createdAt", out);
	codec_write_moment(website->created_at, out);
	buffer_append_char(out, '}');
}

void codec_write_permission(const struct permission *permission, bool is_granted,
			    struct buffer *out)
{
	buffer_append_char(out, '{');
	codec_write_name("name", out);
	codec_write_string(permission->name, out);
	codec_write_name("description", out);
	codec_write_string(permission->description, out);
	codec_write_name("granted", out);
	buffer_append_text(out, is_granted ? "true" : "false");
	buffer_append_char(out, '}');
}
