/* SPDX-License-Identifier: ISC */
#include "audit.h"

#include <sodium.h>

#include <string.h>

static const char *const action_names[AUDIT_ACTION_COUNT] = {
	[AUDIT_TOKEN_CREATE] = "token.create",
	[AUDIT_TOKEN_CHANGE] = "token.change",
	[AUDIT_TOKEN_ROTATE] = "token.rotate",
	[AUDIT_TOKEN_REVOKE] = "token.revoke",
	[AUDIT_TOKEN_PURGE] = "token.purge",
	[AUDIT_REPLACED_KEY_USED] = "replaced_key.used",
	[AUDIT_SCOPE_REFUSED] = "scope.refused",
	[AUDIT_WEBSITE_ADD] = "website.add",
	[AUDIT_WEBSITE_CHANGE] = "website.change",
	[AUDIT_WEBSITE_REMOVE] = "website.remove",
	[AUDIT_TEAM_SET] = "team.set",
	[AUDIT_TEAM_REMOVE] = "team.remove",
	[AUDIT_ACCOUNT_ADD] = "account.add",
	[AUDIT_ACCOUNT_CHANGE] = "account.change",
	[AUDIT_ACCOUNT_DISABLE] = "account.disable",
	[AUDIT_ACCOUNT_ENABLE] = "account.enable",
	[AUDIT_RESTORE] = "restore",
};

_Static_assert(AUDIT_KEY_SIZE >= crypto_generichash_KEYBYTES_MIN &&
		       AUDIT_KEY_SIZE <= crypto_generichash_KEYBYTES_MAX,
	       "a key of BLAKE2b");

const char *audit_action_name(enum audit_action action)
{
	return action_names[action];
}

static void add_number(crypto_generichash_state *state, uint64_t number)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(number >> (56 - 8 * i));
	crypto_generichash_update(state, bytes, sizeof(bytes));
}

/* Each value behind its length, and an absent one behind a length that none has: no two rows give
 * the same bytes. */
static void add_row(crypto_generichash_state *state, const struct audit_row *row)
{
	add_number(state, (uint64_t)row->sequence);
	add_number(state, (uint64_t)row->at);
	for (size_t i = 0; i < AUDIT_COLUMN_COUNT; i++) {
		const struct audit_value *value = &row->values[i];

		add_number(state, value->bytes == NULL ? UINT64_MAX : value->length);
		if (value->bytes != NULL)
			crypto_generichash_update(state, value->bytes, value->length);
	}
	crypto_generichash_update(state, row->key_id, sizeof(row->key_id));
}

/* The key of the row before is part of it, so that nobody can call rows that he changed another
 * key's without breaking the row behind them. */
void audit_chain(const struct audit_key *key, const struct audit_tail *previous,
		 const struct audit_row *row, uint8_t chain[static STORE_CHAIN_SIZE])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, key->bytes, sizeof(key->bytes), STORE_CHAIN_SIZE);
	crypto_generichash_update(&state, previous->key_id, sizeof(previous->key_id));
	crypto_generichash_update(&state, previous->chain, sizeof(previous->chain));
	add_row(&state, row);
	crypto_generichash_final(&state, chain, STORE_CHAIN_SIZE);
	sodium_memzero(&state, sizeof(state));
}

void audit_digest(uint8_t digest[static STORE_CHAIN_SIZE], const struct audit_row *row)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, STORE_CHAIN_SIZE);
	crypto_generichash_update(&state, digest, STORE_CHAIN_SIZE);
	add_row(&state, row);
	crypto_generichash_update(&state, row->chain, sizeof(row->chain));
	crypto_generichash_final(&state, digest, STORE_CHAIN_SIZE);
}

static struct audit_value value_of(const void *bytes, size_t length)
{
	struct audit_value value = {bytes, length};

	return value;
}

static struct audit_value id_value(const struct id *id)
{
	return id == NULL ? value_of(NULL, 0) : value_of(id->bytes, ID_SIZE);
}

static struct audit_value text_value(const char *text)
{
	return text == NULL ? value_of(NULL, 0) : value_of(text, strlen(text));
}

enum result audit_write(struct store *store, const struct audit_key *key,
			const struct audit_entry *entry)
{
	struct audit_tail tail;
	struct audit_row row = {.at = entry->at,
				.values = {
					[AUDIT_ACTOR] = id_value(entry->actor),
					[AUDIT_ACCOUNT] = id_value(entry->account),
					[AUDIT_ADDRESS] = text_value(entry->address),
					[AUDIT_REQUEST_ID] = text_value(entry->request_id),
					[AUDIT_ACTION] = text_value(action_names[entry->action]),
					[AUDIT_TARGET] = id_value(entry->target),
					[AUDIT_BEFORE] = text_value(entry->before),
					[AUDIT_AFTER] = text_value(entry->after),
				}};
	enum result result = store_find_audit_tail(store, &tail);

	if (result != RESULT_OK)
		return result;
	row.sequence = tail.sequence + 1;
	memcpy(row.key_id, key->id, sizeof(row.key_id));
	audit_chain(key, &tail, &row, row.chain);
	return store_add_audit(store, &row);
}
