/* SPDX-License-Identifier: ISC */
#include "network.h"

#include "support.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdio.h>
#include <string.h>

static const struct parse_case {
	const char *text, *written; /* NULL: refused */
} parse_cases[] = {
	// clang-format off
	{ "192.0.2.0/24",                "192.0.2.0/24" },
	{ "192.0.2.7",                   "192.0.2.7/32" },
	{ "192.0.2.7/32",                "192.0.2.7/32" },
	{ "0.0.0.0/0",                   "0.0.0.0/0" },
	{ "128.0.0.0/1",                 "128.0.0.0/1" },
	{ "255.255.255.255",             "255.255.255.255/32" },
	{ "192.0.2.254/31",              "192.0.2.254/31" },
	{ "2001:db8::/32",               "2001:db8::/32" },
	{ "2001:0DB8:0:0:0:0:0:1",       "2001:db8::1/128" },
	{ "::/0",                        "::/0" },
	{ "::1",                         "::1/128" },
	{ "fe80::/10",                   "fe80::/10" },
	{ "2001:db8:0:8000::/49",        "2001:db8:0:8000::/49" },
	{ "::ffff:192.0.2.7",            "192.0.2.7/32" },
	{ "::FFFF:c000:207",             "192.0.2.7/32" },
	{ "::ffff:192.0.2.0/120",        "192.0.2.0/24" },
	{ "::ffff:0:0/96",               "0.0.0.0/0" },
	{ "::192.0.2.7",                 "::192.0.2.7/128" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128",
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128" },
	{ "",                            NULL },
	{ "/",                           NULL },
	{ "/24",                         NULL },
	{ "192.0.2.0/",                  NULL },
	{ "192.0.2.0/33",                NULL },
	{ "192.0.2.0/-1",                NULL },
	{ "192.0.2.0/+24",               NULL },
	{ "192.0.2.0/024",               NULL },
	{ "192.0.2.0/00",                NULL },
	{ "192.0.2.0/24 ",               NULL },
	{ " 192.0.2.0/24",               NULL },
	{ "192.0.2.0 /24",               NULL },
	{ "192.0.2.0/24/24",             NULL },
	{ "192.0.2.0/255.255.255.0",     NULL },
	{ "192.0.2.0/18446744073709551640", NULL },
	{ "192.0.2.7/24",                NULL },
	{ "192.0.2.1/31",                NULL },
	{ "0.0.0.1/0",                   NULL },
	{ "192.0.2",                     NULL },
	{ "192.0.2.256",                 NULL },
	{ "192.0.2.07",                  NULL },
	{ "0xC0.0.2.7",                  NULL },
	{ "3221225991",                  NULL },
	{ "192.0.2.*",                   NULL },
	{ "localhost",                   NULL },
	{ "2001:db8::/129",              NULL },
	{ "2001:db8::1/64",              NULL },
	{ "2001:db8:0:8000::/48",        NULL },
	{ "2001:db8::1::",               NULL },
	{ "[2001:db8::]/32",             NULL },
	{ "fe80::1%eth0",                NULL },
	{ "::ffff:0:0/95",               NULL },
	{ "::ffff:192.0.2.7/24",         NULL },
	{ "::ffff:192.0.2.7/120",        NULL },
	{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL },
	// clang-format on
};

static void test_a_network_is_read_strictly_and_written_in_one_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(parse_cases); i++) {
		const struct parse_case *c = &parse_cases[i];
		struct network network, again;
		char text[NETWORK_TEXT_SIZE];

		if (network_parse(c->text, strlen(c->text), &network) != (c->written != NULL))
			fail_msg("\"%s\"", c->text);
		if (c->written == NULL)
			continue;
		network_format(&network, text);
		assert_string_equal(text, c->written);
		assert_true(network_parse(text, strlen(text), &again));
		assert_memory_equal(&network, &again, sizeof(network));
	}
}

static void test_bytes_behind_a_nul_are_not_hidden(void **state)
{
	struct network network;

	(void)state;
	assert_false(network_parse("192.0.2.0\0/24", 13, &network));
	assert_false(network_parse("192.0.2.0/24\0", 13, &network));
	assert_true(network_parse("192.0.2.0/24, and more", 12, &network));
}

