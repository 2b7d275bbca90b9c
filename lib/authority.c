/* SPDX-License-Identifier: ISC */
#include "authority.h"
#include "authority_internal.h"

#include "log.h"
#include "scrypt_slots.h"
#include "timestamp.h"

#include <sodium.h>

/* Checks that fail, or rows that change, faster than scrypt runs end a request as busy. */
enum { ATTEMPTS = 3, SCRYPT_SLOT_TIMEOUT_MS = 10000, FAILURE_WINDOW_MS = 60000 };

void caller_clear(struct caller *caller)
{
	token_record_clear(&caller->token);
	caller->required = (struct permission_set){0};
	caller->address = caller->request_id = NULL;
}

bool authority_is_alive(const struct token_record *record, int64_t now)
{
	return record->revoked_at == STORE_NO_MOMENT && record->hash.mcf[0] != '\0' &&
	       !record->account_disabled && now < record->scope.expires_at &&
	       (!record->is_replaced_key || now < record->grace_ends_at);
}

enum token_state authority_token_state(const struct token_record *record, int64_t now)
{
	if (record->revoked_at != STORE_NO_MOMENT)
		return TOKEN_REVOKED;
	return now < record->scope.expires_at ? TOKEN_ACTIVE : TOKEN_EXPIRED;
}

/* By the selector: the key that was presented must still be one of the token's. */
enum result authority_read_holder_again(struct authority *authority, const struct caller *holder,
					int64_t now, struct token_record *fresh)
{
	struct account_record account;
	enum result result =
		store_find_caller(authority->store, &holder->token.selector, fresh, &account);

	if (result == RESULT_NOT_FOUND)
		return RESULT_INVALID_TOKEN;
	if (result != RESULT_OK)
		return result;
	if (!authority_is_alive(fresh, now) || !id_equals(&fresh->id, &holder->token.id)) {
		token_record_clear(fresh);
		return RESULT_INVALID_TOKEN;
	}
	return RESULT_OK;
}

enum result authority_read_caller_again(struct authority *authority, const struct caller *caller,
					int64_t now, struct token_record *fresh)
{
	enum result result = authority_read_holder_again(authority, caller, now, fresh);

	if (result != RESULT_OK)
		return result;
	if (!scope_admits(&fresh->scope, caller->address))
		result = RESULT_INVALID_TOKEN;
	else if (!permission_set_covers(fresh->scope.permissions, caller->required))
		result = RESULT_INSUFFICIENT_SCOPE;
	if (result != RESULT_OK)
		token_record_clear(fresh);
	return result;
}

enum result authority_end_transaction(struct authority *authority, enum result result)
{
	if (result == RESULT_OK)
		return store_commit(authority->store);
	store_rollback(authority->store);
	return result;
}

enum result authority_begin_scrypt(struct authority *authority, int *slot, struct error *err)
{
	*slot = -1;
	if (authority->scrypt_slots == NULL)
		return RESULT_OK;
	return scrypt_slots_take(authority->scrypt_slots, authority->config->slow_threads,
				 SCRYPT_SLOT_TIMEOUT_MS, slot, err);
}

/* Who asks for a scrypt run. */
struct check {
	struct selector selector;
	const char *address;      /* of who asks */
	bool is_by_holder;        /* who must then be where the token may be used */
	const struct id *account; /* whose keys alone are good; NULL: any */
	int64_t replayed_until;   /* the failures that the store remembers, for the throttle */
};

/* What the throttle needs to know where no process lives long enough to remember it. */
struct replay {
	struct throttle *throttle;
	const struct selector *selector;
};

static void replay_failure(void *context, const char *address, int64_t at)
{
	const struct replay *replay = context;

	throttle_charge(replay->throttle, replay->selector, address, at);
}

static enum result check_throttle(struct authority *authority, struct check *check,
				  struct error *err)
{
	int64_t now = timestamp_monotonic();
	int64_t wait_ms;

