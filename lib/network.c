/* SPDX-License-Identifier: ISC */
#include "network.h"

#include "ascii.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IPV4_BITS = 32, IPV6_BITS = 128, MAPPED_BITS = IPV6_BITS - IPV4_BITS };

_Static_assert(sizeof(struct network) == 1 + NETWORK_SIZE + 1, "a network has no padding");
_Static_assert(NETWORK_ADDRESS_TEXT_SIZE == INET6_ADDRSTRLEN, "any address fits");

bool network_parse_address(const char *text, struct network *address)
{
	struct network parsed = {0};
	struct in6_addr ipv6;

	if (inet_pton(AF_INET, text, parsed.bytes) == 1) {
		parsed.family = NETWORK_IPV4;
		parsed.prefix_length = IPV4_BITS;
	} else if (inet_pton(AF_INET6, text, &ipv6) != 1) {
		return false;
	} else if (IN6_IS_ADDR_V4MAPPED(&ipv6)) {
		parsed.family = NETWORK_IPV4;
		parsed.prefix_length = IPV4_BITS;
		memcpy(parsed.bytes, &ipv6.s6_addr[MAPPED_BITS / 8], IPV4_BITS / 8);
	} else {
		parsed.family = NETWORK_IPV6;
		parsed.prefix_length = IPV6_BITS;
		memcpy(parsed.bytes, ipv6.s6_addr, NETWORK_SIZE);
	}
	*address = parsed;
	return true;
}

static bool is_zero_behind(const struct network *network, size_t prefix_length)
{
	size_t whole = prefix_length / 8;

	for (size_t i = whole; i < NETWORK_SIZE; i++) {
		unsigned mask = i == whole ? 0xFFU >> (prefix_length % 8) : 0xFFU;

		if ((network->bytes[i] & mask) != 0)
			return false;
	}
	return true;
}

bool network_parse(const char *text, size_t length, struct network *network)
{
	char address[NETWORK_ADDRESS_TEXT_SIZE];
	const char *slash = memchr(text, '/', length);
	size_t address_length = slash == NULL ? length : (size_t)(slash - text);
	struct network parsed;
	uint64_t bits = IPV6_BITS;

	if (address_length >= sizeof(address) || memchr(text, '\0', length) != NULL)
		return false;
	memcpy(address, text, address_length);
	address[address_length] = '\0';
	if (!network_parse_address(address, &parsed))
		return false;
	if (slash != NULL) {
		const char *digits = slash + 1;
		size_t digit_count = length - address_length - 1;

		if (!ascii_parse_number(digits, digit_count, IPV6_BITS, &bits) ||
		    (digits[0] == '0' && digit_count > 1))
			return false;
		/* A mapped address was written in the 128 bits of IPv6. */
		if (parsed.family == NETWORK_IPV4 && strchr(address, ':') != NULL) {
			if (bits < MAPPED_BITS)
				return false;
			bits -= MAPPED_BITS;
		}
		if (bits > parsed.prefix_length || !is_zero_behind(&parsed, (size_t)bits))
			return false;
		parsed.prefix_length = (uint8_t)bits;
	}
	*network = parsed;
	return true;
}

void network_format_address(const struct network *network,
			    char text[static NETWORK_ADDRESS_TEXT_SIZE])
{
	int family = network->family == NETWORK_IPV4 ? AF_INET : AF_INET6;

	text[0] = '\0';
	if (network->family != NETWORK_NONE &&
	    inet_ntop(family, network->bytes, text, NETWORK_ADDRESS_TEXT_SIZE) == NULL)
		text[0] = '\0';
}

void network_format(const struct network *network, char text[static NETWORK_TEXT_SIZE])
{
	char address[NETWORK_ADDRESS_TEXT_SIZE];

	network_format_address(network, address);
	snprintf(text, NETWORK_TEXT_SIZE, "%s/%u", address, (unsigned)network->prefix_length);
}

bool network_covers(const struct network *outer, const struct network *inner)
{
	size_t whole = outer->prefix_length / 8;
	unsigned mask = 0xFF00U >> (outer->prefix_length % 8) & 0xFFU;

	if (outer->family == NETWORK_NONE || outer->family != inner->family ||
	    outer->prefix_length > inner->prefix_length ||
	    memcmp(outer->bytes, inner->bytes, whole) != 0)
		return false;
	return mask == 0 || ((outer->bytes[whole] ^ inner->bytes[whole]) & mask) == 0;
}

static int compare_networks(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct network));
}

enum result network_set_init(struct network_set *set, const struct network *networks, size_t count)
{
	*set = (struct network_set){0};
	if (count == 0)
		return RESULT_OK;
	set->networks = calloc(count, sizeof(*networks));
	if (set->networks == NULL)
		return RESULT_BUSY;
	memcpy(set->networks, networks, count * sizeof(*networks));
	qsort(set->networks, count, sizeof(*networks), compare_networks);
	/* What lies inside a network stands behind it, and nothing else between. */
	for (size_t i = 0; i < count; i++)
		if (set->count == 0 ||
		    !network_covers(&set->networks[set->count - 1], &set->networks[i]))
			set->networks[set->count++] = set->networks[i];
	return RESULT_OK;
}

enum result network_set_parse(const char *text, struct network_set *set)
{
	struct network *networks;
	size_t places = 1, count = 0;
	enum result result = RESULT_INVALID_FIELD;

	*set = (struct network_set){0};
	for (const char *at = text; *at != '\0'; at++)
		places += *at == ' ';
	networks = calloc(places, sizeof(*networks));
	if (networks == NULL)
		return RESULT_BUSY;
	for (; count < places; count++) {
		size_t length = strcspn(text, " ");

		if (!network_parse(text, length, &networks[count]))
			break;
		text += length + 1;
	}
	if (count == places)
		result = network_set_init(set, networks, count);
	free(networks);
	return result;
}

void network_set_write(const struct network_set *set, struct buffer *out)
{
	for (size_t i = 0; i < set->count; i++) {
		char text[NETWORK_TEXT_SIZE];

		network_format(&set->networks[i], text);
		if (i > 0)
			buffer_append_char(out, ' ');
		buffer_append_text(out, text);
	}
}

bool network_set_covers(const struct network_set *outer, const struct network_set *inner)
{
	for (size_t i = 0; i < inner->count; i++) {
		size_t j = 0;

		while (j < outer->count &&
		       !network_covers(&outer->networks[j], &inner->networks[i]))
			j++;
		if (j == outer->count)
			return false;
	}
	return true;
}

/* Those of INNER that lie in one of OUTER, from NETWORKS on; how many. */
static size_t keep_inner(const struct network_set *inner, const struct network_set *outer,
			 struct network *networks)
{
	size_t kept = 0;

	for (size_t i = 0; i < inner->count; i++) {
		struct network_set one = {&inner->networks[i], 1};

		if (network_set_covers(outer, &one))
			networks[kept++] = inner->networks[i];
	}
	return kept;
}

enum result network_set_intersect(const struct network_set *a, const struct network_set *b,
				  struct network_set *shared)
{
	struct network *networks = calloc(a->count + b->count + 1, sizeof(*networks));
	size_t kept;
	enum result result;

	*shared = (struct network_set){0};
	if (networks == NULL)
		return RESULT_BUSY;
	/* Two networks are apart, or one lies in the other. */
	kept = keep_inner(a, b, networks);
	kept += keep_inner(b, a, networks + kept);
	result = network_set_init(shared, networks, kept);
	free(networks);
	return result;
}

void network_set_clear(struct network_set *set)
{
	if (set == NULL)
		return;
	free(set->networks);
	*set = (struct network_set){0};
}
