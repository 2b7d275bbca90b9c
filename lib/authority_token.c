/* SPDX-License-Identifier: ISC */
#include "authority.h"
#include "authority_internal.h"

#include "scrypt_slots.h"
#include "timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum result check_limit(struct authority *authority, const struct id *account, int64_t now,
			       struct error *err)
{
	uint32_t limit = authority->limits->tokens_per_account;
	uint64_t count;
	enum result result = store_count_living_tokens(authority->store, account, now, &count);

	if (result == RESULT_OK && count >= limit)
		return error_set(err, RESULT_LIMIT_REACHED, NULL,
				 "This account has %u of %u tokens; revoke one that is no longer "
				 "used, or have the operator raise tokens_per_account",
				 (unsigned)(count > limit ? limit : count), (unsigned)limit);
	return result;
}

/* Who makes a token: CALLER, or, where that is NULL, the operator within all of an account. */
struct maker {
	const struct caller *caller;
	const struct idempotency *idempotency; /* NULL: none */
	struct scope whole_account;            /* the operator's */
};

/* What the lost answer to the same request carried goes, with all that was made by it. */
static enum result revoke_earlier(struct authority *authority, const struct caller *caller,
				  const struct id *token, int64_t now)
{
	const struct id *by = &caller->token.id;
	enum result result = authority_audit_revocation(authority, caller, token, true, NULL, now);

	if (result == RESULT_OK)
		result = store_revoke_token(authority->store, token, now, by);
	if (result == RESULT_NOT_FOUND) /* somebody was faster */
		result = RESULT_OK;
	if (result == RESULT_OK)
		result = store_revoke_descendants(authority->store, token, NULL, now, by);
	return result;
}

/* The limit, and what a repeated request made before: revoked where IS_FINAL, inside the
 * transaction; before it the limit of a repeated request is not asked yet. */
static enum result make_room(struct authority *authority, const struct maker *maker, int64_t now,
			     bool is_final, struct error *err)
{
	const struct caller *caller = maker->caller;
	struct idempotent_record earlier;
	bool is_repeat;
	enum result result;

	if (caller == NULL)
		return RESULT_OK;
	result = authority_find_earlier(authority, caller, maker->idempotency, now, &earlier,
					&is_repeat, err);
	if (result != RESULT_OK || (is_repeat && !is_final))
		return result;
	if (is_repeat)
		result = revoke_earlier(authority, caller, &earlier.token, now);
	if (result == RESULT_OK)
		result = check_limit(authority, &caller->token.scope.account, now, err);
	return result;
}

/* What may be made is decided twice, each time by the caller's row and all else as they are at one
 * moment: before scrypt, so that a refusal costs none, and, IS_FINAL, inside the transaction.
 * CHOSEN must own nothing, and is to be cleared also on failure. */
static enum result decide(struct authority *authority, const struct maker *maker,
			  const struct token_draft *draft, int64_t now, bool is_final,
			  struct scope *chosen, struct error *err)
{
	struct token_record fresh = {0};
	const struct scope *within = &maker->whole_account;
	enum result result = RESULT_OK;

	if (maker->caller != NULL) {
		result = authority_read_caller_again(authority, maker->caller, now, &fresh);
		within = &fresh.scope;
	}
	if (result == RESULT_OK)
		result = authority_choose_scope(authority, within, draft,
						"The new token would exceed the caller", chosen,
						err);
	if (result == RESULT_OK)
		result = make_room(authority, maker, now, is_final, err);
	token_record_clear(&fresh);
	return result;
}

static enum result decide_first(struct authority *authority, const struct maker *maker,
				const struct token_draft *draft, int64_t now, struct error *err)
{
	struct scope chosen = {0};
	enum result result = store_begin_read(authority->store);

	if (result != RESULT_OK)
		return result;
	result = decide(authority, maker, draft, now, false, &chosen, err);
	store_rollback(authority->store);
	scope_clear(&chosen);
	return result;
}

