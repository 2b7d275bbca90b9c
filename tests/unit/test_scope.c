/* SPDX-License-Identifier: ISC */
#include "scope.h"

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

/* A scope in one word: permissions/websites/expiry; scope_of() in support.c reads it. */
static const struct covers_case {
	const char *label, *outer, *inner;
	bool covered;
} covers_cases[] = {
	// clang-format off
	{ "a scope covers itself",                 "goals:read/w1/500",             "goals:read/w1/500",    true  },
	{ "fewer permissions, sooner over",        "goals:read,goals:write/w1/500", "goals:read/w1/499",    true  },
	{ "one permission more",                   "goals:read/w1/500",             "goals:read,goals:write/w1/500", false },
	{ "another permission",                    "goals:read/w1/500",             "goals:write/w1/500",   false },
	{ "reading inside writing",                "goals:write/w1/500",            "goals:read/w1/500",    false },
	{ "names inside a star",                   "*/w1/500",                      "goals:read/w1/500",    true  },
	{ "a star inside a star",                  "*/w1/500",                      "*/w1/500",             true  },
	{ "a star inside some names",              "goals:read,goals:write/w1/500", "*/w1/500",             false },
	{ "a star inside every name of today",
	  "analytics:read,goals:read,goals:write,payments:read,payments:write,identify:write,"
	  "websites:read,websites:write,settings:read,settings:write,funnels:read,funnels:write,"
	  "alerts:read,alerts:write,team:read,team:write,api-keys:read,api-keys:write/w1/500",
	  "*/w1/500", false },
	{ "a list inside all websites",            "goals:read/all/500",            "goals:read/w1,w9/500", true  },
	{ "all websites inside all",               "goals:read/all/500",            "goals:read/all/500",   true  },
	{ "all websites inside a list",            "goals:read/w1,w2/never",        "goals:read/all/never", false },
	{ "a shorter list",                        "goals:read/w1,w2,w3/500",       "goals:read/w3,w1/500", true  },
	{ "a website more",                        "goals:read/w1/500",             "goals:read/w1,w2/500", false },
	{ "another website",                       "goals:read/w1/500",             "goals:read/w2/500",    false },
	{ "no website inside a list",              "goals:read/w1/500",             "goals:read/none/500",  true  },
	{ "a list inside no website",              "goals:read/none/500",           "goals:read/w1/500",    false },
	{ "all websites inside no website",        "goals:read/none/500",           "goals:read/all/500",   false },
	{ "no website inside no website",          "goals:read/none/500",           "goals:read/none/500",  true  },
	{ "a millisecond longer",                  "goals:read/w1/500",             "goals:read/w1/501",    false },
	{ "never ending inside ending",            "goals:read/w1/500",             "goals:read/w1/never",  false },
	{ "ending inside never ending",            "goals:read/w1/never",           "goals:read/w1/500",    true  },
	{ "never ending inside never ending",      "goals:read/w1/never",           "goals:read/w1/never",  true  },
	{ "an address inside its network",         "goals:read/w1/500/192.0.2.0/24", "goals:read/w1/500/192.0.2.7", true  },
	{ "the same networks in another order",    "goals:read/w1/500/10.0.0.0/8,::1", "goals:read/w1/500/::1,10.0.0.0/8", true },
	{ "an address behind its network",         "goals:read/w1/500/192.0.2.0/24", "goals:read/w1/500/192.0.3.7", false },
	{ "one address more",                      "goals:read/w1/500/192.0.2.7",    "goals:read/w1/500/192.0.2.7,192.0.2.8", false },
	{ "a network inside every address",        "goals:read/w1/500",              "goals:read/w1/500/192.0.2.0/24", true  },
	{ "every address inside a network",        "goals:read/w1/500/192.0.2.0/24", "goals:read/w1/500",    false },
	{ "every address inside all of both families", "goals:read/w1/500/0.0.0.0/0,::/0", "goals:read/w1/500", false },
	{ "IPv6 inside all of IPv4",               "goals:read/w1/500/0.0.0.0/0",    "goals:read/w1/500/::1", false },
	{ "no address inside a network",           "goals:read/w1/500/192.0.2.0/24", "goals:read/w1/500/none", true },
	{ "every address inside none",             "goals:read/w1/500/none",         "goals:read/w1/500",    false },
	{ "an address inside none",                "goals:read/w1/500/none",         "goals:read/w1/500/::1", false },
	{ "no permission inside any",              "goals:read/w1/500",             "none/w1/500",          true  },
	{ "any permission inside none",            "none/w1/500",                   "goals:read/w1/500",    false },
	// clang-format on
};

