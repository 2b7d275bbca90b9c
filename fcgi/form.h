/* SPDX-License-Identifier: ISC */
/* A body of type application/x-www-form-urlencoded, as OAuth's clients send it. */
#ifndef CLAVIGER_FORM_H
#define CLAVIGER_FORM_H

#include "attributes.h"
#include "error.h"

#include <stddef.h>

enum { FORM_VALUE_SIZE = 128 };

/* The value of a field, decoded; it may hold any bytes, and a key: wipe it. What is longer is cut
 * to the whole size, which no key has. */
struct form_value {
	char bytes[FORM_VALUE_SIZE];
	size_t length;
};

/** Finds the field NAME in the LENGTH bytes at TEXT; other fields are not looked at.
 *  RESULT_INVALID_REQUEST where it is not there, empty, there twice however it is spelt, or badly
 *  encoded: VALUE is zeroed then. */
NODISCARD enum result form_read(const char *text, size_t length, const char *name,
				struct form_value *value, struct error *err);

#endif
