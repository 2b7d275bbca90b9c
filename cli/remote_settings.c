/* SPDX-License-Identifier: ISC */
#include "remote_settings.h"

#include "file.h"
#include "log.h"

#include <sodium.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAXIMUM = 16384, FILE_NAME_SIZE = SETTINGS_PATH_SIZE + 16, SHOWN_SIZE = 41 };

static const char config_name[] = "config";
static const char token_name[] = "token";

// clang-format off
static const struct setting {
	const char *name;
	const char *variables[3]; /* the first that is set counts */
	const char *preset;
} settings_known[SETTING_COUNT] = {
	[SETTING_API_BASE]      = { "api_base",      { "CLAVIGER_API_BASE", "DATAFAST_API_BASE" }, "" },
	[SETTING_INSECURE_HTTP] = { "insecure_http", { NULL },                                     "false" },
	[SETTING_CA_FILE]       = { "ca_file",       { "SSL_CERT_FILE" },                          "" },
};
// clang-format on

static const char *const token_variables[] = {"CLAVIGER_TOKEN", "DATAFAST_TOKEN"};

const char *settings_key_name(enum setting_key key)
{
	return settings_known[key].name;
}

/* An empty variable is one that is not set, as the XDG specification has it. */
static const char *read_variable(const char *name)
{
	const char *value = getenv(name);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

static bool find_key(const char *name, size_t length, enum setting_key *key)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (strlen(settings_known[i].name) != length ||
		    memcmp(settings_known[i].name, name, length) != 0)
			continue;
		*key = (enum setting_key)i;
		return true;
	}
	return false;
}

enum result settings_find_key(const char *name, enum setting_key *key, struct error *err)
{
	char shown[SHOWN_SIZE];

	if (find_key(name, strlen(name), key))
		return RESULT_OK;
	(void)log_escape(name, strlen(name), shown, sizeof(shown));
	return error_set(err, RESULT_INVALID_PARAMETER, NULL,
			 "%s: no such setting; claviger config list shows those that there are",
			 shown);
}

/* A line "NAME = VALUE" of a file. */
struct line {
	const char *name, *value, *end; /* END is behind the line and its newline */
	size_t name_length, value_length;
	bool is_empty; /* or a comment */
	bool is_good;
};

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

static struct line read_line(const char *text)
{
	size_t length = strcspn(text, "\n"), name_length;
	struct line line = {.end = text + length + (text[length] == '\n')};
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
	line.is_good = line.name_length > 0 && line.value_length < SETTINGS_VALUE_SIZE;
	return line;
}

static bool is_called(const struct line *line, const char *name)
{
	return line->name_length == strlen(name) &&
	       memcmp(line->name, name, line->name_length) == 0;
}

static void take_value(char to[static SETTINGS_VALUE_SIZE], const struct line *line)
{
	memcpy(to, line->value, line->value_length);
	to[line->value_length] = '\0';
}

static void write_path(const struct settings *settings, const char *name,
		       char path[static FILE_NAME_SIZE])
{
	snprintf(path, FILE_NAME_SIZE, "%s/%s", settings->directory, name);
}

static enum result find_directory(struct settings *settings, struct error *err)
{
	const char *config = read_variable("XDG_CONFIG_HOME"), *home = read_variable("HOME");
	int length;

	/* "All paths set in these environment variables must be absolute. ... ignore it." */
	if (config != NULL && config[0] == '/')
		length = snprintf(settings->directory, SETTINGS_PATH_SIZE, "%s/claviger", config);
	else if (home != NULL && home[0] == '/')
		length = snprintf(settings->directory, SETTINGS_PATH_SIZE, "%s/.config/claviger",
				  home);
	else
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "Neither XDG_CONFIG_HOME nor HOME names a directory; set one");
	if (length < 0 || length >= SETTINGS_PATH_SIZE)
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "The path in XDG_CONFIG_HOME or HOME is too long");
	return RESULT_OK;
}

static enum result read_config(struct settings *settings, const char *path, const char *text,
			       struct error *err)
{
	for (size_t number = 1; *text != '\0'; number++) {
		struct line line = read_line(text);
		enum setting_key key;

		text = line.end;
		if (line.is_empty)
			continue;
		if (!line.is_good || !find_key(line.name, line.name_length, &key))
			return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
					 "%.120s: line %zu is no setting; see claviger config list",
					 path, number);
		take_value(settings->values[key].text, &line);
		snprintf(settings->values[key].origin, SETTINGS_ORIGIN_SIZE, "%s", config_name);
	}
	return RESULT_OK;
}

static void set_value(struct settings *settings, enum setting_key key, const char *value,
		      const char *origin)
{
	snprintf(settings->values[key].text, SETTINGS_VALUE_SIZE, "%s", value);
	snprintf(settings->values[key].origin, SETTINGS_ORIGIN_SIZE, "%s", origin);
}

enum result settings_load(struct settings *settings, struct error *err)
{
	char path[FILE_NAME_SIZE];
	struct buffer text = {0};
	enum result result;

