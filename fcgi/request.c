/* SPDX-License-Identifier: ISC */
#include "request.h"

#include "ascii.h"
#include "token.h"

#include <fcgiapp.h>
#include <sodium.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* As plain CGI: what is read and thrown away of a body that is too large, so that the web server
 * gets to send it and then reads the answer. */
enum { DISCARD_MAX = 16 * 1024 * 1024, CHUNK_SIZE = 8192 };

#define FORM_TYPE "application/x-www-form-urlencoded"

// clang-format off
#define NAME(text) { text, sizeof(text) - 1 }
static const struct variable_name {
	const char *text;
	size_t length;
} variable_names[VARIABLE_COUNT] = {
	[VARIABLE_ROLE]                     = NAME("FCGI_ROLE"),
	[VARIABLE_METHOD]                   = NAME("REQUEST_METHOD"),
	[VARIABLE_URI]                      = NAME("REQUEST_URI"),
	[VARIABLE_PATH_INFO]                = NAME("PATH_INFO"),
	[VARIABLE_QUERY]                    = NAME("QUERY_STRING"),
	[VARIABLE_CONTENT_LENGTH]           = NAME("CONTENT_LENGTH"),
	[VARIABLE_CONTENT_TYPE]             = NAME("CONTENT_TYPE"),
	[VARIABLE_CONTENT_ENCODING]         = NAME("HTTP_CONTENT_ENCODING"),
	[VARIABLE_ADDRESS]                  = NAME("REMOTE_ADDR"),
	[VARIABLE_DOCUMENT_ROOT]            = NAME("DOCUMENT_ROOT"),
	[VARIABLE_CONTEXT_ROOT]             = NAME("CONTEXT_DOCUMENT_ROOT"),
	[VARIABLE_AUTHORIZATION]            = NAME("HTTP_AUTHORIZATION"),
	[VARIABLE_REDIRECTED_AUTHORIZATION] = NAME("REDIRECT_HTTP_AUTHORIZATION"),
	[VARIABLE_API_KEY]                  = NAME("HTTP_X_API_KEY"),
	[VARIABLE_REQUEST_ID]               = NAME("HTTP_X_REQUEST_ID"),
	[VARIABLE_IDEMPOTENCY_KEY]          = NAME("HTTP_IDEMPOTENCY_KEY"),
	[VARIABLE_GATE]                     = NAME("CLAVIGER_GATE"),
	[VARIABLE_GATE_METHOD]              = NAME("CLAVIGER_METHOD"),
	[VARIABLE_GATE_URI]                 = NAME("CLAVIGER_URI"),
	[VARIABLE_FORWARDED_METHOD]         = NAME("HTTP_X_FORWARDED_METHOD"),
	[VARIABLE_FORWARDED_URI]            = NAME("HTTP_X_FORWARDED_URI"),
	[VARIABLE_ORIGINAL_METHOD]          = NAME("HTTP_X_ORIGINAL_METHOD"),
	[VARIABLE_ORIGINAL_URI]             = NAME("HTTP_X_ORIGINAL_URI"),
	[VARIABLE_ACCEPT]                   = NAME("HTTP_ACCEPT"),
};
#undef NAME
// clang-format on

void request_init(struct request *request)
{
	*request = (struct request){.query = ""};
	buffer_init(&request->body, REQUEST_BODY_MAX);
}

void request_reset(struct request *request)
{
	static const enum variable secrets[] = {
		VARIABLE_AUTHORIZATION,
		VARIABLE_REDIRECTED_AUTHORIZATION,
		VARIABLE_API_KEY,
	};

	for (size_t i = 0; i < ARRAY_LENGTH(secrets); i++) {
		char *value = request->variables[secrets[i]];

		if (value != NULL)
			sodium_memzero(value, strlen(value));
	}
	memset(request->variables, 0, sizeof(request->variables));
	memset(request->is_doubled, 0, sizeof(request->is_doubled));
	request->path[0] = '\0';
	request->query = "";
	buffer_reset(&request->body);
	request->body_is_too_large = false;
	request->body_is_incomplete = false;
	caller_clear(&request->caller);
	request->is_gate = false;
	request->has_question = false;
	request->is_refused = false;
	request->is_counted = false;
	request->route = 0;
}

const char *request_address(const struct request *request)
{
	const char *address = request->variables[VARIABLE_ADDRESS];

	return address == NULL ? "unknown" : address;
}

void request_clear(struct request *request)
{
	request_reset(request);
	buffer_clear(&request->body);
}

static void take_variable(struct request *request, char *entry)
{
	size_t length = strcspn(entry, "=");

	if (entry[length] == '\0')
		return;
	for (size_t i = 0; i < VARIABLE_COUNT; i++) {
		const struct variable_name *name = &variable_names[i];

		if (name->length != length || memcmp(entry, name->text, length) != 0)
			continue;
		if (request->variables[i] == NULL)
			request->variables[i] = entry + length + 1;
		/* mod_authnz_fcgi says once more what stands in the first record. */
		else if (i != VARIABLE_ROLE ||
			 strcmp(request->variables[i], entry + length + 1) != 0)
			request->is_doubled[i] = true;
		return;
	}
}

