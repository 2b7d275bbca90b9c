/* SPDX-License-Identifier: ISC */
#include "codec.h"
#include "json_write.h"

#include "support.h"
#include "text.h"
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

/* 2026-11-24T12:34:56.789Z, the "now" of these tests. */
#define NOW INT64_C(1795523696789)
#define FORM_OF_A_KEY "dft_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
#define ID "00112233445566778899aabb"

static struct config config;

static int set_up(void **state)
{
	(void)state;
	config.catalogue = *catalogue_of_tests();
	snprintf(config.token_prefix, sizeof(config.token_prefix), "dft_");
	return 0;
}

static enum result read_draft(const char *body, size_t length, struct token_draft *draft,
			      struct error *err)
{
	*err = (struct error){0};
	return codec_read_draft(&config, body, length, NOW, draft, err);
}

/* Rows of security.md §2; field is NULL where none is named. */
static const struct refusal_case {
	const char *row, *body;
	enum result expected;
	const char *field;
} refusal_cases[] = {
	// clang-format off
	{ "50",  "",                                    RESULT_INVALID_JSON,  "" },
	{ "65",  "{\"name\":\"a\"",                     RESULT_INVALID_JSON,  "" },
	{ "67",  "[]",                                  RESULT_INVALID_JSON,  "" },
	{ "67",  "null",                                RESULT_INVALID_JSON,  "" },
	{ "68",  "{\"name\":\"a\",\"na\\u006de\":\"b\"}", RESULT_INVALID_JSON, "" },
	{ "84",  "  ",                                  RESULT_INVALID_JSON,  "" },
	{ "75",  "{\"expiresIn\":1e999}",               RESULT_INVALID_FIELD, "expiresIn" },
	{ "75",  "{\"expiresIn\":99999999999999999999}", RESULT_INVALID_FIELD, "expiresIn" },
	{ "75",  "{\"expiresIn\":-99999999999999999999}", RESULT_INVALID_FIELD, "expiresIn" },

	{ "85",  "{\"\":1}",                            RESULT_UNKNOWN_FIELD, "" },
	{ "86",  "{\"permission\":[\"*\"]}",            RESULT_UNKNOWN_FIELD, "permission" },
	{ "86",  "{\"Permissions\":[\"*\"]}",           RESULT_UNKNOWN_FIELD, "Permissions" },
	{ "86",  "{\"permissions \":[\"*\"]}",          RESULT_UNKNOWN_FIELD, "permissions " },
	{ "86",  "{\"scope\":\"admin\"}",               RESULT_UNKNOWN_FIELD, "scope" },
	{ "86",  "{\"id\":\"" ID "\"}",                 RESULT_UNKNOWN_FIELD, "id" },
	{ "86",  "{\"_id\":\"" ID "\"}",                RESULT_UNKNOWN_FIELD, "_id" },
	{ "86",  "{\"parentId\":\"" ID "\"}",           RESULT_UNKNOWN_FIELD, "parentId" },
	{ "86",  "{\"key\":\"x\"}",                     RESULT_UNKNOWN_FIELD, "key" },
	{ "86",  "{\"displayKey\":\"x\"}",              RESULT_UNKNOWN_FIELD, "displayKey" },
	{ "86",  "{\"createdAt\":null}",                RESULT_UNKNOWN_FIELD, "createdAt" },
	{ "86",  "{\"lastUsedAt\":null}",               RESULT_UNKNOWN_FIELD, "lastUsedAt" },
	{ "86",  "{\"state\":\"active\"}",              RESULT_UNKNOWN_FIELD, "state" },
	{ "86",  "{\"account\":{}}",                    RESULT_UNKNOWN_FIELD, "account" },
	{ "86",  "{\"name\\u0000\":\"a\"}",             RESULT_UNKNOWN_FIELD, NULL },
	{ "86 before fields", "{\"name\":1,\"x\":1}",   RESULT_UNKNOWN_FIELD, "x" },

	{ "87",  "{\"name\":\"\"}",                     RESULT_INVALID_FIELD, "name" },
	{ "87",  "{\"name\":\"  \"}",                   RESULT_INVALID_FIELD, "name" },
	{ "87",  "{\"name\":1}",                        RESULT_INVALID_FIELD, "name" },
	{ "87",  "{\"name\":[]}",                       RESULT_INVALID_FIELD, "name" },
	{ "87",  "{\"name\":{}}",                       RESULT_INVALID_FIELD, "name" },
	{ "87",  "{\"name\":true}",                     RESULT_INVALID_FIELD, "name" },
	{ "88",  "{\"name\":\"a\\nb\"}",                RESULT_INVALID_FIELD, "name" },
	{ "88",  "{\"name\":\"a\\tb\"}",                RESULT_INVALID_FIELD, "name" },
	{ "88",  "{\"name\":\"a\\u0000b\"}",            RESULT_INVALID_FIELD, "name" },
	{ "88",  "{\"name\":\"a\\u007f\"}",             RESULT_INVALID_FIELD, "name" },
	{ "88",  "{\"name\":\"a\\u0085\"}",             RESULT_INVALID_FIELD, "name" },
	{ "88",  "{\"name\":\"a\\u200e\"}",             RESULT_INVALID_FIELD, "name" },
	{ "88",  "{\"name\":\"a\\u202e\"}",             RESULT_INVALID_FIELD, "name" },
	{ "88",  "{\"name\":\"a\\u2028\"}",             RESULT_INVALID_FIELD, "name" },
	{ "88",  "{\"name\":\"\\ufeff" "a\"}",          RESULT_INVALID_FIELD, "name" },
	{ "89",  "{\"name\":\"" FORM_OF_A_KEY "\"}",    RESULT_INVALID_FIELD, "name" },
	{ "89",  "{\"name\":\"my " FORM_OF_A_KEY "!\"}", RESULT_INVALID_FIELD, "name" },

	{ "91",  "{\"permissions\":null}",              RESULT_INVALID_FIELD, "permissions" },
	{ "91",  "{\"permissions\":\"goals:read\"}",    RESULT_INVALID_FIELD, "permissions" },
	{ "91",  "{\"permissions\":{}}",                RESULT_INVALID_FIELD, "permissions" },
	{ "91",  "{\"permissions\":5}",                 RESULT_INVALID_FIELD, "permissions" },
	{ "91",  "{\"permissions\":[]}",                RESULT_INVALID_FIELD, "permissions" },
	{ "92",  "{\"permissions\":[\"goals:read\",1]}", RESULT_INVALID_FIELD, "permissions[1]" },
	{ "92",  "{\"permissions\":[null]}",            RESULT_INVALID_FIELD, "permissions[0]" },
	{ "92",  "{\"permissions\":[[\"x\"]]}",         RESULT_INVALID_FIELD, "permissions[0]" },
	{ "93",  "{\"permissions\":[\"goals:Read\"]}",  RESULT_INVALID_FIELD, "permissions[0]" },
	{ "93",  "{\"permissions\":[\" goals:read\"]}", RESULT_INVALID_FIELD, "permissions[0]" },
	{ "93",  "{\"permissions\":[\"goals:*\"]}",     RESULT_INVALID_FIELD, "permissions[0]" },
	{ "93",  "{\"permissions\":[\"*:read\"]}",      RESULT_INVALID_FIELD, "permissions[0]" },
	{ "93",  "{\"permissions\":[\"goals:delete\"]}", RESULT_INVALID_FIELD, "permissions[0]" },
	{ "93",  "{\"permissions\":[\"\"]}",            RESULT_INVALID_FIELD, "permissions[0]" },
	{ "93",  "{\"permissions\":[\"goals:read\\u0000\"]}", RESULT_INVALID_FIELD, "permissions[0]" },
	{ "93",  "{\"permissions\":[\"*\\u0000\"]}",    RESULT_INVALID_FIELD, "permissions[0]" },
	{ "94",  "{\"permissions\":[\"*\",\"goals:read\"]}", RESULT_INVALID_FIELD, "permissions" },
	{ "94",  "{\"permissions\":[\"goals:read\",\"*\"]}", RESULT_INVALID_FIELD, "permissions" },
	{ "94",  "{\"permissions\":[\"*\",\"*\"]}",     RESULT_INVALID_FIELD, "permissions" },

	{ "98",  "{\"websiteIds\":null}",               RESULT_INVALID_FIELD, "websiteIds" },
	{ "98",  "{\"websiteIds\":\"\"}",               RESULT_INVALID_FIELD, "websiteIds" },
	{ "98",  "{\"websiteIds\":{}}",                 RESULT_INVALID_FIELD, "websiteIds" },
	{ "99",  "{\"websiteIds\":[\"xyz\"]}",          RESULT_INVALID_FIELD, "websiteIds[0]" },
	{ "99",  "{\"websiteIds\":[\"00112233445566778899AABB\"]}", RESULT_INVALID_FIELD, "websiteIds[0]" },
	{ "99",  "{\"websiteIds\":[\"00112233445566778899aab\"]}", RESULT_INVALID_FIELD, "websiteIds[0]" },
	{ "99",  "{\"websiteIds\":[\"" ID "\",\"" ID "0\"]}", RESULT_INVALID_FIELD, "websiteIds[1]" },
	{ "99",  "{\"websiteIds\":[1]}",                RESULT_INVALID_FIELD, "websiteIds[0]" },
	{ "99",  "{\"websiteIds\":[null]}",             RESULT_INVALID_FIELD, "websiteIds[0]" },

	{ "ips", "{\"allowedIps\":null}",               RESULT_INVALID_FIELD, "allowedIps" },
	{ "ips", "{\"allowedIps\":\"192.0.2.7\"}",      RESULT_INVALID_FIELD, "allowedIps" },
	{ "ips", "{\"allowedIps\":{}}",                 RESULT_INVALID_FIELD, "allowedIps" },
	{ "ips", "{\"allowedIps\":[\"::1\",\"192.0.2.7/24\"]}", RESULT_INVALID_FIELD, "allowedIps[1]" },
	{ "ips", "{\"allowedIps\":[\"192.0.2.7\\u0000\"]}", RESULT_INVALID_FIELD, "allowedIps[0]" },
	{ "ips", "{\"allowedIps\":[\"\"]}",             RESULT_INVALID_FIELD, "allowedIps[0]" },
	{ "ips", "{\"allowedIps\":[\"localhost\"]}",    RESULT_INVALID_FIELD, "allowedIps[0]" },
	{ "ips", "{\"allowedIps\":[3221225991]}",       RESULT_INVALID_FIELD, "allowedIps[0]" },
	{ "ips", "{\"allowedIps\":[null]}",             RESULT_INVALID_FIELD, "allowedIps[0]" },
	{ "ips behind websites", "{\"allowedIps\":1,\"websiteIds\":1}", RESULT_INVALID_FIELD, "websiteIds" },
	{ "ips before the end",  "{\"expiresAt\":1,\"allowedIps\":1}", RESULT_INVALID_FIELD, "allowedIps" },
	{ "86",  "{\"lastUsedIp\":null}",               RESULT_UNKNOWN_FIELD, "lastUsedIp" },
	{ "86",  "{\"useCount\":0}",                    RESULT_UNKNOWN_FIELD, "useCount" },

	{ "104", "{\"expiresAt\":\"2020-01-01T00:00:00Z\"}",     RESULT_INVALID_FIELD, "expiresAt" },
	{ "104", "{\"expiresAt\":\"2026-11-24T12:34:56.789Z\"}", RESULT_INVALID_FIELD, "expiresAt" },
	{ "105", "{\"expiresAt\":\"tomorrow\"}",        RESULT_INVALID_FIELD, "expiresAt" },
	{ "105", "{\"expiresAt\":\"\"}",                RESULT_INVALID_FIELD, "expiresAt" },
	{ "105", "{\"expiresAt\":1967225600}",          RESULT_INVALID_FIELD, "expiresAt" },
	{ "105", "{\"expiresAt\":\"2030-02-30T00:00:00Z\"}",     RESULT_INVALID_FIELD, "expiresAt" },
	{ "105", "{\"expiresAt\":\"2030-01-01\"}",      RESULT_INVALID_FIELD, "expiresAt" },
	{ "105", "{\"expiresAt\":\"2030-01-01T00:00:00\"}",      RESULT_INVALID_FIELD, "expiresAt" },
	{ "105", "{\"expiresAt\":\"2030-01-01T24:00:00Z\"}",     RESULT_INVALID_FIELD, "expiresAt" },
	{ "105", "{\"expiresAt\":\"10000-01-01T00:00:00Z\"}",    RESULT_INVALID_FIELD, "expiresAt" },
	{ "105", "{\"expiresAt\":\"2030-01-01T00:00:00+00:60\"}", RESULT_INVALID_FIELD, "expiresAt" },
	{ "105", "{\"expiresAt\":\"2030-01-01T00:00:00Z\\u0000\"}", RESULT_INVALID_FIELD, "expiresAt" },
	{ "106", "{\"expiresAt\":\"2030-01-01T00:00:60Z\"}",     RESULT_INVALID_FIELD, "expiresAt" },
	{ "108", "{\"expiresIn\":59}",                  RESULT_INVALID_FIELD, "expiresIn" },
	{ "108", "{\"expiresIn\":0}",                   RESULT_INVALID_FIELD, "expiresIn" },
	{ "108", "{\"expiresIn\":-1}",                  RESULT_INVALID_FIELD, "expiresIn" },
	{ "108", "{\"expiresIn\":315360001}",           RESULT_INVALID_FIELD, "expiresIn" },
	{ "108", "{\"expiresIn\":60.5}",                RESULT_INVALID_FIELD, "expiresIn" },
	{ "108", "{\"expiresIn\":60.0}",                RESULT_INVALID_FIELD, "expiresIn" },
	{ "108", "{\"expiresIn\":1e3}",                 RESULT_INVALID_FIELD, "expiresIn" },
	{ "108", "{\"expiresIn\":\"60\"}",              RESULT_INVALID_FIELD, "expiresIn" },
	{ "108", "{\"expiresIn\":true}",                RESULT_INVALID_FIELD, "expiresIn" },
	{ "108", "{\"expiresIn\":null}",                RESULT_INVALID_FIELD, "expiresIn" },
	{ "109", "{\"expiresAt\":\"2030-01-01T00:00:00Z\",\"expiresIn\":60}", RESULT_INVALID_FIELD, "expiresIn" },
	{ "109", "{\"expiresIn\":60,\"expiresAt\":null}", RESULT_INVALID_FIELD, "expiresIn" },
	{ "109", "{\"expiresIn\":null,\"expiresAt\":\"2030-01-01T00:00:00Z\"}", RESULT_INVALID_FIELD, "expiresIn" },

	{ "the order of the table", "{\"expiresIn\":0,\"websiteIds\":1,\"permissions\":1,\"name\":1}", RESULT_INVALID_FIELD, "name" },
	{ "the order of the table", "{\"expiresIn\":0,\"websiteIds\":1,\"permissions\":1}", RESULT_INVALID_FIELD, "permissions" },
	{ "the order of the table", "{\"expiresIn\":0,\"expiresAt\":1,\"websiteIds\":1}", RESULT_INVALID_FIELD, "websiteIds" },
	{ "the order of the table", "{\"expiresIn\":0,\"expiresAt\":1}", RESULT_INVALID_FIELD, "expiresAt" },
	// clang-format on
};

