/* SPDX-License-Identifier: ISC */
#include "bootstrap.h"

#include "store_sqlite.h"
#include "support.h"
#include "timestamp.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <sqlite3.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORM_OF_A_KEY "dft_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"

static void path_of(const struct fixture *fixture, const char *name, char path[FILE_PATH_SIZE])
{
	snprintf(path, FILE_PATH_SIZE, "%s/%s", fixture->directory, name);
}

static struct bootstrap_options options_with(const char *key_file)
{
	return (struct bootstrap_options){"owner@example.com", "The owner", "first", key_file};
}

static enum result init(struct fixture *fixture, const struct bootstrap_options *options,
			struct key *key, struct error *err)
{
	struct token_record record;
	enum result result;

	*err = (struct error){0};
	result = bootstrap_first_owner(&fixture->authority, options, timestamp_now(), &record, key,
				       err);
	assert_int_equal(key->secret_text[0] == '\0', result != RESULT_OK);
	token_record_clear(&record);
	return result;
}

static uint64_t accounts_in(struct fixture *fixture)
{
	uint64_t count = 77;

	assert_int_equal(store_count_accounts(fixture->store, &count), RESULT_OK);
	return count;
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

/* Says whether PATH holds KEY, a newline and nothing else, for its owner alone. */
static void assert_holds_key(const char *path, const struct key *key)
{
	char expected[KEY_TEXT_SIZE + 1], found[2 * KEY_TEXT_SIZE] = "";
	int file = open(path, O_RDONLY);
	struct stat status;

	assert_true(file >= 0);
	assert_int_equal(fstat(file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	snprintf(expected, sizeof(expected), "%s\n", key->secret_text);
	assert_int_equal(read(file, found, sizeof(found) - 1), strlen(expected));
	assert_string_equal(found, expected);
	close(file);
}

static void assert_key_works(struct fixture *fixture, const struct key *key)
{
	struct caller caller;
	struct pending_check pending;
	struct error err = {0};

	assert_int_equal(authority_authenticate(&fixture->authority, key->secret_text,
						strlen(key->secret_text), "192.0.2.1",
						timestamp_now(), &caller, &pending, &err),
			 RESULT_OK);
	assert_true(caller.token.scope.permissions.every && caller.token.scope.every_website);
	assert_true(caller.token.scope.expires_at == TIMESTAMP_NEVER);
	assert_false(caller.token.has_parent);
	assert_string_equal(caller.token.name, "first");
	assert_string_equal(caller.account.name, "The owner");
	assert_string_equal(caller.account.email, "owner@example.com");
	caller_clear(&caller);
}

static void test_the_first_owner_may_do_everything(void **state)
{
	struct fixture *fixture = *state;
	struct bootstrap_options options = options_with(NULL);
	struct key key;
	struct error err;

	assert_int_equal(init(fixture, &options, &key, &err), RESULT_OK);
	assert_key_works(fixture, &key);
	assert_int_equal(accounts_in(fixture), 1);
}

static void test_the_key_is_written_for_its_owner_alone(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE], pending[FILE_PATH_SIZE];
	struct bootstrap_options options = options_with(path);
	struct key key;
	struct error err;

	path_of(fixture, "key", path);
	path_of(fixture, "key.new", pending);
	assert_int_equal(init(fixture, &options, &key, &err), RESULT_OK);
	assert_holds_key(path, &key);
	assert_key_works(fixture, &key);
	assert_false(exists(pending));
}

static void test_there_is_one_first_owner(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE], pending[FILE_PATH_SIZE];
	struct bootstrap_options options = options_with(NULL), again = options_with(path);
	struct key key;
	struct error err;

	path_of(fixture, "key", path);
	path_of(fixture, "key.new", pending);
	assert_int_equal(init(fixture, &options, &key, &err), RESULT_OK);
	assert_int_equal(init(fixture, &options, &key, &err), RESULT_INVALID_USAGE);
	assert_int_equal(init(fixture, &again, &key, &err), RESULT_INVALID_USAGE);
	assert_true(err.message[0] != '\0');
	assert_int_equal(accounts_in(fixture), 1);
	assert_false(exists(path) || exists(pending));
}

static const struct options_case {
	const char *label, *email, *account_name, *token_name;
} options_cases[] = {
	// clang-format off
	{ "no email",            "",                  "The owner",   "first"       },
	{ "a bad email",         "owner",             "The owner",   "first"       },
	{ "no account name",     "owner@example.com", "",            "first"       },
	{ "a bad account name",  "owner@example.com", "a\nb",        "first"       },
	{ "no token name",       "owner@example.com", "The owner",   ""            },
	{ "a key as token name", "owner@example.com", "The owner",   FORM_OF_A_KEY },
	// clang-format on
};

static void test_bad_names_are_refused_before_anything_is_made(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE], pending[FILE_PATH_SIZE];

	path_of(fixture, "key", path);
	path_of(fixture, "key.new", pending);
	for (size_t i = 0; i < ARRAY_LENGTH(options_cases); i++) {
		const struct options_case *c = &options_cases[i];
		struct bootstrap_options options = {c->email, c->account_name, c->token_name, path};
		struct key key;
		struct error err;

		if (init(fixture, &options, &key, &err) != RESULT_INVALID_USAGE)
			fail_msg("%s", c->label);
		assert_null(strstr(err.message, FORM_OF_A_KEY));
		assert_int_equal(accounts_in(fixture), 0);
		assert_false(exists(path) || exists(pending));
	}
}

