/* SPDX-License-Identifier: ISC */
#include "authority.h"

#include "support.h"
#include "timestamp.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HERE "192.0.2.1"
#define THERE "198.51.100.1"
/* In 2096 and a millisecond later: after every moment of these tests. */
#define LATE INT64_C(4000000000000)

enum { ROWS_MAX = 64 };

static enum result authenticate(struct authority *authority, const struct key *key,
				const char *address, int64_t now)
{
	struct caller caller;
	struct pending_check pending = {0};
	struct error err = {0};
	enum result result =
		authority_authenticate(authority, key->secret_text, strlen(key->secret_text),
				       address, now, &caller, &pending, &err);

	/* A refusal leaves nothing that could be used. */
	if (result != RESULT_OK)
		assert_true(permission_set_is_empty(caller.token.scope.permissions) &&
			    !caller.token.scope.every_website &&
			    caller.token.scope.websites.count == 0);
	caller_clear(&caller);
	return result;
}

/* The authority of another thread: the same memo and throttle, a connection of its own. */
static struct authority other_thread(struct fixture *fixture, bool may_wait)
{
	struct authority other = fixture->authority;

	other.store = fixture_connect(fixture);
	other.may_wait = may_wait;
	return other;
}

static void test_a_good_key_tells_who_calls(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct caller caller;
	struct pending_check pending;
	struct error err = {0};
	struct scope expected = scope_of("goals:read/w1/4000000000000");

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "goals:read/w1/4000000000000", NULL);
	assert_int_equal(authority_authenticate(&fixture->authority, made.key.secret_text,
						strlen(made.key.secret_text), HERE, timestamp_now(),
						&caller, &pending, &err),
			 RESULT_OK);
	assert_true(id_equals(&caller.token.id, &made.id));
	assert_true(scope_covers(&expected, &caller.token.scope));
	assert_true(scope_covers(&caller.token.scope, &expected));
	assert_string_equal(caller.account.email, "account1@example.com");
	assert_true(permission_set_is_empty(caller.required));
	caller_clear(&caller);
	scope_clear(&expected);
}

static void test_a_good_key_costs_one_scrypt_run(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	uint64_t runs;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	runs = secret_runs();
	for (int i = 0; i < 10; i++)
		assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
	assert_int_equal(secret_runs(), runs + 1);
}

static void test_what_is_no_key_and_what_is_unknown_costs_none(void **state)
{
	struct fixture *fixture = *state;
	uint64_t runs = secret_runs();
	struct key empty = {""}, mask = {"dft_ab1...xyz9"}, key;
	struct selector selector;
	struct display_key display;

	assert_int_equal(authenticate(&fixture->authority, &empty, HERE, 1), RESULT_INVALID_TOKEN);
	assert_int_equal(authenticate(&fixture->authority, &mask, HERE, 1), RESULT_INVALID_TOKEN);
	for (int i = 0; i < 200; i++) {
		token_mint("dft_", &key, &selector, &display);
		assert_int_equal(authenticate(&fixture->authority, &key, HERE, 1),
				 RESULT_INVALID_TOKEN);
	}
	assert_int_equal(secret_runs(), runs);
}

static void test_a_wrong_secret_costs_one_run_and_is_remembered(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct key wrong;
	uint64_t runs;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	wrong = key_with_other_secret(&made.key, 1);
	runs = secret_runs();
	for (int i = 0; i < 50; i++)
		assert_int_equal(authenticate(&fixture->authority, &wrong, HERE, 1),
				 RESULT_INVALID_TOKEN);
	assert_int_equal(secret_runs(), runs + 1);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
}

static void test_many_wrong_secrets_are_slowed_down_by_address(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct key wrong;
	struct caller caller;
	struct pending_check pending;
	struct error err = {0};
	uint64_t runs;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	for (unsigned i = 0; i < 5; i++) {
		wrong = key_with_other_secret(&made.key, i);
		assert_int_equal(authenticate(&fixture->authority, &wrong, HERE, 1),
				 RESULT_INVALID_TOKEN);
	}
	runs = secret_runs();
	wrong = key_with_other_secret(&made.key, 99);
	assert_int_equal(authority_authenticate(&fixture->authority, wrong.secret_text,
						strlen(wrong.secret_text), HERE, 1, &caller,
						&pending, &err),
			 RESULT_RATE_LIMITED);
	assert_in_range(err.retry_after_seconds, 1, 12);
	assert_int_equal(secret_runs(), runs);
	/* The owner elsewhere is not shut out, and what is known good waits nowhere. */
	assert_int_equal(authenticate(&fixture->authority, &made.key, THERE, 1), RESULT_OK);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
}

static void test_plain_cgi_remembers_failures_in_the_store(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct key wrong;
	char slots[FILE_PATH_SIZE];

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	snprintf(slots, sizeof(slots), "%s/slots", fixture->directory);
	fixture->authority.scrypt_slots = slots;
	for (unsigned i = 0; i < 6; i++) {
		/* Each request is a process of its own. */
		throttle_free(fixture->authority.throttle);
		fixture->authority.throttle = throttle_new();
		wrong = key_with_other_secret(&made.key, i);
		assert_int_equal(authenticate(&fixture->authority, &wrong, HERE, 1),
				 i < 5 ? RESULT_INVALID_TOKEN : RESULT_RATE_LIMITED);
	}
	assert_int_equal(authenticate(&fixture->authority, &made.key, THERE, 1), RESULT_OK);
}

static void test_a_revoked_token_is_refused_although_its_key_is_remembered(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
	assert_int_equal(store_revoke_token(fixture->store, &made.id, 5, NULL), RESULT_OK);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1),
			 RESULT_INVALID_TOKEN);
}

static void test_a_token_expires_to_the_millisecond(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/4000000000000", NULL);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, LATE - 1), RESULT_OK);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, LATE),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, LATE + 1),
			 RESULT_INVALID_TOKEN);
}

static void test_a_token_is_good_from_its_addresses_alone(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	uint64_t runs;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never/192.0.2.0/24,::1", NULL);
	runs = secret_runs();
	assert_int_equal(authenticate(&fixture->authority, &made.key, THERE, 1),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(secret_runs(), runs);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
	assert_int_equal(authenticate(&fixture->authority, &made.key, "::1", 1), RESULT_OK);
	/* Although its key is remembered by now. */
	assert_int_equal(authenticate(&fixture->authority, &made.key, THERE, 1),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(authenticate(&fixture->authority, &made.key, "::2", 1),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(authenticate(&fixture->authority, &made.key, "unknown", 1),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(secret_runs(), runs + 1);
}

static void test_an_expired_token_costs_no_scrypt(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	uint64_t runs;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/500", NULL);
	runs = secret_runs();
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 500),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(secret_runs(), runs);
	/* It ended while scrypt ran: the clock is asked again. */
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 499),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(secret_runs(), runs + 1);
}

static void test_a_disabled_account_has_no_callers(void **state)
{
	struct fixture *fixture = *state;
	struct id account = account_id(1);
	struct made_token made;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
	assert_int_equal(store_disable_account(fixture->store, &account, 1), RESULT_OK);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1),
			 RESULT_INVALID_TOKEN);
}

