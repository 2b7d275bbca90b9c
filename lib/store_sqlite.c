/* SPDX-License-Identifier: ISC */
#include "store_sqlite.h"

#include "log.h"
#include "timestamp.h"

#include <sqlite3.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Of the process, for its metrics. */
static _Atomic uint64_t failure_count;

uint64_t store_failures(void)
{
	return atomic_load(&failure_count);
}

enum result store_failure(struct store *store, int status, const char *action)
{
	enum result result = RESULT_STORE_UNAVAILABLE;

	store->failure = status & 0xFF; /* the primary code */
	switch (store->failure) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
		return RESULT_BUSY;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		result = RESULT_INTERNAL;
		break;
	default:
		/* After a failed fsync nobody knows what is on the disk: the pages in memory must
		 * not be written again as if they had been synced. */
		store->in_doubt = true;
		break;
	}
	atomic_fetch_add(&failure_count, 1);
	log_event(LOG_ERROR, NULL, "store failed", "action=%s code=%d message=%.200s", action,
		  status, sqlite3_errstr(status));
	return result;
}

static void finalize_statements(struct store *store)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3_finalize(store->statements[i]);
		store->statements[i] = NULL;
	}
}

static void disconnect(struct store *store)
{
	finalize_statements(store);
	sqlite3_close(store->database);
	store->database = NULL;
}

static int prepare_statement(struct store *store, enum statement statement)
{
	return sqlite3_prepare_v3(store->database, store_statement_sql[statement], -1,
				  SQLITE_PREPARE_PERSISTENT, &store->statements[statement], NULL);
}

/* All at once, so that tables other than they should be stop a start and not a request. */
static enum result prepare_statements(struct store *store)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		int status = prepare_statement(store, (enum statement)i);

		if (status != SQLITE_OK)
			return store_failure(store, status, store_statement_sql[i]);
	}
	return RESULT_OK;
}

static enum result connect_and_prepare(struct store *store, struct error *err)
{
	enum result result = store_connect(store, err);

	if (result == RESULT_OK)
		result = store_migrate_to_newest(store, err);
	if (result == RESULT_OK) {
		result = store->is_brief ? RESULT_OK : prepare_statements(store);
		if (result != RESULT_OK && store_describe(store->failure) != NULL)
			result = store_explain(store, result, err);
		else if (result != RESULT_OK)
			error_set(
				err, result, NULL,
				"%.100s: without the tables it should have; " STORE_RESTORE_ADVICE,
				store->path);
	}
	if (result != RESULT_OK)
		disconnect(store);
	store->in_doubt = result != RESULT_OK;
	return result;
}

static enum result look_at_version(struct store *store, bool *is_older, struct error *err)
{
	enum result result = store_connect(store, err);

	*is_older = false;
	if (result == RESULT_OK)
		result = store_compare_version(store, is_older, err);
	disconnect(store);
	return result;
}

/* Before the first connection of the process; later calls are refused, which changes nothing. */
static void configure_library(void)
{
	/* SQLite would take a lock that all threads share to count each allocation. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
}

enum result store_open(const struct store_options *options, struct store **store, struct error *err)
{
	struct store *opened = calloc(1, sizeof(*opened));
	enum result result = RESULT_BUSY;
	bool is_older;

	*store = NULL;
	configure_library();
	if (opened == NULL)
		return error_set(err, RESULT_BUSY, NULL, "There is no memory for the database");
	opened->path = strdup(options->path);
	opened->use_wal = options->use_wal;
	opened->create = options->create;
	opened->is_brief = options->is_brief;
	opened->busy_timeout_ms = options->busy_timeout_ms;
	opened->catalogue = options->catalogue;
	if (opened->path == NULL) {
		error_set(err, RESULT_BUSY, NULL, "There is no memory for the database");
		goto out;
	}
	if (options->no_migration) {
		result = look_at_version(opened, &is_older, err);
		if (result != RESULT_OK || is_older)
			goto out;
	}
	result = connect_and_prepare(opened, err);
	opened->create = false;
	if (result != RESULT_OK)
		goto out;
	/* SQLite opens what it may not write all the same. One that becomes so later is still read.
	 */
	if (sqlite3_db_readonly(opened->database, "main") == 1) {
		result = error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
				   "%.150s: this user may not write it; run chmod 0600, or mount "
				   "it writable",
				   opened->path);
		goto out;
	}
	*store = opened;
	opened = NULL;
