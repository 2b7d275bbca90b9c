/* SPDX-License-Identifier: ISC */
#include "memo.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENTRIES = 1024, BAD_ENTRIES = 4096, HEADER_PLACE = 128 };
enum { FILE_SIZE = HEADER_PLACE + (ENTRIES + BAD_ENTRIES) * MEMO_TAG_SIZE };
enum { LOOKUPS = 100000 };

/* A directory of this test, and the memo's file in it. */
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
	snprintf(place->directory, sizeof(place->directory), "/tmp/claviger-memo-XXXXXX");
	if (mkdtemp(place->directory) == NULL)
		return -1;
	snprintf(place->file, sizeof(place->file), "%s/memo", place->directory);
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	chmod(place->directory, 0700);
	unlink(place->file);
	rmdir(place->file); /* one test makes a directory of it */
	rmdir(place->directory);
	free(place);
	return 0;
}

static struct memo *open_memo(const char *file)
{
	struct error err = {0};
	struct memo *memo;

	assert_int_equal(memo_open(ENTRIES, file, &memo, &err), RESULT_OK);
	assert_non_null(memo);
	assert_string_equal(err.message, "");
	return memo;
}

static struct memo_tag random_tag(void)
{
	struct memo_tag tag;

	randombytes_buf(tag.bytes, sizeof(tag.bytes));
	return tag;
}

static const struct key some_key = {"dft_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL"};
static const struct secret_hash some_hash = {"$s1$0e0801$c2FsdA==$aGFzaA=="};

static struct memo_tag tag_of(const struct memo *memo)
{
	struct memo_tag tag;

	memo_tag(memo, &some_key, &some_hash, &tag);
	return tag;
}

/* Each of them runs once in memory and once in a file. */
static void check_that_what_was_added_is_found(const char *file)
{
	struct memo *memo = open_memo(file);
	struct memo_tag good = random_tag(), bad = random_tag();

	assert_int_equal(memo_find(memo, &good), MEMO_UNKNOWN);
	memo_add(memo, &good, MEMO_MATCHES);
	memo_add(memo, &bad, MEMO_DIFFERS);
	assert_int_equal(memo_find(memo, &good), MEMO_MATCHES);
	assert_int_equal(memo_find(memo, &bad), MEMO_DIFFERS);
	memo_close(memo);
}

static void check_that_one_other_bit_is_not_found(const char *file)
{
	struct memo *memo = open_memo(file);
	struct memo_tag tag = random_tag();

	memo_add(memo, &tag, MEMO_MATCHES);
	memo_add(memo, &tag, MEMO_DIFFERS);
	for (size_t bit = 0; bit < 8 * sizeof(tag.bytes); bit++) {
		struct memo_tag other = tag;

		other.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(memo_find(memo, &other), MEMO_UNKNOWN);
	}
	memo_close(memo);
}

static void check_that_nothing_is_found_for_the_zeroed_tag(const char *file)
{
	struct memo *memo = open_memo(file);
	const struct memo_tag nothing = {0};

	assert_int_equal(memo_find(memo, &nothing), MEMO_UNKNOWN);
	memo_add(memo, &nothing, MEMO_MATCHES);
	assert_int_equal(memo_find(memo, &nothing), MEMO_UNKNOWN);
	memo_close(memo);
}

static void check_that_no_verdict_is_not_remembered(const char *file)
{
	struct memo *memo = open_memo(file);
	struct memo_tag tag = random_tag();

	memo_add(memo, &tag, MEMO_UNKNOWN);
	assert_int_equal(memo_find(memo, &tag), MEMO_UNKNOWN);
	memo_close(memo);
}

static void check_that_it_stays_bounded_and_prefers_the_newest(const char *file)
{
	struct memo *memo = open_memo(file);
	struct memo_tag first[ENTRIES];
	size_t kept = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(first); i++) {
		first[i] = random_tag();
		memo_add(memo, &first[i], MEMO_MATCHES);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(first); i++)
		kept += memo_find(memo, &first[i]) == MEMO_MATCHES;
	assert_true(kept > ENTRIES / 2);

	for (size_t i = 0; i < (size_t)16 * ENTRIES; i++) {
		struct memo_tag tag = random_tag(), stranger = random_tag();

		memo_add(memo, &tag, MEMO_MATCHES);
		assert_int_equal(memo_find(memo, &tag), MEMO_MATCHES);
		assert_int_equal(memo_find(memo, &stranger), MEMO_UNKNOWN);
	}
	memo_close(memo);
}

