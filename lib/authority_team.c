/* SPDX-License-Identifier: ISC */
#include "authority_website.h"
#include "authority_internal.h"

#include <stdio.h>

struct member_walk {
	size_t limit, given;
	int64_t last; /* the sequence up to which all is given */
	bool ended_early;
	bool (*each)(void *, const struct member_record *);
	void *context;
};

static bool walk_member(void *context, const struct member_record *member)
{
	struct member_walk *walk = context;

	if (walk->given == walk->limit || !walk->each(walk->context, member)) {
		walk->ended_early = true;
		return false;
	}
	walk->given++;
	walk->last = member->sequence;
	return true;
}

enum result authority_list_members(struct authority *authority, const struct caller *caller,
				   const struct id *id, int64_t now, size_t limit,
				   const struct token_position *after,
				   bool (*each)(void *, const struct member_record *),
				   void *context, struct token_position *next, struct error *err)
{
	struct member_walk walk = {.limit = limit,
				   .last = after->is_set ? after->sequence : 0,
				   .each = each,
				   .context = context};
	struct website_record website;
	enum result result = authority_find_permitted_website(
		authority, caller, &caller->token.scope, id, now, &website, err);

	if (result == RESULT_OK)
		result = store_list_members(authority->store, id, walk.last, walk_member, &walk);
	*next = (struct token_position){.is_set = walk.ended_early, .sequence = walk.last};
	return result;
}

/* Somebody must be able to act for a website. */
static enum result check_owner_remains(struct authority *authority, const struct id *id,
				       const struct id *account, struct error *err)
{
	bool has_other;
	enum result result = store_has_other_owner(authority->store, account, id, &has_other);

	if (result == RESULT_OK && !has_other)
		return error_set(err, RESULT_LAST_OWNER, NULL,
				 "This account is the last owner of the website; make another one "
				 "owner first, or delete the website");
	return result;
}

static enum result find_member(struct authority *authority, const struct id *id,
			       const struct id *account, struct member_record *member)
{
	struct account_record record;
	enum result result = store_find_account(authority->store, account, &record);

	*member = (struct member_record){.account = *account};
	if (result != RESULT_OK)
		return result;
	snprintf(member->name, sizeof(member->name), "%s", record.name);
	return store_find_role(authority->store, account, id, &member->role);
}

/* Inside the transaction. OWNER is whom it concerns where CALLER is NULL, the operator. */
static enum result set_role(struct authority *authority, const struct caller *caller,
			    const struct website_owner *owner, const struct id *id,
			    const struct id *account, enum role role, int64_t now,
			    struct member_record *member, struct error *err)
{
	enum role before;
	enum result result = find_member(authority, id, account, member);

	if (result != RESULT_OK)
		return result;
	before = member->role;
	if (before == role)
		return role == ROLE_NONE ? RESULT_NOT_FOUND : RESULT_OK;
	if (before == ROLE_OWNER)
		result = check_owner_remains(authority, id, account, err);
	if (result == RESULT_OK)
		result = role == ROLE_NONE ? store_remove_role(authority->store, account, id)
					   : store_set_role(authority->store, account, id, role);
	if (result == RESULT_OK)
		result = authority_audit_role(authority, caller, now,
					      owner->is_found ? &owner->id : NULL, id, account,
					      before, role);
	member->role = role;
	return result;
}

enum result authority_set_role(struct authority *authority, const struct caller *caller,
			       const struct id *id, const struct id *account, enum role role,
			       int64_t now, struct member_record *member, struct error *err)
{
	const struct website_owner nobody = {0};
	struct website_record website;
	enum result result =
		authority_begin_website_change(authority, caller, id, now, &website, err);

	if (result != RESULT_OK)
		return result;
	return authority_end_transaction(authority, set_role(authority, caller, &nobody, id,
							     account, role, now, member, err));
}

enum result authority_set_role_as_operator(struct authority *authority, const struct id *id,
					   const struct id *account, enum role role, int64_t now,
					   struct member_record *member, struct error *err)
{
	struct website_owner owner;
	enum result result = store_begin(authority->store);

	if (result != RESULT_OK)
		return result;
	result = authority_find_owner(authority, id, &owner);
	if (result == RESULT_OK)
		result = set_role(authority, NULL, &owner, id, account, role, now, member, err);
	return authority_end_transaction(authority, result);
}
