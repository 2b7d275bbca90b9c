/* SPDX-License-Identifier: ISC */
#include "authority_website.h"

#include "support.h"
#include "timestamp.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdio.h>
#include <string.h>

enum { NAMES_SIZE = 64, MANY = 5100 };
#define NOW INT64_C(1000000)

/* Digits of what a walk was given. */
struct names {
	char text[NAMES_SIZE];
};

static bool see_website(void *context, const struct website_record *website)
{
	struct names *names = context;

	names->text[strlen(names->text)] = website->domain[1];
	return true;
}

static bool see_member(void *context, const struct member_record *member)
{
	struct names *names = context;
	size_t length = strlen(names->text);

	names->text[length] = member->name[strlen(member->name) - 1];
	names->text[length + 1] = role_name(member->role)[0];
	return length + 4 < NAMES_SIZE;
}

static void set_role(struct fixture *fixture, unsigned account, unsigned website, enum role role)
{
	struct id account_name = account_id(account), website_name = website_id(website);

	assert_int_equal(store_set_role(fixture->store, &account_name, &website_name, role),
			 RESULT_OK);
}

static enum role role_on(struct fixture *fixture, unsigned account, unsigned website)
{
	struct id account_name = account_id(account), website_name = website_id(website);
	enum role role;

	assert_int_equal(store_find_role(fixture->store, &account_name, &website_name, &role),
			 RESULT_OK);
	return role;
}

static void set_scene(struct fixture *fixture)
{
	for (unsigned i = 1; i <= 3; i++)
		fixture_add_account(fixture, i);
}

/* A caller of ACCOUNT with SCOPE that was let in for REQUIRED. */
static struct caller caller_of(struct fixture *fixture, unsigned account, const char *scope,
			       const char *required)
{
	struct made_token made = fixture_add_token(fixture, account, scope, NULL);
	struct caller caller = fixture_caller(fixture, &made.id);

	if (required != NULL)
		caller.required = permission_of(required);
	return caller;
}

static int64_t audit_rows(struct fixture *fixture)
{
	struct audit_tail tail;

	assert_int_equal(store_find_audit_tail(fixture->store, &tail), RESULT_OK);
	return tail.sequence;
}

/* ---- What may be done on one website --------------------------------------------------------- */

static enum result find(struct fixture *fixture, const struct caller *caller, const struct id *id)
{
	struct website_record website;
	struct error err = {0};

	return authority_find_website(&fixture->authority, caller, id, NOW, &website, &err);
}

static enum result rename_it(struct fixture *fixture, const struct caller *caller,
			     const struct id *id)
{
	struct website_record website;
	struct error err = {0};

	return authority_rename_website(&fixture->authority, caller, id, "Shop", NOW, &website,
					&err);
}

static enum result remove_it(struct fixture *fixture, const struct caller *caller,
			     const struct id *id)
{
	struct error err = {0};

	return authority_remove_website(&fixture->authority, caller, id, NOW, &err);
}

static enum result list_team(struct fixture *fixture, const struct caller *caller,
			     const struct id *id)
{
	const struct token_position beginning = {0};
	struct token_position next;
	struct names names = {0};
	struct error err = {0};

	return authority_list_members(&fixture->authority, caller, id, NOW, 10, &beginning,
				      see_member, &names, &next, &err);
}

static enum result change_role(struct fixture *fixture, const struct caller *caller,
			       const struct id *id, unsigned account, enum role role)
{
	struct id account_name = account_id(account);
	struct member_record member;
	struct error err = {0};

	return authority_set_role(&fixture->authority, caller, id, &account_name, role, NOW,
				  &member, &err);
}

static enum result give_role(struct fixture *fixture, const struct caller *caller,
			     const struct id *id)
{
	return change_role(fixture, caller, id, 3, ROLE_MEMBER);
}

