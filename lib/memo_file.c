/* SPDX-License-Identifier: ISC */
#include "memo_file.h"

#include <sodium.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC_SIZE = 8, FORMAT_VERSION = 1, ATTEMPTS = 4 };
enum { PATH_SIZE = 1024, TEMPORARY_SIZE = 256, SUFFIX_BYTES = 8 };

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

/* Where the file lies. All is done relative to DIRECTORY, which was checked, so that nobody can
 * put another one in its place between two calls. */
struct place {
	const char *path; /* for messages */
	const char *name;
	int directory;
};

enum fit { FIT_ABSENT, FIT_DIFFERENT, FIT_GOOD };

static off_t bucket_offset(size_t index)
{
	return (off_t)((index + 1) * sizeof(struct memo_bucket));
}

static enum result fail(struct error *err, const char *path, const char *reason)
{
	return error_set(err, RESULT_INVALID_CONFIGURATION, "memo_file", "%s: %s", path, reason);
}

/* The operator's mistake, or a shortage that may pass. */
static enum result fail_by_errno(struct error *err, const char *path, int number,
				 const char *reason)
{
	if (number == EMFILE || number == ENFILE || number == ENOMEM)
		return error_set(err, RESULT_BUSY, "memo_file",
				 "no descriptor or no memory to open it");
	return fail(err, path, reason);
}

static enum result check_directory(int directory, const char *path, struct error *err)
{
	struct stat status;

	if (fstat(directory, &status) != 0)
		return fail(err, path, "its state cannot be read");
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return fail(err, path, "this directory must belong to this user or to root");
	if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(err, RESULT_INVALID_CONFIGURATION, "memo_file",
				 "others may write to its directory; run: chmod go-w %s", path);
	return RESULT_OK;
}

/* The caller closes PLACE->directory, which is -1 on failure. */
static enum result open_place(const char *path, struct place *place, struct error *err)
{
	char directory[PATH_SIZE];
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	size_t length = (size_t)(name - path);
	enum result result;

	*place = (struct place){.path = path, .name = name, .directory = -1};
	if (length >= sizeof(directory) || name[0] == '\0')
		return fail(err, path, "no name of a file, or too long a one");
	memcpy(directory, path, length);
	directory[length] = '\0';
	if (length == 0)
		memcpy(directory, ".", sizeof("."));

	place->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->directory < 0)
		return fail_by_errno(err, directory, errno, "this directory cannot be opened");
	result = check_directory(place->directory, directory, err);
	if (result != RESULT_OK) {
		close(place->directory);
		place->directory = -1;
	}
	return result;
}

static enum result check_file(const struct stat *status, const char *path, struct error *err)
{
	if (!S_ISREG(status->st_mode))
		return fail(err, path, "not a regular file");
	if (status->st_uid != geteuid())
		return fail(err, path, "belongs to another user; remove it or change its owner");
	if ((status->st_mode & 07777 & ~(mode_t)(S_IRUSR | S_IWUSR)) != 0)
		return error_set(err, RESULT_INVALID_CONFIGURATION, "memo_file",
				 "others may read or write it; run: chmod 600 %s", path);
	return RESULT_OK;
}

/* Says by FIT whether the file at FD is a memo of BUCKET_COUNT buckets; reads its KEY then. */
static enum result read_header(int fd, const char *path, size_t bucket_count,
			       uint8_t key[static MEMO_KEY_SIZE], enum fit *fit, struct error *err)
{
	struct file_header header = {0};
	struct stat status;
	enum result result;
	ssize_t got;

	*fit = FIT_DIFFERENT;
	if (fstat(fd, &status) != 0)
		return fail(err, path, "its state cannot be read");
	result = check_file(&status, path, err);
	if (result != RESULT_OK)
		return result;

	got = pread(fd, &header, sizeof(header), 0);
	if (got > 0 && memcmp(&header, database_magic, sizeof(database_magic)) == 0) {
		result =
			fail(err, path, "a database, not a memo; give memo_file a path of its own");
	} else if (got == (ssize_t)sizeof(header) &&
		   memcmp(header.magic, magic, sizeof(magic)) == 0 &&
		   header.version == FORMAT_VERSION && header.bucket_count == bucket_count &&
		   status.st_size == bucket_offset(bucket_count)) {
		memcpy(key, header.key, sizeof(header.key));
		*fit = FIT_GOOD;
	}
	sodium_memzero(&header, sizeof(header));
	return result;
}

