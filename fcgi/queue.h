/* SPDX-License-Identifier: ISC */
/* The slow lane's queue: bounded, first come first served, but for three rules. What needs no
 * scrypt, such as a revocation, goes before what does, and finds as many places again. A request
 * that needs the scrypt run that another one is queued or running for waits for that run and takes
 * no place. Checks of selectors that failed lately run one at a time. Thread-safe. */
#ifndef CLAVIGER_QUEUE_H
#define CLAVIGER_QUEUE_H

#include "attributes.h"
#include "exchange.h"

#include <stdbool.h>
#include <stddef.h>

struct queue;

/** NULL without memory. COUNTER shows how many wait. */
NODISCARD struct queue *queue_new(size_t places, atomic_uint_least64_t *counter);
/** The queue must be empty and nobody may wait in it. NULL is allowed. */
void queue_free(struct queue *queue);

/** Puts EXCHANGE in; false where there is no room, and it stays the caller's. */
NODISCARD bool queue_put(struct queue *queue, struct exchange *exchange);
/** Waits for an exchange that may run now; NULL once the queue was closed and is empty. */
NODISCARD struct exchange *queue_take(struct queue *queue);
/** Says that EXCHANGE, which queue_take() gave, has made its scrypt run, if it needed one. Those
 *  that waited for it go to the front of the queue, or, where IS_FAILED (it could not run), come
 *  back as a list for the caller to refuse. Call it before EXCHANGE is used for anything else. */
NODISCARD struct exchange *queue_done(struct queue *queue, struct exchange *exchange,
				      bool is_failed);
/** Lets takers end once all is done; nothing can be put in any more. */
void queue_close(struct queue *queue);

#endif
