/* SPDX-License-Identifier: ISC */
#include "authority_website.h"
#include "authority_internal.h"

#include <stdio.h>

/* How many rows one page may look at: as in authority_list.c, a short page with a cursor rather
 * than a slow answer. */
enum { WORK_PER_PAGE_MAX = 5000 };

enum result authority_begin_change(struct authority *authority, const struct caller *caller,
				   int64_t now, struct token_record *fresh)
{
	enum result result;

	if (!authority->may_wait)
		return RESULT_BUSY; /* a commit waits for the disk */
	result = store_begin(authority->store);
	if (result != RESULT_OK)
		return result;
	result = authority_read_caller_again(authority, caller, now, fresh);
	if (result != RESULT_OK)
		store_rollback(authority->store);
	return result;
}

static bool permits(const struct authority *authority, const struct scope *scope,
		    struct permission_set needed, const struct website_record *website, int64_t now)
{
	return scope_permits(scope, &authority->config->catalogue, needed, &website->id,
			     website->role, now);
}

enum result authority_find_permitted_website(struct authority *authority,
					     const struct caller *caller, const struct scope *scope,
					     const struct id *id, int64_t now,
					     struct website_record *website, struct error *err)
{
	const struct permission_set nothing = {0};
	enum result result = store_find_website(authority->store, &scope->account, id, website);

	if (result != RESULT_OK)
		return result;
	if (!permits(authority, scope, nothing, website, now))
		return RESULT_NOT_FOUND;
	if (permission_set_is_empty(caller->required) ||
	    !permits(authority, scope, caller->required, website, now))
		return error_set(err, RESULT_INSUFFICIENT_SCOPE, NULL,
				 "The account is %s of this website, which does not allow this; "
				 "ask an owner of it",
				 role_name(website->role));
	return RESULT_OK;
}

/* Inside the transaction. CALLER is NULL for the operator. */
static enum result add(struct authority *authority, const struct caller *caller,
		       const struct id *owner, const struct website_draft *draft, int64_t now,
		       struct website_record *website, struct error *err)
{
	enum result result;

	*website =
		(struct website_record){.id = id_new(now), .role = ROLE_OWNER, .created_at = now};
	snprintf(website->domain, sizeof(website->domain), "%s", draft->domain);
	snprintf(website->name, sizeof(website->name), "%s",
		 draft->name[0] == '\0' ? draft->domain : draft->name);
	result = store_add_website(authority->store, website, owner);
	if (result == RESULT_CONFLICT)
		return error_set(err, result, "domain",
				 "There is a website of this domain already; give another, or have "
				 "its owner give this account a role on it");
	return result == RESULT_OK
		       ? authority_audit_website(authority, caller, now, AUDIT_WEBSITE_ADD, owner,
						 NULL, website)
		       : result;
}

enum result authority_add_website(struct authority *authority, const struct caller *caller,
				  const struct website_draft *draft, int64_t now,
				  struct website_record *website, struct error *err)
{
	struct token_record fresh = {0};
	enum result result = authority_begin_change(authority, caller, now, &fresh);

	if (result != RESULT_OK)
		return result;
	/* It would not reach what it made. */
	result = fresh.scope.every_website
			 ? add(authority, caller, &fresh.scope.account, draft, now, website, err)
			 : RESULT_INSUFFICIENT_SCOPE;
	token_record_clear(&fresh);
	return authority_end_transaction(authority, result);
}

enum result authority_add_website_as_operator(struct authority *authority, const struct id *owner,
					      const struct website_draft *draft, int64_t now,
					      struct website_record *website, struct error *err)
{
	enum result result = store_begin(authority->store);

	if (result != RESULT_OK)
		return result;
	return authority_end_transaction(authority,
					 add(authority, NULL, owner, draft, now, website, err));
}

enum result authority_find_website(struct authority *authority, const struct caller *caller,
				   const struct id *id, int64_t now, struct website_record *website,
				   struct error *err)
{
	return authority_find_permitted_website(authority, caller, &caller->token.scope, id, now,
						website, err);
}

struct website_walk {
	const struct authority *authority;
	const struct caller *caller;
	int64_t now;
	size_t limit, given, work;
	int64_t last; /* the sequence up to which all is given or passed over */
	bool ended_early;
	bool (*each)(void *, const struct website_record *);
	void *context;
};

static bool walk_website(void *context, const struct website_record *website)
{
	struct website_walk *walk = context;
	bool is_wanted = permits(walk->authority, &walk->caller->token.scope,
				 walk->caller->required, website, walk->now);

	if (walk->work == WORK_PER_PAGE_MAX ||
	    (is_wanted && (walk->given == walk->limit || !walk->each(walk->context, website)))) {
		walk->ended_early = true;
		return false;
	}
	walk->work++;
	walk->given += is_wanted;
	walk->last = website->sequence;
	return true;
}

