/* SPDX-License-Identifier: ISC */
/* One answer: status, headers and envelope. It starts as a refusal, and is one until a handler has
 * closed its data. */
#ifndef CLAVIGER_RESPONSE_H
#define CLAVIGER_RESPONSE_H

#include "attributes.h"
#include "authority.h"
#include "buffer.h"
#include "error.h"
#include "id.h"
#include "permission.h"

#include <stdbool.h>

enum {
	RESPONSE_BODY_MAX = 1024 * 1024,
	RESPONSE_HEAD_MAX = 8192,
	/* What fits into a unix socket of Linux's default size, as libfcgi writes it, before
	 * anybody has read a byte. */
	RESPONSE_UNREAD_MAX = 176 * 1024,
};

/* What the body is. */
enum response_type { RESPONSE_JSON, RESPONSE_METRICS, RESPONSE_TEXT, RESPONSE_HTML };

struct response {
	int status;
	struct buffer head;    /* written by response_write_head() */
	struct buffer headers; /* of its own: complete lines, each with its CR LF */
	struct buffer body;
	struct error error; /* what the handler has to say about its failure */
	enum response_type type;
	/* The database whose first key this tells: when it has gone out, bootstrap_code_close() is
	 * to be called. NULL else; borrowed. */
	const char *told_first_key_of;
	/* Of the gate: the permission that was, for WWW-Authenticate. */
	char lacking[PERMISSION_NAME_SIZE];
	/* With RESULT_DEFERRED of a handler: the scrypt run that it needs, or zeroed. */
	struct pending_check pending;
};

/** Prepares storage; clear it with response_clear(). */
void response_init(struct response *response);
/** Wipes (an answer may hold a key) and makes ready for the next one. */
void response_reset(struct response *response);
/** The same, and frees. */
void response_clear(struct response *response);

/** Opens the success envelope; then the handler writes one or more objects into body. */
void response_open_data(struct response *response);
/** Opens an object that goes out without the envelope; response_close() closes it. */
void response_open_bare(struct response *response);
/** Writes the comma between two objects where one is needed. */
void response_next_datum(struct response *response);
/** Ends the list of data; "pagination" or nothing may follow before response_close(). */
void response_end_data(struct response *response);
/** Closes the envelope and makes the answer STATUS, unless something did not fit: RESULT_INTERNAL
 *  or RESULT_BUSY, and it is still a refusal. */
NODISCARD enum result response_close(struct response *response, int status);

/** Appends the header NAME: VALUE. Both are the program's own or checked: nothing is escaped. */
void response_header(struct response *response, const char *name, const char *value);

/** Makes the answer the refusal for RESULT, with the texts of response->error where it has some;
 *  whatever was in it is forgotten. SCOPE is the permission that was lacking, or NULL. */
void response_refuse(struct response *response, enum result result, const char *request_id,
		     const char *scope);

/** The HTTP status of RESULT. */
NODISCARD int response_status(enum result result);

/** Writes the head of the CGI answer (RFC 3875 §6.2), blank line included, into response->head. */
void response_write_head(struct response *response, const char *request_id);

#endif
