/* SPDX-License-Identifier: ISC */
/* The memo's buckets in a file: a header with the MAC key, then an array of buckets. Part of
 * memo.c; nobody else includes this.
 *
 * Read and written with pread and pwrite, never mapped, so that a file which is cut, overwritten
 * or full while it serves is a miss and not a signal. Numbers are in the order of the machine:
 * the file never leaves it, and another order is another version. */
#ifndef CLAVIGER_MEMO_FILE_H
#define CLAVIGER_MEMO_FILE_H

#include "attributes.h"
#include "error.h"
#include "memo.h"

#include <stddef.h>
#include <stdint.h>

enum { MEMO_KEY_SIZE = 32, MEMO_BUCKET_ENTRIES = 4 };

/* A zeroed entry is a free one. */
struct memo_bucket {
	struct memo_tag entries[MEMO_BUCKET_ENTRIES];
};

/** Opens the file of BUCKET_COUNT buckets at PATH and reads its MAC key into KEY; makes it, with
 *  a new key, where there is none or where magic, version or size differ. Processes that start at
 *  once open the same file. RESULT_INVALID_CONFIGURATION as memo_open() says; RESULT_BUSY without
 *  memory or descriptors. Where the disk has no room for it *FD is -1, which is RESULT_OK too, and
 *  ERR.message says so; the caller closes any other. */
NODISCARD enum result memo_file_open(const char *path, size_t bucket_count,
				     uint8_t key[static MEMO_KEY_SIZE], int *fd, struct error *err);

/** Checks that memo_file_open() could open or make the file at PATH; makes nothing. */
NODISCARD enum result memo_file_check(const char *path, struct error *err);

/** Zeroes the entries of BUCKET that cannot be read whole. */
void memo_file_read(int fd, size_t index, struct memo_bucket *bucket);
/** Writes one entry: a whole bucket would undo what another process wrote meanwhile. Failure is
 *  not told, because the entry is then simply missed. */
void memo_file_write(int fd, size_t index, size_t entry, const struct memo_tag *tag);

#endif
