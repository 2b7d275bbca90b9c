/* SPDX-License-Identifier: ISC */
/* The decisions about websites, who has what role on them, and what an account is called.
 *
 * What a caller may do on a website is its scope cut by the role of its account there, as both are
 * when it is asked. A website outside the scope, or on which the account has no role, is
 * RESULT_NOT_FOUND, as if it did not exist; one that is seen and on which the role leaves too
 * little is RESULT_INSUFFICIENT_SCOPE.
 *
 * A change reads the caller's row again in its own transaction: RESULT_INVALID_TOKEN where the
 * caller ended meanwhile. On a thread that may not wait it is RESULT_BUSY, without effect. */
#ifndef CLAVIGER_AUTHORITY_WEBSITE_H
#define CLAVIGER_AUTHORITY_WEBSITE_H

#include "attributes.h"
#include "authority.h"
#include "error.h"
#include "id.h"
#include "scope.h"
#include "store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A website to be; both as lib/text.h wants them. */
struct website_draft {
	char domain[STORE_DOMAIN_SIZE];
	char name[STORE_NAME_SIZE]; /* "": the domain */
};

/** Makes a website of which CALLER's account is the owner. RESULT_INSUFFICIENT_SCOPE for a caller
 *  that is limited to websites; RESULT_CONFLICT where the domain is taken. */
NODISCARD enum result authority_add_website(struct authority *authority,
					    const struct caller *caller,
					    const struct website_draft *draft, int64_t now,
					    struct website_record *website, struct error *err);
/** The same for the operator, with OWNER as the owner. */
NODISCARD enum result authority_add_website_as_operator(struct authority *authority,
							const struct id *owner,
							const struct website_draft *draft,
							int64_t now, struct website_record *website,
							struct error *err);

/** The website ID as CALLER may see it. */
NODISCARD enum result authority_find_website(struct authority *authority,
					     const struct caller *caller, const struct id *id,
					     int64_t now, struct website_record *website,
					     struct error *err);

/** Calls EACH with the websites that CALLER sees and may do on what it was let in for, oldest
 *  first, from AFTER on, until LIMIT were given or EACH answers false (that one is not counted as
 *  given). NEXT is set where more may follow. */
NODISCARD enum result authority_list_websites(struct authority *authority,
					      const struct caller *caller, int64_t now,
					      size_t limit, const struct token_position *after,
					      bool (*each)(void *, const struct website_record *),
					      void *context, struct token_position *next);

/** Gives the website ID another name; WEBSITE is what it is then. */
NODISCARD enum result authority_rename_website(struct authority *authority,
					       const struct caller *caller, const struct id *id,
					       const char *name, int64_t now,
					       struct website_record *website, struct error *err);
/** The same for the operator. */
NODISCARD enum result authority_rename_website_as_operator(struct authority *authority,
							   const struct id *id, const char *name,
							   int64_t now,
							   struct website_record *website);

/** Removes the website ID and all roles on it. Tokens keep its id, which then grants nothing. */
NODISCARD enum result authority_remove_website(struct authority *authority,
					       const struct caller *caller, const struct id *id,
					       int64_t now, struct error *err);
/** The same for the operator; WEBSITE is what it was. */
NODISCARD enum result authority_remove_website_as_operator(struct authority *authority,
							   const struct id *id, int64_t now,
							   struct website_record *website);

/** Calls EACH with those who have a role on the website ID, oldest account first; the rest as
 *  authority_list_websites(). */
NODISCARD enum result authority_list_members(struct authority *authority,
					     const struct caller *caller, const struct id *id,
					     int64_t now, size_t limit,
					     const struct token_position *after,
					     bool (*each)(void *, const struct member_record *),
					     void *context, struct token_position *next,
					     struct error *err);

/** Makes ROLE the role of ACCOUNT on the website ID, ROLE_NONE takes it away; MEMBER is what it is
 *  then. RESULT_NOT_FOUND also where there is no such account, or no role to take;
 *  RESULT_LAST_OWNER where no account that is not disabled would own the website. */
NODISCARD enum result authority_set_role(struct authority *authority, const struct caller *caller,
					 const struct id *id, const struct id *account,
					 enum role role, int64_t now, struct member_record *member,
					 struct error *err);
/** The same for the operator. */
NODISCARD enum result authority_set_role_as_operator(struct authority *authority,
						     const struct id *id, const struct id *account,
						     enum role role, int64_t now,
						     struct member_record *member,
						     struct error *err);

/** Gives CALLER's account another name; ACCOUNT is what it is then. */
NODISCARD enum result authority_rename_account(struct authority *authority,
					       const struct caller *caller, const char *name,
					       int64_t now, struct account_record *account);

#endif
