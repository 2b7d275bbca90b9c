/* SPDX-License-Identifier: ISC */
#include "config.h"
#include "setting.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CORES = 3, MIB = 1 << 20 };

#define DATABASE "database = /var/lib/claviger/claviger.db\n"

/* A directory of our own with the two files that a configuration can be made of. */
static struct {
	char directory[64];
	char file[96];
	char catalogue[96];
} place;

static char *nothing[] = {NULL};

static int make_place(void **state)
{
	(void)state;
	snprintf(place.directory, sizeof(place.directory), "/tmp/claviger-config-XXXXXX");
	if (mkdtemp(place.directory) == NULL)
		return -1;
	snprintf(place.file, sizeof(place.file), "%s/conf", place.directory);
	snprintf(place.catalogue, sizeof(place.catalogue), "%s/names", place.directory);
	return 0;
}

static int remove_place(void **state)
{
	(void)state;
	unlink(place.file);
	unlink(place.catalogue);
	return rmdir(place.directory);
}

static void write_file(const char *path, const char *content, size_t length)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, content, length), length);
	close(descriptor);
}

static enum result load_text(const char *text, char *const *environment, struct config *config,
			     struct error *err)
{
	write_file(place.file, text, strlen(text));
	return config_load(place.file, environment, CORES, config, err);
}

