/* SPDX-License-Identifier: ISC */
/* The key of the audit's chain, in a file of its own: whoever can write the database but cannot
 * read that file cannot make a row that fits. */
#ifndef CLAVIGER_AUDIT_KEY_H
#define CLAVIGER_AUDIT_KEY_H

#include "attributes.h"
#include "config.h"
#include "error.h"
#include "store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AUDIT_KEY_SIZE = 32, AUDIT_KEY_PATH_SIZE = CONFIG_PATH_SIZE + 16 };

struct audit_key {
	uint8_t bytes[AUDIT_KEY_SIZE];
	uint8_t id[STORE_KEY_ID_SIZE]; /* names it, and tells nothing of it */
};

/** Where the key of CONFIG's database lies. */
void audit_key_path(const struct config *config, char path[static AUDIT_KEY_PATH_SIZE]);

/** Reads the key from its file; MAKE makes it (0600, synced) where there is none, and *IS_NEW says
 *  that this call did. RESULT_NOT_FOUND where there is none; RESULT_INVALID_CONFIGURATION with what
 *  to do; RESULT_BUSY without memory. Close *KEY, NULL on failure, with audit_key_close(). */
NODISCARD enum result audit_key_open(const struct config *config, bool make, struct audit_key **key,
				     bool *is_new, struct error *err);
/** Checks what audit_key_open() would read or make, and changes nothing. */
NODISCARD enum result audit_key_check(const struct config *config, struct error *err);
/** Wipes and frees. NULL is allowed. */
void audit_key_close(struct audit_key *key);

#endif
