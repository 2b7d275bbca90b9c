/* SPDX-License-Identifier: ISC */
/* claviger.fcgi: options, start-up checks, signals, orderly stop. */
#include "background.h"
#include "cgi.h"
#include "check.h"
#include "lanes.h"
#include "listen.h"
#include "worker.h"

#include "bootstrap.h"
#include "bootstrap_code.h"
#include "config.h"
#include "file.h"
#include "log.h"
#include "process.h"
#include "timestamp.h"

#include <fcgiapp.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum mode { MODE_USAGE, MODE_FASTCGI, MODE_CGI };

struct options {
	const char *config_file, *socket, *socket_group;
	const char *web_space; /* the program's directory, where it found its configuration near */
	bool only_checks;
};

static const char usage_text[] =
	"usage: claviger.fcgi [--config FILE] [--socket PATH [--socket-group GROUP]] [--check]\n"
	"       claviger.fcgi --version | --help\n"
	"\n"
	"Issues, lists, revokes and checks scoped access tokens, as FastCGI or plain CGI. A web\n"
	"server starts it: with a listening socket on descriptor 0 it serves FastCGI, with the\n"
	"environment of CGI it answers one request.\n"
	"\n"
	"  --config FILE         read FILE (else $CLAVIGER_CONFIG, else " CONFIG_DEFAULT_FILE ")\n"
	"  --socket PATH         serve FastCGI on this unix socket, made 0600\n"
	"  --socket-group GROUP  make it 0660 for GROUP, the web server's\n"
	"  --check               check configuration and database, and change nothing\n"
	"\n"
	"SIGTERM and SIGINT stop it after the requests in flight; SIGHUP reads the configuration\n"
	"again. Exit status: 0 stopped, 1 other failure, 2 usage, 3 configuration, 4 database.\n";

static int exit_status(enum result result)
{
	switch (result) {
	case RESULT_OK:
		return EXIT_SUCCESS;
	case RESULT_INVALID_USAGE:
		return EXIT_USAGE;
	case RESULT_INVALID_CONFIGURATION:
		return EXIT_CONFIGURATION;
	case RESULT_STORE_UNAVAILABLE:
		return EXIT_DATABASE;
	case RESULT_INVALID_REQUEST:
	case RESULT_INVALID_JSON:
	case RESULT_UNKNOWN_FIELD:
	case RESULT_INVALID_FIELD:
	case RESULT_INVALID_PARAMETER:
	case RESULT_MISSING_TOKEN:
	case RESULT_INVALID_TOKEN:
	case RESULT_INSUFFICIENT_SCOPE:
	case RESULT_SCOPE_EXCEEDED:
	case RESULT_NOT_FOUND:
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
	case RESULT_BUSY:
	case RESULT_DEFERRED:
		return EXIT_FAILURE;
	}
	return EXIT_FAILURE;
}

static int fail(enum result result, const struct error *err)
{
	fprintf(stderr, "claviger: %s\n",
		err->message[0] != '\0' ? err->message : error_reason(result));
	return exit_status(result);
}

/* Values beyond those of a letter, so that getopt_long's complaints can be told apart. */
enum {
	OPTION_CONFIG = 256,
	OPTION_SOCKET,
	OPTION_SOCKET_GROUP,
	OPTION_CHECK,
	OPTION_VERSION,
	OPTION_HELP
};

static enum result refuse_option(int option, const char *argument, struct error *err)
{
	if (option == ':')
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%.60s: its value is missing; see --help", argument);
	if (optopt >= OPTION_CONFIG)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%.60s: takes no value; see --help", argument);
	if (optopt != 0)
		return error_set(err, RESULT_INVALID_USAGE, NULL, "-%c: no such option; see --help",
				 optopt);
	return error_set(err, RESULT_INVALID_USAGE, NULL, "%.60s: no such option; see --help",
			 argument);
}

