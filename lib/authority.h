/* SPDX-License-Identifier: ISC */
/* The decisions: who is calling, what may be made, seen and revoked. It asks the store, the memo
 * and scope_covers(), and knows neither JSON nor HTTP.
 *
 * One authority belongs to one thread. Where it may not wait, what needs scrypt is
 * RESULT_DEFERRED and what needs the disk or meets a lock is RESULT_BUSY, without effect, and the
 * same call may be made again by a thread that may. */
#ifndef CLAVIGER_AUTHORITY_H
#define CLAVIGER_AUTHORITY_H

#include "attributes.h"
#include "audit_key.h"
#include "config.h"
#include "error.h"
#include "memo.h"
#include "network.h"
#include "rate_limit.h"
#include "store.h"
#include "throttle.h"
#include "token.h"
#include "usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a reload may change while others read it. */
struct limits {
	_Atomic uint32_t tokens_per_account;
	_Atomic uint32_t requests_per_minute; /* of each token; 0: no limit */
};

/* All is borrowed and must outlive the authority. */
struct authority {
	const struct config *config;
	const struct limits *limits;
	struct store *store; /* this thread's own */
	struct memo *memo;
	struct throttle *throttle;
	const struct audit_key *audit; /* NULL: nothing can be changed */
	struct usage *usage;           /* NULL: a use is written at once (plain CGI) */
	struct rate_limit *rate_limit; /* NULL: requests are not limited (plain CGI) */
	/* How many scrypt runs the processes of plain CGI may have at once: byte ranges of this
	 * file. NULL: the number of threads that may wait is the bound. */
	const char *scrypt_slots;
	bool may_wait;
};

/* Who calls. Owns the record; clear it with caller_clear(). */
struct caller {
	struct token_record token;
	struct account_record account;
	/* What authority_require() found in it; asked again of the fresh row before a change.
	 * Empty: the caller may act on its own token only. */
	struct permission_set required;
	/* For the audit, and borrowed; NULL where they are not known. */
	const char *address, *request_id;
};

/* Under what name the slow lane knows the scrypt run that a RESULT_DEFERRED check needs. */
struct pending_check {
	struct memo_tag tag;
	bool is_suspect; /* checks of this selector failed lately: they share one thread */
	bool is_short;   /* no scrypt is needed at all, only a thread that may wait for the disk */
};

/** Finds out who holds the LENGTH bytes of KEY_TEXT. ADDRESS is the peer's, as text, for the
 * token's addresses and the throttle; NOW the wall clock, asked again after waiting.
 * RESULT_INVALID_TOKEN for every reason alike; RESULT_RATE_LIMITED with err->retry_after_seconds;
 * RESULT_DEFERRED with *PENDING where it needs scrypt and may not wait. CALLER is empty on failure.
 */
NODISCARD enum result authority_authenticate(struct authority *authority, const char *key_text,
					     size_t length, const char *address, int64_t now,
					     struct caller *caller, struct pending_check *pending,
					     struct error *err);
void caller_clear(struct caller *caller);

/** Finds out, for somebody else than who holds it, whose key the LENGTH bytes of KEY_TEXT are: by
 *  the same rows, memo and throttle as authority_authenticate() and with its results, but wherever
 *  the key was used, since ADDRESS is that of who asks: allowedIps is not asked.
 * RESULT_INVALID_TOKEN also for a key of another account than ACCOUNT (NULL: any), which costs no
 * scrypt run. It is no use of the key. */
NODISCARD enum result authority_check_key(struct authority *authority, const char *key_text,
					  size_t length, const struct id *account,
					  const char *address, int64_t now, struct caller *holder,
					  struct pending_check *pending, struct error *err);
/** Leaves in SCOPE what its account still reaches: a website where it has no role any more goes
 *  from the list, and where none is left, every permission. */
NODISCARD enum result authority_cut_to_reached(struct authority *authority, struct scope *scope);

/** Says whether CALLER may use NEEDED at all: it holds it, and where it is limited to websites one
 *  of them must still be open to its account. RESULT_INSUFFICIENT_SCOPE when not. */
NODISCARD enum result authority_require(struct authority *authority, struct caller *caller,
					struct permission_set needed);
