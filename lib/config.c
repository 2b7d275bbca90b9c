/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ascii.h"
#include "file.h"
#include "setting.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENVIRONMENT_PREFIX "CLAVIGER_"

enum {
	FILE_BYTES_MAX = 64 * 1024,
	VALUE_SIZE = 1024,
	NAME_SIZE = 64,
	VARIABLE_SIZE = sizeof(ENVIRONMENT_PREFIX) + NAME_SIZE,
	/* So much of a value do messages show: less than would tell a key that was pasted here. */
	SHOWN_SIZE = 28,
	STRONG_SCRYPT_N = 16384,
	MISSING_SIZE = 120,
};

/* What in the environment begins like a key and is none: for the programs, and for plain CGI, where
 * the gate's parameters arrive there. */
static const char *const other_variables[] = {
	"CONFIG", "BOOTSTRAP", "GATE", "METHOD", "URI", "TOKEN", "API_BASE", "SEED",
};

/* What the routes of this program ask for, those of the next version included: a catalogue that is
 * good now stays so. */
static const char *const needed_permissions[] = {
	"api-keys:read",  "api-keys:write", "settings:write", "websites:read",
	"websites:write", "team:read",      "team:write",
};

/* Where something was read. Zeroed, nowhere: it is the default. */
struct place {
	size_t line; /* of the file, from 1 */
	bool is_environment;
};

struct loader {
	const char *file; /* NULL: none */
	struct config *config;
	struct error *err;
	struct place places[SETTING_COUNT];
};

