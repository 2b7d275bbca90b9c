/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "codec.h"
#include "json_write.h"
#include "page.h"
#include "token_query.h"

#include <stdio.h>
#include <string.h>

/* 1000 websites, 64 permissions, 64 networks, a name in which all is escaped. */
enum { TOKEN_JSON_MAX = 40 * 1024 };

enum result tokens_parse_id(const struct request *request, struct id *id)
{
	const struct path_value *value = &request->values[0];

	if (value->length == strlen("self") && memcmp(value->text, "self", value->length) == 0) {
		*id = request->caller.token.id;
		return RESULT_OK;
	}
	return request_path_id(request, 0, id);
}

/* POST /access-tokens */
enum result tokens_create(struct worker *worker, const struct request *request,
			  struct response *response)
{
	const struct config *config = worker->server->config;
	struct token_draft draft = {0};
	struct token_record record = {0};
	struct key key = {0};
	struct idempotency storage;
	const struct idempotency *idempotency;
	char location[CONFIG_BASE_PATH_SIZE + sizeof(ADMIN "/access-tokens/") + ID_TEXT_SIZE];
	char id[ID_TEXT_SIZE];
	enum result result = RESULT_INTERNAL;

	result = codec_read_draft(config, request->body.data, request->body.length, request->now,
				  &draft, &response->error);
	if (result != RESULT_OK)
		goto out;
	result = request_idempotency(request, config->token_prefix, "POST access-tokens", &storage,
				     &idempotency, &response->error);
	if (result != RESULT_OK)
		goto out;
	result = authority_issue(&worker->authority, &request->caller, &draft, idempotency,
				 request->now, &record, &key, &response->error);
	if (result != RESULT_OK)
		goto out;

	id_format(&record.id, id);
	snprintf(location, sizeof(location), "%s%s%s", config->base_path, ADMIN "/access-tokens/",
		 id);
	response_header(response, "Location", location);
	response_open_data(response);
	codec_write_token(config, &record, request->now, NULL, &key, &response->body);
	response_end_data(response);
	result = response_close(response, 201);
out:
	token_key_wipe(&key);
	token_record_clear(&record);
	token_draft_clear(&draft);
	return result;
}

/* GET /access-tokens/self */
enum result tokens_self(struct worker *worker, const struct request *request,
			struct response *response)
{
	response_open_data(response);
	codec_write_token(worker->server->config, &request->caller.token, request->now,
			  &request->caller.account, NULL, &response->body);
	response_end_data(response);
	return response_close(response, 200);
}

/* GET /access-tokens/{tokenId} */
enum result tokens_show(struct worker *worker, const struct request *request,
			struct response *response)
{
	struct token_record record = {0};
	struct id id;
	enum result result = tokens_parse_id(request, &id);

	if (result == RESULT_OK)
		result = authority_find(&worker->authority, &request->caller, &id, &record);
	if (result == RESULT_OK) {
		response_open_data(response);
		codec_write_token(worker->server->config, &record, request->now, NULL, NULL,
				  &response->body);
		response_end_data(response);
		result = response_close(response, 200);
	}
	token_record_clear(&record);
	return result;
}

enum result tokens_read_flag(const struct request *request, const char *name, bool *flag,
			     struct error *err)
{
	char text[8];
	enum result result = request_parameter(request, name, text, sizeof(text), err);

	*flag = false;
	if (result != RESULT_OK)
		return result == RESULT_NOT_FOUND ? RESULT_OK : result;
	*flag = strcmp(text, "true") == 0;
	if (*flag || strcmp(text, "false") == 0)
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_PARAMETER, name, "%s: true or false is wanted", name);
}

/* DELETE /access-tokens/{tokenId} */
enum result tokens_revoke(struct worker *worker, const struct request *request,
			  struct response *response)
{
	struct id id;
	uint64_t descendants;
	bool cascade;
	enum result result = tokens_read_flag(request, "cascade", &cascade, &response->error);

	if (result == RESULT_OK)
		result = tokens_parse_id(request, &id);
	if (result == RESULT_OK)
		result = authority_revoke(&worker->authority, &request->caller, &id, cascade,
					  request->now, &descendants, &response->error);
	if (result != RESULT_OK)
		return result;
	response_open_data(response);
	buffer_append_text(&response->body, "{\"message\":\"Access token deleted successfully\"");
	json_write_name("descendants", &response->body);
	buffer_append_number(&response->body, (int64_t)descendants);
	buffer_append_char(&response->body, '}');
	response_end_data(response);
	return response_close(response, 200);
}

struct list_writing {
	const struct config *config;
	int64_t now;
	struct response *response;
};

static bool write_listed(void *context, const struct token_record *record)
{
	struct list_writing *to = context;

	if (page_is_full(to->response, TOKEN_JSON_MAX))
		return false;
	response_next_datum(to->response);
	codec_write_token(to->config, record, to->now, NULL, NULL, &to->response->body);
	return true;
}

/* GET /access-tokens */
enum result tokens_list(struct worker *worker, const struct request *request,
			struct response *response)
{
	struct list_writing to = {worker->server->config, request->now, response};
	struct token_query query;
	struct page page = {
		.list = CURSOR_OF_TOKENS, .filter = &query.filter, .names = TOKEN_QUERY_NAMES};
	struct token_position next;
	enum result result = page_read_limit(request, &page, &response->error);

	if (result == RESULT_OK)
		result = token_query_read(request, &to.config->catalogue, &query, &response->error);
	if (result == RESULT_OK)
		result = page_read_cursor(worker, request, &page, &response->error);
	if (result != RESULT_OK)
		return result;

	response_open_data(response);
	result = authority_list(&worker->authority, &request->caller, &query.filter, request->now,
				page.limit, &page.position, write_listed, &to, &next);
	response_end_data(response);
	if (result == RESULT_OK)
		result = page_write_next(worker, request, &page, &next, response);
	return result == RESULT_OK ? response_close(response, 200) : result;
}
