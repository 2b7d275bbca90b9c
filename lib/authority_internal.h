/* SPDX-License-Identifier: ISC */
/* What the files authority*.c share. Nobody else includes this. */
#ifndef CLAVIGER_AUTHORITY_INTERNAL_H
#define CLAVIGER_AUTHORITY_INTERNAL_H

#include "authority.h"

/** Says whether RECORD may be used at NOW: not revoked, not expired, its account not disabled. */
NODISCARD bool authority_is_alive(const struct token_record *record, int64_t now);

/** Takes a place for one scrypt run where processes share a bound; give it back with
 *  scrypt_slots_release(). RESULT_BUSY where none was free in time. */
NODISCARD enum result authority_begin_scrypt(struct authority *authority, int *slot,
					     struct error *err);

/** Mints a key and fills what RECORD keeps of it: selector, display key and hash. Costs one scrypt
 *  run. KEY is wiped on failure. */
NODISCARD enum result authority_prepare_key(struct authority *authority,
					    struct token_record *record, struct key *key,
					    struct error *err);

#endif