static void expect_refusal(const char *label, enum result result, const struct error *err,
			   const char *said)
{
	if (result != RESULT_INVALID_CONFIGURATION || err->result != result)
		fail_msg("%s: result %d, in the error %d", label, result, err->result);
	if (strstr(err->message, said) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", label, err->message, said);
}

static void test_config_load_has_the_defaults_of_the_manual(void **state)
{
	struct config config;
	struct error err = {0};

	(void)state;
	assert_int_equal(load_text(DATABASE, nothing, &config, &err), RESULT_OK);
	assert_string_equal(config.file, place.file);
	assert_string_equal(config.database, "/var/lib/claviger/claviger.db");
	assert_string_equal(config.base_path, "");
	assert_string_equal(config.token_prefix, "dft_");
	assert_string_equal(config.catalogue_file, "");
	assert_int_equal(config.catalogue.count, 18);
	assert_int_equal(config.scrypt.n, 16384);
	assert_int_equal(config.scrypt.r, 8);
	assert_int_equal(config.scrypt.p, 1);
	assert_false(config.allow_weak_scrypt);
	assert_int_equal(config.journal_mode, JOURNAL_WAL);
	assert_int_equal(config.busy_timeout_ms, 5000);
	assert_int_equal(config.memo_entries, 131072);
	assert_string_equal(config.memo_file, "");
	assert_int_equal(config.tokens_per_account, 1000);
	assert_int_equal(config.requests_per_minute, 0);
	assert_string_equal(config.log, "stderr");
	assert_int_equal(config.log_level, LOG_INFO);
	assert_false(config.allow_root);
	assert_false(config.metrics);
	assert_string_equal(config.audit_key_file, "");
}

static void test_config_load_takes_every_key_from_the_file(void **state)
{
	static const char text[] = "# a comment\n"
				   "\n"
				   "  database=/a/b \t\r\n"
				   "base_path = /claviger/v2.x\n"
				   "token_prefix = A1b2C3d4_\n"
				   "scrypt_n = 2\n"
				   "scrypt_r = 255\r\n"
				   "scrypt_p = 255\n"
				   "allow_weak_scrypt = true\n"
				   "fast_threads = 16\n"
				   "slow_threads = 1\n"
				   "journal_mode = delete\n"
				   "busy_timeout_ms = 0\n"
				   "memo_entries = 16777216\n"
				   "memo_file = /run/memo = x\n"
				   "tokens_per_account = 10000000\n"
				   "requests_per_minute = 1000000\n"
				   "log = /var/log/claviger\xC3\xA9#1\n"
				   "log_level = debug\n"
				   "allow_root = true\n"
				   "audit_key_file = /root/audit-key\n"
				   "metrics = on"; /* without a line end */
	struct config config;
	struct error err = {0};

	(void)state;
	if (load_text(text, nothing, &config, &err) != RESULT_OK)
		fail_msg("%s", err.message);
	assert_string_equal(config.database, "/a/b");
	assert_string_equal(config.base_path, "/claviger/v2.x");
	assert_string_equal(config.token_prefix, "A1b2C3d4_");
	assert_int_equal(config.scrypt.n, 2);
	assert_int_equal(config.scrypt.r, 255);
	assert_int_equal(config.scrypt.p, 255);
	assert_true(config.allow_weak_scrypt);
	assert_int_equal(config.fast_threads, 16);
	assert_int_equal(config.slow_threads, 1);
	assert_int_equal(config.journal_mode, JOURNAL_DELETE);
	assert_int_equal(config.busy_timeout_ms, 0);
	assert_int_equal(config.memo_entries, 16777216);
	assert_string_equal(config.memo_file, "/run/memo = x");
	assert_int_equal(config.tokens_per_account, 10000000);
	assert_int_equal(config.requests_per_minute, 1000000);
	assert_string_equal(config.log, "/var/log/claviger\xC3\xA9#1");
	assert_int_equal(config.log_level, LOG_DEBUG);
	assert_true(config.allow_root);
	assert_true(config.metrics);
	assert_string_equal(config.audit_key_file, "/root/audit-key");
}

static const struct cores_case {
	uint32_t cores, fast, slow;
} cores_cases[] = {{1, 1, 2}, {2, 1, 2}, {3, 1, 3}, {4, 2, 4}, {64, 4, 4}};

static void test_config_load_derives_the_threads_from_the_cores(void **state)
{
	(void)state;
	write_file(place.file, DATABASE, sizeof(DATABASE) - 1);
	for (size_t i = 0; i < ARRAY_LENGTH(cores_cases); i++) {
		const struct cores_case *c = &cores_cases[i];
		struct config config;
		struct error err = {0};

		assert_int_equal(config_load(place.file, nothing, c->cores, &config, &err),
				 RESULT_OK);
		assert_int_equal(config.fast_threads, c->fast);
		assert_int_equal(config.slow_threads, c->slow);
	}
}

/* The text stands in the file FILE. */
static const struct text_case {
	const char *label, *text, *message;
} text_cases[] = {
	// clang-format off
	{ "empty",                     "",                               "FILE: empty; write at least" },
	{ "byte order mark",           "\xEF\xBB\xBF" DATABASE,          "FILE:1: begins with a byte order mark; save" },
	{ "no =",                      DATABASE "metrics on\n",          "FILE:2: metrics on: no = in this line; write KEY = value" },
	{ "no key",                    "= x\n",                          "FILE:1: : unknown; see man claviger.conf" },
	{ "unknown key",               "\n\npolicies = x\n",             "FILE:3: policies: unknown; see man claviger.conf" },
	{ "two letters too few",       "scrypt = 8\n",                   "FILE:1: scrypt: unknown; see man claviger.conf" },
	{ "a missing letter",          "metric = on\n",                  "FILE:1: metric: unknown; did you mean metrics?" },
	{ "a letter too many",         "databasse = /x\n",               "did you mean database?" },
	{ "a wrong letter",            "log-level = info\n",             "did you mean log_level?" },
	{ "two letters turned round",  "metrcis = on\n",                 "did you mean metrics?" },
	{ "capitals",                  "METRICS = on\n",                 "FILE:1: METRICS: unknown; did you mean metrics?" },
	{ "a control character in it", "a\x1B[2J = on\n",                "FILE:1: a\\x1B[2J = on: the line holds a control character" },
	{ "a key twice",               "log = /x\n\nlog = /x\n",         "FILE:3: log: for the second time, after line 1; keep one" },
	{ "an empty value",            "database = \n",                  "FILE:1: database: the value is empty; write an absolute path" },
	{ "bad UTF-8",                 "# \xC3(\n",                      "FILE:1: # \\xC3(: the line holds bytes that are not UTF-8" },
	{ "overlong UTF-8",            DATABASE "log = /\xC0\xAF\n",     "FILE:2: log = /\\xC0\\xAF: the line holds bytes that are not UTF-8" },
	{ "a carriage return inside",  "log = /x\rlog = /y\n",           "the line holds a control character; remove it" },
	{ "a comment in the line",     "metrics = on # why\n",           "FILE:1: metrics: \"on # why\" ends in a comment; give" },
	{ "a relative path",           "database = claviger.db\n",       "FILE:1: database: \"claviger.db\" is not allowed; write an absolute path" },
	{ "a quoted path",             "database = \"/x\"\n",            "FILE:1: database: \"\\x22/x\\x22\" is not allowed" },
	{ "log to a word",             "log = stdout\n",                 "FILE:1: log: \"stdout\" is not allowed; write stderr or an absolute path" },
	{ "base path, relative",       "base_path = claviger\n",         "base_path: \"claviger\" is not allowed; write a path" },
	{ "base path, the root",       "base_path = /\n",                "base_path: \"/\" is not allowed" },
	{ "base path, slash at end",   "base_path = /x/\n",              "base_path: \"/x/\" is not allowed" },
	{ "base path, two slashes",    "base_path = /x//y\n",            "is not allowed" },
	{ "base path, dots",           "base_path = /x/../y\n",          "is not allowed" },
	{ "base path, one dot",        "base_path = /./y\n",             "is not allowed" },
	{ "base path, encoded",        "base_path = /x%2Fy\n",           "is not allowed" },
	{ "prefix with a hyphen",      "token_prefix = a-b_\n",          "token_prefix: \"a-b_\" is not allowed; write 1 to 8 of A-Za-z0-9 and then _" },
	{ "prefix of nothing",         "token_prefix = _\n",             "is not allowed" },
	{ "prefix of nine",            "token_prefix = abcdefghi_\n",    "is not allowed" },
	{ "prefix without underscore", "token_prefix = dft\n",           "is not allowed" },
	{ "number with a unit",        "tokens_per_account = 10k\n",     "tokens_per_account: \"10k\" is not allowed; write a number from 1 to 10000000" },
	{ "negative number",           "fast_threads = -1\n",            "fast_threads: \"-1\" is not allowed; write a number from 1 to 16" },
	{ "number with a plus",        "fast_threads = +1\n",            "is not allowed" },
	{ "nought",                    "fast_threads = 0\n",             "is not allowed" },
	{ "one too many",              "slow_threads = 17\n",            "slow_threads: \"17\" is not allowed; write a number from 1 to 16" },
	{ "one account too many",      "tokens_per_account = 10000001\n", "is not allowed" },
	{ "memo too small",            "memo_entries = 1023\n",          "write a number from 1024 to 16777216" },
	{ "memo too large",            "memo_entries = 16777217\n",      "is not allowed" },
	{ "2^63",                      "busy_timeout_ms = 9223372036854775808\n", "is not allowed" },
	{ "2^64 + 1",                  "busy_timeout_ms = 18446744073709551617\n", "is not allowed" },
	{ "two numbers",               "memo_entries = 1 0\n",           "memo_entries: \"1 0\" is not allowed" },
	{ "scrypt N too large",        "scrypt_n = 2097152\n",           "scrypt_n: \"2097152\" is not allowed; write a number from 2 to 1048576" },
	{ "scrypt r too large",        "scrypt_r = 32768\nscrypt_p = 32768\n", "FILE:1: scrypt_r: \"32768\" is not allowed; write a number from 1 to 255" },
	{ "scrypt p of nought",        "scrypt_p = 0\n",                 "is not allowed" },
	{ "a rate of nought",          "requests_per_minute = 0\n",      "requests_per_minute: \"0\" is not allowed; write off or a number from 1 to 1000000" },
	{ "a rate too high",           "requests_per_minute = 1000001\n", "is not allowed" },
	{ "a rate that is on",         "requests_per_minute = on\n",     "is not allowed" },
	{ "no days",                   "purge_after_days = 0\n",         "purge_after_days: \"0\" is not allowed; write off or a number from 1 to 36500" },
	{ "too many days",             "purge_after_days = 36501\n",     "is not allowed" },
	{ "days in words",             "purge_after_days = 90d\n",       "is not allowed" },
	{ "off in capitals",           "purge_after_days = Off\n",       "is not allowed" },
	{ "maybe",                     "allow_root = maybe\n",           "allow_root: \"maybe\" is not allowed; write false or true" },
	{ "TRUE",                      "allow_root = TRUE\n",            "is not allowed" },
	{ "true for a switch",         "metrics = true\n",               "metrics: \"true\" is not allowed; write off or on" },
	{ "a mode of its own",         "journal_mode = memory\n",        "journal_mode: \"memory\" is not allowed; write wal or delete" },
	{ "a level of its own",        "log_level = loud\n",             "log_level: \"loud\" is not allowed; write error, warning, info or debug" },
	{ "a key pasted as a prefix",  "token_prefix = dft_abcdefghijABCDEFGHIJKLMNOPQRSTUVWXYZ012345678912\n", "token_prefix: \"dft_abcdefghijABCDEFGHIJ...\" is not" },
	// clang-format on
};

static void test_config_parse_refuses_bad_text_and_says_where_and_what_is_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(text_cases); i++) {
		const struct text_case *c = &text_cases[i];
		struct config config;
		struct error err = {0};
		enum result result;

		result = config_parse("FILE", c->text, strlen(c->text), &config, &err);
		expect_refusal(c->label, result, &err, c->message);
	}
}

