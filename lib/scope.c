/* SPDX-License-Identifier: ISC */
#include "scope.h"

#include <string.h>

bool scope_covers_websites(const struct scope *outer, const struct scope *inner)
{
	if (!id_equals(&outer->account, &inner->account))
		return false;
	if (outer->every_website)
		return true;
	return !inner->every_website && id_set_covers(&outer->websites, &inner->websites);
}

static bool covers_addresses(const struct scope *outer, const struct scope *inner)
{
	if (outer->every_address)
		return true;
	return !inner->every_address && network_set_covers(&outer->addresses, &inner->addresses);
}

bool scope_covers(const struct scope *outer, const struct scope *inner)
{
	return scope_covers_websites(outer, inner) &&
	       permission_set_covers(outer->permissions, inner->permissions) &&
	       covers_addresses(outer, inner) && inner->expires_at <= outer->expires_at;
}

static bool role_allows(enum role role, const char *permission)
{
	const char *action = strchr(permission, ':');

	switch (role) {
	case ROLE_NONE:
		return false;
	case ROLE_VIEWER:
		return action != NULL && strcmp(action, ":read") == 0;
	case ROLE_MEMBER:
		return strcmp(permission, "team:write") != 0 &&
		       strcmp(permission, "websites:write") != 0;
	case ROLE_OWNER:
		return true;
	}
	return false;
}

struct permission_set scope_cut_by_role(const struct catalogue *catalogue,
					struct permission_set permissions, enum role role)
{
	struct permission_set cut = {0};

	if (role == ROLE_OWNER)
		return permissions;
	for (size_t i = 0; i < catalogue->count; i++) {
		struct permission_set one = permission_set_of(i);

		if (permission_set_covers(permissions, one) &&
		    role_allows(role, catalogue->permissions[i].name))
			cut = permission_set_union(cut, one);
	}
	return cut;
}

bool scope_permits(const struct scope *scope, const struct catalogue *catalogue,
		   struct permission_set needed, const struct id *website, enum role role,
		   int64_t now)
{
	if (now >= scope->expires_at)
		return false;
	if (!scope->every_website && !id_set_contains(&scope->websites, website))
		return false;
	return role != ROLE_NONE &&
	       permission_set_covers(scope_cut_by_role(catalogue, scope->permissions, role),
				     needed);
}

bool scope_is_empty(const struct scope *scope)
{
	return permission_set_is_empty(scope->permissions) ||
	       (!scope->every_website && scope->websites.count == 0) ||
	       (!scope->every_address && scope->addresses.count == 0);
}

static enum result intersect_websites(const struct scope *a, const struct scope *b,
				      struct scope *shared)
{
	const struct id_set *listed = a->every_website ? &b->websites : &a->websites;

	shared->every_website = a->every_website && b->every_website;
	if (a->every_website || b->every_website)
		return id_set_init(&shared->websites, listed->ids, listed->count);
	return id_set_intersect(&a->websites, &b->websites, &shared->websites);
}

static enum result intersect_addresses(const struct scope *a, const struct scope *b,
				       struct scope *shared)
{
	const struct network_set *listed = a->every_address ? &b->addresses : &a->addresses;

	shared->every_address = a->every_address && b->every_address;
	if (a->every_address || b->every_address)
		return network_set_init(&shared->addresses, listed->networks, listed->count);
	return network_set_intersect(&a->addresses, &b->addresses, &shared->addresses);
}

enum result scope_intersect(const struct scope *a, const struct scope *b, struct scope *shared)
{
	enum result result;

	*shared = (struct scope){
		.account = a->account,
		.permissions = permission_set_intersection(a->permissions, b->permissions),
		.expires_at = a->expires_at < b->expires_at ? a->expires_at : b->expires_at};
	result = intersect_websites(a, b, shared);
	if (result == RESULT_OK)
		result = intersect_addresses(a, b, shared);
	if (result != RESULT_OK)
		scope_clear(shared);
	return result;
}

bool scope_admits(const struct scope *scope, const char *address)
{
	struct network network;
	struct network_set one = {&network, 1};

	if (scope->every_address)
		return true;
	return address != NULL && network_parse_address(address, &network) &&
	       network_set_covers(&scope->addresses, &one);
}

enum result scope_copy(const struct scope *scope, struct scope *copy)
{
	struct id_set websites;
	struct network_set addresses = {0};
	enum result result = id_set_init(&websites, scope->websites.ids, scope->websites.count);

	*copy = (struct scope){0};
	if (result == RESULT_OK)
		result = network_set_init(&addresses, scope->addresses.networks,
					  scope->addresses.count);
	if (result != RESULT_OK) {
		id_set_clear(&websites);
		return result;
	}
	*copy = *scope;
	copy->websites = websites;
	copy->addresses = addresses;
	return RESULT_OK;
}

void scope_clear(struct scope *scope)
{
	if (scope == NULL)
		return;
	id_set_clear(&scope->websites);
	network_set_clear(&scope->addresses);
	*scope = (struct scope){0};
}

const char *role_name(enum role role)
{
	switch (role) {
	case ROLE_NONE:
		return "none";
	case ROLE_VIEWER:
		return "viewer";
	case ROLE_MEMBER:
		return "member";
	case ROLE_OWNER:
		return "owner";
	}
	return "none";
}

enum role role_parse(const char *name)
{
	for (enum role role = ROLE_VIEWER; role <= ROLE_OWNER; role++)
		if (strcmp(name, role_name(role)) == 0)
			return role;
	return ROLE_NONE;
}
