/* SPDX-License-Identifier: ISC */
/* One request, read from FastCGI streams or, as plain CGI, from the environment and stdin: two
 * small back ends, one struct. */
#ifndef CLAVIGER_REQUEST_H
#define CLAVIGER_REQUEST_H

#include "attributes.h"
#include "authority.h"
#include "buffer.h"
#include "error.h"
#include "id.h"
#include "path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct FCGX_Request;

enum {
	REQUEST_BODY_MAX = 65536,
	REQUEST_URI_MAX = 8192,
	REQUEST_HEADER_MAX = 8192,
	REQUEST_ID_SIZE = 65,
	IDEMPOTENCY_KEY_MAX = 255,
	PATH_VALUES_MAX = 2,
};

enum variable {
	VARIABLE_ROLE,
	VARIABLE_METHOD,
	VARIABLE_URI,
	VARIABLE_PATH_INFO,
	VARIABLE_QUERY,
	VARIABLE_CONTENT_LENGTH,
	VARIABLE_CONTENT_TYPE,
	VARIABLE_CONTENT_ENCODING,
	VARIABLE_ADDRESS,
	VARIABLE_DOCUMENT_ROOT,
	VARIABLE_CONTEXT_ROOT, /* of an alias or a user directory, Apache's */
	VARIABLE_AUTHORIZATION,
	VARIABLE_REDIRECTED_AUTHORIZATION,
	VARIABLE_API_KEY,
	VARIABLE_REQUEST_ID,
	VARIABLE_IDEMPOTENCY_KEY,
	/* From here on of the gate alone: a second one changes nothing elsewhere. */
	VARIABLE_GATE,
	VARIABLE_GATE_METHOD,
	VARIABLE_GATE_URI,
	VARIABLE_FORWARDED_METHOD,
	VARIABLE_FORWARDED_URI,
	VARIABLE_ORIGINAL_METHOD,
	VARIABLE_ORIGINAL_URI,
	VARIABLE_ACCEPT,
	VARIABLE_COUNT
};

/* What a route takes. */
enum body_type { BODY_NONE, BODY_JSON, BODY_FORM };

/* A segment of the path; no NUL ends it. */
struct path_value {
	const char *text;
	size_t length;
};

struct request {
	/* Borrowed from libfcgi or the environment; NULL where it was not sent. Those that hold a
	 * key are wiped in place by request_clear(). */
	char *variables[VARIABLE_COUNT];
	bool is_doubled[VARIABLE_COUNT]; /* sent twice: the first stands in variables */
	char id[REQUEST_ID_SIZE];
	char path[PATH_MAX_LENGTH + 1];            /* decoded; "" where it must not be routed */
	const char *query;                         /* raw */
	struct path_value values[PATH_VALUES_MAX]; /* what the route's {...} stand for, in order */
	struct buffer body;
	bool body_is_too_large;
	bool body_is_incomplete;
	int64_t now;
	size_t route; /* where the router found it, for the metrics; 0: nowhere */
	struct caller caller;
	bool is_gate;      /* a question to the gate, not to a route */
	bool has_question; /* as a sub-request to the gate: method, URI and path are those it is
			      about */
	bool is_refused;   /* though its caller is known */
	bool is_counted; /* as a use of the caller's token: once, whichever lanes it goes through */
};

/** Prepares storage; clear it with request_clear(). */
void request_init(struct request *request);
/** Takes the variables of ENVIRONMENT ("NAME=value", ending in NULL), which must outlive REQUEST.
 *  PREFIX is the token prefix, NEW_ID what the request is called where it does not name itself. */
void request_read_variables(struct request *request, char *const *environment, const char *prefix,
			    const char *new_id);
/** Reads the body of a FastCGI request to its end, keeping at most REQUEST_BODY_MAX bytes. */
void request_read_fcgi_body(struct request *request, struct FCGX_Request *fcgx);
/** Reads the body of a plain CGI request from DESCRIPTOR, never beyond CONTENT_LENGTH
 *  (RFC 3875 §4.2). */
void request_read_cgi_body(struct request *request, int descriptor);
/** Puts METHOD and URI, which stay borrowed, in the place of REQUEST's own. */
void request_take_question(struct request *request, char *method, char *uri);
/** Says whether a variable that any request has is there twice: which of the two counted would
 *  depend on who reads them. */
NODISCARD bool request_is_doubled(const struct request *request);
/** The framing of the body (RESULT_INVALID_REQUEST, RESULT_BODY_TOO_LARGE) and, where there is one
 *  and it matters, whether it is of type WANTED (RESULT_UNSUPPORTED_MEDIA_TYPE). */
NODISCARD enum result request_check_body(const struct request *request, enum body_type wanted,
					 struct error *err);
/** Reads the id that is value INDEX of the path. RESULT_NOT_FOUND where it is none. */
NODISCARD enum result request_path_id(const struct request *request, size_t index, struct id *id);
/** Finds the value of the query parameter NAME, decoded, in OUT of SIZE bytes. RESULT_NOT_FOUND
 *  where it is not there; RESULT_INVALID_PARAMETER where it is there twice, badly encoded or does
 *  not fit. */
NODISCARD enum result request_parameter(const struct request *request, const char *name, char *out,
					size_t size, struct error *err);
/** What the Idempotency-Key of REQUEST to ROUTE amounts to, in STORAGE; *IDEMPOTENCY is NULL where
 *  there is none. RESULT_INVALID_PARAMETER for one that is not 1 to 255 visible characters of ASCII
 *  or holds a key. */
NODISCARD enum result request_idempotency(const struct request *request, const char *prefix,
					  const char *route, struct idempotency *storage,
					  const struct idempotency **idempotency,
					  struct error *err);
/** The peer's address as the web server tells it; "unknown" where it does not. */
NODISCARD const char *request_address(const struct request *request);
/** Wipes what held a key and makes ready for the next one. */
void request_reset(struct request *request);
/** The same, and frees. */
void request_clear(struct request *request);

#endif
