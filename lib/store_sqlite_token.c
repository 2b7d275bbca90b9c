/* SPDX-License-Identifier: ISC */
#include "store_sqlite.h"

#include "buffer.h"
#include "timestamp.h"

#include <sodium.h>
#include <sqlite3.h>

#include <string.h>

/* The order of TOKEN_COLUMNS in store_sqlite_statements.c. */
enum token_column {
	TOKEN_SEQUENCE,
	TOKEN_ID,
	TOKEN_ACCOUNT,
	TOKEN_PARENT,
	TOKEN_SELECTOR,
	TOKEN_DISPLAY_KEY,
	TOKEN_NAME,
	TOKEN_HASH,
	TOKEN_PERMISSIONS,
	TOKEN_EVERY_WEBSITE,
	TOKEN_WEBSITES,
	TOKEN_ALLOWED_IPS,
	TOKEN_CREATED_AT,
	TOKEN_EXPIRES_AT,
	TOKEN_LAST_USED_AT,
	TOKEN_LAST_USED_IP,
	TOKEN_USE_COUNT,
	TOKEN_REVOKED_AT,
	TOKEN_ROTATED_AT,
	TOKEN_GRACE_ENDS_AT,
	TOKEN_IS_OVERTAKEN,
	TOKEN_ACCOUNT_DISABLED_AT
};
/* Behind them in CALLER_COLUMNS. */
enum caller_column {
	CALLER_EMAIL = TOKEN_ACCOUNT_DISABLED_AT + 1,
	CALLER_ACCOUNT_NAME,
	CALLER_ACCOUNT_CREATED_AT
};

/* "*" and PERMISSIONS_MAX names with a blank between. */
enum { PERMISSIONS_TEXT_MAX = PERMISSIONS_MAX * PERMISSION_NAME_SIZE };

void token_record_clear(struct token_record *record)
{
	if (record == NULL)
		return;
	scope_clear(&record->scope);
	sodium_memzero(&record->hash, sizeof(record->hash));
	*record = (struct token_record){0};
}

static enum result read_websites(struct sqlite3_stmt *row, struct scope *scope)
{
	const void *bytes = sqlite3_column_blob(row, TOKEN_WEBSITES);
	size_t length = (size_t)sqlite3_column_bytes(row, TOKEN_WEBSITES);

	_Static_assert(sizeof(struct id) == ID_SIZE, "a list of ids is their bytes");
	if (length % ID_SIZE != 0)
		return RESULT_STORE_UNAVAILABLE;
	scope->every_website = sqlite3_column_int(row, TOKEN_EVERY_WEBSITE) == 1 && length == 0;
	return id_set_init(&scope->websites, bytes, length / ID_SIZE);
}

static enum result read_addresses(struct sqlite3_stmt *row, struct scope *scope)
{
	const unsigned char *text = sqlite3_column_text(row, TOKEN_ALLOWED_IPS);
	enum result result;

	scope->every_address = sqlite3_column_type(row, TOKEN_ALLOWED_IPS) == SQLITE_NULL;
	if (scope->every_address)
		return RESULT_OK;
	if (text == NULL)
		return RESULT_BUSY;
	result = network_set_parse((const char *)text, &scope->addresses);
	return result == RESULT_INVALID_FIELD ? RESULT_STORE_UNAVAILABLE : result;
}

/* A row that cannot be read is no token: whatever is wrong with it refuses. */
static enum result row_to_token(const struct store *store, struct sqlite3_stmt *row,
				struct token_record *record)
{
	const unsigned char *permissions = sqlite3_column_text(row, TOKEN_PERMISSIONS);
	enum result result;

