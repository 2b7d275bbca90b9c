/* SPDX-License-Identifier: ISC */
#include "text.h"

#include "ascii.h"
#include "token.h"

#include <string.h>

enum { EMAIL_MAX = 254, LABEL_MAX = 63, COMPARED_MAX = 64 };

bool text_next_character(const char *text, size_t length, size_t *at, uint32_t *character)
{
	static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *bytes = (const uint8_t *)text;
	uint32_t value = bytes[*at];
	size_t more;

	if (value < 0x80)
		more = 0;
	else if (value >= 0xC2 && value < 0xE0)
		more = 1;
	else if (value >= 0xE0 && value < 0xF0)
		more = 2;
	else if (value >= 0xF0 && value < 0xF5)
		more = 3;
	else
		return false;
	if (length - *at <= more)
		return false;
	if (more > 0)
		value &= 0x3FU >> more;
	for (size_t i = 1; i <= more; i++) {
		if ((bytes[*at + i] & 0xC0) != 0x80)
			return false;
		value = value << 6 | (bytes[*at + i] & 0x3FU);
	}
	if (value < smallest[more] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
		return false;
	*at += more + 1;
	*character = value;
	return true;
}

/* Characters that do not show, or that change how what stands beside them shows. */
static bool is_deceptive(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

const char *text_refuse_name(const char *prefix, const char *text, size_t length)
{
	size_t at = 0, characters = 0, key_at;
	bool only_blanks = true;

	if (token_find_form(prefix, text, length, &key_at))
		return "a name must not contain a key";
	while (at < length) {
		uint32_t character;

		if (!text_next_character(text, length, &at, &character))
			return "a name must be valid UTF-8";
		if (is_deceptive(character))
			return "a name must not contain control or direction characters";
		only_blanks = only_blanks && (character == ' ' || character == 0xA0);
		if (++characters > TEXT_NAME_CHARACTERS_MAX)
			return "a name has at most 100 characters";
	}
	return only_blanks ? "a name has at least one character that is not a blank" : NULL;
}

const char *text_refuse_email(const char *text)
{
	size_t length = strlen(text);
	const char *at = strchr(text, '@');

	if (length > EMAIL_MAX)
		return "an email address has at most 254 bytes";
	for (size_t i = 0; i < length; i++)
		if (!ascii_is_printable(text[i]) || text[i] == ' ')
			return "an email address is printable ASCII without blanks";
	if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL)
		return "an email address looks like name@example.com";
	return NULL;
}

const char *text_read_domain(const char *text, char domain[static TEXT_DOMAIN_SIZE])
{
	size_t length = strlen(text);
	size_t label = 0;

	if (length == 0 || length >= TEXT_DOMAIN_SIZE)
		return "a domain has 1 to 253 characters";
	for (size_t i = 0; i <= length; i++) {
		char c = ascii_lower(text[i]);

		domain[i] = c;

		if (c == '.' || c == '\0') {
			if (label == 0 || label > LABEL_MAX || text[i - 1] == '-')
				return "each part of a domain has 1 to 63 characters and does not "
				       "end in a hyphen";
			label = 0;
			continue;
		}
		if (!ascii_is_digit(c) && !(c >= 'a' && c <= 'z') && !(c == '-' && label > 0))
			return "a domain is a-z 0-9 and hyphens, in parts separated by dots";
		label++;
	}
	return NULL;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Row by row of the table of distances between all beginnings; a swap looks two rows back. */
size_t text_distance(const char *a, const char *b)
{
	size_t rows[3][COMPARED_MAX + 1];
	size_t height = strlen(a), width = strlen(b);

	if (height > COMPARED_MAX || width > COMPARED_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= width; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= height; i++) {
		const size_t *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			row[j] = smaller(smaller(above[j], row[j - 1]) + 1,
					 above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[height % 3][width];
}

bool text_is_name_part(const char *text, size_t length)
{
	size_t characters = 0, at = 0;
	uint32_t character;

	while (at < length)
		if (!text_next_character(text, length, &at, &character) || character == 0 ||
		    ++characters > TEXT_NAME_CHARACTERS_MAX)
			return false;
	return characters > 0;
}
