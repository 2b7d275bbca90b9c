/* SPDX-License-Identifier: ISC */
/* A query string that another program will read too: whatever the two could read differently is not
 * there. */
#ifndef CLAVIGER_QUERY_H
#define CLAVIGER_QUERY_H

#include "attributes.h"

#include <stdbool.h>
#include <stddef.h>

/** Finds the value of the parameter NAME in QUERY, decoded, in OUT of SIZE bytes. False where it is
 *  not there exactly once, in just this spelling, with a value that is well encoded and fits. Names
 *  that some language makes the same variable of (other case, encoded letters, brackets behind it,
 *  blanks, dots and other signs in it) count as further ones, and so does a semicolon, which some
 *  take for a separator. */
NODISCARD bool query_find_only(const char *query, const char *name, char *out, size_t size);

#endif
