/* SPDX-License-Identifier: ISC */
#include "codec_body.h"

#include "buffer.h"
#include "codec_parse.h"
#include "json_scan.h"
#include "text.h"
#include "token.h"

#include <json-c/json.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_NAME_MAX = 32, ALLOWED_SIZE = 160 };

static const struct body_field *find_field(const struct body_field *fields, size_t count,
					   const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static void list_names(const struct body_field *fields, size_t count,
		       char names[static ALLOWED_SIZE])
{
	size_t length = 0;

	names[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		snprintf(names + length, ALLOWED_SIZE - length, "%s%s", i > 0 ? ", " : "",
			 fields[i].name);
		length = strlen(names);
	}
}

static enum result refuse_unknown(const struct body *body, const struct body_field *fields,
				  size_t count, const char *name)
{
	char shown[4 * SHOWN_NAME_MAX + 1] = "", allowed[ALLOWED_SIZE];
	size_t length = strlen(name), at = 0, key_at;
	uint32_t character;

	if (token_find_form(body->config->token_prefix, name, length, &key_at))
		return error_set(body->err, RESULT_UNKNOWN_FIELD, NULL,
				 "The name of a field has the form of a key; revoke that key");
	for (size_t i = 0; i < SHOWN_NAME_MAX && at < length; i++)
		if (!text_next_character(name, length, &at, &character))
			break;
	memcpy(shown, name, at);
	list_names(fields, count, allowed);
	return error_set(body->err, RESULT_UNKNOWN_FIELD, shown,
			 "No such field: \"%s\"; allowed are %s", shown, allowed);
}

static enum result read_members(const struct body *body, const struct body_field *fields,
				size_t count, struct json_object *object)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	struct json_object_iterator end = json_object_iter_end(object);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);

		if (find_field(fields, count, name) == NULL)
			return refuse_unknown(body, fields, count, name);
	}
	for (size_t i = 0; i < count; i++) {
		struct json_object *value;
		enum result result;

		if (!json_object_object_get_ex(object, fields[i].name, &value))
			continue;
		result = fields[i].read(body, fields[i].name, value);
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}

enum result body_read(const struct body *body, const struct body_field *fields, size_t count,
		      const char *text, size_t length, bool *is_empty)
{
	struct json_object *object;
	enum result result = json_scan(text, length, body->err);

	*is_empty = false;
	if (result == RESULT_OK)
		result = codec_parse_object(text, length, &object);
	if (result != RESULT_OK)
		return result;
	*is_empty = json_object_object_length(object) == 0;
	result = read_members(body, fields, count, object);
	codec_wipe_object(object);
	return result;
}

enum result body_read_some(const struct body *body, const struct body_field *fields, size_t count,
			   const char *text, size_t length, const char *example)
{
	bool is_empty;

	if (length == 0)
		return error_set(body->err, RESULT_INVALID_JSON, NULL, "The body is empty; send %s",
				 example);
	return body_read(body, fields, count, text, length, &is_empty);
}

enum result body_refuse_missing(struct error *err, const char *field, const char *example)
{
	return error_set(err, RESULT_INVALID_FIELD, field, "%s: this field must be there; send %s",
			 field, example);
}

enum result body_refuse_element(const struct body *body, const char *field, size_t index,
				const char *wanted)
{
	char name[ERROR_FIELD_SIZE];

	snprintf(name, sizeof(name), "%s[%zu]", field, index);
	return error_set(body->err, RESULT_INVALID_FIELD, name, "%s: %s", name, wanted);
}

const char *body_text(struct json_object *value)
{
	const char *text = NULL;

	if (json_object_is_type(value, json_type_string))
		text = json_object_get_string(value);
	if (text != NULL && strlen(text) != (size_t)json_object_get_string_len(value))
		text = NULL;
	return text;
}

enum result body_read_name(const struct body *body, const char *field, struct json_object *value,
			   char *name, size_t size)
{
	const char *complaint = "a string of 1 to 100 characters is wanted";
	size_t length = 0;

	if (json_object_is_type(value, json_type_string)) {
		length = (size_t)json_object_get_string_len(value);
		complaint = text_refuse_name(body->config->token_prefix,
					     json_object_get_string(value), length);
	}
	if (complaint != NULL)
		return error_set(body->err, RESULT_INVALID_FIELD, field, "%s: %s", field,
				 complaint);
	assert(length < size);
	memcpy(name, json_object_get_string(value), length);
	name[length] = '\0';
	return RESULT_OK;
}

static bool read_permission(const struct catalogue *catalogue, struct json_object *value,
			    struct permission_set *set)
{
	return json_object_is_type(value, json_type_string) &&
	       permission_set_find(catalogue, json_object_get_string(value),
				   (size_t)json_object_get_string_len(value), set);
}

enum result body_read_permissions(const struct body *body, const char *field,
				  struct json_object *value, const char *unless,
				  struct permission_set each[static PERMISSIONS_MAX], size_t *count)
{
	bool has_every = false;
	size_t length;

	if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) < 1 ||
	    json_object_array_length(value) > PERMISSIONS_MAX)
		return error_set(body->err, RESULT_INVALID_FIELD, field,
				 "%s: an array of 1 to %d names is wanted; %s", field,
				 PERMISSIONS_MAX, unless);
	length = json_object_array_length(value);
	for (size_t i = 0; i < length; i++) {
		if (!read_permission(&body->config->catalogue, json_object_array_get_idx(value, i),
				     &each[i]))
			return body_refuse_element(
				body, field, i, "no such permission; GET /permissions lists all");
		has_every = has_every || each[i].every;
	}
	if (has_every && length > 1)
		return error_set(body->err, RESULT_INVALID_FIELD, field,
				 "%s: \"*\" is every permission and stands alone", field);
	*count = length;
	return RESULT_OK;
}