static void test_a_thread_that_may_not_wait_defers_what_needs_scrypt(void **state)
{
	struct fixture *fixture = *state;
	struct authority fast = other_thread(fixture, false);
	struct made_token made;
	struct token_record record;
	struct memo_tag tag;
	struct caller caller;
	struct pending_check pending = {0};
	struct error err = {0};
	struct key wrong;
	uint64_t runs;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	assert_int_equal(store_find_token(fixture->store, &made.id, &record), RESULT_OK);
	memo_tag(fixture->authority.memo, &made.key, &record.hash, &tag);
	token_record_clear(&record);
	runs = secret_runs();
	assert_int_equal(authority_authenticate(&fast, made.key.secret_text,
						strlen(made.key.secret_text), HERE, 1, &caller,
						&pending, &err),
			 RESULT_DEFERRED);
	assert_memory_equal(&pending.tag, &tag, sizeof(tag));
	assert_false(pending.is_suspect);
	assert_int_equal(secret_runs(), runs);

	wrong = key_with_other_secret(&made.key, 1);
	assert_int_equal(authenticate(&fixture->authority, &wrong, HERE, 1), RESULT_INVALID_TOKEN);
	assert_int_equal(authenticate(&fast, &wrong, HERE, 1), RESULT_INVALID_TOKEN);
	assert_int_equal(authority_authenticate(&fast, made.key.secret_text,
						strlen(made.key.secret_text), HERE, 1, &caller,
						&pending, &err),
			 RESULT_DEFERRED);
	assert_true(pending.is_suspect);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
	assert_int_equal(authenticate(&fast, &made.key, HERE, 1), RESULT_OK);
	store_close(fast.store);
}

static void test_a_hash_of_other_parameters_is_renewed(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct token_record before, after;
	uint64_t runs;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	assert_int_equal(store_find_token(fixture->store, &made.id, &before), RESULT_OK);
	fixture->config.scrypt.n = 32;
	runs = secret_runs();
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
	assert_int_equal(secret_runs(), runs + 2);
	assert_int_equal(store_find_token(fixture->store, &made.id, &after), RESULT_OK);
	assert_string_not_equal(before.hash.mcf, after.hash.mcf);
	assert_true(secret_hash_has_parameters(&after.hash, &fixture->config.scrypt));
	assert_int_equal(secret_check_key(&made.key, &after.hash), RESULT_OK);
	runs = secret_runs();
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
	assert_int_equal(secret_runs(), runs);
	token_record_clear(&before);
	token_record_clear(&after);
}

static void test_a_hash_that_cannot_be_renewed_stays_good(void **state)
{
	struct fixture *fixture = *state;
	struct store *writer = fixture_connect(fixture);
	struct made_token made;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	fixture->config.scrypt.n = 32;
	assert_int_equal(store_begin(writer), RESULT_OK);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
	store_rollback(writer);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
	store_close(writer);
}

static const struct require_case {
	const char *label, *scope, *needed;
	enum result expected;
} require_cases[] = {
	// clang-format off
	{ "held",                              "goals:read/all/never",        "goals:read",  RESULT_OK                 },
	{ "held by a star",                    "*/all/never",                 "goals:read",  RESULT_OK                 },
	{ "not held",                          "goals:read/all/never",        "goals:write", RESULT_INSUFFICIENT_SCOPE },
	{ "limited to a living website",       "goals:read/w1/never",         "goals:read",  RESULT_OK                 },
	{ "limited to a dead and a living one", "goals:read/w9,w1/never",     "goals:read",  RESULT_OK                 },
	{ "limited to dead ones",              "*/w8,w9/never",               "goals:read",  RESULT_INSUFFICIENT_SCOPE },
	{ "limited to none",                   "*/none/never",                "goals:read",  RESULT_INSUFFICIENT_SCOPE },
	{ "limited to another account's",      "*/w2/never",                  "goals:read",  RESULT_INSUFFICIENT_SCOPE },
	// clang-format on
};

static void test_a_caller_has_what_it_holds_where_a_website_is_left(void **state)
{
	struct fixture *fixture = *state;

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	fixture_add_website(fixture, 1, 1);
	fixture_add_website(fixture, 2, 2);
	for (size_t i = 0; i < ARRAY_LENGTH(require_cases); i++) {
		const struct require_case *c = &require_cases[i];
		struct made_token made = fixture_add_token(fixture, 1, c->scope, NULL);
		struct caller caller = fixture_caller(fixture, &made.id);
		struct permission_set needed = permission_of(c->needed);

		if (authority_require(&fixture->authority, &caller, needed) != c->expected)
			fail_msg("%s", c->label);
		assert_int_equal(caller.required.bits, c->expected == RESULT_OK ? needed.bits : 0);
		caller_clear(&caller);
	}
}

static void test_a_caller_loses_all_with_its_last_website(void **state)
{
	struct fixture *fixture = *state;
	struct id website = website_id(1);
	struct made_token made;
	struct caller caller;

	fixture_add_account(fixture, 1);
	fixture_add_website(fixture, 1, 1);
	made = fixture_add_token(fixture, 1, "*/w1/never", NULL);
	caller = fixture_caller(fixture, &made.id);
	assert_int_equal(
		authority_require(&fixture->authority, &caller, permission_of("goals:read")),
		RESULT_OK);
	assert_int_equal(store_remove_website(fixture->store, &website), RESULT_OK);
	assert_int_equal(
		authority_require(&fixture->authority, &caller, permission_of("goals:read")),
		RESULT_INSUFFICIENT_SCOPE);
	caller_clear(&caller);
}

/* A draft in words: permissions "a,b" (NULL: absent), websites "w1,w2" ("" for [], NULL: absent).
 */
static const struct permit_case {
	const char *label, *scope, *needed;
	unsigned website; /* 0: none */
	enum result expected;
} permit_cases[] = {
	// clang-format off
	{ "what it holds, anywhere",          "goals:read/all/never",   "goals:read",   0, RESULT_OK },
	{ "an owner, on a website",           "goals:write/all/never",  "goals:write",  1, RESULT_OK },
	{ "a member, below team:write",       "*/all/never",            "goals:write",  2, RESULT_OK },
	{ "a member is no owner",             "*/all/never",            "team:write",   2, RESULT_INSUFFICIENT_SCOPE },
	{ "a viewer reads",                   "*/w3/never",             "goals:read",   3, RESULT_OK },
	{ "a viewer does not write",          "*/w3/never",             "goals:write",  3, RESULT_INSUFFICIENT_SCOPE },
	{ "a website of somebody else",       "*/all/never",            "goals:read",   4, RESULT_NOT_FOUND },
	{ "a website outside of the list",    "goals:read/w1/never",    "goals:read",   2, RESULT_NOT_FOUND },
	{ "the permission comes first",       "goals:read/w1/never",    "goals:write",  2, RESULT_INSUFFICIENT_SCOPE },
	{ "a list of which nothing is left",  "goals:read/w4/never",    "goals:read",   0, RESULT_INSUFFICIENT_SCOPE },
	{ "every permission is not a list",   "goals:read/w1/never",    "*",            1, RESULT_INSUFFICIENT_SCOPE },
	// clang-format on
};

