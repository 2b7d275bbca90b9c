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
