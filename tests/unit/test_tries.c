/* SPDX-License-Identifier: ISC */
#include "tries.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1000000000, SECOND = 1000 };

static char directory[DIRECTORY_SIZE], path[FILE_PATH_SIZE];

static int make_place(void **state)
{
	(void)state;
	directory_make(NULL, directory);
	snprintf(path, sizeof(path), "%s/tries", directory);
	return 0;
}

static int remove_place(void **state)
{
	(void)state;
	directory_remove(directory);
	return 0;
}

static enum result take(const char *address, int64_t now, struct error *err)
{
	int descriptor;
	enum result result;

	*err = (struct error){0};
	assert_int_equal(tries_open(path, &descriptor, err), RESULT_OK);
	result = tries_take(descriptor, address, now, err);
	tries_close(descriptor);
	return result;
}

static size_t take_all(const char *address, int64_t now)
{
	struct error err;
	size_t count = 0;

	while (count < 100 && take(address, now, &err) == RESULT_OK)
		count++;
	return count;
}

static void test_an_address_has_five_tries_and_one_more_every_twelve_seconds(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(take_all("192.0.2.1", NOW), 5);
	assert_int_equal(take("192.0.2.1", NOW, &err), RESULT_RATE_LIMITED);
	assert_int_equal(err.retry_after_seconds, 12);
	assert_int_equal(take_all("192.0.2.1", NOW + 12 * SECOND - 1), 0);
	assert_int_equal(take_all("192.0.2.1", NOW + 12 * SECOND), 1);
	assert_int_equal(take_all("192.0.2.1", NOW + 1000 * SECOND), 5);
}

static void test_all_addresses_together_have_twenty(void **state)
{
	char address[32];
	size_t count = 0;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		snprintf(address, sizeof(address), "192.0.2.%u", i);
		count += take_all(address, NOW);
	}
	assert_int_equal(count, 20);
	assert_int_equal(take_all("192.0.2.77", NOW + 3 * SECOND), 1);
}

static void test_a_site_of_ipv6_is_one_address_and_so_is_what_is_none(void **state)
{
	(void)state;
	assert_int_equal(take_all("2001:db8::1", NOW), 5);
	assert_int_equal(take_all("2001:db8::ffff:1", NOW), 0);
	assert_int_equal(take_all("2001:db8:0:1::1", NOW), 5);
	assert_int_equal(take_all("unknown", NOW), 5);
	assert_int_equal(take_all("", NOW), 0);
}

static void test_more_addresses_than_there_is_room_for_lose_the_oldest(void **state)
{
	char address[32];
	struct error err;

	(void)state;
	assert_int_equal(take("203.0.113.1", NOW, &err), RESULT_OK);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(address, sizeof(address), "198.51.%u.%u", i / 200, i % 200);
		assert_int_equal(take(address, NOW + (i + 1) * 3 * SECOND, &err), RESULT_OK);
	}
	assert_int_equal(take_all("203.0.113.1", NOW + 10000 * SECOND), 5);
}

static void test_a_clock_that_was_set_back_makes_nobody_wait_for_long(void **state)
{
	(void)state;
	assert_int_equal(take_all("192.0.2.1", NOW + 1000000000LL * SECOND), 5);
	assert_int_equal(take_all("192.0.2.1", NOW), 0);
	assert_int_equal(take_all("192.0.2.1", NOW + 60 * SECOND), 5);
}

static void test_a_file_of_something_else_counts_from_nothing(void **state)
{
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	fputs("something else", file);
	fclose(file);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(take_all("192.0.2.1", NOW), 5);
}

static void *guess(void *context)
{
	size_t *count = context;

	*count = take_all("192.0.2.1", NOW);
	return NULL;
}

static void test_threads_and_processes_share_the_tries(void **state)
{
	pthread_t threads[4];
	size_t counts[4] = {0}, total = 0;
	int status;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			_exit((int)take_all("192.0.2.1", NOW));
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, guess, &counts[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		total += counts[i];
		assert_true(wait(&status) > 0 && WIFEXITED(status));
		total += (size_t)WEXITSTATUS(status);
	}
	assert_int_equal(total, 5);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)
	const struct CMUnitTest tests[] = {
		TEST(test_an_address_has_five_tries_and_one_more_every_twelve_seconds),
		TEST(test_all_addresses_together_have_twenty),
		TEST(test_a_site_of_ipv6_is_one_address_and_so_is_what_is_none),
		TEST(test_more_addresses_than_there_is_room_for_lose_the_oldest),
		TEST(test_a_clock_that_was_set_back_makes_nobody_wait_for_long),
		TEST(test_a_file_of_something_else_counts_from_nothing),
		TEST(test_threads_and_processes_share_the_tries),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
