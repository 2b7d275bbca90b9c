/* SPDX-License-Identifier: ISC */
#include "command.h"

#include "config.h"
#include "log.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

enum {
	SHOWN_SIZE = 41,
	TITLE_SIZE = 32,
	LINE_WIDTH = 80,
	PIECE_SIZE = 48,
	CHOICES_SIZE = 120,
	NEAR = 2,
	LABEL_WIDTH = 24
};

#define BIT(option) OPTION_BIT(option)
#define EVERYWHERE (BIT(CONFIG) | BIT(JSON) | BIT(HELP) | BIT(VERSION))

// clang-format off
static const struct command commands[] = {
	{ "init", NULL, init_database, NEEDS_CONFIGURATION, NULL, BIT(EMAIL) | BIT(NAME) | BIT(KEY_FILE),
	  "Make the database, the first account and its first token",
	  "The token may do everything and never expires. A database that has an account is left\n"
	  "alone. The key goes to standard output, once, or to --key-file.\n" },
	{ "account", "add", account_add, NEEDS_AUDIT, "EMAIL", BIT(NAME),
	  "Add an account, which owns websites and tokens",
	  "Its name is its email where none is given.\n" },
	{ "account", "list", account_list, NEEDS_STORE, NULL, 0, "List the accounts, oldest first", "" },
	{ "account", "disable", account_disable, NEEDS_AUDIT, "ID|EMAIL", 0,
	  "End every token of an account at once",
	  "Says how many living tokens stop working: from the next request on each is refused, until\n"
	  "account enable.\n" },
	{ "account", "enable", account_enable, NEEDS_AUDIT, "ID|EMAIL", 0,
	  "Let the tokens of a disabled account work again",
	  "From the next request on, those that were not revoked and have not expired. Says how many\n"
	  "that are: look through token list first, and revoke what is not to come back.\n" },
	{ "website", "add", website_add, NEEDS_AUDIT, "DOMAIN", BIT(NAME) | BIT(OWNER),
	  "Add a website, which tokens can be limited to",
	  "Its name is its domain where none is given.\n" },
	{ "website", "list", website_list, NEEDS_STORE, NULL, BIT(ACCOUNT),
	  "List the websites, oldest first",
	  "With --account those on which that account has a role, and the role.\n" },
	{ "website", "rename", website_rename, NEEDS_AUDIT, "ID|DOMAIN", BIT(NAME),
	  "Give a website another name; its domain stays", "" },
	{ "website", "remove", website_remove, NEEDS_AUDIT, "ID|DOMAIN", 0, "Remove a website",
	  "Tokens that are limited to it keep its id, which then grants nothing.\n" },
	{ "team", "list", team_list, NEEDS_STORE, "WEBSITE", 0,
	  "List who has a role on a website, which is named by id or domain", "" },
	{ "team", "set", team_set, NEEDS_AUDIT, "WEBSITE", BIT(ACCOUNT) | BIT(ROLE),
	  "Give an account a role on a website, or another one",
	  "A viewer reads; a member does all but change the team and delete the website; an owner\n"
	  "does all. The last owner stays one.\n" },
	{ "team", "remove", team_remove, NEEDS_AUDIT, "WEBSITE", BIT(ACCOUNT),
	  "Take the role of an account on a website away",
	  "Its tokens reach the website no more, from the next request on. The last owner stays.\n" },
	{ "token", "create", token_create, NEEDS_AUDIT, NULL,
	  BIT(ACCOUNT) | BIT(NAME) | BIT(PERMISSION) | BIT(WEBSITE) | BIT(ALLOW_IP) | BIT(EXPIRES_IN) |
		  BIT(EXPIRES_AT) | BIT(KEY_FILE),
	  "Make a token and print its key, once",
	  "Standard output is the key and nothing else. Where it cannot be written, the token is\n"
	  "revoked again.\n" },
	{ "token", "list", token_list, NEEDS_STORE, NULL, BIT(ACCOUNT) | BIT(ALL) | BIT(STATE),
	  "List tokens, newest first",
	  "The active and the expired ones; account by account where --account is left out.\n" },
	{ "token", "show", token_show, NEEDS_STORE, "ID", 0, "Show one token, also a revoked one", "" },
	{ "token", "revoke", token_revoke, NEEDS_AUDIT, "ID", BIT(CASCADE), "Revoke a token",
	  "Says how many living tokens were made by it, directly or not; --cascade revokes these\n"
	  "too.\n" },
	{ "token", "tree", token_tree, NEEDS_STORE, "[ID]", BIT(ACCOUNT) | BIT(ALL) | BIT(ASCII),
	  "Draw which token made which",
	  "Of every account, or of one token and what was made by it. Revoked ones are left out\n"
	  "where nothing that is shown was made by them. A line says name, id, key, state and\n"
	  "permissions.\n" },
	{ "token", "expiring", token_expiring, NEEDS_STORE, NULL, BIT(ACCOUNT) | BIT(WITHIN),
	  "List the tokens that expire soon, the soonest first",
	  "For cron: the exit status is 0 where there is none and 6 where there is one.\n" },
	{ "permission", "list", permission_list, NEEDS_CONFIGURATION, NULL, 0,
	  "List the permissions that a token can have", "What --permission takes, besides * for all.\n" },
	{ "policy", "check", policy_check, NEEDS_CONFIGURATION, "[FILE]", 0,
	  "Read the gate's policy as the service does",
	  "The one that the configuration names where FILE is left out. What is wrong is told with\n"
	  "line and column.\n" },
	{ "policy", "test", policy_test, NEEDS_CONFIGURATION, "METHOD URI", 0,
	  "Say which rule of the policy decides about a request, and what it needs",
	  "URI is the path and query as a client sends them. Exit status 1 where nobody passes.\n" },
	{ "policy", "explain", policy_explain, NEEDS_STORE, "METHOD URI", BIT(TOKEN),
	  "Say whether a token passes the gate, what it lacks, and what would do",
	  "Exit status 1 where it does not pass.\n" },
	{ "audit", "list", audit_list, NEEDS_STORE, NULL, BIT(SINCE) | BIT(ACTOR) | BIT(TOKEN),
	  "List who changed what, oldest first",
	  "With --json also what was before and after.\n" },
	{ "audit", "verify", audit_verify_trail, NEEDS_STORE, NULL, BIT(CHECKPOINT),
	  "Find out whether the audit is as it was written",
	  "Finds rows that were altered, removed, added or swapped. That the newest ones are gone\n"
	  "is sure to be found with --checkpoint only. Exit status 0: every row is proven.\n" },
	{ "audit", "export", audit_export, NEEDS_STORE, NULL, 0,
	  "Write the whole audit as lines of JSON",
	  "The last line is a checkpoint, to keep where nobody who can write the database can\n"
	  "reach it. It is left out where a row does not fit.\n" },
	{ "purge", NULL, purge_run, NEEDS_AUDIT, NULL, BIT(OLDER_THAN),
	  "Remove tokens that were revoked or have expired long ago",
	  "One that made a token which is kept is kept itself. The service may go on meanwhile.\n" },
	{ "doctor", NULL, doctor_run, NEEDS_NOTHING, NULL, BIT(URL) | BIT(GATE) | BIT(KEY_FILE),
	  "Check configuration, files, database, clock and web server",
	  "With --url also asks the running service which header with a key arrives, and whether\n"
	  "the web server gives the database or the configuration away. With --gate asks for\n"
	  "something guarded as strangers would, and with --key-file as somebody who may pass.\n" },
	{ "backup", NULL, backup_write, NEEDS_STORE, "FILE", 0,
	  "Copy the database to a new file while it is served", "" },
	{ "restore", NULL, restore_run, NEEDS_CONFIGURATION, "FILE", BIT(YES) | BIT(KEEP_REVOKED),
	  "Put a backup in the place of all content, while it is served",
	  "Says how many tokens come back to life and how many are lost, and does it with --yes.\n"
	  "Makes the database where there is none: move a damaged one away with its -wal and\n"
	  "-shm first, while the service is stopped.\n" },
	{ "config", "show", config_show_values, NEEDS_NOTHING, NULL, 0,
	  "Show every key of the configuration, its value and where it comes from", "" },
};
// clang-format on