	*record = (struct token_record){0};
	record->sequence = sqlite3_column_int64(row, TOKEN_SEQUENCE);
	record->created_at = sqlite3_column_int64(row, TOKEN_CREATED_AT);
	record->last_used_at = store_column_moment(row, TOKEN_LAST_USED_AT, STORE_NO_MOMENT);
	record->use_count = (uint64_t)sqlite3_column_int64(row, TOKEN_USE_COUNT);
	record->revoked_at = store_column_moment(row, TOKEN_REVOKED_AT, STORE_NO_MOMENT);
	record->rotated_at = store_column_moment(row, TOKEN_ROTATED_AT, STORE_NO_MOMENT);
	record->grace_ends_at = store_column_moment(row, TOKEN_GRACE_ENDS_AT, STORE_NO_MOMENT);
	record->is_overtaken = sqlite3_column_int(row, TOKEN_IS_OVERTAKEN) == 1;
	record->account_disabled =
		sqlite3_column_type(row, TOKEN_ACCOUNT_DISABLED_AT) != SQLITE_NULL;
	record->has_parent = sqlite3_column_type(row, TOKEN_PARENT) != SQLITE_NULL;
	record->has_name = sqlite3_column_type(row, TOKEN_NAME) != SQLITE_NULL;
	record->scope.expires_at = store_column_moment(row, TOKEN_EXPIRES_AT, TIMESTAMP_NEVER);
	if (permissions == NULL || !store_column_id(row, TOKEN_ID, &record->id) ||
	    !store_column_id(row, TOKEN_ACCOUNT, &record->scope.account) ||
	    (record->has_parent && !store_column_id(row, TOKEN_PARENT, &record->parent)) ||
	    !store_column_text(row, TOKEN_NAME, record->name, sizeof(record->name)) ||
	    !store_column_text(row, TOKEN_LAST_USED_IP, record->last_used_ip,
			       sizeof(record->last_used_ip)) ||
	    !store_column_text(row, TOKEN_SELECTOR, record->selector.text,
			       sizeof(record->selector.text)) ||
	    !store_column_text(row, TOKEN_DISPLAY_KEY, record->display_key.text,
			       sizeof(record->display_key.text)) ||
	    !store_column_text(row, TOKEN_HASH, record->hash.mcf, sizeof(record->hash.mcf))) {
		token_record_clear(record);
		return RESULT_STORE_UNAVAILABLE;
	}
	record->scope.permissions =
		permission_set_parse(store->catalogue, (const char *)permissions);
	result = read_websites(row, &record->scope);
	if (result == RESULT_OK)
		result = read_addresses(row, &record->scope);
	if (result != RESULT_OK)
		token_record_clear(record);
	return result;
}

/* The texts of SCOPE, which are to be cleared also on failure. */
static enum result write_scope(const struct store *store, const struct scope *scope,
			       struct buffer *permissions, struct buffer *allowed_ips)
{
	enum result result;

	buffer_init(permissions, PERMISSIONS_TEXT_MAX);
	buffer_init(allowed_ips, scope->addresses.count * NETWORK_TEXT_SIZE);
	/* NULL in its place would be every address. */
	if (!scope->every_address && scope->addresses.count == 0)
		return RESULT_INTERNAL;
	permission_set_write(store->catalogue, scope->permissions, permissions);
	buffer_append(permissions, "", 0);
	network_set_write(&scope->addresses, allowed_ips);
	result = buffer_result(permissions);
	return result == RESULT_OK ? buffer_result(allowed_ips) : result;
}

enum result store_add_token(struct store *store, const struct token_record *token)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_ADD_TOKEN);
	struct buffer permissions, allowed_ips;
	int64_t changed = 0;
	enum result result = write_scope(store, &token->scope, &permissions, &allowed_ips);

	if (result != RESULT_OK)
		goto out;
	store_bind_id(store, statement, 1, &token->id);
	store_bind_id(store, statement, 2, &token->scope.account);
	store_bind_id(store, statement, 3, token->has_parent ? &token->parent : NULL);
	store_bind_text(store, statement, 4, token->selector.text);
	store_bind_text(store, statement, 5, token->display_key.text);
	store_bind_text(store, statement, 6, token->has_name ? token->name : NULL);
	store_bind_text(store, statement, 7, token->hash.mcf);
	store_bind_text(store, statement, 8, permissions.data);
	store_bind_number(store, statement, 9, token->scope.every_website ? 1 : 0);
	store_bind_bytes(store, statement, 10, token->scope.websites.ids,
			 token->scope.websites.count * ID_SIZE);
	store_bind_number(store, statement, 11, token->created_at);
	store_bind_moment(store, statement, 12, token->scope.expires_at);
	store_bind_text(store, statement, 13, token->scope.every_address ? NULL : allowed_ips.data);
	result = store_run(store, statement, &changed);
	if (result == RESULT_OK && changed != 1)
		result = RESULT_NOT_FOUND; /* no such account */
