/* SPDX-License-Identifier: ISC */
/* What was asked by the hour: as the store keeps it, and as the authority notes and shows it. */
#include "authority.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdio.h>
#include <string.h>

#define HERE "192.0.2.1"
#define THERE "198.51.100.1"

/* The hours of these tests count from this one. */
enum { FIRST_HOUR = 400000, HOURS_MAX = ACTIVITY_DAYS_MAX * 24 };
#define MOMENT_OF(hour) ((int64_t)(FIRST_HOUR + (hour)) * STORE_MS_PER_HOUR)

static void add(struct fixture *fixture, const struct id *token, int64_t hour, uint64_t count,
		uint64_t refusals)
{
	struct token_use use = {.token = *token,
				.hour = FIRST_HOUR + hour,
				.at = count > 0 ? MOMENT_OF(hour) : STORE_NO_MOMENT,
				.newest_key_at = STORE_NO_MOMENT,
				.count = count,
				.refusals = refusals};

	assert_int_equal(store_add_use(fixture->store, &use), RESULT_OK);
}

/* Hours as text, "hour:requests/refusals" each with a blank behind. */
struct shown {
	char text[512];
	size_t length, count;
};

static void show(void *context, const struct activity *activity)
{
	struct shown *shown = context;
	size_t room = sizeof(shown->text) - shown->length;
	int length = snprintf(shown->text + shown->length, room, "%lld:%llu/%llu ",
			      (long long)(activity->hour - FIRST_HOUR),
			      (unsigned long long)activity->requests,
			      (unsigned long long)activity->refusals);

	shown->count++;
	if (length > 0 && (size_t)length < room)
		shown->length += (size_t)length;
}

static void assert_kept(struct fixture *fixture, const struct id *token, int64_t from,
			int64_t until, const char *expected)
{
	struct shown shown = {0};

	assert_int_equal(store_list_activity(fixture->store, token, FIRST_HOUR + from,
					     FIRST_HOUR + until, show, &shown),
			 RESULT_OK);
	assert_string_equal(shown.text, expected);
}

static void assert_hours(struct fixture *fixture, const struct id *token, const char *expected)
{
	assert_kept(fixture, token, -FIRST_HOUR, 2 * FIRST_HOUR, expected);
}

static void assert_hours_of_account(struct fixture *fixture, unsigned number, const char *expected)
{
	struct id account = account_id(number);
	struct shown shown = {0};

	assert_int_equal(store_list_activity_of_account(fixture->store, &account, 0, 2 * FIRST_HOUR,
							show, &shown),
			 RESULT_OK);
	assert_string_equal(shown.text, expected);
}

static struct id add_token(struct fixture *fixture, unsigned account, const char *scope)
{
	return fixture_add_token(fixture, account, scope, NULL).id;
}

static int set_up(void **state)
{
	fixture_set_up(state);
	fixture_add_account(*state, 1);
	fixture_add_account(*state, 2);
	return 0;
}

static void test_what_is_added_adds_up_by_the_hour(void **state)
{
	struct fixture *fixture = *state;
	struct id one = add_token(fixture, 1, "*/all/never");
	struct id other = add_token(fixture, 1, "*/all/never"), gone = {{1}};

	assert_hours(fixture, &one, "");
	add(fixture, &one, 0, 3, 0);
	add(fixture, &one, 2, 1, 1);
	add(fixture, &one, 0, 4, 2);
	add(fixture, &other, 0, 1, 0);
	add(fixture, &gone, 0, 9, 9);
	assert_hours(fixture, &one, "0:7/2 2:1/1 ");
	assert_hours(fixture, &other, "0:1/0 ");
	assert_hours(fixture, &gone, "");
	assert_hours_of_account(fixture, 1, "0:8/2 2:1/1 ");
	assert_hours_of_account(fixture, 2, "");
	assert_kept(fixture, &one, 0, 1, "0:7/2 ");
	assert_kept(fixture, &one, 1, 2, "2:1/1 ");
	assert_kept(fixture, &one, 1, 1, "");
}

