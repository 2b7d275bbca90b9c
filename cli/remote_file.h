/* SPDX-License-Identifier: ISC */
/* The client's own small files: lines "NAME = VALUE", written whole or not at all. */
#ifndef CLAVIGER_REMOTE_FILE_H
#define CLAVIGER_REMOTE_FILE_H

#include "attributes.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>

enum { REMOTE_LINE_VALUE_SIZE = 512, REMOTE_FILE_PATH_SIZE = 1040, REMOTE_FILE_MAXIMUM = 16384 };

struct remote_line {
	const char *name, *value, *end; /* END is behind the line and its newline */
	size_t name_length, value_length;
	bool is_empty; /* or a comment */
	bool is_good;
};

/** Reads the line that TEXT begins with. */
NODISCARD struct remote_line remote_file_line(const char *text);
NODISCARD bool remote_line_is(const struct remote_line *line, const char *name);
/** Copies the value of a good line. */
void remote_line_value(const struct remote_line *line, char to[static REMOTE_LINE_VALUE_SIZE]);

/** Writes the path of the file NAME in DIRECTORY. */
void remote_file_path(const char *directory, const char *name,
		      char path[static REMOTE_FILE_PATH_SIZE]);
/** Puts TEXT in the place of the file NAME (0600) in DIRECTORY, which is made (0700) where there is
 *  none. RESULT_INTERNAL, or as file_create(); the old file then stays. */
NODISCARD enum result remote_file_replace(const char *directory, const char *name,
					  const struct buffer *text, struct error *err);

#endif
