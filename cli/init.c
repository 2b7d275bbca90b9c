/* SPDX-License-Identifier: ISC */
#include "command.h"

#include "account.h"
#include "admin.h"
#include "issued.h"

#include "bootstrap.h"

static enum result make_owner(struct admin *admin, const struct bootstrap_options *options,
			      struct error *err)
{
	struct account_record account;
	struct token_record record = {0};
	struct key key = {0};
	struct issued issued = {.account = &account,
				.record = &record,
				.key = &key,
				.key_file = options->key_file,
				.is_key_file_written = options->key_file != NULL};
	enum result result =
		bootstrap_first_owner(&admin->authority, options, admin->now, &record, &key, err);

	if (result == RESULT_OK)
		result =
			store_find_account(admin->authority.store, &record.scope.account, &account);
	if (result == RESULT_OK)
		result = issued_deliver(admin, &issued, err);
	token_key_wipe(&key);
	token_record_clear(&record);
	return result;
}

enum result init_database(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	const char *email = arguments_value(arguments, OPTION_EMAIL);
	const char *name = arguments_value(arguments, OPTION_NAME);
	struct bootstrap_options options = {
		.email = email == NULL ? BOOTSTRAP_EMAIL : email,
		.account_name = name == NULL ? BOOTSTRAP_ACCOUNT_NAME : name,
		.token_name = BOOTSTRAP_TOKEN_NAME,
		.key_file = arguments_value(arguments, OPTION_KEY_FILE),
	};
	/* Before there is a file. */
	enum result result = account_check(admin->config, options.email, options.account_name, err);

	if (result == RESULT_OK && options.key_file != NULL)
		result = bootstrap_check(admin->config->database, options.key_file, err);
	if (result == RESULT_OK)
		result = admin_open(admin, ADMIN_TO_MAKE, err);
	if (result == RESULT_OK)
		result = admin_open_audit(admin, true, err);
	if (result == RESULT_OK)
		result = make_owner(admin, &options, err);
	return result;
}