/* Inside the transaction. */
static enum result add_token(struct authority *authority, const struct maker *maker,
			     const struct token_draft *draft, struct token_record *record,
			     struct error *err)
{
	int64_t now = timestamp_now();
	enum result result = decide(authority, maker, draft, now, true, &record->scope, err);

	if (result == RESULT_OK) {
		record->id = id_new(now);
		record->has_parent = maker->caller != NULL;
		if (record->has_parent)
			record->parent = maker->caller->token.id;
		record->created_at = now;
		record->last_used_at = STORE_NO_MOMENT;
		record->revoked_at = STORE_NO_MOMENT;
		record->rotated_at = STORE_NO_MOMENT;
		record->grace_ends_at = STORE_NO_MOMENT;
		record->has_name = draft->has_name;
		memcpy(record->name, draft->name, sizeof(record->name));
		result = store_add_token(authority->store, record);
	}
	if (result == RESULT_OK)
		result = authority_audit_token(authority, maker->caller, now, AUDIT_TOKEN_CREATE,
					       NULL, record);
	if (result == RESULT_OK && maker->caller != NULL)
		result = authority_remember(authority, maker->caller, maker->idempotency,
					    &record->id, now);
	return result;
}

enum result authority_prepare_key(struct authority *authority, struct token_record *record,
				  struct key *key, struct error *err)
{
	int slot;
	enum result result = authority_begin_scrypt(authority, &slot, err);

	if (result != RESULT_OK)
		return result;
	token_mint(authority->config->token_prefix, key, &record->selector, &record->display_key);
	result = secret_hash_key(key, &authority->config->scrypt, &record->hash);
	scrypt_slots_release(slot);
	if (result != RESULT_OK)
		token_key_wipe(key);
	return result;
}

static enum result issue(struct authority *authority, const struct maker *maker,
			 const struct token_draft *draft, int64_t now, struct token_record *record,
			 struct key *key, struct error *err)
{
	enum result result = decide_first(authority, maker, draft, now, err);

	*record = (struct token_record){0};
	*key = (struct key){0};
	if (result != RESULT_OK)
		return result;
	if (!authority->may_wait)
		return RESULT_DEFERRED;

	result = authority_prepare_key(authority, record, key, err);
	if (result != RESULT_OK)
		goto out;
	result = store_begin(authority->store);
	if (result == RESULT_OK)
		result = authority_end_transaction(authority,
						   add_token(authority, maker, draft, record, err));
out:
	if (result != RESULT_OK) {
		token_key_wipe(key);
		token_record_clear(record);
	}
	return result;
}

enum result authority_issue(struct authority *authority, const struct caller *caller,
			    const struct token_draft *draft, const struct idempotency *idempotency,
			    int64_t now, struct token_record *record, struct key *key,
			    struct error *err)
{
	struct maker maker = {.caller = caller, .idempotency = idempotency};
	enum result result = issue(authority, &maker, draft, now, record, key, err);

	return authority_end_refused(authority, caller, NULL, now, result, err);
}

enum result authority_issue_for_account(struct authority *authority, const struct id *account,
					const struct token_draft *draft, int64_t now,
					struct token_record *record, struct key *key,
					struct error *err)
{
	struct maker maker = {.whole_account = {.account = *account,
						.permissions = {.every = true},
						.every_website = true,
						.every_address = true,
						.expires_at = TIMESTAMP_NEVER}};

	return issue(authority, &maker, draft, now, record, key, err);
}

enum result authority_may_revoke(struct authority *authority, const struct caller *caller,
				 const struct token_record *fresh,
				 const struct token_record *target, struct error *err)
{
	bool descends;
	enum result result;

	if (id_equals(&fresh->id, &target->id))
		return RESULT_OK;
	if (permission_set_is_empty(caller->required))
		return RESULT_INSUFFICIENT_SCOPE;
	if (scope_covers(&fresh->scope, &target->scope))
		return RESULT_OK;
	result = store_descends(authority->store, &target->id, &fresh->id, &descends);
	if (result != RESULT_OK || descends)
		return result;
	return authority_may_change(fresh, target, err);
}

