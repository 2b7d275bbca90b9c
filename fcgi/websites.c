/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "codec.h"

static bool write_website(void *context, const struct website_record *website)
{
	struct response *response = context;

	response_next_datum(response);
	codec_write_website(website, &response->body);
	return true;
}

/* GET /websites */
enum result websites_list(struct worker *worker, const struct request *request,
			  struct response *response)
{
	enum result result;

	response_open_data(response);
	result = authority_list_websites(&worker->authority, &request->caller,
					 request->caller.required, write_website, response);
	response_end_data(response);
	return result == RESULT_OK ? response_close(response, 200) : result;
}
