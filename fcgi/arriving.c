/* SPDX-License-Identifier: ISC */
#include "arriving.h"

#include "log.h"
#include "timestamp.h"

#include <sodium.h>

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CONNECTIONS_MAX = 256,
	LOOK_SIZE = 16 * 1024,
	/* The largest body and parameters in records of a sensible size; what is not whole at this
	 * size is too large, and refused before the rest has come. */
	TAKEN_MAX = 160 * 1024,
	TAKEN_IN_ALL_MAX = 8 * 1024 * 1024,
	ARRIVAL_MS = 10000, /* how long a request may take to arrive, or its sender to end */
	DRAIN_MAX = 16 * 1024 * 1024, /* of what is too large */
};

struct connection {
	int descriptor;   /* -1: the place is free */
	uint64_t number;  /* in the order of coming: many come within one tick of the clock */
	int64_t deadline; /* of the monotonic clock */
	bool is_answered;
	size_t drained;
	/* What has been taken of its request; NULL while all of it is in the socket. */
	uint8_t *bytes;
	size_t length, size;
	struct look look;
};

struct arriving {
	int poll;
	size_t count;
	uint64_t numbers; /* given so far */
	size_t taken;     /* the sum of all sizes */
	struct connection connections[CONNECTIONS_MAX];
	uint8_t look[LOOK_SIZE];
};

struct arriving *arriving_new(int poll)
{
	struct arriving *arriving = calloc(1, sizeof(*arriving));

	if (arriving == NULL)
		return NULL;
	arriving->poll = poll;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		arriving->connections[i].descriptor = -1;
	return arriving;
}

static void free_bytes(struct arriving *arriving, struct connection *connection)
{
	if (connection->bytes != NULL)
		sodium_memzero(connection->bytes, connection->length);
	free(connection->bytes);
	arriving->taken -= connection->size;
	connection->bytes = NULL;
	connection->size = 0;
}

/* Gives its place free; the descriptor is the caller's. */
static void take_out(struct arriving *arriving, struct connection *connection)
{
	free_bytes(arriving, connection);
	connection->descriptor = -1;
	arriving->count--;
}

static void drop(struct arriving *arriving, struct connection *connection)
{
	close(connection->descriptor); /* which takes it out of the poll set */
	take_out(arriving, connection);
}

void arriving_free(struct arriving *arriving)
{
	if (arriving == NULL)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (arriving->connections[i].descriptor >= 0)
			drop(arriving, &arriving->connections[i]);
	free(arriving);
}

/* The one that came first, whose deadline is the nearest, among those of at least SIZE, but for
 * SPARED; NULL where there is none. */
static struct connection *find_oldest(struct arriving *arriving, size_t size,
				      const struct connection *spared)
{
	struct connection *oldest = NULL;

	for (size_t i = 0; arriving->count > 0 && i < CONNECTIONS_MAX; i++) {
		struct connection *at = &arriving->connections[i];

		if (at == spared || at->descriptor < 0 || at->size < size)
			continue;
		if (oldest == NULL || at->number < oldest->number)
			oldest = at;
	}
	return oldest;
}

bool arriving_drop_oldest(struct arriving *arriving)
{
	struct connection *oldest = find_oldest(arriving, 0, NULL);

	if (oldest != NULL)
		drop(arriving, oldest);
	return oldest != NULL;
}

int arriving_drop_overdue(struct arriving *arriving)
{
	int64_t now = arriving->count == 0 ? 0 : timestamp_monotonic();
	struct connection *oldest;

	while ((oldest = find_oldest(arriving, 0, NULL)) != NULL && oldest->deadline <= now)
		drop(arriving, oldest);
	return oldest == NULL ? -1 : (int)(oldest->deadline - now) + 1;
}

static struct connection *find_place(struct arriving *arriving)
{
	if (arriving->count == CONNECTIONS_MAX)
		arriving_drop_oldest(arriving);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (arriving->connections[i].descriptor < 0)
			return &arriving->connections[i];
	return NULL;
}

/* Edge-triggered: what is left in a socket at a look would else be reported for ever. */
static void put(struct arriving *arriving, int descriptor, bool is_answered)
{
	struct connection *place = find_place(arriving);
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = place};

	if (place == NULL || epoll_ctl(arriving->poll, EPOLL_CTL_ADD, descriptor, &event) != 0) {
		close(descriptor);
		return;
	}
	*place = (struct connection){.descriptor = descriptor,
				     .number = arriving->numbers++,
				     .deadline = timestamp_monotonic() + ARRIVAL_MS,
				     .is_answered = is_answered};
	arriving->count++;
}

/* Looks at what is there of a request without taking it. */
static enum arrival peek(struct arriving *arriving, int descriptor)
{
	struct look look = {0};
	ssize_t length =
		recv(descriptor, arriving->look, sizeof(arriving->look), MSG_PEEK | MSG_DONTWAIT);
	enum arrival arrival;

	if (length < 0)
		return errno == EAGAIN || errno == EINTR ? ARRIVAL_PARTIAL : ARRIVAL_BROKEN;
	if (length == 0)
		return ARRIVAL_BROKEN;
	arrival = look_further(&look, arriving->look, (size_t)length);
	sodium_memzero(arriving->look, (size_t)length);
	return arrival;
}

