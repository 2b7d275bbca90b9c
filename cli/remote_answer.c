/* SPDX-License-Identifier: ISC */
#include "remote_answer.h"

#include "codec_parse.h"
#include "json_scan.h"
#include "timestamp.h"

#include <json-c/json.h>

#include <stdint.h>
#include <string.h>

/* A record is json-c's object under another name, so that nobody else needs its header. */
static struct json_object *find(const struct record *record, const char *name)
{
	struct json_object *found = NULL;

	if (record != NULL)
		(void)json_object_object_get_ex((const struct json_object *)(const void *)record,
						name, &found);
	return found;
}

static const struct record *as_record(const struct json_object *object)
{
	return json_object_is_type(object, json_type_object) ? (const void *)object : NULL;
}

void answer_read(struct answer *answer)
{
	struct error err = {0};
	enum result result = RESULT_INVALID_JSON;

	if (answer->text.length > 0)
		result = json_scan(answer->text.data, answer->text.length, &err);
	if (result == RESULT_OK)
		result = codec_parse_object(answer->text.data, answer->text.length, &answer->tree);
	if (result == RESULT_OK && record_text((const void *)answer->tree, "status")[0] != '\0')
		return;
	codec_wipe_object(answer->tree);
	answer->tree = NULL;
}

void answer_clear(struct answer *answer)
{
	codec_wipe_object(answer->tree);
	buffer_clear(&answer->text);
	*answer = (struct answer){0};
}

static struct json_object *find_list(const struct record *record, const char *name)
{
	struct json_object *found = find(record, name);

	return json_object_is_type(found, json_type_array) ? found : NULL;
}

size_t answer_count(const struct answer *answer)
{
	return record_list_count((const void *)answer->tree, "data");
}

const struct record *answer_record(const struct answer *answer, size_t index)
{
	struct json_object *data = find_list((const void *)answer->tree, "data");

	return data == NULL ? NULL : as_record(json_object_array_get_idx(data, index));
}

const struct record *answer_beside(const struct answer *answer, const char *name)
{
	return as_record(find((const void *)answer->tree, name));
}

const char *answer_next_cursor(const struct answer *answer)
{
	return record_text(answer_beside(answer, "pagination"), "nextCursor");
}

const char *record_text(const struct record *record, const char *name)
{
	struct json_object *found = find(record, name);

	return json_object_is_type(found, json_type_string) ? json_object_get_string(found) : "";
}

int64_t record_number(const struct record *record, const char *name)
{
	struct json_object *found = find(record, name);

	return json_object_is_type(found, json_type_int) ? json_object_get_int64(found) : 0;
}

bool record_truth(const struct record *record, const char *name)
{
	struct json_object *found = find(record, name);

	return json_object_is_type(found, json_type_boolean) && json_object_get_boolean(found);
}

bool record_moment(const struct record *record, const char *name, int64_t *moment)
{
	const char *text = record_text(record, name);

	return timestamp_parse(text, strlen(text), moment);
}

const struct record *record_inner(const struct record *record, const char *name)
{
	return as_record(find(record, name));
}

size_t record_list_count(const struct record *record, const char *name)
{
	struct json_object *list = find_list(record, name);

	return list == NULL ? 0 : json_object_array_length(list);
}

const char *record_list_text(const struct record *record, const char *name, size_t index)
{
	struct json_object *list = find_list(record, name);
	struct json_object *found = list == NULL ? NULL : json_object_array_get_idx(list, index);

	return json_object_is_type(found, json_type_string) ? json_object_get_string(found) : "";
}

bool record_key(const struct record *record, struct key *key)
{
	const char *text = record_text(record, "key");

	return token_parse_any(text, strlen(text), key);
}

void answer_forget_key(struct answer *answer)
{
	struct json_object *data = find_list((const void *)answer->tree, "data");
	struct json_object *record = data == NULL ? NULL : json_object_array_get_idx(data, 0);
	struct json_object *key = NULL;

	if (!json_object_is_type(record, json_type_object) ||
	    !json_object_object_get_ex(record, "key", &key))
		return;
	/* A reference more, so that it outlives the member and can be wiped. */
	(void)json_object_get(key);
	json_object_object_del(record, "key");
	codec_wipe_object(key);
}

void record_write(const struct record *record, struct buffer *out)
{
	struct json_object *object = (struct json_object *)(uintptr_t)record;

	if (object != NULL)
		buffer_append_text(out, json_object_to_json_string_ext(
						object, JSON_C_TO_STRING_PLAIN |
								JSON_C_TO_STRING_NOSLASHESCAPE));
}