static void check_that_bad_pairs_do_not_push_out_good_ones(const char *file)
{
	struct memo *memo = open_memo(file);
	struct memo_tag good = random_tag();

	memo_add(memo, &good, MEMO_MATCHES);
	for (size_t i = 0; i < (size_t)8 * BAD_ENTRIES; i++) {
		struct memo_tag bad = random_tag();

		memo_add(memo, &bad, MEMO_DIFFERS);
	}
	assert_int_equal(memo_find(memo, &good), MEMO_MATCHES);
	memo_close(memo);
}

/* A second addition must not take the place of another pair. */
static void check_that_a_pair_has_one_entry(const char *file)
{
	struct memo_tag tags[4];
	struct error err = {0};
	struct memo *memo;

	assert_int_equal(memo_open(4, file, &memo, &err), RESULT_OK);
	for (size_t i = 0; i < ARRAY_LENGTH(tags); i++) {
		tags[i] = random_tag();
		tags[i].bytes[MEMO_TAG_SIZE - 1] = 0; /* all would go to one entry */
		for (size_t times = 0; times < 10; times++)
			memo_add(memo, &tags[i], MEMO_MATCHES);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(tags); i++)
		assert_int_equal(memo_find(memo, &tags[i]), MEMO_MATCHES);
	memo_close(memo);
}

#define IN_BOTH_BACKINGS(what)                                                                     \
	static void test_memo_in_memory_##what(void **state)                                       \
	{                                                                                          \
		(void)state;                                                                       \
		check_that_##what(NULL);                                                           \
	}                                                                                          \
	static void test_memo_in_a_file_##what(void **state)                                       \
	{                                                                                          \
		const struct place *place = *state;                                                \
		check_that_##what(place->file);                                                    \
	}

// clang-format off
IN_BOTH_BACKINGS(what_was_added_is_found)
IN_BOTH_BACKINGS(one_other_bit_is_not_found)
IN_BOTH_BACKINGS(nothing_is_found_for_the_zeroed_tag)
IN_BOTH_BACKINGS(no_verdict_is_not_remembered)
IN_BOTH_BACKINGS(it_stays_bounded_and_prefers_the_newest)
IN_BOTH_BACKINGS(bad_pairs_do_not_push_out_good_ones)
IN_BOTH_BACKINGS(a_pair_has_one_entry)
// clang-format on

static void test_a_tag_names_the_key_and_the_hash_under_the_memos_own_key(void **state)
{
	struct memo *memo = open_memo(NULL), *other_memo = open_memo(NULL);
	struct key other_key = some_key;
	struct secret_hash other_hash = some_hash, longer_hash = some_hash, dirty_hash = some_hash;
	struct memo_tag tag = tag_of(memo), again = tag_of(memo), elsewhere = tag_of(other_memo);
	struct memo_tag of_key, of_hash, of_longer, of_dirty;

	(void)state;
	other_key.secret_text[20] ^= 1;
	other_hash.mcf[12] ^= 1;
	longer_hash.mcf[strlen(some_hash.mcf)] = '=';
	dirty_hash.mcf[SECRET_HASH_SIZE - 1] = 'x'; /* behind the NUL: not of the text */
	memo_tag(memo, &other_key, &some_hash, &of_key);
	memo_tag(memo, &some_key, &other_hash, &of_hash);
	memo_tag(memo, &some_key, &longer_hash, &of_longer);
	memo_tag(memo, &some_key, &dirty_hash, &of_dirty);
	assert_memory_equal(&tag, &again, sizeof(tag));
	assert_memory_equal(&tag, &of_dirty, sizeof(tag));
	assert_memory_not_equal(&tag, &elsewhere, sizeof(tag));
	assert_memory_not_equal(&tag, &of_key, sizeof(tag));
	assert_memory_not_equal(&tag, &of_hash, sizeof(tag));
	assert_memory_not_equal(&tag, &of_longer, sizeof(tag));
	memo_close(other_memo);
	memo_close(memo);
}

