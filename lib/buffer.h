/* SPDX-License-Identifier: ISC */
/* Text of unbounded nature, in memory of bounded size.
 *
 * The first append that does not fit sticks: later ones do nothing, and buffer_result() tells at
 * the end, so that an encoder reads as what it writes. Every piece of memory that a buffer leaves
 * is wiped, because answers and bodies hold keys. */
#ifndef CLAVIGER_BUFFER_H
#define CLAVIGER_BUFFER_H

#include "attributes.h"
#include "error.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Read DATA and LENGTH; change nothing from outside. DATA ends in NUL once anything was appended.
 */
struct buffer {
	char *data;
	size_t length;
	size_t capacity;
	size_t maximum;
	enum result result;
};

/** Makes an empty buffer that never holds more than MAXIMUM bytes. Allocates nothing yet. */
void buffer_init(struct buffer *buffer, size_t maximum);
/** Wipes and frees what BUFFER owns. NULL and a zeroed buffer are allowed. */
void buffer_clear(struct buffer *buffer);
/** Empties BUFFER and forgets its failure; keeps the memory, unless it is large, and wipes what was
 *  written to it. */
void buffer_reset(struct buffer *buffer);
/** Takes back all after the first LENGTH bytes; LENGTH is at most what is there. */
void buffer_truncate(struct buffer *buffer, size_t length);

/** What buffer_append() does where there is no room yet, or none is left. */
void buffer_append_beyond(struct buffer *buffer, const void *bytes, size_t length);

/* Inline: a page of records is some ten thousand appends, and the call was a seventh of its time.
 */
static inline void buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
	if (buffer->result != RESULT_OK || length >= buffer->capacity - buffer->length ||
	    length > buffer->maximum - buffer->length) {
		buffer_append_beyond(buffer, bytes, length);
		return;
	}
	if (length > 0)
		memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

static inline void buffer_append_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

static inline void buffer_append_char(struct buffer *buffer, char c)
{
	buffer_append(buffer, &c, 1);
}

/** Decimal digits, with a minus where it is negative. */
void buffer_append_number(struct buffer *buffer, int64_t number);
/** At most 1023 bytes; a longer text is RESULT_INTERNAL and is not appended. */
PRINTF(2, 3) void buffer_append_format(struct buffer *buffer, const char *format, ...);

/** RESULT_OK when everything so far was appended; RESULT_BODY_TOO_LARGE when it passed MAXIMUM;
 *  RESULT_BUSY when there was no memory. */
NODISCARD enum result buffer_result(const struct buffer *buffer);

#endif