static void test_what_was_only_refused_is_no_use(void **state)
{
	struct fixture *fixture = *state;
	struct id one = add_token(fixture, 1, "*/all/never");
	struct token_record record;

	add(fixture, &one, 0, 1, 0);
	run_sql(fixture->path, "CREATE TRIGGER fail BEFORE UPDATE ON tokens "
			       "BEGIN SELECT raise(ABORT, 'no'); END");
	add(fixture, &one, 1, 0, 5);
	assert_hours(fixture, &one, "0:1/0 1:0/5 ");
	assert_int_equal(store_find_token(fixture->store, &one, &record), RESULT_OK);
	assert_int_equal(record.use_count, 1);
	assert_int_equal(record.last_used_at, MOMENT_OF(0));
	token_record_clear(&record);
}

static void test_an_accounts_hours_are_those_of_its_tokens_together(void **state)
{
	struct fixture *fixture = *state;
	struct id account = account_id(1);
	struct id one = add_token(fixture, 1, "*/all/never");
	struct id two = add_token(fixture, 1, "*/all/never");
	struct id other = add_token(fixture, 2, "*/all/never");
	struct shown shown = {0};

	add(fixture, &two, 0, 2, 0);
	add(fixture, &one, 2, 9, 9);
	add(fixture, &one, 0, 1, 0);
	add(fixture, &two, 1, 0, 1);
	add(fixture, &one, 1, 3, 1);
	add(fixture, &other, 1, 8, 8);
	assert_hours_of_account(fixture, 1, "0:3/0 1:3/2 2:9/9 ");
	assert_hours_of_account(fixture, 2, "1:8/8 ");
	assert_int_equal(store_list_activity_of_account(fixture->store, &account, FIRST_HOUR + 1,
							FIRST_HOUR + 1, show, &shown),
			 RESULT_OK);
	assert_string_equal(shown.text, "1:3/2 ");
}

static void test_old_hours_are_forgotten_in_portions_from_the_oldest(void **state)
{
	struct fixture *fixture = *state;
	struct id one = add_token(fixture, 1, "*/all/never");
	struct id two = add_token(fixture, 1, "*/all/never");
	bool is_all;

	for (int hour = 0; hour < 4; hour++) {
		add(fixture, &one, hour, 1, 0);
		add(fixture, &two, hour, 1, 0);
	}
	assert_int_equal(store_forget_activity(fixture->store, FIRST_HOUR + 3, 2, &is_all),
			 RESULT_OK);
	assert_false(is_all);
	assert_hours(fixture, &one, "1:1/0 2:1/0 3:1/0 ");
	assert_hours(fixture, &two, "1:1/0 2:1/0 3:1/0 ");
	assert_hours_of_account(fixture, 1, "2:2/0 3:2/0 ");
	assert_int_equal(store_forget_activity(fixture->store, FIRST_HOUR + 3, 4, &is_all),
			 RESULT_OK);
	assert_false(is_all); /* as many as there may have been */
	assert_int_equal(store_forget_activity(fixture->store, FIRST_HOUR + 3, 1, &is_all),
			 RESULT_OK);
	assert_true(is_all);
	assert_hours(fixture, &one, "3:1/0 ");
	assert_hours(fixture, &two, "3:1/0 ");
	assert_hours_of_account(fixture, 1, "3:2/0 ");
}

static void test_a_token_that_is_removed_takes_its_hours(void **state)
{
	struct fixture *fixture = *state;
	struct id gone = add_token(fixture, 1, "*/all/500");
	struct id kept = add_token(fixture, 1, "*/all/never");
	struct token_record record;
	struct error err = {0};

	add(fixture, &gone, 0, 1, 0);
	add(fixture, &kept, 0, 2, 0);
	assert_int_equal(store_remove_dead_token(fixture->store, 1, 1000, &record), RESULT_OK);
	token_record_clear(&record);
	assert_hours(fixture, &gone, "");
	assert_hours(fixture, &kept, "0:2/0 ");
	assert_hours_of_account(fixture, 1, "0:3/0 "); /* it was asked */
	assert_int_equal(store_check(fixture->store, true, &err), RESULT_OK);
}

