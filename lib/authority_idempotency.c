/* SPDX-License-Identifier: ISC */
/* Requests that are sent again because their answer was lost. */
#include "authority.h"
#include "authority_internal.h"

#include <sodium.h>

#include <string.h>

enum { REMEMBERED_MS = 24 * 60 * 60 * 1000 };

_Static_assert((int)STORE_HASH_SIZE == (int)crypto_generichash_BYTES, "the default size");

void authority_hash_request(const char *idempotency_key, const char *route, const char *body,
			    size_t body_length, struct idempotency *idempotency)
{
	crypto_generichash_state state;

	crypto_generichash(idempotency->name, sizeof(idempotency->name),
			   (const unsigned char *)idempotency_key, strlen(idempotency_key), NULL,
			   0);
	crypto_generichash_init(&state, NULL, 0, sizeof(idempotency->request));
	/* With its NUL, so that no body can pass for the end of a route. */
	crypto_generichash_update(&state, (const unsigned char *)route, strlen(route) + 1);
	crypto_generichash_update(&state, (const unsigned char *)body, body_length);
	crypto_generichash_final(&state, idempotency->request, sizeof(idempotency->request));
}

enum result authority_find_earlier(struct authority *authority, const struct caller *caller,
				   const struct idempotency *idempotency, int64_t now,
				   struct idempotent_record *earlier, bool *is_repeat,
				   struct error *err)
{
	enum result result;

	*is_repeat = false;
	*earlier = (struct idempotent_record){.caller = caller->token.id};
	if (idempotency == NULL)
		return RESULT_OK;
	memcpy(earlier->name, idempotency->name, sizeof(earlier->name));
	result = store_find_idempotent(authority->store, earlier);
	if (result == RESULT_NOT_FOUND ||
	    (result == RESULT_OK && earlier->made_at <= now - REMEMBERED_MS))
		return RESULT_OK;
	if (result != RESULT_OK)
		return result;
	if (memcmp(earlier->request, idempotency->request, sizeof(earlier->request)) != 0)
		return error_set(err, RESULT_IDEMPOTENCY_MISMATCH, "Idempotency-Key",
				 "This Idempotency-Key was used for another request; use a new one "
				 "for each");
	*is_repeat = true;
	return RESULT_OK;
}

enum result authority_remember(struct authority *authority, const struct caller *caller,
			       const struct idempotency *idempotency, const struct id *token,
			       int64_t now)
{
	struct idempotent_record record = {
		.caller = caller->token.id, .token = *token, .made_at = now};

	if (idempotency == NULL)
		return RESULT_OK;
	memcpy(record.name, idempotency->name, sizeof(record.name));
	memcpy(record.request, idempotency->request, sizeof(record.request));
	return store_put_idempotent(authority->store, &record);
}

enum result authority_forget(struct authority *authority, int64_t now)
{
	enum result result = store_end_graces(authority->store, now);

	if (result == RESULT_OK)
		result = store_forget_idempotent(authority->store, now - REMEMBERED_MS);
	return result == RESULT_OK ? authority_forget_activity(authority, now) : result;
}
