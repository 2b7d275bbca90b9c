/* SPDX-License-Identifier: ISC */
/* Never wider, as a property of whole families: random trees of tokens, each made through the
 * decoder and authority_issue() from the row of its maker. An oracle of plain sets, which knows
 * neither scope_covers() nor bit sets, says what each creation must come to. */
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
#include <string.h>
#include <unistd.h>

enum {
	TREES = 10000,
	CREATIONS_MAX = 24, /* tried in one tree */
	DEPTH_MAX = 12,
	NAMES = 18,
	WEBSITES = 4, /* of each account; a fifth number is nobody's */
	NETWORKS = 7,
	LIST_MAX = 24,
};

#define HOUR_MS INT64_C(3600000)

/* Halves of halves: number N lies inside number (N - 1) / 2. */
static const char *const networks[NETWORKS] = {
	"2001:db8::/46",   "2001:db8::/47",   "2001:db8:2::/47", "2001:db8::/48",
	"2001:db8:1::/48", "2001:db8:2::/48", "2001:db8:3::/48",
};
/* One in each. */
static const char *const addresses[NETWORKS] = {
	"2001:db8::1",   "2001:db8::1",   "2001:db8:2::1", "2001:db8::1",
	"2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1",
};

/* What a token may do. */
struct plain {
	bool star, names[NAMES];
	bool all, websites[WEBSITES];
	bool anywhere, networks[NETWORKS]; /* with those inside */
	int64_t ends;                      /* TIMESTAMP_NEVER: it does not */
};

struct member {
	struct id id;
	struct plain plain;
	unsigned depth;
};

struct tree {
	unsigned number;
	bool is_alive[WEBSITES];
	struct member members[CREATIONS_MAX + 1];
	size_t count;
};

/* What a body asks for. */
struct wish {
	enum { ABSENT, NULL_VALUE, LIST } permissions, websites, addresses;
	enum { INHERITED, NEVER, MOMENT } expiry;
	size_t permission_list[LIST_MAX], permission_count; /* NAMES is the star */
	size_t website_list[LIST_MAX], website_count;       /* WEBSITES is nobody's */
	size_t network_list[LIST_MAX], network_count;
	int64_t ends;
};

static unsigned website_number(const struct tree *tree, size_t website)
{
	return website == WEBSITES ? UINT32_MAX : tree->number * WEBSITES + (unsigned)website;
}

static void plain_add_network(struct plain *plain, size_t network)
{
	plain->networks[network] = true;
	for (size_t i = network + 1; i < NETWORKS; i++)
		plain->networks[i] = plain->networks[i] || plain->networks[(i - 1) / 2];
}

static struct plain plain_any(struct random_source *source, int64_t now)
{
	struct plain plain = {.star = random_one_in(source, 2), .all = random_one_in(source, 2)};

	for (size_t i = 0; !plain.star && i < NAMES; i++)
		plain.names[i] = !random_one_in(source, 3);
	for (size_t i = 0; !plain.all && i < WEBSITES; i++)
		plain.websites[i] = !random_one_in(source, 3);
	plain.anywhere = random_one_in(source, 2);
	if (!plain.anywhere)
		plain_add_network(&plain, random_below(source, NETWORKS));
	plain.ends = random_one_in(source, 2) ? TIMESTAMP_NEVER
					      : now + HOUR_MS + (int64_t)random_below(source, 1000);
	return plain;
}

static struct network_set addresses_of(const struct plain *plain)
{
	struct network_set set;
	struct network held[NETWORKS];
	size_t count = 0;

	for (size_t i = 0; i < NETWORKS; i++)
		if (plain->networks[i])
			assert_true(
				network_parse(networks[i], strlen(networks[i]), &held[count++]));
	assert_int_equal(network_set_init(&set, held, count), RESULT_OK);
	return set;
}

