/* SPDX-License-Identifier: ISC */
/* What people may call things: the rules for names, emails and domains. */
#ifndef CLAVIGER_TEXT_H
#define CLAVIGER_TEXT_H

#include "attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT_NAME_CHARACTERS_MAX = 100, TEXT_DOMAIN_SIZE = 254 };

/** NULL when the LENGTH bytes at TEXT may be a name: valid UTF-8, 1 to 100 characters, not only
 *  blanks, no control or direction character, nothing in the form of a key under PREFIX. Else a
 *  sentence that says what is wrong, a constant of the program. */
NODISCARD const char *text_refuse_name(const char *prefix, const char *text, size_t length);

/** The same for an email address: printable ASCII without blank, one @ with something on both
 *  sides, at most 254 bytes. Whether it can be reached is not asked. */
NODISCARD const char *text_refuse_email(const char *text);

/** Reads a host name (RFC 1123 §2.1), with or without dots, into DOMAIN, in lower case: it means
 * the same in capitals. NULL when TEXT is one; else a sentence as above. */
NODISCARD const char *text_read_domain(const char *text, char domain[static TEXT_DOMAIN_SIZE]);

/** How many letters must be changed, added, left out or swapped with the next one to make B of A;
 *  SIZE_MAX where either is longer than any name that could be meant. */
NODISCARD size_t text_distance(const char *a, const char *b);

/** Says whether the LENGTH bytes at TEXT may be searched for in names: 1 to
 *  TEXT_NAME_CHARACTERS_MAX characters of UTF-8, no NUL. */
NODISCARD bool text_is_name_part(const char *text, size_t length);

/** Reads the character at *AT of LENGTH bytes of UTF-8 (RFC 3629) and moves *AT behind it. False,
 *  *AT untouched, for bytes that are none. */
NODISCARD bool text_next_character(const char *text, size_t length, size_t *at,
				   uint32_t *character);

#endif
