/* SPDX-License-Identifier: ISC */
#include "store_sqlite.h"

#include "file.h"
#include "log.h"
#include "timestamp.h"

#include <sodium.h>
#include <sqlite3.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "Clvg"; tells our database from another program's (sqlite.org/fileformat2.html §1.3.9). */
enum { APPLICATION_ID = 0x436C7667 };
enum { LONGEST_SQL = 10000, PATH_SIZE = 4096, RETRY_MS = 5 };

#define PART_SUFFIX ".part"

static const struct migration migrations[] = {
#include "schema_sql.h"
};

static enum result execute(struct store *store, const char *sql)
{
	int status = sqlite3_exec(store->database, sql, NULL, NULL, NULL);

	return status == SQLITE_OK ? RESULT_OK : store_failure(store, status, sql);
}

/* Runs SQL and copies the first column of its first row. */
static enum result ask_text(struct store *store, const char *sql, char *answer, size_t size)
{
	struct sqlite3_stmt *statement = NULL;
	int status = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);
	enum result result = RESULT_OK;

	if (status == SQLITE_OK)
		status = sqlite3_step(statement);
	if (status != SQLITE_ROW && status != SQLITE_DONE)
		result = store_failure(store, status, sql);
	else if (status == SQLITE_DONE)
		answer[0] = '\0';
	else if (!store_column_text(statement, 0, answer, size))
		result = RESULT_STORE_UNAVAILABLE;
	sqlite3_finalize(statement);
	return result;
}

static enum result ask_number(struct store *store, const char *sql, int *number)
{
	struct sqlite3_stmt *statement = NULL;
	int status = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);
	enum result result = RESULT_OK;

	if (status == SQLITE_OK)
		status = sqlite3_step(statement);
	if (status == SQLITE_ROW)
		*number = sqlite3_column_int(statement, 0);
	else
		result = store_failure(store, status, sql);
	sqlite3_finalize(statement);
	return result;
}

const char *store_describe(int failure)
{
	switch (failure) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
		return "locked by another process, or no memory; try again";
	case SQLITE_FULL:
		return "the disk is full; make room, then try again";
	case SQLITE_IOERR:
		return "the disk could not be read or written; check its space and health";
	default:
		return NULL;
	}
}

enum result store_explain(struct store *store, enum result result, struct error *err)
{
	const char *description =
		store_describe(result == RESULT_BUSY ? SQLITE_BUSY : store->failure);

	if (err->message[0] != '\0')
		return result;
	if (description != NULL)
		return error_set(err, result, NULL, "%.150s: %s", store->path, description);
	return error_set(err, result, NULL,
			 "%.100s: no database, or damaged; " STORE_RESTORE_ADVICE, store->path);
}

static enum result make_file(struct store *store, struct error *err)
{
	int descriptor = open(store->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			      S_IRUSR | S_IWUSR);

	if (descriptor < 0 && errno != EEXIST)
		return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
				 "%.150s: cannot be made; its directory must exist and be writable "
				 "by this user",
				 store->path);
	if (descriptor >= 0)
		close(descriptor);
	return RESULT_OK;
}

/* SQLite does not wait for a lock here, although several processes may start at once. */
static enum result set_journal_mode(struct store *store, char *mode, size_t size)
{
	const char *sql =
		store->use_wal ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = DELETE";
	int64_t end = timestamp_monotonic() + store->busy_timeout_ms;
	enum result result;

	while ((result = ask_text(store, sql, mode, size)) == RESULT_BUSY &&
	       timestamp_monotonic() < end)
		sqlite3_sleep(RETRY_MS);
	return result;
}

static enum result set_up(struct store *store, struct error *err)
{
	static const char *const pragmas[] = {
		"PRAGMA synchronous = FULL",
		"PRAGMA foreign_keys = ON",
		"PRAGMA secure_delete = ON",
		"PRAGMA trusted_schema = OFF",
		"PRAGMA cell_size_check = ON",
		"PRAGMA temp_store = MEMORY",
		"PRAGMA mmap_size = 0",
		"PRAGMA cache_size = -512", /* KiB: there are as many caches as threads */
	};
	char mode[16] = "";
	enum result result = RESULT_OK;

