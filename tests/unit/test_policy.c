/* SPDX-License-Identifier: ISC */
#include "policy.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "/etc/policy"

static const char sample[] =
	"# methods path needs website\n"
	"\n"
	"GET           /api/v1/analytics/*          analytics:read    query:websiteId\r\n"
	"GET,HEAD\t/api/v1/funnels/{websiteId}  funnels:read\tpath:websiteId # of one\n"
	"POST          /api/v1/funnels/{websiteId}  funnels:read,funnels:write  path:websiteId\n"
	"*             /internal/*                  *                 -\n"
	"GET           /public/*                    public            -\n"
	"GET           /{a}/{b}                     goals:read        path:b\n"
	"PROPFIND      /caf\xC3\xA9%20x                public            -"; /* without a line end
									      */

static struct policy policy_of(const char *text)
{
	struct policy policy;
	struct error err = {0};

	if (policy_parse(&policy, catalogue_of_tests(), FILE_NAME, text, strlen(text), &err) !=
	    RESULT_OK)
		fail_msg("%s", err.message);
	return policy;
}

static const struct find_case {
	const char *label, *method, *path;
	size_t line; /* 0: nothing passes */
	const char *value;
} find_cases[] = {
	// clang-format off
	{ "a path below a star",               "GET",      "/api/v1/analytics/a/b",   3, "" },
	{ "nothing behind the slash",          "GET",      "/api/v1/analytics/",      3, "" },
	{ "the star wants its slash",          "GET",      "/api/v1/analytics",       0, NULL },
	{ "a longer word is another",          "GET",      "/api/v1/analyticsx/a",    0, NULL },
	{ "HEAD is not GET",                   "HEAD",     "/api/v1/analytics/a",     0, NULL },
	{ "HEAD where it is listed",           "HEAD",     "/api/v1/funnels/7",       4, "7" },
	{ "another rule for another method",   "POST",     "/api/v1/funnels/7",       5, "7" },
	{ "no rule for that method",           "DELETE",   "/api/v1/funnels/7",       0, NULL },
	{ "a segment is not empty",            "GET",      "/api/v1/funnels/",        0, NULL },
	{ "a segment is one",                  "GET",      "/api/v1/funnels/7/8",     0, NULL },
	{ "any method",                        "BREW",     "/internal/x",             6, "" },
	{ "an unknown method elsewhere",       "BREW",     "/public/x",               0, NULL },
	{ "lower case is another method",      "get",      "/public/x",               0, NULL },
	{ "the first rule wins",               "GET",      "/internal/x",             6, "" },
	{ "public",                            "GET",      "/public/",                7, "" },
	{ "the named one of two segments",     "GET",      "/one/two",                8, "two" },
	{ "a slash at the end is no segment",  "GET",      "/one/two/",               0, NULL },
	{ "capitals are another path",         "GET",      "/Internal",               0, NULL },
	{ "decoded, as the path is",           "PROPFIND", "/caf\xC3\xA9 x",          9, "" },
	{ "the root",                          "GET",      "/",                       0, NULL },
	// clang-format on
};

static void test_the_first_rule_that_matches_decides(void **state)
{
	struct policy policy = policy_of(sample);

	(void)state;
	assert_int_equal(policy.count, 7);
	assert_int_equal(policy.unreachable_line, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(find_cases); i++) {
		const struct find_case *c = &find_cases[i];
		struct policy_value value;
		const struct policy_rule *rule = policy_find(&policy, c->method, c->path, &value);
		size_t length = c->value == NULL ? 0 : strlen(c->value);

		if ((rule == NULL ? 0 : rule->line) != c->line)
			fail_msg("%s: line %zu", c->label, rule == NULL ? 0 : rule->line);
		if (value.length != length ||
		    (length > 0 && memcmp(value.text, c->value, length) != 0))
			fail_msg("%s: value \"%.*s\"", c->label, (int)value.length, value.text);
	}
	policy_clear(&policy);
}

static void test_a_rule_needs_what_its_line_says(void **state)
{
	struct policy policy = policy_of(sample);

	(void)state;
	assert_true(permission_set_covers(policy.rules[2].needed, permission_of("funnels:read")));
	assert_true(permission_set_covers(policy.rules[2].needed, permission_of("funnels:write")));
	assert_false(policy.rules[2].needed.every);
	assert_true(policy.rules[3].needed.every);
	assert_false(policy.rules[3].is_public);
	assert_true(policy.rules[4].is_public);
	assert_int_equal(policy.rules[0].website, POLICY_WEBSITE_IN_QUERY);
	assert_string_equal(policy.rules[0].website_name, "websiteId");
	assert_int_equal(policy.rules[1].website, POLICY_WEBSITE_IN_PATH);
	assert_int_equal(policy.rules[3].website, POLICY_WEBSITE_NONE);
	policy_clear(&policy);
}

static void test_a_rule_behind_a_catch_all_is_told(void **state)
{
	struct policy policy = policy_of("GET /a public -\n* /* goals:read -\n\nGET /b public -\n"
					 "GET /c public -\n");

	(void)state;
	assert_int_equal(policy.unreachable_line, 4);
	policy_clear(&policy);
	policy = policy_of("GET /* goals:read -\nGET /b public -\n");
	assert_int_equal(policy.unreachable_line, 0);
	policy_clear(&policy);
}