out:
	store_close(opened);
	return result;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	disconnect(store);
	free(store->path);
	free(store);
}

void store_set_busy_timeout(struct store *store, uint32_t busy_timeout_ms)
{
	store->busy_timeout_ms = busy_timeout_ms;
	if (store->database != NULL)
		sqlite3_busy_timeout(store->database, (int)busy_timeout_ms);
}

enum result store_refresh(struct store *store, int64_t now)
{
	struct error err = {0};
	enum result result;
	int moved = 0;

	if (store->database != NULL && !store->in_doubt && store->looked_at == now)
		return RESULT_OK;
	store->looked_at = now;
	if (store->database != NULL && !store->in_doubt &&
	    sqlite3_file_control(store->database, NULL, SQLITE_FCNTL_HAS_MOVED, &moved) ==
		    SQLITE_OK &&
	    moved == 0)
		return RESULT_OK;
	disconnect(store);
	result = connect_and_prepare(store, &err);
	if (result == RESULT_OK)
		log_event(LOG_WARNING, NULL, "database opened again", "reason=%s",
			  moved != 0 ? "replaced" : "failure");
	else if (!store->is_reported)
		log_event(LOG_ERROR, NULL, "database cannot be used", "message=%.200s",
			  err.message);
	store->is_reported = result != RESULT_OK;
	return result == RESULT_OK || result == RESULT_BUSY ? result : RESULT_STORE_UNAVAILABLE;
}

struct sqlite3_stmt *store_use(struct store *store, enum statement statement)
{
	store->bind_status = SQLITE_OK;
	/* One that cannot be prepared stays NULL, and fails as that of a broken database does. */
	if (store->statements[statement] == NULL)
		store->bind_status = prepare_statement(store, statement);
	return store->statements[statement];
}

void store_end(struct sqlite3_stmt *statement)
{
	if (statement == NULL)
		return;
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

static void note_bind(struct store *store, int status)
{
	if (store->bind_status == SQLITE_OK)
		store->bind_status = status;
}

void store_bind_number(struct store *store, struct sqlite3_stmt *statement, int index,
		       int64_t number)
{
	note_bind(store, sqlite3_bind_int64(statement, index, number));
}

void store_bind_moment(struct store *store, struct sqlite3_stmt *statement, int index,
		       int64_t moment)
{
	if (moment == STORE_NO_MOMENT || moment == TIMESTAMP_NEVER)
		note_bind(store, sqlite3_bind_null(statement, index));
	else
		note_bind(store, sqlite3_bind_int64(statement, index, moment));
}

void store_bind_text(struct store *store, struct sqlite3_stmt *statement, int index,
		     const char *text)
{
	note_bind(store, sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC));
}

void store_bind_bytes(struct store *store, struct sqlite3_stmt *statement, int index,
		      const void *bytes, size_t length)
{
	/* A zero-length value at NULL would be bound as NULL. */
	note_bind(store, sqlite3_bind_blob64(statement, index, length == 0 ? "" : bytes, length,
					     SQLITE_STATIC));
}

void store_bind_id(struct store *store, struct sqlite3_stmt *statement, int index,
		   const struct id *id)
{
	if (id == NULL)
		note_bind(store, sqlite3_bind_null(statement, index));
	else
		store_bind_bytes(store, statement, index, id->bytes, ID_SIZE);
}

enum result store_step(struct store *store, struct sqlite3_stmt *statement, bool *has_row)
{
	int status = store->bind_status;

	*has_row = false;
	if (statement == NULL) /* store_refresh() found no database */
		return RESULT_STORE_UNAVAILABLE;
	if (status == SQLITE_OK)
		status = sqlite3_step(statement);
	*has_row = status == SQLITE_ROW;
	if (status == SQLITE_ROW || status == SQLITE_DONE)
		return RESULT_OK;
	return store_failure(store, status, sqlite3_sql(statement));
}