static void *hammer(void *memo)
{
	enum { ROUNDS = 20000 };
	uintptr_t false_matches = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct memo_tag good = random_tag(), bad = random_tag(), stranger = random_tag();

		memo_add(memo, &good, MEMO_MATCHES);
		memo_add(memo, &bad, MEMO_DIFFERS);
		false_matches += memo_find(memo, &stranger) != MEMO_UNKNOWN;
		false_matches += memo_find(memo, &bad) == MEMO_MATCHES;
		false_matches += memo_find(memo, &good) == MEMO_DIFFERS;
	}
	return (void *)false_matches;
}

/* One bucket for all good pairs, so that every writer tears the entries of the others. */
static void check_under_threads(const char *file)
{
	pthread_t threads[4];
	struct error err = {0};
	struct memo *memo;

	assert_int_equal(memo_open(1, file, &memo, &err), RESULT_OK);
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, memo), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++) {
		void *false_matches;

		assert_int_equal(pthread_join(threads[i], &false_matches), 0);
		assert_null(false_matches);
	}
	memo_close(memo);
}

static void test_threads_never_find_in_memory_what_was_not_added(void **state)
{
	(void)state;
	check_under_threads(NULL);
}

static void test_threads_never_find_in_a_file_what_was_not_added(void **state)
{
	const struct place *place = *state;

	check_under_threads(place->file);
}

static void test_a_memo_in_a_file_survives_a_restart(void **state)
{
	const struct place *place = *state;
	struct memo *memo = open_memo(place->file);
	struct memo_tag tag = tag_of(memo), again;

	memo_add(memo, &tag, MEMO_MATCHES);
	memo_close(memo);

	memo = open_memo(place->file);
	again = tag_of(memo);
	assert_memory_equal(&tag, &again, sizeof(tag));
	assert_int_equal(memo_find(memo, &again), MEMO_MATCHES);
	memo_close(memo);
}

static void test_the_file_is_private_and_alone_in_its_directory(void **state)
{
	const struct place *place = *state;
	struct memo *memo = open_memo(place->file);
	struct stat status;
	size_t count = 0;
	DIR *directory = opendir(place->directory);

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	assert_int_equal(count, 3); /* with "." and ".." */
	assert_int_equal(lstat(place->file, &status), 0);
	assert_true(S_ISREG(status.st_mode));
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_size, FILE_SIZE);
	memo_close(memo);
}

static void wait_for_child(pid_t child)
{
	int status = 0;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_two_processes_share_a_file(void **state)
{
	const struct place *place = *state;
	struct memo *memo = open_memo(place->file);
	struct memo_tag tag = tag_of(memo);
	pid_t child = fork();

	assert_int_not_equal(child, -1);
	if (child == 0) {
		struct memo *own = open_memo(place->file);
		struct memo_tag own_tag = tag_of(own);

		memo_add(own, &own_tag, MEMO_MATCHES);
		_exit(0);
	}
	wait_for_child(child);
	assert_int_equal(memo_find(memo, &tag), MEMO_MATCHES);
	memo_close(memo);
}

/* The children wait for the gate, a pipe, to be closed, and answer with the tag they compute. */
static void test_processes_that_start_at_once_agree_on_one_file(void **state)
{
	enum { PROCESSES = 8 };
	const struct place *place = *state;
	struct memo_tag tags[PROCESSES];
	pid_t children[PROCESSES];
	int gate[2], answers[2];

	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pipe(answers), 0);
	for (size_t i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_int_not_equal(children[i], -1);
		if (children[i] == 0) {
			struct memo_tag tag;
			char byte;

			close(gate[1]);
			if (read(gate[0], &byte, 1) != 0)
				_exit(1);
			tag = tag_of(open_memo(place->file));
			_exit(write(answers[1], &tag, sizeof(tag)) == sizeof(tag) ? 0 : 2);
		}
	}
	close(gate[0]);
	close(gate[1]);
	for (size_t i = 0; i < PROCESSES; i++)
		wait_for_child(children[i]);
	for (size_t i = 0; i < PROCESSES; i++) {
		assert_int_equal(read(answers[0], &tags[i], sizeof(tags[i])), sizeof(tags[i]));
		assert_memory_equal(&tags[i], &tags[0], sizeof(tags[0]));
	}
	close(answers[0]);
	close(answers[1]);
}

