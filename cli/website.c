/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "output.h"

#include "ascii.h"
#include "authority_audit.h"
#include "codec.h"
#include "log.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/* One more than a domain takes, so that it can be found too long. */
enum { SHOWN_SIZE = 81, FOLDED_SIZE = STORE_DOMAIN_SIZE + 1 };

/* The answer to a change: the record, or that it was ADDED or removed. */
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

/* A host name means the same in capitals. What is too long is cut and still too long. */
static void fold(const char *word, char domain[static FOLDED_SIZE])
{
	size_t length = 0;

	for (; length < FOLDED_SIZE - 1 && word[length] != '\0'; length++)
		domain[length] = ascii_lower(word[length]);
	domain[length] = '\0';
}

static const char *show(const char *domain, char shown[static SHOWN_SIZE])
{
	(void)log_escape(domain, strlen(domain), shown, SHOWN_SIZE);
	return shown;
}

static enum result check(const struct admin *admin, const char *domain, const char *name,
			 struct error *err)
{
	char shown[SHOWN_SIZE];
	const char *complaint = text_refuse_domain(domain);

	if (complaint != NULL)
		return error_set(err, RESULT_INVALID_FIELD, NULL, "%s: %s", show(domain, shown),
				 complaint);
	/* A domain is a good name, even where it is longer than a name may be. */
	if (name != domain)
		complaint = text_refuse_name(admin->config->token_prefix, name, strlen(name));
	if (complaint != NULL)
		return error_set(err, RESULT_INVALID_FIELD, NULL, "--name: %s", complaint);
	return RESULT_OK;
}

enum result website_add(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	char domain[FOLDED_SIZE];
	const char *name = arguments_value(arguments, OPTION_NAME);
	struct website_record website = {
		.id = id_new(admin->now), .role = ROLE_OWNER, .created_at = admin->now};
	struct account_record owner;
	enum result result;

	fold(arguments->words[0], domain);
	if (name == NULL)
		name = domain;
	result = check(admin, domain, name, err);
	if (result == RESULT_OK)
		result = admin_find_account(admin, arguments_value(arguments, OPTION_OWNER),
					    "--owner", &owner, err);
	if (result == RESULT_OK)
		result = store_begin(admin->authority.store);
	if (result != RESULT_OK)
		return result;
	snprintf(website.domain, sizeof(website.domain), "%s", domain);
	snprintf(website.name, sizeof(website.name), "%s", name);
	result = store_add_website(admin->authority.store, &website, &owner.id);
	if (result == RESULT_OK)
		result = authority_audit_website(&admin->authority, NULL, admin->now,
						 AUDIT_WEBSITE_ADD, &owner.id, NULL, &website);
	result = admin_end(admin, result);
	if (result == RESULT_CONFLICT)
		return error_set(err, result, NULL, "%.150s: there is a website of this domain",
				 domain);
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

/* Whom the removal of a website concerns: its first owner. */
struct owner_search {
	struct store *store;
	const struct id *website;
	struct id owner;
	bool is_found;
	enum result result;
};

static bool find_owner(void *context, const struct account_record *account)
{
	struct owner_search *search = context;
	enum role role;

	search->result = store_find_role(search->store, &account->id, search->website, &role);
	search->is_found = search->result == RESULT_OK && role == ROLE_OWNER;
	search->owner = account->id;
	return search->result == RESULT_OK && !search->is_found;
}

/* Inside the transaction. */
static enum result remove_website(struct admin *admin, const struct website_record *website)
{
	struct owner_search search = {.store = admin->authority.store, .website = &website->id};
	enum result result = store_list_accounts(search.store, find_owner, &search);

	if (result == RESULT_OK)
		result = search.result;
	if (result == RESULT_OK)
		result = store_remove_website(search.store, &website->id);
	if (result == RESULT_OK)
		result = authority_audit_website(
			&admin->authority, NULL, admin->now, AUDIT_WEBSITE_REMOVE,
			search.is_found ? &search.owner : NULL, website, NULL);
	return result;
}

enum result website_remove(struct admin *admin, const struct arguments *arguments,
			   struct error *err)
{
	const char *named = arguments->words[0];
	struct website_record website = {0};
	enum result result = admin_find_website(admin, named, strlen(named), &website, err);

	if (result == RESULT_OK)
		result = store_begin(admin->authority.store);
	if (result != RESULT_OK)
		return result;
	result = admin_end(admin, remove_website(admin, &website));
	if (result == RESULT_OK)
		write_answer(admin, &website, "removed");
	return result;
}
