/* SPDX-License-Identifier: ISC */
/* What a token may do: which permissions, on which websites of one account, from which addresses,
 * until when.
 * The only module that decides "never wider". It knows neither tokens nor the store. */
#ifndef CLAVIGER_SCOPE_H
#define CLAVIGER_SCOPE_H

#include "attributes.h"
#include "id.h"
#include "network.h"
#include "permission.h"

#include <stdbool.h>
#include <stdint.h>

/* What an account is on a website. Zero is nobody. */
enum role { ROLE_NONE, ROLE_VIEWER, ROLE_MEMBER, ROLE_OWNER };

/* Zeroed, a scope permits nothing: every "no limit" is said explicitly. */
struct scope {
	struct id account;
	struct permission_set permissions;
	bool every_website;           /* now and later; never inferred from an empty list */
	struct id_set websites;       /* owned; empty when every_website */
	bool every_address;           /* never inferred from an empty list */
	struct network_set addresses; /* owned; empty when every_address */
	int64_t expires_at;           /* TIMESTAMP_NEVER: no limit */
};

/** Says whether OUTER permits everything that INNER permits: the same account, permissions and
 *  websites and addresses contained, no longer life. Reflexive and transitive. Whoever makes,
 * changes or revokes a token asks here and nowhere else. */
NODISCARD bool scope_covers(const struct scope *outer, const struct scope *inner);

/** The part of scope_covers() that decides sight: the same account, websites contained. */
NODISCARD bool scope_covers_websites(const struct scope *outer, const struct scope *inner);

/** Says whether SCOPE holds all of NEEDED on WEBSITE at the moment NOW, after ROLE, which is what
 *  its account is on that website today, has cut it. ROLE_NONE permits nothing. */
NODISCARD bool scope_permits(const struct scope *scope, const struct catalogue *catalogue,
			     struct permission_set needed, const struct id *website, enum role role,
			     int64_t now);

/** Says whether SCOPE may be used from ADDRESS, text as REMOTE_ADDR has it. What is no address is
 *  one only to a scope that is not limited to some; NULL is none. */
NODISCARD bool scope_admits(const struct scope *scope, const char *address);

/** What ROLE leaves of a permission on a website: a viewer only ":read", a member all but
 *  "team:write" and "websites:write", an owner all. */
NODISCARD struct permission_set scope_cut_by_role(const struct catalogue *catalogue,
						  struct permission_set permissions,
						  enum role role);

/** Says whether SCOPE permits nothing at all, whoever uses it wherever. */
NODISCARD bool scope_is_empty(const struct scope *scope);

/** Fills SHARED, which must own nothing, with what A and B, scopes of one account, both permit.
 *  RESULT_BUSY without memory. */
NODISCARD enum result scope_intersect(const struct scope *a, const struct scope *b,
				      struct scope *shared);

/** Makes COPY, which must own nothing, equal to SCOPE. RESULT_BUSY without memory. */
NODISCARD enum result scope_copy(const struct scope *scope, struct scope *copy);
/** Frees what SCOPE owns and leaves it permitting nothing. NULL is allowed. */
void scope_clear(struct scope *scope);

NODISCARD const char *role_name(enum role role);
/** "owner", "member", "viewer"; ROLE_NONE for anything else. */
NODISCARD enum role role_parse(const char *name);

#endif
