/* SPDX-License-Identifier: ISC */
/* How a change enters the audit: one call, inside the transaction of the change, before its
 * commit. Where the call fails, the change must be rolled back and its result is the answer. */
#ifndef CLAVIGER_AUTHORITY_AUDIT_H
#define CLAVIGER_AUTHORITY_AUDIT_H

#include "attributes.h"
#include "audit.h"
#include "authority.h"
#include "buffer.h"
#include "error.h"
#include "id.h"
#include "scope.h"
#include "store.h"

#include <stdbool.h>
#include <stdint.h>

/* All is borrowed. */
struct audit_change {
	enum audit_action action;
	const struct id *account;            /* whom it concerns; NULL: the caller's, else all */
	const struct id *target;             /* what was changed; NULL: nothing of ours */
	const struct buffer *before, *after; /* JSON; NULL: there was, there is nothing */
};

/** Writes a row about CHANGE, made by CALLER (NULL: the operator) at NOW. A buffer that did not
 *  take its text is a failure too. */
NODISCARD enum result authority_audit(struct authority *authority, const struct caller *caller,
				      int64_t now, const struct audit_change *change);

/** The same for a token as it was and as it is; one of the two may be NULL. */
NODISCARD enum result authority_audit_token(struct authority *authority,
					    const struct caller *caller, int64_t now,
					    enum audit_action action,
					    const struct token_record *before,
					    const struct token_record *after);
/** Writes that the token ID, and with CASCADE all that was made by it, directly or not, but for
 *  SPARED (NULL: none), is revoked at NOW: a row for each token that is not yet. Call it before
 *  they are. RESULT_NOT_FOUND where there is no such token. */
NODISCARD enum result authority_audit_revocation(struct authority *authority,
						 const struct caller *caller, const struct id *id,
						 bool cascade, const struct id *spared,
						 int64_t now);
/** The same for a website that concerns ACCOUNT (NULL: the caller's). */
NODISCARD enum result authority_audit_website(struct authority *authority,
					      const struct caller *caller, int64_t now,
					      enum audit_action action, const struct id *account,
					      const struct website_record *before,
					      const struct website_record *after);
/** The same for what MEMBER was and is on WEBSITE; ROLE_NONE: nothing. */
NODISCARD enum result authority_audit_role(struct authority *authority, const struct caller *caller,
					   int64_t now, const struct id *account,
					   const struct id *website, const struct id *member,
					   enum role before, enum role after);
/** The same for an account. */
NODISCARD enum result authority_audit_account(struct authority *authority,
					      const struct caller *caller, int64_t now,
					      enum audit_action action,
					      const struct account_record *before,
					      const struct account_record *after);

/** What a call of CALLER comes to that ended in RESULT, with no transaction open: where that is
 *  RESULT_SCOPE_EXCEEDED, a row is written about the attempt on TARGET (NULL: a new token) and what
 *  ERR says of it, in a transaction of its own. Then RESULT; RESULT_BUSY on a thread that may not
 *  wait; the store's failure, and an empty ERR, where the row could not be written. */
NODISCARD enum result authority_end_refused(struct authority *authority,
					    const struct caller *caller, const struct id *target,
					    int64_t now, enum result result, struct error *err);

/** Says in the log that a key was made for an audit whose rows, if it has any, need another. */
void authority_warn_of_new_key(struct authority *authority);

#endif
