/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include "json_write.h"
#include "timestamp.h"

struct writing {
	const struct config *config;
	int64_t now;
	struct buffer *out;
};

static void write_id(const struct writing *to, const struct token_record *record)
{
	json_write_id(&record->id, to->out);
}

static void write_name(const struct writing *to, const struct token_record *record)
{
	if (record->has_name)
		json_write_string(record->name, to->out);
	else
		buffer_append(to->out, "null", 4);
}

static void write_display_key(const struct writing *to, const struct token_record *record)
{
	json_write_string(record->display_key.text, to->out);
}

static void write_scope(const struct writing *to, const struct token_record *record)
{
	(void)record;
	buffer_append_text(to->out, "\"user\"");
}

static void write_permissions(const struct writing *to, const struct token_record *record)
{
	const struct catalogue *catalogue = &to->config->catalogue;
	bool is_first = true;

	if (record->scope.permissions.every) {
		buffer_append_text(to->out, "[\"*\"]");
		return;
	}
	buffer_append_char(to->out, '[');
	for (size_t i = 0; i < catalogue->count; i++) {
		if (!permission_set_covers(record->scope.permissions, permission_set_of(i)))
			continue;
		if (!is_first)
			buffer_append_char(to->out, ',');
		is_first = false;
		buffer_append_char(to->out, '"'); /* names need no escapes */
		buffer_append_text(to->out, catalogue->permissions[i].name);
		buffer_append_char(to->out, '"');
	}
	buffer_append_char(to->out, ']');
}

static void write_website_ids(const struct writing *to, const struct token_record *record)
{
	buffer_append_char(to->out, '[');
	for (size_t i = 0; i < record->scope.websites.count; i++) {
		if (i > 0)
			buffer_append_char(to->out, ',');
		json_write_id(&record->scope.websites.ids[i], to->out);
	}
	buffer_append_char(to->out, ']');
}

static void write_allowed_ips(const struct writing *to, const struct token_record *record)
{
	buffer_append_char(to->out, '[');
	for (size_t i = 0; i < record->scope.addresses.count; i++) {
		char text[NETWORK_TEXT_SIZE];

		network_format(&record->scope.addresses.networks[i], text);
		if (i > 0)
			buffer_append_char(to->out, ',');
		json_write_string(text, to->out);
	}
	buffer_append_char(to->out, ']');
}

static void write_created_at(const struct writing *to, const struct token_record *record)
{
	json_write_moment(record->created_at, to->out);
}

static void write_last_used_at(const struct writing *to, const struct token_record *record)
{
	json_write_moment(record->last_used_at, to->out);
}

static void write_last_used_ip(const struct writing *to, const struct token_record *record)
{
	if (record->last_used_ip[0] != '\0')
		json_write_string(record->last_used_ip, to->out);
	else
		buffer_append(to->out, "null", 4);
}

static void write_use_count(const struct writing *to, const struct token_record *record)
{
	buffer_append_number(to->out, (int64_t)record->use_count);
}

static void write_expires_at(const struct writing *to, const struct token_record *record)
{
	json_write_moment(record->scope.expires_at, to->out);
}

static void write_state(const struct writing *to, const struct token_record *record)
{
	switch (authority_token_state(record, to->now)) {
	case TOKEN_ACTIVE:
		buffer_append_text(to->out, "\"active\"");
		break;
	case TOKEN_EXPIRED:
		buffer_append_text(to->out, "\"expired\"");
		break;
	case TOKEN_REVOKED:
		buffer_append_text(to->out, "\"revoked\"");
		break;
	}
}

static void write_parent(const struct writing *to, const struct token_record *record)
{
	if (record->has_parent)
		json_write_id(&record->parent, to->out);
	else
		buffer_append(to->out, "null", 4);
}

static void write_rotated_at(const struct writing *to, const struct token_record *record)
{
	json_write_moment(record->rotated_at, to->out);
}

/* Null once it is over: then there is no other key. */
static void write_grace_ends_at(const struct writing *to, const struct token_record *record)
{
	bool is_over = record->grace_ends_at <= to->now || record->revoked_at != STORE_NO_MOMENT;

	json_write_moment(is_over ? STORE_NO_MOMENT : record->grace_ends_at, to->out);
}

