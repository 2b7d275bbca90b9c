/* SPDX-License-Identifier: ISC */
#include "scrypt_slots.h"

#include "log.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

/* A directory of this test, and the file of slots in it. */
struct place {
	char directory[64];
	char file[128];
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (place == NULL)
		return -1;
	*state = place;
	snprintf(place->directory, sizeof(place->directory), "/tmp/claviger-slots-XXXXXX");
	if (mkdtemp(place->directory) == NULL)
		return -1;
	snprintf(place->file, sizeof(place->file), "%s/slots", place->directory);
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	unlink(place->file);
	rmdir(place->file); /* one test makes a directory of it */
	rmdir(place->directory);
	free(place);
	return 0;
}

/* Another process that holds a slot until its standing order, a pipe, is closed, or it dies. The
 * last to start is the first to go, for it has inherited the pipes of those before it. */
struct holder {
	pid_t pid;
	int order;
	enum result result; /* of its scrypt_slots_take() */
};

static struct holder start_holder(const struct place *place, size_t slots)
{
	struct holder holder = {.result = RESULT_INTERNAL};
	int order[2], answer[2];

	assert_int_equal(pipe(order), 0);
	assert_int_equal(pipe(answer), 0);
	holder.pid = fork();
	assert_int_not_equal(holder.pid, -1);
	if (holder.pid == 0) {
		struct error err = {0};
		int slot;
		char byte;

		close(order[1]);
		holder.result = scrypt_slots_take(place->file, slots, 0, &slot, &err);
		if (write(answer[1], &holder.result, sizeof(holder.result)) < 0)
			_exit(1);
		_exit(read(order[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(order[0]);
	close(answer[1]);
	holder.order = order[1];
	assert_int_equal(read(answer[0], &holder.result, sizeof(holder.result)),
			 sizeof(holder.result));
	close(answer[0]);
	return holder;
}

static void reap(struct holder *holder)
{
	int status;

	close(holder->order);
	assert_int_equal(waitpid(holder->pid, &status, 0), holder->pid);
}

static enum result take_once(const struct place *place, size_t slots)
{
	struct error err = {0};
	int slot = 0;
	enum result result = scrypt_slots_take(place->file, slots, 0, &slot, &err);

	if ((result == RESULT_OK) != (slot >= 0) || err.result != result)
		fail_msg("descriptor %d and error %d with result %d", slot, (int)err.result,
			 (int)result);
	scrypt_slots_release(slot);
	return result;
}

static void test_a_free_slot_is_taken_and_its_file_made_private(void **state)
{
	const struct place *place = *state;
	struct stat status;

	assert_int_equal(take_once(place, 1), RESULT_OK);
	assert_int_equal(lstat(place->file, &status), 0);
	assert_true(S_ISREG(status.st_mode));
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void test_the_descriptor_does_not_reach_other_programs(void **state)
{
	const struct place *place = *state;
	struct error err = {0};
	int slot;

	assert_int_equal(scrypt_slots_take(place->file, 1, 0, &slot, &err), RESULT_OK);
	assert_int_equal(fcntl(slot, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	scrypt_slots_release(slot);
}

static void test_no_more_processes_hold_a_slot_than_there_are(void **state)
{
	const struct place *place = *state;
	struct holder first = start_holder(place, 2);
	struct holder second = start_holder(place, 2);
	struct holder third = start_holder(place, 2);

	assert_int_equal(first.result, RESULT_OK);
	assert_int_equal(second.result, RESULT_OK);
	assert_int_equal(third.result, RESULT_BUSY);
	assert_int_equal(take_once(place, 2), RESULT_BUSY);
	assert_int_equal(take_once(place, 3), RESULT_OK);
	reap(&third);
	reap(&second);
	assert_int_equal(take_once(place, 2), RESULT_OK);
	reap(&first);
}

static void test_busy_says_when_to_come_back(void **state)
{
	const struct place *place = *state;
	struct holder holder = start_holder(place, 1);
	struct error err = {0};
	int slot;

	assert_int_equal(scrypt_slots_take(place->file, 1, 20, &slot, &err), RESULT_BUSY);
	assert_int_equal(slot, -1);
	assert_int_equal(err.result, RESULT_BUSY);
	assert_true(err.retry_after_seconds > 0);
	assert_null(strstr(err.message, place->file));
	reap(&holder);
}

static void test_a_released_slot_is_free(void **state)
{
	const struct place *place = *state;
	struct error err = {0};
	int slot;
	struct holder refused, served;

	assert_int_equal(scrypt_slots_take(place->file, 1, 0, &slot, &err), RESULT_OK);
	refused = start_holder(place, 1);
	scrypt_slots_release(slot);
	served = start_holder(place, 1);
	assert_int_equal(refused.result, RESULT_BUSY);
	assert_int_equal(served.result, RESULT_OK);
	reap(&served);
	reap(&refused);
}

static void test_the_slot_of_a_killed_process_is_free(void **state)
{
	const struct place *place = *state;
	struct holder holder = start_holder(place, 1);

	assert_int_equal(take_once(place, 1), RESULT_BUSY);
	assert_int_equal(kill(holder.pid, SIGKILL), 0);
	reap(&holder);
	assert_int_equal(take_once(place, 1), RESULT_OK);
}

static void test_who_has_time_waits_for_a_slot(void **state)
{
	const struct place *place = *state;
	struct holder holder = start_holder(place, 1);
	struct error err = {0};
	int slot, order = holder.order;

	assert_int_equal(take_once(place, 1), RESULT_BUSY);
	close(order); /* it goes at once or while we wait: both must do */
	assert_int_equal(scrypt_slots_take(place->file, 1, PATIENCE_MS, &slot, &err), RESULT_OK);
	scrypt_slots_release(slot);
	assert_int_equal(waitpid(holder.pid, NULL, 0), holder.pid);
}

static void test_a_file_that_others_may_open_is_refused_with_the_command(void **state)
{
	const struct place *place = *state;
	struct error err = {0};
	char log[256], line[1024] = "", said[256];
	int slot, descriptor;

	snprintf(log, sizeof(log), "%s/log", place->directory);
	snprintf(said, sizeof(said), "mode 0640 lets other users in; run: chmod 0600 %s",
		 place->file);
	assert_int_equal(take_once(place, 1), RESULT_OK);
	assert_int_equal(chmod(place->file, 0640), 0);
	assert_int_equal(log_open(log, LOG_ERROR, "dft_", &err), RESULT_OK);
	assert_int_equal(scrypt_slots_take(place->file, 1, 0, &slot, &err),
			 RESULT_STORE_UNAVAILABLE);
	assert_int_equal(log_open("stderr", LOG_ERROR, "dft_", &(struct error){0}), RESULT_OK);
	assert_int_equal(slot, -1);
	assert_null(strstr(err.message, place->directory));
	descriptor = open(log, O_RDONLY);
	assert_true(read(descriptor, line, sizeof(line) - 1) > 0);
	close(descriptor);
	assert_non_null(strstr(line, said));
}

static void test_a_link_is_refused_and_what_it_names_is_not_made(void **state)
{
	const struct place *place = *state;
	char target[256];

	snprintf(target, sizeof(target), "%s/target", place->directory);
	assert_int_equal(symlink(target, place->file), 0);
	assert_int_equal(take_once(place, 1), RESULT_STORE_UNAVAILABLE);
	assert_int_equal(access(target, F_OK), -1);
}

static void test_a_fifo_is_refused_and_not_waited_for(void **state)
{
	const struct place *place = *state;

	assert_int_equal(mkfifo(place->file, 0600), 0);
	assert_int_equal(take_once(place, 1), RESULT_STORE_UNAVAILABLE);
}

static void test_a_place_where_no_file_can_be_is_an_unavailable_store(void **state)
{
	const struct place *place = *state;
	struct place nowhere = *place;

	snprintf(nowhere.file, sizeof(nowhere.file), "%s/none/slots", place->directory);
	assert_int_equal(take_once(&nowhere, 1), RESULT_STORE_UNAVAILABLE);
	assert_int_equal(mkdir(place->file, 0700), 0);
	assert_int_equal(take_once(place, 1), RESULT_STORE_UNAVAILABLE);
}

static void test_without_descriptors_the_answer_is_busy(void **state)
{
	const struct place *place = *state;
	struct rlimit before, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(take_once(place, 1), RESULT_BUSY);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void test_releasing_nothing_is_allowed(void **state)
{
	(void)state;
	scrypt_slots_release(-1);
}

#define UNIT_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_a_free_slot_is_taken_and_its_file_made_private),
		UNIT_TEST(test_the_descriptor_does_not_reach_other_programs),
		UNIT_TEST(test_no_more_processes_hold_a_slot_than_there_are),
		UNIT_TEST(test_busy_says_when_to_come_back),
		UNIT_TEST(test_a_released_slot_is_free),
		UNIT_TEST(test_the_slot_of_a_killed_process_is_free),
		UNIT_TEST(test_who_has_time_waits_for_a_slot),
		UNIT_TEST(test_a_file_that_others_may_open_is_refused_with_the_command),
		UNIT_TEST(test_a_link_is_refused_and_what_it_names_is_not_made),
		UNIT_TEST(test_a_fifo_is_refused_and_not_waited_for),
		UNIT_TEST(test_a_place_where_no_file_can_be_is_an_unavailable_store),
		UNIT_TEST(test_without_descriptors_the_answer_is_busy),
		cmocka_unit_test(test_releasing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
