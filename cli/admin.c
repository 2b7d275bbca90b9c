/* SPDX-License-Identifier: ISC */
#include "admin.h"

#include "ascii.h"
#include "authority_audit.h"
#include "log.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN_SIZE = 81, EMAILS_SIZE = 120 };

static enum result refuse_owner(const char *path, uid_t owner, struct error *err)
{
	const struct passwd *entry = getpwuid(owner);
	char user[40];

	if (entry != NULL)
		snprintf(user, sizeof(user), "%.32s", entry->pw_name);
	else
		snprintf(user, sizeof(user), "#%u", (unsigned)owner);
	return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
			 "%.110s: belongs to another user; run this as that one: "
			 "sudo -u '%s' claviger-admin ...",
			 path, user);
}

static bool is_strange(const char *path, uid_t *owner)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return false;
	*owner = status.st_uid;
	/* A user among others may well read what root has put there. */
	return status.st_uid != geteuid() && status.st_uid != 0;
}

enum result admin_check_owner(const char *path, struct error *err)
{
	char directory[CONFIG_PATH_SIZE];
	char *slash;
	uid_t owner;

	if (is_strange(path, &owner))
		return refuse_owner(path, owner, err);
	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (slash == NULL || slash == directory)
		return RESULT_OK;
	*slash = '\0';
	return is_strange(directory, &owner) ? refuse_owner(directory, owner, err) : RESULT_OK;
}

enum result admin_load(struct admin *admin, struct error *err)
{
	enum result result = RESULT_OK;

	if (admin->config == NULL)
		admin->config = calloc(1, sizeof(*admin->config));
	if (admin->config == NULL)
		return error_set(err, RESULT_BUSY, NULL, "There is no memory to start with");
	if (admin->config_file != NULL)
		result = admin_check_owner(admin->config_file, err);
	if (result == RESULT_OK)
		result = config_load(admin->config_file, admin->environment, admin->cores,
				     admin->config, err);
	return result;
}

enum result admin_open(struct admin *admin, enum admin_opening opening, struct error *err)
{
	const struct config *config = admin->config;
	struct store_options options = {
		.path = config->database,
		.use_wal = config->journal_mode == JOURNAL_WAL,
		.busy_timeout_ms = config->busy_timeout_ms,
		.create = opening == ADMIN_TO_MAKE,
		.no_migration = opening == ADMIN_TO_LOOK,
		.catalogue = &config->catalogue,
	};
	enum result result = admin_check_owner(config->database, err);

	admin->limits.tokens_per_account = config->tokens_per_account;
	/* Nothing here checks a key: no memo, no throttle, no note of a use. */
	admin->authority =
		(struct authority){.config = config, .limits = &admin->limits, .may_wait = true};
	if (result == RESULT_OK)
		result = store_open(&options, &admin->authority.store, err);
	return result;
}

enum result admin_open_audit(struct admin *admin, bool make, struct error *err)
{
	bool is_new;
	enum result result = audit_key_open(admin->config, make, &admin->audit, &is_new, err);

	admin->authority.audit = admin->audit;
	if (result == RESULT_NOT_FOUND && !make) {
		*err = (struct error){0};
		return RESULT_OK;
	}
	if (result == RESULT_OK && is_new)
		authority_warn_of_new_key(&admin->authority);
	return result;
}

void admin_close(struct admin *admin)
{
	store_close(admin->authority.store);
	audit_key_close(admin->audit);
	free(admin->config);
	buffer_clear(&admin->out);
	*admin = (struct admin){0};
}

enum result admin_end(struct admin *admin, enum result result)
{
	if (result == RESULT_OK)
		return store_commit(admin->authority.store);
	store_rollback(admin->authority.store);
	return result;
}

/* The only account, or the emails of those to choose from. */
struct accounts {
	struct account_record *first;
	size_t count;
	char emails[EMAILS_SIZE];
};

static bool note_account(void *context, const struct account_record *account)
{
	struct accounts *accounts = context;
	size_t length = strlen(accounts->emails);

	if (accounts->count++ == 0)
		*accounts->first = *account;
	snprintf(accounts->emails + length, EMAILS_SIZE - length, "%s%s", length > 0 ? ", " : "",
		 account->email);
	return true;
}

static enum result find_only_account(struct admin *admin, const char *option,
				     struct account_record *account, struct error *err)
{
	struct accounts accounts = {.first = account};
	char shown[EMAILS_SIZE];
	enum result result = store_list_accounts(admin->authority.store, note_account, &accounts);

	if (result != RESULT_OK || accounts.count == 1)
		return result;
	if (accounts.count == 0)
		return error_set(err, RESULT_NOT_FOUND, NULL,
				 "There is no account yet; make one with claviger-admin init");
	(void)log_escape(accounts.emails, strlen(accounts.emails), shown, sizeof(shown));
	return error_set(err, RESULT_INVALID_PARAMETER, NULL,
			 "There are %zu accounts; say which one with %s: %s", accounts.count,
			 option, shown);
}

enum result admin_find_account(struct admin *admin, const char *named, const char *option,
			       struct account_record *account, struct error *err)
{
	struct store *store = admin->authority.store;
	char shown[SHOWN_SIZE];
	struct id id;
	enum result result;

	if (named == NULL)
		return find_only_account(admin, option, account, err);
	result = id_parse(named, strlen(named), &id)
			 ? store_find_account(store, &id, account)
			 : store_find_account_by_email(store, named, account);
	if (result != RESULT_NOT_FOUND)
		return result;
	(void)log_escape(named, strlen(named), shown, sizeof(shown));
	return error_set(err, result, NULL,
			 "%s: there is no such account; see claviger-admin account list", shown);
}

enum result admin_find_token(struct admin *admin, const char *named, struct token_record *record,
			     struct error *err)
{
	struct id id;
	enum result result = RESULT_NOT_FOUND;

	if (!id_parse(named, strlen(named), &id))
		return error_set(
			err, RESULT_INVALID_PARAMETER, NULL,
			"The id of a token is 24 lower-case hex digits; see claviger-admin "
			"token list");
	result = store_find_token(admin->authority.store, &id, record);
	if (result == RESULT_NOT_FOUND)
		return error_set(err, result, NULL,
				 "%s: there is no such token; see claviger-admin token list --all",
				 named);
	return result;
}

struct website_search {
	const char *named;
	size_t length;
	struct website_record *website;
	bool is_found;
};

static bool compare_website(void *context, const struct website_record *website)
{
	struct website_search *search = context;
	char id[ID_TEXT_SIZE];

	id_format(&website->id, id);
	search->is_found =
		ascii_equals_ignoring_case(search->named, search->length, website->domain) ||
		ascii_equals_ignoring_case(search->named, search->length, id);
	if (search->is_found)
		*search->website = *website;
	return !search->is_found;
}

enum result admin_find_website(struct admin *admin, const char *named, size_t length,
			       struct website_record *website, struct error *err)
{
	struct website_search search = {named, length, website, false};
	char shown[SHOWN_SIZE];
	enum result result =
		store_list_websites(admin->authority.store, NULL, 0, compare_website, &search);

	if (result != RESULT_OK || search.is_found)
		return result;
	(void)log_escape(named, length, shown, sizeof(shown));
	return error_set(err, RESULT_NOT_FOUND, NULL,
			 "%s: there is no such website; see claviger-admin website list", shown);
}

void admin_begin_list(struct admin *admin, struct listing *listing, const char *const *headers,
		      size_t columns)
{
	output_begin(listing, &admin->out, admin->as_json, headers, columns);
}
