/* SPDX-License-Identifier: ISC */
#include "permission.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdio.h>
#include <string.h>

enum { BUILT_IN = 18 };

static void test_the_built_in_catalogue_is_that_of_the_reference_interface(void **state)
{
	static const char *const names[BUILT_IN] = {
		"analytics:read", "goals:read",     "goals:write",   "payments:read",
		"payments:write", "identify:write", "websites:read", "websites:write",
		"settings:read",  "settings:write", "funnels:read",  "funnels:write",
		"alerts:read",    "alerts:write",   "team:read",     "team:write",
		"api-keys:read",  "api-keys:write",
	};
	struct catalogue catalogue;

	(void)state;
	catalogue_default(&catalogue);
	assert_int_equal(catalogue.count, BUILT_IN);
	for (size_t i = 0; i < BUILT_IN; i++) {
		assert_string_equal(catalogue.permissions[i].name, names[i]);
		assert_true(strlen(catalogue.permissions[i].description) > 0);
	}
}

static const struct find_case {
	const char *label, *name;
	size_t length;
	bool found;
} find_cases[] = {
// clang-format off
#define TEXT(literal) literal, sizeof(literal) - 1
	{ "a name of it",            TEXT("goals:read"),      true  },
	{ "a piece of a text",       "goals:readable", 10,    true  },
	{ "a name that goes on",     TEXT("goals:readx"),     false },
	{ "a name cut short",        TEXT("goals:rea"),       false },
	{ "capitals",                TEXT("Goals:read"),      false },
	{ "a blank before",          TEXT(" goals:read"),     false },
	{ "a NUL and more behind",   TEXT("goals:read\0xyz"), false },
	{ "a NUL behind",            "goals:read", 11,        false },
	{ "the star",                TEXT("*"),               false },
	{ "nothing",                 TEXT(""),                false },
#undef TEXT
	// clang-format on
};

static void test_a_name_is_found_only_as_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(find_cases); i++) {
		const struct find_case *c = &find_cases[i];
		size_t index = 77;

		if (catalogue_find(catalogue_of_tests(), c->name, c->length, &index) != c->found)
			fail_msg("%s: expected %s", c->label, c->found ? "found" : "not found");
		assert_int_equal(index, c->found ? 1 : 77);
	}
}

static void test_a_name_behind_whose_nul_a_long_text_follows_is_not_found(void **state)
{
	static char text[70000] = "goals:read";
	size_t index;

	(void)state;
	assert_false(catalogue_find(catalogue_of_tests(), text, sizeof(text), &index));
}

static void test_one_name_or_a_star_is_a_set(void **state)
{
	static const char *const wrong[] = {"",   "goals", "Goals:read", "goals:read ",
					    "**", "*:read"};
	struct permission_set set = {.bits = 77};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		assert_false(permission_set_find(catalogue_of_tests(), wrong[i], strlen(wrong[i]),
						 &set));
	assert_int_equal(set.bits, 77);
	assert_true(permission_set_find(catalogue_of_tests(), "goals:read and more", 10, &set));
	assert_true(set.bits == permission_of("goals:read").bits && !set.every);
	assert_true(permission_set_find(catalogue_of_tests(), "*", 1, &set));
	assert_true(set.every && set.bits == 0);
}

static void test_a_catalogue_file_is_read(void **state)
{
	static const char text[] = "# ours\n"
				   "\n"
				   "door:open  Open a door.\r\n"
				   "\tdoor:close\tClose a \"door\".\n"
				   "   # not a permission\n"
				   "a_b:c-9";
	struct catalogue catalogue;
	struct error err = {0};

	(void)state;
	assert_int_equal(catalogue_parse(&catalogue, "f", text, sizeof(text) - 1, &err), RESULT_OK);
	assert_int_equal(catalogue.count, 3);
	assert_string_equal(catalogue.permissions[0].name, "door:open");
	assert_string_equal(catalogue.permissions[0].description, "Open a door.");
	assert_string_equal(catalogue.permissions[1].name, "door:close");
	assert_string_equal(catalogue.permissions[1].description, "Close a \"door\".");
	assert_string_equal(catalogue.permissions[2].name, "a_b:c-9");
	assert_string_equal(catalogue.permissions[2].description, "");
}

