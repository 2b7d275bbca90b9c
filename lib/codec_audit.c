/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include "json_scan.h"
#include "json_write.h"

#include <sodium.h>

#include <inttypes.h>
#include <string.h>

enum member_kind { MEMBER_ID, MEMBER_TEXT, MEMBER_JSON };

static const struct audit_member {
	const char *name;
	enum audit_column column;
	enum member_kind kind;
} audit_members[] = {
	// clang-format off
	{ "action",       AUDIT_ACTION,     MEMBER_TEXT },
	{ "actorTokenId", AUDIT_ACTOR,      MEMBER_ID   },
	{ "accountId",    AUDIT_ACCOUNT,    MEMBER_ID   },
	{ "address",      AUDIT_ADDRESS,    MEMBER_TEXT },
	{ "requestId",    AUDIT_REQUEST_ID, MEMBER_TEXT },
	{ "targetId",     AUDIT_TARGET,     MEMBER_ID   },
	{ "before",       AUDIT_BEFORE,     MEMBER_JSON },
	{ "after",        AUDIT_AFTER,      MEMBER_JSON },
	// clang-format on
};

void codec_write_audited_website(const struct website_record *website, struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("domain", out);
	json_write_string(website->domain, out);
	json_write_name("name", out);
	json_write_string(website->name, out);
	buffer_append_char(out, '}');
}

void codec_write_audited_role(const struct id *account, enum role role, struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("accountId", out);
	json_write_id(account, out);
	json_write_name("role", out);
	json_write_string(role_name(role), out);
	buffer_append_char(out, '}');
}

void codec_write_audited_account(const struct account_record *account, struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("email", out);
	json_write_string(account->email, out);
	json_write_name("name", out);
	json_write_string(account->name, out);
	json_write_name("disabledAt", out);
	json_write_moment(account->disabled_at, out);
	buffer_append_char(out, '}');
}

void codec_write_audited_refusal(const struct error *err, struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("field", out);
	if (err->field[0] == '\0')
		buffer_append(out, "null", 4);
	else
		json_write_string(err->field, out);
	json_write_name("message", out);
	json_write_string(err->message, out);
	buffer_append_char(out, '}');
}

static void write_json(const struct audit_value *value, struct buffer *out)
{
	struct error err = {0};

	/* What is no JSON was altered, and must not alter what stands around it. */
	if (json_scan(value->bytes, value->length, &err) == RESULT_OK)
		buffer_append(out, value->bytes, value->length);
	else
		json_write_string(value->bytes, out);
}

static void write_id(const struct audit_value *value, struct buffer *out)
{
	struct id id;

	if (value->length != sizeof(id.bytes)) {
		buffer_append(out, "null", 4);
		return;
	}
	memcpy(id.bytes, value->bytes, sizeof(id.bytes));
	json_write_id(&id, out);
}

static void write_member(const struct audit_member *member, const struct audit_value *value,
			 struct buffer *out)
{
	json_write_name(member->name, out);
	if (value->bytes == NULL) {
		buffer_append(out, "null", 4);
		return;
	}
	switch (member->kind) {
	case MEMBER_ID:
		write_id(value, out);
		return;
	case MEMBER_TEXT:
		json_write_string(value->bytes, out);
		return;
	case MEMBER_JSON:
		write_json(value, out);
		return;
	}
}

/* The object is left open. */
static void open_entry(const struct audit_row *row, struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("id", out);
	buffer_append_format(out, "\"%" PRId64 "\"", row->sequence);
	json_write_name("at", out);
	json_write_moment(row->at, out);
	for (size_t i = 0; i < ARRAY_LENGTH(audit_members); i++)
		write_member(&audit_members[i], &row->values[audit_members[i].column], out);
}

void codec_write_audit(const struct audit_row *row, struct buffer *out)
{
	open_entry(row, out);
	buffer_append_char(out, '}');
}

void codec_write_exported_audit(const struct audit_row *row, struct buffer *out)
{
	char key_id[2 * STORE_KEY_ID_SIZE + 1], chain[2 * STORE_CHAIN_SIZE + 1];

	sodium_bin2hex(key_id, sizeof(key_id), row->key_id, sizeof(row->key_id));
	sodium_bin2hex(chain, sizeof(chain), row->chain, sizeof(row->chain));
	open_entry(row, out);
	buffer_append_format(out, ",\"keyId\":\"%s\",\"chain\":\"%s\"}", key_id, chain);
}
