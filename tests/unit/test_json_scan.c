/* SPDX-License-Identifier: ISC */
#include "json_scan.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With its length, because a text may hold a NUL. */
#define TEXT(literal) (literal), sizeof(literal) - 1

enum { BODY_MAX = 65536 };

static const struct accept_case {
	const char *label, *text;
	size_t length;
} accept_cases[] = {
	// clang-format off
	{ "an empty object",                   TEXT("{}") },
	{ "every kind of value",               TEXT("{\"a\":\"b\",\"c\":1,\"d\":true,\"e\":false,\"f\":null,\"g\":[],\"h\":{}}") },
	{ "every kind of blank, everywhere",   TEXT(" \t\r\n{ \"a\" : [ 1 , { } , [ ] ] , \"b\" : 2 } \r\n\t") },
	{ "blanks in an empty container",      TEXT("{\"a\":[ \n],\"b\":{\t}}") },
	{ "an empty name",                     TEXT("{\"\":1}") },
	{ "an empty string",                   TEXT("{\"a\":\"\"}") },
	{ "every short escape",                TEXT("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}") },
	{ "an escape by code, in both cases",  TEXT("{\"a\":\"\\u00e9\\u00E9\\uABCD\\uef01\"}") },
	{ "a surrogate pair in escapes",       TEXT("{\"a\":\"\\ud83d\\uDE00\"}") },
	{ "the outermost surrogate pairs",     TEXT("{\"a\":\"\\ud800\\udc00\\udbff\\udfff\"}") },
	{ "the neighbours of the surrogates",  TEXT("{\"a\":\"\\ud7ff\\ue000\"}") },
	{ "an escaped backslash before quote", TEXT("{\"a\\\\\":\"b\\\\\"}") },
	{ "the smallest UTF-8 of each length", TEXT("{\"a\":\" \\u0001\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80\"}") },
	{ "the largest UTF-8 of each length",  TEXT("{\"a\":\"\x7f\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf\"}") },
	{ "UTF-8 beside the surrogates",       TEXT("{\"a\":\"\xed\x9f\xbf\xee\x80\x80\"}") },
	{ "UTF-8 in a name",                   TEXT("{\"\xf0\x9f\x98\x80\":1}") },
	{ "a delete character and U+FEFF",     TEXT("{\"a\":\"\x7f\xef\xbb\xbf\"}") },
	{ "zero, also negative",               TEXT("{\"a\":[0,-0,0.0,-0.0,0e0]}") },
	{ "every shape of a number",           TEXT("{\"a\":[10,-10,1.5,1e1,1E1,1e+1,1e-1,1.5e-007]}") },
	{ "a number beyond every double",      TEXT("{\"a\":[1e999,-1e999,1e-999,99999999999999999999]}") },
	{ "a number before each end",          TEXT("{\"a\":[1],\"b\":1 ,\"c\":{\"d\":1}}") },
	{ "depth 8",                           TEXT("{\"a\":[[[[[[[1]]]]]]]}") },
	{ "depth 8, twice",                    TEXT("{\"a\":[[[[[[[]]]]]]],\"b\":[[[[[[{}]]]]]]}") },
	{ "a name again in another object",    TEXT("{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}]}") },
	{ "an outer name after inner ones",    TEXT("{\"b\":{\"a\":1,\"c\":1},\"a\":1,\"c\":1}") },
	{ "names that differ in case",         TEXT("{\"name\":1,\"Name\":1,\"name \":1}") },
	{ "a name that begins like another",   TEXT("{\"ab\":1,\"a\":1,\"abc\":1,\"\":1}") },
	{ "an escape for another character",   TEXT("{\"a\":1,\"\\u0041\":1,\"\\\\u0061\":1}") },
	{ "an escaped NUL in a string",        TEXT("{\"a\":\"\\u0000b\"}") },
	{ "composed and decomposed names",     TEXT("{\"\xc3\xa9\":1,\"e\xcc\x81\":1}") },
	// clang-format on
};

