/* SPDX-License-Identifier: ISC */
#include "authority_audit.h"

#include "codec.h"
#include "log.h"

enum { TEXT_MAX = 1 << 18 };

static const char *text_of(const struct buffer *buffer)
{
	return buffer == NULL ? NULL : buffer->data;
}

enum result authority_audit(struct authority *authority, const struct caller *caller, int64_t now,
			    const struct audit_change *change)
{
	struct audit_entry entry = {.at = now,
				    .action = change->action,
				    .account = change->account,
				    .target = change->target,
				    .before = text_of(change->before),
				    .after = text_of(change->after)};
	enum result result = authority->audit == NULL ? RESULT_INTERNAL : RESULT_OK;

	if (caller != NULL) {
		entry.actor = &caller->token.id;
		entry.address = caller->address;
		entry.request_id = caller->request_id;
		if (entry.account == NULL)
			entry.account = &caller->token.scope.account;
	}
	if (result == RESULT_OK && change->before != NULL)
		result = buffer_result(change->before);
	if (result == RESULT_OK && change->after != NULL)
		result = buffer_result(change->after);
	return result == RESULT_OK ? audit_write(authority->store, authority->audit, &entry)
				   : result;
}

/* Both texts of one change. */
struct texts {
	struct buffer before, after;
};

static void begin_texts(struct texts *texts)
{
	buffer_init(&texts->before, TEXT_MAX);
	buffer_init(&texts->after, TEXT_MAX);
}

static const struct buffer *something(const struct buffer *text)
{
	bool is_nothing = text->length == 0 && buffer_result(text) == RESULT_OK;

	return is_nothing ? NULL : text;
}

/* Writes the row with what was put into TEXTS, of which one may be nothing. */
static enum result end_texts(struct authority *authority, const struct caller *caller, int64_t now,
			     struct audit_change *change, struct texts *texts)
{
	enum result result;

	change->before = something(&texts->before);
	change->after = something(&texts->after);
	result = authority_audit(authority, caller, now, change);
	buffer_clear(&texts->before);
	buffer_clear(&texts->after);
	return result;
}

enum result authority_audit_token(struct authority *authority, const struct caller *caller,
				  int64_t now, enum audit_action action,
				  const struct token_record *before,
				  const struct token_record *after)
{
	const struct token_record *token = before == NULL ? after : before;
	struct audit_change change = {
		.action = action, .account = &token->scope.account, .target = &token->id};
	struct texts texts;

	begin_texts(&texts);
	if (before != NULL)
		codec_write_audited_token(authority->config, before, now, &texts.before);
	if (after != NULL)
		codec_write_audited_token(authority->config, after, now, &texts.after);
	return end_texts(authority, caller, now, &change, &texts);
}

struct revocation {
	struct authority *authority;
	const struct caller *caller;
	const struct id *spared;
	int64_t now;
	enum result result;
};

static bool audit_revoked(void *context, const struct token_record *record)
{
	struct revocation *revocation = context;
	struct token_record after = *record; /* what it owns stays the other's */

	if (revocation->spared != NULL && id_equals(&record->id, revocation->spared))
		return true;
	after.revoked_at = revocation->now;
	revocation->result =
		authority_audit_token(revocation->authority, revocation->caller, revocation->now,
				      AUDIT_TOKEN_REVOKE, record, &after);
	return revocation->result == RESULT_OK;
}

enum result authority_audit_revocation(struct authority *authority, const struct caller *caller,
				       const struct id *id, bool cascade, const struct id *spared,
				       int64_t now)
{
	struct revocation revocation = {authority, caller, spared, now, RESULT_OK};
	struct token_record record = {0};
	enum result result = store_find_token(authority->store, id, &record);

	if (result == RESULT_OK && record.revoked_at == STORE_NO_MOMENT)
		(void)audit_revoked(&revocation, &record);
	if (result == RESULT_OK && revocation.result == RESULT_OK && cascade)
		result = store_list_descendants(authority->store, id, audit_revoked, &revocation);
	token_record_clear(&record);
	return result == RESULT_OK ? revocation.result : result;
}

