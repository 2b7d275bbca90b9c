/* SPDX-License-Identifier: ISC */
/* Is this key good, and what for? */
#include "remote.h"
#include "remote_answer.h"
#include "remote_body.h"
#include "remote_call.h"
#include "remote_prompt.h"
#include "remote_target.h"
#include "remote_websites.h"

#include "output.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_MAXIMUM = 8192 };

static enum result add_website(struct remote *remote, const struct arguments *arguments,
			       struct buffer *body, struct error *err)
{
	const char *website = arguments_value(arguments, OPTION_WEBSITE);
	struct websites websites = {0};
	struct buffer id;
	enum result result = RESULT_OK;

	if (website == NULL)
		return RESULT_OK;
	buffer_init(&id, BODY_MAXIMUM);
	result = websites_find_id(remote, &websites, website, strlen(website), &id, err);
	if (result == RESULT_OK)
		remote_body_text(body, "websiteId", id.data);
	buffer_clear(&id);
	websites_clear(&websites);
	return result;
}

/* A key is base62 and an underscore: nothing in it is special to JSON. */
static enum result write_body(struct remote *remote, const struct arguments *arguments,
			      const struct key *key, struct buffer *body, struct error *err)
{
	enum result result;

	buffer_append_text(body, "{\"key\":\"");
	token_append(key, body);
	buffer_append_char(body, '"');
	remote_body_list(body, "permissions", arguments, OPTION_PERMISSION);
	result = add_website(remote, arguments, body, err);
	buffer_append_char(body, '}');
	return result == RESULT_OK ? buffer_result(body) : result;
}

static void say_verdict(struct remote *remote, const struct record *verdict)
{
	char shown[TARGET_SHOWN_SIZE];
	const struct record *token = record_inner(verdict, "token");

	buffer_append_text(&remote->out, record_truth(verdict, "valid") ? "valid" : "not valid: ");
	output_printable(record_text(verdict, "reason"), &remote->out);
	if (token != NULL) {
		remote_target_show(token, shown);
		buffer_append_text(&remote->out, ": ");
		output_printable(shown, &remote->out);
	}
	buffer_append_char(&remote->out, '\n');
}

enum result remote_verify(struct remote *remote, const struct arguments *arguments,
			  struct error *err)
{
	struct answer answer = {0};
	struct buffer body;
	const struct remote_call call = {"POST", "/api/v1/verify", &body, REPEAT_SAFE};
	struct key key = {0};
	enum result result;

	buffer_init(&body, BODY_MAXIMUM);
	result = remote_prompt_key("Key to check (it is not shown)", false, &key, err);
	/* What cannot be a key is no wrong usage: to find that out is what it was asked for. */
	if (result == RESULT_INVALID_PARAMETER)
		result = RESULT_INVALID_REQUEST;
	if (result == RESULT_OK)
		result = write_body(remote, arguments, &key, &body, err);
	if (result == RESULT_OK)
		result = remote_call(remote, &call, &answer, err);
	if (result == RESULT_OK) {
		const struct record *verdict = answer_record(&answer, 0);

		remote->status = record_truth(verdict, "valid") ? EXIT_SUCCESS : EXIT_FAILURE;
		if (remote->as_json)
			remote_pass_on(remote, &answer);
		else
			say_verdict(remote, verdict);
	}
	token_key_wipe(&key);
	answer_clear(&answer);
	buffer_clear(&body);
	return result;
}