static void test_what_a_token_reaches_is_cut_by_the_role_on_the_website(void **state)
{
	static const enum role roles[] = {ROLE_OWNER, ROLE_MEMBER, ROLE_VIEWER};
	struct fixture *fixture = *state;
	struct id account = account_id(1);

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	for (unsigned i = 1; i <= 4; i++) {
		struct id website = website_id(i);

		fixture_add_website(fixture, i, i == 4 ? 2 : 1);
		if (i <= 3)
			assert_int_equal(
				store_set_role(fixture->store, &account, &website, roles[i - 1]),
				RESULT_OK);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(permit_cases); i++) {
		const struct permit_case *c = &permit_cases[i];
		struct scope scope = scope_of(c->scope);
		struct id website = website_id(c->website);
		enum result result;

		scope.account = account;
		result = authority_permit(&fixture->authority, &scope, permission_of(c->needed),
					  c->website == 0 ? NULL : &website, 1);
		if (result != c->expected)
			fail_msg("%s: %d and not %d", c->label, result, c->expected);
		scope_clear(&scope);
	}
}

static struct token_draft draft_of(const char *permissions, const char *websites,
				   enum expiry_kind expiry, int64_t expires_at)
{
	struct token_draft draft = {.expiry = expiry,
				    .expires_at = expires_at,
				    .expiry_field = "expiresAt",
				    .has_permissions = permissions != NULL,
				    .has_websites = websites != NULL};
	char copy[512], *rest = copy, *piece;

	snprintf(copy, sizeof(copy), "%s", permissions == NULL ? "" : permissions);
	while (copy[0] != '\0' && (piece = cut_piece(&rest, ',')) != NULL)
		draft.permissions[draft.permission_count++] = permission_of(piece);
	draft.website_ids = calloc(ROWS_MAX, sizeof(*draft.website_ids));
	assert_non_null(draft.website_ids);
	snprintf(copy, sizeof(copy), "%s", websites == NULL ? "" : websites);
	rest = copy;
	while (copy[0] != '\0' && (piece = cut_piece(&rest, ',')) != NULL)
		draft.website_ids[draft.website_count++] =
			website_id((unsigned)strtoul(piece + 1, NULL, 10));
	return draft;
}

/* Websites 1 to 3 are of account 1, 4 is of another, 9 is unknown. */
static const struct issue_case {
	const char *label, *caller;
	const char *permissions, *websites;
	enum expiry_kind expiry;
	int64_t expires_at;
	enum result expected;
	const char *outcome; /* the new scope, or the field that is named */
} issue_cases[] = {
	// clang-format off
	{ "nothing said: the caller's own",      "goals:read/w1,w2/4000000000000", NULL, NULL, EXPIRY_INHERITED, 0, RESULT_OK, "goals:read/w1,w2/4000000000000" },
	{ "nothing said to a star",              "*/all/never", NULL, NULL, EXPIRY_INHERITED, 0, RESULT_OK, "*/all/never" },
	{ "all narrower",                        "*/all/never", "goals:read", "w1", EXPIRY_AT, LATE, RESULT_OK, "goals:read/w1/4000000000000" },
	{ "duplicates are folded",               "*/all/never", "goals:read,goals:read", "w2,w1,w2", EXPIRY_INHERITED, 0, RESULT_OK, "goals:read/w1,w2/never" },
	{ "a star from a star",                  "*/all/never", "*", "", EXPIRY_NEVER, 0, RESULT_OK, "*/all/never" },
	{ "exactly the caller's end",            "*/all/4000000000000", NULL, NULL, EXPIRY_AT, LATE, RESULT_OK, "*/all/4000000000000" },
	{ "a dead website is handed down",       "*/w1,w9/never", NULL, NULL, EXPIRY_INHERITED, 0, RESULT_OK, "*/w1,w9/never" },
	{ "no website is handed down as none",   "*/none/never", NULL, NULL, EXPIRY_INHERITED, 0, RESULT_OK, "*/none/never" },
	{ "one permission too many",             "goals:read/all/never", "goals:read,goals:write", NULL, EXPIRY_INHERITED, 0, RESULT_SCOPE_EXCEEDED, "permissions[1]" },
	{ "the first one too many",              "goals:read/all/never", "team:read,goals:write", NULL, EXPIRY_INHERITED, 0, RESULT_SCOPE_EXCEEDED, "permissions[0]" },
	{ "a star from names",                   "goals:read,goals:write/all/never", "*", NULL, EXPIRY_INHERITED, 0, RESULT_SCOPE_EXCEEDED, "permissions[0]" },
	{ "a website outside the list",          "*/w1,w2/never", NULL, "w2,w3", EXPIRY_INHERITED, 0, RESULT_SCOPE_EXCEEDED, "websiteIds[1]" },
	{ "an unknown one to a limited caller",  "*/w1/never", NULL, "w9", EXPIRY_INHERITED, 0, RESULT_SCOPE_EXCEEDED, "websiteIds[0]" },
	{ "all websites from a limited caller",  "*/w1,w2,w3/never", NULL, "", EXPIRY_INHERITED, 0, RESULT_SCOPE_EXCEEDED, "websiteIds" },
	{ "all websites from one without any",   "*/none/never", NULL, "", EXPIRY_INHERITED, 0, RESULT_SCOPE_EXCEEDED, "websiteIds" },
	{ "a website from one without any",      "*/none/never", NULL, "w1", EXPIRY_INHERITED, 0, RESULT_SCOPE_EXCEEDED, "websiteIds[0]" },
	{ "an unknown website",                  "*/all/never", NULL, "w1,w9", EXPIRY_INHERITED, 0, RESULT_NOT_FOUND, "websiteIds[1]" },
	{ "another account's website",           "*/all/never", NULL, "w4", EXPIRY_INHERITED, 0, RESULT_NOT_FOUND, "websiteIds[0]" },
	{ "a dead one by name",                  "*/w1,w9/never", NULL, "w9", EXPIRY_INHERITED, 0, RESULT_NOT_FOUND, "websiteIds[0]" },
	{ "a millisecond beyond the caller",     "*/all/4000000000000", NULL, NULL, EXPIRY_AT, LATE + 1, RESULT_SCOPE_EXCEEDED, "expiresAt" },
	{ "never from one that ends",            "*/all/4000000000000", NULL, NULL, EXPIRY_NEVER, 0, RESULT_SCOPE_EXCEEDED, "expiresAt" },
	{ "permissions are judged first",        "goals:read/w1/4000000000000", "*", "", EXPIRY_NEVER, 0, RESULT_SCOPE_EXCEEDED, "permissions[0]" },
	{ "websites are judged second",          "goals:read/w1/4000000000000", NULL, "", EXPIRY_NEVER, 0, RESULT_SCOPE_EXCEEDED, "websiteIds" },
	// clang-format on
};

static void assert_issued(struct fixture *fixture, const struct issue_case *c,
			  const struct caller *caller, const struct token_record *record,
			  const struct key *key)
{
	struct scope expected = scope_of(c->outcome);
	struct caller child;
	struct pending_check pending;
	struct error err = {0};

	if (authority_authenticate(&fixture->authority, key->secret_text, strlen(key->secret_text),
				   HERE, timestamp_now(), &child, &pending, &err) != RESULT_OK)
		fail_msg("%s: the key does not work", c->label);
	assert_true(id_equals(&child.token.id, &record->id));
	if (!scope_covers(&expected, &child.token.scope) ||
	    !scope_covers(&child.token.scope, &expected))
		fail_msg("%s: not what was asked for", c->label);
	assert_true(scope_covers(&caller->token.scope, &child.token.scope));
	assert_true(child.token.has_parent && id_equals(&child.token.parent, &caller->token.id));
	caller_clear(&child);
	scope_clear(&expected);
}

