/* SPDX-License-Identifier: ISC */
/* A token is shown, renamed and narrowed. */
#include "remote.h"
#include "remote_answer.h"
#include "remote_body.h"
#include "remote_call.h"
#include "remote_target.h"
#include "remote_token_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BODY_MAXIMUM = 1 << 16 };

enum result remote_tokens_show(struct remote *remote, const struct arguments *arguments,
			       struct error *err)
{
	struct remote_target target;
	struct answer answer = {0};
	enum result result = remote_target_find(remote, arguments->words[0], &target, err);

	if (result == RESULT_OK)
		result = remote_target_read(remote, &target, &answer, err);
	if (result == RESULT_OK)
		result = remote_token_view(remote, &answer, err);
	answer_clear(&answer);
	return result;
}

static void note_descendants(const struct arguments *arguments, const struct record *record)
{
	int64_t count = record_number(record, "descendants");

	if (count > 0 && arguments_has(arguments, OPTION_CASCADE))
		fprintf(stderr, "claviger: %" PRId64 " that it made were cut to the same\n", count);
	else if (count > 0)
		fprintf(stderr,
			"claviger: %" PRId64
			" that it made keep what they have; --cascade cuts them "
			"to the same\n",
			count);
}

static enum result change(struct remote *remote, const struct arguments *arguments,
			  const struct buffer *body, enum remote_repeat repeat, struct error *err)
{
	const char *tail = arguments_has(arguments, OPTION_CASCADE) ? "?cascade=true" : "";
	char path[TARGET_PATH_SIZE];
	const struct remote_call call = {"PATCH", path, body, repeat};
	struct remote_target target;
	struct answer answer = {0};
	enum result result = buffer_result(body);

	if (result == RESULT_OK)
		result = remote_target_find(remote, arguments->words[0], &target, err);
	if (result == RESULT_OK) {
		remote_target_path(&target, tail, path);
		result = remote_call(remote, &call, &answer, err);
	}
	if (result == RESULT_OK)
		result = remote_token_view(remote, &answer, err);
	if (result == RESULT_OK && !remote->as_json)
		note_descendants(arguments, answer_record(&answer, 0));
	answer_clear(&answer);
	return result;
}

enum result remote_tokens_rename(struct remote *remote, const struct arguments *arguments,
				 struct error *err)
{
	struct buffer body;
	enum result result;

	buffer_init(&body, BODY_MAXIMUM);
	buffer_append_char(&body, '{');
	remote_body_text(&body, "name", arguments->words[1]);
	buffer_append_char(&body, '}');
	result = change(remote, arguments, &body, REPEAT_SAFE, err);
	buffer_clear(&body);
	return result;
}

enum result remote_tokens_narrow(struct remote *remote, const struct arguments *arguments,
				 struct error *err)
{
	/* So long from now on: later, that is a later end, which is wider and refused. */
	bool is_relative = arguments_has(arguments, OPTION_EXPIRES_IN);
	struct buffer body;
	enum result result;

	buffer_init(&body, BODY_MAXIMUM);
	buffer_append_char(&body, '{');
	result = remote_body_scope(remote, arguments, &body, err);
	if (result == RESULT_OK && strcmp(body.data, "{") == 0)
		result = error_set(err, RESULT_INVALID_USAGE, NULL,
				   "tokens narrow: say what is to be narrowed; see claviger tokens "
				   "narrow --help");
	buffer_append_char(&body, '}');
	if (result == RESULT_OK)
		result = change(remote, arguments, &body, is_relative ? REPEAT_NEVER : REPEAT_SAFE,
				err);
	buffer_clear(&body);
	return result;
}
