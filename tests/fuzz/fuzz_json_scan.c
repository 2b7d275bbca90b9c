/* SPDX-License-Identifier: ISC */
/* Whatever json_scan() lets pass, json-c takes for an object in its strictest mode and at the
 * depth that the codec gives it; what it refuses, it refuses with one printable line. */
#include "json_scan.h"

#include <json-c/json.h>

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { BODY_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(enum result result, const struct error *err)
{
	static const char opening[] = "The body is not valid JSON at byte ";

	assert(result == RESULT_INVALID_JSON || result == RESULT_UNKNOWN_FIELD);
	assert(err->result == result);
	assert(result == RESULT_UNKNOWN_FIELD ||
	       strncmp(err->message, opening, sizeof(opening) - 1) == 0);
	for (const char *c = err->message; *c != '\0'; c++)
		assert(*c >= 0x20 && *c <= 0x7E);
}

static void check_json_c(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
	struct json_object *object;

	assert(tokener != NULL);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	assert(json_tokener_get_error(tokener) == json_tokener_success);
	assert(json_object_is_type(object, json_type_object));
	json_object_put(object);
	json_tokener_free(tokener);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = {0};
	enum result result;

	if (size > BODY_MAX)
		return 0;
	result = json_scan((const char *)data, size, &err);
	if (result == RESULT_OK)
		check_json_c((const char *)data, size);
	else
		check_refusal(result, &err);
	return 0;
}
