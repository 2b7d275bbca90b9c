/* SPDX-License-Identifier: ISC */
#include "router.h"

#include "admission.h"
#include "gate.h"
#include "handlers.h"

#include "bootstrap_code.h"
#include "id.h"
#include "log.h"
#include "timestamp.h"

#include <string.h>

/* ALWAYS is answered to anyone, even while the store cannot be used; ANYONE needs no token, CALLER
 * any valid one, HOLDER one with the permission; OR_SELF: or the very token that the path names;
 * OF_ALL: one that is not limited to websites. CODE needs no token, and the route is none but while
 * there is a file with a one-time code. Zero is nobody, so that a half-written line refuses. */
enum access {
	ACCESS_NOBODY,
	ACCESS_ALWAYS,
	ACCESS_ANYONE,
	ACCESS_CALLER,
	ACCESS_HOLDER,
	ACCESS_HOLDER_OR_SELF,
	ACCESS_HOLDER_OF_ALL,
	ACCESS_CODE
};

/* First match wins: a literal segment stands above the pattern that would swallow it. HEAD is
 * answered as GET; the web server leaves the body out. */
// clang-format off
static const struct route {
	const char *method, *pattern;
	handler_fn *handler;
	enum access access;
	const char *permission;
	enum body_type body;
} routes[] = {
	{ "GET",    ADMIN "/access-tokens",                             tokens_list,      ACCESS_HOLDER,         "api-keys:read",  BODY_NONE },
	{ "POST",   ADMIN "/access-tokens",                             tokens_create,    ACCESS_HOLDER,         "api-keys:write", BODY_JSON },
	{ "GET",    ADMIN "/access-tokens/self",                        tokens_self,      ACCESS_CALLER,         NULL,             BODY_NONE },
	{ "GET",    ADMIN "/access-tokens/{tokenId}",                   tokens_show,      ACCESS_HOLDER,         "api-keys:read",  BODY_NONE },
	{ "PATCH",  ADMIN "/access-tokens/{tokenId}",                   tokens_change,    ACCESS_HOLDER,         "api-keys:write", BODY_JSON },
	{ "DELETE", ADMIN "/access-tokens/{tokenId}",                   tokens_revoke,    ACCESS_HOLDER_OR_SELF, "api-keys:write", BODY_NONE },
	{ "POST",   ADMIN "/access-tokens/{tokenId}/rotate",            tokens_rotate,    ACCESS_HOLDER_OR_SELF, "api-keys:write", BODY_JSON },
	{ "POST",   ADMIN "/access-tokens/revoke",                      tokens_sweep,     ACCESS_HOLDER,         "api-keys:write", BODY_JSON },
	{ "GET",    ADMIN "/account",                                   account_show,     ACCESS_CALLER,         NULL,             BODY_NONE },
	{ "PUT",    ADMIN "/account",                                   account_rename,   ACCESS_HOLDER,         "settings:write", BODY_JSON },
	{ "GET",    ADMIN "/permissions",                               permissions_list, ACCESS_CALLER,         NULL,             BODY_NONE },
	{ "GET",    ADMIN "/websites",                                  websites_list,    ACCESS_HOLDER,         "websites:read",  BODY_NONE },
	{ "POST",   ADMIN "/websites",                                  websites_create,  ACCESS_HOLDER_OF_ALL,  "websites:write", BODY_JSON },
	{ "GET",    ADMIN "/websites/{websiteId}",                      websites_show,    ACCESS_HOLDER,         "websites:read",  BODY_NONE },
	{ "PUT",    ADMIN "/websites/{websiteId}",                      websites_rename,  ACCESS_HOLDER,         "settings:write", BODY_JSON },
	{ "DELETE", ADMIN "/websites/{websiteId}",                      websites_remove,  ACCESS_HOLDER,         "websites:write", BODY_NONE },
	{ "GET",    ADMIN "/websites/{websiteId}/team",                 team_list,        ACCESS_HOLDER,         "team:read",      BODY_NONE },
	{ "PUT",    ADMIN "/websites/{websiteId}/team/{accountId}",     team_set,         ACCESS_HOLDER,         "team:write",     BODY_JSON },
	{ "DELETE", ADMIN "/websites/{websiteId}/team/{accountId}",     team_remove,      ACCESS_HOLDER,         "team:write",     BODY_NONE },
	{ "GET",    ADMIN "/audit",                                     audit_list,       ACCESS_HOLDER_OF_ALL,  "api-keys:read",  BODY_NONE },
	{ "GET",    ADMIN "/activity",                                  activity_list,    ACCESS_HOLDER,         "api-keys:read",  BODY_NONE },
	{ "POST",   "/api/v1/verify",                                   tokens_verify,    ACCESS_HOLDER,         "api-keys:read",  BODY_JSON },
	{ "POST",   "/api/v1/introspect",                               oauth_introspect, ACCESS_HOLDER,         "api-keys:read",  BODY_FORM },
	{ "POST",   "/api/v1/revoke",                                   oauth_revoke,     ACCESS_ANYONE,         NULL,             BODY_FORM },
	{ "POST",   "/api/v1/bootstrap",                                first_owner_make, ACCESS_CODE,           NULL,             BODY_JSON },
	{ "GET",    "/api/v1/openapi.json",                             openapi_show,     ACCESS_ALWAYS,         NULL,             BODY_NONE },
	{ "GET",    "/healthz",                                         health_check,     ACCESS_ANYONE,         NULL,             BODY_NONE },
	{ "GET",    "/metrics",                                         health_metrics,   ACCESS_ALWAYS,         NULL,             BODY_NONE },
};
// clang-format on