/* Makes the account, its websites and the root of its tree. */
static void plant(struct fixture *fixture, struct tree *tree, struct random_source *source,
		  int64_t now)
{
	struct plain plain = plain_any(source, now);
	struct token_record root = {.id = id_new(now), .created_at = now, .hash = {"$s1$none"}};
	struct id ids[WEBSITES];
	size_t count = 0;

	assert_int_equal(store_begin(fixture->store), RESULT_OK);
	fixture_add_account(fixture, tree->number);
	for (size_t i = 0; i < WEBSITES; i++) {
		fixture_add_website(fixture, website_number(tree, i), tree->number);
		tree->is_alive[i] = true;
		if (plain.websites[i])
			ids[count++] = website_id(website_number(tree, i));
	}
	root.scope = (struct scope){.account = account_id(tree->number),
				    .permissions.every = plain.star,
				    .every_website = plain.all,
				    .every_address = plain.anywhere,
				    .expires_at = plain.ends};
	for (size_t i = 0; i < NAMES; i++)
		if (plain.names[i])
			root.scope.permissions =
				permission_set_union(root.scope.permissions, permission_set_of(i));
	assert_int_equal(id_set_init(&root.scope.websites, ids, count), RESULT_OK);
	root.scope.addresses = addresses_of(&plain);
	snprintf(root.selector.text, sizeof(root.selector.text), "%010u", tree->number);
	assert_int_equal(store_add_token(fixture->store, &root), RESULT_OK);
	assert_int_equal(store_commit(fixture->store), RESULT_OK);
	tree->members[tree->count++] = (struct member){root.id, plain, 1};
	token_record_clear(&root);
}

/* Mostly what MAKER holds, so that most creations come to something. */
static void wish_permissions(struct random_source *source, const struct plain *maker,
			     struct wish *wish)
{
	wish->permissions = random_one_in(source, 3)    ? ABSENT
			    : random_one_in(source, 24) ? NULL_VALUE
							: LIST;
	if (wish->permissions != LIST)
		return;
	switch (random_below(source, 8)) {
	case 0:
		wish->permission_list[wish->permission_count++] = NAMES;
		break;
	case 1:
		for (size_t i = 0; i < NAMES; i++)
			wish->permission_list[wish->permission_count++] = i;
		break;
	case 2:
		break; /* [] */
	default:
		for (size_t i = random_below(source, 6) + 1; i > 0; i--) {
			size_t name = random_below(source, NAMES);

			if (maker->star || maker->names[name] || random_one_in(source, 12))
				wish->permission_list[wish->permission_count++] = name;
		}
	}
}

static void wish_websites(struct random_source *source, const struct plain *maker,
			  struct wish *wish)
{
	wish->websites = random_one_in(source, 3)    ? ABSENT
			 : random_one_in(source, 24) ? NULL_VALUE
						     : LIST;
	if (wish->websites != LIST || random_one_in(source, 5))
		return;
	for (size_t i = random_below(source, 5) + 1; i > 0; i--) {
		size_t website = random_below(source, WEBSITES + 1);

		if (website < WEBSITES
			    ? maker->all || maker->websites[website] || random_one_in(source, 8)
			    : random_one_in(source, 8))
			wish->website_list[wish->website_count++] = website;
	}
}

static void wish_addresses(struct random_source *source, const struct plain *maker,
			   struct wish *wish)
{
	wish->addresses = random_one_in(source, 3)    ? ABSENT
			  : random_one_in(source, 24) ? NULL_VALUE
						      : LIST;
	if (wish->addresses != LIST || random_one_in(source, 5))
		return;
	for (size_t i = random_below(source, 3) + 1; i > 0; i--) {
		size_t network = random_below(source, NETWORKS);

		if (maker->anywhere || maker->networks[network] || random_one_in(source, 8))
			wish->network_list[wish->network_count++] = network;
	}
}

static struct wish wish_any(struct random_source *source, const struct plain *maker, int64_t now)
{
	struct wish wish = {0};
	bool ends = maker->ends != TIMESTAMP_NEVER;

	if (random_one_in(source, 4))
		return wish; /* {}: all of the maker's own */
	wish_permissions(source, maker, &wish);
	wish_websites(source, maker, &wish);
	wish_addresses(source, maker, &wish);
	wish.expiry = random_one_in(source, 2)   ? INHERITED
		      : random_one_in(source, 4) ? NEVER
						 : MOMENT;
	/* At the very end of the maker, a millisecond before it, or one behind it. */
	wish.ends = (ends ? maker->ends : now + 2 * HOUR_MS) + (int64_t)random_below(source, 3) - 1;
	return wish;
}

