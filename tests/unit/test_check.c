/* SPDX-License-Identifier: ISC */
/* A key that is checked for somebody else than who holds it. */
#include "authority.h"
#include "codec.h"

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

static enum result check_by(struct authority *authority, const struct key *key, unsigned account,
			    struct caller *holder, struct pending_check *pending)
{
	struct id id = account_id(account);
	struct error err = {0};

	*pending = (struct pending_check){0};
	return authority_check_key(authority, key->secret_text, strlen(key->secret_text),
				   account == 0 ? NULL : &id, HERE, timestamp_now(), holder,
				   pending, &err);
}

static enum result check(struct fixture *fixture, const struct key *key, unsigned account)
{
	struct caller holder;
	struct pending_check pending;
	enum result result = check_by(&fixture->authority, key, account, &holder, &pending);

	if (result != RESULT_OK)
		assert_true(permission_set_is_empty(holder.token.scope.permissions));
	caller_clear(&holder);
	return result;
}

static void test_a_key_is_found_for_its_account_and_for_any(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct key wrong;

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	made = fixture_add_token(fixture, 1, "goals:read/all/never", NULL);
	wrong = key_with_other_secret(&made.key, 1);
	assert_int_equal(check(fixture, &made.key, 1), RESULT_OK);
	assert_int_equal(check(fixture, &made.key, 0), RESULT_OK);
	assert_int_equal(check(fixture, &made.key, 2), RESULT_INVALID_TOKEN);
	assert_int_equal(check(fixture, &wrong, 0), RESULT_INVALID_TOKEN);
}

static void test_a_key_of_another_account_costs_no_run_and_charges_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	uint64_t runs;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "goals:read/all/never", NULL);
	runs = secret_runs();
	for (unsigned i = 0; i < 40; i++) {
		struct key wrong = key_with_other_secret(&made.key, i);

		assert_int_equal(check(fixture, &wrong, 2), RESULT_INVALID_TOKEN);
		assert_int_equal(check(fixture, &made.key, 2), RESULT_INVALID_TOKEN);
	}
	assert_int_equal(secret_runs(), runs);
	assert_int_equal(check(fixture, &made.key, 1), RESULT_OK);
}

static void test_wrong_secrets_meet_the_same_memo_and_throttle(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct key wrong;
	uint64_t runs;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "goals:read/all/never", NULL);
	runs = secret_runs();
	for (unsigned i = 0; i < 5; i++) {
		wrong = key_with_other_secret(&made.key, i);
		assert_int_equal(check(fixture, &wrong, 1), RESULT_INVALID_TOKEN);
		assert_int_equal(check(fixture, &wrong, 0), RESULT_INVALID_TOKEN);
	}
	wrong = key_with_other_secret(&made.key, 5);
	assert_int_equal(check(fixture, &wrong, 1), RESULT_RATE_LIMITED);
	assert_int_equal(check(fixture, &wrong, 0), RESULT_RATE_LIMITED);
	assert_int_equal(secret_runs(), runs + 5);
}

static void test_where_it_may_be_used_from_is_asked_of_its_holder_alone(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct caller caller;
	struct pending_check pending;
	struct error err = {0};

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "goals:read/all/never/198.51.100.0/24", NULL);
	assert_int_equal(check(fixture, &made.key, 1), RESULT_OK);
	assert_int_equal(authority_authenticate(&fixture->authority, made.key.secret_text,
						strlen(made.key.secret_text), HERE, timestamp_now(),
						&caller, &pending, &err),
			 RESULT_INVALID_TOKEN);
	caller_clear(&caller);
}

static void test_a_thread_that_may_not_wait_names_the_run_it_needs(void **state)
{
	struct fixture *fixture = *state;
	struct authority fast = fixture->authority;
	struct made_token made;
	struct caller holder;
	struct pending_check pending, own;
	struct error err = {0};
	uint64_t runs;

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "goals:read/all/never", NULL);
	fast.may_wait = false;
	runs = secret_runs();
	assert_int_equal(check_by(&fast, &made.key, 1, &holder, &pending), RESULT_DEFERRED);
	assert_int_equal(authority_authenticate(&fast, made.key.secret_text,
						strlen(made.key.secret_text), HERE, timestamp_now(),
						&holder, &own, &err),
			 RESULT_DEFERRED);
	/* The same run, so that single flight holds whichever way it was asked for. */
	assert_memory_equal(pending.tag.bytes, own.tag.bytes, MEMO_TAG_SIZE);
	assert_int_equal(secret_runs(), runs);
	assert_int_equal(check(fixture, &made.key, 1), RESULT_OK);
	assert_int_equal(check_by(&fast, &made.key, 1, &holder, &pending), RESULT_OK);
	assert_int_equal(authority_revoke_held(&fast, &holder, timestamp_now()), RESULT_BUSY);
	caller_clear(&holder);
	assert_int_equal(check(fixture, &made.key, 1), RESULT_OK);
}

