/* SPDX-License-Identifier: ISC */
#include "usage.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { TOKENS = 2500 /* more than one transaction writes */, THREADS = 4 };

/* A fixture with TOKENS tokens, made in one transaction, and an empty table of uses. */
struct scene {
	struct fixture *fixture;
	struct usage *usage;
};

static struct scene scene;

/* Spread over the table as ids are, whose last eight bytes are random. */
static struct id numbered(unsigned number)
{
	struct random_source source = {number};
	uint64_t random = random_next(&source);
	struct id id = {.bytes = {0x70}};

	memcpy(id.bytes + ID_SIZE - sizeof(random), &random, sizeof(random));
	return id;
}

static int set_up(void **state)
{
	(void)state;
	scene.fixture = fixture_new(NULL);
	scene.usage = usage_new();
	assert_non_null(scene.usage);
	fixture_add_account(scene.fixture, 1);
	assert_int_equal(store_begin(scene.fixture->store), RESULT_OK);
	for (unsigned i = 0; i < TOKENS; i++) {
		struct token_record record = {.id = numbered(i), .hash = {"$s1$none"}};

		record.scope.account = account_id(1);
		record.scope.every_address = true;
		snprintf(record.selector.text, sizeof(record.selector.text), "%010u", i);
		assert_int_equal(store_add_token(scene.fixture->store, &record), RESULT_OK);
	}
	assert_int_equal(store_commit(scene.fixture->store), RESULT_OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	usage_free(scene.usage);
	fixture_free(scene.fixture);
	return 0;
}

static struct token_record find(unsigned number)
{
	struct id id = numbered(number);
	struct token_record record;

	assert_int_equal(store_find_token(scene.fixture->store, &id, &record), RESULT_OK);
	return record;
}

static int64_t last_use(unsigned number)
{
	struct token_record record = find(number);
	int64_t at = record.last_used_at;

	token_record_clear(&record);
	return at;
}

static void assert_uses(unsigned number, uint64_t count)
{
	struct token_record record = find(number);

	assert_int_equal(record.use_count, count);
	token_record_clear(&record);
}

static void note_from(unsigned number, int64_t at, const char *address)
{
	struct token_use use = {.token = numbered(number),
				.hour = at / STORE_MS_PER_HOUR,
				.at = at,
				.newest_key_at = at,
				.count = 1};

	if (address != NULL)
		assert_true(network_parse_address(address, &use.address));
	usage_note(scene.usage, &use);
}

static void note(unsigned number, int64_t at)
{
	note_from(number, at, "192.0.2.7");
}

static void test_uses_are_written_by_a_flush_and_not_before(void **state)
{
	(void)state;
	note(1, 100);
	assert_true(last_use(1) == STORE_NO_MOMENT);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	assert_int_equal(last_use(1), 100);
	assert_true(last_use(2) == STORE_NO_MOMENT);
}

static void test_the_latest_of_several_uses_is_kept(void **state)
{
	(void)state;
	note(1, 100);
	note(1, 300);
	note(1, 200);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	assert_int_equal(last_use(1), 300);
	/* And a later one that is in the store already stays. */
	note(1, 250);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	assert_int_equal(last_use(1), 300);
}

static void test_every_use_is_counted(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 3; round++) {
		for (int i = 0; i < 100; i++)
			note(1, 1000 - i);
		note(2, 1000);
		assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
		assert_uses(1, round * 100);
		assert_uses(2, round);
	}
	assert_uses(3, 0);
}

static void test_the_address_of_the_latest_use_is_kept(void **state)
{
	static const struct {
		int64_t at;
		const char *address, *expected;
		bool is_flushed;
	} uses[] = {
		{100, "192.0.2.7", NULL, false},
		{300, "2001:db8::1", NULL, false},
		{200, "192.0.2.8", "2001:db8::1", true},
		{250, "192.0.2.9", "2001:db8::1", true}, /* earlier than the stored one */
		{300, "::ffff:192.0.2.10", "192.0.2.10", true},
		{400, NULL, "", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(uses); i++) {
		struct token_record record;

		note_from(1, uses[i].at, uses[i].address);
		if (!uses[i].is_flushed)
			continue;
		assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
		record = find(1);
		assert_string_equal(record.last_used_ip, uses[i].expected);
		token_record_clear(&record);
	}
}

static void note_refusal(unsigned number, int64_t at)
{
	struct token_use use = {.token = numbered(number),
				.hour = at / STORE_MS_PER_HOUR,
				.at = STORE_NO_MOMENT,
				.newest_key_at = STORE_NO_MOMENT,
				.refusals = 1};

	usage_note(scene.usage, &use);
}

static void show_hour(void *context, const struct activity *activity)
{
	char *text = context;
	size_t length = strlen(text);

	snprintf(text + length, 100 - length, "%d:%d/%d ", (int)activity->hour,
		 (int)activity->requests, (int)activity->refusals);
}

static void assert_hours(unsigned number, const char *expected)
{
	struct id id = numbered(number);
	char text[100] = "";

	assert_int_equal(store_list_activity(scene.fixture->store, &id, 0, 1000, show_hour, text),
			 RESULT_OK);
	assert_string_equal(text, expected);
}

static void test_uses_and_refusals_are_kept_by_the_hour(void **state)
{
	(void)state;
	for (int hour = 2; hour >= 0; hour--) {
		for (int i = 0; i <= hour; i++)
			note(1, hour * STORE_MS_PER_HOUR + i);
		note_refusal(1, hour * STORE_MS_PER_HOUR + 10);
	}
	note_refusal(2, 3 * STORE_MS_PER_HOUR - 1);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	assert_hours(1, "0:1/1 1:2/1 2:3/1 ");
	assert_hours(2, "2:0/1 ");
	/* In whatever order they came, the last use is the last use, and a refusal none. */
	assert_int_equal(last_use(1), 2 * STORE_MS_PER_HOUR + 2);
	assert_uses(1, 6);
	assert_true(last_use(2) == STORE_NO_MOMENT);
	assert_uses(2, 0);
	note_refusal(1, 0);
	note(1, 1);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	assert_hours(1, "0:2/2 1:2/1 2:3/1 ");
}

static void test_a_flush_forgets_what_it_wrote(void **state)
{
	(void)state;
	note(1, 100);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	/* With nothing to write it needs no lock either. */
	assert_int_equal(store_begin(scene.fixture->store), RESULT_OK);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	store_rollback(scene.fixture->store);
}

static void test_all_of_many_uses_are_written(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TOKENS; i++)
		note(i, 1000 + i);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	for (unsigned i = 0; i < TOKENS; i++)
		assert_int_equal(last_use(i), 1000 + i);
}

