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
	{ "login", NULL, remote_log_in, REMOTE_SETTINGS, NULL, NULL, BIT(WITH_TOKEN),
	  "Keep a token for a service",
	  "Reads the token from the terminal without showing it, or from standard input, asks the\n"
	  "service whether it is good, and keeps it where only you can read it (0600).\n" },
	{ "logout", NULL, remote_log_out, REMOTE_SETTINGS, NULL, NULL, 0,
	  "Remove the token that is kept",
	  "It stays valid: revoke it with claviger tokens revoke self.\n" },
	{ "whoami", NULL, remote_whoami, REMOTE_LOGIN, NULL, NULL, 0,
	  "Show the account, and what the token may do", "" },
	{ "tokens", "list", remote_tokens_list, REMOTE_LOGIN, NULL, NULL, FILTERS | BIT(LIMIT),
	  "List tokens, newest first", "The active and the expired ones where --state is left out.\n" },
	{ "tokens", "create", remote_tokens_create, REMOTE_LOGIN, NULL, NULL,
	  BIT(NAME) | SCOPE | BIT(KEY_FILE),
	  "Make a token and print its key, once",
	  "What is left out is what your own token has. Standard output is the key and nothing\n"
	  "else. Where it cannot be written, the token is revoked again.\n" },
	{ "tokens", "show", remote_tokens_show, REMOTE_LOGIN, "TOKEN", "self", 0,
	  "Show one token",
	  "TOKEN is an id, a name that one token has, or self for your own. By its id a revoked one\n"
	  "is shown too.\n" },
	{ "tokens", "rename", remote_tokens_rename, REMOTE_LOGIN, "TOKEN NAME", NULL, 0,
	  "Give a token another name", "" },
	{ "tokens", "narrow", remote_tokens_narrow, REMOTE_LOGIN, "TOKEN", NULL, SCOPE | BIT(CASCADE),
	  "Take permissions, websites, addresses or time from a token",
	  "What is left out stays. Nothing makes a token wider again.\n" },
	{ "tokens", "rotate", remote_tokens_rotate, REMOTE_LOGIN, "TOKEN", "self",
	  BIT(GRACE) | BIT(KEY_FILE) | BIT(YES),
	  "Give a token another key",
	  "Standard output is the key and nothing else. The one that login keeps is replaced there\n"
	  "and not shown, and its old key works for a minute more.\n" },
	{ "tokens", "revoke", remote_tokens_revoke, REMOTE_LOGIN, "[TOKEN]...", "self",
	  FILTERS | BIT(CASCADE) | BIT(DRY_RUN) | BIT(YES),
	  "Revoke tokens: those that are named, or all that are found", "" },
	{ "tokens", "tree", remote_tokens_tree, REMOTE_LOGIN, "[TOKEN]", "self", BIT(ALL) | BIT(ASCII),
	  "Draw which token made which",
	  "Revoked ones are left out where nothing that is shown was made by them. A line says\n"
	  "name, id, key, state and permissions.\n" },
	{ "websites", "list", remote_websites_list, REMOTE_LOGIN, NULL, NULL, BIT(LIMIT),
	  "List the websites that the token reaches, oldest first", "" },
	{ "websites", "show", remote_websites_show, REMOTE_LOGIN, "WEBSITE", NULL, 0,
	  "Show one website, named by id or domain", "" },
	{ "websites", "add", remote_websites_add, REMOTE_LOGIN, "DOMAIN", NULL, BIT(NAME),
	  "Add a website, which tokens can be limited to", "" },
	{ "websites", "rename", remote_websites_rename, REMOTE_LOGIN, "WEBSITE NAME", NULL, 0,
	  "Give a website another name; its domain stays", "" },
	{ "websites", "delete", remote_websites_delete, REMOTE_LOGIN, "WEBSITE", NULL, BIT(YES),
	  "Delete a website",
	  "Tokens that are limited to it keep its id, which then grants nothing.\n" },
	{ "team", "list", remote_team_list, REMOTE_LOGIN, "WEBSITE", NULL, BIT(LIMIT),
	  "List who has which role on a website", "" },
	{ "team", "set", remote_team_set, REMOTE_LOGIN, "WEBSITE ACCOUNT", NULL, BIT(ROLE),
	  "Give an account a role on a website, or another one",
	  "ACCOUNT is an id. A viewer reads; a member does all but change the team and delete the\n"
	  "website; an owner does all.\n" },
	{ "team", "remove", remote_team_remove, REMOTE_LOGIN, "WEBSITE ACCOUNT", NULL, BIT(YES),
	  "Take the role of an account on a website away", "The last owner stays.\n" },
	{ "permissions", "list", remote_permissions_list, REMOTE_LOGIN, NULL, NULL, 0,
	  "List what a token can be permitted, and what yours is", "" },
	{ "audit", "list", remote_audit_list, REMOTE_LOGIN, NULL, NULL, BIT(LIMIT),
	  "List who changed what, newest first", "With --json also what was before and after.\n" },
	{ "verify", NULL, remote_verify, REMOTE_LOGIN, NULL, NULL, BIT(PERMISSION) | BIT(WEBSITE),
	  "Check a key, which is read as login reads it",
	  "Exit status 1 where it is not valid, or lacks what it must have.\n" },
	{ "config", "get", remote_config_get, REMOTE_SETTINGS, "SETTING", "api_base insecure_http ca_file", 0,
	  "Print one setting", "" },
	{ "config", "set", remote_config_set, REMOTE_SETTINGS, "SETTING VALUE", "api_base insecure_http ca_file", 0,
	  "Keep a setting", "" },
	{ "config", "list", remote_config_list, REMOTE_SETTINGS, NULL, NULL, 0,
	  "Show every setting, and where it comes from", "" },
	{ "completion", NULL, remote_completion, REMOTE_NOTHING, "SHELL", "bash zsh fish", 0,
	  "Write what completes commands in bash, zsh or fish", "" },
};

