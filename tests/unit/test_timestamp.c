/* SPDX-License-Identifier: ISC */
#include "timestamp.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* With its length, because a text may hold a NUL. */
#define TEXT(literal) (literal), sizeof(literal) - 1

#define MS_PER_DAY INT64_C(86400000)

static const struct moment_case {
	int64_t moment;
	const char *text;
} moment_cases[] = {
	// clang-format off
	{ 0,                       "1970-01-01T00:00:00.000Z" },
	{ 1,                       "1970-01-01T00:00:00.001Z" },
	{ INT64_C(86399999),       "1970-01-01T23:59:59.999Z" },
	{ INT64_C(86400000),       "1970-01-02T00:00:00.000Z" },
	{ INT64_C(31535999999),    "1970-12-31T23:59:59.999Z" },
	{ INT64_C(31536000000),    "1971-01-01T00:00:00.000Z" },
	{ INT64_C(68169600000),    "1972-02-29T00:00:00.000Z" },
	{ INT64_C(94694399999),    "1972-12-31T23:59:59.999Z" },
	{ INT64_C(951782400000),   "2000-02-29T00:00:00.000Z" },
	{ INT64_C(951868800000),   "2000-03-01T00:00:00.000Z" },
	{ INT64_C(1234567890123),  "2009-02-13T23:31:30.123Z" },
	{ INT64_C(2147483648000),  "2038-01-19T03:14:08.000Z" },
	{ INT64_C(4107542399999),  "2100-02-28T23:59:59.999Z" },
	{ INT64_C(4107542400000),  "2100-03-01T00:00:00.000Z" },
	{ INT64_C(253402300799999), "9999-12-31T23:59:59.999Z" },
	// clang-format on
};

static void test_a_moment_and_its_text_are_each_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(moment_cases); i++) {
		const struct moment_case *c = &moment_cases[i];
		char text[TIMESTAMP_TEXT_SIZE];
		int64_t moment = -1;

		timestamp_format(c->moment, text);
		if (strcmp(text, c->text) != 0)
			fail_msg("%s: written as %s", c->text, text);
		if (!timestamp_parse(c->text, strlen(c->text), &moment) || moment != c->moment)
			fail_msg("%s: read as %lld", c->text, (long long)moment);
	}
}

