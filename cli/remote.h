/* SPDX-License-Identifier: ISC */
/* claviger, the client over HTTP: what its commands work with, and the table of them. */
#ifndef CLAVIGER_REMOTE_H
#define CLAVIGER_REMOTE_H

#include "arguments.h"
#include "remote_settings.h"

#include "attributes.h"
#include "buffer.h"
#include "error.h"
#include "token.h"
#include "command_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct remote_http;

/* Beside those of process.h. */
enum { EXIT_NO_ANSWER = 4 };

enum { NEXT_SIZE = 256 };

struct remote {
	struct settings settings;
	struct key key; /* zeroed until a command that needs a login runs */
	struct remote_http *http;
	struct buffer out;
	struct buffer
		refusal; /* the service's own JSON that says no; empty where it said nothing */
	char lacking[NEXT_SIZE]; /* room for a NEXT that is put together */
	const char *next;        /* what to do about a failure, a line; NULL: the message says it */
	char *const *environment;
	int64_t now;
	int status; /* the exit status where all went well */
	bool as_json;
	bool has_colour;
};

/* What must be there before a command runs: nothing; where the settings lie; the service and a
 * token for it. */
enum remote_needs { REMOTE_NOTHING, REMOTE_SETTINGS, REMOTE_LOGIN };

/* Writes its answer to remote->out. */
typedef enum result remote_fn(struct remote *remote, const struct arguments *arguments,
			      struct error *err);

struct remote_command {
	struct command_usage usage;
	remote_fn *run;
	enum remote_needs needs;
	const char *choices; /* what the first operand can be, blanks between; NULL: anything */
};

remote_fn remote_log_in, remote_log_out, remote_whoami;
remote_fn remote_config_get, remote_config_set, remote_config_list;
remote_fn remote_tokens_list, remote_tokens_show, remote_tokens_tree;
remote_fn remote_tokens_create, remote_tokens_rotate;
remote_fn remote_tokens_rename, remote_tokens_narrow, remote_tokens_revoke;
remote_fn remote_websites_list, remote_websites_show, remote_websites_add;
remote_fn remote_websites_rename, remote_websites_delete;
remote_fn remote_team_list, remote_team_set, remote_team_remove;
remote_fn remote_permissions_list, remote_audit_list, remote_verify, remote_completion;

#endif
