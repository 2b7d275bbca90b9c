/* SPDX-License-Identifier: ISC */
/* What was asked with a token's keys: its uses in its row, and by hours those and what was refused,
 * its own and its account's. The latter is kept and not added up for each who asks, which for a
 * month of a thousand busy tokens would take seconds. */
#include "store_sqlite.h"

#include <sqlite3.h>

/* The order of ACTIVITY_COLUMNS in store_sqlite_statements.c. */
enum activity_column { ACTIVITY_HOUR, ACTIVITY_REQUESTS, ACTIVITY_REFUSALS };

static enum result add_to_row(struct store *store, const struct token_use *use)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_ADD_USE);
	char address[NETWORK_ADDRESS_TEXT_SIZE];
	int64_t changed;

	network_format_address(&use->address, address);
	store_bind_id(store, statement, 1, &use->token);
	store_bind_number(store, statement, 2, use->at);
	store_bind_text(store, statement, 3, address[0] == '\0' ? NULL : address);
	store_bind_number(store, statement, 4, (int64_t)use->count);
	store_bind_moment(store, statement, 5, use->newest_key_at);
	return store_run(store, statement, &changed);
}

static enum result add_to_hour(struct store *store, enum statement which,
			       const struct token_use *use)
{
	struct sqlite3_stmt *statement = store_use(store, which);
	int64_t changed;

	store_bind_id(store, statement, 1, &use->token);
	store_bind_number(store, statement, 2, use->hour);
	store_bind_number(store, statement, 3, (int64_t)use->count);
	store_bind_number(store, statement, 4, (int64_t)use->refusals);
	return store_run(store, statement, &changed);
}

enum result store_add_use(struct store *store, const struct token_use *use)
{
	/* What was only refused is no use, and was at no moment that the row could show. */
	enum result result = use->count > 0 ? add_to_row(store, use) : RESULT_OK;

	if (result == RESULT_OK)
		result = add_to_hour(store, STATEMENT_ADD_ACTIVITY, use);
	if (result == RESULT_OK)
		result = add_to_hour(store, STATEMENT_ADD_ACTIVITY_OF_ACCOUNT, use);
	return result;
}

static enum result list(struct store *store, enum statement which, const struct id *id,
			int64_t from, int64_t until, void (*each)(void *, const struct activity *),
			void *context)
{
	struct sqlite3_stmt *statement = store_use(store, which);
	bool has_row;
	enum result result;

	store_bind_id(store, statement, 1, id);
	store_bind_number(store, statement, 2, from);
	store_bind_number(store, statement, 3, until);
	while ((result = store_step(store, statement, &has_row)) == RESULT_OK && has_row) {
		struct activity activity = {
			.hour = sqlite3_column_int64(statement, ACTIVITY_HOUR),
			.requests = (uint64_t)sqlite3_column_int64(statement, ACTIVITY_REQUESTS),
			.refusals = (uint64_t)sqlite3_column_int64(statement, ACTIVITY_REFUSALS),
		};

		each(context, &activity);
	}
	store_end(statement);
	return result;
}

enum result store_list_activity(struct store *store, const struct id *id, int64_t from,
				int64_t until, void (*each)(void *, const struct activity *),
				void *context)
{
	return list(store, STATEMENT_LIST_ACTIVITY, id, from, until, each, context);
}

enum result store_list_activity_of_account(struct store *store, const struct id *account,
					   int64_t from, int64_t until,
					   void (*each)(void *, const struct activity *),
					   void *context)
{
	return list(store, STATEMENT_LIST_ACTIVITY_OF_ACCOUNT, account, from, until, each, context);
}

static enum result forget(struct store *store, enum statement which, int64_t before, size_t max,
			  bool *is_all)
{
	struct sqlite3_stmt *statement = store_use(store, which);
	int64_t changed;
	enum result result;

	store_bind_number(store, statement, 1, before);
	store_bind_number(store, statement, 2, (int64_t)max);
	result = store_run(store, statement, &changed);
	*is_all = *is_all && (size_t)changed < max;
	return result;
}

enum result store_forget_activity(struct store *store, int64_t before, size_t max, bool *is_all)
{
	enum result result;

	*is_all = true;
	result = forget(store, STATEMENT_FORGET_ACTIVITY, before, max, is_all);
	if (result == RESULT_OK)
		result = forget(store, STATEMENT_FORGET_ACTIVITY_OF_ACCOUNTS, before, max, is_all);
	return result;
}
