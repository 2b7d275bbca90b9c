/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdio.h>
#include <string.h>

#define LABEL_OF_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FORM_OF_A_KEY "dft_0123456789012345678901234567890123456789012345678"

static struct config config;

static int set_up(void **state)
{
	(void)state;
	snprintf(config.token_prefix, sizeof(config.token_prefix), "dft_");
	config.catalogue = *catalogue_of_tests();
	return 0;
}

enum reader { WEBSITE, NAME, ROLE };

static enum result read_body(enum reader reader, const char *text, size_t length,
			     struct website_draft *draft, enum role *role, struct error *err)
{
	*err = (struct error){0};
	switch (reader) {
	case WEBSITE:
		return codec_read_website(&config, text, length, draft, err);
	case NAME:
		return codec_read_name(&config, text, length, draft->name, err);
	case ROLE:
		return codec_read_role(&config, text, length, role, err);
	}
	return RESULT_INTERNAL;
}

static const struct refusal_case {
	enum reader reader;
	const char *body;
	enum result expected;
	const char *field;
} refusal_cases[] = {
	// clang-format off
	{ WEBSITE, "",                                        RESULT_INVALID_JSON,  ""       },
	{ WEBSITE, "[]",                                      RESULT_INVALID_JSON,  ""       },
	{ WEBSITE, "{\"domain\":\"a.b\",\"domain\":\"c.d\"}", RESULT_INVALID_JSON,  ""       },
	{ WEBSITE, "{\"id\":\"x\",\"domain\":1}",             RESULT_UNKNOWN_FIELD, "id"     },
	{ WEBSITE, "{\"domain\":\"a.b\",\"role\":\"owner\"}", RESULT_UNKNOWN_FIELD, "role"   },
	{ WEBSITE, "{}",                                      RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"name\":1}",                            RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"name\":\"A\"}",                        RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":null}",                       RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":7}",                          RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":\"\"}",                       RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":\"a.b\\u0000c\"}",            RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":\"\\u0000\"}",                RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":\"http://a.b\"}",             RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":\"a.b:80\"}",                 RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":\"a.b.\"}",                   RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":\"-a.b\"}",                   RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":\"b\xc3\xbc" "cher.de\"}",    RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":\"" LABEL_OF_63 "a.b\"}",     RESULT_INVALID_FIELD, "domain" },
	{ WEBSITE, "{\"domain\":\"a.b\",\"name\":null}",      RESULT_INVALID_FIELD, "name"   },
	{ WEBSITE, "{\"domain\":\"a.b\",\"name\":\" \"}",     RESULT_INVALID_FIELD, "name"   },
	{ WEBSITE, "{\"name\":\"\\n\",\"domain\":\"a.b\"}",   RESULT_INVALID_FIELD, "name"   },
	{ NAME,    "",                                        RESULT_INVALID_JSON,  ""       },
	{ NAME,    "{}",                                      RESULT_INVALID_FIELD, "name"   },
	{ NAME,    "{\"name\":null}",                         RESULT_INVALID_FIELD, "name"   },
	{ NAME,    "{\"name\":\"\"}",                         RESULT_INVALID_FIELD, "name"   },
	{ NAME,    "{\"name\":\"\\u202e\"}",                  RESULT_INVALID_FIELD, "name"   },
	{ NAME,    "{\"name\":\"" FORM_OF_A_KEY "\"}",        RESULT_INVALID_FIELD, "name"   },
	{ NAME,    "{\"name\":\"A\",\"domain\":\"a.b\"}",     RESULT_UNKNOWN_FIELD, "domain" },
	{ NAME,    "{\"name\":\"A\",\"email\":\"a@b.c\"}",    RESULT_UNKNOWN_FIELD, "email"  },
	{ ROLE,    "",                                        RESULT_INVALID_JSON,  ""       },
	{ ROLE,    "{}",                                      RESULT_INVALID_FIELD, "role"   },
	{ ROLE,    "{\"role\":null}",                         RESULT_INVALID_FIELD, "role"   },
	{ ROLE,    "{\"role\":\"none\"}",                     RESULT_INVALID_FIELD, "role"   },
	{ ROLE,    "{\"role\":\"Owner\"}",                    RESULT_INVALID_FIELD, "role"   },
	{ ROLE,    "{\"role\":\"admin\"}",                    RESULT_INVALID_FIELD, "role"   },
	{ ROLE,    "{\"role\":\"owner\\u0000\"}",             RESULT_INVALID_FIELD, "role"   },
	{ ROLE,    "{\"role\":3}",                            RESULT_INVALID_FIELD, "role"   },
	{ ROLE,    "{\"role\":[\"owner\"]}",                  RESULT_INVALID_FIELD, "role"   },
	{ ROLE,    "{\"role\":\"owner\",\"accountId\":\"x\"}", RESULT_UNKNOWN_FIELD, "accountId" },
	// clang-format on
};

