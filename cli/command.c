/* SPDX-License-Identifier: ISC */
#include "command.h"

#include "config.h"

#define BIT(option) OPTION_BIT(option)
#define EVERYWHERE (BIT(CONFIG) | BIT(JSON) | BIT(HELP) | BIT(VERSION))

// clang-format off
static const struct command commands[] = {
	{ { "init", NULL, NULL, BIT(EMAIL) | BIT(NAME) | BIT(KEY_FILE),
	    "Make the database, the first account and its first token",
	    "The token may do everything and never expires. A database that has an account is left\n"
	    "alone. The key goes to standard output, once, or to --key-file.\n" },
	  init_database, NEEDS_CONFIGURATION },
	{ { "account", "add", "EMAIL", BIT(NAME),
	    "Add an account, which owns websites and tokens",
	    "Its name is its email where none is given.\n" },
	  account_add, NEEDS_AUDIT },
	{ { "account", "list", NULL, 0,
	    "List the accounts, oldest first",
	    "" },
	  account_list, NEEDS_STORE },
	{ { "account", "disable", "ID|EMAIL", 0,
	    "End every token of an account at once",
	    "Says how many living tokens stop working: from the next request on each is refused, until\n"
	    "account enable.\n" },
	  account_disable, NEEDS_AUDIT },
	{ { "account", "enable", "ID|EMAIL", 0,
	    "Let the tokens of a disabled account work again",
	    "From the next request on, those that were not revoked and have not expired. Says how many\n"
	    "that are: look through token list first, and revoke what is not to come back.\n" },
	  account_enable, NEEDS_AUDIT },
	{ { "website", "add", "DOMAIN", BIT(NAME) | BIT(OWNER),
	    "Add a website, which tokens can be limited to",
	    "Its name is its domain where none is given.\n" },
	  website_add, NEEDS_AUDIT },
	{ { "website", "list", NULL, BIT(ACCOUNT),
	    "List the websites, oldest first",
	    "With --account those on which that account has a role, and the role.\n" },
	  website_list, NEEDS_STORE },
	{ { "website", "rename", "ID|DOMAIN", BIT(NAME),
	    "Give a website another name; its domain stays",
	    "" },
	  website_rename, NEEDS_AUDIT },
	{ { "website", "remove", "ID|DOMAIN", 0,
	    "Remove a website",
	    "Tokens that are limited to it keep its id, which then grants nothing.\n" },
	  website_remove, NEEDS_AUDIT },
	{ { "team", "list", "WEBSITE", 0,
	    "List who has a role on a website, which is named by id or domain",
	    "" },
	  team_list, NEEDS_STORE },
	{ { "team", "set", "WEBSITE", BIT(ACCOUNT) | BIT(ROLE),
	    "Give an account a role on a website, or another one",
	    "A viewer reads; a member does all but change the team and delete the website; an owner\n"
	    "does all. The last owner stays one.\n" },
	  team_set, NEEDS_AUDIT },
	{ { "team", "remove", "WEBSITE", BIT(ACCOUNT),
	    "Take the role of an account on a website away",
	    "Its tokens reach the website no more, from the next request on. The last owner stays.\n" },
	  team_remove, NEEDS_AUDIT },
	{ { "token", "create", NULL, BIT(ACCOUNT) | BIT(NAME) | BIT(PERMISSION) | BIT(WEBSITE) | BIT(ALLOW_IP) | BIT(EXPIRES_IN) |
		  BIT(EXPIRES_AT) | BIT(KEY_FILE),
	    "Make a token and print its key, once",
	    "Standard output is the key and nothing else. Where it cannot be written, the token is\n"
	    "revoked again.\n" },
	  token_create, NEEDS_AUDIT },
	{ { "token", "list", NULL, BIT(ACCOUNT) | BIT(ALL) | BIT(STATE),
	    "List tokens, newest first",
	    "The active and the expired ones; account by account where --account is left out.\n" },
	  token_list, NEEDS_STORE },
	{ { "token", "show", "ID", 0,
	    "Show one token, also a revoked one",
	    "" },
	  token_show, NEEDS_STORE },
	{ { "token", "revoke", "ID", BIT(CASCADE),
	    "Revoke a token",
	    "Says how many living tokens were made by it, directly or not; --cascade revokes these\n"
	    "too.\n" },
	  token_revoke, NEEDS_AUDIT },
	{ { "token", "tree", "[ID]", BIT(ACCOUNT) | BIT(ALL) | BIT(ASCII),
	    "Draw which token made which",
	    "Of every account, or of one token and what was made by it. Revoked ones are left out\n"
	    "where nothing that is shown was made by them. A line says name, id, key, state and\n"
	    "permissions.\n" },
	  token_tree, NEEDS_STORE },
	{ { "token", "expiring", NULL, BIT(ACCOUNT) | BIT(WITHIN),
	    "List the tokens that expire soon, the soonest first",
	    "For cron: the exit status is 0 where there is none and 6 where there is one.\n" },
	  token_expiring, NEEDS_STORE },
	{ { "permission", "list", NULL, 0,
	    "List the permissions that a token can have",
	    "What --permission takes, besides * for all.\n" },
	  permission_list, NEEDS_CONFIGURATION },
	{ { "policy", "check", "[FILE]", 0,
	    "Read the gate's policy as the service does",
	    "The one that the configuration names where FILE is left out. What is wrong is told with\n"
	    "line and column.\n" },
	  policy_check, NEEDS_CONFIGURATION },
	{ { "policy", "test", "METHOD URI", 0,
	    "Say which rule of the policy decides about a request, and what it needs",
	    "URI is the path and query as a client sends them. Exit status 1 where nobody passes.\n" },
	  policy_test, NEEDS_CONFIGURATION },
	{ { "policy", "explain", "METHOD URI", BIT(TOKEN),
	    "Say whether a token passes the gate, what it lacks, and what would do",
	    "Exit status 1 where it does not pass.\n" },
	  policy_explain, NEEDS_STORE },
	{ { "audit", "list", NULL, BIT(SINCE) | BIT(ACTOR) | BIT(TOKEN),
	    "List who changed what, oldest first",
	    "With --json also what was before and after.\n" },
	  audit_list, NEEDS_STORE },
	{ { "audit", "verify", NULL, BIT(CHECKPOINT),
	    "Find out whether the audit is as it was written",
	    "Finds rows that were altered, removed, added or swapped. That the newest ones are gone\n"
	    "is sure to be found with --checkpoint only. Exit status 0: every row is proven.\n" },
	  audit_verify_trail, NEEDS_STORE },
	{ { "audit", "export", NULL, 0,
	    "Write the whole audit as lines of JSON",
	    "The last line is a checkpoint, to keep where nobody who can write the database can\n"
	    "reach it. It is left out where a row does not fit.\n" },
	  audit_export, NEEDS_STORE },
	{ { "purge", NULL, NULL, BIT(OLDER_THAN),
	    "Remove tokens that were revoked or have expired long ago",
	    "One that made a token which is kept is kept itself. The service may go on meanwhile.\n" },
	  purge_run, NEEDS_AUDIT },
	{ { "doctor", NULL, NULL, BIT(URL) | BIT(GATE) | BIT(KEY_FILE),
	    "Check configuration, files, database, clock and web server",
	    "With --url also asks the running service which header with a key arrives, and whether\n"
	    "the web server gives the database or the configuration away. With --gate asks for\n"
	    "something guarded as strangers would, and with --key-file as somebody who may pass.\n" },
	  doctor_run, NEEDS_NOTHING },
	{ { "backup", NULL, "FILE", 0,
	    "Copy the database to a new file while it is served",
	    "" },
	  backup_write, NEEDS_STORE },
	{ { "restore", NULL, "FILE", BIT(YES) | BIT(KEEP_REVOKED),
	    "Put a backup in the place of all content, while it is served",
	    "Says how many tokens come back to life and how many are lost, and does it with --yes.\n"
	    "Makes the database where there is none: move a damaged one away with its -wal and\n"
	    "-shm first, while the service is stopped.\n" },
	  restore_run, NEEDS_CONFIGURATION },
	{ { "config", "show", NULL, 0,
	    "Show every key of the configuration, its value and where it comes from",
	    "" },
	  config_show_values, NEEDS_NOTHING },
};
// clang-format on

