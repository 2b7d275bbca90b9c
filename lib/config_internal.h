/* SPDX-License-Identifier: ISC */
/* What the files config*.c share. Nobody else includes this. */
#ifndef CLAVIGER_CONFIG_INTERNAL_H
#define CLAVIGER_CONFIG_INTERNAL_H

#include "config.h"
#include "setting.h"

#define CONFIG_ENVIRONMENT_PREFIX "CLAVIGER_"

enum {
	CONFIG_NAME_SIZE = 64,
	CONFIG_VARIABLE_SIZE = sizeof(CONFIG_ENVIRONMENT_PREFIX) + CONFIG_NAME_SIZE
};

/* Where something was read. Zeroed, nowhere: it is the default. */
struct config_place {
	size_t line; /* of the file, from 1 */
	bool is_environment;
};

struct config_loader {
	const char *file; /* NULL: none */
	struct config *config;
	struct error *err;
	struct config_place places[SETTING_COUNT];
};

/** Writes the name of the environment variable for the key NAME. */
void config_name_variable(const char *name, char variable[static CONFIG_VARIABLE_SIZE]);

/** Fails with "PLACE: NAME: what; what is allowed". NAME is a key or, where none can be told, what
 *  stands in its line. */
PRINTF(4, 5)
enum result config_refuse(const struct config_loader *loader, struct config_place place,
			  const char *name, const char *format, ...);

/** Fails for a NAME that is no key's, with the key that may have been meant. */
enum result config_refuse_name(const struct config_loader *loader, struct config_place place,
			       const char *name, size_t length);

/** Sets the key INDEX to the LENGTH bytes at TEXT, read at PLACE. */
NODISCARD enum result config_take_value(struct config_loader *loader, enum setting_index index,
					struct config_place place, const char *text, size_t length);

/** Takes every line of the LENGTH bytes at TEXT, the content of a file. */
NODISCARD enum result config_parse_text(struct config_loader *loader, const char *text,
					size_t length);

#endif
