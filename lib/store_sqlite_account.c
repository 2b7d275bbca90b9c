/* SPDX-License-Identifier: ISC */
#include "store_sqlite.h"

#include <sqlite3.h>

enum account_column {
	ACCOUNT_ID,
	ACCOUNT_EMAIL,
	ACCOUNT_NAME,
	ACCOUNT_CREATED_AT,
	ACCOUNT_DISABLED_AT
};

static bool row_to_account(struct sqlite3_stmt *row, struct account_record *account)
{
	*account = (struct account_record){0};
	account->created_at = sqlite3_column_int64(row, ACCOUNT_CREATED_AT);
	account->disabled_at = store_column_moment(row, ACCOUNT_DISABLED_AT, STORE_NO_MOMENT);
	return store_column_id(row, ACCOUNT_ID, &account->id) &&
	       store_column_text(row, ACCOUNT_EMAIL, account->email, sizeof(account->email)) &&
	       store_column_text(row, ACCOUNT_NAME, account->name, sizeof(account->name));
}

enum result store_add_account(struct store *store, const struct account_record *account)
{
	struct account_record taken;
	struct sqlite3_stmt *statement;
	int64_t changed;
	enum result result = store_find_account_by_email(store, account->email, &taken);

	if (result == RESULT_OK)
		return RESULT_CONFLICT;
	if (result != RESULT_NOT_FOUND)
		return result;
	statement = store_use(store, STATEMENT_ADD_ACCOUNT);
	store_bind_id(store, statement, 1, &account->id);
	store_bind_text(store, statement, 2, account->email);
	store_bind_text(store, statement, 3, account->name);
	store_bind_number(store, statement, 4, account->created_at);
	return store_run(store, statement, &changed);
}

enum result store_rename_account(struct store *store, const struct id *id, const char *name)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_RENAME_ACCOUNT);
	int64_t changed;
	enum result result;

	store_bind_id(store, statement, 1, id);
	store_bind_text(store, statement, 2, name);
	result = store_run(store, statement, &changed);
	return result == RESULT_OK && changed == 0 ? RESULT_NOT_FOUND : result;
}

static enum result find_account(struct store *store, struct sqlite3_stmt *statement,
				struct account_record *account)
{
	bool has_row;
	enum result result = store_step(store, statement, &has_row);

	if (result == RESULT_OK && !has_row)
		result = RESULT_NOT_FOUND;
	if (result == RESULT_OK && !row_to_account(statement, account))
		result = RESULT_STORE_UNAVAILABLE;
	store_end(statement);
	return result;
}

enum result store_find_account(struct store *store, const struct id *id,
			       struct account_record *account)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FIND_ACCOUNT);

	store_bind_id(store, statement, 1, id);
	return find_account(store, statement, account);
}

enum result store_find_account_by_email(struct store *store, const char *email,
					struct account_record *account)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FIND_ACCOUNT_BY_EMAIL);

	store_bind_text(store, statement, 1, email);
	return find_account(store, statement, account);
}

enum result store_count_accounts(struct store *store, uint64_t *count)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_COUNT_ACCOUNTS);
	bool has_row;
	enum result result = store_step(store, statement, &has_row);

	*count = has_row ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	store_end(statement);
	return result;
}

enum result store_disable_account(struct store *store, const struct id *id, int64_t at)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_DISABLE_ACCOUNT);
	int64_t changed;
	enum result result;

	store_bind_id(store, statement, 1, id);
	store_bind_number(store, statement, 2, at);
	result = store_run(store, statement, &changed);
	return result == RESULT_OK && changed == 0 ? RESULT_NOT_FOUND : result;
}

enum result store_enable_account(struct store *store, const struct id *id)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_ENABLE_ACCOUNT);
	int64_t changed;
	enum result result;

	store_bind_id(store, statement, 1, id);
	result = store_run(store, statement, &changed);
	return result == RESULT_OK && changed == 0 ? RESULT_NOT_FOUND : result;
}

enum result store_list_accounts(struct store *store,
				bool (*each)(void *, const struct account_record *), void *context)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_LIST_ACCOUNTS);
	struct account_record account;
	bool has_row;
	enum result result;

	while ((result = store_step(store, statement, &has_row)) == RESULT_OK && has_row) {
		if (!row_to_account(statement, &account)) {
			result = RESULT_STORE_UNAVAILABLE;
			break;
		}
		if (!each(context, &account))
			break;
	}
	store_end(statement);
	return result;
}
