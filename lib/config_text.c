/* SPDX-License-Identifier: ISC */
/* The text of a configuration: its lines, one value, and what is said of a bad one. */
#include "config_internal.h"

#include "ascii.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	VALUE_SIZE = 1024,
	/* So much of a value do messages show: less than would tell a key that was pasted here. */
	SHOWN_SIZE = 28,
};

void config_name_variable(const char *name, char variable[static CONFIG_VARIABLE_SIZE])
{
	size_t length = sizeof(CONFIG_ENVIRONMENT_PREFIX) - 1;

	memcpy(variable, CONFIG_ENVIRONMENT_PREFIX, length);
	for (; *name != '\0' && length < CONFIG_VARIABLE_SIZE - 1; name++)
		variable[length++] = ascii_upper(*name);
	variable[length] = '\0';
}

/* Foreign text for a message: escaped, and cut to the first characters. */
static const char *show(const char *text, size_t length, char shown[static SHOWN_SIZE])
{
	if (!log_escape(text, length, shown, SHOWN_SIZE - 3))
		memcpy(shown + strlen(shown), "...", 4);
	return shown;
}

enum result config_refuse(const struct config_loader *loader, struct config_place place,
			  const char *name, const char *format, ...)
{
	const char *file = loader->file == NULL ? "configuration" : loader->file;
	char message[ERROR_MESSAGE_SIZE], line[24] = "", variable[CONFIG_VARIABLE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (place.line > 0)
		snprintf(line, sizeof(line), ":%zu", place.line);
	config_name_variable(name, variable);
	if (place.is_environment)
		return error_set(loader->err, RESULT_INVALID_CONFIGURATION, name,
				 "environment: %s: %s", variable, message);
	return error_set(loader->err, RESULT_INVALID_CONFIGURATION, name, "%.95s%s: %s: %s", file,
			 line, name, message);
}

/* NULL, or what no line and no value may hold. */
static const char *find_bad_bytes(const char *text, size_t length)
{
	uint32_t character;

	for (size_t at = 0; at < length;) {
		if (!text_next_character(text, length, &at, &character))
			return "bytes that are not UTF-8";
		if (character == 0)
			return "a NUL byte";
		if ((character < 0x20 && character != '\t') || character == 0x7F)
			return "a control character";
	}
	return NULL;
}

/* "./" at the beginning of a path is the directory of the file that it stands in: who has no shell
 * hardly knows what an absolute path of theirs is. False where that is not known or too long. */
static bool expand_path(const struct config_loader *loader, const struct setting *setting,
			char value[static VALUE_SIZE])
{
	char expanded[VALUE_SIZE];
	const char *slash = loader->file == NULL ? NULL : strrchr(loader->file, '/');
	int written;

	if ((setting->kind != SETTING_PATH && setting->kind != SETTING_PATH_OR_FALLBACK) ||
	    value[0] != '.' || value[1] != '/')
		return true;
	if (slash == NULL || loader->file[0] != '/')
		return false;
	written = snprintf(expanded, VALUE_SIZE, "%.*s%s", (int)(slash - loader->file),
			   loader->file, value + 1);
	if (written < 0 || written >= VALUE_SIZE)
		return false;
	memcpy(value, expanded, (size_t)written + 1);
	return true;
}

enum result config_take_value(struct config_loader *loader, enum setting_index index,
			      struct config_place place, const char *text, size_t length)
{
	const struct setting *setting = &settings[index];
	const char *bad = find_bad_bytes(text, length);
	char value[VALUE_SIZE], shown[SHOWN_SIZE], allowed[SETTING_ALLOWED_SIZE];

	if (length == 0)
		return config_refuse(loader, place, setting->name, "the value is empty; write %s",
				     setting_describe(setting, allowed));
	if (length >= sizeof(value))
		return config_refuse(loader, place, setting->name,
				     "the value \"%s\" has %zu bytes; at most %zu are allowed",
				     show(text, length, shown), length, sizeof(value) - 1);
	if (bad != NULL)
		return config_refuse(loader, place, setting->name, "\"%s\" holds %s; remove it",
				     show(text, length, shown), bad);
	memcpy(value, text, length);
	value[length] = '\0';
	if (!place.is_environment && (strstr(value, " #") != NULL || strstr(value, "\t#") != NULL))
		return config_refuse(loader, place, setting->name,
				     "\"%s\" ends in a comment; give the comment a line of its own",
				     show(text, length, shown));
	if (!place.is_environment && !expand_path(loader, setting, value))
		return config_refuse(loader, place, setting->name,
				     "\"%s\" is beside a configuration that has to be named by an "
				     "absolute path for that",
				     show(text, length, shown));
	if (!setting_set(loader->config, setting, value)) {
		bool is_quoted = value[0] == '"' || value[0] == '\'';

		return config_refuse(loader, place, setting->name,
				     "\"%s\" is not allowed; write %s%s", show(text, length, shown),
				     setting_describe(setting, allowed),
				     is_quoted ? ", without quotation marks" : "");
	}
	loader->places[index] = place;
	return RESULT_OK;
}

enum result config_refuse_name(const struct config_loader *loader, struct config_place place,
			       const char *name, size_t length)
{
	char shown[SHOWN_SIZE], lower[CONFIG_NAME_SIZE] = "", variable[CONFIG_VARIABLE_SIZE];
	enum setting_index index;
	bool is_similar;

	show(name, length, shown);
	for (size_t i = 0; i < length && i < sizeof(lower) - 1; i++)
		lower[i] = ascii_lower(name[i]);
	is_similar = setting_find_similar(lower, &index);
	if (is_similar && place.is_environment) {
		config_name_variable(settings[index].name, variable);
		return error_set(loader->err, RESULT_INVALID_CONFIGURATION, NULL,
				 "environment: " CONFIG_ENVIRONMENT_PREFIX
				 "%s: unknown; did you mean %s?",
				 shown, variable);
	}
	if (place.is_environment)
		return error_set(loader->err, RESULT_INVALID_CONFIGURATION, NULL,
				 "environment: " CONFIG_ENVIRONMENT_PREFIX
				 "%s: unknown; remove it, or see man claviger.conf",
				 shown);
	if (is_similar)
		return config_refuse(loader, place, shown, "unknown; did you mean %s?",
				     settings[index].name);
	return config_refuse(loader, place, shown, "unknown; see man claviger.conf");
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void trim(const char **text, size_t *length)
{
	while (*length > 0 && is_blank((*text)[*length - 1]))
		--*length;
	while (*length > 0 && is_blank(**text)) {
		++*text;
		--*length;
	}
}

/* LENGTH bytes without the line end. */
static enum result parse_line(struct config_loader *loader, const char *line, size_t length,
			      struct config_place place)
{
	const char *bad = find_bad_bytes(line, length), *equals, *value;
	size_t name_length, value_length;
	enum setting_index index;
	char shown[SHOWN_SIZE];

	trim(&line, &length);
	if (bad != NULL)
		return config_refuse(loader, place, show(line, length, shown),
				     "the line holds %s; remove it", bad);
	if (length == 0 || line[0] == '#')
		return RESULT_OK;
	equals = memchr(line, '=', length);
	if (equals == NULL)
		return config_refuse(loader, place, show(line, length, shown),
				     "no = in this line; write KEY = value, or # before a comment");
	name_length = (size_t)(equals - line);
	value = equals + 1;
	value_length = length - name_length - 1;
	trim(&line, &name_length);
	trim(&value, &value_length);
	if (!setting_find(line, name_length, &index))
		return config_refuse_name(loader, place, line, name_length);
	if (loader->places[index].line > 0)
		return config_refuse(loader, place, settings[index].name,
				     "for the second time, after line %zu; keep one of the two",
				     loader->places[index].line);
	return config_take_value(loader, index, place, value, value_length);
}

enum result config_parse_text(struct config_loader *loader, const char *text, size_t length)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";
	struct config_place place = {.line = 0};

	if (length == 0)
		return error_set(loader->err, RESULT_INVALID_CONFIGURATION, NULL,
				 "%.95s: empty; write at least \"%s = PATH\"", loader->file,
				 settings[SETTING_DATABASE].name);
	if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0)
		return error_set(loader->err, RESULT_INVALID_CONFIGURATION, NULL,
				 "%.95s:1: begins with a byte order mark; save it as UTF-8 "
				 "without one",
				 loader->file);
	for (size_t start = 0; start < length;) {
		const char *end = memchr(text + start, '\n', length - start);
		size_t line_length = end == NULL ? length - start : (size_t)(end - text) - start;
		size_t next = start + line_length + 1;
		enum result result;

		if (line_length > 0 && text[start + line_length - 1] == '\r')
			line_length--;
		place.line++;
		result = parse_line(loader, text + start, line_length, place);
		if (result != RESULT_OK)
			return result;
		start = next;
	}
	return RESULT_OK;
}
