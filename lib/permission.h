/* SPDX-License-Identifier: ISC */
/* The catalogue of permission names ("resource:action"), and sets of them.
 *
 * A set is 64 bits in catalogue order plus "*", which is every permission, also those added
 * later, and is therefore never the same as listing all. Rows hold names, not bits, so that a
 * changed catalogue cannot shift what they mean; a name that the catalogue lost grants nothing. */
#ifndef CLAVIGER_PERMISSION_H
#define CLAVIGER_PERMISSION_H

#include "attributes.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PERMISSIONS_MAX = 64,
	PERMISSION_NAME_SIZE = 65,
	PERMISSION_DESCRIPTION_SIZE = 201,
};

struct permission {
	char name[PERMISSION_NAME_SIZE];
	char description[PERMISSION_DESCRIPTION_SIZE];
};

/* Immutable once loaded. */
struct catalogue {
	size_t count;
	struct permission permissions[PERMISSIONS_MAX];
};

/* Zeroed, it permits nothing. */
struct permission_set {
	uint64_t bits; /* bit i = permissions[i] of the catalogue */
	bool every;    /* "*" */
};

/** The 18 names of the reference interface. */
void catalogue_default(struct catalogue *catalogue);
/** Reads LENGTH bytes at TEXT, the content of FILE (for messages): a line each, name, blank,
 *  sentence; blank lines and lines that begin with # are skipped. RESULT_INVALID_CONFIGURATION
 *  with file, line and what is allowed: a name without colon or twice, "*", more than 64. */
NODISCARD enum result catalogue_parse(struct catalogue *catalogue, const char *file,
				      const char *text, size_t length, struct error *err);
/** The place of the LENGTH bytes at NAME in CATALOGUE; false where it is not there. */
NODISCARD bool catalogue_find(const struct catalogue *catalogue, const char *name, size_t length,
			      size_t *index);

NODISCARD struct permission_set permission_set_of(size_t index);
/** The set that the LENGTH bytes at TEXT, one name of CATALOGUE or "*", stand for; false, *SET
 *  untouched, for anything else. */
NODISCARD bool permission_set_find(const struct catalogue *catalogue, const char *text,
				   size_t length, struct permission_set *set);
NODISCARD struct permission_set permission_set_union(struct permission_set a,
						     struct permission_set b);
NODISCARD struct permission_set permission_set_intersection(struct permission_set a,
							    struct permission_set b);
/** What of NEEDED is not in HELD; empty just where HELD covers NEEDED. */
NODISCARD struct permission_set permission_set_lacking(struct permission_set needed,
						       struct permission_set held);
NODISCARD bool permission_set_is_empty(struct permission_set set);
/** Says whether OUTER holds all of INNER; only "*" covers "*". */
NODISCARD bool permission_set_covers(struct permission_set outer, struct permission_set inner);

/** Reads names separated by one blank, as rows hold them; unknown names are skipped. */
NODISCARD struct permission_set permission_set_parse(const struct catalogue *catalogue,
						     const char *text);
/** Appends the names of SET in catalogue order, separated by one blank; "*" alone for every. */
void permission_set_write(const struct catalogue *catalogue, struct permission_set set,
			  struct buffer *out);

#endif
