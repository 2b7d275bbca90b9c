/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "bootstrap_code.h"
#include "codec.h"

#include <sodium.h>

/* POST /api/v1/bootstrap. The route is there only while a file with a code is. */
enum result first_owner_make(struct worker *worker, const struct request *request,
			     struct response *response)
{
	const struct config *config = worker->server->config;
	struct token_record record = {0};
	struct key key = {0};
	char code[BOOTSTRAP_CODE_SIZE] = "";
	enum result result = codec_read_code(config, request->body.data, request->body.length, code,
					     &response->error);

	/* Waits for others who ask, and runs scrypt for whoever knows the code. */
	if (result == RESULT_OK && !worker->authority.may_wait)
		result = RESULT_DEFERRED;
	if (result == RESULT_OK)
		result = bootstrap_code_redeem(&worker->authority, code, request_address(request),
					       request->now, &record, &key, &response->error);
	if (result == RESULT_OK) {
		response->told_first_key_of = config->database;
		response_open_data(response);
		codec_write_token(config, &record, request->now, NULL, &key, &response->body);
		response_end_data(response);
		result = response_close(response, 201);
	}
	sodium_memzero(code, sizeof(code));
	token_key_wipe(&key);
	token_record_clear(&record);
	return result;
}