/* What an option means here, where that is not what it means to claviger-admin. Without a group: to
 * all commands that have no line of their own. */
static const struct meaning {
	const char *group, *name;
	enum option option;
	const char *description;
	bool is_single; /* one is meant, where others take several */
} meanings[] = {
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

const struct remote_command *remote_command_at(size_t index)
{
	return index < ARRAY_LENGTH(commands) ? &commands[index] : NULL;
}

uint64_t remote_command_common_options(void)
{
	return EVERYWHERE;
}

uint64_t remote_command_known_options(void)
{
	uint64_t known = EVERYWHERE;

	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		known |= commands[i].options;
	return known;
}

void remote_command_title(const struct remote_command *command,
			  char title[static REMOTE_TITLE_SIZE])
{
	snprintf(title, REMOTE_TITLE_SIZE, "%s%s%s", command->group,
		 command->name == NULL ? "" : " ", command->name == NULL ? "" : command->name);
}

static const struct meaning *find_meaning(const struct remote_command *command, enum option option)
{
	for (size_t i = 0; command != NULL && i < ARRAY_LENGTH(meanings); i++) {
		const struct meaning *meaning = &meanings[i];

		if (meaning->option == option &&
		    (meaning->group == NULL || strcmp(meaning->group, command->group) == 0) &&
		    (meaning->name == NULL || strcmp(meaning->name, command->name) == 0))
			return meaning;
	}
	return NULL;
}

const char *remote_command_describe(const struct remote_command *command, enum option option)
{
	const struct meaning *meaning = find_meaning(command, option);

	return meaning == NULL ? arguments_describe(option)->description : meaning->description;
}

bool remote_command_repeats(const struct remote_command *command, enum option option)
{
	const struct meaning *meaning = find_meaning(command, option);

	return arguments_describe(option)->is_repeatable &&
	       (meaning == NULL || !meaning->is_single);
}

const char *remote_command_choices(enum option option)
{
	for (size_t i = 0; i < ARRAY_LENGTH(choices_known); i++)
		if (choices_known[i].option == option)
			return choices_known[i].values;
	return NULL;
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

static enum result refuse_word(const char *group, const char *word, struct error *err)
{
	char shown[SHOWN_SIZE], choices[CHOICES_SIZE] = "";
	const char *nearest = word == NULL ? NULL : find_nearest(group, word);
	const char *blank = group == NULL ? "" : " ";

	assert(group != NULL || word != NULL);
	if (nearest != NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s%s%s: no such command; did you mean %s%s%s?",
				 group == NULL ? "" : group, blank, show(word, shown),
				 group == NULL ? "" : group, blank, nearest);
	if (group == NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: no such command; see claviger --help", show(word, shown));
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		size_t length = strlen(choices);

		if (strcmp(commands[i].group, group) == 0)
			snprintf(choices + length, CHOICES_SIZE - length, "%s%s",
				 length > 0 ? ", " : "", commands[i].name);
	}
	return error_set(err, RESULT_INVALID_USAGE, NULL, "%s: say which of: %s", group, choices);
}

enum result remote_command_find(struct arguments *arguments, const struct remote_command **command,
				struct error *err)
{
	const char *first = arguments->word_count > 0 ? arguments->words[0] : NULL;
	const char *second = arguments->word_count > 1 ? arguments->words[1] : NULL;
	bool is_group = false;

	if (first == NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "No command was given; see claviger --help");
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

/* How many words COMMAND takes behind its own, at least and at most. */
static void count_operands(const struct remote_command *command, size_t *least, size_t *most)
{
	*least = *most = 0;
	for (const char *at = command->operands; at != NULL && *at != '\0';) {
		size_t length = strcspn(at, " ");

		*least += *at != '[';
		*most += 1;
		if (length > 3 && strncmp(at + length - 3, "...", 3) == 0)
			*most = SIZE_MAX;
		at += length + (at[length] == ' ');
	}
}

/* Which of two filters counts would be a guess, and one about what is revoked. */
static enum result check_option(const struct remote_command *command,
				const struct arguments *arguments, size_t index, const char *title,
				struct error *err)
{
	enum option option = arguments->given[index].option;
	const char *name = arguments_describe(option)->name;

	if (((command->options | EVERYWHERE) & UINT64_C(1) << option) == 0)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: not an option of %s; see claviger %s --help", name, title,
				 title);
	for (size_t i = 0; i < index; i++)
		if (arguments->given[i].option == option &&
		    !remote_command_repeats(command, option))
			return error_set(err, RESULT_INVALID_USAGE, NULL,
					 "%s: given twice; %s takes one", name, title);
	return RESULT_OK;
}

enum result remote_command_check(const struct remote_command *command,
				 const struct arguments *arguments, struct error *err)
{
	char title[REMOTE_TITLE_SIZE], shown[SHOWN_SIZE];
	size_t least, most;

	count_operands(command, &least, &most);
	remote_command_title(command, title);
	for (size_t i = 0; i < arguments->given_count; i++) {
		enum result result = check_option(command, arguments, i, title, err);

		if (result != RESULT_OK)
			return result;
	}
	if (arguments->word_count < least)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: %s is wanted; see claviger %s --help", title,
				 command->operands, title);
	if (arguments->word_count > most)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: not expected; see claviger %s --help",
				 show(arguments->words[most], shown), title);
	return RESULT_OK;
}