static void test_a_bad_body_is_refused_with_its_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(refusal_cases); i++) {
		const struct refusal_case *c = &refusal_cases[i];
		struct website_draft draft = {0};
		enum role role = ROLE_OWNER;
		struct error err;
		enum result result =
			read_body(c->reader, c->body, strlen(c->body), &draft, &role, &err);

		if (result != c->expected || strcmp(err.field, c->field) != 0)
			fail_msg("%s: %s, field %s", c->body, error_reason(result), err.field);
		if (err.message[0] == '\0' || strstr(err.message, "dft_") != NULL)
			fail_msg("%s: says \"%s\"", c->body, err.message);
		if (c->reader == ROLE)
			assert_int_equal(role, ROLE_NONE);
	}
}

static void test_a_good_body_is_read(void **state)
{
	static const char both[] = "{\"name\":\"<b>\\u00fc</b>\",\"domain\":\"xn--bcher-kva.de\"}";
	static const char domain[] = "{\"domain\":\"LocalHost\"}";
	static const char name[] = "{\"name\":\"' or 1=1; --\"}";
	struct website_draft draft;
	enum role role;
	struct error err;

	(void)state;
	assert_int_equal(read_body(WEBSITE, both, strlen(both), &draft, &role, &err), RESULT_OK);
	assert_string_equal(draft.domain, "xn--bcher-kva.de");
	assert_string_equal(draft.name, "<b>\xc3\xbc</b>");
	assert_int_equal(read_body(WEBSITE, domain, strlen(domain), &draft, &role, &err),
			 RESULT_OK);
	assert_string_equal(draft.domain, "localhost");
	assert_string_equal(draft.name, "");
	assert_int_equal(read_body(NAME, name, strlen(name), &draft, &role, &err), RESULT_OK);
	assert_string_equal(draft.name, "' or 1=1; --");
	for (enum role wanted = ROLE_VIEWER; wanted <= ROLE_OWNER; wanted++) {
		char text[32];

		snprintf(text, sizeof(text), "{\"role\":\"%s\"}", role_name(wanted));
		assert_int_equal(read_body(ROLE, text, strlen(text), &draft, &role, &err),
				 RESULT_OK);
		assert_int_equal(role, wanted);
	}
}

static void test_the_longest_domain_is_read_and_a_longer_one_refused(void **state)
{
	char text[512];
	struct website_draft draft;
	enum role role;
	struct error err;
	int length;

	(void)state;
	for (int more = 0; more < 2; more++) {
		length = snprintf(text, sizeof(text), "{\"domain\":\"%s.%s.%s.%.*s\"}", LABEL_OF_63,
				  LABEL_OF_63, LABEL_OF_63, 61 + more, LABEL_OF_63);
		assert_int_equal(read_body(WEBSITE, text, (size_t)length, &draft, &role, &err),
				 more == 0 ? RESULT_OK : RESULT_INVALID_FIELD);
		assert_int_equal(strlen(draft.domain), more == 0 ? 253 : 0);
	}
}

static void test_a_member_is_written_without_an_email(void **state)
{
	struct member_record member = {
		.account = account_id(1), .name = "A</script>", .role = ROLE_MEMBER};
	char id[ID_TEXT_SIZE], expected[256];
	struct buffer out;

	(void)state;
	buffer_init(&out, 1024);
	codec_write_member(&member, &out);
	id_format(&member.account, id);
	snprintf(expected, sizeof(expected),
		 "{\"accountId\":\"%s\",\"name\":\"A\\u003c/script\\u003e\",\"role\":\"member\"}",
		 id);
	assert_string_equal(out.data, expected);
	buffer_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bad_body_is_refused_with_its_field),
		cmocka_unit_test(test_a_good_body_is_read),
		cmocka_unit_test(test_the_longest_domain_is_read_and_a_longer_one_refused),
		cmocka_unit_test(test_a_member_is_written_without_an_email),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, set_up, NULL);
}
