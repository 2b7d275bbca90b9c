/* SPDX-License-Identifier: ISC */
/* A token is made, and given another key: the calls whose answers hold one. */
#include "remote.h"
#include "remote_answer.h"
#include "remote_body.h"
#include "remote_call.h"
#include "remote_issued.h"
#include "remote_kept.h"
#include "remote_prompt.h"
#include "remote_target.h"

#include <stdio.h>
#include <string.h>

enum {
	BODY_MAXIMUM = 1 << 16,
	PATH_SIZE = 128,
	SHOWN_SIZE = 160,
	QUESTION_SIZE = 256,
	OWN_GRACE_SECONDS = 60
};

/* A key that nobody got is a token that nobody would miss. */
static enum result take_back(struct remote *remote, const struct answer *made, enum result result,
			     struct error *err)
{
	const char *id = record_text(answer_record(made, 0), "id");
	struct answer answer = {0};
	struct error ignored = {0};
	char path[PATH_SIZE], cause[SHOWN_SIZE];
	const struct remote_call call = {"DELETE", path, NULL, REPEAT_SAFE};

	snprintf(path, sizeof(path), REMOTE_TOKENS "/%.24s?cascade=true", id);
	snprintf(cause, sizeof(cause), "%.159s", err->message);
	if (remote_call(remote, &call, &answer, &ignored) == RESULT_OK)
		(void)error_set(err, result, NULL, "%s; token %.24s was revoked again", cause, id);
	else
		(void)error_set(err, result, NULL, "%s; revoke it: claviger tokens revoke %.24s",
				cause, id);
	buffer_reset(&remote->refusal); /* it is about the second call */
	remote->next = NULL;
	answer_clear(&answer);
	return result;
}

enum result remote_tokens_create(struct remote *remote, const struct arguments *arguments,
				 struct error *err)
{
	struct answer answer = {0};
	struct buffer body;
	const struct remote_call call = {"POST", REMOTE_TOKENS, &body, REPEAT_BY_KEY};
	int descriptor = -1;
	enum result result;

	buffer_init(&body, BODY_MAXIMUM);
	buffer_append_char(&body, '{');
	remote_body_text(&body, "name", arguments_value(arguments, OPTION_NAME));
	result = remote_body_scope(remote, arguments, &body, err);
	buffer_append_char(&body, '}');
	if (result == RESULT_OK)
		result = buffer_result(&body);
	if (result == RESULT_OK)
		result = remote_issued_open(arguments, &descriptor, err);
	if (result != RESULT_OK)
		goto out;
	result = remote_call(remote, &call, &answer, err);
	if (result != RESULT_OK) {
		remote_issued_abandon(arguments, descriptor);
		goto out;
	}
	result = remote_issued_deliver(remote, arguments, descriptor, &answer, err);
	if (result != RESULT_OK && record_text(answer_record(&answer, 0), "id")[0] != '\0')
		result = take_back(remote, &answer, result, err);
out:
	answer_clear(&answer);
	buffer_clear(&body);
	return result;
}

/* The key that worked until now is dead, or soon will be: the new one takes its place before
 * anybody is told. */
static enum result keep_new_key(struct remote *remote, const struct answer *answer,
				struct error *err)
{
	struct stored_login login = {0};
	enum result result = kept_read(&remote->settings, &login, err);

	if (result == RESULT_OK && !record_key(answer_record(answer, 0), &login.key))
		result = error_set(err, RESULT_INTERNAL, NULL, "The service answered no key");
	if (result == RESULT_OK)
		result = kept_write(&remote->settings, &login, err);
	token_key_wipe(&login.key);
	return result;
}

static enum result write_grace(const struct arguments *arguments, bool is_own, struct buffer *body,
			       struct error *err)
{
	uint64_t seconds = 0;
	enum result result = RESULT_OK;

	if (arguments_has(arguments, OPTION_GRACE))
		result = arguments_duration(arguments, OPTION_GRACE, &seconds, err);
	/* An answer that is lost is asked for again, with the key that it replaced: that has to
	 * work a little longer. */
	if (is_own && seconds < OWN_GRACE_SECONDS)
		seconds = OWN_GRACE_SECONDS;
	buffer_append_text(body, "{\"graceSeconds\":");
	buffer_append_number(body, (int64_t)seconds);
	buffer_append_char(body, '}');
	return result == RESULT_OK ? buffer_result(body) : result;
}

static enum result ask_to_rotate(struct remote *remote, const struct arguments *arguments,
				 const struct remote_target *target, struct error *err)
{
	struct answer answer = {0};
	char shown[TARGET_SHOWN_SIZE], question[QUESTION_SIZE];
	const char *grace = arguments_value(arguments, OPTION_GRACE);
	enum result result = RESULT_OK;

	if (arguments_has(arguments, OPTION_YES))
		return RESULT_OK;
	result = remote_target_read(remote, target, &answer, err);
	if (result == RESULT_OK) {
		remote_target_show(answer_record(&answer, 0), shown);
		snprintf(question, sizeof(question),
			 "Give %s another key? The old one stops working %s%.20s", shown,
			 grace == NULL ? "at once" : "after ", grace == NULL ? "" : grace);
		result = remote_prompt_confirm(arguments, question, err);
	}
	answer_clear(&answer);
	return result;
}

/* A key that is kept by login need not be shown, unless it is asked for. */
static enum result deliver_rotated(struct remote *remote, const struct arguments *arguments,
				   const struct remote_target *target, int descriptor,
				   struct answer *answer, struct error *err)
{
	enum result kept = RESULT_OK, result;

	if (target->is_kept)
		kept = keep_new_key(remote, answer, err);
	if (kept == RESULT_OK && target->is_kept && descriptor < 0 && !remote->as_json) {
		buffer_append_text(&remote->out,
				   "The new key is kept in the place of the old one\n");
		return RESULT_OK;
	}
	/* Also where it could not be kept: else nobody would have it. */
	result = remote_issued_deliver(remote, arguments, descriptor, answer, err);
	if (result != RESULT_OK)
		remote->next = "the old key may be dead already: rotate again";
	return kept == RESULT_OK ? result : kept;
}

enum result remote_tokens_rotate(struct remote *remote, const struct arguments *arguments,
				 struct error *err)
{
	struct answer answer = {0};
	struct remote_target target;
	char path[TARGET_PATH_SIZE];
	struct buffer body;
	const struct remote_call call = {"POST", path, &body, REPEAT_BY_KEY};
	int descriptor = -1;
	enum result result = remote_target_find(remote, arguments->words[0], &target, err);

	buffer_init(&body, BODY_MAXIMUM);
	if (result == RESULT_OK)
		result = write_grace(arguments, target.is_kept, &body, err);
	if (result == RESULT_OK)
		result = ask_to_rotate(remote, arguments, &target, err);
	if (result == RESULT_OK)
		result = remote_issued_open(arguments, &descriptor, err);
	if (result != RESULT_OK)
		goto out;
	remote_target_path(&target, "/rotate", path);
	result = remote_call(remote, &call, &answer, err);
	if (result == RESULT_OK)
		result = deliver_rotated(remote, arguments, &target, descriptor, &answer, err);
	else
		remote_issued_abandon(arguments, descriptor);
out:
	answer_clear(&answer);
	buffer_clear(&body);
	return result;
}
