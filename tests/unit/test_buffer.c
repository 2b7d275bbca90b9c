/* SPDX-License-Identifier: ISC */
#include "buffer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static int tear_down(void **state)
{
	buffer_clear(*state);
	return 0;
}

static int set_up(void **state)
{
	static struct buffer buffer;

	buffer_init(&buffer, 4096);
	*state = &buffer;
	return 0;
}

static void check_holds(const struct buffer *buffer, const char *text)
{
	assert_int_equal(buffer_result(buffer), RESULT_OK);
	assert_int_equal(buffer->length, strlen(text));
	assert_string_equal(buffer->data, text);
}

static void test_a_new_buffer_is_empty_and_owns_nothing(void **state)
{
	struct buffer *buffer = *state;

	assert_int_equal(buffer_result(buffer), RESULT_OK);
	assert_int_equal(buffer->length, 0);
	assert_null(buffer->data);
}

static void test_what_was_appended_stands_in_order_and_ends_in_nul(void **state)
{
	struct buffer *buffer = *state;

	buffer_append(buffer, "abcd", 2);
	check_holds(buffer, "ab");
	buffer_append_text(buffer, "-text-");
	buffer_append_char(buffer, 'c');
	buffer_append_number(buffer, -12);
	buffer_append_format(buffer, "[%s %d]", "x", 7);
	check_holds(buffer, "ab-text-c-12[x 7]");
}

static void test_nothing_can_be_appended(void **state)
{
	struct buffer *buffer = *state;

	buffer_append(buffer, NULL, 0);
	buffer_append_text(buffer, "");
	buffer_append_format(buffer, "%s", "");
	check_holds(buffer, "");
}

static void test_bytes_may_hold_nul(void **state)
{
	struct buffer *buffer = *state;

	buffer_append(buffer, "a\0b", 3);
	assert_int_equal(buffer_result(buffer), RESULT_OK);
	assert_int_equal(buffer->length, 3);
	assert_memory_equal(buffer->data, "a\0b", 4);
}

static const struct number_case {
	int64_t number;
	const char *text;
} number_cases[] = {
	// clang-format off
	{ 0,         "0"                    },
	{ 9,         "9"                    },
	{ 10,        "10"                   },
	{ -1,        "-1"                   },
	{ INT64_MAX, "9223372036854775807"  },
	{ INT64_MIN, "-9223372036854775808" },
	// clang-format on
};

static void test_numbers_are_written_in_decimal_digits(void **state)
{
	struct buffer *buffer = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(number_cases); i++) {
		buffer_reset(buffer);
		buffer_append_number(buffer, number_cases[i].number);
		check_holds(buffer, number_cases[i].text);
	}
}

static void test_a_buffer_grows_to_its_maximum_and_keeps_all(void **state)
{
	struct buffer *buffer = *state;

	for (int i = 0; i < 4096; i++)
		buffer_append_char(buffer, (char)('a' + i % 26));
	assert_int_equal(buffer_result(buffer), RESULT_OK);
	assert_int_equal(buffer->length, 4096);
	for (int i = 0; i < 4096; i++)
		assert_int_equal(buffer->data[i], 'a' + i % 26);
	assert_int_equal(buffer->data[4096], '\0');

	buffer_append(buffer, "", 0);
	assert_int_equal(buffer_result(buffer), RESULT_OK);
	buffer_append_char(buffer, 'x');
	assert_int_equal(buffer_result(buffer), RESULT_BODY_TOO_LARGE);
	assert_int_equal(buffer->length, 4096);
}

static void test_a_length_that_would_overflow_is_too_large(void **state)
{
	struct buffer *buffer = *state;

	buffer_append_text(buffer, "abc");
	buffer_append(buffer, "x", SIZE_MAX);
	assert_int_equal(buffer_result(buffer), RESULT_BODY_TOO_LARGE);
	assert_string_equal(buffer->data, "abc");
}

static void test_the_first_append_that_does_not_fit_sticks(void **state)
{
	static const char wide[5000];
	struct buffer *buffer = *state;

	buffer_append_text(buffer, "before");
	buffer_append(buffer, wide, sizeof(wide));
	assert_int_equal(buffer_result(buffer), RESULT_BODY_TOO_LARGE);

	buffer_append_text(buffer, "after");
	buffer_append_char(buffer, 'x');
	buffer_append_number(buffer, 1);
	buffer_append_format(buffer, "%d", 1);
	assert_int_equal(buffer_result(buffer), RESULT_BODY_TOO_LARGE);
	assert_string_equal(buffer->data, "before");
}

