/* SPDX-License-Identifier: ISC */
#include "store_sqlite.h"

#include <sqlite3.h>

/* The order of WEBSITE_COLUMNS in store_sqlite_statements.c, and the role behind them. */
enum website_column {
	WEBSITE_SEQUENCE,
	WEBSITE_ID,
	WEBSITE_DOMAIN,
	WEBSITE_NAME,
	WEBSITE_CREATED_AT,
	WEBSITE_ROLE
};
enum member_column { MEMBER_SEQUENCE, MEMBER_ACCOUNT, MEMBER_NAME, MEMBER_ROLE };

/* What is no role of ours, NULL among it, is none. */
static enum role column_role(struct sqlite3_stmt *row, int column)
{
	char name[16];

	return store_column_text(row, column, name, sizeof(name)) ? role_parse(name) : ROLE_NONE;
}

static bool row_to_website(struct sqlite3_stmt *row, struct website_record *website)
{
	*website = (struct website_record){0};
	website->sequence = sqlite3_column_int64(row, WEBSITE_SEQUENCE);
	website->created_at = sqlite3_column_int64(row, WEBSITE_CREATED_AT);
	website->role = column_role(row, WEBSITE_ROLE);
	return store_column_id(row, WEBSITE_ID, &website->id) &&
	       store_column_text(row, WEBSITE_DOMAIN, website->domain, sizeof(website->domain)) &&
	       store_column_text(row, WEBSITE_NAME, website->name, sizeof(website->name));
}

static bool row_to_member(struct sqlite3_stmt *row, struct member_record *member)
{
	*member = (struct member_record){0};
	member->sequence = sqlite3_column_int64(row, MEMBER_SEQUENCE);
	member->role = column_role(row, MEMBER_ROLE);
	return store_column_id(row, MEMBER_ACCOUNT, &member->account) &&
	       store_column_text(row, MEMBER_NAME, member->name, sizeof(member->name));
}

/* Runs STATEMENT, which changes one row where there is one. */
static enum result change_one(struct store *store, struct sqlite3_stmt *statement)
{
	int64_t changed;
	enum result result = store_run(store, statement, &changed);

	return result == RESULT_OK && changed == 0 ? RESULT_NOT_FOUND : result;
}

static enum result website_exists(struct store *store, const char *domain, bool *exists)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FIND_DOMAIN);
	enum result result;

	store_bind_text(store, statement, 1, domain);
	result = store_step(store, statement, exists);
	store_end(statement);
	return result;
}

enum result store_add_website(struct store *store, const struct website_record *website,
			      const struct id *owner)
{
	struct sqlite3_stmt *statement;
	bool exists;
	enum result result = website_exists(store, website->domain, &exists);

	if (result != RESULT_OK)
		return result;
	if (exists)
		return RESULT_CONFLICT;
	statement = store_use(store, STATEMENT_ADD_WEBSITE);
	store_bind_id(store, statement, 1, &website->id);
	store_bind_text(store, statement, 2, website->domain);
	store_bind_text(store, statement, 3, website->name);
	store_bind_number(store, statement, 4, website->created_at);
	result = change_one(store, statement);
	if (result == RESULT_OK)
		result = store_set_role(store, owner, &website->id, ROLE_OWNER);
	return result;
}

enum result store_find_website(struct store *store, const struct id *account, const struct id *id,
			       struct website_record *website)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FIND_WEBSITE);
	bool has_row;
	enum result result;

	store_bind_id(store, statement, 1, id);
	store_bind_id(store, statement, 2, account);
	result = store_step(store, statement, &has_row);
	if (result == RESULT_OK && !has_row)
		result = RESULT_NOT_FOUND;
	if (result == RESULT_OK && !row_to_website(statement, website))
		result = RESULT_STORE_UNAVAILABLE;
	store_end(statement);
	return result;
}

enum result store_rename_website(struct store *store, const struct id *id, const char *name)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_RENAME_WEBSITE);

	store_bind_id(store, statement, 1, id);
	store_bind_text(store, statement, 2, name);
	return change_one(store, statement);
}

enum result store_remove_website(struct store *store, const struct id *id)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_REMOVE_WEBSITE);

	store_bind_id(store, statement, 1, id);
	return change_one(store, statement);
}

enum result store_list_websites(struct store *store, const struct id *account,
				int64_t after_sequence,
				bool (*each)(void *, const struct website_record *), void *context)
{
	struct sqlite3_stmt *statement =
		store_use(store, account == NULL ? STATEMENT_LIST_WEBSITES
						 : STATEMENT_LIST_WEBSITES_OF_ACCOUNT);
	struct website_record website;
	bool has_row;
	enum result result;

	if (account != NULL)
		store_bind_id(store, statement, 1, account);
	store_bind_number(store, statement, 2, after_sequence);
	while ((result = store_step(store, statement, &has_row)) == RESULT_OK && has_row) {
		if (!row_to_website(statement, &website)) {
			result = RESULT_STORE_UNAVAILABLE;
			break;
		}
		if (!each(context, &website))
			break;
	}
	store_end(statement);
	return result;
}

enum result store_find_role(struct store *store, const struct id *account, const struct id *website,
			    enum role *role)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FIND_ROLE);
	bool has_row;
	enum result result;

	store_bind_id(store, statement, 1, account);
	store_bind_id(store, statement, 2, website);
	result = store_step(store, statement, &has_row);
	*role = result == RESULT_OK && has_row ? column_role(statement, 0) : ROLE_NONE;
	store_end(statement);
	return result;
}

enum result store_set_role(struct store *store, const struct id *account, const struct id *website,
			   enum role role)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_SET_ROLE);

	store_bind_id(store, statement, 1, account);
	store_bind_id(store, statement, 2, website);
	store_bind_text(store, statement, 3, role_name(role));
	return change_one(store, statement);
}

enum result store_remove_role(struct store *store, const struct id *account,
			      const struct id *website)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_REMOVE_ROLE);

	store_bind_id(store, statement, 1, account);
	store_bind_id(store, statement, 2, website);
	return change_one(store, statement);
}

enum result store_has_other_owner(struct store *store, const struct id *account,
				  const struct id *website, bool *has_other)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FIND_OTHER_OWNER);
	enum result result;

	store_bind_id(store, statement, 1, account);
	store_bind_id(store, statement, 2, website);
	result = store_step(store, statement, has_other);
	store_end(statement);
	return result;
}

enum result store_list_members(struct store *store, const struct id *website,
			       int64_t after_sequence,
			       bool (*each)(void *, const struct member_record *), void *context)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_LIST_MEMBERS);
	struct member_record member;
	bool has_row;
	enum result result;

	store_bind_id(store, statement, 1, website);
	store_bind_number(store, statement, 2, after_sequence);
	while ((result = store_step(store, statement, &has_row)) == RESULT_OK && has_row) {
		if (!row_to_member(statement, &member)) {
			result = RESULT_STORE_UNAVAILABLE;
			break;
		}
		if (!each(context, &member))
			break;
	}
	store_end(statement);
	return result;
}