static enum result read_options(int argc, char **argv, struct options *options, struct error *err)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, OPTION_CONFIG},
		{"socket", required_argument, NULL, OPTION_SOCKET},
		{"socket-group", required_argument, NULL, OPTION_SOCKET_GROUP},
		{"check", no_argument, NULL, OPTION_CHECK},
		{"version", no_argument, NULL, OPTION_VERSION},
		{"help", no_argument, NULL, OPTION_HELP},
		{NULL, 0, NULL, 0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		switch (option) {
		case OPTION_CONFIG:
			options->config_file = optarg;
			break;
		case OPTION_SOCKET:
			options->socket = optarg;
			break;
		case OPTION_SOCKET_GROUP:
			options->socket_group = optarg;
			break;
		case OPTION_CHECK:
			options->only_checks = true;
			break;
		case OPTION_VERSION:
			puts("claviger.fcgi " CLAVIGER_VERSION);
			exit(EXIT_SUCCESS);
		case OPTION_HELP:
			fputs(usage_text, stdout);
			exit(EXIT_SUCCESS);
		default:
			return refuse_option(option, argv[optind - 1], err);
		}
	}
	if (optind != argc)
		return error_set(err, RESULT_INVALID_USAGE, NULL, "%.60s: not expected; see --help",
				 argv[optind]);
	if (options->socket_group != NULL && options->socket == NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "--socket-group goes with --socket; see --help");
	return RESULT_OK;
}

static bool is_plain_cgi(void)
{
	return getenv("GATEWAY_INTERFACE") != NULL && !listen_is_socket(STDIN_FILENO);
}

static enum mode choose_mode(const struct options *options)
{
	if (is_plain_cgi())
		return MODE_CGI;
	return options->socket != NULL || listen_is_socket(STDIN_FILENO) ? MODE_FASTCGI
									 : MODE_USAGE;
}

static enum result load_config(const char *file, char *const *environment, struct config *config,
			       struct error *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	enum result result =
		config_load(file, environment, cores < 1 ? 1 : (uint32_t)cores, config, err);

	if (result == RESULT_OK && geteuid() == 0 && !config->allow_root)
		return error_set(
			err, RESULT_INVALID_CONFIGURATION, NULL,
			"allow_root: this would run as root; start it as a user of its own, "
			"or set allow_root = true");
	return result;
}

/* Nothing proves that a web server keeps a file inside to itself: not a .htaccess, which it may be
 * told to ignore and another server in front of it never reads. So no rule makes an exception. */
static enum result refuse_exposed(const struct config *config, const char *web_space,
				  enum mode mode, struct error *err)
{
	const char *const directories[] = {
		web_space,
		mode == MODE_CGI ? getenv("DOCUMENT_ROOT") : NULL,
		mode == MODE_CGI ? getenv("CONTEXT_DOCUMENT_ROOT") : NULL,
	};

	for (size_t i = 0; i < ARRAY_LENGTH(directories); i++)
		if (directories[i] != NULL && directories[i][0] != '\0' &&
		    file_lies_in(config->database, directories[i]))
			return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
					 "database: %.80s lies in %.80s, from where a web server "
					 "hands out files; move its directory out of there",
					 config->database, directories[i]);
	return RESULT_OK;
}

/* RESULT is a failure over the key file, which bootstrap_...() takes for one of a command line. */
static enum result refuse_bootstrap(enum result result, struct error *err)
{
	if (result != RESULT_INVALID_USAGE && result != RESULT_INVALID_CONFIGURATION)
		return result;
	error_prefix(err, "CLAVIGER_BOOTSTRAP");
	return err->result = RESULT_INVALID_CONFIGURATION;
}

/* Before there is a database. */
static enum result check_bootstrap(const struct config *config, const char *key_file,
				   struct error *err)
{
	if (key_file == NULL)
		return RESULT_OK;
	if (key_file[0] == '\0')
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "CLAVIGER_BOOTSTRAP: empty; give a path or unset it");
	return refuse_bootstrap(bootstrap_check(config->database, key_file, err), err);
}

static enum result make_first_owner(struct authority *authority, const char *key_file,
				    struct error *err)
{
	struct bootstrap_options owner = {.email = BOOTSTRAP_EMAIL,
					  .account_name = BOOTSTRAP_ACCOUNT_NAME,
					  .token_name = BOOTSTRAP_TOKEN_NAME,
					  .key_file = key_file};
	struct token_record record = {0};
	struct key key = {0};
	uint64_t accounts = 0;
	enum result result =
		bootstrap_first_owner(authority, &owner, timestamp_now(), &record, &key, err);

