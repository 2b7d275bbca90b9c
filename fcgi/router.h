/* SPDX-License-Identifier: ISC */
/* The way of a request: route, method, body, caller, permission, handler, in that order. */
#ifndef CLAVIGER_ROUTER_H
#define CLAVIGER_ROUTER_H

#include "attributes.h"
#include "authority.h"
#include "config.h"
#include "error.h"
#include "request.h"
#include "response.h"
#include "worker.h"

/** Answers REQUEST: RESPONSE is complete afterwards, whatever happened. Only where the worker may
 *  not wait, RESULT_DEFERRED says that nothing was decided and the same call is to be made by one
 *  that may; PENDING then names the scrypt run that is needed, or is zeroed. */
NODISCARD enum result router_answer(struct worker *worker, struct request *request,
				    struct response *response, struct pending_check *pending);
/** Method and pattern of the line NUMBER of the route table, from 1; false where there is none. */
NODISCARD bool router_describe(size_t number, const char **method, const char **pattern);

#endif