static void test_a_number_may_be_off_where_the_manual_says_so(void **state)
{
	static const char off[] = "purge_after_days = off\n", days[] = "purge_after_days = 90\n";
	struct config config;
	struct error err = {0};

	(void)state;
	assert_int_equal(config_parse("FILE", days, sizeof(days) - 1, &config, &err), RESULT_OK);
	assert_int_equal(config.purge_after_days, 90);
	assert_int_equal(config_parse("FILE", off, sizeof(off) - 1, &config, &err), RESULT_OK);
	assert_int_equal(config.purge_after_days, 0);
	assert_int_equal(config_parse("FILE", "", 0, &config, &err), RESULT_INVALID_CONFIGURATION);
	assert_int_equal(config.purge_after_days, 0);
}

static void test_config_parse_refuses_a_nul(void **state)
{
	static const char text[] = "log = /x\0y\n";
	struct config config;
	struct error err = {0};

	(void)state;
	expect_refusal("NUL", config_parse("FILE", text, sizeof(text) - 1, &config, &err), &err,
		       "FILE:1: log = /x\\x00y: the line holds a NUL byte");
}

static void test_config_parse_takes_a_value_of_1023_bytes_and_not_one_more(void **state)
{
	char text[2000] = "log = /";
	size_t before = strlen("log = ");
	struct config config;
	struct error err = {0};

	(void)state;
	memset(text + before + 1, 'x', 1022);
	assert_int_equal(config_parse("FILE", text, before + 1023, &config, &err), RESULT_OK);
	assert_int_equal(strlen(config.log), 1023);
	text[before + 1023] = 'x';
	expect_refusal("1024 bytes", config_parse("FILE", text, before + 1024, &config, &err), &err,
		       "has 1024 bytes; at most 1023 are allowed");
}