/* *FD is -1 unless *FIT is FIT_GOOD. */
static enum result open_existing(const struct place *place, size_t bucket_count,
				 uint8_t key[static MEMO_KEY_SIZE], int *fd, enum fit *fit,
				 struct error *err)
{
	enum result result;
	int opened;

	*fd = -1;
	*fit = FIT_ABSENT;
	/* O_NONBLOCK: POSIX does not say that opening a FIFO for both returns at once. */
	opened =
		openat(place->directory, place->name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (opened < 0 && errno == ENOENT)
		return RESULT_OK;
	if (opened < 0 && errno == ELOOP)
		return fail(err, place->path, "a symbolic link; give the path of the file itself");
	if (opened < 0)
		return fail_by_errno(err, place->path, errno,
				     "cannot be opened for reading and writing by this user");
	result = read_header(opened, place->path, bucket_count, key, fit, err);
	if (result == RESULT_OK && *fit == FIT_GOOD)
		*fd = opened;
	else
		close(opened);
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
static enum result make_file(const struct place *place, size_t bucket_count, enum fit fit,
			     bool *made, struct error *err)
{
	uint8_t random[SUFFIX_BYTES];
	char suffix[2 * SUFFIX_BYTES + 1];
	char temporary[TEMPORARY_SIZE];
	int length, fd;

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(suffix, sizeof(suffix), random, sizeof(random));
	length = snprintf(temporary, sizeof(temporary), "%s.%s", place->name, suffix);
	if (length < 0 || (size_t)length >= sizeof(temporary))
		return fail(err, place->path, "too long a name");
	fd = openat(place->directory, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    S_IRUSR | S_IWUSR);
	if (fd < 0 && (errno == ENOSPC || errno == EDQUOT))
		return RESULT_OK;
	if (fd < 0)
		return fail_by_errno(err, place->path, errno,
				     "this user cannot make files in its directory");
	if (!write_header(fd, bucket_count))
		*made = false;
	else if (fit == FIT_ABSENT)
		*made = linkat(place->directory, temporary, place->directory, place->name, 0) ==
				0 ||
			errno == EEXIST;
	else
		*made = renameat(place->directory, temporary, place->directory, place->name) == 0;
	close(fd);
	unlinkat(place->directory, temporary, 0); /* after renameat() there is none */
	return RESULT_OK;
}

enum result memo_file_open(const char *path, size_t bucket_count, uint8_t key[static MEMO_KEY_SIZE],
			   int *fd, struct error *err)
{
	struct place place;
	enum fit fit = FIT_ABSENT;
	bool made = true;
	enum result result = open_place(path, &place, err);

	*fd = -1;
	if (result != RESULT_OK)
		return result;
	/* What was made is opened by its name like any other, since a rival's may lie there. */
	for (int i = 0; i < ATTEMPTS && made; i++) {
		result = open_existing(&place, bucket_count, key, fd, &fit, err);
		if (result != RESULT_OK || fit == FIT_GOOD)
			break;
		made = false;
		result = make_file(&place, bucket_count, fit, &made, err);
		if (result != RESULT_OK)
			break;
	}
	close(place.directory);
	if (result == RESULT_OK && *fd < 0)
		return error_set(err, RESULT_OK, "memo_file",
				 "%s: cannot be made now; remembering in memory only", path);
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
