/* SPDX-License-Identifier: ISC */
#include "remote_prompt.h"

#include "buffer.h"
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
	LINE_MAXIMUM = 4096,
	CONTROL_C = 3,
	CONTROL_D = 4,
	CONTROL_U = 21,
	BACKSPACE = 8,
	ERASE = 127
};

static ssize_t read_character(char *c)
{
	ssize_t count;

	do
		count = read(STDIN_FILENO, c, 1);
	while (count < 0 && errno == EINTR);
	return count;
}

/* Byte by byte, so that nothing of what follows the line is taken, and nothing of a key stays in a
 * buffer of stdio's. False at the end of the input with nothing before it. */
static bool read_line(struct buffer *line)
{
	char c;

	while (buffer_result(line) == RESULT_OK) {
		if (read_character(&c) <= 0)
			return line->length > 0;
		if (c == '\n')
			return true;
		if (c != '\r')
			buffer_append_char(line, c);
	}
	return true;
}

/* Without signals from the keyboard: one would end the program while the terminal shows nothing of
 * what is typed, and leave it so. False where the person gave up. */
static bool read_hidden(struct buffer *line)
{
	char c;

	while (buffer_result(line) == RESULT_OK) {
		if (read_character(&c) <= 0 || c == CONTROL_C ||
		    (c == CONTROL_D && line->length == 0))
			return false;
		if (c == '\n' || c == '\r' || c == CONTROL_D)
			return true;
		if (c == CONTROL_U)
			buffer_reset(line);
		else if (c != BACKSPACE && c != ERASE)
			buffer_append_char(line, c);
		else if (line->length > 0)
			buffer_truncate(line, line->length - 1);
	}
	return true;
}

static bool ask_hidden(const char *question, struct buffer *line)
{
	struct termios before, hidden;
	bool is_given;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return false;
	hidden = before;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	hidden.c_cc[VMIN] = 1;
	hidden.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0)
		return false;
	fprintf(stderr, "%s: ", question);
	is_given = read_hidden(line);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return is_given;
}

enum result remote_prompt_key(const char *question, bool is_plain, struct key *key,
			      struct error *err)
{
	struct buffer line;
	const char *text;
	size_t length;
	bool is_given;
	enum result result = RESULT_OK;

	*key = (struct key){0};
	buffer_init(&line, LINE_MAXIMUM);
	is_given = is_plain || isatty(STDIN_FILENO) == 0 ? read_line(&line)
							 : ask_hidden(question, &line);
	/* A copy from a page often has a blank at either end. */
	text = line.length == 0 ? "" : line.data;
	text += strspn(text, " \t");
	length = strcspn(text, " \t");
	if (!is_given)
		result = error_set(err, RESULT_INVALID_REQUEST, NULL,
				   "No token was given; nothing was done");
	else if (buffer_result(&line) != RESULT_OK || !token_parse_any(text, length, key))
		result = error_set(err, RESULT_INVALID_PARAMETER, NULL,
				   "This is no token; was a part of it lost in copying?");
	buffer_clear(&line);
	return result;
}

enum result remote_prompt_confirm(const struct arguments *arguments, const char *question,
				  struct error *err)
{
	struct buffer shown, line;
	bool is_yes;

	if (arguments_has(arguments, OPTION_YES))
		return RESULT_OK;
	if (isatty(STDIN_FILENO) == 0)
		return error_set(
			err, RESULT_INVALID_USAGE, NULL,
			"Nobody can be asked, for standard input is no terminal; say --yes "
			"to do it");
	buffer_init(&shown, LINE_MAXIMUM);
	buffer_init(&line, LINE_MAXIMUM);
	output_printable(question, &shown);
	fprintf(stderr, "%s [y/N] ", shown.length == 0 ? "" : shown.data);
	is_yes = read_line(&line) && line.length > 0 &&
		 (strcmp(line.data, "y") == 0 || strcmp(line.data, "yes") == 0 ||
		  strcmp(line.data, "Y") == 0);
	buffer_clear(&shown);
	buffer_clear(&line);
	return is_yes ? RESULT_OK
		      : error_set(err, RESULT_INVALID_REQUEST, NULL, "Nothing was changed");
}