/* What is only seen once everything was read. */
static const struct whole_case {
	const char *label, *text, *message;
} whole_cases[] = {
	// clang-format off
	{ "no database",              "metrics = on\n",                         "/conf: database: not given; write the absolute path" },
	{ "N is no power of two",     DATABASE "scrypt_n = 16385\n",            "/conf:2: scrypt_n: 16385 is no power of two; write one, such as 16384" },
	{ "weak N",                   DATABASE "scrypt_n = 8192\n",             "/conf:2: scrypt_n: 8192 is weak; write 16384 or more, or allow_weak_scrypt = true" },
	{ "weak N, not allowed",      DATABASE "allow_weak_scrypt = false\nscrypt_n = 8192\n", "/conf:3: scrypt_n: 8192 is weak" },
	{ "no such catalogue",        DATABASE "catalogue = /nonexistent/x\n",  "/conf:2: catalogue: /nonexistent: there is no such directory" },
	// clang-format on
};

static void test_config_load_checks_what_needs_more_than_one_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(whole_cases); i++) {
		const struct whole_case *c = &whole_cases[i];
		struct config config;
		struct error err = {0};
		enum result result = load_text(c->text, nothing, &config, &err);

		expect_refusal(c->label, result, &err, c->message);
	}
}

static void test_config_load_allows_weak_scrypt_whichever_key_comes_first(void **state)
{
	struct config config;
	struct error err = {0};

	(void)state;
	assert_int_equal(load_text(DATABASE "scrypt_n = 1024\nallow_weak_scrypt = true\n", nothing,
				   &config, &err),
			 RESULT_OK);
	assert_int_equal(load_text(DATABASE "allow_weak_scrypt = true\nscrypt_n = 1024\n", nothing,
				   &config, &err),
			 RESULT_OK);
}

