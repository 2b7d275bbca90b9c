/* SPDX-License-Identifier: ISC */
#include "demand.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#define ID "0123456789abcdef01234567"

static const char text[] = "GET /q goals:read query:w\n"
			   "GET /p/{w} goals:read path:w\n"
			   "GET /n goals:read -\n";

static const struct demand_case {
	const char *label, *path, *query;
	size_t line; /* 0: nothing passes */
	bool has_website, is_known;
} demand_cases[] = {
	// clang-format off
	{ "no path",                  "",           "",             0, false, false },
	{ "no rule",                  "/x",         "",             0, false, false },
	{ "no website is asked for",  "/n",         "w=" ID,        3, false, true  },
	{ "in the query",             "/q",         "w=" ID,        1, true,  true  },
	{ "not in the query",         "/q",         "",             1, false, false },
	{ "twice in the query",       "/q",         "w=" ID "&w=" ID, 1, false, false },
	{ "no id in the query",       "/q",         "w=7",          1, false, false },
	{ "a longer id in the query", "/q",         "w=" ID "0",    1, false, false },
	{ "in the path",              "/p/" ID,     "",             2, true,  true  },
	{ "no id in the path",        "/p/x",       "w=" ID,        2, false, false },
	{ "capitals are no id",       "/p/0123456789ABCDEF01234567", "", 2, false, false },
	// clang-format on
};

static void test_a_request_needs_what_its_rule_says_on_one_website(void **state)
{
	struct policy policy;
	struct error err = {0};

	(void)state;
	assert_int_equal(
		policy_parse(&policy, catalogue_of_tests(), "policy", text, strlen(text), &err),
		RESULT_OK);
	for (size_t i = 0; i < ARRAY_LENGTH(demand_cases); i++) {
		const struct demand_case *c = &demand_cases[i];
		struct demand demand;
		enum result result = demand_find(&policy, "GET", c->path, c->query, &demand, &err);

		if (result != (c->line == 0 ? RESULT_INSUFFICIENT_SCOPE : RESULT_OK) ||
		    (demand.rule == NULL ? 0 : demand.rule->line) != c->line ||
		    demand.has_website != c->has_website)
			fail_msg("%s", c->label);
		if (c->line != 0 && demand_check_website(&demand, &err) !=
					    (c->is_known ? RESULT_OK : RESULT_INSUFFICIENT_SCOPE))
			fail_msg("%s: known", c->label);
	}
	policy_clear(&policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_needs_what_its_rule_says_on_one_website),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
