/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "authority_website.h"
#include "codec.h"
#include "page.h"

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
	enum result result = page_read_limit(request, &page, &response->error);

	if (result == RESULT_OK)
		result = page_read_cursor(worker, request, &page, &response->error);
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
