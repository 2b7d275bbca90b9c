/* SPDX-License-Identifier: ISC */
/* Tokens are revoked: some that are named, or all that a filter finds. */
#include "remote.h"
#include "remote_answer.h"
#include "remote_call.h"
#include "remote_prompt.h"
#include "remote_sweep.h"
#include "remote_target.h"

#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { QUESTION_SIZE = 256 };

#define FILTERS                                                                                    \
	(OPTION_BIT(STATE) | OPTION_BIT(QUERY) | OPTION_BIT(PARENT) | OPTION_BIT(PERMISSION) |     \
	 OPTION_BIT(WEBSITE) | OPTION_BIT(UNUSED_SINCE))

static bool has_filter(const struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->given_count; i++)
		if ((FILTERS & UINT64_C(1) << arguments->given[i].option) != 0)
			return true;
	return false;
}

static enum result ask(struct remote *remote, const struct arguments *arguments,
		       const struct remote_target *target, struct error *err)
{
	struct answer answer = {0};
	char shown[TARGET_SHOWN_SIZE], question[QUESTION_SIZE];
	enum result result = RESULT_OK;

	if (arguments_has(arguments, OPTION_YES))
		return RESULT_OK;
	result = remote_target_read(remote, target, &answer, err);
	if (result == RESULT_OK) {
		remote_target_show(answer_record(&answer, 0), shown);
		snprintf(question, sizeof(question), "Revoke %s%s?", shown,
			 arguments_has(arguments, OPTION_CASCADE) ? " and all that it made" : "");
		result = remote_prompt_confirm(arguments, question, err);
	}
	answer_clear(&answer);
	return result;
}

/* Where the first answer was lost, the second says that there is nothing more to revoke. */
static enum result check_lost(struct remote *remote, const struct remote_target *target,
			      struct answer *answer, struct error *err)
{
	struct error ignored = {0};
	bool is_revoked;

	answer_clear(answer);
	is_revoked = remote_target_read(remote, target, answer, &ignored) == RESULT_OK &&
		     strcmp(record_text(answer_record(answer, 0), "state"), "revoked") == 0;
	if (!is_revoked)
		return RESULT_NOT_FOUND;
	*err = (struct error){0};
	remote->next = NULL;
	buffer_reset(&remote->refusal);
	return RESULT_OK;
}

static void say_revoked(struct remote *remote, const struct arguments *arguments, const char *word,
			const struct record *record)
{
	int64_t descendants = record_number(record, "descendants");
	bool has_cascade = arguments_has(arguments, OPTION_CASCADE);
	struct buffer *out = &remote->out;

	buffer_append_text(out, "Revoked ");
	output_printable(word, out);
	if (descendants > 0)
		buffer_append_format(out,
				     has_cascade
					     ? " and %" PRId64 " that it made"
					     : "; %" PRId64
					       " that it made live on: --cascade takes them too",
				     descendants);
	buffer_append_char(out, '\n');
}

static enum result revoke_one(struct remote *remote, const struct arguments *arguments,
			      const char *word, struct listing *listing, struct error *err)
{
	const char *tail = arguments_has(arguments, OPTION_CASCADE) ? "?cascade=true" : "";
	char path[TARGET_PATH_SIZE];
	const struct remote_call call = {"DELETE", path, NULL, REPEAT_SAFE};
	struct remote_target target;
	struct answer answer = {0};
	enum result result = remote_target_find(remote, word, &target, err);

	if (result == RESULT_OK)
		result = ask(remote, arguments, &target, err);
	if (result == RESULT_OK) {
		remote_target_path(&target, tail, path);
		result = remote_call(remote, &call, &answer, err);
		if (result == RESULT_NOT_FOUND && answer.was_repeated)
			result = check_lost(remote, &target, &answer, err);
	}
	if (result == RESULT_OK && remote->as_json)
		record_write(answer_record(&answer, 0), output_next_object(listing));
	else if (result == RESULT_OK)
		say_revoked(remote, arguments, word, answer_record(&answer, 0));
	answer_clear(&answer);
	return result;
}

enum result remote_tokens_revoke(struct remote *remote, const struct arguments *arguments,
				 struct error *err)
{
	struct error ignored = {0};
	struct listing listing;
	enum result result = RESULT_OK;

	if (has_filter(arguments) == (arguments->word_count > 0))
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "tokens revoke: name tokens, or say by filters such as "
				 "--unused-since which are meant; not both");
	if (arguments->word_count == 0)
		return remote_sweep(remote, arguments, err);
	if (arguments_has(arguments, OPTION_DRY_RUN))
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "--dry-run: for filters only; claviger tokens show shows one");
	output_begin(&listing, &remote->out, remote->as_json, NULL, 1);
	for (size_t i = 0; result == RESULT_OK && i < arguments->word_count; i++)
		result = revoke_one(remote, arguments, arguments->words[i], &listing, err);
	output_end(&listing);
	/* What was done before the one that failed is said all the same. */
	if (result != RESULT_OK && !remote->as_json &&
	    output_flush(&remote->out, &ignored) != RESULT_OK)
		return RESULT_INTERNAL;
	return result;
}
