/* SPDX-License-Identifier: ISC */
/* Where the client's files lie (XDG base directories), and what they and the environment say: the
 * service to talk to, and the token to talk with. */
#ifndef CLAVIGER_REMOTE_SETTINGS_H
#define CLAVIGER_REMOTE_SETTINGS_H

#include "attributes.h"
#include "buffer.h"
#include "error.h"
#include "token.h"

#include <stdbool.h>
#include <stddef.h>

enum { SETTINGS_VALUE_SIZE = 512, SETTINGS_PATH_SIZE = 1024, SETTINGS_ORIGIN_SIZE = 64 };

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

/* What login keeps: the token, and the only service that it is for. */
struct stored_login {
	char api_base[SETTINGS_VALUE_SIZE];
	char token_id[SETTINGS_VALUE_SIZE];
	struct key key;
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

/** Reads the key that $CLAVIGER_TOKEN or, without that, $DATAFAST_TOKEN holds; *NAME is the
 *  variable's, NULL where neither is set. RESULT_INVALID_CONFIGURATION where it holds no key. */
NODISCARD enum result settings_environment_token(struct key *key, const char **name,
						 struct error *err);

/** Reads the file "token". RESULT_NOT_FOUND where there is none; RESULT_INVALID_CONFIGURATION where
 *  others could read it, with the command to run. Wipe LOGIN's key, also on failure. */
NODISCARD enum result settings_read_login(const struct settings *settings,
					  struct stored_login *login, struct error *err);
/** Writes it (0600), in the place of an older one at once. */
NODISCARD enum result settings_write_login(const struct settings *settings,
					   const struct stored_login *login, struct error *err);
/** Removes it; RESULT_NOT_FOUND where there is none. */
NODISCARD enum result settings_remove_login(const struct settings *settings, struct error *err);

#endif
