/* SPDX-License-Identifier: ISC */
/* Websites are listed, shown, added, renamed and deleted. */
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

enum { BODY_MAXIMUM = 4096, QUESTION_SIZE = 400 };

static const struct remote_column columns[] = {
	{"ID", "id", ""},     {"DOMAIN", "domain", ""},     {"NAME", "name", ""},
	{"ROLE", "role", ""}, {"CREATED", "createdAt", ""},
};
static const struct remote_table table = {columns, ARRAY_LENGTH(columns)};

enum result remote_websites_list(struct remote *remote, const struct arguments *arguments,
				 struct error *err)
{
	return remote_table_list(remote, arguments, REMOTE_WEBSITES, &table, err);
}

/* The call upon the website that the first operand names, at its own path. */
static enum result call_upon(struct remote *remote, const struct arguments *arguments,
			     const char *method, const struct buffer *body, struct answer *answer,
			     struct error *err)
{
	struct buffer path;
	struct remote_call call = {method, NULL, body, REPEAT_SAFE};
	enum result result = websites_path(remote, arguments->words[0], &path, err);

	if (result == RESULT_OK) {
		call.path = path.data;
		result = remote_call(remote, &call, answer, err);
	}
	buffer_clear(&path);
	return result;
}

enum result remote_websites_show(struct remote *remote, const struct arguments *arguments,
				 struct error *err)
{
	struct answer answer = {0};
	enum result result = call_upon(remote, arguments, "GET", NULL, &answer, err);

	if (result == RESULT_OK)
		remote_table_show(remote, &table, &answer);
	answer_clear(&answer);
	return result;
}

enum result remote_websites_add(struct remote *remote, const struct arguments *arguments,
				struct error *err)
{
	struct answer answer = {0};
	struct buffer body;
	/* There is no Idempotency-Key for websites: a second call would say that the domain is
	 * taken, which it also is where somebody else has it. */
	const struct remote_call call = {"POST", REMOTE_WEBSITES, &body, REPEAT_NEVER};
	enum result result;

	buffer_init(&body, BODY_MAXIMUM);
	buffer_append_char(&body, '{');
	remote_body_text(&body, "domain", arguments->words[0]);
	remote_body_text(&body, "name", arguments_value(arguments, OPTION_NAME));
	buffer_append_char(&body, '}');
	result = buffer_result(&body);
	if (result == RESULT_OK)
		result = remote_call(remote, &call, &answer, err);
	if (result == RESULT_OK)
		remote_table_show(remote, &table, &answer);
	answer_clear(&answer);
	buffer_clear(&body);
	return result;
}

enum result remote_websites_rename(struct remote *remote, const struct arguments *arguments,
				   struct error *err)
{
	struct answer answer = {0};
	struct buffer body;
	enum result result;

	buffer_init(&body, BODY_MAXIMUM);
	buffer_append_char(&body, '{');
	remote_body_text(&body, "name", arguments->words[1]);
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

enum result remote_websites_delete(struct remote *remote, const struct arguments *arguments,
				   struct error *err)
{
	char question[QUESTION_SIZE];
	struct answer answer = {0};
	enum result result;

	snprintf(question, sizeof(question),
		 "Delete the website %.260s? Tokens that are limited to it lose it for good",
		 arguments->words[0]);
	result = remote_prompt_confirm(arguments, question, err);
	if (result == RESULT_OK)
		result = call_upon(remote, arguments, "DELETE", NULL, &answer, err);
	if (result == RESULT_NOT_FOUND && answer.was_repeated) {
		remote->next = "the first try, whose answer was lost, may have deleted it";
	} else if (result == RESULT_OK && remote->as_json) {
		remote_pass_on(remote, &answer);
	} else if (result == RESULT_OK) {
		buffer_append_text(&remote->out, "Deleted ");
		output_printable(arguments->words[0], &remote->out);
		buffer_append_char(&remote->out, '\n');
	}
	answer_clear(&answer);
	return result;
}
