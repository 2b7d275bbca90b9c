/* SPDX-License-Identifier: ISC */
#include "remote_kept.h"

#include "remote_file.h"

#include "file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char token_name[] = "token";
static const char *const token_variables[] = {"CLAVIGER_TOKEN", "DATAFAST_TOKEN"};

enum result kept_environment_token(struct key *key, const char **name, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LENGTH(token_variables); i++) {
		const char *value = settings_variable(token_variables[i]);

		*name = token_variables[i];
		if (value == NULL)
			continue;
		if (token_parse_any(value, strlen(value), key))
			return RESULT_OK;
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "%s: this is no token; was a part of it lost in copying?",
				 token_variables[i]);
	}
	*name = NULL;
	return RESULT_OK;
}

static enum result read_lines(const char *path, const char *text, struct stored_login *login,
			      struct error *err)
{
	bool has_key = false;

	for (struct remote_line line; *text != '\0'; text = line.end) {
		line = remote_file_line(text);
		if (line.is_empty || !line.is_good)
			continue;
		if (remote_line_is(&line, "api_base"))
			remote_line_value(&line, login->api_base);
		else if (remote_line_is(&line, "token_id"))
			remote_line_value(&line, login->token_id);
		else if (remote_line_is(&line, "token"))
			has_key = token_parse_any(line.value, line.value_length, &login->key);
	}
	if (has_key && login->api_base[0] != '\0')
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
			 "%.150s: damaged; run: claviger login", path);
}

enum result kept_read(const struct settings *settings, struct stored_login *login,
		      struct error *err)
{
	char path[REMOTE_FILE_PATH_SIZE];
	struct buffer text = {0};
	enum result result;

	*login = (struct stored_login){0};
	remote_file_path(settings->directory, token_name, path);
	result = file_read_all(path, FILE_PRIVATE, REMOTE_FILE_MAXIMUM, &text, err);
	if (result == RESULT_OK)
		result = read_lines(path, text.length == 0 ? "" : text.data, login, err);
	buffer_clear(&text);
	return result;
}

enum result kept_write(const struct settings *settings, const struct stored_login *login,
		       struct error *err)
{
	struct buffer text;
	enum result result;

	buffer_init(&text, REMOTE_FILE_MAXIMUM);
	buffer_append_format(&text,
			     "# written by claviger login; claviger logout removes it\n"
			     "api_base = %s\ntoken_id = %s\ntoken = ",
			     login->api_base, login->token_id);
	token_append(&login->key, &text);
	buffer_append_char(&text, '\n');
	result = remote_file_replace(settings->directory, token_name, &text, err);
	buffer_clear(&text);
	return result;
}

enum result kept_remove(const struct settings *settings, struct error *err)
{
	char path[REMOTE_FILE_PATH_SIZE];

	remote_file_path(settings->directory, token_name, path);
	if (unlink(path) == 0)
		return RESULT_OK;
	if (errno == ENOENT || errno == ENOTDIR)
		return RESULT_NOT_FOUND;
	return error_set(err, RESULT_INTERNAL, NULL,
			 "%.150s: cannot be removed; remove it yourself", path);
}