static void test_scope_covers_never_lets_a_scope_widen(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(covers_cases); i++) {
		const struct covers_case *c = &covers_cases[i];
		struct scope outer = scope_of(c->outer);
		struct scope inner = scope_of(c->inner);

		if (scope_covers(&outer, &inner) != c->covered)
			fail_msg("%s: expected %s", c->label, c->covered ? "yes" : "no");
		scope_clear(&inner);
		scope_clear(&outer);
	}
}

static void test_scope_covers_nothing_of_another_account(void **state)
{
	struct scope outer = scope_of("*/all/never");
	struct scope inner = scope_of("goals:read/w1/500");

	(void)state;
	inner.account = account_id(2);
	assert_false(scope_covers(&outer, &inner));
	assert_false(scope_covers_websites(&outer, &inner));
	inner.account = account_id(1);
	assert_true(scope_covers(&outer, &inner));
	scope_clear(&inner);
	scope_clear(&outer);
}

static void test_sight_asks_for_websites_only(void **state)
{
	struct scope outer = scope_of("goals:read/w1,w2/500");
	struct scope wide = scope_of("*/w2/never");
	struct scope outside = scope_of("goals:read/w3/500");
	struct scope all = scope_of("goals:read/all/500");

	(void)state;
	assert_true(scope_covers_websites(&outer, &wide));
	assert_false(scope_covers(&outer, &wide));
	assert_false(scope_covers_websites(&outer, &outside));
	assert_false(scope_covers_websites(&outer, &all));
	scope_clear(&all);
	scope_clear(&outside);
	scope_clear(&wide);
	scope_clear(&outer);
}

/* The small world of the oracle: three permissions, a star, two websites, four ends, two networks.
 */
enum { WORLD_PERMISSIONS = 3, WORLD_WEBSITES = 2, WORLD_ENDS = 4, WORLD_NETWORKS = 2 };
enum { WEBSITE_CHOICES = (1 << WORLD_WEBSITES) + 1, NETWORK_CHOICES = (1 << WORLD_NETWORKS) + 1 };
enum {
	WORLD_SIZE = (1 << (WORLD_PERMISSIONS + 1)) * WEBSITE_CHOICES * WORLD_ENDS * NETWORK_CHOICES
};

/* One scope of it, as plain sets. */
struct plain {
	bool star, permissions[WORLD_PERMISSIONS];
	bool all, websites[WORLD_WEBSITES];
	bool anywhere, networks[WORLD_NETWORKS];
	int end; /* the last one is "never" */
};

static struct plain plain_of(size_t number)
{
	struct plain plain = {0};

	plain.end = (int)(number % WORLD_ENDS);
	number /= WORLD_ENDS;
	plain.all = number % WEBSITE_CHOICES == WEBSITE_CHOICES - 1;
	for (size_t i = 0; !plain.all && i < WORLD_WEBSITES; i++)
		plain.websites[i] = (number % WEBSITE_CHOICES >> i & 1) != 0;
	number /= WEBSITE_CHOICES;
	plain.anywhere = number % NETWORK_CHOICES == NETWORK_CHOICES - 1;
	for (size_t i = 0; !plain.anywhere && i < WORLD_NETWORKS; i++)
		plain.networks[i] = (number % NETWORK_CHOICES >> i & 1) != 0;
	number /= NETWORK_CHOICES;
	plain.star = (number & 1) != 0;
	for (size_t i = 0; i < WORLD_PERMISSIONS; i++)
		plain.permissions[i] = (number >> (i + 1) & 1) != 0;
	return plain;
}

