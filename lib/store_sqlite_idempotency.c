/* SPDX-License-Identifier: ISC */
#include "store_sqlite.h"

#include <sqlite3.h>

#include <string.h>

enum idempotent_column { IDEMPOTENT_REQUEST, IDEMPOTENT_TOKEN, IDEMPOTENT_MADE_AT };

static bool row_to_record(struct sqlite3_stmt *row, struct idempotent_record *record)
{
	if (sqlite3_column_bytes(row, IDEMPOTENT_REQUEST) != STORE_HASH_SIZE)
		return false;
	memcpy(record->request, sqlite3_column_blob(row, IDEMPOTENT_REQUEST), STORE_HASH_SIZE);
	record->made_at = sqlite3_column_int64(row, IDEMPOTENT_MADE_AT);
	return store_column_id(row, IDEMPOTENT_TOKEN, &record->token);
}

enum result store_find_idempotent(struct store *store, struct idempotent_record *record)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FIND_IDEMPOTENT);
	bool has_row;
	enum result result;

	store_bind_id(store, statement, 1, &record->caller);
	store_bind_bytes(store, statement, 2, record->name, STORE_HASH_SIZE);
	result = store_step(store, statement, &has_row);
	if (result == RESULT_OK && !has_row)
		result = RESULT_NOT_FOUND;
	if (result == RESULT_OK && !row_to_record(statement, record))
		result = RESULT_STORE_UNAVAILABLE;
	store_end(statement);
	return result;
}

enum result store_put_idempotent(struct store *store, const struct idempotent_record *record)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_PUT_IDEMPOTENT);
	int64_t changed;

	store_bind_id(store, statement, 1, &record->caller);
	store_bind_bytes(store, statement, 2, record->name, STORE_HASH_SIZE);
	store_bind_bytes(store, statement, 3, record->request, STORE_HASH_SIZE);
	store_bind_id(store, statement, 4, &record->token);
	store_bind_number(store, statement, 5, record->made_at);
	return store_run(store, statement, &changed);
}

enum result store_forget_idempotent(struct store *store, int64_t before)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FORGET_IDEMPOTENT);
	int64_t changed;

	store_bind_number(store, statement, 1, before);
	return store_run(store, statement, &changed);
}
