/* SPDX-License-Identifier: ISC */
#include "ascii.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

/* With its length, because a text may hold a NUL. */
#define TEXT(literal) (literal), sizeof(literal) - 1

static const char digits[] = "0123456789";
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool is_one_of(const char *set, int byte)
{
	return byte != 0 && strchr(set, byte) != NULL;
}

static void test_every_byte_is_classified_as_ascii_does(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		char c = (char)byte;
		bool digit = byte < 0x80 && is_one_of(digits, byte);
		bool letter = byte < 0x80 && is_one_of(letters, byte);

		if (ascii_is_digit(c) != digit || ascii_is_alpha(c) != letter ||
		    ascii_is_alnum(c) != (digit || letter) ||
		    ascii_is_printable(c) != (byte >= 0x20 && byte <= 0x7E))
			fail_msg("byte %d", byte);
	}
}

static void test_every_hexadecimal_digit_has_its_value_and_nothing_else_has_one(void **state)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";

	(void)state;
	for (int i = 0; i < 16; i++) {
		assert_int_equal(ascii_hex_value(lower[i]), i);
		assert_int_equal(ascii_hex_value(upper[i]), i);
	}
	for (int byte = 0; byte < 256; byte++)
		if (!is_one_of(lower, byte) && !is_one_of(upper, byte) &&
		    ascii_hex_value((char)byte) != -1)
			fail_msg("byte %d", byte);
}

static void test_only_the_26_capitals_are_lowered(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		char expected = (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);

		if (ascii_lower((char)byte) != expected)
			fail_msg("byte %d", byte);
	}
}

static const struct equals_case {
	const char *label, *text;
	size_t length;
	const char *word;
	bool equal;
} equals_cases[] = {
	// clang-format off
	{ "the same word",                  TEXT("Bearer"),    "Bearer", true  },
	{ "in capitals",                    TEXT("BEARER"),    "Bearer", true  },
	{ "nothing and nothing",            TEXT(""),          "",       true  },
	{ "signs and digits as they are",   TEXT("X-1_"),      "x-1_",   true  },
	{ "shorter than the word",          TEXT("Beare"),     "Bearer", false },
	{ "longer than the word",           TEXT("Bearers"),   "Bearer", false },
	{ "nothing and a word",             TEXT(""),          "Bearer", false },
	{ "a word and nothing",             TEXT("B"),         "",       false },
	{ "a NUL where the word ends",      TEXT("Bearer\0"),  "Bearer", false },
	{ "a NUL and more",                 TEXT("Bearer\0x"), "Bearer", false },
	{ "a NUL inside",                   TEXT("Be\0rer"),   "Bearer", false },
	{ "@ is no lower-case accent",      TEXT("@"),         "`",      false },
	{ "[ is no lower-case brace",       TEXT("["),         "{",      false },
	{ "bytes that differ in that bit",  TEXT("\xc0"),      "\xe0",   false },
	// clang-format on
};

static void test_words_are_compared_without_case_and_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(equals_cases); i++) {
		const struct equals_case *c = &equals_cases[i];

		if (ascii_equals_ignoring_case(c->text, c->length, c->word) != c->equal)
			fail_msg("%s: expected %s", c->label, c->equal ? "yes" : "no");
	}
}

static const struct number_case {
	const char *label, *text;
	size_t length;
	uint64_t maximum;
	uint64_t value;
} number_cases[] = {
	// clang-format off
	{ "zero",                    TEXT("0"),                    0,          0          },
	{ "one digit",               TEXT("7"),                    UINT64_MAX, 7          },
	{ "leading zeros",           TEXT("000000000000000000007"), 7,         7          },
	{ "the maximum",             TEXT("65536"),                65536,      65536      },
	{ "the largest of 64 bits",  TEXT("18446744073709551615"), UINT64_MAX, UINT64_MAX },
	{ "the last bit below it",   TEXT("18446744073709551614"), UINT64_MAX, UINT64_MAX - 1 },
	// clang-format on
};

static void test_decimal_digits_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(number_cases); i++) {
		const struct number_case *c = &number_cases[i];
		uint64_t value = 99;

		if (!ascii_parse_number(c->text, c->length, c->maximum, &value) ||
		    value != c->value)
			fail_msg("%s: %llu", c->label, (unsigned long long)value);
	}
}

static const struct refuse_case {
	const char *label, *text;
	size_t length;
	uint64_t maximum;
} refuse_cases[] = {
	// clang-format off
	{ "nothing",                  TEXT(""),                      UINT64_MAX },
	{ "a plus",                   TEXT("+5"),                    UINT64_MAX },
	{ "a minus",                  TEXT("-5"),                    UINT64_MAX },
	{ "a sign alone",             TEXT("-"),                     UINT64_MAX },
	{ "a blank before",           TEXT(" 5"),                    UINT64_MAX },
	{ "a blank behind",           TEXT("5 "),                    UINT64_MAX },
	{ "a line feed behind",       TEXT("5\n"),                   UINT64_MAX },
	{ "a NUL behind",             TEXT("5\0"),                   UINT64_MAX },
	{ "an exponent",              TEXT("1e3"),                   UINT64_MAX },
	{ "hexadecimal",              TEXT("0x10"),                  UINT64_MAX },
	{ "a point",                  TEXT("1.0"),                   UINT64_MAX },
	{ "the sign before 0",        TEXT("/"),                     UINT64_MAX },
	{ "the sign behind 9",        TEXT(":"),                     UINT64_MAX },
	{ "a digit of another script", TEXT("\xd9\xa1"),             UINT64_MAX },
	{ "one above the maximum",    TEXT("65537"),                 65536      },
	{ "ten times the maximum",    TEXT("655360"),                65536      },
	{ "anything above nothing",   TEXT("1"),                     0          },
	{ "a digit above a digit",    TEXT("9"),                     8          },
	{ "2 to the power of 64",     TEXT("18446744073709551616"),  UINT64_MAX },
	{ "ten times that",           TEXT("184467440737095516160"), UINT64_MAX },
	{ "overflow to a small one",  TEXT("18446744073709551621"),  10         },
	// clang-format on
};

static void test_what_is_no_number_or_too_large_leaves_the_value_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(refuse_cases); i++) {
		const struct refuse_case *c = &refuse_cases[i];
		uint64_t value = 99;

		if (ascii_parse_number(c->text, c->length, c->maximum, &value) || value != 99)
			fail_msg("%s: accepted, or the value was touched", c->label);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte_is_classified_as_ascii_does),
		cmocka_unit_test(
			test_every_hexadecimal_digit_has_its_value_and_nothing_else_has_one),
		cmocka_unit_test(test_only_the_26_capitals_are_lowered),
		cmocka_unit_test(test_words_are_compared_without_case_and_whole),
		cmocka_unit_test(test_decimal_digits_are_read),
		cmocka_unit_test(test_what_is_no_number_or_too_large_leaves_the_value_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