/* Makes room for more of a request; false where there is no memory. */
static bool grow(struct arriving *arriving, struct connection *connection)
{
	size_t size = connection->size == 0              ? LOOK_SIZE
		      : connection->size < TAKEN_MAX / 2 ? connection->size * 2
							 : TAKEN_MAX;
	struct connection *oldest;
	uint8_t *bytes;

	while (arriving->taken - connection->size + size > TAKEN_IN_ALL_MAX &&
	       (oldest = find_oldest(arriving, 1, connection)) != NULL)
		drop(arriving, oldest);
	bytes = malloc(size);
	if (bytes == NULL)
		return false;
	if (connection->bytes != NULL)
		memcpy(bytes, connection->bytes, connection->length);
	free_bytes(arriving, connection); /* realloc() would leave a key behind */
	connection->bytes = bytes;
	connection->size = size;
	arriving->taken += size;
	return true;
}

/* Takes what is there of a request. ARRIVAL_PARTIAL: more must come first. */
static enum arrival take(struct arriving *arriving, struct connection *connection)
{
	while (connection->length < TAKEN_MAX) {
		enum arrival arrival;
		ssize_t length;

		if (connection->length == connection->size && !grow(arriving, connection))
			return ARRIVAL_BROKEN;
		length = recv(connection->descriptor, connection->bytes + connection->length,
			      connection->size - connection->length, MSG_DONTWAIT);
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return ARRIVAL_PARTIAL;
		if (length <= 0)
			return ARRIVAL_BROKEN;
		connection->length += (size_t)length;
		arrival = look_further(&connection->look, connection->bytes, connection->length);
		if (arrival == ARRIVAL_BROKEN || arrival == ARRIVAL_COMPLETE)
			return arrival;
	}
	/* Too large: refused by what its parameters say, or, where not even they end, not at all.
	 */
	return connection->look.stage == LOOK_BODY ? ARRIVAL_HEAD : ARRIVAL_BROKEN;
}

/* Puts what was taken where libfcgi can read it: into a socket of our own, at one go, for which
 * the kernel counts little more than the bytes. */
static int open_source(const struct connection *connection)
{
	int ends[2], size = 2 * TAKEN_MAX;
	ssize_t sent;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	sent = send(ends[1], connection->bytes, connection->length, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(ends[1]); /* so that whoever reads never waits */
	if (sent >= 0 && (size_t)sent == connection->length)
		return ends[0];
	log_event(LOG_ERROR, NULL, "a request could not be kept", "length=%zu kept=%zd",
		  connection->length, sent);
	close(ends[0]);
	errno = ENOBUFS;
	return -1;
}

/* Takes one whose request is there out of the set. False where it had to be closed. */
static bool hand_over(struct arriving *arriving, struct connection *connection,
		      enum arrival arrival, struct arrived *arrived)
{
	struct connection *oldest;

	*arrived = (struct arrived){
		.descriptor = connection->descriptor, .source = -1, .arrival = arrival};
	if (connection->bytes != NULL) {
		while ((arrived->source = open_source(connection)) < 0 &&
		       (errno == EMFILE || errno == ENFILE) &&
		       (oldest = find_oldest(arriving, 0, connection)) != NULL)
			drop(arriving, oldest);
		if (arrived->source < 0) {
			drop(arriving, connection);
			return false;
		}
	}
	epoll_ctl(arriving->poll, EPOLL_CTL_DEL, connection->descriptor, NULL);
	take_out(arriving, connection);
	return true;
}

bool arriving_add(struct arriving *arriving, int descriptor, struct arrived *arrived)
{
	enum arrival arrival = peek(arriving, descriptor);

	*arrived = (struct arrived){.descriptor = descriptor, .source = -1, .arrival = arrival};
	if (arrival == ARRIVAL_COMPLETE)
		return true;
	if (arrival == ARRIVAL_BROKEN)
		close(descriptor);
	else
		put(arriving, descriptor, false);
	return false;
}

/* Throws away what comes; false once nothing more will, or enough has. */
static bool drain(struct arriving *arriving, struct connection *connection)
{
	ssize_t length;

	while ((length = recv(connection->descriptor, arriving->look, sizeof(arriving->look),
			      MSG_DONTWAIT)) > 0) {
		connection->drained += (size_t)length;
		if (connection->drained > DRAIN_MAX)
			break;
	}
	sodium_memzero(arriving->look, sizeof(arriving->look));
	return length < 0 && (errno == EAGAIN || errno == EINTR);
}

bool arriving_go_on(struct arriving *arriving, struct connection *connection,
		    struct arrived *arrived)
{
	enum arrival arrival = ARRIVAL_PARTIAL;

	if (connection->descriptor < 0) /* dropped since its event was fetched */
		return false;
	if (connection->is_answered) {
		if (!drain(arriving, connection))
			drop(arriving, connection);
		return false;
	}
	if (connection->bytes == NULL)
		arrival = peek(arriving, connection->descriptor);
	if (arrival != ARRIVAL_COMPLETE && arrival != ARRIVAL_BROKEN)
		arrival = take(arriving, connection);
	if (arrival == ARRIVAL_PARTIAL)
		return false;
	if (arrival == ARRIVAL_BROKEN) {
		drop(arriving, connection);
		return false;
	}
	return hand_over(arriving, connection, arrival, arrived);
}

void arriving_drain(struct arriving *arriving, int descriptor)
{
	put(arriving, descriptor, true);
}
