/* SPDX-License-Identifier: ISC */
/* The trail holds (P12): whoever writes the database, and not the key, is found out. */
#include "audit.h"
#include "audit_verify.h"
#include "authority.h"

#include "support.h"
#include "timestamp.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <sqlite3.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 6, FINDINGS_MAX = 16 };

struct findings {
	struct audit_finding found[FINDINGS_MAX];
	size_t count;
};

/* What anybody can do who can write the file. */
static void tamper(const struct fixture *fixture, const char *sql)
{
	struct sqlite3 *database;
	char *message = NULL;

	assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
	if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* Writes row NUMBER; odd ones are the operator's and about nothing. */
static void add_row(struct fixture *fixture, const struct audit_key *key, unsigned number)
{
	bool has_all = number % 2 == 0;
	struct id actor = account_id(100 + number), account = account_id(number),
		  target = website_id(number);
	struct audit_entry entry = {.at = 1000 * (int64_t)number,
				    .action = has_all ? AUDIT_TOKEN_CHANGE : AUDIT_RESTORE,
				    .actor = has_all ? &actor : NULL,
				    .account = has_all ? &account : NULL,
				    .address = has_all ? "192.0.2.1" : NULL,
				    .request_id = has_all ? "one" : NULL,
				    .target = has_all ? &target : NULL,
				    .before = has_all ? "{\"name\":\"a\"}" : NULL,
				    .after = has_all ? "{\"name\":\"b\"}" : NULL};

	assert_int_equal(store_begin(fixture->store), RESULT_OK);
	assert_int_equal(audit_write(fixture->store, key, &entry), RESULT_OK);
	assert_int_equal(store_commit(fixture->store), RESULT_OK);
}

static struct fixture *trail_of(unsigned rows)
{
	struct fixture *fixture = fixture_new(NULL);

	for (unsigned i = 1; i <= rows; i++)
		add_row(fixture, fixture->audit, i);
	return fixture;
}

static void note_finding(void *context, const struct audit_finding *finding)
{
	struct findings *findings = context;

	assert_in_range(findings->count, 0, FINDINGS_MAX - 1);
	findings->found[findings->count++] = *finding;
}

static struct audit_report verify(const struct fixture *fixture, const struct audit_key *key,
				  const struct audit_checkpoint *checkpoint,
				  struct findings *findings)
{
	struct audit_check check = {
		.key = key, .checkpoint = checkpoint, .find = note_finding, .context = findings};
	struct audit_report report;

	*findings = (struct findings){0};
	assert_int_equal(audit_verify(fixture->store, &check, &report), RESULT_OK);
	assert_int_equal(report.finding_count, findings->count);
	return report;
}

static void expect_good(const struct fixture *fixture, const struct audit_checkpoint *checkpoint)
{
	struct findings findings;
	struct audit_report report = verify(fixture, fixture->audit, checkpoint, &findings);

	assert_int_equal(report.finding_count, 0);
	assert_int_equal(report.unproven_count, 0);
}

static void expect_finding(const struct findings *findings, size_t index, enum audit_fault fault,
			   int64_t first, int64_t last)
{
	assert_in_range(index, 0, findings->count - 1);
	assert_int_equal(findings->found[index].fault, fault);
	assert_int_equal(findings->found[index].first, first);
	assert_int_equal(findings->found[index].last, last);
}

static void test_an_untouched_trail_holds_and_goes_on(void **state)
{
	struct fixture *fixture = trail_of(0);
	struct findings findings;
	struct audit_report report = verify(fixture, fixture->audit, NULL, &findings);
	struct audit_checkpoint checkpoints[ROWS + 1] = {report.checkpoint};

	(void)state;
	assert_int_equal(report.checkpoint.sequence, 0);
	for (unsigned i = 1; i <= ROWS; i++) {
		add_row(fixture, fixture->audit, i);
		report = verify(fixture, fixture->audit, NULL, &findings);
		assert_int_equal(report.row_count, i);
		assert_int_equal(report.checkpoint.sequence, i);
		checkpoints[i] = report.checkpoint;
		for (unsigned j = 0; j <= i; j++)
			expect_good(fixture, &checkpoints[j]);
		assert_memory_not_equal(checkpoints[i].digest, checkpoints[i - 1].digest,
					STORE_CHAIN_SIZE);
	}
	fixture_free(fixture);
}

/* Row 4 has all columns, row 3 only those that it must have. */
static const char *const changes[] = {
	"at = at + 1 WHERE sequence = 4",
	"actor = x'000000000000000000000000' WHERE sequence = 4",
	"actor = NULL WHERE sequence = 4",
	"actor = x'' WHERE sequence = 3",
	"account = x'000000000000000000000000' WHERE sequence = 4",
	"account = NULL WHERE sequence = 4",
	"actor = account, account = actor WHERE sequence = 4",
	"address = '192.0.2.10' WHERE sequence = 4",
	"address = NULL WHERE sequence = 4",
	"address = '' WHERE sequence = 3",
	"request = 'two' WHERE sequence = 4",
	"request = request || address, address = '' WHERE sequence = 4",
	"address = '192.0.2.1o', request = 'ne' WHERE sequence = 4",
	"action = 'token.create' WHERE sequence = 4",
	"action = action || ' ' WHERE sequence = 3",
	"target = NULL WHERE sequence = 4",
	"target = zeroblob(12) WHERE sequence = 4",
	"before = NULL WHERE sequence = 4",
	"before = after, after = before WHERE sequence = 4",
	"after = replace(after, 'b', 'c') WHERE sequence = 4",
	"after = '{}' WHERE sequence = 3",
	"chain = zeroblob(32) WHERE sequence = 4",
	"chain = (SELECT chain FROM audit WHERE sequence = 5) WHERE sequence = 4",
	"address = '192.0.2.10' WHERE sequence = 1",
	"address = '192.0.2.10' WHERE sequence = 6",
};

static void test_a_change_of_any_column_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		struct fixture *fixture = trail_of(ROWS);
		struct findings findings;
		char sql[256];

		snprintf(sql, sizeof(sql), "UPDATE audit SET %s", changes[i]);
		tamper(fixture, sql);
		verify(fixture, fixture->audit, NULL, &findings);
		if (findings.count == 0)
			fail_msg("not found: %s", sql);
		assert_int_equal(findings.found[0].fault, AUDIT_ALTERED);
		assert_int_equal(findings.found[0].first, sql[strlen(sql) - 1] - '0');
		fixture_free(fixture);
	}
}

