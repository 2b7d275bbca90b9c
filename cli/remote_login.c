/* SPDX-License-Identifier: ISC */
/* A token is kept, shown and removed. */
#include "remote.h"
#include "remote_answer.h"
#include "remote_call.h"
#include "remote_kept.h"
#include "remote_prompt.h"
#include "remote_session.h"
#include "remote_token_view.h"

#include "id.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

static enum result keep(struct remote *remote, const struct arguments *arguments,
			const struct record *record, struct error *err)
{
	const char *base = remote->settings.values[SETTING_API_BASE].text;
	const char *id = record_text(record, "id");
	struct stored_login login = {0};
	enum result result = RESULT_OK;
	struct id parsed;

	snprintf(login.api_base, sizeof(login.api_base), "%s", base);
	/* The service's own words become a line of a file: an id, and nothing else. */
	if (!id_parse(id, strlen(id), &parsed))
		return error_set(err, RESULT_INTERNAL, NULL,
				 "What answers at %.120s is no claviger: the token has no id",
				 base);
	snprintf(login.token_id, sizeof(login.token_id), "%s", id);
	login.key = remote->key;
	/* An address that was set before would go on to stand against what is kept now. */
	if (arguments_has(arguments, OPTION_API_BASE))
		result = settings_store(&remote->settings, SETTING_API_BASE, base, err);
	if (result == RESULT_OK && arguments_has(arguments, OPTION_INSECURE_HTTP))
		result = settings_store(&remote->settings, SETTING_INSECURE_HTTP, "true", err);
	if (result == RESULT_OK)
		result = kept_write(&remote->settings, &login, err);
	token_key_wipe(&login.key);
	return result;
}

static void say_logged_in(struct remote *remote, const struct record *record)
{
	struct buffer *out = &remote->out;

	buffer_append_text(out, "Logged in to ");
	output_printable(remote->settings.values[SETTING_API_BASE].text, out);
	buffer_append_text(out, " as ");
	output_printable(record_text(record_inner(record, "account"), "email"), out);
	buffer_append_text(out, " with the token ");
	output_printable(record_text(record, "displayKey"), out);
	buffer_append_char(out, '\n');
}

enum result remote_log_in(struct remote *remote, const struct arguments *arguments,
			  struct error *err)
{
	struct answer answer = {0};
	const char *variable;
	struct key key = {0};
	enum result result = kept_environment_token(&key, &variable, err);

	/* Asked with it, the service would answer for another token than is used afterwards. */
	if (result == RESULT_OK && variable != NULL) {
		remote->next = "unset it first";
		result = error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				   "%s is set, and counts before what login keeps", variable);
	}
	if (result == RESULT_OK)
		result = remote_session_open(remote, NULL, &key, err);
	if (result != RESULT_OK)
		goto out;
	remote_session_close(remote);
	result = remote_prompt_key("Token (it is not shown)",
				   arguments_has(arguments, OPTION_WITH_TOKEN), &key, err);
	if (result == RESULT_OK)
		result = remote_session_open(remote, NULL, &key, err);
	if (result == RESULT_OK)
		result = remote_get(remote, REMOTE_TOKENS "/self", &answer, err);
	if (result == RESULT_OK)
		result = keep(remote, arguments, answer_record(&answer, 0), err);
	if (result == RESULT_OK && remote->as_json)
		remote_pass_on(remote, &answer);
	else if (result == RESULT_OK)
		say_logged_in(remote, answer_record(&answer, 0));
out:
	answer_clear(&answer);
	token_key_wipe(&key);
	return result;
}

enum result remote_log_out(struct remote *remote, const struct arguments *arguments,
			   struct error *err)
{
	enum result result = kept_remove(&remote->settings, err);
	bool was_there = result == RESULT_OK;

	(void)arguments;
	if (result != RESULT_OK && result != RESULT_NOT_FOUND)
		return result;
	if (remote->as_json)
		buffer_append_text(&remote->out, "{\"status\":\"success\",\"data\":[]}\n");
	else
		buffer_append_text(&remote->out, was_there ? "The token was removed from this "
							     "machine; it stays valid elsewhere\n"
							   : "Nobody was logged in\n");
	return RESULT_OK;
}

enum result remote_whoami(struct remote *remote, const struct arguments *arguments,
			  struct error *err)
{
	struct answer answer = {0};
	enum result result = remote_get(remote, REMOTE_TOKENS "/self", &answer, err);

	(void)arguments;
	if (result == RESULT_OK)
		result = remote_token_view(remote, &answer, err);
	answer_clear(&answer);
	return result;
}