static const struct refuse_case {
	const char *label, *text;
	size_t length, at;
	const char *why;
} refuse_cases[] = {
	// clang-format off
	/* Cut short. */
	{ "nothing",                       TEXT(""),                    0, "an object was expected" },
	{ "blanks only",                   TEXT(" \t\r\n"),             4, "an object was expected" },
	{ "an open brace",                 TEXT("{"),                   1, "a name in quotation marks was expected" },
	{ "a name and no more",            TEXT("{\"name\""),           7, "a colon was expected" },
	{ "a name without a value",        TEXT("{\"name\":}"),         8, "a value was expected" },
	{ "a name and a colon",            TEXT("{\"name\":"),          8, "a value was expected" },
	{ "no closing brace",              TEXT("{\"name\":\"a\""),    11, "a comma or } was expected" },
	{ "no closing bracket",            TEXT("{\"a\":[1"),           7, "a comma or ] was expected" },
	{ "a bracket closed by a brace",   TEXT("{\"a\":[1}"),          7, "a comma or ] was expected" },
	{ "a brace closed by a bracket",   TEXT("{\"a\":1]"),           6, "a comma or } was expected" },
	{ "no colon",                      TEXT("{\"a\" 1}"),           5, "a colon was expected" },
	{ "no comma",                      TEXT("{\"a\":1 \"b\":2}"),   7, "a comma or } was expected" },
	{ "an open name",                  TEXT("{\"a"),                3, "a closing quotation mark was expected" },
	{ "an open string",                TEXT("{\"a\":\"b"),          7, "a closing quotation mark was expected" },
	{ "an escaped closing quote",      TEXT("{\"a\":\"b\\\"}"),    10, "a closing quotation mark was expected" },
	/* More than one value, or another one. */
	{ "text behind the object",        TEXT("{}x"),                 2, "nothing was expected after the object" },
	{ "a second object",               TEXT("{}{}"),                2, "nothing was expected after the object" },
	{ "a second object on a new line", TEXT("{}\n{}"),              3, "nothing was expected after the object" },
	{ "a comma behind the object",     TEXT("{},"),                 2, "nothing was expected after the object" },
	{ "a NUL behind the object",       TEXT("{}\0"),                2, "nothing was expected after the object" },
	{ "an array",                      TEXT("[]"),                  0, "an object was expected" },
	{ "a string",                      TEXT("\"a\""),               0, "an object was expected" },
	{ "a number",                      TEXT("1"),                   0, "an object was expected" },
	{ "a boolean",                     TEXT("true"),                0, "an object was expected" },
	{ "null",                          TEXT("null"),                0, "an object was expected" },
	/* One name twice. */
	{ "a name twice",                  TEXT("{\"name\":1,\"name\":2}"),         10, "this object has a member of that name already" },
	{ "a name twice, once escaped",    TEXT("{\"name\":1,\"na\\u006de\":2}"),   10, "this object has a member of that name already" },
	{ "the escaped spelling first",    TEXT("{\"na\\u006De\":1,\"name\":2}"),   15, "this object has a member of that name already" },
	{ "an empty name twice",           TEXT("{\"\":1,\"\":2}"),                  6, "this object has a member of that name already" },
	{ "a slash, plain and escaped",    TEXT("{\"/\":1,\"\\/\":2}"),              7, "this object has a member of that name already" },
	{ "a tab in two spellings",        TEXT("{\"\\t\":1,\"\\u0009\":2}"),        8, "this object has a member of that name already" },
	{ "a pair and its UTF-8",          TEXT("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"), 18, "this object has a member of that name already" },
	{ "a name twice, far apart",       TEXT("{\"b\":1,\"a\":{\"b\":1},\"c\":3,\"b\":4}"),    25, "this object has a member of that name already" },
	{ "the first of several",          TEXT("{\"b\":1,\"a\":1,\"b\":1,\"a\":1,\"b\":1}"),    13, "this object has a member of that name already" },
	{ "a name twice, further inside",  TEXT("{\"a\":[{\"a\":1,\"a\":2}]}"),     13, "this object has a member of that name already" },
	/* Commas, quotes, comments. */
	{ "a comma before the brace",      TEXT("{\"a\":1,}"),          7, "a name in quotation marks was expected" },
	{ "a comma before the bracket",    TEXT("{\"a\":[1,]}"),        8, "a value was expected" },
	{ "nothing but a comma",           TEXT("{,}"),                 1, "a name in quotation marks was expected" },
	{ "a comma too many in a list",    TEXT("{\"a\":[,1]}"),        6, "a value was expected" },
	{ "single quotes",                 TEXT("{'a':1}"),             1, "a name in quotation marks was expected" },
	{ "a value in single quotes",      TEXT("{\"a\":'b'}"),         5, "a value was expected" },
	{ "a name without quotes",         TEXT("{a:1}"),               1, "a name in quotation marks was expected" },
	{ "a number as a name",            TEXT("{1:1}"),               1, "a name in quotation marks was expected" },
	{ "a comment to the line's end",   TEXT("{//\n}"),              1, "a name in quotation marks was expected" },
	{ "a comment between stars",       TEXT("{\"a\":/**/1}"),       5, "a value was expected" },
	{ "a comment with a hash",         TEXT("{}#"),                 2, "nothing was expected after the object" },
	/* Words. */
	{ "not a number",                  TEXT("{\"a\":NaN}"),         5, "a value was expected" },
	{ "infinity",                      TEXT("{\"a\":Infinity}"),    5, "a value was expected" },
	{ "negative infinity",             TEXT("{\"a\":-Infinity}"),   6, "a digit was expected" },
	{ "true with a capital",           TEXT("{\"a\":True}"),        5, "a value was expected" },
	{ "null cut short",                TEXT("{\"a\":nul}"),         5, "a value was expected" },
	{ "null at the end",               TEXT("{\"a\":nul"),          5, "a value was expected" },
	{ "None",                          TEXT("{\"a\":None}"),        5, "a value was expected" },
	{ "false with a tail",             TEXT("{\"a\":falsey}"),     10, "a comma or } was expected" },
	/* Numbers. */
	{ "leading zeros",                 TEXT("{\"a\":007}"),         6, "a comma or } was expected" },
	{ "a negative leading zero",       TEXT("{\"a\":-01}"),         7, "a comma or } was expected" },
	{ "a plus",                        TEXT("{\"a\":+1}"),          5, "a value was expected" },
	{ "a minus alone",                 TEXT("{\"a\":-}"),           6, "a digit was expected" },
	{ "two minus signs",               TEXT("{\"a\":--1}"),         6, "a digit was expected" },
	{ "a fraction without an integer", TEXT("{\"a\":.5}"),          5, "a value was expected" },
	{ "a negative one",                TEXT("{\"a\":-.5}"),         6, "a digit was expected" },
	{ "a point without a fraction",    TEXT("{\"a\":1.}"),          7, "a digit was expected" },
	{ "a point before the exponent",   TEXT("{\"a\":1.e1}"),        7, "a digit was expected" },
	{ "hexadecimal",                   TEXT("{\"a\":0x1}"),         6, "a comma or } was expected" },
	{ "an exponent without digits",    TEXT("{\"a\":1e}"),          7, "a digit was expected" },
	{ "a signed one",                  TEXT("{\"a\":1e-}"),         8, "a digit was expected" },
	{ "two signs of the exponent",     TEXT("{\"a\":1e+-1}"),       8, "a digit was expected" },
	{ "a broken exponent",             TEXT("{\"a\":1e1.5}"),       8, "a comma or } was expected" },
	{ "a number cut short",            TEXT("{\"a\":1."),           7, "a digit was expected" },
	/* Raw control characters and escapes. */
	{ "a raw NUL in a string",         TEXT("{\"a\":\"\0\"}"),      6, "a control character must be written as an escape" },
	{ "a raw NUL in a name",           TEXT("{\"\0\":1}"),          2, "a control character must be written as an escape" },
	{ "a raw line feed",               TEXT("{\"a\":\"b\n\"}"),     7, "a control character must be written as an escape" },
	{ "a raw tab",                     TEXT("{\"a\":\"\t\"}"),      6, "a control character must be written as an escape" },
	{ "the last control character",    TEXT("{\"a\":\"\x1f\"}"),    6, "a control character must be written as an escape" },
	{ "an escape in hexadecimal",      TEXT("{\"a\":\"\\x41\"}"),   6, "an escape was expected" },
	{ "an escaped single quote",       TEXT("{\"a\":\"\\'\"}"),     6, "an escape was expected" },
	{ "an escaped capital",            TEXT("{\"a\":\"\\N\"}"),     6, "an escape was expected" },
	{ "an escaped NUL byte",           TEXT("{\"a\":\"\\\0\"}"),    6, "an escape was expected" },
	{ "a backslash at the end",        TEXT("{\"a\":\"\\"),         6, "an escape was expected" },
	{ "an escape of two digits",       TEXT("{\"a\":\"\\u12\"}"),   6, "four hexadecimal digits were expected after \\u" },
	{ "an escape in braces",           TEXT("{\"a\":\"\\u{41}\"}"), 6, "four hexadecimal digits were expected after \\u" },
	{ "an escape with a capital U",    TEXT("{\"a\":\"\\U0041\"}"), 6, "an escape was expected" },
	{ "an escape cut at the end",      TEXT("{\"a\":\"\\u004"),     6, "four hexadecimal digits were expected after \\u" },
	{ "the first half of a pair",      TEXT("{\"a\":\"\\ud800\"}"), 6, "the other half of a surrogate pair was expected" },
	{ "the second half of a pair",     TEXT("{\"a\":\"\\udc00\"}"), 6, "the other half of a surrogate pair was expected" },
	{ "a pair in the wrong order",     TEXT("{\"a\":\"\\udc00\\ud800\"}"), 6, "the other half of a surrogate pair was expected" },
	{ "the first half twice",          TEXT("{\"a\":\"\\ud800\\ud800\"}"), 6, "the other half of a surrogate pair was expected" },
	{ "the second half twice",         TEXT("{\"a\":\"\\udc00\\udc00\"}"), 6, "the other half of a surrogate pair was expected" },
	{ "half a pair and a letter",      TEXT("{\"a\":\"\\ud800\\u0041\"}"), 6, "the other half of a surrogate pair was expected" },
	{ "half a pair and a private use", TEXT("{\"a\":\"\\ud800\\ue000\"}"), 6, "the other half of a surrogate pair was expected" },
	{ "half a pair in a name",         TEXT("{\"\\udbff\":1}"),     2, "the other half of a surrogate pair was expected" },
	{ "a pair cut at the end",         TEXT("{\"a\":\"\\ud800\\udc0"), 6, "the other half of a surrogate pair was expected" },
	/* Bytes. */
	{ "a byte that UTF-8 never has",   TEXT("{\"a\":\"\xff\"}"),             6, "UTF-8 was expected" },
	{ "a continuation alone",          TEXT("{\"a\":\"\x80\"}"),             6, "UTF-8 was expected" },
	{ "an overlong slash",             TEXT("{\"a\":\"\xc0\xaf\"}"),         6, "UTF-8 was expected" },
	{ "an overlong quotation mark",    TEXT("{\"a\":\"\xc1\xa2\"}"),         6, "UTF-8 was expected" },
	{ "an overlong NUL in a name",     TEXT("{\"a\xc0\x80\":1}"),            3, "UTF-8 was expected" },
	{ "overlong in three bytes",       TEXT("{\"a\":\"\xe0\x80\xaf\"}"),     6, "UTF-8 was expected" },
	{ "overlong in four bytes",        TEXT("{\"a\":\"\xf0\x8f\xbf\xbf\"}"), 6, "UTF-8 was expected" },
	{ "beyond U+10FFFF",               TEXT("{\"a\":\"\xf4\x90\x80\x80\"}"), 6, "UTF-8 was expected" },
	{ "the first surrogate in UTF-8",  TEXT("{\"a\":\"\xed\xa0\x80\"}"),     6, "UTF-8 was expected" },
	{ "the last surrogate in UTF-8",   TEXT("{\"a\":\"\xed\xbf\xbf\"}"),     6, "UTF-8 was expected" },
	{ "a sequence cut by the quote",   TEXT("{\"a\":\"b\xe2\x82\"}"),        7, "UTF-8 was expected" },
	{ "a sequence cut by the end",     TEXT("{\"a\":\"\xf0\x9f\x98"),        6, "UTF-8 was expected" },
	{ "a byte order mark",             TEXT("\xef\xbb\xbf{}"),               0, "an object was expected" },
	{ "UTF-16, big end first",         TEXT("\0{\0}"),                       0, "an object was expected" },
	{ "UTF-16, little end first",      TEXT("{\0}\0"),                       1, "a name in quotation marks was expected" },
	{ "UTF-16 with a byte order mark", TEXT("\xff\xfe{\0}\0"),               0, "an object was expected" },
	{ "a form feed as a blank",        TEXT("{\f}"),                         1, "a name in quotation marks was expected" },
	{ "a vertical tab as a blank",     TEXT("{}\v"),                         2, "nothing was expected after the object" },
	{ "U+00A0 as a blank",             TEXT("{\"a\":\xc2\xa0""1}"),          5, "a value was expected" },
	{ "a delete character as a blank", TEXT("\x7f{}"),                       0, "an object was expected" },
	/* Depth. */
	{ "depth 9 in arrays",             TEXT("{\"a\":[[[[[[[[1]]]]]]]]}"),   12, "the value is nested too deeply" },
	{ "depth 9 in an object",          TEXT("{\"a\":[[[[[[[{}]]]]]]]}"),    12, "the value is nested too deeply" },
	// clang-format on
};

