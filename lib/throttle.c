/* SPDX-License-Identifier: ISC */
#include "throttle.h"

#include <sodium.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096, WAYS = 8, SETS = BUCKETS / WAYS };
enum { SELECTOR_TRIES = 20, SELECTOR_REFILL_MS = 3000 };
enum { ADDRESS_TRIES = 5, ADDRESS_REFILL_MS = 12000 };
enum { SUSPECT_MS = 60000 };
enum { NETWORK_SIZE = 8 }; /* a /64 of IPv6; a /32 of IPv4 takes the first half */

enum origin { ORIGIN_ANYWHERE, ORIGIN_UNKNOWN, ORIGIN_IPV4, ORIGIN_IPV6 };

/* Whose bucket it is. All bytes, so that it can be hashed and compared whole. */
struct owner {
	char selector[SELECTOR_LENGTH];
	uint8_t origin;
	uint8_t network[NETWORK_SIZE];
};

_Static_assert(sizeof(struct owner) == SELECTOR_LENGTH + 1 + NETWORK_SIZE,
	       "an owner has no padding");

/* Zeroed, it is nobody's, and full since the clock began. */
struct bucket {
	struct owner owner;
	int64_t full_at; /* when the last try that was taken has come back */
	int64_t failed_at;
};

struct table {
	int64_t tries, refill_ms;
	struct bucket buckets[SETS][WAYS];
};

struct throttle {
	pthread_mutex_t lock;
	uint8_t hash_key[crypto_shorthash_KEYBYTES];
	struct table by_selector, by_address;
};

struct throttle *throttle_new(void)
{
	struct throttle *throttle = calloc(1, sizeof(*throttle));

	if (throttle == NULL)
		return NULL;
	if (pthread_mutex_init(&throttle->lock, NULL) != 0) {
		free(throttle);
		return NULL;
	}
	crypto_shorthash_keygen(throttle->hash_key);
	throttle->by_selector.tries = SELECTOR_TRIES;
	throttle->by_selector.refill_ms = SELECTOR_REFILL_MS;
	throttle->by_address.tries = ADDRESS_TRIES;
	throttle->by_address.refill_ms = ADDRESS_REFILL_MS;
	return throttle;
}

void throttle_free(struct throttle *throttle)
{
	if (throttle == NULL)
		return;
	pthread_mutex_destroy(&throttle->lock);
	free(throttle);
}

static struct owner owner_anywhere(const struct selector *selector)
{
	struct owner owner = {.origin = ORIGIN_ANYWHERE};

	memcpy(owner.selector, selector->text, sizeof(owner.selector));
	return owner;
}

static struct owner owner_at(const struct selector *selector, const char *address)
{
	struct owner owner = owner_anywhere(selector);
	struct in_addr ipv4;
	struct in6_addr ipv6;

	owner.origin = ORIGIN_UNKNOWN;
	if (inet_pton(AF_INET, address, &ipv4) == 1) {
		owner.origin = ORIGIN_IPV4;
		memcpy(owner.network, &ipv4, sizeof(ipv4));
	} else if (inet_pton(AF_INET6, address, &ipv6) == 1 && IN6_IS_ADDR_V4MAPPED(&ipv6)) {
		/* ::ffff:a.b.c.d is a.b.c.d as a socket of both families shows it. */
		owner.origin = ORIGIN_IPV4;
		memcpy(owner.network, &ipv6.s6_addr[12], sizeof(ipv4));
	} else if (inet_pton(AF_INET6, address, &ipv6) == 1) {
		owner.origin = ORIGIN_IPV6;
		memcpy(owner.network, ipv6.s6_addr, sizeof(owner.network));
	}
	return owner;
}

/* By a keyed hash: who chooses addresses must not choose whom they push out. */
static struct bucket *set_of(const struct throttle *throttle, struct table *table,
			     const struct owner *owner)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t number;

	crypto_shorthash(hash, (const uint8_t *)owner, sizeof(*owner), throttle->hash_key);
	memcpy(&number, hash, sizeof(number));
	return table->buckets[number % SETS];
}

/* NULL where OWNER has no bucket, which is as good as a full one. */
static struct bucket *find_bucket(const struct throttle *throttle, struct table *table,
				  const struct owner *owner)
{
	struct bucket *set = set_of(throttle, table, owner);

	for (size_t i = 0; i < WAYS; i++)
		if (memcmp(&set[i].owner, owner, sizeof(*owner)) == 0)
			return &set[i];
	return NULL;
}

/* In place of the one that is full, or nearest to it; a free one is full. */
static struct bucket *new_bucket(const struct throttle *throttle, struct table *table,
				 const struct owner *owner)
{
	struct bucket *set = set_of(throttle, table, owner);
	struct bucket *bucket = &set[0];

	for (size_t i = 1; i < WAYS; i++)
		if (set[i].full_at < bucket->full_at)
			bucket = &set[i];
	*bucket = (struct bucket){.owner = *owner};
	return bucket;
}

static int64_t wait_for(const struct throttle *throttle, struct table *table,
			const struct owner *owner, int64_t now)
{
	const struct bucket *bucket = find_bucket(throttle, table, owner);
	int64_t ready_at;

	if (bucket == NULL)
		return 0;
	ready_at = bucket->full_at - (table->tries - 1) * table->refill_ms;
	return ready_at > now ? ready_at - now : 0;
}

/* Never below empty: runs that were under way together are not paid for later. */
static void charge(const struct throttle *throttle, struct table *table, const struct owner *owner,
		   int64_t now)
{
	struct bucket *bucket = find_bucket(throttle, table, owner);
	int64_t empty = now + table->tries * table->refill_ms;

	if (bucket == NULL)
		bucket = new_bucket(throttle, table, owner);
	bucket->full_at = (bucket->full_at > now ? bucket->full_at : now) + table->refill_ms;
	if (bucket->full_at > empty)
		bucket->full_at = empty;
	bucket->failed_at = now;
}

int64_t throttle_wait_ms(struct throttle *throttle, const struct selector *selector,
			 const char *address, int64_t now)
{
	struct owner anywhere = owner_anywhere(selector);
	struct owner here = owner_at(selector, address);
	int64_t from_anywhere, from_here;

	pthread_mutex_lock(&throttle->lock);
	from_anywhere = wait_for(throttle, &throttle->by_selector, &anywhere, now);
	from_here = wait_for(throttle, &throttle->by_address, &here, now);
	pthread_mutex_unlock(&throttle->lock);
	return from_anywhere > from_here ? from_anywhere : from_here;
}

void throttle_charge(struct throttle *throttle, const struct selector *selector,
		     const char *address, int64_t now)
{
	struct owner anywhere = owner_anywhere(selector);
	struct owner here = owner_at(selector, address);

	pthread_mutex_lock(&throttle->lock);
	charge(throttle, &throttle->by_selector, &anywhere, now);
	charge(throttle, &throttle->by_address, &here, now);
	pthread_mutex_unlock(&throttle->lock);
}

bool throttle_suspects(struct throttle *throttle, const struct selector *selector, int64_t now)
{
	struct owner anywhere = owner_anywhere(selector);
	const struct bucket *bucket;
	bool suspected;

	pthread_mutex_lock(&throttle->lock);
	bucket = find_bucket(throttle, &throttle->by_selector, &anywhere);
	suspected = bucket != NULL && now - bucket->failed_at < SUSPECT_MS;
	pthread_mutex_unlock(&throttle->lock);
	return suspected;
}
