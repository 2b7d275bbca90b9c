/* SPDX-License-Identifier: ISC */
/* The table of the client's commands, and what is read from it: which one is meant, whether it is
 * used as it wants to be, its help, and the completion of shells. Nothing of that is written
 * anywhere else. */
#ifndef CLAVIGER_REMOTE_COMMAND_H
#define CLAVIGER_REMOTE_COMMAND_H

#include "remote.h"

#include "arguments.h"
#include "attributes.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REMOTE_TITLE_SIZE = 32 };

/** Command INDEX of the table; NULL behind the last. */
NODISCARD const struct remote_command *remote_command_at(size_t index);
/** The options that any command takes, and those that every one does. */
NODISCARD uint64_t remote_command_known_options(void);
NODISCARD uint64_t remote_command_common_options(void);

/** Finds the command that the words of ARGUMENTS name, and takes these away, so that the first
 *  operand is words[0]. RESULT_INVALID_USAGE with what to write instead. */
NODISCARD enum result remote_command_find(struct arguments *arguments,
					  const struct remote_command **command, struct error *err);
/** Checks that COMMAND takes the options and the operands that were given. */
NODISCARD enum result remote_command_check(const struct remote_command *command,
					   const struct arguments *arguments, struct error *err);

/** Writes the words that name COMMAND. */
void remote_command_title(const struct remote_command *command,
			  char title[static REMOTE_TITLE_SIZE]);
/** What OPTION means to COMMAND, or where that is NULL, to most. */
NODISCARD const char *remote_command_describe(const struct remote_command *command,
					      enum option option);
/** Says whether COMMAND takes OPTION more than once. */
NODISCARD bool remote_command_repeats(const struct remote_command *command, enum option option);
/** What the value of OPTION can be, blanks between; NULL where that is not known. */
NODISCARD const char *remote_command_choices(enum option option);

/** Appends how COMMAND is used. */
void remote_command_write_help(const struct remote_command *command, struct buffer *out);
/** Appends how the commands of GROUP are used; of all, where it is NULL or no group. */
void remote_command_write_overview(const char *group, struct buffer *out);

#endif
