/* SPDX-License-Identifier: ISC */
/* One request as plain CGI (RFC 3875): from the environment and stdin to stdout. */
#ifndef CLAVIGER_CGI_H
#define CLAVIGER_CGI_H

#include "attributes.h"
#include "worker.h"

#include <stdbool.h>

/** Answers the one request. WORKER may wait; it is NULL where the store could not be opened, which
 *  is then a refusal. False where the answer could not be written. */
NODISCARD bool cgi_answer(struct worker *worker, const char *prefix, char *const *environment);

#endif
