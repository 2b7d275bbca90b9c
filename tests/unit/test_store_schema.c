/* SPDX-License-Identifier: ISC */
/* The file as a whole: opening, identity, versions, checks, backups. */
#include "store.h"
#include "store_sqlite.h"

#include "support.h"

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
#include <sys/wait.h>
#include <unistd.h>

/* Where the header of a database has them (sqlite.org/fileformat2.html §1.3). */
enum { VERSION_OFFSET = 60, APPLICATION_OFFSET = 68, PAGE_SIZE = 4096 };

/* schema.sql's newest version, and the one that these tests add. */
enum { NEWEST = 3, NEXT = 4 };
#define NEWEST_BACKUP ".version-3.backup"

static void path_of(const struct fixture *fixture, const char *name, char path[FILE_PATH_SIZE])
{
	snprintf(path, FILE_PATH_SIZE, "%s/%s", fixture->directory, name);
}

static enum result open_at(const char *path, bool create, struct store **store, struct error *err)
{
	struct store_options options = {
		.path = path, .use_wal = true, .create = create, .catalogue = catalogue_of_tests()};

	*err = (struct error){0};
	return store_open(&options, store, err);
}

static void assert_refused(const char *path, bool create, enum result expected)
{
	struct store *store;
	struct error err;
	enum result result = open_at(path, create, &store, &err);

	if (result != expected)
		fail_msg("result %d and not %d (%s)", result, expected, err.message);
	assert_null(store);
	assert_int_equal(err.result, expected);
	/* It begins with the file, or with the directory that it is in. */
	assert_memory_equal(err.message, path, (size_t)(strrchr(path, '/') - path));
}

static void write_bytes(const char *path, size_t at, const void *bytes, size_t length)
{
	int file = open(path, O_WRONLY | O_CREAT, S_IRUSR | S_IWUSR);

	assert_true(file >= 0);
	assert_int_equal(pwrite(file, bytes, length, (off_t)at), length);
	close(file);
}

/* The content of PATH; free it. */
static char *read_whole(const char *path, size_t *length)
{
	struct stat status;
	int file = open(path, O_RDONLY);
	char *content;

	assert_true(file >= 0);
	assert_int_equal(fstat(file, &status), 0);
	*length = (size_t)status.st_size;
	content = malloc(*length + 1);
	assert_non_null(content);
	assert_int_equal(read(file, content, *length), *length);
	close(file);
	return content;
}

/* After this all is in the one file. */
static void close_store(struct fixture *fixture)
{
	store_close(fixture->store);
	fixture->store = NULL;
}

/* The number that SQL asks for, on a connection of its own. */
static int ask(const char *path, const char *sql)
{
	sqlite3 *database;
	sqlite3_stmt *statement;
	int number;

	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return number;
}

static uint64_t accounts_in(struct store *store)
{
	uint64_t count = 77;

	assert_int_equal(store_count_accounts(store, &count), RESULT_OK);
	return count;
}

static void test_an_opened_database_is_kept_as_the_manual_says(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;

	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(ask(fixture->path, "PRAGMA application_id"), 0x436C7667);
	assert_int_equal(ask(fixture->path, "PRAGMA user_version"), NEWEST);
	assert_true(store_uses_wal(fixture->store));
	assert_int_equal(ask(fixture->path, "SELECT count(*) FROM pragma_journal_mode "
					    "WHERE journal_mode = 'wal'"),
			 1);
}

static void test_modes_that_let_others_in_are_refused(void **state)
{
	static const mode_t file_modes[] = {0644, 0640, 0620, 0602, 0666};
	static const mode_t directory_modes[] = {0777, 0770, 01777};
	struct fixture *fixture = *state;
	struct store *store;
	struct error err;

	close_store(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(file_modes); i++) {
		chmod(fixture->path, file_modes[i]);
		assert_refused(fixture->path, false, RESULT_INVALID_CONFIGURATION);
	}
	chmod(fixture->path, 0600);
	for (size_t i = 0; i < ARRAY_LENGTH(directory_modes); i++) {
		chmod(fixture->directory, directory_modes[i]);
		assert_refused(fixture->path, false, RESULT_INVALID_CONFIGURATION);
	}
	chmod(fixture->directory, 0755);
	assert_int_equal(open_at(fixture->path, false, &store, &err), RESULT_OK);
	store_close(store);
}