	sqlite3_db_config(store->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_limit(store->database, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(store->database, SQLITE_LIMIT_SQL_LENGTH, LONGEST_SQL);
	sqlite3_busy_timeout(store->database, (int)store->busy_timeout_ms);
	for (size_t i = 0; result == RESULT_OK && i < ARRAY_LENGTH(pragmas); i++)
		result = execute(store, pragmas[i]);
	if (result == RESULT_OK)
		result = set_journal_mode(store, mode, sizeof(mode));
	if (result == RESULT_OK && strcmp(mode, store->use_wal ? "wal" : "delete") != 0)
		return error_set(
			err, RESULT_STORE_UNAVAILABLE, NULL,
			"%.150s: the journal stays in mode %s; where the file system has no "
			"shared memory set journal_mode = delete",
			store->path, mode);
	return result;
}

static enum result mark_as_ours(struct store *store)
{
	char mark[64];

	snprintf(mark, sizeof(mark), "PRAGMA application_id = %d", APPLICATION_ID);
	return execute(store, mark);
}

/* Anything that is not empty must be ours before a byte of it is written. The pages are counted
 * first: another process may be making the database, and its first page bears the mark. */
static enum result check_identity(struct store *store, struct error *err)
{
	int application = 0, version = 0, pages = 0;
	enum result result = ask_number(store, "PRAGMA page_count", &pages);

	if (result == RESULT_OK)
		result = ask_number(store, "PRAGMA application_id", &application);
	if (result == RESULT_OK)
		result = ask_number(store, "PRAGMA user_version", &version);
	if (result != RESULT_OK)
		return result;
	if (pages == 0 && !store->create)
		return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
				 "%.150s: empty; make the first account with claviger-admin init",
				 store->path);
	if (pages != 0 && application != APPLICATION_ID)
		return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
				 "%.150s: the database of another program; give a file of its own",
				 store->path);
	if (version > migrations[ARRAY_LENGTH(migrations) - 1].version)
		return error_set(
			err, RESULT_STORE_UNAVAILABLE, NULL,
			"%.150s: version %d, made by a newer claviger; this one knows up to "
			"%d. Install the newer one",
			store->path, version, migrations[ARRAY_LENGTH(migrations) - 1].version);
	/* Before the journal mode makes the first page: a start that is killed between that and the
	 * tables must not leave a file that looks like another program's. */
	return pages == 0 ? mark_as_ours(store) : RESULT_OK;
}

enum result store_connect(struct store *store, struct error *err)
{
	enum result result = RESULT_OK;
	int status;

	if (store->create)
		result = make_file(store, err);
	if (result == RESULT_OK)
		result = file_check_database(store->path, err);
	if (result != RESULT_OK)
		return result;
	status = sqlite3_open_v2(store->path, &store->database,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (status != SQLITE_OK)
		result = store_failure(store, status, "open");
	if (result == RESULT_OK) {
		sqlite3_busy_timeout(store->database, (int)store->busy_timeout_ms);
		result = check_identity(store, err);
	}
	if (result == RESULT_OK)
		result = set_up(store, err);
	return result == RESULT_OK ? RESULT_OK : store_explain(store, result, err);
}

static enum result add_secret(struct store *store)
{
	uint8_t key[STORE_CURSOR_KEY_SIZE];
	struct sqlite3_stmt *statement = NULL;
	int status;

	randombytes_buf(key, sizeof(key));
	status = sqlite3_prepare_v2(
		store->database,
		"INSERT OR IGNORE INTO secrets (name, value) VALUES ('cursor', ?1)", -1, &statement,
		NULL);
	if (status == SQLITE_OK)
		status = sqlite3_bind_blob(statement, 1, key, sizeof(key), SQLITE_STATIC);
	if (status == SQLITE_OK)
		status = sqlite3_step(statement);
	sqlite3_finalize(statement);
	sodium_memzero(key, sizeof(key));
	return status == SQLITE_DONE ? RESULT_OK : store_failure(store, status, "add secret");
}

/* Everything above VERSION, inside the transaction that store_migrate() opened. */
static enum result apply(struct store *store, const struct migration *steps, size_t count,
			 int version)
{
	char mark[64];
	enum result result = RESULT_OK;

	for (size_t i = 0; result == RESULT_OK && i < count; i++)
		if (steps[i].version > version)
			result = execute(store, steps[i].statement);
	if (result == RESULT_OK)
		result = add_secret(store);
	snprintf(mark, sizeof(mark), "PRAGMA user_version = %d", steps[count - 1].version);
	if (result == RESULT_OK)
		result = execute(store, mark);
	return result;
}

/* By a second connection, because SQLite copies from none that is about to write; the lock that
 * store_migrate() holds keeps others from writing meanwhile. Renamed when it is whole, so that one
 * that was cut short is not taken for a backup. */
static enum result back_up_before(struct store *store, int version, struct error *err)
{
	struct store reader = {.path = store->path, .busy_timeout_ms = store->busy_timeout_ms};
	char path[PATH_SIZE], part[PATH_SIZE];
	int length = snprintf(path, sizeof(path), "%s.version-%d.backup", store->path, version);
	enum result result = RESULT_OK;
	int status;

