/* SPDX-License-Identifier: ISC */
/* The scrypt hash of a key (RFC 7914), in the "$s1$" text of libscrypt, which holds its own
 * parameters and salt. The only module that runs scrypt. */
#ifndef CLAVIGER_SECRET_H
#define CLAVIGER_SECRET_H

#include "attributes.h"
#include "error.h"
#include "token.h"

#include <stdbool.h>
#include <stdint.h>

enum { SECRET_HASH_SIZE = 128 }; /* SCRYPT_MCF_LEN of libscrypt, the NUL included */

/* The stored text of a hash. A struct, so that it is never taken for other text. */
struct secret_hash {
	char mcf[SECRET_HASH_SIZE]; /* "" where there is none */
};

struct scrypt_parameters {
	uint64_t n; /* a power of two */
	uint32_t r, p;
};

/** Says whether PARAMETERS are ones that RFC 7914 (§6) and the text form allow: n a power of two
 *  from 2 to 2^20, r and p from 1 to 255, r * p below 2^30. */
NODISCARD bool secret_parameters_valid(const struct scrypt_parameters *parameters);

/** Hashes KEY with a fresh random salt. Costs one scrypt run: 128 * n * r bytes, about 50 ms with
 *  the default parameters. RESULT_BUSY when there is no memory for it; RESULT_INTERNAL for a zeroed
 *  key or parameters that are not valid. HASH is zeroed on failure. */
NODISCARD enum result secret_hash_key(const struct key *key,
				      const struct scrypt_parameters *parameters,
				      struct secret_hash *hash);

/** RESULT_OK when KEY is the one that HASH was made from; RESULT_INVALID_TOKEN when it is not;
 *  RESULT_BUSY when scrypt could not run; RESULT_INTERNAL when HASH is no such text or KEY
 *  is zeroed. Costs one scrypt run with the parameters in HASH. */
NODISCARD enum result secret_check_key(const struct key *key, const struct secret_hash *hash);

/** Says whether HASH was made with PARAMETERS. False for what is no such text. */
NODISCARD bool secret_hash_has_parameters(const struct secret_hash *hash,
					  const struct scrypt_parameters *parameters);

/** The number of scrypt runs of this process so far, and how many run now. Thread-safe. */
NODISCARD uint64_t secret_runs(void);
NODISCARD uint64_t secret_running(void);

#endif
