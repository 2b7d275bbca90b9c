/* SPDX-License-Identifier: ISC */
#include "gate.h"

#include "admission.h"
#include "demand.h"
#include "log.h"
#include "policy_file.h"
#include "timestamp.h"

#include <stdio.h>
#include <string.h>

/* A header that grows beyond what web servers take would close the gate to its token; the backend
 * then asks /api/v1/verify. */
enum { IDS_MAX = 64 };

static bool is_authorizer(const struct request *request)
{
	const char *role = request->variables[VARIABLE_ROLE];

	return role != NULL && strcmp(role, "AUTHORIZER") == 0;
}

bool gate_is_asked(const struct worker *worker, struct request *request)
{
	const char *base = worker->server->config->base_path;
	size_t length = strlen(base);

	if (is_authorizer(request) || (strncmp(request->path, base, length) == 0 &&
				       strcmp(request->path + length, GATE_PATH) == 0))
		request->is_gate = true;
	return request->is_gate;
}

/* The variables in which a web server says what was asked for. */
struct question_source {
	enum variable method, uri;
};

/* Both of SOURCE's variables, or neither; doubled ones could be a client's own. */
static enum result read_source(const struct request *request, struct question_source source,
			       struct question_source *found, bool *is_found, struct error *err)
{
	const char *method = request->variables[source.method];
	const char *uri = request->variables[source.uri];

	if (method == NULL && uri == NULL)
		return RESULT_OK;
	if (method == NULL || *method == '\0' || uri == NULL || *uri == '\0' ||
	    request->is_doubled[source.method] || request->is_doubled[source.uri])
		return error_set(err, RESULT_INVALID_REQUEST, NULL,
				 "The gate needs the method and the URI that were asked for, each "
				 "once; see the example configurations");
	if (*is_found && (strcmp(method, request->variables[found->method]) != 0 ||
			  strcmp(uri, request->variables[found->uri]) != 0))
		return error_set(err, RESULT_INVALID_REQUEST, NULL,
				 "The gate was told of two different requests; have the web server "
				 "take out what a client sends of the kind");
	*found = source;
	*is_found = true;
	return RESULT_OK;
}

/* What a sub-request is about takes the place of what it is itself. */
static enum result read_sub_request(enum gate_headers headers, struct request *request,
				    struct error *err)
{
	static const struct question_source by_parameters = {VARIABLE_GATE_METHOD,
							     VARIABLE_GATE_URI};
	static const struct question_source by_headers[] = {
		[GATE_HEADERS_X_FORWARDED] = {VARIABLE_FORWARDED_METHOD, VARIABLE_FORWARDED_URI},
		[GATE_HEADERS_X_ORIGINAL] = {VARIABLE_ORIGINAL_METHOD, VARIABLE_ORIGINAL_URI},
	};
	const char *gate = request->variables[VARIABLE_GATE];
	struct question_source found = {0};
	bool is_found = false;
	enum result result = RESULT_OK;

	if (gate != NULL && strcmp(gate, "on") == 0 && !request->is_doubled[VARIABLE_GATE])
		result = read_source(request, by_parameters, &found, &is_found, err);
	if (result == RESULT_OK && headers != GATE_HEADERS_NONE)
		result = read_source(request, by_headers[headers], &found, &is_found, err);
	if (result == RESULT_OK && !is_found)
		result = error_set(err, RESULT_INVALID_REQUEST, NULL,
				   "The gate is not told what was asked for; set CLAVIGER_GATE, "
				   "CLAVIGER_METHOD and CLAVIGER_URI, or the headers that "
				   "gate_headers names");
	if (result == RESULT_OK)
		request_take_question(request, request->variables[found.method],
				      request->variables[found.uri]);
	return result;
}

static enum result read_question(struct worker *worker, struct request *request, struct error *err)
{
	enum result result = RESULT_OK;

