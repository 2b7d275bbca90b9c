/* SPDX-License-Identifier: ISC */
#include "arguments.h"

#include "ascii.h"
#include "log.h"
#include "text.h"
#include "token.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_SIZE = 61, NEAR = 2, DURATION_MAX = 1000000000 };

// clang-format off
static const struct option_text options[OPTION_COUNT] = {
	[OPTION_ACCOUNT]      = { "--account",      "ID|EMAIL", "the account; may be left out where there is one", false },
	[OPTION_OWNER]        = { "--owner",        "ID|EMAIL", "whose it is; may be left out where there is one account", false },
	[OPTION_ROLE]         = { "--role",         "ROLE",     "owner, member or viewer", false },
	[OPTION_EMAIL]        = { "--email",        "EMAIL",    "of the account (default owner@localhost)", false },
	[OPTION_NAME]         = { "--name",         "NAME",     "what it is called, 1 to 100 characters", false },
	[OPTION_PERMISSION]   = { "--permission",   "NAME",     "one or more with commas between; again for more (default *)", true },
	[OPTION_WEBSITE]      = { "--website",      "ID|DOMAIN", "one or more with commas between; again for more (default all)", true },
	[OPTION_ALLOW_IP]     = { "--allow-ip",     "NETWORK",  "one or more with commas between; again for more (default any)", true },
	[OPTION_EXPIRES_IN]   = { "--expires-in",   "DURATION", "seconds, or with m, h, d or w behind: 12h, 90d", false },
	[OPTION_EXPIRES_AT]   = { "--expires-at",   "MOMENT",   "such as 2030-01-31T12:00:00Z", false },
	[OPTION_WITHIN]       = { "--within",       "DURATION", "so soon (default 14d)", false },
	[OPTION_OLDER_THAN]   = { "--older-than",   "DURATION", "longer ago than that: 90d", false },
	[OPTION_KEY_FILE]     = { "--key-file",     "FILE",     "write the key to this new file (0600), not to standard output", false },
	[OPTION_ALL]          = { "--all",          NULL,       "revoked ones too", false },
	[OPTION_STATE]        = { "--state",        "STATE",    "only those that are active, expired or revoked", false },
	[OPTION_CASCADE]      = { "--cascade",      NULL,       "with all that was made by it, directly or not", false },
	[OPTION_ASCII]        = { "--ascii",        NULL,       "draw with ASCII only", false },
	[OPTION_SINCE]        = { "--since",        "MOMENT",   "from then on, such as 2030-01-31T12:00:00Z", false },
	[OPTION_ACTOR]        = { "--actor",        "ID|operator", "only what was done by this token, or by the operator", false },
	[OPTION_TOKEN]        = { "--token",        "ID",       "only what was done to this token", false },
	[OPTION_CHECKPOINT]   = { "--checkpoint",   "FILE",     "also hold it against the last line of this export", false },
	[OPTION_KEEP_REVOKED] = { "--keep-revoked", NULL,       "what cannot be used now stays so: revoke it in what is restored", false },
	[OPTION_YES]          = { "--yes",          NULL,       "do it; without, say what would happen", false },
	[OPTION_URL]          = { "--url",          "URL",      "also ask the running service, such as http://127.0.0.1:8080", false },
	[OPTION_GATE]         = { "--gate",         "URL",      "also ask for something guarded, such as http://127.0.0.1/guarded/", false },
	[OPTION_QUERY]        = { "--query",        "TEXT",     "only those with this in the name", false },
	[OPTION_PARENT]       = { "--parent",       "ID",       "only those that this token made", false },
	[OPTION_UNUSED_SINCE] = { "--unused-since", "MOMENT|DURATION", "only those not used since then, or for so long: 90d", false },
	[OPTION_LIMIT]        = { "--limit",        "NUMBER",   "at most so many (default all)", false },
	[OPTION_GRACE]        = { "--grace",        "DURATION", "how long the old key works too, up to 1d (default not at all)", false },
	[OPTION_DRY_RUN]      = { "--dry-run",      NULL,       "show what would be revoked, and revoke nothing", false },
	[OPTION_WITH_TOKEN]   = { "--with-token",   NULL,       "read the token from standard input, also from a terminal", false },
	[OPTION_API_BASE]     = { "--api-base",     "URL",      "the service, such as https://example.org/claviger", false },
	[OPTION_INSECURE_HTTP] = { "--insecure-http", NULL,     "allow http:// to another machine, where anybody between reads the token", false },
	[OPTION_CONFIG]       = { "--config",       "FILE",     "read this configuration", false },
	[OPTION_JSON]         = { "--json",         NULL,       "answer in JSON", false },
	[OPTION_HELP]         = { "--help",         NULL,       "say how it is used", false },
	[OPTION_VERSION]      = { "--version",      NULL,       "say which version this is", false },
};
// clang-format on

const struct option_text *arguments_describe(enum option option)
{
	return &options[option];
}

static bool is_known(uint64_t known, size_t option)
{
	return (known & UINT64_C(1) << option) != 0;
}

static const struct option_text *find_nearest(uint64_t known, const char *name)
{
	const struct option_text *nearest = NULL;
	size_t least = NEAR + 1;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		size_t distance = text_distance(name, options[i].name);

		if (is_known(known, i) && distance < least) {
			least = distance;
			nearest = &options[i];
		}
	}
	return nearest;
}

