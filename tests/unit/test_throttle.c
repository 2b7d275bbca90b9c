/* SPDX-License-Identifier: ISC */
#include "throttle.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdio.h>

#define START INT64_C(1000000)

static const struct selector victim = {"0123456789"};

static int set_up(void **state)
{
	*state = throttle_new();
	return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	throttle_free(*state);
	return 0;
}

static void charge_times(struct throttle *throttle, const char *address, int times, int64_t now)
{
	for (int i = 0; i < times; i++)
		throttle_charge(throttle, &victim, address, now);
}

static void test_nobody_waits_before_a_failure(void **state)
{
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START), 0);
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", 0), 0);
	assert_false(throttle_suspects(*state, &victim, START));
	assert_false(throttle_suspects(*state, &victim, 0));
}

static void test_asking_charges_nothing(void **state)
{
	for (int i = 0; i < 100; i++)
		assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START), 0);
}

static void test_five_failures_from_one_address_and_then_one_every_12_s(void **state)
{
	for (int i = 0; i < 5; i++) {
		assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START), 0);
		throttle_charge(*state, &victim, "192.0.2.1", START);
	}
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START), 12000);
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START + 11999), 1);
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START + 12000), 0);

	throttle_charge(*state, &victim, "192.0.2.1", START + 12000);
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START + 12000), 12000);
}

static void test_another_address_does_not_wait_for_the_first(void **state)
{
	charge_times(*state, "192.0.2.1", 5, START);
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.2", START), 0);
}

static void test_another_selector_does_not_wait_for_the_first(void **state)
{
	const struct selector other = {"0123456788"};

	charge_times(*state, "192.0.2.1", 20, START);
	assert_int_equal(throttle_wait_ms(*state, &other, "192.0.2.1", START), 0);
	assert_false(throttle_suspects(*state, &other, START));
}

static void test_twenty_failures_from_anywhere_and_then_one_every_3_s(void **state)
{
	char address[32];

	for (int i = 0; i < 20; i++) {
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		assert_int_equal(throttle_wait_ms(*state, &victim, address, START), 0);
		throttle_charge(*state, &victim, address, START);
	}
	assert_int_equal(throttle_wait_ms(*state, &victim, "198.51.100.1", START), 3000);
	assert_int_equal(throttle_wait_ms(*state, &victim, "198.51.100.1", START + 3000), 0);
}

/* Runs that were under way together when the last try went. */
static void test_failures_beyond_empty_are_not_paid_for_later(void **state)
{
	charge_times(*state, "192.0.2.1", 1000, START);
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START), 12000);
	assert_int_equal(throttle_wait_ms(*state, &victim, "198.51.100.1", START), 3000);
}

static void test_a_bucket_is_full_again_after_a_minute_and_never_fuller(void **state)
{
	charge_times(*state, "192.0.2.1", 5, START);
	charge_times(*state, "192.0.2.1", 4, START + 3600000);
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START + 3600000), 0);
	charge_times(*state, "192.0.2.1", 1, START + 3600000);
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START + 3600000), 12000);
}

static const struct address_case {
	const char *label, *first, *second;
	bool same;
} address_cases[] = {
	// clang-format off
	{ "one IPv4 address",              "192.0.2.1",              "192.0.2.1",               true  },
	{ "neighbours in IPv4",            "192.0.2.1",              "192.0.2.2",               false },
	{ "one /64 of IPv6",               "2001:db8:0:1::1",        "2001:db8:0:1:ffff::2",    true  },
	{ "two spellings in IPv6",         "2001:db8::1",            "2001:0DB8:0:0:0:0:0:1",   true  },
	{ "two /64 of IPv6",               "2001:db8:0:1::1",        "2001:db8:0:2::1",         false },
	{ "IPv4 mapped into IPv6",         "192.0.2.1",              "::ffff:192.0.2.1",        true  },
	{ "neighbours mapped into IPv6",   "::ffff:192.0.2.1",       "::ffff:192.0.2.2",        false },
	{ "IPv4 and its bytes in IPv6",    "192.0.2.1",              "c000:201::",              false },
	{ "unknown and empty",             "unix:",                  "",                        true  },
	{ "unknown and a name",            "localhost",              "nowhere",                 true  },
	{ "unknown and an octal IPv4",     "unknown",                "0300.0.2.1",              true  },
	{ "unknown and an IPv4 with port", "unknown",                "192.0.2.1:80",            true  },
	{ "unknown and the zero address",  "unknown",                "0.0.0.0",                 false },
	{ "unknown and the zero /64",      "unknown",                "::",                      false },
	{ "the two zero addresses",        "0.0.0.0",                "::",                      false },
	// clang-format on
};

