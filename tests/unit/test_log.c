/* SPDX-License-Identifier: ISC */
#include "log.h"

#include "token.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTENT_SIZE = 1 << 20, LINE_MAX_BYTES = 1024, STAMP_LENGTH = 24 };

/* 48 letters and digits, as behind a prefix. */
#define BODY "abcdefghijABCDEFGHIJKLMNOPQRSTUVWXYZ012345678912"
#define KEY "dft_" BODY

static struct {
	char directory[64];
	char path[96];
	char content[CONTENT_SIZE];
} place;

static int remove_place(void **state)
{
	struct error err = {0};

	(void)state;
	if (log_open("stderr", LOG_INFO, "dft_", &err) != RESULT_OK)
		return -1;
	unlink(place.path);
	return rmdir(place.directory);
}

static void open_log(enum log_level level)
{
	struct error err = {0};

	if (log_open(place.path, level, "dft_", &err) != RESULT_OK)
		fail_msg("%s", err.message);
}

static int make_place(void **state)
{
	(void)state;
	snprintf(place.directory, sizeof(place.directory), "/tmp/claviger-log-XXXXXX");
	if (mkdtemp(place.directory) == NULL)
		return -1;
	snprintf(place.path, sizeof(place.path), "%s/log", place.directory);
	/* The first line tells of those that an earlier test dropped. */
	open_log(LOG_INFO);
	log_event(LOG_INFO, NULL, "first", "v=%d", 0);
	return unlink(place.path);
}

/* All that can be read from DESCRIPTOR now. */
static const char *read_descriptor(int descriptor)
{
	size_t length = 0;
	ssize_t count;

	while ((count = read(descriptor, place.content + length, CONTENT_SIZE - 1 - length)) > 0)
		length += (size_t)count;
	place.content[length] = '\0';
	return place.content;
}

static const char *read_log(void)
{
	int descriptor = open(place.path, O_RDONLY | O_CLOEXEC);

	assert_true(descriptor >= 0);
	read_descriptor(descriptor);
	close(descriptor);
	return place.content;
}

static void test_log_before_the_first_open_goes_to_stderr_from_info_on(void **state)
{
	int ends[2], saved = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_event(LOG_DEBUG, NULL, "unwanted", "a=%d", 1);
	log_event(LOG_INFO, NULL, "wanted", "b=%d", 2);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(ends[1]);
	assert_string_equal(read_descriptor(ends[0]) + STAMP_LENGTH, " info wanted b=2\n");
	close(ends[0]);
}

static const struct line_case {
	const char *label, *value, *request_id;
	const char *line; /* behind the moment */
} line_cases[] = {
	// clang-format off
	{ "plain",                      "a b",              NULL,    " warning event v=a b\n" },
	{ "with a request",             "a",                "r-1",   " warning event v=a request=r-1\n" },
	{ "forged line",                "a\r\nb",           NULL,    " warning event v=a\\x0D\\x0Ab\n" },
	{ "escape code, DEL, bell",     "\x1B[2J\x7F\a",    NULL,    " warning event v=\\x1B[2J\\x7F\\x07\n" },
	{ "line separator U+2028",      "\xE2\x80\xA8",     NULL,    " warning event v=\\xE2\\x80\\xA8\n" },
	{ "quote and backslash",        "\"\\x41",          NULL,    " warning event v=\\x22\\x5Cx41\n" },
	{ "forged by the request id",   "a",                "r\nx",  " warning event v=a request=r\\x0Ax\n" },
	{ "a key",                      KEY,                NULL,    " warning event v=dft_abc...\n" },
	{ "a key between others",       "x" KEY ".y",       NULL,    " warning event v=xdft_abc....y\n" },
	{ "two keys",                   KEY "," KEY,        NULL,    " warning event v=dft_abc...,dft_abc...\n" },
	{ "a key with a tail",          KEY "tail",         NULL,    " warning event v=dft_abc...\n" },
	{ "a key behind a prefix",      "dft_" KEY,         NULL,    " warning event v=dft_dft_abc...\n" },
	{ "a key run into another",     KEY KEY,            NULL,    " warning event v=dft_abc...dft_abc...\n" },
	{ "a key that was cut",         "dft_abcdefghijABCDEFGHIJKLMN", NULL, " warning event v=dft_abc...\n" },
	{ "a selector, no secret",      "dft_abcdefghij",   NULL,    " warning event v=dft_abcdefghij\n" },
	{ "a display key",              "dft_abc...8912",   NULL,    " warning event v=dft_abc...8912\n" },
	{ "another prefix",             "abc_" BODY,        NULL,    " warning event v=abc_" BODY "\n" },
	// clang-format on
};