static void test_what_is_no_file_of_its_own_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char missing[FILE_PATH_SIZE], link[FILE_PATH_SIZE], directory[FILE_PATH_SIZE];
	char nowhere[FILE_PATH_SIZE];

	path_of(fixture, "missing", missing);
	path_of(fixture, "link", link);
	path_of(fixture, "directory", directory);
	path_of(fixture, "no/such/directory", nowhere);
	assert_int_equal(symlink(fixture->path, link), 0);
	assert_int_equal(mkdir(directory, 0700), 0);
	assert_refused(missing, false, RESULT_STORE_UNAVAILABLE);
	assert_int_equal(access(missing, F_OK), -1);
	assert_refused(link, false, RESULT_STORE_UNAVAILABLE);
	assert_refused(link, true, RESULT_STORE_UNAVAILABLE);
	assert_refused(directory, false, RESULT_STORE_UNAVAILABLE);
	assert_refused(nowhere, true, RESULT_STORE_UNAVAILABLE);
}

static void test_an_empty_file_is_taken_only_where_one_may_be_made(void **state)
{
	struct fixture *fixture = *state;
	char empty[FILE_PATH_SIZE];
	struct store *store;
	struct error err;
	struct stat status;

	path_of(fixture, "empty", empty);
	write_bytes(empty, 0, "", 0);
	assert_refused(empty, false, RESULT_STORE_UNAVAILABLE);
	assert_int_equal(stat(empty, &status), 0);
	assert_int_equal(status.st_size, 0);
	assert_int_equal(open_at(empty, true, &store, &err), RESULT_OK);
	store_close(store);
	assert_int_equal(open_at(empty, false, &store, &err), RESULT_OK);
	store_close(store);
}

/* Refused, and not a byte of it changed. */
static void assert_left_alone(const char *path, bool create)
{
	size_t length, length_after;
	char *content = read_whole(path, &length), *after;

	assert_refused(path, create, RESULT_STORE_UNAVAILABLE);
	after = read_whole(path, &length_after);
	assert_int_equal(length_after, length);
	assert_memory_equal(after, content, length);
	free(after);
	free(content);
}

static void test_what_is_not_ours_is_left_alone(void **state)
{
	static const uint8_t other_program[] = {0x12, 0x34, 0x56, 0x78};
	static const uint8_t no_program[] = {0, 0, 0, 0};
	static const uint8_t newer[] = {0, 0, 0, NEXT};
	static const uint8_t ours[] = {0x43, 0x6C, 0x76, 0x67};
	struct fixture *fixture = *state;
	char text[FILE_PATH_SIZE];

	close_store(fixture);
	write_bytes(fixture->path, APPLICATION_OFFSET, other_program, 4);
	assert_left_alone(fixture->path, true);
	write_bytes(fixture->path, APPLICATION_OFFSET, no_program, 4);
	assert_left_alone(fixture->path, true);
	write_bytes(fixture->path, APPLICATION_OFFSET, ours, 4);
	write_bytes(fixture->path, VERSION_OFFSET, newer, 4);
	assert_left_alone(fixture->path, true);
	path_of(fixture, "text", text);
	write_bytes(text, 0, "no database at all, but text\n", 29);
	assert_left_alone(text, true);
}

static void test_the_journal_may_be_deleted_instead(void **state)
{
	struct fixture *fixture = *state;
	struct store_options options = {.path = fixture->path, .catalogue = catalogue_of_tests()};
	struct error err = {0};

	close_store(fixture);
	assert_int_equal(store_open(&options, &fixture->store, &err), RESULT_OK);
	assert_false(store_uses_wal(fixture->store));
	fixture_add_account(fixture, 1);
	store_checkpoint(fixture->store); /* without effect */
	assert_int_equal(accounts_in(fixture->store), 1);
	assert_int_equal(ask(fixture->path, "SELECT count(*) FROM pragma_journal_mode "
					    "WHERE journal_mode = 'delete'"),
			 1);
}

static void test_a_journal_mode_that_another_process_holds_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct store_options options = {.path = fixture->path, .catalogue = catalogue_of_tests()};
	struct store *store;
	struct error err = {0};

	fixture_add_account(fixture, 1);
	assert_int_not_equal(store_open(&options, &store, &err), RESULT_OK);
	assert_null(store);
	assert_non_null(strstr(err.message, fixture->path));
	assert_int_equal(accounts_in(fixture->store), 1);
}

