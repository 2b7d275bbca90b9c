/* SPDX-License-Identifier: ISC */
/* One request over HTTP or HTTPS, and its answer: all that is asked of libcurl. It follows no
 * redirect and reads no netrc, so that a token goes to the host that was named and to no other. */
#ifndef CLAVIGER_REMOTE_HTTP_H
#define CLAVIGER_REMOTE_HTTP_H

#include "attributes.h"
#include "buffer.h"
#include "error.h"
#include "token.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	REMOTE_BASE_SIZE = 512,
	REMOTE_CAUSE_SIZE = 160,
	REMOTE_IDEMPOTENCY_SIZE = 33,
	REMOTE_LACKING_SIZE = 128
};

/* Where a service is: scheme, host, port and what stands before /api/v1. */
struct remote_base {
	char url[REMOTE_BASE_SIZE]; /* without a slash at its end */
	bool is_encrypted, is_loopback;
};

enum remote_outcome {
	REMOTE_FAILED,    /* will not be otherwise next time: there is no such name */
	REMOTE_UNTRUSTED, /* the certificate is not one that is believed */
	REMOTE_UNREACHED, /* nothing was sent */
	REMOTE_LOST,      /* it may have been done: no answer came, or a part of one */
	REMOTE_ANSWERED
};

struct remote_request {
	const char *method;
	const char *path;            /* below the base */
	const struct buffer *body;   /* JSON; NULL: none */
	const char *idempotency_key; /* NULL: none */
};

/* Clear it with buffer_clear(&answer->body). */
struct remote_reply {
	long status;
	struct buffer body;
	uint64_t retry_after_seconds;      /* 0: unsaid */
	char cause[REMOTE_CAUSE_SIZE];     /* why there is no answer */
	char lacking[REMOTE_LACKING_SIZE]; /* the permission that a refusal names; "" for none */
};

struct remote_http;

/** Reads the address of a service; /api/v1 and /api/v1/admin at its end are taken off.
 *  RESULT_INVALID_CONFIGURATION with what is wrong. */
NODISCARD enum result remote_http_read_base(const char *text, struct remote_base *base,
					    struct error *err);

/** Makes what sends to BASE with KEY; all is copied. CA_FILE holds the authorities that a
 * certificate may come from; "" is those of the system. RESULT_INTERNAL without memory. Free with
 *  remote_http_close(), which takes NULL. */
NODISCARD enum result remote_http_open(const struct remote_base *base, const char *ca_file,
				       const struct key *key, struct remote_http **http,
				       struct error *err);
void remote_http_close(struct remote_http *http);

/** Sends REQUEST once. REPLY must own nothing. */
NODISCARD enum remote_outcome remote_http_send(struct remote_http *http,
					       const struct remote_request *request,
					       struct remote_reply *reply);

#endif