static void test_log_event_writes_one_escaped_and_masked_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(line_cases); i++) {
		const struct line_case *c = &line_cases[i];
		const char *line;

		unlink(place.path);
		open_log(LOG_INFO);
		log_event(LOG_WARNING, c->request_id, "event", "v=%s", c->value);
		line = read_log();
		if (strlen(line) < STAMP_LENGTH || strcmp(line + STAMP_LENGTH, c->line) != 0)
			fail_msg("%s: %s", c->label, line);
	}
}

static void test_log_event_begins_with_the_moment_in_utc(void **state)
{
	static const char layout[] = "dddd-dd-ddTdd:dd:dd.dddZ ";
	const char *line;

	(void)state;
	open_log(LOG_INFO);
	log_event(LOG_ERROR, NULL, "event", "v=%d", 1);
	line = read_log();
	for (size_t i = 0; i < sizeof(layout) - 1; i++)
		if (layout[i] == 'd' ? line[i] < '0' || line[i] > '9' : line[i] != layout[i])
			fail_msg("%s", line);
}

static void test_log_event_writes_only_what_the_level_lets_through(void **state)
{
	static const char *const names[] = {" error ", " warning ", " info ", " debug "};

	(void)state;
	for (size_t level = 0; level < ARRAY_LENGTH(names); level++) {
		unlink(place.path);
		open_log((enum log_level)level);
		for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
			log_event((enum log_level)i, NULL, "event", "%s", "");
		read_log();
		for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
			assert_int_equal(strstr(place.content, names[i]) != NULL, i <= level);
			assert_int_equal(log_enabled((enum log_level)i), i <= level);
		}
	}
}

static void test_log_event_cuts_the_line_and_keeps_the_request_id(void **state)
{
	static char value[3000];
	const char *line;

	(void)state;
	memset(value, '\n', sizeof(value) - 1);
	open_log(LOG_INFO);
	log_event(LOG_INFO, "r-1", "event", "v=%s", value);
	line = read_log();
	assert_true(strlen(line) <= LINE_MAX_BYTES);
	assert_non_null(strstr(line, "\\x0A... request=r-1\n"));
}

/* Wherever a cut falls, no more of a key is seen than its selector and what a display key shows.
 * Many keys, because masked they leave room for what stands far behind. */
static void test_log_event_never_shows_the_secret_of_a_key_that_a_cut_splits(void **state)
{
	static char value[3000];

	(void)state;
	for (size_t before = 0; before < 2200; before++) {
		memset(value, '.', sizeof(value) - 1);
		for (size_t at = before; at + sizeof(KEY) < sizeof(value); at += sizeof(KEY))
			memcpy(value + at, KEY, sizeof(KEY) - 1);
		unlink(place.path);
		open_log(LOG_INFO);
		log_event(LOG_INFO, NULL, "event", "%s", value);
		for (const char *found = read_log(); (found = strstr(found, "dft_")) != NULL;) {
			found += strlen("dft_");
			if (strspn(found, BODY) > SELECTOR_LENGTH + 3)
				fail_msg("%zu bytes before the first: %s", before, place.content);
		}
	}
}

