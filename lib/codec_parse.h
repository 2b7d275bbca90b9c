/* SPDX-License-Identifier: ISC */
/* JSON text as json-c's tree, and out of memory again: what json-c kept of the strings, a key among
 * them, is wiped. */
#ifndef CLAVIGER_CODEC_PARSE_H
#define CLAVIGER_CODEC_PARSE_H

#include "attributes.h"
#include "error.h"

#include <stddef.h>

struct json_object;

/** Reads the LENGTH bytes at TEXT, which json_scan() let pass; give *OBJECT, NULL on failure, to
 *  codec_wipe_object(). RESULT_BUSY without memory. */
NODISCARD enum result codec_parse_object(const char *text, size_t length,
					 struct json_object **object);

/** Wipes every string in OBJECT and frees it. NULL is allowed. */
void codec_wipe_object(struct json_object *object);

#endif