static enum result refuse_unknown(uint64_t known, const char *argument, size_t length,
				  struct error *err)
{
	char shown[SHOWN_SIZE];
	const struct option_text *nearest;

	(void)log_escape(argument, length, shown, sizeof(shown));
	nearest = find_nearest(known, shown);
	if (nearest != NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: no such option; did you mean %s?", shown, nearest->name);
	return error_set(err, RESULT_INVALID_USAGE, NULL, "%s: no such option; see --help", shown);
}

static bool find_option(uint64_t known, const char *name, size_t length, enum option *option)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!is_known(known, i) || strlen(options[i].name) != length ||
		    memcmp(options[i].name, name, length) != 0)
			continue;
		*option = (enum option)i;
		return true;
	}
	return false;
}

/* NEXT is the argument behind this one, NULL where there is none; *TAKES_NEXT says whether it is
 * the value. */
static enum result parse_option(struct arguments *arguments, uint64_t known, const char *argument,
				const char *next, bool *takes_next, struct error *err)
{
	size_t length = strcspn(argument, "=");
	const char *value = argument[length] == '=' ? argument + length + 1 : NULL;
	enum option option;

	*takes_next = false;
	if (!find_option(known, argument, length, &option))
		return refuse_unknown(known, argument, length, err);
	if (options[option].value == NULL && value != NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL, "%s: takes no value",
				 options[option].name);
	if (options[option].value != NULL && value == NULL) {
		if (next == NULL)
			return error_set(err, RESULT_INVALID_USAGE, NULL,
					 "%s: its value is missing; write %s %s",
					 options[option].name, options[option].name,
					 options[option].value);
		value = next;
		*takes_next = true;
	}
	if (!options[option].is_repeatable && arguments_has(arguments, option))
		return error_set(err, RESULT_INVALID_USAGE, NULL, "%s: given twice; give it once",
				 options[option].name);
	arguments->given[arguments->given_count++] =
		(struct given_option){option, value == NULL ? "" : value};
	return RESULT_OK;
}

enum result arguments_parse(int argc, char *const *argv, uint64_t known,
			    struct arguments *arguments, struct error *err)
{
	size_t size = argc < 1 ? 1 : (size_t)argc;
	bool only_words = false;

	arguments->given = calloc(size, sizeof(*arguments->given));
	arguments->words = calloc(size, sizeof(*arguments->words));
	if (arguments->given == NULL || arguments->words == NULL)
		return error_set(err, RESULT_BUSY, NULL, "There is no memory to start with");
	for (int i = 1; i < argc; i++) {
		bool takes_next;
		enum result result;

		if (!only_words && strcmp(argv[i], "--") == 0) {
			only_words = true;
			continue;
		}
		if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
			arguments->words[arguments->word_count++] = argv[i];
			continue;
		}
		result = parse_option(arguments, known, argv[i], i + 1 < argc ? argv[i + 1] : NULL,
				      &takes_next, err);
		if (result != RESULT_OK)
			return result;
		i += takes_next;
	}
	return RESULT_OK;
}

bool arguments_want_json(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

void arguments_clear(struct arguments *arguments)
{
	free(arguments->given);
	free(arguments->words);
	*arguments = (struct arguments){0};
}

const char *arguments_value(const struct arguments *arguments, enum option option)
{
	for (size_t i = 0; i < arguments->given_count; i++)
		if (arguments->given[i].option == option)
			return arguments->given[i].value;
	return NULL;
}

bool arguments_has(const struct arguments *arguments, enum option option)
{
	return arguments_value(arguments, option) != NULL;
}

static bool read_duration(const char *text, uint64_t *seconds)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	size_t length = strlen(text);
	uint64_t unit = 1;

	for (size_t i = 0; length > 0 && i < ARRAY_LENGTH(units); i++) {
		if (text[length - 1] != units[i].letter)
			continue;
		unit = units[i].seconds;
		length--;
		break;
	}
	if (!ascii_parse_number(text, length, DURATION_MAX, seconds))
		return false;
	*seconds *= unit;
	return true;
}

enum result arguments_duration(const struct arguments *arguments, enum option option,
			       uint64_t *seconds, struct error *err)
{
	const char *value = arguments_value(arguments, option);

	if (value != NULL && read_duration(value, seconds))
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_PARAMETER, NULL,
			 "%s: write a number of seconds, or one with m, h, d or w behind it, such "
			 "as 90d",
			 options[option].name);
}

bool arguments_next_piece(const struct arguments *arguments, enum option option,
			  struct piece *piece)
{
	for (; piece->given < arguments->given_count; piece->given++, piece->offset = 0) {
		const struct given_option *given = &arguments->given[piece->given];

		if (given->option != option || piece->offset > strlen(given->value))
			continue;
		piece->text = given->value + piece->offset;
		piece->length = strcspn(piece->text, ",");
		piece->offset += piece->length + 1;
		return true;
	}
	return false;
}

bool arguments_hold_key(int argc, char *const *argv, const char *prefix)
{
	size_t at;

	for (int i = 1; i < argc; i++)
		if (token_find_form(prefix, argv[i], strlen(argv[i]), &at))
			return true;
	return false;
}