static void test_what_is_at_the_place_of_the_key_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	struct bootstrap_options options = options_with(fixture->path);
	struct key key;
	struct error err;

	assert_int_equal(init(fixture, &options, &key, &err), RESULT_INVALID_USAGE);
	assert_int_equal(accounts_in(fixture), 0);
}

static void test_a_place_that_cannot_hold_a_key_makes_no_account(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE];
	struct bootstrap_options options = options_with(path);
	struct key key;
	struct error err;

	path_of(fixture, "no/such/directory", path);
	assert_int_not_equal(init(fixture, &options, &key, &err), RESULT_OK);
	assert_true(err.message[0] != '\0');
	assert_int_equal(accounts_in(fixture), 0);
}

static void test_a_crash_before_the_commit_leaves_no_trap(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE], pending[FILE_PATH_SIZE];
	struct bootstrap_options options = options_with(path);
	struct key dead = {FORM_OF_A_KEY}, key;
	struct error err = {0};

	path_of(fixture, "key", path);
	path_of(fixture, "key.new", pending);
	assert_int_equal(bootstrap_write_key(pending, &dead, &err), RESULT_OK);
	assert_int_equal(init(fixture, &options, &key, &err), RESULT_OK);
	assert_holds_key(path, &key);
	assert_key_works(fixture, &key);
	assert_false(exists(pending));
}

static void test_a_crash_after_the_commit_is_finished_by_the_next_call(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE], pending[FILE_PATH_SIZE];
	struct bootstrap_options options = options_with(path);
	struct key key, none;
	struct error err;

	path_of(fixture, "key", path);
	path_of(fixture, "key.new", pending);
	assert_int_equal(init(fixture, &options, &key, &err), RESULT_OK);
	assert_int_equal(rename(path, pending), 0);
	assert_int_equal(init(fixture, &options, &none, &err), RESULT_INVALID_USAGE);
	assert_holds_key(path, &key);
	assert_false(exists(pending));
	/* A key that is in its place already is not replaced. */
	assert_int_equal(bootstrap_write_key(pending, &(struct key){FORM_OF_A_KEY}, &err),
			 RESULT_OK);
	assert_int_equal(init(fixture, &options, &none, &err), RESULT_INVALID_USAGE);
	assert_holds_key(path, &key);
}

