/* SPDX-License-Identifier: ISC */
#include "remote_list.h"

#include "remote_call.h"

#include "ascii.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_MAXIMUM = 1000, PATH_MAXIMUM = 8192, NUMBER_SIZE = 24 };

enum result remote_list_limit(const struct arguments *arguments, uint64_t *limit, struct error *err)
{
	const char *text = arguments_value(arguments, OPTION_LIMIT);

	*limit = UINT64_MAX;
	if (text == NULL ||
	    (ascii_parse_number(text, strlen(text), UINT32_MAX, limit) && *limit > 0))
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_PARAMETER, NULL, "--limit: write a number from 1 on");
}

void remote_list_add(struct buffer *path, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buffer_append_char(path, memchr(path->data, '?', path->length) == NULL ? '?' : '&');
	buffer_append_text(path, name);
	buffer_append_char(path, '=');
	remote_escape(value, path);
}

enum result remote_list_read(struct remote *remote, const char *path, uint64_t limit,
			     remote_page_fn *take, void *context, struct error *err)
{
	struct buffer whole, cursor;
	char number[NUMBER_SIZE];
	enum result result;

	buffer_init(&whole, PATH_MAXIMUM);
	buffer_init(&cursor, PATH_MAXIMUM);
	do {
		struct answer page = {0};
		uint64_t size = limit < PAGE_MAXIMUM ? limit : PAGE_MAXIMUM;

		snprintf(number, sizeof(number), "%" PRIu64, size);
		buffer_reset(&whole);
		buffer_append_text(&whole, path);
		remote_list_add(&whole, "limit", number);
		remote_list_add(&whole, "cursor", cursor.length == 0 ? NULL : cursor.data);
		result = buffer_result(&whole);
		if (result == RESULT_OK)
			result = remote_get(remote, whole.data, &page, err);
		if (result == RESULT_OK) {
			uint64_t count = answer_count(&page);

			limit -= count < limit ? count : limit;
			buffer_reset(&cursor);
			buffer_append_text(&cursor, answer_next_cursor(&page));
			take(context, &page);
		}
		answer_clear(&page);
	} while (result == RESULT_OK && cursor.length > 0 && limit > 0);
	buffer_clear(&whole);
	buffer_clear(&cursor);
	return result;
}

static void keep_page(void *context, struct answer *page)
{
	struct remote_pages *pages = context;
	struct answer *answers =
		realloc(pages->answers, (pages->count + 1) * sizeof(*pages->answers));

	if (answers == NULL) {
		pages->result = RESULT_INTERNAL;
		return;
	}
	pages->answers = answers;
	answers[pages->count++] = *page;
	*page = (struct answer){0};
}

enum result remote_list_keep(struct remote *remote, const char *path, struct remote_pages *pages,
			     struct error *err)
{
	enum result result = remote_list_read(remote, path, UINT64_MAX, keep_page, pages, err);

	if (result == RESULT_OK && pages->result != RESULT_OK)
		return error_set(err, RESULT_INTERNAL, NULL, "There is no memory for the answer");
	return result;
}

void remote_pages_clear(struct remote_pages *pages)
{
	for (size_t i = 0; i < pages->count; i++)
		answer_clear(&pages->answers[i]);
	free(pages->answers);
	*pages = (struct remote_pages){0};
}

/* The documents of all pages become one. */
struct joined {
	struct buffer *out;
	size_t count;
	char cursor[PATH_MAXIMUM];
};

static void join_page(void *context, struct answer *page)
{
	struct joined *joined = context;

	for (size_t i = 0; i < answer_count(page); i++) {
		if (joined->count++ > 0)
			buffer_append_char(joined->out, ',');
		record_write(answer_record(page, i), joined->out);
	}
	snprintf(joined->cursor, sizeof(joined->cursor), "%s", answer_next_cursor(page));
}

enum result remote_list_write_json(struct remote *remote, const char *path, uint64_t limit,
				   struct error *err)
{
	struct joined joined = {&remote->out, 0, ""};
	enum result result;

	buffer_append_text(&remote->out, "{\"status\":\"success\",\"data\":[");
	result = remote_list_read(remote, path, limit, join_page, &joined, err);
	/* A cursor is base64url: nothing in it is special to JSON. */
	buffer_append_text(&remote->out, "],\"pagination\":{\"nextCursor\":");
	if (joined.cursor[0] == '\0')
		buffer_append_text(&remote->out, "null}}\n");
	else
		buffer_append_format(&remote->out, "\"%.900s\"}}\n", joined.cursor);
	return result;
}
