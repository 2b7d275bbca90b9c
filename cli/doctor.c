/* SPDX-License-Identifier: ISC */
#include "doctor.h"

#include "command.h"

#include "json_write.h"
#include "log.h"
#include "secret.h"
#include "timestamp.h"
#include "token.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE_SIZE = 400, SLOW_SCRYPT_MS = 500, KIB = 1024, CLOCK_SLACK_MS = 60000 };

/* Before this program was written: a clock that was never set. 2024-01-01. */
#define EARLIEST_NOW INT64_C(1704067200000)

void doctor_note(struct doctor *doctor, const char *check, enum finding finding, const char *format,
		 ...)
{
	static const char *const words[] = {
		[FINDING_GOOD] = "ok",
		[FINDING_WARNING] = "warning",
		[FINDING_FAILED] = "FAILED",
		[FINDING_DATABASE_FAILED] = "FAILED",
		[FINDING_CONFIGURATION_FAILED] = "FAILED",
	};
	struct listing *listing = &doctor->listing;
	char message[MESSAGE_SIZE];
	va_list arguments;
	struct buffer *out;

	va_start(arguments, format);
	if (vsnprintf(message, sizeof(message), format, arguments) < 0)
		message[0] = '\0';
	va_end(arguments);
	if (finding > doctor->worst)
		doctor->worst = finding;
	if (!listing->as_json) {
		output_cell(listing, check);
		output_cell(listing, words[finding]);
		output_cell(listing, message);
		return;
	}
	out = output_next_object(listing);
	buffer_append_char(out, '{');
	json_write_name("check", out);
	json_write_string(check, out);
	json_write_name("result", out);
	json_write_string(finding >= FINDING_FAILED ? "failed" : words[finding], out);
	json_write_name("message", out);
	json_write_string(message, out);
	buffer_append_char(out, '}');
}

static bool check_configuration(struct doctor *doctor)
{
	struct admin *admin = doctor->admin;
	struct error err = {0};

	if (admin_load(admin, &err) != RESULT_OK ||
	    log_open("/dev/null", LOG_ERROR, admin->config->token_prefix, &err) != RESULT_OK) {
		doctor_note(doctor, "configuration", FINDING_CONFIGURATION_FAILED, "%s",
			    err.message);
		return false;
	}
	doctor_note(doctor, "configuration", FINDING_GOOD, "%.300s",
		    admin->config->file[0] == '\0' ? "from the environment alone"
						   : admin->config->file);
	if (geteuid() == 0 && !admin->config->allow_root)
		doctor_note(doctor, "user", FINDING_CONFIGURATION_FAILED,
			    "this runs as root, as which the service refuses to start; give it a "
			    "user of its own, or set allow_root = true");
	else if (geteuid() == 0)
		doctor_note(doctor, "user", FINDING_WARNING,
			    "this runs as root; give claviger a user of its own");
	else
		doctor_note(doctor, "user", FINDING_GOOD, "uid %u", (unsigned)geteuid());
	return true;
}

static void check_wal(struct doctor *doctor)
{
	const struct config *config = doctor->admin->config;
	struct id id = id_new(doctor->admin->now);
	char path[CONFIG_PATH_SIZE + 40], name[ID_TEXT_SIZE];
	struct store_options options = {.path = path,
					.use_wal = true,
					.busy_timeout_ms = config->busy_timeout_ms,
					.create = true,
					.catalogue = &config->catalogue};
	struct store *scratch = NULL;
	struct error err = {0};

	/* The store does not open where it was asked for and cannot be had. */
	if (store_uses_wal(doctor->admin->authority.store)) {
		doctor_note(doctor, "WAL", FINDING_GOOD, "in use");
		return;
	}
	id_format(&id, name);
	snprintf(path, sizeof(path), "%s.doctor-%s", config->database, name);
	if (store_open(&options, &scratch, &err) == RESULT_OK)
		doctor_note(doctor, "WAL", FINDING_WARNING,
			    "not in use, but possible here; journal_mode = wal lets readers go on "
			    "while one writes");
	else
		doctor_note(doctor, "WAL", FINDING_GOOD, "not possible here, and not asked for");
	store_close(scratch);
	unlink(path);
}