enum result authority_audit_website(struct authority *authority, const struct caller *caller,
				    int64_t now, enum audit_action action, const struct id *account,
				    const struct website_record *before,
				    const struct website_record *after)
{
	const struct website_record *website = before == NULL ? after : before;
	struct audit_change change = {.action = action, .account = account, .target = &website->id};
	struct texts texts;

	begin_texts(&texts);
	if (before != NULL)
		codec_write_audited_website(before, &texts.before);
	if (after != NULL)
		codec_write_audited_website(after, &texts.after);
	return end_texts(authority, caller, now, &change, &texts);
}

enum result authority_audit_role(struct authority *authority, const struct caller *caller,
				 int64_t now, const struct id *account, const struct id *website,
				 const struct id *member, enum role before, enum role after)
{
	struct audit_change change = {.action = after == ROLE_NONE ? AUDIT_TEAM_REMOVE
								   : AUDIT_TEAM_SET,
				      .account = account,
				      .target = website};
	struct texts texts;

	begin_texts(&texts);
	if (before != ROLE_NONE)
		codec_write_audited_role(member, before, &texts.before);
	if (after != ROLE_NONE)
		codec_write_audited_role(member, after, &texts.after);
	return end_texts(authority, caller, now, &change, &texts);
}

enum result authority_audit_account(struct authority *authority, const struct caller *caller,
				    int64_t now, enum audit_action action,
				    const struct account_record *before,
				    const struct account_record *after)
{
	const struct account_record *account = before == NULL ? after : before;
	struct audit_change change = {
		.action = action, .account = &account->id, .target = &account->id};
	struct texts texts;

	begin_texts(&texts);
	if (before != NULL)
		codec_write_audited_account(before, &texts.before);
	if (after != NULL)
		codec_write_audited_account(after, &texts.after);
	return end_texts(authority, caller, now, &change, &texts);
}

static enum result write_refusal(struct authority *authority, const struct caller *caller,
				 const struct id *target, int64_t now, const struct error *err)
{
	struct audit_change change = {.action = AUDIT_SCOPE_REFUSED, .target = target};
	struct texts texts;
	enum result result = store_begin(authority->store);

	if (result != RESULT_OK)
		return result;
	begin_texts(&texts);
	codec_write_audited_refusal(err, &texts.after);
	result = end_texts(authority, caller, now, &change, &texts);
	if (result == RESULT_OK)
		return store_commit(authority->store);
	store_rollback(authority->store);
	return result;
}

enum result authority_end_refused(struct authority *authority, const struct caller *caller,
				  const struct id *target, int64_t now, enum result result,
				  struct error *err)
{
	enum result written = RESULT_BUSY; /* a commit waits for the disk */

	if (result != RESULT_SCOPE_EXCEEDED)
		return result;
	if (authority->may_wait)
		written = write_refusal(authority, caller, target, now, err);
	if (written == RESULT_OK)
		return result;
	*err = (struct error){0};
	return written;
}

struct audit_walk {
	size_t limit, given;
	int64_t last; /* the sequence down to which all is given */
	bool ended_early;
	bool (*each)(void *, const struct audit_row *);
	void *context;
};

static bool walk_row(void *context, const struct audit_row *row)
{
	struct audit_walk *walk = context;

	if (walk->given == walk->limit || !walk->each(walk->context, row)) {
		walk->ended_early = true;
		return false;
	}
	walk->given++;
	walk->last = row->sequence;
	return true;
}

enum result authority_list_audit(struct authority *authority, const struct caller *caller,
				 size_t limit, const struct token_position *after,
				 bool (*each)(void *, const struct audit_row *), void *context,
				 struct token_position *next)
{
	struct audit_walk walk = {.limit = limit,
				  .last = after->is_set ? after->sequence : INT64_MAX,
				  .each = each,
				  .context = context};
	enum result result = store_list_audit_of_account(
		authority->store, &caller->token.scope.account, walk.last, walk_row, &walk);

	*next = (struct token_position){.is_set = walk.ended_early, .sequence = walk.last};
	return result;
}

void authority_warn_of_new_key(struct authority *authority)
{
	struct audit_tail tail;

	if (store_find_audit_tail(authority->store, &tail) == RESULT_OK && tail.sequence > 0)
		log_event(LOG_WARNING, NULL, "new key of the audit",
			  "rows_of_another_key=%lld do=put the old file back, or export the audit "
			  "and keep its checkpoint",
			  (long long)tail.sequence);
}
