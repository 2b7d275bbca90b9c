/* SPDX-License-Identifier: ISC */
#include "json_scan.h"

#include "ascii.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The longest spelling of one character: a surrogate pair in escapes. */
enum { CHARACTER_BYTES_MAX = sizeof("\\ud83d\\ude00") - 1 };

struct scan {
	const char *text;
	size_t length, at;
	unsigned depth;
	/* Of each member of an open object, the first byte of its name; the innermost object's
	 * stand last. A name that was read once ends in its quotation mark, so no length is kept.
	 */
	const char **names;
	size_t name_count;
	bool has_nul_in_name;
	struct error *err;
};

/* WHY is a constant of the program: an answer and a log line never repeat the input. */
static bool refuse_at(struct scan *scan, size_t at, const char *why)
{
	(void)error_set(scan->err, RESULT_INVALID_JSON, NULL,
			"The body is not valid JSON at byte %zu: %s", at, why);
	return false;
}

static bool refuse(struct scan *scan, const char *why)
{
	return refuse_at(scan, scan->at, why);
}

static bool next_is(const struct scan *scan, char c)
{
	return scan->at < scan->length && scan->text[scan->at] == c;
}

static bool take(struct scan *scan, char c)
{
	if (!next_is(scan, c))
		return false;
	scan->at++;
	return true;
}

static void skip_blanks(struct scan *scan)
{
	while (take(scan, ' ') || take(scan, '\t') || take(scan, '\n') || take(scan, '\r'))
		continue;
}

/* Reads "\uXXXX" at *AT. */
static bool read_unit(const char *text, size_t length, size_t *at, uint32_t *unit)
{
	*unit = 0;
	if (length - *at < 6 || text[*at] != '\\' || text[*at + 1] != 'u')
		return false;
	for (size_t i = 2; i < 6; i++) {
		int digit = ascii_hex_value(text[*at + i]);

		if (digit < 0)
			return false;
		*unit = *unit * 16 + (uint32_t)digit;
	}
	*at += 6;
	return true;
}

/* The readers of one character return NULL, with *AT behind it, or what is wrong at *AT. */
static const char *read_unicode_escape(const char *text, size_t length, size_t *at,
				       uint32_t *character)
{
	size_t end = *at;
	uint32_t high, low;

	if (!read_unit(text, length, &end, &high))
		return "four hexadecimal digits were expected after \\u";
	*character = high;
	if (high >= 0xD800 && high <= 0xDFFF) {
		if (high >= 0xDC00 || !read_unit(text, length, &end, &low) || low < 0xDC00 ||
		    low > 0xDFFF)
			return "the other half of a surrogate pair was expected";
		*character = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
	}
	*at = end;
	return NULL;
}

static const char *read_escape(const char *text, size_t length, size_t *at, uint32_t *character)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	if (length - *at < 2)
		return "an escape was expected";
	if (text[*at + 1] == 'u')
		return read_unicode_escape(text, length, at, character);
	letter = memchr(letters, text[*at + 1], sizeof(letters) - 1);
	if (letter == NULL)
		return "an escape was expected";
	*character = (uint32_t)meanings[letter - letters];
	*at += 2;
	return NULL;
}

static const char *read_character(const char *text, size_t length, size_t *at, uint32_t *character)
{
	if (text[*at] == '\\')
		return read_escape(text, length, at, character);
	if ((unsigned char)text[*at] < 0x20)
		return "a control character must be written as an escape";
	return text_next_character(text, length, at, character) ? NULL : "UTF-8 was expected";
}

static bool scan_string(struct scan *scan, bool *has_nul)
{
	*has_nul = false;
	scan->at++;
	while (scan->at < scan->length && scan->text[scan->at] != '"') {
		uint32_t character;
		const char *why = read_character(scan->text, scan->length, &scan->at, &character);

		if (why != NULL)
			return refuse(scan, why);
		*has_nul = *has_nul || character == 0;
	}
	return take(scan, '"') || refuse(scan, "a closing quotation mark was expected");
}

/* Beyond all characters: the end of a name. */
enum { NAME_END = 0x110000 };

static uint32_t name_character(const char *name, size_t *at)
{
	uint32_t character = NAME_END;

	if (name[*at] != '"')
		(void)read_character(name, *at + CHARACTER_BYTES_MAX, at, &character);
	return character;
}

/* By what the names mean, so that an escape is no other name. */
static int order_names(const char *a, const char *b)
{
	size_t a_at = 0, b_at = 0;
	uint32_t a_character, b_character;

	do {
		a_character = name_character(a, &a_at);
		b_character = name_character(b, &b_at);
	} while (a_character == b_character && a_character != NAME_END);
	return (a_character > b_character) - (a_character < b_character);
}

/* Equal names in the order of the text, so that the second is known as the one too many. */
static int compare_names(const void *a, const void *b)
{
	const char *const *first = a, *const *second = b;
	int order = order_names(*first, *second);

	return order != 0 ? order : (*first > *second) - (*first < *second);
}

