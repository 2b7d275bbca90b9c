/* SPDX-License-Identifier: ISC */
#include "token_query.h"

#include "id.h"
#include "timestamp.h"

#include <string.h>

/* Longer than every value that is good, but for q. */
enum { VALUE_SIZE = 80 };

static bool read_state(const char *text, struct token_filter *filter)
{
	static const struct {
		const char *name;
		bool active, expired, revoked;
	} states[] = {
		{"active", true, false, false},
		{"expired", false, true, false},
		{"revoked", false, false, true},
		{"all", true, true, true},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
		if (strcmp(text, states[i].name) != 0)
			continue;
		filter->active = states[i].active;
		filter->expired = states[i].expired;
		filter->revoked = states[i].revoked;
		return true;
	}
	return false;
}

static bool read_parent(const char *text, struct token_filter *filter)
{
	filter->has_parent = true;
	return id_parse(text, strlen(text), &filter->parent);
}

static bool read_website(const char *text, struct token_filter *filter)
{
	filter->has_website = true;
	return id_parse(text, strlen(text), &filter->website);
}

static bool read_unused_since(const char *text, struct token_filter *filter)
{
	filter->has_unused_since = true;
	return timestamp_parse(text, strlen(text), &filter->unused_since);
}

/* An absent parameter leaves the filter as it is. */
static enum result read_value(const struct request *request, const char *name,
			      bool (*read)(const char *text, struct token_filter *filter),
			      const char *wanted, struct token_filter *filter, struct error *err)
{
	char text[VALUE_SIZE];
	enum result result = request_parameter(request, name, text, sizeof(text), err);

	if (result == RESULT_NOT_FOUND || (result == RESULT_OK && read(text, filter)))
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_PARAMETER, name, "%s: %s is wanted, once", name,
			 wanted);
}

static enum result read_name_part(const struct request *request, struct token_query *query,
				  struct error *err)
{
	enum result result =
		request_parameter(request, "q", query->name_part, sizeof(query->name_part), err);

	if (result == RESULT_NOT_FOUND || (result == RESULT_OK && query->name_part[0] == '\0'))
		return RESULT_OK;
	if (result != RESULT_OK || !text_is_name_part(query->name_part, strlen(query->name_part)))
		return error_set(err, RESULT_INVALID_PARAMETER, "q",
				 "q: a part of a name is wanted, 1 to %d characters of UTF-8, once",
				 TEXT_NAME_CHARACTERS_MAX);
	query->filter.name_part = query->name_part;
	return RESULT_OK;
}

static enum result read_permission(const struct request *request, const struct catalogue *catalogue,
				   struct token_filter *filter, struct error *err)
{
	char text[VALUE_SIZE];
	enum result result = request_parameter(request, "permission", text, sizeof(text), err);

	if (result == RESULT_NOT_FOUND ||
	    (result == RESULT_OK &&
	     permission_set_find(catalogue, text, strlen(text), &filter->permission)))
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_PARAMETER, "permission",
			 "permission: a name that GET /permissions lists, or *, is wanted, once");
}

enum result token_query_read(const struct request *request, const struct catalogue *catalogue,
			     struct token_query *query, struct error *err)
{
	static const char an_id[] = "an id of 24 lower-case hex digits";
	struct token_filter *filter = &query->filter;
	enum result result;

	*query = (struct token_query){.filter = {.active = true, .expired = true}};
	result = read_value(request, "state", read_state, "active, expired, revoked or all", filter,
			    err);
	if (result == RESULT_OK)
		result = read_name_part(request, query, err);
	if (result == RESULT_OK)
		result = read_value(request, "parentId", read_parent, an_id, filter, err);
	if (result == RESULT_OK)
		result = read_permission(request, catalogue, filter, err);
	if (result == RESULT_OK)
		result = read_value(request, "websiteId", read_website, an_id, filter, err);
	if (result == RESULT_OK)
		result = read_value(request, "unusedSince", read_unused_since,
				    "a moment such as 2026-01-31T12:00:00Z", filter, err);
	return result;
}
