/* SPDX-License-Identifier: ISC */
#include "bootstrap.h"

#include "authority_internal.h"
#include "buffer.h"
#include "file.h"
#include "log.h"
#include "text.h"
#include "timestamp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

enum result bootstrap_write_key(const char *path, const struct key *key, struct error *err)
{
	int descriptor;
	enum result result = file_create(path, &descriptor, err);

	if (result != RESULT_OK)
		return result;
	if (!token_write_line(key, descriptor) || fsync(descriptor) != 0)
		result = error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
				   "%.150s: the key could not be written; is the disk full?", path);
	close(descriptor);
	if (result != RESULT_OK)
		unlink(path);
	return result;
}

enum result bootstrap_check(const char *database, const char *key_file, struct error *err)
{
	if (access(database, F_OK) == 0)
		return RESULT_OK;
	return file_check_new(key_file, FILE_PRIVATE, err);
}

static enum result check_options(const struct authority *authority,
				 const struct bootstrap_options *options, struct error *err)
{
	const char *prefix = authority->config->token_prefix;
	const char *complaint = text_refuse_email(options->email);

	if (complaint == NULL)
		complaint = text_refuse_name(prefix, options->account_name,
					     strlen(options->account_name));
	if (complaint == NULL)
		complaint =
			text_refuse_name(prefix, options->token_name, strlen(options->token_name));
	if (complaint != NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL, "%s", complaint);
	return options->key_file == NULL ? RESULT_OK
					 : file_check_new(options->key_file, FILE_PRIVATE, err);
}

/* RESULT_INVALID_USAGE where there is an account. */
static enum result refuse_second(struct authority *authority, struct error *err)
{
	uint64_t accounts;
	enum result result = store_count_accounts(authority->store, &accounts);

	if (result == RESULT_OK && accounts > 0)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "The database has an account already; add tokens with "
				 "claviger-admin token create");
	return result;
}

/* Inside the transaction. */
static enum result add_owner(struct authority *authority, const struct bootstrap_options *options,
			     const char *pending_file, struct token_record *record,
			     const struct key *key, struct error *err)
{
	struct account_record account = {.id = record->scope.account,
					 .created_at = record->created_at,
					 .disabled_at = STORE_NO_MOMENT};
	enum result result = refuse_second(authority, err);

	snprintf(account.email, sizeof(account.email), "%s", options->email);
	snprintf(account.name, sizeof(account.name), "%s", options->account_name);
	if (result == RESULT_OK)
		result = store_add_account(authority->store, &account);
	if (result == RESULT_OK)
		result = store_add_token(authority->store, record);
	if (result == RESULT_OK)
		result = authority_audit_account(authority, NULL, record->created_at,
						 AUDIT_ACCOUNT_ADD, NULL, &account);
	if (result == RESULT_OK)
		result = authority_audit_token(authority, NULL, record->created_at,
					       AUDIT_TOKEN_CREATE, NULL, record);
	if (result == RESULT_OK && options->key_file != NULL) {
		unlink(pending_file); /* of an earlier try that did not commit */
		result = bootstrap_write_key(pending_file, key, err);
		if (result != RESULT_OK)
			error_set(err, result, NULL,
				  "%.150s: the key could not be written; is the disk full?",
				  options->key_file);
	}
	return result;
}

/* Another process that finished our work is as good. */
static bool rename_key(const char *pending_file, const char *key_file)
{
	return rename(pending_file, key_file) == 0 ||
	       (errno == ENOENT && access(key_file, F_OK) == 0);
}

static enum result put_in_place(const char *pending_file, const char *key_file, struct error *err)
{
	if (rename_key(pending_file, key_file))
		return RESULT_OK;
	return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
			 "%.100s: could not be made; the key is in %.100s", key_file, pending_file);
}

bool bootstrap_find_key(struct authority *authority, const char *path, int64_t now,
			struct token_record *record, struct key *key)
{
	struct account_record account;
	struct selector selector;
	struct buffer text;
	struct error err = {0};
	bool is_living = false;