/* Says whether PATH is one of PATTERN, whose {...} each stand for one segment that is not empty. */
static bool matches(const char *pattern, const char *path,
		    struct path_value values[static PATH_VALUES_MAX])
{
	size_t count = 0;

	memset(values, 0, PATH_VALUES_MAX * sizeof(*values));
	while (*pattern != '\0') {
		if (*pattern == '{') {
			size_t length = strcspn(path, "/");

			if (length == 0 || count == PATH_VALUES_MAX)
				return false;
			values[count++] = (struct path_value){path, length};
			path += length;
			pattern += strcspn(pattern, "}") + 1;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

static const char *without_base(const struct config *config, const char *path)
{
	size_t length = strlen(config->base_path);

	return strncmp(path, config->base_path, length) == 0 ? path + length : "";
}

/* The pattern of the route that PATH takes, for the log, where no raw path may stand. */
static const char *pattern_of(const struct config *config, const char *path)
{
	struct path_value values[PATH_VALUES_MAX];

	path = without_base(config, path);
	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++)
		if (matches(routes[i].pattern, path, values))
			return routes[i].pattern;
	return "unknown";
}

static void list_methods(const char *path, struct response *response)
{
	struct buffer *out = &response->headers;
	struct path_value values[PATH_VALUES_MAX];
	const char *separator = "";

	buffer_append_text(out, "Allow: ");
	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++) {
		if (!matches(routes[i].pattern, path, values))
			continue;
		/* The literal "self" is also a {tokenId}: name a method once. */
		if (strcmp(separator, "") != 0 && strcmp(routes[i].method, "GET") == 0)
			continue;
		buffer_append_text(out, separator);
		buffer_append_text(out, routes[i].method);
		if (strcmp(routes[i].method, "GET") == 0)
			buffer_append_text(out, ", HEAD");
		separator = ", ";
	}
	buffer_append_text(out, "\r\n");
}

static bool has_method(const struct route *route, const char *method)
{
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	return strcmp(route->method, method) == 0;
}

/* RESULT_METHOD_NOT_ALLOWED where the path is known and the method is not. */
static enum result find_route(const struct config *config, struct request *request,
			      const struct route **found)
{
	const char *path = without_base(config, request->path);
	enum result result = RESULT_NOT_FOUND;

	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++) {
		if (!matches(routes[i].pattern, path, request->values))
			continue;
		if (routes[i].access == ACCESS_CODE && !bootstrap_code_waits(config->database))
			continue;
		if (has_method(&routes[i], request->variables[VARIABLE_METHOD])) {
			*found = &routes[i];
			request->route = i + 1;
			return RESULT_OK;
		}
		result = RESULT_METHOD_NOT_ALLOWED;
	}
	return result;
}

/* The gate is no route, but counts as one more. */
enum { GATE_NUMBER = ARRAY_LENGTH(routes) + 1 };
_Static_assert((int)GATE_NUMBER < (int)METRICS_ROUTES, "each route has a place in the metrics");

bool router_describe(size_t number, const char **method, const char **pattern)
{
	if (number == 0 || number > GATE_NUMBER)
		return false;
	*method = number == GATE_NUMBER ? "*" : routes[number - 1].method;
	*pattern = number == GATE_NUMBER ? GATE_PATH : routes[number - 1].pattern;
	return true;
}

/* What makes a request none at all. */
static enum result check_shape(const struct request *request, struct error *err)
{
	const char *role = request->variables[VARIABLE_ROLE];
	const char *method = request->variables[VARIABLE_METHOD];
	const char *uri = request->variables[VARIABLE_URI];

	if (request_is_doubled(request))
		return error_set(
			err, RESULT_INVALID_REQUEST, NULL,
			"A header, or a parameter that the web server makes, is there twice; "
			"send it once");
	if (role != NULL && strcmp(role, "RESPONDER") != 0)
		return RESULT_INTERNAL;
	if (method == NULL || *method == '\0' || (uri != NULL && strlen(uri) > REQUEST_URI_MAX))
		return RESULT_INVALID_REQUEST;
	return RESULT_OK;
}

