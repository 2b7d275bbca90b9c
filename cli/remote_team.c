/* SPDX-License-Identifier: ISC */
/* Who has which role on a website. */
#include "remote.h"
#include "remote_answer.h"
#include "remote_body.h"
#include "remote_call.h"
#include "remote_prompt.h"
#include "remote_table.h"
#include "remote_websites.h"

#include "output.h"

#include <stdio.h>
#include <string.h>

enum { BODY_MAXIMUM = 1024, QUESTION_SIZE = 400 };

static const struct remote_column columns[] = {
	{"ACCOUNT", "accountId", ""}, {"NAME", "name", ""}, {"ROLE", "role", ""}};
static const struct remote_table table = {columns, ARRAY_LENGTH(columns)};

enum result remote_team_list(struct remote *remote, const struct arguments *arguments,
			     struct error *err)
{
	struct buffer path;
	enum result result = websites_path(remote, arguments->words[0], &path, err);

	buffer_append_text(&path, "/team");
	if (result == RESULT_OK)
		result = buffer_result(&path);
	if (result == RESULT_OK)
		result = remote_table_list(remote, arguments, path.data, &table, err);
	buffer_clear(&path);
	return result;
}

/* The call upon the member that the operands name. */
static enum result call_upon(struct remote *remote, const struct arguments *arguments,
			     const char *method, const struct buffer *body, struct answer *answer,
			     struct error *err)
{
	struct buffer path;
	struct remote_call call = {method, NULL, body, REPEAT_SAFE};
	enum result result = websites_path(remote, arguments->words[0], &path, err);

	buffer_append_text(&path, "/team/");
	remote_escape(arguments->words[1], &path);
	if (result == RESULT_OK)
		result = buffer_result(&path);
	if (result == RESULT_OK) {
		call.path = path.data;
		result = remote_call(remote, &call, answer, err);
	}
	buffer_clear(&path);
	return result;
}

enum result remote_team_set(struct remote *remote, const struct arguments *arguments,
			    struct error *err)
{
	const char *role = arguments_value(arguments, OPTION_ROLE);
	struct answer answer = {0};
	struct buffer body;
	enum result result;

	if (role == NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "team set: --role is wanted: owner, member or viewer");
	buffer_init(&body, BODY_MAXIMUM);
	buffer_append_char(&body, '{');
	remote_body_text(&body, "role", role);
	buffer_append_char(&body, '}');
	result = buffer_result(&body);
	if (result == RESULT_OK)
		result = call_upon(remote, arguments, "PUT", &body, &answer, err);
	if (result == RESULT_OK)
		remote_table_show(remote, &table, &answer);
	answer_clear(&answer);
	buffer_clear(&body);
	return result;
}

enum result remote_team_remove(struct remote *remote, const struct arguments *arguments,
			       struct error *err)
{
	char question[QUESTION_SIZE];
	struct answer answer = {0};
	enum result result;

	snprintf(question, sizeof(question), "Take the role of %.40s on %.260s away?",
		 arguments->words[1], arguments->words[0]);
	result = remote_prompt_confirm(arguments, question, err);
	if (result == RESULT_OK)
		result = call_upon(remote, arguments, "DELETE", NULL, &answer, err);
	if (result == RESULT_OK && remote->as_json)
		remote_pass_on(remote, &answer);
	else if (result == RESULT_OK)
		buffer_append_text(&remote->out, "Removed\n");
	answer_clear(&answer);
	return result;
}