static void test_config_load_refuses_a_file_that_is_not_ours_alone(void **state)
{
	static char large[2 * MIB];
	struct config config;
	struct error err = {0};

	(void)state;
	expect_refusal("missing", config_load(place.file, nothing, CORES, &config, &err), &err,
		       "there is no such file");
	expect_refusal("directory", config_load(place.directory, nothing, CORES, &config, &err),
		       &err, place.directory);
	assert_int_equal(mkfifo(place.file, 0600), 0);
	expect_refusal("FIFO", config_load(place.file, nothing, CORES, &config, &err), &err,
		       "not a regular file");
	unlink(place.file);
	memset(large, '\n', sizeof(large));
	write_file(place.file, large, sizeof(large));
	expect_refusal("2 MiB", config_load(place.file, nothing, CORES, &config, &err), &err,
		       "at most 65536 bytes");
	write_file(place.file, DATABASE, sizeof(DATABASE) - 1);
	assert_int_equal(chmod(place.file, 0644), 0);
	expect_refusal("others read", config_load(place.file, nothing, CORES, &config, &err), &err,
		       "run: chmod 0640 /tmp/");
	assert_int_equal(chmod(place.file, 0640), 0);
	assert_int_equal(config_load(place.file, nothing, CORES, &config, &err), RESULT_OK);
	assert_int_equal(chmod(place.directory, 01777), 0);
	expect_refusal("others write there", config_load(place.file, nothing, CORES, &config, &err),
		       &err, "shared with other users");
}

#define NEEDED_BUT_TEAM                                                                            \
	"api-keys:read List.\napi-keys:write Make.\nsettings:write Set.\nwebsites:read See.\n"     \
	"websites:write Add.\nteam:read Who.\n"

static const struct catalogue_case {
	const char *label, *text, *message; /* NULL: good */
} catalogue_cases[] = {
	{"all that is needed, and one", NEEDED_BUT_TEAM "team:write Give.\nx:y Own.\n", NULL},
	{"one is missing", NEEDED_BUT_TEAM, "names lacks team:write; add what"},
	{"a name twice", NEEDED_BUT_TEAM "team:read Again.\n", "names:7: team:read"},
	{"no colon", "everything All.\n", "names:1: "},
	{"the star", "* All.\n", "names:1: "},
};

static void test_config_load_reads_the_catalogue_and_wants_our_own_names_in_it(void **state)
{
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), "%scatalogue = %s\n", DATABASE, place.catalogue);
	for (size_t i = 0; i < ARRAY_LENGTH(catalogue_cases); i++) {
		const struct catalogue_case *c = &catalogue_cases[i];
		struct config config;
		struct error err = {0};
		enum result result;

		write_file(place.catalogue, c->text, strlen(c->text));
		result = load_text(text, nothing, &config, &err);
		if (c->message != NULL)
			expect_refusal(c->label, result, &err, c->message);
		else if (result != RESULT_OK || config.catalogue.count != 8)
			fail_msg("%s: %s", c->label, err.message);
	}
}

static void test_config_load_refuses_a_catalogue_that_others_write(void **state)
{
	char text[256];
	struct config config;
	struct error err = {0};

	(void)state;
	snprintf(text, sizeof(text), "%scatalogue = %s\n", DATABASE, place.catalogue);
	write_file(place.catalogue, "x:y Own.\n", 9);
	assert_int_equal(chmod(place.catalogue, 0666), 0);
	expect_refusal("0666", load_text(text, nothing, &config, &err), &err,
		       "/conf:2: catalogue: /tmp/");
}