static void test_a_bad_body_is_refused_with_its_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(refusal_cases); i++) {
		const struct refusal_case *c = &refusal_cases[i];
		struct token_draft draft;
		struct error err;
		enum result result = read_draft(c->body, strlen(c->body), &draft, &err);

		if (result != c->expected)
			fail_msg("row %s: %s: result %d (%s)", c->row, c->body, result,
				 err.message);
		if (c->field != NULL && strcmp(err.field, c->field) != 0)
			fail_msg("row %s: %s: field \"%s\"", c->row, c->body, err.field);
		if (err.result != result || err.message[0] == '\0')
			fail_msg("row %s: %s: no message", c->row, c->body);
		assert_null(strstr(err.message, FORM_OF_A_KEY));
		assert_null(draft.website_ids);
		assert_false(draft.has_permissions || draft.has_websites || draft.has_name);
	}
}

/* {"FIELD":[ELEMENT,ELEMENT,...]} with COUNT of them. */
static enum result read_many(const char *field, const char *element, size_t count,
			     struct token_draft *draft, struct error *err)
{
	struct buffer body;
	enum result result;

	buffer_init(&body, 65536);
	buffer_append_format(&body, "{\"%s\":[", field);
	for (size_t i = 0; i < count; i++)
		buffer_append_format(&body, "%s%s", i == 0 ? "" : ",", element);
	buffer_append_text(&body, "]}");
	assert_int_equal(buffer_result(&body), RESULT_OK);
	result = read_draft(body.data, body.length, draft, err);
	buffer_clear(&body);
	return result;
}

