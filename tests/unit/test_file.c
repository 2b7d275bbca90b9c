/* SPDX-License-Identifier: ISC */
#include "file.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STRANGER = 12345 };

/* A directory of our own, and the file in it that a test is about. */
static struct {
	char directory[64];
	char path[96];
} place;

static int make_place(void **state)
{
	(void)state;
	snprintf(place.directory, sizeof(place.directory), "/tmp/claviger-file-XXXXXX");
	if (mkdtemp(place.directory) == NULL)
		return -1;
	snprintf(place.path, sizeof(place.path), "%s/file", place.directory);
	return 0;
}

static int remove_place(void **state)
{
	(void)state;
	if (unlink(place.path) != 0)
		rmdir(place.path);
	return rmdir(place.directory);
}

static void write_file(const char *content, size_t length, mode_t mode)
{
	int descriptor = open(place.path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, content, length), length);
	assert_int_equal(fchmod(descriptor, mode), 0);
	close(descriptor);
}

static void expect(const char *label, enum result result, enum result expected,
		   const struct error *err, const char *said)
{
	if (result != expected)
		fail_msg("%s: result %d, expected %d: %s", label, result, expected, err->message);
	if (expected != RESULT_OK && err->result != expected)
		fail_msg("%s: the error holds %d", label, err->result);
	if (said != NULL && strstr(err->message, said) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", label, err->message, said);
}

static const struct mode_case {
	const char *label;
	enum file_kind kind;
	mode_t mode, directory_mode;
	enum result result;
	const char *said;
} mode_cases[] = {
	// clang-format off
	{ "configuration of the group",       FILE_CONFIGURATION, 0640, 0755,  RESULT_OK,                    NULL },
	{ "configuration all to itself",      FILE_CONFIGURATION, 0600, 0700,  RESULT_OK,                    NULL },
	{ "configuration others read",        FILE_CONFIGURATION, 0644, 0700,  RESULT_INVALID_CONFIGURATION, "run: chmod 0640 /tmp/" },
	{ "configuration the group writes",   FILE_CONFIGURATION, 0660, 0700,  RESULT_INVALID_CONFIGURATION, "mode 0660" },
	{ "configuration others write",       FILE_CONFIGURATION, 0602, 0700,  RESULT_INVALID_CONFIGURATION, "run: chmod 0640 /tmp/" },
	{ "where others write",               FILE_CONFIGURATION, 0600, 0703,  RESULT_INVALID_CONFIGURATION, "run: chmod o-w /tmp/" },
	{ "where others write, but sticky",   FILE_CONFIGURATION, 0600, 01777, RESULT_INVALID_CONFIGURATION, "shared with other users" },
	{ "private",                          FILE_PRIVATE,       0600, 0755,  RESULT_OK,                    NULL },
	{ "private, read only",               FILE_PRIVATE,       0400, 0700,  RESULT_OK,                    NULL },
	{ "private, the group reads",         FILE_PRIVATE,       0640, 0700,  RESULT_INVALID_CONFIGURATION, "run: chmod 0600 /tmp/" },
	{ "private, others read",             FILE_PRIVATE,       0604, 0700,  RESULT_INVALID_CONFIGURATION, "run: chmod 0600 /tmp/" },
	{ "private where the group writes",   FILE_PRIVATE,       0600, 0770,  RESULT_INVALID_CONFIGURATION, "run: chmod go-w /tmp/" },
	{ "private where others write",       FILE_PRIVATE,       0600, 01777, RESULT_INVALID_CONFIGURATION, "shared with other users" },
	{ "a log others read",                FILE_LOG,           0644, 0755,  RESULT_OK,                    NULL },
	{ "a log others write",               FILE_LOG,           0602, 0700,  RESULT_INVALID_CONFIGURATION, "run: chmod o-w /tmp/" },
	// clang-format on
};

static void test_file_open_refuses_what_others_can_read_or_change(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(mode_cases); i++) {
		const struct mode_case *c = &mode_cases[i];
		struct error err = {0};
		enum result result;
		int descriptor;

		make_place(NULL);
		write_file("", 0, c->mode);
		assert_int_equal(chmod(place.directory, c->directory_mode), 0);
		result = file_open(place.path, c->kind, FILE_TO_READ, &descriptor, &err);
		expect(c->label, result, c->result, &err, c->said);
		assert_int_equal(descriptor >= 0, c->result == RESULT_OK);
		if (descriptor >= 0)
			close(descriptor);
		if (c->kind == FILE_PRIVATE)
			expect(c->label, file_check_database(place.path, &err), c->result, &err,
			       c->said);
		remove_place(NULL);
	}
}