static const struct command_meaning meanings[] = {
	{"init", NULL, OPTION_NAME, "of the account, 1 to 100 characters (default Owner)", false},
	{"website", "list", OPTION_ACCOUNT, "only this account's; all where left out", false},
	{"policy", "explain", OPTION_TOKEN, "the token that asks, by its id", false},
	{"doctor", NULL, OPTION_KEY_FILE, "that holds a key with which --gate must pass", false},
	{"token", "list", OPTION_ACCOUNT, "only this account's; all where left out", false},
};

static const struct command_table table = {
	.program = "claviger-admin",
	.entries = commands,
	.entry_size = sizeof(*commands),
	.count = ARRAY_LENGTH(commands),
	.common = EVERYWHERE,
	.meanings = meanings,
	.meaning_count = ARRAY_LENGTH(meanings),
};

uint64_t command_known_options(void)
{
	return command_table_known_options(&table);
}

enum result command_find(struct arguments *arguments, const struct command **command,
			 struct error *err)
{
	const struct command_usage *usage = NULL;
	enum result result = command_table_find(&table, arguments, &usage, err);

	/* An entry begins with its usage. */
	*command = (const void *)usage;
	return result;
}

enum result command_check(const struct command *command, const struct arguments *arguments,
			  struct error *err)
{
	return command_table_check(&table, &command->usage, arguments, err);
}

void command_write_help(const struct command *command, struct buffer *out)
{
	command_table_write_help(&table, &command->usage, BIT(CONFIG) | BIT(JSON) | BIT(HELP), out);
}

void command_write_overview(const char *group, struct buffer *out)
{
	bool is_narrowed = command_table_is_group(&table, group);

	buffer_append_format(out,
			     "usage: claviger-admin %s%sCOMMAND ... [--config FILE] [--json]\n"
			     "       claviger-admin [COMMAND] --help | --version\n\n"
			     "Opens the database of claviger itself, on this machine.\n\n",
			     is_narrowed ? group : "", is_narrowed ? " " : "");
	command_table_write_list(&table, group, out);
	buffer_append_text(
		out, "\nWithout --config: $CLAVIGER_CONFIG, else " CONFIG_DEFAULT_FILE ".\n"
		     "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 configuration,\n"
		     "4 database, 5 not found, 6 tokens expire soon.\n");
}
