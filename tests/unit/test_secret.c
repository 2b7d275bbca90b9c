/* SPDX-License-Identifier: ISC */
#include "secret.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define RFC_SALT_AND_HASH                                                                          \
	"U29kaXVtQ2hsb3JpZGU=$"                                                                    \
	"cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8P"                                     \
	"z2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw=="
#define HASH_OF_64_ZEROS                                                                           \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="

/* The cheapest run there is: these tests are about the text, not about the cost. */
static const struct scrypt_parameters cheap = {.n = 16, .r = 1, .p = 1};

static struct key key_of(const char *text)
{
	struct key key = {0};

	memcpy(key.secret_text, text, strlen(text));
	return key;
}

static struct secret_hash hash_of(const char *mcf)
{
	struct secret_hash hash = {0};

	memcpy(hash.mcf, mcf, strlen(mcf));
	return hash;
}

static const char key_text[] = "dft_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL";

static void test_a_key_matches_the_hash_that_was_made_from_it(void **state)
{
	const struct key key = key_of(key_text);
	struct secret_hash hash;

	(void)state;
	assert_int_equal(secret_hash_key(&key, &cheap, &hash), RESULT_OK);
	assert_int_equal(secret_check_key(&key, &hash), RESULT_OK);
	assert_int_equal(strncmp(hash.mcf, "$s1$040101$", 11), 0);
	assert_null(strstr(hash.mcf, key_text));
}

static void test_no_other_key_matches(void **state)
{
	const struct key key = key_of(key_text);
	struct secret_hash hash;

	(void)state;
	assert_int_equal(secret_hash_key(&key, &cheap, &hash), RESULT_OK);
	for (size_t i = 0; i < sizeof(key_text) - 1; i++) {
		struct key other = key;

		other.secret_text[i] ^= 1;
		assert_int_equal(secret_check_key(&other, &hash), RESULT_INVALID_TOKEN);
	}
}

static void test_each_hash_has_a_salt_of_its_own(void **state)
{
	const struct key key = key_of(key_text);
	struct secret_hash a, b;

	(void)state;
	assert_int_equal(secret_hash_key(&key, &cheap, &a), RESULT_OK);
	assert_int_equal(secret_hash_key(&key, &cheap, &b), RESULT_OK);
	assert_string_not_equal(a.mcf, b.mcf);
}

/* RFC 7914, section 12, but for the vectors with no password and with 1 GiB. */
static const struct vector_case {
	const char *label, *password, *mcf;
} vector_cases[] = {
	// clang-format off
	{ "N=1024, r=8, p=16", "password",
	  "$s1$0a0810$TmFDbA==$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIu"
	  "rzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA==" },
	{ "N=16384, r=8, p=1", "pleaseletmein", "$s1$0e0801$" RFC_SALT_AND_HASH },
	// clang-format on
};

static void test_the_function_is_the_scrypt_of_rfc_7914(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(vector_cases); i++) {
		const struct vector_case *c = &vector_cases[i];
		const struct key key = key_of(c->password);
		const struct secret_hash hash = hash_of(c->mcf);

		if (secret_check_key(&key, &hash) != RESULT_OK)
			fail_msg("%s: expected a match", c->label);
	}
}

