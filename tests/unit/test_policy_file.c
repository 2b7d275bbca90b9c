/* SPDX-License-Identifier: ISC */
#include "policy_file.h"

#include "log.h"
#include "support.h"

#include <sys/stat.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECOND = 1000, READERS = 4, CHANGES = 200 };

struct place {
	char directory[DIRECTORY_SIZE];
	char path[FILE_PATH_SIZE];
	struct policy_file *file;
};

/* In one step, so that nobody reads a half. */
static void write_policy(const struct place *place, const char *text)
{
	char new[FILE_PATH_SIZE + 4];
	int descriptor;

	snprintf(new, sizeof(new), "%s.new", place->path);
	descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
	close(descriptor);
	assert_int_equal(rename(new, place->path), 0);
}

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	*state = place;
	if (place == NULL)
		return -1;
	directory_make(NULL, place->directory);
	snprintf(place->path, sizeof(place->path), "%s/policy", place->directory);
	place->file = policy_file_new(catalogue_of_tests());
	return place->file == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	policy_file_free(place->file);
	directory_remove(place->directory);
	free(place);
	return 0;
}

/* How many rules are in force at NOW; -1: there is no policy. */
static int rules(const struct place *place, int64_t now)
{
	struct policy *policy = policy_file_take(place->file, now);
	int count = policy == NULL ? -1 : (int)policy->count;

	policy_file_release(place->file, policy);
	return count;
}

static void use(const struct place *place, const char *path, enum result expected)
{
	struct error err = {0};

	assert_int_equal(policy_file_use(place->file, path, &err), expected);
}

static void test_without_a_file_there_is_no_policy(void **state)
{
	struct place *place = *state;

	assert_int_equal(rules(place, 0), -1);
	use(place, place->path, RESULT_INVALID_CONFIGURATION);
	assert_int_equal(rules(place, 0), -1);
	write_policy(place, "GET /a public -\n");
	use(place, place->path, RESULT_OK);
	assert_int_equal(rules(place, 0), 1);
	use(place, "", RESULT_OK);
	assert_int_equal(rules(place, 0), -1);
}

static void test_a_file_that_others_may_write_is_refused(void **state)
{
	struct place *place = *state;

	write_policy(place, "GET /a public -\n");
	assert_int_equal(chmod(place->path, 0666), 0);
	use(place, place->path, RESULT_INVALID_CONFIGURATION);
	assert_int_equal(rules(place, 0), -1);
}

static void test_a_change_is_in_force_a_second_later(void **state)
{
	struct place *place = *state;

	write_policy(place, "GET /a public -\n");
	use(place, place->path, RESULT_OK);
	assert_int_equal(rules(place, SECOND), 1);
	write_policy(place, "GET /a public -\nGET /b public -\n");
	assert_int_equal(rules(place, SECOND + 999), 1);
	assert_int_equal(rules(place, SECOND + 1000), 2);
}

static void test_a_broken_change_leaves_the_one_before_in_force(void **state)
{
	struct place *place = *state;

	write_policy(place, "GET /a public -\n");
	use(place, place->path, RESULT_OK);
	write_policy(place, "GET /a publik -\n");
	assert_int_equal(rules(place, SECOND), 1);
	use(place, place->path, RESULT_INVALID_CONFIGURATION);
	assert_int_equal(rules(place, 2 * SECOND), 1);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(rules(place, 3 * SECOND), 1);
	write_policy(place, "GET /a public -\nGET /b public -\nGET /c public -\n");
	assert_int_equal(rules(place, 4 * SECOND), 3);
}

static void test_who_holds_a_policy_keeps_it(void **state)
{
	struct place *place = *state;
	struct policy *held;
	struct policy_value ignored;

	write_policy(place, "GET /a public -\n");
	use(place, place->path, RESULT_OK);
	held = policy_file_take(place->file, SECOND);
	write_policy(place, "GET /b public -\n");
	assert_int_equal(rules(place, 2 * SECOND), 1);
	assert_non_null(policy_find(held, "GET", "/a", &ignored));
	assert_null(policy_find(held, "GET", "/b", &ignored));
	policy_file_release(place->file, held);
}

struct readers {
	const struct place *place;
	atomic_int_least64_t now;
	atomic_bool is_over;
	atomic_int wrong;
};

static void *read_on(void *argument)
{
	struct readers *readers = argument;

	while (!readers->is_over) {
		struct policy *policy = policy_file_take(readers->place->file, readers->now);
		struct policy_value ignored;

		/* Both policies have it; one that was freed would not. */
		if (policy_find(policy, "GET", "/both", &ignored) == NULL)
			readers->wrong++;
		policy_file_release(readers->place->file, policy);
	}
	return NULL;
}

static void test_readers_and_changes_do_not_meet(void **state)
{
	struct place *place = *state;
	struct readers readers = {.place = place};
	pthread_t threads[READERS];

	write_policy(place, "GET /both public -\n");
	use(place, place->path, RESULT_OK);
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers), 0);
	for (int i = 1; i <= CHANGES; i++) {
		write_policy(place, i % 2 == 0 ? "GET /both public -\n"
					       : "GET /a public -\nGET /both public -\n");
		readers.now = (int64_t)i * SECOND;
		if (i % 10 == 0)
			use(place, place->path, RESULT_OK);
	}
	readers.is_over = true;
	for (size_t i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(readers.wrong, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_without_a_file_there_is_no_policy),
		TEST(test_a_file_that_others_may_write_is_refused),
		TEST(test_a_change_is_in_force_a_second_later),
		TEST(test_a_broken_change_leaves_the_one_before_in_force),
		TEST(test_who_holds_a_policy_keeps_it),
		TEST(test_readers_and_changes_do_not_meet),
	};
#undef TEST
	struct error err = {0};

	if (log_open("/dev/null", LOG_ERROR, "dft_", &err) != RESULT_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
