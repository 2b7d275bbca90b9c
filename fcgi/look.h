/* SPDX-License-Identifier: ISC */
/* What has arrived of a FastCGI request, seen from its records alone, before libfcgi reads it: so
 * that it never waits, and never sees what it would crash of. */
#ifndef CLAVIGER_LOOK_H
#define CLAVIGER_LOOK_H

#include "attributes.h"

#include <stddef.h>
#include <stdint.h>

enum arrival {
	ARRIVAL_BROKEN,
	ARRIVAL_PARTIAL, /* not even all parameters */
	ARRIVAL_HEAD,    /* all parameters, not the whole body */
	ARRIVAL_COMPLETE
};

enum look_stage { LOOK_BEGIN, LOOK_PARAMS, LOOK_BODY };

/* How far a connection has been looked at; zeroed: at its first byte. */
struct look {
	enum look_stage stage;
	uint8_t role;
	size_t at;          /* where the first record begins that is not whole */
	size_t pair_rest;   /* of a name and its value, behind their lengths */
	uint8_t lengths[8]; /* of the next pair, as far as they have come */
	size_t lengths_count;
};

/** Goes on to look at the first LENGTH bytes of a connection, of which an earlier call may have
 *  had a part. ARRIVAL_BROKEN, after which nothing more is to be looked at, for what is no single
 *  FastCGI request: above all a FCGI_GET_VALUES record, with which libfcgi 2.4.2 overruns a buffer,
 *  and a parameter that is longer than the parameters, on which it aborts. An authorizer's request
 *  is complete without stdin. */
NODISCARD enum arrival look_further(struct look *look, const uint8_t *bytes, size_t length);

#endif