static struct scope scope_of_plain(const struct plain *plain)
{
	static const int64_t ends[WORLD_ENDS] = {1, 500, 501, TIMESTAMP_NEVER};
	struct scope scope = {.account = account_id(1),
			      .every_website = plain->all,
			      .every_address = plain->anywhere,
			      .expires_at = ends[plain->end]};
	static const char *const texts[WORLD_NETWORKS] = {"192.0.2.0/24", "2001:db8::/32"};
	struct id ids[WORLD_WEBSITES];
	struct network networks[WORLD_NETWORKS];
	size_t count = 0, network_count = 0;

	scope.permissions.every = plain->star;
	for (size_t i = 0; i < WORLD_PERMISSIONS; i++)
		if (plain->permissions[i])
			scope.permissions =
				permission_set_union(scope.permissions, permission_set_of(i));
	for (size_t i = 0; i < WORLD_WEBSITES; i++)
		if (plain->websites[i])
			ids[count++] = website_id((unsigned)i);
	assert_int_equal(id_set_init(&scope.websites, ids, count), RESULT_OK);
	for (size_t i = 0; i < WORLD_NETWORKS; i++)
		if (plain->networks[i])
			assert_true(network_parse(texts[i], strlen(texts[i]),
						  &networks[network_count++]));
	assert_int_equal(network_set_init(&scope.addresses, networks, network_count), RESULT_OK);
	return scope;
}

static bool oracle_covers(const struct plain *outer, const struct plain *inner)
{
	if (inner->end > outer->end || (inner->star && !outer->star) ||
	    (inner->all && !outer->all) || (inner->anywhere && !outer->anywhere))
		return false;
	for (size_t i = 0; i < WORLD_NETWORKS; i++)
		if (inner->networks[i] && !outer->networks[i] && !outer->anywhere)
			return false;
	for (size_t i = 0; i < WORLD_PERMISSIONS; i++)
		if (inner->permissions[i] && !outer->permissions[i] && !outer->star)
			return false;
	for (size_t i = 0; i < WORLD_WEBSITES; i++)
		if (inner->websites[i] && !outer->websites[i] && !outer->all)
			return false;
	return true;
}

static struct plain world_plain[WORLD_SIZE];
static struct scope world[WORLD_SIZE];

static int make_world(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORLD_SIZE; i++) {
		world_plain[i] = plain_of(i);
		world[i] = scope_of_plain(&world_plain[i]);
	}
	return 0;
}

static int clear_world(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORLD_SIZE; i++)
		scope_clear(&world[i]);
	return 0;
}

static void test_scope_covers_agrees_with_plain_sets(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORLD_SIZE; i++)
		for (size_t j = 0; j < WORLD_SIZE; j++)
			if (scope_covers(&world[i], &world[j]) !=
			    oracle_covers(&world_plain[i], &world_plain[j]))
				fail_msg("scope %zu and scope %zu", i, j);
}

static void test_scope_covers_is_reflexive(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORLD_SIZE; i++)
		assert_true(scope_covers(&world[i], &world[i]));
}

/* Two scopes that cover each other permit the same: the same bits, or both a star; the rest is
 * equal member by member. */
static void test_scope_covers_is_antisymmetric(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORLD_SIZE; i++)
		for (size_t j = 0; j < i; j++) {
			const struct scope *a = &world[i], *b = &world[j];

			if (!scope_covers(a, b) || !scope_covers(b, a))
				continue;
			assert_int_equal(a->expires_at, b->expires_at);
			assert_int_equal(a->every_website, b->every_website);
			assert_int_equal(a->websites.count, b->websites.count);
			assert_int_equal(a->every_address, b->every_address);
			assert_int_equal(a->addresses.count, b->addresses.count);
			assert_int_equal(a->permissions.every, b->permissions.every);
			assert_true(a->permissions.every ||
				    a->permissions.bits == b->permissions.bits);
		}
}

