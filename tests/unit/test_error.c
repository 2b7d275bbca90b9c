/* SPDX-License-Identifier: ISC */
#include "error.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

/* A euro sign: three bytes, so that a bound falls into it in two of three places. */
#define EURO "\xe2\x82\xac"

static void test_a_failure_is_filled_in_and_handed_on(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(error_set(&err, RESULT_INVALID_FIELD, "permissions[1]",
				   "there is no permission \"%s\" (%d)", "x:y", 7),
			 RESULT_INVALID_FIELD);
	assert_int_equal(err.result, RESULT_INVALID_FIELD);
	assert_string_equal(err.field, "permissions[1]");
	assert_string_equal(err.message, "there is no permission \"x:y\" (7)");
	assert_int_equal(err.retry_after_seconds, 0);
}

static void test_a_later_failure_replaces_the_earlier_one(void **state)
{
	struct error err = {0};

	(void)state;
	(void)error_set(&err, RESULT_INVALID_FIELD, "name", "a long sentence about it");
	(void)error_set(&err, RESULT_BUSY, NULL, "wait");
	assert_int_equal(err.result, RESULT_BUSY);
	assert_string_equal(err.field, "");
	assert_string_equal(err.message, "wait");
}

static void test_a_prefix_stands_before_the_message(void **state)
{
	struct error err = {0};

	(void)state;
	(void)error_set(&err, RESULT_BUSY, NULL, "wait");
	error_prefix(&err, "log");
	assert_string_equal(err.message, "log: wait");
	memset(err.message, 'x', sizeof(err.message) - 1);
	memcpy(err.message + 249, "\xC3\xA9", 2); /* there is room for 250 behind the prefix */
	error_prefix(&err, "log");
	assert_int_equal(strlen(err.message), sizeof("log: ") - 1 + 249);
}

static void test_an_argument_is_no_format(void **state)
{
	struct error err = {0};

	(void)state;
	(void)error_set(&err, RESULT_INVALID_FIELD, "%s%n", "%s", "%s%n");
	assert_string_equal(err.field, "%s%n");
	assert_string_equal(err.message, "%s%n");
}

/* Fills TEXT with LETTERS times "x" and then as many euro signs as fit. */
static void fill(char *text, size_t size, size_t letters)
{
	size_t length = letters;

	memset(text, 'x', letters);
	for (; length + 3 < size; length += 3)
		memcpy(text + length, EURO, 3);
	text[length] = '\0';
}

/* What stands in TEXT is a beginning of WHOLE that ends between two characters. */
static bool is_clean_beginning(const char *text, const char *whole, size_t letters)
{
	size_t length = strlen(text);

	return memcmp(text, whole, length) == 0 && length >= letters && (length - letters) % 3 == 0;
}

static void test_what_is_too_long_is_cut_between_characters(void **state)
{
	(void)state;
	for (size_t letters = 0; letters < 6; letters++) {
		struct error err;
		char whole[2 * ERROR_MESSAGE_SIZE];

		fill(whole, sizeof(whole), letters);
		memset(&err, 'y', sizeof(err));
		(void)error_set(&err, RESULT_INVALID_FIELD, whole, "%s", whole);
		assert_non_null(memchr(err.field, '\0', sizeof(err.field)));
		assert_non_null(memchr(err.message, '\0', sizeof(err.message)));
		if (!is_clean_beginning(err.field, whole, letters) ||
		    !is_clean_beginning(err.message, whole, letters))
			fail_msg("%zu letters first", letters);
		/* No more is lost than has to be, but for one character. */
		assert_true(strlen(err.field) + 2 * 3 >= ERROR_FIELD_SIZE - 1);
		assert_true(strlen(err.message) + 2 * 3 >= ERROR_MESSAGE_SIZE - 1);
	}
}

static void test_what_just_fits_is_kept_whole(void **state)
{
	char field[ERROR_FIELD_SIZE], message[ERROR_MESSAGE_SIZE];
	struct error err = {0};

	(void)state;
	fill(field, sizeof(field), (sizeof(field) - 1) % 3);
	fill(message, sizeof(message), (sizeof(message) - 1) % 3);
	(void)error_set(&err, RESULT_INVALID_FIELD, field, "%s", message);
	assert_string_equal(err.field, field);
	assert_string_equal(err.message, message);
}

static void test_ascii_is_cut_at_the_last_byte(void **state)
{
	char whole[2 * ERROR_MESSAGE_SIZE];
	struct error err = {0};

	(void)state;
	memset(whole, 'x', sizeof(whole));
	whole[sizeof(whole) - 1] = '\0';
	(void)error_set(&err, RESULT_INVALID_FIELD, whole, "%s", whole);
	assert_int_equal(strlen(err.field), ERROR_FIELD_SIZE - 1);
	assert_int_equal(strlen(err.message), ERROR_MESSAGE_SIZE - 1);
}

static const struct reason_case {
	enum result result;
	const char *reason;
} reason_cases[] = {
	// clang-format off
	{ RESULT_OK,                     "ok"                     },
	{ RESULT_INVALID_REQUEST,        "invalid_request"        },
	{ RESULT_INVALID_JSON,           "invalid_json"           },
	{ RESULT_UNKNOWN_FIELD,          "unknown_field"          },
	{ RESULT_INVALID_FIELD,          "invalid_field"          },
	{ RESULT_INVALID_PARAMETER,      "invalid_parameter"      },
	{ RESULT_MISSING_TOKEN,          "missing_token"          },
	{ RESULT_INVALID_TOKEN,          "invalid_token"          },
	{ RESULT_INSUFFICIENT_SCOPE,     "insufficient_scope"     },
	{ RESULT_SCOPE_EXCEEDED,         "scope_exceeded"         },
	{ RESULT_NOT_FOUND,              "not_found"              },
	{ RESULT_METHOD_NOT_ALLOWED,     "method_not_allowed"     },
	{ RESULT_LIMIT_REACHED,          "limit_reached"          },
	{ RESULT_CONFLICT,               "conflict"               },
	{ RESULT_LAST_OWNER,             "last_owner"             },
	{ RESULT_BODY_TOO_LARGE,         "body_too_large"         },
	{ RESULT_UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type" },
	{ RESULT_RATE_LIMITED,           "rate_limited"           },
	{ RESULT_INTERNAL,               "internal"               },
	{ RESULT_BUSY,                   "busy"                   },
	{ RESULT_STORE_UNAVAILABLE,      "store_unavailable"      },
	{ RESULT_INVALID_CONFIGURATION,  "internal"               },
	{ RESULT_INVALID_USAGE,          "internal"               },
	{ RESULT_DEFERRED,               "busy"                   },
	// clang-format on
};

static void test_every_result_has_its_word_for_programs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(reason_cases); i++)
		assert_string_equal(error_reason(reason_cases[i].result), reason_cases[i].reason);
}

static void test_a_result_that_is_none_is_internal(void **state)
{
	(void)state;
	assert_string_equal(error_reason((enum result)1000), "internal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_failure_is_filled_in_and_handed_on),
		cmocka_unit_test(test_a_later_failure_replaces_the_earlier_one),
		cmocka_unit_test(test_a_prefix_stands_before_the_message),
		cmocka_unit_test(test_an_argument_is_no_format),
		cmocka_unit_test(test_what_is_too_long_is_cut_between_characters),
		cmocka_unit_test(test_what_just_fits_is_kept_whole),
		cmocka_unit_test(test_ascii_is_cut_at_the_last_byte),
		cmocka_unit_test(test_every_result_has_its_word_for_programs),
		cmocka_unit_test(test_a_result_that_is_none_is_internal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