static enum result take_role(struct fixture *fixture, const struct caller *caller,
			     const struct id *id)
{
	return change_role(fixture, caller, id, 1, ROLE_NONE);
}

static const struct operation {
	const char *name, *permission;
	enum result (*run)(struct fixture *fixture, const struct caller *caller,
			   const struct id *id);
	enum role least; /* the role that is enough */
	bool is_change;
} operations[] = {
	// clang-format off
	{ "find",      "websites:read",  find,      ROLE_VIEWER, false },
	{ "list team", "team:read",      list_team, ROLE_VIEWER, false },
	{ "rename",    "settings:write", rename_it, ROLE_MEMBER, true  },
	{ "remove",    "websites:write", remove_it, ROLE_OWNER,  true  },
	{ "give role", "team:write",     give_role, ROLE_OWNER,  true  },
	{ "take role", "team:write",     take_role, ROLE_OWNER,  true  },
	// clang-format on
};

/* Account 2 has ROLE on website NUMBER, which account 1 owns too. */
static void expect(struct fixture *fixture, const struct operation *operation, unsigned number,
		   enum role role, const char *scope, enum result expected)
{
	struct caller caller = caller_of(fixture, 2, scope, operation->permission);
	struct id id = website_id(number);
	int64_t rows = audit_rows(fixture);
	enum result result;

	fixture_add_website(fixture, number, 1);
	if (role != ROLE_NONE)
		set_role(fixture, 2, number, role);
	result = operation->run(fixture, &caller, &id);
	if (result != expected)
		fail_msg("%s as %s with %s: %s", operation->name, role_name(role), scope,
			 error_reason(result));
	/* A change leaves its row, a refusal and a question none. */
	assert_int_equal(audit_rows(fixture) - rows,
			 operation->is_change && expected == RESULT_OK ? 1 : 0);
	if (expected != RESULT_OK) {
		assert_int_equal(role_on(fixture, 1, number), ROLE_OWNER);
		assert_int_equal(role_on(fixture, 3, number), ROLE_NONE);
		assert_int_equal(role_on(fixture, 2, number), role);
	}
	caller_clear(&caller);
}

static void test_a_role_cuts_what_a_scope_may_on_a_website(void **state)
{
	struct fixture *fixture = *state;
	unsigned number = 1;

	set_scene(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(operations); i++) {
		const struct operation *operation = &operations[i];

		for (enum role role = ROLE_NONE; role <= ROLE_OWNER; role++)
			expect(fixture, operation, number++, role, "*/all/never",
			       role == ROLE_NONE          ? RESULT_NOT_FOUND
			       : role >= operation->least ? RESULT_OK
							  : RESULT_INSUFFICIENT_SCOPE);
	}
}

static void test_a_website_outside_the_scope_is_not_found(void **state)
{
	struct fixture *fixture = *state;
	unsigned number = 1;

	set_scene(fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(operations); i++) {
		char inside[64];

		expect(fixture, &operations[i], number++, ROLE_OWNER, "*/w900,w901/never",
		       RESULT_NOT_FOUND);
		expect(fixture, &operations[i], number++, ROLE_OWNER, "*/none/never",
		       RESULT_NOT_FOUND);
		snprintf(inside, sizeof(inside), "%s/w900,w%u/never", operations[i].permission,
			 number);
		expect(fixture, &operations[i], number++, ROLE_OWNER, inside, RESULT_OK);
	}
}

static void test_whoever_was_let_in_for_nothing_may_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct id id = website_id(1), unknown = website_id(9);
	struct caller caller;

	set_scene(fixture);
	fixture_add_website(fixture, 1, 2);
	caller = caller_of(fixture, 2, "*/all/never", NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(operations); i++) {
		assert_int_equal(operations[i].run(fixture, &caller, &id),
				 RESULT_INSUFFICIENT_SCOPE);
		assert_int_equal(operations[i].run(fixture, &caller, &unknown), RESULT_NOT_FOUND);
	}
	caller_clear(&caller);
}