static void overwrite(const struct place *place, off_t offset, const void *bytes, size_t length)
{
	int fd = open(place->file, O_WRONLY);

	assert_int_not_equal(fd, -1);
	assert_int_equal(pwrite(fd, bytes, length, offset), length);
	close(fd);
}

static void overwrite_with_noise(const struct place *place, size_t offset)
{
	static uint8_t noise[FILE_SIZE];

	randombytes_buf(noise, sizeof(noise));
	overwrite(place, (off_t)offset, noise, sizeof(noise) - offset);
}

static void check_that_nothing_is_found(struct memo *memo)
{
	for (size_t i = 0; i < LOOKUPS; i++) {
		struct memo_tag tag = random_tag();

		assert_int_equal(memo_find(memo, &tag), MEMO_UNKNOWN);
	}
}

static void test_noise_behind_the_header_never_matches(void **state)
{
	const struct place *place = *state;
	struct memo *memo = open_memo(place->file);
	struct memo_tag tag = tag_of(memo);

	memo_add(memo, &tag, MEMO_MATCHES);
	memo_close(memo);
	overwrite_with_noise(place, HEADER_PLACE);

	memo = open_memo(place->file);
	assert_int_equal(memo_find(memo, &tag), MEMO_UNKNOWN);
	check_that_nothing_is_found(memo);
	memo_close(memo);
}

static void cut_file(const struct place *place)
{
	assert_int_equal(truncate(place->file, 0), 0);
}

static void cut_file_inside_the_first_bucket(const struct place *place)
{
	assert_int_equal(truncate(place->file, HEADER_PLACE + 100), 0);
}

static void fill_file_with_noise(const struct place *place)
{
	overwrite_with_noise(place, 0);
}

static void fill_file_with_zeros(const struct place *place)
{
	cut_file(place);
	assert_int_equal(truncate(place->file, FILE_SIZE), 0);
}

static const struct accident_case {
	const char *label;
	void (*happen)(const struct place *place);
} accident_cases[] = {
	// clang-format off
	{ "cut to nothing",          cut_file },
	{ "cut inside a bucket",     cut_file_inside_the_first_bucket },
	{ "overwritten with noise",  fill_file_with_noise },
	{ "overwritten with zeros",  fill_file_with_zeros },
	// clang-format on
};

static void test_an_accident_to_the_file_while_serving_is_a_miss(void **state)
{
	const struct place *place = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(accident_cases); i++) {
		struct memo *memo = open_memo(place->file);
		struct memo_tag tag = tag_of(memo);

		memo_add(memo, &tag, MEMO_MATCHES);
		/* The stack now holds what a lookup that reads nothing must not take for read. */
		assert_int_equal(memo_find(memo, &tag), MEMO_MATCHES);
		accident_cases[i].happen(place);
		if (memo_find(memo, &tag) != MEMO_UNKNOWN)
			fail_msg("%s: expected a miss", accident_cases[i].label);
		check_that_nothing_is_found(memo);

		memo_add(memo, &tag, MEMO_MATCHES);
		if (memo_find(memo, &tag) != MEMO_MATCHES)
			fail_msg("%s: expected to remember again", accident_cases[i].label);
		memo_close(memo);
		unlink(place->file);
	}
}

static void test_a_file_deleted_while_serving_serves_on_and_is_made_anew(void **state)
{
	const struct place *place = *state;
	struct memo *memo = open_memo(place->file), *fresh;
	struct memo_tag tag = tag_of(memo), fresh_tag;

	assert_int_equal(unlink(place->file), 0);
	memo_add(memo, &tag, MEMO_MATCHES);
	assert_int_equal(memo_find(memo, &tag), MEMO_MATCHES);

	fresh = open_memo(place->file);
	fresh_tag = tag_of(fresh);
	assert_memory_not_equal(&tag, &fresh_tag, sizeof(tag));
	assert_int_equal(memo_find(fresh, &fresh_tag), MEMO_UNKNOWN);
	memo_close(fresh);
	memo_close(memo);
}

static void damage_magic(const struct place *place)
{
	overwrite(place, 0, "x", 1);
}

static void damage_version(const struct place *place)
{
	overwrite(place, 8, "\x7F", 1);
}

static void damage_bucket_count(const struct place *place)
{
	overwrite(place, 16, "\x7F", 1);
}

