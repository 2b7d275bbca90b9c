/* SPDX-License-Identifier: ISC */
/* The memo: a bounded set of "this key was checked against this stored hash", good and bad.
 *
 * An entry is a keyed BLAKE2b-256 over (key, stored hash), in the table of its verdict, so the memo
 * is a pure function and can never be stale: revocation, expiry and scope are read from the row on
 * every request, and another hash is another entry. In memory it is read without a lock: an entry
 * is four atomic words, all of which must match, so a torn or overwritten one can only miss. In a
 * file (0600) a bucket is read by one pread, an entry written by one pwrite: a truncated or damaged
 * file is a miss, never a signal. Thread-safe. */
#ifndef CLAVIGER_MEMO_H
#define CLAVIGER_MEMO_H

#include "attributes.h"
#include "error.h"
#include "secret.h"
#include "token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memo;

enum memo_verdict { MEMO_UNKNOWN, MEMO_MATCHES, MEMO_DIFFERS };

enum { MEMO_TAG_SIZE = 32, MEMO_ENTRIES_MAX = 1 << 25 /* 1 GiB of them */ };

/* The name of one (key, stored hash) pair under this memo's key; tells nothing about either.
 * Zeroed, it is no pair's, and never found. */
struct memo_tag {
	uint8_t bytes[MEMO_TAG_SIZE];
};

/** Makes a memo of ENTRIES (1 to MEMO_ENTRIES_MAX, rounded up to fours) good pairs and 4096 bad
 *  ones; sodium_init() comes first. With FILE not NULL they lie in that file with its own random
 *  key, made anew when it is absent or its size or version differ; a file that is a link, is not
 *  ours, that others may read or write, or whose directory others may write to is
 *  RESULT_INVALID_CONFIGURATION with the command to run in ERR. Where the disk has no room for the
 *  file the memo is in memory: RESULT_OK, and ERR.message, which is else untouched, is a warning to
 *  log. RESULT_BUSY without memory. */
NODISCARD enum result memo_open(size_t entries, const char *file, struct memo **memo,
				struct error *err);
/** Checks that memo_open() could use FILE; makes nothing. */
NODISCARD enum result memo_check(const char *file, struct error *err);
/** Wipes the key of the memo and frees. NULL is allowed. */
void memo_close(struct memo *memo);

/** How many good pairs there is room for, and how many places this process has filled. */
NODISCARD size_t memo_capacity(const struct memo *memo);
NODISCARD size_t memo_used(const struct memo *memo);

/** The tag under which the two functions below and the slow lane know the pair. */
void memo_tag(const struct memo *memo, const struct key *key, const struct secret_hash *hash,
	      struct memo_tag *tag);
NODISCARD enum memo_verdict memo_find(struct memo *memo, const struct memo_tag *tag);
/** Remembers VERDICT (not MEMO_UNKNOWN) for TAG; an older entry may go for it. A file that cannot
 *  be written is no failure: the pair is simply not remembered. */
void memo_add(struct memo *memo, const struct memo_tag *tag, enum memo_verdict verdict);

#endif