static void test_an_address_alone_has_no_prefix(void **state)
{
	struct network address;
	char text[NETWORK_ADDRESS_TEXT_SIZE];

	(void)state;
	assert_true(network_parse_address("::ffff:192.0.2.7", &address));
	network_format_address(&address, text);
	assert_string_equal(text, "192.0.2.7");
	assert_true(network_parse_address("2001:DB8::1", &address));
	network_format_address(&address, text);
	assert_string_equal(text, "2001:db8::1");
	assert_false(network_parse_address("192.0.2.7/32", &address));
	assert_false(network_parse_address("", &address));
	assert_false(network_parse_address("unknown", &address));
	network_format_address(&(struct network){0}, text);
	assert_string_equal(text, "");
}

static struct network network_of(const char *text)
{
	struct network network;

	if (!network_parse(text, strlen(text), &network))
		fail_msg("no network: \"%s\"", text);
	return network;
}

static const struct network_case {
	const char *label, *outer, *inner;
	bool covered;
} network_cases[] = {
	// clang-format off
	{ "itself",                       "192.0.2.0/24",  "192.0.2.0/24",     true  },
	{ "its first address",            "192.0.2.0/24",  "192.0.2.0",        true  },
	{ "its last address",             "192.0.2.0/24",  "192.0.2.255",      true  },
	{ "the address before",           "192.0.2.0/24",  "192.0.1.255",      false },
	{ "the address behind",           "192.0.2.0/24",  "192.0.3.0",        false },
	{ "a half",                       "192.0.2.0/24",  "192.0.2.128/25",   true  },
	{ "the double",                   "192.0.2.0/24",  "192.0.2.0/23",     false },
	{ "within a byte",                "192.0.2.64/27", "192.0.2.95",       true  },
	{ "within a byte, one behind",    "192.0.2.64/27", "192.0.2.96",       false },
	{ "all of IPv4",                  "0.0.0.0/0",     "203.0.113.0/24",   true  },
	{ "IPv6 in all of IPv4",          "0.0.0.0/0",     "::/0",             false },
	{ "IPv4 in all of IPv6",          "::/0",          "192.0.2.7",        false },
	{ "mapped IPv4 in all of IPv6",   "::/0",          "::ffff:192.0.2.7", false },
	{ "mapped IPv4 in IPv4",          "192.0.2.0/24",  "::ffff:192.0.2.7", true  },
	{ "equal bytes, another family",  "2001:d00::/24", "32.1.13.0/24",     false },
	{ "an address of IPv6",           "2001:db8::/32", "2001:db8:ffff::1", true  },
	{ "another address of IPv6",      "2001:db8::/32", "2001:db9::",       false },
	{ "one address of IPv6",          "2001:db8::1",   "2001:db8::1",      true  },
	{ "its neighbour",                "2001:db8::1",   "2001:db8::0",      false },
	{ "within a byte of IPv6",        "fe80::/10",     "febf::1",          true  },
	{ "within a byte of IPv6, behind", "fe80::/10",    "fec0::1",          false },
	// clang-format on
};

static void test_a_network_covers_what_lies_inside(void **state)
{
	struct network none = {0}, all = network_of("::/0");

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(network_cases); i++) {
		const struct network_case *c = &network_cases[i];
		struct network outer = network_of(c->outer), inner = network_of(c->inner);

		if (network_covers(&outer, &inner) != c->covered)
			fail_msg("%s: expected %s", c->label, c->covered ? "yes" : "no");
	}
	assert_false(network_covers(&none, &none));
	assert_false(network_covers(&none, &all));
	assert_false(network_covers(&all, &none));
}

static void write_set(const char *text, char *written, size_t size)
{
	struct network_set set;
	struct buffer out;

	assert_int_equal(network_set_parse(text, &set), RESULT_OK);
	buffer_init(&out, size - 1);
	network_set_write(&set, &out);
	assert_int_equal(buffer_result(&out), RESULT_OK);
	snprintf(written, size, "%s", out.data);
	buffer_clear(&out);
	network_set_clear(&set);
}

static void test_a_set_is_sorted_and_holds_nothing_twice(void **state)
{
	static const struct {
		const char *text, *written;
	} cases[] = {
		{"192.0.2.7", "192.0.2.7/32"},
		{"192.0.2.7 192.0.2.7 ::ffff:192.0.2.7", "192.0.2.7/32"},
		{"2001:db8::/32 192.0.2.0/24 10.0.0.0/8", "10.0.0.0/8 192.0.2.0/24 2001:db8::/32"},
		{"10.255.0.1 10.1.0.0/16 10.0.0.0/8 11.0.0.0/8 10.0.0.0", "10.0.0.0/8 11.0.0.0/8"},
		{"::/0 2001:db8::1 0.0.0.0/0 192.0.2.7", "0.0.0.0/0 ::/0"},
		{"10.128.0.0/9 10.0.0.0/9", "10.0.0.0/9 10.128.0.0/9"},
	};
	char written[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		write_set(cases[i].text, written, sizeof(written));
		assert_string_equal(written, cases[i].written);
	}
}

