/* SPDX-License-Identifier: ISC */
/* The filters of a list, the revocation of many, and the removal of what died long ago. */
#include "authority.h"

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

/* Alive at NOW: what does not end at 500. */
#define NOW INT64_C(1000)

enum { TOKENS = 6 };

/* 0 is the caller's; 0 made 1, which made 2; 3 and 4 are the operator's; 5 is another account's. */
struct scene {
	struct fixture *fixture;
	struct id ids[TOKENS];
	struct caller caller;
};

static struct id add(struct scene *scene, unsigned account, const char *scope,
		     const struct id *parent)
{
	return fixture_add_token(scene->fixture, account, scope, parent).id;
}

static struct scene set_scene(void **state, const char *caller_scope)
{
	struct scene scene = {.fixture = *state};

	fixture_add_account(scene.fixture, 1);
	fixture_add_account(scene.fixture, 2);
	fixture_add_website(scene.fixture, 1, 1);
	fixture_add_website(scene.fixture, 2, 1);
	fixture_add_website(scene.fixture, 3, 2);
	scene.ids[0] = add(&scene, 1, caller_scope, NULL);
	scene.ids[1] = add(&scene, 1, "goals:read/w1/never", &scene.ids[0]);
	scene.ids[2] = add(&scene, 1, "goals:read/w1,w2/never", &scene.ids[1]);
	scene.ids[3] = add(&scene, 1, "*/all/never", NULL);
	scene.ids[4] = add(&scene, 1, "funnels:read/w2/500", NULL);
	scene.ids[5] = add(&scene, 2, "*/all/never", NULL);
	scene.caller = fixture_caller(scene.fixture, &scene.ids[0]);
	scene.caller.required = permission_of("api-keys:write");
	return scene;
}

/* The digits of what was given, in that order. */
struct digits {
	const struct scene *scene;
	char text[TOKENS + 1];
	size_t count, stop_at;
	bool are_revoked;
};

static bool see(void *context, const struct token_record *record)
{
	struct digits *digits = context;

	if (digits->stop_at != 0 && digits->count == digits->stop_at)
		return false;
	for (size_t i = 0; i < TOKENS; i++)
		if (id_equals(&record->id, &digits->scene->ids[i]))
			digits->text[digits->count++] = (char)('0' + i);
	digits->are_revoked = record->revoked_at == NOW;
	return true;
}

static void assert_living(const struct scene *scene, const char *expected)
{
	char living[TOKENS + 1] = "";
	size_t count = 0;

	for (size_t i = 0; i < TOKENS; i++) {
		struct token_record record;

		assert_int_equal(store_find_token(scene->fixture->store, &scene->ids[i], &record),
				 RESULT_OK);
		if (record.revoked_at == STORE_NO_MOMENT)
			living[count++] = (char)('0' + i);
		token_record_clear(&record);
	}
	assert_string_equal(living, expected);
}

#define USUAL .active = true, .expired = true

static const struct filter_case {
	const char *label;
	struct token_filter filter;
	const char *permission;
	int parent;       /* a number of the scene; 0: any, as no token here is asked for by it */
	unsigned website; /* 0: any */
	const char *expected;
} filter_cases[] = {
	// clang-format off
	{ "nothing asked",                 { USUAL }, NULL, 0, 0, "43210" },
	{ "a permission, or a star",       { USUAL }, "goals:read", 0, 0, "3210" },
	{ "a star",                        { USUAL }, "*", 0, 0, "30" },
	{ "a permission of few",           { USUAL }, "funnels:read", 0, 0, "430" },
	{ "a maker",                       { USUAL }, NULL, 1, 0, "2" },
	{ "a maker of nothing",            { USUAL }, NULL, 2, 0, "" },
	{ "a maker and a permission",      { USUAL }, "*", 1, 0, "" },
	{ "a website",                     { USUAL }, NULL, 0, 1, "3210" },
	{ "another",                       { USUAL }, NULL, 0, 2, "4320" },
	{ "another account's",             { USUAL }, NULL, 0, 3, "" },
	{ "nobody's",                      { USUAL }, NULL, 0, 9, "" },
	{ "a website and what is active",  { .active = true }, NULL, 0, 2, "320" },
	{ "unused since before all",       { USUAL, .has_unused_since = true, .unused_since = 1000 }, NULL, 0, 0, "" },
	{ "unused since after all",        { USUAL, .has_unused_since = true, .unused_since = 1001 }, NULL, 0, 0, "43210" },
	// clang-format on
};