static void write_permissions(const struct wish *wish, struct buffer *body)
{
	const struct permission *names = catalogue_of_tests()->permissions;

	if (wish->permissions == NULL_VALUE)
		buffer_append_text(body, ",\"permissions\":null");
	if (wish->permissions != LIST)
		return;
	buffer_append_text(body, ",\"permissions\":[");
	for (size_t i = 0; i < wish->permission_count; i++) {
		size_t name = wish->permission_list[i];

		buffer_append_format(body, "%s\"%s\"", i == 0 ? "" : ",",
				     name == NAMES ? "*" : names[name].name);
	}
	buffer_append_char(body, ']');
}

static void write_websites(const struct tree *tree, const struct wish *wish, struct buffer *body)
{
	if (wish->websites == NULL_VALUE)
		buffer_append_text(body, ",\"websiteIds\":null");
	if (wish->websites != LIST)
		return;
	buffer_append_text(body, ",\"websiteIds\":[");
	for (size_t i = 0; i < wish->website_count; i++) {
		struct id website = website_id(website_number(tree, wish->website_list[i]));
		char text[ID_TEXT_SIZE];

		id_format(&website, text);
		buffer_append_format(body, "%s\"%s\"", i == 0 ? "" : ",", text);
	}
	buffer_append_char(body, ']');
}

static void write_addresses(const struct wish *wish, struct buffer *body)
{
	if (wish->addresses == NULL_VALUE)
		buffer_append_text(body, ",\"allowedIps\":null");
	if (wish->addresses != LIST)
		return;
	buffer_append_text(body, ",\"allowedIps\":[");
	for (size_t i = 0; i < wish->network_count; i++)
		buffer_append_format(body, "%s\"%s\"", i == 0 ? "" : ",",
				     networks[wish->network_list[i]]);
	buffer_append_char(body, ']');
}

static void write_body(const struct tree *tree, const struct wish *wish, struct buffer *body)
{
	char moment[TIMESTAMP_TEXT_SIZE];

	buffer_append_text(body, "{\"name\":null");
	write_permissions(wish, body);
	write_websites(tree, wish, body);
	write_addresses(wish, body);
	timestamp_format(wish->ends, moment);
	if (wish->expiry == NEVER)
		buffer_append_text(body, ",\"expiresAt\":null");
	if (wish->expiry == MOMENT)
		buffer_append_format(body, ",\"expiresAt\":\"%s\"", moment);
	buffer_append_char(body, '}');
}

/* The oracle, first half: what is no creation at all. */
static bool oracle_is_malformed(const struct wish *wish)
{
	return wish->permissions == NULL_VALUE || wish->websites == NULL_VALUE ||
	       wish->addresses == NULL_VALUE ||
	       (wish->permissions == LIST && wish->permission_count == 0);
}

static bool oracle_admits(const struct plain *maker, const struct wish *wish, struct plain *made)
{
	if (wish->addresses != LIST)
		return true;
	made->anywhere = wish->network_count == 0;
	memset(made->networks, 0, sizeof(made->networks));
	if (made->anywhere && !maker->anywhere)
		return false;
	for (size_t i = 0; i < wish->network_count; i++) {
		if (!maker->anywhere && !maker->networks[wish->network_list[i]])
			return false;
		plain_add_network(made, wish->network_list[i]);
	}
	return true;
}