/* Sorting costs the same whatever the names are; a table of hashes would need a secret. */
static bool check_names(struct scan *scan, size_t outer_count)
{
	const char **names = scan->names + outer_count;
	size_t count = scan->name_count - outer_count;
	const char *repeated = NULL;

	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 1; i < count; i++)
		if (order_names(names[i - 1], names[i]) == 0 &&
		    (repeated == NULL || names[i] < repeated))
			repeated = names[i];
	scan->name_count = outer_count;
	if (repeated != NULL)
		return refuse_at(scan, (size_t)(repeated - scan->text) - 1,
				 "this object has a member of that name already");
	return true;
}

static bool take_digits(struct scan *scan)
{
	size_t start = scan->at;

	while (scan->at < scan->length && ascii_is_digit(scan->text[scan->at]))
		scan->at++;
	return scan->at > start || refuse(scan, "a digit was expected");
}

static bool scan_number(struct scan *scan)
{
	(void)take(scan, '-');
	if (!take(scan, '0') && !take_digits(scan))
		return false;
	if (take(scan, '.') && !take_digits(scan))
		return false;
	if (!take(scan, 'e') && !take(scan, 'E'))
		return true;
	if (!take(scan, '+'))
		(void)take(scan, '-');
	return take_digits(scan);
}

static bool scan_word(struct scan *scan, const char *word)
{
	size_t length = strlen(word);

	if (scan->length - scan->at < length || memcmp(scan->text + scan->at, word, length) != 0)
		return refuse(scan, "a value was expected");
	scan->at += length;
	return true;
}

/* A value holds values: the recursion ends at JSON_DEPTH_MAX. */
static bool scan_value(struct scan *scan);

static bool scan_member(struct scan *scan)
{
	bool has_nul;

	if (!next_is(scan, '"'))
		return refuse(scan, "a name in quotation marks was expected");
	if (scan->name_count == JSON_NAMES_MAX)
		return refuse(scan, "there are too many members");
	scan->names[scan->name_count++] = scan->text + scan->at + 1;
	if (!scan_string(scan, &has_nul))
		return false;
	scan->has_nul_in_name = scan->has_nul_in_name || has_nul;
	skip_blanks(scan);
	if (!take(scan, ':'))
		return refuse(scan, "a colon was expected");
	return scan_value(scan);
}

static bool scan_object(struct scan *scan)
{
	size_t outer_count = scan->name_count;

	scan->at++;
	skip_blanks(scan);
	if (take(scan, '}'))
		return true;
	do {
		skip_blanks(scan);
		if (!scan_member(scan))
			return false;
		skip_blanks(scan);
	} while (take(scan, ','));
	if (!take(scan, '}'))
		return refuse(scan, "a comma or } was expected");
	return check_names(scan, outer_count);
}

static bool scan_array(struct scan *scan)
{
	scan->at++;
	skip_blanks(scan);
	if (take(scan, ']'))
		return true;
	do {
		if (!scan_value(scan))
			return false;
		skip_blanks(scan);
	} while (take(scan, ','));
	return take(scan, ']') || refuse(scan, "a comma or ] was expected");
}

static bool scan_container(struct scan *scan)
{
	bool valid;

	if (scan->depth == JSON_DEPTH_MAX)
		return refuse(scan, "the value is nested too deeply");
	scan->depth++;
	valid = next_is(scan, '{') ? scan_object(scan) : scan_array(scan);
	scan->depth--;
	return valid;
}

static bool scan_value(struct scan *scan)
{
	bool has_nul;

	skip_blanks(scan);
	if (scan->at == scan->length)
		return refuse(scan, "a value was expected");
	switch (scan->text[scan->at]) {
	case '{':
	case '[':
		return scan_container(scan);
	case '"':
		return scan_string(scan, &has_nul);
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	default:
		if (next_is(scan, '-') || ascii_is_digit(scan->text[scan->at]))
			return scan_number(scan);
		return refuse(scan, "a value was expected");
	}
}

static bool scan_text(struct scan *scan)
{
	skip_blanks(scan);
	if (!next_is(scan, '{'))
		return refuse(scan, "an object was expected");
	if (!scan_value(scan))
		return false;
	skip_blanks(scan);
	return scan->at == scan->length || refuse(scan, "nothing was expected after the object");
}

enum result json_scan(const char *text, size_t length, struct error *err)
{
	const char *names[JSON_NAMES_MAX];
	struct scan scan = {.text = text, .length = length, .names = names, .err = err};

	if (!scan_text(&scan))
		return RESULT_INVALID_JSON;
	/* json-c ends a name there: "name\u0000x" would pass as "name". */
	if (scan.has_nul_in_name)
		return error_set(err, RESULT_UNKNOWN_FIELD, NULL,
				 "The name of a field holds \\u0000; no field is called so");
	return RESULT_OK;
}
