/* SPDX-License-Identifier: ISC */
/* The trail: who changed what, as rows that lie in the transaction of the change and in a chain
 * under a key, so that what is altered or taken away later is found. */
#ifndef CLAVIGER_AUDIT_H
#define CLAVIGER_AUDIT_H

#include "attributes.h"
#include "audit_key.h"
#include "error.h"
#include "id.h"
#include "store.h"

#include <stdint.h>

enum audit_action {
	AUDIT_TOKEN_CREATE,
	AUDIT_TOKEN_CHANGE,
	AUDIT_TOKEN_ROTATE,
	AUDIT_TOKEN_REVOKE,
	AUDIT_TOKEN_PURGE,
	AUDIT_REPLACED_KEY_USED,
	AUDIT_SCOPE_REFUSED,
	AUDIT_WEBSITE_ADD,
	AUDIT_WEBSITE_CHANGE,
	AUDIT_WEBSITE_REMOVE,
	AUDIT_TEAM_SET,
	AUDIT_TEAM_REMOVE,
	AUDIT_ACCOUNT_ADD,
	AUDIT_ACCOUNT_CHANGE,
	AUDIT_ACCOUNT_DISABLE,
	AUDIT_ACCOUNT_ENABLE,
	AUDIT_RESTORE,
	AUDIT_ACTION_COUNT
};

/* What is to be kept; all is borrowed, and NULL where there is none. */
struct audit_entry {
	int64_t at;
	enum audit_action action;
	const struct id *actor;   /* the token; NULL: the operator */
	const struct id *account; /* whom it concerns; NULL: all */
	const char *address, *request_id;
	const struct id *target;
	const char *before, *after; /* JSON, and never a secret */
};

/** The word for ACTION, such as "token.create". */
NODISCARD const char *audit_action_name(enum audit_action action);

/** Adds ENTRY behind the last row, in the transaction that the caller has begun: store_begin()
 *  keeps others out from before the chain's end is read. On failure nothing of that transaction may
 *  be committed. */
NODISCARD enum result audit_write(struct store *store, const struct audit_key *key,
				  const struct audit_entry *entry);

/** Finds the chain value of ROW behind PREVIOUS under KEY. */
void audit_chain(const struct audit_key *key, const struct audit_tail *previous,
		 const struct audit_row *row, uint8_t chain[static STORE_CHAIN_SIZE]);

/** Takes ROW into DIGEST, which begins as zeroes: a hash without a key over all rows up to this
 * one, for those who keep it elsewhere. */
void audit_digest(uint8_t digest[static STORE_CHAIN_SIZE], const struct audit_row *row);

#endif
