/* SPDX-License-Identifier: ISC */
/* Bytes as ASCII, whatever the locale says, and numbers in decimal digits. */
#ifndef CLAVIGER_ASCII_H
#define CLAVIGER_ASCII_H

#include "attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NODISCARD bool ascii_is_digit(char c);
NODISCARD bool ascii_is_alpha(char c);
NODISCARD bool ascii_is_alnum(char c);
/** 0x20 to 0x7E. */
NODISCARD bool ascii_is_printable(char c);
/** 0 to 15; -1 for what is no hexadecimal digit. Both cases. */
NODISCARD int ascii_hex_value(char c);
NODISCARD char ascii_lower(char c);
NODISCARD char ascii_upper(char c);

/** Says whether the LENGTH bytes at TEXT are WORD, letters compared without case. */
NODISCARD bool ascii_equals_ignoring_case(const char *text, size_t length, const char *word);

/** Reads all LENGTH bytes at TEXT as decimal digits. False, with *VALUE untouched, for anything
 *  else (signs, blanks, nothing at all) and for a number above MAXIMUM. */
NODISCARD bool ascii_parse_number(const char *text, size_t length, uint64_t maximum,
				  uint64_t *value);

#endif
