/* SPDX-License-Identifier: ISC */
/* How the commands of a program are written: each a line of the program's table. From it come which
 * command is meant, whether it is used as it wants to be, and the help. */
#ifndef CLAVIGER_COMMAND_TABLE_H
#define CLAVIGER_COMMAND_TABLE_H

#include "arguments.h"
#include "attributes.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COMMAND_TITLE_SIZE = 32 };

struct command_usage {
	const char *group; /* the first word */
	const char *name;  /* the second; NULL where there is one only */
	const char
		*operands;   /* words; in brackets: maybe; with dots behind: one or more; or NULL */
	uint64_t options;    /* a set: OPTION_BIT(...) */
	const char *summary; /* one line */
	const char *details; /* sentences; "" where the summary says all */
};

/* What an option means to a command, where that is not what it means to most. */
struct command_meaning {
	const char *group, *name; /* NULL: any; the first line that fits counts */
	enum option option;
	const char *description;
	bool is_single; /* one is meant, where others take several */
};

/* The commands of PROGRAM: COUNT entries of ENTRY_SIZE bytes, which each begin with a struct
 * command_usage. */
struct command_table {
	const char *program;
	const void *entries;
	size_t entry_size, count;
	uint64_t common; /* the options that every command takes */
	const struct command_meaning *meanings;
	size_t meaning_count;
};

/** Entry INDEX; NULL behind the last. */
NODISCARD const struct command_usage *command_table_at(const struct command_table *table,
						       size_t index);
/** The options that any command takes. */
NODISCARD uint64_t command_table_known_options(const struct command_table *table);
/** Finds the entry that the words of ARGUMENTS name, and takes these away, so that the first
 *  operand is words[0]. RESULT_INVALID_USAGE with what to write instead. */
NODISCARD enum result command_table_find(const struct command_table *table,
					 struct arguments *arguments,
					 const struct command_usage **usage, struct error *err);
/** Checks that USAGE takes the options and the operands that were given. */
NODISCARD enum result command_table_check(const struct command_table *table,
					  const struct command_usage *usage,
					  const struct arguments *arguments, struct error *err);

/** Writes the words that name USAGE. */
void command_table_title(const struct command_usage *usage, char title[static COMMAND_TITLE_SIZE]);
/** What OPTION means to USAGE, or where that is NULL, to most. */
NODISCARD const char *command_table_describe(const struct command_table *table,
					     const struct command_usage *usage, enum option option);
/** Says whether USAGE takes OPTION more than once. */
NODISCARD bool command_table_repeats(const struct command_table *table,
				     const struct command_usage *usage, enum option option);

/** Appends how USAGE is used; SHOWN are the common options that it lists. */
void command_table_write_help(const struct command_table *table, const struct command_usage *usage,
			      uint64_t shown, struct buffer *out);
/** Says whether GROUP, which may be NULL, is the first word of a command. */
NODISCARD bool command_table_is_group(const struct command_table *table, const char *group);
/** Appends a line for each command of GROUP (all where that is no group), and the common options.
 */
void command_table_write_list(const struct command_table *table, const char *group,
			      struct buffer *out);

#endif
