/* SPDX-License-Identifier: ISC */
#include "query.h"

#include "ascii.h"
#include "path.h"

#include <string.h>

enum { PLAIN_NAME_SIZE = 256 };

/* What is left of a name where readers agree: its letters and digits, in lower case. */
static void simplify(const char *name, size_t length, char plain[static PLAIN_NAME_SIZE])
{
	size_t used = 0;

	for (size_t i = 0; i < length && used < PLAIN_NAME_SIZE - 1; i++) {
		char c = name[i];

		if (c == '%' && length - i > 2 && ascii_hex_value(name[i + 1]) >= 0 &&
		    ascii_hex_value(name[i + 2]) >= 0) {
			c = (char)(ascii_hex_value(name[i + 1]) * 16 +
				   ascii_hex_value(name[i + 2]));
			i += 2;
		}
		if (c == '[' || c == '\0')
			break;
		if (ascii_is_alnum(c))
			plain[used++] = ascii_lower(c);
	}
	plain[used] = '\0';
}

bool query_find_only(const char *query, const char *name, char *out, size_t size)
{
	char wanted[PLAIN_NAME_SIZE], found[PLAIN_NAME_SIZE];
	size_t name_length = strlen(name);
	bool is_found = false;

	simplify(name, name_length, wanted);
	if (strchr(query, ';') != NULL)
		return false;
	while (*query != '\0') {
		size_t length = strcspn(query, "&");
		size_t found_length = strcspn(query, "=&");

		simplify(query, found_length, found);
		if (strcmp(found, wanted) == 0) {
			if (is_found || found_length != name_length ||
			    memcmp(query, name, name_length) != 0 || query[found_length] != '=' ||
			    !path_decode_value(query + found_length + 1, length - found_length - 1,
					       out, size))
				return false;
			is_found = true;
		}
		query += length;
		query += *query == '&';
	}
	return is_found;
}
