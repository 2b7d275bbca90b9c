/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "codec.h"
#include "page.h"

/* Two tokens of 1000 websites and 64 permissions, what they were and what they are. */
enum { ENTRY_JSON_MAX = 2 * 40 * 1024 };

static bool write_entry(void *context, const struct audit_row *row)
{
	struct response *response = context;

	if (page_is_full(response, ENTRY_JSON_MAX))
		return false;
	response_next_datum(response);
	codec_write_audit(row, &response->body);
	return true;
}

/* GET /audit */
enum result audit_list(struct worker *worker, const struct request *request,
		       struct response *response)
{
	struct page page = {.list = CURSOR_OF_AUDIT};
	struct token_position next;
	enum result result = page_read(worker, request, &page, &response->error);

	if (result != RESULT_OK)
		return result;

	response_open_data(response);
	result = authority_list_audit(&worker->authority, &request->caller, page.limit,
				      &page.position, write_entry, response, &next);
	response_end_data(response);
	if (result == RESULT_OK)
		result = page_write_next(worker, request, &page, &next, response);
	return result == RESULT_OK ? response_close(response, 200) : result;
}
