/* SPDX-License-Identifier: ISC */
/* The last line of an export. */
#include "codec.h"

#include "ascii.h"
#include "codec_body.h"
#include "json_write.h"

#include <json-c/json.h>
#include <sodium.h>

#include <inttypes.h>
#include <string.h>

struct reading {
	struct audit_checkpoint *checkpoint;
	bool has_sequence, has_digest;
};

static enum result refuse(const struct body *body, const char *field)
{
	return error_set(body->err, RESULT_INVALID_FIELD, field,
			 "%s: not what claviger-admin audit export writes there", field);
}

static enum result read_sequence(const struct body *body, const char *field,
				 struct json_object *value)
{
	struct reading *reading = body->into;
	const char *text = json_object_get_string(value);
	uint64_t sequence;

	if (!json_object_is_type(value, json_type_string) ||
	    !ascii_parse_number(text, (size_t)json_object_get_string_len(value), INT64_MAX,
				&sequence))
		return refuse(body, field);
	reading->checkpoint->sequence = (int64_t)sequence;
	reading->has_sequence = true;
	return RESULT_OK;
}

static enum result read_digest(const struct body *body, const char *field,
			       struct json_object *value)
{
	struct reading *reading = body->into;
	uint8_t *digest = reading->checkpoint->digest;
	size_t length = (size_t)json_object_get_string_len(value), size = 0;

	if (!json_object_is_type(value, json_type_string) || length != 2 * STORE_CHAIN_SIZE ||
	    sodium_hex2bin(digest, STORE_CHAIN_SIZE, json_object_get_string(value), length, NULL,
			   &size, NULL) != 0 ||
	    size != STORE_CHAIN_SIZE)
		return refuse(body, field);
	reading->has_digest = true;
	return RESULT_OK;
}

/* When it was made is for people. */
static enum result read_moment(const struct body *body, const char *field,
			       struct json_object *value)
{
	return json_object_is_type(value, json_type_string) ? RESULT_OK : refuse(body, field);
}

enum result codec_read_checkpoint(const struct config *config, const char *text, size_t length,
				  struct audit_checkpoint *checkpoint, struct error *err)
{
	static const struct body_field fields[] = {
		{"checkpoint", read_sequence}, {"digest", read_digest}, {"at", read_moment}};
	struct reading reading = {.checkpoint = checkpoint};
	struct body body = {.config = config, .into = &reading, .err = err};
	bool is_empty;
	enum result result =
		body_read(&body, fields, ARRAY_LENGTH(fields), text, length, &is_empty);

	*checkpoint = result == RESULT_OK ? *checkpoint : (struct audit_checkpoint){0};
	if (result == RESULT_OK && (!reading.has_sequence || !reading.has_digest))
		result = refuse(&body, reading.has_sequence ? "digest" : "checkpoint");
	return result;
}

void codec_write_checkpoint(const struct audit_checkpoint *checkpoint, int64_t now,
			    struct buffer *out)
{
	char digest[2 * STORE_CHAIN_SIZE + 1];

	sodium_bin2hex(digest, sizeof(digest), checkpoint->digest, sizeof(checkpoint->digest));
	buffer_append_format(out, "{\"checkpoint\":\"%" PRId64 "\",\"digest\":\"%s\",\"at\":",
			     checkpoint->sequence, digest);
	json_write_moment(now, out);
	buffer_append_char(out, '}');
}
