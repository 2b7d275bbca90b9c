/* SPDX-License-Identifier: ISC */
#include "handlers.h"

/* GET /healthz: the store has to answer. */
enum result health_check(struct worker *worker, const struct request *request,
			 struct response *response)
{
	uint64_t accounts;
	enum result result = store_count_accounts(worker->authority.store, &accounts);

	(void)request;
	if (result != RESULT_OK)
		return result;
	response_open_data(response);
	buffer_append_text(&response->body, "{\"status\":\"ok\"}");
	response_end_data(response);
	return response_close(response, 200);
}

/* GET /metrics, in the text format of Prometheus. */
enum result health_metrics(struct worker *worker, const struct request *request,
			   struct response *response)
{
	enum result result;

	(void)request;
	if (!worker->server->serves_metrics)
		return RESULT_NOT_FOUND;
	metrics_write(worker->server, &response->body);
	result = buffer_result(&response->body);
	if (result == RESULT_OK) {
		response->type = RESPONSE_METRICS;
		response->status = 200;
	}
	return result;
}
