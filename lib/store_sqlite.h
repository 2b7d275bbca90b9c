/* SPDX-License-Identifier: ISC */
/* What the files store_sqlite*.c share: the connection and its prepared statements. Nobody else
 * includes this. */
#ifndef CLAVIGER_STORE_SQLITE_H
#define CLAVIGER_STORE_SQLITE_H

#include "attributes.h"
#include "error.h"
#include "store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3;
struct sqlite3_stmt;

enum statement {
	STATEMENT_BEGIN,
	STATEMENT_BEGIN_READ,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_ADD_ACCOUNT,
	STATEMENT_FIND_ACCOUNT,
	STATEMENT_FIND_ACCOUNT_BY_EMAIL,
	STATEMENT_COUNT_ACCOUNTS,
	STATEMENT_RENAME_ACCOUNT,
	STATEMENT_DISABLE_ACCOUNT,
	STATEMENT_ENABLE_ACCOUNT,
	STATEMENT_LIST_ACCOUNTS,
	STATEMENT_ADD_WEBSITE,
	STATEMENT_FIND_WEBSITE,
	STATEMENT_RENAME_WEBSITE,
	STATEMENT_REMOVE_WEBSITE,
	STATEMENT_LIST_WEBSITES,
	STATEMENT_LIST_WEBSITES_OF_ACCOUNT,
	STATEMENT_FIND_DOMAIN,
	STATEMENT_FIND_ROLE,
	STATEMENT_SET_ROLE,
	STATEMENT_REMOVE_ROLE,
	STATEMENT_FIND_OTHER_OWNER,
	STATEMENT_LIST_MEMBERS,
	STATEMENT_ADD_TOKEN,
	STATEMENT_FIND_TOKEN,
	STATEMENT_FIND_CALLER,
	STATEMENT_FIND_REPLACED,
	STATEMENT_LIST_TOKENS,
	STATEMENT_LIST_KEPT_TOKENS,
	STATEMENT_LIST_CHILDREN,
	STATEMENT_LIST_EXPIRING,
	STATEMENT_COUNT_TOKENS,
	STATEMENT_COUNT_LIVING_TOKENS,
	STATEMENT_COUNT_DESCENDANTS,
	STATEMENT_LIST_DESCENDANTS,
	STATEMENT_DESCENDS,
	STATEMENT_REVOKE_TOKEN,
	STATEMENT_REVOKE_DESCENDANTS,
	STATEMENT_CHANGE_TOKEN,
	STATEMENT_ROTATE_TOKEN,
	STATEMENT_ROTATE_TOKEN_AGAIN,
	STATEMENT_END_GRACES,
	STATEMENT_LIST_DEAD_TOKENS,
	STATEMENT_FIND_DEAD_TOKEN,
	STATEMENT_REMOVE_TOKEN,
	STATEMENT_RENEW_HASH,
	STATEMENT_ADD_USE,
	STATEMENT_NOTE_REPLACED_USE,
	STATEMENT_ADD_ACTIVITY,
	STATEMENT_ADD_ACTIVITY_OF_ACCOUNT,
	STATEMENT_LIST_ACTIVITY,
	STATEMENT_LIST_ACTIVITY_OF_ACCOUNT,
	STATEMENT_FORGET_ACTIVITY,
	STATEMENT_FORGET_ACTIVITY_OF_ACCOUNTS,
	STATEMENT_FIND_IDEMPOTENT,
	STATEMENT_PUT_IDEMPOTENT,
	STATEMENT_FORGET_IDEMPOTENT,
	STATEMENT_FIND_SECRET,
	STATEMENT_ADD_FAILED_CHECK,
	STATEMENT_FORGET_FAILED_CHECKS,
	STATEMENT_LIST_FAILED_CHECKS,
	STATEMENT_ADD_AUDIT,
	STATEMENT_FIND_AUDIT_TAIL,
	STATEMENT_LIST_AUDIT,
	STATEMENT_LIST_AUDIT_OF_ACCOUNT,
	STATEMENT_COUNT
};

/* In store_sqlite_statements.c. */
extern const char *const store_statement_sql[STATEMENT_COUNT];

struct store {
	struct sqlite3 *database;
	struct sqlite3_stmt *statements[STATEMENT_COUNT];
	char *path;
	bool use_wal;
	bool create;
	bool is_brief;
	uint32_t busy_timeout_ms;
	const struct catalogue *catalogue;
	int64_t looked_at; /* when the path was last found to be the open file */
	int bind_status;   /* the first failed bind since the last step */
	int failure;       /* SQLite's primary code of the last one */
	bool in_doubt;     /* an I/O error: open again before the next use */
	bool is_reported;  /* that the file cannot be used is in the log already */
};

