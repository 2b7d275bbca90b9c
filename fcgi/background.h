/* SPDX-License-Identifier: ISC */
/* What is done beside the requests: a check of the database once after the start, and writing when
 * tokens were last used. One thread with a connection of its own. */
#ifndef CLAVIGER_BACKGROUND_H
#define CLAVIGER_BACKGROUND_H

#include "attributes.h"
#include "error.h"
#include "worker.h"

struct background;

/** Starts the thread. Signals must be blocked already. */
NODISCARD enum result background_start(struct server *server, struct background **background,
				       struct error *err);
/** Writes what is left to write, ends the thread and frees. NULL is allowed. */
void background_stop(struct background *background);

#endif
