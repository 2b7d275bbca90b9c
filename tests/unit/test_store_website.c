/* SPDX-License-Identifier: ISC */
#include "store.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdio.h>
#include <string.h>

enum { SEEN_SIZE = 256 };

/* What a walk was given, such as "1:owner 3:viewer ", by the last digit of the id. */
struct seen {
	char text[SEEN_SIZE];
	size_t count;
	size_t stop_at; /* answers false at this one; 0: never */
	int64_t last;   /* the sequence of the last one */
};

static bool note(struct seen *seen, const struct id *id, enum role role, int64_t sequence)
{
	size_t length = strlen(seen->text);

	snprintf(seen->text + length, SEEN_SIZE - length, "%u:%s ", id->bytes[ID_SIZE - 1],
		 role_name(role));
	assert_true(sequence > seen->last);
	seen->last = sequence;
	return ++seen->count != seen->stop_at;
}

static bool see_website(void *context, const struct website_record *website)
{
	return note(context, &website->id, website->role, website->sequence);
}

static bool see_member(void *context, const struct member_record *member)
{
	return note(context, &member->account, member->role, member->sequence);
}

static void set_role(struct fixture *fixture, unsigned account, unsigned website, enum role role)
{
	struct id account_name = account_id(account), website_name = website_id(website);

	assert_int_equal(store_set_role(fixture->store, &account_name, &website_name, role),
			 RESULT_OK);
}

static enum role role_on(struct fixture *fixture, unsigned account, unsigned website)
{
	struct id account_name = account_id(account), website_name = website_id(website);
	enum role role;

	assert_int_equal(store_find_role(fixture->store, &account_name, &website_name, &role),
			 RESULT_OK);
	return role;
}

/* Three accounts; website 1 of the first, 2 of the second. */
static void set_scene(struct fixture *fixture)
{
	for (unsigned i = 1; i <= 3; i++)
		fixture_add_account(fixture, i);
	fixture_add_website(fixture, 1, 1);
	fixture_add_website(fixture, 2, 2);
}

static void test_a_website_is_found_with_the_role_of_who_asks(void **state)
{
	struct fixture *fixture = *state;
	struct id one = website_id(1), unknown = website_id(9);
	struct website_record website;

	set_scene(fixture);
	set_role(fixture, 2, 1, ROLE_VIEWER);
	for (unsigned i = 1; i <= 4; i++) {
		static const enum role roles[] = {ROLE_OWNER, ROLE_VIEWER, ROLE_NONE, ROLE_NONE};
		struct id account = account_id(i);

		assert_int_equal(store_find_website(fixture->store, &account, &one, &website),
				 RESULT_OK);
		assert_string_equal(website.domain, "w1.example.com");
		assert_string_equal(website.name, "Website 1");
		assert_int_equal(website.created_at, 1);
		assert_int_equal(website.role, roles[i - 1]);
	}
	assert_int_equal(store_find_website(fixture->store, NULL, &one, &website), RESULT_OK);
	assert_int_equal(website.role, ROLE_NONE);
	assert_int_equal(store_find_website(fixture->store, NULL, &unknown, &website),
			 RESULT_NOT_FOUND);
}

static void test_names_change_where_there_is_something_to_name(void **state)
{
	struct fixture *fixture = *state;
	struct id website_name = website_id(1), account_name = account_id(1);
	struct id no_website = website_id(9), no_account = account_id(9);
	struct website_record website;
	struct account_record account;

	set_scene(fixture);
	assert_int_equal(store_rename_website(fixture->store, &website_name, "Shop"), RESULT_OK);
	assert_int_equal(store_find_website(fixture->store, NULL, &website_name, &website),
			 RESULT_OK);
	assert_string_equal(website.name, "Shop");
	assert_string_equal(website.domain, "w1.example.com");
	assert_int_equal(store_rename_account(fixture->store, &account_name, "Ada"), RESULT_OK);
	assert_int_equal(store_find_account(fixture->store, &account_name, &account), RESULT_OK);
	assert_string_equal(account.name, "Ada");
	assert_string_equal(account.email, "account1@example.com");
	assert_int_equal(store_rename_website(fixture->store, &no_website, "x"), RESULT_NOT_FOUND);
	assert_int_equal(store_rename_account(fixture->store, &no_account, "x"), RESULT_NOT_FOUND);
}

