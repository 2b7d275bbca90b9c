/* SPDX-License-Identifier: ISC */
#include "remote_http.h"

#include <curl/curl.h>
#include <sodium.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_SECONDS = 10, ANSWER_SECONDS = 60, ANSWER_MAXIMUM = 1 << 23, LINE_SIZE = 320 };

struct remote_http {
	CURL *curl;
	struct remote_base base;
	struct key key;
};

static bool is_loopback(const char *host)
{
	struct in_addr address;

	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

static bool has_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool is_there = curl_url_get(url, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return is_there;
}

static bool cut_tail(char *url, const char *tail)
{
	size_t length = strlen(url), cut = strlen(tail);

	if (length < cut || strcmp(url + length - cut, tail) != 0)
		return false;
	url[length - cut] = '\0';
	return true;
}

static void cut_slashes(char *url)
{
	while (cut_tail(url, "/"))
		;
}

/* Takes what the routes begin with off: people paste what a service documents. */
static void cut_routes(char *url)
{
	cut_slashes(url);
	if (cut_tail(url, "/api/v1/admin") || cut_tail(url, "/api/v1"))
		cut_slashes(url);
}

/* libcurl reads the address as it does when it connects: two readers that differ would be a way to
 * have the token sent in the clear. */
static enum result read_parts(CURLU *url, struct remote_base *base, struct error *err)
{
	char *whole = NULL, *host = NULL, *scheme = NULL;
	enum result result = RESULT_OK;

	if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD) ||
	    has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		return error_set(
			err, RESULT_INVALID_CONFIGURATION, NULL,
			"The API base is scheme, host, port and path only; leave out user, "
			"query and fragment");
	if (curl_url_get(url, CURLUPART_URL, &whole, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    strlen(whole) >= REMOTE_BASE_SIZE ||
	    (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)) {
		result = error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				   "The API base begins with https:// or http:// and is no longer "
				   "than %d bytes",
				   REMOTE_BASE_SIZE - 1);
	} else {
		memcpy(base->url, whole, strlen(whole) + 1);
		cut_routes(base->url);
		base->is_encrypted = strcmp(scheme, "https") == 0;
		base->is_loopback = is_loopback(host);
	}
	curl_free(whole);
	curl_free(host);
	curl_free(scheme);
	return result;
}

enum result remote_http_read_base(const char *text, struct remote_base *base, struct error *err)
{
	CURLU *url = curl_url();
	enum result result;

	*base = (struct remote_base){0};
	if (url == NULL)
		return error_set(err, RESULT_INTERNAL, NULL, "There is no memory for it");
	/* Without a scheme it would be guessed by the name: it has to be said. */
	if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
		result = error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				   "The API base is no address; write one such as "
				   "https://example.org/claviger");
	else
		result = read_parts(url, base, err);
	curl_url_cleanup(url);
	return result;
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct buffer *body = context;

	buffer_append(body, bytes, size * count);
	return buffer_result(body) == RESULT_OK ? size * count : 0;
}

static bool set_up(struct remote_http *http, const char *ca_file)
{
	CURL *curl = http->curl;

	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)ANSWER_SECONDS) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "claviger/" CLAVIGER_VERSION) ==
		       CURLE_OK &&
	       /* What is for the service is not for a proxy on the way. */
	       curl_easy_setopt(curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE) == CURLE_OK &&
	       (ca_file[0] == '\0' ||
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file) == CURLE_OK) &&
	       (!http->base.is_loopback || curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK) &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes) == CURLE_OK;
}

enum result remote_http_open(const struct remote_base *base, const char *ca_file,
			     const struct key *key, struct remote_http **http, struct error *err)
{
	struct remote_http *made = calloc(1, sizeof(*made));

	*http = NULL;
	if (made != NULL) {
		made->base = *base;
		made->key = *key;
		/* TLS takes milliseconds to begin with, which a service on this machine spares. */
		if (curl_global_init(base->is_encrypted ? CURL_GLOBAL_DEFAULT
							: CURL_GLOBAL_NOTHING) == CURLE_OK)
			made->curl = curl_easy_init();
	}
	if (made == NULL || made->curl == NULL || !set_up(made, ca_file)) {
		remote_http_close(made);
		return error_set(err, RESULT_INTERNAL, NULL, "libcurl could not be started");
	}
	*http = made;
	return RESULT_OK;
}

