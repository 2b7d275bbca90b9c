/* SPDX-License-Identifier: ISC */
#include "authority.h"

#include "ascii.h"

#include <sodium.h>

#include <string.h>

/* How much one page may look at, in rows of few websites (16 websites are as much work as a row):
 * a caller that sees few of many gets a short page and a cursor, not a slow answer. */
enum { WORK_PER_PAGE_MAX = 5000, WEBSITES_PER_WORK = 16 };
enum { CURSOR_SEQUENCE_SIZE = 8, CURSOR_MAC_SIZE = 16 };

static bool sees(const struct caller *caller, const struct token_record *record)
{
	return scope_covers_websites(&caller->token.scope, &record->scope);
}

enum result authority_find(struct authority *authority, const struct caller *caller,
			   const struct id *id, struct token_record *record)
{
	enum result result = store_find_token(authority->store, id, record);

	if (result == RESULT_OK && !sees(caller, record)) {
		token_record_clear(record);
		result = RESULT_NOT_FOUND;
	}
	return result;
}

struct list_walk {
	const struct caller *caller;
	const struct token_filter *filter;
	int64_t now;
	size_t limit, given, work;
	int64_t last; /* the sequence down to which all is given or passed over */
	bool ended_early;
	bool (*each)(void *, const struct token_record *);
	void *context;
};

static bool contains_ignoring_case(const char *text, const char *part)
{
	size_t length = strlen(part);

	for (size_t left = strlen(text); left >= length; left--, text++)
		if (ascii_equals_ignoring_case(text, length, part))
			return true;
	return false;
}

static bool filter_passes(const struct token_filter *filter, const struct token_record *record,
			  int64_t now)
{
	bool state_passes = false;

	switch (authority_token_state(record, now)) {
	case TOKEN_ACTIVE:
		state_passes = filter->active;
		break;
	case TOKEN_EXPIRED:
		state_passes = filter->expired;
		break;
	case TOKEN_REVOKED:
		state_passes = filter->revoked;
		break;
	}
	if (!state_passes || filter->name_part == NULL)
		return state_passes;
	return contains_ignoring_case(record->name, filter->name_part);
}

static bool walk_token(void *context, const struct token_record *record)
{
	struct list_walk *walk = context;
	bool is_wanted =
		sees(walk->caller, record) && filter_passes(walk->filter, record, walk->now);

	if (walk->work >= WORK_PER_PAGE_MAX || (is_wanted && walk->given == walk->limit) ||
	    (is_wanted && !walk->each(walk->context, record))) {
		walk->ended_early = true;
		return false;
	}
	walk->work += 1 + record->scope.websites.count / WEBSITES_PER_WORK;
	walk->given += is_wanted;
	walk->last = record->sequence;
	return true;
}

enum result authority_list(struct authority *authority, const struct caller *caller,
			   const struct token_filter *filter, int64_t now, size_t limit,
			   const struct token_position *after,
			   bool (*each)(void *, const struct token_record *), void *context,
			   struct token_position *next)
{
	struct list_walk walk = {.caller = caller,
				 .filter = filter,
				 .now = now,
				 .limit = limit,
				 .last = after->is_set ? after->sequence : INT64_MAX,
				 .each = each,
				 .context = context};
	enum result result = store_list_tokens(authority->store, &caller->token.scope.account,
					       walk.last, filter->revoked, walk_token, &walk);

	*next = (struct token_position){.is_set = walk.ended_early, .sequence = walk.last};
	return result;
}

static void hash_filter(crypto_generichash_state *state, const struct token_filter *filter)
{
	uint8_t states = (uint8_t)(filter->active + 2 * filter->expired + 4 * filter->revoked);

	crypto_generichash_update(state, &states, 1);
	if (filter->name_part != NULL)
		crypto_generichash_update(state, (const uint8_t *)filter->name_part,
					  strlen(filter->name_part));
}

/* A position is good for the account, the list and the filter that it was made for. */
static enum result position_mac(struct authority *authority, const struct caller *caller,
				enum cursor_list list, const struct token_filter *filter,
				const uint8_t sequence[static CURSOR_SEQUENCE_SIZE],
				uint8_t mac[static CURSOR_MAC_SIZE])
{
	uint8_t key[STORE_CURSOR_KEY_SIZE];
	uint8_t which = (uint8_t)list;
	crypto_generichash_state state;
	enum result result = store_cursor_key(authority->store, key);

	if (result != RESULT_OK)
		return result;
	crypto_generichash_init(&state, key, sizeof(key), CURSOR_MAC_SIZE);
	crypto_generichash_update(&state, sequence, CURSOR_SEQUENCE_SIZE);
	crypto_generichash_update(&state, caller->token.scope.account.bytes, ID_SIZE);
	crypto_generichash_update(&state, &which, 1);
	if (filter != NULL)
		hash_filter(&state, filter);
	crypto_generichash_final(&state, mac, CURSOR_MAC_SIZE);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(&state, sizeof(state));
	return RESULT_OK;
}

enum result authority_write_cursor(struct authority *authority, const struct caller *caller,
				   enum cursor_list list, const struct token_filter *filter,
				   const struct token_position *position,
				   char text[static CURSOR_TEXT_SIZE])
{
	uint8_t bytes[CURSOR_SEQUENCE_SIZE + CURSOR_MAC_SIZE];
	enum result result;

	for (size_t i = 0; i < CURSOR_SEQUENCE_SIZE; i++)
		bytes[i] = (uint8_t)((uint64_t)position->sequence >> (56 - 8 * i));
	result = position_mac(authority, caller, list, filter, bytes, bytes + CURSOR_SEQUENCE_SIZE);
	if (result == RESULT_OK)
		sodium_bin2base64(text, CURSOR_TEXT_SIZE, bytes, sizeof(bytes),
				  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return result;
}

enum result authority_read_cursor(struct authority *authority, const struct caller *caller,
				  enum cursor_list list, const struct token_filter *filter,
				  const char *text, size_t length, struct token_position *position)
{
	uint8_t bytes[CURSOR_SEQUENCE_SIZE + CURSOR_MAC_SIZE];
	uint8_t mac[CURSOR_MAC_SIZE];
	uint64_t sequence = 0;
	size_t size;
	enum result result;

	*position = (struct token_position){0};
	if (sodium_base642bin(bytes, sizeof(bytes), text, length, NULL, &size, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    size != sizeof(bytes))
		return RESULT_INVALID_PARAMETER;
	result = position_mac(authority, caller, list, filter, bytes, mac);
	if (result != RESULT_OK)
		return result;
	if (sodium_memcmp(mac, bytes + CURSOR_SEQUENCE_SIZE, CURSOR_MAC_SIZE) != 0)
		return RESULT_INVALID_PARAMETER;
	for (size_t i = 0; i < CURSOR_SEQUENCE_SIZE; i++)
		sequence = sequence << 8 | bytes[i];
	*position = (struct token_position){.is_set = true, .sequence = (int64_t)sequence};
	return RESULT_OK;
}
