/* SPDX-License-Identifier: ISC */
/* The path of a request, computed once from the raw REQUEST_URI, because web servers decode and
 * cut PATH_INFO at different places. What two programs could read differently is no path. */
#ifndef CLAVIGER_PATH_H
#define CLAVIGER_PATH_H

#include "attributes.h"

#include <stdbool.h>
#include <stddef.h>

enum { PATH_MAX_LENGTH = 2048 };

/** Finds the path (without query) and the query (without its question mark; "" where there is
 *  none) in URI, in origin form or in absolute form (RFC 9112 §3.2). All point into URI. */
void path_split_uri(const char *uri, const char **path, size_t *path_length, const char **query);

/** Decodes each segment of the LENGTH bytes at RAW once. False for what must not be routed: longer
 *  than PATH_MAX_LENGTH, not beginning with a slash, an empty segment, "." or "..", a bad escape,
 *  an encoded slash, backslash or percent sign that would leave an escape behind, a control byte,
 *  bytes that are no UTF-8. One slash at the end is kept. OUT ends in NUL. */
NODISCARD bool path_decode(const char *raw, size_t length, char out[static PATH_MAX_LENGTH + 1]);

/** Decodes LENGTH bytes of a query value (plus is a blank) into OUT of SIZE bytes, NUL-terminated.
 *  False for a bad escape, an encoded NUL, or what does not fit. */
NODISCARD bool path_decode_value(const char *raw, size_t length, char *out, size_t size);

#endif
