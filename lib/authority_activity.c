/* SPDX-License-Identifier: ISC */
/* What is asked with a token's keys: noted, shown by hours, and forgotten. */
#include "authority.h"
#include "authority_internal.h"

#include "log.h"

#include <assert.h>

/* Few enough that nobody waits long for the lock, and so often that a pass removes more than usage
 * has room for between two. */
enum { FORGOTTEN_AT_ONCE_MAX = 1000, FORGOTTEN_IN_A_PASS = 200 };
/* What one answer of plain CGI may do for the answers that came before it. */
enum { FORGOTTEN_BY_CGI_MAX = 100 };

static int64_t hour_of(int64_t moment)
{
	return moment / STORE_MS_PER_HOUR;
}

static int64_t oldest_hour(int64_t now)
{
	return hour_of(now) - ACTIVITY_HOURS_MAX + 1;
}

/* In one transaction: the disk is waited for once. */
static enum result write_use(struct authority *authority, const struct token_use *use, int64_t now)
{
	size_t count;
	enum result result = store_begin(authority->store);

	if (result != RESULT_OK)
		return result;
	result = store_add_use(authority->store, use);
	if (result == RESULT_OK)
		result = store_forget_activity(authority->store, oldest_hour(now),
					       FORGOTTEN_BY_CGI_MAX, &count);
	return authority_end_transaction(authority, result);
}

void authority_note_use(struct authority *authority, const struct caller *caller,
			const char *address, int64_t now, bool is_refused)
{
	const struct token_record *token = &caller->token;
	struct token_use use = {.token = token->id,
				.hour = hour_of(now),
				.at = now,
				.newest_key_at = token->is_replaced_key ? STORE_NO_MOMENT : now,
				.count = 1,
				.refusals = is_refused ? 1 : 0};
	bool is_written = token->last_used_at != STORE_NO_MOMENT && token->last_used_at <= now &&
			  token->last_used_at > now - USAGE_INTERVAL_MS;

	if (!network_parse_address(address, &use.address))
		use.address = (struct network){0};
	if (authority->usage != NULL)
		usage_note(authority->usage, &use);
	else if (!is_written && write_use(authority, &use, now) != RESULT_OK)
		log_event(LOG_WARNING, NULL, "last use not written", "store=unavailable");
}

void authority_note_refusal(struct authority *authority, const struct id *token, int64_t now)
{
	const struct token_use use = {.token = *token,
				      .hour = hour_of(now),
				      .at = STORE_NO_MOMENT,
				      .newest_key_at = STORE_NO_MOMENT,
				      .refusals = 1};

	if (authority->usage != NULL)
		usage_note(authority->usage, &use);
}

/* One sum for each hour that is asked for. */
struct sums {
	int64_t from;
	struct {
		uint64_t requests, refusals;
	} hours[ACTIVITY_HOURS_MAX];
};

static void add_activity(void *context, const struct activity *activity)
{
	struct sums *sums = context;
	size_t index = (size_t)(activity->hour - sums->from);

	assert(index < ACTIVITY_HOURS_MAX);
	sums->hours[index].requests += activity->requests;
	sums->hours[index].refusals += activity->refusals;
}

static enum result sum_token(struct authority *authority, const struct caller *caller,
			     const struct id *id, int64_t until, struct sums *sums)
{
	struct token_record record = {0};
	enum result result = authority_find(authority, caller, id, &record);

	if (result == RESULT_OK)
		result = store_list_activity(authority->store, id, sums->from, until, add_activity,
					     sums);
	token_record_clear(&record);
	return result;
}

static enum result sum_account(struct authority *authority, const struct caller *caller,
			       int64_t until, struct sums *sums, struct error *err)
{
	enum result result = authority_require_every_website(caller, err);

	if (result != RESULT_OK)
		return result;
	/* A month of a thousand busy tokens is read in about a second. */
	if (!authority->may_wait)
		return RESULT_BUSY;
	return store_list_activity_of_account(authority->store, &caller->token.scope.account,
					      sums->from, until, add_activity, sums);
}

enum result authority_list_activity(struct authority *authority, const struct caller *caller,
				    const struct id *id, unsigned days, int64_t now,
				    void (*each)(void *, const struct activity *), void *context,
				    struct error *err)
{
	int64_t until = hour_of(now);
	struct sums sums = {.from = until - (int64_t)days * 24 + 1};
	enum result result = id != NULL ? sum_token(authority, caller, id, until, &sums)
					: sum_account(authority, caller, until, &sums, err);

	for (size_t i = 0; result == RESULT_OK && i < ACTIVITY_HOURS_MAX; i++) {
		struct activity activity = {.hour = sums.from + (int64_t)i,
					    .requests = sums.hours[i].requests,
					    .refusals = sums.hours[i].refusals};

		if (activity.requests > 0 || activity.refusals > 0)
			each(context, &activity);
	}
	return result;
}

enum result authority_forget_activity(struct authority *authority, int64_t now)
{
	size_t count = FORGOTTEN_AT_ONCE_MAX;
	enum result result = RESULT_OK;

	for (int i = 0;
	     result == RESULT_OK && count == FORGOTTEN_AT_ONCE_MAX && i < FORGOTTEN_IN_A_PASS; i++)
		result = store_forget_activity(authority->store, oldest_hour(now),
					       FORGOTTEN_AT_ONCE_MAX, &count);
	return result;
}
