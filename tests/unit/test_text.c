/* SPDX-License-Identifier: ISC */
#include "text.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define PREFIX "dft_"
#define FORM_OF_A_KEY PREFIX "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"

static const struct name_case {
	const char *label, *text;
	size_t length;
	bool good;
} name_cases[] = {
// clang-format off
#define TEXT(literal) literal, sizeof(literal) - 1
	{ "a word",                      TEXT("deploy"),               true  },
	{ "blanks around",               TEXT(" a "),                  true  },
	{ "markup",                      TEXT("<b>x</b>"),             true  },
	{ "SQL",                         TEXT("'; DROP TABLE"),        true  },
	{ "a format",                    TEXT("%s%n"),                 true  },
	{ "dots",                        TEXT(".."),                   true  },
	{ "two bytes a character",       TEXT("caf\xC3\xA9"),          true  },
	{ "four bytes a character",      TEXT("\xF0\x9F\x98\x80"),     true  },
	{ "the display key of a token",  TEXT("dft_ab1...xyz9"),       true  },
	{ "the last character of all",   TEXT("\xF4\x8F\xBF\xBF"),     true  },
	{ "nothing",                     TEXT(""),                     false },
	{ "blanks only",                 TEXT("  "),                   false },
	{ "U+00A0 only",                 TEXT("\xC2\xA0 "),            false },
	{ "a line feed",                 TEXT("a\nb"),                 false },
	{ "a tab",                       TEXT("a\tb"),                 false },
	{ "a NUL",                       TEXT("a\0b"),                 false },
	{ "U+007F",                      TEXT("a\x7F"),                false },
	{ "U+0085",                      TEXT("a\xC2\x85"),            false },
	{ "U+009F",                      TEXT("a\xC2\x9F"),            false },
	{ "U+061C",                      TEXT("a\xD8\x9C"),            false },
	{ "U+200E",                      TEXT("a\xE2\x80\x8E"),        false },
	{ "U+200F",                      TEXT("a\xE2\x80\x8F"),        false },
	{ "U+2028",                      TEXT("a\xE2\x80\xA8"),        false },
	{ "U+2029",                      TEXT("a\xE2\x80\xA9"),        false },
	{ "U+202E",                      TEXT("a\xE2\x80\xAE"),        false },
	{ "U+2066",                      TEXT("a\xE2\x81\xA6"),        false },
	{ "U+FEFF",                      TEXT("\xEF\xBB\xBF" "a"),     false },
	{ "a byte that is none",         TEXT("a\xFF"),                false },
	{ "an overlong slash",           TEXT("\xC0\xAF"),             false },
	{ "an overlong slash of three",  TEXT("\xE0\x80\xAF"),         false },
	{ "a surrogate",                 TEXT("\xED\xA0\x80"),         false },
	{ "beyond U+10FFFF",             TEXT("\xF4\x90\x80\x80"),     false },
	{ "a character cut short",       TEXT("a\xE2\x80"),            false },
	{ "a key",                       TEXT(FORM_OF_A_KEY),          false },
	{ "a key in the middle",         TEXT("my " FORM_OF_A_KEY "!"), false },
#undef TEXT
	// clang-format on
};

static void test_a_name_is_what_people_can_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(name_cases); i++) {
		const struct name_case *c = &name_cases[i];

		if ((text_refuse_name(PREFIX, c->text, c->length) == NULL) != c->good)
			fail_msg("%s: expected %s", c->label, c->good ? "good" : "refused");
	}
}

static void test_a_name_counts_characters_and_not_bytes(void **state)
{
	char text[4 * (TEXT_NAME_CHARACTERS_MAX + 1)];

	(void)state;
	for (size_t i = 0; i <= TEXT_NAME_CHARACTERS_MAX; i++)
		memcpy(text + 4 * i, "\xF0\x9F\x98\x80", 4);
	assert_null(text_refuse_name(PREFIX, text, 4 * TEXT_NAME_CHARACTERS_MAX));
	assert_non_null(text_refuse_name(PREFIX, text, sizeof(text)));
	memset(text, 'a', sizeof(text));
	assert_null(text_refuse_name(PREFIX, text, TEXT_NAME_CHARACTERS_MAX));
	assert_non_null(text_refuse_name(PREFIX, text, TEXT_NAME_CHARACTERS_MAX + 1));
}