static void test_lists_have_a_largest_length(void **state)
{
	struct token_draft draft;
	struct error err;

	(void)state;
	assert_int_equal(read_many("permissions", "\"goals:read\"", 64, &draft, &err), RESULT_OK);
	assert_int_equal(draft.permission_count, 64);
	token_draft_clear(&draft);
	assert_int_equal(read_many("permissions", "\"goals:read\"", 65, &draft, &err),
			 RESULT_INVALID_FIELD);
	assert_string_equal(err.field, "permissions");
	assert_int_equal(read_many("websiteIds", "\"" ID "\"", 1000, &draft, &err), RESULT_OK);
	assert_int_equal(draft.website_count, 1000);
	token_draft_clear(&draft);
	assert_int_equal(read_many("websiteIds", "\"" ID "\"", 1001, &draft, &err),
			 RESULT_INVALID_FIELD);
	assert_string_equal(err.field, "websiteIds");
	assert_int_equal(read_many("allowedIps", "\"::1\"", 64, &draft, &err), RESULT_OK);
	assert_int_equal(draft.address_count, 64);
	token_draft_clear(&draft);
	assert_int_equal(read_many("allowedIps", "\"::1\"", 65, &draft, &err),
			 RESULT_INVALID_FIELD);
	assert_string_equal(err.field, "allowedIps");
}

