/* SPDX-License-Identifier: ISC */
/* How many requests a token may make in a minute. Its minute begins with its first request and the
 * next one with the first after that: whoever is refused knows when all of the limit is back.
 *
 * Of one process, and bounded: 32768 tokens within one minute; where there is no room, the minute
 * nearest to its end is forgotten, so that its token may make more. Thread-safe; takes NOW, in
 * milliseconds of a monotonic clock, so that tests need not wait. */
#ifndef CLAVIGER_RATE_LIMIT_H
#define CLAVIGER_RATE_LIMIT_H

#include "attributes.h"
#include "id.h"

#include <stdint.h>

enum { RATE_LIMIT_WINDOW_MS = 60000 };

struct rate_limit;

/** NULL without memory. */
NODISCARD struct rate_limit *rate_limit_new(void);
/** NULL is allowed. */
void rate_limit_free(struct rate_limit *rate_limit);

/** Counts a request of TOKEN, which may make LIMIT in its minute; 0. Beyond, it counts nothing and
 *  answers the milliseconds to the end of that minute. */
NODISCARD int64_t rate_limit_take(struct rate_limit *rate_limit, const struct id *token,
				  uint32_t limit, int64_t now);

#endif