/* The record, in this order, and what of it the audit keeps. The reference interface names the id
 * twice. */
// clang-format off
static const struct token_field {
	const char *name;
	void (*write)(const struct writing *to, const struct token_record *record);
	bool is_audited;
} token_fields[] = {
	{ "id",          write_id,           false },
	{ "_id",         write_id,           false },
	{ "name",        write_name,         true  },
	{ "displayKey",  write_display_key,  true  },
	{ "scope",       write_scope,        false },
	{ "permissions", write_permissions,  true  },
	{ "websiteIds",  write_website_ids,  true  },
	{ "allowedIps",  write_allowed_ips,  true  },
	{ "createdAt",   write_created_at,   false },
	{ "lastUsedAt",  write_last_used_at, false },
	{ "lastUsedIp",  write_last_used_ip, false },
	{ "useCount",    write_use_count,    false },
	{ "expiresAt",   write_expires_at,   true  },
	{ "state",       write_state,        true  },
	{ "parentId",    write_parent,       false },
	{ "rotatedAt",   write_rotated_at,   true  },
	{ "graceEndsAt", write_grace_ends_at, true },
};
// clang-format on

static void write_account_members(const struct account_record *account, struct buffer *out)
{
	json_write_name("id", out);
	json_write_id(&account->id, out);
	json_write_name("_id", out);
	json_write_id(&account->id, out);
	json_write_name("name", out);
	json_write_string(account->name, out);
	json_write_name("email", out);
	json_write_string(account->email, out);
	json_write_name("createdAt", out);
	json_write_moment(account->created_at, out);
}

static void write_token_members(const struct config *config, const struct token_record *record,
				int64_t now, struct buffer *out)
{
	struct writing to = {config, now, out};

	for (size_t i = 0; i < ARRAY_LENGTH(token_fields); i++) {
		json_write_name(token_fields[i].name, out);
		token_fields[i].write(&to, record);
	}
}

void codec_write_token(const struct config *config, const struct token_record *record, int64_t now,
		       const struct account_record *account, const struct key *key,
		       struct buffer *out)
{
	buffer_append_char(out, '{');
	write_token_members(config, record, now, out);
	if (account != NULL) {
		json_write_name("account", out);
		buffer_append_char(out, '{');
		write_account_members(account, out);
		buffer_append_char(out, '}');
	}
	if (key != NULL) {
		json_write_name("key", out);
		buffer_append_char(out, '"'); /* base62 and an underscore: nothing to escape */
		buffer_append_text(out, key->secret_text);
		buffer_append_char(out, '"');
	}
	buffer_append_char(out, '}');
}

void codec_write_changed_token(const struct config *config, const struct token_record *record,
			       int64_t now, uint64_t descendants, struct buffer *out)
{
	buffer_append_char(out, '{');
	write_token_members(config, record, now, out);
	json_write_name("descendants", out);
	buffer_append_number(out, (int64_t)descendants);
	buffer_append_char(out, '}');
}

void codec_write_verdict(const struct config *config, const char *reason,
			 const struct token_record *record, int64_t now, struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("valid", out);
	buffer_append_text(out, reason == NULL ? "true" : "false");
	if (reason != NULL) {
		json_write_name("reason", out);
		json_write_string(reason, out);
	}
	if (record != NULL) {
		json_write_name("token", out);
		codec_write_token(config, record, now, NULL, NULL, out);
	}
	buffer_append_char(out, '}');
}

/* "*" first, then all names of today: who looks for a name finds it, and "*" says the rest. */
static void write_scope_tokens(const struct writing *to, const struct token_record *record)
{
	const struct catalogue *catalogue = &to->config->catalogue;
	const char *separator = "";

	buffer_append_char(to->out, '"');
	if (record->scope.permissions.every) {
		buffer_append_char(to->out, '*');
		separator = " ";
	}
	for (size_t i = 0; i < catalogue->count; i++) {
		if (!permission_set_covers(record->scope.permissions, permission_set_of(i)))
			continue;
		buffer_append_text(to->out, separator);
		buffer_append_text(to->out, catalogue->permissions[i].name);
		separator = " ";
	}
	buffer_append_char(to->out, '"');
}

