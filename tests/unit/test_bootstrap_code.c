/* SPDX-License-Identifier: ISC */
#include "bootstrap_code.h"

#include "secret.h"
#include "support.h"
#include "timestamp.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CODE "correct horse battery"
#define ADDRESS "192.0.2.1"

static void write_beside(struct fixture *fixture, const char *name, const char *text, mode_t mode)
{
	char path[FILE_PATH_SIZE];
	int file;

	snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
	unlink(path);
	file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(file, mode), 0);
	close(file);
}

static bool is_beside(struct fixture *fixture, const char *name)
{
	char path[FILE_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
	return access(path, F_OK) == 0;
}

/* The result, and the key as text ("" where there is none). */
static enum result redeem(struct fixture *fixture, const char *code,
			  char text[static KEY_TEXT_SIZE])
{
	struct token_record record;
	struct key key;
	struct error err = {0};
	enum result result = bootstrap_code_redeem(&fixture->authority, code, ADDRESS,
						   timestamp_now(), &record, &key, &err);

	snprintf(text, KEY_TEXT_SIZE, "%s", key.secret_text);
	if ((text[0] != '\0') != (result == RESULT_OK))
		fail_msg("a key and result %d", result);
	if (strstr(err.message, fixture->directory) != NULL)
		fail_msg("a path in \"%s\"", err.message);
	token_record_clear(&record);
	token_key_wipe(&key);
	return result;
}

static void assert_works(struct fixture *fixture, const char *key)
{
	struct caller caller = {0};
	struct pending_check pending;
	struct error err = {0};

	assert_int_equal(authority_authenticate(&fixture->authority, key, strlen(key), ADDRESS,
						timestamp_now(), &caller, &pending, &err),
			 RESULT_OK);
	assert_true(caller.token.scope.permissions.every && caller.token.scope.every_website);
	caller_clear(&caller);
}

static uint64_t accounts_in(struct fixture *fixture)
{
	uint64_t count = 77;

	assert_int_equal(store_count_accounts(fixture->store, &count), RESULT_OK);
	return count;
}

static void test_without_a_file_there_is_nothing(void **state)
{
	struct fixture *fixture = *state;
	char key[KEY_TEXT_SIZE];

	assert_false(bootstrap_code_waits(fixture->path));
	assert_int_equal(redeem(fixture, CODE, key), RESULT_NOT_FOUND);
	assert_int_equal(accounts_in(fixture), 0);
	assert_false(is_beside(fixture, "bootstrap-code.tries"));
}

static void test_the_code_gets_the_key_of_the_first_owner_and_is_over(void **state)
{
	struct fixture *fixture = *state;
	char key[KEY_TEXT_SIZE], again[KEY_TEXT_SIZE];

	write_beside(fixture, BOOTSTRAP_CODE_FILE, CODE "\r\n", 0600);
	assert_true(bootstrap_code_waits(fixture->path));
	assert_int_equal(redeem(fixture, CODE, key), RESULT_OK);
	assert_works(fixture, key);
	bootstrap_code_close(fixture->path);
	assert_false(is_beside(fixture, BOOTSTRAP_CODE_FILE));
	assert_false(is_beside(fixture, "bootstrap-code.key"));
	assert_false(is_beside(fixture, "bootstrap-code.tries"));
	assert_int_equal(redeem(fixture, CODE, again), RESULT_NOT_FOUND);

	/* For good, though somebody puts a code there again. */
	write_beside(fixture, BOOTSTRAP_CODE_FILE, CODE, 0600);
	assert_int_equal(redeem(fixture, CODE, again), RESULT_NOT_FOUND);
	assert_false(is_beside(fixture, BOOTSTRAP_CODE_FILE));
	write_beside(fixture, BOOTSTRAP_CODE_FILE, "for all to read", 0644);
	assert_int_equal(redeem(fixture, "another code, and wrong", again), RESULT_NOT_FOUND);
	assert_false(is_beside(fixture, BOOTSTRAP_CODE_FILE));
	assert_int_equal(accounts_in(fixture), 1);
}

static void test_a_key_that_nobody_was_told_is_told_again_and_to_the_code_alone(void **state)
{
	struct fixture *fixture = *state;
	char key[KEY_TEXT_SIZE], again[KEY_TEXT_SIZE], from[FILE_PATH_SIZE], to[FILE_PATH_SIZE];

	write_beside(fixture, BOOTSTRAP_CODE_FILE, CODE, 0600);
	assert_int_equal(redeem(fixture, CODE, key), RESULT_OK);
	/* As a crash before the answer leaves it. */
	assert_int_equal(redeem(fixture, "no horse, no battery", again), RESULT_INVALID_TOKEN);
	assert_int_equal(redeem(fixture, CODE, again), RESULT_OK);
	assert_string_equal(again, key);
	/* As one between commit and rename. */
	snprintf(from, sizeof(from), "%s/bootstrap-code.key", fixture->directory);
	snprintf(to, sizeof(to), "%s/bootstrap-code.key.new", fixture->directory);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(redeem(fixture, CODE, again), RESULT_OK);
	assert_string_equal(again, key);
	assert_int_equal(accounts_in(fixture), 1);
}

static void test_what_an_earlier_database_left_behind_is_no_key(void **state)
{
	struct fixture *fixture = *state;
	char key[KEY_TEXT_SIZE];

	write_beside(fixture, BOOTSTRAP_CODE_FILE, CODE, 0600);
	write_beside(fixture, "bootstrap-code.key", "of another\n", 0600);
	write_beside(fixture, "bootstrap-code.key.new", "of a third\n", 0600);
	assert_int_equal(redeem(fixture, CODE, key), RESULT_OK);
	assert_works(fixture, key);
}

static void test_guessing_is_throttled_and_costs_no_scrypt(void **state)
{
	struct fixture *fixture = *state;
	char key[KEY_TEXT_SIZE];
	uint64_t runs = secret_runs();

	write_beside(fixture, BOOTSTRAP_CODE_FILE, CODE, 0600);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(redeem(fixture, "wrong horse battery", key), RESULT_INVALID_TOKEN);
	assert_int_equal(redeem(fixture, "wrong horse battery", key), RESULT_RATE_LIMITED);
	assert_int_equal(redeem(fixture, CODE, key), RESULT_RATE_LIMITED);
	assert_int_equal(secret_runs(), runs);
	assert_int_equal(accounts_in(fixture), 0);
}

static const struct file_case {
	const char *label, *text;
	mode_t mode, directory_mode;
} file_cases[] = {
	// clang-format off
	{ "others may read it",      CODE,                  0604, 0700 },
	{ "the group may read it",   CODE,                  0640, 0700 },
	{ "others may replace it",   CODE,                  0600, 0777 },
	{ "one character too few",   "123456789012345\n",   0600, 0700 },
	{ "nothing in it",           "",                    0600, 0700 },
	{ "two lines",               CODE "\n" CODE "\n",   0600, 0700 },
	{ "a byte order mark",       "\xEF\xBB\xBF" CODE,   0600, 0700 },
	// clang-format on
};

static void test_a_file_that_is_not_private_or_holds_no_code_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char key[KEY_TEXT_SIZE], text[1100];

	for (size_t i = 0; i < ARRAY_LENGTH(file_cases); i++) {
		const struct file_case *c = &file_cases[i];
		enum result result;

		write_beside(fixture, BOOTSTRAP_CODE_FILE, c->text, c->mode);
		assert_int_equal(chmod(fixture->directory, c->directory_mode), 0);
		result = redeem(fixture, CODE, key);
		assert_int_equal(chmod(fixture->directory, 0700), 0);
		if (result != RESULT_STORE_UNAVAILABLE)
			fail_msg("%s: result %d", c->label, result);
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	write_beside(fixture, BOOTSTRAP_CODE_FILE, text, 0600);
	assert_int_equal(redeem(fixture, CODE, key), RESULT_STORE_UNAVAILABLE);
	text[BOOTSTRAP_CODE_MAX] = '\0';
	write_beside(fixture, BOOTSTRAP_CODE_FILE, text, 0600);
	assert_int_equal(redeem(fixture, text, key), RESULT_OK);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_without_a_file_there_is_nothing),
		TEST(test_the_code_gets_the_key_of_the_first_owner_and_is_over),
		TEST(test_a_key_that_nobody_was_told_is_told_again_and_to_the_code_alone),
		TEST(test_what_an_earlier_database_left_behind_is_no_key),
		TEST(test_guessing_is_throttled_and_costs_no_scrypt),
		TEST(test_a_file_that_is_not_private_or_holds_no_code_is_refused),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
