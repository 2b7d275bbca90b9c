/* SPDX-License-Identifier: ISC */
/* A backup brings back what was revoked after it. So it is first restored into a scratch database,
 * where it is checked and brought to this version. It is compared, and what is to stay revoked is
 * revoked in it, while nobody else can write to the database whose place it then takes: what is
 * reported is true of that moment, and no revocation falls between. */
#include "admin.h"
#include "command.h"
#include "output.h"
#include "restore_audit.h"

#include "authority_audit.h"
#include "json_write.h"
#include "timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRATCH_SIZE = CONFIG_PATH_SIZE + 40 };

struct plan {
	struct admin *admin;
	const char *file;
	bool keeps_revoked, is_wanted;
	char scratch_path[SCRATCH_SIZE]; /* "" where there is none */
	struct store *scratch;
	struct buffer revived; /* ids, one after the other */
	uint64_t revived_count, lost_count;
	bool is_first; /* there is no database to be replaced */
};

/* Of which tokens of FROM does the key not work in OTHER, revoked or rotated away? In none where
 * that is NULL. */
struct comparison {
	struct store *from, *other;
	int64_t now;
	struct buffer *found; /* NULL: only counted */
	uint64_t count;
	enum result result;
};

static bool works(const struct token_record *record, int64_t now)
{
	return authority_token_state(record, now) == TOKEN_ACTIVE && !record->account_disabled &&
	       (!record->is_replaced_key || now < record->grace_ends_at);
}

static bool compare_token(void *context, const struct token_record *record)
{
	struct comparison *comparison = context;
	struct token_record other = {0};
	struct account_record account;
	bool works_there;

	if (!works(record, comparison->now))
		return true;
	comparison->result =
		comparison->other == NULL
			? RESULT_NOT_FOUND
			: store_find_caller(comparison->other, &record->selector, &other, &account);
	works_there = comparison->result == RESULT_OK && works(&other, comparison->now);
	token_record_clear(&other);
	if (comparison->result == RESULT_NOT_FOUND)
		comparison->result = RESULT_OK;
	if (comparison->result == RESULT_OK && !works_there) {
		if (comparison->found != NULL)
			buffer_append(comparison->found, &record->id, sizeof(record->id));
		comparison->count++;
	}
	return comparison->result == RESULT_OK;
}

static bool compare_account(void *context, const struct account_record *account)
{
	struct comparison *comparison = context;
	enum result result = store_list_tokens(comparison->from, &account->id, INT64_MAX, false,
					       compare_token, comparison);

	if (comparison->result == RESULT_OK)
		comparison->result = result;
	return comparison->result == RESULT_OK;
}

static enum result compare(struct comparison *comparison)
{
	enum result result = store_list_accounts(comparison->from, compare_account, comparison);

	return result == RESULT_OK ? comparison->result : result;
}

/* A damaged database is opened too: only what is not there, or was never filled, is none. */
static enum result open_current(struct admin *admin, struct plan *plan, struct error *err)
{
	struct stat status;
	enum result result = admin_check_owner(admin->config->database, err);

	if (result != RESULT_OK)
		return result;
	plan->is_first = lstat(admin->config->database, &status) != 0
				 ? errno == ENOENT
				 : S_ISREG(status.st_mode) && status.st_size == 0;
	return plan->is_first ? RESULT_OK : admin_open(admin, ADMIN_TO_USE, err);
}

static enum result open_scratch(struct admin *admin, struct plan *plan, struct error *err)
{
	const struct config *config = admin->config;
	struct id id = id_new(admin->now);
	struct store_options options = {.path = plan->scratch_path,
					.busy_timeout_ms = config->busy_timeout_ms,
					.create = true,
					.catalogue = &config->catalogue};
	char name[ID_TEXT_SIZE];

	id_format(&id, name); /* random: another restore may be at work */
	snprintf(plan->scratch_path, sizeof(plan->scratch_path), "%s.restore-%s", config->database,
		 name);
	return store_open(&options, &plan->scratch, err);
}

static void close_scratch(struct plan *plan)
{
	store_close(plan->scratch);
	if (plan->scratch_path[0] != '\0')
		unlink(plan->scratch_path);
	buffer_clear(&plan->revived);
}

/* Fills PLAN's scratch database. */
static enum result prepare(struct admin *admin, struct plan *plan, struct error *err)
{
	enum result result = open_scratch(admin, plan, err);

	return result == RESULT_OK ? store_restore(plan->scratch, plan->file, err) : result;
}

/* In the scratch database, so that no such token works for a moment even. */
static enum result revoke_revived(struct plan *plan, struct authority *scratch, int64_t now)
{
	enum result result = RESULT_OK;

	for (size_t at = 0; result == RESULT_OK && at < plan->revived.length;
	     at += sizeof(struct id)) {
		struct id id;

		memcpy(&id, plan->revived.data + at, sizeof(id));
		result = authority_audit_revocation(scratch, NULL, &id, false, NULL, now);
		if (result == RESULT_OK)
			result = store_revoke_token(plan->scratch, &id, now, NULL);
	}
	return result;
}

/* What is written in the scratch database before it takes the other's place. */
static enum result finish_scratch(struct plan *plan, int64_t now)
{
	struct authority scratch = plan->admin->authority;
	struct restore_note note = {plan->file, plan->keeps_revoked ? 0 : plan->revived_count,
				    plan->lost_count};
	enum result result = store_begin(plan->scratch);

	scratch.store = plan->scratch;
	if (result == RESULT_OK)
		result = restore_keep_audit(&scratch, plan->admin->authority.store, &note, now);
	if (result == RESULT_OK && plan->keeps_revoked)
		result = revoke_revived(plan, &scratch, now);
	if (result == RESULT_OK)
		return store_commit(plan->scratch);
	store_rollback(plan->scratch);
	return result;
}

