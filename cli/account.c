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

/* MEMBER, where it is not NULL, is the name of COUNT. */
static void write_json(struct admin *admin, const struct account_record *account,
		       const char *member, uint64_t count)
{
	struct listing listing;
	struct buffer *out;

	admin_begin_list(admin, &listing, NULL, 1);
	out = output_next_object(&listing);
	open_object(account, out);
	if (member != NULL) {
		json_write_name(member, out);
		buffer_append_format(out, "%" PRIu64, count);
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
		write_json(admin, &account, NULL, 0);
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

/* The two ways to turn, and how each is told. */
struct turn {
	bool disables;
	enum audit_action action;
	const char *already, *done, *one_does, *many_do;
	const char *member; /* of the answer in JSON: how many tokens */
};

/* Inside the transaction. */
static enum result turn_found(struct admin *admin, const struct turn *turn,
			      struct account_record *account, uint64_t *tokens, struct error *err)
{
	struct store *store = admin->authority.store;
	struct account_record before;
	enum result result = store_find_account(store, &account->id, account);

	if (result == RESULT_OK && (account->disabled_at != STORE_NO_MOMENT) == turn->disables)
		return error_set(err, RESULT_INVALID_USAGE, NULL, "%.150s: this account is %s",
				 account->email, turn->already);
	if (result == RESULT_OK)
		result = store_count_living_tokens(store, &account->id, admin->now, tokens);
	if (result == RESULT_OK)
		result = turn->disables ? store_disable_account(store, &account->id, admin->now)
					: store_enable_account(store, &account->id);
	before = *account;
	account->disabled_at = turn->disables ? admin->now : STORE_NO_MOMENT;
	if (result == RESULT_OK)
		result = authority_audit_account(&admin->authority, NULL, admin->now, turn->action,
						 &before, account);
	return result;
}

static enum result turn_account(struct admin *admin, const struct arguments *arguments,
				const struct turn *turn, struct error *err)
{
	struct account_record account;
	uint64_t tokens = 0;
	enum result result = admin_find_account(admin, arguments->words[0], NULL, &account, err);

	if (result == RESULT_OK)
		result = store_begin(admin->authority.store);
	if (result != RESULT_OK)
		return result;
	result = admin_end(admin, turn_found(admin, turn, &account, &tokens, err));
	if (result != RESULT_OK)
		return result;

	if (admin->as_json) {
		write_json(admin, &account, turn->member, tokens);
		return RESULT_OK;
	}
	buffer_append_text(&admin->out, "account ");
	output_printable(account.email, &admin->out);
	buffer_append_format(&admin->out, " %s; %" PRIu64 " living %s\n", turn->done, tokens,
			     tokens == 1 ? turn->one_does : turn->many_do);
	return RESULT_OK;
}

enum result account_disable(struct admin *admin, const struct arguments *arguments,
			    struct error *err)
{
	static const struct turn turn = {.disables = true,
					 .action = AUDIT_ACCOUNT_DISABLE,
					 .already = "disabled already",
					 .done = "disabled",
					 .one_does = "token stopped working",
					 .many_do = "tokens stopped working",
					 .member = "endedTokens"};

	return turn_account(admin, arguments, &turn, err);
}

enum result account_enable(struct admin *admin, const struct arguments *arguments,
			   struct error *err)
{
	static const struct turn turn = {.disables = false,
					 .action = AUDIT_ACCOUNT_ENABLE,
					 .already = "not disabled",
					 .done = "enabled",
					 .one_does = "token works again",
					 .many_do = "tokens work again",
					 .member = "revivedTokens"};

	return turn_account(admin, arguments, &turn, err);
}
