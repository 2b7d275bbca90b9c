/* SPDX-License-Identifier: ISC */
/* The revocation of many tokens at once. */
#include "authority_internal.h"

#include <sodium.h>

/* In rows: what it costs to find out who made a token. */
enum { DESCENT_WORK = 16 };

struct sweeping {
	const struct caller *caller;
	const struct token_record *fresh; /* the caller's row as it is now */
	const struct token_sweep *sweep;
	bool (*each)(void *, const struct token_record *);
	void *context;
	struct id ids[SWEEP_MAX];
	size_t count;
	uint64_t skipped;
	enum result result; /* of the store, from inside the walk */
};

/* As the token will be when all is done. */
static bool give(const struct sweeping *sweeping, const struct token_record *record, int64_t now)
{
	struct token_record revoked = *record;

	sodium_memzero(&revoked.hash, sizeof(revoked.hash));
	if (!sweeping->sweep->is_dry_run)
		revoked.revoked_at = now;
	return sweeping->each(sweeping->context, &revoked);
}

static bool sweep_token(struct token_walk *walk, const struct token_record *record)
{
	struct sweeping *sweeping = walk->context;
	struct error ignored = {0};
	enum result result;

	if (id_equals(&record->id, &sweeping->fresh->id))
		return true;
	if (!scope_covers(&sweeping->fresh->scope, &record->scope))
		walk->work += DESCENT_WORK;
	result = authority_may_revoke(walk->authority, sweeping->caller, sweeping->fresh, record,
				      &ignored);
	if (result == RESULT_NOT_FOUND)
		return true;
	if (result == RESULT_SCOPE_EXCEEDED) {
		sweeping->skipped++;
		return true;
	}
	if (result != RESULT_OK) {
		sweeping->result = result;
		return false;
	}
	if (sweeping->count == SWEEP_MAX || !give(sweeping, record, walk->now))
		return false;
	sweeping->ids[sweeping->count++] = record->id;
	return true;
}

static enum result revoke_all(struct authority *authority, const struct sweeping *sweeping,
			      int64_t now)
{
	enum result result = RESULT_OK;

	if (sweeping->sweep->is_dry_run)
		return RESULT_OK;
	/* The oldest first: a cascade takes a line at once, and not once for each of its tokens. */
	for (size_t i = sweeping->count; result == RESULT_OK && i > 0; i--) {
		result = authority_revoke_audited(authority, sweeping->caller,
						  &sweeping->ids[i - 1], sweeping->sweep->cascade,
						  &sweeping->fresh->id, now);
		/* By the cascade of one before it. */
		if (result == RESULT_NOT_FOUND)
			result = RESULT_OK;
	}
	return result;
}

/* Inside the transaction. */
static enum result sweep_account(struct authority *authority, struct sweeping *sweeping,
				 int64_t now, struct sweep_outcome *outcome)
{
	struct token_walk walk = {.authority = authority,
				  .account = &sweeping->fresh->scope.account,
				  .filter = &sweeping->sweep->filter,
				  .now = now,
				  .each = sweep_token,
				  .context = sweeping};
	enum result result = authority_walk_tokens(&walk, &sweeping->sweep->after, &outcome->next);

	if (result == RESULT_OK)
		result = sweeping->result;
	if (result == RESULT_OK)
		result = store_count_families(authority->store, sweeping->ids, sweeping->count,
					      &sweeping->fresh->id, now, &outcome->descendants);
	if (result == RESULT_OK)
		result = revoke_all(authority, sweeping, now);
	outcome->skipped = sweeping->skipped;
	return result;
}

enum result authority_sweep(struct authority *authority, const struct caller *caller,
			    const struct token_sweep *sweep, int64_t now,
			    bool (*each)(void *, const struct token_record *), void *context,
			    struct sweep_outcome *outcome)
{
	struct token_record fresh = {0};
	struct sweeping sweeping = {.caller = caller,
				    .fresh = &fresh,
				    .sweep = sweep,
				    .each = each,
				    .context = context};
	enum result result;

	*outcome = (struct sweep_outcome){0};
	if (!authority->may_wait)
		return RESULT_BUSY; /* a commit waits for the disk, and all this is long */
	result = sweep->is_dry_run ? store_begin_read(authority->store)
				   : store_begin(authority->store);
	if (result != RESULT_OK)
		return result;
	result = authority_read_caller_again(authority, caller, now, &fresh);
	if (result == RESULT_OK)
		result = sweep_account(authority, &sweeping, now, outcome);
	token_record_clear(&fresh);
	return authority_end_transaction(authority, result);
}
