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

#endif
