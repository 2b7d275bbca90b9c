/* SPDX-License-Identifier: ISC */
/* A token that was just made: its key reaches its file or standard output, or the token goes. */
#ifndef CLAVIGER_ISSUED_H
#define CLAVIGER_ISSUED_H

#include "admin.h"
#include "attributes.h"
#include "error.h"
#include "store.h"
#include "token.h"

struct issued {
	const struct account_record *account;
	const struct token_record *record;
	const struct key *key;
	const char *key_file;     /* NULL: to standard output */
	bool is_key_file_written; /* by who made the token */
};

/** Writes the key, and says which token it is of. Where not all of it is taken, revokes the token
 *  and removes the file; the failure says so. */
NODISCARD enum result issued_deliver(struct admin *admin, const struct issued *issued,
				     struct error *err);

#endif