static void test_only_a_key_of_this_database_that_works_is_finished(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE], pending[FILE_PATH_SIZE];
	struct bootstrap_options options = options_with(path), none = options_with(NULL);
	struct made_token revoked, expired;
	struct selector selector;
	struct display_key display;
	struct key keys[4], owner;
	struct error err = {0};

	path_of(fixture, "key", path);
	path_of(fixture, "key.new", pending);
	assert_int_equal(init(fixture, &none, &owner, &err), RESULT_OK);
	fixture_add_account(fixture, 1);
	revoked = fixture_add_token(fixture, 1, "*/all/never", NULL);
	expired = fixture_add_token(fixture, 1, "*/all/500", NULL);
	assert_int_equal(store_revoke_token(fixture->store, &revoked.id, 1, NULL), RESULT_OK);
	keys[0] = (struct key){FORM_OF_A_KEY};
	token_mint(fixture->config.token_prefix, &keys[1], &selector, &display);
	keys[2] = revoked.key;
	keys[3] = expired.key;
	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
		struct key key;

		assert_int_equal(bootstrap_write_key(pending, &keys[i], &err), RESULT_OK);
		assert_int_equal(init(fixture, &options, &key, &err), RESULT_INVALID_USAGE);
		if (exists(path))
			fail_msg("key %zu was taken for one that works", i);
		assert_holds_key(pending, &keys[i]);
		assert_int_equal(unlink(pending), 0);
	}
	assert_int_equal(bootstrap_write_key(pending, &owner, &err), RESULT_OK);
	assert_int_equal(init(fixture, &options, &keys[0], &err), RESULT_INVALID_USAGE);
	assert_holds_key(path, &owner);
	assert_false(exists(pending));
}

/* Without a write-ahead log, where a reader is in the way of a commit. */
static void test_a_commit_that_is_refused_leaves_no_key(void **state)
{
	struct fixture *fixture = *state;
	struct store_options store_options = {.path = fixture->path,
					      .catalogue = catalogue_of_tests()};
	char path[FILE_PATH_SIZE], pending[FILE_PATH_SIZE];
	struct bootstrap_options options = options_with(path);
	struct store *reader;
	struct error err = {0};
	struct key key;
	uint64_t count;

	path_of(fixture, "key", path);
	path_of(fixture, "key.new", pending);
	store_close(fixture->store);
	assert_int_equal(store_open(&store_options, &fixture->store, &err), RESULT_OK);
	fixture->authority.store = fixture->store;
	assert_int_equal(store_open(&store_options, &reader, &err), RESULT_OK);
	assert_int_equal(store_begin_read(reader), RESULT_OK);
	assert_int_equal(store_count_accounts(reader, &count), RESULT_OK);
	assert_int_equal(init(fixture, &options, &key, &err), RESULT_BUSY);
	assert_false(exists(path) || exists(pending));
	store_close(reader);
	assert_int_equal(accounts_in(fixture), 0);
}

/* The log may not grow: the disk fails the commit, and the database must be opened again before
 * anybody knows what became of it. Another connection keeps the log from being made anew then. */
