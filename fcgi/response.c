/* SPDX-License-Identifier: ISC */
#include "response.h"

#include "json_write.h"

#include <string.h>

void response_init(struct response *response)
{
	*response = (struct response){.status = 500};
	buffer_init(&response->head, RESPONSE_HEAD_MAX);
	buffer_init(&response->headers, RESPONSE_HEAD_MAX);
	buffer_init(&response->body, RESPONSE_BODY_MAX);
}

void response_clear(struct response *response)
{
	buffer_clear(&response->head);
	buffer_clear(&response->headers);
	buffer_clear(&response->body);
	response_init(response);
}

void response_reset(struct response *response)
{
	buffer_reset(&response->head);
	buffer_reset(&response->headers);
	buffer_reset(&response->body);
	response->status = 500;
	response->error = (struct error){0};
	response->type = RESPONSE_JSON;
	response->told_first_key_of = NULL;
	response->lacking[0] = '\0';
	response->pending = (struct pending_check){0};
}

int response_status(enum result result)
{
	switch (result) {
	case RESULT_OK:
		return 200;
	case RESULT_INVALID_REQUEST:
	case RESULT_INVALID_JSON:
	case RESULT_UNKNOWN_FIELD:
	case RESULT_INVALID_FIELD:
	case RESULT_INVALID_PARAMETER:
		return 400;
	case RESULT_MISSING_TOKEN:
	case RESULT_INVALID_TOKEN:
		return 401;
	case RESULT_INSUFFICIENT_SCOPE:
	case RESULT_REPLACED_KEY:
	case RESULT_SCOPE_EXCEEDED:
		return 403;
	case RESULT_NOT_FOUND:
		return 404;
	case RESULT_METHOD_NOT_ALLOWED:
		return 405;
	case RESULT_IDEMPOTENCY_MISMATCH:
	case RESULT_LIMIT_REACHED:
	case RESULT_CONFLICT:
	case RESULT_LAST_OWNER:
		return 409;
	case RESULT_BODY_TOO_LARGE:
		return 413;
	case RESULT_UNSUPPORTED_MEDIA_TYPE:
		return 415;
	case RESULT_RATE_LIMITED:
		return 429;
	case RESULT_BUSY:
	case RESULT_STORE_UNAVAILABLE:
	case RESULT_DEFERRED:
		return 503;
	case RESULT_INTERNAL:
	case RESULT_INVALID_CONFIGURATION:
	case RESULT_INVALID_USAGE:
		return 500;
	}
	return 500;
}

/* What to say where nobody has said something better. */
static const char *default_message(enum result result)
{
	switch (result) {
	case RESULT_INVALID_REQUEST:
		return "The request is not well-formed";
	case RESULT_MISSING_TOKEN:
		return "An access token is needed; send it as Authorization: Bearer KEY";
	case RESULT_INVALID_TOKEN:
		return "This access token is not valid; it may be mistyped, expired or revoked";
	case RESULT_INSUFFICIENT_SCOPE:
		return "The access token does not have the permission that this needs";
	case RESULT_SCOPE_EXCEEDED:
		return "This is wider than the access token that asked for it";
	case RESULT_REPLACED_KEY:
		return "This key was replaced; a token is changed and rotated with its newest key";
	case RESULT_NOT_FOUND:
		return "There is nothing here; see GET /api/v1/admin/access-tokens and /websites";
	case RESULT_METHOD_NOT_ALLOWED:
		return "This method is not known here; the Allow header lists those that are";
	case RESULT_RATE_LIMITED:
		return "Too many failed attempts with this token; wait as Retry-After says";
	case RESULT_BUSY:
	case RESULT_DEFERRED:
		return "The service is busy; try again in a moment";
	case RESULT_STORE_UNAVAILABLE:
		return "The service cannot use its store now; try again later";
	case RESULT_INVALID_PARAMETER:
		return "A parameter of the query is not valid";
	case RESULT_INVALID_JSON:
	case RESULT_UNKNOWN_FIELD:
	case RESULT_INVALID_FIELD:
		return "The body is not valid";
	case RESULT_BODY_TOO_LARGE:
		return "The body is too large";
	case RESULT_UNSUPPORTED_MEDIA_TYPE:
		return "The body is not of the type that is wanted here";
	case RESULT_LIMIT_REACHED:
		return "The account has as many tokens as it may have";
	case RESULT_IDEMPOTENCY_MISMATCH:
		return "This Idempotency-Key was used for another request; use a new one";
	case RESULT_CONFLICT:
		return "Another has this name already";
	case RESULT_LAST_OWNER:
		return "A website keeps at least one owner; make another account owner first";
	case RESULT_OK:
	case RESULT_INTERNAL:
	case RESULT_INVALID_CONFIGURATION:
	case RESULT_INVALID_USAGE:
		return "The service made an error; its log says more under the request id";
	}
	return "";
}

void response_open_data(struct response *response)
{
	buffer_append_text(&response->body, "{\"status\":\"success\",\"data\":[");
}

void response_open_bare(struct response *response)
{
	buffer_append_char(&response->body, '{');
}

