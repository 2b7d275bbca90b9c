/* SPDX-License-Identifier: ISC */
#include "remote_command.h"

#include "log.h"
#include "text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_SIZE = 41, CHOICES_SIZE = 160, NEAR = 2 };

#define BIT(option) OPTION_BIT(option)
#define FILTERS                                                                                    \
	(BIT(STATE) | BIT(QUERY) | BIT(PARENT) | BIT(PERMISSION) | BIT(WEBSITE) | BIT(UNUSED_SINCE))
#define SCOPE (BIT(PERMISSION) | BIT(WEBSITE) | BIT(ALLOW_IP) | BIT(EXPIRES_IN) | BIT(EXPIRES_AT))
#define EVERYWHERE (BIT(API_BASE) | BIT(INSECURE_HTTP) | BIT(JSON) | BIT(HELP) | BIT(VERSION))

// clang-format off
static const struct remote_command commands[] = {
	{ { "login", NULL, NULL, BIT(WITH_TOKEN),
	    "Keep a token for a service",
	    "Reads the token from the terminal without showing it, or from standard input, asks the\n"
	    "service whether it is good, and keeps it where only you can read it (0600).\n" },
	  remote_log_in, REMOTE_SETTINGS, NULL },
	{ { "logout", NULL, NULL, 0,
	    "Remove the token that is kept",
	    "It stays valid: revoke it with claviger tokens revoke self.\n" },
	  remote_log_out, REMOTE_SETTINGS, NULL },
	{ { "whoami", NULL, NULL, 0,
	    "Show the account, and what the token may do",
	    "" },
	  remote_whoami, REMOTE_LOGIN, NULL },
	{ { "tokens", "list", NULL, FILTERS | BIT(LIMIT),
	    "List tokens, newest first",
	    "The active and the expired ones where --state is left out.\n" },
	  remote_tokens_list, REMOTE_LOGIN, NULL },
	{ { "tokens", "create", NULL, BIT(NAME) | SCOPE | BIT(KEY_FILE),
	    "Make a token and print its key, once",
	    "What is left out is what your own token has. Standard output is the key and nothing\n"
	    "else. Where it cannot be written, the token is revoked again.\n" },
	  remote_tokens_create, REMOTE_LOGIN, NULL },
	{ { "tokens", "show", "TOKEN", 0,
	    "Show one token",
	    "TOKEN is an id, a name that one token has, or self for your own. By its id a revoked one\n"
	    "is shown too.\n" },
	  remote_tokens_show, REMOTE_LOGIN, "self" },
	{ { "tokens", "rename", "TOKEN NAME", 0,
	    "Give a token another name",
	    "" },
	  remote_tokens_rename, REMOTE_LOGIN, NULL },
	{ { "tokens", "narrow", "TOKEN", SCOPE | BIT(CASCADE),
	    "Take permissions, websites, addresses or time from a token",
	    "What is left out stays. Nothing makes a token wider again.\n" },
	  remote_tokens_narrow, REMOTE_LOGIN, NULL },
	{ { "tokens", "rotate", "TOKEN", BIT(GRACE) | BIT(KEY_FILE) | BIT(YES),
	    "Give a token another key",
	    "Standard output is the key and nothing else. The one that login keeps is replaced there\n"
	    "and not shown, and its old key works for a minute more.\n" },
	  remote_tokens_rotate, REMOTE_LOGIN, "self" },
	{ { "tokens", "revoke", "[TOKEN]...", FILTERS | BIT(CASCADE) | BIT(DRY_RUN) | BIT(YES),
	    "Revoke tokens: those that are named, or all that are found",
	    "" },
	  remote_tokens_revoke, REMOTE_LOGIN, "self" },
	{ { "tokens", "tree", "[TOKEN]", BIT(ALL) | BIT(ASCII),
	    "Draw which token made which",
	    "Revoked ones are left out where nothing that is shown was made by them. A line says\n"
	    "name, id, key, state and permissions.\n" },
	  remote_tokens_tree, REMOTE_LOGIN, "self" },
	{ { "websites", "list", NULL, BIT(LIMIT),
	    "List the websites that the token reaches, oldest first",
	    "" },
	  remote_websites_list, REMOTE_LOGIN, NULL },
	{ { "websites", "show", "WEBSITE", 0,
	    "Show one website, named by id or domain",
	    "" },
	  remote_websites_show, REMOTE_LOGIN, NULL },
	{ { "websites", "add", "DOMAIN", BIT(NAME),
	    "Add a website, which tokens can be limited to",
	    "" },
	  remote_websites_add, REMOTE_LOGIN, NULL },
	{ { "websites", "rename", "WEBSITE NAME", 0,
	    "Give a website another name; its domain stays",
	    "" },
	  remote_websites_rename, REMOTE_LOGIN, NULL },
	{ { "websites", "delete", "WEBSITE", BIT(YES),
	    "Delete a website",
	    "Tokens that are limited to it keep its id, which then grants nothing.\n" },
	  remote_websites_delete, REMOTE_LOGIN, NULL },
	{ { "team", "list", "WEBSITE", BIT(LIMIT),
	    "List who has which role on a website",
	    "" },
	  remote_team_list, REMOTE_LOGIN, NULL },
	{ { "team", "set", "WEBSITE ACCOUNT", BIT(ROLE),
	    "Give an account a role on a website, or another one",
	    "ACCOUNT is an id. A viewer reads; a member does all but change the team and delete the\n"
	    "website; an owner does all.\n" },
	  remote_team_set, REMOTE_LOGIN, NULL },
	{ { "team", "remove", "WEBSITE ACCOUNT", BIT(YES),
	    "Take the role of an account on a website away",
	    "The last owner stays.\n" },
	  remote_team_remove, REMOTE_LOGIN, NULL },
	{ { "permissions", "list", NULL, 0,
	    "List what a token can be permitted, and what yours is",
	    "" },
	  remote_permissions_list, REMOTE_LOGIN, NULL },
	{ { "audit", "list", NULL, BIT(LIMIT),
	    "List who changed what, newest first",
	    "With --json also what was before and after.\n" },
	  remote_audit_list, REMOTE_LOGIN, NULL },
	{ { "verify", NULL, NULL, BIT(PERMISSION) | BIT(WEBSITE),
	    "Check a key, which is read as login reads it",
	    "Exit status 1 where it is not valid, or lacks what it must have.\n" },
	  remote_verify, REMOTE_LOGIN, NULL },
	{ { "config", "get", "SETTING", 0,
	    "Print one setting",
	    "" },
	  remote_config_get, REMOTE_SETTINGS, "api_base insecure_http ca_file" },
	{ { "config", "set", "SETTING VALUE", 0,
	    "Keep a setting",
	    "" },
	  remote_config_set, REMOTE_SETTINGS, "api_base insecure_http ca_file" },
	{ { "config", "list", NULL, 0,
	    "Show every setting, and where it comes from",
	    "" },
	  remote_config_list, REMOTE_SETTINGS, NULL },
	{ { "completion", NULL, "SHELL", 0,
	    "Write what completes commands in bash, zsh or fish",
	    "" },
	  remote_completion, REMOTE_NOTHING, "bash zsh fish" },
};