static void test_what_is_issued_is_never_wider(void **state)
{
	struct fixture *fixture = *state;

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	for (unsigned i = 1; i <= 4; i++)
		fixture_add_website(fixture, i, i == 4 ? 2 : 1);
	for (size_t i = 0; i < ARRAY_LENGTH(issue_cases); i++) {
		const struct issue_case *c = &issue_cases[i];
		struct made_token made = fixture_add_token(fixture, 1, c->caller, NULL);
		struct caller caller = fixture_caller(fixture, &made.id);
		struct token_draft draft =
			draft_of(c->permissions, c->websites, c->expiry, c->expires_at);
		struct token_record record;
		struct key key;
		struct error err = {0};
		uint64_t runs = secret_runs();
		enum result result = authority_issue(&fixture->authority, &caller, &draft, NULL,
						     timestamp_now(), &record, &key, &err);

		if (result != c->expected)
			fail_msg("%s: result %d (%s)", c->label, result, err.message);
		if (result == RESULT_OK) {
			assert_issued(fixture, c, &caller, &record, &key);
		} else {
			if (strcmp(err.field, c->outcome) != 0)
				fail_msg("%s: the field is %s", c->label, err.field);
			assert_int_equal(secret_runs(), runs);
			assert_true(sodium_is_zero((const unsigned char *)&key, sizeof(key)));
		}
		token_record_clear(&record);
		token_draft_clear(&draft);
		caller_clear(&caller);
	}
}

/* Issues what CALLER has under itself. */
static enum result issue_own(struct authority *authority, const struct caller *caller,
			     struct id *id, struct error *err)
{
	struct token_draft draft = {0};
	struct token_record record;
	struct key key;
	enum result result = authority_issue(authority, caller, &draft, NULL, timestamp_now(),
					     &record, &key, err);

	*id = record.id;
	assert_true(result == RESULT_OK || key.secret_text[0] == '\0');
	token_record_clear(&record);
	return result;
}

static void test_an_account_has_so_many_living_tokens(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct caller caller;
	struct error err = {0};
	struct id account = account_id(1), first, id;
	struct token_draft draft = {0};
	struct token_record record;
	struct key key;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	(void)fixture_add_token(fixture, 1, "*/all/500", NULL); /* over: does not count */
	caller = fixture_caller(fixture, &made.id);
	fixture->limits.tokens_per_account = 3;
	assert_int_equal(issue_own(&fixture->authority, &caller, &first, &err), RESULT_OK);
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_OK);
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_LIMIT_REACHED);
	assert_non_null(strstr(err.message, "3 of 3"));
	/* The operator is not stopped, but what it makes counts. */
	assert_int_equal(authority_issue_for_account(&fixture->authority, &account, &draft,
						     timestamp_now(), &record, &key, &err),
			 RESULT_OK);
	token_record_clear(&record);
	assert_int_equal(store_revoke_token(fixture->store, &first, 1, NULL), RESULT_OK);
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_LIMIT_REACHED);
	fixture->limits.tokens_per_account = 4;
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_OK);
	caller_clear(&caller);
}

static void test_a_caller_that_ended_meanwhile_makes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct made_token revoked, expired, gone, narrowed;
	struct caller caller;
	struct error err = {0};
	struct id id, account = account_id(1);

	fixture_add_account(fixture, 1);
	revoked = fixture_add_token(fixture, 1, "*/all/never", NULL);
	expired = fixture_add_token(fixture, 1, "*/all/500", NULL);
	gone = fixture_add_token(fixture, 1, "*/all/never", NULL);
	narrowed = fixture_add_token(fixture, 1, "goals:read/all/never", NULL);

	caller = fixture_caller(fixture, &revoked.id);
	assert_int_equal(store_revoke_token(fixture->store, &revoked.id, 1, NULL), RESULT_OK);
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_INVALID_TOKEN);
	caller_clear(&caller);
	caller = fixture_caller(fixture, &expired.id);
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_INVALID_TOKEN);
	caller_clear(&caller);
	/* Its row lacks what the route asked for when it was let in. */
	caller = fixture_caller(fixture, &narrowed.id);
	caller.required = permission_of("api-keys:write");
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err),
			 RESULT_INSUFFICIENT_SCOPE);
	caller_clear(&caller);
	caller = fixture_caller(fixture, &gone.id);
	assert_int_equal(store_disable_account(fixture->store, &account, 1), RESULT_OK);
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_INVALID_TOKEN);
	caller_clear(&caller);
	memset(&caller, 0, sizeof(caller));
	caller.token.scope = scope_of("*/all/never");
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_INVALID_TOKEN);
	caller_clear(&caller);
}

static void test_a_caller_whose_addresses_were_narrowed_meanwhile_makes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct caller caller;
	struct error err = {0};
	struct id id;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never/192.0.2.0/24", NULL);
	caller = fixture_caller(fixture, &made.id);
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_INVALID_TOKEN);
	caller.address = THERE;
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_INVALID_TOKEN);
	caller.address = HERE;
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_OK);
	caller_clear(&caller);
}

static void test_a_row_that_was_narrowed_meanwhile_decides(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct caller caller;
	struct error err = {0};
	struct token_draft draft = draft_of("goals:write", NULL, EXPIRY_INHERITED, 0);
	struct token_record record;
	struct key key;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "goals:read/all/never", NULL);
	caller = fixture_caller(fixture, &made.id);
	caller.token.scope.permissions = permission_of("*"); /* as it was when it came in */
	assert_int_equal(authority_issue(&fixture->authority, &caller, &draft, NULL,
					 timestamp_now(), &record, &key, &err),
			 RESULT_SCOPE_EXCEEDED);
	assert_string_equal(err.field, "permissions[0]");
	token_draft_clear(&draft);
	caller_clear(&caller);
}

static void test_a_caller_that_ended_meanwhile_rotates_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made = {0};
	struct caller caller;
	struct error err = {0};
	struct token_record record;
	struct key key;
	uint64_t runs;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	caller = fixture_caller(fixture, &made.id);
	assert_int_equal(store_revoke_token(fixture->store, &made.id, 1, NULL), RESULT_OK);
	runs = secret_runs();
	/* Its target is gone too, but that is not what it is told. */
	assert_int_equal(authority_rotate(&fixture->authority, &caller, &made.id, 0, NULL,
					  timestamp_now(), &record, &key, &err),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(secret_runs(), runs);
	assert_int_equal(key.secret_text[0], '\0');
	caller_clear(&caller);
}

static void test_issuing_defers_or_is_busy_without_effect(void **state)
{
	struct fixture *fixture = *state;
	struct authority fast = other_thread(fixture, false);
	struct store *writer = fixture_connect(fixture);
	struct made_token made;
	struct caller caller;
	struct error err = {0};
	struct id id, account = account_id(1);
	uint64_t runs, count;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	caller = fixture_caller(fixture, &made.id);
	runs = secret_runs();
	assert_int_equal(issue_own(&fast, &caller, &id, &err), RESULT_DEFERRED);
	assert_int_equal(secret_runs(), runs);
	assert_int_equal(store_begin(writer), RESULT_OK);
	assert_int_equal(issue_own(&fixture->authority, &caller, &id, &err), RESULT_BUSY);
	store_rollback(writer);
	assert_int_equal(store_count_living_tokens(fixture->store, &account, 1, &count), RESULT_OK);
	assert_int_equal(count, 1);
	store_close(writer);
	store_close(fast.store);
	caller_clear(&caller);
}