static void test_a_scope_is_cut_to_what_is_reached(void **state)
{
	struct fixture *fixture = *state;
	struct scope three = scope_of("goals:read/w1,w2,w3/never");
	struct scope none = scope_of("*/w2/never");
	struct scope all = scope_of("*/all/never");
	struct id first = website_id(1);

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	fixture_add_website(fixture, 1, 1);
	fixture_add_website(fixture, 2, 2); /* the third does not exist */
	assert_int_equal(authority_cut_to_reached(&fixture->authority, &three), RESULT_OK);
	assert_int_equal(authority_cut_to_reached(&fixture->authority, &none), RESULT_OK);
	assert_int_equal(authority_cut_to_reached(&fixture->authority, &all), RESULT_OK);
	assert_int_equal(three.websites.count, 1);
	assert_true(id_equals(&three.websites.ids[0], &first));
	assert_false(permission_set_is_empty(three.permissions));
	assert_int_equal(none.websites.count, 0);
	assert_true(permission_set_is_empty(none.permissions) && !none.every_website);
	assert_true(all.every_website && all.permissions.every);
	scope_clear(&three);
	scope_clear(&none);
	scope_clear(&all);
}

static bool count_row(void *context, const struct audit_row *row)
{
	(void)row;
	++*(int *)context;
	return true;
}

static int audit_rows(struct fixture *fixture)
{
	int count = 0;

	assert_int_equal(store_list_audit(fixture->store, 0, count_row, &count), RESULT_OK);
	return count;
}

static void test_a_held_key_ends_its_token_and_nothing_that_it_made(void **state)
{
	struct fixture *fixture = *state;
	struct made_token top, child;
	struct caller holder;
	struct pending_check pending;

	fixture_add_account(fixture, 1);
	top = fixture_add_token(fixture, 1, "*/all/never", NULL);
	child = fixture_add_token(fixture, 1, "*/all/never", &top.id);
	assert_int_equal(check_by(&fixture->authority, &top.key, 0, &holder, &pending), RESULT_OK);
	assert_int_equal(authority_revoke_held(&fixture->authority, &holder, timestamp_now()),
			 RESULT_OK);
	assert_int_equal(audit_rows(fixture), 1);
	/* What was proven a moment ago is dead by now. */
	assert_int_equal(authority_revoke_held(&fixture->authority, &holder, timestamp_now()),
			 RESULT_OK);
	assert_int_equal(audit_rows(fixture), 1);
	caller_clear(&holder);
	assert_int_equal(check(fixture, &top.key, 0), RESULT_INVALID_TOKEN);
	assert_int_equal(check(fixture, &child.key, 0), RESULT_OK);
}

static void test_a_key_that_was_replaced_meanwhile_ends_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct made_token made;
	struct caller holder, caller;
	struct pending_check pending;
	struct token_record record;
	struct key key;
	struct error err = {0};

	fixture_add_account(fixture, 1);
	made = fixture_add_token(fixture, 1, "*/all/never", NULL);
	caller = fixture_caller(fixture, &made.id);
	assert_int_equal(check_by(&fixture->authority, &made.key, 0, &holder, &pending), RESULT_OK);
	assert_int_equal(authority_rotate(&fixture->authority, &caller, &made.id, 0, NULL,
					  timestamp_now(), &record, &key, &err),
			 RESULT_OK);
	assert_int_equal(authority_revoke_held(&fixture->authority, &holder, timestamp_now()),
			 RESULT_OK);
	assert_int_equal(check(fixture, &key, 1), RESULT_OK);
	token_record_clear(&record);
	token_key_wipe(&key);
	caller_clear(&holder);
	caller_clear(&caller);
}

static void test_an_introspection_says_when_this_key_ends(void **state)
{
	struct fixture *fixture = *state;
	struct token_record record = {.scope = scope_of("goals:read/all/5999"),
				      .created_at = 1999,
				      .grace_ends_at = 3999,
				      .revoked_at = STORE_NO_MOMENT};
	struct buffer out;

	buffer_init(&out, 4096);
	buffer_append_char(&out, '{');
	codec_write_introspection(&fixture->config, &record, &out);
	assert_non_null(strstr(out.data, "\"iat\":1,\"exp\":5"));
	assert_null(strstr(out.data, "website_ids"));
	buffer_reset(&out);
	record.is_replaced_key = true;
	codec_write_introspection(&fixture->config, &record, &out);
	assert_non_null(strstr(out.data, "\"exp\":3"));
	buffer_reset(&out);
	record.scope.expires_at = TIMESTAMP_NEVER;
	record.scope.every_website = false;
	codec_write_introspection(&fixture->config, &record, &out);
	assert_non_null(strstr(out.data, "\"exp\":3,\"website_ids\":[]"));
	buffer_reset(&out);
	record.is_replaced_key = false;
	codec_write_introspection(&fixture->config, &record, &out);
	assert_null(strstr(out.data, "\"exp\""));
	buffer_clear(&out);
	scope_clear(&record.scope);
}

