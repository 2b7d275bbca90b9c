/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include "codec_body.h"
#include "id.h"
#include "timestamp.h"

#include <json-c/json.h>

#include <stdlib.h>
#include <string.h>

enum { WEBSITES_MAX = 1000, EXPIRES_IN_MIN = 60, EXPIRES_IN_MAX = 315360000 };
enum { GRACE_SECONDS_MAX = 86400 };

static enum result read_name(const struct body *body, const char *field, struct json_object *value)
{
	struct token_draft *draft = body->into;
	enum result result;

	draft->sets_name = true;
	if (value == NULL) /* null: no name */
		return RESULT_OK;
	result = body_read_name(body, field, value, draft->name, sizeof(draft->name));
	draft->has_name = result == RESULT_OK;
	return result;
}

static enum result read_permissions(const struct body *body, const char *field,
				    struct json_object *value)
{
	struct token_draft *draft = body->into;
	enum result result =
		body_read_permissions(body, field, value, "leave it out for the caller's own",
				      draft->permissions, &draft->permission_count);

	draft->has_permissions = result == RESULT_OK;
	return result;
}

static enum result read_website_ids(const struct body *body, const char *field,
				    struct json_object *value)
{
	struct token_draft *draft = body->into;
	size_t count;

	if (!json_object_is_type(value, json_type_array) ||
	    json_object_array_length(value) > WEBSITES_MAX)
		return error_set(
			body->err, RESULT_INVALID_FIELD, field,
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
			return body_refuse_element(body, field, i,
						   "an id of 24 lower-case hex digits is wanted");
	}
	draft->website_count = count;
	draft->has_websites = true;
	return RESULT_OK;
}

static enum result read_allowed_ips(const struct body *body, const char *field,
				    struct json_object *value)
{
	struct token_draft *draft = body->into;
	size_t count;

	if (!json_object_is_type(value, json_type_array) ||
	    json_object_array_length(value) > ALLOWED_IPS_MAX)
		return error_set(body->err, RESULT_INVALID_FIELD, field,
				 "%s: an array of at most %d networks is wanted; leave it out for "
				 "the caller's own",
				 field, ALLOWED_IPS_MAX);
	count = json_object_array_length(value);
	for (size_t i = 0; i < count; i++) {
		struct json_object *element = json_object_array_get_idx(value, i);

		if (!json_object_is_type(element, json_type_string) ||
		    !network_parse(json_object_get_string(element),
				   (size_t)json_object_get_string_len(element),
				   &draft->addresses[i]))
			return body_refuse_element(
				body, field, i,
				"an address, or a network with no bits behind its prefix, is "
				"wanted, such as 192.0.2.0/24 or 2001:db8::/32");
	}
	draft->address_count = count;
	draft->has_addresses = true;
	return RESULT_OK;
}

static enum result read_expires_at(const struct body *body, const char *field,
				   struct json_object *value)
{
	struct token_draft *draft = body->into;

	draft->expiry_field = field;
	if (value == NULL) {
		draft->expiry = EXPIRY_NEVER;
		return RESULT_OK;
	}
	if (!json_object_is_type(value, json_type_string) ||
	    !timestamp_parse(json_object_get_string(value),
			     (size_t)json_object_get_string_len(value), &draft->expires_at))
		return error_set(
			body->err, RESULT_INVALID_FIELD, field,
			"%s: a moment such as \"2030-01-31T12:00:00Z\", or null, is wanted", field);
	if (draft->expires_at <= body->now)
		return error_set(body->err, RESULT_INVALID_FIELD, field,
				 "%s: this moment has passed; give one in the future", field);
	draft->expiry = EXPIRY_AT;
	return RESULT_OK;
}

static enum result read_expires_in(const struct body *body, const char *field,
				   struct json_object *value)
{
	struct token_draft *draft = body->into;
	int64_t seconds;

	if (draft->expiry_field != NULL)
		return error_set(body->err, RESULT_INVALID_FIELD, field,
				 "%s: give it or %s, not both", field, draft->expiry_field);
	seconds = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : 0;
	if (seconds < EXPIRES_IN_MIN || seconds > EXPIRES_IN_MAX)
		return error_set(body->err, RESULT_INVALID_FIELD, field,
				 "%s: a whole number of seconds from %d to %d is wanted", field,
				 EXPIRES_IN_MIN, EXPIRES_IN_MAX);
	draft->expiry_field = field;
	draft->expiry = EXPIRY_AT;
	draft->expires_at = body->now + seconds * 1000;
	return RESULT_OK;
}

/* What a creation or a change may say, checked in this order. */
// clang-format off
static const struct body_field draft_fields[] = {
	{ "name",        read_name        },
	{ "permissions", read_permissions },
	{ "websiteIds",  read_website_ids },
	{ "allowedIps",  read_allowed_ips },
	{ "expiresAt",   read_expires_at  },
	{ "expiresIn",   read_expires_in  },
};
// clang-format on

enum result codec_read_draft(const struct config *config, const char *text, size_t length,
			     int64_t now, struct token_draft *draft, struct error *err)
{
	struct body body = {config, now, draft, err};
	enum result result;

	*draft = (struct token_draft){0};
	result = body_read_some(&body, draft_fields, ARRAY_LENGTH(draft_fields), text, length,
				"{} for a token with your own scope");
	if (result != RESULT_OK)
		token_draft_clear(draft);
	return result;
}

enum result codec_read_change(const struct config *config, const char *text, size_t length,
			      int64_t now, struct token_draft *draft, struct error *err)
{
	struct body body = {config, now, draft, err};
	bool is_empty = true;
	enum result result = RESULT_OK;

	*draft = (struct token_draft){0};
	if (length > 0)
		result = body_read(&body, draft_fields, ARRAY_LENGTH(draft_fields), text, length,
				   &is_empty);
	if (result == RESULT_OK && is_empty)
		result = error_set(err, RESULT_INVALID_JSON, NULL,
				   "There is nothing to change; send name, permissions, "
				   "websiteIds, allowedIps, expiresAt or expiresIn");
	if (result != RESULT_OK)
		token_draft_clear(draft);
	return result;
}

static enum result read_grace(const struct body *body, const char *field, struct json_object *value)
{
	int64_t *grace_ms = body->into;
	int64_t seconds =
		json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;

	if (seconds < 0 || seconds > GRACE_SECONDS_MAX)
		return error_set(body->err, RESULT_INVALID_FIELD, field,
				 "%s: a whole number of seconds from 0 to %d is wanted", field,
				 GRACE_SECONDS_MAX);
	*grace_ms = seconds * 1000;
	return RESULT_OK;
}

enum result codec_read_rotation(const struct config *config, const char *text, size_t length,
				int64_t *grace_ms, struct error *err)
{
	static const struct body_field fields[] = {{"graceSeconds", read_grace}};
	struct body body = {config, 0, grace_ms, err};
	bool is_empty;

	*grace_ms = 0;
	if (length == 0)
		return RESULT_OK;
	return body_read(&body, fields, ARRAY_LENGTH(fields), text, length, &is_empty);
}