/* ---- What happens meanwhile ------------------------------------------------------------------ */

static enum result add_it(struct fixture *fixture, const struct caller *caller,
			  const struct id *ignored)
{
	const struct website_draft draft = {.domain = "new.example.com"};
	struct website_record website;
	struct error err = {0};

	(void)ignored;
	return authority_add_website(&fixture->authority, caller, &draft, NOW, &website, &err);
}

static enum result rename_own_account(struct fixture *fixture, const struct caller *caller,
				      const struct id *ignored)
{
	struct account_record account;

	(void)ignored;
	return authority_rename_account(&fixture->authority, caller, "Ada", NOW, &account);
}

static const struct operation changes[] = {
	// clang-format off
	{ "rename",         "settings:write", rename_it,          ROLE_OWNER, true },
	{ "remove",         "websites:write", remove_it,          ROLE_OWNER, true },
	{ "give role",      "team:write",     give_role,          ROLE_OWNER, true },
	{ "take role",      "team:write",     take_role,          ROLE_OWNER, true },
	{ "add",            "websites:write", add_it,             ROLE_OWNER, true },
	{ "rename account", "settings:write", rename_own_account, ROLE_OWNER, true },
	// clang-format on
};

/* Each change by a caller to whom MEANWHILE happened since it was let in: refused as EXPECTED. */
static void expect_refused(struct fixture *fixture, unsigned account, const char *scope,
			   void (*meanwhile)(struct fixture *, const struct caller *),
			   enum result expected)
{
	struct id id = website_id(1);

	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		struct caller caller = caller_of(fixture, account, scope, changes[i].permission);
		int64_t rows = audit_rows(fixture);
		enum result result;

		meanwhile(fixture, &caller);
		result = changes[i].run(fixture, &caller, &id);
		if (result != expected)
			fail_msg("%s: %s", changes[i].name, error_reason(result));
		assert_int_equal(audit_rows(fixture), rows);
		caller_clear(&caller);
	}
	fixture->authority.may_wait = true;
	assert_int_equal(role_on(fixture, 1, 1), ROLE_OWNER);
}

static void is_revoked(struct fixture *fixture, const struct caller *caller)
{
	assert_int_equal(store_revoke_token(fixture->store, &caller->token.id, NOW, NULL),
			 RESULT_OK);
}

static void may_not_wait(struct fixture *fixture, const struct caller *caller)
{
	(void)caller;
	fixture->authority.may_wait = false;
}

/* What it was let in for is more than its row holds. */
static void is_as_it_was(struct fixture *fixture, const struct caller *caller)
{
	(void)fixture;
	(void)caller;
}

static void loses_its_account(struct fixture *fixture, const struct caller *caller)
{
	enum result result =
		store_disable_account(fixture->store, &caller->token.scope.account, NOW);

	assert_true(result == RESULT_OK || result == RESULT_NOT_FOUND);
}

static void test_a_caller_that_ended_meanwhile_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	set_scene(fixture);
	fixture_add_website(fixture, 1, 1);
	set_role(fixture, 2, 1, ROLE_OWNER);
	expect_refused(fixture, 2, "*/all/never", is_revoked, RESULT_INVALID_TOKEN);
	/* Lists of websites are what a row owns. */
	expect_refused(fixture, 2, "*/w1/never", is_revoked, RESULT_INVALID_TOKEN);
	expect_refused(fixture, 2, "goals:read/w1/never", is_as_it_was, RESULT_INSUFFICIENT_SCOPE);
	expect_refused(fixture, 2, "*/all/never", may_not_wait, RESULT_BUSY);
	expect_refused(fixture, 2, "goals:read/all/never", is_as_it_was, RESULT_INSUFFICIENT_SCOPE);
	expect_refused(fixture, 2, "*/all/1", is_as_it_was, RESULT_INVALID_TOKEN);
	expect_refused(fixture, 2, "*/all/never", loses_its_account, RESULT_INVALID_TOKEN);
}