uint64_t command_known_options(void)
{
	uint64_t known = EVERYWHERE;

	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		known |= commands[i].options;
	return known;
}

static void write_title(const struct command *command, char title[static TITLE_SIZE])
{
	snprintf(title, TITLE_SIZE, "%s%s%s", command->group, command->name == NULL ? "" : " ",
		 command->name == NULL ? "" : command->name);
}

/* WORD as a message shows it. */
static const char *show(const char *word, char shown[static SHOWN_SIZE])
{
	(void)log_escape(word, strlen(word), shown, SHOWN_SIZE);
	return shown;
}

/* The first word of the table, or with GROUP its second, that is nearly WORD; NULL where none. */
static const char *find_nearest(const char *group, const char *word)
{
	const char *nearest = NULL;
	size_t least = NEAR + 1;

	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		const char *known = group == NULL ? commands[i].group : commands[i].name;
		size_t distance;

		if (group != NULL && strcmp(commands[i].group, group) != 0)
			continue;
		distance = text_distance(word, known);
		if (distance < least) {
			least = distance;
			nearest = known;
		}
	}
	return nearest;
}

static void list_choices(const char *group, char choices[static CHOICES_SIZE])
{
	size_t length = 0;

	choices[0] = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		if (strcmp(commands[i].group, group) != 0)
			continue;
		snprintf(choices + length, CHOICES_SIZE - length, "%s%s", length > 0 ? ", " : "",
			 commands[i].name);
		length = strlen(choices);
	}
}

