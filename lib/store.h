/* SPDX-License-Identifier: ISC */
/* The storage contract: what can be kept and asked, on one connection to one database file.
 *
 * A connection belongs to one thread at a time; any number of connections, threads and processes
 * may share the file. No SQL and no text of the database leaks through. Unless said otherwise a
 * function answers RESULT_OK, RESULT_BUSY (locked longer than the connection may wait, or no
 * memory) or RESULT_STORE_UNAVAILABLE (damaged, full, read-only, gone: logged where it happened).
 */
#ifndef CLAVIGER_STORE_H
#define CLAVIGER_STORE_H

#include "attributes.h"
#include "error.h"
#include "id.h"
#include "network.h"
#include "permission.h"
#include "scope.h"
#include "secret.h"
#include "token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum {
	STORE_NAME_SIZE = 4 * 100 + 1, /* 100 characters of UTF-8 */
	STORE_EMAIL_SIZE = 255,
	STORE_DOMAIN_SIZE = 254,
	STORE_CURSOR_KEY_SIZE = 32,
	STORE_HASH_SIZE = 32,
	STORE_CHAIN_SIZE = 32,
	STORE_KEY_ID_SIZE = 8,
};

/* A moment that has not come: never used, not revoked, not disabled. */
#define STORE_NO_MOMENT INT64_MIN

struct account_record {
	struct id id;
	char email[STORE_EMAIL_SIZE];
	char name[STORE_NAME_SIZE];
	int64_t created_at;
	int64_t disabled_at; /* STORE_NO_MOMENT: it is not */
};

struct website_record {
	int64_t sequence; /* the order of making */
	struct id id;
	char domain[STORE_DOMAIN_SIZE];
	char name[STORE_NAME_SIZE];
	enum role role; /* of the account that asked; ROLE_NONE where none asked */
	int64_t created_at;
};

/* What an account is on a website. */
struct member_record {
	int64_t sequence; /* the order in which accounts were made */
	struct id account;
	char name[STORE_NAME_SIZE];
	enum role role;
};

/* Owns the lists of its scope. */
struct token_record {
	int64_t sequence; /* the order of making */
	struct id id;
	struct scope scope;
	bool has_parent;
	struct id parent;
	bool has_name;
	char name[STORE_NAME_SIZE];
	struct selector selector;
	struct display_key display_key;
	struct secret_hash hash; /* "" of a revoked one; wiped by token_record_clear() */
	int64_t created_at;
	int64_t last_used_at;                         /* STORE_NO_MOMENT: never */
	char last_used_ip[NETWORK_ADDRESS_TEXT_SIZE]; /* "": not known */
	uint64_t use_count;
	int64_t revoked_at; /* STORE_NO_MOMENT: it is not */
	int64_t rotated_at; /* STORE_NO_MOMENT: never */
	/* Until when the key before the last rotation works too; STORE_NO_MOMENT: not at all. */
	int64_t grace_ends_at;
	bool is_overtaken; /* the newest key was used since the rotation, and the one before not yet
			    */
	bool is_replaced_key; /* found by that key, whose selector and hash these then are */
	bool account_disabled;
};

/* The columns of a row of the audit that may be absent, and all that is said of a change. */
enum audit_column {
	AUDIT_ACTOR,   /* the id of the token; absent: the operator */
	AUDIT_ACCOUNT, /* the id of the account that it concerns; absent: all */
	AUDIT_ADDRESS,
	AUDIT_REQUEST_ID,
	AUDIT_ACTION, /* never absent */
	AUDIT_TARGET, /* the id of what was changed */
	AUDIT_BEFORE, /* JSON */
	AUDIT_AFTER,
	AUDIT_COLUMN_COUNT
};

struct audit_value {
	const void *bytes; /* NULL: absent; a text has a NUL behind its end */
	size_t length;
};

/* A row of the audit as it lies on the disk; borrows its values. */
struct audit_row {
	int64_t sequence, at;
	struct audit_value values[AUDIT_COLUMN_COUNT];
	uint8_t key_id[STORE_KEY_ID_SIZE]; /* whose chain it is; zeroed where there is none */
	uint8_t chain[STORE_CHAIN_SIZE];
};