static const struct owner_case {
	const char *label;
	enum file_kind kind;
	uid_t owner, directory_owner, user;
	enum result result;
	const char *said;
} owner_cases[] = {
	// clang-format off
	{ "configuration of a stranger",     FILE_CONFIGURATION, STRANGER, 0, 0,        RESULT_INVALID_CONFIGURATION, "run: chown 0 /tmp/" },
	{ "a log of a stranger",             FILE_LOG,           STRANGER, 0, 0,        RESULT_INVALID_CONFIGURATION, "run: chown 0 /tmp/" },
	{ "private, of a stranger",          FILE_PRIVATE,       STRANGER, 0, 0,        RESULT_INVALID_CONFIGURATION, "belongs to uid 12345" },
	{ "in the directory of a stranger",  FILE_CONFIGURATION, 0, STRANGER, 0,        RESULT_INVALID_CONFIGURATION, "the directory belongs to uid 12345" },
	{ "root's configuration, for us",    FILE_CONFIGURATION, 0,        0, STRANGER, RESULT_OK,                    NULL },
	{ "our file, in root's directory",   FILE_PRIVATE,       STRANGER, 0, STRANGER, RESULT_OK,                    NULL },
	{ "private, but root's",             FILE_PRIVATE,       0,        0, STRANGER, RESULT_INVALID_CONFIGURATION, "run: chown 12345 /tmp/" },
	// clang-format on
};

static void test_file_open_refuses_what_is_a_strangers(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give files away */
	for (size_t i = 0; i < ARRAY_LENGTH(owner_cases); i++) {
		const struct owner_case *c = &owner_cases[i];
		struct error err = {0};
		enum result result;
		int descriptor;

		make_place(NULL);
		/* Readable to the user of the case through the group, which root keeps. */
		write_file("", 0, c->kind == FILE_CONFIGURATION ? 0640 : 0600);
		assert_int_equal(chmod(place.directory, 0755), 0);
		assert_int_equal(chown(place.path, c->owner, (gid_t)-1), 0);
		assert_int_equal(chown(place.directory, c->directory_owner, (gid_t)-1), 0);
		assert_int_equal(seteuid(c->user), 0);
		if (c->kind == FILE_PRIVATE)
			result = file_check_database(place.path, &err);
		else
			result = file_open(place.path, c->kind, FILE_TO_READ, &descriptor, &err);
		assert_int_equal(seteuid(0), 0);
		expect(c->label, result, c->result, &err, c->said);
		if (c->kind != FILE_PRIVATE && descriptor >= 0)
			close(descriptor);
		remove_place(NULL);
	}
}

enum thing { NOTHING, DIRECTORY, FIFO, LINK, DANGLING_LINK, NO_DIRECTORY, LONG_PATH };

/* Puts THING where the path that it returns leads. */
static const char *put(enum thing thing)
{
	static char path[2048];

	snprintf(path, sizeof(path), "%s", place.path);
	switch (thing) {
	case NOTHING:
		break;
	case DIRECTORY:
		assert_int_equal(mkdir(path, 0700), 0);
		break;
	case FIFO:
		assert_int_equal(mkfifo(path, 0600), 0);
		break;
	case LINK:
		assert_int_equal(symlink("/etc/passwd", path), 0);
		break;
	case DANGLING_LINK:
		assert_int_equal(symlink("planted", path), 0);
		break;
	case NO_DIRECTORY:
		snprintf(path, sizeof(path), "%s/missing/file", place.directory);
		break;
	case LONG_PATH:
		memset(path, '/', sizeof(path) - 1);
		break;
	}
	return path;
}

