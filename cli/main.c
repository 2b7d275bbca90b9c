/* SPDX-License-Identifier: ISC */
/* claviger-admin: the operator's tool, which opens the store itself. */
#include "admin.h"
#include "arguments.h"
#include "command.h"
#include "output.h"

#include "config.h"
#include "json_write.h"
#include "log.h"
#include "process.h"
#include "timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char default_prefix[] = "dft_";

static int exit_status(enum result result)
{
	switch (result) {
	case RESULT_OK:
		return EXIT_SUCCESS;
	case RESULT_INVALID_PARAMETER:
	case RESULT_INVALID_FIELD:
	case RESULT_UNKNOWN_FIELD:
	case RESULT_INVALID_JSON:
		return EXIT_USAGE;
	case RESULT_INVALID_CONFIGURATION:
		return EXIT_CONFIGURATION;
	case RESULT_STORE_UNAVAILABLE:
	case RESULT_BUSY:
		return EXIT_DATABASE;
	case RESULT_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case RESULT_INVALID_USAGE: /* a path that exists, an account that was made already */
	case RESULT_INVALID_REQUEST:
	case RESULT_MISSING_TOKEN:
	case RESULT_INVALID_TOKEN:
	case RESULT_INSUFFICIENT_SCOPE:
	case RESULT_SCOPE_EXCEEDED:
	case RESULT_METHOD_NOT_ALLOWED:
	case RESULT_LIMIT_REACHED:
	case RESULT_REPLACED_KEY:
	case RESULT_IDEMPOTENCY_MISMATCH:
	case RESULT_CONFLICT:
	case RESULT_LAST_OWNER:
	case RESULT_BODY_TOO_LARGE:
	case RESULT_UNSUPPORTED_MEDIA_TYPE:
	case RESULT_RATE_LIMITED:
	case RESULT_INTERNAL:
	case RESULT_DEFERRED:
		return EXIT_FAILURE;
	}
	return EXIT_FAILURE;
}

/* What each exit status means: the slug for programs, and what is said where nobody said more. */
static const struct exit_text {
	const char *reason, *message;
} exit_texts[] = {
	[EXIT_FAILURE] = {"failed", "It failed; the log says more"},
	[EXIT_USAGE] = {"wrong_usage", "Wrong usage; see --help"},
	[EXIT_CONFIGURATION] = {"configuration", "The configuration is wrong"},
	[EXIT_DATABASE] = {"database", "The database is locked, full or damaged; try again, then "
				       "run claviger-admin doctor"},
	[EXIT_NOT_FOUND] = {"not_found", "There is nothing of that name"},
};

static int fail(int status, bool as_json, const struct error *err)
{
	const struct exit_text *text = &exit_texts[status];
	const char *message = err->message[0] != '\0' ? err->message : text->message;
	struct buffer line;

	buffer_init(&line, BUFSIZ);
	if (as_json) {
		buffer_append_format(
			&line,
			"{\"status\":\"error\",\"error\":{\"code\":%d,\"reason\":\"%s\","
			"\"message\":",
			status, text->reason);
		json_write_string(message, &line);
		buffer_append_text(&line, "}}");
	} else {
		buffer_append_text(&line, "claviger-admin: ");
		output_printable(message, &line);
	}
	if (buffer_result(&line) == RESULT_OK)
		fprintf(stderr, "%s\n", line.data);
	buffer_clear(&line);
	return status;
}

static enum result refuse_key(struct error *err)
{
	return error_set(err, RESULT_INVALID_PARAMETER, NULL,
			 "A key was given on the command line, where every user of this machine "
			 "can read it (ps); revoke it, and name a token by its id");
}

static enum result run_command(const struct command *command, const struct arguments *arguments,
			       int argc, char *const *argv, struct admin *admin, struct error *err)
{
	enum result result = RESULT_OK;

	if (command->needs != NEEDS_NOTHING)
		result = admin_load(admin, err);
	if (result == RESULT_OK && admin->config != NULL) {
		const char *prefix = admin->config->token_prefix;

		if (arguments_hold_key(argc, argv, prefix))
			return refuse_key(err);
		/* A program that reads JSON wants one line from standard error. */
		result =
			log_open(admin->as_json ? "/dev/null" : "stderr", LOG_WARNING, prefix, err);
	}
	if (result == RESULT_OK && command->needs >= NEEDS_STORE)
		result = admin_open(admin, ADMIN_TO_USE, err);
	if (result == RESULT_OK && command->needs == NEEDS_AUDIT)
		result = admin_open_audit(admin, true, err);
	if (result == RESULT_OK)
		result = command->run(admin, arguments, err);
	return result;
}

static int print_help(struct arguments *arguments, struct admin *admin)
{
	const char *group = arguments->word_count > 0 ? arguments->words[0] : NULL;
	const struct command *command = NULL;
	struct error err = {0};

	if (arguments_has(arguments, OPTION_VERSION))
		buffer_append_text(&admin->out, "claviger-admin " CLAVIGER_VERSION "\n");
	else if (command_find(arguments, &command, &err) == RESULT_OK)
		command_write_help(command, &admin->out);
	else
		command_write_overview(group, &admin->out);
	if (output_flush(&admin->out, &err) == RESULT_OK)
		return EXIT_SUCCESS;
	return fail(EXIT_FAILURE, admin->as_json, &err);
}

static int run(int argc, char *const *argv, struct arguments *arguments, struct admin *admin,
	       struct error *err)
{
	const struct command *command = NULL;
	enum result result;

	if (arguments_hold_key(argc, argv, default_prefix)) {
		result = refuse_key(err);
		return fail(exit_status(result), admin->as_json, err);
	}
	result = arguments_parse(argc, argv, command_known_options(), arguments, err);
	if (result == RESULT_OK &&
	    (arguments_has(arguments, OPTION_HELP) || arguments_has(arguments, OPTION_VERSION)))
		return print_help(arguments, admin);
	if (result == RESULT_OK)
		result = command_find(arguments, &command, err);
	if (result == RESULT_OK)
		result = command_check(command, arguments, err);
	if (result != RESULT_OK)
		return fail(result == RESULT_INVALID_USAGE ? EXIT_USAGE : EXIT_FAILURE,
			    admin->as_json, err);

	admin->config_file =
		config_choose_file(arguments_value(arguments, OPTION_CONFIG), admin->environment);
	result = run_command(command, arguments, argc, argv, admin, err);
	if (result == RESULT_OK)
		result = output_flush(&admin->out, err);
	return result == RESULT_OK ? admin->status : fail(exit_status(result), admin->as_json, err);
}

int main(int argc, char **argv)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct arguments arguments = {0};
	struct admin admin = {0};
	struct error err = {0};
	int status;
	enum result result;

	admin.environment = environ;
	admin.cores = cores < 1 ? 1 : (uint32_t)cores;
	admin.as_json = arguments_want_json(argc, argv);
	admin.now = timestamp_now();
	buffer_init(&admin.out, OUTPUT_MAXIMUM);
	result = process_harden(&err);
	if (result == RESULT_OK)
		status = run(argc, argv, &arguments, &admin, &err);
	else
		status = fail(exit_status(result), admin.as_json, &err);
	arguments_clear(&arguments);
	admin_close(&admin);
	return status;
}