/* Where the audit ends. */
struct audit_tail {
	int64_t sequence; /* the highest that was ever given, 0: none; the row may be gone */
	uint8_t key_id[STORE_KEY_ID_SIZE]; /* of the last row; zeroed where there is none */
	uint8_t chain[STORE_CHAIN_SIZE];
};

enum { STORE_MS_PER_HOUR = 3600000 };

/* Uses of a token, and requests with its keys that were refused, within one hour. */
struct token_use {
	struct id token;
	int64_t hour;           /* since 1970 */
	struct network address; /* of the last use; zeroed: not known */
	int64_t at;             /* when that was; STORE_NO_MOMENT: there was none */
	int64_t newest_key_at;  /* the last with its newest key; STORE_NO_MOMENT: none was */
	uint64_t count;         /* of uses */
	uint64_t refusals;
};

/* What was asked in an hour. */
struct activity {
	int64_t hour; /* since 1970 */
	uint64_t requests, refusals;
};

struct store_options {
	const char *path;
	bool use_wal;
	uint32_t busy_timeout_ms;          /* 0: a locked database is RESULT_BUSY at once */
	bool create;                       /* make the file where there is none */
	bool is_brief;                     /* for a request or two: prepare only what is used */
	bool no_migration;                 /* leave an older database as it is */
	const struct catalogue *catalogue; /* kept: it must outlive the store */
};

/** Opens the database: checks owner and modes, that it is ours, and its version; brings an older
 *  one up to date in one transaction after a backup beside it. ERR says what to do about
 *  RESULT_STORE_UNAVAILABLE, RESULT_INVALID_CONFIGURATION (modes) and RESULT_BUSY. With
 *  no_migration an older database is RESULT_OK too, *STORE is NULL then, and ERR.message says what
 *  the next start will do. */
NODISCARD enum result store_open(const struct store_options *options, struct store **store,
				 struct error *err);
/** NULL is allowed. */
void store_close(struct store *store);

/** Changes how long the connection waits for a lock, in milliseconds; 0: RESULT_BUSY at once. */
void store_set_busy_timeout(struct store *store, uint32_t busy_timeout_ms);

/** Opens the file again where the one at the path is another than before or where an earlier
 *  failure left the connection in doubt. Call it before each request, with its moment NOW: looks at
 *  the path at most once a millisecond. */
NODISCARD enum result store_refresh(struct store *store, int64_t now);

/** Begins a transaction that may write; one that reads only. */
NODISCARD enum result store_begin(struct store *store);
NODISCARD enum result store_begin_read(struct store *store);
/** What was not committed did not happen. */
NODISCARD enum result store_commit(struct store *store);
/** Ends a transaction, if one is open, without effect. */
void store_rollback(struct store *store);

/** RESULT_CONFLICT where the email is taken. */
NODISCARD enum result store_add_account(struct store *store, const struct account_record *account);
/** RESULT_NOT_FOUND where there is none. */
NODISCARD enum result store_find_account(struct store *store, const struct id *id,
					 struct account_record *account);
NODISCARD enum result store_find_account_by_email(struct store *store, const char *email,
						  struct account_record *account);
NODISCARD enum result store_count_accounts(struct store *store, uint64_t *count);
/** RESULT_NOT_FOUND where there is none. */
NODISCARD enum result store_rename_account(struct store *store, const struct id *id,
					   const char *name);
/** RESULT_NOT_FOUND where there is none, or where it is disabled already. */
NODISCARD enum result store_disable_account(struct store *store, const struct id *id, int64_t at);
/** RESULT_NOT_FOUND where there is none, or where it is not disabled. */
NODISCARD enum result store_enable_account(struct store *store, const struct id *id);
/** Calls EACH, oldest first, until it answers false. */
NODISCARD enum result store_list_accounts(struct store *store,
					  bool (*each)(void *, const struct account_record *),
					  void *context);

/** Adds WEBSITE with OWNER as its owner. RESULT_CONFLICT where the domain is taken. */
NODISCARD enum result store_add_website(struct store *store, const struct website_record *website,
					const struct id *owner);
/** The website ID, with the role that ACCOUNT (may be NULL) has there. RESULT_NOT_FOUND where there
 *  is none. */