/* How often the LENGTH bytes at WANTED lie in the heap of this process, not counting themselves. */
static size_t count_in_heap(const char *wanted, size_t length)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	size_t count = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		char *end;
		uintptr_t from = (uintptr_t)strtoull(line, &end, 16);
		uintptr_t to = (uintptr_t)strtoull(end + 1, NULL, 16);

		if (strstr(line, "[heap]") == NULL)
			continue;
		for (uintptr_t at = from; at + length <= to; at++)
			count += (const char *)at != wanted &&
				 memcmp((const void *)at, wanted, length) == 0;
	}
	fclose(maps);
	return count;
}

/* Also where it is written in escapes, and where the body is refused. */
static void test_no_key_of_a_body_stays_in_the_heap(void **state)
{
	/* What stands around the secret. */
	static const char *const bodies[][2] = {
		{"{\"key\":\"", "\"}"},
		{"{\"key\":\"", "\",\"permissions\":[\"goals:read\"]}"},
		{"{\"permissions\":[\"goals:read\"],\"key\":\"", "\"}"},
		{"{\"key\":\"", "\",\"unknown\":1}"},
		{"{\"key\":\"", "\",\"websiteId\":\"x\"}"},
		{"{\"permissions\":[\"", "\"]}"},
		{"{\"unknown\":{\"x\":[\"", "\"]}}"},
	};
	struct fixture *fixture = *state;
	char secret[] = "q7K2vXw9ZtB4nM8sLpR3cYdF6gHj1kQe0uTa";

	for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
		struct verification verification;
		struct error err = {0};
		char text[512];
		int length =
			snprintf(text, sizeof(text), "%s%s%s", bodies[i][0], secret, bodies[i][1]);

		(void)!codec_read_verification(&fixture->config, text, (size_t)length,
					       &verification, &err);
		codec_clear_verification(&verification);
		sodium_memzero(text, sizeof(text));
		if (count_in_heap(secret + 8, 24) != 0)
			fail_msg("%s%s", bodies[i][0], bodies[i][1]);
	}
}

static const struct question_case {
	const char *body;
	enum result expected;
	const char *field;
} question_cases[] = {
	// clang-format off
	{ "",                                                RESULT_INVALID_JSON,  "" },
	{ "{}",                                              RESULT_INVALID_FIELD, "key" },
	{ "{\"key\":null}",                                  RESULT_INVALID_FIELD, "key" },
	{ "{\"key\":\"\"}",                                  RESULT_INVALID_FIELD, "key" },
	{ "{\"key\":\"k\",\"websiteId\":null}",              RESULT_INVALID_FIELD, "websiteId" },
	{ "{\"key\":\"k\",\"permissions\":null}",            RESULT_INVALID_FIELD, "permissions" },
	{ "{\"key\":\"k\",\"permissions\":[]}",              RESULT_INVALID_FIELD, "permissions" },
	{ "{\"key\":\"k\",\"permissions\":[\"x\"]}",         RESULT_INVALID_FIELD, "permissions[0]" },
	{ "{\"key\":\"k\",\"Key\":\"k\"}",                   RESULT_UNKNOWN_FIELD, "Key" },
	{ "{\"key\":\"k\"}",                                 RESULT_OK,            "" },
	{ "{\"key\":\"k\",\"permissions\":[\"*\"]}",         RESULT_OK,            "" },
	// clang-format on
};

static void test_a_question_is_read_or_refused_with_its_field(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(question_cases); i++) {
		const struct question_case *c = &question_cases[i];
		struct verification verification;
		struct error err = {0};
		enum result result = codec_read_verification(&fixture->config, c->body,
							     strlen(c->body), &verification, &err);

		if (result != c->expected || strcmp(err.field, c->field) != 0)
			fail_msg("%s: %s %s", c->body, error_reason(result), err.field);
		assert_int_equal(verification.key_length, result == RESULT_OK ? 1 : 0);
		codec_clear_verification(&verification);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_key_is_found_for_its_account_and_for_any),
		TEST(test_a_key_of_another_account_costs_no_run_and_charges_nobody),
		TEST(test_wrong_secrets_meet_the_same_memo_and_throttle),
		TEST(test_where_it_may_be_used_from_is_asked_of_its_holder_alone),
		TEST(test_a_thread_that_may_not_wait_names_the_run_it_needs),
		TEST(test_a_scope_is_cut_to_what_is_reached),
		TEST(test_a_held_key_ends_its_token_and_nothing_that_it_made),
		TEST(test_a_key_that_was_replaced_meanwhile_ends_nothing),
		TEST(test_an_introspection_says_when_this_key_ends),
		TEST(test_no_key_of_a_body_stays_in_the_heap),
		TEST(test_a_question_is_read_or_refused_with_its_field),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