out:
	buffer_clear(&allowed_ips);
	buffer_clear(&permissions);
	return result;
}

enum result store_read_token(struct store *store, struct sqlite3_stmt *statement,
			     struct token_record *record)
{
	bool has_row;
	enum result result = store_step(store, statement, &has_row);

	*record = (struct token_record){0};
	if (result == RESULT_OK)
		result = has_row ? row_to_token(store, statement, record) : RESULT_NOT_FOUND;
	store_end(statement);
	return result;
}

enum result store_find_token(struct store *store, const struct id *id, struct token_record *record)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FIND_TOKEN);

	store_bind_id(store, statement, 1, id);
	return store_read_token(store, statement, record);
}

static bool row_to_account(struct sqlite3_stmt *row, const struct token_record *record,
			   struct account_record *account)
{
	account->id = record->scope.account;
	account->created_at = sqlite3_column_int64(row, CALLER_ACCOUNT_CREATED_AT);
	account->disabled_at = store_column_moment(row, TOKEN_ACCOUNT_DISABLED_AT, STORE_NO_MOMENT);
	return store_column_text(row, CALLER_EMAIL, account->email, sizeof(account->email)) &&
	       store_column_text(row, CALLER_ACCOUNT_NAME, account->name, sizeof(account->name));
}

static enum result find_caller(struct store *store, enum statement which,
			       const struct selector *selector, struct token_record *record,
			       struct account_record *account)
{
	struct sqlite3_stmt *statement = store_use(store, which);
	bool has_row;
	enum result result;

	*record = (struct token_record){0};
	store_bind_text(store, statement, 1, selector->text);
	result = store_step(store, statement, &has_row);
	if (result == RESULT_OK)
		result = has_row ? row_to_token(store, statement, record) : RESULT_NOT_FOUND;
	if (result == RESULT_OK && !row_to_account(statement, record, account)) {
		token_record_clear(record);
		result = RESULT_STORE_UNAVAILABLE;
	}
	store_end(statement);
	return result;
}

enum result store_find_caller(struct store *store, const struct selector *selector,
			      struct token_record *record, struct account_record *account)
{
	enum result result = find_caller(store, STATEMENT_FIND_CALLER, selector, record, account);

	if (result != RESULT_NOT_FOUND)
		return result;
	result = find_caller(store, STATEMENT_FIND_REPLACED, selector, record, account);
	record->is_replaced_key = result == RESULT_OK;
	return result;
}

enum result store_walk_tokens(struct store *store, struct sqlite3_stmt *statement,
			      bool (*each)(void *, const struct token_record *), void *context)
{
	bool has_row, goes_on = true;
	enum result result = RESULT_OK;

	while (goes_on && (result = store_step(store, statement, &has_row)) == RESULT_OK &&
	       has_row) {
		struct token_record record;

		result = row_to_token(store, statement, &record);
		if (result != RESULT_OK)
			break;
		goes_on = each(context, &record);
		token_record_clear(&record);
	}
	store_end(statement);
	return result;
}

enum result store_list_tokens(struct store *store, const struct id *account,
			      int64_t before_sequence, bool with_revoked,
			      bool (*each)(void *, const struct token_record *), void *context)
{
	struct sqlite3_stmt *statement =
		store_use(store, with_revoked ? STATEMENT_LIST_TOKENS : STATEMENT_LIST_KEPT_TOKENS);

	store_bind_id(store, statement, 1, account);
	store_bind_number(store, statement, 2, before_sequence);
	return store_walk_tokens(store, statement, each, context);
}

enum result store_count(struct store *store, struct sqlite3_stmt *statement, uint64_t *count)
{
	bool has_row;
	enum result result = store_step(store, statement, &has_row);

	*count = has_row ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	store_end(statement);
	return result;
}