static bool check_database(struct doctor *doctor)
{
	struct error err = {0};
	uint64_t accounts = 0;
	enum result result = admin_open(doctor->admin, ADMIN_TO_LOOK, &err);

	if (result != RESULT_OK) {
		doctor_note(doctor, "database",
			    result == RESULT_INVALID_CONFIGURATION ? FINDING_CONFIGURATION_FAILED
								   : FINDING_DATABASE_FAILED,
			    "%s", err.message);
		return false;
	}
	if (doctor->admin->authority.store == NULL) {
		doctor_note(doctor, "database", FINDING_WARNING, "%s", err.message);
		return false;
	}
	result = store_check(doctor->admin->authority.store, true, &err);
	if (result != RESULT_OK) {
		doctor_note(doctor, "database", FINDING_DATABASE_FAILED, "%s", err.message);
		return false;
	}
	doctor_note(doctor, "database", FINDING_GOOD, "whole (integrity_check, foreign_key_check)");
	if (store_count_accounts(doctor->admin->authority.store, &accounts) != RESULT_OK)
		doctor_note(doctor, "accounts", FINDING_DATABASE_FAILED, "they cannot be counted");
	else if (accounts == 0)
		doctor_note(doctor, "accounts", FINDING_WARNING,
			    "there is none; make one with claviger-admin init");
	else
		doctor_note(doctor, "accounts", FINDING_GOOD, "%" PRIu64, accounts);
	return true;
}

static void check_scrypt(struct doctor *doctor)
{
	const struct config *config = doctor->admin->config;
	const struct scrypt_parameters *scrypt = &config->scrypt;
	uint64_t memory_kib = 128 * scrypt->n * scrypt->r / KIB;
	struct selector selector;
	struct display_key display;
	struct secret_hash hash;
	struct key key = {0};
	int64_t start, taken;
	enum result result;

	token_mint(config->token_prefix, &key, &selector, &display);
	start = timestamp_monotonic();
	result = secret_hash_key(&key, scrypt, &hash);
	taken = timestamp_monotonic() - start;
	token_key_wipe(&key);
	if (result != RESULT_OK)
		doctor_note(doctor, "scrypt", FINDING_FAILED,
			    "no memory for one run (%" PRIu64 " KiB); give the service more, or "
			    "lower scrypt_n",
			    memory_kib);
	else
		doctor_note(doctor, "scrypt",
			    taken > SLOW_SCRYPT_MS ? FINDING_WARNING : FINDING_GOOD,
			    "%" PRId64 " ms and %" PRIu64 " KiB a run, N=%" PRIu64 "%s", taken,
			    memory_kib, scrypt->n,
			    taken > SLOW_SCRYPT_MS
				    ? "; each new key takes as long: lower scrypt_n, if you can"
				    : "");
}

/* The newest moment that the database knows. */
struct newest {
	struct store *store;
	int64_t at;
};

static bool note_token(void *context, const struct token_record *record)
{
	struct newest *newest = context;

	if (record->created_at > newest->at)
		newest->at = record->created_at;
	return false; /* the newest comes first */
}

static bool note_account(void *context, const struct account_record *account)
{
	struct newest *newest = context;

	if (account->created_at > newest->at)
		newest->at = account->created_at;
	return store_list_tokens(newest->store, &account->id, INT64_MAX, true, note_token,
				 newest) == RESULT_OK;
}

