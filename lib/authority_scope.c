/* SPDX-License-Identifier: ISC */
/* What scope is asked for, and whether it lies within another. */
#include "authority.h"
#include "authority_internal.h"

#include "timestamp.h"

#include <stdio.h>
#include <stdlib.h>

/* A draft is judged against one scope. */
struct choice {
	struct authority *authority;
	const struct scope *within;
	const struct token_draft *draft;
	const char *complaint;
	struct error *err;
};

void token_draft_clear(struct token_draft *draft)
{
	free(draft->website_ids);
	*draft = (struct token_draft){0};
}

/* SHOWN is what more to say of what stands at INDEX of FIELD; never whether it exists. */
static enum result exceed(const struct choice *choice, const char *field, size_t index,
			  const char *shown)
{
	char name[ERROR_FIELD_SIZE];

	snprintf(name, sizeof(name), "%s[%zu]", field, index);
	return error_set(choice->err, RESULT_SCOPE_EXCEEDED, name,
			 "%s: %s%s; ask for what lies within it", choice->complaint, name, shown);
}

static enum result exceed_permission(const struct choice *choice, size_t index)
{
	const struct catalogue *catalogue = &choice->authority->config->catalogue;
	struct permission_set asked = choice->draft->permissions[index];
	char shown[PERMISSION_NAME_SIZE + 4] = " \"*\"";

	for (size_t i = 0; i < catalogue->count && !asked.every; i++)
		if (permission_set_covers(asked, permission_set_of(i)))
			snprintf(shown, sizeof(shown), " \"%s\"", catalogue->permissions[i].name);
	return exceed(choice, "permissions", index, shown);
}

/* Each field is judged by giving the outer scope that field alone and asking whether it is still
 * covered: so scope_covers() decides, and the refusal can name what was too much. */
static enum result choose_permissions(const struct choice *choice,
				      struct permission_set *permissions)
{
	const struct token_draft *draft = choice->draft;

	*permissions = (struct permission_set){0};
	if (!draft->has_permissions) {
		*permissions = choice->within->permissions;
		return RESULT_OK;
	}
	for (size_t i = 0; i < draft->permission_count; i++) {
		struct scope wanted = *choice->within;

		wanted.permissions = draft->permissions[i];
		if (!scope_covers(choice->within, &wanted))
			return exceed_permission(choice, i);
		*permissions = permission_set_union(*permissions, draft->permissions[i]);
	}
	return RESULT_OK;
}

static enum result check_website(const struct choice *choice, size_t index)
{
	struct id *id = &choice->draft->website_ids[index];
	struct scope wanted = *choice->within;
	char name[ERROR_FIELD_SIZE];
	enum role role;
	enum result result;

	wanted.every_website = false;
	wanted.websites = (struct id_set){id, 1};
	if (!scope_covers(choice->within, &wanted))
		return exceed(choice, "websiteIds", index, "");
	result = store_find_role(choice->authority->store, &choice->within->account, id, &role);
	if (result != RESULT_OK || role != ROLE_NONE)
		return result;
	snprintf(name, sizeof(name), "websiteIds[%zu]", index);
	return error_set(choice->err, RESULT_NOT_FOUND, name,
			 "No such website: %s; GET /websites lists those of this account", name);
}

/* SCOPE takes the websites. */
static enum result choose_websites(const struct choice *choice, struct scope *scope)
{
	const struct token_draft *draft = choice->draft;

	if (!draft->has_websites) {
		const struct id_set *websites = &choice->within->websites;

		scope->every_website = choice->within->every_website;
		return id_set_init(&scope->websites, websites->ids, websites->count);
	}
	if (draft->website_count == 0) {
		struct scope wanted = *choice->within;

		wanted.every_website = true;
		wanted.websites = (struct id_set){0};
		if (!scope_covers(choice->within, &wanted))
			return error_set(choice->err, RESULT_SCOPE_EXCEEDED, "websiteIds",
					 "%s: an empty websiteIds means all websites; name some, "
					 "or leave the field out",
					 choice->complaint);
		scope->every_website = true;
		return RESULT_OK;
	}
	for (size_t i = 0; i < draft->website_count; i++) {
		enum result result = check_website(choice, i);

		if (result != RESULT_OK)
			return result;
	}
	return id_set_init(&scope->websites, draft->website_ids, draft->website_count);
}

static enum result exceed_address(const struct choice *choice, size_t index)
{
	char text[NETWORK_TEXT_SIZE], shown[NETWORK_TEXT_SIZE + 4];

	network_format(&choice->draft->addresses[index], text);
	snprintf(shown, sizeof(shown), " \"%s\"", text);
	return exceed(choice, "allowedIps", index, shown);
}

/* SCOPE takes the addresses. */
static enum result choose_addresses(const struct choice *choice, struct scope *scope)
{
	const struct token_draft *draft = choice->draft;
	struct scope wanted = *choice->within;

	if (!draft->has_addresses) {
		scope->every_address = wanted.every_address;
		return network_set_init(&scope->addresses, wanted.addresses.networks,
					wanted.addresses.count);
	}
	wanted.every_address = draft->address_count == 0;
	wanted.addresses = (struct network_set){0};
	if (wanted.every_address && !scope_covers(choice->within, &wanted))
		return error_set(choice->err, RESULT_SCOPE_EXCEEDED, "allowedIps",
				 "%s: an empty allowedIps means any address; name some, or leave "
				 "the field out",
				 choice->complaint);
	for (size_t i = 0; i < draft->address_count; i++) {
		struct network one = draft->addresses[i];

		wanted.addresses = (struct network_set){&one, 1};
		if (!scope_covers(choice->within, &wanted))
			return exceed_address(choice, i);
	}
	scope->every_address = wanted.every_address;
	return network_set_init(&scope->addresses, draft->addresses, draft->address_count);
}

static enum result choose_expiry(const struct choice *choice, int64_t *expires_at)
{
	struct scope wanted = *choice->within;

	switch (choice->draft->expiry) {
	case EXPIRY_INHERITED:
		break;
	case EXPIRY_NEVER:
		wanted.expires_at = TIMESTAMP_NEVER;
		break;
	case EXPIRY_AT:
		wanted.expires_at = choice->draft->expires_at;
		break;
	}
	*expires_at = wanted.expires_at;
	if (scope_covers(choice->within, &wanted))
		return RESULT_OK;
	return error_set(choice->err, RESULT_SCOPE_EXCEEDED, choice->draft->expiry_field,
			 "%s: it would live longer; ask for an end no later than its expiresAt",
			 choice->complaint);
}

enum result authority_choose_scope(struct authority *authority, const struct scope *within,
				   const struct token_draft *draft, const char *complaint,
				   struct scope *scope, struct error *err)
{
	struct choice choice = {authority, within, draft, complaint, err};
	enum result result;

	*scope = (struct scope){.account = within->account};
	result = choose_permissions(&choice, &scope->permissions);
	if (result == RESULT_OK)
		result = choose_websites(&choice, scope);
	if (result == RESULT_OK)
		result = choose_addresses(&choice, scope);
	if (result == RESULT_OK)
		result = choose_expiry(&choice, &scope->expires_at);
	if (result == RESULT_OK && !scope_covers(within, scope))
		result = RESULT_INTERNAL; /* the parts were covered and the whole is not */
	if (result != RESULT_OK)
		scope_clear(scope);
	return result;
}
