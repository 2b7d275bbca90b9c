/* SPDX-License-Identifier: ISC */
/* What the files authority*.c share. Nobody else includes this. */
#ifndef CLAVIGER_AUTHORITY_INTERNAL_H
#define CLAVIGER_AUTHORITY_INTERNAL_H

#include "authority.h"
#include "authority_audit.h"

/** Says whether RECORD may be used at NOW: not revoked, not expired, its account not disabled. */
NODISCARD bool authority_is_alive(const struct token_record *record, int64_t now);

/** CALLER's row as it is now, inside the transaction that is about to change something: alive, and
 *  with what authority_require() found. FRESH must own nothing, and owns on RESULT_OK. */
NODISCARD enum result authority_read_caller_again(struct authority *authority,
						  const struct caller *caller, int64_t now,
						  struct token_record *fresh);

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

/** Commits where RESULT is RESULT_OK, else takes all back; answers what came of it. */
NODISCARD enum result authority_end_transaction(struct authority *authority, enum result result);

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
