/* SPDX-License-Identifier: ISC */
/* A key that the service has just answered, on its way to whoever asked for it. */
#ifndef CLAVIGER_REMOTE_ISSUED_H
#define CLAVIGER_REMOTE_ISSUED_H

#include "remote.h"
#include "remote_answer.h"

#include "attributes.h"
#include "error.h"

/** Makes the file of --key-file, before a key is asked for that could not be written; *DESCRIPTOR
 * is -1 where that was not given. As file_create(). */
NODISCARD enum result remote_issued_open(const struct arguments *arguments, int *descriptor,
					 struct error *err);

/** Gives the key in ANSWER to DESCRIPTOR, which it closes, else to standard output; in JSON with
 *  the rest of the answer. RESULT_INTERNAL where it was not taken: nobody has it then. */
NODISCARD enum result remote_issued_deliver(struct remote *remote,
					    const struct arguments *arguments, int descriptor,
					    struct answer *answer, struct error *err);

/** Removes the file again, for no key came; DESCRIPTOR as it was opened. */
void remote_issued_abandon(const struct arguments *arguments, int descriptor);

#endif