/* The caller's own id where it can go into a header and a log as it is. */
static bool is_usable_id(const char *id, const char *prefix)
{
	size_t length = strlen(id);
	size_t at;

	if (length == 0 || length >= REQUEST_ID_SIZE || token_find_form(prefix, id, length, &at))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!ascii_is_alnum(id[i]) && id[i] != '.' && id[i] != '_' && id[i] != '-')
			return false;
	return true;
}

static void find_path(struct request *request)
{
	const char *uri = request->variables[VARIABLE_URI];
	const char *path = request->variables[VARIABLE_PATH_INFO];
	size_t length;

	if (uri != NULL && *uri != '\0') {
		path_split_uri(uri, &path, &length, &request->query);
		if (!path_decode(path, length, request->path))
			request->path[0] = '\0';
		return;
	}
	/* Decoded already by the server. */
	length = path == NULL ? 0 : strlen(path);
	if (length > 0 && length <= PATH_MAX_LENGTH && strchr(path, '%') == NULL &&
	    !path_decode(path, length, request->path))
		request->path[0] = '\0';
	if (request->variables[VARIABLE_QUERY] != NULL)
		request->query = request->variables[VARIABLE_QUERY];
}

void request_read_variables(struct request *request, char *const *environment, const char *prefix,
			    const char *new_id)
{
	const char *id;

	for (; *environment != NULL; environment++)
		take_variable(request, *environment);
	id = request->variables[VARIABLE_REQUEST_ID];
	if (id == NULL || !is_usable_id(id, prefix))
		id = new_id;
	memcpy(request->id, id, strlen(id) + 1);
	find_path(request);
}

void request_take_question(struct request *request, char *method, char *uri)
{
	request->variables[VARIABLE_METHOD] = method;
	request->variables[VARIABLE_URI] = uri;
	request->path[0] = '\0';
	request->query = "";
	find_path(request);
}

bool request_is_doubled(const struct request *request)
{
	for (size_t i = 0; i < VARIABLE_GATE; i++)
		if (request->is_doubled[i])
			return true;
	return false;
}

static void keep(struct request *request, const char *bytes, size_t length)
{
	buffer_append(&request->body, bytes, length);
	if (buffer_result(&request->body) == RESULT_BODY_TOO_LARGE)
		request->body_is_too_large = true;
	else if (buffer_result(&request->body) != RESULT_OK)
		request->body_is_incomplete = true;
}

void request_read_fcgi_body(struct request *request, struct FCGX_Request *fcgx)
{
	char chunk[CHUNK_SIZE];
	int length;

	while ((length = FCGX_GetStr(chunk, sizeof(chunk), fcgx->in)) > 0)
		keep(request, chunk, (size_t)length);
	if (FCGX_GetError(fcgx->in) != 0)
		request->body_is_incomplete = true;
	sodium_memzero(chunk, sizeof(chunk));
}

/* A number, or "unknown" where there is none; false for anything else. */
static bool content_length(const struct request *request, bool *is_known, uint64_t *length)
{
	const char *text = request->variables[VARIABLE_CONTENT_LENGTH];

	*is_known = text != NULL && *text != '\0';
	*length = 0;
	return !*is_known || ascii_parse_number(text, strlen(text), UINT64_MAX, length);
}

void request_read_cgi_body(struct request *request, int descriptor)
{
	char chunk[CHUNK_SIZE];
	bool is_known;
	uint64_t wanted;
	size_t total = 0;

	if (!content_length(request, &is_known, &wanted))
		return;
	if (!is_known || wanted > DISCARD_MAX)
		wanted = DISCARD_MAX;
	while (total < wanted) {
		size_t room =
			wanted - total < sizeof(chunk) ? (size_t)(wanted - total) : sizeof(chunk);
		ssize_t length = read(descriptor, chunk, room);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			request->body_is_incomplete = true;
		if (length <= 0)
			break;
		keep(request, chunk, (size_t)length);
		total += (size_t)length;
	}
	sodium_memzero(chunk, sizeof(chunk));
}

