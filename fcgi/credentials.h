/* SPDX-License-Identifier: ISC */
/* Where a key may stand in a request, and where it must not. */
#ifndef CLAVIGER_CREDENTIALS_H
#define CLAVIGER_CREDENTIALS_H

#include "attributes.h"
#include "error.h"
#include "request.h"

#include <stddef.h>

/** Finds the one key that REQUEST presents; KEY points into its variables. RESULT_MISSING_TOKEN
 *  where it presents none of ours; RESULT_INVALID_TOKEN for one that cannot be a key;
 *  RESULT_INVALID_REQUEST for two of them, or for one in the query string. PREFIX is the token
 *  prefix. */
NODISCARD enum result credentials_find(const struct request *request, const char *prefix,
				       const char **key, size_t *length, struct error *err);

/** RESULT_INVALID_REQUEST where the query string of REQUEST holds a key, or a parameter that is
 *  meant to; a whole key is named in the log, masked, so that its owner can be found.
 *  credentials_find() does so too. */
NODISCARD enum result credentials_check_query(const struct request *request, const char *prefix,
					      struct error *err);

#endif
