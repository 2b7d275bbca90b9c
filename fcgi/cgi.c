/* SPDX-License-Identifier: ISC */
#include "cgi.h"

#include "request.h"
#include "response.h"
#include "router.h"

#include "bootstrap_code.h"

#include <sodium.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static bool write_all(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t count = write(STDOUT_FILENO, bytes, length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		bytes += count;
		length -= (size_t)count;
	}
	return true;
}

static bool send_answer(const struct request *request, struct response *response)
{
	static const char busy[] =
		"Status: 503 Service Unavailable\r\nCache-Control: no-store\r\n\r\n";

	response_write_head(response, request->id);
	if (buffer_result(&response->head) != RESULT_OK ||
	    buffer_result(&response->body) != RESULT_OK)
		return write_all(busy, sizeof(busy) - 1);
	return write_all(response->head.data, response->head.length) &&
	       write_all(response->body.data, response->body.length);
}

static void new_id(char id[static REQUEST_ID_SIZE])
{
	uint8_t random[8];

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(id, REQUEST_ID_SIZE, random, sizeof(random));
}

bool cgi_answer(struct worker *worker, const char *prefix, char *const *environment)
{
	struct request request;
	struct response response;
	struct pending_check pending;
	char id[REQUEST_ID_SIZE];
	bool is_sent;

	request_init(&request);
	response_init(&response);
	new_id(id);
	request_read_variables(&request, environment, prefix, id);
	request_read_cgi_body(&request, STDIN_FILENO);
	if (worker == NULL || router_answer(worker, &request, &response, &pending) != RESULT_OK)
		response_refuse(&response, RESULT_STORE_UNAVAILABLE, request.id, NULL);
	is_sent = send_answer(&request, &response);
	if (is_sent && response.told_first_key_of != NULL)
		bootstrap_code_close(response.told_first_key_of);
	/* The caller is known where somebody was let in; its answer need not wait for this. */
	if (worker != NULL && request.caller.token.created_at != 0) {
		/* lighttpd ends a program that has closed its output and is still there. */
		signal(SIGTERM, SIG_IGN);
		close(STDOUT_FILENO);
		authority_note_use(&worker->authority, &request.caller, request_address(&request),
				   request.now, request.is_refused);
	}
	request_clear(&request);
	response_clear(&response);
	return is_sent;
}