/* WANTED, with parameters of which charset must be utf-8 (RFC 9110 §8.3.1). */
static bool is_type(const char *type, const char *wanted)
{
	size_t length = strcspn(type, ";");

	while (length > 0 && (type[length - 1] == ' ' || type[length - 1] == '\t'))
		length--;
	if (!ascii_equals_ignoring_case(type, length, wanted))
		return false;
	for (type = strchr(type, ';'); type != NULL; type = strchr(type, ';')) {
		static const char charset[] = "charset=";
		size_t name_length = sizeof(charset) - 1;

		type += 1 + strspn(type + 1, " \t");
		if (strchr(type, ',') != NULL)
			return false;
		if (strlen(type) < name_length ||
		    !ascii_equals_ignoring_case(type, name_length, charset))
			continue;
		type += name_length;
		length = strcspn(type, "; \t");
		if (!ascii_equals_ignoring_case(type, length, "utf-8") &&
		    !ascii_equals_ignoring_case(type, length, "\"utf-8\""))
			return false;
	}
	return true;
}

static enum result check_type(const struct request *request, enum body_type wanted,
			      struct error *err)
{
	const char *type = request->variables[VARIABLE_CONTENT_TYPE];
	const char *encoding = request->variables[VARIABLE_CONTENT_ENCODING];

	if (encoding != NULL && *encoding != '\0' &&
	    !ascii_equals_ignoring_case(encoding, strlen(encoding), "identity"))
		return error_set(err, RESULT_UNSUPPORTED_MEDIA_TYPE, NULL,
				 "The body must not be compressed; send it as it is");
	if (wanted == BODY_FORM && (type == NULL || !is_type(type, FORM_TYPE)))
		return error_set(err, RESULT_UNSUPPORTED_MEDIA_TYPE, NULL,
				 "The body must be a form; send Content-Type: " FORM_TYPE);
	if (wanted == BODY_JSON && (type == NULL || !is_type(type, "application/json")))
		return error_set(err, RESULT_UNSUPPORTED_MEDIA_TYPE, NULL,
				 "The body must be JSON; send Content-Type: application/json");
	return RESULT_OK;
}

enum result request_check_body(const struct request *request, enum body_type wanted,
			       struct error *err)
{
	bool is_known;
	uint64_t announced;

	if (!content_length(request, &is_known, &announced))
		return error_set(err, RESULT_INVALID_REQUEST, NULL,
				 "Content-Length must be one number in decimal digits");
	if (request->body_is_too_large || (is_known && announced > REQUEST_BODY_MAX))
		return error_set(err, RESULT_BODY_TOO_LARGE, NULL,
				 "The body is larger than the %d bytes allowed", REQUEST_BODY_MAX);
	if (request->body_is_incomplete || (is_known && announced != request->body.length))
		return error_set(err, RESULT_INVALID_REQUEST, NULL,
				 "The body did not arrive whole; send it again");
	if (wanted != BODY_NONE && request->body.length > 0)
		return check_type(request, wanted, err);
	return RESULT_OK;
}

enum result request_path_id(const struct request *request, size_t index, struct id *id)
{
	const struct path_value *value = &request->values[index];

	return id_parse(value->text, value->length, id) ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result request_parameter(const struct request *request, const char *name, char *out,
			      size_t size, struct error *err)
{
	const char *at = request->query;
	size_t name_length = strlen(name);
	bool is_found = false;

	while (*at != '\0') {
		size_t length = strcspn(at, "&");
		bool is_it = strncmp(at, name, name_length) == 0 &&
			     (at[name_length] == '=' || name_length == length);

		if (is_it && is_found)
			return error_set(err, RESULT_INVALID_PARAMETER, name,
					 "%s: given twice; give it once", name);
		if (is_it) {
			size_t start = name_length + (name_length < length);

			is_found = true;
			if (!path_decode_value(at + start, length - start, out, size))
				return error_set(err, RESULT_INVALID_PARAMETER, name,
						 "%s: too long, or not percent-encoded as it must "
						 "be",
						 name);
		}
		at += length;
		at += *at == '&';
	}
	return is_found ? RESULT_OK : RESULT_NOT_FOUND;
}

static bool is_idempotency_key(const char *key, const char *prefix)
{
	size_t length = strlen(key);
	size_t at;

	if (length == 0 || length > IDEMPOTENCY_KEY_MAX ||
	    token_find_form(prefix, key, length, &at))
		return false;
	for (size_t i = 0; i < length; i++)
		if (key[i] == ' ' || !ascii_is_printable(key[i]))
			return false;
	return true;
}

enum result request_idempotency(const struct request *request, const char *prefix,
				const char *route, struct idempotency *storage,
				const struct idempotency **idempotency, struct error *err)
{
	const char *key = request->variables[VARIABLE_IDEMPOTENCY_KEY];

	*idempotency = NULL;
	if (key == NULL)
		return RESULT_OK;
	if (!is_idempotency_key(key, prefix))
		return error_set(err, RESULT_INVALID_PARAMETER, "Idempotency-Key",
				 "Idempotency-Key: 1 to %d visible characters of ASCII are wanted, "
				 "and no access token",
				 IDEMPOTENCY_KEY_MAX);
	authority_hash_request(key, route, request->body.data, request->body.length, storage);
	*idempotency = storage;
	return RESULT_OK;
}
