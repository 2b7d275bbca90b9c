/* SPDX-License-Identifier: ISC */
/* The 12 bytes that name an account, a website or a token, shown as 24 hex digits, and sorted
 * sets of them. An id is a name, not an order: clocks step. */
#ifndef CLAVIGER_ID_H
#define CLAVIGER_ID_H

#include "attributes.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_SIZE = 12, ID_TEXT_SIZE = 2 * ID_SIZE + 1 };

struct id {
	uint8_t bytes[ID_SIZE];
};

/* Sorted, without duplicates. Zeroed, it is empty. */
struct id_set {
	struct id *ids;
	size_t count;
};

/** A new id: four bytes of NOW (milliseconds since 1970) in seconds, eight random. */
NODISCARD struct id id_new(int64_t now);
/** Reads exactly 24 lower-case hex digits; anything else is false and leaves *ID untouched. */
NODISCARD bool id_parse(const char *text, size_t length, struct id *id);
/** Writes 24 lower-case hex digits and a NUL. */
void id_format(const struct id *id, char text[static ID_TEXT_SIZE]);
NODISCARD bool id_equals(const struct id *a, const struct id *b);

/** Makes SET the sorted set of the COUNT ids at IDS, duplicates folded. RESULT_BUSY without
 *  memory; SET is then empty. SET must own nothing before. */
NODISCARD enum result id_set_init(struct id_set *set, const struct id *ids, size_t count);
NODISCARD bool id_set_contains(const struct id_set *set, const struct id *id);
/** Says whether every id of INNER is in OUTER. */
NODISCARD bool id_set_covers(const struct id_set *outer, const struct id_set *inner);
/** Fills SHARED, which must own nothing, with what A and B both contain; RESULT_BUSY without
 *  memory. */
NODISCARD enum result id_set_intersect(const struct id_set *a, const struct id_set *b,
				       struct id_set *shared);
/** Frees what SET owns and leaves it empty. NULL is allowed. */
void id_set_clear(struct id_set *set);

#endif