	*record = (struct token_record){0};
	*key = (struct key){0};
	if (file_read_all(path, FILE_PRIVATE, KEY_TEXT_SIZE, &text, &err) == RESULT_OK &&
	    text.length > 0 && text.data[text.length - 1] == '\n' &&
	    token_parse(authority->config->token_prefix, text.data, text.length - 1, key,
			&selector) &&
	    store_find_caller(authority->store, &selector, record, &account) == RESULT_OK)
		is_living = authority_token_state(record, now) == TOKEN_ACTIVE &&
			    !record->account_disabled;
	buffer_clear(&text);
	if (!is_living) {
		token_record_clear(record);
		token_key_wipe(key);
	}
	return is_living;
}

static bool holds_living_key(struct authority *authority, const char *path, int64_t now)
{
	struct token_record record;
	struct key key;
	bool is_living = bootstrap_find_key(authority, path, now, &record, &key);

	token_record_clear(&record);
	token_key_wipe(&key);
	return is_living;
}

/* A crash between commit and rename left the key under its other name; one before the commit left
 * a key that never worked. */
static void finish_earlier(struct authority *authority, const struct bootstrap_options *options,
			   const char *pending_file, int64_t now)
{
	if (options->key_file == NULL || access(pending_file, F_OK) != 0 ||
	    access(options->key_file, F_OK) == 0)
		return;
	if (!holds_living_key(authority, pending_file, now))
		log_event(LOG_WARNING, NULL, "key file left alone",
			  "reason=holds no key of this database file=%.200s", pending_file);
	else if (!rename_key(pending_file, options->key_file))
		log_event(LOG_WARNING, NULL, "key file not renamed", "errno=%d", errno);
}

/* What a failed commit left behind goes only where it is certain that the token was not kept: after
 * a failure of the disk that is known when the database has been opened again. */
static void remove_dead_key(struct authority *authority, const struct token_record *record,
			    const char *pending_file, int64_t now)
{
	struct token_record kept = {0};

	if (store_refresh(authority->store, now) == RESULT_OK &&
	    store_find_token(authority->store, &record->id, &kept) == RESULT_NOT_FOUND)
		unlink(pending_file);
	token_record_clear(&kept);
}

/* Makes what RECORD and KEY say, or leaves nothing. */
static enum result keep_owner(struct authority *authority, const struct bootstrap_options *options,
			      const char *pending_file, struct token_record *record,
			      const struct key *key, struct error *err)
{
	enum result result = store_begin(authority->store);

	if (result != RESULT_OK)
		return result;
	result = add_owner(authority, options, pending_file, record, key, err);
	if (result != RESULT_OK) {
		store_rollback(authority->store);
		return result;
	}
	result = store_commit(authority->store);
	if (options->key_file == NULL)
		return result;
	if (result != RESULT_OK)
		remove_dead_key(authority, record, pending_file, record->created_at);
	else
		result = put_in_place(pending_file, options->key_file, err);
	return result;
}

enum result bootstrap_first_owner(struct authority *authority,
				  const struct bootstrap_options *options, int64_t now,
				  struct token_record *record, struct key *key, struct error *err)
{
	char pending_file[PATH_SIZE] = "";
	enum result result;

	*record = (struct token_record){.id = id_new(now),
					.scope = {.account = id_new(now),
						  .permissions = {.every = true},
						  .every_website = true,
						  .every_address = true,
						  .expires_at = TIMESTAMP_NEVER},
					.created_at = now,
					.last_used_at = STORE_NO_MOMENT,
					.revoked_at = STORE_NO_MOMENT,
					.rotated_at = STORE_NO_MOMENT,
					.grace_ends_at = STORE_NO_MOMENT,
					.has_name = true};
	*key = (struct key){0};
	if (options->key_file != NULL)
		snprintf(pending_file, sizeof(pending_file), "%s.new", options->key_file);
	result = refuse_second(authority, err);
	if (result == RESULT_INVALID_USAGE)
		finish_earlier(authority, options, pending_file, now);
	if (result == RESULT_OK)
		result = check_options(authority, options, err);
	if (result != RESULT_OK)
		return result;
	snprintf(record->name, sizeof(record->name), "%s", options->token_name);
	result = authority_prepare_key(authority, record, key, err);
	if (result == RESULT_OK)
		result = keep_owner(authority, options, pending_file, record, key, err);
	if (result != RESULT_OK)
		token_key_wipe(key);
	return result;
}