	if (authority->scrypt_slots != NULL) {
		struct replay replay = {authority->throttle, &check->selector};
		int64_t since = now - FAILURE_WINDOW_MS;
		enum result result;

		if (since <= check->replayed_until)
			since = check->replayed_until + 1;
		result = store_list_failed_checks(authority->store, &check->selector, since, now,
						  replay_failure, &replay);
		if (result != RESULT_OK)
			return result;
		check->replayed_until = now;
	}
	wait_ms = throttle_wait_ms(authority->throttle, &check->selector, check->address, now);
	if (wait_ms == 0)
		return RESULT_OK;
	err->retry_after_seconds = (wait_ms + 999) / 1000;
	return RESULT_RATE_LIMITED;
}

static void note_failure(struct authority *authority, const struct check *check)
{
	int64_t now = timestamp_monotonic();

	throttle_charge(authority->throttle, &check->selector, check->address, now);
	if (authority->scrypt_slots == NULL)
		return;
	if (store_begin(authority->store) == RESULT_OK &&
	    store_add_failed_check(authority->store, &check->selector, check->address, now,
				   now - FAILURE_WINDOW_MS) == RESULT_OK &&
	    store_commit(authority->store) == RESULT_OK)
		return;
	store_rollback(authority->store);
	log_event(LOG_WARNING, NULL, "failed check not counted", "store=unavailable");
}

/* Brings a hash of other parameters up to date; *TAG then names the new one. A failure leaves the
 * old hash in force, which is good for another check. */
static void renew_hash(struct authority *authority, const struct key *key,
		       const struct token_record *record, struct memo_tag *tag)
{
	struct secret_hash renewed = {0};

	if (secret_hash_key(key, &authority->config->scrypt, &renewed) != RESULT_OK)
		goto out;
	if (store_begin(authority->store) != RESULT_OK ||
	    store_renew_hash(authority->store, &record->id, &record->hash, &renewed) != RESULT_OK ||
	    store_commit(authority->store) != RESULT_OK) {
		store_rollback(authority->store);
		goto out;
	}
	memo_tag(authority->memo, key, &renewed, tag);
	memo_add(authority->memo, tag, MEMO_MATCHES);
out:
	sodium_memzero(&renewed, sizeof(renewed));
}

/* One scrypt run, remembered. RESULT_OK: *TAG names a pair that was just proven. */
static enum result run_check(struct authority *authority, const struct key *key,
			     const struct token_record *record, struct check *check,
			     struct memo_tag *tag, struct error *err)
{
	int slot;
	enum result result = authority_begin_scrypt(authority, &slot, err);

	/* While this process waited for its turn, others may have failed. */
	if (result == RESULT_OK && authority->scrypt_slots != NULL)
		result = check_throttle(authority, check, err);
	if (result != RESULT_OK)
		goto out;
	result = secret_check_key(key, &record->hash);
	if (result == RESULT_OK) {
		memo_add(authority->memo, tag, MEMO_MATCHES);
		if (!secret_hash_has_parameters(&record->hash, &authority->config->scrypt))
			renew_hash(authority, key, record, tag);
	} else if (result == RESULT_INVALID_TOKEN) {
		memo_add(authority->memo, tag, MEMO_DIFFERS);
		note_failure(authority, check);
	}
out:
	scrypt_slots_release(slot);
	return result;
}

/* The answer tells a thief nothing; the operator learns it here. Whether the key's secret is right
 * is not known yet: that would cost a scrypt run for a stranger. */
static void log_refused_address(const struct id *token, const char *address)
{
	char id[ID_TEXT_SIZE];

	id_format(token, id);
	log_event(LOG_INFO, NULL, "refused by allowedIps", "token=%s address=%.64s", id, address);
}

/* Notes that RECORD's key was refused, where it is known to be the right one. Where it is not, that
 * would cost a scrypt run, and who has but a selector is not to write to the store. A revoked token
 * has no hash any more, so that nobody can tell. */