static enum result refuse_word(const char *group, const char *word, struct error *err)
{
	char shown[SHOWN_SIZE], choices[CHOICES_SIZE];
	const char *nearest = word == NULL ? NULL : find_nearest(group, word);

	if (word != NULL && nearest != NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s%s%s: no such command; did you mean %s%s%s?",
				 group == NULL ? "" : group, group == NULL ? "" : " ",
				 show(word, shown), group == NULL ? "" : group,
				 group == NULL ? "" : " ", nearest);
	if (word != NULL && group == NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: no such command; see claviger-admin --help",
				 show(word, shown));
	list_choices(group, choices);
	return error_set(err, RESULT_INVALID_USAGE, NULL, "%s: say which of: %s", group, choices);
}

enum result command_find(struct arguments *arguments, const struct command **command,
			 struct error *err)
{
	const char *first = arguments->word_count > 0 ? arguments->words[0] : NULL;
	const char *second = arguments->word_count > 1 ? arguments->words[1] : NULL;
	bool is_group = false;

	if (first == NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "No command was given; see claviger-admin --help");
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		size_t taken = commands[i].name == NULL ? 1 : 2;

		if (strcmp(commands[i].group, first) != 0)
			continue;
		is_group = true;
		if (commands[i].name != NULL &&
		    (second == NULL || strcmp(commands[i].name, second) != 0))
			continue;
		arguments->word_count -= taken;
		memmove(arguments->words, arguments->words + taken,
			arguments->word_count * sizeof(*arguments->words));
		*command = &commands[i];
		return RESULT_OK;
	}
	return refuse_word(is_group ? first : NULL, is_group ? second : first, err);
}

/* The words that COMMAND takes behind its own. */
static size_t count_operands(const struct command *command)
{
	size_t count = command->operand == NULL ? 0 : 1;

	for (const char *at = command->operand; at != NULL && *at != '\0'; at++)
		count += *at == ' ';
	return count;
}

enum result command_check(const struct command *command, const struct arguments *arguments,
			  struct error *err)
{
	size_t wanted = count_operands(command);
	char title[TITLE_SIZE], shown[SHOWN_SIZE];

	write_title(command, title);
	for (size_t i = 0; i < arguments->given_count; i++) {
		enum option option = arguments->given[i].option;

		if (((command->options | EVERYWHERE) & UINT64_C(1) << option) == 0)
			return error_set(err, RESULT_INVALID_USAGE, NULL,
					 "%s: not an option of %s; see claviger-admin %s --help",
					 arguments_describe(option)->name, title, title);
	}
	if (arguments->word_count < wanted && command->operand[0] != '[')
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: %s is missing; see claviger-admin %s --help", title,
				 command->operand, title);
	if (arguments->word_count > wanted)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: not expected; see claviger-admin %s --help",
				 show(arguments->words[wanted], shown), title);
	return RESULT_OK;
}

/* Begins a line of its own, below the first word behind the title, where it would not fit. */
static void write_piece(struct buffer *out, size_t *column, size_t indent, const char *piece)
{
	if (*column + 1 + strlen(piece) > LINE_WIDTH) {
		buffer_append_format(out, "\n%*s", (int)indent, "");
		*column = indent;
	}
	buffer_append_format(out, " %s", piece);
	*column += 1 + strlen(piece);
}