static int64_t in_seconds(int64_t moment)
{
	return moment / 1000; /* down: nobody is to think that it lasts longer */
}

/* When this key ends, which may be before its token does. */
static int64_t end_of_key(const struct token_record *record)
{
	bool is_in_grace =
		record->is_replaced_key && record->grace_ends_at < record->scope.expires_at;

	return is_in_grace ? record->grace_ends_at : record->scope.expires_at;
}

void codec_write_introspection(const struct config *config, const struct token_record *record,
			       struct buffer *out)
{
	struct writing to = {config, 0, out};

	json_write_name("active", out);
	buffer_append_text(out, "true");
	json_write_name("scope", out);
	write_scope_tokens(&to, record);
	json_write_name("client_id", out);
	write_id(&to, record);
	json_write_name("sub", out);
	json_write_id(&record->scope.account, out);
	json_write_name("token_type", out);
	buffer_append_text(out, "\"Bearer\"");
	json_write_name("iat", out);
	buffer_append_number(out, in_seconds(record->created_at));
	if (end_of_key(record) != TIMESTAMP_NEVER) {
		json_write_name("exp", out);
		buffer_append_number(out, in_seconds(end_of_key(record)));
	}
	if (!record->scope.every_website) {
		json_write_name("website_ids", out);
		write_website_ids(&to, record);
	}
}

void codec_write_inactive(struct buffer *out)
{
	json_write_name("active", out);
	buffer_append_text(out, "false");
}

void codec_write_audited_token(const struct config *config, const struct token_record *record,
			       int64_t now, struct buffer *out)
{
	struct writing to = {config, now, out};

	buffer_append_char(out, '{');
	for (size_t i = 0; i < ARRAY_LENGTH(token_fields); i++) {
		if (!token_fields[i].is_audited)
			continue;
		json_write_name(token_fields[i].name, out);
		token_fields[i].write(&to, record);
	}
	buffer_append_char(out, '}');
}

void codec_write_account(const struct config *config, const struct account_record *account,
			 const struct token_record *token, int64_t now, struct buffer *out)
{
	buffer_append_char(out, '{');
	write_account_members(account, out);
	if (token != NULL) {
		json_write_name("token", out);
		codec_write_token(config, token, now, NULL, NULL, out);
	}
	buffer_append_char(out, '}');
}

void codec_write_website(const struct website_record *website, struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("id", out);
	json_write_id(&website->id, out);
	json_write_name("_id", out);
	json_write_id(&website->id, out);
	json_write_name("domain", out);
	json_write_string(website->domain, out);
	json_write_name("name", out);
	json_write_string(website->name, out);
	json_write_name("role", out);
	if (website->role == ROLE_NONE) /* to the operator, who has none */
		buffer_append_text(out, "null");
	else
		json_write_string(role_name(website->role), out);
	json_write_name("createdAt", out);
	json_write_moment(website->created_at, out);
	buffer_append_char(out, '}');
}

void codec_write_member(const struct member_record *member, struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("accountId", out);
	json_write_id(&member->account, out);
	json_write_name("name", out);
	json_write_string(member->name, out);
	json_write_name("role", out);
	json_write_string(role_name(member->role), out);
	buffer_append_char(out, '}');
}

void codec_write_activity(const struct activity *activity, struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("at", out);
	json_write_moment(activity->hour * STORE_MS_PER_HOUR, out);
	json_write_name("requests", out);
	buffer_append_number(out, (int64_t)activity->requests);
	json_write_name("refusals", out);
	buffer_append_number(out, (int64_t)activity->refusals);
	buffer_append_char(out, '}');
}

void codec_write_permission(const struct permission *permission, bool is_granted,
			    struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("name", out);
	json_write_string(permission->name, out);
	json_write_name("description", out);
	json_write_string(permission->description, out);
	json_write_name("granted", out);
	buffer_append_text(out, is_granted ? "true" : "false");
	buffer_append_char(out, '}');
}
