/* SPDX-License-Identifier: ISC */
#include "remote_filter.h"

#include "remote_body.h"
#include "remote_list.h"

#include <string.h>

enum { ID_MAXIMUM = 256 };

static void add(struct remote_filter *filter, const char *name, const char *value)
{
	if (value == NULL)
		return;
	filter->terms[filter->count].name = name;
	filter->terms[filter->count++].value = value;
}

/* A moment that was given as one, or as how long ago. */
static enum result add_unused_since(struct remote *remote, const struct arguments *arguments,
				    struct remote_filter *filter, struct error *err)
{
	const char *text = arguments_value(arguments, OPTION_UNUSED_SINCE);
	uint64_t seconds;
	int64_t given;

	if (text == NULL)
		return RESULT_OK;
	if (!timestamp_parse(text, strlen(text), &given)) {
		if (arguments_duration(arguments, OPTION_UNUSED_SINCE, &seconds, err) != RESULT_OK)
			return error_set(err, RESULT_INVALID_PARAMETER, NULL,
					 "--unused-since: write a moment such as "
					 "2030-01-31T12:00:00Z, or how long ago, such as 90d");
		timestamp_format(remote->now - (int64_t)seconds * 1000, filter->moment);
		text = filter->moment;
	}
	add(filter, "unusedSince", text);
	return RESULT_OK;
}

enum result remote_filter_read(struct remote *remote, const struct arguments *arguments,
			       struct websites *websites, struct remote_filter *filter,
			       struct error *err)
{
	const char *website = arguments_value(arguments, OPTION_WEBSITE);
	enum result result;

	*filter = (struct remote_filter){0};
	buffer_init(&filter->website, ID_MAXIMUM);
	add(filter, "state", arguments_value(arguments, OPTION_STATE));
	add(filter, "q", arguments_value(arguments, OPTION_QUERY));
	add(filter, "parentId", arguments_value(arguments, OPTION_PARENT));
	add(filter, "permission", arguments_value(arguments, OPTION_PERMISSION));
	result = add_unused_since(remote, arguments, filter, err);
	if (result != RESULT_OK || website == NULL)
		return result;
	result =
		websites_find_id(remote, websites, website, strlen(website), &filter->website, err);
	if (result == RESULT_OK)
		result = buffer_result(&filter->website);
	if (result == RESULT_OK)
		add(filter, "websiteId", filter->website.data);
	return result;
}

void remote_filter_clear(struct remote_filter *filter)
{
	buffer_clear(&filter->website);
	*filter = (struct remote_filter){0};
}

void remote_filter_write_query(const struct remote_filter *filter, struct buffer *path)
{
	for (size_t i = 0; i < filter->count; i++)
		remote_list_add(path, filter->terms[i].name, filter->terms[i].value);
}

void remote_filter_write_body(const struct remote_filter *filter, struct buffer *body)
{
	for (size_t i = 0; i < filter->count; i++)
		remote_body_text(body, filter->terms[i].name, filter->terms[i].value);
}
