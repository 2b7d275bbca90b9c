/* SPDX-License-Identifier: ISC */
/* Whether the trail is as it was written: every row in its place, unaltered, and none behind or
 * before a checkpoint that was not there. */
#ifndef CLAVIGER_AUDIT_VERIFY_H
#define CLAVIGER_AUDIT_VERIFY_H

#include "attributes.h"
#include "audit_key.h"
#include "error.h"
#include "store.h"

#include <stdbool.h>
#include <stdint.h>

/* How the trail was at some moment: what an export ends with, to be kept elsewhere. */
struct audit_checkpoint {
	int64_t sequence; /* of the last row; 0: there was none */
	uint8_t digest[STORE_CHAIN_SIZE];
};

enum audit_fault {
	AUDIT_MISSING,            /* rows FIRST to LAST are gone */
	AUDIT_ALTERED,            /* row FIRST does not fit behind the one before it */
	AUDIT_CHECKPOINT_DIFFERS, /* rows 1 to LAST are not those of the checkpoint */
};

struct audit_finding {
	enum audit_fault fault;
	int64_t first, last;
};

struct audit_check {
	const struct audit_key *key;               /* NULL: nothing can be proven by it */
	const struct audit_checkpoint *checkpoint; /* NULL: none */
	/* Called with every row, oldest first, until it answers false. NULL: not. */
	bool (*each)(void *, const struct audit_row *);
	/* Called with each finding. */
	void (*find)(void *, const struct audit_finding *);
	void *context;
};

struct audit_report {
	struct audit_checkpoint checkpoint; /* how the trail is now */
	uint64_t row_count;
	uint64_t finding_count;
	/* Rows under another key that the checkpoint, if it fits, does not reach: how many, and the
	 * last of them. */
	uint64_t unproven_count;
	int64_t last_unproven;
};

/** Goes through the whole trail as of one moment. RESULT_OK, whatever it found; the store's failure
 *  else; REPORT is then worth nothing. */
NODISCARD enum result audit_verify(struct store *store, const struct audit_check *check,
				   struct audit_report *report);

#endif
