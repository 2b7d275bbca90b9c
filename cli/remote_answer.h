/* SPDX-License-Identifier: ISC */
/* What the service answered, read. The only file of the client that knows json-c. Whatever a
 * function is asked for and does not find, it answers as if it were empty: another version of the
 * service may leave it out. */
#ifndef CLAVIGER_REMOTE_ANSWER_H
#define CLAVIGER_REMOTE_ANSWER_H

#include "attributes.h"
#include "buffer.h"
#include "error.h"
#include "token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed from its answer. NULL is one in which nothing is found. */
struct record;

/* Zeroed, it holds no record. Clear it on every path; that wipes what it held. */
struct answer {
	struct json_object *tree;
	struct buffer text; /* as it came */
	long status;
	bool was_repeated; /* an answer to the same request was lost before */
};

/** Reads answer->text. Where it is none of this interface, or there is no memory, answer->tree
 * stays NULL. */
void answer_read(struct answer *answer);
void answer_clear(struct answer *answer);

NODISCARD size_t answer_count(const struct answer *answer);
/** Record INDEX of "data". */
NODISCARD const struct record *answer_record(const struct answer *answer, size_t index);
/** What stands beside "data" under NAME, or is "error" in a refusal. */
NODISCARD const struct record *answer_beside(const struct answer *answer, const char *name);
/** Where the next page begins; "" behind the last. */
NODISCARD const char *answer_next_cursor(const struct answer *answer);

NODISCARD const char *record_text(const struct record *record, const char *name);
NODISCARD int64_t record_number(const struct record *record, const char *name);
NODISCARD bool record_truth(const struct record *record, const char *name);
/** A moment; false where there is none. */
NODISCARD bool record_moment(const struct record *record, const char *name, int64_t *moment);
NODISCARD const struct record *record_inner(const struct record *record, const char *name);
/** How many elements the array NAME has, and the text of one. */
NODISCARD size_t record_list_count(const struct record *record, const char *name);
NODISCARD const char *record_list_text(const struct record *record, const char *name, size_t index);
/** The key in an answer to a creation or rotation; false where there is none. Wipe it. */
NODISCARD bool record_key(const struct record *record, struct key *key);

/** Wipes the key of record 0 of "data" and takes it out, for who gets it by another way. */
void answer_forget_key(struct answer *answer);

/** Appends RECORD as JSON, as it came. */
void record_write(const struct record *record, struct buffer *out);

#endif
