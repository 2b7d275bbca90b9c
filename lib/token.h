/* SPDX-License-Identifier: ISC */
/* The text of a key: prefix, 10 base62 characters of selector, 32 of secret, 6 of checksum
 * (CRC-32 of all that precedes, as in zlib and IEEE 802.3, base62, most significant first).
 *
 * The only place, with secret.c and the writer of an issued record in codec.c, where the full text
 * of a key is touched: "grep secret_text" shows them all. */
#ifndef CLAVIGER_TOKEN_H
#define CLAVIGER_TOKEN_H

#include "attributes.h"
#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	TOKEN_PREFIX_MAX = 9, /* eight of A-Za-z0-9 and the underscore */
	SELECTOR_LENGTH = 10,
	SECRET_LENGTH = 32,
	CHECKSUM_LENGTH = 6,
	/* What stands behind the prefix. */
	TOKEN_BODY_LENGTH = SELECTOR_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH,
	KEY_TEXT_SIZE = TOKEN_PREFIX_MAX + TOKEN_BODY_LENGTH + 1,
	DISPLAY_KEY_SIZE = TOKEN_PREFIX_MAX + 3 + 3 + 4 + 1
};

/* The full text of a token; NUL-terminated, padded with NUL. Wipe it on every path. */
struct key {
	char secret_text[KEY_TEXT_SIZE];
};

/* Finds the row; not secret by itself. */
struct selector {
	char text[SELECTOR_LENGTH + 1];
};

/* The masked form, dft_ab1...xyz9. */
struct display_key {
	char text[DISPLAY_KEY_SIZE];
};

/** Says whether PREFIX is 1 to 8 of A-Za-z0-9 and then an underscore. */
NODISCARD bool token_prefix_valid(const char *prefix);

/** Writes what may be shown of KEY, a whole one under PREFIX, to DISPLAY. */
void token_mask(const char *prefix, const struct key *key, struct display_key *display);

/** Makes a new random key under PREFIX (valid), with its selector and display key. */
void token_mint(const char *prefix, struct key *key, struct selector *selector,
		struct display_key *display);

/** Reads a key under PREFIX: length, alphabet and checksum must be right. No I/O. False leaves
 *  the outputs zeroed. TEXT need not end in NUL and may hold any bytes. */
NODISCARD bool token_parse(const char *prefix, const char *text, size_t length, struct key *key,
			   struct selector *selector);

/** The same for a client, which is not told the prefix: whatever prefix is valid will do. */
NODISCARD bool token_parse_any(const char *text, size_t length, struct key *key);

/** Finds the first piece of TEXT that has the form of a key (PREFIX and 48 base62 characters,
 *  whatever the checksum); its offset goes to *AT, its length is that of a key. What logs, names
 *  and query strings are searched with. */
NODISCARD bool token_find_form(const char *prefix, const char *text, size_t length, size_t *at);

/** Writes KEY and a newline to DESCRIPTOR, for the operator; false where it was not all taken. */
NODISCARD bool token_write_line(const struct key *key, int descriptor);

/** Appends KEY to what is sent; a buffer wipes what it held. */
void token_append(const struct key *key, struct buffer *out);

/** Wipes KEY. */
void token_key_wipe(struct key *key);

#endif
