/* SPDX-License-Identifier: ISC */
#include "config_internal.h"

#include "ascii.h"
#include "file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 * 1024, STRONG_SCRYPT_N = 16384, MISSING_SIZE = 120 };

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

static enum result parse_file(struct config_loader *loader)
{
	struct buffer content = {0};
	enum result result;

	result = file_read_all(loader->file, FILE_CONFIGURATION, FILE_BYTES_MAX, &content,
			       loader->err);
	/* To somebody who named the file, its absence is a mistake like any other. */
	if (result == RESULT_NOT_FOUND)
		result = loader->err->result = RESULT_INVALID_CONFIGURATION;
	if (result == RESULT_OK)
		result = config_parse_text(loader, content.data, content.length);
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
	char lower[CONFIG_NAME_SIZE];

	if (length >= sizeof(lower))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (name[i] >= 'a' && name[i] <= 'z')
			return false;
		lower[i] = ascii_lower(name[i]);
	}
	return setting_find(lower, length, index);
}

static enum result parse_environment(struct config_loader *loader, char *const *environment)
{
	const struct config_place place = {.is_environment = true};
	const size_t prefix_length = sizeof(CONFIG_ENVIRONMENT_PREFIX) - 1;

	for (; *environment != NULL; environment++) {
		const char *name = *environment + prefix_length;
		enum setting_index index;
		enum result result;
		size_t length;

		if (strncmp(*environment, CONFIG_ENVIRONMENT_PREFIX, prefix_length) != 0)
			continue;
		length = strcspn(name, "=");
		if (is_other_variable(name, length))
			continue;
		if (!find_variable(name, length, &index))
			return config_refuse_name(loader, place, name, length);
		if (loader->places[index].is_environment)
			return config_refuse(loader, place, settings[index].name,
					     "for the second time; keep one of the two");
		name += length + (name[length] == '=');
		result = config_take_value(loader, index, place, name, strlen(name));
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

static enum result load_catalogue(const struct config_loader *loader)
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
		result = config_refuse(loader, loader->places[SETTING_CATALOGUE],
				       settings[SETTING_CATALOGUE].name, "%s", cause.message);
	buffer_clear(&content);
	if (result == RESULT_OK && list_missing(&config->catalogue, missing))
		result = config_refuse(loader, loader->places[SETTING_CATALOGUE],
				       settings[SETTING_CATALOGUE].name,
				       "%.80s lacks %s; add what claviger's own routes ask for",
				       config->catalogue_file, missing);
	return result;
}

/* What needs more than one key, so only after all are read. */
static enum result check_together(const struct config_loader *loader)
{
	const struct config *config = loader->config;
	const struct config_place *place = &loader->places[SETTING_SCRYPT_N];
	const char *name = settings[SETTING_SCRYPT_N].name;

	if (config->database[0] == '\0' && loader->file == NULL)
		return error_set(
			loader->err, RESULT_INVALID_CONFIGURATION, settings[SETTING_DATABASE].name,
			"no configuration: " CONFIG_DEFAULT_FILE
			" is not there, and neither --config nor " CONFIG_ENVIRONMENT_PREFIX
			"CONFIG names another; write \"%s = /absolute/path\" into it",
			settings[SETTING_DATABASE].name);
	if (config->database[0] == '\0')
		return config_refuse(loader, (struct config_place){.line = 0},
				     settings[SETTING_DATABASE].name,
				     "not given; write the absolute path of the database");
	if (!secret_parameters_valid(&config->scrypt))
		return config_refuse(loader, *place, name,
				     "%" PRIu64 " is no power of two; write one, such as %d",
				     config->scrypt.n, STRONG_SCRYPT_N);
	if (config->scrypt.n < STRONG_SCRYPT_N && !config->allow_weak_scrypt)
		return config_refuse(loader, *place, name,
				     "%" PRIu64 " is weak; write %d or more, or %s = true",
				     config->scrypt.n, STRONG_SCRYPT_N,
				     settings[SETTING_ALLOW_WEAK_SCRYPT].name);
	return RESULT_OK;
}

static enum result refuse_empty_path(const struct config_loader *loader, char *const *environment)
{
	for (; *environment != NULL; environment++)
		if (strcmp(*environment, CONFIG_ENVIRONMENT_PREFIX "CONFIG=") == 0)
			return error_set(loader->err, RESULT_INVALID_CONFIGURATION, NULL,
					 CONFIG_ENVIRONMENT_PREFIX
					 "CONFIG: empty; give a path or unset it");
	return error_set(loader->err, RESULT_INVALID_CONFIGURATION, NULL,
			 "--config: empty; give a path or leave it out");
}

static enum result load(struct config_loader *loader, char *const *environment, uint32_t cores)
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
	struct config_loader loader = {.file = file, .config = config, .err = err};

	return load(&loader, environment, cores);
}

enum result config_parse(const char *file, const char *text, size_t length, struct config *config,
			 struct error *err)
{
	struct config_loader loader = {.file = file, .config = config, .err = err};

	setting_set_defaults(config, 1);
	return config_parse_text(&loader, text, length);
}

const char *config_choose_file(const char *option, char *const *environment)
{
	static const char variable[] = CONFIG_ENVIRONMENT_PREFIX "CONFIG=";

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

bool config_find_near(const char *directory, char path[static CONFIG_PATH_SIZE])
{
	size_t length = strlen(directory);

	for (;;) {
		int written;

		while (length > 0 && directory[length - 1] == '/')
			length--;
		written = snprintf(path, CONFIG_PATH_SIZE, "%.*s/" CONFIG_NEAR_FILE, (int)length,
				   directory);
		/* As above: one that cannot be seen is complained about. */
		if (written > 0 && written < CONFIG_PATH_SIZE &&
		    (access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)))
			return true;
		if (length == 0)
			return false;
		while (length > 0 && directory[length - 1] != '/')
			length--;
	}
}

static void describe_origin(const struct config_loader *loader, enum setting_index index,
			    char origin[static CONFIG_ORIGIN_SIZE])
{
	struct config_place place = loader->places[index];
	char variable[CONFIG_VARIABLE_SIZE];

	config_name_variable(settings[index].name, variable);
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
	struct config_loader loader = {.file = file, .config = &config, .err = err};
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