static void test_scope_covers_is_transitive(void **state)
{
	struct random_source source = random_begin();

	(void)state;
	for (int found = 0; found < 20000;) {
		size_t a = random_below(&source, WORLD_SIZE);
		size_t b = random_below(&source, WORLD_SIZE);
		size_t c = random_below(&source, WORLD_SIZE);

		if (!scope_covers(&world[a], &world[b]) || !scope_covers(&world[b], &world[c]))
			continue;
		found++;
		if (!scope_covers(&world[a], &world[c]))
			fail_msg("scopes %zu, %zu and %zu", a, b, c);
	}
}

/* What two scopes share lies in both, and whatever lies in both lies in it. */
static void test_what_two_scopes_share_is_all_that_both_permit(void **state)
{
	struct random_source source = random_begin();

	(void)state;
	for (int round = 0; round < 2000; round++) {
		const struct scope *a = &world[random_below(&source, WORLD_SIZE)];
		const struct scope *b = &world[random_below(&source, WORLD_SIZE)];
		struct scope shared;

		assert_int_equal(scope_intersect(a, b, &shared), RESULT_OK);
		assert_true(scope_covers(a, &shared) && scope_covers(b, &shared));
		for (size_t i = 0; i < WORLD_SIZE; i++)
			if (scope_covers(a, &world[i]) && scope_covers(b, &world[i]))
				assert_true(scope_covers(&shared, &world[i]));
		scope_clear(&shared);
	}
}

static void test_a_scope_without_permission_website_or_address_is_empty(void **state)
{
	static const struct {
		const char *scope;
		bool is_empty;
	} cases[] = {
		{"*/all/never", false}, {"goals:read/w1/500/::1", false}, {"none/all/never", true},
		{"*/none/never", true}, {"*/all/never/none", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct scope scope = scope_of(cases[i].scope);

		if (scope_is_empty(&scope) != cases[i].is_empty)
			fail_msg("%s", cases[i].scope);
		scope_clear(&scope);
	}
}

static const struct cut_case {
	const char *label, *held;
	enum role role;
	const char *left;
} cut_cases[] = {
	// clang-format off
	{ "nobody keeps nothing",               "*",                          ROLE_NONE,   "none"                   },
	{ "a viewer keeps what reads",          "goals:read,goals:write",     ROLE_VIEWER, "goals:read"             },
	{ "a viewer may not even identify",     "identify:write",             ROLE_VIEWER, "none"                   },
	{ "a viewer with a star reads",         "*",                          ROLE_VIEWER,
	  "analytics:read,goals:read,payments:read,websites:read,settings:read,funnels:read,"
	  "alerts:read,team:read,api-keys:read" },
	{ "a member keeps writing",             "goals:read,goals:write",     ROLE_MEMBER, "goals:read,goals:write" },
	{ "a member gives no roles",            "team:read,team:write",       ROLE_MEMBER, "team:read"              },
	{ "a member deletes no websites",       "websites:read,websites:write", ROLE_MEMBER, "websites:read"        },
	{ "a member with a star lacks those two", "*",                        ROLE_MEMBER,
	  "analytics:read,goals:read,goals:write,payments:read,payments:write,identify:write,"
	  "websites:read,settings:read,settings:write,funnels:read,funnels:write,alerts:read,"
	  "alerts:write,team:read,api-keys:read,api-keys:write" },
	{ "an owner keeps the star",            "*",                          ROLE_OWNER,  "*"                      },
	{ "an owner keeps names",               "team:write",                 ROLE_OWNER,  "team:write"             },
	{ "no role gives what is not held",     "none",                       ROLE_OWNER,  "none"                   },
	{ "a role that does not exist",         "*",                          (enum role)99, "none"                 },
	// clang-format on
};

/* Only the permissions of TEXT. */
static struct permission_set permissions_of(const char *text)
{
	char word[1024];
	struct scope scope;

	assert_in_range(snprintf(word, sizeof(word), "%s/none/1", text), 1, sizeof(word) - 1);
	scope = scope_of(word);
	return scope.permissions;
}

static void test_a_role_cuts_what_is_held(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cut_cases); i++) {
		const struct cut_case *c = &cut_cases[i];
		struct permission_set left =
			scope_cut_by_role(catalogue_of_tests(), permissions_of(c->held), c->role);
		struct permission_set expected = permissions_of(c->left);

		if (left.bits != expected.bits || left.every != expected.every)
			fail_msg("%s", c->label);
	}
}

