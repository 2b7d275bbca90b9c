/* SPDX-License-Identifier: ISC */
#include "store.h"

#include "support.h"
#include "timestamp.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS_MAX = 16 };

/* What the walks below were given, as numbers of support.h. */
struct seen {
	unsigned numbers[ROWS_MAX];
	size_t count;
	size_t stop_at; /* answers false at this one; 0: never */
};

static unsigned number_of(const struct id *id)
{
	return id->bytes[ID_SIZE - 1] + 256U * id->bytes[ID_SIZE - 2];
}

static bool note_number(struct seen *seen, const struct id *id)
{
	assert_true(seen->count < ROWS_MAX);
	seen->numbers[seen->count++] = number_of(id);
	return seen->count != seen->stop_at;
}

static bool see_account(void *context, const struct account_record *account)
{
	return note_number(context, &account->id);
}

static bool see_website(void *context, const struct website_record *website)
{
	return note_number(context, &website->id);
}

static bool see_token(void *context, const struct token_record *record)
{
	return note_number(context, &record->id);
}

/* Says whether SEEN is the numbers at EXPECTED, up to a 0. */
static void assert_seen(const struct seen *seen, const unsigned *expected)
{
	for (size_t i = 0; i <= seen->count; i++)
		assert_int_equal(i < seen->count ? seen->numbers[i] : 0, expected[i]);
}

#define ASSERT_SEEN(seen, ...) assert_seen((seen), (const unsigned[]){__VA_ARGS__, 0})

static struct id token_id(unsigned number)
{
	struct id id = {.bytes = {0x70}};

	id.bytes[ID_SIZE - 1] = (uint8_t)number;
	id.bytes[ID_SIZE - 2] = (uint8_t)(number >> 8);
	return id;
}

/* A token of account 1 that has no key behind it. Clear it with token_record_clear(). */
static struct token_record token_of(unsigned number, unsigned parent, const char *scope)
{
	struct token_record record = {.id = token_id(number),
				      .scope = scope_of(scope),
				      .has_parent = parent != 0,
				      .parent = token_id(parent),
				      .created_at = 1000 + number,
				      .last_used_at = STORE_NO_MOMENT,
				      .revoked_at = STORE_NO_MOMENT};

	snprintf(record.selector.text, sizeof(record.selector.text), "%010u", number);
	snprintf(record.display_key.text, sizeof(record.display_key.text), "dft_ab1...xyz9");
	snprintf(record.hash.mcf, sizeof(record.hash.mcf), "$s1$the-hash-of-token-%u", number);
	return record;
}

static void add_token(struct store *store, unsigned number, unsigned parent, const char *scope)
{
	struct token_record record = token_of(number, parent, scope);

	assert_int_equal(store_add_token(store, &record), RESULT_OK);
	token_record_clear(&record);
}

static struct token_record find(struct store *store, unsigned number)
{
	struct id id = token_id(number);
	struct token_record record;

	assert_int_equal(store_find_token(store, &id, &record), RESULT_OK);
	return record;
}

static void assert_revoked(struct store *store, unsigned number, bool revoked)
{
	struct token_record record = find(store, number);

	assert_int_equal(record.revoked_at != STORE_NO_MOMENT, revoked);
	assert_int_equal(record.hash.mcf[0] == '\0', revoked);
	token_record_clear(&record);
}

static void test_an_account_is_found_as_it_was_added(void **state)
{
	struct fixture *fixture = *state;
	struct account_record account = {.id = account_id(7),
					 .email = "o'hara@example.com",
					 .name = "\"O'Hara\"; \xE2\x82\xAC \xF0\x9F\x98\x80 %s\\",
					 .created_at = 123456789,
					 .disabled_at = STORE_NO_MOMENT};
	struct account_record found;
	struct id unknown = account_id(8);

	assert_int_equal(store_add_account(fixture->store, &account), RESULT_OK);
	assert_int_equal(store_find_account(fixture->store, &account.id, &found), RESULT_OK);
	assert_string_equal(found.name, account.name);
	assert_string_equal(found.email, account.email);
	assert_int_equal(found.created_at, account.created_at);
	assert_true(found.disabled_at == STORE_NO_MOMENT);
	assert_int_equal(store_find_account_by_email(fixture->store, account.email, &found),
			 RESULT_OK);
	assert_true(id_equals(&found.id, &account.id));
	assert_int_equal(store_find_account(fixture->store, &unknown, &found), RESULT_NOT_FOUND);
	assert_int_equal(store_find_account_by_email(fixture->store, "x@example.com", &found),
			 RESULT_NOT_FOUND);
}

