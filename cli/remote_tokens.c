/* SPDX-License-Identifier: ISC */
/* Tokens are listed. */
#include "remote.h"
#include "remote_call.h"
#include "remote_filter.h"
#include "remote_list.h"
#include "remote_token_view.h"
#include "remote_websites.h"

#include "output.h"

enum { PATH_MAXIMUM = 4096 };

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
	struct remote_filter filter = {0};
	struct buffer path;
	uint64_t limit;
	enum result result = remote_list_limit(arguments, &limit, err);

	buffer_init(&path, PATH_MAXIMUM);
	buffer_append_text(&path, REMOTE_TOKENS);
	if (result == RESULT_OK)
		result = remote_filter_read(remote, arguments, &websites, &filter, err);
	remote_filter_write_query(&filter, &path);
	if (result == RESULT_OK)
		result = buffer_result(&path);
	if (result == RESULT_OK && remote->as_json)
		result = remote_list_write_json(remote, path.data, limit, err);
	else if (result == RESULT_OK)
		result = write_table(remote, path.data, limit, &websites, err);
	remote_filter_clear(&filter);
	websites_clear(&websites);
	buffer_clear(&path);
	return result;
}