static void test_a_damaged_page_is_found(void **state)
{
	struct fixture *fixture = *state;
	char garbage[PAGE_SIZE];
	struct error err = {0};

	fixture_add_account(fixture, 1);
	assert_int_equal(store_check(fixture->store, false, &err), RESULT_OK);
	assert_int_equal(store_check(fixture->store, true, &err), RESULT_OK);
	assert_string_equal(err.message, "");
	close_store(fixture);
	memset(garbage, 0xA5, sizeof(garbage));
	write_bytes(fixture->path, 2 * PAGE_SIZE, garbage, sizeof(garbage));
	fixture->store = fixture_connect(fixture);
	assert_int_equal(store_check(fixture->store, false, &err), RESULT_STORE_UNAVAILABLE);
	assert_non_null(strstr(err.message, "damaged"));
	assert_int_equal(store_check(fixture->store, true, &err), RESULT_STORE_UNAVAILABLE);
}

/* The disk takes nothing more, not even the index of the log: the database is not damaged. */
static void test_a_failure_of_the_disk_is_not_taken_for_damage(void **state)
{
	struct fixture *fixture = *state;
	struct store unopened = {.path = fixture->path, .use_wal = true};
	struct rlimit before, small;
	struct store *store;
	struct error err = {0}, check_err = {0};
	enum result result, check_result;

	close_store(fixture);
	assert_int_equal(sqlite3_open(fixture->path, &unopened.database), SQLITE_OK);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){.rlim_cur = 1024, .rlim_max = before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	check_result = store_check(&unopened, true, &check_err);
	result = open_at(fixture->path, false, &store, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	sqlite3_close(unopened.database);
	assert_int_equal(check_result, RESULT_STORE_UNAVAILABLE);
	assert_non_null(strstr(check_err.message, "check its space and health"));
	assert_int_equal(result, RESULT_STORE_UNAVAILABLE);
	assert_non_null(strstr(err.message, "check its space and health"));
	assert_int_equal(open_at(fixture->path, false, &fixture->store, &err), RESULT_OK);
}

static void test_a_full_disk_is_called_one(void **state)
{
	char path[] = "/full/database";
	struct store store = {.path = path, .failure = SQLITE_FULL};
	struct error err = {0};

	(void)state;
	assert_int_equal(store_explain(&store, RESULT_STORE_UNAVAILABLE, &err),
			 RESULT_STORE_UNAVAILABLE);
	assert_string_equal(err.message,
			    "/full/database: the disk is full; make room, then try again");
}

static void test_a_row_that_points_nowhere_is_found_by_the_thorough_check(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	run_sql(fixture->path, "PRAGMA foreign_keys = OFF;"
			       "INSERT INTO memberships VALUES (77, 88, 'owner')");
	assert_int_equal(store_check(fixture->store, false, &err), RESULT_OK);
	assert_int_equal(store_check(fixture->store, true, &err), RESULT_STORE_UNAVAILABLE);
	assert_non_null(strstr(err.message, "memberships"));
}

static void test_a_row_that_cannot_be_read_is_no_token(void **state)
{
	static const char *const damages[] = {
		"UPDATE tokens SET display_key = printf('%.*c', 99, 'x')",
		"UPDATE tokens SET display_key = '', allowed_ips = '192.0.2.7,192.0.2.8'",
		"UPDATE tokens SET allowed_ips = '192.0.2.7/24'",
		"UPDATE tokens SET allowed_ips = ' '",
		"UPDATE tokens SET allowed_ips = NULL, last_used_ip = printf('%.*c', 46, '1')",
	};
	struct fixture *fixture = *state;
	struct made_token made;
	struct token_record record;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(damages); i++) {
		run_sql(fixture->path, damages[i]);
		assert_int_equal(store_find_token(fixture->store, &made.id, &record),
				 RESULT_STORE_UNAVAILABLE);
		assert_false(record.scope.every_website || record.scope.permissions.every ||
			     record.scope.every_address);
	}
}