/* What CALLER is answered about ID (NULL: its account) at the beginning of HOUR. */
static enum result ask(struct fixture *fixture, const struct id *caller_id, const struct id *id,
		       unsigned days, int64_t hour, struct shown *shown)
{
	struct caller caller = fixture_caller(fixture, caller_id);
	struct error err = {0};
	enum result result = authority_list_activity(&fixture->authority, &caller, id, days,
						     MOMENT_OF(hour), show, shown, &err);

	assert_int_equal(err.result == RESULT_INSUFFICIENT_SCOPE,
			 result == RESULT_INSUFFICIENT_SCOPE);
	caller_clear(&caller);
	return result;
}

static void assert_answer(struct fixture *fixture, const struct id *caller, const struct id *id,
			  unsigned days, int64_t hour, const char *expected)
{
	struct shown shown = {0};

	assert_int_equal(ask(fixture, caller, id, days, hour, &shown), RESULT_OK);
	assert_string_equal(shown.text, expected);
}

static void test_days_go_back_from_the_present_hour(void **state)
{
	struct fixture *fixture = *state;
	struct id one = add_token(fixture, 1, "*/all/never");

	add(fixture, &one, 0, 1, 0);
	add(fixture, &one, 20, 0, 2);
	add(fixture, &one, 24, 3, 0);
	assert_answer(fixture, &one, &one, 1, 19, "0:1/0 ");
	assert_answer(fixture, &one, &one, 1, 23, "0:1/0 20:0/2 ");
	assert_answer(fixture, &one, &one, 1, 24, "20:0/2 24:3/0 ");
	assert_answer(fixture, &one, &one, 2, 47, "0:1/0 20:0/2 24:3/0 ");
	assert_answer(fixture, &one, &one, 2, 48, "20:0/2 24:3/0 ");
	assert_answer(fixture, &one, &one, 31, 743, "0:1/0 20:0/2 24:3/0 ");
	assert_answer(fixture, &one, &one, 31, 744, "20:0/2 24:3/0 ");
}

static void test_an_account_is_answered_the_sum_of_each_hour(void **state)
{
	struct fixture *fixture = *state;
	struct id one = add_token(fixture, 1, "*/all/never");
	struct id two = add_token(fixture, 1, "*/w1/never");
	struct id other = add_token(fixture, 2, "*/all/never");
	struct shown shown = {0};

	add(fixture, &one, 0, 1, 2);
	add(fixture, &two, 0, 10, 20);
	add(fixture, &two, 5, 7, 0);
	add(fixture, &other, 0, 100, 200);
	assert_answer(fixture, &one, NULL, 7, 6, "0:11/22 5:7/0 ");
	assert_answer(fixture, &other, NULL, 7, 6, "0:100/200 ");
	for (int hour = 0; hour < 2 * HOURS_MAX; hour++)
		add(fixture, &one, hour, 1, 0);
	assert_int_equal(ask(fixture, &one, NULL, ACTIVITY_DAYS_MAX, 2 * HOURS_MAX - 1, &shown),
			 RESULT_OK);
	assert_int_equal(shown.count, HOURS_MAX);
}

