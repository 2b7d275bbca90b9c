/* SPDX-License-Identifier: ISC */
#include "remote_settings.h"

#include "file.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_SIZE = 41 };

static const char config_name[] = "config";

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

const char *settings_key_name(enum setting_key key)
{
	return settings_known[key].name;
}

const char *settings_variable(const char *name)
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

static enum result find_directory(struct settings *settings, struct error *err)
{
	const char *config = settings_variable("XDG_CONFIG_HOME"),
		   *home = settings_variable("HOME");
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
		struct remote_line line = remote_file_line(text);
		enum setting_key key;

		text = line.end;
		if (line.is_empty)
			continue;
		if (!line.is_good || !find_key(line.name, line.name_length, &key))
			return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
					 "%.120s: line %zu is no setting; see claviger config list",
					 path, number);
		remote_line_value(&line, settings->values[key].text);
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
	char path[REMOTE_FILE_PATH_SIZE];
	struct buffer text = {0};
	enum result result;

	for (size_t i = 0; i < SETTING_COUNT; i++)
		set_value(settings, (enum setting_key)i, settings_known[i].preset, "default");
	result = find_directory(settings, err);
	if (result != RESULT_OK)
		return result;
	remote_file_path(settings->directory, config_name, path);
	result = file_read_all(path, FILE_CONFIGURATION, REMOTE_FILE_MAXIMUM, &text, err);
	if (result == RESULT_OK && text.length > 0)
		result = read_config(settings, path, text.data, err);
	else if (result == RESULT_NOT_FOUND)
		result = RESULT_OK;
	buffer_clear(&text);
	for (size_t i = 0; result == RESULT_OK && i < SETTING_COUNT; i++) {
		const char *const *name = settings_known[i].variables;

		while (*name != NULL && settings_variable(*name) == NULL)
			name++;
		if (*name != NULL)
			result = settings_override(settings, (enum setting_key)i,
						   settings_variable(*name), *name, err);
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

enum result settings_store(const struct settings *settings, enum setting_key key, const char *value,
			   struct error *err)
{
	char path[REMOTE_FILE_PATH_SIZE];
	struct buffer old = {0}, text;
	const char *at;
	enum result result;

	buffer_init(&text, REMOTE_FILE_MAXIMUM);
	remote_file_path(settings->directory, config_name, path);
	result = file_read_all(path, FILE_CONFIGURATION, REMOTE_FILE_MAXIMUM, &old, err);
	if (result != RESULT_OK && result != RESULT_NOT_FOUND)
		goto out;
	for (at = old.length == 0 ? "" : old.data; *at != '\0';) {
		struct remote_line line = remote_file_line(at);
		enum setting_key found;

		if (line.is_empty || !line.is_good ||
		    !find_key(line.name, line.name_length, &found) || found != key)
			buffer_append(&text, at, (size_t)(line.end - at));
		at = line.end;
	}
	if (text.length > 0 && text.data[text.length - 1] != '\n')
		buffer_append_char(&text, '\n');
	buffer_append_format(&text, "%s = %s\n", settings_known[key].name, value);
	result = remote_file_replace(settings->directory, config_name, &text, err);
out:
	buffer_clear(&text);
	buffer_clear(&old);
	return result;
}