static void test_a_name_may_be_as_long_as_it_is_allowed(void **state)
{
	char body[1024] = "{\"name\":\"";
	struct token_draft draft;
	struct error err;

	(void)state;
	for (size_t i = 0; i < TEXT_NAME_CHARACTERS_MAX; i++)
		memcpy(body + 9 + 4 * i, "\xF0\x9F\x98\x80", 4);
	memcpy(body + 9 + 400, "\"}", 2);
	assert_int_equal(read_draft(body, 411, &draft, &err), RESULT_OK);
	assert_int_equal(strlen(draft.name), 400);
	token_draft_clear(&draft);
	memcpy(body + 9 + 400, "x\"}", 3);
	assert_int_equal(read_draft(body, 412, &draft, &err), RESULT_INVALID_FIELD);
	assert_string_equal(err.field, "name");
}

static void test_an_unknown_name_is_shown_cut_and_never_as_a_key(void **state)
{
	static const char name[] = "0123456789012345678901234567\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
				   "\xC3\xA9";
	char body[256];
	struct token_draft draft;
	struct error err;

	(void)state;
	snprintf(body, sizeof(body), "{\"%s\":1}", name);
	assert_int_equal(read_draft(body, strlen(body), &draft, &err), RESULT_UNKNOWN_FIELD);
	assert_int_equal(strlen(err.field), 28 + 4 * 2); /* 32 characters */
	assert_memory_equal(err.field, name, 36);
	snprintf(body, sizeof(body), "{\"x" FORM_OF_A_KEY "\":1}");
	assert_int_equal(read_draft(body, strlen(body), &draft, &err), RESULT_UNKNOWN_FIELD);
	assert_null(strstr(err.message, "dft_"));
	assert_string_equal(err.field, "");
}

static void test_of_many_unknown_names_the_first_is_told(void **state)
{
	struct buffer body;
	struct token_draft draft;
	struct error err;

	(void)state;
	buffer_init(&body, 65536);
	for (int i = 0; i < 4000; i++)
		buffer_append_format(&body, "%c\"m%d\":0", i == 0 ? '{' : ',', i);
	buffer_append_char(&body, '}');
	assert_int_equal(read_draft(body.data, body.length, &draft, &err), RESULT_UNKNOWN_FIELD);
	assert_string_equal(err.field, "m0");
	buffer_clear(&body);
}

