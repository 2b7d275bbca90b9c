/* SPDX-License-Identifier: ISC */
/* The removal of what has long been of no use. */
#include "authority_internal.h"

/* Few enough that nobody waits long for the lock. */
enum { REMOVED_AT_ONCE_MAX = 200 };

struct dead {
	int64_t sequences[REMOVED_AT_ONCE_MAX];
	size_t count;
};

static bool note_dead(void *context, int64_t sequence)
{
	struct dead *dead = context;

	dead->sequences[dead->count++] = sequence;
	return dead->count < REMOVED_AT_ONCE_MAX;
}

/* Inside the transaction. */
static enum result remove_one(struct authority *authority, int64_t now, int64_t sequence,
			      int64_t dead_before, uint64_t *count)
{
	struct token_record record;
	enum result result =
		store_remove_dead_token(authority->store, sequence, dead_before, &record);

	if (result == RESULT_NOT_FOUND)
		return RESULT_OK;
	if (result != RESULT_OK)
		return result;
	result = authority_audit_token(authority, NULL, now, AUDIT_TOKEN_PURGE, &record, NULL);
	token_record_clear(&record);
	*count += 1;
	return result;
}

static enum result remove_dead(struct authority *authority, const struct dead *dead, int64_t now,
			       int64_t dead_before, uint64_t *removed)
{
	uint64_t count = 0;
	enum result result = store_begin(authority->store);

	if (result != RESULT_OK)
		return result;
	for (size_t i = 0; result == RESULT_OK && i < dead->count; i++)
		result = remove_one(authority, now, dead->sequences[i], dead_before, &count);
	result = authority_end_transaction(authority, result);
	if (result == RESULT_OK)
		*removed += count;
	return result;
}

/* From the newest to the oldest, because a token is older than all that it made: when its turn
 * comes, those of its descendants that go have gone. */
enum result authority_purge(struct authority *authority, int64_t now, int64_t dead_before,
			    bool (*pause)(void *), void *context, uint64_t *removed)
{
	struct store *store = authority->store;
	int64_t before = INT64_MAX;
	enum result result;

	*removed = 0;
	do {
		struct dead dead = {.count = 0};

		result = store_list_dead_tokens(store, before, dead_before, note_dead, &dead);
		if (result != RESULT_OK || dead.count == 0)
			break;
		result = remove_dead(authority, &dead, now, dead_before, removed);
		before = dead.sequences[dead.count - 1];
	} while (result == RESULT_OK && pause(context));
	if (*removed > 0)
		store_checkpoint(store);
	return result;
}