	token_key_wipe(&key);
	token_record_clear(&record);
	if (result == RESULT_OK)
		log_event(LOG_INFO, NULL, "first owner made", "key_file=%.200s", key_file);
	else if (result == RESULT_INVALID_USAGE &&
		 store_count_accounts(authority->store, &accounts) == RESULT_OK && accounts > 0)
		return RESULT_OK; /* made by an earlier start, or by one just now */
	return refuse_bootstrap(result, err);
}

/* Opens the store once before anything is served, and makes the first owner where asked to. */
static enum result prepare_store(struct server *server, const char *key_file, struct error *err)
{
	struct worker worker = {0};
	bool may_create = key_file != NULL || bootstrap_code_waits(server->config->database);
	enum result result = worker_open(&worker, server, true, may_create, err);

	if (result == RESULT_OK && key_file != NULL)
		result = make_first_owner(&worker.authority, key_file, err);
	worker_close(&worker);
	/* Nobody tries again: it is the database that this start fails of. */
	return result == RESULT_BUSY ? RESULT_STORE_UNAVAILABLE : result;
}

static enum result open_log(const struct config *config, struct error *err)
{
	enum result result = log_open(config->log, config->log_level, config->token_prefix, err);

	if (result != RESULT_OK)
		error_prefix(err, "log");
	return result;
}

static void reload(struct server *server, struct config *config, const char *file,
		   char *const *environment)
{
	struct config *fresh = calloc(1, sizeof(*fresh));
	struct error err = {0};
	char unchanged[CONFIG_CHANGED_SIZE];

	if (fresh == NULL)
		return;
	if (load_config(file, environment, fresh, &err) != RESULT_OK ||
	    server_take_policy(server, fresh, &err) != RESULT_OK ||
	    open_log(fresh, &err) != RESULT_OK) {
		log_event(LOG_ERROR, NULL, "configuration not taken over",
			  "kept=the one before message=%.255s", err.message);
		goto out;
	}
	config_take_over(config, fresh, unchanged);
	server_take_limits(server, config);
	if (unchanged[0] != '\0')
		log_event(LOG_WARNING, NULL, "changed keys need a restart", "keys=%s", unchanged);
	log_event(LOG_INFO, NULL, "configuration taken over", "file=%.200s", config->file);
out:
	free(fresh);
}

/* Until a signal says to stop. */
static void wait_for_signals(const sigset_t *signals, struct server *server, struct config *config,
			     const char *file, char *const *environment)
{
	int number;

	while (sigwait(signals, &number) == 0 && number == SIGHUP)
		reload(server, config, file, environment);
}

static int serve_fastcgi(const struct options *options, struct server *server,
			 struct config *config, char *const *environment)
{
	struct background *background = NULL;
	struct lanes *lanes = NULL;
	struct error err = {0};
	int listening = STDIN_FILENO;
	sigset_t signals;
	enum result result = RESULT_OK;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	/* A peer that does not close after its answer holds a thread no longer than this. */
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "200", 1);
	if (FCGX_Init() != 0)
		result = error_set(&err, RESULT_INTERNAL, NULL, "libfcgi could not be started");
	if (result == RESULT_OK && options->socket != NULL)
		result = listen_open(options->socket, options->socket_group, &listening, &err);
	if (result == RESULT_OK)
		result = listen_check(listening, &err);
	if (result == RESULT_OK)
		result = background_start(server, &background, &err);
	if (result == RESULT_OK)
		result = lanes_start(server, listening, &lanes, &err);
	if (result == RESULT_OK) {
		log_event(LOG_INFO, NULL, "serving", "version=%s database=%.200s", CLAVIGER_VERSION,
			  config->database);
		wait_for_signals(&signals, server, config, options->config_file, environment);
		log_event(LOG_INFO, NULL, "stopping", "after=the requests in flight");
		lanes_stop_accepting(lanes);
		if (options->socket != NULL)
			listen_close(options->socket, &listening);
		lanes_stop(lanes);
	}
	background_stop(background);
	if (options->socket != NULL)
		listen_close(options->socket, &listening);
	return result == RESULT_OK ? EXIT_SUCCESS : fail(result, &err);
}