/* The name of the environment variable for a key. */
static void name_variable(const char *name, char variable[static VARIABLE_SIZE])
{
	size_t length = sizeof(ENVIRONMENT_PREFIX) - 1;

	memcpy(variable, ENVIRONMENT_PREFIX, length);
	for (; *name != '\0' && length < VARIABLE_SIZE - 1; name++)
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

/* Fails with "PLACE: NAME: what; what is allowed". NAME is a key or, where none can be told, what
 * stands in its line. */
PRINTF(4, 5)
static enum result refuse(const struct loader *loader, struct place place, const char *name,
			  const char *format, ...)
{
	const char *file = loader->file == NULL ? "configuration" : loader->file;
	char message[ERROR_MESSAGE_SIZE], line[24] = "", variable[VARIABLE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (place.line > 0)
		snprintf(line, sizeof(line), ":%zu", place.line);
	name_variable(name, variable);
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

static enum result take_value(struct loader *loader, enum setting_index index, struct place place,
			      const char *text, size_t length)
{
	const struct setting *setting = &settings[index];
	const char *bad = find_bad_bytes(text, length);
	char value[VALUE_SIZE], shown[SHOWN_SIZE], allowed[SETTING_ALLOWED_SIZE];

	if (length == 0)
		return refuse(loader, place, setting->name, "the value is empty; write %s",
			      setting_describe(setting, allowed));
	if (length >= sizeof(value))
		return refuse(loader, place, setting->name,
			      "the value \"%s\" has %zu bytes; at most %zu are allowed",
			      show(text, length, shown), length, sizeof(value) - 1);
	if (bad != NULL)
		return refuse(loader, place, setting->name, "\"%s\" holds %s; remove it",
			      show(text, length, shown), bad);
	memcpy(value, text, length);
	value[length] = '\0';
	if (!place.is_environment && (strstr(value, " #") != NULL || strstr(value, "\t#") != NULL))
		return refuse(loader, place, setting->name,
			      "\"%s\" ends in a comment; give the comment a line of its own",
			      show(text, length, shown));
	if (!setting_set(loader->config, setting, value)) {
		bool is_quoted = value[0] == '"' || value[0] == '\'';

		return refuse(loader, place, setting->name, "\"%s\" is not allowed; write %s%s",
			      show(text, length, shown), setting_describe(setting, allowed),
			      is_quoted ? ", without quotation marks" : "");
	}
	loader->places[index] = place;
	return RESULT_OK;
}

/* Fails for a NAME that is no key's, with the key that may have been meant. */
static enum result refuse_name(const struct loader *loader, struct place place, const char *name,
			       size_t length)
{
	char shown[SHOWN_SIZE], lower[NAME_SIZE] = "", variable[VARIABLE_SIZE];
	enum setting_index index;
	bool is_similar;

	show(name, length, shown);
	for (size_t i = 0; i < length && i < sizeof(lower) - 1; i++)
		lower[i] = ascii_lower(name[i]);
	is_similar = setting_find_similar(lower, &index);
	if (is_similar && place.is_environment) {
		name_variable(settings[index].name, variable);
		return error_set(loader->err, RESULT_INVALID_CONFIGURATION, NULL,
				 "environment: " ENVIRONMENT_PREFIX "%s: unknown; did you mean %s?",
				 shown, variable);
	}
	if (place.is_environment)
		return error_set(loader->err, RESULT_INVALID_CONFIGURATION, NULL,
				 "environment: " ENVIRONMENT_PREFIX
				 "%s: unknown; remove it, or see man claviger.fcgi",
				 shown);
	if (is_similar)
		return refuse(loader, place, shown, "unknown; did you mean %s?",
			      settings[index].name);
	return refuse(loader, place, shown, "unknown; see man claviger.fcgi");
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
static enum result parse_line(struct loader *loader, const char *line, size_t length,
			      struct place place)
{
	const char *bad = find_bad_bytes(line, length), *equals, *value;
	size_t name_length, value_length;
	enum setting_index index;
	char shown[SHOWN_SIZE];

	trim(&line, &length);
	if (bad != NULL)
		return refuse(loader, place, show(line, length, shown),
			      "the line holds %s; remove it", bad);
	if (length == 0 || line[0] == '#')
		return RESULT_OK;
	equals = memchr(line, '=', length);
	if (equals == NULL)
		return refuse(loader, place, show(line, length, shown),
			      "no = in this line; write KEY = value, or # before a comment");
	name_length = (size_t)(equals - line);
	value = equals + 1;
	value_length = length - name_length - 1;
	trim(&line, &name_length);
	trim(&value, &value_length);
	if (!setting_find(line, name_length, &index))
		return refuse_name(loader, place, line, name_length);
	if (loader->places[index].line > 0)
		return refuse(loader, place, settings[index].name,
			      "for the second time, after line %zu; keep one of the two",
			      loader->places[index].line);
	return take_value(loader, index, place, value, value_length);
}

static enum result parse_text(struct loader *loader, const char *text, size_t length)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";
	struct place place = {.line = 0};

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

static enum result parse_file(struct loader *loader)
{
	struct buffer content = {0};
	enum result result;

	result = file_read_all(loader->file, FILE_CONFIGURATION, FILE_BYTES_MAX, &content,
			       loader->err);
	/* To somebody who named the file, its absence is a mistake like any other. */
	if (result == RESULT_NOT_FOUND)
		result = loader->err->result = RESULT_INVALID_CONFIGURATION;
	if (result == RESULT_OK)
		result = parse_text(loader, content.data, content.length);
	buffer_clear(&content);
	if (result == RESULT_OK)
		snprintf(loader->config->file, sizeof(loader->config->file), "%s", loader->file);
	return result;
}

static bool is_other_variable(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_LENGTH(other_variables); i++)
		if (strlen(other_variables[i]) == length &&
		    memcmp(other_variables[i], name, length) == 0)
			return true;
	return false;
}

/* Where a name holds a small letter, no key is meant, though one may have been. */
static bool find_variable(const char *name, size_t length, enum setting_index *index)
{
	char lower[NAME_SIZE];

	if (length >= sizeof(lower))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (name[i] >= 'a' && name[i] <= 'z')
			return false;
		lower[i] = ascii_lower(name[i]);
	}
	return setting_find(lower, length, index);
}

static enum result parse_environment(struct loader *loader, char *const *environment)
{
	const struct place place = {.is_environment = true};
	const size_t prefix_length = sizeof(ENVIRONMENT_PREFIX) - 1;

	for (; *environment != NULL; environment++) {
		const char *name = *environment + prefix_length;
		enum setting_index index;
		enum result result;
		size_t length;

		if (strncmp(*environment, ENVIRONMENT_PREFIX, prefix_length) != 0)
			continue;
		length = strcspn(name, "=");
		if (is_other_variable(name, length))
			continue;
		if (!find_variable(name, length, &index))
			return refuse_name(loader, place, name, length);
		if (loader->places[index].is_environment)
			return refuse(loader, place, settings[index].name,
				      "for the second time; keep one of the two");
		name += length + (name[length] == '=');
		result = take_value(loader, index, place, name, strlen(name));
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}

/* False where none is. */
static bool list_missing(const struct catalogue *catalogue, char missing[static MISSING_SIZE])
{
	size_t ignored, length = 0;

	missing[0] = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(needed_permissions); i++) {
		const char *name = needed_permissions[i];

		if (catalogue_find(catalogue, name, strlen(name), &ignored))
			continue;
		snprintf(missing + length, MISSING_SIZE - length, "%s%s", length > 0 ? ", " : "",
			 name);
		length = strlen(missing);
	}
	return length > 0;
}

static enum result load_catalogue(const struct loader *loader)
{
	struct config *config = loader->config;
	struct buffer content = {0};
	struct error cause = {0};
	enum result result;
	char missing[MISSING_SIZE];

	if (config->catalogue_file[0] == '\0') {
		catalogue_default(&config->catalogue);
		return RESULT_OK;
	}
	result = file_read_all(config->catalogue_file, FILE_CONFIGURATION, FILE_BYTES_MAX, &content,
			       &cause);
	if (result == RESULT_OK)
		result = catalogue_parse(&config->catalogue, config->catalogue_file, content.data,
					 content.length, loader->err);
	else
		result = refuse(loader, loader->places[SETTING_CATALOGUE],
				settings[SETTING_CATALOGUE].name, "%s", cause.message);
	buffer_clear(&content);
	if (result == RESULT_OK && list_missing(&config->catalogue, missing))
		result = refuse(loader, loader->places[SETTING_CATALOGUE],
				settings[SETTING_CATALOGUE].name,
				"%.80s lacks %s; add what claviger's own routes ask for",
				config->catalogue_file, missing);
	return result;
}

/* What needs more than one key, so only after all are read. */
static enum result check_together(const struct loader *loader)
{
	const struct config *config = loader->config;
	const struct place *place = &loader->places[SETTING_SCRYPT_N];
	const char *name = settings[SETTING_SCRYPT_N].name;

	if (config->database[0] == '\0' && loader->file == NULL)
		return error_set(loader->err, RESULT_INVALID_CONFIGURATION,
				 settings[SETTING_DATABASE].name,
				 "no configuration: " CONFIG_DEFAULT_FILE
				 " is not there, and neither --config nor " ENVIRONMENT_PREFIX
				 "CONFIG names another; write \"%s = /absolute/path\" into it",
				 settings[SETTING_DATABASE].name);
	if (config->database[0] == '\0')
		return refuse(loader, (struct place){.line = 0}, settings[SETTING_DATABASE].name,
			      "not given; write the absolute path of the database");
	if (!secret_parameters_valid(&config->scrypt))
		return refuse(loader, *place, name,
			      "%" PRIu64 " is no power of two; write one, such as %d",
			      config->scrypt.n, STRONG_SCRYPT_N);
	if (config->scrypt.n < STRONG_SCRYPT_N && !config->allow_weak_scrypt)
		return refuse(loader, *place, name,
			      "%" PRIu64 " is weak; write %d or more, or %s = true",
			      config->scrypt.n, STRONG_SCRYPT_N,
			      settings[SETTING_ALLOW_WEAK_SCRYPT].name);
	return RESULT_OK;
}

static enum result refuse_empty_path(const struct loader *loader, char *const *environment)
{
	for (; *environment != NULL; environment++)
		if (strcmp(*environment, ENVIRONMENT_PREFIX "CONFIG=") == 0)
			return error_set(loader->err, RESULT_INVALID_CONFIGURATION, NULL,
					 ENVIRONMENT_PREFIX
					 "CONFIG: empty; give a path or unset it");
	return error_set(loader->err, RESULT_INVALID_CONFIGURATION, NULL,
			 "--config: empty; give a path or leave it out");
}

static enum result load(struct loader *loader, char *const *environment, uint32_t cores)
{
	enum result result = RESULT_OK;

	setting_set_defaults(loader->config, cores);
	if (loader->file != NULL && loader->file[0] == '\0')
		return refuse_empty_path(loader, environment);
	if (loader->file != NULL)
		result = parse_file(loader);
	if (result == RESULT_OK)
		result = parse_environment(loader, environment);
	if (result == RESULT_OK)
		result = check_together(loader);
	if (result == RESULT_OK)
		result = load_catalogue(loader);
	return result;
}

enum result config_load(const char *file, char *const *environment, uint32_t cores,
			struct config *config, struct error *err)
{
	struct loader loader = {.file = file, .config = config, .err = err};

	return load(&loader, environment, cores);
}

enum result config_parse(const char *file, const char *text, size_t length, struct config *config,
			 struct error *err)
{
	struct loader loader = {.file = file, .config = config, .err = err};

	setting_set_defaults(config, 1);
	return parse_text(&loader, text, length);
}

const char *config_choose_file(const char *option, char *const *environment)
{
	static const char variable[] = ENVIRONMENT_PREFIX "CONFIG=";

	if (option != NULL)
		return option;
	for (; *environment != NULL; environment++)
		if (strncmp(*environment, variable, sizeof(variable) - 1) == 0)
			return *environment + sizeof(variable) - 1;
	/* One that is there and cannot be seen is to be complained about, not ignored. */
	if (access(CONFIG_DEFAULT_FILE, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	return CONFIG_DEFAULT_FILE;
}

static void describe_origin(const struct loader *loader, enum setting_index index,
			    char origin[static CONFIG_ORIGIN_SIZE])
{
	struct place place = loader->places[index];
	char variable[VARIABLE_SIZE];

	name_variable(settings[index].name, variable);
	if (place.is_environment)
		snprintf(origin, CONFIG_ORIGIN_SIZE, "environment %s", variable);
	else if (place.line > 0)
		snprintf(origin, CONFIG_ORIGIN_SIZE, "%s:%zu", loader->file, place.line);
	else
		snprintf(origin, CONFIG_ORIGIN_SIZE, "default");
}

enum result config_show(const char *file, char *const *environment, uint32_t cores,
			void (*each)(void *context, const struct config_value *value),
			void *context, struct error *err)
{
	struct config config;
	struct loader loader = {.file = file, .config = &config, .err = err};
	enum result result = load(&loader, environment, cores);

	for (size_t i = 0; result == RESULT_OK && i < SETTING_COUNT; i++) {
		struct config_value value = {.key = settings[i].name};

		setting_format(&config, &settings[i], value.value);
		describe_origin(&loader, (enum setting_index)i, value.origin);
		each(context, &value);
	}
	return result;
}

static void note_changed(enum setting_index index, char changed[static CONFIG_CHANGED_SIZE])
{
	size_t length = strlen(changed);

	snprintf(changed + length, CONFIG_CHANGED_SIZE - length, "%s%s", length > 0 ? "," : "",
		 settings[index].name);
}

static bool is_same_catalogue(const struct catalogue *a, const struct catalogue *b)
{
	return a->count == b->count &&
	       memcmp(a->permissions, b->permissions, sizeof(a->permissions)) == 0;
}

void config_take_over(struct config *current, const struct config *fresh,
		      char changed[static CONFIG_CHANGED_SIZE])
{
	changed[0] = '\0';
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings[i];
		char *old = (char *)current + setting->offset;
		const char *new = (const char *)fresh + setting->offset;
		bool is_same = memcmp(old, new, setting->size) == 0;

		/* The same file can say something else. */
		if (i == SETTING_CATALOGUE)
			is_same = is_same &&
				  is_same_catalogue(&current->catalogue, &fresh->catalogue);
		if (setting->is_reloadable)
			memcpy(old, new, setting->size);
		else if (!is_same)
			note_changed((enum setting_index)i, changed);
	}
}