static void test_a_caller_is_answered_about_what_it_sees(void **state)
{
	struct fixture *fixture = *state;
	struct id all = add_token(fixture, 1, "*/all/never");
	struct id limited = add_token(fixture, 1, "*/w1/never");
	struct id inside = add_token(fixture, 1, "goals:read/w1/never");
	struct id other = add_token(fixture, 2, "*/all/never");
	struct shown shown = {0};

	add(fixture, &inside, 0, 1, 0);
	add(fixture, &all, 0, 1, 0);
	add(fixture, &other, 0, 1, 0);
	assert_answer(fixture, &limited, &inside, 1, 0, "0:1/0 ");
	assert_int_equal(ask(fixture, &limited, &all, 1, 0, &shown), RESULT_NOT_FOUND);
	assert_int_equal(ask(fixture, &all, &other, 1, 0, &shown), RESULT_NOT_FOUND);
	assert_int_equal(ask(fixture, &limited, NULL, 1, 0, &shown), RESULT_INSUFFICIENT_SCOPE);
	assert_int_equal(shown.count, 0);
}

static enum result authenticate(struct fixture *fixture, const struct key *key, const char *address,
				int64_t now)
{
	struct caller caller;
	struct pending_check pending;
	struct error err = {0};
	enum result result = authority_authenticate(&fixture->authority, key->secret_text,
						    strlen(key->secret_text), address, now, &caller,
						    &pending, &err);

	caller_clear(&caller);
	return result;
}

/* Once it is written. */
static void assert_noted(struct fixture *fixture, const struct id *token, const char *expected)
{
	assert_int_equal(usage_flush(fixture->authority.usage, fixture->store), RESULT_OK);
	assert_hours(fixture, token, expected);
}

static void test_a_refused_key_is_noted_where_it_is_known_to_be_right(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made =
		fixture_add_token(fixture, 1, "*/all/4000000000000/192.0.2.0/24", NULL);
	struct key wrong = key_with_other_secret(&made.key, 1);
	struct id account = account_id(1);

	fixture->authority.usage = usage_new();
	assert_non_null(fixture->authority.usage);
	/* Nobody knows the key yet. */
	assert_int_equal(authenticate(fixture, &made.key, THERE, MOMENT_OF(0)),
			 RESULT_INVALID_TOKEN);
	assert_noted(fixture, &made.id, "");
	assert_int_equal(authenticate(fixture, &made.key, HERE, MOMENT_OF(0)), RESULT_OK);
	assert_int_equal(authenticate(fixture, &wrong, HERE, MOMENT_OF(0)), RESULT_INVALID_TOKEN);
	assert_noted(fixture, &made.id, "");
	/* From elsewhere, expired, its account disabled; and each time a stranger. */
	for (int hour = 0; hour < 3; hour++) {
		const char *address = hour == 0 ? THERE : HERE;
		int64_t now = hour == 1 ? INT64_C(4000000000000) : MOMENT_OF(hour);

		if (hour == 2)
			assert_int_equal(store_disable_account(fixture->store, &account, 1),
					 RESULT_OK);
		assert_int_equal(authenticate(fixture, &made.key, address, now),
				 RESULT_INVALID_TOKEN);
		assert_int_equal(authenticate(fixture, &wrong, address, now), RESULT_INVALID_TOKEN);
	}
	assert_noted(fixture, &made.id, "0:0/1 2:0/1 711111:0/1 ");
	usage_free(fixture->authority.usage);
}

