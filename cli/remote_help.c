/* SPDX-License-Identifier: ISC */
/* How a command is used, from its line in the table. */
#include "remote_command.h"

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

static void write_synopsis(const struct remote_command *command, struct buffer *out)
{
	char title[REMOTE_TITLE_SIZE], piece[PIECE_SIZE];
	size_t indent, column;

	remote_command_title(command, title);
	indent = column = strlen("usage: claviger ") + strlen(title);
	buffer_append_format(out, "usage: claviger %s", title);
	if (command->operands != NULL)
		write_piece(out, &column, indent, command->operands);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_text *text = arguments_describe((enum option)i);

		if ((command->options & UINT64_C(1) << i) == 0)
			continue;
		snprintf(piece, sizeof(piece), "[%s%s%s]%s", text->name,
			 text->value == NULL ? "" : " ", text->value == NULL ? "" : text->value,
			 remote_command_repeats(command, (enum option)i) ? "..." : "");
		write_piece(out, &column, indent, piece);
	}
	buffer_append_char(out, '\n');
}

/* COMMAND: whose they are; NULL for those of every one. */
static void write_options(const struct remote_command *command, uint64_t mask, struct buffer *out)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_text *text = arguments_describe((enum option)i);
		char label[LABEL_SIZE];

		if ((mask & UINT64_C(1) << i) == 0)
			continue;
		snprintf(label, sizeof(label), "%s%s%s", text->name, text->value == NULL ? "" : " ",
			 text->value == NULL ? "" : text->value);
		buffer_append_format(out, "  %-*s %s\n", LABEL_WIDTH, label,
				     remote_command_describe(command, (enum option)i));
	}
}

void remote_command_write_help(const struct remote_command *command, struct buffer *out)
{
	write_synopsis(command, out);
	buffer_append_format(out, "\n%s.\n%s\n", command->summary, command->details);
	write_options(command, command->options | remote_command_common_options(), out);
}

static bool is_known_group(const char *group)
{
	const struct remote_command *command;

	for (size_t i = 0; group != NULL && (command = remote_command_at(i)) != NULL; i++)
		if (strcmp(command->group, group) == 0)
			return true;
	return false;
}

void remote_command_write_overview(const char *group, struct buffer *out)
{
	bool is_narrowed = is_known_group(group);
	const struct remote_command *command;

	buffer_append_format(
		out,
		"usage: claviger %s%sCOMMAND ... [--json]\n"
		"       claviger [COMMAND] --help | --version\n\n"
		"Works with the access tokens of a claviger over HTTP. Begin with: claviger "
		"login\n\n",
		is_narrowed ? group : "", is_narrowed ? " " : "");
	for (size_t i = 0; (command = remote_command_at(i)) != NULL; i++) {
		char title[REMOTE_TITLE_SIZE];

		if (is_narrowed && strcmp(command->group, group) != 0)
			continue;
		remote_command_title(command, title);
		buffer_append_format(out, "  %-*s %s\n", LABEL_WIDTH, title, command->summary);
	}
	buffer_append_char(out, '\n');
	write_options(NULL, remote_command_common_options(), out);
	buffer_append_text(
		out,
		"\nEnvironment: CLAVIGER_TOKEN, CLAVIGER_API_BASE, and for existing scripts\n"
		"DATAFAST_TOKEN, DATAFAST_API_BASE; XDG_CONFIG_HOME, NO_COLOR.\n"
		"Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 configuration or no\n"
		"valid login, 4 no answer, 5 not found.\n");
}
