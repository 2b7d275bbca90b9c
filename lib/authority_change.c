/* SPDX-License-Identifier: ISC */
/* Renaming and narrowing a token, and what it has made. */
#include "authority.h"
#include "authority_internal.h"

#include "buffer.h"
#include "timestamp.h"

#include <sodium.h>

#include <string.h>

/* The ids of a family that one call can cut. */
enum { FAMILY_BYTES_MAX = 1000000 * ID_SIZE };

enum result authority_may_change(const struct token_record *fresh,
				 const struct token_record *target, struct error *err)
{
	if (id_equals(&fresh->id, &target->id))
		return RESULT_OK;
	if (!scope_covers_websites(&fresh->scope, &target->scope))
		return RESULT_NOT_FOUND;
	if (!scope_covers(&fresh->scope, &target->scope))
		return error_set(err, RESULT_SCOPE_EXCEEDED, NULL,
				 "That token is wider than the caller; use a token that covers it");
	return RESULT_OK;
}

enum result authority_find_changeable(struct authority *authority, const struct token_record *fresh,
				      const struct id *id, struct token_record *target,
				      struct error *err)
{
	bool descends = false;
	enum result result = store_find_token(authority->store, id, target);

	if (result == RESULT_OK && target->revoked_at != STORE_NO_MOMENT)
		result = RESULT_NOT_FOUND;
	if (result == RESULT_OK)
		result = authority_may_change(fresh, target, err);
	if (result == RESULT_OK)
		result = store_descends(authority->store, &fresh->id, id, &descends);
	if (result == RESULT_OK && descends)
		return error_set(err, RESULT_SCOPE_EXCEEDED, NULL,
				 "A token does not change or rotate one that it comes from; use "
				 "that one's own key");
	return result;
}

static bool collect_id(void *context, const struct token_record *record)
{
	struct buffer *ids = context;

	buffer_append(ids, (const char *)record->id.bytes, ID_SIZE);
	return buffer_result(ids) == RESULT_OK;
}

/* Cuts the descendant ID to what it shares with SCOPE. */
static enum result cut_descendant(struct authority *authority, const struct caller *caller,
				  const struct id *id, const struct scope *scope, int64_t now)
{
	struct token_record record = {0}, after;
	struct scope cut = {0};
	enum result result = store_find_token(authority->store, id, &record);

	if (result == RESULT_OK)
		result = scope_intersect(&record.scope, scope, &cut);
	if (result != RESULT_OK)
		goto out;
	if (scope_is_empty(&cut)) {
		result = authority_revoke_audited(authority, caller, id, false, NULL, now);
	} else if (!scope_covers(&cut, &record.scope)) {
		after = record;
		after.scope = cut;
		result = store_change_token(authority->store, &after);
		if (result == RESULT_OK)
			result = authority_audit_token(authority, caller, now, AUDIT_TOKEN_CHANGE,
						       &record, &after);
		sodium_memzero(&after.hash, sizeof(after.hash));
	}
out:
	scope_clear(&cut);
	token_record_clear(&record);
	return result;
}

static enum result cut_descendants(struct authority *authority, const struct caller *caller,
				   const struct token_record *changed, int64_t now)
{
	struct buffer ids;
	enum result result;

	/* First all ids, then the changes: a statement must not walk what others change. */
	buffer_init(&ids, FAMILY_BYTES_MAX);
	result = store_list_descendants(authority->store, &changed->id, collect_id, &ids);
	if (result == RESULT_OK)
		result = buffer_result(&ids);
	for (size_t at = 0; result == RESULT_OK && at < ids.length; at += ID_SIZE) {
		struct id id;

		memcpy(id.bytes, ids.data + at, ID_SIZE);
		result = cut_descendant(authority, caller, &id, &changed->scope, now);
	}
	buffer_clear(&ids);
	return result;
}

/* RECORD, the token as it is, becomes what DRAFT asks for. */
static enum result apply(struct authority *authority, const struct caller *caller,
			 const struct token_draft *draft, int64_t now, struct token_record *record,
			 struct error *err)
{
	struct token_record before = *record;
	struct scope scope;
	enum result result = authority_choose_scope(authority, &record->scope, draft,
						    "A token can only be narrowed", &scope, err);

	if (result != RESULT_OK) {
		sodium_memzero(&before.hash, sizeof(before.hash));
		return result;
	}
	record->scope = scope; /* the other is before's now */
	if (draft->sets_name) {
		record->has_name = draft->has_name;
		memcpy(record->name, draft->name, sizeof(record->name));
	}
	result = store_change_token(authority->store, record);
	if (result == RESULT_OK)
		result = authority_audit_token(authority, caller, now, AUDIT_TOKEN_CHANGE, &before,
					       record);
	token_record_clear(&before);
	return result;
}

/* Inside the transaction. */
static enum result change(struct authority *authority, const struct caller *caller,
			  const struct id *id, const struct token_draft *draft, bool cascade,
			  struct token_record *record, uint64_t *descendants, struct error *err)
{
	struct token_record fresh = {0};
	int64_t now = timestamp_now();
	enum result result = authority_read_caller_again(authority, caller, now, &fresh);

	if (result == RESULT_OK)
		result = authority_find_changeable(authority, &fresh, id, record, err);
	if (result == RESULT_OK && fresh.is_replaced_key && id_equals(&fresh.id, id))
		result = RESULT_REPLACED_KEY;
	if (result == RESULT_OK)
		result = store_count_descendants(authority->store, id, now, descendants);
	if (result == RESULT_OK)
		result = apply(authority, caller, draft, now, record, err);
	if (result == RESULT_OK && cascade)
		result = cut_descendants(authority, caller, record, now);
	token_record_clear(&fresh);
	return result;
}

enum result authority_change(struct authority *authority, const struct caller *caller,
			     const struct id *id, const struct token_draft *draft, bool cascade,
			     struct token_record *record, uint64_t *descendants, struct error *err)
{
	enum result result;

	*record = (struct token_record){0};
	if (!authority->may_wait)
		return RESULT_BUSY; /* a commit waits for the disk */
	result = store_begin(authority->store);
	if (result != RESULT_OK)
		return result;
	result = change(authority, caller, id, draft, cascade, record, descendants, err);
	result = authority_end_transaction(authority, result);
	if (result != RESULT_OK)
		token_record_clear(record);
	return authority_end_refused(authority, caller, id, timestamp_now(), result, err);
}
