/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "codec.h"
#include "json_write.h"

#include <stdio.h>

/* PATCH /access-tokens/{tokenId} */
enum result tokens_change(struct worker *worker, const struct request *request,
			  struct response *response)
{
	const struct config *config = worker->server->config;
	struct token_draft draft = {0};
	struct token_record record = {0};
	struct id id;
	uint64_t descendants;
	bool cascade;
	enum result result = tokens_read_flag(request, "cascade", &cascade, &response->error);

	if (result == RESULT_OK)
		result = codec_read_change(config, request->body.data, request->body.length,
					   request->now, &draft, &response->error);
	if (result == RESULT_OK)
		result = tokens_parse_id(request, &id);
	if (result == RESULT_OK)
		result = authority_change(&worker->authority, &request->caller, &id, &draft,
					  cascade, &record, &descendants, &response->error);
	if (result == RESULT_OK) {
		response_open_data(response);
		codec_write_changed_token(config, &record, request->now, descendants,
					  &response->body);
		response_end_data(response);
		result = response_close(response, 200);
	}
	token_record_clear(&record);
	token_draft_clear(&draft);
	return result;
}

/* POST /access-tokens/{tokenId}/rotate */
enum result tokens_rotate(struct worker *worker, const struct request *request,
			  struct response *response)
{
	const struct config *config = worker->server->config;
	struct token_record record = {0};
	struct key key = {0};
	struct idempotency storage;
	const struct idempotency *idempotency;
	char route[sizeof("POST rotate ") + ID_TEXT_SIZE];
	char text[ID_TEXT_SIZE] = "";
	struct id id;
	enum result found = tokens_parse_id(request, &id);
	int64_t grace_ms = 0;
	enum result result = codec_read_rotation(config, request->body.data, request->body.length,
						 &grace_ms, &response->error);

	if (found == RESULT_OK)
		id_format(&id, text);
	snprintf(route, sizeof(route), "POST rotate %s", text);
	if (result == RESULT_OK)
		result = request_idempotency(request, config->token_prefix, route, &storage,
					     &idempotency, &response->error);
	if (result == RESULT_OK)
		result = found;
	if (result == RESULT_OK)
		result = authority_rotate(&worker->authority, &request->caller, &id, grace_ms,
					  idempotency, request->now, &record, &key,
					  &response->error);
	if (result == RESULT_OK) {
		response_open_data(response);
		codec_write_token(config, &record, request->now, NULL, &key, &response->body);
		response_end_data(response);
		result = response_close(response, 200);
	}
	token_key_wipe(&key);
	token_record_clear(&record);
	return result;
}
