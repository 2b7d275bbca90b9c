/* SPDX-License-Identifier: ISC */
#include "exchange.h"

#include "router.h"

#include "bootstrap_code.h"

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

static bool is_responder(const struct request *request)
{
	const char *role = request->variables[VARIABLE_ROLE];

	return role != NULL && role[0] == 'R';
}

bool exchange_read(struct exchange *exchange, struct worker *worker, const struct arrived *arrived)
{
	FCGX_Request *fcgx = &exchange->fcgx;
	char id[REQUEST_ID_SIZE];
	bool is_read;

	fcgx->ipcFd = arrived->source >= 0 ? arrived->source : arrived->descriptor;
	/* So that FCGX_Accept_r() uses this descriptor and does not accept one of its own. */
	fcgx->keepConnection = 1;
	exchange->metrics = &worker->server->metrics;
	is_read = FCGX_Accept_r(fcgx) >= 0;
	if (is_read) {
		worker_next_id(worker, id);
		request_read_variables(&exchange->request, fcgx->envp,
				       worker->server->config->token_prefix, id);
		if (arrived->arrival == ARRIVAL_HEAD)
			exchange->request.body_is_too_large = true;
		else if (is_responder(&exchange->request)) /* lighttpd never ends an authorizer's */
			request_read_fcgi_body(&exchange->request, fcgx);
	}
	if (arrived->source >= 0) {
		if (fcgx->ipcFd >= 0) /* libfcgi closes what it cannot read from */
			close(fcgx->ipcFd);
		fcgx->ipcFd = arrived->descriptor;
	}
	if (!is_read)
		disconnect(exchange);
	return is_read;
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

	metrics_count(exchange->metrics, exchange->request.route, exchange->response.status);
	if (exchange->response.body.length > RESPONSE_UNREAD_MAX)
		prepare_large_answer(exchange->fcgx.ipcFd);
	send_answer(exchange);
	if (exchange->response.told_first_key_of != NULL && FCGX_FFlush(exchange->fcgx.out) == 0)
		bootstrap_code_close(exchange->response.told_first_key_of);
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