enum result authority_list_websites(struct authority *authority, const struct caller *caller,
				    int64_t now, size_t limit, const struct token_position *after,
				    bool (*each)(void *, const struct website_record *),
				    void *context, struct token_position *next)
{
	struct website_walk walk = {.authority = authority,
				    .caller = caller,
				    .now = now,
				    .limit = limit,
				    .last = after->is_set ? after->sequence : 0,
				    .each = each,
				    .context = context};
	enum result result = store_list_websites(authority->store, &caller->token.scope.account,
						 walk.last, walk_website, &walk);

	*next = (struct token_position){.is_set = walk.ended_early, .sequence = walk.last};
	return result;
}

static bool note_owner(void *context, const struct member_record *member)
{
	struct website_owner *owner = context;

	owner->is_found = member->role == ROLE_OWNER;
	owner->id = member->account;
	return !owner->is_found;
}

enum result authority_find_owner(struct authority *authority, const struct id *id,
				 struct website_owner *owner)
{
	*owner = (struct website_owner){0};
	return store_list_members(authority->store, id, 0, note_owner, owner);
}

/* Begins a change by the operator: WEBSITE, and whom it concerns. */
static enum result begin_as_operator(struct authority *authority, const struct id *id,
				     struct website_record *website, struct website_owner *owner)
{
	enum result result = store_begin(authority->store);

	if (result != RESULT_OK)
		return result;
	result = store_find_website(authority->store, NULL, id, website);
	if (result == RESULT_OK)
		result = authority_find_owner(authority, id, owner);
	if (result != RESULT_OK)
		store_rollback(authority->store);
	return result;
}

enum result authority_begin_website_change(struct authority *authority, const struct caller *caller,
					   const struct id *id, int64_t now,
					   struct website_record *website, struct error *err)
{
	struct token_record fresh = {0};
	enum result result = authority_begin_change(authority, caller, now, &fresh);

	if (result != RESULT_OK)
		return result;
	result = authority_find_permitted_website(authority, caller, &fresh.scope, id, now, website,
						  err);
	token_record_clear(&fresh);
	if (result != RESULT_OK)
		store_rollback(authority->store);
	return result;
}

/* Inside the transaction. OWNER is whom it concerns where CALLER is NULL, the operator. */
static enum result rename_website(struct authority *authority, const struct caller *caller,
				  const struct website_owner *owner, const char *name, int64_t now,
				  struct website_record *website)
{
	struct website_record before = *website;
	enum result result = store_rename_website(authority->store, &website->id, name);

	snprintf(website->name, sizeof(website->name), "%s", name);
	return result == RESULT_OK
		       ? authority_audit_website(authority, caller, now, AUDIT_WEBSITE_CHANGE,
						 owner->is_found ? &owner->id : NULL, &before,
						 website)
		       : result;
}

enum result authority_rename_website(struct authority *authority, const struct caller *caller,
				     const struct id *id, const char *name, int64_t now,
				     struct website_record *website, struct error *err)
{
	const struct website_owner nobody = {0};
	enum result result =
		authority_begin_website_change(authority, caller, id, now, website, err);

	if (result != RESULT_OK)
		return result;
	return authority_end_transaction(
		authority, rename_website(authority, caller, &nobody, name, now, website));
}

enum result authority_rename_website_as_operator(struct authority *authority, const struct id *id,
						 const char *name, int64_t now,
						 struct website_record *website)
{
	struct website_owner owner;
	enum result result = begin_as_operator(authority, id, website, &owner);

	if (result != RESULT_OK)
		return result;
	return authority_end_transaction(
		authority, rename_website(authority, NULL, &owner, name, now, website));
}

/* Inside the transaction. OWNER as above. */
static enum result remove_website(struct authority *authority, const struct caller *caller,
				  const struct website_owner *owner, int64_t now,
				  const struct website_record *website)
{
	enum result result = store_remove_website(authority->store, &website->id);

	return result == RESULT_OK
		       ? authority_audit_website(authority, caller, now, AUDIT_WEBSITE_REMOVE,
						 owner->is_found ? &owner->id : NULL, website, NULL)
		       : result;
}

enum result authority_remove_website(struct authority *authority, const struct caller *caller,
				     const struct id *id, int64_t now, struct error *err)
{
	const struct website_owner nobody = {0};
	struct website_record website;
	enum result result =
		authority_begin_website_change(authority, caller, id, now, &website, err);

	if (result != RESULT_OK)
		return result;
	return authority_end_transaction(authority,
					 remove_website(authority, caller, &nobody, now, &website));
}

enum result authority_remove_website_as_operator(struct authority *authority, const struct id *id,
						 int64_t now, struct website_record *website)
{
	struct website_owner owner;
	enum result result = begin_as_operator(authority, id, website, &owner);

	if (result != RESULT_OK)
		return result;
	return authority_end_transaction(authority,
					 remove_website(authority, NULL, &owner, now, website));
}