/** RESULT_INSUFFICIENT_SCOPE, with what is wanted in ERR, where CALLER is limited to websites. */
NODISCARD enum result authority_require_every_website(const struct caller *caller,
						      struct error *err);
/** Says whether a living token of SCOPE reaches NEEDED on WEBSITE now, after the role of its
 * account there has cut it; where WEBSITE is NULL, as authority_require() does.
 * RESULT_INSUFFICIENT_SCOPE where a permission or the role is lacking, RESULT_NOT_FOUND for a
 * website that it does not reach. Every way to check a token for somebody else asks here. */
NODISCARD enum result authority_permit(struct authority *authority, const struct scope *scope,
				       struct permission_set needed, const struct id *website,
				       int64_t now);

enum { ALLOWED_IPS_MAX = 64 };

enum expiry_kind { EXPIRY_INHERITED, EXPIRY_NEVER, EXPIRY_AT };

/* What is asked of a new token, in the order in which it was written, so that a refusal can name
 * the element. Owns website_ids. Zeroed, it asks for the caller's own scope and no name. */
struct token_draft {
	bool sets_name; /* of a change: to nothing, unless has_name */
	bool has_name;
	char name[STORE_NAME_SIZE];
	bool has_permissions;
	struct permission_set permissions[PERMISSIONS_MAX]; /* one each */
	size_t permission_count;
	bool has_websites;
	struct id *website_ids;
	size_t website_count;
	bool has_addresses;
	struct network addresses[ALLOWED_IPS_MAX];
	size_t address_count;
	enum expiry_kind expiry;
	int64_t expires_at;
	const char *expiry_field; /* "expiresAt" or "expiresIn": what a refusal names */
};

void token_draft_clear(struct token_draft *draft);

/* What tells a request that is sent again from another one: the hash of its Idempotency-Key, and
 * that of route and body. */
struct idempotency {
	uint8_t name[STORE_HASH_SIZE], request[STORE_HASH_SIZE];
};

void authority_hash_request(const char *idempotency_key, const char *route, const char *body,
			    size_t body_length, struct idempotency *idempotency);

/** Makes a token under CALLER as DRAFT says. RESULT_SCOPE_EXCEEDED and RESULT_NOT_FOUND (a website)
 *  with the field in ERR; RESULT_LIMIT_REACHED; RESULT_INVALID_TOKEN where the caller ended
 *  meanwhile. With IDEMPOTENCY (NULL: none), what the same request made within a day is revoked in
 *  the same transaction, with all that was made by it, and does not count against the limit;
 *  RESULT_IDEMPOTENCY_MISMATCH where it was another request. On RESULT_OK the token is on the disk;
 *  RECORD and KEY are the caller's to clear. */
NODISCARD enum result authority_issue(struct authority *authority, const struct caller *caller,
				      const struct token_draft *draft,
				      const struct idempotency *idempotency, int64_t now,
				      struct token_record *record, struct key *key,
				      struct error *err);

/** The same for the operator, within the whole of ACCOUNT: no parent, no limit of tokens. */
NODISCARD enum result authority_issue_for_account(struct authority *authority,
						  const struct id *account,
						  const struct token_draft *draft, int64_t now,
						  struct token_record *record, struct key *key,
						  struct error *err);

/** Renames the token ID, or narrows it within its own scope, as DRAFT says. *DESCENDANTS is how
 * many living tokens it has made, directly or not; CASCADE cuts each to what it shares with the new
 *  scope, and revokes those that are left with nothing. RESULT_NOT_FOUND for a token that the
 *  caller may not see or that is revoked; RESULT_SCOPE_EXCEEDED for one that is wider than the
 *  caller, and for what would widen it; RESULT_REPLACED_KEY for the own token by its old key.
 *  RECORD, how it is afterwards, is the caller's to clear. */
NODISCARD enum result authority_change(struct authority *authority, const struct caller *caller,
				       const struct id *id, const struct token_draft *draft,
				       bool cascade, struct token_record *record,
				       uint64_t *descendants, struct error *err);

/** Gives the token ID another key; the one that it has works for GRACE_MS more. Refusals as of
 *  authority_change(); a caller may always rotate itself. With IDEMPOTENCY (NULL: none) the same
 *  request within a day replaces the key of the answer that was lost, and leaves the one before it
 *  its grace. RECORD and KEY are the caller's to clear. */