/* In memory of exactly that size, so that the address sanitizer sees a read behind the end. */
static enum result scan_copy(const char *text, size_t length, struct error *err)
{
	char *copy = malloc(length > 0 ? length : 1);
	enum result result;

	assert_non_null(copy);
	memcpy(copy, text, length);
	*err = (struct error){0};
	result = json_scan(copy, length, err);
	free(copy);
	return result;
}

static void test_every_object_of_rfc_8259_is_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(accept_cases); i++) {
		const struct accept_case *c = &accept_cases[i];
		struct error err;

		if (scan_copy(c->text, c->length, &err) != RESULT_OK)
			fail_msg("%s: %s", c->label, err.message);
		if (err.result != RESULT_OK || err.message[0] != '\0')
			fail_msg("%s: the error was touched", c->label);
	}
}

static void test_all_else_is_refused_where_it_goes_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(refuse_cases); i++) {
		const struct refuse_case *c = &refuse_cases[i];
		char expected[ERROR_MESSAGE_SIZE];
		struct error err;

		snprintf(expected, sizeof(expected), "The body is not valid JSON at byte %zu: %s",
			 c->at, c->why);
		if (scan_copy(c->text, c->length, &err) != RESULT_INVALID_JSON)
			fail_msg("%s: accepted", c->label);
		if (err.result != RESULT_INVALID_JSON || err.field[0] != '\0')
			fail_msg("%s: another result, or a field", c->label);
		if (strcmp(err.message, expected) != 0)
			fail_msg("%s: %s", c->label, err.message);
	}
}