static void test_names_are_kept_exactly(void **state)
{
	static const struct {
		const char *json, *name; /* NULL: none */
	} cases[] = {
		{"null", NULL},
		{"\"<b>x</b>\"", "<b>x</b>"},
		{"\"'; DROP TABLE\"", "'; DROP TABLE"},
		{"\"%s%n\"", "%s%n"},
		{"\"..\"", ".."},
		{"\"\\\"\\\\\\/\"", "\"\\/"},
		{"\"\\ud83d\\ude00\"", "\xF0\x9F\x98\x80"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char body[64];
		struct token_draft draft;
		struct error err;

		snprintf(body, sizeof(body), "{\"name\":%s}", cases[i].json);
		assert_int_equal(read_draft(body, strlen(body), &draft, &err), RESULT_OK);
		assert_int_equal(draft.has_name, cases[i].name != NULL);
		assert_string_equal(draft.name, cases[i].name == NULL ? "" : cases[i].name);
		token_draft_clear(&draft);
	}
}

static void test_an_empty_object_asks_for_the_own_scope(void **state)
{
	struct token_draft draft;
	struct error err;

	(void)state;
	assert_int_equal(read_draft("{}", 2, &draft, &err), RESULT_OK);
	assert_false(draft.has_name || draft.has_permissions || draft.has_websites);
	assert_int_equal(draft.expiry, EXPIRY_INHERITED);
	token_draft_clear(&draft);
}

static void test_permissions_and_websites_are_read_in_their_order(void **state)
{
	static const char body[] =
		"{\"permissions\":[\"goals:write\",\"goals:read\",\"goals:write\"],"
		"\"websiteIds\":[\"" ID "\",\"ffffffffffffffffffffffff\"]}";
	struct token_draft draft;
	struct error err;
	struct id first;

	(void)state;
	assert_true(id_parse(ID, 24, &first));
	assert_int_equal(read_draft(body, sizeof(body) - 1, &draft, &err), RESULT_OK);
	assert_int_equal(draft.permission_count, 3);
	assert_int_equal(draft.permissions[0].bits, permission_of("goals:write").bits);
	assert_int_equal(draft.permissions[1].bits, permission_of("goals:read").bits);
	assert_int_equal(draft.permissions[2].bits, permission_of("goals:write").bits);
	assert_int_equal(draft.website_count, 2);
	assert_true(id_equals(&draft.website_ids[0], &first));
	token_draft_clear(&draft);
	assert_int_equal(read_draft("{\"websiteIds\":[]}", 17, &draft, &err), RESULT_OK);
	assert_true(draft.has_websites);
	assert_int_equal(draft.website_count, 0);
	token_draft_clear(&draft);
	assert_int_equal(read_draft("{\"permissions\":[\"*\"]}", 21, &draft, &err), RESULT_OK);
	assert_true(draft.permissions[0].every);
	token_draft_clear(&draft);
}

static const struct expiry_case {
	const char *body;
	enum expiry_kind expiry;
	int64_t expires_at;
	const char *field;
} expiry_cases[] = {
	// clang-format off
	{ "{\"expiresAt\":null}",                            EXPIRY_NEVER, 0, "expiresAt" },
	{ "{\"expiresAt\":\"2026-11-24T12:34:56.790Z\"}",    EXPIRY_AT, NOW + 1, "expiresAt" },
	{ "{\"expiresAt\":\"2030-01-01T00:00:00+02:00\"}",   EXPIRY_AT, INT64_C(1893448800000), "expiresAt" },
	{ "{\"expiresAt\":\"2030-01-01T00:00:00.123456Z\"}", EXPIRY_AT, INT64_C(1893456000123), "expiresAt" },
	{ "{\"expiresAt\":\"9999-12-31T23:59:59.999Z\"}",    EXPIRY_AT, TIMESTAMP_LAST, "expiresAt" },
	{ "{\"expiresIn\":60}",                              EXPIRY_AT, NOW + 60000, "expiresIn" },
	{ "{\"expiresIn\":315360000}",                       EXPIRY_AT, NOW + INT64_C(315360000000), "expiresIn" },
	// clang-format on
};

static void test_an_end_is_a_moment_or_a_number_of_seconds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(expiry_cases); i++) {
		const struct expiry_case *c = &expiry_cases[i];
		struct token_draft draft;
		struct error err;

		if (read_draft(c->body, strlen(c->body), &draft, &err) != RESULT_OK)
			fail_msg("%s: %s", c->body, err.message);
		assert_int_equal(draft.expiry, c->expiry);
		assert_int_equal(draft.expires_at, c->expires_at);
		assert_string_equal(draft.expiry_field, c->field);
		token_draft_clear(&draft);
	}
}

static const struct string_case {
	const char *text, *json;
} string_cases[] = {
	// clang-format off
	{ "",                          "\"\"" },
	{ "plain",                     "\"plain\"" },
	{ "</script>",                 "\"\\u003c/script\\u003e\"" },
	{ "a&b",                       "\"a\\u0026b\"" },
	{ "\"\\",                      "\"\\\"\\\\\"" },
	{ "\x01\n\x1F\x7F",            "\"\\u0001\\u000a\\u001f\\u007f\"" },
	{ "\xE2\x80\xA8\xE2\x80\xA9x", "\"\\u2028\\u2029x\"" },
	{ "\xE2\x80\xA7\xE2\x80\xAA",  "\"\xE2\x80\xA7\xE2\x80\xAA\"" },
	{ "\xC3\xA9\xF0\x9F\x98\x80",  "\"\xC3\xA9\xF0\x9F\x98\x80\"" },
	// clang-format on
};

static void test_a_string_is_inert_wherever_it_is_pasted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(string_cases); i++) {
		struct buffer out;

		buffer_init(&out, 1000);
		json_write_string(string_cases[i].text, &out);
		assert_int_equal(buffer_result(&out), RESULT_OK);
		assert_string_equal(out.data, string_cases[i].json);
		buffer_clear(&out);
	}
}

static void test_names_are_separated_by_commas_and_moments_are_text_or_null(void **state)
{
	struct buffer out;

	(void)state;
	buffer_init(&out, 1000);
	buffer_append_char(&out, '{');
	json_write_name("a", &out);
	json_write_moment(STORE_NO_MOMENT, &out);
	json_write_name("b", &out);
	json_write_moment(TIMESTAMP_NEVER, &out);
	json_write_name("c", &out);
	json_write_moment(NOW, &out);
	json_write_name("d", &out);
	json_write_moment(0, &out);
	assert_string_equal(out.data, "{\"a\":null,\"b\":null,\"c\":\"2026-11-24T12:34:56.789Z\","
				      "\"d\":\"1970-01-01T00:00:00.000Z\"");
	buffer_clear(&out);
}

/* The full record and its owner. */
static struct token_record record_of(const char *scope)
{
	struct token_record record = {.scope = scope_of(scope),
				      .has_name = true,
				      .name = "a \"b\" <c>",
				      .display_key = {"dft_ab1...xyz9"},
				      .hash = {"$s1$nobody-may-see-this"},
				      .created_at = NOW - 1,
				      .last_used_at = STORE_NO_MOMENT,
				      .revoked_at = STORE_NO_MOMENT,
				      .rotated_at = STORE_NO_MOMENT,
				      .grace_ends_at = STORE_NO_MOMENT};

