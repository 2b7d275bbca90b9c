/* SPDX-License-Identifier: ISC */
/* The bound on concurrent scrypt runs between plain CGI processes: so many bytes of one file beside
 * the database, each locked by the process that runs scrypt. The kernel gives a slot back when its
 * process dies, however it dies.
 *
 * The locks are those of POSIX: they belong to the process, so a process holds one slot at a time,
 * and loses it when it closes any descriptor of that file. A server of many threads has its slow
 * lane instead. */
#ifndef CLAVIGER_SCRYPT_SLOTS_H
#define CLAVIGER_SCRYPT_SLOTS_H

#include "attributes.h"
#include "error.h"

#include <stddef.h>
#include <stdint.h>

/** Takes one of SLOTS slots (at least 1, the same number in all processes) of the file at PATH,
 *  which is made where it is absent; tries for TIMEOUT_MS, 0 = once. *SLOT_FD goes to
 *  scrypt_slots_release(), and is -1 on failure. RESULT_BUSY with a time to retry after when all
 *  are taken, or without memory, descriptors or locks; RESULT_STORE_UNAVAILABLE when the file is
 *  not what a FILE_PRIVATE of file.h is, which the log says with the command to run. */
NODISCARD enum result scrypt_slots_take(const char *path, size_t slots, int64_t timeout_ms,
					int *slot_fd, struct error *err);
/** Gives the slot back. -1 is allowed. */
void scrypt_slots_release(int slot_fd);

#endif