static void test_what_could_not_be_written_is_kept(void **state)
{
	struct store *writer = fixture_connect(scene.fixture);

	(void)state;
	for (unsigned i = 0; i < TOKENS; i++)
		note(i, 1000 + i);
	assert_int_equal(store_begin(writer), RESULT_OK);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_BUSY);
	store_rollback(writer);
	assert_true(last_use(1) == STORE_NO_MOMENT);
	note(1, 5000); /* came meanwhile, and is the later one */
	note_refusal(1, 5000);
	note(1, STORE_MS_PER_HOUR);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	assert_int_equal(last_use(0), 1000);
	assert_int_equal(last_use(1), STORE_MS_PER_HOUR);
	assert_int_equal(last_use(TOKENS - 1), 1000 + TOKENS - 1);
	assert_uses(0, 1);
	assert_uses(1, 3);
	assert_hours(1, "0:2/1 1:1/0 ");
	store_close(writer);
}

/* Fails the third of three transactions: what the first two wrote must not count again. */
static void test_what_was_written_before_a_failure_counts_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TOKENS; i++)
		note(i, 1000);
	run_sql(scene.fixture->path,
		"CREATE TRIGGER fail BEFORE UPDATE ON tokens WHEN OLD.selector = '0000002499' "
		"BEGIN SELECT raise(ABORT, 'no'); END");
	assert_int_not_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	assert_uses(0, 1);
	assert_uses(TOKENS - 1, 0);
	run_sql(scene.fixture->path, "DROP TRIGGER fail");
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	for (unsigned i = 0; i < TOKENS; i++) {
		assert_uses(i, 1);
		assert_hours(i, "0:1/0 ");
	}
}

static void test_a_token_that_is_gone_stops_no_flush(void **state)
{
	(void)state;
	note(TOKENS + 1, 100);
	note(1, 100);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	assert_int_equal(last_use(1), 100);
}

/* The table is bounded: more than it holds are lost, and nothing else happens. */
static void test_a_full_table_loses_notes_and_nothing_else(void **state)
{
	(void)state;
	note(1, 100);
	for (unsigned i = 0; i < 200000; i++)
		note(TOKENS + i, 100);
	note(1, 200); /* which is in it already */
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	assert_int_equal(last_use(1), 200);
	assert_uses(1, 2);
}

/* Each its share of the tokens, and all of them the first one. */
static void *note_all(void *first)
{
	for (unsigned i = *(const unsigned *)first; i < TOKENS; i += THREADS) {
		note(i, 1000 + i);
		note(0, 1000);
	}
	return NULL;
}

static void test_many_threads_may_note_while_one_flushes(void **state)
{
	pthread_t threads[THREADS];
	unsigned first[THREADS];

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		first[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, note_all, &first[i]), 0);
	}
	for (int i = 0; i < 10; i++)
		assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(usage_flush(scene.usage, scene.fixture->store), RESULT_OK);
	for (unsigned i = 0; i < TOKENS; i++)
		assert_int_equal(last_use(i), 1000 + i);
	for (unsigned i = 1; i < TOKENS; i++)
		assert_uses(i, 1);
	assert_uses(0, TOKENS + 1);
}

static void test_nothing_may_be_freed(void **state)
{
	(void)state;
	usage_free(NULL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_uses_are_written_by_a_flush_and_not_before),
		TEST(test_the_latest_of_several_uses_is_kept),
		TEST(test_every_use_is_counted),
		TEST(test_the_address_of_the_latest_use_is_kept),
		TEST(test_what_was_written_before_a_failure_counts_once),
		TEST(test_uses_and_refusals_are_kept_by_the_hour),
		TEST(test_a_flush_forgets_what_it_wrote),
		TEST(test_all_of_many_uses_are_written),
		TEST(test_what_could_not_be_written_is_kept),
		TEST(test_a_token_that_is_gone_stops_no_flush),
		TEST(test_a_full_table_loses_notes_and_nothing_else),
		TEST(test_many_threads_may_note_while_one_flushes),
		cmocka_unit_test(test_nothing_may_be_freed),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
