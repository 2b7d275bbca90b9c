/* SPDX-License-Identifier: ISC */
#include "store_sqlite.h"

#include <sqlite3.h>

#include <string.h>

/* The order of AUDIT_COLUMNS in store_sqlite_statements.c, from 0; a parameter's number is one
 * more. */
enum audit_part {
	PART_SEQUENCE,
	PART_AT,
	PART_FIRST_VALUE,
	PART_KEY_ID = PART_FIRST_VALUE + AUDIT_COLUMN_COUNT,
	PART_CHAIN
};
enum tail_column { TAIL_GIVEN, TAIL_SEQUENCE, TAIL_KEY_ID, TAIL_CHAIN };

static const bool is_text[AUDIT_COLUMN_COUNT] = {
	[AUDIT_ADDRESS] = true, [AUDIT_REQUEST_ID] = true, [AUDIT_ACTION] = true,
	[AUDIT_BEFORE] = true,  [AUDIT_AFTER] = true,
};

enum result store_add_audit(struct store *store, const struct audit_row *row)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_ADD_AUDIT);
	int64_t changed;

	store_bind_number(store, statement, PART_SEQUENCE + 1, row->sequence);
	store_bind_number(store, statement, PART_AT + 1, row->at);
	for (int i = 0; i < AUDIT_COLUMN_COUNT; i++) {
		const struct audit_value *value = &row->values[i];

		if (value->bytes == NULL || is_text[i])
			store_bind_text(store, statement, PART_FIRST_VALUE + i + 1, value->bytes);
		else
			store_bind_bytes(store, statement, PART_FIRST_VALUE + i + 1, value->bytes,
					 value->length);
	}
	store_bind_bytes(store, statement, PART_KEY_ID + 1, row->key_id, sizeof(row->key_id));
	store_bind_bytes(store, statement, PART_CHAIN + 1, row->chain, sizeof(row->chain));
	return store_run(store, statement, &changed);
}

/* What has another length is none of ours, and so is a zero. */
static void read_bytes(struct sqlite3_stmt *row, int column, uint8_t *out, size_t size)
{
	memset(out, 0, size);
	if ((size_t)sqlite3_column_bytes(row, column) == size)
		memcpy(out, sqlite3_column_blob(row, column), size);
}

enum result store_find_audit_tail(struct store *store, struct audit_tail *tail)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FIND_AUDIT_TAIL);
	bool has_row;
	enum result result = store_step(store, statement, &has_row);

	*tail = (struct audit_tail){0};
	if (result == RESULT_OK && has_row) {
		int64_t given = sqlite3_column_int64(statement, TAIL_GIVEN);
		int64_t last = sqlite3_column_int64(statement, TAIL_SEQUENCE);

		tail->sequence = given > last ? given : last;
		read_bytes(statement, TAIL_KEY_ID, tail->key_id, sizeof(tail->key_id));
		read_bytes(statement, TAIL_CHAIN, tail->chain, sizeof(tail->chain));
	}
	store_end(statement);
	return result;
}

static void read_value(struct sqlite3_stmt *row, int column, bool as_text,
		       struct audit_value *value)
{
	*value = (struct audit_value){0};
	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return;
	value->bytes = as_text ? (const void *)sqlite3_column_text(row, column)
			       : sqlite3_column_blob(row, column);
	value->length = (size_t)sqlite3_column_bytes(row, column);
	if (value->bytes == NULL) /* an empty one has no address */
		value->bytes = "";
}

static enum result list(struct store *store, struct sqlite3_stmt *statement,
			bool (*each)(void *, const struct audit_row *), void *context)
{
	struct audit_row row;
	bool has_row, goes_on = true;
	enum result result = RESULT_OK;

	while (goes_on && (result = store_step(store, statement, &has_row)) == RESULT_OK &&
	       has_row) {
		row.sequence = sqlite3_column_int64(statement, PART_SEQUENCE);
		row.at = sqlite3_column_int64(statement, PART_AT);
		for (int i = 0; i < AUDIT_COLUMN_COUNT; i++)
			read_value(statement, PART_FIRST_VALUE + i, is_text[i], &row.values[i]);
		read_bytes(statement, PART_KEY_ID, row.key_id, sizeof(row.key_id));
		read_bytes(statement, PART_CHAIN, row.chain, sizeof(row.chain));
		goes_on = each(context, &row);
	}
	store_end(statement);
	return result;
}

enum result store_list_audit(struct store *store, int64_t after_sequence,
			     bool (*each)(void *, const struct audit_row *), void *context)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_LIST_AUDIT);

	store_bind_number(store, statement, 1, after_sequence);
	return list(store, statement, each, context);
}

enum result store_list_audit_of_account(struct store *store, const struct id *account,
					int64_t before_sequence,
					bool (*each)(void *, const struct audit_row *),
					void *context)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_LIST_AUDIT_OF_ACCOUNT);

	store_bind_id(store, statement, 1, account);
	store_bind_number(store, statement, 2, before_sequence);
	return list(store, statement, each, context);
}