static void test_a_removed_row_is_found(void **state)
{
	(void)state;
	for (int gone = 1; gone <= ROWS; gone++) {
		struct fixture *fixture = trail_of(ROWS);
		struct findings findings;
		char sql[64];

		snprintf(sql, sizeof(sql), "DELETE FROM audit WHERE sequence = %d", gone);
		tamper(fixture, sql);
		verify(fixture, fixture->audit, NULL, &findings);
		assert_int_equal(findings.count, 1);
		expect_finding(&findings, 0, AUDIT_MISSING, gone, gone);
		/* Also once the trail has gone on: the number is not given again. */
		add_row(fixture, fixture->audit, ROWS + 1);
		verify(fixture, fixture->audit, NULL, &findings);
		assert_int_equal(findings.count, 1);
		expect_finding(&findings, 0, AUDIT_MISSING, gone, gone);
		fixture_free(fixture);
	}
}

/* Each leaves the numbers without a gap. */
static const struct shuffle_case {
	const char *label, *sql;
	int64_t found; /* the first row that does not fit */
} shuffle_cases[] = {
	// clang-format off
	{ "removed, and the others moved up",
	  "DELETE FROM audit WHERE sequence = 3; UPDATE audit SET sequence = sequence - 1 WHERE sequence > 3;"
	  "UPDATE sqlite_sequence SET seq = 5 WHERE name = 'audit'", 3 },
	{ "the first removed, and the others moved up",
	  "DELETE FROM audit WHERE sequence = 1; UPDATE audit SET sequence = sequence - 1 WHERE sequence > 1;"
	  "UPDATE sqlite_sequence SET seq = 5 WHERE name = 'audit'", 1 },
	{ "two swapped",
	  "UPDATE audit SET sequence = 100 WHERE sequence = 3; UPDATE audit SET sequence = 3 WHERE sequence = 4;"
	  "UPDATE audit SET sequence = 4 WHERE sequence = 100", 3 },
	{ "one doubled behind the end",
	  "INSERT INTO audit SELECT 7, at, actor, account, address, request, action, target, before, after, key_id, chain"
	  " FROM audit WHERE sequence = 6", 7 },
	{ "one doubled before the beginning",
	  "INSERT INTO audit SELECT 0, at, actor, account, address, request, action, target, before, after, key_id, chain"
	  " FROM audit WHERE sequence = 1", 0 },
	{ "one inserted",
	  "UPDATE audit SET sequence = sequence + 100 WHERE sequence > 3;"
	  "UPDATE audit SET sequence = sequence - 99 WHERE sequence > 100;"
	  "INSERT INTO audit SELECT 4, at, actor, account, address, request, action, target, before, after, key_id, chain"
	  " FROM audit WHERE sequence = 3", 4 },
	{ "all the same", "UPDATE audit SET chain = (SELECT chain FROM audit WHERE sequence = 1)", 2 },
	// clang-format on
};

