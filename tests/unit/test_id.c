/* SPDX-License-Identifier: ISC */
#include "id.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdbool.h>
#include <string.h>

/* With its length, because a text may hold a NUL. */
#define TEXT(literal) (literal), sizeof(literal) - 1

static const char sample[] = "65a1b2c3d4e5f60718293a4b";

/* An id whose last byte is its whole difference from the others. */
static struct id id_numbered(uint8_t number)
{
	return (struct id){.bytes = {[ID_SIZE - 1] = number}};
}

static void test_an_id_is_read_and_written_as_24_lower_case_digits(void **state)
{
	static const uint8_t bytes[ID_SIZE] = {0x65, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5,
					       0xf6, 0x07, 0x18, 0x29, 0x3a, 0x4b};
	char text[ID_TEXT_SIZE];
	struct id id;

	(void)state;
	assert_true(id_parse(sample, strlen(sample), &id));
	assert_memory_equal(id.bytes, bytes, ID_SIZE);
	memset(text, 'x', sizeof(text));
	id_format(&id, text);
	assert_string_equal(text, sample);
}

static void test_what_was_written_is_read_again(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		char text[ID_TEXT_SIZE];
		struct id id = id_new(i), again;

		id_format(&id, text);
		if (!id_parse(text, strlen(text), &again) || !id_equals(&id, &again))
			fail_msg("%s", text);
	}
}

static const struct refuse_case {
	const char *label, *text;
	size_t length;
} refuse_cases[] = {
	// clang-format off
	{ "nothing",               TEXT("")                           },
	{ "23 digits",             TEXT("65a1b2c3d4e5f60718293a4")    },
	{ "25 digits",             TEXT("65a1b2c3d4e5f60718293a4b0")  },
	{ "a capital first",       TEXT("A5a1b2c3d4e5f60718293a4b")   },
	{ "a capital last",        TEXT("65a1b2c3d4e5f60718293a4B")   },
	{ "all capitals",          TEXT("65A1B2C3D4E5F60718293A4B")   },
	{ "a g",                   TEXT("65a1b2c3d4e5g60718293a4b")   },
	{ "the sign before a",     TEXT("65`1b2c3d4e5f60718293a4b")   },
	{ "the sign before 0",     TEXT("65/1b2c3d4e5f60718293a4b")   },
	{ "the sign behind 9",     TEXT("65:1b2c3d4e5f60718293a4b")   },
	{ "0x before 22 digits",   TEXT("0xa1b2c3d4e5f60718293a4b")   },
	{ "a blank before",        TEXT(" 5a1b2c3d4e5f60718293a4b")   },
	{ "a blank behind",        TEXT("65a1b2c3d4e5f60718293a4 ")   },
	{ "a line feed behind",    TEXT("65a1b2c3d4e5f60718293a4b\n") },
	{ "a NUL inside",          TEXT("65a1b2c3d4e5\0" "0718293a4b") },
	{ "a NUL behind",          TEXT("65a1b2c3d4e5f60718293a4b\0") },
	{ "a byte beyond ASCII",   TEXT("65a1b2c3d4e5\xf6" "0718293a4b") },
	{ "null",                  TEXT("null")                       },
	{ "a path",                TEXT("../self")                    },
	// clang-format on
};

static void test_anything_else_is_no_id_and_leaves_it_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(refuse_cases); i++) {
		const struct refuse_case *c = &refuse_cases[i];
		struct id id = id_numbered(99), before = id;

		if (id_parse(c->text, c->length, &id) || !id_equals(&id, &before))
			fail_msg("%s: accepted, or the id was touched", c->label);
	}
}

static void test_a_new_id_begins_with_its_second(void **state)
{
	static const uint8_t second[4] = {0x65, 0xa1, 0xb2, 0xc3};
	struct id id = id_new(INT64_C(0x65a1b2c3) * 1000 + 999);

	(void)state;
	assert_memory_equal(id.bytes, second, sizeof(second));
}

static void test_new_ids_of_one_moment_differ(void **state)
{
	struct id ids[1000];
	struct id_set set;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++)
		ids[i] = id_new(0);
	assert_int_equal(id_set_init(&set, ids, ARRAY_LENGTH(ids)), RESULT_OK);
	assert_int_equal(set.count, ARRAY_LENGTH(ids));
	id_set_clear(&set);
}

