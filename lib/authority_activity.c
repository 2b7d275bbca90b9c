/* SPDX-License-Identifier: ISC */
/* What is asked with a token's keys: noted, shown by hours, and forgotten. */
#include "authority.h"
#include "authority_internal.h"

#include "log.h"

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
	return hour_of(now) - ACTIVITY_DAYS_MAX * 24 + 1;
}

/* In one transaction: the disk is waited for once. */
static enum result write_use(struct authority *authority, const struct token_use *use, int64_t now)
{
	bool is_all;
	enum result result = store_begin(authority->store);

	if (result != RESULT_OK)
		return result;
	result = store_add_use(authority->store, use);
	if (result == RESULT_OK)
		result = store_forget_activity(authority->store, oldest_hour(now),
					       FORGOTTEN_BY_CGI_MAX, &is_all);
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

static enum result list_of_token(struct authority *authority, const struct caller *caller,
				 const struct id *id, int64_t from, int64_t until,
				 void (*each)(void *, const struct activity *), void *context)
{
	struct token_record record = {0};
	enum result result = authority_find(authority, caller, id, &record);

	token_record_clear(&record);
	if (result != RESULT_OK)
		return result;
	return store_list_activity(authority->store, id, from, until, each, context);
}

enum result authority_list_activity(struct authority *authority, const struct caller *caller,
				    const struct id *id, unsigned days, int64_t now,
				    void (*each)(void *, const struct activity *), void *context,
				    struct error *err)
{
	int64_t until = hour_of(now), from = until - (int64_t)days * 24 + 1;
	enum result result;

	if (id != NULL)
		return list_of_token(authority, caller, id, from, until, each, context);
	result = authority_require_every_website(caller, err);
	if (result != RESULT_OK)
		return result;
	return store_list_activity_of_account(authority->store, &caller->token.scope.account, from,
					      until, each, context);
}

enum result authority_forget_activity(struct authority *authority, int64_t now)
{
	bool is_all = false;
	enum result result = RESULT_OK;

	for (int i = 0; result == RESULT_OK && !is_all && i < FORGOTTEN_IN_A_PASS; i++)
		result = store_forget_activity(authority->store, oldest_hour(now),
					       FORGOTTEN_AT_ONCE_MAX, &is_all);
	return result;
}