static void test_a_format_has_1023_bytes_at_most(void **state)
{
	struct buffer *buffer = *state;

	buffer_append_format(buffer, "%1023d", 1);
	assert_int_equal(buffer_result(buffer), RESULT_OK);
	assert_int_equal(buffer->length, 1023);

	buffer_append_format(buffer, "%1024d", 1);
	assert_int_equal(buffer_result(buffer), RESULT_INTERNAL);
	assert_int_equal(buffer->length, 1023);
}

static void test_a_format_that_is_too_long_does_not_hide_the_first_failure(void **state)
{
	static const char wide[5000];
	struct buffer *buffer = *state;

	buffer_append(buffer, wide, sizeof(wide));
	buffer_append_format(buffer, "%1024d", 1);
	assert_int_equal(buffer_result(buffer), RESULT_BODY_TOO_LARGE);
}

static void test_a_reset_forgets_text_and_failure_and_wipes(void **state)
{
	static const char nothing[64];
	struct buffer *buffer = *state;
	const char *data;

	buffer_append_text(buffer, "dft_secret");
	data = buffer->data;
	buffer_append(buffer, "x", SIZE_MAX);
	buffer_reset(buffer);
	assert_int_equal(buffer_result(buffer), RESULT_OK);
	assert_int_equal(buffer->length, 0);
	assert_ptr_equal(buffer->data, data);
	assert_memory_equal(data, nothing, sizeof("dft_secret"));

	buffer_append_text(buffer, "again");
	check_holds(buffer, "again");
}

static void test_truncating_takes_back_the_end_and_wipes_it(void **state)
{
	static const char nothing[64];
	struct buffer *buffer = *state;

	buffer_append_text(buffer, "kept,secret");
	buffer_truncate(buffer, 4);
	check_holds(buffer, "kept");
	assert_memory_equal(buffer->data + 4, nothing, sizeof(",secret"));
	buffer_truncate(buffer, 4);
	check_holds(buffer, "kept");
	buffer_append_text(buffer, "+");
	check_holds(buffer, "kept+");
}

static void test_truncating_or_resetting_an_untouched_buffer_does_nothing(void **state)
{
	struct buffer *buffer = *state;

	buffer_truncate(buffer, 0);
	buffer_reset(buffer);
	assert_int_equal(buffer_result(buffer), RESULT_OK);
	assert_null(buffer->data);
}

static void test_a_zeroed_buffer_holds_nothing(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	buffer_append_char(&buffer, 'x');
	assert_int_equal(buffer_result(&buffer), RESULT_BODY_TOO_LARGE);
	assert_int_equal(buffer.length, 0);
	buffer_clear(&buffer);
}

static void test_a_cleared_buffer_can_be_used_again(void **state)
{
	struct buffer *buffer = *state;

	buffer_append_text(buffer, "abc");
	buffer_clear(buffer);
	assert_null(buffer->data);
	assert_int_equal(buffer->length, 0);
	buffer_clear(buffer);
	buffer_append_text(buffer, "def");
	check_holds(buffer, "def");
}

static void test_clearing_nothing_is_allowed(void **state)
{
	(void)state;
	buffer_clear(NULL);
}

#define BUFFER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BUFFER_TEST(test_a_new_buffer_is_empty_and_owns_nothing),
		BUFFER_TEST(test_what_was_appended_stands_in_order_and_ends_in_nul),
		BUFFER_TEST(test_nothing_can_be_appended),
		BUFFER_TEST(test_bytes_may_hold_nul),
		BUFFER_TEST(test_numbers_are_written_in_decimal_digits),
		BUFFER_TEST(test_a_buffer_grows_to_its_maximum_and_keeps_all),
		BUFFER_TEST(test_a_length_that_would_overflow_is_too_large),
		BUFFER_TEST(test_the_first_append_that_does_not_fit_sticks),
		BUFFER_TEST(test_a_format_has_1023_bytes_at_most),
		BUFFER_TEST(test_a_format_that_is_too_long_does_not_hide_the_first_failure),
		BUFFER_TEST(test_a_reset_forgets_text_and_failure_and_wipes),
		BUFFER_TEST(test_truncating_takes_back_the_end_and_wipes_it),
		BUFFER_TEST(test_truncating_or_resetting_an_untouched_buffer_does_nothing),
		cmocka_unit_test(test_a_zeroed_buffer_holds_nothing),
		BUFFER_TEST(test_a_cleared_buffer_can_be_used_again),
		cmocka_unit_test(test_clearing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