static void test_rows_out_of_their_place_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(shuffle_cases); i++) {
		const struct shuffle_case *c = &shuffle_cases[i];
		struct fixture *fixture = trail_of(ROWS);
		struct findings findings;

		tamper(fixture, c->sql);
		verify(fixture, fixture->audit, NULL, &findings);
		if (findings.count == 0 || findings.found[0].fault != AUDIT_ALTERED ||
		    findings.found[0].first != c->found)
			fail_msg("%s: %zu findings, the first about row %lld", c->label,
				 findings.count, (long long)findings.found[0].first);
		fixture_free(fixture);
	}
}

static void test_a_cut_tail_is_found_by_its_number_or_by_a_checkpoint(void **state)
{
	struct fixture *fixture = trail_of(ROWS);
	struct findings findings;
	struct audit_report whole = verify(fixture, fixture->audit, NULL, &findings);

	(void)state;
	tamper(fixture, "DELETE FROM audit WHERE sequence > 4");
	verify(fixture, fixture->audit, NULL, &findings);
	expect_finding(&findings, 0, AUDIT_MISSING, 5, 6);
	tamper(fixture, "UPDATE sqlite_sequence SET seq = 4 WHERE name = 'audit'");
	expect_good(fixture, NULL);
	verify(fixture, fixture->audit, &whole.checkpoint, &findings);
	assert_int_equal(findings.count, 1);
	expect_finding(&findings, 0, AUDIT_MISSING, 5, 6);
	/* Other rows have taken their numbers. */
	add_row(fixture, fixture->audit, 8);
	add_row(fixture, fixture->audit, 8);
	expect_good(fixture, NULL);
	verify(fixture, fixture->audit, &whole.checkpoint, &findings);
	assert_int_equal(findings.count, 1);
	expect_finding(&findings, 0, AUDIT_CHECKPOINT_DIFFERS, 1, 6);
	tamper(fixture, "DELETE FROM audit; DELETE FROM sqlite_sequence");
	verify(fixture, fixture->audit, &whole.checkpoint, &findings);
	expect_finding(&findings, 0, AUDIT_MISSING, 1, 6);
	fixture_free(fixture);
}

/* Row 4 of one past in another one that has the same first three: each fits by itself. */
static void test_a_true_row_of_another_past_is_found(void **state)
{
	struct fixture *fixture = trail_of(ROWS);
	struct findings findings;

	(void)state;
	tamper(fixture, "CREATE TABLE past AS SELECT * FROM audit WHERE sequence = 4;"
			"DELETE FROM audit WHERE sequence > 3;"
			"UPDATE sqlite_sequence SET seq = 3 WHERE name = 'audit'");
	for (unsigned i = 4; i <= ROWS; i++)
		add_row(fixture, fixture->audit, i + 10);
	expect_good(fixture, NULL);
	tamper(fixture, "DELETE FROM audit WHERE sequence = 4;"
			"INSERT INTO audit SELECT * FROM past");
	verify(fixture, fixture->audit, NULL, &findings);
	assert_int_equal(findings.count, 1);
	expect_finding(&findings, 0, AUDIT_ALTERED, 5, 5);
	fixture_free(fixture);
}