static void test_a_role_is_given_changed_and_taken(void **state)
{
	struct fixture *fixture = *state;
	struct id one = website_id(1), third = account_id(3);
	struct id no_website = website_id(9), no_account = account_id(9);

	set_scene(fixture);
	for (enum role role = ROLE_VIEWER; role <= ROLE_OWNER; role++) {
		set_role(fixture, 3, 1, role);
		assert_int_equal(role_on(fixture, 3, 1), role);
		assert_int_equal(role_on(fixture, 3, 2), ROLE_NONE);
		assert_int_equal(role_on(fixture, 1, 1), ROLE_OWNER);
	}
	assert_int_equal(store_remove_role(fixture->store, &third, &one), RESULT_OK);
	assert_int_equal(role_on(fixture, 3, 1), ROLE_NONE);
	assert_int_equal(store_remove_role(fixture->store, &third, &one), RESULT_NOT_FOUND);
	assert_int_equal(store_set_role(fixture->store, &no_account, &one, ROLE_OWNER),
			 RESULT_NOT_FOUND);
	assert_int_equal(store_set_role(fixture->store, &third, &no_website, ROLE_OWNER),
			 RESULT_NOT_FOUND);
}

static bool has_other_owner(struct fixture *fixture, unsigned account, unsigned website)
{
	struct id account_name = account_id(account), website_name = website_id(website);
	bool has_other;

	assert_int_equal(
		store_has_other_owner(fixture->store, &account_name, &website_name, &has_other),
		RESULT_OK);
	return has_other;
}

static void test_another_owner_is_one_that_can_act(void **state)
{
	struct fixture *fixture = *state;
	struct id second = account_id(2);

	set_scene(fixture);
	assert_false(has_other_owner(fixture, 1, 1));
	assert_true(has_other_owner(fixture, 2, 1));
	assert_false(has_other_owner(fixture, 1, 9));
	set_role(fixture, 2, 1, ROLE_MEMBER);
	assert_false(has_other_owner(fixture, 1, 1));
	set_role(fixture, 2, 1, ROLE_OWNER);
	assert_true(has_other_owner(fixture, 1, 1));
	assert_int_equal(store_disable_account(fixture->store, &second, 1000), RESULT_OK);
	assert_false(has_other_owner(fixture, 1, 1));
}

static void test_members_are_listed_in_one_order_page_by_page(void **state)
{
	struct fixture *fixture = *state;
	struct id one = website_id(1), unknown = website_id(9);
	struct seen all = {0}, first = {.stop_at = 2}, rest = {0}, none = {0};

	set_scene(fixture);
	set_role(fixture, 3, 1, ROLE_VIEWER);
	set_role(fixture, 2, 1, ROLE_MEMBER);
	assert_int_equal(store_list_members(fixture->store, &one, 0, see_member, &all), RESULT_OK);
	assert_string_equal(all.text, "1:owner 2:member 3:viewer ");
	assert_int_equal(store_list_members(fixture->store, &one, 0, see_member, &first),
			 RESULT_OK);
	assert_string_equal(first.text, "1:owner 2:member ");
	assert_int_equal(store_list_members(fixture->store, &one, first.last, see_member, &rest),
			 RESULT_OK);
	assert_string_equal(rest.text, "3:viewer ");
	assert_int_equal(store_list_members(fixture->store, &unknown, 0, see_member, &none),
			 RESULT_OK);
	assert_int_equal(none.count, 0);
}

static void test_websites_are_listed_page_by_page(void **state)
{
	struct fixture *fixture = *state;
	struct id first = account_id(1);
	struct seen page = {.stop_at = 2}, rest = {0}, all_rest = {0};

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	for (unsigned i = 1; i <= 5; i++)
		fixture_add_website(fixture, i, i == 2 ? 2 : 1);
	set_role(fixture, 1, 4, ROLE_VIEWER);
	assert_int_equal(store_list_websites(fixture->store, &first, 0, see_website, &page),
			 RESULT_OK);
	assert_string_equal(page.text, "1:owner 3:owner ");
	assert_int_equal(store_list_websites(fixture->store, &first, page.last, see_website, &rest),
			 RESULT_OK);
	assert_string_equal(rest.text, "4:viewer 5:owner ");
	assert_int_equal(
		store_list_websites(fixture->store, NULL, page.last, see_website, &all_rest),
		RESULT_OK);
	assert_string_equal(all_rest.text, "4:none 5:none ");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_website_is_found_with_the_role_of_who_asks),
		TEST(test_names_change_where_there_is_something_to_name),
		TEST(test_a_role_is_given_changed_and_taken),
		TEST(test_another_owner_is_one_that_can_act),
		TEST(test_members_are_listed_in_one_order_page_by_page),
		TEST(test_websites_are_listed_page_by_page),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
