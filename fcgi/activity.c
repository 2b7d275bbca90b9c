/* SPDX-License-Identifier: ISC */
#include "handlers.h"

#include "ascii.h"
#include "codec.h"
#include "id.h"

#include <string.h>

enum { DAYS_DEFAULT = 7 };

/* What is asked for; zeroed, all tokens of the account. */
struct question {
	bool has_token;
	struct id token;
	uint64_t days;
};

static enum result read_token(const struct request *request, struct question *question,
			      struct error *err)
{
	char text[ID_TEXT_SIZE];
	enum result result = request_parameter(request, "tokenId", text, sizeof(text), err);

	question->has_token = result == RESULT_OK;
	if (result == RESULT_NOT_FOUND ||
	    (result == RESULT_OK && id_parse(text, strlen(text), &question->token)))
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_PARAMETER, "tokenId",
			 "tokenId: an id of 24 lower-case hex digits is wanted, once");
}

static enum result read_days(const struct request *request, struct question *question,
			     struct error *err)
{
	char text[4];
	enum result result = request_parameter(request, "days", text, sizeof(text), err);

	question->days = DAYS_DEFAULT;
	if (result == RESULT_NOT_FOUND ||
	    (result == RESULT_OK &&
	     ascii_parse_number(text, strlen(text), ACTIVITY_DAYS_MAX, &question->days) &&
	     question->days > 0))
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_PARAMETER, "days",
			 "days: a whole number from 1 to %d is wanted, once", ACTIVITY_DAYS_MAX);
}

static void write_hour(void *context, const struct activity *activity)
{
	struct response *response = context;

	response_next_datum(response);
	codec_write_activity(activity, &response->body);
}

/* GET /activity */
enum result activity_list(struct worker *worker, const struct request *request,
			  struct response *response)
{
	struct question question;
	enum result result = read_token(request, &question, &response->error);

	if (result == RESULT_OK)
		result = read_days(request, &question, &response->error);
	if (result != RESULT_OK)
		return result;

	response_open_data(response);
	result = authority_list_activity(
		&worker->authority, &request->caller, question.has_token ? &question.token : NULL,
		(unsigned)question.days, request->now, write_hour, response, &response->error);
	response_end_data(response);
	return result == RESULT_OK ? response_close(response, 200) : result;
}