static void cut_the_last_byte(const struct place *place)
{
	assert_int_equal(truncate(place->file, FILE_SIZE - 1), 0);
}

static void add_a_byte(const struct place *place)
{
	assert_int_equal(truncate(place->file, FILE_SIZE + 1), 0);
}

static void make_for_other_entries(const struct place *place)
{
	struct error err = {0};
	struct memo *memo;

	assert_int_equal(memo_open((size_t)2 * ENTRIES, place->file, &memo, &err), RESULT_OK);
	memo_close(memo);
}

static const struct accident_case unfit_cases[] = {
	// clang-format off
	{ "another magic",              damage_magic },
	{ "another version",            damage_version },
	{ "another number of buckets",  damage_bucket_count },
	{ "a byte too few",             cut_the_last_byte },
	{ "a byte too many",            add_a_byte },
	{ "nothing in it",              cut_file },
	{ "noise in it",                fill_file_with_noise },
	{ "zeros in it",                fill_file_with_zeros },
	{ "made for other entries",     make_for_other_entries },
	// clang-format on
};

static void test_a_file_that_does_not_fit_is_made_anew(void **state)
{
	const struct place *place = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(unfit_cases); i++) {
		struct memo *memo = open_memo(place->file);
		struct memo_tag tag = tag_of(memo), fresh_tag;
		struct stat status;

		memo_add(memo, &tag, MEMO_MATCHES);
		memo_close(memo);
		unfit_cases[i].happen(place);

		memo = open_memo(place->file);
		fresh_tag = tag_of(memo);
		if (memcmp(&tag, &fresh_tag, sizeof(tag)) == 0)
			fail_msg("%s: expected another key", unfit_cases[i].label);
		if (memo_find(memo, &tag) != MEMO_UNKNOWN)
			fail_msg("%s: expected to have forgotten", unfit_cases[i].label);
		memo_close(memo);
		assert_int_equal(stat(place->file, &status), 0);
		assert_int_equal(status.st_size, FILE_SIZE);
		assert_int_equal(status.st_mode & 07777, 0600);
	}
}

static void put_file(const struct place *place, mode_t mode, const char *text)
{
	int fd = open(place->file, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void put_link(const struct place *place)
{
	char target[256];

	snprintf(target, sizeof(target), "%s/target", place->directory);
	assert_int_equal(symlink(target, place->file), 0);
}

static void put_fifo(const struct place *place)
{
	assert_int_equal(mkfifo(place->file, 0600), 0);
}

static void put_directory(const struct place *place)
{
	assert_int_equal(mkdir(place->file, 0700), 0);
}

static void put_file_that_the_group_reads(const struct place *place)
{
	put_file(place, 0640, "");
}

static void put_file_that_others_write(const struct place *place)
{
	put_file(place, 0602, "");
}

static void put_database(const struct place *place)
{
	put_file(place, 0600, "SQLite format 3");
	overwrite(place, 15, "\0page", 5);
}

static void open_directory_to_others(const struct place *place)
{
	assert_int_equal(chmod(place->directory, 0707), 0);
}

static void open_directory_as_sticky(const struct place *place)
{
	assert_int_equal(chmod(place->directory, 01777), 0);
}

static void open_directory_to_the_group(const struct place *place)
{
	assert_int_equal(chmod(place->directory, 0770), 0);
}

static const struct refusal_case {
	const char *label;
	void (*prepare)(const struct place *place);
	const char *message;
} refusal_cases[] = {
	// clang-format off
	{ "a link",                          put_link,                      "symbolic link" },
	{ "a FIFO",                          put_fifo,                      "regular file" },
	{ "a directory",                     put_directory,                 "a directory; give" },
	{ "a file that the group may read",  put_file_that_the_group_reads, "run: chmod 0600 " },
	{ "a file that others may write",    put_file_that_others_write,    "run: chmod 0600 " },
	{ "a database",                      put_database,                  "a database" },
	{ "a directory open to others",      open_directory_to_others,      "run: chmod go-w " },
	{ "a sticky directory",              open_directory_as_sticky,      "move " },
	{ "a directory open to the group",   open_directory_to_the_group,   "run: chmod go-w " },
	// clang-format on
};

static enum result try_open(const char *file, struct error *err)
{
	struct memo *memo;
	enum result result = memo_open(ENTRIES, file, &memo, err);

	if ((result == RESULT_OK) != (memo != NULL) || err->result != result)
		fail_msg("memo %p and error %d with result %d", (void *)memo, (int)err->result,
			 (int)result);
	memo_close(memo);
	return result;
}

static void test_a_file_that_others_could_have_made_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(refusal_cases); i++) {
		const struct refusal_case *c = &refusal_cases[i];
		struct error err = {0};
		void *place;

		assert_int_equal(set_up(&place), 0);
		c->prepare(place);
		if (try_open(((struct place *)place)->file, &err) != RESULT_INVALID_CONFIGURATION)
			fail_msg("%s: expected a refusal", c->label);
		if (strstr(err.message, c->message) == NULL ||
		    strncmp(err.message, "memo_file: ", 11) != 0 ||
		    strstr(err.message, ((struct place *)place)->directory) == NULL)
			fail_msg("%s: unhelpful: %s", c->label, err.message);
		tear_down(&place);
	}
}

