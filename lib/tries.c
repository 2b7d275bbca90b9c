/* SPDX-License-Identifier: ISC */
#include "tries.h"

#include "file.h"
#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { ADDRESSES = 64 };
enum { ADDRESS_TRIES = 5, ADDRESS_REFILL_MS = 12000 };
enum { ALL_TRIES = 20, ALL_REFILL_MS = 3000 };
enum { IPV6_SITE_SIZE = 8, IPV6_SITE_BITS = 64, MS_PER_SECOND = 1000 };

/* Zeroed, it is full since the clock began. */
struct bucket {
	struct network owner;
	int64_t full_at; /* when the last try that was taken has come back */
};

/* What the file holds, as it lies in memory: it is for one machine. */
struct table {
	struct bucket all;
	struct bucket addresses[ADDRESSES];
};

enum result tries_open(const char *path, int *descriptor, struct error *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	enum result result = file_open(path, FILE_PRIVATE, FILE_TO_MAKE_OR_UPDATE, descriptor, err);
	int status;

	if (result != RESULT_OK)
		return result;
	/* Of the open file and not of the process: threads keep each other out as well. */
	do
		status = fcntl(*descriptor, F_OFD_SETLKW, &lock);
	while (status != 0 && errno == EINTR);
	if (status == 0)
		return RESULT_OK;
	tries_close(*descriptor);
	*descriptor = -1;
	return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
			 "%.95s: cannot be locked; its file system has to have locks", path);
}

void tries_close(int descriptor)
{
	if (descriptor >= 0)
		close(descriptor);
}

static struct network owner_of(const char *address)
{
	struct network owner = {0};

	if (!network_parse_address(address, &owner))
		return owner;
	if (owner.family == NETWORK_IPV6) {
		memset(owner.bytes + IPV6_SITE_SIZE, 0, sizeof(owner.bytes) - IPV6_SITE_SIZE);
		owner.prefix_length = IPV6_SITE_BITS;
	}
	return owner;
}

static struct bucket *find_bucket(struct table *table, const struct network *owner)
{
	struct bucket *nearest = &table->addresses[0];

	for (size_t i = 0; i < ADDRESSES; i++) {
		struct bucket *bucket = &table->addresses[i];

		if (bucket->full_at != 0 && memcmp(&bucket->owner, owner, sizeof(*owner)) == 0)
			return bucket;
		if (bucket->full_at < nearest->full_at)
			nearest = bucket;
	}
	*nearest = (struct bucket){.owner = *owner};
	return nearest;
}

/* Zero where a try is left, else how long there is none. */
static int64_t wait_for(struct bucket *bucket, int64_t tries, int64_t refill_ms, int64_t now)
{
	int64_t empty = now + tries * refill_ms;
	int64_t ready_at;

	if (bucket->full_at > empty)
		bucket->full_at = empty;
	ready_at = bucket->full_at - (tries - 1) * refill_ms;
	return ready_at > now ? ready_at - now : 0;
}

static void charge(struct bucket *bucket, int64_t refill_ms, int64_t now)
{
	bucket->full_at = (bucket->full_at > now ? bucket->full_at : now) + refill_ms;
}

enum result tries_take(int descriptor, const char *address, int64_t now, struct error *err)
{
	struct network owner = owner_of(address);
	struct table table = {0};
	struct bucket *here;
	int64_t wait_here, wait_all, wait_ms;

	/* What is no table yet, or was cut, counts from nothing: only we write there. */
	if (pread(descriptor, &table, sizeof(table), 0) != (ssize_t)sizeof(table))
		table = (struct table){0};
	here = find_bucket(&table, &owner);
	wait_here = wait_for(here, ADDRESS_TRIES, ADDRESS_REFILL_MS, now);
	wait_all = wait_for(&table.all, ALL_TRIES, ALL_REFILL_MS, now);
	wait_ms = wait_here > wait_all ? wait_here : wait_all;
	if (wait_ms == 0) {
		charge(here, ADDRESS_REFILL_MS, now);
		charge(&table.all, ALL_REFILL_MS, now);
	}
	/* Also where none is left: a clock that was set back is then behind us. */
	if (pwrite(descriptor, &table, sizeof(table), 0) != (ssize_t)sizeof(table))
		return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
				 "The tries cannot be counted now; is the disk full?");
	if (wait_ms > 0) {
		error_set(err, RESULT_RATE_LIMITED, NULL,
			  "Too many codes were tried; wait as Retry-After says");
		err->retry_after_seconds = (wait_ms + MS_PER_SECOND - 1) / MS_PER_SECOND;
		return RESULT_RATE_LIMITED;
	}
	return RESULT_OK;
}