static void test_log_event_counts_what_a_full_disk_does_not_take(void **state)
{
	struct error err = {0};
	uint64_t before = log_dropped();

	(void)state;
	if (log_open("/dev/full", LOG_INFO, "dft_", &err) != RESULT_OK)
		skip(); /* not every system has one */
	log_event(LOG_INFO, NULL, "lost", "v=%d", 1);
	log_event(LOG_INFO, NULL, "lost", "v=%d", 2);
	assert_int_equal(log_dropped(), before + 2);
	open_log(LOG_INFO);
	log_event(LOG_INFO, NULL, "first", "v=%d", 3);
	log_event(LOG_INFO, NULL, "second", "v=%d", 4);
	assert_non_null(strstr(read_log(), "first v=3 dropped=2\n"));
	assert_non_null(strstr(read_log(), "second v=4\n"));
	assert_int_equal(log_dropped(), before + 2);
}

static void test_log_event_begins_a_new_line_after_one_that_broke_off(void **state)
{
	struct rlimit old, small;

	(void)state;
	open_log(LOG_INFO);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	log_event(LOG_INFO, NULL, "broken", "v=%d", 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	log_event(LOG_INFO, NULL, "whole", "v=%d", 2);
	log_event(LOG_INFO, NULL, "next", "v=%d", 3);
	read_log();
	assert_null(strstr(place.content, "broken"));
	assert_int_equal(place.content[10], '\n');
	assert_non_null(strstr(place.content, "Z info whole v=2 dropped=1\n2"));
}

/* Fills the pipe until a line is dropped; a log that waits would hang here. */
static void fill(uint64_t before)
{
	for (size_t i = 0; i < 100000 && log_dropped() == before; i++)
		log_event(LOG_INFO, NULL, "fill", "v=%zu", i);
	assert_int_equal(log_dropped(), before + 1);
}

static void test_log_event_never_waits_for_the_reader_of_a_fifo(void **state)
{
	uint64_t before = log_dropped();
	int reader;

	(void)state;
	assert_int_equal(mkfifo(place.path, 0600), 0);
	reader = open(place.path, O_RDONLY | O_NONBLOCK);
	assert_true(reader >= 0);
	open_log(LOG_INFO);
	fill(before);
	read_descriptor(reader);
	log_event(LOG_INFO, NULL, "through", "v=%d", 1);
	assert_non_null(strstr(read_descriptor(reader), " through v=1 dropped=1\n"));
	close(reader);
	log_event(LOG_INFO, NULL, "nobody reads", "v=%d", 1);
	assert_int_equal(log_dropped(), before + 2);
}

static void test_log_event_never_waits_for_the_reader_of_stderr(void **state)
{
	uint64_t before = log_dropped();
	int ends[2], saved = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	fill(before);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(ends[0]);
	close(ends[1]);
}

enum thing { DIRECTORY, FIFO, LINK, OPEN_DIRECTORY };

static const struct bad_case {
	const char *label;
	enum thing thing;
	const char *said;
} bad_cases[] = {
	{"a directory", DIRECTORY, "a directory"},
	{"a FIFO that nobody reads", FIFO, "nobody reads"},
	{"a link", LINK, "a symbolic link"},
	{"in a directory that others write", OPEN_DIRECTORY, "run: chmod o-w"},
};

static void put(enum thing thing)
{
	switch (thing) {
	case DIRECTORY:
		assert_int_equal(mkdir(place.path, 0700), 0);
		break;
	case FIFO:
		assert_int_equal(mkfifo(place.path, 0600), 0);
		break;
	case LINK:
		assert_int_equal(symlink("other", place.path), 0);
		break;
	case OPEN_DIRECTORY:
		assert_int_equal(chmod(place.directory, 0707), 0);
		break;
	}
}

static void test_log_open_refuses_a_bad_place_and_keeps_the_old_log(void **state)
{
	char old[sizeof(place.path) + 8];

	(void)state;
	snprintf(old, sizeof(old), "%s.old", place.path);
	for (size_t i = 0; i < ARRAY_LENGTH(bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];
		struct error err = {0};
		struct stat status;

		assert_int_equal(log_open(old, LOG_INFO, "dft_", &err), RESULT_OK);
		put(c->thing);
		if (log_open(place.path, LOG_DEBUG, "dft_", &err) != RESULT_INVALID_CONFIGURATION)
			fail_msg("%s: taken", c->label);
		if (strstr(err.message, c->said) == NULL)
			fail_msg("%s: %s", c->label, err.message);
		assert_false(log_enabled(LOG_DEBUG));
		log_event(LOG_INFO, NULL, "event", "v=%d", 1);
		assert_int_equal(stat(old, &status), 0);
		assert_true(status.st_size > 0);
		unlink(old);
		if (unlink(place.path) != 0)
			rmdir(place.path);
		assert_int_equal(chmod(place.directory, 0700), 0);
	}
}

enum { WRITERS = 8, LINES_EACH = 200 };

static void *write_lines(void *context)
{
	for (size_t i = 0; i < LINES_EACH; i++)
		log_event(LOG_INFO, NULL, "event", "writer=%s", (const char *)context);
	return NULL;
}

static void test_log_event_keeps_the_lines_of_many_threads_whole(void **state)
{
	pthread_t threads[WRITERS];
	char names[WRITERS][2] = {{0}};
	size_t count = 0;

	(void)state;
	open_log(LOG_INFO);
	for (size_t i = 0; i < WRITERS; i++) {
		names[i][0] = (char)('a' + i);
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
	}
	open_log(LOG_INFO); /* as a reload would, between the lines */
	for (size_t i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	read_log();
	for (const char *line = place.content; *line != '\0'; count++) {
		assert_memory_equal(line + STAMP_LENGTH, " info event writer=", 19);
		assert_int_equal(line[STAMP_LENGTH + 20], '\n');
		line += STAMP_LENGTH + 21;
	}
	assert_int_equal(count, WRITERS * LINES_EACH);
}

static const struct escape_case {
	const char *label, *text;
	size_t length, size;
	bool is_whole;
	const char *out;
} escape_cases[] = {
	{"it fits exactly", "abc", 3, 4, true, "abc"},
	{"one too many", "abcd", 4, 4, false, "abc"},
	{"no half of an escape", "ab\n", 3, 6, false, "ab"},
	{"a whole escape", "ab\n", 3, 7, true, "ab\\x0A"},
	{"a NUL", "a\0b", 3, 20, true, "a\\x00b"},
	{"nothing", "", 0, 1, true, ""},
	{"no room", "a", 1, 1, false, ""},
};

static void test_log_escape_cuts_between_characters(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(escape_cases); i++) {
		const struct escape_case *c = &escape_cases[i];
		char out[32];

		if (log_escape(c->text, c->length, out, c->size) != c->is_whole ||
		    strcmp(out, c->out) != 0)
			fail_msg("%s: %s", c->label, out);
	}
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: it shows what is before any log_open(). */
		cmocka_unit_test(test_log_before_the_first_open_goes_to_stderr_from_info_on),
		IN_A_PLACE(test_log_event_writes_one_escaped_and_masked_line),
		IN_A_PLACE(test_log_event_begins_with_the_moment_in_utc),
		IN_A_PLACE(test_log_event_writes_only_what_the_level_lets_through),
		IN_A_PLACE(test_log_event_cuts_the_line_and_keeps_the_request_id),
		IN_A_PLACE(test_log_event_never_shows_the_secret_of_a_key_that_a_cut_splits),
		IN_A_PLACE(test_log_event_counts_what_a_full_disk_does_not_take),
		IN_A_PLACE(test_log_event_begins_a_new_line_after_one_that_broke_off),
		IN_A_PLACE(test_log_event_never_waits_for_the_reader_of_a_fifo),
		cmocka_unit_test(test_log_event_never_waits_for_the_reader_of_stderr),
		IN_A_PLACE(test_log_open_refuses_a_bad_place_and_keeps_the_old_log),
		IN_A_PLACE(test_log_event_keeps_the_lines_of_many_threads_whole),
		cmocka_unit_test(test_log_escape_cuts_between_characters),
	};

	/* As main() does: a full disk and a closed pipe are answers, not signals. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
