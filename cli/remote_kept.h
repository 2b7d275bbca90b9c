/* SPDX-License-Identifier: ISC */
/* The token to talk with: the one in the environment, and the one that login keeps in a file. */
#ifndef CLAVIGER_REMOTE_KEPT_H
#define CLAVIGER_REMOTE_KEPT_H

#include "remote_settings.h"

#include "attributes.h"
#include "error.h"
#include "token.h"

/* What login keeps: the token, and the only service that it is for. */
struct stored_login {
	char api_base[SETTINGS_VALUE_SIZE];
	char token_id[SETTINGS_VALUE_SIZE];
	struct key key;
};

/** Reads the key that $CLAVIGER_TOKEN or, without that, $DATAFAST_TOKEN holds; *NAME is the
 *  variable's, NULL where neither is set. RESULT_INVALID_CONFIGURATION where it holds no key. */
NODISCARD enum result kept_environment_token(struct key *key, const char **name, struct error *err);

/** Reads the file "token". RESULT_NOT_FOUND where there is none; RESULT_INVALID_CONFIGURATION where
 *  others could read it, with the command to run. Wipe LOGIN's key, also on failure. */
NODISCARD enum result kept_read(const struct settings *settings, struct stored_login *login,
				struct error *err);
/** Writes it (0600), in the place of an older one at once. */
NODISCARD enum result kept_write(const struct settings *settings, const struct stored_login *login,
				 struct error *err);
/** Removes it; RESULT_NOT_FOUND where there is none. */
NODISCARD enum result kept_remove(const struct settings *settings, struct error *err);

#endif