static void test_a_moment_without_a_text_gets_the_nearest(void **state)
{
	static const struct {
		int64_t moment;
		const char *text;
	} cases[] = {
		{-1, "1970-01-01T00:00:00.000Z"},
		{INT64_MIN, "1970-01-01T00:00:00.000Z"},
		{TIMESTAMP_LAST + 1, "9999-12-31T23:59:59.999Z"},
		{TIMESTAMP_NEVER, "9999-12-31T23:59:59.999Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[TIMESTAMP_TEXT_SIZE];

		timestamp_format(cases[i].moment, text);
		assert_string_equal(text, cases[i].text);
	}
}

static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

/* The oracle counts: no formula that the code could share. */
static void test_every_day_until_9999_has_its_date_and_the_date_its_day(void **state)
{
	int64_t moment = MS_PER_DAY - 1;

	(void)state;
	for (int year = 1970; year <= 9999; year++) {
		for (int month = 1; month <= 12; month++) {
			for (int day = 1; day <= days_of(year, month); day++) {
				char expected[64], text[TIMESTAMP_TEXT_SIZE];
				int64_t again = -1;

				snprintf(expected, sizeof(expected), "%04d-%02d-%02dT23:59:59.999Z",
					 year, month, day);
				timestamp_format(moment, text);
				if (strcmp(text, expected) != 0)
					fail_msg("%s instead of %s", text, expected);
				if (!timestamp_parse(text, strlen(text), &again) || again != moment)
					fail_msg("%s: read as %lld", text, (long long)again);
				moment += MS_PER_DAY;
			}
		}
	}
	assert_int_equal(moment - MS_PER_DAY, TIMESTAMP_LAST);
}

static const struct parse_case {
	const char *label, *text, *same_as;
} parse_cases[] = {
	// clang-format off
	{ "no fraction",              "2030-01-01T00:00:00Z",                "2030-01-01T00:00:00.000Z" },
	{ "one digit of it",          "2030-01-01T00:00:00.5Z",              "2030-01-01T00:00:00.500Z" },
	{ "two digits of it",         "2030-01-01T00:00:00.05Z",             "2030-01-01T00:00:00.050Z" },
	{ "more digits are cut",      "2030-01-01T00:00:00.123456Z",         "2030-01-01T00:00:00.123Z" },
	{ "and not rounded",          "2030-01-01T00:00:00.9999Z",           "2030-01-01T00:00:00.999Z" },
	{ "very many digits",         "2030-01-01T00:00:00.0019999999999999999999999Z", "2030-01-01T00:00:00.001Z" },
	{ "ahead of UTC",             "2030-01-01T00:00:00+02:00",           "2029-12-31T22:00:00.000Z" },
	{ "behind UTC",               "2029-12-31T19:30:00-04:30",           "2030-01-01T00:00:00.000Z" },
	{ "at UTC, ahead",            "2030-01-01T00:00:00+00:00",           "2030-01-01T00:00:00.000Z" },
	{ "at UTC, behind",           "2030-01-01T00:00:00-00:00",           "2030-01-01T00:00:00.000Z" },
	{ "the widest zone ahead",    "2030-01-02T00:00:00+23:59",           "2030-01-01T00:01:00.000Z" },
	{ "the widest zone behind",   "2030-01-01T00:00:00-23:59",           "2030-01-01T23:59:00.000Z" },
	{ "a fraction and a zone",    "2030-01-01T00:00:00.25+01:00",        "2029-12-31T23:00:00.250Z" },
	{ "1969 there, 1970 in UTC",  "1969-12-31T23:59:00-00:01",           "1970-01-01T00:00:00.000Z" },
	{ "the last moment, ahead",   "9999-12-31T23:59:59.999+00:00",       "9999-12-31T23:59:59.999Z" },
	// clang-format on
};

static void test_a_date_time_of_rfc_3339_is_converted_to_utc(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(parse_cases); i++) {
		const struct parse_case *c = &parse_cases[i];
		char text[TIMESTAMP_TEXT_SIZE];
		int64_t moment = -1;

		if (!timestamp_parse(c->text, strlen(c->text), &moment))
			fail_msg("%s: refused", c->label);
		timestamp_format(moment, text);
		if (strcmp(text, c->same_as) != 0)
			fail_msg("%s: %s", c->label, text);
	}
}

