/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "output.h"

#include "authority_website.h"
#include "codec.h"

#include <string.h>

static bool list_member(void *context, const struct member_record *member)
{
	struct listing *listing = context;
	char id[ID_TEXT_SIZE];

	if (listing->as_json) {
		codec_write_member(member, output_next_object(listing));
		return true;
	}
	id_format(&member->account, id);
	output_cell(listing, id);
	output_cell(listing, member->name);
	output_cell(listing, role_name(member->role));
	return true;
}

enum result team_list(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	static const char *const headers[] = {"ACCOUNT", "NAME", "ROLE"};
	const char *named = arguments->words[0];
	struct website_record website = {0};
	struct listing listing;
	enum result result = admin_find_website(admin, named, strlen(named), &website, err);

	if (result != RESULT_OK)
		return result;
	admin_begin_list(admin, &listing, headers, ARRAY_LENGTH(headers));
	result = store_list_members(admin->authority.store, &website.id, 0, list_member, &listing);
	output_end(&listing);
	return result;
}

/* Makes ROLE that of --account on the website that was named. */
static enum result set_role(struct admin *admin, const struct arguments *arguments, enum role role,
			    struct error *err)
{
	const char *named = arguments->words[0];
	struct website_record website = {0};
	struct account_record account;
	struct member_record member;
	struct listing listing;
	enum result result;

	result = admin_find_website(admin, named, strlen(named), &website, err);
	if (result == RESULT_OK)
		result = admin_find_account(admin, arguments_value(arguments, OPTION_ACCOUNT),
					    "--account", &account, err);
	if (result == RESULT_OK)
		result = authority_set_role_as_operator(&admin->authority, &website.id, &account.id,
							role, admin->now, &member, err);
	if (result != RESULT_OK)
		return result;
	if (admin->as_json) {
		admin_begin_list(admin, &listing, NULL, 1);
		codec_write_member(&member, output_next_object(&listing));
		output_end(&listing);
		return RESULT_OK;
	}
	output_printable(account.email, &admin->out);
	if (role == ROLE_NONE)
		buffer_append_text(&admin->out, " has no role on ");
	else
		buffer_append_format(&admin->out, " is %s of ", role_name(role));
	output_printable(website.domain, &admin->out);
	buffer_append_char(&admin->out, '\n');
	return RESULT_OK;
}

enum result team_set(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	const char *named = arguments_value(arguments, OPTION_ROLE);
	enum role role = named == NULL ? ROLE_NONE : role_parse(named);

	if (role == ROLE_NONE)
		return error_set(err, RESULT_INVALID_FIELD, NULL,
				 "--role: owner, member or viewer is wanted");
	return set_role(admin, arguments, role, err);
}

enum result team_remove(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	return set_role(admin, arguments, ROLE_NONE, err);
}
