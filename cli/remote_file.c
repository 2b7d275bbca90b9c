/* SPDX-License-Identifier: ISC */
#include "remote_file.h"

#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **text, size_t *length)
{
	while (*length > 0 && is_blank(**text)) {
		(*text)++;
		(*length)--;
	}
	while (*length > 0 && is_blank((*text)[*length - 1]))
		(*length)--;
}

struct remote_line remote_file_line(const char *text)
{
	size_t length = strcspn(text, "\n"), name_length;
	struct remote_line line = {.end = text + length + (text[length] == '\n')};
	const char *equals;

	trim(&text, &length);
	line.is_empty = length == 0 || text[0] == '#';
	equals = line.is_empty ? NULL : memchr(text, '=', length);
	if (equals == NULL)
		return line;
	name_length = (size_t)(equals - text);
	line.name = text;
	line.name_length = name_length;
	line.value = equals + 1;
	line.value_length = length - name_length - 1;
	trim(&line.name, &line.name_length);
	trim(&line.value, &line.value_length);
	line.is_good = line.name_length > 0 && line.value_length < REMOTE_LINE_VALUE_SIZE;
	return line;
}

bool remote_line_is(const struct remote_line *line, const char *name)
{
	return line->name_length == strlen(name) &&
	       memcmp(line->name, name, line->name_length) == 0;
}

void remote_line_value(const struct remote_line *line, char to[static REMOTE_LINE_VALUE_SIZE])
{
	memcpy(to, line->value, line->value_length);
	to[line->value_length] = '\0';
}

void remote_file_path(const char *directory, const char *name,
		      char path[static REMOTE_FILE_PATH_SIZE])
{
	snprintf(path, REMOTE_FILE_PATH_SIZE, "%s/%s", directory, name);
}

static enum result make_directories(const char *directory, struct error *err)
{
	char path[REMOTE_FILE_PATH_SIZE];
	size_t length = strlen(directory);

	for (size_t i = 1; i <= length; i++) {
		if (directory[i] != '/' && directory[i] != '\0')
			continue;
		memcpy(path, directory, i);
		path[i] = '\0';
		if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
			return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
					 "%.150s: the directory cannot be made; make it yourself",
					 path);
	}
	return RESULT_OK;
}

/* Whoever reads meanwhile sees the old file or the new one, and a full disk leaves the old. */
enum result remote_file_replace(const char *directory, const char *name, const struct buffer *text,
				struct error *err)
{
	char path[REMOTE_FILE_PATH_SIZE], new_path[REMOTE_FILE_PATH_SIZE + 8];
	size_t written = 0;
	int descriptor;
	enum result result;

	remote_file_path(directory, name, path);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	result = make_directories(directory, err);
	if (result == RESULT_OK && buffer_result(text) != RESULT_OK)
		result = error_set(err, RESULT_INTERNAL, NULL, "There is no memory for it");
	if (result != RESULT_OK)
		return result;
	(void)unlink(new_path); /* of a run that was ended in the middle */
	result = file_create(new_path, &descriptor, err);
	if (result != RESULT_OK)
		return result;
	while (written < text->length) {
		ssize_t count = write(descriptor, text->data + written, text->length - written);

		if (count <= 0 && errno != EINTR)
			break;
		written += count > 0 ? (size_t)count : 0;
	}
	if (written < text->length || fsync(descriptor) != 0 || rename(new_path, path) != 0) {
		(void)unlink(new_path);
		result = error_set(err, RESULT_INTERNAL, NULL,
				   "%.150s: cannot be written; is the disk full?", path);
	}
	close(descriptor);
	return result;
}
