/* SPDX-License-Identifier: ISC */
/* The help, from the lines of the table. */
#include "command_table.h"

#include <stdio.h>
#include <string.h>

enum { LINE_WIDTH = 80, PIECE_SIZE = 64, LABEL_WIDTH = 24, LABEL_SIZE = 64 };

/* Begins a line of its own, below the first word behind the title, where it would not fit. */
static void write_piece(struct buffer *out, size_t *column, size_t indent, const char *piece)
{
	if (*column + 1 + strlen(piece) > LINE_WIDTH) {
		buffer_append_format(out, "\n%*s", (int)indent, "");
		*column = indent;
	}
	buffer_append_format(out, " %s", piece);
	*column += 1 + strlen(piece);
}

static void write_synopsis(const struct command_table *table, const struct command_usage *usage,
			   struct buffer *out)
{
	char title[COMMAND_TITLE_SIZE], piece[PIECE_SIZE];
	size_t indent, column;

	command_table_title(usage, title);
	indent = column = strlen("usage: ") + strlen(table->program) + 1 + strlen(title);
	buffer_append_format(out, "usage: %s %s", table->program, title);
	if (usage->operands != NULL)
		write_piece(out, &column, indent, usage->operands);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_text *text = arguments_describe((enum option)i);

		if ((usage->options & UINT64_C(1) << i) == 0)
			continue;
		snprintf(piece, sizeof(piece), "[%s%s%s]%s", text->name,
			 text->value == NULL ? "" : " ", text->value == NULL ? "" : text->value,
			 command_table_repeats(table, usage, (enum option)i) ? "..." : "");
		write_piece(out, &column, indent, piece);
	}
	buffer_append_char(out, '\n');
}

/* USAGE: whose they are; NULL for those of every one. */
static void write_options(const struct command_table *table, const struct command_usage *usage,
			  uint64_t mask, struct buffer *out)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_text *text = arguments_describe((enum option)i);
		char label[LABEL_SIZE];

		if ((mask & UINT64_C(1) << i) == 0)
			continue;
		snprintf(label, sizeof(label), "%s%s%s", text->name, text->value == NULL ? "" : " ",
			 text->value == NULL ? "" : text->value);
		buffer_append_format(out, "  %-*s %s\n", LABEL_WIDTH, label,
				     command_table_describe(table, usage, (enum option)i));
	}
}

void command_table_write_help(const struct command_table *table, const struct command_usage *usage,
			      uint64_t shown, struct buffer *out)
{
	write_synopsis(table, usage, out);
	buffer_append_format(out, "\n%s.\n%s\n", usage->summary, usage->details);
	write_options(table, usage, usage->options | shown, out);
}

bool command_table_is_group(const struct command_table *table, const char *group)
{
	const struct command_usage *usage;

	for (size_t i = 0; group != NULL && (usage = command_table_at(table, i)) != NULL; i++)
		if (strcmp(usage->group, group) == 0)
			return true;
	return false;
}

void command_table_write_list(const struct command_table *table, const char *group,
			      struct buffer *out)
{
	bool is_narrowed = command_table_is_group(table, group);
	const struct command_usage *usage;

	for (size_t i = 0; (usage = command_table_at(table, i)) != NULL; i++) {
		char title[COMMAND_TITLE_SIZE];

		if (is_narrowed && strcmp(usage->group, group) != 0)
			continue;
		command_table_title(usage, title);
		buffer_append_format(out, "  %-*s %s\n", LABEL_WIDTH, title, usage->summary);
	}
	buffer_append_char(out, '\n');
	write_options(table, NULL, table->common, out);
}