	if (!is_authorizer(request) && !request->has_question)
		result = read_sub_request(worker->server->gate_headers, request, err);
	request->has_question = true; /* goes on in the other lane as it is */
	if (result == RESULT_OK && strlen(request->variables[VARIABLE_URI]) > REQUEST_URI_MAX)
		result = error_set(err, RESULT_INSUFFICIENT_SCOPE, NULL,
				   "Nothing passes with a URI of more than %d bytes",
				   REQUEST_URI_MAX);
	return result;
}

static enum result check_shape(const struct request *request)
{
	if (request_is_doubled(request) || request->variables[VARIABLE_METHOD] == NULL ||
	    *request->variables[VARIABLE_METHOD] == '\0' ||
	    request->variables[VARIABLE_URI] == NULL)
		return RESULT_INVALID_REQUEST;
	return RESULT_OK;
}

/* Tells the backend who calls, under the name that its way in passes on. */
static void tell(const struct request *request, struct response *response, const char *variable,
		 const char *header, const char *value)
{
	response_header(response, is_authorizer(request) ? variable : header, value);
}

static void tell_id(const struct request *request, struct response *response, const char *variable,
		    const char *header, const struct id *id)
{
	char text[ID_TEXT_SIZE];

	id_format(id, text);
	tell(request, response, variable, header, text);
}

/* Never nothing: a reader could take that for no limit. */
static void write_websites(const struct scope *scope, struct buffer *out)
{
	char id[ID_TEXT_SIZE];

	if (scope->every_website)
		buffer_append_char(out, '*');
	else if (scope->websites.count == 0)
		buffer_append_text(out, "none");
	else if (scope->websites.count > IDS_MAX)
		buffer_append_text(out, "many");
	for (size_t i = 0; scope->websites.count <= IDS_MAX && i < scope->websites.count; i++) {
		id_format(&scope->websites.ids[i], id);
		buffer_append_format(out, "%s%s", i == 0 ? "" : " ", id);
	}
}

static enum result tell_scope(const struct worker *worker, const struct request *request,
			      struct response *response)
{
	const struct scope *scope = &request->caller.token.scope;
	struct buffer permissions, websites;
	enum result result;

	buffer_init(&permissions, RESPONSE_HEAD_MAX);
	buffer_init(&websites, RESPONSE_HEAD_MAX);
	permission_set_write(&worker->server->config->catalogue, scope->permissions, &permissions);
	write_websites(scope, &websites);
	result = buffer_result(&permissions);
	if (result == RESULT_OK)
		result = buffer_result(&websites);
	if (result == RESULT_OK) {
		/* Something is held, or authority_permit() had refused. */
		tell(request, response, "Variable-CLAVIGER_PERMISSIONS", "X-Claviger-Permissions",
		     permissions.data);
		tell(request, response, "Variable-CLAVIGER_WEBSITE_IDS", "X-Claviger-Website-Ids",
		     websites.data);
	}
	buffer_clear(&permissions);
	buffer_clear(&websites);
	return result;
}

static enum result let_pass(const struct worker *worker, const struct request *request,
			    struct response *response, bool is_public)
{
	const struct token_record *token = &request->caller.token;
	char user[ID_TEXT_SIZE] = "public";
	enum result result = RESULT_OK;

	if (!is_public) {
		id_format(&token->id, user);
		tell_id(request, response, "Variable-CLAVIGER_TOKEN_ID", "X-Claviger-Token-Id",
			&token->id);
		tell_id(request, response, "Variable-CLAVIGER_ACCOUNT_ID", "X-Claviger-Account-Id",
			&token->scope.account);
		result = tell_scope(worker, request, response);
	}
	/* mod_authnz_fcgi lets nobody pass without a name. */
	tell(request, response, "Variable-CLAVIGER_USER", "X-Claviger-User", user);
	if (result != RESULT_OK)
		return result;
	response->type = RESPONSE_TEXT;
	response->status = 200;
	return RESULT_OK;
}

/* The name that WWW-Authenticate is to carry: the first one that is needed and lacking. */
static void note_lacking(const struct worker *worker, const struct request *request,
			 struct permission_set needed, struct response *response)
{
	struct permission_set lacking =
		permission_set_lacking(needed, request->caller.token.scope.permissions);
	struct buffer names;

