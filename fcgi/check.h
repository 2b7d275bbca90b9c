/* SPDX-License-Identifier: ISC */
/* --check: whether a start would go well, without one. */
#ifndef CLAVIGER_CHECK_H
#define CLAVIGER_CHECK_H

#include "attributes.h"
#include "config.h"
#include "error.h"

/** Checks what CONFIG names as a start would, and prints what that will do; KEY_FILE, that of
 *  CLAVIGER_BOOTSTRAP or NULL, is good. Makes, fills and migrates nothing. */
NODISCARD enum result check_run(const struct config *config, const char *key_file,
				struct error *err);

#endif
