/* SPDX-License-Identifier: ISC */
/* What OAuth's clients ask: introspection (RFC 7662) and revocation (RFC 7009). */
#include "handlers.h"

#include "codec.h"
#include "credentials.h"
#include "form.h"

#include <sodium.h>

static enum result write_introspection(struct worker *worker, struct token_record *record,
				       struct response *response)
{
	enum result result = authority_cut_to_reached(&worker->authority, &record->scope);

	if (result != RESULT_OK)
		return result;
	response_open_bare(response);
	codec_write_introspection(worker->server->config, record, &response->body);
	return response_close(response, 200);
}

/* POST /api/v1/introspect. Sight is by account alone: whoever sends a key could use it. */
enum result oauth_introspect(struct worker *worker, const struct request *request,
			     struct response *response)
{
	struct form_value token;
	struct caller holder = {0};
	enum result result = form_read(request->body.data, request->body.length, "token", &token,
				       &response->error);

	if (result == RESULT_OK)
		result = authority_check_key(&worker->authority, token.bytes, token.length,
					     &request->caller.account.id, request_address(request),
					     request->now, &holder, &response->pending,
					     &response->error);
	if (result == RESULT_OK) {
		result = write_introspection(worker, &holder.token, response);
	} else if (result == RESULT_INVALID_TOKEN) {
		response_open_bare(response);
		codec_write_inactive(&response->body);
		result = response_close(response, 200);
	}
	caller_clear(&holder);
	sodium_memzero(&token, sizeof(token));
	return result;
}

/* Revokes whom TOKEN is the key of; nothing where it is nobody's. */
static enum result revoke(struct worker *worker, const struct request *request,
			  const struct form_value *token, struct response *response)
{
	struct caller holder = {0};
	enum result result = authority_check_key(&worker->authority, token->bytes, token->length,
						 NULL, request_address(request), request->now,
						 &holder, &response->pending, &response->error);

	if (result == RESULT_OK) {
		holder.address = request->variables[VARIABLE_ADDRESS];
		holder.request_id = request->id;
		result = authority_revoke_held(&worker->authority, &holder, request->now);
	}
	caller_clear(&holder);
	return result == RESULT_INVALID_TOKEN ? RESULT_OK : result;
}

/* POST /api/v1/revoke. No caller: whoever finds a key may end it, wherever it may be used from. */
enum result oauth_revoke(struct worker *worker, const struct request *request,
			 struct response *response)
{
	struct form_value token = {0};
	enum result result = credentials_check_query(request, worker->server->config->token_prefix,
						     &response->error);

	if (result == RESULT_OK)
		result = form_read(request->body.data, request->body.length, "token", &token,
				   &response->error);
	if (result == RESULT_OK)
		result = revoke(worker, request, &token, response);
	sodium_memzero(&token, sizeof(token));
	if (result == RESULT_RATE_LIMITED) {
		/* Nobody knows whether it is a key: 200 might be a lie, and RFC 7009 (§2.2.1) has
		 * 503 for that. Complete here, since the slow lane would not know either. */
		response_refuse(response, RESULT_BUSY, request->id, NULL);
		return RESULT_OK;
	}
	if (result != RESULT_OK)
		return result;
	response_open_bare(response);
	return response_close(response, 200);
}