/* The oracle, second half: RESULT_OK and what MAKER's new token may do, or why there is none. */
static enum result oracle_decides(const struct tree *tree, const struct plain *maker,
				  const struct wish *wish, struct plain *made)
{
	*made = *maker;
	if (wish->permissions == LIST) {
		made->star = false;
		memset(made->names, 0, sizeof(made->names));
	}
	for (size_t i = 0; i < wish->permission_count; i++) {
		size_t name = wish->permission_list[i];

		if (!maker->star && (name == NAMES || !maker->names[name]))
			return RESULT_SCOPE_EXCEEDED;
		if (name == NAMES)
			made->star = true;
		else
			made->names[name] = true;
	}
	if (wish->websites == LIST) {
		made->all = wish->website_count == 0;
		memset(made->websites, 0, sizeof(made->websites));
		if (made->all && !maker->all)
			return RESULT_SCOPE_EXCEEDED;
	}
	for (size_t i = 0; i < wish->website_count; i++) {
		size_t website = wish->website_list[i];

		if (!maker->all && (website == WEBSITES || !maker->websites[website]))
			return RESULT_SCOPE_EXCEEDED;
		if (website == WEBSITES || !tree->is_alive[website])
			return RESULT_NOT_FOUND;
		made->websites[website] = true;
	}
	if (!oracle_admits(maker, wish, made))
		return RESULT_SCOPE_EXCEEDED;
	if (wish->expiry != INHERITED)
		made->ends = wish->expiry == NEVER ? TIMESTAMP_NEVER : wish->ends;
	return made->ends > maker->ends ? RESULT_SCOPE_EXCEEDED : RESULT_OK;
}

static bool is_inside(const struct plain *inner, const struct plain *outer)
{
	if ((inner->star && !outer->star) || (inner->all && !outer->all) ||
	    inner->ends > outer->ends || (inner->anywhere && !outer->anywhere))
		return false;
	for (size_t i = 0; i < NETWORKS; i++)
		if (inner->networks[i] && !outer->networks[i] && !outer->anywhere)
			return false;
	for (size_t i = 0; i < NAMES; i++)
		if (inner->names[i] && !outer->names[i] && !outer->star)
			return false;
	for (size_t i = 0; i < WEBSITES; i++)
		if (inner->websites[i] && !outer->websites[i] && !outer->all)
			return false;
	return true;
}

static void add_networks_of_row(const struct network_set *set, struct plain *plain)
{
	size_t known = 0;

	for (size_t i = 0; i < set->count; i++) {
		char text[NETWORK_TEXT_SIZE];

		network_format(&set->networks[i], text);
		for (size_t j = 0; j < NETWORKS; j++) {
			if (strcmp(text, networks[j]) != 0)
				continue;
			plain_add_network(plain, j);
			known++;
		}
	}
	assert_int_equal(known, set->count);
}

/* What the row of ID says, name by name. */
static struct plain plain_of_row(struct fixture *fixture, const struct tree *tree,
				 const struct id *id)
{
	struct caller caller = fixture_caller(fixture, id);
	const struct scope *scope = &caller.token.scope;
	struct plain plain = {.star = scope->permissions.every,
			      .all = scope->every_website,
			      .anywhere = scope->every_address,
			      .ends = scope->expires_at};
	size_t known = 0;

	for (size_t i = 0; !plain.star && i < NAMES; i++)
		plain.names[i] = (scope->permissions.bits >> i & 1) != 0;
	for (size_t i = 0; i < WEBSITES; i++) {
		struct id website = website_id(website_number(tree, i));

		for (size_t j = 0; j < scope->websites.count; j++)
			plain.websites[i] =
				plain.websites[i] || id_equals(&website, &scope->websites.ids[j]);
		known += plain.websites[i];
	}
	assert_int_equal(known, scope->websites.count); /* nothing else, nothing twice */
	add_networks_of_row(&scope->addresses, &plain);
	caller_clear(&caller);
	return plain;
}

static const char *address_of(const struct plain *plain)
{
	size_t i = 0;

	while (i < NETWORKS - 1 && !plain->networks[i])
		i++;
	return addresses[i];
}

/* One creation under MAKER; NEW_ID is the new token where it came to something. */
static enum result create(struct fixture *fixture, const struct member *maker,
			  const struct buffer *body, int64_t now, struct id *new_id)
{
	struct caller caller = fixture_caller(fixture, &maker->id);
	struct token_draft draft;
	struct token_record record;
	struct key key;
	struct error err = {0};
	enum result result =
		codec_read_draft(&fixture->config, body->data, body->length, now, &draft, &err);

	caller.address = address_of(&maker->plain);
	if (result == RESULT_OK) {
		result = authority_issue(&fixture->authority, &caller, &draft, NULL, now, &record,
					 &key, &err);
		*new_id = record.id;
		token_record_clear(&record);
		token_draft_clear(&draft);
	}
	caller_clear(&caller);
	return result;
}