void remote_http_close(struct remote_http *http)
{
	if (http == NULL)
		return;
	curl_easy_cleanup(http->curl);
	token_key_wipe(&http->key);
	free(http);
}

static bool add_line(struct curl_slist **lines, const char *line)
{
	struct curl_slist *more = curl_slist_append(*lines, line);

	if (more != NULL)
		*lines = more;
	return more != NULL;
}

static bool add_headers(const struct remote_http *http, const struct remote_request *request,
			struct curl_slist **lines)
{
	struct buffer bearer;
	char line[LINE_SIZE];
	bool is_good;

	buffer_init(&bearer, LINE_SIZE);
	buffer_append_text(&bearer, "Authorization: Bearer ");
	token_append(&http->key, &bearer);
	is_good = buffer_result(&bearer) == RESULT_OK && add_line(lines, bearer.data) &&
		  /* Asking for leave first costs a round trip, and the body is small. */
		  add_line(lines, "Expect:");
	buffer_clear(&bearer);
	if (is_good && request->body != NULL)
		is_good = add_line(lines, "Content-Type: application/json");
	if (is_good && request->idempotency_key != NULL) {
		snprintf(line, sizeof(line), "Idempotency-Key: %s", request->idempotency_key);
		is_good = add_line(lines, line);
	}
	return is_good;
}

/* libcurl frees without wiping; what it put into its own buffers stays out of reach. */
static void free_headers(struct curl_slist *lines)
{
	for (struct curl_slist *line = lines; line != NULL; line = line->next)
		sodium_memzero(line->data, strlen(line->data));
	curl_slist_free_all(lines);
}

static enum remote_outcome read_outcome(CURL *curl, CURLcode code)
{
	curl_off_t began = 0;

	switch ((int)code) { /* of more than a hundred */
	case CURLE_OK:
		return REMOTE_ANSWERED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return REMOTE_UNTRUSTED;
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
		return REMOTE_UNREACHED;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return REMOTE_LOST;
	case CURLE_OPERATION_TIMEDOUT:
		(void)curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &began);
		return began == 0 ? REMOTE_UNREACHED : REMOTE_LOST;
	default:
		return REMOTE_FAILED;
	}
}

static bool prepare(struct remote_http *http, const struct remote_request *request, const char *url,
		    struct curl_slist *lines, struct remote_reply *reply)
{
	CURL *curl = http->curl;
	const struct buffer *body = request->body;

	return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK &&
	       (body == NULL ||
		(curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->length) ==
			 CURLE_OK &&
		 curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->data) == CURLE_OK)) &&
	       curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply->body) == CURLE_OK;
}

/* RFC 6750 §3: scope="..." of what is needed, which the body of a refusal leaves out. */
static void read_lacking(CURL *curl, char lacking[static REMOTE_LACKING_SIZE])
{
	static const char name[] = "scope=\"";
	struct curl_header *header = NULL;
	const char *scope;

	if (curl_easy_header(curl, "WWW-Authenticate", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return;
	scope = strstr(header->value, name);
	if (scope == NULL)
		return;
	scope += strlen(name);
	snprintf(lacking, REMOTE_LACKING_SIZE, "%.*s", (int)strcspn(scope, "\""), scope);
}

enum remote_outcome remote_http_send(struct remote_http *http, const struct remote_request *request,
				     struct remote_reply *reply)
{
	struct curl_slist *lines = NULL;
	struct buffer url;
	curl_off_t seconds = 0;
	CURLcode code = CURLE_OUT_OF_MEMORY;

	*reply = (struct remote_reply){0};
	buffer_init(&reply->body, ANSWER_MAXIMUM);
	buffer_init(&url, ANSWER_MAXIMUM);
	buffer_append_text(&url, http->base.url);
	buffer_append_text(&url, request->path);
	if (buffer_result(&url) == RESULT_OK && add_headers(http, request, &lines) &&
	    prepare(http, request, url.data, lines, reply))
		code = curl_easy_perform(http->curl);
	if (code == CURLE_OK) {
		(void)curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &reply->status);
		(void)curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &seconds);
		read_lacking(http->curl, reply->lacking);
		reply->retry_after_seconds = seconds < 0 ? 0 : (uint64_t)seconds;
	}
	snprintf(reply->cause, sizeof(reply->cause), "%s", curl_easy_strerror(code));
	/* Neither may point to what is freed here. */
	(void)curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
	(void)curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, NULL);
	free_headers(lines);
	buffer_clear(&url);
	return read_outcome(http->curl, code);
}