enum result store_count_tokens(struct store *store, int64_t now, struct token_counts *counts)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_COUNT_TOKENS);
	enum { ALL, KEPT, EXPIRED };
	bool has_row;
	enum result result;

	*counts = (struct token_counts){0};
	store_bind_number(store, statement, 1, now);
	result = store_step(store, statement, &has_row);
	if (result == RESULT_OK && has_row) {
		uint64_t kept = (uint64_t)sqlite3_column_int64(statement, KEPT);

		counts->expired = (uint64_t)sqlite3_column_int64(statement, EXPIRED);
		counts->active = kept - counts->expired;
		counts->revoked = (uint64_t)sqlite3_column_int64(statement, ALL) - kept;
	}
	store_end(statement);
	return result;
}

enum result store_count_living_tokens(struct store *store, const struct id *account, int64_t now,
				      uint64_t *count)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_COUNT_LIVING_TOKENS);

	store_bind_id(store, statement, 1, account);
	store_bind_number(store, statement, 2, now);
	return store_count(store, statement, count);
}

enum result store_revoke_token(struct store *store, const struct id *id, int64_t at,
			       const struct id *by)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_REVOKE_TOKEN);
	int64_t changed;
	enum result result;

	store_bind_id(store, statement, 1, id);
	store_bind_number(store, statement, 2, at);
	store_bind_id(store, statement, 3, by);
	result = store_run(store, statement, &changed);
	return result == RESULT_OK && changed == 0 ? RESULT_NOT_FOUND : result;
}

enum result store_renew_hash(struct store *store, const struct id *id,
			     const struct secret_hash *old_hash, const struct secret_hash *new_hash)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_RENEW_HASH);
	int64_t changed;

	store_bind_id(store, statement, 1, id);
	store_bind_text(store, statement, 2, old_hash->mcf);
	store_bind_text(store, statement, 3, new_hash->mcf);
	return store_run(store, statement, &changed);
}

enum result store_note_replaced_use(struct store *store, const struct id *token, int64_t at)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_NOTE_REPLACED_USE);
	int64_t changed;
	enum result result;

	store_bind_id(store, statement, 1, token);
	store_bind_number(store, statement, 2, at);
	result = store_run(store, statement, &changed);
	return result == RESULT_OK && changed == 0 ? RESULT_NOT_FOUND : result;
}

enum result store_change_token(struct store *store, const struct token_record *token)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_CHANGE_TOKEN);
	const struct scope *scope = &token->scope;
	struct buffer permissions, allowed_ips;
	int64_t changed = 0;
	enum result result = write_scope(store, scope, &permissions, &allowed_ips);

	if (result != RESULT_OK)
		goto out;
	store_bind_id(store, statement, 1, &token->id);
	store_bind_text(store, statement, 2, token->has_name ? token->name : NULL);
	store_bind_text(store, statement, 3, permissions.data);
	store_bind_number(store, statement, 4, scope->every_website ? 1 : 0);
	store_bind_bytes(store, statement, 5, scope->websites.ids, scope->websites.count * ID_SIZE);
	store_bind_moment(store, statement, 6, scope->expires_at);
	store_bind_text(store, statement, 7, scope->every_address ? NULL : allowed_ips.data);
	result = store_run(store, statement, &changed);
	if (result == RESULT_OK && changed != 1)
		result = RESULT_NOT_FOUND;
out:
	buffer_clear(&allowed_ips);
	buffer_clear(&permissions);
	return result;
}

enum result store_rotate_token(struct store *store, const struct token_record *token, bool again)
{
	struct sqlite3_stmt *statement =
		store_use(store, again ? STATEMENT_ROTATE_TOKEN_AGAIN : STATEMENT_ROTATE_TOKEN);
	int64_t changed;
	enum result result;

	store_bind_id(store, statement, 1, &token->id);
	store_bind_text(store, statement, 2, token->selector.text);
	store_bind_text(store, statement, 3, token->display_key.text);
	store_bind_text(store, statement, 4, token->hash.mcf);
	store_bind_number(store, statement, 5, token->rotated_at);
	if (!again)
		store_bind_moment(store, statement, 6, token->grace_ends_at);
	result = store_run(store, statement, &changed);
	return result == RESULT_OK && changed != 1 ? RESULT_NOT_FOUND : result;
}

enum result store_end_graces(struct store *store, int64_t now)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_END_GRACES);
	int64_t changed;

	store_bind_number(store, statement, 1, now);
	return store_run(store, statement, &changed);
}
