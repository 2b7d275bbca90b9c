/* SPDX-License-Identifier: ISC */
/* Where the client's files lie (XDG base directories), and what the file "config" among them and
 * the environment say of the service to talk to. */
#ifndef CLAVIGER_REMOTE_SETTINGS_H
#define CLAVIGER_REMOTE_SETTINGS_H

#include "remote_file.h"

#include "attributes.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	SETTINGS_VALUE_SIZE = REMOTE_LINE_VALUE_SIZE,
	SETTINGS_PATH_SIZE = 1024,
	SETTINGS_ORIGIN_SIZE = 64
};

enum setting_key { SETTING_API_BASE, SETTING_INSECURE_HTTP, SETTING_CA_FILE, SETTING_COUNT };

/* A value, and what said it: an option, a variable of the environment, a file, the default. */
struct setting_value {
	char text[SETTINGS_VALUE_SIZE];
	char origin[SETTINGS_ORIGIN_SIZE];
};

struct settings {
	char directory[SETTINGS_PATH_SIZE]; /* $XDG_CONFIG_HOME/claviger or ~/.config/claviger */
	struct setting_value values[SETTING_COUNT];
};

NODISCARD const char *settings_key_name(enum setting_key key);
/** Finds the key called NAME; RESULT_INVALID_PARAMETER with those that there are. */
NODISCARD enum result settings_find_key(const char *name, enum setting_key *key, struct error *err);

/** Finds the directory and reads the file "config" in it, which need not be there, and the
 *  environment. RESULT_INVALID_CONFIGURATION where that is not possible, or the file is open to
 *  others or holds what is no setting. */
NODISCARD enum result settings_load(struct settings *settings, struct error *err);
/** Puts VALUE in the place of what was there, unless it is NULL. RESULT_INVALID_CONFIGURATION where
 *  it is too long. */
NODISCARD enum result settings_override(struct settings *settings, enum setting_key key,
					const char *value, const char *origin, struct error *err);
/** Writes KEY with VALUE to the file "config", whose other lines stay. */
NODISCARD enum result settings_store(const struct settings *settings, enum setting_key key,
				     const char *value, struct error *err);

/** What the variable NAME holds; NULL where it is not set, or empty, which is the same to XDG. */
NODISCARD const char *settings_variable(const char *name);

#endif