static const struct refuse_case {
	const char *label, *text;
	size_t length;
} refuse_cases[] = {
	// clang-format off
	{ "nothing",                   TEXT("")                               },
	{ "a word",                    TEXT("tomorrow")                       },
	{ "a number",                  TEXT("1767225600")                     },
	{ "a date alone",              TEXT("2030-01-01")                     },
	{ "no zone",                   TEXT("2030-01-01T00:00:00")            },
	{ "no zone, a fraction",       TEXT("2030-01-01T00:00:00.000")        },
	{ "no seconds",                TEXT("2030-01-01T00:00Z")              },
	{ "month 0",                   TEXT("2030-00-01T00:00:00Z")           },
	{ "month 13",                  TEXT("2030-13-01T00:00:00Z")           },
	{ "day 0",                     TEXT("2030-01-00T00:00:00Z")           },
	{ "day 32",                    TEXT("2030-01-32T00:00:00Z")           },
	{ "31 April",                  TEXT("2030-04-31T00:00:00Z")           },
	{ "30 February",               TEXT("2030-02-30T00:00:00Z")           },
	{ "29 February 2030",          TEXT("2030-02-29T00:00:00Z")           },
	{ "29 February 2100",          TEXT("2100-02-29T00:00:00Z")           },
	{ "24 o'clock",                TEXT("2030-01-01T24:00:00Z")           },
	{ "minute 60",                 TEXT("2030-01-01T00:60:00Z")           },
	{ "a leap second",             TEXT("2016-12-31T23:59:60Z")           },
	{ "a zone of 24 hours",        TEXT("2030-01-01T00:00:00+24:00")      },
	{ "a zone of 60 minutes",      TEXT("2030-01-01T00:00:00+00:60")      },
	{ "a zone without a colon",    TEXT("2030-01-01T00:00:00+0200")       },
	{ "a zone of hours only",      TEXT("2030-01-01T00:00:00+02")         },
	{ "a zone cut short",          TEXT("2030-01-01T00:00:00+02:0")       },
	{ "a zone without its sign",   TEXT("2030-01-01T00:00:00 02:00")      },
	{ "two zones",                 TEXT("2030-01-01T00:00:00Z+02:00")     },
	{ "another letter's zone",     TEXT("2030-01-01T00:00:00A")           },
	{ "lower-case letters",        TEXT("2030-01-01t00:00:00z")           },
	{ "a blank for the T",         TEXT("2030-01-01 00:00:00Z")           },
	{ "a point without a digit",   TEXT("2030-01-01T00:00:00.Z")          },
	{ "a point at the end",        TEXT("2030-01-01T00:00:00.")           },
	{ "a comma for the point",     TEXT("2030-01-01T00:00:00,5Z")         },
	{ "slashes",                   TEXT("2030/01/01T00:00:00Z")           },
	{ "no separators",             TEXT("20300101T000000Z")               },
	{ "one digit of the month",    TEXT("2030-1-01T00:00:00Z")            },
	{ "a signed day",              TEXT("2030-01-+1T00:00:00Z")           },
	{ "a blank in a number",       TEXT("2030-01- 1T00:00:00Z")           },
	{ "three digits of the year",  TEXT("203-01-01T00:00:00Z")            },
	{ "year 0",                    TEXT("0000-01-01T00:00:00Z")           },
	{ "year 10000",                TEXT("10000-01-01T00:00:00Z")          },
	{ "a signed year",             TEXT("+2030-01-01T00:00:00Z")          },
	{ "the year 1",                TEXT("0001-01-01T00:00:00Z")           },
	{ "before 1970",               TEXT("1969-12-31T23:59:59.999Z")       },
	{ "1970 there, 1969 in UTC",   TEXT("1970-01-01T00:00:00+00:01")      },
	{ "9999 there, 10000 in UTC",  TEXT("9999-12-31T23:59:00-00:01")      },
	{ "a blank before",            TEXT(" 2030-01-01T00:00:00Z")          },
	{ "a blank behind",            TEXT("2030-01-01T00:00:00Z ")          },
	{ "a NUL behind",              TEXT("2030-01-01T00:00:00Z\0")         },
	{ "a NUL inside",              TEXT("2030-01-01\0" "00:00:00Z")       },
	{ "digits of another script",  TEXT("203\xd9\xa1-01-01T00:00:00Z")    },
	// clang-format on
};

static void test_anything_else_is_no_moment_and_leaves_it_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(refuse_cases); i++) {
		const struct refuse_case *c = &refuse_cases[i];
		int64_t moment = 99;

		if (timestamp_parse(c->text, c->length, &moment) || moment != 99)
			fail_msg("%s: accepted, or the moment was touched", c->label);
	}
}

static void test_a_text_cut_anywhere_is_no_moment(void **state)
{
	static const char text[] = "2030-01-01T00:00:00.123+02:00";
	int64_t moment;

	(void)state;
	assert_true(timestamp_parse(text, sizeof(text) - 1, &moment));
	for (size_t length = 0; length < sizeof(text) - 1; length++)
		if (timestamp_parse(text, length, &moment))
			fail_msg("accepted when cut to %zu bytes", length);
}

static void test_the_clocks_go_on(void **state)
{
	int64_t before = timestamp_monotonic();

	(void)state;
	assert_true(timestamp_monotonic() >= before);
	/* Later than this test was written, and with a text: milliseconds, not seconds. */
	assert_true(timestamp_now() > INT64_C(1700000000000));
	assert_true(timestamp_now() < TIMESTAMP_LAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_moment_and_its_text_are_each_other),
		cmocka_unit_test(test_a_moment_without_a_text_gets_the_nearest),
		cmocka_unit_test(test_every_day_until_9999_has_its_date_and_the_date_its_day),
		cmocka_unit_test(test_a_date_time_of_rfc_3339_is_converted_to_utc),
		cmocka_unit_test(test_anything_else_is_no_moment_and_leaves_it_alone),
		cmocka_unit_test(test_a_text_cut_anywhere_is_no_moment),
		cmocka_unit_test(test_the_clocks_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
