/* SPDX-License-Identifier: ISC */
/* All SQL that is prepared once for each connection. */
#include "store_sqlite.h"

/* The columns of a token, in the order of enum token_column in store_sqlite_token.c. */
#define TOKEN_FIELDS_OF(selector, hash)                                                            \
	"SELECT t.sequence, t.id, a.id, t.parent, " selector ", t.display_key, t.name, " hash ", " \
	"t.permissions, t.every_website, t.websites, t.allowed_ips, t.created_at, t.expires_at, "  \
	"t.last_used_at, t.last_used_ip, t.use_count, t.revoked_at, t.rotated_at, "                \
	"t.grace_ends_at, "                                                                        \
	"t.new_key_used_at IS NOT NULL AND t.replaced_key_used_at IS NULL, a.disabled_at"
#define TOKEN_FIELDS TOKEN_FIELDS_OF("t.selector", "t.hash")
#define TOKEN_SOURCE " FROM tokens t JOIN accounts a ON a.sequence = t.account "
#define TOKEN_COLUMNS TOKEN_FIELDS TOKEN_SOURCE
/* Those of its account behind them, in the order of enum caller_column: all that most requests
 * need is one read. */
#define CALLER_FIELDS ", a.email, a.name, a.created_at"
#define CALLER_COLUMNS TOKEN_FIELDS CALLER_FIELDS TOKEN_SOURCE
/* The same for a key that was replaced. */
#define REPLACED_COLUMNS                                                                           \
	TOKEN_FIELDS_OF("t.replaced_selector", "t.replaced_hash") CALLER_FIELDS TOKEN_SOURCE
#define ACCOUNT_COLUMNS "SELECT id, email, name, created_at, disabled_at FROM accounts "
/* In the order of enum audit_part in store_sqlite_audit.c. */
#define AUDIT_COLUMNS                                                                              \
	"sequence, at, actor, account, address, request, action, target, before, after, key_id, "  \
	"chain"
/* In the order of enum activity_column in store_sqlite_activity.c. */
#define ACTIVITY_COLUMNS "SELECT hour, requests, refusals "
#define OR_ADD_ACTIVITY                                                                            \
	"ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, "                      \
	"refusals = refusals + excluded.refusals"
/* In the order of enum website_column, but for the role. */
#define WEBSITE_COLUMNS "SELECT w.sequence, w.id, w.domain, w.name, w.created_at, "
/* All that the tokens ?1, ids one behind the other, made, directly or not; UNION, so that even a
 * circle would end. CROSS JOIN: from the parents to the children, by the index. */
#define DESCENDANTS                                                                                \
	"WITH RECURSIVE place (at) AS (SELECT 1 UNION ALL "                                        \
	"SELECT at + 12 FROM place WHERE at + 12 < length(?1)), "                                  \
	"listed (id) AS (SELECT substr(?1, at, 12) FROM place), "                                  \
	"family (id) AS (SELECT t.id FROM listed l CROSS JOIN tokens t ON t.parent = l.id UNION "  \
	"SELECT t.id FROM family f CROSS JOIN tokens t ON t.parent = f.id) "
/* What has not worked since before ?2. */
#define IS_DEAD "(revoked_at < ?2 OR expires_at < ?2) "

/* No hash of a key that is dead stays. */
#define DEAD_KEYS                                                                                  \
	"hash = NULL, replaced_selector = NULL, replaced_hash = NULL, grace_ends_at = NULL"

