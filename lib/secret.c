/* SPDX-License-Identifier: ISC */
#include "secret.h"

#include "ascii.h"

#include <libscrypt.h>
#include <sodium.h>

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

enum { N_LOG2_MAX = 20, R_AND_P_MAX = 255 };
enum { RP_PRODUCT_MAX = (1 << 30) - 1 };
enum { SALT_SIZE = SCRYPT_SALT_LEN, DERIVED_SIZE = SCRYPT_HASH_LEN };
/* libscrypt makes 16 bytes of salt and reads up to 32. */
enum { SALT_SIZE_MAX = 32 };
enum { PARAMETER_DIGITS = 6 };

static const char mcf_start[] = SCRYPT_MCF_ID "$";

_Static_assert(SECRET_HASH_SIZE >= SCRYPT_MCF_LEN, "libscrypt_mcf() writes up to its own length");
_Static_assert((R_AND_P_MAX * R_AND_P_MAX) <= RP_PRODUCT_MAX,
	       "the bounds of r and p keep their product below 2^30");

/* Counters of the process, asked by the metrics and by the tests of what costs no run. */
static _Atomic uint64_t run_count;
static _Atomic uint64_t running_count;

/* What the text of a hash says. */
struct parsed_hash {
	struct scrypt_parameters parameters;
	uint8_t salt[SALT_SIZE_MAX];
	size_t salt_length;
	uint8_t derived[DERIVED_SIZE];
};

bool secret_parameters_valid(const struct scrypt_parameters *parameters)
{
	uint64_t n = parameters->n;

	return n >= 2 && n <= UINT64_C(1) << N_LOG2_MAX && (n & (n - 1)) == 0 &&
	       parameters->r >= 1 && parameters->r <= R_AND_P_MAX && parameters->p >= 1 &&
	       parameters->p <= R_AND_P_MAX;
}

/* "NNRRPP": log2 of n, r and p, two hexadecimal digits each. */
static bool parse_parameters(const char *digits, struct scrypt_parameters *parameters)
{
	uint32_t number = 0;

	for (size_t i = 0; i < PARAMETER_DIGITS; i++) {
		int value = ascii_hex_value(digits[i]);

		if (value < 0)
			return false;
		number = number * 16 + (uint32_t)value;
	}
	if (number >> 16 > N_LOG2_MAX)
		return false;
	*parameters = (struct scrypt_parameters){
		.n = UINT64_C(1) << (number >> 16), .r = number >> 8 & 0xFF, .p = number & 0xFF};
	return secret_parameters_valid(parameters);
}

/* Reads all LENGTH characters at TEXT; *COUNT is the number of bytes. */
static bool parse_base64(const char *text, size_t length, uint8_t *bytes, size_t size,
			 size_t *count)
{
	return sodium_base642bin(bytes, size, text, length, NULL, count, NULL,
				 sodium_base64_VARIANT_ORIGINAL) == 0;
}

/* "$s1$NNRRPP$salt$derived". Strict, so that nothing but a shortage can stop the run after it. */
static bool parse_hash(const struct secret_hash *hash, struct parsed_hash *parsed)
{
	const char *end = memchr(hash->mcf, '\0', sizeof(hash->mcf));
	const char *digits = hash->mcf + sizeof(mcf_start) - 1;
	const char *salt = digits + PARAMETER_DIGITS + 1;
	const char *derived;
	size_t derived_length;

	if (end == NULL || end <= salt || memcmp(hash->mcf, mcf_start, sizeof(mcf_start) - 1) != 0)
		return false;
	derived = memchr(salt, '$', (size_t)(end - salt));
	if (salt[-1] != '$' || derived == NULL)
		return false;
	derived++;
	return parse_parameters(digits, &parsed->parameters) &&
	       parse_base64(salt, (size_t)(derived - 1 - salt), parsed->salt, sizeof(parsed->salt),
			    &parsed->salt_length) &&
	       parsed->salt_length > 0 &&
	       parse_base64(derived, (size_t)(end - derived), parsed->derived,
			    sizeof(parsed->derived), &derived_length) &&
	       derived_length == sizeof(parsed->derived);
}

