/* SPDX-License-Identifier: ISC */
/* The commands of claviger-admin: their table, and what each works with. */
#ifndef CLAVIGER_COMMAND_H
#define CLAVIGER_COMMAND_H

#include "arguments.h"
#include "attributes.h"
#include "buffer.h"
#include "error.h"
#include "command_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct admin;

/* What must be there before a command runs: each more than the one before. NEEDS_AUDIT: what it
 * changes is to be kept in the audit. */
enum command_needs { NEEDS_NOTHING, NEEDS_CONFIGURATION, NEEDS_STORE, NEEDS_AUDIT };

/* Writes its answer to admin->out. RESULT_INVALID_FIELD and RESULT_INVALID_PARAMETER: what was
 * given is wrong (exit 2); RESULT_INVALID_USAGE: the state of things forbids it (exit 1). */
typedef enum result command_fn(struct admin *admin, const struct arguments *arguments,
			       struct error *err);

struct command {
	struct command_usage usage;
	command_fn *run;
	enum command_needs needs;
};

/** The options that any command takes. */
NODISCARD uint64_t command_known_options(void);
/** Finds the command that the words of ARGUMENTS name, and takes these away, so that the first
 *  operand is words[0]. RESULT_INVALID_USAGE with what to write instead. */
NODISCARD enum result command_find(struct arguments *arguments, const struct command **command,
				   struct error *err);
/** Checks that COMMAND takes the options and the operand that were given. */
NODISCARD enum result command_check(const struct command *command,
				    const struct arguments *arguments, struct error *err);
/** Appends how COMMAND is used. */
void command_write_help(const struct command *command, struct buffer *out);
/** Appends how the commands of GROUP are used; of all, where it is NULL or no group. */
void command_write_overview(const char *group, struct buffer *out);

command_fn init_database;
command_fn account_add, account_list, account_disable, account_enable;
command_fn website_add, website_list, website_rename, website_remove;
command_fn team_list, team_set, team_remove;
command_fn token_create, token_list, token_show, token_revoke, token_tree, token_expiring;
command_fn permission_list;
command_fn policy_check, policy_test, policy_explain;
command_fn purge_run;
command_fn audit_list, audit_verify_trail, audit_export;
command_fn doctor_run;
command_fn backup_write, restore_run;
command_fn config_show_values;

#endif