/* What to do about a file that is damaged, to follow "PATH: damaged; ". */
#define STORE_RESTORE_ADVICE                                                                       \
	"stop the service, move it away with its -wal and -shm, and run claviger-admin restore "   \
	"BACKUP"

/** Opens the file and prepares nothing: pragmas, limits, application id. */
NODISCARD enum result store_connect(struct store *store, struct error *err);
/** Brings the database to the newest version of schema.sql, or to the last of the COUNT
 *  MIGRATIONS; backs it up first where it is not new. */
struct migration {
	int version;
	const char *statement;
};
NODISCARD enum result store_migrate(struct store *store, const struct migration *migrations,
				    size_t count, struct error *err);
NODISCARD enum result store_migrate_to_newest(struct store *store, struct error *err);
/** Says by IS_OLDER, and in ERR.message, whether store_migrate_to_newest() would change anything.
 */
NODISCARD enum result store_compare_version(struct store *store, bool *is_older, struct error *err);

/** What to say and do about FAILURE, a primary code of SQLite; NULL where it is no fault of the
 * disk or of other processes, but of the file itself. */
NODISCARD const char *store_describe(int failure);
/** Says in ERR, where nobody has yet, what RESULT of opening or reading the database means and what
 *  to do about it; returns RESULT. */
NODISCARD enum result store_explain(struct store *store, enum result result, struct error *err);
/** Opens the file at the path of BACKUP, which may become our content, to read:
 * RESULT_INVALID_USAGE where it is no database of ours or a newer one, RESULT_STORE_UNAVAILABLE
 * where it is damaged. The connection is the caller's to close, also then. */
NODISCARD enum result store_open_backup(struct store *backup, struct error *err);

/** Logs what STATUS, of SQLite, says about ACTION, and answers what it means for a caller. */
NODISCARD enum result store_failure(struct store *store, int status, const char *action);

/** The statement, ready for its values; give it back with store_end(). */
NODISCARD struct sqlite3_stmt *store_use(struct store *store, enum statement statement);
/** Resets STATEMENT and forgets its values. */
void store_end(struct sqlite3_stmt *statement);
void store_bind_number(struct store *store, struct sqlite3_stmt *statement, int index,
		       int64_t number);
/** NULL in the database for STORE_NO_MOMENT and TIMESTAMP_NEVER. */
void store_bind_moment(struct store *store, struct sqlite3_stmt *statement, int index,
		       int64_t moment);
/** TEXT may be NULL. Borrowed until store_end(). */
void store_bind_text(struct store *store, struct sqlite3_stmt *statement, int index,
		     const char *text);
void store_bind_bytes(struct store *store, struct sqlite3_stmt *statement, int index,
		      const void *bytes, size_t length);
/** ID may be NULL. */
void store_bind_id(struct store *store, struct sqlite3_stmt *statement, int index,
		   const struct id *id);
/** Goes to the next row; *HAS_ROW is false at the end. */
NODISCARD enum result store_step(struct store *store, struct sqlite3_stmt *statement,
				 bool *has_row);
/** Runs a statement that has no rows, ends it, and says how many rows it changed. */
NODISCARD enum result store_run(struct store *store, struct sqlite3_stmt *statement,
				int64_t *changed);

/** The token that is the one row of STATEMENT, which it ends. RESULT_NOT_FOUND where there is none.
 */
NODISCARD enum result store_read_token(struct store *store, struct sqlite3_stmt *statement,
				       struct token_record *record);
/** Calls EACH with the token in each row of STATEMENT, until it answers false, and ends it. */
NODISCARD enum result store_walk_tokens(struct store *store, struct sqlite3_stmt *statement,
					bool (*each)(void *, const struct token_record *),
					void *context);
/** The number that is the one row of STATEMENT, which it ends. */
NODISCARD enum result store_count(struct store *store, struct sqlite3_stmt *statement,
				  uint64_t *count);

/** NULL is ABSENT. */
NODISCARD int64_t store_column_moment(struct sqlite3_stmt *statement, int column, int64_t absent);
/** Copies the text of COLUMN; false where it does not fit. NULL is "". */
NODISCARD bool store_column_text(struct sqlite3_stmt *statement, int column, char *out,
				 size_t size);
/** False where COLUMN is not one id. */
NODISCARD bool store_column_id(struct sqlite3_stmt *statement, int column, struct id *id);

#endif
