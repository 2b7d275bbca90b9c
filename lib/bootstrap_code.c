/* SPDX-License-Identifier: ISC */
#include "bootstrap_code.h"

#include "ascii.h"
#include "bootstrap.h"
#include "buffer.h"
#include "config.h"
#include "file.h"
#include "log.h"
#include "tries.h"

#include <sodium.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_SIZE = CONFIG_PATH_SIZE + 64, FILE_BYTES_MAX = 1024 };

#define KEY_FILE "bootstrap-code.key"
#define KEY_FILE_PENDING KEY_FILE ".new" /* as bootstrap.c calls it before its commit */
#define TRIES_FILE "bootstrap-code.tries"

static void name_beside(const char *database, const char *name, char path[static NAME_SIZE])
{
	const char *slash = strrchr(database, '/');
	int length = slash == NULL ? 0 : (int)(slash - database) + 1;

	snprintf(path, NAME_SIZE, "%.*s%s", length, database, name);
}

static bool is_there(const char *database, const char *name)
{
	char path[NAME_SIZE];

	name_beside(database, name, path);
	return access(path, F_OK) == 0;
}

static void take_away(const char *database, const char *name)
{
	char path[NAME_SIZE];

	name_beside(database, name, path);
	unlink(path);
}

const char *bootstrap_code_refuse(const char *code, size_t length)
{
	if (length < BOOTSTRAP_CODE_MIN || length > BOOTSTRAP_CODE_MAX)
		return "16 to 128 characters are wanted";
	for (size_t i = 0; i < length; i++)
		if (!ascii_is_printable(code[i]))
			return "only letters, digits and signs of ASCII are allowed";
	return NULL;
}

bool bootstrap_code_waits(const char *database)
{
	return is_there(database, BOOTSTRAP_CODE_FILE);
}

/* Without the line end that an editor put behind it. */
static enum result read_code(const char *path, struct buffer *code, struct error *err)
{
	const char *complaint;
	enum result result = file_read_all(path, FILE_PRIVATE, FILE_BYTES_MAX, code, err);

	if (result != RESULT_OK)
		return result;
	while (code->length > 0 &&
	       (code->data[code->length - 1] == '\n' || code->data[code->length - 1] == '\r'))
		code->length--;
	complaint = bootstrap_code_refuse(code->data, code->length);
	return complaint == NULL ? RESULT_OK
				 : error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
					     "%.95s: not a code that can be used; in one line, %s",
					     path, complaint);
}

/* To whoever asks no file is named: it may be a stranger. */
static enum result refuse_files(enum result result, const struct error *cause, struct error *err)
{
	if (result == RESULT_NOT_FOUND || result == RESULT_BUSY)
		return result;
	log_event(LOG_ERROR, NULL, "bootstrap code not usable", "message=%.255s", cause->message);
	return error_set(
		err, RESULT_STORE_UNAVAILABLE, NULL,
		"The file with the code cannot be used: it must hold one line of 16 to 128 "
		"characters, have the permissions 600, and lie in a folder with 700");
}

/* Hashed, so that the time tells nothing of the length either. */
static bool is_code(const struct buffer *expected, const char *code)
{
	uint8_t expected_hash[crypto_generichash_BYTES], hash[crypto_generichash_BYTES];

	crypto_generichash(expected_hash, sizeof(expected_hash), (const uint8_t *)expected->data,
			   expected->length, NULL, 0);
	crypto_generichash(hash, sizeof(hash), (const uint8_t *)code, strlen(code), NULL, 0);
	return sodium_memcmp(expected_hash, hash, sizeof(hash)) == 0;
}

/* Account or not, the code is the right one. */
static enum result make_owner(struct authority *authority, const char *address, int64_t now,
			      struct token_record *record, struct key *key, struct error *err)
{
	const char *database = authority->config->database;
	char key_file[NAME_SIZE];
	struct bootstrap_options owner = {.email = BOOTSTRAP_EMAIL,
					  .account_name = BOOTSTRAP_ACCOUNT_NAME,
					  .token_name = BOOTSTRAP_TOKEN_NAME,
					  .key_file = key_file};
	struct error cause = {0};
	enum result result;