NODISCARD enum result authority_rotate(struct authority *authority, const struct caller *caller,
				       const struct id *id, int64_t grace_ms,
				       const struct idempotency *idempotency, int64_t now,
				       struct token_record *record, struct key *key,
				       struct error *err);

/** Forgets what is over at NOW: keys whose grace has ended, what requests made a day ago, and what
 *  was asked a month ago. */
NODISCARD enum result authority_forget(struct authority *authority, int64_t now);

/** Keeps in the audit that CALLER's replaced key is used though the newest one was, once for each
 *  rotation: whoever has the old key may have stolen it. RESULT_BUSY on a thread that may not wait
 *  where there is something to keep; else it fails no request. */
NODISCARD enum result authority_note_replaced(struct authority *authority,
					      const struct caller *caller, int64_t now);

/** What state RECORD is in at NOW: "active", "expired" or "revoked". */
enum token_state { TOKEN_ACTIVE, TOKEN_EXPIRED, TOKEN_REVOKED };
NODISCARD enum token_state authority_token_state(const struct token_record *record, int64_t now);

/** The token ID as CALLER may see it, revoked ones too. RESULT_NOT_FOUND for what it may not. */
NODISCARD enum result authority_find(struct authority *authority, const struct caller *caller,
				     const struct id *id, struct token_record *record);

/* Which tokens a list shows, or a revocation of many takes. All of it must be so. */
struct token_filter {
	bool active, expired, revoked;
	const char *name_part; /* NULL: any; letters of ASCII in either case */
	bool has_parent;
	struct id parent;                 /* it was made by this token itself */
	struct permission_set permission; /* it holds this, maybe by "*"; empty: any */
	bool has_website;
	struct id website; /* it reaches this one, maybe as one of all of its account */
	/* It was last used, or where it never was, made, before this moment. */
	bool has_unused_since;
	int64_t unused_since;
};

/* Where a list goes on: zeroed, at its beginning. */
struct token_position {
	bool is_set;
	int64_t sequence;
};

/** Calls EACH with the tokens that CALLER sees and FILTER lets pass, newest first, from AFTER on,
 *  until LIMIT were given or EACH answers false (that one is not counted as given). NEXT is set
 *  where more may follow. */
NODISCARD enum result authority_list(struct authority *authority, const struct caller *caller,
				     const struct token_filter *filter, int64_t now, size_t limit,
				     const struct token_position *after,
				     bool (*each)(void *, const struct token_record *),
				     void *context, struct token_position *next);

/** Revokes the token ID, with all that was made by it where CASCADE; *DESCENDANTS is how many
 *  living tokens it had made, directly or not. A caller may always revoke itself and what it made.
 *  RESULT_NOT_FOUND for one it may not see or that is revoked; RESULT_SCOPE_EXCEEDED for one that
 *  is wider than the caller. */
NODISCARD enum result authority_revoke(struct authority *authority, const struct caller *caller,
				       const struct id *id, bool cascade, int64_t now,
				       uint64_t *descendants, struct error *err);

/** Revokes HOLDER, whom authority_check_key() found, and nothing that it made: holding the key is
 *  all that is asked. RESULT_OK too where that key is no longer good. */
NODISCARD enum result authority_revoke_held(struct authority *authority,
					    const struct caller *holder, int64_t now);

/** Calls EACH with what the audit holds about CALLER's account, newest first, from AFTER on, until
 *  LIMIT were given or EACH answers false (that one is not counted as given). NEXT is set where
 *  more follows. The caller must not be limited to websites: the rows are not. */
NODISCARD enum result authority_list_audit(struct authority *authority, const struct caller *caller,
					   size_t limit, const struct token_position *after,
					   bool (*each)(void *, const struct audit_row *),
					   void *context, struct token_position *next);

/* A revocation of many tokens at once. */
struct token_sweep {
	struct token_filter filter; /* revoked is false: those stay as they are */
	bool cascade;               /* with all that was made by them */
	bool is_dry_run;            /* only say what would be revoked */
	struct token_position after;
};

/* What a sweep did beside those tokens that it gave. */
struct sweep_outcome {
	uint64_t descendants;       /* living tokens, made by them, that are not among them */
	uint64_t skipped;           /* that the caller sees and may not revoke: they are wider */
	struct token_position next; /* set where more may follow */
};

