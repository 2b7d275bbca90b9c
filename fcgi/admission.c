/* SPDX-License-Identifier: ISC */
#include "admission.h"

#include "credentials.h"

#include "file.h"
#include "log.h"

#include <string.h>

/* Says whether the web server would hand the database out as a file. */
static bool is_exposed(struct worker *worker, const struct request *request)
{
	static const enum variable roots[WORKER_ROOTS] = {VARIABLE_DOCUMENT_ROOT,
							  VARIABLE_CONTEXT_ROOT};

	for (size_t i = 0; i < WORKER_ROOTS; i++) {
		const char *root = request->variables[roots[i]];
		char *harmless = worker->harmless_roots[i];

		if (root == NULL || root[0] == '\0' || strcmp(root, harmless) == 0)
			continue;
		if (file_lies_in(worker->server->config->database, root))
			return true;
		if (strlen(root) < WORKER_ROOT_SIZE)
			memcpy(harmless, root, strlen(root) + 1);
	}
	return false;
}

enum result admission_open_store(struct worker *worker, const struct request *request)
{
	if (worker->server->store_is_damaged || worker->authority.store == NULL)
		return RESULT_STORE_UNAVAILABLE;
	if (is_exposed(worker, request)) {
		log_event(LOG_ERROR, request->id, "database lies in the document root",
			  "do=move it out of there and change the key database");
		return RESULT_STORE_UNAVAILABLE;
	}
	return store_refresh(worker->authority.store, request->now);
}

static enum result authenticate(struct worker *worker, struct request *request,
				struct pending_check *pending, struct error *err)
{
	const char *key;
	size_t length;
	enum result result =
		credentials_find(request, worker->server->config->token_prefix, &key, &length, err);

	if (result == RESULT_OK)
		result = authority_authenticate(&worker->authority, key, length,
						request_address(request), request->now,
						&request->caller, pending, err);
	if (result == RESULT_OK) {
		request->caller.address = request->variables[VARIABLE_ADDRESS];
		request->caller.request_id = request->id;
	}
	return result;
}

/* A request that goes on in the other lane is authenticated there again, and counted here once. */
static enum result count_use(struct worker *worker, struct request *request, struct error *err)
{
	enum result result;

	if (request->is_counted)
		return RESULT_OK;
	result = authority_limit_rate(&worker->authority, &request->caller, request->now, err);
	if (result != RESULT_OK)
		return result;
	request->is_counted = true;
	if (worker->server->usage != NULL) /* plain CGI writes it after its answer */
		authority_note_use(&worker->authority, &request->caller, request_address(request),
				   request->now, false);
	return RESULT_OK;
}

enum result admission_find_caller(struct worker *worker, struct request *request,
				  struct pending_check *pending, struct error *err)
{
	enum result result = authenticate(worker, request, pending, err);

	if (result == RESULT_OK)
		result = count_use(worker, request, err);
	if (result == RESULT_OK)
		result =
			authority_note_replaced(&worker->authority, &request->caller, request->now);
	return result;
}
