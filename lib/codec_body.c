/* SPDX-License-Identifier: ISC */
#include "codec_body.h"

#include "buffer.h"
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

/* RESULT_BUSY is all that can be wrong with what json_scan() let pass. */
static enum result parse_object(const char *text, size_t length, struct json_object **object)
{
	/* The number is one of json-c's levels: a value inside depth 8 is a level of its own. */
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);

	*object = NULL;
	if (tokener == NULL)
		return RESULT_BUSY;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*object = json_tokener_parse_ex(tokener, text, (int)length);
	json_tokener_free(tokener);
	return *object == NULL ? RESULT_BUSY : RESULT_OK;
}

enum result body_read(const struct body *body, const struct body_field *fields, size_t count,
		      const char *text, size_t length, bool *is_empty)
{
	struct json_object *object;
	enum result result = json_scan(text, length, body->err);

	*is_empty = false;
	if (result == RESULT_OK)
		result = parse_object(text, length, &object);
	if (result != RESULT_OK)
		return result;
	*is_empty = json_object_object_length(object) == 0;
	result = read_members(body, fields, count, object);
	json_object_put(object);
	return result;
}

enum result body_refuse_element(const struct body *body, const char *field, size_t index,
				const char *wanted)
{
	char name[ERROR_FIELD_SIZE];

	snprintf(name, sizeof(name), "%s[%zu]", field, index);
	return error_set(body->err, RESULT_INVALID_FIELD, name, "%s: %s", name, wanted);
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