enum { SWEEP_MAX = 1000 };

/** Revokes, in one transaction, the tokens that SWEEP's filter lets pass and that CALLER may
 *  revoke, newest first from its position on: at most SWEEP_MAX, and until EACH, which is called
 *  with each as it will be, answers false (that one is not revoked). CALLER itself is never
 *  revoked by this, not by a cascade either. What EACH was given holds only on RESULT_OK. */
NODISCARD enum result authority_sweep(struct authority *authority, const struct caller *caller,
				      const struct token_sweep *sweep, int64_t now,
				      bool (*each)(void *, const struct token_record *),
				      void *context, struct sweep_outcome *outcome);

/** Removes, for the operator, the rows of tokens that were revoked or expired before DEAD_BEFORE,
 *  but for those that made a token which still has a row; in small transactions, between which
 *  PAUSE is called, which answers false to stop. *REMOVED counts them, also on failure. */
NODISCARD enum result authority_purge(struct authority *authority, int64_t now, int64_t dead_before,
				      bool (*pause)(void *), void *context, uint64_t *removed);

/** The same as authority_revoke() for the operator, who may revoke any token: RESULT_NOT_FOUND
 * where there is none or it is revoked. */
NODISCARD enum result authority_revoke_as_operator(struct authority *authority, const struct id *id,
						   bool cascade, int64_t now,
						   uint64_t *descendants);

/** Counts a request of CALLER at NOW against requests_per_minute, where that is set: its own minute
 *  begins with its first request. RESULT_RATE_LIMITED, with what the answer tells in ERR, beyond.
 */
NODISCARD enum result authority_limit_rate(struct authority *authority, const struct caller *caller,
					   int64_t now, struct error *err);

/** Counts a use of CALLER's token at NOW from ADDRESS, and where IS_REFUSED, that it came to
 *  nothing; never fails the request. Where there is no memory for uses (plain CGI) it is written at
 *  once, and only where the last one that was written is older than USAGE_INTERVAL_MS: then the
 *  count is a lower bound. */
void authority_note_use(struct authority *authority, const struct caller *caller,
			const char *address, int64_t now, bool is_refused);
/** Counts that a request with a key of TOKEN was refused at NOW; nothing where there is no memory
 * for it. authority_authenticate() does so itself for a key that it refuses, where it knows without
 * a scrypt run that it is the right one. */
void authority_note_refusal(struct authority *authority, const struct id *token, int64_t now);

enum { ACTIVITY_DAYS_MAX = 31 };

/** Calls EACH, oldest first, with those of the last DAYS * 24 hours, the present one among them, in
 *  which anything was asked with the keys of the token ID, which CALLER must see
 * (RESULT_NOT_FOUND), or where that is NULL, with those of its whole account: then it must not be
 * limited to websites (RESULT_INSUFFICIENT_SCOPE). What is older than ACTIVITY_DAYS_MAX days is
 * forgotten. */
NODISCARD enum result authority_list_activity(struct authority *authority,
					      const struct caller *caller, const struct id *id,
					      unsigned days, int64_t now,
					      void (*each)(void *, const struct activity *),
					      void *context, struct error *err);

enum { CURSOR_TEXT_SIZE = 33 }; /* 24 bytes in base64url, and NUL */

/* What a cursor goes on in. */
enum cursor_list {
	CURSOR_OF_TOKENS,
	CURSOR_OF_WEBSITES,
	CURSOR_OF_TEAM, /* a place in the order of accounts: good for every website's team */
	CURSOR_OF_AUDIT,
	CURSOR_OF_SWEEP,
	CURSOR_OF_DRY_SWEEP
};

/** Writes POSITION as text that only this database accepts, for this account, LIST and FILTER (of
 *  tokens; NULL for another list). */
NODISCARD enum result authority_write_cursor(struct authority *authority,
					     const struct caller *caller, enum cursor_list list,
					     const struct token_filter *filter,
					     const struct token_position *position,
					     char text[static CURSOR_TEXT_SIZE]);
/** Reads it back; RESULT_INVALID_PARAMETER for anything else. */
NODISCARD enum result authority_read_cursor(struct authority *authority,
					    const struct caller *caller, enum cursor_list list,
					    const struct token_filter *filter, const char *text,
					    size_t length, struct token_position *position);

#endif