static struct audit_key other_key(void)
{
	struct audit_key key = {.id = "another"};

	memset(key.bytes, 7, sizeof(key.bytes));
	return key;
}

static void test_rows_of_another_key_are_held_by_a_checkpoint_alone(void **state)
{
	struct fixture *fixture = trail_of(3);
	struct audit_key other = other_key();
	struct findings findings;
	struct audit_checkpoint at_three, at_five;
	struct audit_report report;

	(void)state;
	at_three = verify(fixture, &other, NULL, &findings).checkpoint;
	add_row(fixture, &other, 4);
	add_row(fixture, &other, 5);
	report = verify(fixture, &other, NULL, &findings);
	at_five = report.checkpoint;
	assert_int_equal(report.finding_count, 0);
	assert_int_equal(report.unproven_count, 3);
	assert_int_equal(report.last_unproven, 3);
	assert_int_equal(verify(fixture, &other, &at_three, &findings).unproven_count, 0);
	assert_int_equal(verify(fixture, &other, &at_five, &findings).unproven_count, 0);
	assert_int_equal(verify(fixture, NULL, NULL, &findings).unproven_count, 5);
	assert_int_equal(verify(fixture, NULL, &at_five, &findings).unproven_count, 0);
	assert_int_equal(findings.count, 0);

	tamper(fixture, "UPDATE audit SET address = '192.0.2.10' WHERE sequence = 2");
	report = verify(fixture, &other, NULL, &findings);
	assert_int_equal(report.finding_count, 0);
	assert_int_equal(report.unproven_count, 3);
	report = verify(fixture, &other, &at_three, &findings);
	expect_finding(&findings, 0, AUDIT_CHECKPOINT_DIFFERS, 1, 3);
	assert_int_equal(report.unproven_count, 3);
	assert_int_equal(report.last_unproven, 3);
	fixture_free(fixture);
}

/* Who alters a row and calls it another key's is found by the row behind it, and where there is
 * none, by what cannot be proven. */
static void test_a_row_cannot_be_passed_off_as_another_keys(void **state)
{
	struct fixture *fixture = trail_of(ROWS);
	struct findings findings;
	struct audit_report report;

	(void)state;
	tamper(fixture, "UPDATE audit SET key_id = zeroblob(8) WHERE sequence = 3");
	report = verify(fixture, fixture->audit, NULL, &findings);
	assert_int_equal(report.unproven_count, 1);
	assert_int_equal(findings.count, 1);
	expect_finding(&findings, 0, AUDIT_ALTERED, 4, 4);
	tamper(fixture, "UPDATE audit SET key_id = zeroblob(8)");
	report = verify(fixture, fixture->audit, NULL, &findings);
	assert_int_equal(report.finding_count, 0);
	assert_int_equal(report.unproven_count, ROWS);
	fixture_free(fixture);
}

static void test_a_key_is_made_once_and_read_again(void **state)
{
	struct fixture *fixture = *state;
	struct audit_key *again;
	struct stat status;
	char path[AUDIT_KEY_PATH_SIZE];
	struct error err = {0};
	bool is_new = true;

	audit_key_path(&fixture->config, path);
	assert_string_equal(path + strlen(path) - 10, ".audit-key");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_size, 2 * AUDIT_KEY_SIZE + 1);
	assert_int_equal(status.st_nlink, 1);
	assert_int_equal(audit_key_open(&fixture->config, true, &again, &is_new, &err), RESULT_OK);
	assert_false(is_new);
	assert_memory_equal(again->bytes, fixture->audit->bytes, sizeof(again->bytes));
	assert_memory_equal(again->id, fixture->audit->id, sizeof(again->id));
	assert_int_equal(sodium_is_zero(again->bytes, sizeof(again->bytes)), 0);
	audit_key_close(again);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(audit_key_open(&fixture->config, false, &again, &is_new, &err),
			 RESULT_NOT_FOUND);
	assert_null(again);
	assert_int_equal(audit_key_open(&fixture->config, true, &again, &is_new, &err), RESULT_OK);
	assert_true(is_new);
	assert_memory_not_equal(again->id, fixture->audit->id, sizeof(again->id));
	audit_key_close(again);
}

