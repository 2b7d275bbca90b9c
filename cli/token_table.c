/* SPDX-License-Identifier: ISC */
#include "token_table.h"

#include "codec.h"

#include <stdio.h>

enum { LINE_MAX_BYTES = 1 << 16 };

const char *token_table_state(const struct token_record *record, int64_t now)
{
	switch (authority_token_state(record, now)) {
	case TOKEN_ACTIVE:
		return record->account_disabled ? "account disabled" : "active";
	case TOKEN_EXPIRED:
		return "expired";
	case TOKEN_REVOKED:
		return "revoked";
	}
	return "unknown";
}

void token_table_permissions(struct listing *listing, const struct config *config,
			     const struct token_record *record)
{
	struct buffer names;

	buffer_init(&names, LINE_MAX_BYTES);
	permission_set_write(&config->catalogue, record->scope.permissions, &names);
	output_cell(listing, names.length == 0 ? "none" : names.data);
	buffer_clear(&names);
}

void token_table_websites(struct listing *listing, const struct scope *scope)
{
	char text[32];

	if (scope->every_website)
		snprintf(text, sizeof(text), "all");
	else
		snprintf(text, sizeof(text), "%zu", scope->websites.count);
	output_cell(listing, text);
}

void token_table_begin(struct token_table *table, struct admin *admin)
{
	static const char *const headers[] = {"ID",       "NAME",       "KEY",     "ACCOUNT",
					      "STATE",    "CREATED",    "EXPIRES", "LAST USED",
					      "WEBSITES", "PERMISSIONS"};

	table->admin = admin;
	admin_begin_list(admin, &table->listing, headers, ARRAY_LENGTH(headers));
}

void token_table_add(struct token_table *table, const struct token_record *record)
{
	struct admin *admin = table->admin;
	struct listing *listing = &table->listing;
	char id[ID_TEXT_SIZE];

	if (listing->as_json) {
		codec_write_token(admin->config, record, admin->now, table->account, NULL,
				  output_next_object(listing));
		return;
	}
	id_format(&record->id, id);
	output_cell(listing, id);
	output_cell(listing, record->has_name ? record->name : "-");
	output_cell(listing, record->display_key.text);
	output_cell(listing, table->account->email);
	output_cell(listing, token_table_state(record, admin->now));
	output_moment_cell(listing, record->created_at, "-");
	output_moment_cell(listing, record->scope.expires_at, "never");
	output_moment_cell(listing, record->last_used_at, "never");
	token_table_websites(listing, &record->scope);
	token_table_permissions(listing, admin->config, record);
}