/* PARAMETERS are valid, so that libscrypt can fail by lack of memory alone. */
static enum result run_scrypt(const struct key *key, const uint8_t *salt, size_t salt_length,
			      const struct scrypt_parameters *parameters,
			      uint8_t derived[static DERIVED_SIZE])
{
	size_t key_length = strnlen(key->secret_text, sizeof(key->secret_text));
	int failed;

	if (key_length == 0) /* a zeroed key is nobody's */
		return RESULT_INTERNAL;
	atomic_fetch_add(&run_count, 1);
	atomic_fetch_add(&running_count, 1);
	failed = libscrypt_scrypt((const uint8_t *)key->secret_text, key_length, salt, salt_length,
				  parameters->n, parameters->r, parameters->p, derived,
				  DERIVED_SIZE);
	atomic_fetch_sub(&running_count, 1);
	return failed != 0 ? RESULT_BUSY : RESULT_OK;
}

/* Not libscrypt_hash(): it opens /dev/urandom for each salt, which fails without a free descriptor
 * and where the file system is fenced off. */
enum result secret_hash_key(const struct key *key, const struct scrypt_parameters *parameters,
			    struct secret_hash *hash)
{
	uint8_t salt[SALT_SIZE];
	uint8_t derived[DERIVED_SIZE] = {0};
	char salt_text[sodium_base64_ENCODED_LEN(SALT_SIZE, sodium_base64_VARIANT_ORIGINAL)];
	char derived_text[sodium_base64_ENCODED_LEN(DERIVED_SIZE, sodium_base64_VARIANT_ORIGINAL)] =
		{0};
	enum result result;

	*hash = (struct secret_hash){0};
	if (!secret_parameters_valid(parameters))
		return RESULT_INTERNAL;
	randombytes_buf(salt, sizeof(salt));
	result = run_scrypt(key, salt, sizeof(salt), parameters, derived);
	if (result != RESULT_OK)
		goto out;

	sodium_bin2base64(salt_text, sizeof(salt_text), salt, sizeof(salt),
			  sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(derived_text, sizeof(derived_text), derived, sizeof(derived),
			  sodium_base64_VARIANT_ORIGINAL);
	if (libscrypt_mcf((uint32_t)parameters->n, parameters->r, parameters->p, salt_text,
			  derived_text, hash->mcf) != 1) {
		sodium_memzero(hash, sizeof(*hash));
		result = RESULT_INTERNAL;
		goto out;
	}
	result = RESULT_OK;
out:
	sodium_memzero(derived_text, sizeof(derived_text));
	sodium_memzero(derived, sizeof(derived));
	return result;
}

/* Not libscrypt_check(): its answer below 0 means a bad text and a lack of memory alike, and it
 * leaves what it derived on the stack. */
enum result secret_check_key(const struct key *key, const struct secret_hash *hash)
{
	struct parsed_hash parsed = {0};
	uint8_t derived[DERIVED_SIZE] = {0};
	enum result result = RESULT_INTERNAL;

	if (!parse_hash(hash, &parsed))
		goto out;
	result = run_scrypt(key, parsed.salt, parsed.salt_length, &parsed.parameters, derived);
	if (result != RESULT_OK)
		goto out;
	result = sodium_memcmp(derived, parsed.derived, sizeof(derived)) == 0
			 ? RESULT_OK
			 : RESULT_INVALID_TOKEN;
out:
	sodium_memzero(derived, sizeof(derived));
	sodium_memzero(&parsed, sizeof(parsed));
	return result;
}

bool secret_hash_has_parameters(const struct secret_hash *hash,
				const struct scrypt_parameters *parameters)
{
	struct parsed_hash parsed = {0};
	bool same = parse_hash(hash, &parsed) && parsed.parameters.n == parameters->n &&
		    parsed.parameters.r == parameters->r && parsed.parameters.p == parameters->p;

	sodium_memzero(&parsed, sizeof(parsed));
	return same;
}

uint64_t secret_runs(void)
{
	return atomic_load(&run_count);
}

uint64_t secret_running(void)
{
	return atomic_load(&running_count);
}
