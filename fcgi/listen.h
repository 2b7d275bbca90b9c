/* SPDX-License-Identifier: ISC */
/* The socket on which the web server reaches us. Its file is the border: whoever may connect may
 * also invent REMOTE_ADDR. */
#ifndef CLAVIGER_LISTEN_H
#define CLAVIGER_LISTEN_H

#include "attributes.h"
#include "error.h"

#include <stdbool.h>

/** Says whether DESCRIPTOR is a listening socket. */
NODISCARD bool listen_is_socket(int descriptor);
/** Refuses a socket that other machines can reach: RESULT_INVALID_CONFIGURATION unless it is a
 *  unix socket or bound to loopback. */
NODISCARD enum result listen_check(int descriptor, struct error *err);
/** Makes a listening unix socket at PATH: 0600, or 0660 for GROUP where that is not NULL. A file
 *  that a dead process left is replaced; a living one, or what is no socket, is
 *  RESULT_INVALID_CONFIGURATION. To be given to listen_close(). */
NODISCARD enum result listen_open(const char *path, const char *group, int *descriptor,
				  struct error *err);
/** Closes what listen_open() made at PATH and removes it: who connects is refused from now on, and
 *  does not wait for nothing. *DESCRIPTOR is -1 afterwards, and may be before. */
void listen_close(const char *path, int *descriptor);

#endif