static void test_an_email_belongs_to_one_account(void **state)
{
	struct fixture *fixture = *state;
	struct account_record account = {.id = account_id(2), .email = "account1@example.com"};
	uint64_t count = 77;

	assert_int_equal(store_count_accounts(fixture->store, &count), RESULT_OK);
	assert_int_equal(count, 0);
	fixture_add_account(fixture, 1);
	assert_int_equal(store_add_account(fixture->store, &account), RESULT_CONFLICT);
	assert_int_equal(store_count_accounts(fixture->store, &count), RESULT_OK);
	assert_int_equal(count, 1);
}

static void test_accounts_are_listed_oldest_first_until_enough(void **state)
{
	struct fixture *fixture = *state;
	struct seen all = {0}, two = {.stop_at = 2};

	fixture_add_account(fixture, 3);
	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	assert_int_equal(store_list_accounts(fixture->store, see_account, &all), RESULT_OK);
	ASSERT_SEEN(&all, 3, 1, 2);
	assert_int_equal(store_list_accounts(fixture->store, see_account, &two), RESULT_OK);
	ASSERT_SEEN(&two, 3, 1);
}

static void test_a_disabled_account_shows_in_its_tokens(void **state)
{
	struct fixture *fixture = *state;
	struct id id = account_id(1), unknown = account_id(9);
	struct account_record account;
	struct token_record record;

	fixture_add_account(fixture, 1);
	add_token(fixture->store, 1, 0, "*/all/never");
	record = find(fixture->store, 1);
	assert_false(record.account_disabled);
	token_record_clear(&record);

	assert_int_equal(store_disable_account(fixture->store, &unknown, 5), RESULT_NOT_FOUND);
	assert_int_equal(store_disable_account(fixture->store, &id, 5), RESULT_OK);
	assert_int_equal(store_disable_account(fixture->store, &id, 6), RESULT_NOT_FOUND);
	assert_int_equal(store_find_account(fixture->store, &id, &account), RESULT_OK);
	assert_int_equal(account.disabled_at, 5);
	record = find(fixture->store, 1);
	assert_true(record.account_disabled);
	token_record_clear(&record);

	assert_int_equal(store_enable_account(fixture->store, &unknown), RESULT_NOT_FOUND);
	assert_int_equal(store_enable_account(fixture->store, &id), RESULT_OK);
	assert_int_equal(store_enable_account(fixture->store, &id), RESULT_NOT_FOUND);
	assert_int_equal(store_find_account(fixture->store, &id, &account), RESULT_OK);
	assert_true(account.disabled_at == STORE_NO_MOMENT);
	record = find(fixture->store, 1);
	assert_false(record.account_disabled);
	token_record_clear(&record);
}

static enum role role_on(struct fixture *fixture, unsigned account, unsigned website)
{
	struct id account_name = account_id(account), website_name = website_id(website);
	enum role role = ROLE_OWNER;

	assert_int_equal(store_find_role(fixture->store, &account_name, &website_name, &role),
			 RESULT_OK);
	return role;
}