static const struct environment_case {
	const char *label;
	const char *variables[4];
	const char *message; /* NULL: good */
} environment_cases[] = {
	// clang-format off
	{ "misspelt",                 { "CLAVIGER_DATABSE=/x" },                        "environment: CLAVIGER_DATABSE: unknown; did you mean CLAVIGER_DATABASE?" },
	{ "nothing alike",            { "CLAVIGER_COLOUR=red" },                        "environment: CLAVIGER_COLOUR: unknown; remove it" },
	{ "a key of a later version", { "CLAVIGER_MIRROR=/x" },                         "environment: CLAVIGER_MIRROR: unknown" },
	{ "small letters",            { "CLAVIGER_database=/x" },                       "environment: CLAVIGER_database: unknown; did you mean CLAVIGER_DATABASE?" },
	{ "no name",                  { "CLAVIGER_=/x" },                               "environment: CLAVIGER_: unknown" },
	{ "no value",                 { "CLAVIGER_LOG=" },                              "environment: CLAVIGER_LOG: the value is empty; write stderr or" },
	{ "no =",                     { "CLAVIGER_LOG" },                               "environment: CLAVIGER_LOG: the value is empty" },
	{ "a bad value",              { "CLAVIGER_FAST_THREADS=many" },                 "environment: CLAVIGER_FAST_THREADS: \"many\" is not allowed; write a number from 1 to 16" },
	{ "a control character",      { "CLAVIGER_LOG=/x\n" },                          "environment: CLAVIGER_LOG: \"/x\\x0A\" holds a control character" },
	{ "bad UTF-8",                { "CLAVIGER_LOG=/\xFF" },                         "environment: CLAVIGER_LOG: \"/\\xFF\" holds bytes that are not UTF-8" },
	{ "twice",                    { "CLAVIGER_LOG=/x", "CLAVIGER_LOG=/x" },         "environment: CLAVIGER_LOG: for the second time" },
	{ "weak scrypt",              { "CLAVIGER_SCRYPT_N=1024" },                     "environment: CLAVIGER_SCRYPT_N: 1024 is weak" },
	{ "what is no key",           { "CLAVIGER_CONFIG=", "CLAVIGER_TOKEN=x", "CLAVIGER_SEED=1" }, NULL },
	{ "what is the gate's",       { "CLAVIGER_GATE=on", "CLAVIGER_METHOD=GET", "CLAVIGER_URI=/" }, NULL },
	{ "what is the client's",     { "CLAVIGER_API_BASE=x", "CLAVIGER_BOOTSTRAP=/x" }, NULL },
	{ "what is not ours",         { "LD_PRELOAD=x", "TZ=garbage", "CLAVIGERX=1" },  NULL },
	// clang-format on
};

static void test_config_load_refuses_a_misspelt_variable_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(environment_cases); i++) {
		const struct environment_case *c = &environment_cases[i];
		char copies[4][64], *environment[5] = {NULL};
		struct config config;
		struct error err = {0};
		enum result result;

		for (size_t j = 0; j < 4 && c->variables[j] != NULL; j++) {
			snprintf(copies[j], sizeof(copies[j]), "%s", c->variables[j]);
			environment[j] = copies[j];
		}
		result = load_text(DATABASE, environment, &config, &err);
		if (c->message != NULL)
			expect_refusal(c->label, result, &err, c->message);
		else if (result != RESULT_OK)
			fail_msg("%s: %s", c->label, err.message);
	}
}

static void test_config_load_needs_no_file_where_the_environment_says_all(void **state)
{
	char database[] = "CLAVIGER_DATABASE=/from/environment";
	char *environment[] = {database, NULL};
	struct config config;
	struct error err = {0};

	(void)state;
	assert_int_equal(config_load(NULL, environment, CORES, &config, &err), RESULT_OK);
	assert_string_equal(config.file, "");
	assert_string_equal(config.database, "/from/environment");
	expect_refusal("neither", config_load(NULL, nothing, CORES, &config, &err), &err,
		       "no configuration: " CONFIG_DEFAULT_FILE " is not there");
}

struct shown {
	size_t count;
	struct config_value values[32];
};

static void keep_value(void *context, const struct config_value *value)
{
	struct shown *shown = context;

	assert_true(shown->count < ARRAY_LENGTH(shown->values));
	shown->values[shown->count++] = *value;
}

static void expect_shown(const struct shown *shown, const char *key, const char *value,
			 const char *origin)
{
	for (size_t i = 0; i < shown->count; i++) {
		if (strcmp(shown->values[i].key, key) != 0)
			continue;
		assert_string_equal(shown->values[i].value, value);
		assert_string_equal(shown->values[i].origin, origin);
		return;
	}
	fail_msg("%s is not shown", key);
}

static void test_config_show_says_that_the_environment_wins(void **state)
{
	static const char text[] = DATABASE "log_level = debug\nlog = /longer/than/that\n";
	static struct shown shown;
	char level[] = "CLAVIGER_LOG_LEVEL=error", longer[] = "CLAVIGER_LOG=/x";
	char *environment[] = {level, longer, NULL};
	char origin[128];
	struct error err = {0};

	(void)state;
	write_file(place.file, text, sizeof(text) - 1);
	assert_int_equal(config_show(place.file, environment, CORES, keep_value, &shown, &err),
			 RESULT_OK);
	assert_int_equal(shown.count, 25);
	assert_string_equal(shown.values[0].key, "database");
	snprintf(origin, sizeof(origin), "%s:1", place.file);
	expect_shown(&shown, "database", "/var/lib/claviger/claviger.db", origin);
	expect_shown(&shown, "log_level", "error", "environment CLAVIGER_LOG_LEVEL");
	expect_shown(&shown, "log", "/x", "environment CLAVIGER_LOG");
	expect_shown(&shown, "scrypt_n", "16384", "default");
	expect_shown(&shown, "purge_after_days", "off", "default");
	expect_shown(&shown, "slow_threads", "3", "default");
	expect_shown(&shown, "allow_root", "false", "default");
	expect_shown(&shown, "memo_file", "", "default");
}