static int serve_cgi(struct server *server, enum result opened, const struct error *err,
		     char *const *environment)
{
	struct worker worker = {0};
	struct error worker_err = {0};
	bool is_open = false;
	bool is_sent;

	if (opened == RESULT_OK) {
		opened = worker_open(&worker, server, true,
				     bootstrap_code_waits(server->config->database), &worker_err);
		err = &worker_err;
	}
	is_open = opened == RESULT_OK;
	/* The web server's error log is where the operator of plain hosting looks. */
	if (!is_open)
		fprintf(stderr, "claviger: %s\n", err->message);
	/* A route that there is none of is told so without a store. */
	is_sent =
		cgi_answer(worker.server != NULL ? &worker : NULL,
			   server->config == NULL ? "" : server->config->token_prefix, environment);
	worker_close(&worker);
	return is_sent ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const struct options *options, enum mode mode, struct config *config,
	       char *const *environment)
{
	const char *key_file = mode == MODE_CGI ? NULL : getenv("CLAVIGER_BOOTSTRAP");
	struct server server = {0};
	struct error err = {0};
	int status;
	enum result result = load_config(options->config_file, environment, config, &err);

	if (result == RESULT_OK)
		result = refuse_exposed(config, options->web_space, mode, &err);
	if (result == RESULT_OK)
		result = check_bootstrap(config, key_file, &err);
	if (options->only_checks) {
		if (result == RESULT_OK)
			result = check_run(config, key_file, &err);
		return result == RESULT_OK ? EXIT_SUCCESS : fail(result, &err);
	}
	if (result == RESULT_OK)
		result = open_log(config, &err);
	if (result == RESULT_OK)
		result = server_open(&server, config, mode == MODE_CGI, &err);
	if (result == RESULT_OK && mode != MODE_CGI)
		result = prepare_store(&server, key_file, &err);
	if (mode == MODE_CGI)
		status = serve_cgi(&server, result, &err, environment);
	else if (result != RESULT_OK)
		status = fail(result, &err);
	else
		status = serve_fastcgi(options, &server, config, environment);
	server_close(&server);
	return status;
}

/* DIRECTORY and FILE are storage for what OPTIONS borrows. */
static void choose_config_file(struct options *options, char directory[static CONFIG_PATH_SIZE],
			       char file[static CONFIG_PATH_SIZE])
{
	if (options->config_file == NULL && getenv("CLAVIGER_CONFIG") == NULL &&
	    process_find_directory(directory, CONFIG_PATH_SIZE) &&
	    config_find_near(directory, file)) {
		options->web_space = directory;
		options->config_file = file;
	}
	options->config_file = config_choose_file(options->config_file, environ);
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct config *config = calloc(1, sizeof(*config));
	struct error err = {0};
	char directory[CONFIG_PATH_SIZE], near_file[CONFIG_PATH_SIZE];
	enum mode mode;
	int status;
	/* To plain CGI the web server may pass pieces of the query as arguments (RFC 3875 §4.4):
	 * what a stranger wrote. */
	enum result result = is_plain_cgi() ? RESULT_OK : read_options(argc, argv, &options, &err);

	if (result == RESULT_OK && config == NULL)
		result = RESULT_BUSY;
	if (result == RESULT_OK)
		result = process_harden(&err);
	if (result != RESULT_OK) {
		free(config);
		return fail(result, &err);
	}
	choose_config_file(&options, directory, near_file);
	mode = choose_mode(&options);
	if (mode == MODE_USAGE && !options.only_checks) {
		fprintf(stderr,
			"claviger: no socket to serve on; give --socket PATH, or let a web server "
			"start it\n\n%s",
			usage_text);
		status = EXIT_USAGE;
	} else {
		status = run(&options, mode, config, environ);
	}
	free(config);
	return status;
}
