/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "authority_website.h"
#include "codec.h"

/* GET /account */
enum result account_show(struct worker *worker, const struct request *request,
			 struct response *response)
{
	const struct caller *caller = &request->caller;

	response_open_data(response);
	codec_write_account(worker->server->config, &caller->account, &caller->token, request->now,
			    &response->body);
	response_end_data(response);
	return response_close(response, 200);
}

/* PUT /account */
enum result account_rename(struct worker *worker, const struct request *request,
			   struct response *response)
{
	const struct config *config = worker->server->config;
	char name[STORE_NAME_SIZE];
	struct account_record account;
	enum result result = codec_read_name(config, request->body.data, request->body.length, name,
					     &response->error);

	if (result == RESULT_OK)
		result = authority_rename_account(&worker->authority, &request->caller, name,
						  request->now, &account);
	if (result != RESULT_OK)
		return result;
	response_open_data(response);
	codec_write_account(config, &account, &request->caller.token, request->now,
			    &response->body);
	response_end_data(response);
	return response_close(response, 200);
}

/* GET /permissions */
enum result permissions_list(struct worker *worker, const struct request *request,
			     struct response *response)
{
	const struct catalogue *catalogue = &worker->server->config->catalogue;
	struct permission_set granted = request->caller.token.scope.permissions;

	response_open_data(response);
	for (size_t i = 0; i < catalogue->count; i++) {
		response_next_datum(response);
		codec_write_permission(&catalogue->permissions[i],
				       permission_set_covers(granted, permission_set_of(i)),
				       &response->body);
	}
	response_end_data(response);
	return response_close(response, 200);
}
