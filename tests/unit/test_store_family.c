/* SPDX-License-Identifier: ISC */
#include "store.h"

#include "support.h"
#include "timestamp.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdio.h>
#include <string.h>

/* The family of these tests: a made b and c; b made d and e; d made f; g stands alone. Each is one
 * letter. */
struct family {
	struct fixture *fixture;
	struct id ids[7];
};

static void add(struct family *family, char name, char parent, const char *scope)
{
	family->ids[name - 'a'] =
		fixture_add_token(family->fixture, 1, scope,
				  parent == '\0' ? NULL : &family->ids[parent - 'a'])
			.id;
}

static struct family add_family(void **state)
{
	struct family family = {.fixture = *state};

	fixture_add_account(family.fixture, 1);
	fixture_add_account(family.fixture, 2);
	add(&family, 'a', '\0', "*/all/never");
	add(&family, 'b', 'a', "*/all/700");
	add(&family, 'c', 'a', "*/all/never");
	add(&family, 'd', 'b', "*/all/900");
	add(&family, 'e', 'b', "*/all/never");
	add(&family, 'f', 'd', "*/all/500");
	add(&family, 'g', '\0', "*/all/500");
	return family;
}

static struct id id_of(const struct family *family, char name)
{
	return family->ids[name - 'a'];
}

static void revoke(const struct family *family, char name, int64_t at)
{
	struct id id = id_of(family, name);

	assert_int_equal(store_revoke_token(family->fixture->store, &id, at, NULL), RESULT_OK);
}

/* The letters of what a walk gave. */
struct seen {
	const struct family *family;
	char letters[16];
	size_t count, stop_at;
};

static bool see(void *context, const struct token_record *record)
{
	struct seen *seen = context;

	for (char name = 'a'; name <= 'g'; name++)
		if (id_equals(&record->id, &seen->family->ids[name - 'a']))
			seen->letters[seen->count++] = name;
	return seen->count != seen->stop_at;
}

static void assert_children(const struct family *family, char parent, unsigned account,
			    int64_t before, bool with_revoked, const char *expected)
{
	struct seen seen = {.family = family};
	struct id owner = account_id(account);
	struct id parent_id = id_of(family, parent);

	assert_int_equal(store_list_children(family->fixture->store, &owner, &parent_id, before,
					     with_revoked, see, &seen),
			 RESULT_OK);
	assert_string_equal(seen.letters, expected);
}

static void test_children_are_those_of_one_maker_newest_first(void **state)
{
	struct family family = add_family(state);
	struct token_record e;
	struct id e_id = id_of(&family, 'e');

	assert_children(&family, 'a', 1, INT64_MAX, false, "cb");
	assert_children(&family, 'b', 1, INT64_MAX, false, "ed");
	assert_children(&family, 'g', 1, INT64_MAX, true, "");
	assert_children(&family, 'a', 2, INT64_MAX, true, "");
	revoke(&family, 'd', 5);
	assert_children(&family, 'b', 1, INT64_MAX, false, "e");
	assert_children(&family, 'b', 1, INT64_MAX, true, "ed");
	assert_int_equal(store_find_token(family.fixture->store, &e_id, &e), RESULT_OK);
	assert_children(&family, 'b', 1, e.sequence, true, "d");
	token_record_clear(&e);
}

static void assert_expiring(const struct family *family, int64_t after, int64_t until,
			    size_t stop_at, const char *expected)
{
	struct seen seen = {.family = family, .stop_at = stop_at};

	assert_int_equal(store_list_expiring(family->fixture->store, after, until, see, &seen),
			 RESULT_OK);
	assert_string_equal(seen.letters, expected);
}

static void test_what_expires_is_given_the_soonest_first(void **state)
{
	struct family family = add_family(state);

	assert_expiring(&family, 0, 10000, 0, "fgbd");
	assert_expiring(&family, 499, 500, 0, "fg");
	assert_expiring(&family, 500, 900, 0, "bd");
	assert_expiring(&family, 500, 899, 0, "b");
	assert_expiring(&family, 0, 10000, 3, "fgb");
	revoke(&family, 'b', 5);
	assert_expiring(&family, 0, 10000, 0, "fgd");
}

static const struct families_case {
	const char *listed;
	char spared;
	int64_t now;
	uint64_t count;
} families_cases[] = {
	{"a", '\0', 1, 5},  {"a", '\0', 500, 4}, {"a", 'e', 1, 4},        {"b", '\0', 1, 3},
	{"bd", '\0', 1, 2}, {"db", '\0', 1, 2},  {"abcdefg", '\0', 1, 0}, {"df", '\0', 1, 0},
	{"dg", '\0', 1, 1}, {"cb", '\0', 1, 3},  {"g", '\0', 1, 0},       {"", '\0', 1, 0},
	{"ad", 'f', 1, 3},  {"aa", '\0', 1, 5},
};

