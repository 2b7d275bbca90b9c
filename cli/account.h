/* SPDX-License-Identifier: ISC */
/* What makes a good account. */
#ifndef CLAVIGER_ACCOUNT_H
#define CLAVIGER_ACCOUNT_H

#include "attributes.h"
#include "config.h"
#include "error.h"

/** RESULT_INVALID_FIELD with the reason where EMAIL or NAME will not do. */
NODISCARD enum result account_check(const struct config *config, const char *email,
				    const char *name, struct error *err);

#endif