static void test_a_website_has_the_owner_that_it_was_added_with(void **state)
{
	struct fixture *fixture = *state;
	struct id owner = account_id(1), nobody = account_id(9);
	struct website_record again = {.id = website_id(9), .domain = "w1.example.com"};
	struct website_record lost = {.id = website_id(8), .domain = "w8.example.com"};

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	fixture_add_website(fixture, 1, 1);
	assert_int_equal(role_on(fixture, 1, 1), ROLE_OWNER);
	assert_int_equal(role_on(fixture, 2, 1), ROLE_NONE);
	assert_int_equal(role_on(fixture, 1, 2), ROLE_NONE);
	assert_int_equal(role_on(fixture, 9, 1), ROLE_NONE);
	assert_int_equal(store_add_website(fixture->store, &again, &owner), RESULT_CONFLICT);
	assert_int_equal(store_begin(fixture->store), RESULT_OK);
	assert_int_equal(store_add_website(fixture->store, &lost, &nobody), RESULT_NOT_FOUND);
	store_rollback(fixture->store);
}

static void test_websites_are_listed_by_account_or_all(void **state)
{
	struct fixture *fixture = *state;
	struct id first = account_id(1), nobody = account_id(9);
	struct seen all = {0}, of_first = {0}, of_nobody = {0}, one = {.stop_at = 1};

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	fixture_add_website(fixture, 3, 1);
	fixture_add_website(fixture, 2, 2);
	fixture_add_website(fixture, 1, 1);
	assert_int_equal(store_list_websites(fixture->store, NULL, 0, see_website, &all),
			 RESULT_OK);
	ASSERT_SEEN(&all, 3, 2, 1);
	assert_int_equal(store_list_websites(fixture->store, &first, 0, see_website, &of_first),
			 RESULT_OK);
	ASSERT_SEEN(&of_first, 3, 1);
	assert_int_equal(store_list_websites(fixture->store, &nobody, 0, see_website, &of_nobody),
			 RESULT_OK);
	assert_int_equal(of_nobody.count, 0);
	assert_int_equal(store_list_websites(fixture->store, &first, 0, see_website, &one),
			 RESULT_OK);
	ASSERT_SEEN(&one, 3);
}

static void test_a_removed_website_takes_its_roles_and_stays_in_lists(void **state)
{
	struct fixture *fixture = *state;
	struct id website = website_id(1);
	struct token_record record;
	struct error err = {0};

	fixture_add_account(fixture, 1);
	fixture_add_website(fixture, 1, 1);
	add_token(fixture->store, 1, 0, "goals:read/w1/never");
	assert_int_equal(store_remove_website(fixture->store, &website), RESULT_OK);
	assert_int_equal(store_remove_website(fixture->store, &website), RESULT_NOT_FOUND);
	assert_int_equal(role_on(fixture, 1, 1), ROLE_NONE);
	assert_int_equal(store_check(fixture->store, true, &err), RESULT_OK); /* no role is left */
	record = find(fixture->store, 1);
	assert_false(record.scope.every_website);
	assert_int_equal(record.scope.websites.count, 1);
	assert_true(id_equals(&record.scope.websites.ids[0], &website));
	token_record_clear(&record);
	/* The domain is free again, and the old role does not come back with it. */
	fixture_add_account(fixture, 2);
	fixture_add_website(fixture, 1, 2);
	assert_int_equal(role_on(fixture, 1, 1), ROLE_NONE);
}

static const char *const scopes[] = {
	// clang-format off
	"*/all/never",
	"goals:read,api-keys:write/w1,w2,w3/500",
	"goals:read/none/1",
	"none/all/7",
	"*/all/never/2001:db8::/32,192.0.2.7,10.0.0.0/8",
	"*/all/never/0.0.0.0/0",
	// clang-format on
};