static void never_called(void *context, const struct config_value *value)
{
	(void)context;
	fail_msg("%s was shown", value->key);
}

static void test_config_show_fails_as_config_load_does(void **state)
{
	struct error err = {0};

	(void)state;
	write_file(place.file, "metrics = on\n", 13);
	expect_refusal("no database",
		       config_show(place.file, nothing, CORES, never_called, NULL, &err), &err,
		       "database: not given");
}

static const struct reload_case {
	const char *label, *before, *after;
	const char *keys; /* that need a restart */
} reload_cases[] = {
	{"nothing", "", "", ""},
	{"a shorter log", "log = /var/log/x\n", "log = /x\n", ""},
	{"all that may change", "",
	 "log = /x\nlog_level = debug\ntokens_per_account = 5\nmetrics = on\n"
	 "requests_per_minute = 7\n",
	 ""},
	{"a limit that is off again", "requests_per_minute = 7\n", "requests_per_minute = off\n",
	 ""},
	{"a prefix", "", "token_prefix = abc_\n", "token_prefix"},
	{"a word", "", "journal_mode = delete\n", "journal_mode"},
	{"a number", "scrypt_n = 32768\n", "", "scrypt_n"},
	{"two of them", "", "memo_file = /x\nbase_path = /x\n", "base_path,memo_file"},
};

static void test_config_take_over_names_what_needs_a_restart(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(reload_cases); i++) {
		const struct reload_case *c = &reload_cases[i];
		struct config current, fresh;
		struct error err = {0};
		char text[256], keys[CONFIG_CHANGED_SIZE];

		snprintf(text, sizeof(text), DATABASE "%s", c->before);
		assert_int_equal(load_text(text, nothing, &current, &err), RESULT_OK);
		snprintf(text, sizeof(text), DATABASE "%s", c->after);
		assert_int_equal(load_text(text, nothing, &fresh, &err), RESULT_OK);
		config_take_over(&current, &fresh, keys);
		if (strcmp(keys, c->keys) != 0)
			fail_msg("%s: \"%s\"", c->label, keys);
		assert_string_equal(current.log, fresh.log);
		assert_int_equal(current.log_level, fresh.log_level);
		assert_int_equal(current.tokens_per_account, fresh.tokens_per_account);
		assert_int_equal(current.requests_per_minute, fresh.requests_per_minute);
		assert_int_equal(current.metrics, fresh.metrics);
	}
}

static void test_config_take_over_takes_nothing_else(void **state)
{
	struct config current, fresh;
	struct error err = {0};
	char keys[CONFIG_CHANGED_SIZE];

	(void)state;
	assert_int_equal(load_text(DATABASE, nothing, &current, &err), RESULT_OK);
	fresh = current;
	fresh.scrypt.n = 32768;
	fresh.allow_root = true;
	memcpy(fresh.database, "/other", sizeof("/other"));
	config_take_over(&current, &fresh, keys);
	assert_string_equal(keys, "database,scrypt_n,allow_root");
	assert_int_equal(current.scrypt.n, 16384);
	assert_false(current.allow_root);
	assert_string_equal(current.database, "/var/lib/claviger/claviger.db");
	fresh = current;
	fresh.catalogue.permissions[0].description[0] = 'X';
	config_take_over(&current, &fresh, keys);
	assert_string_equal(keys, "catalogue");
}

static void test_there_is_room_for_the_name_of_every_key(void **state)
{
	size_t length = 0;

	(void)state;
	for (size_t i = 0; i < SETTING_COUNT; i++)
		length += strlen(settings[i].name) + 1;
	assert_true(length <= CONFIG_CHANGED_SIZE);
}