const char *const store_statement_sql[STATEMENT_COUNT] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_BEGIN_READ] = "BEGIN",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_ADD_ACCOUNT] =
		"INSERT INTO accounts (id, email, name, created_at) VALUES (?1, ?2, ?3, ?4)",
	[STATEMENT_FIND_ACCOUNT] = ACCOUNT_COLUMNS "WHERE id = ?1",
	[STATEMENT_FIND_ACCOUNT_BY_EMAIL] = ACCOUNT_COLUMNS "WHERE email = ?1",
	[STATEMENT_COUNT_ACCOUNTS] = "SELECT count(*) FROM accounts",
	[STATEMENT_RENAME_ACCOUNT] = "UPDATE accounts SET name = ?2 WHERE id = ?1",
	[STATEMENT_DISABLE_ACCOUNT] =
		"UPDATE accounts SET disabled_at = ?2 WHERE id = ?1 AND disabled_at IS NULL",
	[STATEMENT_ENABLE_ACCOUNT] =
		"UPDATE accounts SET disabled_at = NULL WHERE id = ?1 AND disabled_at IS NOT NULL",
	[STATEMENT_LIST_ACCOUNTS] = ACCOUNT_COLUMNS "ORDER BY sequence",
	[STATEMENT_ADD_WEBSITE] =
		"INSERT INTO websites (id, domain, name, created_at) VALUES (?1, ?2, ?3, ?4)",
	[STATEMENT_FIND_WEBSITE] = WEBSITE_COLUMNS "(SELECT m.role FROM memberships m "
						   "JOIN accounts a ON a.sequence = m.account "
						   "WHERE m.website = w.sequence AND a.id = ?2) "
						   "FROM websites w WHERE w.id = ?1",
	[STATEMENT_RENAME_WEBSITE] = "UPDATE websites SET name = ?2 WHERE id = ?1",
	[STATEMENT_REMOVE_WEBSITE] = "DELETE FROM websites WHERE id = ?1",
	[STATEMENT_LIST_WEBSITES] = WEBSITE_COLUMNS "NULL FROM websites w WHERE w.sequence > ?2 "
						    "ORDER BY w.sequence",
	/* In the order of the primary key, so that a page costs what it shows. */
	[STATEMENT_LIST_WEBSITES_OF_ACCOUNT] =
		WEBSITE_COLUMNS "m.role FROM memberships m "
				"JOIN websites w ON w.sequence = m.website "
				"WHERE m.account = (SELECT sequence FROM accounts WHERE id = ?1) "
				"AND m.website > ?2 ORDER BY m.website",
	[STATEMENT_FIND_DOMAIN] = "SELECT 1 FROM websites WHERE domain = ?1",
	[STATEMENT_FIND_ROLE] = "SELECT m.role FROM accounts a JOIN websites w JOIN memberships m "
				"ON m.account = a.sequence AND m.website = w.sequence WHERE a.id = "
				"?1 AND w.id = ?2",
	[STATEMENT_SET_ROLE] = "INSERT INTO memberships (account, website, role) SELECT "
			       "a.sequence, w.sequence, ?3 "
			       "FROM accounts a, websites w WHERE a.id = ?1 AND w.id = ?2 "
			       "ON CONFLICT DO UPDATE SET role = ?3",
	[STATEMENT_REMOVE_ROLE] =
		"DELETE FROM memberships WHERE account = (SELECT sequence FROM accounts "
		"WHERE id = ?1) AND website = (SELECT sequence FROM websites WHERE id = ?2)",
	[STATEMENT_FIND_OTHER_OWNER] =
		"SELECT 1 FROM memberships m JOIN accounts a ON a.sequence = m.account "
		"WHERE m.website = (SELECT sequence FROM websites WHERE id = ?2) "
		"AND m.role = 'owner' AND a.id <> ?1 AND a.disabled_at IS NULL LIMIT 1",
	[STATEMENT_LIST_MEMBERS] =
		"SELECT a.sequence, a.id, a.name, m.role FROM memberships m "
		"JOIN accounts a ON a.sequence = m.account "
		"WHERE m.website = (SELECT sequence FROM websites WHERE id = ?1) "
		"AND m.account > ?2 ORDER BY m.account",
	[STATEMENT_ADD_TOKEN] =
		"INSERT INTO tokens (id, account, parent, selector, display_key, name, hash, "
		"permissions, every_website, websites, created_at, expires_at, allowed_ips) "
		"SELECT ?1, sequence, "
		"?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 FROM accounts WHERE id = ?2",
	[STATEMENT_FIND_TOKEN] = TOKEN_COLUMNS "WHERE t.id = ?1",
	[STATEMENT_FIND_CALLER] = CALLER_COLUMNS "WHERE t.selector = ?1",
	[STATEMENT_FIND_REPLACED] = REPLACED_COLUMNS "WHERE t.replaced_selector = ?1",
	[STATEMENT_LIST_TOKENS] =
		TOKEN_COLUMNS "WHERE t.account = (SELECT sequence FROM accounts WHERE id = ?1) "
			      "AND t.sequence < ?2 ORDER BY t.sequence DESC",
	[STATEMENT_LIST_KEPT_TOKENS] =
		TOKEN_COLUMNS "WHERE t.account = (SELECT sequence FROM accounts WHERE id = ?1) "
			      "AND t.sequence < ?2 AND t.revoked_at IS NULL "
			      "ORDER BY t.sequence DESC",
	/* The unary plus leaves the index by parent as the only one. */
	[STATEMENT_LIST_CHILDREN] =
		TOKEN_COLUMNS "WHERE t.parent = ?3 AND t.sequence < ?2 AND +t.account = "
			      "(SELECT sequence FROM accounts WHERE id = ?1) "
			      "AND (?4 OR t.revoked_at IS NULL) ORDER BY t.sequence DESC",
	[STATEMENT_LIST_EXPIRING] =
		TOKEN_COLUMNS "WHERE t.revoked_at IS NULL AND t.expires_at > ?1 "
			      "AND t.expires_at <= ?2 ORDER BY t.expires_at, t.sequence",
	/* Each by an index that holds all that is asked. */
	[STATEMENT_COUNT_TOKENS] = "SELECT (SELECT count(*) FROM tokens), "
				   "(SELECT count(*) FROM tokens WHERE revoked_at IS NULL), "
				   "(SELECT count(*) FROM tokens WHERE revoked_at IS NULL "
				   "AND expires_at IS NOT NULL AND expires_at <= ?1)",
	[STATEMENT_COUNT_LIVING_TOKENS] =
		"SELECT count(*) FROM tokens WHERE account = (SELECT sequence FROM accounts "
		"WHERE id = ?1) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)",
	[STATEMENT_COUNT_DESCENDANTS] =
		DESCENDANTS "SELECT count(*) FROM tokens WHERE id IN family AND id NOT IN listed "
			    "AND id IS NOT ?3 "
			    "AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)",
	/* Upwards from ?2: a token has one parent and may have any number of children. */
	[STATEMENT_DESCENDS] =
		"WITH RECURSIVE line (id) AS (SELECT parent FROM tokens WHERE id = ?2 UNION "
		"SELECT t.parent FROM tokens t JOIN line l ON t.id = l.id) "
		"SELECT count(*) FROM line WHERE id = ?1",
	[STATEMENT_LIST_DESCENDANTS] = DESCENDANTS TOKEN_COLUMNS
	"WHERE t.id IN family AND t.revoked_at IS NULL ORDER BY t.sequence",
	[STATEMENT_REVOKE_TOKEN] =
		"UPDATE tokens SET " DEAD_KEYS ", revoked_at = ?2, revoked_by = ?3 "
		"WHERE id = ?1 AND revoked_at IS NULL",
	[STATEMENT_REVOKE_DESCENDANTS] =
		DESCENDANTS "UPDATE tokens SET " DEAD_KEYS ", revoked_at = ?2, revoked_by = ?3 "
			    "WHERE id IN family AND id IS NOT ?4 AND revoked_at IS NULL",
	[STATEMENT_CHANGE_TOKEN] =
		"UPDATE tokens SET name = ?2, permissions = ?3, every_website = ?4, websites = ?5, "
		"expires_at = ?6, allowed_ips = ?7 WHERE id = ?1 AND revoked_at IS NULL",
	/* The key that is replaced goes on as the row's other one; ?6 NULL: it dies at once. */
	[STATEMENT_ROTATE_TOKEN] =
		"UPDATE tokens SET "
		"replaced_selector = CASE WHEN ?6 IS NULL THEN NULL ELSE selector END, "
		"replaced_hash = CASE WHEN ?6 IS NULL THEN NULL ELSE hash END, "
		"grace_ends_at = ?6, selector = ?2, display_key = ?3, hash = ?4, rotated_at = ?5, "
		"new_key_used_at = NULL, replaced_key_used_at = NULL "
		"WHERE id = ?1 AND revoked_at IS NULL",
	/* The lost answer's key dies; the one before it keeps its grace. */
	[STATEMENT_ROTATE_TOKEN_AGAIN] =
		"UPDATE tokens SET selector = ?2, display_key = ?3, hash = ?4, rotated_at = ?5, "
		"new_key_used_at = NULL WHERE id = ?1 AND revoked_at IS NULL",
	[STATEMENT_END_GRACES] =
		"UPDATE tokens SET replaced_selector = NULL, replaced_hash = NULL, "
		"grace_ends_at = NULL "
		"WHERE replaced_selector IS NOT NULL AND grace_ends_at <= ?1",
	[STATEMENT_LIST_DEAD_TOKENS] = "SELECT sequence FROM tokens WHERE sequence < ?1 "
				       "AND " IS_DEAD "ORDER BY sequence DESC",
	[STATEMENT_FIND_DEAD_TOKEN] =
		TOKEN_COLUMNS "WHERE t.sequence = ?1 AND " IS_DEAD
			      "AND NOT EXISTS (SELECT 1 FROM tokens c WHERE c.parent = t.id)",
	[STATEMENT_REMOVE_TOKEN] = "DELETE FROM tokens WHERE sequence = ?1",
	[STATEMENT_RENEW_HASH] = "UPDATE tokens SET "
				 "hash = CASE WHEN hash = ?2 THEN ?3 ELSE hash END, "
				 "replaced_hash = CASE WHEN replaced_hash = ?2 THEN ?3 "
				 "ELSE replaced_hash END "
				 "WHERE id = ?1 AND (hash = ?2 OR replaced_hash = ?2)",
	[STATEMENT_ADD_USE] =
		"UPDATE tokens SET use_count = use_count + ?4, "
		"last_used_ip = iif(last_used_at > ?2, last_used_ip, ?3), "
		"last_used_at = iif(last_used_at > ?2, last_used_at, ?2), "
		"new_key_used_at = iif(new_key_used_at IS NULL AND ?5 >= rotated_at, ?5, "
		"new_key_used_at) WHERE id = ?1",
	[STATEMENT_NOTE_REPLACED_USE] =
		"UPDATE tokens SET replaced_key_used_at = ?2 WHERE id = ?1 "
		"AND new_key_used_at IS NOT NULL AND replaced_key_used_at IS NULL",
	[STATEMENT_ADD_ACTIVITY] =
		"INSERT INTO token_activity (hour, token, requests, refusals) "
		"SELECT ?2, sequence, ?3, ?4 FROM tokens WHERE id = ?1 " OR_ADD_ACTIVITY,
	[STATEMENT_ADD_ACTIVITY_OF_ACCOUNT] =
		"INSERT INTO account_activity (hour, account, requests, refusals) "
		"SELECT ?2, account, ?3, ?4 FROM tokens WHERE id = ?1 " OR_ADD_ACTIVITY,
	[STATEMENT_LIST_ACTIVITY] =
		ACTIVITY_COLUMNS "FROM token_activity "
				 "WHERE token = (SELECT sequence FROM tokens WHERE id = ?1) "
				 "AND hour BETWEEN ?2 AND ?3 ORDER BY hour",
	[STATEMENT_LIST_ACTIVITY_OF_ACCOUNT] =
		ACTIVITY_COLUMNS "FROM account_activity "
				 "WHERE account = (SELECT sequence FROM accounts WHERE id = ?1) "
				 "AND hour BETWEEN ?2 AND ?3 ORDER BY hour",
	[STATEMENT_FORGET_ACTIVITY] =
		"DELETE FROM token_activity WHERE (hour, token) IN "
		"(SELECT hour, token FROM token_activity WHERE hour < ?1 ORDER BY hour LIMIT ?2)",
	[STATEMENT_FORGET_ACTIVITY_OF_ACCOUNTS] =
		"DELETE FROM account_activity WHERE (hour, account) IN "
		"(SELECT hour, account FROM account_activity WHERE hour < ?1 ORDER BY hour "
		"LIMIT ?2)",
	[STATEMENT_FIND_IDEMPOTENT] = "SELECT request, token, made_at FROM idempotency "
				      "WHERE caller = ?1 AND name = ?2",
	[STATEMENT_PUT_IDEMPOTENT] = "INSERT OR REPLACE INTO idempotency "
				     "(caller, name, request, token, made_at) "
				     "VALUES (?1, ?2, ?3, ?4, ?5)",
	[STATEMENT_FORGET_IDEMPOTENT] = "DELETE FROM idempotency WHERE made_at < ?1",
	[STATEMENT_FIND_SECRET] = "SELECT value FROM secrets WHERE name = ?1",
	[STATEMENT_ADD_FAILED_CHECK] =
		"INSERT INTO failed_checks (selector, address, failed_at) VALUES (?1, ?2, ?3)",
	[STATEMENT_FORGET_FAILED_CHECKS] =
		"DELETE FROM failed_checks WHERE failed_at < ?1 OR failed_at > ?2",
	[STATEMENT_LIST_FAILED_CHECKS] =
		"SELECT address, failed_at FROM failed_checks WHERE selector = ?1 "
		"AND failed_at BETWEEN ?2 AND ?3 ORDER BY failed_at",
	[STATEMENT_ADD_AUDIT] = "INSERT INTO audit (" AUDIT_COLUMNS
				") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	/* One row always. sqlite_sequence remembers a number whose row was removed. */
	[STATEMENT_FIND_AUDIT_TAIL] =
		"SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'audit'), last.* "
		"FROM (SELECT 1) LEFT JOIN (SELECT sequence, key_id, chain FROM audit "
		"ORDER BY sequence DESC LIMIT 1) last",
	[STATEMENT_LIST_AUDIT] =
		"SELECT " AUDIT_COLUMNS " FROM audit WHERE sequence > ?1 ORDER BY sequence",
	[STATEMENT_LIST_AUDIT_OF_ACCOUNT] =
		"SELECT " AUDIT_COLUMNS " FROM audit WHERE account = ?1 "
		"AND sequence < ?2 ORDER BY sequence DESC",
};
