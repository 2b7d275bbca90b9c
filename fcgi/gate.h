/* SPDX-License-Identifier: ISC */
/* May this request pass? A web server asks it about what it guards, in one of two ways: as a
 * FastCGI authorizer, where the request is the guarded one itself, or by a sub-request to
 * /api/v1/authorize, in which parameters that no client can make, or the pair of headers that the
 * configuration names, say what was asked for. */
#ifndef CLAVIGER_GATE_H
#define CLAVIGER_GATE_H

#include "attributes.h"
#include "authority.h"
#include "error.h"
#include "request.h"
#include "response.h"
#include "worker.h"

#include <stdbool.h>

/* Where sub-requests go, behind the base path. */
#define GATE_PATH "/api/v1/authorize"

/** Says whether REQUEST is a question to the gate; REQUEST->is_gate from then on. */
NODISCARD bool gate_is_asked(const struct worker *worker, struct request *request);

/** Answers a question to the gate. RESULT_OK: it may pass, and RESPONSE says so and who calls. All
 *  else refuses by gate_refuse(), but for RESULT_DEFERRED and RESULT_BUSY on a thread that may not
 *  wait: ask again on one that may. */
NODISCARD enum result gate_answer(struct worker *worker, struct request *request,
				  struct response *response, struct pending_check *pending);

/** Makes RESPONSE the refusal for RESULT: JSON for programs, a page for a browser, both with the
 *  reason in a header for servers that make a page of their own. */
void gate_refuse(const struct worker *worker, const struct request *request,
		 struct response *response, enum result result);

#endif