	assert_true(id_parse(ID, 24, &record.id));
	return record;
}

static const struct account_record owner = {
	.id = {{0xAC}}, .email = "o@example.com", .name = "O & P", .created_at = 0};

#define OWNER_MEMBERS                                                                              \
	"\"id\":\"ac0000000000000000000000\",\"_id\":\"ac0000000000000000000000\","                \
	"\"name\":\"O \\u0026 P\",\"email\":\"o@example.com\","                                    \
	"\"createdAt\":\"1970-01-01T00:00:00.000Z\""
#define RECORD_MEMBERS                                                                             \
	"\"id\":\"" ID "\",\"_id\":\"" ID "\",\"name\":\"a \\\"b\\\" \\u003cc\\u003e\","           \
	"\"displayKey\":\"dft_ab1...xyz9\",\"scope\":\"user\","                                    \
	"\"permissions\":[\"analytics:read\",\"goals:read\"],"                                     \
	"\"websiteIds\":[\"3e0000000000000000000001\",\"3e0000000000000000000002\"],"              \
	"\"allowedIps\":[],"                                                                       \
	"\"createdAt\":\"2026-11-24T12:34:56.788Z\",\"lastUsedAt\":null,"                          \
	"\"lastUsedIp\":null,\"useCount\":0,"                                                      \
	"\"expiresAt\":\"2096-10-02T07:06:40.000Z\",\"state\":\"active\",\"parentId\":null,"       \
	"\"rotatedAt\":null,\"graceEndsAt\":null"

static void test_the_record_has_these_members_and_no_others(void **state)
{
	struct token_record record = record_of("goals:read,analytics:read/w2,w1/4000000000000");
	struct key key = {FORM_OF_A_KEY};
	struct buffer out;

	(void)state;
	buffer_init(&out, 4096);
	codec_write_token(&config, &record, NOW, NULL, NULL, &out);
	assert_int_equal(buffer_result(&out), RESULT_OK);
	assert_string_equal(out.data, "{" RECORD_MEMBERS "}");
	buffer_reset(&out);
	codec_write_token(&config, &record, NOW, &owner, &key, &out);
	assert_string_equal(out.data, "{" RECORD_MEMBERS ",\"account\":{" OWNER_MEMBERS
				      "},\"key\":\"" FORM_OF_A_KEY "\"}");
	buffer_reset(&out);
	codec_write_account(&config, &owner, &record, NOW, &out);
	assert_string_equal(out.data, "{" OWNER_MEMBERS ",\"token\":{" RECORD_MEMBERS "}}");
	buffer_reset(&out);
	codec_write_account(&config, &owner, NULL, NOW, &out);
	assert_string_equal(out.data, "{" OWNER_MEMBERS "}");
	buffer_clear(&out);
	token_record_clear(&record);
}

static void assert_holds(const struct token_record *record, const char *piece)
{
	struct buffer out;

	buffer_init(&out, 4096);
	codec_write_token(&config, record, NOW, NULL, NULL, &out);
	if (strstr(out.data, piece) == NULL)
		fail_msg("%s is not in %s", piece, out.data);
	assert_null(strstr(out.data, "$s1$"));
	assert_null(strstr(out.data, "\"key\""));
	buffer_clear(&out);
}

static void test_the_members_say_what_the_record_is(void **state)
{
	struct token_record record = record_of("*/all/never");

	(void)state;
	assert_holds(&record, "\"permissions\":[\"*\"],\"websiteIds\":[],");
	assert_holds(&record, "\"expiresAt\":null,\"state\":\"active\"");
	record.has_name = false;
	assert_holds(&record, "\"name\":null,");
	record.scope.expires_at = NOW;
	assert_holds(&record, "\"expiresAt\":\"2026-11-24T12:34:56.789Z\",\"state\":\"expired\"");
	record.revoked_at = NOW;
	assert_holds(&record, "\"state\":\"revoked\"");
	record.has_parent = true;
	record.parent = record.id;
	record.last_used_at = NOW;
	assert_holds(&record, "\"parentId\":\"" ID "\"");
	snprintf(record.last_used_ip, sizeof(record.last_used_ip), "2001:db8::1");
	record.use_count = 9007199254740993;
	assert_holds(&record, "\"lastUsedAt\":\"2026-11-24T12:34:56.789Z\","
			      "\"lastUsedIp\":\"2001:db8::1\",\"useCount\":9007199254740993,");
	token_record_clear(&record);
	record = record_of("*/all/never/::1,192.0.2.0/24");
	assert_holds(&record, "\"allowedIps\":[\"192.0.2.0/24\",\"::1/128\"],");
	token_record_clear(&record);
}

static void test_a_website_and_a_permission_are_written(void **state)
{
	struct website_record website = {.id = website_id(1),
					 .domain = "a.example",
					 .name = "<A>",
					 .role = ROLE_MEMBER,
					 .created_at = NOW};
	struct permission permission = {"goals:read", "Read \"goals\"."};
	struct buffer out;

	(void)state;
	buffer_init(&out, 4096);
	codec_write_website(&website, &out);
	assert_string_equal(out.data, "{\"id\":\"3e0000000000000000000001\","
				      "\"_id\":\"3e0000000000000000000001\","
				      "\"domain\":\"a.example\",\"name\":\"\\u003cA\\u003e\","
				      "\"role\":\"member\","
				      "\"createdAt\":\"2026-11-24T12:34:56.789Z\"}");
	buffer_reset(&out);
	codec_write_permission(&permission, true, &out);
	codec_write_permission(&permission, false, &out);
	assert_string_equal(out.data, "{\"name\":\"goals:read\",\"description\":\"Read "
				      "\\\"goals\\\".\",\"granted\":true}"
				      "{\"name\":\"goals:read\",\"description\":\"Read "
				      "\\\"goals\\\".\",\"granted\":false}");
	buffer_clear(&out);
}