static void test_the_operator_makes_tokens_within_an_account(void **state)
{
	struct fixture *fixture = *state;
	struct id account = account_id(1), nobody = account_id(9);
	struct token_draft draft = draft_of("goals:read", "w1", EXPIRY_AT, LATE);
	struct token_draft foreign = draft_of(NULL, "w4", EXPIRY_INHERITED, 0);
	struct token_draft own = {0};
	struct token_record record;
	struct key key;
	struct error err = {0};

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	fixture_add_website(fixture, 1, 1);
	fixture_add_website(fixture, 4, 2);
	draft.has_name = true;
	snprintf(draft.name, sizeof(draft.name), "deploy");
	assert_int_equal(authority_issue_for_account(&fixture->authority, &account, &draft,
						     timestamp_now(), &record, &key, &err),
			 RESULT_OK);
	assert_false(record.has_parent);
	assert_string_equal(record.name, "deploy");
	assert_int_equal(record.scope.expires_at, LATE);
	assert_int_equal(authenticate(&fixture->authority, &key, HERE, timestamp_now()), RESULT_OK);
	token_record_clear(&record);
	assert_int_equal(authority_issue_for_account(&fixture->authority, &account, &foreign,
						     timestamp_now(), &record, &key, &err),
			 RESULT_NOT_FOUND);
	assert_string_equal(err.field, "websiteIds[0]");
	assert_int_equal(authority_issue_for_account(&fixture->authority, &nobody, &own,
						     timestamp_now(), &record, &key, &err),
			 RESULT_NOT_FOUND);
	token_draft_clear(&draft);
	token_draft_clear(&foreign);
}

static void test_a_token_is_active_expired_or_revoked(void **state)
{
	struct token_record record = {.revoked_at = STORE_NO_MOMENT, .scope.expires_at = 500};

	(void)state;
	assert_int_equal(authority_token_state(&record, 499), TOKEN_ACTIVE);
	assert_int_equal(authority_token_state(&record, 500), TOKEN_EXPIRED);
	record.revoked_at = 1;
	assert_int_equal(authority_token_state(&record, 499), TOKEN_REVOKED);
	assert_int_equal(authority_token_state(&record, 500), TOKEN_REVOKED);
	record = (struct token_record){.revoked_at = STORE_NO_MOMENT,
				       .scope.expires_at = TIMESTAMP_NEVER};
	assert_int_equal(authority_token_state(&record, INT64_MAX - 1), TOKEN_ACTIVE);
}

static const struct sight_case {
	const char *label, *caller;
	unsigned account; /* of the other token */
	const char *other;
	bool is_seen;
	enum result revoked;
} sight_cases[] = {
	// clang-format off
	{ "the same scope",                 "*/all/never",          1, "*/all/never",          true,  RESULT_OK             },
	{ "narrower",                       "*/all/never",          1, "goals:read/w1/500",    true,  RESULT_OK             },
	{ "another account's",              "*/all/never",          2, "goals:read/w1/500",    false, RESULT_NOT_FOUND      },
	{ "within the websites, wider",     "goals:read/w1/never",  1, "goals:write/w1/never", true,  RESULT_SCOPE_EXCEEDED },
	{ "within the websites, longer",    "*/w1/4000000000000",   1, "goals:read/w1/never",  true,  RESULT_SCOPE_EXCEEDED },
	{ "a star to one who lists names",  "goals:read/all/never", 1, "*/all/never",          true,  RESULT_SCOPE_EXCEEDED },
	{ "outside the websites",           "*/w1/never",           1, "goals:read/w2/500",    false, RESULT_NOT_FOUND      },
	{ "partly outside",                 "*/w1/never",           1, "goals:read/w1,w2/500", false, RESULT_NOT_FOUND      },
	{ "all websites",                   "*/w1/never",           1, "goals:read/all/500",   false, RESULT_NOT_FOUND      },
	// clang-format on
};

static void test_a_caller_sees_and_revokes_what_lies_within_it(void **state)
{
	struct fixture *fixture = *state;

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	for (size_t i = 0; i < ARRAY_LENGTH(sight_cases); i++) {
		const struct sight_case *c = &sight_cases[i];
		struct made_token made = fixture_add_token(fixture, 1, c->caller, NULL);
		struct made_token other = fixture_add_token(fixture, c->account, c->other, NULL);
		struct caller caller = fixture_caller(fixture, &made.id);
		struct token_record record;
		struct error err = {0};
		uint64_t descendants;

		caller.required = permission_of("goals:read");
		if (authority_find(&fixture->authority, &caller, &other.id, &record) !=
		    (c->is_seen ? RESULT_OK : RESULT_NOT_FOUND))
			fail_msg("%s: seen or not", c->label);
		token_record_clear(&record);
		if (authority_revoke(&fixture->authority, &caller, &other.id, false, 5,
				     &descendants, &err) != c->revoked)
			fail_msg("%s: revoked or not", c->label);
		assert_int_equal(store_find_token(fixture->store, &other.id, &record), RESULT_OK);
		assert_int_equal(record.revoked_at, c->revoked == RESULT_OK ? 5 : STORE_NO_MOMENT);
		token_record_clear(&record);
		caller_clear(&caller);
	}
}

static void test_a_revoked_token_is_seen_and_not_revoked_again(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made, other;
	struct caller caller;
	struct token_record record;
	struct error err = {0};
	uint64_t descendants;
	struct id unknown = account_id(9);

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	other = fixture_add_token(fixture, 1, "*/all/never", NULL);
	caller = fixture_caller(fixture, &made.id);
	caller.required = permission_of("api-keys:write");
	assert_int_equal(authority_revoke(&fixture->authority, &caller, &other.id, false, 5,
					  &descendants, &err),
			 RESULT_OK);
	assert_int_equal(authority_revoke(&fixture->authority, &caller, &other.id, false, 6,
					  &descendants, &err),
			 RESULT_NOT_FOUND);
	assert_int_equal(authority_revoke(&fixture->authority, &caller, &unknown, false, 6,
					  &descendants, &err),
			 RESULT_NOT_FOUND);
	assert_int_equal(authority_find(&fixture->authority, &caller, &unknown, &record),
			 RESULT_NOT_FOUND);
	assert_int_equal(authority_find(&fixture->authority, &caller, &other.id, &record),
			 RESULT_OK);
	assert_int_equal(authority_token_state(&record, 6), TOKEN_REVOKED);
	token_record_clear(&record);
	caller_clear(&caller);
}

static void test_a_token_revokes_itself_without_any_permission(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made, child;
	struct caller caller;
	struct error err = {0};
	uint64_t descendants;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "goals:read/w1/never", NULL);
	child = fixture_add_token(fixture, 1, "goals:read/w1/never", &made.id);
	caller = fixture_caller(fixture, &made.id);
	/* Without the permission for it, only itself. */
	assert_int_equal(authority_revoke(&fixture->authority, &caller, &child.id, false, 5,
					  &descendants, &err),
			 RESULT_INSUFFICIENT_SCOPE);
	assert_int_equal(authority_revoke(&fixture->authority, &caller, &made.id, false, 5,
					  &descendants, &err),
			 RESULT_OK);
	assert_int_equal(descendants, 1);
	assert_int_equal(authority_revoke(&fixture->authority, &caller, &made.id, false, 5,
					  &descendants, &err),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(authenticate(&fixture->authority, &child.key, HERE, 1), RESULT_OK);
	caller_clear(&caller);
}

