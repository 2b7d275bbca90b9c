/* SPDX-License-Identifier: ISC */
/* The first owner of a web space without a shell: a file beside the database, put there by whoever
 * may write there, holds a one-time code of the owner's own choosing; who sends that code gets the
 * key of the first owner, once.
 *
 * Until the answer with the key has gone out, the key also lies in a file beside the code, so that
 * a crash at any point leaves nothing, or a key that the same code brings again. Thread-safe, and
 * safe against other processes. */
#ifndef CLAVIGER_BOOTSTRAP_CODE_H
#define CLAVIGER_BOOTSTRAP_CODE_H

#include "attributes.h"
#include "authority.h"
#include "error.h"
#include "store.h"
#include "token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the directory of the database. */
#define BOOTSTRAP_CODE_FILE "bootstrap-code.txt"

/* In characters of visible ASCII, blanks inside allowed: too many to be guessed. */
enum { BOOTSTRAP_CODE_MIN = 16, BOOTSTRAP_CODE_MAX = 128, BOOTSTRAP_CODE_SIZE = 129 };

/** Says what is wrong with the LENGTH bytes at CODE as a code; NULL where nothing is. */
NODISCARD const char *bootstrap_code_refuse(const char *code, size_t length);

/** Says whether there is a file for a code beside DATABASE, whatever is in it. */
NODISCARD bool bootstrap_code_waits(const char *database);

/** Makes the first owner for CODE, sent from ADDRESS, or finds the one that it was made for where
 *  no answer told of it. RESULT_NOT_FOUND where there is no file, or the database has an account:
 * then the file is taken away; RESULT_STORE_UNAVAILABLE where the file may not be used (the log
 * says why); RESULT_RATE_LIMITED where too many codes were tried; RESULT_INVALID_TOKEN for the
 * wrong one, which cost no scrypt run. RECORD and KEY are the caller's to clear. */
NODISCARD enum result bootstrap_code_redeem(struct authority *authority, const char *code,
					    const char *address, int64_t now,
					    struct token_record *record, struct key *key,
					    struct error *err);

/** Ends it, after the answer has gone out: takes away the code beside DATABASE and what belongs to
 *  it. */
void bootstrap_code_close(const char *database);

#endif
