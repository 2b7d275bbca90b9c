/* SPDX-License-Identifier: ISC */
/* One FastCGI connection with its one request and answer, from the first byte to the close. It can
 * be handed from one thread to another between any two of these calls. */
#ifndef CLAVIGER_EXCHANGE_H
#define CLAVIGER_EXCHANGE_H

#include "arriving.h"
#include "attributes.h"
#include "authority.h"
#include "error.h"
#include "request.h"
#include "response.h"
#include "worker.h"

#include <fcgiapp.h>

#include <stdbool.h>

struct exchange {
	FCGX_Request fcgx;
	struct request request;
	struct response response;
	struct metrics *metrics;      /* where the answer is counted */
	struct pending_check pending; /* why the slow lane has it; zeroed where not for scrypt */
	bool is_read;                 /* request is filled */
	struct exchange *next;        /* of whatever list it is in */
	struct exchange *waiters;     /* those that wait for this one's scrypt run */
};

/** Makes one without connection. NULL without memory. */
NODISCARD struct exchange *exchange_new(void);
/** Closes the connection, where there is one, and frees. NULL is allowed. */
void exchange_free(struct exchange *exchange);

/** Reads the request ARRIVED, whose descriptors it takes, whatever the result; without its body,
 *  which is then too large, where only ARRIVAL_HEAD is there. What has arrived is all that is read,
 *  so this never waits. False where it cannot be read: the connection is closed then. */
NODISCARD bool exchange_read(struct exchange *exchange, struct worker *worker,
			     const struct arrived *arrived);
/** Answers; RESULT_DEFERRED as of router_answer(): nothing has been sent. */
NODISCARD enum result exchange_answer(struct exchange *exchange, struct worker *worker);
/** Sends the answer, closes the connection, wipes, and is ready for the next. Where the request was
 *  read without its body, the connection is not closed but answered, so that the peer, which still
 *  sends, gets to read it: the caller throws away what comes and closes what is returned; -1
 *  otherwise. */
int exchange_end(struct exchange *exchange);
/** The same with the refusal for RESULT. */
int exchange_refuse(struct exchange *exchange, enum result result);

#endif
