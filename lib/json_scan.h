/* SPDX-License-Identifier: ISC */
/* The strict check of JSON text before json-c sees it: the grammar of RFC 8259 (a number of any
 * size is one), the bytes of RFC 3629, no duplicate names in one object however they are spelt,
 * no lone surrogate, bounded depth. Allocates nothing; takes time in
 * LENGTH times the logarithm of the number of names. */
#ifndef CLAVIGER_JSON_SCAN_H
#define CLAVIGER_JSON_SCAN_H

#include "attributes.h"
#include "error.h"

#include <stddef.h>

enum {
	JSON_DEPTH_MAX = 8,   /* the outermost object is the first level */
	JSON_NAMES_MAX = 4096 /* in the objects that are open at one time; more is refused */
};

/** RESULT_OK when the LENGTH bytes at TEXT are one JSON text whose value is an object; ERR is then
 *  untouched. RESULT_INVALID_JSON with what was expected in ERR, and where: the offset counts
 *  bytes from 0. No byte of TEXT is repeated there. RESULT_UNKNOWN_FIELD for good JSON in which a
 *  name holds a NUL, with which json-c would end it: no field is called so. A string may hold one.
 */
NODISCARD enum result json_scan(const char *text, size_t length, struct error *err);

#endif