	for (size_t i = 0; i < SETTING_COUNT; i++)
		set_value(settings, (enum setting_key)i, settings_known[i].preset, "default");
	result = find_directory(settings, err);
	if (result != RESULT_OK)
		return result;
	write_path(settings, config_name, path);
	result = file_read_all(path, FILE_CONFIGURATION, FILE_MAXIMUM, &text, err);
	if (result == RESULT_OK && text.length > 0)
		result = read_config(settings, path, text.data, err);
	else if (result == RESULT_NOT_FOUND)
		result = RESULT_OK;
	buffer_clear(&text);
	for (size_t i = 0; result == RESULT_OK && i < SETTING_COUNT; i++) {
		const char *const *name = settings_known[i].variables;

		while (*name != NULL && read_variable(*name) == NULL)
			name++;
		if (*name != NULL)
			result = settings_override(settings, (enum setting_key)i,
						   read_variable(*name), *name, err);
	}
	return result;
}

enum result settings_override(struct settings *settings, enum setting_key key, const char *value,
			      const char *origin, struct error *err)
{
	if (value == NULL)
		return RESULT_OK;
	if (strlen(value) >= SETTINGS_VALUE_SIZE)
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "%.60s: more than %d bytes are no %s", origin,
				 SETTINGS_VALUE_SIZE - 1, settings_known[key].name);
	set_value(settings, key, value, origin);
	return RESULT_OK;
}

static enum result make_directories(const struct settings *settings, struct error *err)
{
	char path[SETTINGS_PATH_SIZE];
	size_t length = strlen(settings->directory);

	for (size_t i = 1; i <= length; i++) {
		if (settings->directory[i] != '/' && settings->directory[i] != '\0')
			continue;
		memcpy(path, settings->directory, i);
		path[i] = '\0';
		if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
			return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
					 "%.150s: the directory cannot be made; make it yourself",
					 path);
	}
	return RESULT_OK;
}

/* Whoever reads meanwhile sees the old file or the new one, and a full disk leaves the old. */
static enum result replace_file(const struct settings *settings, const char *name,
				const struct buffer *text, struct error *err)
{
	char path[FILE_NAME_SIZE], new_path[FILE_NAME_SIZE + 8];
	size_t written = 0;
	int descriptor;
	enum result result;

	write_path(settings, name, path);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	result = make_directories(settings, err);
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

enum result settings_store(const struct settings *settings, enum setting_key key, const char *value,
			   struct error *err)
{
	char path[FILE_NAME_SIZE];
	struct buffer old = {0}, text;
	const char *at;
	enum result result;

	buffer_init(&text, FILE_MAXIMUM);
	write_path(settings, config_name, path);
	result = file_read_all(path, FILE_CONFIGURATION, FILE_MAXIMUM, &old, err);
	if (result != RESULT_OK && result != RESULT_NOT_FOUND)
		goto out;
	for (at = old.length == 0 ? "" : old.data; *at != '\0';) {
		struct line line = read_line(at);
		enum setting_key found;

		if (line.is_empty || !line.is_good ||
		    !find_key(line.name, line.name_length, &found) || found != key)
			buffer_append(&text, at, (size_t)(line.end - at));
		at = line.end;
	}
	if (text.length > 0 && text.data[text.length - 1] != '\n')
		buffer_append_char(&text, '\n');
	buffer_append_format(&text, "%s = %s\n", settings_known[key].name, value);
	result = replace_file(settings, config_name, &text, err);
out:
	buffer_clear(&text);
	buffer_clear(&old);
	return result;
}

enum result settings_environment_token(struct key *key, const char **name, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LENGTH(token_variables); i++) {
		const char *value = read_variable(token_variables[i]);

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

static enum result read_login(const char *path, const char *text, struct stored_login *login,
			      struct error *err)
{
	bool has_key = false;

	for (struct line line; *text != '\0'; text = line.end) {
		line = read_line(text);
		if (line.is_empty || !line.is_good)
			continue;
		if (is_called(&line, "api_base"))
			take_value(login->api_base, &line);
		else if (is_called(&line, "token_id"))
			take_value(login->token_id, &line);
		else if (is_called(&line, "token"))
			has_key = token_parse_any(line.value, line.value_length, &login->key);
	}
	if (has_key && login->api_base[0] != '\0')
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
			 "%.150s: damaged; run: claviger login", path);
}

enum result settings_read_login(const struct settings *settings, struct stored_login *login,
				struct error *err)
{
	char path[FILE_NAME_SIZE];
	struct buffer text = {0};
	enum result result;

	*login = (struct stored_login){0};
	write_path(settings, token_name, path);
	result = file_read_all(path, FILE_PRIVATE, FILE_MAXIMUM, &text, err);
	if (result == RESULT_OK)
		result = read_login(path, text.length == 0 ? "" : text.data, login, err);
	buffer_clear(&text);
	return result;
}

enum result settings_write_login(const struct settings *settings, const struct stored_login *login,
				 struct error *err)
{
	struct buffer text;
	enum result result;

	buffer_init(&text, FILE_MAXIMUM);
	buffer_append_format(&text,
			     "# written by claviger login; claviger logout removes it\n"
			     "api_base = %s\ntoken_id = %s\ntoken = ",
			     login->api_base, login->token_id);
	token_append(&login->key, &text);
	buffer_append_char(&text, '\n');
	result = replace_file(settings, token_name, &text, err);
	buffer_clear(&text);
	return result;
}

enum result settings_remove_login(const struct settings *settings, struct error *err)
{
	char path[FILE_NAME_SIZE];

	write_path(settings, token_name, path);
	if (unlink(path) == 0)
		return RESULT_OK;
	if (errno == ENOENT || errno == ENOTDIR)
		return RESULT_NOT_FOUND;
	return error_set(err, RESULT_INTERNAL, NULL,
			 "%.150s: cannot be removed; remove it yourself", path);
}
