/* SPDX-License-Identifier: ISC */
/* What both programs do before the first secret exists, and what their exits mean. */
#ifndef CLAVIGER_PROCESS_H
#define CLAVIGER_PROCESS_H

#include "attributes.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>

/* Beside EXIT_SUCCESS and EXIT_FAILURE; each program says which result is which. */
enum { EXIT_USAGE = 2, EXIT_CONFIGURATION = 3, EXIT_DATABASE = 4, EXIT_NOT_FOUND = 5 };

/** Core files and debuggers off, files private, no descriptor but the standard ones and these
 *  held, signals of a failed write ignored, libsodium started. Refuses a setuid program. */
NODISCARD enum result process_harden(struct error *err);

/** Writes the directory that the running program was started from, by its true name. False where
 *  the system does not tell, or it does not fit. */
NODISCARD bool process_find_directory(char *directory, size_t size);

#endif
