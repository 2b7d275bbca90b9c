/* SPDX-License-Identifier: ISC */
/* The first account and its first token, which may do everything: what every other comes from. */
#ifndef CLAVIGER_BOOTSTRAP_H
#define CLAVIGER_BOOTSTRAP_H

#include "attributes.h"
#include "authority.h"
#include "error.h"
#include "store.h"
#include "token.h"

#include <stdbool.h>
#include <stdint.h>

/* Of the first owner, where nobody says otherwise. */
#define BOOTSTRAP_EMAIL "owner@localhost"
#define BOOTSTRAP_ACCOUNT_NAME "Owner"
#define BOOTSTRAP_TOKEN_NAME "first token"

struct bootstrap_options {
	const char *email, *account_name, *token_name;
	const char *key_file; /* NULL: the key is only returned */
};

/** Where there is no DATABASE yet: checks that KEY_FILE can be made. RESULT_INVALID_USAGE where
 *  something is there, else as file_check_new(). */
NODISCARD enum result bootstrap_check(const char *database, const char *key_file,
				      struct error *err);

/** Makes both in one transaction, in a database without account: RESULT_INVALID_USAGE where there
 *  is one, or where something is at key_file. The key is written to key_file (0600) and synced
 *  under another name before the commit and renamed after it, so that a crash leaves either nothing
 *  or a key that works; a later call finishes the renaming of one that does, and it does not matter
 *  which of several processes at work at once comes first. RECORD and KEY are the caller's to
 *  clear. */
NODISCARD enum result bootstrap_first_owner(struct authority *authority,
					    const struct bootstrap_options *options, int64_t now,
					    struct token_record *record, struct key *key,
					    struct error *err);

/** Reads the key that such a call wrote to PATH. False, RECORD and KEY cleared, where it is none of
 *  this database that works at NOW; else both are the caller's to clear. */
NODISCARD bool bootstrap_find_key(struct authority *authority, const char *path, int64_t now,
				  struct token_record *record, struct key *key);

/** Writes KEY and a newline to the new file PATH (0600) and syncs it. RESULT_INVALID_USAGE where
 *  something is there already. */
NODISCARD enum result bootstrap_write_key(const char *path, const struct key *key,
					  struct error *err);

#endif