static const struct refusal_case {
	const char *label, *text, *message;
} refusal_cases[] = {
	// clang-format off
	{ "nothing",                 "",                                      "/etc/policy: no rule in it" },
	{ "comments only",           "# a\n\n",                               "/etc/policy: no rule in it" },
	{ "an unknown method",       "GET,FETCH /a public -",                 "/etc/policy:1:5: \"FETCH\" is no method" },
	{ "a method in lower case",  "get /a public -",                       "/etc/policy:1:1: \"get\" is no method" },
	{ "an empty method",         "GET,,HEAD /a public -",                 "/etc/policy:1:5: \"\" is no method" },
	{ "a star among methods",    "GET,* /a public -",                     "/etc/policy:1:5: \"*\" is no method" },
	{ "a path without slash",    "GET a public -",                        "/etc/policy:1:5: a path begins with a slash" },
	{ "an empty segment",        "GET /a//b public -",                    "no path that a request could have" },
	{ "a dot segment",           "GET /a/../b public -",                  "no path that a request could have" },
	{ "an encoded star",         "GET /a/%2A public -",                   "nothing encoded that would be special" },
	{ "an encoded brace",        "GET /a/%7Bx%7D public -",               "nothing encoded that would be special" },
	{ "an encoded slash",        "GET /a%2Fb public -",                   "no path that a request could have" },
	{ "an open brace",           "GET /a/{x public -",                    "/etc/policy:1:5: {name} stands for one whole segment" },
	{ "a part of a segment",     "GET /a/x{y} public -",                  "{name} stands for one whole segment" },
	{ "a star in the midst",     "GET /a/*/b public -",                   "{name} stands for one whole segment" },
	{ "a star behind a word",    "GET /a/b* public -",                    "{name} stands for one whole segment" },
	{ "a name that is empty",    "GET /a/{} public -",                    "{name} stands for one whole segment" },
	{ "an unknown permission",   "GET /a goals:read,goals:sell -",        "/etc/policy:1:19: \"goals:sell\" is no permission" },
	{ "public and more",         "GET /a public,goals:read -",            "/etc/policy:1:8: \"public\" is no permission" },
	{ "a query without name",    "GET /a goals:read query:",              "/etc/policy:1:19: where the website stands is" },
	{ "another place",           "GET /a goals:read header:x",            "/etc/policy:1:19: where the website stands is" },
	{ "a name of odd letters",   "GET /a goals:read query:a[b]",          "/etc/policy:1:26: a name is of A-Z" },
	{ "a path without the name", "GET /a/{x} goals:read path:y",          "/etc/policy:1:23: the path has no {y}" },
	{ "a name that is twice",    "GET /{x}/{x} goals:read path:x",        "the path has no {x}, or more than one" },
	{ "a website of the public", "GET /a/{x} public path:x",              "what is public has no website to check" },
	{ "three columns",           "\nGET /a public",                       "/etc/policy:2:1: 3 columns; a rule has 4" },
	{ "five columns",            "GET /a public - -",                     "/etc/policy:1:1: 5 columns; a rule has 4" },
	{ "a control character",     "GET /a\x01 public -",                   "/etc/policy:1:7: a control character" },
	// clang-format on
};

static void test_what_is_wrong_is_told_with_line_and_column(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(refusal_cases); i++) {
		const struct refusal_case *c = &refusal_cases[i];
		struct policy policy;
		struct error err = {0};

		if (policy_parse(&policy, catalogue_of_tests(), FILE_NAME, c->text, strlen(c->text),
				 &err) != RESULT_INVALID_CONFIGURATION)
			fail_msg("%s: accepted", c->label);
		if (strstr(err.message, c->message) == NULL)
			fail_msg("%s: %s", c->label, err.message);
		assert_null(policy.rules);
	}
}

static void test_there_may_be_so_many_rules(void **state)
{
	static const char line[] = "GET /a public -\n";
	size_t size = (POLICY_RULES_MAX + 1) * (sizeof(line) - 1);
	char *text = malloc(size + 1);
	struct policy policy;
	struct error err = {0};

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i <= POLICY_RULES_MAX; i++)
		memcpy(text + i * (sizeof(line) - 1), line, sizeof(line));
	assert_int_equal(policy_parse(&policy, catalogue_of_tests(), FILE_NAME, text,
				      size - (sizeof(line) - 1), &err),
			 RESULT_OK);
	assert_int_equal(policy.count, POLICY_RULES_MAX);
	policy_clear(&policy);
	assert_int_equal(policy_parse(&policy, catalogue_of_tests(), FILE_NAME, text, size, &err),
			 RESULT_INVALID_CONFIGURATION);
	assert_non_null(strstr(err.message, ":1001:1: more than the 1000 rules"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_rule_that_matches_decides),
		cmocka_unit_test(test_a_rule_needs_what_its_line_says),
		cmocka_unit_test(test_a_rule_behind_a_catch_all_is_told),
		cmocka_unit_test(test_what_is_wrong_is_told_with_line_and_column),
		cmocka_unit_test(test_there_may_be_so_many_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
