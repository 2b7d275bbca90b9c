/* SPDX-License-Identifier: ISC */
#include "path.h"

#include "ascii.h"
#include "text.h"

#include <stdint.h>
#include <string.h>

void path_split_uri(const char *uri, const char **path, size_t *path_length, const char **query)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
		size_t length = strlen(schemes[i]);

		if (strncmp(uri, schemes[i], length) != 0)
			continue;
		uri += length;
		uri += strcspn(uri, "/?");
		break;
	}
	*path = uri;
	*path_length = strcspn(uri, "?");
	*query = uri + *path_length;
	*query += **query == '?';
}

/* The byte that the escape at RAW means; -1 where it is none. */
static int decode_escape(const char *raw, size_t left)
{
	int high, low;

	if (left < 3)
		return -1;
	high = ascii_hex_value(raw[1]);
	low = ascii_hex_value(raw[2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool is_dot_segment(const char *segment, size_t length)
{
	return (length == 1 && segment[0] == '.') ||
	       (length == 2 && segment[0] == '.' && segment[1] == '.');
}

static bool is_utf8(const char *text, size_t length)
{
	uint32_t character;

	for (size_t at = 0; at < length;)
		if (!text_next_character(text, length, &at, &character))
			return false;
	return true;
}

bool path_decode(const char *raw, size_t length, char out[static PATH_MAX_LENGTH + 1])
{
	size_t used = 0, segment = 0;

	if (length == 0 || length > PATH_MAX_LENGTH || raw[0] != '/')
		return false;
	for (size_t i = 0; i < length; i++) {
		int byte = (unsigned char)raw[i];

		if (byte == '/') {
			if (i > 0 &&
			    (used == segment || is_dot_segment(out + segment, used - segment)))
				return false;
			out[used++] = '/';
			segment = used;
			continue;
		}
		if (byte == '%') {
			byte = decode_escape(raw + i, length - i);
			if (byte == '/' || byte == '%')
				return false;
			i += 2;
		}
		if (byte < 0x20 || byte == 0x7F || byte == '\\')
			return false;
		out[used++] = (char)byte;
	}
	out[used] = '\0';
	return !is_dot_segment(out + segment, used - segment) && is_utf8(out, used);
}

bool path_decode_value(const char *raw, size_t length, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		int byte = (unsigned char)raw[i];

		if (byte == '%') {
			byte = decode_escape(raw + i, length - i);
			i += 2;
		} else if (byte == '+') {
			byte = ' ';
		}
		if (byte <= 0 || used + 1 >= size)
			return false;
		out[used++] = (char)byte;
	}
	out[used] = '\0';
	return true;
}