static const struct permits_case {
	const char *label, *scope, *needed;
	enum role role;
	int64_t now;
	bool permitted; /* on w1 */
} permits_cases[] = {
	// clang-format off
	{ "an owner within its scope",             "goals:write/w1/500",    "goals:write", ROLE_OWNER,  1  , true  },
	{ "in its last millisecond",               "goals:write/w1/500",    "goals:write", ROLE_OWNER,  499, true  },
	{ "at the end",                            "goals:write/w1/500",    "goals:write", ROLE_OWNER,  500, false },
	{ "never ending, very late",               "goals:write/w1/never",  "goals:write", ROLE_OWNER,  INT64_MAX - 1, true },
	{ "another website",                       "goals:write/w2/500",    "goals:write", ROLE_OWNER,  1,   false },
	{ "all websites",                          "goals:write/all/500",   "goals:write", ROLE_OWNER,  1,   true  },
	{ "no website is left",                    "goals:write/none/500",  "goals:write", ROLE_OWNER,  1,   false },
	{ "without a role",                        "*/all/never",           "goals:read",  ROLE_NONE,   1,   false },
	{ "without a role nothing is needed",      "*/all/never",           "none",        ROLE_NONE,   1,   false },
	{ "a viewer reads",                        "*/all/never",           "goals:read",  ROLE_VIEWER, 1,   true  },
	{ "a viewer does not write",               "*/all/never",           "goals:write", ROLE_VIEWER, 1,   false },
	{ "a member does not give roles",          "*/all/never",           "team:write",  ROLE_MEMBER, 1,   false },
	{ "two are needed, one is held",           "goals:read/all/never",  "goals:read,goals:write", ROLE_OWNER, 1, false },
	{ "a star is needed, a member has a star", "*/all/never",           "*",           ROLE_MEMBER, 1,   false },
	{ "a star is needed, an owner has a star", "*/all/never",           "*",           ROLE_OWNER,  1,   true  },
	// clang-format on
};

static void test_scope_permits_no_more_than_scope_role_and_time(void **state)
{
	struct id website = website_id(1);
	struct scope zeroed = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(permits_cases); i++) {
		const struct permits_case *c = &permits_cases[i];
		struct scope scope = scope_of(c->scope);

		if (scope_permits(&scope, catalogue_of_tests(), permissions_of(c->needed), &website,
				  c->role, c->now) != c->permitted)
			fail_msg("%s: expected %s", c->label, c->permitted ? "yes" : "no");
		scope_clear(&scope);
	}
	assert_false(scope_permits(&zeroed, catalogue_of_tests(), permissions_of("none"), &website,
				   ROLE_OWNER, 1));
}

static const struct admits_case {
	const char *scope, *address;
	bool admitted;
} admits_cases[] = {
	// clang-format off
	{ "*/all/never",                             "192.0.2.7",        true  },
	{ "*/all/never",                             "::1",              true  },
	{ "*/all/never",                             "unknown",          true  },
	{ "*/all/never",                             "",                 true  },
	{ "*/all/never/192.0.2.0/24",                "192.0.2.255",      true  },
	{ "*/all/never/192.0.2.0/24",                "192.0.3.0",        false },
	{ "*/all/never/192.0.2.0/24",                "::ffff:192.0.2.7", true  },
	{ "*/all/never/192.0.2.0/24",                "::192.0.2.7",      false },
	{ "*/all/never/192.0.2.0/24",                "unknown",          false },
	{ "*/all/never/192.0.2.0/24",                "",                 false },
	{ "*/all/never/192.0.2.0/24",                "192.0.2.7/32",     false },
	{ "*/all/never/192.0.2.0/24",                "192.0.2.7, 192.0.2.8", false },
	{ "*/all/never/192.0.2.7,2001:db8::/32",     "2001:db8::5",      true  },
	{ "*/all/never/192.0.2.7,2001:db8::/32",     "2001:db9::5",      false },
	{ "*/all/never/0.0.0.0/0",                   "::1",              false },
	{ "*/all/never/0.0.0.0/0,::/0",              "unknown",          false },
	{ "*/all/never/none",                        "192.0.2.7",        false },
	// clang-format on
};

