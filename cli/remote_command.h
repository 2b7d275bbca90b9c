/* SPDX-License-Identifier: ISC */
/* The table of the client's commands. Help and completion of shells are read from it; nothing of
 * that is written anywhere else. */
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

/* How they are used. */
extern const struct command_table remote_commands;

/** Command INDEX of the table; NULL behind the last. */
NODISCARD const struct remote_command *remote_command_at(size_t index);
/** Finds the command that the words of ARGUMENTS name, as command_table_find() does. */
NODISCARD enum result remote_command_find(struct arguments *arguments,
					  const struct remote_command **command, struct error *err);
/** What the value of OPTION can be, blanks between; NULL where that is not known. */
NODISCARD const char *remote_command_choices(enum option option);
/** Appends how the commands of GROUP are used; of all, where it is NULL or no group. */
void remote_command_write_overview(const char *group, struct buffer *out);

#endif