enum result store_run(struct store *store, struct sqlite3_stmt *statement, int64_t *changed)
{
	bool has_row;
	enum result result = store_step(store, statement, &has_row);

	*changed = result == RESULT_OK ? sqlite3_changes64(store->database) : 0;
	store_end(statement);
	return result;
}

int64_t store_column_moment(struct sqlite3_stmt *statement, int column, int64_t absent)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL
		       ? absent
		       : sqlite3_column_int64(statement, column);
}

bool store_column_text(struct sqlite3_stmt *statement, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement, column);
	size_t length = (size_t)sqlite3_column_bytes(statement, column);

	if (length >= size)
		return false;
	if (length > 0)
		memcpy(out, text, length);
	out[length] = '\0';
	return true;
}

bool store_column_id(struct sqlite3_stmt *statement, int column, struct id *id)
{
	if (sqlite3_column_bytes(statement, column) != ID_SIZE)
		return false;
	memcpy(id->bytes, sqlite3_column_blob(statement, column), ID_SIZE);
	return true;
}

static enum result run_alone(struct store *store, enum statement statement)
{
	int64_t changed;

	return store_run(store, store_use(store, statement), &changed);
}

enum result store_begin(struct store *store)
{
	return run_alone(store, STATEMENT_BEGIN);
}

enum result store_begin_read(struct store *store)
{
	return run_alone(store, STATEMENT_BEGIN_READ);
}

enum result store_commit(struct store *store)
{
	enum result result = run_alone(store, STATEMENT_COMMIT);

	if (result != RESULT_OK)
		store_rollback(store);
	return result;
}

void store_rollback(struct store *store)
{
	/* SQLite has ended the transaction itself after some failures. */
	if (store->database == NULL || sqlite3_get_autocommit(store->database))
		return;
	if (run_alone(store, STATEMENT_ROLLBACK) != RESULT_OK)
		store->in_doubt = true;
}

enum result store_cursor_key(struct store *store, uint8_t key[static STORE_CURSOR_KEY_SIZE])
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FIND_SECRET);
	bool has_row;
	enum result result;

	store_bind_text(store, statement, 1, "cursor");
	result = store_step(store, statement, &has_row);
	if (result == RESULT_OK &&
	    (!has_row || sqlite3_column_bytes(statement, 0) != STORE_CURSOR_KEY_SIZE))
		result = RESULT_STORE_UNAVAILABLE;
	if (result == RESULT_OK)
		memcpy(key, sqlite3_column_blob(statement, 0), STORE_CURSOR_KEY_SIZE);
	store_end(statement);
	return result;
}

enum result store_add_failed_check(struct store *store, const struct selector *selector,
				   const char *address, int64_t at, int64_t forget_before)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FORGET_FAILED_CHECKS);
	int64_t changed;
	enum result result;

	store_bind_number(store, statement, 1, forget_before);
	store_bind_number(store, statement, 2, at); /* of before a restart of the machine */
	result = store_run(store, statement, &changed);
	if (result != RESULT_OK)
		return result;
	statement = store_use(store, STATEMENT_ADD_FAILED_CHECK);
	store_bind_text(store, statement, 1, selector->text);
	store_bind_text(store, statement, 2, address);
	store_bind_number(store, statement, 3, at);
	return store_run(store, statement, &changed);
}

enum result store_list_failed_checks(struct store *store, const struct selector *selector,
				     int64_t since, int64_t until,
				     void (*each)(void *, const char *address, int64_t at),
				     void *context)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_LIST_FAILED_CHECKS);
	char address[64];
	bool has_row;
	enum result result;

	store_bind_text(store, statement, 1, selector->text);
	store_bind_number(store, statement, 2, since);
	store_bind_number(store, statement, 3, until);
	while ((result = store_step(store, statement, &has_row)) == RESULT_OK && has_row)
		if (store_column_text(statement, 0, address, sizeof(address)))
			each(context, address, sqlite3_column_int64(statement, 1));
	store_end(statement);
	return result;
}