static void test_a_token_is_found_as_it_was_added(void **state)
{
	struct fixture *fixture = *state;

	fixture_add_account(fixture, 1);
	for (unsigned i = 0; i < ARRAY_LENGTH(scopes); i++) {
		struct token_record token = token_of(i + 1, i, scopes[i]), found;
		struct account_record account;

		token.has_name = i % 2 == 0;
		if (token.has_name)
			snprintf(token.name, sizeof(token.name), "'\"; \xC3\xA9 %u", i);
		assert_int_equal(store_add_token(fixture->store, &token), RESULT_OK);
		assert_int_equal(
			store_find_caller(fixture->store, &token.selector, &found, &account),
			RESULT_OK);
		assert_true(id_equals(&found.id, &token.id));
		assert_true(scope_covers(&found.scope, &token.scope));
		assert_true(scope_covers(&token.scope, &found.scope));
		assert_int_equal(found.has_name, token.has_name);
		assert_string_equal(found.name, token.name);
		assert_int_equal(found.has_parent, token.has_parent);
		assert_true(!token.has_parent || id_equals(&found.parent, &token.parent));
		assert_string_equal(found.selector.text, token.selector.text);
		assert_string_equal(found.display_key.text, token.display_key.text);
		assert_string_equal(found.hash.mcf, token.hash.mcf);
		assert_int_equal(found.created_at, token.created_at);
		assert_true(found.last_used_at == STORE_NO_MOMENT);
		assert_true(found.revoked_at == STORE_NO_MOMENT);
		assert_string_equal(account.email, "account1@example.com");
		token_record_clear(&found);
		token_record_clear(&token);
	}
}

/* NULL in the row is every address. */
static void test_a_token_that_admits_no_address_is_not_kept(void **state)
{
	struct fixture *fixture = *state;
	struct token_record token = token_of(1, 0, "*/all/never/none");

	fixture_add_account(fixture, 1);
	assert_int_equal(store_add_token(fixture->store, &token), RESULT_INTERNAL);
	token_record_clear(&token);
}

static void test_what_is_not_there_is_not_found(void **state)
{
	struct fixture *fixture = *state;
	struct token_record record = token_of(1, 0, "*/all/never"), found;
	struct account_record account;
	struct selector selector = {"0000000099"};
	struct id unknown = token_id(9);

	assert_int_equal(store_add_token(fixture->store, &record), RESULT_NOT_FOUND);
	assert_int_equal(store_find_token(fixture->store, &unknown, &found), RESULT_NOT_FOUND);
	assert_int_equal(found.scope.websites.count, 0);
	assert_int_equal(store_find_caller(fixture->store, &selector, &found, &account),
			 RESULT_NOT_FOUND);
	assert_int_equal(store_revoke_token(fixture->store, &unknown, 1, NULL), RESULT_NOT_FOUND);
	assert_int_equal(store_revoke_descendants(fixture->store, &unknown, NULL, 1, NULL),
			 RESULT_OK);
	token_record_clear(&record);
	token_record_clear(NULL);
}

static void test_tokens_are_listed_newest_first(void **state)
{
	struct fixture *fixture = *state;
	struct id account = account_id(1), other = account_id(2), revoked = token_id(2);
	struct seen kept = {0}, all = {0}, before = {0}, two = {.stop_at = 2}, none = {0};
	struct token_record third;

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	for (unsigned i = 1; i <= 4; i++)
		add_token(fixture->store, i, 0, "*/all/never");
	assert_int_equal(store_revoke_token(fixture->store, &revoked, 5, NULL), RESULT_OK);
	third = find(fixture->store, 3);

	assert_int_equal(
		store_list_tokens(fixture->store, &account, INT64_MAX, false, see_token, &kept),
		RESULT_OK);
	ASSERT_SEEN(&kept, 4, 3, 1);
	assert_int_equal(
		store_list_tokens(fixture->store, &account, INT64_MAX, true, see_token, &all),
		RESULT_OK);
	ASSERT_SEEN(&all, 4, 3, 2, 1);
	assert_int_equal(store_list_tokens(fixture->store, &account, third.sequence, true,
					   see_token, &before),
			 RESULT_OK);
	ASSERT_SEEN(&before, 2, 1);
	assert_int_equal(
		store_list_tokens(fixture->store, &account, INT64_MAX, true, see_token, &two),
		RESULT_OK);
	ASSERT_SEEN(&two, 4, 3);
	assert_int_equal(
		store_list_tokens(fixture->store, &other, INT64_MAX, true, see_token, &none),
		RESULT_OK);
	assert_int_equal(none.count, 0);
	token_record_clear(&third);
}

