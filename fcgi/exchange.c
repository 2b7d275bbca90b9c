/* SPDX-License-Identifier: ISC */
#include "exchange.h"

#include "router.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <stdlib.h>
#include <unistd.h>

enum { LARGE_ANSWER_TIMEOUT_MS = 1000 };

struct exchange *exchange_new(void)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange == NULL)
		return NULL;
	if (FCGX_InitRequest(&exchange->fcgx, -1, 0) != 0) {
		free(exchange);
		return NULL;
	}
	exchange->fcgx.ipcFd = -1;
	request_init(&exchange->request);
	response_init(&exchange->response);
	return exchange;
}

static void disconnect(struct exchange *exchange)
{
	FCGX_Free(&exchange->fcgx, 0);
	if (exchange->fcgx.ipcFd >= 0)
		close(exchange->fcgx.ipcFd);
	exchange->fcgx.ipcFd = -1;
}

void exchange_free(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	request_clear(&exchange->request);
	response_clear(&exchange->response);
	disconnect(exchange);
	free(exchange);
}

void exchange_attach(struct exchange *exchange, int descriptor)
{
	exchange->fcgx.ipcFd = descriptor;
	/* So that FCGX_Accept_r() uses this descriptor and does not accept one of its own. */
	exchange->fcgx.keepConnection = 1;
}

static bool is_responder(const struct request *request)
{
	const char *role = request->variables[VARIABLE_ROLE];

	return role != NULL && role[0] == 'R';
}

bool exchange_read(struct exchange *exchange, struct worker *worker, enum arrival arrival)
{
	char id[REQUEST_ID_SIZE];

	if (FCGX_Accept_r(&exchange->fcgx) < 0)
		return false;
	worker_next_id(worker, id);
	request_read_variables(&exchange->request, exchange->fcgx.envp,
			       worker->server->config->token_prefix, id);
	if (arrival == ARRIVAL_HEAD)
		exchange->request.body_is_too_large = true;
	else if (is_responder(&exchange->request)) /* lighttpd never ends an authorizer's stdin */
		request_read_fcgi_body(&exchange->request, &exchange->fcgx);
	return true;
}

enum result exchange_answer(struct exchange *exchange, struct worker *worker)
{
	struct pending_check pending;
	enum result result =
		router_answer(worker, &exchange->request, &exchange->response, &pending);

	/* Only then: while a thread of the slow lane answers, the queue reads what is there. */
	if (result == RESULT_DEFERRED)
		exchange->pending = pending;
	return result;
}

static void send_answer(struct exchange *exchange)
{
	struct response *response = &exchange->response;
	struct buffer *head = &response->head;

	response_write_head(response, exchange->request.id);
	if (buffer_result(head) == RESULT_OK && buffer_result(&response->body) == RESULT_OK) {
		FCGX_PutStr(head->data, (int)head->length, exchange->fcgx.out);
		FCGX_PutStr(response->body.data, (int)response->body.length, exchange->fcgx.out);
	} else {
		/* Never an answer without a status: some servers take that for yes. */
		FCGX_PutS("Status: 503 Service Unavailable\r\nCache-Control: no-store\r\n\r\n",
			  exchange->fcgx.out);
	}
}

/* Lets the answer wait for its reader in the socket, as far as the kernel allows, and this thread
 * hardly at all. */
static void prepare_large_answer(int descriptor)
{
	struct timeval limit = {.tv_sec = LARGE_ANSWER_TIMEOUT_MS / 1000,
				.tv_usec = LARGE_ANSWER_TIMEOUT_MS % 1000 * 1000};
	int size = RESPONSE_BODY_MAX * 2;

	setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

int exchange_end(struct exchange *exchange)
{
	bool is_read_whole = !exchange->request.body_is_too_large;
	int descriptor = -1;

	if (exchange->response.body.length > RESPONSE_UNREAD_MAX)
		prepare_large_answer(exchange->fcgx.ipcFd);
	send_answer(exchange);
	/* Whoever keeps a connection open after an unread body lets its bytes be taken for the next
	 * request. Nothing reads a request from it again; and it is closed here, not by libfcgi,
	 * which would linger. */
	exchange->fcgx.keepConnection = 1;
	request_reset(&exchange->request); /* while what it borrows from libfcgi is there */
	FCGX_Finish_r(&exchange->fcgx);
	response_reset(&exchange->response);
	if (!is_read_whole && exchange->fcgx.ipcFd >= 0) {
		descriptor = exchange->fcgx.ipcFd;
		exchange->fcgx.ipcFd = -1;
		shutdown(descriptor, SHUT_WR);
	}
	disconnect(exchange);
	return descriptor;
}

int exchange_refuse(struct exchange *exchange, enum result result)
{
	response_refuse(&exchange->response, result, exchange->request.id, NULL);
	return exchange_end(exchange);
}

/* Record types and sizes of the FastCGI specification (§8). */
enum {
	FCGI_VERSION = 1,
	FCGI_TYPE_BEGIN = 1,
	FCGI_TYPE_PARAMS = 4,
	FCGI_TYPE_STDIN = 5,
	FCGI_HEADER_SIZE = 8,
	FCGI_BEGIN_SIZE = 8,
	FCGI_ROLE_AUTHORIZER = 2
};

/* Says whether libfcgi would wait for more than there is: it skips records of another request than
 * the first one's, and takes the padding of these two for the next record. */
static bool is_misread(const uint8_t *record, const uint8_t *first, size_t content)
{
	bool loses_padding =
		record[1] == FCGI_TYPE_BEGIN || (record[1] == FCGI_TYPE_PARAMS && content == 0);

	return record[2] != first[2] || record[3] != first[3] || (record[2] | record[3]) == 0 ||
	       (loses_padding && record[6] != 0);
}

enum arrival exchange_look(const uint8_t *bytes, size_t length)
{
	enum arrival arrival = ARRIVAL_PARTIAL;
	bool has_begun = false, is_authorizer = false;

	for (size_t at = 0; length - at >= FCGI_HEADER_SIZE;) {
		const uint8_t *record = bytes + at;
		size_t content = (size_t)record[4] << 8 | record[5];
		size_t size = FCGI_HEADER_SIZE + content + record[6];
		uint8_t expected = !has_begun                   ? FCGI_TYPE_BEGIN
				   : arrival == ARRIVAL_PARTIAL ? FCGI_TYPE_PARAMS
								: FCGI_TYPE_STDIN;

		if (record[0] != FCGI_VERSION || record[1] != expected ||
		    (expected == FCGI_TYPE_BEGIN && content != FCGI_BEGIN_SIZE) ||
		    is_misread(record, bytes, content))
			return ARRIVAL_BROKEN;
		if (length - at < size)
			return arrival;
		if (expected == FCGI_TYPE_BEGIN) {
			has_begun = true;
			is_authorizer = record[8] == 0 && record[9] == FCGI_ROLE_AUTHORIZER;
		} else if (content == 0) {
			if (expected == FCGI_TYPE_STDIN || is_authorizer)
				return ARRIVAL_COMPLETE;
			arrival = ARRIVAL_HEAD;
		}
		at += size;
	}
	if (length > 0 && bytes[0] != FCGI_VERSION)
		return ARRIVAL_BROKEN;
	return arrival;
}