/* Counts, so that a test that has become empty is noticed. */
struct tally {
	size_t made, exceeded, not_found, malformed, deepest;
};

static void try_one(struct fixture *fixture, struct tree *tree, struct random_source *source,
		    int64_t now, struct tally *tally)
{
	const struct member *maker = random_one_in(source, 4)
					     ? &tree->members[random_below(source, tree->count)]
					     : &tree->members[tree->count - 1];
	struct wish wish = wish_any(source, &maker->plain, now);
	struct plain expected, found;
	struct buffer body;
	struct id id;
	enum result should, result;

	if (maker->depth == DEPTH_MAX)
		return;
	buffer_init(&body, 65536);
	write_body(tree, &wish, &body);
	should = oracle_is_malformed(&wish) ? RESULT_INVALID_FIELD
					    : oracle_decides(tree, &maker->plain, &wish, &expected);
	result = create(fixture, maker, &body, now, &id);
	if (result != should)
		fail_msg("tree %u: %s: result %d and not %d", tree->number, body.data, result,
			 should);
	tally->exceeded += result == RESULT_SCOPE_EXCEEDED;
	tally->not_found += result == RESULT_NOT_FOUND;
	tally->malformed += result == RESULT_INVALID_FIELD;
	if (result == RESULT_OK) {
		tally->made++;
		found = plain_of_row(fixture, tree, &id);
		if (!is_inside(&found, &maker->plain))
			fail_msg("tree %u: %s made a wider token", tree->number, body.data);
		if (!is_inside(&found, &expected) || !is_inside(&expected, &found))
			fail_msg("tree %u: %s made something else", tree->number, body.data);
		tree->members[tree->count++] = (struct member){id, found, maker->depth + 1};
		if (maker->depth + 1 > tally->deepest)
			tally->deepest = maker->depth + 1;
	}
	buffer_clear(&body);
}

static void remove_any_website(struct fixture *fixture, struct tree *tree,
			       struct random_source *source)
{
	size_t website = random_below(source, WEBSITES);
	struct id id = website_id(website_number(tree, website));

	assert_int_equal(store_remove_website(fixture->store, &id),
			 tree->is_alive[website] ? RESULT_OK : RESULT_NOT_FOUND);
	tree->is_alive[website] = false;
}

static void test_no_family_ever_grows_wider_than_its_maker(void **state)
{
	struct fixture *fixture = *state;
	struct random_source source = random_begin();
	struct tally tally = {0};
	int64_t now = timestamp_now();

	for (unsigned number = 1; number <= TREES; number++) {
		struct tree tree = {.number = number};

		plant(fixture, &tree, &source, now);
		for (size_t i = random_below(&source, CREATIONS_MAX) + 1; i > 0; i--) {
			try_one(fixture, &tree, &source, now, &tally);
			if (random_one_in(&source, 12))
				remove_any_website(fixture, &tree, &source);
		}
		/* What was made first did not change because of what came later. */
		for (size_t i = 0; i < tree.count; i++) {
			struct plain found = plain_of_row(fixture, &tree, &tree.members[i].id);

			assert_true(is_inside(&found, &tree.members[i].plain) &&
				    is_inside(&tree.members[i].plain, &found));
		}
	}
	assert_true(tally.made > TREES && tally.exceeded > TREES / 2);
	assert_true(tally.not_found > TREES / 100 && tally.malformed > TREES / 100);
	assert_int_equal(tally.deepest, DEPTH_MAX);
}

/* Each creation is synced to the disk before it counts: in memory that takes no time. */
static int set_up(void **state)
{
	*state = fixture_new(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_family_ever_grows_wider_than_its_maker,
						set_up, fixture_tear_down),
	};

	if (sodium_init() < 0)
		return 1;
	return random_report(cmocka_run_group_tests(tests, NULL, NULL));
}