static void test_a_list_is_of_what_passes_every_filter(void **state)
{
	const struct token_position beginning = {0};
	struct scene scene = set_scene(state, "*/all/never");

	for (size_t i = 0; i < ARRAY_LENGTH(filter_cases); i++) {
		const struct filter_case *c = &filter_cases[i];
		struct token_filter filter = c->filter;
		struct digits digits = {.scene = &scene};
		struct token_position next;

		if (c->permission != NULL)
			filter.permission = permission_of(c->permission);
		filter.has_parent = c->parent != 0;
		filter.parent = scene.ids[c->parent];
		filter.has_website = c->website != 0;
		filter.website = website_id(c->website);
		assert_int_equal(authority_list(&scene.fixture->authority, &scene.caller, &filter,
						NOW, 100, &beginning, see, &digits, &next),
				 RESULT_OK);
		if (strcmp(digits.text, c->expected) != 0)
			fail_msg("%s: %s", c->label, digits.text);
	}
	caller_clear(&scene.caller);
}

static void use_at(const struct scene *scene, size_t index, int64_t at)
{
	struct token_use use = {.token = scene->ids[index], .at = at, .count = 1};

	assert_int_equal(store_add_use(scene->fixture->store, &use), RESULT_OK);
}

static void test_a_use_counts_and_else_the_making(void **state)
{
	const struct token_position beginning = {0};
	struct scene scene = set_scene(state, "*/all/never");
	struct token_filter filter = {USUAL, .has_unused_since = true, .unused_since = 5000};
	struct digits digits = {.scene = &scene};
	struct token_position next;

	use_at(&scene, 1, 4999);
	use_at(&scene, 3, 5000);
	assert_int_equal(authority_list(&scene.fixture->authority, &scene.caller, &filter, NOW, 100,
					&beginning, see, &digits, &next),
			 RESULT_OK);
	assert_string_equal(digits.text, "4210");
	caller_clear(&scene.caller);
}

static const struct sweep_case {
	const char *label, *caller, *permission;
	bool cascade;
	const char *given, *living; /* afterwards, in the scene's order */
	uint64_t descendants, skipped;
} sweep_cases[] = {
	// clang-format off
	{ "all but the caller",              "*/all/never",                       NULL,         false, "4321", "05", 0, 0 },
	{ "what holds a permission",         "*/all/never",                       "goals:read", false, "321", "045", 0, 0 },
	{ "a star; its maker is not asked",  "*/all/never",                       "*",          true,  "3",   "01245", 0, 0 },
	{ "what it made, though wider",       "api-keys:write/w1/never",           NULL,         false, "21",  "0345", 0, 0 },
	{ "what is wider is counted",        "api-keys:write,goals:read/all/never", NULL,       false, "21",  "0345", 0, 2 },
	{ "what it neither sees nor made",   "api-keys:write/w9/never",           NULL,         true,  "21",  "0345", 0, 0 },
	// clang-format on
};

static void test_a_sweep_revokes_what_the_caller_may_revoke(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(sweep_cases); i++) {
		const struct sweep_case *c = &sweep_cases[i];
		void *own = i == 0 ? *state : fixture_new(NULL);
		struct scene scene = set_scene(&own, c->caller);
		struct token_sweep sweep = {.filter = {USUAL}, .cascade = c->cascade};

		if (c->permission != NULL)
			sweep.filter.permission = permission_of(c->permission);
		/* First dry, which must say the same and change nothing. */
		for (int dry = 1; dry >= 0; dry--) {
			struct digits digits = {.scene = &scene};
			struct sweep_outcome outcome;

			sweep.is_dry_run = dry == 1;
			assert_int_equal(authority_sweep(&scene.fixture->authority, &scene.caller,
							 &sweep, NOW, see, &digits, &outcome),
					 RESULT_OK);
			if (strcmp(digits.text, c->given) != 0 ||
			    outcome.descendants != c->descendants ||
			    outcome.skipped != c->skipped || outcome.next.is_set)
				fail_msg("%s: %s %d %d", c->label, digits.text,
					 (int)outcome.descendants, (int)outcome.skipped);
			assert_int_equal(digits.are_revoked, dry == 0);
			assert_living(&scene, dry == 1 ? "012345" : c->living);
		}
		caller_clear(&scene.caller);
		if (i > 0)
			fixture_free(own);
	}
}

