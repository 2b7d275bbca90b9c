/* SPDX-License-Identifier: ISC */
/* Tokens are listed and shown. */
#include "remote.h"
#include "remote_call.h"
#include "remote_list.h"
#include "remote_token_view.h"
#include "remote_websites.h"

#include "output.h"
#include "timestamp.h"

#include <string.h>

enum { PATH_MAXIMUM = 4096 };

/* A moment that was given as one, or as how long ago. */
static enum result add_unused_since(struct remote *remote, const struct arguments *arguments,
				    struct buffer *path, struct error *err)
{
	const char *text = arguments_value(arguments, OPTION_UNUSED_SINCE);
	char moment[TIMESTAMP_TEXT_SIZE];
	uint64_t seconds;
	int64_t given;

	if (text == NULL || timestamp_parse(text, strlen(text), &given)) {
		remote_list_add(path, "unusedSince", text);
		return RESULT_OK;
	}
	if (arguments_duration(arguments, OPTION_UNUSED_SINCE, &seconds, err) != RESULT_OK)
		return error_set(err, RESULT_INVALID_PARAMETER, NULL,
				 "--unused-since: write a moment such as 2030-01-31T12:00:00Z, or "
				 "how long ago, such as 90d");
	timestamp_format(remote->now - (int64_t)seconds * 1000, moment);
	remote_list_add(path, "unusedSince", moment);
	return RESULT_OK;
}

/* PATH with what the options say that the tokens are to have. */
static enum result write_filters(struct remote *remote, const struct arguments *arguments,
				 struct websites *websites, struct buffer *path, struct error *err)
{
	const char *website = arguments_value(arguments, OPTION_WEBSITE);
	struct buffer id;
	enum result result = add_unused_since(remote, arguments, path, err);

	remote_list_add(path, "state", arguments_value(arguments, OPTION_STATE));
	remote_list_add(path, "q", arguments_value(arguments, OPTION_QUERY));
	remote_list_add(path, "parentId", arguments_value(arguments, OPTION_PARENT));
	remote_list_add(path, "permission", arguments_value(arguments, OPTION_PERMISSION));
	buffer_init(&id, PATH_MAXIMUM);
	if (result == RESULT_OK && website != NULL)
		result = websites_find_id(remote, websites, website, strlen(website), &id, err);
	if (result == RESULT_OK && website != NULL)
		remote_list_add(path, "websiteId", id.data);
	buffer_clear(&id);
	return result == RESULT_OK ? buffer_result(path) : result;
}

struct token_list {
	struct remote *remote;
	struct listing *listing;
	struct websites *websites;
	enum result result;
	struct error *err;
};

static bool names_websites(const struct answer *page)
{
	for (size_t i = 0; i < answer_count(page); i++)
		if (record_list_count(answer_record(page, i), "websiteIds") > 0)
			return true;
	return false;
}

static void add_page(void *context, struct answer *page)
{
	struct token_list *list = context;

	if (list->result == RESULT_OK && !list->websites->was_read && names_websites(page))
		list->result = websites_learn(list->remote, list->websites, list->err);
	for (size_t i = 0; i < answer_count(page); i++)
		remote_token_table_add(list->remote, list->listing, answer_record(page, i),
				       list->websites);
}

static enum result write_table(struct remote *remote, const char *path, uint64_t limit,
			       struct websites *websites, struct error *err)
{
	struct listing listing;
	struct token_list list = {remote, &listing, websites, RESULT_OK, err};
	enum result result;

	remote_token_table_begin(remote, &listing);
	result = remote_list_read(remote, path, limit, add_page, &list, err);
	output_end(&listing);
	return result == RESULT_OK ? list.result : result;
}

enum result remote_tokens_list(struct remote *remote, const struct arguments *arguments,
			       struct error *err)
{
	struct websites websites = {0};
	struct buffer path;
	uint64_t limit;
	enum result result = remote_list_limit(arguments, &limit, err);

	buffer_init(&path, PATH_MAXIMUM);
	buffer_append_text(&path, REMOTE_TOKENS);
	if (result == RESULT_OK)
		result = write_filters(remote, arguments, &websites, &path, err);
	if (result == RESULT_OK && remote->as_json)
		result = remote_list_write_json(remote, path.data, limit, err);
	else if (result == RESULT_OK)
		result = write_table(remote, path.data, limit, &websites, err);
	websites_clear(&websites);
	buffer_clear(&path);
	return result;
}