static const struct thing_case {
	const char *label;
	enum thing thing;
	enum file_kind kind;
	enum file_access access;
	enum result result;
	const char *said;
} thing_cases[] = {
	// clang-format off
	{ "nothing there, to read",     NOTHING,       FILE_CONFIGURATION, FILE_TO_READ,   RESULT_NOT_FOUND,             "there is no such file" },
	{ "nothing there, to update",   NOTHING,       FILE_PRIVATE,       FILE_TO_UPDATE, RESULT_NOT_FOUND,             "there is no such file" },
	{ "no directory, to make it",   NO_DIRECTORY,  FILE_PRIVATE,       FILE_TO_MAKE_OR_UPDATE, RESULT_INVALID_CONFIGURATION, "there is no such directory" },
	{ "no directory, to read",      NO_DIRECTORY,  FILE_CONFIGURATION, FILE_TO_READ,   RESULT_NOT_FOUND,             "there is no such directory" },
	{ "no directory, to append",    NO_DIRECTORY,  FILE_LOG,           FILE_TO_APPEND, RESULT_INVALID_CONFIGURATION, "there is no such directory" },
	{ "a directory, to read",       DIRECTORY,     FILE_CONFIGURATION, FILE_TO_READ,   RESULT_INVALID_CONFIGURATION, "not a regular file" },
	{ "a directory, to append",     DIRECTORY,     FILE_LOG,           FILE_TO_APPEND, RESULT_INVALID_CONFIGURATION, "a directory" },
	{ "a FIFO, to read",            FIFO,          FILE_CONFIGURATION, FILE_TO_READ,   RESULT_INVALID_CONFIGURATION, "not a regular file" },
	{ "a FIFO, to update",          FIFO,          FILE_PRIVATE,       FILE_TO_UPDATE, RESULT_INVALID_CONFIGURATION, "not a regular file" },
	{ "a FIFO that nobody reads",   FIFO,          FILE_LOG,           FILE_TO_APPEND, RESULT_INVALID_CONFIGURATION, "nobody reads" },
	{ "a link, to read",            LINK,          FILE_CONFIGURATION, FILE_TO_READ,   RESULT_INVALID_CONFIGURATION, "a symbolic link" },
	{ "a link, to append",          LINK,          FILE_LOG,           FILE_TO_APPEND, RESULT_INVALID_CONFIGURATION, "a symbolic link" },
	{ "a planted link, to append",  DANGLING_LINK, FILE_LOG,           FILE_TO_APPEND, RESULT_INVALID_CONFIGURATION, "a symbolic link" },
	{ "an endless path",            LONG_PATH,     FILE_CONFIGURATION, FILE_TO_READ,   RESULT_INVALID_CONFIGURATION, "too long" },
	// clang-format on
};

static void test_file_open_refuses_what_is_no_file_and_never_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(thing_cases); i++) {
		const struct thing_case *c = &thing_cases[i];
		struct error err = {0};
		enum result result;
		int descriptor;

		make_place(NULL);
		result = file_open(put(c->thing), c->kind, c->access, &descriptor, &err);
		expect(c->label, result, c->result, &err, c->said);
		assert_int_equal(descriptor, -1);
		/* rmdir() of the place fails where a link was followed. */
		assert_int_equal(remove_place(NULL), 0);
	}
}

static const struct database_case {
	const char *label;
	enum thing thing;
	enum result result;
	const char *said;
} database_cases[] = {
	{"nothing", NOTHING, RESULT_STORE_UNAVAILABLE, "claviger-admin init"},
	{"no directory", NO_DIRECTORY, RESULT_STORE_UNAVAILABLE, "there is no such directory"},
	{"a directory", DIRECTORY, RESULT_STORE_UNAVAILABLE, "not a regular file"},
	{"a FIFO", FIFO, RESULT_STORE_UNAVAILABLE, "not a regular file"},
	{"a link", LINK, RESULT_STORE_UNAVAILABLE, "not a regular file"},
};

static void test_file_check_database_refuses_what_is_no_database(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(database_cases); i++) {
		const struct database_case *c = &database_cases[i];
		struct error err = {0};

		make_place(NULL);
		expect(c->label, file_check_database(put(c->thing), &err), c->result, &err,
		       c->said);
		assert_int_equal(remove_place(NULL), 0);
	}
}