static void test_a_database_in_its_place_is_left_as_it_is(void **state)
{
	const struct place *place = *state;
	struct error err = {0};
	struct stat before, after;

	put_database(place);
	assert_int_equal(stat(place->file, &before), 0);
	assert_int_equal(try_open(place->file, &err), RESULT_INVALID_CONFIGURATION);
	assert_int_equal(stat(place->file, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_size, after.st_size);
}

static void test_a_file_of_another_user_is_refused(void **state)
{
	enum { NOBODY = 65534 };
	const struct place *place = *state;
	struct error err = {0};

	if (geteuid() != 0)
		skip(); /* only root can give a file away */
	put_file(place, 0600, "");
	assert_int_equal(chown(place->file, NOBODY, NOBODY), 0);
	assert_int_equal(try_open(place->file, &err), RESULT_INVALID_CONFIGURATION);
	assert_int_equal(unlink(place->file), 0);
	assert_int_equal(chown(place->directory, NOBODY, NOBODY), 0);
	assert_int_equal(try_open(place->file, &err), RESULT_INVALID_CONFIGURATION);
}

static void test_a_path_that_names_no_file_is_refused(void **state)
{
	static const char *const paths[] = {"/", "/tmp/", "/nonexistent-directory/memo"};
	char long_path[2048];

	(void)state;
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
		struct error err = {0};

		if (try_open(paths[i], &err) != RESULT_INVALID_CONFIGURATION)
			fail_msg("\"%s\": expected a refusal", paths[i]);
	}
	for (size_t slash = 0; slash < sizeof(long_path); slash += 1024) {
		struct error err = {0};

		long_path[slash] = '/';
		assert_int_equal(try_open(long_path, &err), RESULT_INVALID_CONFIGURATION);
	}
}

static void test_a_number_of_entries_out_of_bounds_is_refused(void **state)
{
	static const size_t numbers[] = {0, MEMO_ENTRIES_MAX + 1, SIZE_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
		struct error err = {0};
		struct memo *memo;

		assert_int_equal(memo_open(numbers[i], NULL, &memo, &err),
				 RESULT_INVALID_CONFIGURATION);
		assert_null(memo);
		assert_string_equal(err.field, "memo_entries");
	}
}

/* Limits are for good, so each of these runs in a process of its own, whose exit code tells. */
static void in_a_child(int (*body)(const struct place *place), const struct place *place)
{
	pid_t child = fork();

	assert_int_not_equal(child, -1);
	if (child == 0)
		_exit(body(place));
	wait_for_child(child);
}

static int limit_file_size(rlim_t bytes)
{
	const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};

	signal(SIGXFSZ, SIG_IGN);
	return setrlimit(RLIMIT_FSIZE, &limit);
}

static int open_without_room(const struct place *place)
{
	struct error err = {0};
	struct memo_tag tag;
	struct memo *memo;

	if (limit_file_size(HEADER_PLACE) != 0)
		return 1;
	if (memo_open(ENTRIES, place->file, &memo, &err) != RESULT_OK || err.message[0] == '\0')
		return 2;
	tag = tag_of(memo);
	memo_add(memo, &tag, MEMO_MATCHES);
	if (memo_find(memo, &tag) != MEMO_MATCHES)
		return 3;
	memo_close(memo);
	return rmdir(place->directory) == 0 ? 0 : 4; /* nothing half made is left */
}

