/* SPDX-License-Identifier: ISC */
/* A call of the interface as a command makes it: sent again where that can do no harm, and a
 * refusal turned into words and into the next step. */
#ifndef CLAVIGER_REMOTE_CALL_H
#define CLAVIGER_REMOTE_CALL_H

#include "remote.h"
#include "remote_answer.h"

#include "attributes.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>

#define REMOTE_ADMIN "/api/v1/admin"
#define REMOTE_TOKENS REMOTE_ADMIN "/access-tokens"
#define REMOTE_WEBSITES REMOTE_ADMIN "/websites"

/* What a call is when its answer is lost. REPEAT_NEVER: it may have been done, and to do it twice
 * is something else. REPEAT_SAFE: twice is once. REPEAT_BY_KEY: twice is once with an
 * Idempotency-Key, which is sent. */
enum remote_repeat { REPEAT_NEVER, REPEAT_SAFE, REPEAT_BY_KEY };

struct remote_call {
	const char *method, *path; /* PATH with what is in it already escaped */
	const struct buffer *body; /* JSON; NULL: none */
	enum remote_repeat repeat;
};

/** Makes CALL, waiting and trying again as it may. RESULT_OK with a success in ANSWER, which must
 * be zeroed and is to be cleared, also on failure; else what the refusal means, in words in ERR, in
 *  remote->next and, as it came, in remote->refusal:
 *  RESULT_INVALID_FIELD 400, RESULT_INVALID_TOKEN 401, RESULT_INSUFFICIENT_SCOPE 403,
 *  RESULT_NOT_FOUND 404, RESULT_CONFLICT 409, RESULT_RATE_LIMITED 429, RESULT_BUSY for no answer
 *  and for 502 to 504, RESULT_INTERNAL for all else. */
NODISCARD enum result remote_call(struct remote *remote, const struct remote_call *call,
				  struct answer *answer, struct error *err);

/** GET PATH. */
NODISCARD enum result remote_get(struct remote *remote, const char *path, struct answer *answer,
				 struct error *err);

/** Writes what the service answered, as it came. */
void remote_pass_on(struct remote *remote, const struct answer *answer);

/** Appends TEXT as a part of a path or a query: all but letters, digits and -._~ as %XX. */
void remote_escape(const char *text, struct buffer *out);

#endif
