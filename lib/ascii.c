/* SPDX-License-Identifier: ISC */
#include "ascii.h"

bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool ascii_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool ascii_is_alnum(char c)
{
	return ascii_is_digit(c) || ascii_is_alpha(c);
}

bool ascii_is_printable(char c)
{
	return c >= 0x20 && c <= 0x7E;
}

int ascii_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char ascii_lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

char ascii_upper(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return c;
}

bool ascii_equals_ignoring_case(const char *text, size_t length, const char *word)
{
	for (size_t i = 0; i < length; i++)
		if (word[i] == '\0' || ascii_lower(text[i]) != ascii_lower(word[i]))
			return false;
	return word[length] == '\0';
}

bool ascii_parse_number(const char *text, size_t length, uint64_t maximum, uint64_t *value)
{
	uint64_t number = 0;

	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		uint64_t digit;

		if (!ascii_is_digit(text[i]))
			return false;
		digit = (uint64_t)(text[i] - '0');
		if (digit > maximum || number > (maximum - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*value = number;
	return true;
}