static void write_synopsis(const struct command *command, struct buffer *out)
{
	char title[TITLE_SIZE], piece[PIECE_SIZE];
	size_t indent, column;

	write_title(command, title);
	indent = column = strlen("usage: claviger-admin ") + strlen(title);
	buffer_append_format(out, "usage: claviger-admin %s", title);
	if (command->operand != NULL)
		write_piece(out, &column, indent, command->operand);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_text *text = arguments_describe((enum option)i);

		if ((command->options & UINT64_C(1) << i) == 0)
			continue;
		snprintf(piece, sizeof(piece), "[%s%s%s]%s", text->name,
			 text->value == NULL ? "" : " ", text->value == NULL ? "" : text->value,
			 text->is_repeatable ? "..." : "");
		write_piece(out, &column, indent, piece);
	}
	buffer_append_char(out, '\n');
}

/* What an option means to one command, where that is not what it means to most. */
static const struct meaning {
	const char *group, *name;
	enum option option;
	const char *description;
} meanings[] = {
	{"init", NULL, OPTION_NAME, "of the account, 1 to 100 characters (default Owner)"},
	{"website", "list", OPTION_ACCOUNT, "only this account's; all where left out"},
	{"policy", "explain", OPTION_TOKEN, "the token that asks, by its id"},
	{"doctor", NULL, OPTION_KEY_FILE, "that holds a key with which --gate must pass"},
	{"token", "list", OPTION_ACCOUNT, "only this account's; all where left out"},
};

static const char *describe(const struct command *command, enum option option)
{
	for (size_t i = 0; command != NULL && i < ARRAY_LENGTH(meanings); i++) {
		const struct meaning *meaning = &meanings[i];

		if (meaning->option == option && strcmp(meaning->group, command->group) == 0 &&
		    (meaning->name == NULL || strcmp(meaning->name, command->name) == 0))
			return meaning->description;
	}
	return arguments_describe(option)->description;
}

/* COMMAND: whose they are; NULL for those of every one. */
static void write_options(const struct command *command, uint64_t mask, struct buffer *out)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_text *text = arguments_describe((enum option)i);
		char label[LABEL_WIDTH + 1];

		if ((mask & UINT64_C(1) << i) == 0)
			continue;
		snprintf(label, sizeof(label), "%s%s%s", text->name, text->value == NULL ? "" : " ",
			 text->value == NULL ? "" : text->value);
		buffer_append_format(out, "  %-*s %s\n", LABEL_WIDTH, label,
				     describe(command, (enum option)i));
	}
}

void command_write_help(const struct command *command, struct buffer *out)
{
	write_synopsis(command, out);
	buffer_append_format(out, "\n%s.\n%s\n", command->summary, command->details);
	write_options(command, command->options | BIT(CONFIG) | BIT(JSON) | BIT(HELP), out);
}

static bool is_known_group(const char *group)
{
	for (size_t i = 0; group != NULL && i < ARRAY_LENGTH(commands); i++)
		if (strcmp(commands[i].group, group) == 0)
			return true;
	return false;
}

void command_write_overview(const char *group, struct buffer *out)
{
	bool is_narrowed = is_known_group(group);

	buffer_append_format(out,
			     "usage: claviger-admin %s%sCOMMAND ... [--config FILE] [--json]\n"
			     "       claviger-admin [COMMAND] --help | --version\n\n"
			     "Opens the database of claviger itself, on this machine.\n\n",
			     is_narrowed ? group : "", is_narrowed ? " " : "");
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		char title[TITLE_SIZE];

		if (is_narrowed && strcmp(commands[i].group, group) != 0)
			continue;
		write_title(&commands[i], title);
		buffer_append_format(out, "  %-*s %s\n", LABEL_WIDTH, title, commands[i].summary);
	}
	buffer_append_char(out, '\n');
	write_options(NULL, EVERYWHERE, out);
	buffer_append_text(
		out, "\nWithout --config: $CLAVIGER_CONFIG, else " CONFIG_DEFAULT_FILE ".\n"
		     "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 configuration,\n"
		     "4 database, 5 not found, 6 tokens expire soon.\n");
}
