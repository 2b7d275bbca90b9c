/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "log.h"
#include "secret.h"

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

static void write_metric(struct buffer *out, const char *name, const char *type, const char *help,
			 uint64_t value)
{
	buffer_append_format(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type,
			     name, (unsigned long long)value);
}

/* GET /metrics, in the text format of Prometheus. */
enum result health_metrics(struct worker *worker, const struct request *request,
			   struct response *response)
{
	struct buffer *out = &response->body;
	enum result result;

	(void)request;
	if (!worker->server->serves_metrics)
		return RESULT_NOT_FOUND;
	write_metric(out, "claviger_scrypt_runs_total", "counter", "scrypt runs since the start.",
		     secret_runs());
	write_metric(out, "claviger_scrypt_running", "gauge", "scrypt runs at this moment.",
		     secret_running());
	write_metric(out, "claviger_requests_waiting", "gauge",
		     "Requests that wait for a thread or for a scrypt run.",
		     worker->server->waiting);
	write_metric(out, "claviger_log_lines_dropped_total", "counter",
		     "Log lines that could not be written.", log_dropped());
	result = buffer_result(out);
	if (result == RESULT_OK) {
		response->type = RESPONSE_METRICS;
		response->status = 200;
	}
	return result;
}