	name_beside(database, KEY_FILE, key_file);
	result = bootstrap_first_owner(authority, &owner, now, record, key, &cause);
	if (result == RESULT_OK) {
		log_event(LOG_INFO, NULL, "first owner made", "by=code address=%.64s", address);
		return RESULT_OK;
	}
	if (result == RESULT_INVALID_USAGE)
		return bootstrap_find_key(authority, key_file, now, record, key) ? RESULT_OK
										 : RESULT_NOT_FOUND;
	err->retry_after_seconds = cause.retry_after_seconds; /* its words may name a file */
	if (result == RESULT_INVALID_CONFIGURATION || result == RESULT_STORE_UNAVAILABLE)
		log_event(LOG_ERROR, NULL, "first owner not made", "message=%.255s", cause.message);
	return result == RESULT_INVALID_CONFIGURATION ? RESULT_STORE_UNAVAILABLE : result;
}

/* With the lock held: takes a try and compares. */
static enum result check_code(const char *database, int tries, const char *code,
			      const char *address, int64_t now, struct error *err)
{
	char code_file[NAME_SIZE];
	struct buffer expected = {0};
	struct error cause = {0};
	enum result result;

	name_beside(database, BOOTSTRAP_CODE_FILE, code_file);
	result = read_code(code_file, &expected, &cause);
	result = result == RESULT_OK ? tries_take(tries, address, now, err)
				     : refuse_files(result, &cause, err);
	if (result == RESULT_OK && !is_code(&expected, code)) {
		log_event(LOG_WARNING, NULL, "wrong bootstrap code", "address=%.64s", address);
		result = error_set(err, RESULT_INVALID_TOKEN, NULL,
				   "This is not the code in the file; check both");
	}
	buffer_clear(&expected);
	return result;
}

static enum result redeem(struct authority *authority, int tries, const char *code,
			  const char *address, int64_t now, struct token_record *record,
			  struct key *key, struct error *err)
{
	const char *database = authority->config->database;
	uint64_t accounts;
	enum result result = store_count_accounts(authority->store, &accounts);

	/* With an account it is over, unless this code made it and perhaps nobody was told. */
	if (result == RESULT_OK && accounts > 0 && !is_there(database, KEY_FILE) &&
	    !is_there(database, KEY_FILE_PENDING))
		result = RESULT_NOT_FOUND;
	if (result == RESULT_OK)
		result = check_code(database, tries, code, address, now, err);
	if (result == RESULT_OK && accounts == 0) { /* of a database that is no more */
		take_away(database, KEY_FILE);
		take_away(database, KEY_FILE_PENDING);
	}
	if (result == RESULT_OK)
		result = make_owner(authority, address, now, record, key, err);
	/* The code is of no more use: put there again, or left by a crash behind the answer. */
	if (result == RESULT_NOT_FOUND)
		bootstrap_code_close(database);
	return result;
}

enum result bootstrap_code_redeem(struct authority *authority, const char *code,
				  const char *address, int64_t now, struct token_record *record,
				  struct key *key, struct error *err)
{
	const char *database = authority->config->database;
	char tries_file[NAME_SIZE];
	struct error cause = {0};
	int tries = -1;
	enum result result;

	*record = (struct token_record){0};
	*key = (struct key){0};
	name_beside(database, TRIES_FILE, tries_file);
	if (!bootstrap_code_waits(database))
		return RESULT_NOT_FOUND;
	result = tries_open(tries_file, &tries, &cause);
	result = result == RESULT_OK
			 ? redeem(authority, tries, code, address, now, record, key, err)
			 : refuse_files(result, &cause, err);
	tries_close(tries);
	return result;
}

void bootstrap_code_close(const char *database)
{
	/* The code last: while it is there, what has not been told can be asked for. */
	take_away(database, KEY_FILE_PENDING);
	take_away(database, KEY_FILE);
	take_away(database, TRIES_FILE);
	take_away(database, BOOTSTRAP_CODE_FILE);
}
