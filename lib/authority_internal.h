/* SPDX-License-Identifier: ISC */
/* What the files authority*.c share. Nobody else includes this. */
#ifndef CLAVIGER_AUTHORITY_INTERNAL_H
#define CLAVIGER_AUTHORITY_INTERNAL_H

#include "authority.h"
#include "authority_audit.h"

/** Says whether RECORD may be used at NOW: not revoked, not expired, its account not disabled. */
NODISCARD bool authority_is_alive(const struct token_record *record, int64_t now);

/** HOLDER's row as it is now, inside the transaction that is about to change something: alive, and
 *  still with the key that was presented, from wherever; else RESULT_INVALID_TOKEN. FRESH must own
 *  nothing, and owns on RESULT_OK. */
NODISCARD enum result authority_read_holder_again(struct authority *authority,
						  const struct caller *holder, int64_t now,
						  struct token_record *fresh);
/** The same of who acts with that key: from where it may be used, and with what
 *  authority_require() found. */
NODISCARD enum result authority_read_caller_again(struct authority *authority,
						  const struct caller *caller, int64_t now,
						  struct token_record *fresh);

/** Begins the transaction of a change and reads CALLER's row again in it; end it with
 *  authority_end_transaction(). RESULT_BUSY on a thread that may not wait. Nothing is open on
 *  failure. */
NODISCARD enum result authority_begin_change(struct authority *authority,
					     const struct caller *caller, int64_t now,
					     struct token_record *fresh);
/** The same for a change of the website ID, found as authority_find_permitted_website() does. */
NODISCARD enum result authority_begin_website_change(struct authority *authority,
						     const struct caller *caller,
						     const struct id *id, int64_t now,
						     struct website_record *website,
						     struct error *err);

/** The website ID, on which CALLER may do what it was let in for, by SCOPE, which is its row's.
 *  RESULT_NOT_FOUND for what it does not see, RESULT_INSUFFICIENT_SCOPE where the role of its
 *  account leaves too little. */
NODISCARD enum result
authority_find_permitted_website(struct authority *authority, const struct caller *caller,
				 const struct scope *scope, const struct id *id, int64_t now,
				 struct website_record *website, struct error *err);

/* Whom a change by the operator concerns. */
struct website_owner {
	struct id id;
	bool is_found;
};
/** The oldest account that owns the website ID; not found where none does. */
NODISCARD enum result authority_find_owner(struct authority *authority, const struct id *id,
					   struct website_owner *owner);

/** The scope that DRAFT asks for within WITHIN; what it leaves out is WITHIN's own. SCOPE owns it
 *  on RESULT_OK. RESULT_SCOPE_EXCEEDED, with COMPLAINT and the field in ERR, for what is beyond
 *  WITHIN; RESULT_NOT_FOUND for a website that its account cannot access. */
NODISCARD enum result authority_choose_scope(struct authority *authority,
					     const struct scope *within,
					     const struct token_draft *draft, const char *complaint,
					     struct scope *scope, struct error *err);

/** Whether the token TARGET may be changed by a caller whose row is FRESH: itself, or one that it
 *  sees and covers. RESULT_NOT_FOUND and RESULT_SCOPE_EXCEEDED when not. */
NODISCARD enum result authority_may_change(const struct token_record *fresh,
					   const struct token_record *target, struct error *err);

/** Fills TARGET, which must own nothing and owns afterwards, with the token ID, which a caller
 * whose row is FRESH may change or rotate: as authority_may_change() says, and nothing that it
 * descends from, since what a replaced key has made must not take over the token that this key may
 * no longer rotate. RESULT_NOT_FOUND also for a revoked one. */
NODISCARD enum result authority_find_changeable(struct authority *authority,
						const struct token_record *fresh,
						const struct id *id, struct token_record *target,
						struct error *err);

/** What CALLER made with the same Idempotency-Key within a day: *IS_REPEAT, and EARLIER. Nothing
 *  where IDEMPOTENCY is NULL; RESULT_IDEMPOTENCY_MISMATCH where it was another request. */
NODISCARD enum result authority_find_earlier(struct authority *authority,
					     const struct caller *caller,
					     const struct idempotency *idempotency, int64_t now,
					     struct idempotent_record *earlier, bool *is_repeat,
					     struct error *err);
/** Remembers that CALLER's request made TOKEN; nothing where IDEMPOTENCY is NULL. */
NODISCARD enum result authority_remember(struct authority *authority, const struct caller *caller,
					 const struct idempotency *idempotency,
					 const struct id *token, int64_t now);

/** Forgets what was asked before the hours that authority_list_activity() can show, in small
 *  transactions. */
NODISCARD enum result authority_forget_activity(struct authority *authority, int64_t now);

/** Commits where RESULT is RESULT_OK, else takes all back; answers what came of it. */
NODISCARD enum result authority_end_transaction(struct authority *authority, enum result result);

/** Says whether CALLER, by its FRESH row, may revoke TARGET: itself, what descends from it, what it
 *  covers. RESULT_NOT_FOUND for one that it may not see; RESULT_SCOPE_EXCEEDED, with what to do in
 *  ERR, for one that is wider; RESULT_INSUFFICIENT_SCOPE. */
NODISCARD enum result authority_may_revoke(struct authority *authority, const struct caller *caller,
					   const struct token_record *fresh,
					   const struct token_record *target, struct error *err);

/** Revokes the token ID, and with CASCADE all that was made by it, directly or not, but for SPARED
 *  (NULL: none), with its rows in the audit; inside the transaction. CALLER is NULL for the
 *  operator. RESULT_NOT_FOUND, without effect, where there is no such token or it is revoked. */
NODISCARD enum result authority_revoke_audited(struct authority *authority,
					       const struct caller *caller, const struct id *id,
					       bool cascade, const struct id *spared, int64_t now);

/* A walk over the tokens of an account that FILTER lets pass, newest first, within the work of one
 * page. Zero the rest. */
struct token_walk {
	struct authority *authority;
	const struct id *account;
	const struct token_filter *filter;
	int64_t now;
	/* Says whether to go on; where not, RECORD is the first of what is left. It may add what
	 * its own work comes to, in rows. */
	bool (*each)(struct token_walk *walk, const struct token_record *record);
	void *context;
	size_t work;
	bool account_reaches_website; /* that of the filter */
	bool has_ended_early;
	int64_t last; /* the sequence down to which all is done */
};

/** Walks from AFTER on; NEXT is set where something may be left. */
NODISCARD enum result authority_walk_tokens(struct token_walk *walk,
					    const struct token_position *after,
					    struct token_position *next);

/** Takes a place for one scrypt run where processes share a bound; give it back with
 *  scrypt_slots_release(). RESULT_BUSY where none was free in time. */
NODISCARD enum result authority_begin_scrypt(struct authority *authority, int *slot,
					     struct error *err);

/** Mints a key and fills what RECORD keeps of it: selector, display key and hash. Costs one scrypt
 *  run. KEY is wiped on failure. */
NODISCARD enum result authority_prepare_key(struct authority *authority,
					    struct token_record *record, struct key *key,
					    struct error *err);

#endif
