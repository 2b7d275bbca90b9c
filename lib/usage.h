/* SPDX-License-Identifier: ISC */
/* How often tokens were used and refused, and when and from where used last: collected in memory
 * and written by a few transactions a while later, so that no request waits for the disk.
 * Thread-safe. */
#ifndef CLAVIGER_USAGE_H
#define CLAVIGER_USAGE_H

#include "attributes.h"
#include "error.h"
#include "id.h"
#include "store.h"

#include <stdint.h>

struct usage;

/* What was noted is to be written as often: "within a minute of the truth". */
enum { USAGE_INTERVAL_MS = 30000 };

/** NULL without memory. */
NODISCARD struct usage *usage_new(void);
void usage_free(struct usage *usage);

/** Notes USE. Between two flushes there is room for 131072 tokens, anew in each hour; uses of any
 *  further one are lost. */
void usage_note(struct usage *usage, const struct token_use *use);

/** Writes and forgets what was noted; what could not be written is kept for the next time. */
NODISCARD enum result usage_flush(struct usage *usage, struct store *store);

#endif