static const struct parse_case {
	const char *label, *text;
	const char *place; /* how the message begins */
} parse_cases[] = {
	// clang-format off
	{ "no colon",                  "a:b x\ndoor Open\n",      "file:2: " },
	{ "two colons",                "a:b:c x\n",               "file:1: " },
	{ "nothing before the colon",  ":open x\n",               "file:1: " },
	{ "nothing behind the colon",  "door: x\n",               "file:1: " },
	{ "the star",                  "* All\n",                 "file:1: " },
	{ "a star as the action",      "door:* All\n",            "file:1: " },
	{ "capitals",                  "Door:open x\n",           "file:1: " },
	{ "not ASCII",                 "t\xC3\xBCr:open x\n",     "file:1: " },
	{ "the same name twice",       "\na:b x\n# c\na:b y\n",   "file:4: " },
	{ "a control character",       "a:b x\x1Bz\n",            "file:1: " },
	{ "nothing in it",             "# only this\n\n",         "file: "   },
	{ "empty",                     "",                        "file: "   },
	{ "a name of 65 bytes",
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:b x\n", "file:1: " },
	// clang-format on
};

static void test_a_bad_catalogue_file_is_refused_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(parse_cases); i++) {
		const struct parse_case *c = &parse_cases[i];
		struct catalogue catalogue;
		struct error err = {0};

		if (catalogue_parse(&catalogue, "file", c->text, strlen(c->text), &err) !=
		    RESULT_INVALID_CONFIGURATION)
			fail_msg("%s: accepted", c->label);
		if (strncmp(err.message, c->place, strlen(c->place)) != 0)
			fail_msg("%s: the message is %s", c->label, err.message);
	}
}

static void test_a_nul_in_a_catalogue_file_is_refused(void **state)
{
	static const char text[] = "a:b\0c x\n";
	struct catalogue catalogue;
	struct error err = {0};

	(void)state;
	assert_int_equal(catalogue_parse(&catalogue, "file", text, sizeof(text) - 1, &err),
			 RESULT_INVALID_CONFIGURATION);
}

/* COUNT lines, the last with a sentence of SENTENCE bytes. */
static enum result parse_lines(size_t count, size_t sentence)
{
	static char text[16384];
	struct catalogue catalogue;
	struct error err = {0};
	size_t length = 0;

	for (size_t i = 0; i < count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "n%zu:read \n", i);
	length--;
	memset(text + length, 'x', sentence);
	return catalogue_parse(&catalogue, "file", text, length + sentence, &err);
}

static void test_a_catalogue_has_room_for_64_names_and_200_bytes_of_sentence(void **state)
{
	(void)state;
	assert_int_equal(parse_lines(64, 200), RESULT_OK);
	assert_int_equal(parse_lines(65, 0), RESULT_INVALID_CONFIGURATION);
	assert_int_equal(parse_lines(1, 201), RESULT_INVALID_CONFIGURATION);
}

static const struct covers_case {
	const char *label;
	struct permission_set outer, inner;
	bool covered;
} covers_cases[] = {
	// clang-format off
	{ "nothing inside nothing",              { 0, false },              { 0, false },              true  },
	{ "nothing inside something",            { 1, false },              { 0, false },              true  },
	{ "something inside nothing",            { 0, false },              { 1, false },              false },
	{ "some of more",                        { 7, false },              { 5, false },              true  },
	{ "more than some",                      { 5, false },              { 7, false },              false },
	{ "the last bit",                        { UINT64_MAX, false },     { UINT64_C(1) << 63, false }, true  },
	{ "a star inside a star",                { 0, true },               { 0, true },               true  },
	{ "everything listed inside a star",     { 0, true },               { UINT64_MAX, false },     true  },
	{ "a star inside everything listed",     { UINT64_MAX, false },     { 0, true },               false },
	{ "a star with names inside those names", { 3, false },             { 3, true },               false },
	// clang-format on
};

static const struct lacking_case {
	const char *label;
	struct permission_set needed, held, lacking;
} lacking_cases[] = {
	{"all is held", {.bits = 6}, {.bits = 7}, {0}},
	{"some is", {.bits = 6}, {.bits = 3}, {.bits = 4}},
	{"nothing is", {.bits = 6}, {0}, {.bits = 6}},
	{"a star holds all", {.bits = 6}, {.every = true}, {0}},
	{"a star holds a star", {.every = true}, {.every = true}, {0}},
	{"a star is not every name", {.every = true}, {.bits = UINT64_MAX}, {.every = true}},
	{"nothing is needed", {0}, {0}, {0}},
};