NODISCARD enum result store_find_website(struct store *store, const struct id *account,
					 const struct id *id, struct website_record *website);
/** RESULT_NOT_FOUND where there is none. */
NODISCARD enum result store_rename_website(struct store *store, const struct id *id,
					   const char *name);
/** RESULT_NOT_FOUND where there is none. Token lists keep the id, which then grants nothing. */
NODISCARD enum result store_remove_website(struct store *store, const struct id *id);
/** Calls EACH, oldest first, with every website on which ACCOUNT has a role (all, where ACCOUNT is
 *  NULL) and that was made after AFTER_SEQUENCE, until it answers false. */
NODISCARD enum result store_list_websites(struct store *store, const struct id *account,
					  int64_t after_sequence,
					  bool (*each)(void *, const struct website_record *),
					  void *context);
/** The role of ACCOUNT on WEBSITE; ROLE_NONE where it has none or there is no such website. */
NODISCARD enum result store_find_role(struct store *store, const struct id *account,
				      const struct id *website, enum role *role);
/** Makes ROLE, which is not ROLE_NONE, the role of ACCOUNT on WEBSITE. RESULT_NOT_FOUND where
 *  either does not exist. */
NODISCARD enum result store_set_role(struct store *store, const struct id *account,
				     const struct id *website, enum role role);
/** RESULT_NOT_FOUND where ACCOUNT has none on WEBSITE. */
NODISCARD enum result store_remove_role(struct store *store, const struct id *account,
					const struct id *website);
/** Says whether an account that is not disabled, other than ACCOUNT, owns WEBSITE. */
NODISCARD enum result store_has_other_owner(struct store *store, const struct id *account,
					    const struct id *website, bool *has_other);
/** Calls EACH, oldest account first, with those that have a role on WEBSITE and come after
 *  AFTER_SEQUENCE, until it answers false. */
NODISCARD enum result store_list_members(struct store *store, const struct id *website,
					 int64_t after_sequence,
					 bool (*each)(void *, const struct member_record *),
					 void *context);

/** Keeps TOKEN with its hash; sequence and what is known of its uses are the store's.
 *  RESULT_INTERNAL for a scope that admits no address at all. */
NODISCARD enum result store_add_token(struct store *store, const struct token_record *token);
/** RESULT_NOT_FOUND where there is none. RECORD must own nothing before, and owns afterwards. */
NODISCARD enum result store_find_token(struct store *store, const struct id *id,
				       struct token_record *record);
/** The same by selector, that of a replaced key too, and the account that owns it. */
NODISCARD enum result store_find_caller(struct store *store, const struct selector *selector,
					struct token_record *record,
					struct account_record *account);
/** Calls EACH, newest first, with ACCOUNT's tokens that were made before BEFORE_SEQUENCE, revoked
 *  ones only WITH_REVOKED, until it answers false. */
NODISCARD enum result store_list_tokens(struct store *store, const struct id *account,
					int64_t before_sequence, bool with_revoked,
					bool (*each)(void *, const struct token_record *),
					void *context);
/** The same with those alone that the token PARENT made itself. */
NODISCARD enum result store_list_children(struct store *store, const struct id *account,
					  const struct id *parent, int64_t before_sequence,
					  bool with_revoked,
					  bool (*each)(void *, const struct token_record *),
					  void *context);
/** Calls EACH, the soonest first, with the unrevoked tokens of every account that expire after
 *  AFTER and not after UNTIL, until it answers false. */
NODISCARD enum result store_list_expiring(struct store *store, int64_t after, int64_t until,
					  bool (*each)(void *, const struct token_record *),
					  void *context);
/* How many tokens there are in each state. */
struct token_counts {
	uint64_t active, expired, revoked;
};
/** Counts those of all accounts at NOW, by their indexes. */
NODISCARD enum result store_count_tokens(struct store *store, int64_t now,
					 struct token_counts *counts);
/** The account's tokens that are neither revoked nor expired at NOW. */
NODISCARD enum result store_count_living_tokens(struct store *store, const struct id *account,
						int64_t now, uint64_t *count);
