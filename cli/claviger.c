/* SPDX-License-Identifier: ISC */
/* claviger: tokens and what belongs to them over HTTP, from any machine. */
#include "remote.h"
#include "remote_command.h"
#include "remote_session.h"

#include "arguments.h"
#include "json_write.h"
#include "output.h"
#include "process.h"
#include "timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REFUSAL_MAXIMUM = 1 << 16 };

static const char default_prefix[] = "dft_";

static int exit_status(enum result result)
{
	switch (result) {
	case RESULT_OK:
		return EXIT_SUCCESS;
	case RESULT_INVALID_PARAMETER:
	case RESULT_INVALID_FIELD:
	case RESULT_INVALID_USAGE:
		return EXIT_USAGE;
	case RESULT_INVALID_CONFIGURATION:
	case RESULT_INVALID_TOKEN:
	case RESULT_MISSING_TOKEN:
		return EXIT_CONFIGURATION;
	case RESULT_BUSY:
		return EXIT_NO_ANSWER;
	case RESULT_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case RESULT_INVALID_REQUEST: /* a person said no */
	case RESULT_INVALID_JSON:
	case RESULT_UNKNOWN_FIELD:
	case RESULT_INSUFFICIENT_SCOPE:
	case RESULT_SCOPE_EXCEEDED:
	case RESULT_REPLACED_KEY:
	case RESULT_METHOD_NOT_ALLOWED:
	case RESULT_LIMIT_REACHED:
	case RESULT_IDEMPOTENCY_MISMATCH:
	case RESULT_CONFLICT:
	case RESULT_LAST_OWNER:
	case RESULT_BODY_TOO_LARGE:
	case RESULT_UNSUPPORTED_MEDIA_TYPE:
	case RESULT_RATE_LIMITED:
	case RESULT_INTERNAL:
	case RESULT_STORE_UNAVAILABLE:
	case RESULT_DEFERRED:
		return EXIT_FAILURE;
	}
	return EXIT_FAILURE;
}

/* What each exit status means to programs. */
static const char *const reasons[] = {
	[EXIT_FAILURE] = "failed",
	[EXIT_USAGE] = "wrong_usage",
	[EXIT_CONFIGURATION] = "not_logged_in",
	[EXIT_NO_ANSWER] = "no_answer",
	[EXIT_NOT_FOUND] = "not_found",
};

static void write_failure(const struct remote *remote, int status, const char *message,
			  struct buffer *line)
{
	if (!remote->as_json) {
		buffer_append_text(line, "claviger: ");
		output_printable(message, line);
		buffer_append_text(line, remote->next == NULL ? "" : "\n  next: ");
		output_printable(remote->next == NULL ? "" : remote->next, line);
		return;
	}
	if (remote->refusal.length > 0) {
		buffer_append(line, remote->refusal.data, remote->refusal.length);
		return;
	}
	buffer_append_format(line,
			     "{\"status\":\"error\",\"error\":{\"code\":%d,\"reason\":\"%s\","
			     "\"message\":",
			     status, reasons[status]);
	json_write_string(message, line);
	if (remote->next != NULL) {
		json_write_name("next", line);
		json_write_string(remote->next, line);
	}
	buffer_append_text(line, "}}");
}

static int fail(const struct remote *remote, enum result result, const struct error *err)
{
	int status = exit_status(result);
	struct buffer line;

	buffer_init(&line, REFUSAL_MAXIMUM);
	write_failure(remote, status,
		      err->message[0] != '\0' ? err->message : "There is no memory for it", &line);
	if (buffer_result(&line) == RESULT_OK)
		fprintf(stderr, "%s\n", line.data);
	buffer_clear(&line);
	return status;
}

/* https://no-color.org: set to anything but nothing. */
static bool wants_colour(void)
{
	const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) != 0 && (refused == NULL || refused[0] == '\0') &&
	       terminal != NULL && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

/* Under the prefix that is usual, in any place; under another, which only its service knows, by its
 * checksum. */
static bool holds_key(int argc, char *const *argv)
{
	bool is_found = arguments_hold_key(argc, argv, default_prefix);
	struct key key = {0};

	for (int i = 1; i < argc; i++)
		is_found = token_parse_any(argv[i], strlen(argv[i]), &key) || is_found;
	token_key_wipe(&key);
	return is_found;
}

static enum result write_help(struct arguments *arguments, struct buffer *out)
{
	const char *group = arguments->word_count > 0 ? arguments->words[0] : NULL;
	const struct remote_command *command = NULL;
	struct error err = {0};

	if (arguments_has(arguments, OPTION_VERSION))
		buffer_append_text(out, "claviger " CLAVIGER_VERSION "\n");
	else if (remote_command_find(arguments, &command, &err) == RESULT_OK)
		command_table_write_help(&remote_commands, &command->usage, remote_commands.common,
					 out);
	else
		remote_command_write_overview(group, out);
	return RESULT_OK;
}

static enum result prepare(struct remote *remote, const struct remote_command *command,
			   const struct arguments *arguments, struct error *err)
{
	struct settings *settings = &remote->settings;
	enum result result = RESULT_OK;

	if (command->needs == REMOTE_NOTHING)
		return RESULT_OK;
	result = settings_load(settings, err);
	if (result == RESULT_OK)
		result = settings_override(settings, SETTING_API_BASE,
					   arguments_value(arguments, OPTION_API_BASE),
					   "--api-base", err);
	if (result == RESULT_OK && arguments_has(arguments, OPTION_INSECURE_HTTP))
		result = settings_override(settings, SETTING_INSECURE_HTTP, "true",
					   "--insecure-http", err);
	if (result == RESULT_OK && command->needs == REMOTE_LOGIN)
		result = remote_session_resume(remote, err);
	return result;
}

static enum result run(int argc, char *const *argv, struct arguments *arguments,
		       struct remote *remote, struct error *err)
{
	const struct remote_command *command = NULL;
	enum result result;

	if (holds_key(argc, argv))
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "A key was given on the command line, where every user of this "
				 "machine can read it (ps); revoke it, and name a token by its id");
	result = arguments_parse(argc, argv, command_table_known_options(&remote_commands),
				 arguments, err);
	if (result == RESULT_OK &&
	    (arguments_has(arguments, OPTION_HELP) || arguments_has(arguments, OPTION_VERSION)))
		return write_help(arguments, &remote->out);
	if (result == RESULT_OK)
		result = remote_command_find(arguments, &command, err);
	if (result == RESULT_OK)
		result = command_table_check(&remote_commands, &command->usage, arguments, err);
	if (result == RESULT_OK)
		result = prepare(remote, command, arguments, err);
	if (result == RESULT_OK)
		result = command->run(remote, arguments, err);
	return result;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct remote remote = {0};
	struct error err = {0};
	int status;
	enum result result;

	remote.as_json = arguments_want_json(argc, argv);
	remote.has_colour = wants_colour();
	remote.environment = environ;
	remote.now = timestamp_now();
	buffer_init(&remote.out, OUTPUT_MAXIMUM);
	buffer_init(&remote.refusal, REFUSAL_MAXIMUM);
	result = process_harden(&err);
	if (result == RESULT_OK)
		result = run(argc, argv, &arguments, &remote, &err);
	if (result == RESULT_OK)
		result = output_flush(&remote.out, &err);
	status = result == RESULT_OK ? remote.status : fail(&remote, result, &err);
	remote_session_close(&remote);
	arguments_clear(&arguments);
	buffer_clear(&remote.out);
	buffer_clear(&remote.refusal);
	return status;
}