static void test_what_a_caller_made_it_may_revoke_even_where_it_is_wider(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made, child, grandchild;
	struct caller caller;
	struct error err = {0};
	uint64_t descendants;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "api-keys:write/w1/never", NULL);
	/* As if the parent had been narrowed since. */
	child = fixture_add_token(fixture, 1, "*/all/never", &made.id);
	grandchild = fixture_add_token(fixture, 1, "*/all/never", &child.id);
	caller = fixture_caller(fixture, &made.id);
	caller.required = permission_of("api-keys:write");
	assert_int_equal(authority_revoke(&fixture->authority, &caller, &child.id, true, 5,
					  &descendants, &err),
			 RESULT_OK);
	assert_int_equal(descendants, 1);
	assert_int_equal(authenticate(&fixture->authority, &child.key, HERE, 1),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(authenticate(&fixture->authority, &grandchild.key, HERE, 1),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(authenticate(&fixture->authority, &made.key, HERE, 1), RESULT_OK);
	caller_clear(&caller);
}

static void test_a_caller_that_ended_or_may_not_wait_revokes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct authority fast = other_thread(fixture, false);
	struct store *writer = fixture_connect(fixture);
	struct made_token made, other;
	struct caller caller;
	struct error err = {0};
	uint64_t descendants;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	other = fixture_add_token(fixture, 1, "*/all/never", NULL);
	caller = fixture_caller(fixture, &made.id);
	caller.required = permission_of("api-keys:write");
	assert_int_equal(authority_revoke(&fast, &caller, &other.id, false, 5, &descendants, &err),
			 RESULT_BUSY);
	assert_int_equal(store_begin(writer), RESULT_OK);
	assert_int_equal(authority_revoke(&fixture->authority, &caller, &other.id, false, 5,
					  &descendants, &err),
			 RESULT_BUSY);
	store_rollback(writer);
	assert_int_equal(store_revoke_token(fixture->store, &made.id, 5, NULL), RESULT_OK);
	assert_int_equal(authority_revoke(&fixture->authority, &caller, &other.id, false, 5,
					  &descendants, &err),
			 RESULT_INVALID_TOKEN);
	assert_int_equal(authenticate(&fixture->authority, &other.key, HERE, 1), RESULT_OK);
	store_close(writer);
	store_close(fast.store);
	caller_clear(&caller);
}

static void test_the_operator_revokes_any_token(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made, child;
	struct id unknown = account_id(9);
	uint64_t descendants;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	child = fixture_add_token(fixture, 1, "*/all/never", &made.id);
	assert_int_equal(
		authority_revoke_as_operator(&fixture->authority, &unknown, true, 5, &descendants),
		RESULT_NOT_FOUND);
	assert_int_equal(
		authority_revoke_as_operator(&fixture->authority, &made.id, false, 5, &descendants),
		RESULT_OK);
	assert_int_equal(descendants, 1);
	assert_int_equal(authenticate(&fixture->authority, &child.key, HERE, 1), RESULT_OK);
	assert_int_equal(
		authority_revoke_as_operator(&fixture->authority, &made.id, true, 5, &descendants),
		RESULT_NOT_FOUND);
	assert_int_equal(authenticate(&fixture->authority, &child.key, HERE, 1), RESULT_OK);
	assert_int_equal(
		authority_revoke_as_operator(&fixture->authority, &child.id, true, 5, &descendants),
		RESULT_OK);
	assert_int_equal(authenticate(&fixture->authority, &child.key, HERE, 1),
			 RESULT_INVALID_TOKEN);
}

/* The names that a list gave, one letter each. */
struct names {
	char text[ROWS_MAX];
	size_t stop_at; /* answers false instead of this one; 0: never */
};

static bool see_name(void *context, const struct token_record *record)
{
	struct names *names = context;
	size_t count = strlen(names->text);

	if (names->stop_at != 0 && count + 1 == names->stop_at)
		return false;
	assert_true(count + 1 < sizeof(names->text));
	names->text[count] = record->name[0];
	return true;
}

static void add_named(struct fixture *fixture, unsigned account, const char *name,
		      const char *scope)
{
	struct token_record record = {.id = id_new(1),
				      .scope = scope_of(scope),
				      .has_name = true,
				      .hash = {"$s1$none"},
				      .created_at = 1};
	struct key key;

	record.scope.account = account_id(account);
	snprintf(record.name, sizeof(record.name), "%s", name);
	token_mint("dft_", &key, &record.selector, &record.display_key);
	assert_int_equal(store_add_token(fixture->store, &record), RESULT_OK);
	if (strchr(name, '!') != NULL)
		assert_int_equal(store_revoke_token(fixture->store, &record.id, 5, NULL),
				 RESULT_OK);
	token_record_clear(&record);
}

/* Adds the caller, which is the oldest and has no name, and tokens A to F of its account. */
static struct caller add_list(struct fixture *fixture, const char *caller_scope)
{
	struct made_token made;

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	made = fixture_add_token(fixture, 1, caller_scope, NULL);
	add_named(fixture, 1, "Agent", "*/all/never");
	add_named(fixture, 1, "Bot", "goals:read/w1/500");
	add_named(fixture, 1, "C, revoked!", "goals:read/w1/never");
	add_named(fixture, 2, "X, of another", "goals:read/w1/never");
	add_named(fixture, 1, "Deploy agent", "goals:read/w2/never");
	add_named(fixture, 1, "Every", "goals:read/w1,w2/never");
	add_named(fixture, 1, "Final", "*/w1/500");
	return fixture_caller(fixture, &made.id);
}

#define FILTER(state_active, state_expired, state_revoked, part)                                   \
	{                                                                                          \
		.active = state_active, .expired = state_expired, .revoked = state_revoked,        \
		.name_part = part                                                                  \
	}

static const struct list_case {
	const char *label, *caller;
	struct token_filter filter;
	const char *expected;
} list_cases[] = {
	// clang-format off
	{ "all states, newest first",      "*/all/never", FILTER(true, true, true, NULL), "FEDCBA" },
	{ "active",                        "*/all/never", FILTER(true, false, false, NULL), "EDA"    },
	{ "expired",                       "*/all/never", FILTER(false, true, false, NULL), "FB"     },
	{ "revoked",                       "*/all/never", FILTER(false, false, true, NULL), "C"      },
	{ "the usual",                     "*/all/never", FILTER(true, true, false, NULL), "FEDBA"  },
	{ "no state",                      "*/all/never", FILTER(false, false, false, NULL), ""       },
	{ "limited to one website",        "*/w1/never",  FILTER(true, true, true, NULL), "FCB"    },
	{ "limited to two",                "*/w1,w2/never", FILTER(true, true, true, NULL), "FEDCB"  },
	{ "limited to none",               "*/none/never", FILTER(true, true, true, NULL), ""       },
	{ "a part of the name",            "*/all/never", FILTER(true, true, true, "AGENT"), "DA"     },
	{ "a part at the end",             "*/all/never", FILTER(true, true, true, "oy agent"), "D"    },
	{ "a part that none has",          "*/all/never", FILTER(true, true, true, "zebra"), ""       },
	{ "a part longer than the names",  "*/all/never", FILTER(true, true, true, "agentagentagentagent"), "" },
	// clang-format on
};