static void test_a_change_that_leaves_no_row_in_the_audit_is_none(void **state)
{
	struct fixture *fixture = *state;
	struct id id = website_id(1), account_name = account_id(2);
	struct website_record website;
	struct account_record account;

	set_scene(fixture);
	fixture_add_website(fixture, 1, 1);
	set_role(fixture, 2, 1, ROLE_OWNER);
	fixture->authority.audit = NULL;
	expect_refused(fixture, 2, "*/all/never", is_as_it_was, RESULT_INTERNAL);
	assert_int_equal(store_find_website(fixture->store, NULL, &id, &website), RESULT_OK);
	assert_string_equal(website.name, "Website 1");
	assert_int_equal(role_on(fixture, 3, 1), ROLE_NONE);
	assert_int_equal(store_find_account(fixture->store, &account_name, &account), RESULT_OK);
	assert_string_equal(account.name, "Account 2");
}

/* ---- Owners ---------------------------------------------------------------------------------- */

static enum result change_role_as_operator(struct fixture *fixture, unsigned website,
					   unsigned account, enum role role)
{
	struct id id = website_id(website), account_name = account_id(account);
	struct member_record member;
	struct error err = {0};

	return authority_set_role_as_operator(&fixture->authority, &id, &account_name, role, NOW,
					      &member, &err);
}

static void test_the_last_owner_stays(void **state)
{
	static const enum role lower[] = {ROLE_NONE, ROLE_VIEWER, ROLE_MEMBER};
	struct fixture *fixture = *state;
	struct id id = website_id(1), third = account_id(3);
	struct caller caller;

	set_scene(fixture);
	fixture_add_website(fixture, 1, 1);
	set_role(fixture, 2, 1, ROLE_MEMBER);
	set_role(fixture, 3, 1, ROLE_OWNER);
	/* One that cannot act is none. */
	assert_int_equal(store_disable_account(fixture->store, &third, NOW), RESULT_OK);
	caller = caller_of(fixture, 1, "team:write/w1/never", "team:write");
	for (size_t i = 0; i < ARRAY_LENGTH(lower); i++) {
		assert_int_equal(change_role(fixture, &caller, &id, 1, lower[i]),
				 RESULT_LAST_OWNER);
		assert_int_equal(change_role_as_operator(fixture, 1, 1, lower[i]),
				 RESULT_LAST_OWNER);
		assert_int_equal(role_on(fixture, 1, 1), ROLE_OWNER);
	}
	assert_int_equal(audit_rows(fixture), 0);
	assert_int_equal(change_role(fixture, &caller, &id, 3, ROLE_VIEWER), RESULT_OK);
	assert_int_equal(change_role(fixture, &caller, &id, 2, ROLE_OWNER), RESULT_OK);
	assert_int_equal(change_role(fixture, &caller, &id, 1, ROLE_VIEWER), RESULT_OK);
	assert_int_equal(role_on(fixture, 1, 1), ROLE_VIEWER);
	/* It has given away what it would need to take it back. */
	assert_int_equal(change_role(fixture, &caller, &id, 1, ROLE_OWNER),
			 RESULT_INSUFFICIENT_SCOPE);
	assert_int_equal(change_role_as_operator(fixture, 1, 2, ROLE_NONE), RESULT_LAST_OWNER);
	caller_clear(&caller);
}

