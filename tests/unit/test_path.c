/* SPDX-License-Identifier: ISC */
#include "path.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static const struct path_case {
	const char *label, *raw, *decoded; /* NULL: no path */
} path_cases[] = {
	// clang-format off
	{ "the root",                       "/",                    "/" },
	{ "segments",                       "/a/b",                 "/a/b" },
	{ "a slash at the end",             "/a/b/",                "/a/b/" },
	{ "an encoded letter",              "/%61",                 "/a" },
	{ "small and capital digits",       "/%6a%6A",              "/jj" },
	{ "an encoded blank",               "/a%20b",               "/a b" },
	{ "a plus is a plus",               "/a+b",                 "/a+b" },
	{ "UTF-8",                          "/caf%C3%A9",           "/caf\xC3\xA9" },
	{ "dots within a name",             "/a..b/.c/d.",          "/a..b/.c/d." },
	{ "three dots",                     "/...",                 "/..." },
	{ "a semicolon",                    "/a;b=c",               "/a;b=c" },
	{ "nothing",                        "",                     NULL },
	{ "without a slash",                "a",                    NULL },
	{ "two slashes",                    "//",                   NULL },
	{ "two slashes first",              "//a",                  NULL },
	{ "two slashes within",             "/a//b",                NULL },
	{ "two slashes last",               "/a//",                 NULL },
	{ "a dot",                          "/./a",                 NULL },
	{ "a dot at the end",               "/a/.",                 NULL },
	{ "two dots",                       "/a/../b",              NULL },
	{ "two dots at the end",            "/a/..",                NULL },
	{ "encoded dots",                   "/a/%2e%2E/b",          NULL },
	{ "half encoded dots",              "/a/.%2e",              NULL },
	{ "an encoded slash",               "/a%2Fb",               NULL },
	{ "a backslash",                    "/a\\b",                NULL },
	{ "an encoded backslash",           "/a%5Cb",               NULL },
	{ "encoded twice",                  "/%2561",               NULL },
	{ "dots encoded twice",             "/%252e%252e/",         NULL },
	{ "a percent sign that remains",    "/100%25",              NULL },
	{ "an encoded NUL",                 "/a%00b",               NULL },
	{ "an encoded line feed",           "/a%0Ab",               NULL },
	{ "a control byte",                 "/a\x01",               NULL },
	{ "DEL",                            "/a%7F",                NULL },
	{ "a lone percent sign",            "/a%",                  NULL },
	{ "half an escape",                 "/a%4",                 NULL },
	{ "no hexadecimal digits",          "/a%zz",                NULL },
	{ "overlong UTF-8",                 "/%c0%af",              NULL },
	{ "no UTF-8",                       "/%ff",                 NULL },
	{ "half a character",               "/%C3",                 NULL },
	{ "a surrogate",                    "/%ED%A0%80",           NULL },
	// clang-format on
};

static void test_what_two_programs_could_read_differently_is_no_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(path_cases); i++) {
		const struct path_case *c = &path_cases[i];
		char decoded[PATH_MAX_LENGTH + 1];

		if (path_decode(c->raw, strlen(c->raw), decoded) != (c->decoded != NULL))
			fail_msg("%s", c->label);
		if (c->decoded != NULL && strcmp(decoded, c->decoded) != 0)
			fail_msg("%s: %s", c->label, decoded);
	}
}

static void test_a_path_has_a_largest_length(void **state)
{
	char raw[PATH_MAX_LENGTH + 2], decoded[PATH_MAX_LENGTH + 1];

	(void)state;
	memset(raw, 'a', sizeof(raw));
	raw[0] = '/';
	assert_true(path_decode(raw, PATH_MAX_LENGTH, decoded));
	assert_int_equal(strlen(decoded), PATH_MAX_LENGTH);
	assert_false(path_decode(raw, PATH_MAX_LENGTH + 1, decoded));
}

static const struct uri_case {
	const char *uri, *path, *query;
} uri_cases[] = {
	{"/a?b=c", "/a", "b=c"},
	{"/a", "/a", ""},
	{"/a?", "/a", ""},
	{"/a?b?c", "/a", "b?c"},
	{"http://host/a?b", "/a", "b"},
	{"https://host:80?b", "", "b"},
	{"//host/a", "//host/a", ""},
	{"*", "*", ""},
};

static void test_a_uri_is_a_path_and_a_query(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(uri_cases); i++) {
		const struct uri_case *c = &uri_cases[i];
		const char *path, *query;
		size_t length;

		path_split_uri(c->uri, &path, &length, &query);
		if (length != strlen(c->path) || memcmp(path, c->path, length) != 0 ||
		    strcmp(query, c->query) != 0)
			fail_msg("%s", c->uri);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_two_programs_could_read_differently_is_no_path),
		cmocka_unit_test(test_a_path_has_a_largest_length),
		cmocka_unit_test(test_a_uri_is_a_path_and_a_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
