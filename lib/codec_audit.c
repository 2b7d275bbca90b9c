/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include "json_write.h"

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