static void test_a_sweep_with_cascade_takes_what_they_made(void **state)
{
	struct scene scene = set_scene(state, "*/all/never");
	struct token_sweep sweep = {.filter = {USUAL, .has_parent = true}, .cascade = true};
	struct digits digits = {.scene = &scene};
	struct sweep_outcome outcome;

	sweep.filter.parent = scene.ids[0];
	assert_int_equal(authority_sweep(&scene.fixture->authority, &scene.caller, &sweep, NOW, see,
					 &digits, &outcome),
			 RESULT_OK);
	assert_string_equal(digits.text, "1");
	assert_int_equal(outcome.descendants, 1);
	assert_living(&scene, "0345");
	caller_clear(&scene.caller);
}

static void test_a_sweep_that_ends_early_goes_on_where_it_was(void **state)
{
	struct scene scene = set_scene(state, "*/all/never");
	struct token_sweep sweep = {.filter = {USUAL}};
	struct digits digits = {.scene = &scene, .stop_at = 2};
	struct sweep_outcome outcome;

	assert_int_equal(authority_sweep(&scene.fixture->authority, &scene.caller, &sweep, NOW, see,
					 &digits, &outcome),
			 RESULT_OK);
	assert_string_equal(digits.text, "43");
	assert_living(&scene, "0125");
	assert_true(outcome.next.is_set);
	sweep.after = outcome.next;
	digits.stop_at = 0;
	assert_int_equal(authority_sweep(&scene.fixture->authority, &scene.caller, &sweep, NOW, see,
					 &digits, &outcome),
			 RESULT_OK);
	assert_string_equal(digits.text, "4321");
	assert_living(&scene, "05");
	assert_false(outcome.next.is_set);
	caller_clear(&scene.caller);
}

static enum result sweep_all(struct scene *scene)
{
	const struct token_sweep sweep = {.filter = {USUAL}};
	struct digits digits = {.scene = scene};
	struct sweep_outcome outcome;

	return authority_sweep(&scene->fixture->authority, &scene->caller, &sweep, NOW, see,
			       &digits, &outcome);
}

static void test_a_sweep_is_judged_by_the_caller_s_row_of_now(void **state)
{
	struct scene scene = set_scene(state, "*/all/never");

	scene.fixture->authority.may_wait = false;
	assert_int_equal(sweep_all(&scene), RESULT_BUSY);
	scene.fixture->authority.may_wait = true;
	assert_int_equal(store_revoke_token(scene.fixture->store, &scene.ids[0], 5, NULL),
			 RESULT_OK);
	assert_int_equal(sweep_all(&scene), RESULT_INVALID_TOKEN);
	assert_living(&scene, "12345");
	caller_clear(&scene.caller);
}

static void test_a_sweep_that_cannot_be_audited_changes_nothing(void **state)
{
	struct scene scene = set_scene(state, "*/all/never");

	scene.fixture->authority.audit = NULL;
	assert_int_not_equal(sweep_all(&scene), RESULT_OK);
	assert_living(&scene, "012345");
	caller_clear(&scene.caller);
}

static bool count_pause(void *context)
{
	size_t *left = context;

	return (*left)-- > 1;
}

static uint64_t purge(struct scene *scene, int64_t dead_before, size_t runs)
{
	uint64_t removed = 77;

	assert_int_equal(authority_purge(&scene->fixture->authority, NOW, dead_before, count_pause,
					 &runs, &removed),
			 RESULT_OK);
	return removed;
}

static void test_a_purge_removes_the_children_before_their_maker(void **state)
{
	struct scene scene = set_scene(state, "*/all/never");
	struct token_record record;

	assert_int_equal(store_revoke_token(scene.fixture->store, &scene.ids[1], 600, NULL),
			 RESULT_OK);
	assert_int_equal(purge(&scene, 500, SIZE_MAX), 0);
	assert_int_equal(purge(&scene, 501, SIZE_MAX), 1); /* 4 */
	assert_int_equal(purge(&scene, NOW, SIZE_MAX), 0); /* 1 made 2, which lives */
	assert_int_equal(store_revoke_token(scene.fixture->store, &scene.ids[2], 700, NULL),
			 RESULT_OK);
	assert_int_equal(purge(&scene, 700, SIZE_MAX), 0);
	assert_int_equal(purge(&scene, 701, SIZE_MAX), 2); /* 2, then 1 */
	assert_int_equal(store_find_token(scene.fixture->store, &scene.ids[0], &record), RESULT_OK);
	token_record_clear(&record);
	caller_clear(&scene.caller);
}