static void test_what_is_lacking_is_nothing_just_where_all_is_covered(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lacking_cases); i++) {
		const struct lacking_case *c = &lacking_cases[i];
		struct permission_set lacking = permission_set_lacking(c->needed, c->held);

		if (lacking.bits != c->lacking.bits || lacking.every != c->lacking.every ||
		    permission_set_is_empty(lacking) != permission_set_covers(c->held, c->needed))
			fail_msg("%s", c->label);
	}
}

static void test_only_a_star_covers_a_star(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(covers_cases); i++)
		if (permission_set_covers(covers_cases[i].outer, covers_cases[i].inner) !=
		    covers_cases[i].covered)
			fail_msg("%s", covers_cases[i].label);
}

static void test_a_union_holds_both_and_nothing_else(void **state)
{
	struct permission_set both =
		permission_set_union(permission_set_of(0), permission_set_of(63));
	struct permission_set star = {.every = true};

	(void)state;
	assert_true(permission_set_covers(both, permission_set_of(0)));
	assert_true(permission_set_covers(both, permission_set_of(63)));
	assert_false(permission_set_covers(both, permission_set_of(1)));
	assert_false(permission_set_covers(both, star));
	assert_true(permission_set_covers(permission_set_union(both, star), star));
	assert_true(permission_set_covers(permission_set_union(star, both), star));
	assert_true(permission_set_is_empty((struct permission_set){0}));
	assert_false(permission_set_is_empty(both));
	assert_false(permission_set_is_empty(star));
}

static const struct text_case {
	const char *label, *text, *written;
} text_cases[] = {
	// clang-format off
	{ "one name",                   "goals:read",                "goals:read"                },
	{ "catalogue order",            "goals:read analytics:read", "analytics:read goals:read" },
	{ "twice",                      "goals:read goals:read",     "goals:read"                },
	{ "the star",                   "*",                         "*"                         },
	{ "a star beside a name",       "goals:read *",              "*"                         },
	{ "a name the catalogue lost",  "old:read goals:read",       "goals:read"                },
	{ "only lost names",            "old:read",                  ""                          },
	{ "nothing",                    "",                          ""                          },
	{ "blanks",                     "  goals:read  ",            "goals:read"                },
	{ "a longer star",              "** *x",                     ""                          },
	// clang-format on
};

static void test_names_in_a_row_are_read_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(text_cases); i++) {
		const struct text_case *c = &text_cases[i];
		struct buffer out;

		buffer_init(&out, 1000);
		permission_set_write(catalogue_of_tests(),
				     permission_set_parse(catalogue_of_tests(), c->text), &out);
		buffer_append(&out, "", 0);
		assert_int_equal(buffer_result(&out), RESULT_OK);
		if (strcmp(out.data, c->written) != 0)
			fail_msg("%s: written as \"%s\"", c->label, out.data);
		buffer_clear(&out);
	}
}

static void test_every_set_survives_being_written_and_read(void **state)
{
	struct random_source source = random_begin();

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct permission_set set = {.bits = random_next(&source) &
						     ((UINT64_C(1) << BUILT_IN) - 1)};
		struct permission_set again;
		struct buffer out;

		buffer_init(&out, 1000);
		permission_set_write(catalogue_of_tests(), set, &out);
		buffer_append(&out, "", 0);
		again = permission_set_parse(catalogue_of_tests(), out.data);
		assert_true(again.bits == set.bits && !again.every);
		buffer_clear(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_built_in_catalogue_is_that_of_the_reference_interface),
		cmocka_unit_test(test_a_name_is_found_only_as_it_is),
		cmocka_unit_test(test_a_name_behind_whose_nul_a_long_text_follows_is_not_found),
		cmocka_unit_test(test_one_name_or_a_star_is_a_set),
		cmocka_unit_test(test_a_catalogue_file_is_read),
		cmocka_unit_test(test_a_bad_catalogue_file_is_refused_with_its_line),
		cmocka_unit_test(test_a_nul_in_a_catalogue_file_is_refused),
		cmocka_unit_test(test_a_catalogue_has_room_for_64_names_and_200_bytes_of_sentence),
		cmocka_unit_test(test_what_is_lacking_is_nothing_just_where_all_is_covered),
		cmocka_unit_test(test_only_a_star_covers_a_star),
		cmocka_unit_test(test_a_union_holds_both_and_nothing_else),
		cmocka_unit_test(test_names_in_a_row_are_read_and_written),
		cmocka_unit_test(test_every_set_survives_being_written_and_read),
	};

	if (sodium_init() < 0)
		return 1;
	return random_report(cmocka_run_group_tests(tests, NULL, NULL));
}
