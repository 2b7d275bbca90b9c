/* SPDX-License-Identifier: ISC */
/* What a restore leaves in the audit: it takes changes back, and not the memory of them. */
#ifndef CLAVIGER_RESTORE_AUDIT_H
#define CLAVIGER_RESTORE_AUDIT_H

#include "attributes.h"
#include "authority.h"
#include "error.h"
#include "store.h"

#include <stdint.h>

struct restore_note {
	const char *file;
	uint64_t revived, lost;
};

/** Adds to RESTORED's store, in the transaction that the caller has begun there, what CURRENT's
 *  audit holds beyond it, where the one goes on from the other, and a row about the restore. */
NODISCARD enum result restore_keep_audit(struct authority *restored, struct store *current,
					 const struct restore_note *note, int64_t now);

#endif