static const struct text_case {
	const char *label, *mcf;
} text_cases[] = {
	// clang-format off
	{ "nothing, as a revoked row has it",  "" },
	{ "another scheme",                    "$s2$0e0801$" RFC_SALT_AND_HASH },
	{ "no dollar at the start",            "s1$0e0801$" RFC_SALT_AND_HASH },
	{ "the start alone",                   "$s1$" },
	{ "the parameters alone",              "$s1$0e0801" },
	{ "parameters and a dollar",           "$s1$0e0801$" },
	{ "no hexadecimal digit",              "$s1$0e08g1$" RFC_SALT_AND_HASH },
	{ "five digits",                       "$s1$0e081$" RFC_SALT_AND_HASH },
	{ "seven digits",                      "$s1$0e08010$" RFC_SALT_AND_HASH },
	{ "a sign",                            "$s1$+e0801$" RFC_SALT_AND_HASH },
	{ "n = 1",                             "$s1$000801$" RFC_SALT_AND_HASH },
	{ "n above 2^20",                      "$s1$150801$" RFC_SALT_AND_HASH },
	{ "n = 2^255",                         "$s1$ff0801$" RFC_SALT_AND_HASH },
	{ "n = 2^78, which a shift may wrap",  "$s1$4e0801$" RFC_SALT_AND_HASH },
	{ "r = 0",                             "$s1$0e0001$" RFC_SALT_AND_HASH },
	{ "p = 0",                             "$s1$0e0800$" RFC_SALT_AND_HASH },
	{ "no salt",                           "$s1$0e0801$$" HASH_OF_64_ZEROS },
	{ "no hash",                           "$s1$0e0801$AAAAAAAAAAAAAAAAAAAAAA==" },
	{ "an empty hash",                     "$s1$0e0801$AAAAAAAAAAAAAAAAAAAAAA==$" },
	{ "a short hash",                      "$s1$0e0801$AAAAAAAAAAAAAAAAAAAAAA==$AAAA" },
	{ "a hash of 67 bytes",                "$s1$0e0801$AAAA$AAAA" HASH_OF_64_ZEROS },
	{ "no padding",                        "$s1$0e0801$AAAAAAAAAAAAAAAAAAAAAA$" HASH_OF_64_ZEROS },
	{ "no base64",                         "$s1$0e0801$AAAAAAAAAAAAAAAAAAAAA-==$" HASH_OF_64_ZEROS },
	{ "bits behind the last byte",         "$s1$0e0801$AAAAAAAAAAAAAAAAAAAAAB==$" HASH_OF_64_ZEROS },
	{ "something behind",                  "$s1$0e0801$" RFC_SALT_AND_HASH "$" },
	{ "a blank in front",                  " $s1$0e0801$" RFC_SALT_AND_HASH },
	// clang-format on
};

static void test_a_text_of_another_form_is_an_internal_fault_and_costs_no_run(void **state)
{
	const struct key key = key_of("pleaseletmein");
	const struct scrypt_parameters usual = {.n = 16384, .r = 8, .p = 1};
	uint64_t before = secret_runs();

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(text_cases); i++) {
		const struct secret_hash hash = hash_of(text_cases[i].mcf);

		if (secret_check_key(&key, &hash) != RESULT_INTERNAL ||
		    secret_hash_has_parameters(&hash, &usual))
			fail_msg("%s: expected a refusal", text_cases[i].label);
	}
	assert_int_equal(secret_runs(), before);
}

static void test_a_text_that_does_not_end_is_refused(void **state)
{
	const struct key key = key_of(key_text);
	struct secret_hash hash = hash_of("$s1$040101$AAAA$");

	(void)state;
	memset(hash.mcf + 16, 'A', sizeof(hash.mcf) - 16);
	assert_int_equal(secret_check_key(&key, &hash), RESULT_INTERNAL);
}

/* Positions 4 to 9, the parameters, are left out: some values ask for gigabytes. */
static void test_a_hash_with_one_changed_character_never_matches(void **state)
{
	const struct key key = key_of(key_text);
	struct secret_hash hash;

	(void)state;
	assert_int_equal(secret_hash_key(&key, &cheap, &hash), RESULT_OK);
	for (size_t i = 0; hash.mcf[i] != '\0'; i++) {
		struct secret_hash other = hash;

		other.mcf[i] ^= 1;
		if ((i < 4 || i > 9) && secret_check_key(&key, &other) == RESULT_OK)
			fail_msg("character %zu of %s", i, hash.mcf);
	}
}

static void test_a_zeroed_key_has_no_hash_and_matches_none(void **state)
{
	const struct key nobody = {0};
	/* What scrypt makes of the empty password, so that only the rule can refuse it. */
	const struct secret_hash empty = hash_of("$s1$040101$MDEyMzQ1Njc4OWFiY2RlZg==$"
						 "c2b89rGQOesxZQQ3bl02jMgnSJ5qe7FJaOAbLCegREFg"
						 "cn1QxmVSVHyI4InnTYpqWslRq0l13XD788SfROualA==");
	struct secret_hash hash;

	(void)state;
	assert_int_equal(secret_hash_key(&nobody, &cheap, &hash), RESULT_INTERNAL);
	assert_string_equal(hash.mcf, "");
	assert_int_equal(secret_check_key(&nobody, &empty), RESULT_INTERNAL);
}