static bool names_caller(const struct request *request)
{
	struct id id;

	return tokens_parse_id(request, &id) == RESULT_OK &&
	       id_equals(&id, &request->caller.token.id);
}

static enum result check_permission(struct worker *worker, const struct route *route,
				    struct request *request, struct error *err)
{
	const struct catalogue *catalogue = &worker->server->config->catalogue;
	size_t index;
	enum result result;

	switch (route->access) {
	case ACCESS_NOBODY:
		return RESULT_INTERNAL;
	case ACCESS_ALWAYS:
	case ACCESS_ANYONE:
	case ACCESS_CODE:
	case ACCESS_CALLER:
		return RESULT_OK;
	case ACCESS_HOLDER_OR_SELF:
		if (names_caller(request))
			return RESULT_OK;
		break;
	case ACCESS_HOLDER_OF_ALL:
		result = authority_require_every_website(&request->caller, err);
		if (result != RESULT_OK)
			return result;
		break;
	case ACCESS_HOLDER:
		break;
	}
	if (!catalogue_find(catalogue, route->permission, strlen(route->permission), &index))
		return RESULT_INTERNAL;
	return authority_require(&worker->authority, &request->caller, permission_set_of(index));
}

/* What needs the store. ROUTE is known and the body checked. */
static enum result serve(struct worker *worker, const struct route *route, struct request *request,
			 struct response *response, struct pending_check *pending)
{
	enum result result;

	if (route->access == ACCESS_ALWAYS)
		return route->handler(worker, request, response);
	result = admission_open_store(worker, request);
	if (result != RESULT_OK)
		return result;
	if (route->access != ACCESS_ANYONE && route->access != ACCESS_CODE) {
		result = admission_find_caller(worker, request, pending, &response->error);
		if (result != RESULT_OK)
			return result;
		result = check_permission(worker, route, request, &response->error);
		if (result != RESULT_OK)
			return result;
	}
	result = route->handler(worker, request, response);
	*pending = response->pending; /* of a handler that checks another key than the caller's */
	return result;
}

static enum result dispatch(struct worker *worker, struct request *request,
			    struct response *response, const struct route **route,
			    struct pending_check *pending)
{
	enum result result = check_shape(request, &response->error);

	if (result == RESULT_OK)
		result = find_route(worker->server->config, request, route);
	if (result == RESULT_OK)
		result = request_check_body(request, (*route)->body, &response->error);
	if (result != RESULT_OK)
		return result;
	return serve(worker, *route, request, response, pending);
}

/* Where somebody was let in and then refused. A key that was not, authority_authenticate() noted.
 */
static void note_refusal(struct worker *worker, struct request *request, enum result result)
{
	int status = response_status(result);

	if (request->caller.token.created_at == 0 ||
	    (status != 401 && status != 403 && status != 429))
		return;
	request->is_refused = true; /* which plain CGI writes with the use */
	authority_note_refusal(&worker->authority, &request->caller.token.id, request->now);
}

static void refuse(struct worker *worker, const struct route *route, const struct request *request,
		   struct response *response, enum result result)
{
	bool names_scope = result == RESULT_INSUFFICIENT_SCOPE && route != NULL;
	const char *pattern =
		request->is_gate ? "gate" : pattern_of(worker->server->config, request->path);

	if (request->is_gate)
		gate_refuse(worker, request, response, result);
	else
		response_refuse(response, result, request->id,
				names_scope ? route->permission : NULL);
	if (result == RESULT_METHOD_NOT_ALLOWED)
		list_methods(without_base(worker->server->config, request->path), response);
	if (result == RESULT_INTERNAL)
		log_event(LOG_ERROR, request->id, "internal error", "route=%s", pattern);
	else
		log_event(LOG_DEBUG, request->id, "refused", "status=%d reason=%s route=%s",
			  response->status, error_reason(result), pattern);
}

enum result router_answer(struct worker *worker, struct request *request, struct response *response,
			  struct pending_check *pending)
{
	const struct route *route = NULL;
	enum result result;

	*pending = (struct pending_check){0};
	request->now = timestamp_now();
	if (gate_is_asked(worker, request)) {
		request->route = GATE_NUMBER;
		result = gate_answer(worker, request, response, pending);
	} else {
		result = dispatch(worker, request, response, &route, pending);
	}
	if (!worker->authority.may_wait && (result == RESULT_DEFERRED || result == RESULT_BUSY)) {
		pending->is_short = result == RESULT_BUSY;
		caller_clear(&request->caller);
		response_reset(response);
		return RESULT_DEFERRED;
	}
	if (result != RESULT_OK) {
		note_refusal(worker, request, result);
		refuse(worker, route, request, response, result);
	}
	return RESULT_OK;
}
