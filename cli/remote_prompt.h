/* SPDX-License-Identifier: ISC */
/* What is asked of whoever sits at the terminal. Questions go to standard error, so that standard
 * output stays the answer. */
#ifndef CLAVIGER_REMOTE_PROMPT_H
#define CLAVIGER_REMOTE_PROMPT_H

#include "arguments.h"
#include "attributes.h"
#include "error.h"
#include "token.h"

#include <stdbool.h>

/** Reads a key from standard input: after QUESTION and without echo where that is a terminal and
 *  IS_PLAIN is not set, else the first line. RESULT_INVALID_PARAMETER where it is no key;
 *  RESULT_INVALID_REQUEST where the person gave up. Wipe KEY, also on failure. */
NODISCARD enum result remote_prompt_key(const char *question, bool is_plain, struct key *key,
					struct error *err);

/** Asks QUESTION unless --yes was given. RESULT_OK for yes; RESULT_INVALID_REQUEST for anything
 *  else; RESULT_INVALID_USAGE where nobody can be asked. */
NODISCARD enum result remote_prompt_confirm(const struct arguments *arguments, const char *question,
					    struct error *err);

#endif
