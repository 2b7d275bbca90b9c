/* SPDX-License-Identifier: ISC */
#include "query.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static const struct query_case {
	const char *label, *query, *value; /* NULL: not exactly one */
} query_cases[] = {
	// clang-format off
	{ "alone",                        "websiteId=7",                           "7" },
	{ "among others",                 "a=1&websiteId=7&b",                     "7" },
	{ "an encoded value",             "websiteId=%37+x",                       "7 x" },
	{ "an empty value",               "websiteId=",                            "" },
	{ "not there",                    "a=1",                                   NULL },
	{ "nothing at all",               "",                                      NULL },
	{ "without a value",              "websiteId",                             NULL },
	{ "a longer name",                "websiteIds=7",                          NULL },
	{ "twice",                        "websiteId=7&websiteId=7",               NULL },
	{ "twice, once in capitals",      "websiteId=7&WEBSITEID=8",               NULL },
	{ "in capitals alone",            "WebsiteID=7",                           NULL },
	{ "twice, once encoded",          "websiteId=7&%77ebsiteId=8",             NULL },
	{ "encoded alone",                "%77ebsiteId=7",                         NULL },
	{ "twice, once as a list",        "websiteId=7&websiteId[]=8",             NULL },
	{ "twice, once as encoded list",  "websiteId=7&websiteId%5B%5D=8",         NULL },
	{ "twice, once behind a blank",   "websiteId=7&+websiteId=8",              NULL },
	{ "twice, once with a dot",       "websiteId=7&website.Id=8",              NULL },
	{ "twice, once cut by a NUL",     "websiteId=7&websiteId%00x=8",           NULL },
	{ "twice, once without a value",  "websiteId=7&websiteId",                 NULL },
	{ "a semicolon before another",   "websiteId=7;websiteId=8",               NULL },
	{ "a semicolon anywhere",         "a=1;2&websiteId=7",                     NULL },
	{ "an encoded semicolon",         "a=1%3B2&websiteId=7",                   "7" },
	{ "a bad escape in the value",    "websiteId=%zz",                         NULL },
	{ "a NUL in the value",           "websiteId=7%00",                        NULL },
	{ "too long a value",             "websiteId=0123456789",                  NULL },
	{ "the name as a value",          "a=websiteId&websiteId=7",               "7" },
	// clang-format on
};

static void test_only_what_every_reader_reads_alike_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(query_cases); i++) {
		const struct query_case *c = &query_cases[i];
		char value[8] = "";

		if (query_find_only(c->query, "websiteId", value, sizeof(value)) !=
		    (c->value != NULL))
			fail_msg("%s", c->label);
		if (c->value != NULL && strcmp(value, c->value) != 0)
			fail_msg("%s: %s", c->label, value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_every_reader_reads_alike_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
