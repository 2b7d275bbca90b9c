/* SPDX-License-Identifier: ISC */
/* The two lanes of threads that answer FastCGI requests.
 *
 * The fast lane accepts and answers whatever needs no scrypt, and never waits: a connection that
 * has not sent its whole request yet stays in a poll set and costs no thread. What needs scrypt or
 * meets a locked database goes to the slow lane as it is, which has as many threads as scrypt runs
 * are allowed at once, at lower priority. */
#ifndef CLAVIGER_LANES_H
#define CLAVIGER_LANES_H

#include "attributes.h"
#include "error.h"
#include "worker.h"

struct lanes;

/** Starts the threads on the listening socket DESCRIPTOR, which stays the caller's and is made
 *  non-blocking. Fewer threads than configured are a warning in the log; none of a lane, or no
 *  store, is a failure with a message. Signals must be blocked already. */
NODISCARD enum result lanes_start(struct server *server, int descriptor, struct lanes **lanes,
				  struct error *err);
enum { LANES_STOP_MS = 5000 };

/** Ends the fast lane: answers what has arrived, and accepts nothing more. The listening socket is
 *  not used any longer. lanes_stop() is still to be called. */
void lanes_stop_accepting(struct lanes *lanes);
/** Does the same, unless it is done, answers what is in the slow lane, refuses as busy what has not
 * begun after LANES_STOP_MS, ends the threads and frees. */
void lanes_stop(struct lanes *lanes);

#endif