static void test_a_scope_admits_the_addresses_that_it_lists(void **state)
{
	struct scope zeroed = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(admits_cases); i++) {
		const struct admits_case *c = &admits_cases[i];
		struct scope scope = scope_of(c->scope);

		if (scope_admits(&scope, c->address) != c->admitted)
			fail_msg("%s from \"%s\"", c->scope, c->address);
		scope_clear(&scope);
	}
	assert_false(scope_admits(&zeroed, "192.0.2.7"));
}

static void test_a_copy_is_equal_and_owns_its_own_list(void **state)
{
	struct scope scope = scope_of("goals:read/w1,w2/500/::1,10.0.0.0/8"), copy;

	(void)state;
	assert_int_equal(scope_copy(&scope, &copy), RESULT_OK);
	assert_true(scope_covers(&scope, &copy) && scope_covers(&copy, &scope));
	assert_ptr_not_equal(scope.websites.ids, copy.websites.ids);
	assert_ptr_not_equal(scope.addresses.networks, copy.addresses.networks);
	scope_clear(&scope);
	assert_int_equal(copy.websites.count, 2);
	assert_int_equal(copy.addresses.count, 2);
	assert_true(scope_admits(&copy, "10.1.2.3"));
	scope_clear(&copy);
}

static void test_a_cleared_scope_permits_nothing(void **state)
{
	struct scope scope = scope_of("*/all/never");
	struct id website = website_id(1);

	(void)state;
	scope_clear(&scope);
	assert_false(scope_permits(&scope, catalogue_of_tests(), permissions_of("goals:read"),
				   &website, ROLE_OWNER, 1));
	scope_clear(&scope);
	scope_clear(NULL);
}

static void test_roles_have_names_and_nothing_else_is_one(void **state)
{
	static const char *const no_roles[] = {"", "none", "Owner", "owner ", "admin"};

	(void)state;
	for (enum role role = ROLE_VIEWER; role <= ROLE_OWNER; role++)
		assert_int_equal(role_parse(role_name(role)), role);
	assert_string_equal(role_name(ROLE_OWNER), "owner");
	assert_string_equal(role_name(ROLE_MEMBER), "member");
	assert_string_equal(role_name(ROLE_VIEWER), "viewer");
	assert_string_equal(role_name(ROLE_NONE), "none");
	assert_string_equal(role_name((enum role)99), "none");
	for (size_t i = 0; i < ARRAY_LENGTH(no_roles); i++)
		assert_int_equal(role_parse(no_roles[i]), ROLE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scope_covers_never_lets_a_scope_widen),
		cmocka_unit_test(test_scope_covers_nothing_of_another_account),
		cmocka_unit_test(test_sight_asks_for_websites_only),
		cmocka_unit_test(test_scope_covers_agrees_with_plain_sets),
		cmocka_unit_test(test_scope_covers_is_reflexive),
		cmocka_unit_test(test_scope_covers_is_antisymmetric),
		cmocka_unit_test(test_scope_covers_is_transitive),
		cmocka_unit_test(test_what_two_scopes_share_is_all_that_both_permit),
		cmocka_unit_test(test_a_scope_without_permission_website_or_address_is_empty),
		cmocka_unit_test(test_a_role_cuts_what_is_held),
		cmocka_unit_test(test_scope_permits_no_more_than_scope_role_and_time),
		cmocka_unit_test(test_a_scope_admits_the_addresses_that_it_lists),
		cmocka_unit_test(test_a_copy_is_equal_and_owns_its_own_list),
		cmocka_unit_test(test_a_cleared_scope_permits_nothing),
		cmocka_unit_test(test_roles_have_names_and_nothing_else_is_one),
	};

	if (sodium_init() < 0)
		return 1;
	return random_report(cmocka_run_group_tests(tests, make_world, clear_world));
}