	if (length < 0 || (size_t)length >= sizeof(path) - sizeof(PART_SUFFIX))
		return RESULT_STORE_UNAVAILABLE;
	memcpy(part, path, (size_t)length);
	memcpy(part + length, PART_SUFFIX, sizeof(PART_SUFFIX));
	unlink(part); /* of a migration that was killed */
	status = sqlite3_open_v2(store->path, &reader.database,
				 SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (status != SQLITE_OK)
		result = store_failure(store, status, "open to back up");
	if (result == RESULT_OK)
		result = store_backup(&reader, part, err);
	if (result == RESULT_OK && rename(part, path) != 0)
		result = RESULT_STORE_UNAVAILABLE;
	sqlite3_close(reader.database);
	return result;
}

/* Inside the transaction, where *VERSION, what the database was before, cannot change any more. */
static enum result migrate_locked(struct store *store, const struct migration *steps, size_t count,
				  int *version, struct error *err)
{
	enum result result = ask_number(store, "PRAGMA user_version", version);

	/* Another process may have been faster. */
	if (result != RESULT_OK || *version >= steps[count - 1].version)
		return result;
	if (*version > 0) {
		result = store_check(store, false, err);
		if (result == RESULT_OK)
			result = back_up_before(store, *version, err);
	}
	if (result == RESULT_OK)
		result = apply(store, steps, count, *version);
	return result;
}

enum result store_migrate(struct store *store, const struct migration *steps, size_t count,
			  struct error *err)
{
	int newest = steps[count - 1].version;
	int version = 0;
	enum result result = ask_number(store, "PRAGMA user_version", &version);

	if (result == RESULT_OK && version >= newest)
		return RESULT_OK;
	if (result == RESULT_OK)
		result = execute(store, "BEGIN IMMEDIATE");
	if (result != RESULT_OK)
		return store_explain(store, result, err);
	result = migrate_locked(store, steps, count, &version, err);
	if (result == RESULT_OK)
		result = execute(store, "COMMIT");
	if (result != RESULT_OK) {
		sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
		return store_explain(store, result, err);
	}
	if (version == 0)
		log_event(LOG_INFO, NULL, "database made", "version=%d", newest);
	else if (version < newest)
		log_event(LOG_INFO, NULL, "database brought up to date", "from=%d to=%d", version,
			  newest);
	return RESULT_OK;
}

enum result store_migrate_to_newest(struct store *store, struct error *err)
{
	return store_migrate(store, migrations, ARRAY_LENGTH(migrations), err);
}

enum result store_compare_version(struct store *store, bool *is_older, struct error *err)
{
	int newest = migrations[ARRAY_LENGTH(migrations) - 1].version, version = 0;
	enum result result = ask_number(store, "PRAGMA user_version", &version);

	*is_older = result == RESULT_OK && version < newest;
	if (*is_older)
		return error_set(err, RESULT_OK, NULL,
				 "%.150s: version %d, will be brought to %d at the next start",
				 store->path, version, newest);
	return result == RESULT_OK ? RESULT_OK : store_explain(store, result, err);
}

enum result store_check(struct store *store, bool thorough, struct error *err)
{
	char finding[200] = "";
	enum result result =
		ask_text(store, thorough ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)",
			 finding, sizeof(finding));

	if (result == RESULT_OK && strcmp(finding, "ok") != 0)
		return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
				 "%.80s: damaged (%.50s); " STORE_RESTORE_ADVICE, store->path,
				 finding);
	if (result == RESULT_OK && thorough) {
		result = ask_text(store, "PRAGMA foreign_key_check", finding, sizeof(finding));
		if (result == RESULT_OK && finding[0] != '\0')
			return error_set(
				err, RESULT_STORE_UNAVAILABLE, NULL,
				"%.80s: a row of table %.40s points nowhere; " STORE_RESTORE_ADVICE,
				store->path, finding);
	}
	if (result != RESULT_OK &&
	    (result == RESULT_BUSY || store_describe(store->failure) != NULL))
		return store_explain(store, result, err);
	if (result != RESULT_OK)
		return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
				 "%.100s: damaged; " STORE_RESTORE_ADVICE, store->path);
	return RESULT_OK;
}

enum result store_open_backup(struct store *backup, struct error *err)
{
	int status = sqlite3_open_v2(backup->path, &backup->database,
				     SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	int newest = migrations[ARRAY_LENGTH(migrations) - 1].version;
	int application = 0, version = 0;
	enum result result;

	if (status != SQLITE_OK ||
	    ask_number(backup, "PRAGMA application_id", &application) != RESULT_OK ||
	    ask_number(backup, "PRAGMA user_version", &version) != RESULT_OK ||
	    application != APPLICATION_ID)
		return error_set(
			err, RESULT_INVALID_USAGE, NULL,
			"%.150s: not a backup of claviger; give a file that claviger-admin "
			"backup wrote",
			backup->path);
	if (version > newest)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%.150s: version %d, made by a newer claviger; install that first",
				 backup->path, version);
	result = store_check(backup, true, err);
	if (result == RESULT_OK || store_describe(backup->failure) != NULL)
		return result;
	return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
			 "%.150s: this backup is damaged; give another one", backup->path);
}

void store_checkpoint(struct store *store)
{
	if (store->database != NULL && store->use_wal)
		sqlite3_wal_checkpoint_v2(store->database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
					  NULL);
}

bool store_uses_wal(const struct store *store)
{
	return store->use_wal;
}