	buffer_init(&names, RESPONSE_HEAD_MAX);
	permission_set_write(&worker->server->config->catalogue, lacking, &names);
	if (names.length > 0)
		snprintf(response->lacking, sizeof(response->lacking), "%.*s",
			 (int)strcspn(names.data, " "), names.data);
	buffer_clear(&names);
}

static enum result check_caller(struct worker *worker, struct request *request,
				struct response *response, const struct demand *demand,
				struct pending_check *pending)
{
	const struct policy_rule *rule = demand->rule;
	struct error *err = &response->error;
	enum result result = admission_open_store(worker, request);

	if (result == RESULT_OK)
		result = admission_find_caller(worker, request, pending, err);
	if (result == RESULT_OK)
		result = demand_check_website(demand, err);
	if (result != RESULT_OK)
		return result;
	result = authority_permit(&worker->authority, &request->caller.token.scope, rule->needed,
				  demand->has_website ? &demand->website : NULL, request->now);
	if (result == RESULT_INSUFFICIENT_SCOPE)
		note_lacking(worker, request, rule->needed, response);
	if (result == RESULT_NOT_FOUND)
		result = error_set(err, RESULT_INSUFFICIENT_SCOPE, NULL,
				   "The access token does not reach this website");
	return result;
}

enum result gate_answer(struct worker *worker, struct request *request, struct response *response,
			struct pending_check *pending)
{
	struct policy_file *file = worker->server->policy;
	struct policy *policy = NULL;
	struct demand demand;
	struct error *err = &response->error;
	enum result result = check_shape(request);

	if (result == RESULT_OK)
		result = read_question(worker, request, err);
	if (result != RESULT_OK)
		return result;
	policy = policy_file_take(file, timestamp_monotonic());
	if (policy == NULL) {
		log_event(LOG_WARNING, request->id, "gate without a policy",
			  "do=set the key policy in the configuration");
		return error_set(err, RESULT_INSUFFICIENT_SCOPE, NULL,
				 "There is no policy, so nothing passes");
	}
	result = demand_find(policy, request->variables[VARIABLE_METHOD], request->path,
			     request->query, &demand, err);
	if (result == RESULT_OK && !demand.rule->is_public)
		result = check_caller(worker, request, response, &demand, pending);
	if (result == RESULT_OK)
		result = let_pass(worker, request, response, demand.rule->is_public);
	policy_file_release(file, policy);
	return result;
}

static bool wants_page(const struct request *request)
{
	const char *accept = request->variables[VARIABLE_ACCEPT];

	return accept != NULL && strstr(accept, "text/html") != NULL;
}

/* All of it is the program's own text. */
static void write_page(struct response *response)
{
	bool is_unknown = response->status == 401;

	response->type = RESPONSE_HTML;
	buffer_reset(&response->body);
	response_header(response, "Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
	buffer_append_format(
		&response->body,
		"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>%s</title>\n"
		"<style>body{font:1.1em/1.5 sans-serif;max-width:32em;margin:4em auto;"
		"padding:0 1em;color-scheme:light dark}</style>\n"
		"<h1>%s</h1>\n<p>%s</p>\n",
		is_unknown ? "Access token needed" : "No access",
		is_unknown ? "Access token needed" : "No access",
		is_unknown                ? "This page opens only with a valid access token."
		: response->status == 403 ? "Your access token does not open this page. Ask "
					    "whoever gave it to you for one that does."
		: response->status == 400 ? "This request cannot be judged as it was sent."
					  : "This cannot be checked right now. Please try again in "
					    "a moment.");
}

void gate_refuse(const struct worker *worker, const struct request *request,
		 struct response *response, enum result result)
{
	const char *lacking = response->lacking[0] == '\0' ? NULL : response->lacking;
	int status = response_status(result);

	response_refuse(response, result, request->id, lacking);
	response_header(response, "X-Claviger-Reason", error_reason(result));
	if (wants_page(request))
		write_page(response);
	/* The body still says what it is. */
	if (worker->server->gate_status == GATE_STATUS_SIMPLE && status != 401)
		response->status = 403;
}