static const struct parameters_case {
	const char *label;
	struct scrypt_parameters parameters;
	bool valid;
} parameters_cases[] = {
	// clang-format off
	{ "the default",        { 16384, 8, 1 },                  true  },
	{ "the least",          { 2, 1, 1 },                      true  },
	{ "the most",           { 1048576, 255, 255 },            true  },
	{ "nothing",            { 0, 0, 0 },                      false },
	{ "n = 1",              { 1, 8, 1 },                      false },
	{ "no power of two",    { 16383, 8, 1 },                  false },
	{ "n above 2^20",       { 2097152, 8, 1 },                false },
	{ "n = 2^32 in 64 bit", { UINT64_C(4294967296), 8, 1 },   false },
	{ "r = 0",              { 16384, 0, 1 },                  false },
	{ "r = 256",            { 16384, 256, 1 },                false },
	{ "p = 0",              { 16384, 8, 0 },                  false },
	{ "p = 256",            { 16384, 8, 256 },                false },
	{ "r * p = 2^32",       { 16384, 65536, 65536 },          false },
	// clang-format on
};

static void test_parameters_are_those_that_the_rfc_and_the_text_allow(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(parameters_cases); i++) {
		const struct parameters_case *c = &parameters_cases[i];

		if (secret_parameters_valid(&c->parameters) != c->valid)
			fail_msg("%s: expected %s", c->label, c->valid ? "yes" : "no");
	}
}

static void test_nothing_is_hashed_with_parameters_that_are_not_valid(void **state)
{
	const struct key key = key_of(key_text);

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(parameters_cases); i++) {
		const struct parameters_case *c = &parameters_cases[i];
		struct secret_hash hash;

		if (c->valid)
			continue;
		if (secret_hash_key(&key, &c->parameters, &hash) != RESULT_INTERNAL ||
		    hash.mcf[0] != '\0')
			fail_msg("%s: expected a refusal", c->label);
	}
}

static void test_a_hash_tells_its_parameters(void **state)
{
	static const struct scrypt_parameters others[] = {{32, 1, 1}, {16, 2, 1}, {16, 1, 2}};
	const struct key key = key_of(key_text);
	struct secret_hash hash;

	(void)state;
	assert_int_equal(secret_hash_key(&key, &cheap, &hash), RESULT_OK);
	assert_true(secret_hash_has_parameters(&hash, &cheap));
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_false(secret_hash_has_parameters(&hash, &others[i]));
}

static void test_runs_are_counted(void **state)
{
	const struct key key = key_of(key_text);
	uint64_t before = secret_runs();
	struct secret_hash hash;

	(void)state;
	assert_int_equal(secret_hash_key(&key, &cheap, &hash), RESULT_OK);
	assert_int_equal(secret_check_key(&key, &hash), RESULT_OK);
	assert_int_equal(secret_runs(), before + 2);
	assert_int_equal(secret_running(), 0);
}

/* In a process of its own, which can then not get the 16 MiB. Its exit code tells. */
static void test_without_memory_the_answer_is_busy_and_never_no(void **state)
{
	const struct key key = key_of("pleaseletmein");
	const struct secret_hash hash = hash_of("$s1$0e0801$" RFC_SALT_AND_HASH);
	const struct scrypt_parameters usual = {.n = 16384, .r = 8, .p = 1};
	int status = 0;
	pid_t child = fork();

	(void)state;
	assert_int_not_equal(child, -1);
	if (child == 0) {
		const struct rlimit limit = {.rlim_cur = 8 << 20, .rlim_max = 8 << 20};
		struct secret_hash made;

		if (setrlimit(RLIMIT_AS, &limit) != 0)
			_exit(1);
		if (secret_check_key(&key, &hash) != RESULT_BUSY)
			_exit(2);
		if (secret_hash_key(&key, &usual, &made) != RESULT_BUSY || made.mcf[0] != '\0')
			_exit(3);
		_exit(secret_running() == 0 ? 0 : 4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_key_matches_the_hash_that_was_made_from_it),
		cmocka_unit_test(test_no_other_key_matches),
		cmocka_unit_test(test_each_hash_has_a_salt_of_its_own),
		cmocka_unit_test(test_the_function_is_the_scrypt_of_rfc_7914),
		cmocka_unit_test(test_a_text_of_another_form_is_an_internal_fault_and_costs_no_run),
		cmocka_unit_test(test_a_text_that_does_not_end_is_refused),
		cmocka_unit_test(test_a_hash_with_one_changed_character_never_matches),
		cmocka_unit_test(test_a_zeroed_key_has_no_hash_and_matches_none),
		cmocka_unit_test(test_parameters_are_those_that_the_rfc_and_the_text_allow),
		cmocka_unit_test(test_nothing_is_hashed_with_parameters_that_are_not_valid),
		cmocka_unit_test(test_a_hash_tells_its_parameters),
		cmocka_unit_test(test_runs_are_counted),
		cmocka_unit_test(test_without_memory_the_answer_is_busy_and_never_no),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
