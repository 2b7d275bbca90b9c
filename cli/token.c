/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "output.h"
#include "token_table.h"

#include "json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The list as it grows. */
struct token_listing {
	struct token_table table;
	struct token_filter filter;
	enum result result; /* of the store, from inside a loop of its own */
};

static bool passes(const struct token_filter *filter, const struct token_record *record,
		   int64_t now)
{
	switch (authority_token_state(record, now)) {
	case TOKEN_ACTIVE:
		return filter->active;
	case TOKEN_EXPIRED:
		return filter->expired;
	case TOKEN_REVOKED:
		return filter->revoked;
	}
	return false;
}

static bool list_token(void *context, const struct token_record *record)
{
	struct token_listing *list = context;

	if (passes(&list->filter, record, list->table.admin->now))
		token_table_add(&list->table, record);
	return true;
}

static bool list_tokens_of(void *context, const struct account_record *account)
{
	struct token_listing *list = context;

	list->table.account = account;
	list->result = store_list_tokens(list->table.admin->authority.store, &account->id,
					 INT64_MAX, list->filter.revoked, list_token, list);
	return list->result == RESULT_OK;
}

static enum result read_filter(const struct arguments *arguments, struct token_filter *filter,
			       struct error *err)
{
	const char *state = arguments_value(arguments, OPTION_STATE);
	bool all = arguments_has(arguments, OPTION_ALL);

	*filter = (struct token_filter){.active = true, .expired = true, .revoked = all};
	if (state == NULL)
		return RESULT_OK;
	if (all)
		return error_set(err, RESULT_INVALID_PARAMETER, NULL,
				 "--state, --all: give one of them");
	filter->active = strcmp(state, "active") == 0;
	filter->expired = strcmp(state, "expired") == 0;
	filter->revoked = strcmp(state, "revoked") == 0;
	if (!filter->active && !filter->expired && !filter->revoked)
		return error_set(err, RESULT_INVALID_PARAMETER, NULL,
				 "--state: write active, expired or revoked");
	return RESULT_OK;
}

enum result token_list(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	const char *named = arguments_value(arguments, OPTION_ACCOUNT);
	struct token_listing list = {0};
	struct account_record account;
	enum result result = read_filter(arguments, &list.filter, err);

	if (result == RESULT_OK && named != NULL)
		result = admin_find_account(admin, named, "--account", &account, err);
	if (result != RESULT_OK)
		return result;
	token_table_begin(&list.table, admin);
	if (named != NULL)
		(void)list_tokens_of(&list, &account);
	else
		result = store_list_accounts(admin->authority.store, list_tokens_of, &list);
	output_end(&list.table.listing);
	return result == RESULT_OK ? list.result : result;
}

static void row(struct listing *listing, const char *name, const char *value)
{
	output_cell(listing, name);
	output_cell(listing, value);
}

static void write_addresses(struct listing *listing, const struct scope *scope)
{
	if (scope->every_address)
		row(listing, "addresses", "any");
	for (size_t i = 0; i < scope->addresses.count; i++) {
		char text[NETWORK_TEXT_SIZE];

		network_format(&scope->addresses.networks[i], text);
		row(listing, i == 0 ? "addresses" : "", text);
	}
}

static void write_moments(struct listing *listing, const struct token_record *record)
{
	char uses[24];

	output_cell(listing, "created");
	output_moment_cell(listing, record->created_at, "-");
	output_cell(listing, "expires");
	output_moment_cell(listing, record->scope.expires_at, "never");
	output_cell(listing, "last used");
	output_moment_cell(listing, record->last_used_at, "never");
	if (record->last_used_ip[0] != '\0')
		row(listing, "last used from", record->last_used_ip);
	snprintf(uses, sizeof(uses), "%" PRIu64, record->use_count);
	row(listing, "uses", uses);
	if (record->revoked_at != STORE_NO_MOMENT) {
		output_cell(listing, "revoked");
		output_moment_cell(listing, record->revoked_at, "-");
	}
}

static void write_text(struct admin *admin, const struct account_record *account,
		       const struct token_record *record)
{
	const struct id_set *websites = &record->scope.websites;
	struct listing listing;
	char id[ID_TEXT_SIZE];

	admin_begin_list(admin, &listing, NULL, 2);
	id_format(&record->id, id);
	row(&listing, "id", id);
	row(&listing, "name", record->has_name ? record->name : "-");
	row(&listing, "key", record->display_key.text);
	row(&listing, "account", account->email);
	row(&listing, "state", token_table_state(record, admin->now));
	output_cell(&listing, "permissions");
	token_table_permissions(&listing, admin->config, record);
	output_cell(&listing, "websites");
	token_table_websites(&listing, &record->scope);
	for (size_t i = 0; i < websites->count; i++) {
		id_format(&websites->ids[i], id);
		row(&listing, "", id);
	}
	write_addresses(&listing, &record->scope);
	if (record->has_parent)
		id_format(&record->parent, id);
	row(&listing, "made by", record->has_parent ? id : "the operator");
	write_moments(&listing, record);
	output_end(&listing);
}

enum result token_show(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	struct token_record record = {0};
	struct account_record account;
	enum result result = admin_find_token(admin, arguments->words[0], &record, err);

	if (result == RESULT_OK)
		result =
			store_find_account(admin->authority.store, &record.scope.account, &account);
	if (result == RESULT_OK && admin->as_json) {
		struct token_table table = {.account = &account};

		token_table_begin(&table, admin);
		token_table_add(&table, &record);
		output_end(&table.listing);
	} else if (result == RESULT_OK) {
		write_text(admin, &account, &record);
	}
	token_record_clear(&record);
	return result;
}

static void write_revoked(struct admin *admin, const char *id, bool cascade, uint64_t descendants)
{
	struct listing listing;
	struct buffer *out = &admin->out;

	if (!admin->as_json) {
		buffer_append_format(
			out, "token %s revoked; living tokens made by it, %s: %" PRIu64 "\n", id,
			cascade ? "revoked too" : "which go on working", descendants);
		return;
	}
	admin_begin_list(admin, &listing, NULL, 1);
	out = output_next_object(&listing);
	buffer_append_format(out, "{\"id\":\"%s\"", id);
	json_write_name("descendants", out);
	buffer_append_format(out, "%" PRIu64 "}", descendants);
	output_end(&listing);
}

enum result token_revoke(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	bool cascade = arguments_has(arguments, OPTION_CASCADE);
	struct token_record record = {0};
	uint64_t descendants = 0;
	enum result result = admin_find_token(admin, arguments->words[0], &record, err);

	if (result != RESULT_OK)
		return result;
	result = authority_revoke_as_operator(&admin->authority, &record.id, cascade, admin->now,
					      &descendants);
	if (result == RESULT_NOT_FOUND)
		result = error_set(err, RESULT_INVALID_USAGE, NULL,
				   "%s: this token is revoked already", arguments->words[0]);
	token_record_clear(&record);
	if (result == RESULT_OK)
		write_revoked(admin, arguments->words[0], cascade, descendants);
	return result;
}
