/* SPDX-License-Identifier: ISC */
/* Any bytes have the parameter not once, or have it once and not once more: with a second one
 * behind them it is gone. */
#include "query.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char query[512], longer[600], value[64];

	if (size >= sizeof(query) || memchr(data, '\0', size) != NULL)
		return 0;
	memcpy(query, data, size);
	query[size] = '\0';
	if (!query_find_only(query, "id", value, sizeof(value)))
		return 0;
	assert(strstr(query, "id=") != NULL && strlen(value) < sizeof(value));
	snprintf(longer, sizeof(longer), "%s&%%49d=x", query);
	assert(!query_find_only(longer, "id", value, sizeof(value)));
	snprintf(longer, sizeof(longer), "%s&idx=x", query);
	assert(query_find_only(longer, "id", value, sizeof(value)));
	return 0;
}
