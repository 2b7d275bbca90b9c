/* SPDX-License-Identifier: ISC */
/* The one closed list of outcomes of this program, and the text that goes with a failure.
 *
 * Every function that can fail returns an enum result. Where a person must learn which input is
 * wrong, the function also fills a struct error. Nothing else travels upwards: no errno, no
 * message of a library, no path of the server in an answer to a client. */
#ifndef CLAVIGER_ERROR_H
#define CLAVIGER_ERROR_H

#include "attributes.h"

#include <stdint.h>

enum result {
	RESULT_OK = 0,
	RESULT_INVALID_REQUEST, /* framing, or credentials misplaced or doubled */
	RESULT_INVALID_JSON,
	RESULT_UNKNOWN_FIELD,
	RESULT_INVALID_FIELD,
	RESULT_INVALID_PARAMETER, /* of the query, or a header */
	RESULT_MISSING_TOKEN,
	RESULT_INVALID_TOKEN,
	RESULT_INSUFFICIENT_SCOPE, /* the caller lacks a permission or role */
	RESULT_SCOPE_EXCEEDED,     /* what was asked for is wider than the caller */
	RESULT_REPLACED_KEY,       /* what only the key after a rotation may do */
	RESULT_NOT_FOUND,
	RESULT_METHOD_NOT_ALLOWED,
	RESULT_LIMIT_REACHED,
	RESULT_IDEMPOTENCY_MISMATCH, /* one Idempotency-Key for two different requests */
	RESULT_CONFLICT,             /* another has the email or the domain */
	RESULT_LAST_OWNER,           /* a website would be left without one */
	RESULT_BODY_TOO_LARGE,
	RESULT_UNSUPPORTED_MEDIA_TYPE,
	RESULT_RATE_LIMITED,
	RESULT_INTERNAL,
	RESULT_BUSY, /* locked, out of memory or out of places: the same request may succeed later
		      */
	RESULT_STORE_UNAVAILABLE,
	RESULT_INVALID_CONFIGURATION, /* of the start, never of an answer */
	RESULT_INVALID_USAGE,         /* of a command line, never of an answer */
	RESULT_DEFERRED               /* no answer: the work needs a thread that may wait */
};

enum { ERROR_FIELD_SIZE = 64, ERROR_MESSAGE_SIZE = 256 };

/* Zeroed, it says nothing and holds RESULT_OK. */
struct error {
	enum result result;
	char field[ERROR_FIELD_SIZE];     /* the input that is wrong; "" where there is none */
	char message[ERROR_MESSAGE_SIZE]; /* one sentence that says what to do */
	int64_t retry_after_seconds;      /* with RESULT_BUSY, RESULT_RATE_LIMITED; 0 = unsaid */
	/* With RESULT_RATE_LIMITED: how many requests a minute were used up, and when there will
	 * be more; 0 = it is not for that. */
	uint32_t rate_limit;
	int64_t rate_reset_at;
};

/** Fills ERR and returns RESULT, so that a failure is one line: return error_set(...). FIELD may
 *  be NULL. A text that is too long is cut on a character boundary. */
PRINTF(4, 5)
enum result error_set(struct error *err, enum result result, const char *field, const char *format,
		      ...);

/** Puts "WHAT: " before the message of ERR: the key or the option that it is about. */
void error_prefix(struct error *err, const char *what);

/** The stable word for programs that api.md promises for RESULT, such as "invalid_token". */
NODISCARD const char *error_reason(enum result result);

#endif
