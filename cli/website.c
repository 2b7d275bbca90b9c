/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "output.h"

#include "authority_website.h"
#include "codec.h"
#include "log.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_SIZE = 81 };

/* The answer to a change: the record, or WHAT was done with it. */
static void write_answer(struct admin *admin, const struct website_record *website,
			 const char *what)
{
	struct listing listing;
	char id[ID_TEXT_SIZE];

	if (admin->as_json) {
		admin_begin_list(admin, &listing, NULL, 1);
		codec_write_website(website, output_next_object(&listing));
		output_end(&listing);
		return;
	}
	id_format(&website->id, id);
	buffer_append_format(&admin->out, "website %s %s: ", id, what);
	output_printable(website->domain, &admin->out);
	buffer_append_char(&admin->out, '\n');
}

static enum result check_name(const struct admin *admin, const char *name, struct error *err)
{
	const char *complaint = text_refuse_name(admin->config->token_prefix, name, strlen(name));

	return complaint == NULL
		       ? RESULT_OK
		       : error_set(err, RESULT_INVALID_FIELD, NULL, "--name: %s", complaint);
}

/* NAME may be NULL. */
static enum result fill_draft(const struct admin *admin, const char *domain, const char *name,
			      struct website_draft *draft, struct error *err)
{
	char shown[SHOWN_SIZE];
	const char *complaint = text_read_domain(domain, draft->domain);

	if (complaint != NULL) {
		(void)log_escape(domain, strlen(domain), shown, sizeof(shown));
		return error_set(err, RESULT_INVALID_FIELD, NULL, "%s: %s", shown, complaint);
	}
	if (name == NULL)
		return RESULT_OK;
	snprintf(draft->name, sizeof(draft->name), "%s", name);
	return check_name(admin, name, err);
}

enum result website_add(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	struct website_draft draft = {0};
	struct website_record website = {0};
	struct account_record owner;
	enum result result = fill_draft(admin, arguments->words[0],
					arguments_value(arguments, OPTION_NAME), &draft, err);

	if (result == RESULT_OK)
		result = admin_find_account(admin, arguments_value(arguments, OPTION_OWNER),
					    "--owner", &owner, err);
	if (result == RESULT_OK)
		result = authority_add_website_as_operator(&admin->authority, &owner.id, &draft,
							   admin->now, &website, err);
	if (result == RESULT_OK)
		write_answer(admin, &website, "added");
	return result;
}

static bool list_website(void *context, const struct website_record *website)
{
	struct listing *listing = context;
	char id[ID_TEXT_SIZE];

	if (listing->as_json) {
		codec_write_website(website, output_next_object(listing));
		return true;
	}
	id_format(&website->id, id);
	output_cell(listing, id);
	output_cell(listing, website->domain);
	output_cell(listing, website->name);
	if (website->role != ROLE_NONE)
		output_cell(listing, role_name(website->role));
	output_moment_cell(listing, website->created_at, "-");
	return true;
}

enum result website_list(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	static const char *const headers[] = {"ID", "DOMAIN", "NAME", "CREATED"};
	static const char *const headers_of_account[] = {"ID", "DOMAIN", "NAME", "ROLE", "CREATED"};
	const char *named = arguments_value(arguments, OPTION_ACCOUNT);
	struct account_record account;
	struct listing listing;
	enum result result = RESULT_OK;

	if (named != NULL)
		result = admin_find_account(admin, named, "--account", &account, err);
	if (result != RESULT_OK)
		return result;
	/* A role is one account's. */
	if (named == NULL)
		admin_begin_list(admin, &listing, headers, ARRAY_LENGTH(headers));
	else
		admin_begin_list(admin, &listing, headers_of_account,
				 ARRAY_LENGTH(headers_of_account));
	result = store_list_websites(admin->authority.store, named == NULL ? NULL : &account.id, 0,
				     list_website, &listing);
	output_end(&listing);
	return result;
}

enum result website_rename(struct admin *admin, const struct arguments *arguments,
			   struct error *err)
{
	const char *named = arguments->words[0];
	const char *name = arguments_value(arguments, OPTION_NAME);
	struct website_record website = {0};
	enum result result;

	if (name == NULL)
		return error_set(err, RESULT_INVALID_FIELD, NULL, "Say what it is called: --name");
	result = check_name(admin, name, err);
	if (result == RESULT_OK)
		result = admin_find_website(admin, named, strlen(named), &website, err);
	if (result == RESULT_OK)
		result = authority_rename_website_as_operator(&admin->authority, &website.id, name,
							      admin->now, &website);
	if (result == RESULT_OK)
		write_answer(admin, &website, "renamed");
	return result;
}

enum result website_remove(struct admin *admin, const struct arguments *arguments,
			   struct error *err)
{
	const char *named = arguments->words[0];
	struct website_record website = {0};
	enum result result = admin_find_website(admin, named, strlen(named), &website, err);

	if (result == RESULT_OK)
		result = authority_remove_website_as_operator(&admin->authority, &website.id,
							      admin->now, &website);
	if (result == RESULT_OK)
		write_answer(admin, &website, "removed");
	return result;
}