static void test_a_role_that_is_there_or_not_there_is_not_changed(void **state)
{
	struct fixture *fixture = *state;
	struct id id = website_id(1);
	struct caller caller;

	set_scene(fixture);
	fixture_add_website(fixture, 1, 1);
	caller = caller_of(fixture, 1, "*/all/never", "team:write");
	assert_int_equal(change_role(fixture, &caller, &id, 1, ROLE_OWNER), RESULT_OK);
	assert_int_equal(change_role(fixture, &caller, &id, 2, ROLE_NONE), RESULT_NOT_FOUND);
	assert_int_equal(change_role(fixture, &caller, &id, 9, ROLE_NONE), RESULT_NOT_FOUND);
	assert_int_equal(change_role(fixture, &caller, &id, 9, ROLE_VIEWER), RESULT_NOT_FOUND);
	assert_int_equal(change_role_as_operator(fixture, 1, 9, ROLE_VIEWER), RESULT_NOT_FOUND);
	assert_int_equal(audit_rows(fixture), 0);
	caller_clear(&caller);
}

/* ---- Making ---------------------------------------------------------------------------------- */

static void test_a_website_belongs_to_the_account_that_made_it(void **state)
{
	struct fixture *fixture = *state;
	const struct website_draft draft = {.domain = "new.example.com", .name = "New"};
	const struct website_draft unnamed = {.domain = "other.example.com"};
	struct website_record made, found;
	struct caller caller;
	struct id account = account_id(2);
	struct error err = {0};

	set_scene(fixture);
	caller = caller_of(fixture, 2, "websites:write/all/never", "websites:write");
	assert_int_equal(
		authority_add_website(&fixture->authority, &caller, &draft, NOW, &made, &err),
		RESULT_OK);
	assert_int_equal(store_find_website(fixture->store, &account, &made.id, &found), RESULT_OK);
	assert_string_equal(found.domain, "new.example.com");
	assert_string_equal(found.name, "New");
	assert_int_equal(found.created_at, NOW);
	assert_int_equal(found.role, ROLE_OWNER);
	assert_int_equal(audit_rows(fixture), 1);
	assert_int_equal(
		authority_add_website(&fixture->authority, &caller, &draft, NOW, &made, &err),
		RESULT_CONFLICT);
	assert_string_equal(err.field, "domain");
	assert_int_equal(audit_rows(fixture), 1);
	assert_int_equal(
		authority_add_website(&fixture->authority, &caller, &unnamed, NOW, &made, &err),
		RESULT_OK);
	assert_string_equal(made.name, "other.example.com");
	caller_clear(&caller);
}

static void test_a_caller_limited_to_websites_makes_none(void **state)
{
	struct fixture *fixture = *state;
	struct caller caller;

	set_scene(fixture);
	fixture_add_website(fixture, 1, 2);
	caller = caller_of(fixture, 2, "*/w1/never", "websites:write");
	assert_int_equal(add_it(fixture, &caller, NULL), RESULT_INSUFFICIENT_SCOPE);
	/* Its row decides, not what it was when it was let in. */
	caller.token.scope.every_website = true;
	assert_int_equal(add_it(fixture, &caller, NULL), RESULT_INSUFFICIENT_SCOPE);
	assert_int_equal(audit_rows(fixture), 0);
	caller_clear(&caller);
}

