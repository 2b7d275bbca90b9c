/* SPDX-License-Identifier: ISC */
/* One FastCGI connection with its one request and answer, from the first byte to the close. It can
 * be handed from one thread to another between any two of these calls. */
#ifndef CLAVIGER_EXCHANGE_H
#define CLAVIGER_EXCHANGE_H

#include "attributes.h"
#include "authority.h"
#include "error.h"
#include "request.h"
#include "response.h"
#include "worker.h"

#include <fcgiapp.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange {
	FCGX_Request fcgx;
	struct request request;
	struct response response;
	struct pending_check pending; /* why the slow lane has it; zeroed where not for scrypt */
	bool is_read;                 /* request is filled */
	struct exchange *next;        /* of whatever list it is in */
	struct exchange *waiters;     /* those that wait for this one's scrypt run */
};

/** Makes one without connection. NULL without memory. */
NODISCARD struct exchange *exchange_new(void);
/** Closes the connection, where there is one, and frees. NULL is allowed. */
void exchange_free(struct exchange *exchange);

/** Takes DESCRIPTOR, whatever the result. */
void exchange_attach(struct exchange *exchange, int descriptor);
/* What has arrived of a request. */
enum arrival {
	ARRIVAL_BROKEN,
	ARRIVAL_PARTIAL, /* not even all parameters */
	ARRIVAL_HEAD,    /* all parameters, not the whole body */
	ARRIVAL_COMPLETE
};

/** Looks at the first LENGTH bytes of a connection. ARRIVAL_BROKEN for what is no single FastCGI
 *  request: libfcgi never sees it, above all no FCGI_GET_VALUES record, with which 2.4.2 overruns
 *  a buffer. An authorizer's request is complete without stdin. */
NODISCARD enum arrival exchange_look(const uint8_t *bytes, size_t length);

/** Reads the request, once; without its body, which is then too large, where only ARRIVAL_HEAD is
 *  there. What ARRIVAL says is there is all that is read, so this never waits. False where the peer
 *  is broken or gone: the connection is closed then. */
NODISCARD bool exchange_read(struct exchange *exchange, struct worker *worker,
			     enum arrival arrival);
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