static void test_a_text_that_is_no_set_is_refused_whole(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"192.0.2.7 ",
		" 192.0.2.7",
		"192.0.2.7  192.0.2.8",
		"192.0.2.7,192.0.2.8",
		"192.0.2.7 x",
		"192.0.2.7\n192.0.2.8",
	};
	struct network_set set;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		assert_int_equal(network_set_parse(texts[i], &set), RESULT_INVALID_FIELD);
		assert_null(set.networks);
		assert_int_equal(set.count, 0);
	}
	assert_int_equal(network_set_init(&set, NULL, 0), RESULT_OK);
	assert_int_equal(set.count, 0);
	network_set_clear(&set);
	network_set_clear(NULL);
}

/* The oracle's world: the 31 networks of 240.0.0.0/28 and what is in it, as sets of 16 addresses.
 */
enum { BITS = 4, ADDRESSES = 1 << BITS, SET_MAX = 5 };

static struct network any_network(struct random_source *source, uint32_t *addresses)
{
	size_t free_bits = random_below(source, BITS + 1);
	size_t first = random_below(source, ADDRESSES) >> free_bits << free_bits;
	char text[NETWORK_TEXT_SIZE];

	*addresses = ((UINT32_C(1) << (1U << free_bits)) - 1) << first;
	snprintf(text, sizeof(text), "240.0.0.%zu/%zu", first, 32 - free_bits);
	return network_of(text);
}

/* Of more than nothing, often of much. */
static uint32_t any_set(struct random_source *source, struct network_set *set)
{
	struct network networks[SET_MAX];
	size_t count = 1 + random_below(source, SET_MAX);
	uint32_t addresses = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t one;

		networks[i] = any_network(source, &one);
		addresses |= one;
	}
	assert_int_equal(network_set_init(set, networks, count), RESULT_OK);
	return addresses;
}

static void check_addresses(const struct network_set *set, uint32_t addresses)
{
	for (unsigned i = 0; i < ADDRESSES; i++) {
		char text[NETWORK_TEXT_SIZE];
		struct network_set one = {.count = 1};
		struct network address;

		snprintf(text, sizeof(text), "240.0.0.%u", i);
		address = network_of(text);
		one.networks = &address;
		assert_int_equal(network_set_covers(set, &one), (addresses >> i & 1) != 0);
	}
}

/* A set that is covered holds no address that the other lacks. The reverse holds up to halves that
 * make a whole: 10.0.0.0/9 and 10.128.0.0/9 do not cover 10.0.0.0/8, which only refuses more. */
static void test_a_set_covers_no_address_that_it_does_not_contain(void **state)
{
	struct random_source source = random_begin();
	unsigned covered = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct network_set outer, inner, both;
		uint32_t outer_addresses = any_set(&source, &outer);
		uint32_t inner_addresses = any_set(&source, &inner);

		check_addresses(&outer, outer_addresses);
		assert_true(network_set_covers(&outer, &outer));
		assert_int_equal(network_set_intersect(&outer, &inner, &both), RESULT_OK);
		check_addresses(&both, outer_addresses & inner_addresses);
		network_set_clear(&both);
		if (network_set_covers(&outer, &inner)) {
			covered++;
			assert_int_equal(inner_addresses & ~outer_addresses, 0);
		}
		if (inner.count == 1 && network_covers(&outer.networks[0], &inner.networks[0]))
			assert_true(network_set_covers(&outer, &inner));
		assert_int_equal(network_set_init(&both, outer.networks, outer.count), RESULT_OK);
		assert_int_equal(both.count, outer.count); /* folded already */
		network_set_clear(&both);
		network_set_clear(&inner);
		network_set_clear(&outer);
	}
	assert_true(covered > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_network_is_read_strictly_and_written_in_one_form),
		cmocka_unit_test(test_bytes_behind_a_nul_are_not_hidden),
		cmocka_unit_test(test_an_address_alone_has_no_prefix),
		cmocka_unit_test(test_a_network_covers_what_lies_inside),
		cmocka_unit_test(test_a_set_is_sorted_and_holds_nothing_twice),
		cmocka_unit_test(test_a_text_that_is_no_set_is_refused_whole),
		cmocka_unit_test(test_a_set_covers_no_address_that_it_does_not_contain),
	};

	if (sodium_init() < 0)
		return 1;
	return random_report(cmocka_run_group_tests(tests, NULL, NULL));
}