static void test_a_name_with_a_nul_is_no_field_of_ours(void **state)
{
	static const char *const texts[] = {
		"{\"name\\u0000\":1}",
		"{\"name\\u0000x\":1}",
		"{\"name\":1,\"name\\u0000\":1}",
		"{\"a\":[{\"\\u0000\":1}]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		struct error err = {0};

		assert_int_equal(json_scan(texts[i], strlen(texts[i]), &err), RESULT_UNKNOWN_FIELD);
	}
}

static void test_no_beginning_of_an_object_is_an_object(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(accept_cases); i++) {
		const struct accept_case *c = &accept_cases[i];
		size_t end = (size_t)(strrchr(c->text, '}') - c->text);
		struct error err;

		for (size_t length = 0; length <= end; length++)
			if (scan_copy(c->text, length, &err) != RESULT_INVALID_JSON)
				fail_msg("%s: accepted when cut to %zu bytes", c->label, length);
	}
}

static void test_every_raw_byte_below_a_blank_is_refused_in_a_string(void **state)
{
	char text[] = "{\"a\":\"?\"}";
	struct error err;

	(void)state;
	for (int byte = 0; byte < 0x80; byte++) {
		bool allowed = byte >= 0x20 && byte != '"' && byte != '\\';

		text[6] = (char)byte;
		if ((scan_copy(text, sizeof(text) - 1, &err) == RESULT_OK) != allowed)
			fail_msg("byte %d", byte);
	}
}

