/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "authority_website.h"
#include "codec.h"
#include "page.h"

/* A name in which all is escaped, and what stands around it. */
enum { MEMBER_JSON_MAX = 2048 };

static bool write_listed(void *context, const struct member_record *member)
{
	struct response *response = context;

	if (page_is_full(response, MEMBER_JSON_MAX))
		return false;
	response_next_datum(response);
	codec_write_member(member, &response->body);
	return true;
}

/* GET /websites/{websiteId}/team */
enum result team_list(struct worker *worker, const struct request *request,
		      struct response *response)
{
	struct page page = {.list = CURSOR_OF_TEAM};
	struct token_position next;
	struct id id;
	enum result result = page_read(worker, request, &page, &response->error);

	if (result == RESULT_OK)
		result = request_path_id(request, 0, &id);
	if (result != RESULT_OK)
		return result;

	response_open_data(response);
	result = authority_list_members(&worker->authority, &request->caller, &id, request->now,
					page.limit, &page.position, write_listed, response, &next,
					&response->error);
	response_end_data(response);
	if (result == RESULT_OK)
		result = page_write_next(worker, request, &page, &next, response);
	return result == RESULT_OK ? response_close(response, 200) : result;
}

/* ROLE_NONE takes the role away. */
static enum result set_role(struct worker *worker, const struct request *request, enum role role,
			    struct member_record *member, struct error *err)
{
	struct id website, account;
	enum result result = request_path_id(request, 0, &website);

	/* What is no id names nobody, and is judged in its turn: after the role on the website. */
	if (request_path_id(request, 1, &account) != RESULT_OK)
		account = (struct id){0};
	if (result == RESULT_OK)
		result = authority_set_role(&worker->authority, &request->caller, &website,
					    &account, role, request->now, member, err);
	return result;
}

/* PUT /websites/{websiteId}/team/{accountId} */
enum result team_set(struct worker *worker, const struct request *request,
		     struct response *response)
{
	struct member_record member;
	enum role role;
	enum result result = codec_read_role(worker->server->config, request->body.data,
					     request->body.length, &role, &response->error);

	if (result == RESULT_OK)
		result = set_role(worker, request, role, &member, &response->error);
	if (result != RESULT_OK)
		return result;
	response_open_data(response);
	codec_write_member(&member, &response->body);
	response_end_data(response);
	return response_close(response, 200);
}

/* DELETE /websites/{websiteId}/team/{accountId} */
enum result team_remove(struct worker *worker, const struct request *request,
			struct response *response)
{
	struct member_record member;
	enum result result = set_role(worker, request, ROLE_NONE, &member, &response->error);

	if (result != RESULT_OK)
		return result;
	response_open_data(response);
	buffer_append_text(&response->body, "{\"message\":\"Team member removed successfully\"}");
	response_end_data(response);
	return response_close(response, 200);
}
