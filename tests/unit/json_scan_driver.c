/* SPDX-License-Identifier: ISC */
/* Reads texts, each behind its length in four bytes (most significant first), until the end of
 * standard input; writes a line for each: ok, or refused. */
#include "json_scan.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	unsigned char prefix[4];

	while (fread(prefix, 1, sizeof(prefix), stdin) == sizeof(prefix)) {
		size_t length = (size_t)prefix[0] << 24 | (size_t)prefix[1] << 16 |
				(size_t)prefix[2] << 8 | prefix[3];
		char *text = malloc(length > 0 ? length : 1);
		struct error err = {0};
		enum result result;

		if (text == NULL || fread(text, 1, length, stdin) != length) {
			fputs("json_scan_driver: a text is too large or cut short\n", stderr);
			free(text);
			return 1;
		}
		result = json_scan(text, length, &err);
		free(text);
		puts(result == RESULT_OK ? "ok" : "refused");
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
