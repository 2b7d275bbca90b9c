/* SPDX-License-Identifier: ISC */
/* The body of a verification. */
#include "codec.h"

#include "codec_body.h"
#include "id.h"

#include <json-c/json.h>
#include <sodium.h>

#include <string.h>

/* body_read() wipes what json-c holds of it. */
static enum result read_key(const struct body *body, const char *field, struct json_object *value)
{
	struct verification *verification = body->into;
	size_t length = 0;

	if (json_object_is_type(value, json_type_string))
		length = (size_t)json_object_get_string_len(value);
	if (length == 0)
		return error_set(body->err, RESULT_INVALID_FIELD, field,
				 "%s: the key that is to be checked is wanted", field);
	if (length > sizeof(verification->key_text))
		length = sizeof(verification->key_text);
	memcpy(verification->key_text, json_object_get_string(value), length);
	verification->key_length = length;
	return RESULT_OK;
}

static enum result read_needed(const struct body *body, const char *field,
			       struct json_object *value)
{
	struct verification *verification = body->into;
	struct permission_set each[PERMISSIONS_MAX];
	size_t count = 0;
	enum result result = body_read_permissions(
		body, field, value, "leave it out to ask for the key alone", each, &count);

	for (size_t i = 0; result == RESULT_OK && i < count; i++)
		verification->needed = permission_set_union(verification->needed, each[i]);
	return result;
}

/* Not null either: who has no website at hand must not be told about any. */
static enum result read_website(const struct body *body, const char *field,
				struct json_object *value)
{
	struct verification *verification = body->into;

	if (!json_object_is_type(value, json_type_string) ||
	    !id_parse(json_object_get_string(value), (size_t)json_object_get_string_len(value),
		      &verification->website))
		return error_set(body->err, RESULT_INVALID_FIELD, field,
				 "%s: an id of 24 lower-case hex digits is wanted; leave it out to "
				 "ask about no website",
				 field);
	verification->has_website = true;
	return RESULT_OK;
}

// clang-format off
static const struct body_field verification_fields[] = {
	{ "key",         read_key     },
	{ "permissions", read_needed  },
	{ "websiteId",   read_website },
};
// clang-format on

void codec_clear_verification(struct verification *verification)
{
	sodium_memzero(verification, sizeof(*verification));
}

enum result codec_read_verification(const struct config *config, const char *text, size_t length,
				    struct verification *verification, struct error *err)
{
	struct body body = {config, 0, verification, err};
	enum result result;

	*verification = (struct verification){0};
	result = body_read_some(&body, verification_fields, ARRAY_LENGTH(verification_fields), text,
				length, "{\"key\": KEY}");
	if (result == RESULT_OK && verification->key_length == 0)
		result = error_set(err, RESULT_INVALID_FIELD, verification_fields[0].name,
				   "%s: the key that is to be checked is wanted",
				   verification_fields[0].name);
	if (result != RESULT_OK)
		codec_clear_verification(verification);
	return result;
}
