/* SPDX-License-Identifier: ISC */
/* When tokens were last used, collected in memory and written by one transaction a while later,
 * so that no request waits for the disk. Thread-safe. */
#ifndef CLAVIGER_USAGE_H
#define CLAVIGER_USAGE_H

#include "attributes.h"
#include "error.h"
#include "id.h"
#include "store.h"

#include <stdint.h>

struct usage;

/* A use that is nearer than this to the stored one is not noted, and the rest is to be written as
 * often: together "within a minute of the truth". */
enum { USAGE_INTERVAL_MS = 30000 };

/** NULL without memory. */
NODISCARD struct usage *usage_new(void);
void usage_free(struct usage *usage);

/** Notes that TOKEN was used at AT. Where the table is full the note is lost. */
void usage_note(struct usage *usage, const struct id *token, int64_t at);

/** Writes and forgets what was noted; on failure it is kept for the next time. */
NODISCARD enum result usage_flush(struct usage *usage, struct store *store);

#endif
