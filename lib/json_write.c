/* SPDX-License-Identifier: ISC */
#include "json_write.h"

#include "store.h"
#include "timestamp.h"

#include <string.h>

/* What JSON or a web page would take for more than text. */
static bool is_special(unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '<':
	case '>':
	case '&':
	case 0x7F:
		return true;
	default:
		return c < 0x20;
	}
}

void json_write_string(const char *text, struct buffer *out)
{
	const char *rest = text;

	buffer_append_char(out, '"');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool is_separator = c == 0xE2 && (unsigned char)text[1] == 0x80 &&
				    ((unsigned char)text[2] & 0xFE) == 0xA8;

		if (!is_special(c) && !is_separator)
			continue;
		buffer_append(out, rest, (size_t)(text - rest));
		if (is_separator) {
			buffer_append_format(out, "\\u20%02x", (unsigned char)text[2] - 0x80);
			text += 2;
		} else if (c == '"' || c == '\\') {
			buffer_append_char(out, '\\');
			buffer_append_char(out, (char)c);
		} else {
			buffer_append_format(out, "\\u%04x", c);
		}
		rest = text + 1;
	}
	buffer_append(out, rest, (size_t)(text - rest));
	buffer_append_char(out, '"');
}

void json_write_name(const char *name, struct buffer *out)
{
	if (out->length > 0 && out->data[out->length - 1] != '{')
		buffer_append_char(out, ',');
	buffer_append_char(out, '"');
	buffer_append_text(out, name);
	buffer_append(out, "\":", 2);
}

void json_write_moment(int64_t moment, struct buffer *out)
{
	char text[TIMESTAMP_TEXT_SIZE];

	if (moment == STORE_NO_MOMENT || moment == TIMESTAMP_NEVER) {
		buffer_append(out, "null", 4);
		return;
	}
	timestamp_format(moment, text);
	buffer_append_char(out, '"');
	buffer_append_text(out, text);
	buffer_append_char(out, '"');
}

void json_write_id(const struct id *id, struct buffer *out)
{
	char text[ID_TEXT_SIZE];

	id_format(id, text);
	buffer_append_char(out, '"');
	buffer_append(out, text, ID_TEXT_SIZE - 1);
	buffer_append_char(out, '"');
}