static bool file_contains(const char *path, const char *needle)
{
	int file = open(path, O_RDONLY);
	struct stat status;
	char *content;
	size_t length, size = strlen(needle);
	bool contains = false;

	assert_true(file >= 0);
	assert_int_equal(fstat(file, &status), 0);
	length = (size_t)status.st_size;
	content = malloc(length + 1);
	assert_non_null(content);
	assert_int_equal(read(file, content, length), length);
	for (size_t i = 0; !contains && i + size <= length; i++)
		contains = memcmp(content + i, needle, size) == 0;
	free(content);
	close(file);
	return contains;
}

static void test_a_revoked_token_keeps_its_row_and_loses_its_hash(void **state)
{
	struct fixture *fixture = *state;
	struct id id = token_id(1), by = token_id(2);
	struct token_record record;

	fixture_add_account(fixture, 1);
	add_token(fixture->store, 1, 0, "*/all/never");
	add_token(fixture->store, 2, 0, "*/all/never");
	store_checkpoint(fixture->store);
	assert_true(file_contains(fixture->path, "$s1$the-hash-of-token-1"));
	assert_int_equal(store_revoke_token(fixture->store, &id, 55, &by), RESULT_OK);
	assert_int_equal(store_revoke_token(fixture->store, &id, 56, NULL), RESULT_NOT_FOUND);
	record = find(fixture->store, 1);
	assert_int_equal(record.revoked_at, 55);
	assert_string_equal(record.hash.mcf, "");
	token_record_clear(&record);
	/* Not even in a free part of a page. */
	store_checkpoint(fixture->store);
	assert_false(file_contains(fixture->path, "$s1$the-hash-of-token-1"));
	assert_true(file_contains(fixture->path, "$s1$the-hash-of-token-2"));
}

static void test_living_tokens_are_neither_revoked_nor_expired(void **state)
{
	struct fixture *fixture = *state;
	struct id account = account_id(1), other = account_id(2), revoked = token_id(3);
	uint64_t count;

	fixture_add_account(fixture, 1);
	fixture_add_account(fixture, 2);
	add_token(fixture->store, 1, 0, "*/all/never");
	add_token(fixture->store, 2, 0, "*/all/500");
	add_token(fixture->store, 3, 0, "*/all/never");
	assert_int_equal(store_revoke_token(fixture->store, &revoked, 5, NULL), RESULT_OK);
	assert_int_equal(store_count_living_tokens(fixture->store, &account, 499, &count),
			 RESULT_OK);
	assert_int_equal(count, 2);
	assert_int_equal(store_count_living_tokens(fixture->store, &account, 500, &count),
			 RESULT_OK);
	assert_int_equal(count, 1);
	assert_int_equal(store_count_living_tokens(fixture->store, &other, 1, &count), RESULT_OK);
	assert_int_equal(count, 0);
}

/* 1 made 2 and 3; 2 made 4 and 5; 4 made 6, which ends at 500; 7 stands alone. */
static void add_family(struct fixture *fixture)
{
	fixture_add_account(fixture, 1);
	add_token(fixture->store, 1, 0, "*/all/never");
	add_token(fixture->store, 2, 1, "*/all/never");
	add_token(fixture->store, 3, 1, "*/all/never");
	add_token(fixture->store, 4, 2, "*/all/never");
	add_token(fixture->store, 5, 2, "*/all/never");
	add_token(fixture->store, 6, 4, "*/all/500");
	add_token(fixture->store, 7, 0, "*/all/never");
}

static uint64_t descendants_of(struct store *store, unsigned number, int64_t now)
{
	struct id id = token_id(number);
	uint64_t count = 77;

	assert_int_equal(store_count_descendants(store, &id, now, &count), RESULT_OK);
	return count;
}