static void test_only_four_bytes_are_blanks(void **state)
{
	char text[] = "{?}";
	struct error err;

	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		bool allowed = byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';

		text[1] = (char)byte;
		if ((scan_copy(text, sizeof(text) - 1, &err) == RESULT_OK) != allowed)
			fail_msg("byte %d", byte);
	}
}

static void test_no_message_repeats_the_input(void **state)
{
	static const char *const texts[] = {
		"{\"SECRET\":1,\"SECRET\":2}",
		"{SECRET}",
		"{\"SECRET\" SECRET}",
		"{\"a\":SECRET}",
		"{\"SECRET\\SECRET\":1}",
		"{} SECRET",
		"SECRET",
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		assert_int_equal(scan_copy(texts[i], strlen(texts[i]), &err), RESULT_INVALID_JSON);
		if (strstr(err.message, "SECRET") != NULL)
			fail_msg("%s: %s", texts[i], err.message);
	}
}

static void test_a_body_full_of_brackets_is_refused_at_the_ninth(void **state)
{
	static char text[BODY_MAX];
	struct error err;

	(void)state;
	memset(text, '[', sizeof(text));
	memcpy(text, "{\"a\":", 5);
	assert_int_equal(scan_copy(text, sizeof(text), &err), RESULT_INVALID_JSON);
	assert_string_equal(err.message, "The body is not valid JSON at byte 12: "
					 "the value is nested too deeply");
}