static void note_if_known(struct authority *authority, const struct key *key,
			  const struct check *check, const struct token_record *record, int64_t now)
{
	struct memo_tag tag;

	if (!check->is_by_holder || authority->usage == NULL || record->hash.mcf[0] == '\0')
		return;
	memo_tag(authority->memo, key, &record->hash, &tag);
	if (memo_find(authority->memo, &tag) == MEMO_MATCHES)
		authority_note_refusal(authority, &record->id, now);
}

/* Decides by the row that is in force now whether KEY is good. PROVEN is a pair that this call has
 * checked itself, so that nothing depends on the memo having kept it. RESULT_DEFERRED: a scrypt run
 * must decide, and TAG names it. */
static enum result judge(struct authority *authority, const struct key *key,
			 const struct check *check, int64_t now, const struct memo_tag *proven,
			 struct caller *caller, struct memo_tag *tag)
{
	const struct token_record *record = &caller->token;
	enum result result = store_find_caller(authority->store, &check->selector, &caller->token,
					       &caller->account);

	if (result == RESULT_NOT_FOUND)
		return RESULT_INVALID_TOKEN;
	if (result != RESULT_OK)
		return result;
	if (!authority_is_alive(record, now)) {
		note_if_known(authority, key, check, record, now);
		return RESULT_INVALID_TOKEN;
	}
	if (check->account != NULL && !id_equals(&record->scope.account, check->account))
		return RESULT_INVALID_TOKEN;
	if (check->is_by_holder && !scope_admits(&record->scope, check->address)) {
		log_refused_address(&record->id, check->address);
		note_if_known(authority, key, check, record, now);
		return RESULT_INVALID_TOKEN;
	}
	memo_tag(authority->memo, key, &record->hash, tag);
	if (proven != NULL && sodium_memcmp(tag->bytes, proven->bytes, MEMO_TAG_SIZE) == 0)
		return RESULT_OK;
	switch (memo_find(authority->memo, tag)) {
	case MEMO_MATCHES:
		return RESULT_OK;
	case MEMO_DIFFERS:
		return RESULT_INVALID_TOKEN;
	case MEMO_UNKNOWN:
		return RESULT_DEFERRED;
	}
	return RESULT_INTERNAL;
}

/* CHECK says who asks; the rest of it is filled here. */
static enum result check_key(struct authority *authority, const char *key_text, size_t length,
			     struct check *check, int64_t now, struct caller *caller,
			     struct pending_check *pending, struct error *err)
{
	struct key key;
	struct memo_tag tag, proven;
	const struct memo_tag *known = NULL;
	enum result result = RESULT_INVALID_TOKEN;

	check->replayed_until = INT64_MIN;
	caller->token = (struct token_record){0};
	caller->required = (struct permission_set){0};
	if (!token_parse(authority->config->token_prefix, key_text, length, &key, &check->selector))
		goto out;
	/* After each run the row is read again: it may have been revoked meanwhile. */
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		token_record_clear(&caller->token);
		result = judge(authority, &key, check, now, known, caller, &tag);
		if (result != RESULT_DEFERRED)
			goto out;
		result = check_throttle(authority, check, err);
		if (result != RESULT_OK)
			goto out;
		if (!authority->may_wait) {
			pending->tag = tag;
			pending->is_suspect = throttle_suspects(
				authority->throttle, &check->selector, timestamp_monotonic());
			result = RESULT_DEFERRED;
			goto out;
		}
		result = run_check(authority, &key, &caller->token, check, &tag, err);
		if (result != RESULT_OK)
			goto out;
		proven = tag;
		known = &proven;
		now = timestamp_now();
	}
	result = RESULT_BUSY;
out:
	token_key_wipe(&key);
	if (result != RESULT_OK)
		caller_clear(caller);
	return result;
}

enum result authority_authenticate(struct authority *authority, const char *key_text, size_t length,
				   const char *address, int64_t now, struct caller *caller,
				   struct pending_check *pending, struct error *err)
{
	struct check check = {.address = address, .is_by_holder = true};

