/* SPDX-License-Identifier: ISC */
#include "account.h"
#include "admin.h"
#include "command.h"
#include "output.h"

#include "authority_audit.h"
#include "codec.h"
#include "json_write.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum result account_check(const struct config *config, const char *email, const char *name,
			  struct error *err)
{
	const char *complaint = text_refuse_email(email);

	if (complaint != NULL)
		return error_set(err, RESULT_INVALID_FIELD, NULL, "Email: %s", complaint);
	complaint = text_refuse_name(config->token_prefix, name, strlen(name));
	if (complaint != NULL)
		return error_set(err, RESULT_INVALID_FIELD, NULL, "--name: %s", complaint);
	return RESULT_OK;
}

/* What the HTTP interface says of an account, which never sees a disabled one, and whether it is.
 * The object is left open. */
static void open_object(const struct account_record *account, struct buffer *out)
{
	codec_write_account(NULL, account, NULL, 0, out);
	buffer_truncate(out, out->length - 1);
	json_write_name("disabledAt", out);
	json_write_moment(account->disabled_at, out);
}

static void write_json(struct admin *admin, const struct account_record *account,
		       const uint64_t *ended_tokens)
{
	struct listing listing;
	struct buffer *out;

	admin_begin_list(admin, &listing, NULL, 1);
	out = output_next_object(&listing);
	open_object(account, out);
	if (ended_tokens != NULL) {
		json_write_name("endedTokens", out);
		buffer_append_format(out, "%" PRIu64, *ended_tokens);
	}
	buffer_append_char(out, '}');
	output_end(&listing);
}

enum result account_add(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	const char *email = arguments->words[0];
	const char *name = arguments_value(arguments, OPTION_NAME);
	struct account_record account = {
		.id = id_new(admin->now), .created_at = admin->now, .disabled_at = STORE_NO_MOMENT};
	char id[ID_TEXT_SIZE];
	enum result result;

	if (name == NULL)
		name = email;
	result = account_check(admin->config, email, name, err);
	if (result != RESULT_OK)
		return result;
	snprintf(account.email, sizeof(account.email), "%s", email);
	snprintf(account.name, sizeof(account.name), "%s", name);
	result = store_begin(admin->authority.store);
	if (result != RESULT_OK)
		return result;
	result = store_add_account(admin->authority.store, &account);
	if (result == RESULT_OK)
		result = authority_audit_account(&admin->authority, NULL, admin->now,
						 AUDIT_ACCOUNT_ADD, NULL, &account);
	result = admin_end(admin, result);
	if (result == RESULT_CONFLICT)
		return error_set(err, result, NULL, "%.150s: there is an account of this email",
				 email);
	if (result != RESULT_OK)
		return result;

	id_format(&account.id, id);
	if (admin->as_json)
		write_json(admin, &account, NULL);
	else
		buffer_append_format(&admin->out, "account %s added: %s\n", id, account.email);
	return RESULT_OK;
}

static bool list_account(void *context, const struct account_record *account)
{
	struct listing *listing = context;
	char id[ID_TEXT_SIZE];

	if (listing->as_json) {
		struct buffer *out = output_next_object(listing);

		open_object(account, out);
		buffer_append_char(out, '}');
		return true;
	}
	id_format(&account->id, id);
	output_cell(listing, id);
	output_cell(listing, account->email);
	output_cell(listing, account->name);
	output_moment_cell(listing, account->created_at, "-");
	output_moment_cell(listing, account->disabled_at, "-");
	return true;
}

enum result account_list(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	static const char *const headers[] = {"ID", "EMAIL", "NAME", "CREATED", "DISABLED"};
	struct listing listing;
	enum result result;

	(void)arguments;
	(void)err;
	admin_begin_list(admin, &listing, headers, ARRAY_LENGTH(headers));
	result = store_list_accounts(admin->authority.store, list_account, &listing);
	output_end(&listing);
	return result;
}

/* Inside the transaction. */
static enum result disable(struct admin *admin, struct account_record *account, uint64_t *ended,
			   struct error *err)
{
	struct store *store = admin->authority.store;
	struct account_record before;
	enum result result = store_find_account(store, &account->id, account);

	if (result == RESULT_OK && account->disabled_at != STORE_NO_MOMENT)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%.150s: this account is disabled already", account->email);
	if (result == RESULT_OK)
		result = store_count_living_tokens(store, &account->id, admin->now, ended);
	if (result == RESULT_OK)
		result = store_disable_account(store, &account->id, admin->now);
	before = *account;
	account->disabled_at = admin->now;
	if (result == RESULT_OK)
		result = authority_audit_account(&admin->authority, NULL, admin->now,
						 AUDIT_ACCOUNT_DISABLE, &before, account);
	return result;
}

enum result account_disable(struct admin *admin, const struct arguments *arguments,
			    struct error *err)
{
	struct account_record account;
	uint64_t ended = 0;
	enum result result = admin_find_account(admin, arguments->words[0], NULL, &account, err);

	if (result == RESULT_OK)
		result = store_begin(admin->authority.store);
	if (result != RESULT_OK)
		return result;
	result = admin_end(admin, disable(admin, &account, &ended, err));
	if (result != RESULT_OK)
		return result;

	if (admin->as_json) {
		write_json(admin, &account, &ended);
		return RESULT_OK;
	}
	buffer_append_text(&admin->out, "account ");
	output_printable(account.email, &admin->out);
	buffer_append_format(&admin->out, " disabled; %" PRIu64 " living token%s stopped working\n",
			     ended, ended == 1 ? "" : "s");
	return RESULT_OK;
}