static void test_a_body_full_of_one_string_is_accepted(void **state)
{
	static char text[BODY_MAX];
	struct error err;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "{\"name\":\"", 9);
	memcpy(text + sizeof(text) - 2, "\"}", 2);
	assert_int_equal(scan_copy(text, sizeof(text), &err), RESULT_OK);
}

/* Writes an object of COUNT members: the first bears the name of number FIRST, the others of 1 and
 * up; returns its length. */
static size_t write_members(char *text, size_t size, int first, int count)
{
	size_t length = 0;

	for (int i = 0; i < count; i++)
		length += (size_t)snprintf(text + length, size - length, "%c\"n%04d\":1",
					   i == 0 ? '{' : ',', i == 0 ? first : i);
	length += (size_t)snprintf(text + length, size - length, "}");
	assert_true(length < size);
	return length;
}

static void test_as_many_members_as_are_promised_and_no_more(void **state)
{
	static char text[BODY_MAX];
	struct error err;
	size_t length;

	(void)state;
	length = write_members(text, sizeof(text), 0, JSON_NAMES_MAX);
	assert_int_equal(scan_copy(text, length, &err), RESULT_OK);
	length = write_members(text, sizeof(text), 0, JSON_NAMES_MAX + 1);
	assert_int_equal(scan_copy(text, length, &err), RESULT_INVALID_JSON);
	assert_string_equal(err.message, "The body is not valid JSON at byte 40961: "
					 "there are too many members");
}

static void test_one_name_twice_is_found_among_4000(void **state)
{
	static char text[BODY_MAX];
	struct error err;
	size_t length = write_members(text, sizeof(text), 3999, 4000);

	(void)state;
	assert_int_equal(scan_copy(text, length, &err), RESULT_INVALID_JSON);
	assert_string_equal(err.message, "The body is not valid JSON at byte 39991: "
					 "this object has a member of that name already");
}

static void test_names_of_closed_objects_make_room_for_others(void **state)
{
	static char text[10 * JSON_NAMES_MAX];
	struct error err;
	size_t length = 6;

	(void)state;
	memcpy(text, "{\"a\":[", 6);
	for (int i = 0; i < JSON_NAMES_MAX + 1; i++, length += 8)
		memcpy(text + length, "{\"n\":1},", 8);
	memcpy(text + length - 1, "]}", 2);
	assert_int_equal(scan_copy(text, length + 1, &err), RESULT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_object_of_rfc_8259_is_accepted),
		cmocka_unit_test(test_all_else_is_refused_where_it_goes_wrong),
		cmocka_unit_test(test_a_name_with_a_nul_is_no_field_of_ours),
		cmocka_unit_test(test_no_beginning_of_an_object_is_an_object),
		cmocka_unit_test(test_every_raw_byte_below_a_blank_is_refused_in_a_string),
		cmocka_unit_test(test_only_four_bytes_are_blanks),
		cmocka_unit_test(test_no_message_repeats_the_input),
		cmocka_unit_test(test_a_body_full_of_brackets_is_refused_at_the_ninth),
		cmocka_unit_test(test_a_body_full_of_one_string_is_accepted),
		cmocka_unit_test(test_as_many_members_as_are_promised_and_no_more),
		cmocka_unit_test(test_one_name_twice_is_found_among_4000),
		cmocka_unit_test(test_names_of_closed_objects_make_room_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
