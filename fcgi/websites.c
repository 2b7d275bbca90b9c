/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "authority_website.h"
#include "codec.h"
#include "page.h"

#include <stdio.h>

/* A domain of 253 bytes, a name in which all is escaped, and what stands around them. */
enum { WEBSITE_JSON_MAX = 2048 };

static bool write_listed(void *context, const struct website_record *website)
{
	struct response *response = context;

	if (page_is_full(response, WEBSITE_JSON_MAX))
		return false;
	response_next_datum(response);
	codec_write_website(website, &response->body);
	return true;
}

/* GET /websites */
enum result websites_list(struct worker *worker, const struct request *request,
			  struct response *response)
{
	struct page page = {.list = CURSOR_OF_WEBSITES};
	struct token_position next;
	enum result result = page_read(worker, request, &page, &response->error);

	if (result != RESULT_OK)
		return result;

	response_open_data(response);
	result = authority_list_websites(&worker->authority, &request->caller, request->now,
					 page.limit, &page.position, write_listed, response, &next);
	response_end_data(response);
	if (result == RESULT_OK)
		result = page_write_next(worker, request, &page, &next, response);
	return result == RESULT_OK ? response_close(response, 200) : result;
}

static enum result answer(const struct website_record *website, int status,
			  struct response *response)
{
	response_open_data(response);
	codec_write_website(website, &response->body);
	response_end_data(response);
	return response_close(response, status);
}

/* POST /websites */
enum result websites_create(struct worker *worker, const struct request *request,
			    struct response *response)
{
	const struct config *config = worker->server->config;
	struct website_draft draft;
	struct website_record website;
	char location[CONFIG_BASE_PATH_SIZE + sizeof(ADMIN "/websites/") + ID_TEXT_SIZE];
	char id[ID_TEXT_SIZE];
	enum result result = codec_read_website(config, request->body.data, request->body.length,
						&draft, &response->error);

	if (result == RESULT_OK)
		result = authority_add_website(&worker->authority, &request->caller, &draft,
					       request->now, &website, &response->error);
	if (result != RESULT_OK)
		return result;
	id_format(&website.id, id);
	snprintf(location, sizeof(location), "%s%s%s", config->base_path, ADMIN "/websites/", id);
	response_header(response, "Location", location);
	return answer(&website, 201, response);
}

/* GET /websites/{websiteId} */
enum result websites_show(struct worker *worker, const struct request *request,
			  struct response *response)
{
	struct website_record website;
	struct id id;
	enum result result = request_path_id(request, 0, &id);

	if (result == RESULT_OK)
		result = authority_find_website(&worker->authority, &request->caller, &id,
						request->now, &website, &response->error);
	return result == RESULT_OK ? answer(&website, 200, response) : result;
}

/* PUT /websites/{websiteId} */
enum result websites_rename(struct worker *worker, const struct request *request,
			    struct response *response)
{
	char name[STORE_NAME_SIZE];
	struct website_record website;
	struct id id;
	enum result result = codec_read_name(worker->server->config, request->body.data,
					     request->body.length, name, &response->error);

	if (result == RESULT_OK)
		result = request_path_id(request, 0, &id);
	if (result == RESULT_OK)
		result = authority_rename_website(&worker->authority, &request->caller, &id, name,
						  request->now, &website, &response->error);
	return result == RESULT_OK ? answer(&website, 200, response) : result;
}

/* DELETE /websites/{websiteId} */
enum result websites_remove(struct worker *worker, const struct request *request,
			    struct response *response)
{
	struct id id;
	enum result result = request_path_id(request, 0, &id);

	if (result == RESULT_OK)
		result = authority_remove_website(&worker->authority, &request->caller, &id,
						  request->now, &response->error);
	if (result != RESULT_OK)
		return result;
	response_open_data(response);
	buffer_append_text(&response->body, "{\"message\":\"Website deleted successfully\"}");
	response_end_data(response);
	return response_close(response, 200);
}