static void test_the_operator_needs_no_role(void **state)
{
	struct fixture *fixture = *state;
	const struct website_draft draft = {.domain = "new.example.com"};
	struct id owner = account_id(1), nobody = account_id(9), unknown = website_id(9);
	struct website_record website;
	struct error err = {0};

	set_scene(fixture);
	assert_int_equal(authority_add_website_as_operator(&fixture->authority, &owner, &draft, NOW,
							   &website, &err),
			 RESULT_OK);
	assert_int_equal(authority_add_website_as_operator(&fixture->authority, &owner, &draft, NOW,
							   &website, &err),
			 RESULT_CONFLICT);
	assert_int_equal(authority_rename_website_as_operator(&fixture->authority, &unknown, "x",
							      NOW, &website),
			 RESULT_NOT_FOUND);
	assert_int_equal(
		authority_remove_website_as_operator(&fixture->authority, &unknown, NOW, &website),
		RESULT_NOT_FOUND);
	assert_int_equal(authority_add_website_as_operator(&fixture->authority, &nobody,
							   &(struct website_draft){.domain = "x"},
							   NOW, &website, &err),
			 RESULT_NOT_FOUND);
	assert_int_equal(audit_rows(fixture), 1);
	fixture_add_website(fixture, 1, 1);
	website.id = website_id(1);
	assert_int_equal(authority_rename_website_as_operator(&fixture->authority, &website.id,
							      "Shop", NOW, &website),
			 RESULT_OK);
	assert_string_equal(website.name, "Shop");
	assert_int_equal(change_role_as_operator(fixture, 1, 2, ROLE_MEMBER), RESULT_OK);
	assert_int_equal(role_on(fixture, 2, 1), ROLE_MEMBER);
	assert_int_equal(authority_remove_website_as_operator(&fixture->authority, &website.id, NOW,
							      &website),
			 RESULT_OK);
	assert_string_equal(website.domain, "w1.example.com");
	assert_int_equal(audit_rows(fixture), 4);
}

/* ---- Lists ----------------------------------------------------------------------------------- */

static const struct websites_case {
	const char *label, *scope, *required, *expected;
} websites_cases[] = {
	// clang-format off
	{ "all of the account",     "*/all/never",          "websites:read",  "1236" },
	{ "those of a list",        "*/w3,w1,w9,w4/never",  "websites:read",  "13"   },
	{ "none is left",           "*/none/never",         "websites:read",  ""     },
	{ "without the permission", "goals:read/all/never", "websites:read",  ""     },
	{ "what a viewer may not",  "*/all/never",          "settings:write", "123"  },
	// clang-format on
};

static void test_websites_are_listed_within_the_scope(void **state)
{
	const struct token_position beginning = {0};
	struct fixture *fixture = *state;

	set_scene(fixture);
	for (unsigned i = 1; i <= 6; i++)
		fixture_add_website(fixture, i, i >= 4 ? 2 : 1);
	set_role(fixture, 1, 6, ROLE_VIEWER);
	for (size_t i = 0; i < ARRAY_LENGTH(websites_cases); i++) {
		const struct websites_case *c = &websites_cases[i];
		struct caller caller = caller_of(fixture, 1, c->scope, c->required);
		struct token_position next;
		struct names names = {0};

		assert_int_equal(authority_list_websites(&fixture->authority, &caller, NOW, 10,
							 &beginning, see_website, &names, &next),
				 RESULT_OK);
		if (strcmp(names.text, c->expected) != 0)
			fail_msg("%s: %s", c->label, names.text);
		assert_false(next.is_set);
		caller_clear(&caller);
	}
}

static void test_pages_of_websites_follow_one_another(void **state)
{
	struct fixture *fixture = *state;
	struct token_position at = {0};
	struct names names = {0};
	struct caller caller;

	set_scene(fixture);
	for (unsigned i = 1; i <= 5; i++)
		fixture_add_website(fixture, i, 1);
	caller = caller_of(fixture, 1, "*/w1,w2,w4,w5/never", "websites:read");
	for (int page = 0; page < 2; page++) {
		assert_int_equal(authority_list_websites(&fixture->authority, &caller, NOW, 2, &at,
							 see_website, &names, &at),
				 RESULT_OK);
		assert_string_equal(names.text, page == 0 ? "12" : "1245");
		assert_int_equal(at.is_set, page == 0);
	}
	caller_clear(&caller);
}