static const struct bad_key_case {
	const char *label, *content;
	mode_t mode;
} bad_key_cases[] = {
	// clang-format off
	{ "empty",         "", 0600 },
	{ "too short",     "00112233\n", 0600 },
	{ "no hex",        "z0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0600 },
	{ "more than one", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n00", 0600 },
	{ "open to all",   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0644 },
	// clang-format on
};

static void test_a_bad_key_file_is_refused_and_left_alone(void **state)
{
	struct fixture *fixture = *state;

	snprintf(fixture->config.audit_key_file, sizeof(fixture->config.audit_key_file), "%s/key",
		 fixture->directory);
	for (size_t i = 0; i < ARRAY_LENGTH(bad_key_cases); i++) {
		const struct bad_key_case *c = &bad_key_cases[i];
		FILE *file = fopen(fixture->config.audit_key_file, "w");
		struct audit_key *key;
		struct error err = {0};
		struct stat status;
		bool is_new;

		assert_non_null(file);
		assert_true(fputs(c->content, file) >= 0);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(chmod(fixture->config.audit_key_file, c->mode), 0);
		if (audit_key_open(&fixture->config, true, &key, &is_new, &err) !=
		    RESULT_INVALID_CONFIGURATION)
			fail_msg("%s was taken", c->label);
		assert_null(key);
		assert_non_null(strstr(err.message, fixture->config.audit_key_file));
		assert_null(strstr(err.message, "00112233"));
		assert_int_equal(stat(fixture->config.audit_key_file, &status), 0);
		assert_int_equal(status.st_size, strlen(c->content));
	}
}

static uint64_t count_tokens(struct fixture *fixture)
{
	struct id account = account_id(1);
	uint64_t count;

	assert_int_equal(store_count_living_tokens(fixture->store, &account, 0, &count), RESULT_OK);
	return count;
}

/* Tries a creation and a revocation, which must both come to nothing. */
static void expect_no_change(struct fixture *fixture, struct caller *caller, const struct id *child)
{
	struct token_draft draft = {0};
	struct token_record record;
	struct key key;
	struct error err = {0};
	uint64_t before = count_tokens(fixture), descendants;
	struct findings findings;
	struct audit_report was = verify(fixture, fixture->audit, NULL, &findings);

	assert_int_not_equal(authority_issue(&fixture->authority, caller, &draft, NULL,
					     timestamp_now(), &record, &key, &err),
			     RESULT_OK);
	assert_int_equal(sodium_is_zero((const uint8_t *)&key, sizeof(key)), 1);
	assert_int_not_equal(authority_revoke(&fixture->authority, caller, child, true,
					      timestamp_now(), &descendants, &err),
			     RESULT_OK);
	assert_int_not_equal(authority_revoke_as_operator(&fixture->authority, child, false,
							  timestamp_now(), &descendants),
			     RESULT_OK);
	assert_int_equal(count_tokens(fixture), before);
	assert_int_equal(verify(fixture, fixture->audit, NULL, &findings).row_count, was.row_count);
}

static void test_what_cannot_be_audited_does_not_happen(void **state)
{
	struct fixture *fixture = *state;
	struct made_token parent, child;
	struct caller caller;
	struct error err = {0};
	uint64_t descendants;

	fixture_add_account(fixture, 1);
	parent = fixture_add_token(fixture, 1, "*/all/never", NULL);
	child = fixture_add_token(fixture, 1, "*/all/never", &parent.id);
	fixture_add_token(fixture, 1, "*/all/never", &child.id);
	caller = fixture_caller(fixture, &parent.id);
	caller.required = permission_of("api-keys:write");

	fixture->authority.audit = NULL;
	expect_no_change(fixture, &caller, &child.id);
	fixture->authority.audit = fixture->audit;
	tamper(fixture, "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN "
			"SELECT raise(ABORT, 'no room'); END");
	expect_no_change(fixture, &caller, &child.id);
	/* The row of the child is written, and that of what it made is not. */
	tamper(fixture, "DROP TRIGGER full; CREATE TRIGGER full BEFORE INSERT ON audit "
			"WHEN new.sequence > 1 BEGIN SELECT raise(ABORT, 'no room'); END");
	assert_int_not_equal(authority_revoke(&fixture->authority, &caller, &child.id, true,
					      timestamp_now(), &descendants, &err),
			     RESULT_OK);
	assert_int_equal(count_tokens(fixture), 3);
	tamper(fixture, "DROP TRIGGER full");
	assert_int_equal(authority_revoke(&fixture->authority, &caller, &child.id, true,
					  timestamp_now(), &descendants, &err),
			 RESULT_OK);
	assert_int_equal(descendants, 1);
	assert_int_equal(count_tokens(fixture), 1);
	expect_good(fixture, NULL);
	caller_clear(&caller);
}

static void test_an_attempt_to_exceed_is_written_by_a_thread_that_may_wait(void **state)
{
	struct fixture *fixture = *state;
	struct permission_set star = {.every = true};
	struct token_draft draft = {
		.has_permissions = true, .permissions = {star}, .permission_count = 1};
	struct token_record record;
	struct key key;
	struct error err = {0};
	struct findings findings;
	struct made_token parent;
	struct caller caller;

	fixture_add_account(fixture, 1);
	parent = fixture_add_token(fixture, 1, "api-keys:write/all/never", NULL);
	caller = fixture_caller(fixture, &parent.id);
	caller.required = permission_of("api-keys:write");
	fixture->authority.may_wait = false;
	assert_int_equal(authority_issue(&fixture->authority, &caller, &draft, NULL,
					 timestamp_now(), &record, &key, &err),
			 RESULT_BUSY);
	assert_string_equal(err.message, "");
	assert_int_equal(verify(fixture, fixture->audit, NULL, &findings).row_count, 0);
	fixture->authority.may_wait = true;
	assert_int_equal(authority_issue(&fixture->authority, &caller, &draft, NULL,
					 timestamp_now(), &record, &key, &err),
			 RESULT_SCOPE_EXCEEDED);
	assert_string_equal(err.field, "permissions[0]");
	assert_int_equal(verify(fixture, fixture->audit, NULL, &findings).row_count, 1);
	/* An attempt that cannot be kept is not answered as one. */
	tamper(fixture, "ALTER TABLE audit RENAME TO elsewhere");
	assert_int_equal(authority_issue(&fixture->authority, &caller, &draft, NULL,
					 timestamp_now(), &record, &key, &err),
			 RESULT_STORE_UNAVAILABLE);
	assert_string_equal(err.message, "");
	caller_clear(&caller);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_untouched_trail_holds_and_goes_on),
		cmocka_unit_test(test_a_change_of_any_column_is_found),
		cmocka_unit_test(test_a_removed_row_is_found),
		cmocka_unit_test(test_rows_out_of_their_place_are_found),
		cmocka_unit_test(test_a_cut_tail_is_found_by_its_number_or_by_a_checkpoint),
		cmocka_unit_test(test_a_true_row_of_another_past_is_found),
		cmocka_unit_test(test_rows_of_another_key_are_held_by_a_checkpoint_alone),
		cmocka_unit_test(test_a_row_cannot_be_passed_off_as_another_keys),
		TEST(test_a_key_is_made_once_and_read_again),
		TEST(test_a_bad_key_file_is_refused_and_left_alone),
		TEST(test_what_cannot_be_audited_does_not_happen),
		TEST(test_an_attempt_to_exceed_is_written_by_a_thread_that_may_wait),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
