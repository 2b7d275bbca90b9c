/* SPDX-License-Identifier: ISC */
/* The revocation of many tokens at once. */
#include "handlers.h"

#include "codec.h"
#include "json_write.h"

#include <string.h>

/* One more record and what follows the records may need so much. */
enum { RECORDS_SIZE_MAX = RESPONSE_BODY_MAX - 48 * 1024 };

struct sweep_writing {
	const struct config *config;
	int64_t now;
	struct response *response;
};

static bool write_swept(void *context, const struct token_record *record)
{
	struct sweep_writing *to = context;

	if (to->response->body.length > RECORDS_SIZE_MAX)
		return false;
	response_next_datum(to->response);
	codec_write_token(to->config, record, to->now, NULL, NULL, &to->response->body);
	return true;
}

/* What was only looked at is another list than what was revoked. */
static enum cursor_list list_of(const struct token_sweep *sweep)
{
	return sweep->is_dry_run ? CURSOR_OF_DRY_SWEEP : CURSOR_OF_SWEEP;
}

static enum result read_cursor(struct worker *worker, const struct request *request,
			       struct sweep_order *order, struct error *err)
{
	struct token_sweep *sweep = &order->sweep;
	enum result result;

	if (order->cursor[0] == '\0')
		return RESULT_OK;
	result = authority_read_cursor(&worker->authority, &request->caller, list_of(sweep),
				       &sweep->filter, order->cursor, strlen(order->cursor),
				       &sweep->after);
	if (result == RESULT_INVALID_PARAMETER)
		return error_set(
			err, RESULT_INVALID_FIELD, "cursor",
			"cursor: this is not the nextCursor of an answer to these filters; "
			"begin again without it");
	return result;
}

static enum result write_outcome(struct worker *worker, const struct request *request,
				 const struct token_sweep *sweep,
				 const struct sweep_outcome *outcome, struct buffer *out)
{
	char cursor[CURSOR_TEXT_SIZE];
	enum result result = RESULT_OK;

	json_write_name("revocation", out);
	buffer_append_format(
		out, "{\"dryRun\":%s,\"descendants\":", sweep->is_dry_run ? "true" : "false");
	buffer_append_number(out, (int64_t)outcome->descendants);
	json_write_name("skipped", out);
	buffer_append_number(out, (int64_t)outcome->skipped);
	buffer_append_char(out, '}');
	json_write_name("pagination", out);
	if (!outcome->next.is_set) {
		buffer_append_text(out, "{\"nextCursor\":null}");
		return RESULT_OK;
	}
	result = authority_write_cursor(&worker->authority, &request->caller, list_of(sweep),
					&sweep->filter, &outcome->next, cursor);
	if (result == RESULT_OK)
		buffer_append_format(out, "{\"nextCursor\":\"%s\"}", cursor);
	return result;
}

/* POST /access-tokens/revoke */
enum result tokens_sweep(struct worker *worker, const struct request *request,
			 struct response *response)
{
	const struct config *config = worker->server->config;
	struct sweep_writing to = {config, request->now, response};
	struct sweep_order order = {0};
	struct sweep_outcome outcome;
	enum result result = codec_read_sweep(config, request->body.data, request->body.length,
					      request->now, &order, &response->error);

	if (result == RESULT_OK)
		result = read_cursor(worker, request, &order, &response->error);
	if (result != RESULT_OK)
		return result;
	response_open_data(response);
	result = authority_sweep(&worker->authority, &request->caller, &order.sweep, request->now,
				 write_swept, &to, &outcome);
	response_end_data(response);
	if (result == RESULT_OK)
		result = write_outcome(worker, request, &order.sweep, &outcome, &response->body);
	return result == RESULT_OK ? response_close(response, 200) : result;
}