/* Where it is not what it means to claviger-admin. */
static const struct command_meaning meanings[] = {
	{ "tokens", "list",   OPTION_PERMISSION, "only those that hold this", true  },
	{ "tokens", "list",   OPTION_WEBSITE,    "only those that reach this website", true  },
	{ "tokens", "list",   OPTION_STATE,      "active, expired, revoked or all", false },
	{ "tokens", "revoke", OPTION_PERMISSION, "only those that hold this", true  },
	{ "tokens", "revoke", OPTION_WEBSITE,    "only those that reach this website", true  },
	{ "tokens", "revoke", OPTION_STATE,      "active or expired", false },
	{ "tokens", "create", OPTION_PERMISSION, "one or more with commas between; again for more (default yours)", false },
	{ "tokens", "create", OPTION_WEBSITE,    "one or more with commas between; again for more (default yours)", false },
	{ "tokens", "create", OPTION_ALLOW_IP,   "one or more with commas between; again for more (default yours)", false },
	{ "tokens", "narrow", OPTION_PERMISSION, "what it keeps: one or more with commas between; again for more", false },
	{ "tokens", "narrow", OPTION_WEBSITE,    "what it keeps: one or more with commas between; again for more", false },
	{ "tokens", "narrow", OPTION_ALLOW_IP,   "from where: one or more with commas between; again for more", false },
	{ "tokens", "narrow", OPTION_CASCADE,    "cut all that was made by it, directly or not, to the same", false },
	{ "verify", NULL,     OPTION_PERMISSION, "that it must hold: one or more with commas between", false },
	{ "verify", NULL,     OPTION_WEBSITE,    "that it must reach", true  },
	{ "websites", "add",  OPTION_NAME,       "what it is called (default the domain)", false },
	{ NULL, NULL,         OPTION_YES,        "do not ask", false },
};

static const struct choice {
	enum option option;
	const char *values;
} choices_known[] = {
	{ OPTION_STATE, "active expired revoked all" },
	{ OPTION_ROLE,  "owner member viewer" },
};
// clang-format on

const struct command_table remote_commands = {
	.program = "claviger",
	.entries = commands,
	.entry_size = sizeof(*commands),
	.count = ARRAY_LENGTH(commands),
	.common = EVERYWHERE,
	.meanings = meanings,
	.meaning_count = ARRAY_LENGTH(meanings),
};

/* An entry begins with its usage. */
static const struct remote_command *whole(const struct command_usage *usage)
{
	return (const void *)usage;
}

const struct remote_command *remote_command_at(size_t index)
{
	return whole(command_table_at(&remote_commands, index));
}

enum result remote_command_find(struct arguments *arguments, const struct remote_command **command,
				struct error *err)
{
	const struct command_usage *usage = NULL;
	enum result result = command_table_find(&remote_commands, arguments, &usage, err);

	*command = whole(usage);
	return result;
}

const char *remote_command_choices(enum option option)
{
	for (size_t i = 0; i < ARRAY_LENGTH(choices_known); i++)
		if (choices_known[i].option == option)
			return choices_known[i].values;
	return NULL;
}

void remote_command_write_overview(const char *group, struct buffer *out)
{
	bool is_narrowed = command_table_is_group(&remote_commands, group);

	buffer_append_format(
		out,
		"usage: claviger %s%sCOMMAND ... [--json]\n"
		"       claviger [COMMAND] --help | --version\n\n"
		"Works with the access tokens of a claviger over HTTP. Begin with: claviger "
		"login\n\n",
		is_narrowed ? group : "", is_narrowed ? " " : "");
	command_table_write_list(&remote_commands, group, out);
	buffer_append_text(
		out,
		"\nEnvironment: CLAVIGER_TOKEN, CLAVIGER_API_BASE, and for existing scripts\n"
		"DATAFAST_TOKEN, DATAFAST_API_BASE; XDG_CONFIG_HOME, NO_COLOR.\n"
		"Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 configuration or no\n"
		"valid login, 4 no answer, 5 not found.\n");
}