static void test_an_address_is_a_32_of_ipv4_or_a_64_of_ipv6(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(address_cases); i++) {
		const struct address_case *c = &address_cases[i];
		struct throttle *throttle = throttle_new();

		assert_non_null(throttle);
		charge_times(throttle, c->first, 5, START);
		if ((throttle_wait_ms(throttle, &victim, c->second, START) > 0) != c->same)
			fail_msg("%s: expected %s", c->label, c->same ? "one" : "two");
		throttle_free(throttle);
	}
}

static void test_a_selector_is_suspected_for_a_minute_after_its_last_failure(void **state)
{
	throttle_charge(*state, &victim, "192.0.2.1", START);
	assert_true(throttle_suspects(*state, &victim, START));
	assert_true(throttle_suspects(*state, &victim, START + 59999));
	assert_false(throttle_suspects(*state, &victim, START + 60000));
	throttle_charge(*state, &victim, "192.0.2.1", START + 59999);
	assert_true(throttle_suspects(*state, &victim, START + 60000));
}

static struct selector numbered(int number)
{
	struct selector selector;

	snprintf(selector.text, sizeof(selector.text), "%010d", number);
	return selector;
}

/* Far more selectors than there is room for: all that is empty stays, what is nearly full goes. */
static void test_a_flood_of_others_does_not_push_out_an_empty_bucket(void **state)
{
	charge_times(*state, "192.0.2.1", 20, START);
	for (int i = 0; i < 100000; i++) {
		const struct selector other = numbered(i);

		throttle_charge(*state, &other, "198.51.100.1", START);
	}
	assert_int_equal(throttle_wait_ms(*state, &victim, "203.0.113.1", START), 3000);
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START), 12000);
}

static void test_old_buckets_make_room_for_new_ones(void **state)
{
	for (int i = 0; i < 100000; i++) {
		const struct selector other = numbered(i);

		throttle_charge(*state, &other, "198.51.100.1", START);
	}
	charge_times(*state, "192.0.2.1", 5, START + 3600000);
	assert_int_equal(throttle_wait_ms(*state, &victim, "192.0.2.1", START + 3600000), 12000);
	assert_true(throttle_suspects(*state, &victim, START + 3600000));
}

static void test_freeing_nothing_is_allowed(void **state)
{
	(void)state;
	throttle_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nobody_waits_before_a_failure, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_asking_charges_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_five_failures_from_one_address_and_then_one_every_12_s, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_another_address_does_not_wait_for_the_first,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_selector_does_not_wait_for_the_first,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_twenty_failures_from_anywhere_and_then_one_every_3_s, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_failures_beyond_empty_are_not_paid_for_later,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_bucket_is_full_again_after_a_minute_and_never_fuller, set_up,
			tear_down),
		cmocka_unit_test(test_an_address_is_a_32_of_ipv4_or_a_64_of_ipv6),
		cmocka_unit_test_setup_teardown(
			test_a_selector_is_suspected_for_a_minute_after_its_last_failure, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_flood_of_others_does_not_push_out_an_empty_bucket, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_old_buckets_make_room_for_new_ones, set_up,
						tear_down),
		cmocka_unit_test(test_freeing_nothing_is_allowed),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