static void test_descendants_are_counted_through_revoked_ones(void **state)
{
	struct fixture *fixture = *state;
	struct id middle = token_id(2), other_middle = token_id(4);

	add_family(fixture);
	assert_int_equal(descendants_of(fixture->store, 1, 499), 5);
	assert_int_equal(descendants_of(fixture->store, 1, 500), 4);
	assert_int_equal(descendants_of(fixture->store, 7, 1), 0);
	assert_int_equal(descendants_of(fixture->store, 99, 1), 0);
	assert_int_equal(store_revoke_token(fixture->store, &middle, 5, NULL), RESULT_OK);
	assert_int_equal(store_revoke_token(fixture->store, &other_middle, 5, NULL), RESULT_OK);
	assert_int_equal(descendants_of(fixture->store, 1, 499), 3);
	assert_int_equal(descendants_of(fixture->store, 2, 499), 2);
}

static void test_a_cascade_reaches_all_below_and_nobody_else(void **state)
{
	struct fixture *fixture = *state;
	struct id middle = token_id(4), top = token_id(2);

	add_family(fixture);
	assert_int_equal(store_revoke_token(fixture->store, &middle, 5, NULL), RESULT_OK);
	assert_int_equal(store_revoke_descendants(fixture->store, &top, NULL, 6, &top), RESULT_OK);
	assert_revoked(fixture->store, 1, false);
	assert_revoked(fixture->store, 2, false);
	assert_revoked(fixture->store, 3, false);
	assert_revoked(fixture->store, 4, true);
	assert_revoked(fixture->store, 5, true);
	assert_revoked(fixture->store, 6, true);
	assert_revoked(fixture->store, 7, false);
}

static const struct descent_case {
	unsigned token, ancestor;
	bool descends;
} descent_cases[] = {
	{2, 1, true},  {6, 1, true},  {6, 2, true},  {6, 4, true},   {1, 1, false},  {1, 2, false},
	{3, 2, false}, {6, 5, false}, {7, 1, false}, {99, 1, false}, {6, 99, false},
};

static void test_descent_is_asked_upwards(void **state)
{
	struct fixture *fixture = *state;
	struct id middle = token_id(2);

	add_family(fixture);
	assert_int_equal(store_revoke_token(fixture->store, &middle, 5, NULL), RESULT_OK);
	for (size_t i = 0; i < ARRAY_LENGTH(descent_cases); i++) {
		const struct descent_case *c = &descent_cases[i];
		struct id token = token_id(c->token), ancestor = token_id(c->ancestor);
		bool descends;

		assert_int_equal(store_descends(fixture->store, &token, &ancestor, &descends),
				 RESULT_OK);
		if (descends != c->descends)
			fail_msg("%u from %u", c->token, c->ancestor);
	}
}

static void test_a_hash_is_renewed_only_where_it_is_still_the_old_one(void **state)
{
	struct fixture *fixture = *state;
	struct id id = token_id(1);
	struct secret_hash first = {"$s1$the-hash-of-token-1"}, second = {"$s1$second"};
	struct secret_hash third = {"$s1$third"};
	struct token_record record;

	fixture_add_account(fixture, 1);
	add_token(fixture->store, 1, 0, "*/all/never");
	assert_int_equal(store_renew_hash(fixture->store, &id, &first, &second), RESULT_OK);
	assert_int_equal(store_renew_hash(fixture->store, &id, &first, &third), RESULT_OK);
	record = find(fixture->store, 1);
	assert_string_equal(record.hash.mcf, "$s1$second");
	token_record_clear(&record);
	/* It does not come back to a revoked one. */
	assert_int_equal(store_revoke_token(fixture->store, &id, 5, NULL), RESULT_OK);
	assert_int_equal(store_renew_hash(fixture->store, &id, &second, &third), RESULT_OK);
	assert_revoked(fixture->store, 1, true);
}