	return check_key(authority, key_text, length, &check, now, caller, pending, err);
}

enum result authority_check_key(struct authority *authority, const char *key_text, size_t length,
				const struct id *account, const char *address, int64_t now,
				struct caller *holder, struct pending_check *pending,
				struct error *err)
{
	struct check check = {.address = address, .account = account};

	return check_key(authority, key_text, length, &check, now, holder, pending, err);
}

/* NEEDED on whatever website is left. A list of which none is left means nothing, not everything.
 */
static enum result permit_anywhere(struct authority *authority, const struct scope *scope,
				   struct permission_set needed)
{
	enum role role = ROLE_NONE;

	if (!permission_set_covers(scope->permissions, needed))
		return RESULT_INSUFFICIENT_SCOPE;
	for (size_t i = 0; !scope->every_website && role == ROLE_NONE; i++) {
		enum result result;

		if (i == scope->websites.count)
			return RESULT_INSUFFICIENT_SCOPE;
		result = store_find_role(authority->store, &scope->account, &scope->websites.ids[i],
					 &role);
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}

enum result authority_require(struct authority *authority, struct caller *caller,
			      struct permission_set needed)
{
	enum result result = permit_anywhere(authority, &caller->token.scope, needed);

	if (result == RESULT_OK)
		caller->required = needed;
	return result;
}

enum result authority_require_every_website(const struct caller *caller, struct error *err)
{
	if (caller->token.scope.every_website)
		return RESULT_OK;
	return error_set(err, RESULT_INSUFFICIENT_SCOPE, NULL,
			 "This needs an access token that is not limited to websites");
}

enum result authority_permit(struct authority *authority, const struct scope *scope,
			     struct permission_set needed, const struct id *website, int64_t now)
{
	const struct catalogue *catalogue = &authority->config->catalogue;
	const struct permission_set nothing = {0};
	enum role role;
	enum result result;

	if (website == NULL)
		return permit_anywhere(authority, scope, needed);
	if (!permission_set_covers(scope->permissions, needed))
		return RESULT_INSUFFICIENT_SCOPE;
	result = store_find_role(authority->store, &scope->account, website, &role);
	if (result != RESULT_OK)
		return result;
	if (!scope_permits(scope, catalogue, nothing, website, role, now))
		return RESULT_NOT_FOUND;
	return scope_permits(scope, catalogue, needed, website, role, now)
		       ? RESULT_OK
		       : RESULT_INSUFFICIENT_SCOPE;
}

enum result authority_cut_to_reached(struct authority *authority, struct scope *scope)
{
	size_t count = 0;

	for (size_t i = 0; i < scope->websites.count; i++) {
		struct id *ids = scope->websites.ids;
		enum role role;
		enum result result =
			store_find_role(authority->store, &scope->account, &ids[i], &role);

		if (result != RESULT_OK)
			return result;
		if (role != ROLE_NONE)
			ids[count++] = ids[i];
	}
	scope->websites.count = count;
	if (!scope->every_website && count == 0)
		scope->permissions = (struct permission_set){0};
	return RESULT_OK;
}

enum result authority_limit_rate(struct authority *authority, const struct caller *caller,
				 int64_t now, struct error *err)
{
	uint32_t limit = authority->limits->requests_per_minute;
	int64_t wait_ms;

	if (limit == 0 || authority->rate_limit == NULL)
		return RESULT_OK;
	wait_ms = rate_limit_take(authority->rate_limit, &caller->token.id, limit,
				  timestamp_monotonic());
	if (wait_ms == 0)
		return RESULT_OK;
	err->retry_after_seconds = (wait_ms + 999) / 1000;
	err->rate_limit = limit;
	err->rate_reset_at = now + wait_ms;
	return error_set(err, RESULT_RATE_LIMITED, NULL,
			 "This token may make %u requests a minute; wait as Retry-After says",
			 (unsigned)limit);
}
