/* SPDX-License-Identifier: ISC */
/* The revocation of all tokens that a filter finds, page by page. */
#ifndef CLAVIGER_REMOTE_SWEEP_H
#define CLAVIGER_REMOTE_SWEEP_H

#include "remote.h"

#include "arguments.h"
#include "attributes.h"
#include "error.h"

/** Revokes what the filters of ARGUMENTS find, after asking; with --dry-run shows it. */
NODISCARD enum result remote_sweep(struct remote *remote, const struct arguments *arguments,
				   struct error *err);

#endif