static void test_a_key_in_a_name_is_called_that(void **state)
{
	(void)state;
	assert_string_equal(text_refuse_name(PREFIX, FORM_OF_A_KEY, strlen(FORM_OF_A_KEY)),
			    "a name must not contain a key");
	assert_null(text_refuse_name("abc_", FORM_OF_A_KEY, strlen(FORM_OF_A_KEY)));
}

static const struct line_case {
	const char *label, *text;
	bool good;
} email_cases[] = {
	// clang-format off
	{ "as usual",             "a.b+c@example.com", true  },
	{ "the shortest",         "a@b",               true  },
	{ "nothing",              "",                  false },
	{ "no @",                 "example.com",       false },
	{ "only @",               "@",                 false },
	{ "nothing before it",    "@example.com",      false },
	{ "nothing behind it",    "a@",                false },
	{ "two",                  "a@b@c",             false },
	{ "a blank",              "a b@c",             false },
	{ "a line feed",          "a@b\nBcc: c",       false },
	{ "not ASCII",            "\xC3\xA4@b",        false },
	{ "U+007F",               "a\x7F@b",           false },
	// clang-format on
};

static const struct line_case domain_cases[] = {
	// clang-format off
	{ "as usual",                  "www.example.com",   true  },
	{ "one part",                  "localhost",         true  },
	{ "digits in front",           "3com.com",          true  },
	{ "hyphens inside",            "a--b.c-d",          true  },
	{ "nothing",                   "",                  false },
	{ "a dot alone",               ".",                 false },
	{ "a dot in front",            ".example.com",      false },
	{ "a dot at the end",          "example.com.",      false },
	{ "two dots",                  "example..com",      false },
	{ "capitals",                  "Example.COM",       true  },
	{ "a hyphen in front",         "-a.com",            false },
	{ "a hyphen at a part's end",  "a-.com",            false },
	{ "a hyphen at the end",       "a.com-",            false },
	{ "an underscore",             "a_b.com",           false },
	{ "a blank",                   "a b.com",           false },
	{ "a path",                    "a.com/x",           false },
	{ "a port",                    "a.com:80",          false },
	{ "not ASCII",                 "b\xC3\xBC" "cher.de", false },
	// clang-format on
};

static void test_an_email_address_is_one_line_with_one_at_sign(void **state)
{
	char longest[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(email_cases); i++)
		if ((text_refuse_email(email_cases[i].text) == NULL) != email_cases[i].good)
			fail_msg("%s", email_cases[i].label);
	snprintf(longest, sizeof(longest), "a@%0252d", 0);
	assert_int_equal(strlen(longest), 254);
	assert_null(text_refuse_email(longest));
	snprintf(longest, sizeof(longest), "a@%0253d", 0);
	assert_non_null(text_refuse_email(longest));
}

static void test_a_domain_is_a_host_name_in_lower_case(void **state)
{
	char text[256], domain[TEXT_DOMAIN_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(domain_cases); i++)
		if ((text_read_domain(domain_cases[i].text, domain) == NULL) !=
		    domain_cases[i].good)
			fail_msg("%s", domain_cases[i].label);
	assert_null(text_read_domain("WWW.Example-1.COM", domain));
	assert_string_equal(domain, "www.example-1.com");
	snprintf(text, sizeof(text), "%063d.a", 0);
	assert_null(text_read_domain(text, domain));
	snprintf(text, sizeof(text), "%064d.a", 0);
	assert_non_null(text_read_domain(text, domain));
	snprintf(text, sizeof(text), "%063d.%063d.%063d.%061d", 0, 0, 0, 0);
	assert_int_equal(strlen(text), 253);
	assert_null(text_read_domain(text, domain));
	assert_string_equal(domain, text);
	snprintf(text, sizeof(text), "%063d.%063d.%063d.%062d", 0, 0, 0, 0);
	assert_non_null(text_read_domain(text, domain));
}

