/* SPDX-License-Identifier: ISC */
/* Who calls: what stands before everything that needs a token, and before whatever needs the
 * store. */
#ifndef CLAVIGER_ADMISSION_H
#define CLAVIGER_ADMISSION_H

#include "attributes.h"
#include "authority.h"
#include "error.h"
#include "request.h"
#include "worker.h"

/** Makes sure that the store can be asked for REQUEST. RESULT_STORE_UNAVAILABLE, RESULT_BUSY. */
NODISCARD enum result admission_open_store(struct worker *worker, const struct request *request);

/** Fills REQUEST->caller by the key that it was sent with, and counts the use. Everything that
 *  authority_authenticate() and authority_limit_rate() answer, RESULT_DEFERRED with PENDING
 *  included; RESULT_MISSING_TOKEN; RESULT_INVALID_REQUEST for two credentials. */
NODISCARD enum result admission_find_caller(struct worker *worker, struct request *request,
					    struct pending_check *pending, struct error *err);

#endif