static void test_a_record_that_does_not_fit_is_told(void **state)
{
	struct token_record record = record_of("*/all/never");
	struct buffer out;

	(void)state;
	buffer_init(&out, 100);
	codec_write_token(&config, &record, NOW, NULL, NULL, &out);
	assert_int_equal(buffer_result(&out), RESULT_BODY_TOO_LARGE);
	buffer_clear(&out);
	token_record_clear(&record);
}

/* Appends the member NAME of the record in JSON, which ends before NEXT. */
static void copy_member(const char *json, const char *name, const char *next, struct buffer *body)
{
	char first[32], last[32];
	const char *start, *end;

	snprintf(first, sizeof(first), "\"%s\":", name);
	snprintf(last, sizeof(last), ",\"%s\":", next);
	start = strstr(json, first);
	assert_non_null(start);
	end = strstr(start, last);
	assert_non_null(end);
	if (body->length > 1)
		buffer_append_char(body, ',');
	buffer_append(body, start, (size_t)(end - start));
}

/* A name of characters that need care, none of which is refused. */
static void make_name(struct random_source *source, char name[static STORE_NAME_SIZE])
{
	static const char *const pieces[] = {"a",
					     "\"",
					     "\\",
					     "/",
					     "<",
					     ">",
					     "&",
					     "\xC3\xA9",
					     ",\"state\":",
					     "{",
					     "\xE2\x82\xAC",
					     "\xF0\x9F\x98\x80",
					     " ",
					     "%s"};
	size_t count = 1 + random_below(source, 10);
	int length = snprintf(name, STORE_NAME_SIZE, "x");

	for (size_t i = 0; i < count; i++)
		length += snprintf(name + length, STORE_NAME_SIZE - (size_t)length, "%s",
				   pieces[random_below(source, ARRAY_LENGTH(pieces))]);
}

static struct network network_any(struct random_source *source)
{
	struct network network = {.family = NETWORK_IPV4, .prefix_length = 24};

	if (random_one_in(source, 2))
		network = (struct network){.family = NETWORK_IPV6, .prefix_length = 40};
	for (size_t i = 0; i < network.prefix_length / 8U; i++)
		network.bytes[i] = (uint8_t)(random_below(source, 255) + 1);
	return network;
}

static struct token_record record_any(struct random_source *source)
{
	struct token_record record = {
		.created_at = NOW, .last_used_at = STORE_NO_MOMENT, .revoked_at = STORE_NO_MOMENT};
	struct id ids[8];
	struct network networks[4];
	size_t count = random_below(source, ARRAY_LENGTH(ids));
	size_t network_count = random_below(source, ARRAY_LENGTH(networks) + 1);

	record.has_name = !random_one_in(source, 4);
	if (record.has_name)
		make_name(source, record.name);
	record.scope.permissions.every = random_one_in(source, 4);
	record.scope.permissions.bits =
		1 + random_below(source, ((size_t)1 << config.catalogue.count) - 1);
	if (record.scope.permissions.every)
		record.scope.permissions.bits = 0;
	record.scope.every_website = count == 0;
	for (size_t i = 0; i < count; i++)
		ids[i] = website_id((unsigned)random_below(source, 100));
	assert_int_equal(id_set_init(&record.scope.websites, ids, count), RESULT_OK);
	record.scope.every_address = network_count == 0;
	for (size_t i = 0; i < network_count; i++)
		networks[i] = network_any(source);
	assert_int_equal(network_set_init(&record.scope.addresses, networks, network_count),
			 RESULT_OK);
	record.scope.expires_at = random_one_in(source, 3)
					  ? TIMESTAMP_NEVER
					  : NOW + 1 + (int64_t)random_below(source, 1000000000000);
	return record;
}

static void assert_same(const struct token_draft *draft, const struct token_record *record)
{
	struct permission_set permissions = {0};

	for (size_t i = 0; i < draft->permission_count; i++)
		permissions = permission_set_union(permissions, draft->permissions[i]);
	assert_int_equal(draft->has_name, record->has_name);
	assert_string_equal(draft->name, record->name);
	assert_true(permissions.bits == record->scope.permissions.bits);
	assert_int_equal(permissions.every, record->scope.permissions.every);
	assert_int_equal(draft->website_count, record->scope.websites.count);
	for (size_t i = 0; i < draft->website_count; i++)
		assert_true(id_equals(&draft->website_ids[i], &record->scope.websites.ids[i]));
	assert_true(record->scope.every_website == (draft->website_count == 0));
	assert_int_equal(draft->address_count, record->scope.addresses.count);
	for (size_t i = 0; i < draft->address_count; i++)
		assert_memory_equal(&draft->addresses[i], &record->scope.addresses.networks[i],
				    sizeof(draft->addresses[i]));
	assert_true(record->scope.every_address == (draft->address_count == 0));
	assert_true(draft->expiry == EXPIRY_NEVER ? record->scope.expires_at == TIMESTAMP_NEVER
						  : record->scope.expires_at == draft->expires_at);
}