static void test_a_backup_is_made_while_others_write(void **state)
{
	struct fixture *fixture = *state;
	struct store *writer = fixture_connect(fixture), *copy;
	char path[FILE_PATH_SIZE];
	struct account_record account = {.id = account_id(2), .email = "b@example.com"};
	struct error err = {0};
	struct stat status;

	path_of(fixture, "copy", path);
	fixture_add_account(fixture, 1);
	assert_int_equal(store_begin(writer), RESULT_OK);
	assert_int_equal(store_add_account(writer, &account), RESULT_OK);
	assert_int_equal(store_backup(fixture->store, path, &err), RESULT_OK);
	assert_int_equal(store_commit(writer), RESULT_OK);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(open_at(path, false, &copy, &err), RESULT_OK);
	assert_int_equal(accounts_in(copy), 1);
	assert_int_equal(store_check(copy, true, &err), RESULT_OK);
	store_close(copy);
	store_close(writer);
}

static void test_a_backup_goes_to_a_new_file_only(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE], nowhere[FILE_PATH_SIZE];
	struct error err = {0};
	size_t length;
	char *content;

	path_of(fixture, "copy", path);
	path_of(fixture, "no/such/directory", nowhere);
	write_bytes(path, 0, "mine", 4);
	assert_int_equal(store_backup(fixture->store, path, &err), RESULT_INVALID_USAGE);
	content = read_whole(path, &length);
	assert_int_equal(length, 4);
	assert_memory_equal(content, "mine", 4);
	free(content);
	assert_int_equal(store_backup(fixture->store, fixture->path, &err), RESULT_INVALID_USAGE);
	assert_int_equal(store_backup(fixture->store, nowhere, &err), RESULT_INVALID_USAGE);
}

static void test_a_restored_backup_is_seen_by_every_connection(void **state)
{
	struct fixture *fixture = *state;
	struct store *other = fixture_connect(fixture);
	char path[FILE_PATH_SIZE];
	struct error err = {0};

	path_of(fixture, "copy", path);
	fixture_add_account(fixture, 1);
	assert_int_equal(store_backup(fixture->store, path, &err), RESULT_OK);
	fixture_add_account(fixture, 2);
	assert_int_equal(accounts_in(other), 2);
	assert_int_equal(store_restore(fixture->store, path, &err), RESULT_OK);
	assert_int_equal(accounts_in(fixture->store), 1);
	assert_int_equal(accounts_in(other), 1);
	fixture_add_account(fixture, 3);
	assert_int_equal(accounts_in(other), 2);
	assert_int_equal(store_check(other, true, &err), RESULT_OK);
	assert_int_equal(ask(fixture->path, "SELECT count(*) FROM pragma_journal_mode "
					    "WHERE journal_mode = 'wal'"),
			 1);
	store_close(other);
}

static void assert_not_restored(struct fixture *fixture, const char *path, enum result expected)
{
	struct error err = {0};

	assert_int_equal(store_restore(fixture->store, path, &err), expected);
	assert_int_equal(err.result, expected);
	assert_non_null(strstr(err.message, path));
	assert_int_equal(accounts_in(fixture->store), 1);
}

static void test_only_an_undamaged_backup_of_ours_is_restored(void **state)
{
	static const uint8_t newer[] = {0, 0, 0, NEXT};
	static const uint8_t other_program[] = {0x12, 0x34, 0x56, 0x78};
	static const uint8_t ours[] = {0x43, 0x6C, 0x76, 0x67};
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE], missing[FILE_PATH_SIZE], text[FILE_PATH_SIZE];
	char empty[FILE_PATH_SIZE], garbage[PAGE_SIZE];
	struct error err = {0};

	path_of(fixture, "copy", path);
	path_of(fixture, "missing", missing);
	path_of(fixture, "text", text);
	path_of(fixture, "empty", empty);
	write_bytes(text, 0, "no database at all, but text\n", 29);
	write_bytes(empty, 0, "", 0);
	assert_int_equal(store_backup(fixture->store, path, &err), RESULT_OK);
	fixture_add_account(fixture, 1);

	assert_not_restored(fixture, missing, RESULT_INVALID_USAGE);
	assert_int_equal(access(missing, F_OK), -1);
	assert_not_restored(fixture, text, RESULT_INVALID_USAGE);
	assert_not_restored(fixture, empty, RESULT_INVALID_USAGE);
	assert_not_restored(fixture, fixture->directory, RESULT_INVALID_USAGE);
	write_bytes(path, APPLICATION_OFFSET, other_program, 4);
	assert_not_restored(fixture, path, RESULT_INVALID_USAGE);
	write_bytes(path, APPLICATION_OFFSET, ours, 4);
	write_bytes(path, VERSION_OFFSET, newer, 4);
	assert_not_restored(fixture, path, RESULT_INVALID_USAGE);
	write_bytes(path, VERSION_OFFSET + 3, "\1", 1);
	memset(garbage, 0xA5, sizeof(garbage));
	write_bytes(path, 2 * PAGE_SIZE, garbage, sizeof(garbage));
	assert_not_restored(fixture, path, RESULT_STORE_UNAVAILABLE);
}