static void check_clock(struct doctor *doctor)
{
	struct newest newest = {.store = doctor->admin->authority.store};
	int64_t now = timestamp_now();
	char text[TIMESTAMP_TEXT_SIZE];

	timestamp_format(now, text);
	if (now < EARLIEST_NOW) {
		doctor_note(doctor, "clock", FINDING_FAILED,
			    "it says %s; set it, or tokens live too long", text);
		return;
	}
	if (newest.store != NULL &&
	    store_list_accounts(newest.store, note_account, &newest) == RESULT_OK &&
	    newest.at > now + CLOCK_SLACK_MS) {
		char later[TIMESTAMP_TEXT_SIZE];

		timestamp_format(newest.at, later);
		doctor_note(doctor, "clock", FINDING_WARNING,
			    "it says %s, but a record was made at %s; was it set back?", text,
			    later);
		return;
	}
	doctor_note(doctor, "clock", FINDING_GOOD, "%s", text);
}

static enum result conclude(const struct doctor *doctor, struct error *err)
{
	static const char advice[] = "A check failed; its line says what to do";

	switch (doctor->worst) {
	case FINDING_GOOD:
	case FINDING_WARNING:
		return RESULT_OK;
	case FINDING_FAILED:
		return error_set(err, RESULT_INTERNAL, NULL, "%s", advice);
	case FINDING_DATABASE_FAILED:
		return error_set(err, RESULT_STORE_UNAVAILABLE, NULL, "%s", advice);
	case FINDING_CONFIGURATION_FAILED:
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL, "%s", advice);
	}
	return RESULT_INTERNAL;
}

/* Nothing where OPTION was not given. */
static enum result read_url(const struct arguments *arguments, enum option option,
			    struct probe_url *url, struct error *err)
{
	const char *address = arguments_value(arguments, option);

	if (address == NULL || probe_parse_url(address, url))
		return RESULT_OK;
	return error_set(
		err, RESULT_INVALID_PARAMETER, NULL,
		"%s: write http://HOST[:PORT][/PATH]; no https here: ask the web server on "
		"its own machine",
		arguments_describe(option)->name);
}

/* Here a slash at the end of the path counts. */
static enum result read_gate(const struct arguments *arguments, struct probe_url *url,
			     char path[static PROBE_PATH_SIZE + 1], struct error *err)
{
	const char *address = arguments_value(arguments, OPTION_GATE);
	enum result result = read_url(arguments, OPTION_GATE, url, err);

	if (address == NULL && arguments_has(arguments, OPTION_KEY_FILE))
		return error_set(err, RESULT_INVALID_PARAMETER, NULL,
				 "--key-file goes with --gate; see claviger-admin doctor --help");
	if (result != RESULT_OK || address == NULL)
		return result;
	snprintf(path, PROBE_PATH_SIZE + 1, "%s%s", url->path,
		 address[strlen(address) - 1] == '/' ? "/" : "");
	return path[0] != '\0' ? RESULT_OK
			       : error_set(err, RESULT_INVALID_PARAMETER, NULL,
					   "--gate: name something that is guarded, such as "
					   "http://127.0.0.1:8080/guarded/");
}

enum result doctor_run(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	static const char *const headers[] = {"CHECK", "RESULT", "FINDING"};
	const char *address = arguments_value(arguments, OPTION_URL);
	struct doctor doctor = {.admin = admin};
	struct probe_url url = {0}, gate = {0};
	char guarded[PROBE_PATH_SIZE + 1] = "";
	enum result result;

	result = read_url(arguments, OPTION_URL, &url, err);
	if (result == RESULT_OK)
		result = read_gate(arguments, &gate, guarded, err);
	if (result != RESULT_OK)
		return result;
	admin_begin_list(admin, &doctor.listing, headers, ARRAY_LENGTH(headers));
	if (check_configuration(&doctor)) {
		doctor_check_files(&doctor);
		if (check_database(&doctor))
			check_wal(&doctor);
		check_scrypt(&doctor);
		check_clock(&doctor);
		if (address != NULL)
			doctor_check_service(&doctor, &url);
		if (arguments_has(arguments, OPTION_GATE))
			doctor_check_gate(&doctor, &gate, guarded,
					  arguments_value(arguments, OPTION_KEY_FILE));
	}
	output_end(&doctor.listing);
	result = output_flush(&admin->out, err);
	return result == RESULT_OK ? conclude(&doctor, err) : result;
}
