/* SPDX-License-Identifier: ISC */
/* Any bytes are no path, or one that no other program can read as a path of other segments: what it
 * decodes to has no dot segment, no empty one, nothing that decodes again, and encoded anew in any
 * way it is the same. */
#include "path.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char once[PATH_MAX_LENGTH + 1], twice[PATH_MAX_LENGTH + 1];
	char encoded[3 * PATH_MAX_LENGTH + 1];
	size_t length, used = 0;

	if (!path_decode((const char *)data, size, once))
		return 0;
	length = strlen(once);
	assert(length <= size && once[0] == '/');
	assert(strstr(once, "//") == NULL && strstr(once, "/./") == NULL);
	assert(strstr(once, "/../") == NULL && strpbrk(once, "%\\") == NULL);
	assert(path_decode(once, length, twice) && strcmp(once, twice) == 0);
	for (size_t i = 0; i < length; i++) {
		if (once[i] == '/')
			encoded[used++] = '/';
		else
			used += (size_t)snprintf(encoded + used, 4, "%%%02X",
						 (unsigned)(unsigned char)once[i]);
	}
	if (used <= PATH_MAX_LENGTH)
		assert(path_decode(encoded, used, twice) && strcmp(once, twice) == 0);
	return 0;
}
