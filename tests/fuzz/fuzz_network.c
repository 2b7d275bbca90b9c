/* SPDX-License-Identifier: ISC */
/* Any bytes are no network, or one that is written and read again as it is, covers itself, and as
 * a set of one is the same. */
#include "network.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[NETWORK_TEXT_SIZE];
	struct network network, again;
	struct network_set set;

	if (!network_parse((const char *)data, size, &network))
		return 0;
	assert(network.prefix_length <= (network.family == NETWORK_IPV4 ? 32 : 128));
	network_format(&network, text);
	assert(network_parse(text, strlen(text), &again));
	assert(memcmp(&network, &again, sizeof(network)) == 0);
	assert(network_covers(&network, &again));
	if (network_set_parse(text, &set) == RESULT_OK)
		assert(set.count == 1 && memcmp(&set.networks[0], &network, sizeof(network)) == 0);
	network_set_clear(&set);
	return 0;
}
