/* SPDX-License-Identifier: ISC */
#include "../../fcgi/form.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdio.h>
#include <string.h>

#define LONG_128                                                                                   \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                         \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* VALUE is NULL where the form is refused. */
static const struct form_case {
	const char *text, *value;
} form_cases[] = {
	// clang-format off
	{ "token=a",                    "a" },
	{ "token=a&",                   "a" },
	{ "&&token=a",                  "a" },
	{ "x=1&token=a&y=2",            "a" },
	{ "x&token=a",                  "a" },
	{ "Token=b&token=a&tokens=c",   "a" },
	{ "x=%zz&%zz=1&token=a",        "a" },
	{ "token=a=b",                  "a=b" },
	{ "token==",                    "=" },
	{ "token=a+b%20c%2B",           "a b c+" },
	{ "token=%61%62%63",            "abc" },
	{ "%74oken=a",                  "a" },
	{ "token=" LONG_128,            LONG_128 },
	{ "token=" LONG_128 "0",        LONG_128 },
	{ "token=" LONG_128 LONG_128,   LONG_128 },

	{ "",                           NULL },
	{ "&",                          NULL },
	{ "=",                          NULL },
	{ "token",                      NULL },
	{ "token=",                     NULL },
	{ "token=&x=a",                 NULL },
	{ "tokens=a",                   NULL },
	{ "oken=a",                     NULL },
	{ "token=a&token=a",            NULL },
	{ "token=a&token",              NULL },
	{ "token&token=a",              NULL },
	{ "token=a&%74oken=b",          NULL },
	{ "token=%",                    NULL },
	{ "token=%4",                   NULL },
	{ "token=%4&x=1",               NULL },
	{ "token=a%g0",                 NULL },
	{ "token=" LONG_128 "%g0",      NULL },
	// clang-format on
};

/* On memory that ends where the text does. */
static enum result read_token(const char *text, size_t length, struct form_value *value,
			      struct error *err)
{
	char *copy = test_malloc(length + 1);
	enum result result;

	memcpy(copy, text, length);
	*err = (struct error){0};
	memset(value, 'x', sizeof(*value));
	result = form_read(length == 0 ? NULL : copy, length, "token", value, err);
	test_free(copy);
	return result;
}

static void test_a_field_is_found_and_decoded_or_refused(void **state)
{
	struct form_value value;
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(form_cases); i++) {
		const struct form_case *c = &form_cases[i];
		enum result result = read_token(c->text, strlen(c->text), &value, &err);
		enum result expected = c->value == NULL ? RESULT_INVALID_REQUEST : RESULT_OK;
		size_t length = c->value == NULL ? 0 : strlen(c->value);

		if (result != expected || value.length != length ||
		    (length > 0 && memcmp(value.bytes, c->value, length) != 0))
			fail_msg("%.60s: %s, %zu bytes", c->text, error_reason(result),
				 value.length);
		if (result == RESULT_OK)
			continue;
		assert_string_equal(err.field, "token");
		assert_true(sodium_is_zero((const uint8_t *)value.bytes, sizeof(value.bytes)) == 1);
	}
}

static void test_any_bytes_are_read_back(void **state)
{
	struct random_source source = random_begin();

	(void)state;
	for (int round = 0; round < 2000; round++) {
		char text[sizeof("token=") + 3 * FORM_VALUE_SIZE] = "token=";
		char bytes[FORM_VALUE_SIZE];
		size_t length = 1 + random_below(&source, sizeof(bytes));
		size_t used = strlen(text);
		struct form_value value;
		struct error err;

		for (size_t i = 0; i < length; i++) {
			unsigned char byte = (unsigned char)random_below(&source, 256);
			bool is_plain = (byte >= 'a' && byte <= 'z') || byte >= 0x80 || byte == 0;

			bytes[i] = (char)byte;
			if (is_plain && random_one_in(&source, 2))
				text[used++] = (char)byte;
			else
				used += (size_t)snprintf(text + used, sizeof(text) - used, "%%%02x",
							 (unsigned)byte);
		}
		assert_int_equal(read_token(text, used, &value, &err), RESULT_OK);
		assert_int_equal(value.length, length);
		assert_memory_equal(value.bytes, bytes, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_field_is_found_and_decoded_or_refused),
		cmocka_unit_test(test_any_bytes_are_read_back),
	};

	if (sodium_init() < 0)
		return 1;
	return random_report(cmocka_run_group_tests(tests, NULL, NULL));
}