void response_next_datum(struct response *response)
{
	if (response->body.length > 0 && response->body.data[response->body.length - 1] != '[')
		buffer_append_char(&response->body, ',');
}

void response_end_data(struct response *response)
{
	buffer_append_char(&response->body, ']');
}

enum result response_close(struct response *response, int status)
{
	enum result result;

	buffer_append_char(&response->body, '}');
	result = buffer_result(&response->body);
	if (result == RESULT_OK)
		result = buffer_result(&response->headers);
	if (result == RESULT_BODY_TOO_LARGE)
		result = RESULT_INTERNAL;
	if (result == RESULT_OK)
		response->status = status;
	return result;
}

void response_header(struct response *response, const char *name, const char *value)
{
	buffer_append_text(&response->headers, name);
	buffer_append(&response->headers, ": ", 2);
	buffer_append_text(&response->headers, value);
	buffer_append(&response->headers, "\r\n", 2);
}

/* RFC 6750 §3. */
static void write_challenge(struct response *response, enum result result, const char *scope)
{
	struct buffer *out = &response->headers;
	int status = response_status(result);
	bool is_challenged = status == 401 || result == RESULT_INSUFFICIENT_SCOPE ||
			     result == RESULT_INVALID_REQUEST;

	if (!is_challenged)
		return;
	buffer_append_text(out, "WWW-Authenticate: Bearer realm=\"claviger\"");
	if (result != RESULT_MISSING_TOKEN)
		buffer_append_format(out, ", error=\"%s\"", error_reason(result));
	if (scope != NULL)
		buffer_append_format(out, ", scope=\"%s\"", scope);
	buffer_append_text(out, "\r\n");
}

static void write_error(struct response *response, enum result result, const char *request_id)
{
	struct buffer *out = &response->body;
	const struct error *error = &response->error;

	buffer_append_text(out, "{\"status\":\"error\",\"error\":{");
	json_write_name("code", out);
	buffer_append_number(out, response->status);
	json_write_name("reason", out);
	json_write_string(error_reason(result), out);
	json_write_name("message", out);
	json_write_string(error->message[0] != '\0' ? error->message : default_message(result),
			  out);
	if (error->field[0] != '\0') {
		json_write_name("field", out);
		json_write_string(error->field, out);
	}
	json_write_name("requestId", out);
	json_write_string(request_id, out);
	buffer_append_char(out, '}');
	if (error->rate_limit > 0) {
		json_write_name("limit", out);
		buffer_append_number(out, error->rate_limit);
		json_write_name("remaining", out);
		buffer_append_number(out, 0);
		json_write_name("reset", out);
		buffer_append_number(out, error->rate_reset_at);
	}
	buffer_append_char(out, '}');
}

static void write_rate_headers(struct response *response)
{
	const struct error *error = &response->error;

	if (error->rate_limit == 0)
		return;
	buffer_append_format(&response->headers,
			     "X-RateLimit-Limit: %u\r\nX-RateLimit-Remaining: 0\r\n"
			     "X-RateLimit-Reset: %lld\r\n",
			     (unsigned)error->rate_limit, (long long)error->rate_reset_at);
}

void response_refuse(struct response *response, enum result result, const char *request_id,
		     const char *scope)
{
	buffer_reset(&response->headers);
	buffer_reset(&response->body);
	response->type = RESPONSE_JSON;
	response->status = response_status(result);
	write_challenge(response, result, scope);
	if (response->status == 503 || response->status == 429) {
		int64_t seconds = response->error.retry_after_seconds;

		buffer_append_format(&response->headers, "Retry-After: %lld\r\n",
				     (long long)(seconds > 0 ? seconds : 1));
	}
	write_rate_headers(response);
	write_error(response, result, request_id);
}

static const char *reason_phrase(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 201:
		return "Created";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 409:
		return "Conflict";
	case 413:
		return "Content Too Large";
	case 415:
		return "Unsupported Media Type";
	case 429:
		return "Too Many Requests";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

static const char *content_type(enum response_type type)
{
	switch (type) {
	case RESPONSE_JSON:
		return "application/json";
	case RESPONSE_METRICS:
		return "text/plain; version=0.0.4";
	case RESPONSE_TEXT:
		return "text/plain";
	case RESPONSE_HTML:
		return "text/html";
	}
	return "application/octet-stream";
}

void response_write_head(struct response *response, const char *request_id)
{
	struct buffer *out = &response->head;

	buffer_append(out, "Status: ", 8);
	buffer_append_number(out, response->status);
	buffer_append_char(out, ' ');
	buffer_append_text(out, reason_phrase(response->status));
	buffer_append_text(out, "\r\nContent-Type: ");
	buffer_append_text(out, content_type(response->type));
	buffer_append_text(out, "; charset=utf-8");
	/* A web server that is not told so cuts a range out of an answer of 200. */
	buffer_append_text(out, "\r\nCache-Control: no-store\r\nAccept-Ranges: none"
				"\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: ");
	buffer_append_text(out, request_id);
	buffer_append(out, "\r\n", 2);
	buffer_append(out, response->headers.data, response->headers.length);
	buffer_append(out, "\r\n", 2);
}
