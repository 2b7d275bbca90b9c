/* SPDX-License-Identifier: ISC */
/* One question to a web server over plain HTTP, for doctor: no TLS, no redirects, no waiting
 * beyond some seconds. */
#ifndef CLAVIGER_PROBE_H
#define CLAVIGER_PROBE_H

#include "attributes.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	PROBE_HOST_SIZE = 254,
	PROBE_PORT_SIZE = 6,
	PROBE_PATH_SIZE = 256,
	PROBE_BODY_SIZE = 8192,
	PROBE_HEAD_SIZE = 4096
};

struct probe_url {
	char host[PROBE_HOST_SIZE];
	char port[PROBE_PORT_SIZE];
	char path[PROBE_PATH_SIZE]; /* "" or begins with a slash and does not end in one */
};

struct probe_answer {
	int status;                     /* 0: no answer that could be read */
	char head[PROBE_HEAD_SIZE + 1]; /* status line and headers, their beginning, and a NUL */
	char body[PROBE_BODY_SIZE + 1]; /* its beginning, and a NUL */
	size_t body_length;
};

/** Reads http://HOST[:PORT][/PATH], HOST a name, an address or an IPv6 address in brackets. */
NODISCARD bool probe_parse_url(const char *text, struct probe_url *url);

/** Asks for PATH below URL's own, with the lines HEADERS, each ending in CR LF, beside the usual
 *  ones. */
void probe_get(const struct probe_url *url, const char *path, const char *headers,
	       struct probe_answer *answer);

#endif
