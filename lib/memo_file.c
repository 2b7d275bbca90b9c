/* SPDX-License-Identifier: ISC */
#include "memo_file.h"

#include "file.h"

#include <sodium.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAGIC_SIZE = 8, FORMAT_VERSION = 1, ATTEMPTS = 4 };
enum { PATH_SIZE = 1024, SUFFIX_BYTES = 8 };

struct file_header {
	char magic[MAGIC_SIZE];
	uint64_t version;
	uint64_t bucket_count;
	uint8_t reserved[8];
	uint8_t key[MEMO_KEY_SIZE];
};

static const char magic[MAGIC_SIZE] = {'c', 'l', 'v', 'm', 'e', 'm', 'o', '\n'};
/* How a database begins: the one file of ours that nobody wants replaced by a memo. */
static const char database_magic[] = "SQLite format 3";

_Static_assert(sizeof(struct file_header) == 64, "the header has no padding");
_Static_assert(sizeof(struct memo_bucket) == 128, "no bucket lies across two pages");
_Static_assert(sizeof(struct file_header) <= sizeof(struct memo_bucket),
	       "the header lies in the place of one bucket");

enum fit { FIT_ABSENT, FIT_DIFFERENT, FIT_GOOD };

static off_t bucket_offset(size_t index)
{
	return (off_t)((index + 1) * sizeof(struct memo_bucket));
}

/* Says by FIT whether the file at FD is a memo of BUCKET_COUNT buckets; reads its KEY then. */
static enum result read_header(int fd, const char *path, size_t bucket_count,
			       uint8_t key[static MEMO_KEY_SIZE], enum fit *fit, struct error *err)
{
	struct file_header header = {0};
	enum result result = RESULT_OK;
	ssize_t got = pread(fd, &header, sizeof(header), 0);

	*fit = FIT_DIFFERENT;
	if (got > 0 && memcmp(&header, database_magic, sizeof(database_magic)) == 0) {
		result = error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				   "%.150s: a database, not a memo; give the path of a new file",
				   path);
	} else if (got == (ssize_t)sizeof(header) &&
		   memcmp(header.magic, magic, sizeof(magic)) == 0 &&
		   header.version == FORMAT_VERSION && header.bucket_count == bucket_count &&
		   lseek(fd, 0, SEEK_END) == bucket_offset(bucket_count)) {
		memcpy(key, header.key, sizeof(header.key));
		*fit = FIT_GOOD;
	}
	sodium_memzero(&header, sizeof(header));
	return result;
}

/* *FD is -1 unless *FIT is FIT_GOOD. */
static enum result open_existing(const char *path, size_t bucket_count,
				 uint8_t key[static MEMO_KEY_SIZE], int *fd, enum fit *fit,
				 struct error *err)
{
	enum result result = file_open(path, FILE_PRIVATE, FILE_TO_UPDATE, fd, err);

	*fit = FIT_ABSENT;
	if (result == RESULT_OK)
		result = read_header(*fd, path, bucket_count, key, fit, err);
	if (result == RESULT_NOT_FOUND) {
		*err = (struct error){0};
		result = RESULT_OK;
	}
	if (*fd >= 0 && *fit != FIT_GOOD) {
		close(*fd);
		*fd = -1;
	}
	return result;
}

static bool write_header(int fd, size_t bucket_count)
{
	struct file_header header = {.version = FORMAT_VERSION, .bucket_count = bucket_count};
	ssize_t written = -1;

	memcpy(header.magic, magic, sizeof(magic));
	randombytes_buf(header.key, sizeof(header.key));
	if (ftruncate(fd, bucket_offset(bucket_count)) == 0)
		written = pwrite(fd, &header, sizeof(header), 0);
	sodium_memzero(&header, sizeof(header));
	return written == (ssize_t)sizeof(header);
}

/* Whole under a name of its own, then published. Where there was nothing, by link(), which unlike
 * rename() never replaces: of two processes that start at once, the second finds the file of the
 * first. Where an unfit file goes, rename() may replace a rival's: that one then remembers for
 * itself alone, until it starts again. */
static enum result make_file(const char *path, size_t bucket_count, enum fit fit, bool *made,
			     struct error *err)
{
	uint8_t random[SUFFIX_BYTES];
	char suffix[2 * SUFFIX_BYTES + 1];
	char temporary[PATH_SIZE];
	enum result result;
	int length, fd;

	*made = false;
	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(suffix, sizeof(suffix), random, sizeof(random));
	length = snprintf(temporary, sizeof(temporary), "%s.%s", path, suffix);
	if (length < 0 || (size_t)length >= sizeof(temporary))
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "%.95s: the path is too long; give a shorter one", path);
	result = file_create(temporary, &fd, err);
	if (result != RESULT_OK)
		return result;
	if (write_header(fd, bucket_count))
		*made = fit == FIT_ABSENT ? link(temporary, path) == 0 || errno == EEXIST
					  : rename(temporary, path) == 0;
	close(fd);
	unlink(temporary); /* after rename() there is none */
	return RESULT_OK;
}

static enum result open_or_make(const char *path, size_t bucket_count,
				uint8_t key[static MEMO_KEY_SIZE], int *fd, struct error *err)
{
	enum fit fit = FIT_ABSENT;
	bool made = true;

	/* What was made is opened by its name like any other, since a rival's may lie there. */
	for (int i = 0; i < ATTEMPTS && made; i++) {
		enum result result = open_existing(path, bucket_count, key, fd, &fit, err);

		if (result != RESULT_OK || fit == FIT_GOOD)
			return result;
		result = make_file(path, bucket_count, fit, &made, err);
		if (result != RESULT_OK && result != RESULT_BUSY)
			return result;
	}
	return error_set(err, RESULT_OK, NULL,
			 "%.150s: cannot be made now; remembering in memory only", path);
}

enum result memo_file_open(const char *path, size_t bucket_count, uint8_t key[static MEMO_KEY_SIZE],
			   int *fd, struct error *err)
{
	enum result result = open_or_make(path, bucket_count, key, fd, err);

	if (err->message[0] != '\0')
		error_prefix(err, "memo_file");
	return result;
}

enum result memo_file_check(const char *path, struct error *err)
{
	uint8_t key[MEMO_KEY_SIZE] = {0};
	enum fit fit;
	int fd;
	enum result result = open_existing(path, 0, key, &fd, &fit, err);

	if (result == RESULT_OK && fit == FIT_ABSENT)
		result = file_check_new(path, FILE_PRIVATE, err);
	if (fd >= 0)
		close(fd);
	if (result != RESULT_OK)
		error_prefix(err, "memo_file");
	sodium_memzero(key, sizeof(key));
	return result;
}

void memo_file_read(int fd, size_t index, struct memo_bucket *bucket)
{
	ssize_t got = pread(fd, bucket, sizeof(*bucket), bucket_offset(index));
	size_t whole = got < 0 ? 0 : (size_t)got / sizeof(bucket->entries[0]);

	/* A file that was cut grows again entry by entry; what is behind its end is free. */
	for (size_t i = whole; i < MEMO_BUCKET_ENTRIES; i++)
		bucket->entries[i] = (struct memo_tag){0};
}

void memo_file_write(int fd, size_t index, size_t entry, const struct memo_tag *tag)
{
	off_t offset = bucket_offset(index) + (off_t)(entry * sizeof(*tag));
	ssize_t written = pwrite(fd, tag, sizeof(*tag), offset);

	(void)written; /* what is not there whole will never match */
}
