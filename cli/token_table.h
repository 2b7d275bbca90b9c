/* SPDX-License-Identifier: ISC */
/* Tokens as a command shows them: a row of a table, or the record in JSON. */
#ifndef CLAVIGER_TOKEN_TABLE_H
#define CLAVIGER_TOKEN_TABLE_H

#include "admin.h"
#include "attributes.h"
#include "config.h"
#include "output.h"
#include "scope.h"
#include "store.h"

#include <stdint.h>

struct token_table {
	struct admin *admin;
	struct listing listing;               /* end it with output_end() */
	const struct account_record *account; /* whose tokens come now */
};

/** Begins the answer of ADMIN; what account the tokens have is for the caller to say. */
void token_table_begin(struct token_table *table, struct admin *admin);
void token_table_add(struct token_table *table, const struct token_record *record);

/** "active", "account disabled", "expired" or "revoked". */
NODISCARD const char *token_table_state(const struct token_record *record, int64_t now);
/** Cells: the names of the permissions; how many websites. */
void token_table_permissions(struct listing *listing, const struct config *config,
			     const struct token_record *record);
void token_table_websites(struct listing *listing, const struct scope *scope);

#endif