/** The living tokens that were made, directly or not, by the token ID. */
NODISCARD enum result store_count_descendants(struct store *store, const struct id *id, int64_t now,
					      uint64_t *count);
/** Calls EACH, oldest first, with every unrevoked token that was made, directly or not, by the
 * token ID, until it answers false. */
NODISCARD enum result store_list_descendants(struct store *store, const struct id *id,
					     bool (*each)(void *, const struct token_record *),
					     void *context);
/** The living tokens that were made so by any of the ID_COUNT tokens at IDS; those that are among
 *  them, and SPARED (NULL: none), are not counted. */
NODISCARD enum result store_count_families(struct store *store, const struct id *ids,
					   size_t id_count, const struct id *spared, int64_t now,
					   uint64_t *count);
/** Says whether the token ID was made, directly or not, by the token ANCESTOR. */
NODISCARD enum result store_descends(struct store *store, const struct id *id,
				     const struct id *ancestor, bool *descends);
/** Writes name and scope of TOKEN, all but its account. RESULT_NOT_FOUND where it is revoked. */
NODISCARD enum result store_change_token(struct store *store, const struct token_record *token);
/** Gives TOKEN the selector, display key and hash that it holds, at its rotated_at. The key before
 *  works on until its grace_ends_at; AGAIN: that of the rotation before keeps its grace instead.
 *  RESULT_NOT_FOUND where it is revoked. */
NODISCARD enum result store_rotate_token(struct store *store, const struct token_record *token,
					 bool again);
/** Forgets the replaced keys whose grace is over at NOW. */
NODISCARD enum result store_end_graces(struct store *store, int64_t now);
/** Takes the hashes away and notes when and by which token (NULL: the operator). RESULT_NOT_FOUND
 *  where there is no such token or it is revoked already. */
NODISCARD enum result store_revoke_token(struct store *store, const struct id *id, int64_t at,
					 const struct id *by);
/** The same for every unrevoked token made, directly or not, by the token ID, but not for SPARED
 *  (NULL: none). */
NODISCARD enum result store_revoke_descendants(struct store *store, const struct id *id,
					       const struct id *spared, int64_t at,
					       const struct id *by);
/** Calls EACH with the sequence, falling, of every token before BEFORE_SEQUENCE that was revoked or
 *  expired before DEAD_BEFORE, until it answers false. */
NODISCARD enum result store_list_dead_tokens(struct store *store, int64_t before_sequence,
					     int64_t dead_before, bool (*each)(void *, int64_t),
					     void *context);
/** Removes the row of such a token, inside the transaction, and fills REMOVED with what it was.
 *  RESULT_NOT_FOUND where it is none any more, or where a token that it made still has a row. */
NODISCARD enum result store_remove_dead_token(struct store *store, int64_t sequence,
					      int64_t dead_before, struct token_record *removed);
/** Replaces a hash by another of the same key; nothing where neither key's is OLD. */
NODISCARD enum result store_renew_hash(struct store *store, const struct id *id,
				       const struct secret_hash *old_hash,
				       const struct secret_hash *new_hash);
/** Adds the uses and refusals that USE counts, to the token and to the hour of it and its account,
 *  and notes when and from where the last use was, unless a later one is known; inside the
 *  transaction. Nothing where there is no such token. */
NODISCARD enum result store_add_use(struct store *store, const struct token_use *use);
/** Calls EACH with what was asked in the hours FROM to UNTIL of the token ID, in their order. */
NODISCARD enum result store_list_activity(struct store *store, const struct id *id, int64_t from,
					  int64_t until,
					  void (*each)(void *, const struct activity *),
					  void *context);
/** The same of ACCOUNT: what was asked with the tokens that it had then. */
NODISCARD enum result store_list_activity_of_account(struct store *store, const struct id *account,
						     int64_t from, int64_t until,
						     void (*each)(void *, const struct activity *),
						     void *context);
/** Forgets at most MAX hours of tokens and MAX of accounts that are older than BEFORE, the oldest
 *  first; *IS_ALL is false where there may be more. */
NODISCARD enum result store_forget_activity(struct store *store, int64_t before, size_t max,
					    bool *is_all);
/** Notes that the replaced key of TOKEN was used at AT, after the newest was. RESULT_NOT_FOUND
 * where that is known already. */