static void test_a_restore_beside_a_writer_is_busy(void **state)
{
	struct fixture *fixture = *state;
	struct store *writer = fixture_connect(fixture);
	char path[FILE_PATH_SIZE];
	struct error err = {0};

	path_of(fixture, "copy", path);
	assert_int_equal(store_backup(fixture->store, path, &err), RESULT_OK);
	fixture_add_account(fixture, 1);
	assert_int_equal(store_begin(writer), RESULT_OK);
	assert_not_restored(fixture, path, RESULT_BUSY);
	store_rollback(writer);
	assert_int_equal(store_restore(fixture->store, path, &err), RESULT_OK);
	assert_int_equal(accounts_in(fixture->store), 0);
	store_close(writer);
}

/* What is looked at and done while the content of STORE is about to be replaced. */
struct replacement {
	struct fixture *fixture;
	struct store *source, *other;
	enum result answer;
	unsigned calls;
};

static enum result settle(void *context)
{
	struct replacement *replacement = context;
	struct account_record late = {.id = account_id(4), .email = "late@example.com"};

	replacement->calls++;
	/* Nobody else writes, everybody still reads, and sees what will be replaced. */
	assert_int_equal(store_begin(replacement->other), RESULT_BUSY);
	assert_int_equal(accounts_in(replacement->other), 2);
	assert_int_equal(accounts_in(replacement->fixture->store), 2);
	assert_int_equal(store_add_account(replacement->source, &late), RESULT_OK);
	return replacement->answer;
}

/* A database with accounts 1 and 2, and as SOURCE one with account 1 only. */
static void begin_replacement(struct replacement *replacement, struct fixture *fixture,
			      bool use_wal)
{
	struct store_options options = {
		.path = fixture->path, .use_wal = use_wal, .catalogue = catalogue_of_tests()};
	char path[FILE_PATH_SIZE];
	struct error err = {0};

	path_of(fixture, "copy", path);
	fixture_add_account(fixture, 1);
	assert_int_equal(store_backup(fixture->store, path, &err), RESULT_OK);
	fixture_add_account(fixture, 2);
	close_store(fixture);
	*replacement = (struct replacement){.fixture = fixture, .answer = RESULT_OK};
	assert_int_equal(store_open(&options, &fixture->store, &err), RESULT_OK);
	assert_int_equal(store_open(&options, &replacement->other, &err), RESULT_OK);
	options = (struct store_options){.path = path, .catalogue = catalogue_of_tests()};
	assert_int_equal(store_open(&options, &replacement->source, &err), RESULT_OK);
}

static void end_replacement(struct replacement *replacement)
{
	store_close(replacement->source);
	store_close(replacement->other);
}

static void check_replacement(struct fixture *fixture, bool use_wal)
{
	struct replacement replacement;
	struct account_record account;
	struct id late = account_id(4), gone = account_id(2), after = account_id(5);
	struct account_record added = {.id = after, .email = "after@example.com"};
	struct error err = {0};

	begin_replacement(&replacement, fixture, use_wal);
	assert_int_equal(
		store_replace(fixture->store, replacement.source, settle, &replacement, &err),
		RESULT_OK);
	assert_int_equal(replacement.calls, 1);
	assert_int_equal(store_find_account(replacement.other, &late, &account), RESULT_OK);
	assert_int_equal(store_find_account(replacement.other, &gone, &account), RESULT_NOT_FOUND);
	/* Each may write again. */
	assert_int_equal(store_add_account(replacement.other, &added), RESULT_OK);
	assert_int_equal(store_find_account(fixture->store, &after, &account), RESULT_OK);
	fixture_add_account(fixture, 6);
	assert_int_equal(accounts_in(replacement.other), 4);
	assert_int_equal(store_check(replacement.other, true, &err), RESULT_OK);
	end_replacement(&replacement);
}

static void test_content_is_replaced_while_nobody_else_writes(void **state)
{
	check_replacement(*state, true);
}

static void test_content_is_replaced_without_a_log_too(void **state)
{
	check_replacement(*state, false);
}