static void test_a_purge_can_be_stopped_between_two_transactions(void **state)
{
	struct scene scene = set_scene(state, "*/all/never");

	assert_int_equal(store_begin(scene.fixture->store), RESULT_OK);
	for (int i = 0; i < 450; i++)
		add(&scene, 1, "goals:read/all/500", &scene.ids[0]);
	assert_int_equal(store_commit(scene.fixture->store), RESULT_OK);
	assert_int_equal(purge(&scene, NOW, 1), 200);
	assert_int_equal(purge(&scene, NOW, SIZE_MAX), 251); /* and 4 */
	caller_clear(&scene.caller);
}

/* The digits of the tokens whose removal the audit tells, in that order; other rows are "?". */
static bool see_purge(void *context, const struct audit_row *row)
{
	static const char action[] = "token.purge";
	struct digits *digits = context;
	const struct audit_value *values = row->values;
	bool is_purge = strcmp(values[AUDIT_ACTION].bytes, action) == 0 && row->at == NOW &&
			values[AUDIT_ACTOR].bytes == NULL && values[AUDIT_BEFORE].bytes != NULL &&
			values[AUDIT_AFTER].bytes == NULL &&
			values[AUDIT_TARGET].length == sizeof(struct id) &&
			values[AUDIT_ACCOUNT].length == sizeof(struct id);
	char digit = '?';

	for (size_t i = 0; is_purge && i < TOKENS; i++) {
		const struct id account = account_id(i == 5 ? 2 : 1);

		if (memcmp(values[AUDIT_TARGET].bytes, &digits->scene->ids[i], sizeof(struct id)) ==
			    0 &&
		    memcmp(values[AUDIT_ACCOUNT].bytes, &account, sizeof(account)) == 0)
			digit = (char)('0' + i);
	}
	digits->text[digits->count++] = digit;
	return digits->count < TOKENS;
}

static void assert_purges_audited(const struct scene *scene, const char *expected)
{
	struct digits digits = {.scene = scene};

	assert_int_equal(store_list_audit(scene->fixture->store, 0, see_purge, &digits), RESULT_OK);
	assert_string_equal(digits.text, expected);
}

static void test_a_purge_writes_a_row_about_each_token_that_it_removes(void **state)
{
	struct scene scene = set_scene(state, "*/all/never");
	static const int revoked[] = {1, 2, 5};

	for (size_t i = 0; i < ARRAY_LENGTH(revoked); i++)
		assert_int_equal(
			store_revoke_token(scene.fixture->store, &scene.ids[revoked[i]], 600, NULL),
			RESULT_OK);
	assert_int_equal(purge(&scene, 500, SIZE_MAX), 0);
	assert_purges_audited(&scene, "");
	assert_int_equal(purge(&scene, NOW, SIZE_MAX), 4);
	assert_purges_audited(&scene, "5421");
	caller_clear(&scene.caller);
}

static void test_a_purge_that_cannot_be_audited_removes_nothing(void **state)
{
	struct scene scene = set_scene(state, "*/all/never");
	size_t runs = SIZE_MAX;
	uint64_t removed = 77;

	assert_int_equal(store_revoke_token(scene.fixture->store, &scene.ids[5], 600, NULL),
			 RESULT_OK);
	/* The row about 5 is written, and that about 4 is not. */
	run_sql(scene.fixture->path, "CREATE TRIGGER full BEFORE INSERT ON audit "
				     "WHEN new.sequence > 1 BEGIN SELECT raise(ABORT, ''); END");
	assert_int_not_equal(
		authority_purge(&scene.fixture->authority, NOW, NOW, count_pause, &runs, &removed),
		RESULT_OK);
	assert_int_equal(removed, 0);
	assert_living(&scene, "01234"); /* which finds all of them */
	assert_purges_audited(&scene, "");
	caller_clear(&scene.caller);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_list_is_of_what_passes_every_filter),
		TEST(test_a_use_counts_and_else_the_making),
		TEST(test_a_sweep_revokes_what_the_caller_may_revoke),
		TEST(test_a_sweep_with_cascade_takes_what_they_made),
		TEST(test_a_sweep_that_ends_early_goes_on_where_it_was),
		TEST(test_a_sweep_is_judged_by_the_caller_s_row_of_now),
		TEST(test_a_sweep_that_cannot_be_audited_changes_nothing),
		TEST(test_a_purge_removes_the_children_before_their_maker),
		TEST(test_a_purge_can_be_stopped_between_two_transactions),
		TEST(test_a_purge_writes_a_row_about_each_token_that_it_removes),
		TEST(test_a_purge_that_cannot_be_audited_removes_nothing),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
