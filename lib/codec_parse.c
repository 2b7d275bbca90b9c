/* SPDX-License-Identifier: ISC */
#include "codec_parse.h"

#include "json_scan.h"

#include <json-c/json.h>
#include <sodium.h>

#include <stdint.h>

/* json-c frees without wiping, and a text may hold a key. The cast is the one place where what it
 * keeps is written to from outside. */
static void wipe_strings(struct json_object *object)
{
	struct json_object_iterator at, end;

	if (json_object_is_type(object, json_type_string)) {
		sodium_memzero((void *)(uintptr_t)json_object_get_string(object),
			       (size_t)json_object_get_string_len(object));
	} else if (json_object_is_type(object, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(object); i++)
			wipe_strings(json_object_array_get_idx(object, i));
	} else if (json_object_is_type(object, json_type_object)) {
		end = json_object_iter_end(object);
		for (at = json_object_iter_begin(object); !json_object_iter_equal(&at, &end);
		     json_object_iter_next(&at))
			wipe_strings(json_object_iter_peek_value(&at));
	}
}

/* Its own copy of each string lies where the next one overwrites it: a string as long as the text,
 * that never ends, is the last. */
static void wipe_tokener(struct json_tokener *tokener, size_t length)
{
	static const char blanks[] = "                                ";

	json_tokener_reset(tokener);
	(void)json_tokener_parse_ex(tokener, "\"", 1);
	for (size_t done = 0; done < length; done += sizeof(blanks) - 1)
		(void)json_tokener_parse_ex(tokener, blanks, (int)sizeof(blanks) - 1);
}

/* RESULT_BUSY is all that can be wrong with what json_scan() let pass. */
enum result codec_parse_object(const char *text, size_t length, struct json_object **object)
{
	/* The number is one of json-c's levels: a value inside depth 8 is a level of its own. */
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);

	*object = NULL;
	if (tokener == NULL)
		return RESULT_BUSY;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*object = json_tokener_parse_ex(tokener, text, (int)length);
	wipe_tokener(tokener, length);
	json_tokener_free(tokener);
	return *object == NULL ? RESULT_BUSY : RESULT_OK;
}

void codec_wipe_object(struct json_object *object)
{
	wipe_strings(object);
	json_object_put(object);
}