static void test_a_page_of_websites_looks_at_so_many(void **state)
{
	struct fixture *fixture = *state;
	const struct token_position beginning = {0};
	struct token_position next;
	struct names first = {0}, second = {0};
	struct caller caller;

	set_scene(fixture);
	assert_int_equal(store_begin(fixture->store), RESULT_OK);
	for (unsigned i = 1; i <= MANY; i++)
		fixture_add_website(fixture, i, 1);
	assert_int_equal(store_commit(fixture->store), RESULT_OK);
	caller = caller_of(fixture, 1, "*/w7,w5100/never", "websites:read");
	assert_int_equal(authority_list_websites(&fixture->authority, &caller, NOW, 10, &beginning,
						 see_website, &first, &next),
			 RESULT_OK);
	assert_string_equal(first.text, "7");
	assert_true(next.is_set);
	assert_int_equal(authority_list_websites(&fixture->authority, &caller, NOW, 10, &next,
						 see_website, &second, &next),
			 RESULT_OK);
	assert_string_equal(second.text, "5");
	assert_false(next.is_set);
	caller_clear(&caller);
}

static void test_a_team_is_listed_page_by_page(void **state)
{
	struct fixture *fixture = *state;
	struct id id = website_id(1);
	struct token_position at = {0};
	struct names names = {0};
	struct error err = {0};
	struct caller caller;

	set_scene(fixture);
	fixture_add_website(fixture, 1, 2);
	set_role(fixture, 3, 1, ROLE_MEMBER);
	set_role(fixture, 1, 1, ROLE_VIEWER);
	caller = caller_of(fixture, 1, "team:read/w1/never", "team:read");
	for (int page = 0; page < 2; page++) {
		assert_int_equal(authority_list_members(&fixture->authority, &caller, &id, NOW, 2,
							&at, see_member, &names, &at, &err),
				 RESULT_OK);
		assert_string_equal(names.text, page == 0 ? "1v2o" : "1v2o3m");
		assert_int_equal(at.is_set, page == 0);
	}
	caller_clear(&caller);
}

/* ---- Never wider ----------------------------------------------------------------------------- */

static void test_a_list_of_which_no_website_is_left_means_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct website_record gone;
	struct caller caller;

	set_scene(fixture);
	fixture_add_website(fixture, 1, 1);
	fixture_add_website(fixture, 2, 2);
	set_role(fixture, 1, 2, ROLE_MEMBER);
	caller = caller_of(fixture, 1, "*/w1,w2/never", NULL);
	assert_int_equal(
		authority_require(&fixture->authority, &caller, permission_of("goals:read")),
		RESULT_OK);
	gone.id = website_id(1);
	assert_int_equal(
		authority_remove_website_as_operator(&fixture->authority, &gone.id, NOW, &gone),
		RESULT_OK);
	assert_int_equal(
		authority_require(&fixture->authority, &caller, permission_of("goals:read")),
		RESULT_OK);
	assert_int_equal(change_role_as_operator(fixture, 2, 1, ROLE_NONE), RESULT_OK);
	assert_int_equal(
		authority_require(&fixture->authority, &caller, permission_of("goals:read")),
		RESULT_INSUFFICIENT_SCOPE);
	assert_false(caller.token.scope.every_website);
	assert_int_equal(caller.token.scope.websites.count, 2);
	caller_clear(&caller);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_role_cuts_what_a_scope_may_on_a_website),
		TEST(test_a_website_outside_the_scope_is_not_found),
		TEST(test_whoever_was_let_in_for_nothing_may_nothing),
		TEST(test_a_caller_that_ended_meanwhile_changes_nothing),
		TEST(test_a_change_that_leaves_no_row_in_the_audit_is_none),
		TEST(test_the_last_owner_stays),
		TEST(test_a_role_that_is_there_or_not_there_is_not_changed),
		TEST(test_a_website_belongs_to_the_account_that_made_it),
		TEST(test_a_caller_limited_to_websites_makes_none),
		TEST(test_the_operator_needs_no_role),
		TEST(test_websites_are_listed_within_the_scope),
		TEST(test_pages_of_websites_follow_one_another),
		TEST(test_a_page_of_websites_looks_at_so_many),
		TEST(test_a_team_is_listed_page_by_page),
		TEST(test_a_list_of_which_no_website_is_left_means_nothing),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