static void test_what_several_made_is_counted_once_and_without_them(void **state)
{
	struct family family = add_family(state);

	for (size_t i = 0; i < ARRAY_LENGTH(families_cases); i++) {
		const struct families_case *c = &families_cases[i];
		struct id ids[8], spared;
		uint64_t count = 77;
		size_t listed = strlen(c->listed);

		for (size_t j = 0; j < listed; j++)
			ids[j] = id_of(&family, c->listed[j]);
		if (c->spared != '\0')
			spared = id_of(&family, c->spared);
		assert_int_equal(store_count_families(family.fixture->store, ids, listed,
						      c->spared == '\0' ? NULL : &spared, c->now,
						      &count),
				 RESULT_OK);
		if (count != c->count)
			fail_msg("\"%s\" at %d: %d", c->listed, (int)c->now, (int)count);
	}
}

static void test_who_is_spared_lives_and_its_descendants_do_not(void **state)
{
	struct family family = add_family(state);
	struct id top = id_of(&family, 'a'), spared = id_of(&family, 'd');

	assert_int_equal(store_revoke_descendants(family.fixture->store, &top, &spared, 6, &spared),
			 RESULT_OK);
	for (char name = 'a'; name <= 'g'; name++) {
		struct id id = id_of(&family, name);
		struct token_record record;

		assert_int_equal(store_find_token(family.fixture->store, &id, &record), RESULT_OK);
		assert_int_equal(record.revoked_at != STORE_NO_MOMENT,
				 strchr("bcef", name) != NULL);
		token_record_clear(&record);
	}
}

struct dead {
	int64_t sequences[8];
	size_t count, stop_at;
};

static bool note_dead(void *context, int64_t sequence)
{
	struct dead *dead = context;

	dead->sequences[dead->count++] = sequence;
	return dead->count != dead->stop_at;
}

static size_t count_dead(const struct family *family, int64_t before, int64_t dead_before,
			 struct dead *dead)
{
	assert_int_equal(store_list_dead_tokens(family->fixture->store, before, dead_before,
						note_dead, dead),
			 RESULT_OK);
	return dead->count;
}

static void test_what_is_dead_was_revoked_or_expired_before_a_moment(void **state)
{
	struct family family = add_family(state);
	struct dead none = {0}, at_500 = {0}, at_501 = {0}, all = {0}, first = {.stop_at = 1};
	struct dead rest = {0};

	revoke(&family, 'c', 300);
	assert_int_equal(count_dead(&family, INT64_MAX, 300, &none), 0);
	assert_int_equal(count_dead(&family, INT64_MAX, 500, &at_500), 1); /* c */
	assert_int_equal(count_dead(&family, INT64_MAX, 501, &at_501), 3); /* c, f, g */
	assert_int_equal(count_dead(&family, INT64_MAX, 10000, &all), 5);
	for (size_t i = 1; i < all.count; i++)
		assert_true(all.sequences[i] < all.sequences[i - 1]);
	assert_int_equal(count_dead(&family, INT64_MAX, 10000, &first), 1);
	assert_int_equal(count_dead(&family, first.sequences[0], 10000, &rest), 4);
	assert_int_equal(rest.sequences[0], all.sequences[1]);
}

static bool removes(const struct family *family, char name, int64_t dead_before)
{
	struct id id = id_of(family, name);
	struct token_record record, removed;
	bool is_removed;
	enum result result;

	assert_int_equal(store_find_token(family->fixture->store, &id, &record), RESULT_OK);
	result = store_remove_dead_token(family->fixture->store, record.sequence, dead_before,
					 &removed);
	is_removed = result == RESULT_OK;
	assert_int_equal(result, is_removed ? RESULT_OK : RESULT_NOT_FOUND);
	if (is_removed)
		assert_memory_equal(&removed.id, &id, sizeof(id));
	token_record_clear(&removed);
	token_record_clear(&record);
	assert_int_equal(store_find_token(family->fixture->store, &id, &record),
			 is_removed ? RESULT_NOT_FOUND : RESULT_OK);
	token_record_clear(&record);
	return is_removed;
}

static void test_only_what_is_dead_and_nobody_s_maker_is_removed(void **state)
{
	struct family family = add_family(state);

	revoke(&family, 'd', 300);
	assert_false(removes(&family, 'a', 10000)); /* lives */
	assert_false(removes(&family, 'd', 10000)); /* made f */
	assert_false(removes(&family, 'f', 500));   /* not yet */
	assert_true(removes(&family, 'f', 501));
	assert_true(removes(&family, 'd', 301));
	assert_true(removes(&family, 'g', 10000));
	assert_false(removes(&family, 'b', 10000)); /* made e, which lives */
	assert_false(removes(&family, 'e', 10000));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_children_are_those_of_one_maker_newest_first),
		TEST(test_what_expires_is_given_the_soonest_first),
		TEST(test_what_several_made_is_counted_once_and_without_them),
		TEST(test_who_is_spared_lives_and_its_descendants_do_not),
		TEST(test_what_is_dead_was_revoked_or_expired_before_a_moment),
		TEST(test_only_what_is_dead_and_nobody_s_maker_is_removed),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
