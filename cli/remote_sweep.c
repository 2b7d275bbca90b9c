/* SPDX-License-Identifier: ISC */
#include "remote_sweep.h"

#include "remote_answer.h"
#include "remote_body.h"
#include "remote_call.h"
#include "remote_filter.h"
#include "remote_progress.h"
#include "remote_prompt.h"
#include "remote_token_view.h"
#include "remote_websites.h"

#include "json_write.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BODY_MAXIMUM = 8192, CURSOR_MAXIMUM = 4096, QUESTION_SIZE = 256 };

/* Of all pages. */
struct sweep {
	struct remote *remote;
	struct remote_filter filter;
	struct websites websites;
	struct remote_progress progress;
	struct listing *listing; /* NULL: the records are counted only */
	bool has_cascade, is_dry_run, is_uncertain;
	size_t count;
	int64_t descendants, skipped;
};

static void take_page(struct sweep *sweep, const struct answer *page)
{
	const struct record *revocation = answer_beside(page, "revocation");

	for (size_t i = 0; sweep->listing != NULL && i < answer_count(page); i++) {
		const struct record *record = answer_record(page, i);

		if (sweep->listing->as_json)
			record_write(record, output_next_object(sweep->listing));
		else
			remote_token_table_add(sweep->remote, sweep->listing, record,
					       &sweep->websites);
	}
	sweep->count += answer_count(page);
	sweep->descendants += record_number(revocation, "descendants");
	sweep->skipped += record_number(revocation, "skipped");
	sweep->is_uncertain = sweep->is_uncertain || page->was_repeated;
	remote_progress_show(&sweep->progress, sweep->count);
}

static void write_body(const struct sweep *sweep, const struct buffer *cursor, struct buffer *body)
{
	buffer_reset(body);
	buffer_append_char(body, '{');
	remote_filter_write_body(&sweep->filter, body);
	if (sweep->has_cascade) {
		json_write_name("cascade", body);
		buffer_append_text(body, "true");
	}
	if (sweep->is_dry_run) {
		json_write_name("dryRun", body);
		buffer_append_text(body, "true");
	}
	remote_body_text(body, "cursor", cursor->length == 0 ? NULL : cursor->data);
	buffer_append_char(body, '}');
}

/* Twice is once: what is revoked is found no more. Only the count misses what a lost answer said.
 */
static enum result run(struct sweep *sweep, struct error *err)
{
	struct buffer body, cursor;
	const struct remote_call call = {"POST", REMOTE_TOKENS "/revoke", &body, REPEAT_SAFE};
	enum result result;

	buffer_init(&body, BODY_MAXIMUM);
	buffer_init(&cursor, CURSOR_MAXIMUM);
	do {
		struct answer page = {0};

		write_body(sweep, &cursor, &body);
		result = buffer_result(&body);
		if (result == RESULT_OK)
			result = remote_call(sweep->remote, &call, &page, err);
		if (result == RESULT_OK) {
			take_page(sweep, &page);
			buffer_reset(&cursor);
			buffer_append_text(&cursor, answer_next_cursor(&page));
		}
		answer_clear(&page);
	} while (result == RESULT_OK && cursor.length > 0);
	buffer_clear(&body);
	buffer_clear(&cursor);
	return result;
}

/* Looks first: who is asked wants to know how many, and a bar how long it is. */
static enum result look(struct sweep *sweep, struct error *err)
{
	enum result result;

	sweep->is_dry_run = true;
	result = run(sweep, err);
	sweep->is_dry_run = false;
	return result;
}

static enum result look_and_ask(struct sweep *sweep, const struct arguments *arguments,
				struct error *err)
{
	char question[QUESTION_SIZE];
	bool is_asked = !arguments_has(arguments, OPTION_YES);
	enum result result = RESULT_OK;
	size_t total;

	if (is_asked || remote_progress_is_wanted())
		result = look(sweep, err);
	total = sweep->count;
	snprintf(question, sizeof(question), "Revoke %zu token%s%s?", total, total == 1 ? "" : "s",
		 sweep->has_cascade ? " and all that they made" : "");
	if (result == RESULT_OK && total > 0 && is_asked)
		result = remote_prompt_confirm(arguments, question, err);
	sweep->count = 0;
	sweep->descendants = sweep->skipped = 0;
	if (result == RESULT_OK)
		remote_progress_begin(&sweep->progress, total);
	return result;
}

static void say_what_was_done(const struct sweep *sweep)
{
	struct buffer *out = &sweep->remote->out;

	buffer_append_format(out, "%s %zu token%s", sweep->is_dry_run ? "Would revoke" : "Revoked",
			     sweep->count, sweep->count == 1 ? "" : "s");
	if (sweep->descendants > 0)
		buffer_append_format(out,
				     sweep->has_cascade
					     ? " and %" PRId64 " that they made"
					     : "; %" PRId64
					       " that they made live on: --cascade takes them too",
				     sweep->descendants);
	if (sweep->skipped > 0)
		buffer_append_format(out, "; %" PRId64 " are more than this token may revoke",
				     sweep->skipped);
	buffer_append_char(out, '\n');
	if (sweep->is_uncertain)
		fputs("claviger: an answer was lost on the way; there may have been more\n",
		      stderr);
}

/* As the service's own document, with the sums of all pages. */
static void end_json(const struct sweep *sweep)
{
	struct buffer *out = &sweep->remote->out;

	buffer_truncate(out, out->length - strlen("}\n"));
	buffer_append_format(out,
			     ",\"revocation\":{\"dryRun\":%s,\"descendants\":%" PRId64
			     ",\"skipped\":%" PRId64 "},\"pagination\":{\"nextCursor\":null}}\n",
			     sweep->is_dry_run ? "true" : "false", sweep->descendants,
			     sweep->skipped);
}

/* A table of what is gone helps nobody; of what would go, it does. */
static enum result run_and_show(struct sweep *sweep, struct error *err)
{
	struct remote *remote = sweep->remote;
	bool has_listing = sweep->is_dry_run || remote->as_json;
	struct listing listing;
	enum result result = RESULT_OK;

	if (has_listing && remote->as_json)
		output_begin(&listing, &remote->out, true, NULL, 1);
	else if (has_listing) {
		remote_token_table_begin(remote, &listing);
		result = websites_learn(remote, &sweep->websites, err);
	}
	sweep->listing = has_listing ? &listing : NULL;
	if (result == RESULT_OK)
		result = run(sweep, err);
	remote_progress_end(&sweep->progress);
	if (has_listing)
		output_end(&listing);
	return result;
}

enum result remote_sweep(struct remote *remote, const struct arguments *arguments,
			 struct error *err)
{
	struct sweep sweep = {.remote = remote,
			      .has_cascade = arguments_has(arguments, OPTION_CASCADE)};
	bool is_dry_run = arguments_has(arguments, OPTION_DRY_RUN);
	enum result result =
		remote_filter_read(remote, arguments, &sweep.websites, &sweep.filter, err);

	if (result == RESULT_OK && !is_dry_run)
		result = look_and_ask(&sweep, arguments, err);
	sweep.is_dry_run = is_dry_run;
	if (result == RESULT_OK) {
		result = run_and_show(&sweep, err);
		if (result == RESULT_OK && remote->as_json)
			end_json(&sweep);
		else if (result == RESULT_OK)
			say_what_was_done(&sweep);
		else if (sweep.count > 0 && !is_dry_run)
			fprintf(stderr, "claviger: %zu were revoked before this\n", sweep.count);
	}
	remote_filter_clear(&sweep.filter);
	websites_clear(&sweep.websites);
	return result;
}
