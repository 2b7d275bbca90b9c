/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "codec.h"
#include "json_write.h"
#include "page.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

enum { NAME_PART_CHARACTERS_MAX = 100 };
/* 1000 websites, 64 permissions, 64 networks, a name in which all is escaped. */
enum { TOKEN_JSON_MAX = 40 * 1024 };

enum result tokens_parse_id(const struct request *request, struct id *id)
{
	const struct path_value *value = &request->values[0];

	if (value->length == strlen("self") && memcmp(value->text, "self", value->length) == 0) {
		*id = request->caller.token.id;
		return RESULT_OK;
	}
	return id_parse(value->text, value->length, id) ? RESULT_OK : RESULT_NOT_FOUND;
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

/* What a list is asked for. */
struct list_query {
	struct token_filter filter;
	char name_part[4 * NAME_PART_CHARACTERS_MAX + 1];
};

static enum result read_state(const struct request *request, struct token_filter *filter,
			      struct error *err)
{
	static const struct {
		const char *name;
		struct token_filter filter;
	} states[] = {
		{"active", {.active = true}},
		{"expired", {.expired = true}},
		{"revoked", {.revoked = true}},
		{"all", {.active = true, .expired = true, .revoked = true}},
	};
	char text[16];
	enum result result = request_parameter(request, "state", text, sizeof(text), err);

	*filter = (struct token_filter){.active = true, .expired = true};
	if (result == RESULT_NOT_FOUND)
		return RESULT_OK;
	for (size_t i = 0; result == RESULT_OK && i < ARRAY_LENGTH(states); i++) {
		if (strcmp(text, states[i].name) == 0) {
			*filter = states[i].filter;
			return RESULT_OK;
		}
	}
	return error_set(err, RESULT_INVALID_PARAMETER, "state",
			 "state: active, expired, revoked or all is wanted, once");
}

static enum result read_name_part(const struct request *request, struct list_query *query,
				  struct error *err)
{
	size_t characters = 0, at = 0;
	uint32_t character;
	enum result result =
		request_parameter(request, "q", query->name_part, sizeof(query->name_part), err);

	if (result == RESULT_NOT_FOUND)
		return RESULT_OK;
	while (result == RESULT_OK && query->name_part[at] != '\0') {
		if (!text_next_character(query->name_part, strlen(query->name_part), &at,
					 &character) ||
		    ++characters > NAME_PART_CHARACTERS_MAX)
			result = RESULT_INVALID_PARAMETER;
	}
	if (result != RESULT_OK)
		return error_set(err, RESULT_INVALID_PARAMETER, "q",
				 "q: a part of a name is wanted, 1 to %d characters of UTF-8, once",
				 NAME_PART_CHARACTERS_MAX);
	if (characters > 0)
		query->filter.name_part = query->name_part;
	return RESULT_OK;
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
	struct list_query query = {0};
	struct page page = {.list = CURSOR_OF_TOKENS, .filter = &query.filter, .names = "state q"};
	struct token_position next;
	enum result result = page_read_limit(request, &page, &response->error);

	if (result == RESULT_OK)
		result = read_state(request, &query.filter, &response->error);
	if (result == RESULT_OK)
		result = read_name_part(request, &query, &response->error);
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
