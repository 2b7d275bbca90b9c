/* SPDX-License-Identifier: ISC */
/* Settings are shown and kept. */
#include "remote.h"
#include "remote_http.h"

#include "json_write.h"
#include "output.h"

#include <string.h>

static void write_json_setting(const struct setting_value *value, enum setting_key key,
			       struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("setting", out);
	json_write_string(settings_key_name(key), out);
	json_write_name("value", out);
	json_write_string(value->text, out);
	json_write_name("origin", out);
	json_write_string(value->origin, out);
	buffer_append_char(out, '}');
}

enum result remote_config_get(struct remote *remote, const struct arguments *arguments,
			      struct error *err)
{
	enum setting_key key;
	struct listing listing;
	enum result result = settings_find_key(arguments->words[0], &key, err);

	if (result != RESULT_OK)
		return result;
	if (!remote->as_json) {
		output_printable(remote->settings.values[key].text, &remote->out);
		buffer_append_char(&remote->out, '\n');
		return RESULT_OK;
	}
	output_begin(&listing, &remote->out, true, NULL, 1);
	write_json_setting(&remote->settings.values[key], key, output_next_object(&listing));
	output_end(&listing);
	return RESULT_OK;
}

/* What could not be used later is refused now. */
static enum result check_value(enum setting_key key, const char **value, struct remote_base *base,
			       struct error *err)
{
	enum result result = RESULT_OK;

	switch (key) {
	case SETTING_API_BASE:
		result = remote_http_read_base(*value, base, err);
		*value = base->url;
		break;
	case SETTING_INSECURE_HTTP:
		if (strcmp(*value, "true") != 0 && strcmp(*value, "false") != 0)
			result = error_set(err, RESULT_INVALID_PARAMETER, NULL,
					   "%s: write true or false", settings_key_name(key));
		break;
	case SETTING_CA_FILE:
		if (((*value)[0] != '\0' && (*value)[0] != '/') || strchr(*value, '\n') != NULL)
			result = error_set(err, RESULT_INVALID_PARAMETER, NULL,
					   "%s: write a path that begins with a slash",
					   settings_key_name(key));
		break;
	case SETTING_COUNT:
		break;
	}
	return result == RESULT_INVALID_CONFIGURATION ? RESULT_INVALID_PARAMETER : result;
}

enum result remote_config_set(struct remote *remote, const struct arguments *arguments,
			      struct error *err)
{
	const char *value = arguments->words[1];
	struct remote_base base;
	enum setting_key key;
	enum result result = settings_find_key(arguments->words[0], &key, err);

	if (result == RESULT_OK)
		result = check_value(key, &value, &base, err);
	if (result == RESULT_OK)
		result = settings_store(&remote->settings, key, value, err);
	if (result == RESULT_OK)
		result = settings_override(&remote->settings, key, value, "config", err);
	if (result == RESULT_OK && remote->as_json)
		result = remote_config_get(remote, arguments, err);
	return result;
}

enum result remote_config_list(struct remote *remote, const struct arguments *arguments,
			       struct error *err)
{
	static const char *const headers[] = {"SETTING", "VALUE", "FROM"};
	struct listing listing;

	(void)arguments;
	(void)err;
	output_begin(&listing, &remote->out, remote->as_json, headers, ARRAY_LENGTH(headers));
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_value *value = &remote->settings.values[i];

		if (remote->as_json) {
			write_json_setting(value, (enum setting_key)i,
					   output_next_object(&listing));
			continue;
		}
		output_cell(&listing, settings_key_name((enum setting_key)i));
		output_cell(&listing, value->text[0] == '\0' ? "-" : value->text);
		output_cell(&listing, value->origin);
	}
	output_end(&listing);
	return RESULT_OK;
}