static void test_without_room_for_the_file_the_memo_is_in_memory(void **state)
{
	in_a_child(open_without_room, *state);
}

static int add_without_room(const struct place *place)
{
	struct memo *memo = open_memo(place->file);
	struct memo_tag tag = tag_of(memo);

	cut_file(place);
	if (limit_file_size(0) != 0)
		return 1;
	memo_add(memo, &tag, MEMO_MATCHES);
	return memo_find(memo, &tag) == MEMO_UNKNOWN ? 0 : 2;
}

static void test_an_entry_that_cannot_be_written_is_a_miss(void **state)
{
	in_a_child(add_without_room, *state);
}

static int open_without_memory(const struct place *place)
{
	const struct rlimit limit = {.rlim_cur = 8 << 20, .rlim_max = 8 << 20};
	struct error err = {0};
	struct memo *memo;

	(void)place;
	/* The guarded pages of the MAC key are mapped anew each time. */
	if (setrlimit(RLIMIT_AS, &limit) != 0)
		return 1;
	return memo_open(ENTRIES, NULL, &memo, &err) == RESULT_BUSY && memo == NULL ? 0 : 2;
}

static void test_without_memory_the_answer_is_busy(void **state)
{
	in_a_child(open_without_memory, *state);
}

static int open_without_descriptors(const struct place *place)
{
	const struct rlimit limit = {.rlim_cur = 0, .rlim_max = 0};
	struct error err = {0};
	struct memo *memo;

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1;
	return memo_open(ENTRIES, place->file, &memo, &err) == RESULT_BUSY && memo == NULL ? 0 : 2;
}

static void test_without_descriptors_the_answer_is_busy(void **state)
{
	in_a_child(open_without_descriptors, *state);
}

static void test_closing_nothing_is_allowed(void **state)
{
	(void)state;
	memo_close(NULL);
}

#define UNIT_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
#define BOTH_BACKINGS(what)                                                                        \
	UNIT_TEST(test_memo_in_memory_##what), UNIT_TEST(test_memo_in_a_file_##what)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_BACKINGS(what_was_added_is_found),
		BOTH_BACKINGS(one_other_bit_is_not_found),
		BOTH_BACKINGS(nothing_is_found_for_the_zeroed_tag),
		BOTH_BACKINGS(no_verdict_is_not_remembered),
		BOTH_BACKINGS(it_stays_bounded_and_prefers_the_newest),
		BOTH_BACKINGS(bad_pairs_do_not_push_out_good_ones),
		BOTH_BACKINGS(a_pair_has_one_entry),
		cmocka_unit_test(test_a_tag_names_the_key_and_the_hash_under_the_memos_own_key),
		cmocka_unit_test(test_threads_never_find_in_memory_what_was_not_added),
		UNIT_TEST(test_threads_never_find_in_a_file_what_was_not_added),
		UNIT_TEST(test_a_memo_in_a_file_survives_a_restart),
		UNIT_TEST(test_the_file_is_private_and_alone_in_its_directory),
		UNIT_TEST(test_two_processes_share_a_file),
		UNIT_TEST(test_processes_that_start_at_once_agree_on_one_file),
		UNIT_TEST(test_noise_behind_the_header_never_matches),
		UNIT_TEST(test_an_accident_to_the_file_while_serving_is_a_miss),
		UNIT_TEST(test_a_file_deleted_while_serving_serves_on_and_is_made_anew),
		UNIT_TEST(test_a_file_that_does_not_fit_is_made_anew),
		cmocka_unit_test(test_a_file_that_others_could_have_made_is_refused),
		UNIT_TEST(test_a_database_in_its_place_is_left_as_it_is),
		UNIT_TEST(test_a_file_of_another_user_is_refused),
		cmocka_unit_test(test_a_path_that_names_no_file_is_refused),
		cmocka_unit_test(test_a_number_of_entries_out_of_bounds_is_refused),
		UNIT_TEST(test_without_room_for_the_file_the_memo_is_in_memory),
		UNIT_TEST(test_an_entry_that_cannot_be_written_is_a_miss),
		UNIT_TEST(test_without_memory_the_answer_is_busy),
		UNIT_TEST(test_without_descriptors_the_answer_is_busy),
		cmocka_unit_test(test_closing_nothing_is_allowed),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
