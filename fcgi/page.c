/* SPDX-License-Identifier: ISC */
#include "page.h"

#include "ascii.h"
#include "json_write.h"

#include <string.h>

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

enum result page_read_limit(const struct request *request, struct page *page, struct error *err)
{
	char text[8];
	uint64_t limit = LIMIT_DEFAULT;
	enum result result = request_parameter(request, "limit", text, sizeof(text), err);

	if (result == RESULT_NOT_FOUND ||
	    (result == RESULT_OK && ascii_parse_number(text, strlen(text), LIMIT_MAX, &limit) &&
	     limit > 0)) {
		page->limit = (size_t)limit;
		return RESULT_OK;
	}
	return error_set(err, RESULT_INVALID_PARAMETER, "limit",
			 "limit: a whole number from 1 to %d is wanted, once", LIMIT_MAX);
}

enum result page_read_cursor(struct worker *worker, const struct request *request,
			     struct page *page, struct error *err)
{
	char text[CURSOR_TEXT_SIZE + 1];
	enum result result = request_parameter(request, "cursor", text, sizeof(text), err);

	page->position = (struct token_position){0};
	if (result == RESULT_NOT_FOUND)
		return RESULT_OK;
	if (result == RESULT_OK)
		result = authority_read_cursor(&worker->authority, &request->caller, page->list,
					       page->filter, text, strlen(text), &page->position);
	if (result == RESULT_INVALID_PARAMETER)
		return error_set(err, RESULT_INVALID_PARAMETER, "cursor",
				 "cursor: this is not the nextCursor of a page of this list; begin "
				 "again without it");
	return result;
}

enum result page_read(struct worker *worker, const struct request *request, struct page *page,
		      struct error *err)
{
	enum result result = page_read_limit(request, page, err);

	return result == RESULT_OK ? page_read_cursor(worker, request, page, err) : result;
}

/* A page ends where its socket might have to wait for a reader: an accepting thread never does. */
bool page_is_full(const struct response *response, size_t record_max)
{
	return response->body.length > RESPONSE_UNREAD_MAX - record_max;
}

/* What was decoded and checked may, raw, still hold what a header must not. */
static void write_link_character(char c, struct buffer *out)
{
	if (ascii_is_printable(c) && strchr("<>\" ", c) == NULL)
		buffer_append_char(out, c);
	else
		buffer_append_format(out, "%%%02X", (unsigned)(unsigned char)c);
}

/* Says whether the parameter at AT, up to its equals sign, is one of PAGE's list. */
static bool is_kept(const struct page *page, const char *at)
{
	size_t length = strcspn(at, "=&");
	const char *name = page->names == NULL ? "" : page->names;

	if (at[length] != '=')
		return false;
	if (length == strlen("limit") && strncmp(at, "limit", length) == 0)
		return true;
	while (*name != '\0') {
		size_t name_length = strcspn(name, " ");

		if (name_length == length && strncmp(at, name, length) == 0)
			return true;
		name += name_length;
		name += *name == ' ';
	}
	return false;
}

/* The next page's address: what was asked, with the new cursor instead of the old one. */
static void write_link(const struct request *request, const struct page *page, const char *cursor,
		       struct response *response)
{
	struct buffer *out = &response->headers;
	const char *at = request->query;

	buffer_append_text(out, "Link: <?");
	while (*at != '\0') {
		size_t length = strcspn(at, "&");
		bool is_ours = is_kept(page, at);

		for (size_t i = 0; is_ours && i < length; i++)
			write_link_character(at[i], out);
		if (is_ours)
			buffer_append_char(out, '&');
		at += length;
		at += *at == '&';
	}
	buffer_append_text(out, "cursor=");
	buffer_append_text(out, cursor);
	buffer_append_text(out, ">; rel=\"next\"\r\n");
}

enum result page_write_next(struct worker *worker, const struct request *request,
			    const struct page *page, const struct token_position *next,
			    struct response *response)
{
	char cursor[CURSOR_TEXT_SIZE];
	enum result result;

	json_write_name("pagination", &response->body);
	if (!next->is_set) {
		buffer_append_text(&response->body, "{\"nextCursor\":null}");
		return RESULT_OK;
	}
	result = authority_write_cursor(&worker->authority, &request->caller, page->list,
					page->filter, next, cursor);
	if (result != RESULT_OK)
		return result;
	buffer_append_format(&response->body, "{\"nextCursor\":\"%s\"}", cursor);
	write_link(request, page, cursor, response);
	return RESULT_OK;
}