static void test_what_is_written_is_read_back_the_same(void **state)
{
	struct random_source source = random_begin();

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct token_record record = record_any(&source);
		struct token_draft draft;
		struct error err;
		struct buffer json, body;

		buffer_init(&json, 65536);
		buffer_init(&body, 65536);
		codec_write_token(&config, &record, NOW, NULL, NULL, &json);
		buffer_append_char(&body, '{');
		copy_member(json.data, "name", "displayKey", &body);
		copy_member(json.data, "permissions", "websiteIds", &body);
		copy_member(json.data, "websiteIds", "allowedIps", &body);
		copy_member(json.data, "allowedIps", "createdAt", &body);
		copy_member(json.data, "expiresAt", "state", &body);
		buffer_append_char(&body, '}');
		if (read_draft(body.data, body.length, &draft, &err) != RESULT_OK)
			fail_msg("%s: %s", body.data, err.message);
		assert_same(&draft, &record);
		token_draft_clear(&draft);
		token_record_clear(&record);
		buffer_clear(&json);
		buffer_clear(&body);
	}
}

static enum result read_sweep(const char *body, struct sweep_order *order)
{
	struct error err = {0};

	return codec_read_sweep(&config, body, strlen(body), NOW, order, &err);
}

static void test_a_revocation_of_many_says_what_it_chooses(void **state)
{
	struct sweep_order order;
	const struct token_filter *filter = &order.sweep.filter;

	(void)state;
	assert_int_equal(read_sweep("{\"q\":\"a\",\"parentId\":\"" ID "\",\"permission\":\"*\","
				    "\"websiteId\":\"" ID "\",\"state\":\"expired\","
				    "\"unusedSince\":\"2026-11-24T12:34:56.789Z\",\"cascade\":true,"
				    "\"dryRun\":true,\"cursor\":\"AAAA\"}",
				    &order),
			 RESULT_OK);
	assert_string_equal(filter->name_part, "a");
	assert_true(filter->has_parent && filter->parent.bytes[11] == 0xbb);
	assert_true(filter->has_website && filter->website.bytes[0] == 0x00);
	assert_true(filter->permission.every && filter->has_unused_since);
	assert_true(filter->unused_since == NOW);
	assert_true(!filter->active && filter->expired && !filter->revoked);
	assert_true(order.sweep.cascade && order.sweep.is_dry_run);
	assert_string_equal(order.cursor, "AAAA");

	assert_int_equal(read_sweep("{\"permission\":\"goals:read\"}", &order), RESULT_OK);
	assert_true(filter->active && filter->expired && !filter->revoked);
	assert_true(filter->name_part == NULL && !filter->has_parent && !filter->has_website &&
		    !filter->has_unused_since && !order.sweep.cascade && !order.sweep.is_dry_run);
	assert_string_equal(order.cursor, "");
}

static void test_a_revocation_of_many_is_refused_where_it_could_mean_all(void **state)
{
	static const struct {
		const char *body;
		enum result expected;
	} cases[] = {
		{"", RESULT_INVALID_JSON},
		{"{}", RESULT_INVALID_JSON},
		{"{\"dryRun\":true,\"cascade\":false}", RESULT_INVALID_JSON},
		{"{\"cursor\":\"AAAA\"}", RESULT_INVALID_JSON},
		{"{\"unusedSince\":\"2026-11-24T12:34:56.790Z\"}", RESULT_INVALID_FIELD},
		{"{\"state\":\"all\"}", RESULT_INVALID_FIELD},
		{"{\"q\":\"\"}", RESULT_INVALID_FIELD},
		{"{\"q\":\"a\\u0000\"}", RESULT_INVALID_FIELD},
		{"{\"parentId\":\"" ID "\\u0000\"}", RESULT_INVALID_FIELD},
		{"{\"permission\":\"*\\u0000\"}", RESULT_INVALID_FIELD},
		{"{\"q\":\"a\",\"cursor\":\"A\\u0000\"}", RESULT_INVALID_FIELD},
		{"{\"q\":\"a\",\"parentid\":\"" ID "\"}", RESULT_UNKNOWN_FIELD},
	};
	struct sweep_order order;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (read_sweep(cases[i].body, &order) != cases[i].expected)
			fail_msg("%s", cases[i].body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bad_body_is_refused_with_its_field),
		cmocka_unit_test(test_lists_have_a_largest_length),
		cmocka_unit_test(test_a_name_may_be_as_long_as_it_is_allowed),
		cmocka_unit_test(test_an_unknown_name_is_shown_cut_and_never_as_a_key),
		cmocka_unit_test(test_of_many_unknown_names_the_first_is_told),
		cmocka_unit_test(test_names_are_kept_exactly),
		cmocka_unit_test(test_an_empty_object_asks_for_the_own_scope),
		cmocka_unit_test(test_permissions_and_websites_are_read_in_their_order),
		cmocka_unit_test(test_an_end_is_a_moment_or_a_number_of_seconds),
		cmocka_unit_test(test_a_revocation_of_many_says_what_it_chooses),
		cmocka_unit_test(test_a_revocation_of_many_is_refused_where_it_could_mean_all),
		cmocka_unit_test(test_a_string_is_inert_wherever_it_is_pasted),
		cmocka_unit_test(test_names_are_separated_by_commas_and_moments_are_text_or_null),
		cmocka_unit_test(test_the_record_has_these_members_and_no_others),
		cmocka_unit_test(test_the_members_say_what_the_record_is),
		cmocka_unit_test(test_a_website_and_a_permission_are_written),
		cmocka_unit_test(test_a_record_that_does_not_fit_is_told),
		cmocka_unit_test(test_what_is_written_is_read_back_the_same),
	};

	if (sodium_init() < 0)
		return 1;
	return random_report(cmocka_run_group_tests(tests, set_up, NULL));
}
