/* SPDX-License-Identifier: ISC */
/* Tokens by who made them, and their end: descendants, what expires soon, what died long ago. */
#include "store_sqlite.h"

#include <sqlite3.h>

enum result store_list_children(struct store *store, const struct id *account,
				const struct id *parent, int64_t before_sequence, bool with_revoked,
				bool (*each)(void *, const struct token_record *), void *context)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_LIST_CHILDREN);

	store_bind_id(store, statement, 1, account);
	store_bind_number(store, statement, 2, before_sequence);
	store_bind_id(store, statement, 3, parent);
	store_bind_number(store, statement, 4, with_revoked ? 1 : 0);
	return store_walk_tokens(store, statement, each, context);
}

enum result store_list_expiring(struct store *store, int64_t after, int64_t until,
				bool (*each)(void *, const struct token_record *), void *context)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_LIST_EXPIRING);

	store_bind_number(store, statement, 1, after);
	store_bind_number(store, statement, 2, until);
	return store_walk_tokens(store, statement, each, context);
}

enum result store_count_families(struct store *store, const struct id *ids, size_t id_count,
				 const struct id *spared, int64_t now, uint64_t *count)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_COUNT_DESCENDANTS);

	_Static_assert(sizeof(struct id) == ID_SIZE, "a list of ids is their bytes");
	store_bind_bytes(store, statement, 1, ids, id_count * ID_SIZE);
	store_bind_number(store, statement, 2, now);
	store_bind_id(store, statement, 3, spared);
	return store_count(store, statement, count);
}

enum result store_count_descendants(struct store *store, const struct id *id, int64_t now,
				    uint64_t *count)
{
	return store_count_families(store, id, 1, NULL, now, count);
}

enum result store_descends(struct store *store, const struct id *id, const struct id *ancestor,
			   bool *descends)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_DESCENDS);
	uint64_t count;
	enum result result;

	store_bind_id(store, statement, 1, ancestor);
	store_bind_id(store, statement, 2, id);
	result = store_count(store, statement, &count);
	*descends = result == RESULT_OK && count > 0;
	return result;
}

enum result store_list_descendants(struct store *store, const struct id *id,
				   bool (*each)(void *, const struct token_record *), void *context)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_LIST_DESCENDANTS);

	store_bind_id(store, statement, 1, id);
	return store_walk_tokens(store, statement, each, context);
}

enum result store_revoke_descendants(struct store *store, const struct id *id,
				     const struct id *spared, int64_t at, const struct id *by)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_REVOKE_DESCENDANTS);
	int64_t changed;

	store_bind_id(store, statement, 1, id);
	store_bind_number(store, statement, 2, at);
	store_bind_id(store, statement, 3, by);
	store_bind_id(store, statement, 4, spared);
	return store_run(store, statement, &changed);
}

enum result store_list_dead_tokens(struct store *store, int64_t before_sequence,
				   int64_t dead_before, bool (*each)(void *, int64_t),
				   void *context)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_LIST_DEAD_TOKENS);
	bool has_row;
	enum result result;

	store_bind_number(store, statement, 1, before_sequence);
	store_bind_number(store, statement, 2, dead_before);
	while ((result = store_step(store, statement, &has_row)) == RESULT_OK && has_row)
		if (!each(context, sqlite3_column_int64(statement, 0)))
			break;
	store_end(statement);
	return result;
}

enum result store_remove_dead_token(struct store *store, int64_t sequence, int64_t dead_before,
				    struct token_record *removed)
{
	struct sqlite3_stmt *statement = store_use(store, STATEMENT_FIND_DEAD_TOKEN);
	int64_t changed;
	enum result result;

	store_bind_number(store, statement, 1, sequence);
	store_bind_number(store, statement, 2, dead_before);
	result = store_read_token(store, statement, removed);
	if (result != RESULT_OK)
		return result;
	statement = store_use(store, STATEMENT_REMOVE_TOKEN);
	store_bind_number(store, statement, 1, sequence);
	result = store_run(store, statement, &changed);
	if (result != RESULT_OK)
		token_record_clear(removed);
	return result;
}