static void test_a_replacement_that_is_not_settled_changes_nothing(void **state)
{
	for (int use_wal = 0; use_wal < 2; use_wal++) {
		struct fixture *fixture = fixture_new(NULL);
		struct replacement replacement;
		struct error err = {0};

		begin_replacement(&replacement, fixture, use_wal != 0);
		replacement.answer = RESULT_LIMIT_REACHED;
		assert_int_equal(store_replace(fixture->store, replacement.source, settle,
					       &replacement, &err),
				 RESULT_LIMIT_REACHED);
		assert_int_equal(accounts_in(replacement.other), 2);
		assert_int_equal(store_begin(replacement.other), RESULT_OK);
		/* Beside a writer it does not even begin. */
		assert_int_equal(store_replace(fixture->store, replacement.source, settle,
					       &replacement, &err),
				 RESULT_BUSY);
		assert_non_null(strstr(err.message, fixture->path));
		assert_int_equal(replacement.calls, 1);
		assert_int_equal(store_commit(replacement.other), RESULT_OK);
		assert_int_equal(accounts_in(fixture->store), 2);
		end_replacement(&replacement);
		fixture_free(fixture);
	}
	(void)state;
}

static void test_a_replaced_file_is_opened_again(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE];
	struct error err = {0};

	path_of(fixture, "copy", path);
	fixture_add_account(fixture, 1);
	assert_int_equal(store_backup(fixture->store, path, &err), RESULT_OK);
	fixture_add_account(fixture, 2);
	assert_int_equal(store_refresh(fixture->store, 1), RESULT_OK);
	assert_int_equal(accounts_in(fixture->store), 2);
	store_checkpoint(fixture->store);
	assert_int_equal(rename(path, fixture->path), 0);
	assert_int_equal(store_refresh(fixture->store, 2), RESULT_OK);
	assert_int_equal(accounts_in(fixture->store), 1);
	fixture_add_account(fixture, 3);
	assert_int_equal(accounts_in(fixture->store), 2);
}

static void test_a_deleted_file_is_missed_and_not_made_again(void **state)
{
	struct fixture *fixture = *state;
	char path[FILE_PATH_SIZE], after[FILE_PATH_SIZE];
	struct error err = {0};
	uint64_t count;

	path_of(fixture, "copy", path);
	path_of(fixture, "after", after);
	fixture_add_account(fixture, 1);
	assert_int_equal(store_backup(fixture->store, path, &err), RESULT_OK);
	assert_int_equal(unlink(fixture->path), 0);
	assert_int_equal(store_refresh(fixture->store, 1), RESULT_STORE_UNAVAILABLE);
	assert_int_equal(access(fixture->path, F_OK), -1);
	/* Whoever goes on all the same gets refusals. */
	assert_int_not_equal(store_begin(fixture->store), RESULT_OK);
	assert_int_not_equal(store_count_accounts(fixture->store, &count), RESULT_OK);
	assert_int_not_equal(store_check(fixture->store, false, &err), RESULT_OK);
	assert_int_not_equal(store_backup(fixture->store, after, &err), RESULT_OK);
	assert_int_equal(access(after, F_OK), -1);
	assert_int_not_equal(store_restore(fixture->store, path, &err), RESULT_OK);
	store_set_busy_timeout(fixture->store, 1);
	store_rollback(fixture->store);
	store_checkpoint(fixture->store);
	assert_int_equal(store_refresh(fixture->store, 2), RESULT_STORE_UNAVAILABLE);
	/* It is back: the service goes on by itself. */
	assert_int_equal(rename(path, fixture->path), 0);
	assert_int_equal(store_refresh(fixture->store, 3), RESULT_OK);
	assert_int_equal(accounts_in(fixture->store), 1);
}

static const struct migration next_version[] = {
	{NEWEST, "CREATE TABLE never_again (a INTEGER)"},
	{NEXT, "CREATE TABLE second (a INTEGER) STRICT"},
	{NEXT, "ALTER TABLE accounts ADD COLUMN colour TEXT"},
};

static const struct migration failing_version[] = {
	{NEXT, "CREATE TABLE second (a INTEGER) STRICT"},
	{NEXT, "CREATE TABLE second (a INTEGER) STRICT"},
};

static enum result migrate(struct fixture *fixture, const struct migration *steps, size_t count)
{
	struct error err = {0};

	return store_migrate(fixture->store, steps, count, &err);
}

#define TABLES "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN "

static void test_a_migration_applies_what_is_newer_and_keeps_a_backup(void **state)
{
	struct fixture *fixture = *state;
	char backup[FILE_PATH_SIZE];
	struct store *old;
	struct error err;
	uint8_t key[STORE_CURSOR_KEY_SIZE], key_after[STORE_CURSOR_KEY_SIZE];

	path_of(fixture, "database" NEWEST_BACKUP, backup);
	fixture_add_account(fixture, 1);
	assert_int_equal(store_cursor_key(fixture->store, key), RESULT_OK);
	assert_int_equal(migrate(fixture, next_version, 3), RESULT_OK);
	assert_int_equal(ask(fixture->path, "PRAGMA user_version"), NEXT);
	assert_int_equal(ask(fixture->path, TABLES "('second', 'never_again')"), 1);
	assert_int_equal(accounts_in(fixture->store), 1);
	assert_int_equal(store_cursor_key(fixture->store, key_after), RESULT_OK);
	assert_memory_equal(key, key_after, sizeof(key));
	/* A second time there is nothing to do. */
	assert_int_equal(migrate(fixture, next_version, 3), RESULT_OK);

	assert_int_equal(ask(backup, "PRAGMA user_version"), NEWEST);
	assert_int_equal(open_at(backup, false, &old, &err), RESULT_OK);
	assert_int_equal(accounts_in(old), 1);
	store_close(old);
}

static void test_a_migration_that_fails_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	fixture_add_account(fixture, 1);
	assert_int_not_equal(migrate(fixture, failing_version, 2), RESULT_OK);
	assert_int_equal(ask(fixture->path, "PRAGMA user_version"), NEWEST);
	assert_int_equal(ask(fixture->path, TABLES "('second')"), 0);
	assert_int_equal(accounts_in(fixture->store), 1);
	assert_int_equal(store_begin(fixture->store), RESULT_OK); /* none is left open */
	store_rollback(fixture->store);
}

static void test_a_migration_beside_a_writer_is_busy(void **state)
{
	struct fixture *fixture = *state;
	struct store *writer = fixture_connect(fixture);

	assert_int_equal(store_begin(writer), RESULT_OK);
	assert_int_equal(migrate(fixture, next_version, 3), RESULT_BUSY);
	store_rollback(writer);
	assert_int_equal(migrate(fixture, next_version, 3), RESULT_OK);
	store_close(writer);
}

enum { RACERS = 4, RACES = 8 };

/* What each of several processes does at the same moment. */
typedef enum result race_fn(struct store *store, const char *path);

static enum result race_to_migrate(struct store *store, const char *path)
{
	struct error err = {0};

	(void)path;
	return store_migrate(store, next_version, 3, &err);
}

static enum result race_to_create(struct store *store, const char *path)
{
	struct store_options options = {.path = path,
					.use_wal = true,
					.busy_timeout_ms = 10000,
					.create = true,
					.catalogue = catalogue_of_tests()};
	struct store *made;
	struct error err = {0};
	enum result result = store_open(&options, &made, &err);

	(void)store;
	store_close(made);
	return result;
}

/* One racer: opens STORE where it has a path, tells that it is READY and runs when GATE ends. */
static int run_racer(race_fn *run, struct store *store, const char *path, int ready, int gate)
{
	struct error err = {0};
	enum result result = RESULT_OK;
	char byte = 0;

	if (store->path != NULL)
		result = store_connect(store, &err);
	if (write(ready, &byte, 1) != 1 || read(gate, &byte, 1) != 0)
		result = RESULT_INTERNAL;
	if (result == RESULT_OK)
		result = run(store, path);
	sqlite3_close(store->database);
	return (int)result;
}

/* Lets all run at once; whatever comes of it, none is left when this returns. */
static void race(race_fn *run, char *database, const char *path)
{
	pid_t racers[RACERS];
	int gate[2], ready[2], statuses[RACERS];
	char byte;

	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pipe(ready), 0);
	for (size_t i = 0; i < RACERS; i++) {
		racers[i] = fork();
		if (racers[i] == 0) {
			struct store store = {.path = database,
					      .busy_timeout_ms = 10000,
					      .use_wal = true,
					      .catalogue = catalogue_of_tests()};

			close(gate[1]);
			_exit(run_racer(run, &store, path, ready[1], gate[0]));
		}
	}
	close(ready[1]);
	for (size_t i = 0; i < RACERS; i++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	close(gate[1]);
	for (size_t i = 0; i < RACERS; i++)
		assert_int_equal(waitpid(racers[i], &statuses[i], 0), racers[i]);
	close(ready[0]);
	close(gate[0]);
	for (size_t i = 0; i < RACERS; i++) {
		assert_true(WIFEXITED(statuses[i]));
		assert_int_equal(WEXITSTATUS(statuses[i]), RESULT_OK);
	}
}

