/* SPDX-License-Identifier: ISC */
#include "output.h"

#include "store.h"
#include "text.h"
#include "timestamp.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Control characters move the cursor or begin an escape sequence; the others do not show, or turn
 * the direction of what stands beside them. */
static bool is_visible(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7F && c <= 0x9F) && c != 0x00AD && c != 0x061C &&
	       !(c >= 0x200B && c <= 0x200F) && !(c >= 0x2028 && c <= 0x202E) &&
	       !(c >= 0x2060 && c <= 0x206F) && c != 0xFEFF;
}

void output_printable(const char *text, struct buffer *out)
{
	size_t length = strlen(text), at = 0;

	while (at < length) {
		size_t start = at;
		uint32_t character;
		bool is_valid = text_next_character(text, length, &at, &character);

		if (is_valid && is_visible(character)) {
			buffer_append(out, text + start, at - start);
			continue;
		}
		if (!is_valid)
			at = start + 1;
		for (size_t i = start; i < at; i++)
			buffer_append_format(out, "\\x%02X", (unsigned char)text[i]);
	}
}

void output_begin(struct listing *listing, struct buffer *out, bool as_json,
		  const char *const *headers, size_t columns)
{
	*listing = (struct listing){out, as_json, headers, columns, NULL, {0}};
	buffer_init(&listing->cells, OUTPUT_MAXIMUM);
	if (as_json)
		buffer_append_text(out, "{\"status\":\"success\",\"data\":[");
}

struct buffer *output_next_object(struct listing *listing)
{
	struct buffer *out = listing->out;

	if (out->length > 0 && out->data[out->length - 1] != '[')
		buffer_append_char(out, ',');
	return out;
}

void output_cell(struct listing *listing, const char *text)
{
	output_printable(text, &listing->cells);
	buffer_append_char(&listing->cells, '\0');
}

void output_moment_cell(struct listing *listing, int64_t moment, const char *absent)
{
	char text[TIMESTAMP_TEXT_SIZE];

	if (moment != STORE_NO_MOMENT && moment != TIMESTAMP_NEVER)
		timestamp_format(moment, text);
	output_cell(listing,
		    moment == STORE_NO_MOMENT || moment == TIMESTAMP_NEVER ? absent : text);
}

/* How many columns of a terminal a character takes: none where it is put upon the one before, two
 * where it is East Asian wide (Unicode annex 11). By blocks: whole ones, and no locale. */
static size_t find_columns(uint32_t c)
{
	static const struct {
		uint32_t first, last;
		size_t columns;
	} blocks[] = {
		{0x0300, 0x036F, 0},   {0x1100, 0x115F, 2},   {0x20D0, 0x20FF, 0},
		{0x2E80, 0x303E, 2},   {0x3041, 0x4DBF, 2},   {0x4E00, 0xA4CF, 2},
		{0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},   {0xFE00, 0xFE0F, 0},
		{0xFE30, 0xFE6F, 2},   {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2},
		{0x1F300, 0x1F64F, 2}, {0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(blocks); i++)
		if (c >= blocks[i].first && c <= blocks[i].last)
			return blocks[i].columns;
	return 1;
}

/* TEXT is output_printable()'s, so it is UTF-8. */
static size_t find_width(const char *text)
{
	size_t length = strlen(text), at = 0, width = 0;
	uint32_t character;

	while (at < length && text_next_character(text, length, &at, &character))
		width += find_columns(character);
	return width;
}

static void write_cell(struct listing *listing, const char *text, size_t column,
		       const size_t *widths)
{
	int colour = listing->paint == NULL ? 0 : listing->paint(column, text);

	if (colour != 0)
		buffer_append_format(listing->out, "\x1b[%dm%s\x1b[0m", colour, text);
	else
		buffer_append_text(listing->out, text);
	if (column + 1 == listing->columns) {
		buffer_append_char(listing->out, '\n');
		return;
	}
	for (size_t i = find_width(text); i < widths[column] + 2; i++)
		buffer_append_char(listing->out, ' ');
}

static void write_table(struct listing *listing)
{
	size_t widths[OUTPUT_COLUMNS_MAX] = {0};
	const char *cells = listing->cells.length == 0 ? "" : listing->cells.data;
	const char *end = cells + listing->cells.length;
	size_t column = 0;

	assert(listing->columns > 0);
	for (size_t i = 0; listing->headers != NULL && i < listing->columns; i++)
		widths[i] = find_width(listing->headers[i]);
	for (const char *cell = cells; cell < end; cell += strlen(cell) + 1) {
		size_t width = find_width(cell);

		if (width > widths[column])
			widths[column] = width;
		column = (column + 1) % listing->columns;
	}
	for (size_t i = 0; listing->headers != NULL && i < listing->columns; i++)
		write_cell(listing, listing->headers[i], i, widths);
	column = 0;
	for (const char *cell = cells; cell < end; cell += strlen(cell) + 1) {
		write_cell(listing, cell, column, widths);
		column = (column + 1) % listing->columns;
	}
}

void output_end(struct listing *listing)
{
	if (listing->as_json)
		buffer_append_text(listing->out, "]}\n");
	else if (buffer_result(&listing->cells) == RESULT_OK)
		write_table(listing);
	buffer_clear(&listing->cells);
}

enum result output_flush(struct buffer *out, struct error *err)
{
	size_t written = 0;

	if (buffer_result(out) != RESULT_OK)
		return error_set(err, RESULT_INTERNAL, NULL,
				 "The answer is too long, or there is no memory for it");
	while (written < out->length) {
		ssize_t count = write(STDOUT_FILENO, out->data + written, out->length - written);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		written += (size_t)count;
	}
	if (written < out->length)
		return error_set(err, RESULT_INTERNAL, NULL,
				 "Standard output did not take the answer; is the disk full, or "
				 "the reader gone?");
	buffer_reset(out);
	return RESULT_OK;
}