static void test_a_list_shows_what_is_seen_and_passes_the_filter(void **state)
{
	const struct token_position beginning = {0};

	for (size_t i = 0; i < ARRAY_LENGTH(list_cases); i++) {
		const struct list_case *c = &list_cases[i];
		struct fixture *fixture = i == 0 ? *state : fixture_new(NULL);
		struct caller caller = add_list(fixture, c->caller);
		struct names names = {0};
		struct token_position next;

		assert_int_equal(authority_list(&fixture->authority, &caller, &c->filter, 500, 100,
						&beginning, see_name, &names, &next),
				 RESULT_OK);
		/* The caller itself is in it as well, and has no name. */
		if (strcmp(names.text, c->expected) != 0)
			fail_msg("%s: %s", c->label, names.text);
		assert_false(next.is_set);
		caller_clear(&caller);
		if (i > 0)
			fixture_free(fixture);
	}
}

static void test_pages_follow_one_another_without_gap_or_repetition(void **state)
{
	const struct token_filter all = {.active = true, .expired = true, .revoked = true};
	struct fixture *fixture = *state;
	struct caller caller = add_list(fixture, "*/all/never");

	for (size_t limit = 1; limit <= 8; limit++) {
		struct token_position position = {0};
		struct names names = {0};

		do {
			struct token_position next;
			char text[CURSOR_TEXT_SIZE];

			assert_int_equal(authority_list(&fixture->authority, &caller, &all, 500,
							limit, &position, see_name, &names, &next),
					 RESULT_OK);
			position = next;
			if (!next.is_set)
				break;
			assert_int_equal(authority_write_cursor(&fixture->authority, &caller,
								CURSOR_OF_TOKENS, &all, &next,
								text),
					 RESULT_OK);
			assert_int_equal(authority_read_cursor(&fixture->authority, &caller,
							       CURSOR_OF_TOKENS, &all, text,
							       strlen(text), &position),
					 RESULT_OK);
			assert_true(position.is_set && position.sequence == next.sequence);
		} while (true);
		assert_string_equal(names.text, "FEDCBA");
	}
	caller_clear(&caller);
}

static void test_a_page_that_ends_early_goes_on_with_the_one_not_taken(void **state)
{
	const struct token_filter all = {.active = true, .expired = true, .revoked = true};
	const struct token_position beginning = {0};
	struct fixture *fixture = *state;
	struct caller caller = add_list(fixture, "*/all/never");
	struct names names = {.stop_at = 3};
	struct token_position next, end;

	assert_int_equal(authority_list(&fixture->authority, &caller, &all, 500, 100, &beginning,
					see_name, &names, &next),
			 RESULT_OK);
	assert_string_equal(names.text, "FE");
	assert_true(next.is_set);
	names.stop_at = 0;
	assert_int_equal(authority_list(&fixture->authority, &caller, &all, 500, 100, &next,
					see_name, &names, &end),
			 RESULT_OK);
	assert_string_equal(names.text, "FEDCBA");
	assert_false(end.is_set);
	caller_clear(&caller);
}

static enum result read_cursor(struct fixture *fixture, const struct caller *caller,
			       const struct token_filter *filter, const char *text, size_t length)
{
	struct token_position position = {.is_set = true, .sequence = 77};
	enum result result = authority_read_cursor(&fixture->authority, caller, CURSOR_OF_TOKENS,
						   filter, text, length, &position);

	assert_true(result == RESULT_OK || !position.is_set);
	return result;
}

static void test_a_cursor_is_good_for_each_value_of_its_filter(void **state)
{
	const struct token_filter filter = {.active = true,
					    .has_parent = true,
					    .parent = account_id(1),
					    .has_website = true,
					    .website = website_id(1),
					    .permission.bits = 1,
					    .has_unused_since = true,
					    .unused_since = 1};
	struct token_filter others[] = {filter, filter, filter, filter};
	struct fixture *fixture = *state;
	const struct token_position position = {.is_set = true, .sequence = 5};
	struct caller caller = {.token.scope.account = account_id(1)};
	char text[CURSOR_TEXT_SIZE];

	others[0].parent = account_id(2);
	others[1].website = website_id(2);
	others[2].permission.bits = 2;
	others[3].unused_since = 2;
	assert_int_equal(authority_write_cursor(&fixture->authority, &caller, CURSOR_OF_TOKENS,
						&filter, &position, text),
			 RESULT_OK);
	assert_int_equal(read_cursor(fixture, &caller, &filter, text, strlen(text)), RESULT_OK);
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_int_equal(read_cursor(fixture, &caller, &others[i], text, strlen(text)),
				 RESULT_INVALID_PARAMETER);
}

static void test_a_cursor_is_good_only_as_it_was_given(void **state)
{
	static const struct token_filter filter = FILTER(true, true, false, "agent");
	static const struct token_filter others[] = {
		FILTER(true, true, true, "agent"),
		FILTER(true, false, false, "agent"),
		FILTER(false, true, false, "agent"),
		FILTER(true, true, false, "Agent"),
		FILTER(true, true, false, NULL),
		{.active = true, .expired = true, .name_part = "agent", .has_parent = true},
		{.active = true, .expired = true, .name_part = "agent", .has_website = true},
		{.active = true, .expired = true, .name_part = "agent", .has_unused_since = true},
		{.active = true, .expired = true, .name_part = "agent", .permission.bits = 1},
		{.active = true, .expired = true, .name_part = "agent", .permission.every = true},
	};
	struct fixture *fixture = *state, *stranger = fixture_new(NULL);
	const struct token_position position = {.is_set = true, .sequence = 5};
	struct token_position elsewhere;
	struct caller caller = {.token.scope.account = account_id(1)};
	struct caller other = {.token.scope.account = account_id(2)};
	char text[CURSOR_TEXT_SIZE], longer[CURSOR_TEXT_SIZE + 1];

	assert_int_equal(authority_write_cursor(&fixture->authority, &caller, CURSOR_OF_TOKENS,
						&filter, &position, text),
			 RESULT_OK);
	assert_int_equal(strlen(text), CURSOR_TEXT_SIZE - 1);
	assert_int_equal(read_cursor(fixture, &caller, &filter, text, strlen(text)), RESULT_OK);
	for (size_t i = 0; i < strlen(text); i++) {
		char changed[CURSOR_TEXT_SIZE];

		memcpy(changed, text, sizeof(changed));
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_int_equal(read_cursor(fixture, &caller, &filter, changed, strlen(changed)),
				 RESULT_INVALID_PARAMETER);
		changed[i] = i % 2 == 0 ? '=' : '\0';
		assert_int_equal(read_cursor(fixture, &caller, &filter, changed, strlen(text)),
				 RESULT_INVALID_PARAMETER);
		assert_int_equal(read_cursor(fixture, &caller, &filter, text, i),
				 RESULT_INVALID_PARAMETER);
	}
	snprintf(longer, sizeof(longer), "%sA", text);
	assert_int_equal(read_cursor(fixture, &caller, &filter, longer, strlen(longer)),
			 RESULT_INVALID_PARAMETER);
	assert_int_equal(read_cursor(fixture, &other, &filter, text, strlen(text)),
			 RESULT_INVALID_PARAMETER);
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_int_equal(read_cursor(fixture, &caller, &others[i], text, strlen(text)),
				 RESULT_INVALID_PARAMETER);
	assert_int_equal(read_cursor(stranger, &caller, &filter, text, strlen(text)),
			 RESULT_INVALID_PARAMETER);
	assert_int_equal(authority_read_cursor(&fixture->authority, &caller, CURSOR_OF_AUDIT,
					       &filter, text, strlen(text), &elsewhere),
			 RESULT_INVALID_PARAMETER);
	fixture_free(stranger);
}