/* Writes CHARACTER as RFC 3629 §3 says; the number of bytes. */
static size_t encode(uint32_t character, char bytes[static 4])
{
	if (character < 0x80) {
		bytes[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		bytes[0] = (char)(0xC0 | character >> 6);
		bytes[1] = (char)(0x80 | (character & 0x3F));
		return 2;
	}
	if (character < 0x10000) {
		bytes[0] = (char)(0xE0 | character >> 12);
		bytes[1] = (char)(0x80 | (character >> 6 & 0x3F));
		bytes[2] = (char)(0x80 | (character & 0x3F));
		return 3;
	}
	bytes[0] = (char)(0xF0 | character >> 18);
	bytes[1] = (char)(0x80 | (character >> 12 & 0x3F));
	bytes[2] = (char)(0x80 | (character >> 6 & 0x3F));
	bytes[3] = (char)(0x80 | (character & 0x3F));
	return 4;
}

static void test_what_is_searched_for_is_1_to_100_characters(void **state)
{
	char text[404];

	(void)state;
	assert_false(text_is_name_part("", 0));
	assert_false(text_is_name_part("\0", 1));
	assert_false(text_is_name_part("a\0b", 3));
	assert_false(text_is_name_part("\xC3", 1));
	assert_true(text_is_name_part(" ", 1));
	assert_true(text_is_name_part("\n", 1));
	for (size_t i = 0; i < sizeof(text); i += 4)
		memcpy(text + i, "\xF0\x9F\x98\x80", 4);
	assert_true(text_is_name_part(text, 400));
	assert_false(text_is_name_part(text, 404));
	assert_false(text_is_name_part(text, 399));
}

static void test_every_character_is_read_and_every_cut_one_refused(void **state)
{
	(void)state;
	for (uint32_t character = 0; character < 0x110100; character++) {
		char bytes[4];
		size_t length = encode(character, bytes), at = 0;
		uint32_t found = 0;
		bool is_one = character <= 0x10FFFF && (character < 0xD800 || character > 0xDFFF);

		if (text_next_character(bytes, length, &at, &found) != is_one)
			fail_msg("U+%04X", (unsigned)character);
		assert_int_equal(at, is_one ? length : 0);
		assert_int_equal(found, is_one ? character : 0);
		at = 0;
		if (length > 1)
			assert_false(text_next_character(bytes, length - 1, &at, &found));
	}
}

static void test_no_two_bytes_are_read_in_two_ways(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++) {
			char bytes[2] = {(char)first, (char)second}, again[4];
			size_t at = 0;
			uint32_t character;

			if (!text_next_character(bytes, 2, &at, &character))
				continue;
			assert_int_equal(encode(character, again), at);
			assert_memory_equal(again, bytes, at);
		}
}

static const struct distance_case {
	const char *label, *a, *b;
	size_t distance;
} distance_cases[] = {
	{"the same", "token", "token", 0},
	{"both empty", "", "", 0},
	{"one empty", "", "abc", 3},
	{"one changed", "analytics:raed", "analytics:read", 1},
	{"one left out", "tokn", "token", 1},
	{"one too many", "tokken", "token", 1},
	{"two swapped", "lsit", "list", 1},
	{"swapped at the end", "shwo", "show", 1},
	{"two changed", "listen", "lasted", 2},
	{"nothing alike", "abc", "xyz", 3},
};

static void test_distance_counts_slips(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(distance_cases); i++) {
		const struct distance_case *c = &distance_cases[i];

		if (text_distance(c->a, c->b) != c->distance ||
		    text_distance(c->b, c->a) != c->distance)
			fail_msg("%s: %zu", c->label, text_distance(c->a, c->b));
	}
}

static void test_what_no_name_is_as_long_as_is_near_none(void **state)
{
	char longest[65 + 1];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[65] = '\0';
	assert_true(text_distance(longest, longest) == SIZE_MAX);
	assert_int_equal(text_distance(longest + 1, longest + 1), 0);
	assert_true(text_distance("x", longest) == SIZE_MAX);
	assert_int_equal(text_distance("x", longest + 1), 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance_counts_slips),
		cmocka_unit_test(test_what_no_name_is_as_long_as_is_near_none),
		cmocka_unit_test(test_a_name_is_what_people_can_read),
		cmocka_unit_test(test_a_name_counts_characters_and_not_bytes),
		cmocka_unit_test(test_a_key_in_a_name_is_called_that),
		cmocka_unit_test(test_an_email_address_is_one_line_with_one_at_sign),
		cmocka_unit_test(test_a_domain_is_a_host_name_in_lower_case),
		cmocka_unit_test(test_what_is_searched_for_is_1_to_100_characters),
		cmocka_unit_test(test_every_character_is_read_and_every_cut_one_refused),
		cmocka_unit_test(test_no_two_bytes_are_read_in_two_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
