/* SPDX-License-Identifier: ISC */
#include "credentials.h"

#include "ascii.h"
#include "log.h"
#include "token.h"

#include <sodium.h>

#include <string.h>

struct span {
	const char *text;
	size_t length;
};

static struct span trim(const char *text, size_t length)
{
	while (length > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		length--;
	}
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return (struct span){text, length};
}

static bool is_blank_value(const char *value)
{
	return value == NULL || trim(value, strlen(value)).length == 0;
}

/* Two names for one header: which of them Apache fills depends on the rewriting. False where they
 * differ. */
static bool choose_authorization(const struct request *request, const char **value)
{
	const char *direct = request->variables[VARIABLE_AUTHORIZATION];
	const char *redirected = request->variables[VARIABLE_REDIRECTED_AUTHORIZATION];

	*value = is_blank_value(direct) ? redirected : direct;
	if (is_blank_value(direct) || is_blank_value(redirected))
		return true;
	return strlen(direct) == strlen(redirected) &&
	       sodium_memcmp(direct, redirected, strlen(direct)) == 0;
}

static size_t scheme_length(struct span element)
{
	size_t length = 0;

	while (length < element.length && ascii_is_alnum(element.text[length]))
		length++;
	return length;
}

static bool is_bearer(struct span element)
{
	return ascii_equals_ignoring_case(element.text, scheme_length(element), "bearer");
}

/* How many elements of the list VALUE are Bearer credentials (a server joins two headers of one
 * name with a comma, RFC 9110 §5.3), and whether the first is. */
static size_t count_bearers(const char *value, bool *is_first)
{
	size_t count = 0;

	*is_first = false;
	for (const char *at = value;; at++) {
		size_t length = strcspn(at, ",");
		bool is_ours = is_bearer(trim(at, length));

		if (at == value)
			*is_first = is_ours;
		count += is_ours;
		at += length;
		if (*at == '\0')
			return count;
	}
}

static enum result refuse_two(struct error *err)
{
	return error_set(
		err, RESULT_INVALID_REQUEST, NULL,
		"Two credentials in one request; send one, as Authorization: Bearer KEY or "
		"as X-API-Key: KEY");
}

/* Decodes what can be decoded of a query and leaves the rest: enough to see a key in it. Answers
 * how many bytes there are, NUL among them. */
static size_t decode_loosely(const char *query, char out[static REQUEST_URI_MAX])
{
	size_t used = 0;

	for (; *query != '\0' && used < REQUEST_URI_MAX; query++) {
		int high = -1, low = -1;

		if (*query == '%')
			high = ascii_hex_value(query[1]);
		if (high >= 0)
			low = ascii_hex_value(query[2]);
		if (low >= 0) {
			out[used++] = (char)(high * 16 + low);
			query += 2;
		} else {
			out[used++] = *query;
		}
	}
	return used;
}

/* Only what has a good checksum: anybody can write something in the form of a key, and a line of
 * the log is to mean that somebody's key is exposed. */
static void log_exposed(const struct request *request, const char *prefix, const char *text,
			size_t length)
{
	struct display_key display;
	struct selector selector;
	struct key key;

	if (token_parse(prefix, text, length, &key, &selector)) {
		token_mask(prefix, &key, &display);
		log_event(LOG_WARNING, request->id, "key in a URL", "key=%s do=revoke it",
			  display.text);
	}
	token_key_wipe(&key);
}

enum result credentials_check_query(const struct request *request, const char *prefix,
				    struct error *err)
{
	static const char *const names[] = {"access_token", "token", "key"};
	char decoded[REQUEST_URI_MAX];
	size_t length, at;
	bool is_found;

	if (*request->query == '\0')
		return RESULT_OK;
	length = decode_loosely(request->query, decoded);
	is_found = token_find_form(prefix, decoded, length, &at);
	if (is_found)
		log_exposed(request, prefix, decoded + at, strlen(prefix) + TOKEN_BODY_LENGTH);
	sodium_memzero(decoded, sizeof(decoded));
	/* In front of the gate those names are the backend's own. */
	for (size_t i = 0; i < ARRAY_LENGTH(names) && !is_found && !request->is_gate; i++) {
		struct error ignored = {0};
		char value[2];

		is_found = request_parameter(request, names[i], value, sizeof(value), &ignored) !=
			   RESULT_NOT_FOUND;
	}
	if (!is_found)
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_REQUEST, NULL,
			 "A key must not stand in a URL, where logs keep it; send it as "
			 "Authorization: Bearer KEY, and revoke the one that was in the URL");
}

enum result credentials_find(const struct request *request, const char *prefix, const char **key,
			     size_t *length, struct error *err)
{
	const char *authorization, *api_key = request->variables[VARIABLE_API_KEY];
	bool bearer_is_first = false;
	size_t bearers = 0;
	struct span found;
	enum result result = credentials_check_query(request, prefix, err);

	*key = "";
	*length = 0;
	if (result != RESULT_OK)
		return result;
	if (!choose_authorization(request, &authorization))
		return refuse_two(err);
	if (authorization != NULL)
		bearers = count_bearers(authorization, &bearer_is_first);
	if (bearers > 1 || (bearers == 1 && (!bearer_is_first || !is_blank_value(api_key))) ||
	    (api_key != NULL && strchr(api_key, ',') != NULL))
		return refuse_two(err);

	if (bearers == 1) {
		size_t scheme;

		found = trim(authorization, strlen(authorization));
		scheme = scheme_length(found);
		found.text += scheme;
		found.length -= scheme;
	} else if (!is_blank_value(api_key)) {
		found = trim(api_key, strlen(api_key));
	} else {
		return RESULT_MISSING_TOKEN;
	}
	/* The scheme ends in blanks (RFC 9110 §11.4); a tab there is none of them. */
	while (bearers == 1 && found.length > 0 && *found.text == ' ') {
		found.text++;
		found.length--;
	}
	*key = found.text;
	*length = found.length;
	return found.length > REQUEST_HEADER_MAX ? RESULT_INVALID_TOKEN : RESULT_OK;
}
