/* SPDX-License-Identifier: ISC */
/* The log: one line an event, "2026-11-24T12:34:56.789Z LEVEL event key=value ... request=ID".
 *
 * All fields are escaped (bytes outside 0x20-0x7E, backslash and quote as \xNN); the caller cuts a
 * foreign value to 256 bytes ("%.256s"), a line ends at 1024. Whatever has the form of a key, or
 * of a piece that could tell some of one, is masked: dft_ab1... . A line is written by one
 * write(); one that cannot be written (full disk, closed pipe, a pipe nobody reads) is dropped and
 * counted, never waited for. Thread-safe. */
#ifndef CLAVIGER_LOG_H
#define CLAVIGER_LOG_H

#include "attributes.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/** Opens the log at PATH ("stderr" for descriptor 2), replacing the one before; the old one stays
 *  in force on failure. A file is made 0600 (never through a link), appended to; a directory, a
 *  FIFO without reader or what cannot be written is RESULT_INVALID_CONFIGURATION with a message.
 *  Before the first call, lines of LOG_INFO and above go to descriptor 2. PREFIX is the token
 *  prefix, for the masking. */
NODISCARD enum result log_open(const char *path, enum log_level level, const char *prefix,
			       struct error *err);

/** Writes EVENT (a constant of the program) and the fields that FORMAT makes, "key=%s key=%d".
 *  REQUEST_ID may be NULL. */
PRINTF(4, 5)
void log_event(enum log_level level, const char *request_id, const char *event, const char *format,
	       ...);
/** Says whether a line of LEVEL would be written. */
NODISCARD bool log_enabled(enum log_level level);
/** Lines that could not be written so far. The next line that can be tells how many it stands for:
 *  "dropped=N". */
NODISCARD uint64_t log_dropped(void);

/** Writes the LENGTH bytes at TEXT to OUT as a line of the log shows them, and a NUL: what is not
 *  0x20-0x7E, backslash and quote as \xNN. False where SIZE, at least 1, took only a part; no
 *  escape is ever cut in two. */
bool log_escape(const char *text, size_t length, char *out, size_t size);

#endif
