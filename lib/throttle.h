/* SPDX-License-Identifier: ISC */
/* How often a wrong secret may be tried for a selector that exists (security.md 5.7).
 *
 * Two kinds of buckets on the monotonic clock, charged only by a failed scrypt run: 5 for a
 * selector from one address (a /32 of IPv4, a /64 of IPv6; one comes back every 12 s), and 20 for
 * a selector from anywhere (one every 3 s). Bounded: 4096 of each; where there is no room, the
 * bucket nearest to full again goes. Runs under way together are judged together: until the first
 * of them fails, as many threads as check keys may pass, so that the bound is exceeded by at most
 * one less than these. Thread-safe; each function takes NOW, in milliseconds of a monotonic clock,
 * so that tests need not wait. */
#ifndef CLAVIGER_THROTTLE_H
#define CLAVIGER_THROTTLE_H

#include "attributes.h"
#include "token.h"

#include <stdbool.h>
#include <stdint.h>

struct throttle;

/** NULL without memory. */
NODISCARD struct throttle *throttle_new(void);
/** NULL is allowed. */
void throttle_free(struct throttle *throttle);

/** Milliseconds to wait until SELECTOR may be tried from ADDRESS (text of inet_pton, or anything
 *  else, which is one address "unknown"); 0 = now. Charges nothing. */
NODISCARD int64_t throttle_wait_ms(struct throttle *throttle, const struct selector *selector,
				   const char *address, int64_t now);
/** Counts one failed run. */
void throttle_charge(struct throttle *throttle, const struct selector *selector,
		     const char *address, int64_t now);
/** Says whether a run failed for SELECTOR within the last minute. */
NODISCARD bool throttle_suspects(struct throttle *throttle, const struct selector *selector,
				 int64_t now);

#endif