static void test_a_key_that_is_dead_or_another_asks_about_is_not_noted(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made = fixture_add_token(fixture, 1, "*/all/4000000000000", NULL);
	struct caller holder;
	struct pending_check pending;
	struct error err = {0};

	fixture->authority.usage = usage_new();
	assert_non_null(fixture->authority.usage);
	assert_int_equal(authenticate(fixture, &made.key, HERE, MOMENT_OF(0)), RESULT_OK);
	assert_int_equal(authority_check_key(&fixture->authority, made.key.secret_text,
					     strlen(made.key.secret_text), NULL, HERE,
					     INT64_C(4000000000000), &holder, &pending, &err),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(store_revoke_token(fixture->store, &made.id, 1, NULL), RESULT_OK);
	assert_int_equal(authenticate(fixture, &made.key, HERE, MOMENT_OF(0)),
			 RESULT_INVALID_TOKEN);
	assert_noted(fixture, &made.id, "");
	usage_free(fixture->authority.usage);
}

/* The hours that are kept at the beginning of hour HOURS_MAX are those from 1 on. */
enum { NOW = HOURS_MAX };

static void note(struct fixture *fixture, const struct id *token, bool is_refused)
{
	struct caller caller = fixture_caller(fixture, token);

	authority_note_use(&fixture->authority, &caller, HERE, MOMENT_OF(NOW), is_refused);
	authority_note_refusal(&fixture->authority, token, MOMENT_OF(NOW));
	caller_clear(&caller);
}

static void test_plain_cgi_writes_a_refusal_with_its_use_and_forgets_a_little(void **state)
{
	struct fixture *fixture = *state;
	struct id one = add_token(fixture, 1, "*/all/never");
	struct id two = add_token(fixture, 1, "*/all/never");
	struct shown shown = {0};

	for (int hour = -149; hour <= 1; hour++)
		add(fixture, &two, hour, 1, 0);
	note(fixture, &one, true);
	assert_hours(fixture, &one, "744:1/1 ");
	note(fixture, &one, true); /* within half a minute */
	assert_hours(fixture, &one, "744:1/1 ");
	assert_int_equal(store_list_activity(fixture->store, &two, 0, FIRST_HOUR, show, &shown),
			 RESULT_OK);
	assert_int_equal(shown.count, 50);
	assert_kept(fixture, &two, 0, NOW, "0:1/0 1:1/0 ");
}

static void test_plain_cgi_writes_all_of_a_use_or_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct id one = add_token(fixture, 1, "*/all/never");
	struct caller caller;

	run_sql(fixture->path, "CREATE TRIGGER fail BEFORE INSERT ON token_activity "
			       "BEGIN SELECT raise(ABORT, 'no'); END");
	note(fixture, &one, false);
	caller = fixture_caller(fixture, &one);
	assert_int_equal(caller.token.use_count, 0);
	caller_clear(&caller);
	assert_int_equal(store_begin(fixture->store), RESULT_OK); /* none is left open */
	store_rollback(fixture->store);
}

/* More than one transaction takes. */
static void test_what_is_older_than_a_month_is_forgotten(void **state)
{
	struct fixture *fixture = *state;
	struct id one = add_token(fixture, 1, "*/all/never");

	assert_int_equal(store_begin(fixture->store), RESULT_OK);
	for (int hour = -2500; hour <= 2; hour++)
		add(fixture, &one, hour, 1, 0);
	assert_int_equal(store_commit(fixture->store), RESULT_OK);
	assert_int_equal(authority_forget(&fixture->authority, MOMENT_OF(NOW + 1) - 1), RESULT_OK);
	assert_hours(fixture, &one, "1:1/0 2:1/0 ");
	assert_hours_of_account(fixture, 1, "1:1/0 2:1/0 ");
	assert_int_equal(authority_forget(&fixture->authority, MOMENT_OF(NOW + 1)), RESULT_OK);
	assert_hours(fixture, &one, "2:1/0 ");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_added_adds_up_by_the_hour),
		TEST(test_what_was_only_refused_is_no_use),
		TEST(test_an_accounts_hours_are_those_of_its_tokens_together),
		TEST(test_old_hours_are_forgotten_in_portions_from_the_oldest),
		TEST(test_a_token_that_is_removed_takes_its_hours),
		TEST(test_days_go_back_from_the_present_hour),
		TEST(test_an_account_is_answered_the_sum_of_each_hour),
		TEST(test_a_caller_is_answered_about_what_it_sees),
		TEST(test_a_refused_key_is_noted_where_it_is_known_to_be_right),
		TEST(test_a_key_that_is_dead_or_another_asks_about_is_not_noted),
		TEST(test_plain_cgi_writes_a_refusal_with_its_use_and_forgets_a_little),
		TEST(test_plain_cgi_writes_all_of_a_use_or_nothing),
		TEST(test_what_is_older_than_a_month_is_forgotten),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
