/* SPDX-License-Identifier: ISC */
/* Another key for a token. */
#include "authority.h"
#include "authority_internal.h"

#include "log.h"
#include "timestamp.h"

#include <sodium.h>

/* Who rotates what. */
struct rotation {
	const struct caller *caller;
	const struct id *id;
	const struct idempotency *idempotency;
	int64_t grace_ms;
};

/* Decided twice, so that a refusal costs no scrypt run: before it, and in the transaction that
 * changes what it finds. Caller and target are read at one moment: a caller that was revoked with
 * its target since it was let in is told that, not that its target is gone. TARGET must own
 * nothing, and is to be cleared also on failure. */
static enum result decide(struct authority *authority, const struct rotation *rotation, int64_t now,
			  struct token_record *target, bool *is_repeat, struct error *err)
{
	struct token_record fresh = {0};
	struct idempotent_record earlier;
	bool is_own_replaced_key;
	enum result result = authority_read_caller_again(authority, rotation->caller, now, &fresh);

	if (result == RESULT_OK)
		result = authority_find_changeable(authority, &fresh, rotation->id, target, err);
	is_own_replaced_key = fresh.is_replaced_key && id_equals(&fresh.id, rotation->id);
	token_record_clear(&fresh);
	if (result == RESULT_OK)
		result = authority_find_earlier(authority, rotation->caller, rotation->idempotency,
						now, &earlier, is_repeat, err);
	if (result != RESULT_OK)
		return result;
	/* Rotated since, the lost key is dead already, and the one that lives is another's. */
	*is_repeat = *is_repeat && earlier.made_at == target->rotated_at;
	/* But for the retry of the very rotation that replaced it. */
	return is_own_replaced_key && !*is_repeat ? RESULT_REPLACED_KEY : RESULT_OK;
}

static enum result decide_first(struct authority *authority, const struct rotation *rotation,
				int64_t now, struct error *err)
{
	struct token_record target = {0};
	bool is_repeat;
	enum result result = store_begin_read(authority->store);

	if (result != RESULT_OK)
		return result;
	result = decide(authority, rotation, now, &target, &is_repeat, err);
	store_rollback(authority->store);
	token_record_clear(&target);
	return result;
}

/* Inside the transaction. MINTED holds selector, display key and hash of the new key. */
static enum result rotate(struct authority *authority, const struct rotation *rotation,
			  const struct token_record *minted, struct token_record *record,
			  struct error *err)
{
	struct token_record before;
	int64_t now = timestamp_now();
	bool is_repeat;
	enum result result = decide(authority, rotation, now, record, &is_repeat, err);

	if (result == RESULT_OK) {
		before = *record; /* what it owns stays RECORD's */
		record->selector = minted->selector;
		record->display_key = minted->display_key;
		record->hash = minted->hash;
		record->rotated_at = now;
		if (!is_repeat)
			record->grace_ends_at =
				rotation->grace_ms > 0 ? now + rotation->grace_ms : STORE_NO_MOMENT;
		result = store_rotate_token(authority->store, record, is_repeat);
		if (result == RESULT_OK)
			result = authority_audit_token(authority, rotation->caller, now,
						       AUDIT_TOKEN_ROTATE, &before, record);
		sodium_memzero(&before.hash, sizeof(before.hash));
	}
	if (result == RESULT_OK)
		result = authority_remember(authority, rotation->caller, rotation->idempotency,
					    rotation->id, now);
	return result;
}

enum result authority_rotate(struct authority *authority, const struct caller *caller,
			     const struct id *id, int64_t grace_ms,
			     const struct idempotency *idempotency, int64_t now,
			     struct token_record *record, struct key *key, struct error *err)
{
	struct rotation rotation = {caller, id, idempotency, grace_ms};
	struct token_record minted = {0};
	enum result result = decide_first(authority, &rotation, now, err);

	*record = (struct token_record){0};
	*key = (struct key){0};
	if (result != RESULT_OK)
		return authority_end_refused(authority, caller, id, now, result, err);
	if (!authority->may_wait)
		return RESULT_DEFERRED;

	result = authority_prepare_key(authority, &minted, key, err);
	if (result != RESULT_OK)
		return result;
	result = store_begin(authority->store);
	if (result == RESULT_OK)
		result = authority_end_transaction(
			authority, rotate(authority, &rotation, &minted, record, err));
	token_record_clear(&minted);
	if (result != RESULT_OK) {
		token_key_wipe(key);
		token_record_clear(record);
	}
	return authority_end_refused(authority, caller, id, now, result, err);
}

enum result authority_note_replaced(struct authority *authority, const struct caller *caller,
				    int64_t now)
{
	const struct token_record *token = &caller->token;
	enum result result;

	if (!token->is_replaced_key || !token->is_overtaken)
		return RESULT_OK;
	if (!authority->may_wait)
		return RESULT_BUSY;
	result = store_begin(authority->store);
	if (result == RESULT_OK) {
		result = store_note_replaced_use(authority->store, &token->id, now);
		if (result == RESULT_OK)
			result = authority_audit_token(authority, caller, now,
						       AUDIT_REPLACED_KEY_USED, NULL, token);
		result = authority_end_transaction(authority, result);
	}
	if (result != RESULT_OK && result != RESULT_NOT_FOUND)
		log_event(LOG_WARNING, caller->request_id, "use of a replaced key not kept",
			  "reason=%s", error_reason(result));
	return RESULT_OK;
}