static void test_ids_are_equal_in_all_bytes_or_not(void **state)
{
	struct id id, other;

	(void)state;
	assert_true(id_parse(sample, strlen(sample), &id));
	other = id;
	assert_true(id_equals(&id, &other));
	for (size_t i = 0; i < ID_SIZE; i++) {
		other = id;
		other.bytes[i] ^= 0x80;
		if (id_equals(&id, &other))
			fail_msg("byte %zu", i);
	}
}

static void test_a_set_is_sorted_and_folds_duplicates(void **state)
{
	static const uint8_t numbers[] = {200, 7, 7, 0, 255, 7, 0, 128};
	static const uint8_t sorted[] = {0, 7, 128, 200, 255};
	struct id ids[ARRAY_LENGTH(numbers)];
	struct id_set set;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
		ids[i] = id_numbered(numbers[i]);
	assert_int_equal(id_set_init(&set, ids, ARRAY_LENGTH(ids)), RESULT_OK);
	assert_int_equal(set.count, ARRAY_LENGTH(sorted));
	for (size_t i = 0; i < ARRAY_LENGTH(sorted); i++)
		assert_int_equal(set.ids[i].bytes[ID_SIZE - 1], sorted[i]);
	id_set_clear(&set);
}

static void test_a_set_contains_what_it_was_made_of_and_nothing_else(void **state)
{
	struct id ids[128];
	struct id_set set;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++)
		ids[i] = id_numbered((uint8_t)(255 - 2 * i)); /* the odd ones, falling */
	assert_int_equal(id_set_init(&set, ids, ARRAY_LENGTH(ids)), RESULT_OK);
	for (int number = 0; number < 256; number++) {
		struct id id = id_numbered((uint8_t)number);

		if (id_set_contains(&set, &id) != (number % 2 == 1))
			fail_msg("%d", number);
	}
	id_set_clear(&set);
}

static void test_an_empty_set_contains_nothing_and_owns_nothing(void **state)
{
	struct id_set made, zeroed = {0};
	struct id zero = {0};

	(void)state;
	assert_int_equal(id_set_init(&made, NULL, 0), RESULT_OK);
	assert_null(made.ids);
	assert_false(id_set_contains(&made, &zero));
	assert_false(id_set_contains(&zeroed, &zero));
	id_set_clear(&made);
}

/* The set of the numbers whose bits are set in MASK. */
static void set_of_mask(unsigned mask, struct id_set *set)
{
	struct id ids[4];
	size_t count = 0;

	for (uint8_t bit = 0; bit < 4; bit++)
		if (mask & 1U << bit)
			ids[count++] = id_numbered(bit);
	assert_int_equal(id_set_init(set, ids, count), RESULT_OK);
}

static void test_a_set_covers_its_subsets_and_no_other_set(void **state)
{
	(void)state;
	for (unsigned outer_mask = 0; outer_mask < 16; outer_mask++) {
		for (unsigned inner_mask = 0; inner_mask < 16; inner_mask++) {
			struct id_set outer, inner;

			set_of_mask(outer_mask, &outer);
			set_of_mask(inner_mask, &inner);
			if (id_set_covers(&outer, &inner) != ((inner_mask & ~outer_mask) == 0))
				fail_msg("%x in %x", inner_mask, outer_mask);
			id_set_clear(&inner);
			id_set_clear(&outer);
		}
	}
}

static void test_clearing_twice_and_clearing_nothing_are_allowed(void **state)
{
	struct id id = id_numbered(1);
	struct id_set set;

	(void)state;
	assert_int_equal(id_set_init(&set, &id, 1), RESULT_OK);
	id_set_clear(&set);
	assert_null(set.ids);
	assert_int_equal(set.count, 0);
	id_set_clear(&set);
	id_set_clear(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_id_is_read_and_written_as_24_lower_case_digits),
		cmocka_unit_test(test_what_was_written_is_read_again),
		cmocka_unit_test(test_anything_else_is_no_id_and_leaves_it_alone),
		cmocka_unit_test(test_a_new_id_begins_with_its_second),
		cmocka_unit_test(test_new_ids_of_one_moment_differ),
		cmocka_unit_test(test_ids_are_equal_in_all_bytes_or_not),
		cmocka_unit_test(test_a_set_is_sorted_and_folds_duplicates),
		cmocka_unit_test(test_a_set_contains_what_it_was_made_of_and_nothing_else),
		cmocka_unit_test(test_an_empty_set_contains_nothing_and_owns_nothing),
		cmocka_unit_test(test_a_set_covers_its_subsets_and_no_other_set),
		cmocka_unit_test(test_clearing_twice_and_clearing_nothing_are_allowed),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
