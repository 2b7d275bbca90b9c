/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "codec.h"

/* What is said of a key that is good, or NULL where it may do all that was asked; RESULT_INTERNAL
 * and others where nothing can be said. */
static enum result judge(struct worker *worker, const struct verification *asked,
			 const struct scope *scope, int64_t now, const char **reason)
{
	const struct id *website = asked->has_website ? &asked->website : NULL;
	enum result result =
		authority_permit(&worker->authority, scope, asked->needed, website, now);

	*reason = NULL;
	if (result == RESULT_INSUFFICIENT_SCOPE)
		*reason = error_reason(result);
	else if (result == RESULT_NOT_FOUND)
		*reason = "website_out_of_scope";
	return *reason == NULL ? result : RESULT_OK;
}

/* POST /api/v1/verify */
enum result tokens_verify(struct worker *worker, const struct request *request,
			  struct response *response)
{
	const struct config *config = worker->server->config;
	struct verification asked = {0};
	struct caller holder = {0};
	const struct token_record *record = &holder.token;
	const char *reason = NULL;
	enum result result = codec_read_verification(
		config, request->body.data, request->body.length, &asked, &response->error);

	if (result == RESULT_OK)
		result = authority_check_key(&worker->authority, asked.key_text, asked.key_length,
					     &request->caller.account.id, request_address(request),
					     request->now, &holder, &response->pending,
					     &response->error);
	if (result == RESULT_INVALID_TOKEN) {
		/* Not the record of what the selector finds: the key was not proven. */
		reason = error_reason(result);
		record = NULL;
		result = RESULT_OK;
	} else if (result == RESULT_OK) {
		result = judge(worker, &asked, &record->scope, request->now, &reason);
	}
	if (result == RESULT_OK) {
		response_open_data(response);
		codec_write_verdict(config, reason, record, request->now, &response->body);
		response_end_data(response);
		result = response_close(response, 200);
	}
	caller_clear(&holder);
	codec_clear_verification(&asked);
	return result;
}