static int64_t last_use(struct fixture *fixture, const struct id *id)
{
	struct caller caller = fixture_caller(fixture, id);
	int64_t at = caller.token.last_used_at;

	caller_clear(&caller);
	return at;
}

static void note_use(struct fixture *fixture, const struct id *id, int64_t now)
{
	struct caller caller = fixture_caller(fixture, id);

	authority_note_use(&fixture->authority, &caller, HERE, now, false);
	caller_clear(&caller);
}

static uint64_t count_uses(struct fixture *fixture, const struct id *id)
{
	struct caller caller = fixture_caller(fixture, id);
	uint64_t count = caller.token.use_count;

	assert_string_equal(caller.token.last_used_ip, count == 0 ? "" : HERE);
	caller_clear(&caller);
	return count;
}

static void test_a_request_is_counted_against_the_tokens_own_limit(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made, other;
	struct caller caller, other_caller;
	struct error err = {0};

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	other = fixture_add_token(fixture, 1, "*/all/never", NULL);
	caller = fixture_caller(fixture, &made.id);
	other_caller = fixture_caller(fixture, &other.id);
	fixture->limits.requests_per_minute = 2;
	/* Plain CGI has no memory for it. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(authority_limit_rate(&fixture->authority, &caller, 1000, &err),
				 RESULT_OK);
	fixture->authority.rate_limit = rate_limit_new();
	assert_non_null(fixture->authority.rate_limit);
	for (int i = 0; i < 2; i++)
		assert_int_equal(authority_limit_rate(&fixture->authority, &caller, 1000, &err),
				 RESULT_OK);
	assert_int_equal(err.rate_limit, 0);
	assert_int_equal(authority_limit_rate(&fixture->authority, &caller, 1000, &err),
			 RESULT_RATE_LIMITED);
	assert_int_equal(err.rate_limit, 2);
	assert_in_range(err.retry_after_seconds, 1, 60);
	assert_in_range(err.rate_reset_at, 1001, 61000);
	assert_int_equal(authority_limit_rate(&fixture->authority, &other_caller, 1000, &err),
			 RESULT_OK);
	fixture->limits.requests_per_minute = 0;
	assert_int_equal(authority_limit_rate(&fixture->authority, &caller, 1000, &err), RESULT_OK);
	rate_limit_free(fixture->authority.rate_limit);
	caller_clear(&other_caller);
	caller_clear(&caller);
}

static void test_a_use_is_written_once_in_half_a_minute_without_memory(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	note_use(fixture, &made.id, 100000);
	assert_int_equal(last_use(fixture, &made.id), 100000);
	note_use(fixture, &made.id, 100000 + USAGE_INTERVAL_MS - 1);
	assert_int_equal(last_use(fixture, &made.id), 100000);
	note_use(fixture, &made.id, 100000 + USAGE_INTERVAL_MS);
	assert_int_equal(last_use(fixture, &made.id), 100000 + USAGE_INTERVAL_MS);
	assert_int_equal(count_uses(fixture, &made.id), 2); /* a lower bound */
}

static void test_a_use_waits_in_memory_where_there_is_some(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	fixture->authority.usage = usage_new();
	assert_non_null(fixture->authority.usage);
	note_use(fixture, &made.id, 99999);
	note_use(fixture, &made.id, 100000);
	assert_true(last_use(fixture, &made.id) == STORE_NO_MOMENT);
	assert_int_equal(count_uses(fixture, &made.id), 0);
	assert_int_equal(usage_flush(fixture->authority.usage, fixture->store), RESULT_OK);
	assert_int_equal(last_use(fixture, &made.id), 100000);
	assert_int_equal(count_uses(fixture, &made.id), 2);
	note_use(fixture, &made.id, 100001); /* however near to the stored one */
	assert_int_equal(usage_flush(fixture->authority.usage, fixture->store), RESULT_OK);
	assert_int_equal(count_uses(fixture, &made.id), 3);
	usage_free(fixture->authority.usage);
}

static void test_a_use_that_cannot_be_noted_harms_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct store *writer = fixture_connect(fixture);
	struct made_token made;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	assert_int_equal(store_begin(writer), RESULT_OK);
	note_use(fixture, &made.id, 100000);
	store_rollback(writer);
	assert_true(last_use(fixture, &made.id) == STORE_NO_MOMENT);
	store_close(writer);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_good_key_tells_who_calls),
		TEST(test_a_good_key_costs_one_scrypt_run),
		TEST(test_what_is_no_key_and_what_is_unknown_costs_none),
		TEST(test_a_wrong_secret_costs_one_run_and_is_remembered),
		TEST(test_many_wrong_secrets_are_slowed_down_by_address),
		TEST(test_plain_cgi_remembers_failures_in_the_store),
		TEST(test_a_revoked_token_is_refused_although_its_key_is_remembered),
		TEST(test_a_token_expires_to_the_millisecond),
		TEST(test_a_token_is_good_from_its_addresses_alone),
		TEST(test_an_expired_token_costs_no_scrypt),
		TEST(test_a_disabled_account_has_no_callers),
		TEST(test_a_thread_that_may_not_wait_defers_what_needs_scrypt),
		TEST(test_a_hash_of_other_parameters_is_renewed),
		TEST(test_a_hash_that_cannot_be_renewed_stays_good),
		TEST(test_a_caller_has_what_it_holds_where_a_website_is_left),
		TEST(test_a_caller_loses_all_with_its_last_website),
		TEST(test_what_a_token_reaches_is_cut_by_the_role_on_the_website),
		TEST(test_what_is_issued_is_never_wider),
		TEST(test_an_account_has_so_many_living_tokens),
		TEST(test_a_caller_that_ended_meanwhile_makes_nothing),
		TEST(test_a_caller_whose_addresses_were_narrowed_meanwhile_makes_nothing),
		TEST(test_a_row_that_was_narrowed_meanwhile_decides),
		TEST(test_a_caller_that_ended_meanwhile_rotates_nothing),
		TEST(test_issuing_defers_or_is_busy_without_effect),
		TEST(test_the_operator_makes_tokens_within_an_account),
		cmocka_unit_test(test_a_token_is_active_expired_or_revoked),
		TEST(test_a_caller_sees_and_revokes_what_lies_within_it),
		TEST(test_a_revoked_token_is_seen_and_not_revoked_again),
		TEST(test_a_token_revokes_itself_without_any_permission),
		TEST(test_what_a_caller_made_it_may_revoke_even_where_it_is_wider),
		TEST(test_a_caller_that_ended_or_may_not_wait_revokes_nothing),
		TEST(test_the_operator_revokes_any_token),
		TEST(test_a_list_shows_what_is_seen_and_passes_the_filter),
		TEST(test_pages_follow_one_another_without_gap_or_repetition),
		TEST(test_a_page_that_ends_early_goes_on_with_the_one_not_taken),
		TEST(test_a_cursor_is_good_for_each_value_of_its_filter),
		TEST(test_a_cursor_is_good_only_as_it_was_given),
		TEST(test_a_request_is_counted_against_the_tokens_own_limit),
		TEST(test_a_use_is_written_once_in_half_a_minute_without_memory),
		TEST(test_a_use_waits_in_memory_where_there_is_some),
		TEST(test_a_use_that_cannot_be_noted_harms_nobody),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