static void test_a_commit_that_the_disk_fails_leaves_no_key(void **state)
{
	struct fixture *fixture = *state;
	struct store *other = fixture_connect(fixture);
	char path[FILE_PATH_SIZE], pending[FILE_PATH_SIZE], log[FILE_PATH_SIZE];
	struct bootstrap_options options = options_with(path);
	struct rlimit before, small;
	struct stat status;
	struct error err = {0};
	struct key key;

	path_of(fixture, "key", path);
	path_of(fixture, "key.new", pending);
	path_of(fixture, "database-wal", log);
	assert_int_equal(stat(log, &status), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){.rlim_cur = (rlim_t)status.st_size, .rlim_max = before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(init(fixture, &options, &key, &err), RESULT_STORE_UNAVAILABLE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_false(exists(path) || exists(pending));
	assert_int_equal(accounts_in(fixture), 0);
	store_close(other);
}

/* What another process does between the commit of this one and its renaming. */
struct rival {
	struct fixture fixture;
	struct bootstrap_options options;
	bool has_found_one;
};

static int let_rival_begin(void *context, sqlite3 *database, const char *name, int pages)
{
	struct rival *rival = context;
	struct error err;
	struct key key;

	(void)database;
	(void)name;
	(void)pages;
	rival->has_found_one =
		init(&rival->fixture, &rival->options, &key, &err) == RESULT_INVALID_USAGE;
	return SQLITE_OK;
}

static void test_a_rival_may_finish_the_renaming(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE], pending[FILE_PATH_SIZE];
	struct rival rival = {.fixture = *fixture, .options = options_with(path)};
	struct key key;
	struct error err;

	path_of(fixture, "key", path);
	path_of(fixture, "key.new", pending);
	rival.fixture.store = fixture_connect(fixture);
	rival.fixture.authority.store = rival.fixture.store;
	sqlite3_wal_hook(fixture->store->database, let_rival_begin, &rival);
	assert_int_equal(init(fixture, &rival.options, &key, &err), RESULT_OK);
	assert_true(rival.has_found_one);
	assert_holds_key(path, &key);
	assert_key_works(fixture, &key);
	assert_false(exists(pending));
	store_close(rival.fixture.store);
}

static void test_a_locked_database_leaves_no_key(void **state)
{
	struct fixture *fixture = *state;
	struct store *writer = fixture_connect(fixture);
	char path[FILE_PATH_SIZE], pending[FILE_PATH_SIZE];
	struct bootstrap_options options = options_with(path);
	struct key key;
	struct error err;

	path_of(fixture, "key", path);
	path_of(fixture, "key.new", pending);
	assert_int_equal(store_begin(writer), RESULT_OK);
	assert_int_equal(init(fixture, &options, &key, &err), RESULT_BUSY);
	store_rollback(writer);
	assert_false(exists(path) || exists(pending));
	assert_int_equal(init(fixture, &options, &key, &err), RESULT_OK);
	store_close(writer);
}

static void test_a_key_file_is_never_written_over_or_through(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE], link[FILE_PATH_SIZE], target[FILE_PATH_SIZE];
	struct key key = {FORM_OF_A_KEY}, other = {"dft_other"};
	struct error err = {0};

	path_of(fixture, "key", path);
	path_of(fixture, "link", link);
	path_of(fixture, "target", target);
	assert_int_equal(bootstrap_write_key(path, &key, &err), RESULT_OK);
	assert_holds_key(path, &key);
	assert_int_equal(bootstrap_write_key(path, &other, &err), RESULT_INVALID_USAGE);
	assert_holds_key(path, &key);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(bootstrap_write_key(link, &key, &err), RESULT_INVALID_USAGE);
	assert_false(exists(target));
	assert_int_equal(chmod(fixture->directory, 0777), 0);
	assert_int_equal(bootstrap_write_key(target, &key, &err), RESULT_INVALID_CONFIGURATION);
	assert_false(exists(target));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_the_first_owner_may_do_everything),
		TEST(test_the_key_is_written_for_its_owner_alone),
		TEST(test_there_is_one_first_owner),
		TEST(test_bad_names_are_refused_before_anything_is_made),
		TEST(test_what_is_at_the_place_of_the_key_is_left_alone),
		TEST(test_a_place_that_cannot_hold_a_key_makes_no_account),
		TEST(test_a_crash_before_the_commit_leaves_no_trap),
		TEST(test_a_crash_after_the_commit_is_finished_by_the_next_call),
		TEST(test_only_a_key_of_this_database_that_works_is_finished),
		TEST(test_a_commit_that_is_refused_leaves_no_key),
		TEST(test_a_commit_that_the_disk_fails_leaves_no_key),
		TEST(test_a_rival_may_finish_the_renaming),
		TEST(test_a_locked_database_leaves_no_key),
		TEST(test_a_key_file_is_never_written_over_or_through),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