static void test_processes_that_migrate_at_once_migrate_once(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < RACES; i++) {
		char path[FILE_PATH_SIZE], backup[FILE_PATH_SIZE + 32];
		struct error err = {0};

		snprintf(path, sizeof(path), "%s/raced-%u", fixture->directory, i);
		snprintf(backup, sizeof(backup), "%s" NEWEST_BACKUP, path);
		assert_int_equal(store_backup(fixture->store, path, &err), RESULT_OK);
		race(race_to_migrate, path, NULL);
		assert_int_equal(ask(path, "PRAGMA user_version"), NEXT);
		assert_int_equal(ask(path, TABLES "('second', 'never_again')"), 1);
		assert_int_equal(ask(backup, "PRAGMA user_version"), NEWEST);
		assert_int_equal(ask(backup, TABLES "('second')"), 0);
		assert_int_equal(ask(backup, TABLES "('tokens')"), 1);
	}
}

static void test_processes_that_make_the_database_at_once_make_one(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < RACES; i++) {
		char path[FILE_PATH_SIZE];

		snprintf(path, sizeof(path), "%s/raced-%u", fixture->directory, i);
		race(race_to_create, NULL, path);
		assert_int_equal(ask(path, "PRAGMA user_version"), NEWEST);
		assert_int_equal(ask(path, "SELECT count(*) FROM secrets"), 1);
	}
}

/* A crash between the first page and the tables: the next start goes on. */
static void test_a_database_whose_making_was_cut_short_is_finished(void **state)
{
	struct fixture *fixture = *state;
	struct store begun = {.create = true, .use_wal = true, .catalogue = catalogue_of_tests()};
	char path[FILE_PATH_SIZE];
	struct store *store;
	struct error err = {0};

	path_of(fixture, "begun", path);
	begun.path = path;
	assert_int_equal(store_connect(&begun, &err), RESULT_OK);
	sqlite3_close(begun.database);
	if (open_at(path, true, &store, &err) != RESULT_OK)
		fail_msg("%s", err.message);
	assert_int_equal(accounts_in(store), 0);
	store_close(store);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_an_opened_database_is_kept_as_the_manual_says),
		TEST(test_modes_that_let_others_in_are_refused),
		TEST(test_what_is_no_file_of_its_own_is_refused),
		TEST(test_an_empty_file_is_taken_only_where_one_may_be_made),
		TEST(test_what_is_not_ours_is_left_alone),
		TEST(test_the_journal_may_be_deleted_instead),
		TEST(test_a_journal_mode_that_another_process_holds_is_told),
		TEST(test_a_damaged_page_is_found),
		TEST(test_a_failure_of_the_disk_is_not_taken_for_damage),
		TEST(test_a_full_disk_is_called_one),
		TEST(test_a_row_that_points_nowhere_is_found_by_the_thorough_check),
		TEST(test_a_row_that_cannot_be_read_is_no_token),
		TEST(test_a_backup_is_made_while_others_write),
		TEST(test_a_backup_goes_to_a_new_file_only),
		TEST(test_a_restored_backup_is_seen_by_every_connection),
		TEST(test_only_an_undamaged_backup_of_ours_is_restored),
		TEST(test_a_restore_beside_a_writer_is_busy),
		TEST(test_content_is_replaced_while_nobody_else_writes),
		TEST(test_content_is_replaced_without_a_log_too),
		TEST(test_a_replacement_that_is_not_settled_changes_nothing),
		TEST(test_a_replaced_file_is_opened_again),
		TEST(test_a_deleted_file_is_missed_and_not_made_again),
		TEST(test_a_migration_applies_what_is_newer_and_keeps_a_backup),
		TEST(test_a_migration_that_fails_changes_nothing),
		TEST(test_a_migration_beside_a_writer_is_busy),
		TEST(test_processes_that_migrate_at_once_migrate_once),
		TEST(test_processes_that_make_the_database_at_once_make_one),
		TEST(test_a_database_whose_making_was_cut_short_is_finished),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
