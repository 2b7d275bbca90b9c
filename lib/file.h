/* SPDX-License-Identifier: ISC */
/* Files that must be ours: nobody else may put them there, change them or, where they hold
 * secrets, read them. Their directory counts as well: who can write in it can replace the file.
 *
 * Links are never followed, and nothing here waits (for the reader of a FIFO, say). A message says
 * what is wrong and, for a mode or an owner, the command to run. */
#ifndef CLAVIGER_FILE_H
#define CLAVIGER_FILE_H

#include "attributes.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>

enum file_kind {
	/* Ours or root's; others read nothing, group and others write nothing: 0640 root:group is
	 * good. In a directory of ours or root's in which others do not write. */
	FILE_CONFIGURATION,
	/* Ours, 0600 at most. In a directory of ours or root's in which neither group nor others
	 * write. */
	FILE_PRIVATE,
	/* Ours or root's, others do not write; a FIFO or a device will do. Directory as for
	 * FILE_CONFIGURATION. */
	FILE_LOG
};

enum file_access { FILE_TO_READ, FILE_TO_UPDATE, FILE_TO_MAKE_OR_UPDATE, FILE_TO_APPEND };

/** Opens the file at PATH after its directory, and then the open file, passed the check of KIND;
 *  close *DESCRIPTOR, which is -1 on failure. FILE_TO_UPDATE reads and writes. FILE_TO_APPEND and
 *  FILE_TO_MAKE_OR_UPDATE make the file (0600) where there is none; the others then answer
 *  RESULT_NOT_FOUND. RESULT_BUSY without descriptors, memory or room on the disk. All else that is
 *  wrong is RESULT_INVALID_CONFIGURATION. */
NODISCARD enum result file_open(const char *path, enum file_kind kind, enum file_access access,
				int *descriptor, struct error *err);

/** Makes the new file PATH (0600) in a directory as of FILE_PRIVATE and opens it to read and
 *  write; close *DESCRIPTOR, which is -1 on failure. RESULT_INVALID_USAGE where something is at
 *  PATH already, which is left alone; else as file_open(). */
NODISCARD enum result file_create(const char *path, int *descriptor, struct error *err);

/** Checks that a file could be made at PATH: that nothing is there yet, else RESULT_INVALID_USAGE,
 *  and that its directory is as of KIND and takes files of ours, else as file_open(). */
NODISCARD enum result file_check_new(const char *path, enum file_kind kind, struct error *err);

/** Checks that the file at PATH could be opened to write as of KIND, or made; makes nothing. As
 *  file_open(). */
NODISCARD enum result file_check_target(const char *path, enum file_kind kind, struct error *err);

/** Reads the whole file at PATH, opened and checked as by file_open(). BUFFER must own nothing
 *  before, and owns the content afterwards: clear it, also on failure. More than MAXIMUM bytes are
 *  RESULT_INVALID_CONFIGURATION; RESULT_BUSY without memory. */
NODISCARD enum result file_read_all(const char *path, enum file_kind kind, size_t maximum,
				    struct buffer *buffer, struct error *err);

/** Checks the database at PATH, which SQLite opens by its name, as a FILE_PRIVATE.
 *  RESULT_STORE_UNAVAILABLE where it is not there or is no regular file (a link is none);
 *  RESULT_INVALID_CONFIGURATION where a mode or an owner is wrong. */
NODISCARD enum result file_check_database(const char *path, struct error *err);

/** Says whether the file at PATH, which need not be there yet, lies in DIRECTORY or below it: by
 *  the names as they stand, or with all links followed. */
NODISCARD bool file_lies_in(const char *path, const char *directory);

#endif
