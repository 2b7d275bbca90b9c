/* SPDX-License-Identifier: ISC */
/* Networks of IPv4 and IPv6 as CIDR text writes them (RFC 4632, RFC 4291 §2.3), and sorted sets of
 * them. An IPv4 address that a socket of both families shows (::ffff:192.0.2.1) is an IPv4 address
 * everywhere here; no network of one family contains an address of the other. */
#ifndef CLAVIGER_NETWORK_H
#define CLAVIGER_NETWORK_H

#include "attributes.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NETWORK_SIZE = 16,
	NETWORK_ADDRESS_TEXT_SIZE = 46,                    /* of inet_ntop(), and NUL */
	NETWORK_TEXT_SIZE = NETWORK_ADDRESS_TEXT_SIZE + 4, /* with "/128" */
};

enum network_family { NETWORK_NONE, NETWORK_IPV4, NETWORK_IPV6 };

/* All bytes and in this order, so that memcmp() compares: an outer network stands before those
 * inside it. Zeroed, it contains no address. */
struct network {
	uint8_t family;              /* enum network_family */
	uint8_t bytes[NETWORK_SIZE]; /* IPv4: the first four, the others zero */
	uint8_t prefix_length;       /* of an address: 32 or 128 */
};

/* Sorted; none lies inside another. Zeroed, it is empty. */
struct network_set {
	struct network *networks;
	size_t count;
};

/** Reads LENGTH bytes such as "192.0.2.0/24", "2001:db8::/32" or an address alone. False, *NETWORK
 *  untouched, for anything else, a network with bits set behind its prefix among it: who writes
 *  192.0.2.7/24 may mean the address or the network. */
NODISCARD bool network_parse(const char *text, size_t length, struct network *network);
/** Reads an address alone, as REMOTE_ADDR has it. */
NODISCARD bool network_parse_address(const char *text, struct network *address);
/** Writes NETWORK with its prefix length, as network_parse() reads it. */
void network_format(const struct network *network, char text[static NETWORK_TEXT_SIZE]);
/** Writes the address of NETWORK alone; "" where it is zeroed. */
void network_format_address(const struct network *network,
			    char text[static NETWORK_ADDRESS_TEXT_SIZE]);
/** Says whether every address of INNER is in OUTER. */
NODISCARD bool network_covers(const struct network *outer, const struct network *inner);

/** Makes SET the sorted set of the COUNT networks at NETWORKS, without those that lie inside
 *  another. RESULT_BUSY without memory; SET is then empty. SET must own nothing before. */
NODISCARD enum result network_set_init(struct network_set *set, const struct network *networks,
				       size_t count);
/** Reads networks separated by one blank, as rows hold them. RESULT_INVALID_FIELD for any other
 *  text, the empty one among it; RESULT_BUSY without memory. SET is empty on failure. */
NODISCARD enum result network_set_parse(const char *text, struct network_set *set);
/** Appends the networks of SET, separated by one blank. */
void network_set_write(const struct network_set *set, struct buffer *out);
/** Says whether every network of INNER is inside one of OUTER. */
NODISCARD bool network_set_covers(const struct network_set *outer, const struct network_set *inner);
/** Makes SHARED, which must own nothing, the networks that lie in both A and B. RESULT_BUSY without
 *  memory. */
NODISCARD enum result network_set_intersect(const struct network_set *a,
					    const struct network_set *b,
					    struct network_set *shared);
/** Frees what SET owns and leaves it empty. NULL is allowed. */
void network_set_clear(struct network_set *set);

#endif