enum result authority_revoke_audited(struct authority *authority, const struct caller *caller,
				     const struct id *id, bool cascade, const struct id *spared,
				     int64_t now)
{
	const struct id *by = caller == NULL ? NULL : &caller->token.id;
	struct token_record record = {0};
	enum result result = store_find_token(authority->store, id, &record);

	if (result == RESULT_OK && record.revoked_at != STORE_NO_MOMENT)
		result = RESULT_NOT_FOUND;
	token_record_clear(&record);
	if (result == RESULT_OK)
		result = authority_audit_revocation(authority, caller, id, cascade, spared, now);
	if (result == RESULT_OK)
		result = store_revoke_token(authority->store, id, now, by);
	if (result == RESULT_OK && cascade)
		result = store_revoke_descendants(authority->store, id, spared, now, by);
	return result;
}

/* Inside the transaction. CALLER is NULL for the operator. */
static enum result revoke(struct authority *authority, const struct caller *caller,
			  const struct id *id, bool cascade, int64_t now, uint64_t *descendants)
{
	enum result result = store_count_descendants(authority->store, id, now, descendants);

	if (result == RESULT_OK)
		result = authority_revoke_audited(authority, caller, id, cascade, NULL, now);
	return result;
}

enum result authority_revoke(struct authority *authority, const struct caller *caller,
			     const struct id *id, bool cascade, int64_t now, uint64_t *descendants,
			     struct error *err)
{
	struct token_record fresh = {0}, target = {0};
	enum result result;

	if (!authority->may_wait)
		return RESULT_BUSY; /* a commit waits for the disk */
	result = store_begin(authority->store);
	if (result != RESULT_OK)
		return result;
	result = authority_read_caller_again(authority, caller, now, &fresh);
	if (result == RESULT_OK)
		result = store_find_token(authority->store, id, &target);
	if (result == RESULT_OK && target.revoked_at != STORE_NO_MOMENT)
		result = RESULT_NOT_FOUND;
	if (result == RESULT_OK)
		result = authority_may_revoke(authority, caller, &fresh, &target, err);
	if (result == RESULT_OK)
		result = revoke(authority, caller, id, cascade, now, descendants);
	token_record_clear(&target);
	token_record_clear(&fresh);
	result = authority_end_transaction(authority, result);
	return authority_end_refused(authority, caller, id, now, result, err);
}

/* Inside the transaction. Between its proof and now the key may have been replaced, and then it
 * revokes nothing. */
static enum result revoke_held(struct authority *authority, const struct caller *holder,
			       int64_t now)
{
	struct token_record fresh = {0};
	enum result result = authority_read_holder_again(authority, holder, now, &fresh);

	token_record_clear(&fresh);
	if (result == RESULT_OK)
		return authority_revoke_audited(authority, holder, &holder->token.id, false, NULL,
						now);
	return result == RESULT_INVALID_TOKEN ? RESULT_OK : result;
}

enum result authority_revoke_held(struct authority *authority, const struct caller *holder,
				  int64_t now)
{
	enum result result;

	if (!authority->may_wait)
		return RESULT_BUSY; /* a commit waits for the disk */
	result = store_begin(authority->store);
	if (result != RESULT_OK)
		return result;
	return authority_end_transaction(authority, revoke_held(authority, holder, now));
}

enum result authority_revoke_as_operator(struct authority *authority, const struct id *id,
					 bool cascade, int64_t now, uint64_t *descendants)
{
	enum result result = store_begin(authority->store);

	if (result != RESULT_OK)
		return result;
	result = revoke(authority, NULL, id, cascade, now, descendants);
	return authority_end_transaction(authority, result);
}