NODISCARD enum result store_note_replaced_use(struct store *store, const struct id *token,
					      int64_t at);

/* What a request with an Idempotency-Key made: a token, or a key of one. */
struct idempotent_record {
	struct id caller;
	uint8_t name[STORE_HASH_SIZE];    /* of that key */
	uint8_t request[STORE_HASH_SIZE]; /* of route and body */
	struct id token;
	int64_t made_at;
};

/** Fills RECORD, of which caller and name are given. RESULT_NOT_FOUND where there is none. */
NODISCARD enum result store_find_idempotent(struct store *store, struct idempotent_record *record);
/** In the place of an earlier one of the same caller and name. */
NODISCARD enum result store_put_idempotent(struct store *store,
					   const struct idempotent_record *record);
/** Forgets those made before BEFORE. */
NODISCARD enum result store_forget_idempotent(struct store *store, int64_t before);

NODISCARD enum result store_cursor_key(struct store *store,
				       uint8_t key[static STORE_CURSOR_KEY_SIZE]);

/** Notes a failed check at AT of the monotonic clock, and forgets those before FORGET_BEFORE. */
NODISCARD enum result store_add_failed_check(struct store *store, const struct selector *selector,
					     const char *address, int64_t at,
					     int64_t forget_before);
/** Calls EACH, oldest first, with the failed checks of SELECTOR from SINCE to UNTIL. */
NODISCARD enum result
store_list_failed_checks(struct store *store, const struct selector *selector, int64_t since,
			 int64_t until, void (*each)(void *, const char *address, int64_t at),
			 void *context);

/** Keeps ROW as it is, sequence and chain too. */
NODISCARD enum result store_add_audit(struct store *store, const struct audit_row *row);
NODISCARD enum result store_find_audit_tail(struct store *store, struct audit_tail *tail);
/** Calls EACH, oldest first, with every row behind AFTER_SEQUENCE, until it answers false. */
NODISCARD enum result store_list_audit(struct store *store, int64_t after_sequence,
				       bool (*each)(void *, const struct audit_row *),
				       void *context);
/** Calls EACH, newest first, with the rows that concern ACCOUNT and lie before BEFORE_SEQUENCE,
 *  until it answers false. */
NODISCARD enum result store_list_audit_of_account(struct store *store, const struct id *account,
						  int64_t before_sequence,
						  bool (*each)(void *, const struct audit_row *),
						  void *context);

/** RESULT_OK when the whole file passes PRAGMA quick_check (or, THOROUGH, integrity_check and
 *  foreign_key_check); RESULT_STORE_UNAVAILABLE, with the first finding in ERR, when not. */
NODISCARD enum result store_check(struct store *store, bool thorough, struct error *err);
/** Copies the database, as of one moment and while others write, to the new file PATH (0600).
 *  RESULT_INVALID_USAGE where PATH exists. */
NODISCARD enum result store_backup(struct store *store, const char *path, struct error *err);
/** Replaces all content by that of the backup at PATH, in one transaction that every other
 *  connection sees whole or not at all. RESULT_INVALID_USAGE for what is no such backup. */
NODISCARD enum result store_restore(struct store *store, const char *path, struct error *err);
/** The same with the content of SOURCE, which is of the newest version. SETTLE is called when
 * nobody else can write to STORE any more: what it reads there is what will be replaced, and what
 * it changes in SOURCE takes its place; it writes nothing to STORE. Nothing is replaced where it
 *  fails, and its result is the answer. */
NODISCARD enum result store_replace(struct store *store, struct store *source,
				    enum result (*settle)(void *context), void *context,
				    struct error *err);
/** Moves the write-ahead log into the file and cuts it to nothing, so that no replaced page stays
 *  in it. Best effort. */
void store_checkpoint(struct store *store);
/** How often a store of this process failed other than by a lock or for lack of memory.
 * Thread-safe.
 */
NODISCARD uint64_t store_failures(void);
/** Says whether the file is in WAL mode. */
NODISCARD bool store_uses_wal(const struct store *store);

/** Wipes and frees what RECORD owns. NULL is allowed. */
void token_record_clear(struct token_record *record);

#endif
