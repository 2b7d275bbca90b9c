/* SPDX-License-Identifier: ISC */
/* The pieces of JSON text, appended to a buffer. Without a tree, so that a key never becomes one.
 */
#ifndef CLAVIGER_JSON_WRITE_H
#define CLAVIGER_JSON_WRITE_H

#include "buffer.h"
#include "id.h"

#include <stdint.h>

/** Appends TEXT as a JSON string; also <, >, & and U+2028/9 are escaped, so that it is inert
 *  wherever it is pasted. */
void json_write_string(const char *text, struct buffer *out);
/** Appends "NAME": with a comma before it unless it follows an opening brace. */
void json_write_name(const char *name, struct buffer *out);
/** Appends a moment as a JSON string, null for STORE_NO_MOMENT and TIMESTAMP_NEVER. */
void json_write_moment(int64_t moment, struct buffer *out);
/** Appends ID as a JSON string of 24 hex digits. */
void json_write_id(const struct id *id, struct buffer *out);

#endif