static void test_a_dot_at_the_front_of_a_path_is_the_directory_of_its_file(void **state)
{
	struct config config;
	struct error err = {0};
	char expected[CONFIG_PATH_SIZE], variable[] = "CLAVIGER_MEMO_FILE=./memo";
	char *environment[] = {variable, NULL};

	(void)state;
	assert_int_equal(
		load_text("database = ./claviger.db\nlog = ./a/log\n", nothing, &config, &err),
		RESULT_OK);
	snprintf(expected, sizeof(expected), "%s/claviger.db", place.directory);
	assert_string_equal(config.database, expected);
	snprintf(expected, sizeof(expected), "%s/a/log", place.directory);
	assert_string_equal(config.log, expected);
	expect_refusal("no path", load_text("base_path = ./x\n", nothing, &config, &err), &err,
		       "base_path: \"./x\" is not allowed");
	expect_refusal("not of a file",
		       load_text("database = ./claviger.db\n", environment, &config, &err), &err,
		       "CLAVIGER_MEMO_FILE: \"./memo\" is not allowed");
	expect_refusal("a relative file", config_parse("x.conf", "log = ./x", 9, &config, &err),
		       &err, "has to be named by an absolute path");
}

static void test_config_find_near_looks_in_each_directory_up_to_the_root(void **state)
{
	char data[CONFIG_PATH_SIZE], file[CONFIG_PATH_SIZE], below[CONFIG_PATH_SIZE];
	char found[CONFIG_PATH_SIZE];

	(void)state;
	snprintf(data, sizeof(data), "%s/claviger-data", place.directory);
	snprintf(file, sizeof(file), "%s/" CONFIG_NEAR_FILE, place.directory);
	snprintf(below, sizeof(below), "%s/public_html//claviger/", place.directory);
	assert_false(config_find_near(below, found));
	assert_int_equal(mkdir(data, 0700), 0);
	write_file(file, "", 0);
	assert_true(config_find_near(below, found));
	assert_string_equal(found, file);
	assert_true(config_find_near(place.directory, found));
	assert_string_equal(found, file);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(data), 0);
	assert_false(config_find_near("/", found));
}

static void test_config_choose_file_prefers_the_option(void **state)
{
	char other[] = "OTHER=1", variable[] = "CLAVIGER_CONFIG=/from/environment";
	char *environment[] = {other, variable, NULL};
	const char *fallback = access(CONFIG_DEFAULT_FILE, F_OK) == 0 ? CONFIG_DEFAULT_FILE : NULL;
	const char *chosen = config_choose_file(NULL, nothing);

	(void)state;
	assert_string_equal(config_choose_file("/option", environment), "/option");
	assert_string_equal(config_choose_file(NULL, environment), "/from/environment");
	if (fallback == NULL)
		assert_null(chosen);
	else
		assert_string_equal(chosen, fallback);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(test_config_load_has_the_defaults_of_the_manual),
		IN_A_PLACE(test_config_load_takes_every_key_from_the_file),
		IN_A_PLACE(test_config_load_derives_the_threads_from_the_cores),
		cmocka_unit_test(
			test_config_parse_refuses_bad_text_and_says_where_and_what_is_allowed),
		cmocka_unit_test(test_a_number_may_be_off_where_the_manual_says_so),
		cmocka_unit_test(test_config_parse_refuses_a_nul),
		cmocka_unit_test(test_config_parse_takes_a_value_of_1023_bytes_and_not_one_more),
		IN_A_PLACE(test_config_load_checks_what_needs_more_than_one_key),
		IN_A_PLACE(test_config_load_allows_weak_scrypt_whichever_key_comes_first),
		IN_A_PLACE(test_config_load_refuses_a_file_that_is_not_ours_alone),
		IN_A_PLACE(test_config_load_reads_the_catalogue_and_wants_our_own_names_in_it),
		IN_A_PLACE(test_config_load_refuses_a_catalogue_that_others_write),
		IN_A_PLACE(test_config_load_refuses_a_misspelt_variable_by_its_name),
		IN_A_PLACE(test_config_load_needs_no_file_where_the_environment_says_all),
		IN_A_PLACE(test_config_show_says_that_the_environment_wins),
		IN_A_PLACE(test_config_show_fails_as_config_load_does),
		IN_A_PLACE(test_config_take_over_names_what_needs_a_restart),
		IN_A_PLACE(test_config_take_over_takes_nothing_else),
		cmocka_unit_test(test_there_is_room_for_the_name_of_every_key),
		IN_A_PLACE(test_a_dot_at_the_front_of_a_path_is_the_directory_of_its_file),
		IN_A_PLACE(test_config_find_near_looks_in_each_directory_up_to_the_root),
		cmocka_unit_test(test_config_choose_file_prefers_the_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
