/* SPDX-License-Identifier: ISC */
/* How often a one-time code may be guessed: in a file, because processes of plain CGI share no
 * memory, and under a lock on it, so that guesses made together are counted one by one.
 *
 * Two kinds of buckets, as in throttle.h: 5 for an address (a /32 of IPv4, a /64 of IPv6; one comes
 * back every 12 s) and 20 for all (one every 3 s). Bounded: 64 addresses; where there is no room,
 * the one nearest to full again goes. By the wall clock, which is all that processes share with
 * those after a restart; one that was set back makes nobody wait for longer than an empty bucket
 * takes to fill. */
#ifndef CLAVIGER_TRIES_H
#define CLAVIGER_TRIES_H

#include "attributes.h"
#include "error.h"

#include <stdint.h>

/** Opens the file at PATH (0600, made where there is none) and waits for its lock, which keeps out
 *  threads and processes until tries_close(). As file_open(); *DESCRIPTOR is -1 on failure. */
NODISCARD enum result tries_open(const char *path, int *descriptor, struct error *err);
/** Takes one try for ADDRESS (text of inet_pton, or anything else, which is one address) at NOW,
 *  before it is known what the try is worth. RESULT_RATE_LIMITED, with the time to come back in
 *  ERR, where none is left; RESULT_STORE_UNAVAILABLE where the count could not be kept. */
NODISCARD enum result tries_take(int descriptor, const char *address, int64_t now,
				 struct error *err);
/** -1 is allowed. */
void tries_close(int descriptor);

#endif
