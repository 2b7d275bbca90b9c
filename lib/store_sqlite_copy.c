/* SPDX-License-Identifier: ISC */
/* The database as a whole: out of it into a backup, and out of a backup into it. */
#include "store_sqlite.h"

#include <sqlite3.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All pages from one database to the other; SQLite starts again where a writer came between. */
static int copy_database(struct sqlite3 *to, struct sqlite3 *from)
{
	struct sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int status;

	if (backup == NULL)
		return sqlite3_errcode(to);
	sqlite3_backup_step(backup, -1);
	status = sqlite3_backup_finish(backup);
	return status;
}

enum result store_backup(struct store *store, const char *path, struct error *err)
{
	struct sqlite3 *copy = NULL;
	int descriptor, status;

	if (store->database == NULL)
		return store_explain(store, RESULT_STORE_UNAVAILABLE, err);
	descriptor =
		open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (descriptor < 0)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%.150s: %s; give the path of a new file in a directory that you "
				 "can write",
				 path, errno == EEXIST ? "exists" : "cannot be made");
	close(descriptor);
	status = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (status == SQLITE_OK) {
		sqlite3_busy_timeout(store->database, (int)store->busy_timeout_ms);
		status = copy_database(copy, store->database);
	}
	/* One file, whole in itself: no -wal beside it that a copy could forget. */
	if (status == SQLITE_OK)
		status = sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	sqlite3_close(copy);
	if (status == SQLITE_OK)
		return RESULT_OK;
	unlink(path);
	return error_set(err, store_failure(store, status, "backup"), NULL,
			 "%.150s: the backup could not be written (%.60s); nothing is left of it",
			 path, sqlite3_errstr(status));
}

enum result store_restore(struct store *store, const char *path, struct error *err)
{
	struct store backup = {0};
	enum result result = RESULT_BUSY;
	int status;

	if (store->database == NULL)
		return store_explain(store, RESULT_STORE_UNAVAILABLE, err);
	backup.path = strdup(path);
	if (backup.path == NULL)
		return error_set(err, RESULT_BUSY, NULL, "There is no memory to restore");
	result = store_open_backup(&backup, err);
	if (result != RESULT_OK)
		goto out;
	status = copy_database(store->database, backup.database);
	if (status != SQLITE_OK) {
		result = error_set(
			err, store_failure(store, status, "restore"), NULL,
			"%.150s: could not be restored (%.60s); the database is as it was", path,
			sqlite3_errstr(status));
		goto out;
	}
	result = store_migrate_to_newest(store, err);
out:
	sqlite3_close(backup.database);
	free(backup.path);
	return result;
}

/* What happens between the lock and the copy. */
struct settlement {
	enum result (*settle)(void *context);
	void *context;
	enum result result;
};

static bool is_settled(struct settlement *settlement)
{
	settlement->result = settlement->settle(settlement->context);
	return settlement->result == RESULT_OK;
}

/* A copy that has begun, although not a page of it is there yet, keeps writers out; with a
 * write-ahead log STORE, which is another connection, still reads. SQLite begins the copy again
 * where SOURCE changes meanwhile. */
static int replace_beside_log(struct store *store, struct sqlite3 *source,
			      struct settlement *settlement)
{
	struct sqlite3 *to = NULL;
	struct sqlite3_backup *backup = NULL;
	int status = sqlite3_open_v2(store->path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				     NULL);

	if (status == SQLITE_OK)
		status = sqlite3_exec(to, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	if (status == SQLITE_OK) {
		sqlite3_busy_timeout(to, (int)store->busy_timeout_ms);
		backup = sqlite3_backup_init(to, "main", source, "main");
		status = backup == NULL ? sqlite3_errcode(to) : sqlite3_backup_step(backup, 0);
	}
	if (status == SQLITE_OK && is_settled(settlement))
		status = sqlite3_backup_step(backup, -1);
	if (status == SQLITE_DONE)
		status = SQLITE_OK;
	if (backup != NULL && sqlite3_backup_finish(backup) != SQLITE_OK && status == SQLITE_OK)
		status = sqlite3_errcode(to);
	sqlite3_close(to);
	return status;
}

/* Without one, a copy that has begun keeps readers out too. So the connection that reads is the one
 * that copies, and it keeps its lock between the two transactions: that mode only ends with the
 * next use of the file after it was left (sqlite.org/pragma.html#pragma_locking_mode). It begins
 * behind the lock, because who waits for one in that mode is in every writer's way, and rolls back,
 * because a commit would wait for all readers. */
static int replace_without_log(struct store *store, struct sqlite3 *source,
			       struct settlement *settlement)
{
	bool is_to_copy = false;
	int status = sqlite3_exec(store->database,
				  "BEGIN IMMEDIATE; PRAGMA locking_mode = EXCLUSIVE; ROLLBACK",
				  NULL, NULL, NULL);

	if (status == SQLITE_OK)
		is_to_copy = is_settled(settlement);
	sqlite3_exec(store->database, "PRAGMA locking_mode = NORMAL", NULL, NULL, NULL);
	if (is_to_copy)
		status = copy_database(store->database, source);
	sqlite3_exec(store->database, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	return status;
}

enum result store_replace(struct store *store, struct store *source,
			  enum result (*settle)(void *context), void *context, struct error *err)
{
	struct settlement settlement = {settle, context, RESULT_OK};
	int status;

	if (store->database == NULL || source->database == NULL)
		return store_explain(store, RESULT_STORE_UNAVAILABLE, err);
	status = store->use_wal ? replace_beside_log(store, source->database, &settlement)
				: replace_without_log(store, source->database, &settlement);
	if (status == SQLITE_OK)
		return settlement.result;
	(void)error_set(err, store_failure(store, status, "replace"), NULL,
			"%.150s: nothing was changed: %.90s", store->path,
			store_describe(store->failure) != NULL ? store_describe(store->failure)
							       : sqlite3_errstr(status));
	return err->result;
}