/* Fills PLAN's counts by what the database holds, and where it is meant in earnest, finishes the
 * scratch database. */
static enum result settle(void *context)
{
	struct plan *plan = context;
	struct store *current = plan->admin->authority.store;
	int64_t now = timestamp_now();
	struct comparison back = {
		.from = plan->scratch, .other = current, .now = now, .found = &plan->revived};
	struct comparison forth = {.from = current, .other = plan->scratch, .now = now};
	enum result result = compare(&back);

	if (result == RESULT_OK && current != NULL)
		result = compare(&forth);
	if (result == RESULT_OK)
		result = buffer_result(&plan->revived);
	plan->revived_count = back.count;
	plan->lost_count = forth.count;
	if (result == RESULT_OK && plan->is_wanted)
		result = finish_scratch(plan, now);
	if (result == RESULT_OK && plan->keeps_revoked)
		plan->revived_count = 0;
	return result;
}

static void write_json(struct admin *admin, const struct plan *plan, bool is_restored)
{
	struct listing listing;
	struct buffer *out;

	admin_begin_list(admin, &listing, NULL, 1);
	out = output_next_object(&listing);
	buffer_append_char(out, '{');
	json_write_name("file", out);
	json_write_string(plan->file, out);
	json_write_name("revived", out);
	buffer_append_format(out, "%" PRIu64, plan->revived_count);
	json_write_name("lost", out);
	buffer_append_format(out, "%" PRIu64, plan->lost_count);
	json_write_name("restored", out);
	buffer_append_text(out, is_restored ? "true}" : "false}");
	output_end(&listing);
}

static void report(struct admin *admin, const struct plan *plan, bool is_restored)
{
	if (admin->as_json) {
		write_json(admin, plan, is_restored);
		return;
	}
	buffer_append_text(&admin->out, is_restored ? "restored: " : "would be restored: ");
	output_printable(plan->file, &admin->out);
	if (plan->is_first)
		buffer_append_text(&admin->out, ", where there was no database");
	buffer_append_format(&admin->out,
			     "\ntokens that do not work now and come back to life: %" PRIu64
			     "\ntokens that work now and are lost: %" PRIu64 "\n",
			     plan->revived_count, plan->lost_count);
}

/* Counts what would happen, as of one moment. */
static enum result rehearse(struct plan *plan)
{
	struct store *current = plan->admin->authority.store;
	enum result result = current == NULL ? RESULT_OK : store_begin_read(current);

	if (result == RESULT_OK)
		result = settle(plan);
	if (current != NULL)
		store_rollback(current);
	return result;
}

static enum result carry_out(struct admin *admin, struct plan *plan, struct error *err)
{
	enum result result = RESULT_OK;

	if (plan->is_wanted && plan->is_first)
		result = admin_open(admin, ADMIN_TO_MAKE, err);
	if (result == RESULT_OK && plan->is_wanted)
		result = admin_open_audit(admin, true, err);
	if (result == RESULT_OK)
		result = plan->is_wanted ? store_replace(admin->authority.store, plan->scratch,
							 settle, plan, err)
					 : rehearse(plan);
	/* The backup was found whole, so it is the other that cannot be read. */
	if (result == RESULT_STORE_UNAVAILABLE && err->message[0] == '\0' && !plan->is_first &&
	    store_check(admin->authority.store, true, err) == RESULT_OK)
		result = RESULT_INTERNAL;
	if (result == RESULT_OK)
		report(admin, plan, plan->is_wanted);
	if (result != RESULT_OK || plan->is_wanted)
		return result;
	result = output_flush(&admin->out, err);
	return result != RESULT_OK ? result
				   : error_set(err, RESULT_INVALID_USAGE, NULL,
					       "Nothing was changed; add --yes to restore");
}

static bool begins_like_a_database(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char begin[sizeof(magic)];
	int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool is_one = descriptor >= 0 &&
		      read(descriptor, begin, sizeof(begin)) == (ssize_t)sizeof(begin) &&
		      memcmp(begin, magic, sizeof(magic)) == 0;

	if (descriptor >= 0)
		close(descriptor);
	return is_one;
}

/* What is no file is not opened: a FIFO would be waited for. What is no database is not either:
 * SQLite would log it as a failure. */
static enum result check_file(const char *path, struct error *err)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return error_set(err, RESULT_NOT_FOUND, NULL, "%.150s: there is no such backup",
				 path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, RESULT_INVALID_USAGE, NULL, "%.150s: not a regular file",
				 path);
	if (!begins_like_a_database(path))
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%.150s: not a backup of claviger, or you may not read it; give a "
				 "file that claviger-admin backup wrote",
				 path);
	return RESULT_OK;
}

enum result restore_run(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	struct plan plan = {.admin = admin,
			    .file = arguments->words[0],
			    .keeps_revoked = arguments_has(arguments, OPTION_KEEP_REVOKED),
			    .is_wanted = arguments_has(arguments, OPTION_YES)};
	enum result result = check_file(plan.file, err);

	buffer_init(&plan.revived, OUTPUT_MAXIMUM);
	if (result == RESULT_OK)
		result = open_current(admin, &plan, err);
	if (result == RESULT_OK && plan.is_first && plan.keeps_revoked)
		result = error_set(err, RESULT_INVALID_PARAMETER, NULL,
				   "--keep-revoked: there is no database that says what was "
				   "revoked; leave it out");
	if (result == RESULT_OK)
		result = prepare(admin, &plan, err);
	if (result == RESULT_OK)
		result = carry_out(admin, &plan, err);
	close_scratch(&plan);
	return result;
}
