/* SPDX-License-Identifier: ISC */
/* The connections of one thread of the fast lane whose request has not arrived whole, and those
 * that were answered before it had. They cost no thread, and are bounded in number, time and
 * memory: where a bound is reached, the one that has waited longest gives way.
 *
 * A request that is there at the first look stays in its socket, where libfcgi reads it. Any other
 * is taken out of it as it comes: a socket that nobody reads from is full long before it holds the
 * largest request, since the kernel counts what it spends on each piece. */
#ifndef CLAVIGER_ARRIVING_H
#define CLAVIGER_ARRIVING_H

#include "attributes.h"
#include "look.h"

#include <stdbool.h>

struct arriving;
struct connection;

/* A request that can be answered. Both descriptors are the receiver's. */
struct arrived {
	int descriptor; /* where the answer goes */
	int source;     /* where the request is read from; -1: from there, too */
	enum arrival arrival;
};

/** Makes an empty set, which adds its connections to the epoll descriptor POLL, with their
 *  struct connection as data.ptr. NULL without memory. */
NODISCARD struct arriving *arriving_new(int poll);
/** Closes what is in it, wipes and frees; not POLL. NULL is allowed. */
void arriving_free(struct arriving *arriving);

/** Takes the new connection DESCRIPTOR. True, with ARRIVED filled, where its request is there; else
 *  it has gone into the set, or has been closed as broken. */
NODISCARD bool arriving_add(struct arriving *arriving, int descriptor, struct arrived *arrived);
/** The same for one that is in the set, of which POLL has said that there is more; it need not be
 *  there any longer. ARRIVAL_HEAD for what is too large, however much of it is still to come. */
NODISCARD bool arriving_go_on(struct arriving *arriving, struct connection *connection,
			      struct arrived *arrived);
/** Takes DESCRIPTOR, which was answered before its request had come whole: throws away what comes,
 *  within bounds, so that the peer gets to read the answer. */
void arriving_drain(struct arriving *arriving, int descriptor);

/** Closes the one that has waited longest; false where there is none. */
bool arriving_drop_oldest(struct arriving *arriving);
/** Closes those that are overdue; answers in how many ms the next one will be, -1 for never. */
int arriving_drop_overdue(struct arriving *arriving);

#endif
