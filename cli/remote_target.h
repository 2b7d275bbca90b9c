/* SPDX-License-Identifier: ISC */
/* The token that an operand names: by id, as "self", or by a name that one token has. */
#ifndef CLAVIGER_REMOTE_TARGET_H
#define CLAVIGER_REMOTE_TARGET_H

#include "remote.h"
#include "remote_answer.h"

#include "attributes.h"
#include "error.h"

#include <stdbool.h>

enum { TARGET_PATH_SIZE = 128, TARGET_SHOWN_SIZE = 160 };

struct remote_target {
	char id[25];  /* "self" for the token at hand */
	bool is_kept; /* it is the token that login keeps, and the one at hand */
};

/** Finds out which token WORD means. RESULT_NOT_FOUND, or RESULT_INVALID_PARAMETER where several
 *  have that name. */
NODISCARD enum result remote_target_find(struct remote *remote, const char *word,
					 struct remote_target *target, struct error *err);
/** Writes its path with TAIL behind. */
void remote_target_path(const struct remote_target *target, const char *tail,
			char path[static TARGET_PATH_SIZE]);
/** Asks for its record. */
NODISCARD enum result remote_target_read(struct remote *remote, const struct remote_target *target,
					 struct answer *answer, struct error *err);
/** Writes what a person knows the token in RECORD by. */
void remote_target_show(const struct record *record, char shown[static TARGET_SHOWN_SIZE]);

#endif
