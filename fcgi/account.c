/* SPDX-License-Identifier: ISC */
#include "handlers.h"

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
