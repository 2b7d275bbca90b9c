/* SPDX-License-Identifier: ISC */
#include "buffer.h"

#include <sodium.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_CAPACITY = 1024, LARGEST_KEPT = 16384 };

void buffer_init(struct buffer *buffer, size_t maximum)
{
	*buffer = (struct buffer){.maximum = maximum};
}

void buffer_clear(struct buffer *buffer)
{
	if (buffer == NULL)
		return;
	if (buffer->data != NULL)
		sodium_memzero(buffer->data, buffer->length);
	free(buffer->data);
	*buffer = (struct buffer){.maximum = buffer->maximum};
}

void buffer_reset(struct buffer *buffer)
{
	if (buffer->capacity > LARGEST_KEPT)
		buffer_clear(buffer);
	else
		buffer_truncate(buffer, 0);
	buffer->result = RESULT_OK;
}

void buffer_truncate(struct buffer *buffer, size_t length)
{
	if (buffer->data == NULL)
		return;
	sodium_memzero(buffer->data + length, buffer->length - length);
	buffer->length = length;
}

/* Not realloc: it may leave a copy of a key behind in memory that it freed. */
static void grow(struct buffer *buffer, size_t wanted)
{
	size_t capacity =
		buffer->capacity < SMALLEST_CAPACITY ? SMALLEST_CAPACITY : buffer->capacity;
	char *data;

	while (capacity < wanted)
		capacity *= 2;
	data = malloc(capacity);
	if (data == NULL) {
		buffer->result = RESULT_BUSY;
		return;
	}
	if (buffer->data != NULL) {
		memcpy(data, buffer->data, buffer->length);
		sodium_memzero(buffer->data, buffer->length);
		free(buffer->data);
	}
	buffer->data = data;
	buffer->capacity = capacity;
}

void buffer_append_beyond(struct buffer *buffer, const void *bytes, size_t length)
{
	if (buffer->result != RESULT_OK)
		return;
	if (length > buffer->maximum - buffer->length) {
		buffer->result = RESULT_BODY_TOO_LARGE;
		return;
	}
	if (buffer->length + length + 1 > buffer->capacity)
		grow(buffer, buffer->length + length + 1);
	if (buffer->result != RESULT_OK)
		return;
	if (length > 0)
		memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer_append_number(struct buffer *buffer, int64_t number)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		digits[--at] = '-';
	buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	int length;

	if (buffer->result != RESULT_OK)
		return;
	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(text)) {
		buffer->result = RESULT_INTERNAL;
		return;
	}
	buffer_append(buffer, text, (size_t)length);
}

enum result buffer_result(const struct buffer *buffer)
{
	return buffer->result;
}
