/* SPDX-License-Identifier: ISC */
/* Which service is asked, and with which token. */
#ifndef CLAVIGER_REMOTE_SESSION_H
#define CLAVIGER_REMOTE_SESSION_H

#include "remote.h"

#include "attributes.h"
#include "error.h"
#include "token.h"

/** Takes the API base of the options, the environment or the settings, else OTHERWISE, checks it
 * and opens the way there with KEY. RESULT_INVALID_CONFIGURATION where none is known, or the token
 *  would cross a network in the clear. */
NODISCARD enum result remote_session_open(struct remote *remote, const char *otherwise,
					  const struct key *key, struct error *err);

/** The same with the token of the environment, else with the one that login keeps, which goes to
 *  the service that it is for and to no other. */
NODISCARD enum result remote_session_resume(struct remote *remote, struct error *err);

void remote_session_close(struct remote *remote);

#endif
