/* SPDX-License-Identifier: ISC */
#include "rate_limit.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

enum { THREADS = 4, EACH = 1000000, SHARED = 3000000 };

static int set_up(void **state)
{
	*state = rate_limit_new();
	assert_non_null(*state);
	return 0;
}

static int tear_down(void **state)
{
	rate_limit_free(*state);
	return 0;
}

/* All of equal NUMBER modulo 4096 are in one set. */
static struct id numbered(uint64_t number)
{
	struct id id = {.bytes = {0x70}};

	memcpy(id.bytes + ID_SIZE - sizeof(number), &number, sizeof(number));
	return id;
}

static int64_t take(void *rate_limit, uint64_t number, uint32_t limit, int64_t now)
{
	struct id id = numbered(number);

	return rate_limit_take(rate_limit, &id, limit, now);
}

static void test_a_minute_has_its_limit_and_the_next_one_again(void **state)
{
	for (int64_t start = 5; start < 400000; start += RATE_LIMIT_WINDOW_MS) {
		for (int i = 0; i < 3; i++)
			assert_int_equal(take(*state, 1, 3, start + i), 0);
		assert_int_equal(take(*state, 1, 3, start + 10), RATE_LIMIT_WINDOW_MS - 10);
		assert_int_equal(take(*state, 1, 3, start + RATE_LIMIT_WINDOW_MS - 1), 1);
	}
}

static void test_a_minute_begins_with_its_first_request(void **state)
{
	assert_int_equal(take(*state, 1, 1, 59000), 0);
	assert_int_equal(take(*state, 1, 1, 60000), 59000);
	assert_int_equal(take(*state, 1, 1, 1000000), 0);
	assert_int_equal(take(*state, 1, 1, 1000001), RATE_LIMIT_WINDOW_MS - 1);
}

static void test_each_token_has_its_own_minute(void **state)
{
	assert_int_equal(take(*state, 1, 1, 100), 0);
	assert_int_equal(take(*state, 2, 1, 200), 0);
	/* In one set of the table, too. */
	assert_int_equal(take(*state, 1 + 4096, 1, 300), 0);
	assert_int_equal(take(*state, 1, 1, 400), RATE_LIMIT_WINDOW_MS - 300);
	assert_int_equal(take(*state, 2, 1, 400), RATE_LIMIT_WINDOW_MS - 200);
	assert_int_equal(take(*state, 1 + 4096, 1, 400), RATE_LIMIT_WINDOW_MS - 100);
}

static void test_a_token_whose_bytes_are_all_zero_is_limited_too(void **state)
{
	struct id id = {0};

	assert_int_equal(rate_limit_take(*state, &id, 1, 100), 0);
	assert_int_equal(rate_limit_take(*state, &id, 1, 100), RATE_LIMIT_WINDOW_MS);
}

static void test_another_limit_holds_at_once(void **state)
{
	for (int i = 0; i < 5; i++)
		assert_int_equal(take(*state, 1, 10, 100), 0);
	assert_int_equal(take(*state, 1, 5, 100), RATE_LIMIT_WINDOW_MS);
	assert_int_equal(take(*state, 1, 4, 100), RATE_LIMIT_WINDOW_MS);
	assert_int_equal(take(*state, 1, 6, 100), 0);
	assert_int_equal(take(*state, 1, 6, 100), RATE_LIMIT_WINDOW_MS);
}

static void test_without_room_the_minute_nearest_to_its_end_is_forgotten(void **state)
{
	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(take(*state, 4096 * i, 1, 100 + (int64_t)i), 0);
	assert_int_equal(take(*state, 4096 * 8, 1, 200), 0); /* in place of the first */
	for (uint64_t i = 1; i < 9; i++)
		assert_true(take(*state, 4096 * i, 1, 300) > 0);
	assert_int_equal(take(*state, 0, 1, 300), 0); /* and this in place of the second */
	assert_true(take(*state, 4096 * 2, 1, 300) > 0);
	assert_int_equal(take(*state, 4096, 1, 300), 0);
}

static void test_many_tokens_are_each_limited(void **state)
{
	for (uint64_t i = 0; i < 32768; i++)
		assert_int_equal(take(*state, i, 1, 100), 0);
	for (uint64_t i = 0; i < 32768; i++)
		assert_int_equal(take(*state, i, 1, 101), RATE_LIMIT_WINDOW_MS - 1);
}

struct run {
	struct rate_limit *rate_limit;
	pthread_barrier_t *start;
	int admitted;
};

static void *take_many(void *argument)
{
	struct run *run = argument;

	pthread_barrier_wait(run->start);
	for (int i = 0; i < EACH; i++)
		run->admitted += take(run->rate_limit, 1, SHARED, 100) == 0;
	return NULL;
}

static void test_threads_share_one_limit_exactly(void **state)
{
	pthread_t threads[THREADS];
	struct run runs[THREADS];
	pthread_barrier_t start;
	int admitted = 0;

	assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++) {
		runs[i] = (struct run){.rate_limit = *state, .start = &start};
		assert_int_equal(pthread_create(&threads[i], NULL, take_many, &runs[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		admitted += runs[i].admitted;
	}
	pthread_barrier_destroy(&start);
	assert_int_equal(admitted, SHARED);
}

static void test_nothing_may_be_freed(void **state)
{
	(void)state;
	rate_limit_free(NULL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_minute_has_its_limit_and_the_next_one_again),
		TEST(test_a_minute_begins_with_its_first_request),
		TEST(test_each_token_has_its_own_minute),
		TEST(test_a_token_whose_bytes_are_all_zero_is_limited_too),
		TEST(test_another_limit_holds_at_once),
		TEST(test_without_room_the_minute_nearest_to_its_end_is_forgotten),
		TEST(test_many_tokens_are_each_limited),
		TEST(test_threads_share_one_limit_exactly),
		cmocka_unit_test(test_nothing_may_be_freed),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
