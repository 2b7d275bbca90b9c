/* SPDX-License-Identifier: ISC */
#include "authority.h"
#include "authority_internal.h"

#include <sodium.h>

#include <string.h>

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

struct listing {
	const struct caller *caller;
	size_t limit, given;
	bool (*each)(void *, const struct token_record *);
	void *context;
};

static bool list_token(struct token_walk *walk, const struct token_record *record)
{
	struct listing *listing = walk->context;

	if (!sees(listing->caller, record))
		return true;
	if (listing->given == listing->limit || !listing->each(listing->context, record))
		return false;
	listing->given++;
	return true;
}

enum result authority_list(struct authority *authority, const struct caller *caller,
			   const struct token_filter *filter, int64_t now, size_t limit,
			   const struct token_position *after,
			   bool (*each)(void *, const struct token_record *), void *context,
			   struct token_position *next)
{
	struct listing listing = {caller, limit, 0, each, context};
	struct token_walk walk = {.authority = authority,
				  .account = &caller->token.scope.account,
				  .filter = filter,
				  .now = now,
				  .each = list_token,
				  .context = &listing};

	return authority_walk_tokens(&walk, after, next);
}

/* All of FILTER in one form; what varies in length comes last. */
static void hash_filter(crypto_generichash_state *state, const struct token_filter *filter)
{
	const struct permission_set permission = filter->permission;
	const int64_t unused_since = filter->has_unused_since ? filter->unused_since : 0;
	const struct id none = {{0}};
	const uint8_t flags[] = {filter->active,          filter->expired,  filter->revoked,
				 filter->has_parent,      permission.every, filter->has_website,
				 filter->has_unused_since};

	crypto_generichash_update(state, flags, sizeof(flags));
	crypto_generichash_update(state, (filter->has_parent ? filter->parent : none).bytes,
				  ID_SIZE);
	crypto_generichash_update(state, (filter->has_website ? filter->website : none).bytes,
				  ID_SIZE);
	crypto_generichash_update(state, (const uint8_t *)&permission.bits,
				  sizeof(permission.bits));
	crypto_generichash_update(state, (const uint8_t *)&unused_since, sizeof(unused_since));
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
