/* SPDX-License-Identifier: ISC */
/* Which tokens a filter lets pass, and the walk over them. */
#include "authority_internal.h"

#include "ascii.h"

#include <string.h>

/* How much one page may look at, in rows of few websites (16 websites are as much work as a row):
 * a caller that sees few of many gets a short page and a cursor, not a slow answer. */
enum { WORK_PER_PAGE_MAX = 5000, WEBSITES_PER_WORK = 16 };

static bool contains_ignoring_case(const char *text, const char *part)
{
	size_t length = strlen(part);

	for (size_t left = strlen(text); left >= length; left--, text++)
		if (ascii_equals_ignoring_case(text, length, part))
			return true;
	return false;
}

static bool passes_state(const struct token_filter *filter, enum token_state state)
{
	switch (state) {
	case TOKEN_ACTIVE:
		return filter->active;
	case TOKEN_EXPIRED:
		return filter->expired;
	case TOKEN_REVOKED:
		return filter->revoked;
	}
	return false;
}

static bool reaches_website(const struct token_walk *walk, const struct scope *scope)
{
	if (scope->every_website)
		return walk->account_reaches_website;
	return id_set_contains(&scope->websites, &walk->filter->website);
}

static bool passes(const struct token_walk *walk, const struct token_record *record)
{
	const struct token_filter *filter = walk->filter;
	int64_t used_at =
		record->last_used_at == STORE_NO_MOMENT ? record->created_at : record->last_used_at;

	return passes_state(filter, authority_token_state(record, walk->now)) &&
	       (!filter->has_parent ||
		(record->has_parent && id_equals(&record->parent, &filter->parent))) &&
	       permission_set_covers(record->scope.permissions, filter->permission) &&
	       (!filter->has_unused_since || used_at < filter->unused_since) &&
	       (!filter->has_website || reaches_website(walk, &record->scope)) &&
	       (filter->name_part == NULL ||
		contains_ignoring_case(record->name, filter->name_part));
}

static bool walk_token(void *context, const struct token_record *record)
{
	struct token_walk *walk = context;

	if (walk->work >= WORK_PER_PAGE_MAX ||
	    (passes(walk, record) && !walk->each(walk, record))) {
		walk->has_ended_early = true;
		return false;
	}
	walk->work += 1 + record->scope.websites.count / WEBSITES_PER_WORK;
	walk->last = record->sequence;
	return true;
}

enum result authority_walk_tokens(struct token_walk *walk, const struct token_position *after,
				  struct token_position *next)
{
	struct store *store = walk->authority->store;
	const struct token_filter *filter = walk->filter;
	enum role role = ROLE_NONE;
	enum result result = RESULT_OK;

	*next = (struct token_position){0};
	walk->last = after->is_set ? after->sequence : INT64_MAX;
	/* Of a website that is not the account's, a token for all of them knows nothing. */
	if (filter->has_website)
		result = store_find_role(store, walk->account, &filter->website, &role);
	if (result != RESULT_OK)
		return result;
	walk->account_reaches_website = role != ROLE_NONE;
	if (filter->has_parent)
		result = store_list_children(store, walk->account, &filter->parent, walk->last,
					     filter->revoked, walk_token, walk);
	else
		result = store_list_tokens(store, walk->account, walk->last, filter->revoked,
					   walk_token, walk);
	*next = (struct token_position){.is_set = walk->has_ended_early, .sequence = walk->last};
	return result;
}