static void test_uses_are_added_and_the_latest_is_shown(void **state)
{
	static const struct {
		int64_t at, expected;
		const char *address, *shown;
	} uses[] = {{1000, 1000, "192.0.2.1", "192.0.2.1"},
		    {900, 1000, "192.0.2.2", "192.0.2.1"},
		    {1001, 1001, "::3", "::3"},
		    {1001, 1001, "::4", "::4"}};
	struct fixture *fixture = *state;
	struct token_use use = {.token = token_id(1)},
			 unknown = {.token = token_id(9), .at = 5, .count = 1};
	uint64_t count = 0;

	fixture_add_account(fixture, 1);
	add_token(fixture->store, 1, 0, "*/all/never");
	for (size_t i = 0; i < ARRAY_LENGTH(uses); i++) {
		struct token_record record;

		use.at = uses[i].at;
		use.count = i + 1;
		assert_true(network_parse_address(uses[i].address, &use.address));
		assert_int_equal(store_add_use(fixture->store, &use), RESULT_OK);
		record = find(fixture->store, 1);
		assert_int_equal(record.last_used_at, uses[i].expected);
		assert_string_equal(record.last_used_ip, uses[i].shown);
		count += use.count;
		assert_int_equal(record.use_count, count);
		token_record_clear(&record);
	}
	assert_int_equal(store_add_use(fixture->store, &unknown), RESULT_OK);
}

static void test_a_second_writer_is_busy_and_readers_are_not(void **state)
{
	struct fixture *fixture = *state;
	struct store *other = fixture_connect(fixture);
	struct account_record account = {.id = account_id(2), .email = "b@example.com"}, found;
	uint64_t count;

	fixture_add_account(fixture, 1);
	assert_int_equal(store_begin(fixture->store), RESULT_OK);
	fixture_add_account(fixture, 3);
	assert_int_equal(store_begin(other), RESULT_BUSY);
	assert_int_equal(store_add_account(other, &account), RESULT_BUSY);
	assert_int_equal(store_count_accounts(other, &count), RESULT_OK);
	assert_int_equal(count, 1);
	assert_int_equal(store_commit(fixture->store), RESULT_OK);
	assert_int_equal(store_find_account_by_email(other, "account3@example.com", &found),
			 RESULT_OK);
	assert_int_equal(store_begin(other), RESULT_OK);
	store_rollback(other);
	store_close(other);
}

static void test_what_is_not_committed_did_not_happen(void **state)
{
	struct fixture *fixture = *state;
	uint64_t count;

	store_rollback(fixture->store); /* without effect where none is open */
	assert_int_equal(store_begin(fixture->store), RESULT_OK);
	fixture_add_account(fixture, 1);
	store_rollback(fixture->store);
	assert_int_equal(store_count_accounts(fixture->store, &count), RESULT_OK);
	assert_int_equal(count, 0);
}

static void test_a_reading_transaction_sees_one_moment(void **state)
{
	struct fixture *fixture = *state;
	struct store *reader = fixture_connect(fixture);
	uint64_t count;

	assert_int_equal(store_begin_read(reader), RESULT_OK);
	assert_int_equal(store_count_accounts(reader, &count), RESULT_OK);
	fixture_add_account(fixture, 1);
	assert_int_equal(store_count_accounts(reader, &count), RESULT_OK);
	assert_int_equal(count, 0);
	assert_int_equal(store_commit(reader), RESULT_OK);
	assert_int_equal(store_count_accounts(reader, &count), RESULT_OK);
	assert_int_equal(count, 1);
	store_close(reader);
}

static void test_a_connection_waits_as_long_as_it_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct store *other = fixture_connect(fixture);
	int64_t before;

	assert_int_equal(store_begin(fixture->store), RESULT_OK);
	store_set_busy_timeout(other, 30);
	before = timestamp_monotonic();
	assert_int_equal(store_begin(other), RESULT_BUSY);
	assert_true(timestamp_monotonic() - before >= 20);
	store_set_busy_timeout(other, 0);
	assert_int_equal(store_begin(other), RESULT_BUSY);
	store_rollback(fixture->store);
	store_close(other);
}

static void test_the_cursor_key_belongs_to_the_database(void **state)
{
	struct fixture *fixture = *state, *stranger = fixture_new(NULL);
	struct store *other = fixture_connect(fixture);
	uint8_t key[STORE_CURSOR_KEY_SIZE], again[STORE_CURSOR_KEY_SIZE];

	assert_int_equal(store_cursor_key(fixture->store, key), RESULT_OK);
	assert_false(sodium_is_zero(key, sizeof(key)));
	assert_int_equal(store_cursor_key(other, again), RESULT_OK);
	assert_memory_equal(key, again, sizeof(key));
	store_close(other);
	store_close(fixture->store);
	fixture->store = fixture_connect(fixture);
	assert_int_equal(store_cursor_key(fixture->store, again), RESULT_OK);
	assert_memory_equal(key, again, sizeof(key));
	assert_int_equal(store_cursor_key(stranger->store, again), RESULT_OK);
	assert_memory_not_equal(key, again, sizeof(key));
	fixture_free(stranger);
}

