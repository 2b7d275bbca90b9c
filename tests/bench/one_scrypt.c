/* SPDX-License-Identifier: ISC */
/* What one scrypt run costs, alone, with the parameters that claviger uses by default: prints the
 * milliseconds of each of RUNS runs on a line of its own.
 *
 * Usage: one_scrypt RUNS */
#include "ascii.h"

#include <libscrypt.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N = 16384, R = 8, P = 1, RUNS_MAX = 10000 };

static double milliseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	/* As long as a key; what it says does not matter to scrypt. */
	static const uint8_t key[52] = {0};
	static const uint8_t salt[SCRYPT_SALT_LEN] = {0};
	uint8_t derived[SCRYPT_HASH_LEN];
	uint64_t runs;

	if (argc != 2 || !ascii_parse_number(argv[1], strlen(argv[1]), RUNS_MAX, &runs)) {
		fprintf(stderr, "usage: one_scrypt RUNS\n");
		return 2;
	}
	for (uint64_t i = 0; i < runs; i++) {
		double start = milliseconds_now();

		if (libscrypt_scrypt(key, sizeof(key), salt, sizeof(salt), N, R, P, derived,
				     sizeof(derived)) != 0)
			return EXIT_FAILURE;
		printf("%.3f\n", milliseconds_now() - start);
	}
	return EXIT_SUCCESS;
}