static void test_file_open_makes_an_absent_log_for_us_alone(void **state)
{
	struct stat status;
	struct error err = {0};
	mode_t old = umask(0);
	int descriptor;

	(void)state;
	assert_int_equal(file_open(place.path, FILE_LOG, FILE_TO_APPEND, &descriptor, &err),
			 RESULT_OK);
	umask(old);
	assert_int_equal(fstat(descriptor, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_not_equal(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0);
	close(descriptor);
}

static void test_file_open_takes_a_log_that_is_a_device(void **state)
{
	struct error err = {0};
	int descriptor;

	(void)state;
	assert_int_equal(file_open("/dev/null", FILE_LOG, FILE_TO_APPEND, &descriptor, &err),
			 RESULT_OK);
	close(descriptor);
	expect("as configuration",
	       file_open("/dev/null", FILE_CONFIGURATION, FILE_TO_READ, &descriptor, &err),
	       RESULT_INVALID_CONFIGURATION, &err, "not a regular file");
}

static void test_file_open_refuses_what_this_user_may_not_open(void **state)
{
	struct error err = {0};
	uid_t user = geteuid();
	enum result result;
	int descriptor;

	(void)state;
	write_file("", 0, 0);
	assert_int_equal(chmod(place.directory, 0755), 0);
	if (user == 0) /* who may open all */
		assert_int_equal(seteuid(STRANGER), 0);
	result = file_open(place.path, FILE_PRIVATE, FILE_TO_READ, &descriptor, &err);
	assert_int_equal(seteuid(user), 0);
	expect("mode 0", result, RESULT_INVALID_CONFIGURATION, &err, "may not open it");
}

static void test_file_create_makes_a_file_for_us_alone_and_only_once(void **state)
{
	struct stat status;
	struct error err = {0};
	mode_t old = umask(0);
	int descriptor;

	(void)state;
	assert_int_equal(file_create(place.path, &descriptor, &err), RESULT_OK);
	umask(old);
	assert_int_equal(fstat(descriptor, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(write(descriptor, "kept", 4), 4);
	close(descriptor);
	expect("again", file_create(place.path, &descriptor, &err), RESULT_INVALID_USAGE, &err,
	       "exists already");
	assert_int_equal(descriptor, -1);
	assert_int_equal(stat(place.path, &status), 0);
	assert_int_equal(status.st_size, 4);
}

static void test_file_open_makes_what_is_to_be_updated(void **state)
{
	struct stat status;
	struct error err = {0};
	int descriptor;

	(void)state;
	assert_int_equal(
		file_open(place.path, FILE_PRIVATE, FILE_TO_MAKE_OR_UPDATE, &descriptor, &err),
		RESULT_OK);
	assert_int_equal(fstat(descriptor, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(write(descriptor, "kept", 4), 4);
	close(descriptor);
	assert_int_equal(
		file_open(place.path, FILE_PRIVATE, FILE_TO_MAKE_OR_UPDATE, &descriptor, &err),
		RESULT_OK);
	assert_int_equal(fstat(descriptor, &status), 0);
	assert_int_equal(status.st_size, 4);
	close(descriptor);
}

static void test_without_descriptors_the_answer_is_busy(void **state)
{
	struct rlimit before, none;
	struct error err = {0};
	int descriptor;
	enum result result;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	result = file_create(place.path, &descriptor, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	expect("no descriptor", result, RESULT_BUSY, &err, "no descriptor");
	write_file("", 0, 0600); /* for remove_place() */
}

static void test_file_check_new_looks_and_makes_nothing(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(file_check_new(place.path, FILE_PRIVATE, &err), RESULT_OK);
	assert_int_equal(access(place.path, F_OK), -1);
	expect("missing", file_check_new(put(NO_DIRECTORY), FILE_PRIVATE, &err),
	       RESULT_INVALID_CONFIGURATION, &err, "there is no such directory");
	assert_int_equal(chmod(place.directory, 01777), 0);
	expect("shared", file_check_new(place.path, FILE_PRIVATE, &err),
	       RESULT_INVALID_CONFIGURATION, &err, "shared with other users");
	assert_int_equal(chmod(place.directory, 0700), 0);
	expect("planted", file_check_new(put(DANGLING_LINK), FILE_PRIVATE, &err),
	       RESULT_INVALID_USAGE, &err, "exists already");
}

static void test_file_check_target_takes_what_is_there_or_could_be(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(file_check_target(place.path, FILE_LOG, &err), RESULT_OK);
	assert_int_equal(access(place.path, F_OK), -1);
	write_file("", 0, 0600);
	assert_int_equal(file_check_target(place.path, FILE_LOG, &err), RESULT_OK);
	assert_int_equal(chmod(place.path, 0602), 0);
	expect("others write", file_check_target(place.path, FILE_LOG, &err),
	       RESULT_INVALID_CONFIGURATION, &err, "run: chmod o-w");
	assert_int_equal(unlink(place.path), 0);
	expect("a FIFO", file_check_target(put(FIFO), FILE_LOG, &err), RESULT_INVALID_CONFIGURATION,
	       &err, "nobody reads");
}

static void test_file_create_never_follows_a_planted_link(void **state)
{
	struct error err = {0};
	int descriptor;

	(void)state;
	expect("planted", file_create(put(DANGLING_LINK), &descriptor, &err), RESULT_INVALID_USAGE,
	       &err, "exists already");
	assert_int_equal(descriptor, -1);
}

static void
test_file_create_refuses_a_directory_that_others_write_or_that_is_not_there(void **state)
{
	struct error err = {0};
	int descriptor;

	(void)state;
	expect("missing", file_create(put(NO_DIRECTORY), &descriptor, &err),
	       RESULT_INVALID_CONFIGURATION, &err, "there is no such directory");
	assert_int_equal(chmod(place.directory, 01777), 0);
	expect("shared", file_create(place.path, &descriptor, &err), RESULT_INVALID_CONFIGURATION,
	       &err, "shared with other users");
	assert_int_equal(access(place.path, F_OK), -1);
}

static void test_file_read_all_reads_up_to_its_maximum(void **state)
{
	static char content[10000];
	struct buffer buffer;
	struct error err = {0};

	(void)state;
	memset(content, 'x', sizeof(content));
	content[5000] = '\0';
	write_file(content, sizeof(content), 0600);

	assert_int_equal(file_read_all(place.path, FILE_PRIVATE, sizeof(content), &buffer, &err),
			 RESULT_OK);
	assert_int_equal(buffer.length, sizeof(content));
	assert_memory_equal(buffer.data, content, sizeof(content));
	buffer_clear(&buffer);

	expect("one byte too many",
	       file_read_all(place.path, FILE_PRIVATE, sizeof(content) - 1, &buffer, &err),
	       RESULT_INVALID_CONFIGURATION, &err, "at most 9999 bytes");
	buffer_clear(&buffer);
}

static void test_file_read_all_reads_an_empty_file_and_misses_an_absent_one(void **state)
{
	struct buffer buffer;
	struct error err = {0};

	(void)state;
	assert_int_equal(file_read_all(place.path, FILE_PRIVATE, 10, &buffer, &err),
			 RESULT_NOT_FOUND);
	buffer_clear(&buffer);
	write_file("", 0, 0600);
	assert_int_equal(file_read_all(place.path, FILE_PRIVATE, 10, &buffer, &err), RESULT_OK);
	assert_int_equal(buffer.length, 0);
	buffer_clear(&buffer);
}

static void test_file_lies_in_goes_by_names_and_by_where_links_lead(void **state)
{
	char other[sizeof(place.directory) + 8], beside[sizeof(place.directory) + 16];

	(void)state;
	assert_true(file_lies_in("/srv/www/data/db", "/srv/www"));
	assert_true(file_lies_in("/srv/www/db", "/srv/www//"));
	assert_true(file_lies_in("/srv/db", "/"));
	assert_false(file_lies_in("/srv/www2/db", "/srv/www"));
	assert_false(file_lies_in("/srv/www", "/srv/www/data"));

	assert_false(file_lies_in("/proc/db", place.directory));
	assert_int_equal(symlink("/proc", place.path), 0);
	assert_true(file_lies_in("/proc/db", place.path));
	assert_int_equal(unlink(place.path), 0);

	snprintf(other, sizeof(other), "%s-link", place.directory);
	assert_int_equal(symlink(place.directory, other), 0);
	assert_true(file_lies_in(place.path, other));
	snprintf(beside, sizeof(beside), "%s/db", other);
	assert_true(file_lies_in(beside, place.directory));
	assert_int_equal(unlink(other), 0);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_open_refuses_what_others_can_read_or_change),
		cmocka_unit_test(test_file_open_refuses_what_is_a_strangers),
		cmocka_unit_test(test_file_open_refuses_what_is_no_file_and_never_waits),
		cmocka_unit_test(test_file_check_database_refuses_what_is_no_database),
		IN_A_PLACE(test_file_open_makes_an_absent_log_for_us_alone),
		cmocka_unit_test(test_file_open_takes_a_log_that_is_a_device),
		IN_A_PLACE(test_file_open_makes_what_is_to_be_updated),
		IN_A_PLACE(test_without_descriptors_the_answer_is_busy),
		IN_A_PLACE(test_file_check_new_looks_and_makes_nothing),
		IN_A_PLACE(test_file_check_target_takes_what_is_there_or_could_be),
		IN_A_PLACE(test_file_open_refuses_what_this_user_may_not_open),
		IN_A_PLACE(test_file_create_makes_a_file_for_us_alone_and_only_once),
		IN_A_PLACE(test_file_create_never_follows_a_planted_link),
		IN_A_PLACE(
			test_file_create_refuses_a_directory_that_others_write_or_that_is_not_there),
		IN_A_PLACE(test_file_lies_in_goes_by_names_and_by_where_links_lead),
		IN_A_PLACE(test_file_read_all_reads_up_to_its_maximum),
		IN_A_PLACE(test_file_read_all_reads_an_empty_file_and_misses_an_absent_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