struct checks {
	int64_t moments[ROWS_MAX];
	size_t count;
};

static void see_check(void *context, const char *address, int64_t at)
{
	struct checks *checks = context;

	assert_string_equal(address, "192.0.2.1");
	assert_true(checks->count < ROWS_MAX);
	checks->moments[checks->count++] = at;
}

static struct checks checks_of(struct store *store, const struct selector *selector, int64_t since,
			       int64_t until)
{
	struct checks checks = {0};

	assert_int_equal(
		store_list_failed_checks(store, selector, since, until, see_check, &checks),
		RESULT_OK);
	return checks;
}

static void test_failed_checks_are_kept_within_their_window(void **state)
{
	struct fixture *fixture = *state;
	struct selector selector = {"0123456789"}, other = {"abcdefghij"};
	struct checks checks;

	for (int64_t at = 100; at <= 500; at += 100)
		assert_int_equal(store_add_failed_check(fixture->store, &selector, "192.0.2.1", at,
							at - 250),
				 RESULT_OK);
	checks = checks_of(fixture->store, &selector, 0, INT64_MAX);
	assert_int_equal(checks.count, 3);
	assert_int_equal(checks.moments[0], 300);
	assert_int_equal(checks.moments[2], 500);
	assert_int_equal(checks_of(fixture->store, &selector, 400, 400).count, 1);
	assert_int_equal(checks_of(fixture->store, &selector, 301, 399).count, 0);
	assert_int_equal(checks_of(fixture->store, &other, 0, INT64_MAX).count, 0);
	/* The machine started again: its clock begins anew, and what lies ahead of it is old. */
	assert_int_equal(
		store_add_failed_check(fixture->store, &selector, "192.0.2.1", 10, 10 - 250),
		RESULT_OK);
	checks = checks_of(fixture->store, &selector, 0, INT64_MAX);
	assert_int_equal(checks.count, 1);
	assert_int_equal(checks.moments[0], 10);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_an_account_is_found_as_it_was_added),
		TEST(test_an_email_belongs_to_one_account),
		TEST(test_accounts_are_listed_oldest_first_until_enough),
		TEST(test_a_disabled_account_shows_in_its_tokens),
		TEST(test_a_website_has_the_owner_that_it_was_added_with),
		TEST(test_websites_are_listed_by_account_or_all),
		TEST(test_a_removed_website_takes_its_roles_and_stays_in_lists),
		TEST(test_a_token_is_found_as_it_was_added),
		TEST(test_a_token_that_admits_no_address_is_not_kept),
		TEST(test_what_is_not_there_is_not_found),
		TEST(test_tokens_are_listed_newest_first),
		TEST(test_a_revoked_token_keeps_its_row_and_loses_its_hash),
		TEST(test_living_tokens_are_neither_revoked_nor_expired),
		TEST(test_descendants_are_counted_through_revoked_ones),
		TEST(test_a_cascade_reaches_all_below_and_nobody_else),
		TEST(test_descent_is_asked_upwards),
		TEST(test_a_hash_is_renewed_only_where_it_is_still_the_old_one),
		TEST(test_uses_are_added_and_the_latest_is_shown),
		TEST(test_a_second_writer_is_busy_and_readers_are_not),
		TEST(test_what_is_not_committed_did_not_happen),
		TEST(test_a_reading_transaction_sees_one_moment),
		TEST(test_a_connection_waits_as_long_as_it_is_told),
		TEST(test_the_cursor_key_belongs_to_the_database),
		TEST(test_failed_checks_are_kept_within_their_window),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
