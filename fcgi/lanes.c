/* SPDX-License-Identifier: ISC */
#include "lanes.h"

#include "exchange.h"
#include "log.h"
#include "queue.h"
#include "timestamp.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	THREADS_MAX = 16,
	QUEUE_PLACES = 64,
	SLOW_LANE_NICE = 10,
	/* A whole request of the largest body and parameters fits into a socket's buffer; what is
	 * not whole at this size is too large, and refused before the rest has come. */
	LOOK_FIRST = 16 * 1024,
	LOOK_MAX = 160 * 1024,
	ARRIVAL_MS = 10000, /* how long a request may take to arrive, or its sender to end */
	ARRIVING_MAX = 256, /* how many may be arriving, a thread */
	DRAIN_MAX = 16 * 1024 * 1024, /* of what is too large */
	ACCEPTS_IN_A_ROW = 64,
	EVENTS_MAX = 32,
	NO_DESCRIPTORS_PAUSE_MS = 50,
};

/* A connection whose request has not arrived whole; or one that was answered before it had, from
 * which the rest is thrown away. */
struct arriving {
	int descriptor;   /* -1: the place is free */
	int64_t deadline; /* of the monotonic clock */
	bool is_answered;
	size_t drained;
};

struct lane_thread {
	struct lanes *lanes;
	struct worker worker;
	pthread_t thread;
	bool is_running;
	/* The fast lane's alone. */
	int poll;
	struct arriving arriving[ARRIVING_MAX];
	size_t arriving_count;
	struct exchange *spare; /* between two requests */
	uint8_t *look;          /* LOOK_MAX bytes */
};

struct lanes {
	struct server *server;
	int listening;
	int stop_event;
	atomic_bool is_stopping;
	atomic_int_least64_t stop_deadline; /* once it is stopping */
	struct queue *queue;
	struct lane_thread fast[THREADS_MAX], slow[THREADS_MAX];
	size_t fast_count, slow_count;
};

static void drop(struct lane_thread *self, struct arriving *arriving)
{
	close(arriving->descriptor); /* which takes it out of the poll set */
	arriving->descriptor = -1;
	self->arriving_count--;
}

/* The one with the nearest deadline; NULL where there is none. */
static struct arriving *find_oldest(struct lane_thread *self)
{
	struct arriving *oldest = NULL;

	for (size_t i = 0; self->arriving_count > 0 && i < ARRIVING_MAX; i++) {
		struct arriving *at = &self->arriving[i];

		if (at->descriptor >= 0 && (oldest == NULL || at->deadline < oldest->deadline))
			oldest = at;
	}
	return oldest;
}

/* Where all places are taken, the one that has waited longest gives its own. */
static struct arriving *find_place(struct lane_thread *self)
{
	if (self->arriving_count == ARRIVING_MAX)
		drop(self, find_oldest(self));
	for (size_t i = 0; i < ARRIVING_MAX; i++)
		if (self->arriving[i].descriptor < 0)
			return &self->arriving[i];
	return NULL;
}

/* Edge-triggered: a request that has arrived in part stays readable without being of use. */
static void wait_for_more(struct lane_thread *self, int descriptor, bool is_answered)
{
	struct arriving *place = find_place(self);
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = place};

	if (place == NULL || epoll_ctl(self->poll, EPOLL_CTL_ADD, descriptor, &event) != 0) {
		close(descriptor);
		return;
	}
	*place = (struct arriving){.descriptor = descriptor,
				   .deadline = timestamp_monotonic() + ARRIVAL_MS,
				   .is_answered = is_answered};
	self->arriving_count++;
}

/* Answers, or hands over to the slow lane. */
static void serve(struct lane_thread *self, int descriptor, enum arrival arrival)
{
	struct exchange *exchange = self->spare != NULL ? self->spare : exchange_new();
	int rest = -1;

	self->spare = NULL;
	if (exchange == NULL) {
		close(descriptor);
		return;
	}
	exchange_attach(exchange, descriptor);
	if (exchange_read(exchange, &self->worker, arrival)) {
		if (exchange_answer(exchange, &self->worker) == RESULT_OK)
			rest = exchange_end(exchange);
		else if (queue_put(self->lanes->queue, exchange))
			return;
		else
			rest = exchange_refuse(exchange, RESULT_BUSY);
	}
	self->spare = exchange;
	if (rest >= 0)
		wait_for_more(self, rest, true);
}

/* Looks at what has arrived without taking it, so that libfcgi never waits for a byte. FALSE where
 * more must come first. */
static bool look_at(struct lane_thread *self, int descriptor, enum arrival *arrival)
{
	size_t size = LOOK_FIRST;

	*arrival = ARRIVAL_BROKEN;
	for (;;) {
		ssize_t length = recv(descriptor, self->look, size, MSG_PEEK | MSG_DONTWAIT);

		if (length < 0)
			return errno != EAGAIN && errno != EINTR;
		if (length == 0)
			return true;
		*arrival = exchange_look(self->look, (size_t)length);
		if (*arrival == ARRIVAL_BROKEN || *arrival == ARRIVAL_COMPLETE)
			return true;
		if ((size_t)length < size)
			return false;
		if (size == LOOK_MAX)
			break;
		size = LOOK_MAX;
	}
	/* Too large: refused by what its parameters say, or, where not even they end, not at all.
	 */
	if (*arrival == ARRIVAL_PARTIAL)
		*arrival = ARRIVAL_BROKEN;
	return true;
}

/* Throws away what comes; false once nothing more will, or enough has. */
static bool drain(struct lane_thread *self, struct arriving *arriving)
{
	ssize_t length;

	while ((length = recv(arriving->descriptor, self->look, LOOK_MAX, MSG_DONTWAIT)) > 0) {
		arriving->drained += (size_t)length;
		if (arriving->drained > DRAIN_MAX)
			return false;
	}
	return length < 0 && (errno == EAGAIN || errno == EINTR);
}

static void handle_new(struct lane_thread *self, int descriptor)
{
	enum arrival arrival;

	if (!look_at(self, descriptor, &arrival))
		wait_for_more(self, descriptor, false);
	else if (arrival == ARRIVAL_BROKEN)
		close(descriptor);
	else
		serve(self, descriptor, arrival);
}

static void handle_arriving(struct lane_thread *self, struct arriving *arriving)
{
	int descriptor = arriving->descriptor;
	enum arrival arrival;

	if (arriving->is_answered) {
		if (!drain(self, arriving))
			drop(self, arriving);
		return;
	}
	if (!look_at(self, descriptor, &arrival))
		return;
	if (arrival == ARRIVAL_BROKEN) {
		drop(self, arriving);
		return;
	}
	epoll_ctl(self->poll, EPOLL_CTL_DEL, descriptor, NULL);
	arriving->descriptor = -1;
	self->arriving_count--;
	serve(self, descriptor, arrival);
}

/* Accepts one connection; false where there is none. */
static bool accept_one(struct lane_thread *self)
{
	int descriptor = accept4(self->lanes->listening, NULL, NULL, SOCK_CLOEXEC);

	if (descriptor >= 0) {
		handle_new(self, descriptor);
		return true;
	}
	/* Out of descriptors: the oldest that sends nothing gives its own; else the others need a
	 * moment to end. */
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		struct timespec pause = {.tv_nsec = NO_DESCRIPTORS_PAUSE_MS * 1000000L};
		struct arriving *oldest = find_oldest(self);

		if (oldest != NULL)
			drop(self, oldest);
		else
			nanosleep(&pause, NULL);
		return true;
	}
	return errno == ECONNABORTED || errno == EINTR;
}

/* Drops those that are overdue; answers when the next one will be, as epoll_wait() wants it. */
static int drop_overdue(struct lane_thread *self)
{
	int64_t now = self->arriving_count == 0 ? 0 : timestamp_monotonic();
	struct arriving *oldest;

	while ((oldest = find_oldest(self)) != NULL && oldest->deadline <= now)
		drop(self, oldest);
	return oldest == NULL ? -1 : (int)(oldest->deadline - now) + 1;
}

static void *run_fast(void *argument)
{
	struct lane_thread *self = argument;
	struct epoll_event events[EVENTS_MAX];

	while (!self->lanes->is_stopping) {
		int accepted = 0, timeout, count;

		while (accepted < ACCEPTS_IN_A_ROW && accept_one(self))
			accepted++;
		timeout = drop_overdue(self);
		if (accepted == ACCEPTS_IN_A_ROW)
			timeout = 0; /* there may be more */
		count = epoll_wait(self->poll, events, EVENTS_MAX, timeout);
		for (int i = 0; i < count; i++)
			if (events[i].data.ptr != NULL)
				handle_arriving(self, events[i].data.ptr);
	}
	/* What has connected before the stop is answered; on a socket that the web server keeps,
	 * the rest is for our successor. */
	for (int i = 0; i < QUEUE_PLACES && accept_one(self); i++)
		;
	for (size_t i = 0; i < ARRIVING_MAX; i++)
		if (self->arriving[i].descriptor >= 0)
			drop(self, &self->arriving[i]);
	return NULL;
}

static void refuse_all(struct exchange *list)
{
	while (list != NULL) {
		struct exchange *next = list->next;

		(void)exchange_refuse(list, RESULT_BUSY); /* read whole: nothing is left of it */
		exchange_free(list);
		list = next;
	}
}

static bool is_out_of_time(const struct lanes *lanes)
{
	return lanes->is_stopping && timestamp_monotonic() > lanes->stop_deadline;
}

static void *run_slow(void *argument)
{
	struct lane_thread *self = argument;
	struct exchange *exchange;

	/* Of this thread alone, on Linux. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), SLOW_LANE_NICE);
	while ((exchange = queue_take(self->lanes->queue)) != NULL) {
		struct exchange *refused;

		if (is_out_of_time(self->lanes) ||
		    exchange_answer(exchange, &self->worker) != RESULT_OK)
			response_refuse(&exchange->response, RESULT_BUSY, exchange->request.id,
					NULL);
		refused =
			queue_done(self->lanes->queue, exchange, exchange->response.status == 503);
		(void)exchange_end(exchange); /* it was read whole */
		exchange_free(exchange);
		refuse_all(refused);
	}
	return NULL;
}

static bool start_fast(struct lane_thread *self)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};

	self->look = malloc(LOOK_MAX);
	self->poll = epoll_create1(EPOLL_CLOEXEC);
	if (self->look == NULL || self->poll < 0 ||
	    epoll_ctl(self->poll, EPOLL_CTL_ADD, self->lanes->listening, &event) != 0)
		return false;
	event.events = EPOLLIN;
	if (epoll_ctl(self->poll, EPOLL_CTL_ADD, self->lanes->stop_event, &event) != 0)
		return false;
	return pthread_create(&self->thread, NULL, run_fast, self) == 0;
}

static void clear_thread(struct lane_thread *self)
{
	if (self->poll >= 0)
		close(self->poll);
	free(self->look);
	exchange_free(self->spare);
	worker_close(&self->worker);
}

static enum result start_lane(struct lanes *lanes, struct lane_thread *threads, size_t wanted,
			      bool may_wait, size_t *count, struct error *err)
{
	for (*count = 0; *count < wanted && *count < THREADS_MAX; (*count)++) {
		struct lane_thread *self = &threads[*count];
		enum result result;

		self->lanes = lanes;
		self->poll = -1;
		for (size_t i = 0; i < ARRIVING_MAX; i++)
			self->arriving[i].descriptor = -1;
		result = worker_open(&self->worker, lanes->server, may_wait, false, err);
		if (result == RESULT_OK)
			self->is_running =
				may_wait ? pthread_create(&self->thread, NULL, run_slow, self) == 0
					 : start_fast(self);
		if (self->is_running)
			continue;
		clear_thread(self);
		if (*count == 0)
			return result != RESULT_OK
				       ? result
				       : error_set(err, RESULT_BUSY, NULL,
						   "No thread could be started; raise the limit of "
						   "processes or memory");
		log_event(LOG_WARNING, NULL, "fewer threads than configured", "lane=%s threads=%zu",
			  may_wait ? "slow" : "fast", *count);
		break;
	}
	return RESULT_OK;
}

enum result lanes_start(struct server *server, int descriptor, struct lanes **lanes,
			struct error *err)
{
	struct lanes *started = calloc(1, sizeof(*started));
	int flags = fcntl(descriptor, F_GETFL);
	enum result result;

	*lanes = NULL;
	if (started == NULL)
		return error_set(err, RESULT_BUSY, NULL, "There is no memory to start with");
	started->server = server;
	started->listening = descriptor;
	started->stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	started->queue = queue_new(QUEUE_PLACES, &server->waiting);
	/* Several threads wait for one connection: the slower ones must not sleep in accept. */
	if (started->stop_event < 0 || started->queue == NULL || flags < 0 ||
	    fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) {
		result = error_set(err, RESULT_BUSY, NULL,
				   "The listening socket could not be prepared");
		goto out;
	}
	result = start_lane(started, started->slow, server->config->slow_threads, true,
			    &started->slow_count, err);
	if (result == RESULT_OK)
		result = start_lane(started, started->fast, server->config->fast_threads, false,
				    &started->fast_count, err);
	if (result == RESULT_OK) {
		*lanes = started;
		return RESULT_OK;
	}
out:
	lanes_stop(started);
	return result;
}

static void join_all(struct lane_thread *threads, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		pthread_join(threads[i].thread, NULL);
		clear_thread(&threads[i]);
	}
}

void lanes_stop(struct lanes *lanes)
{
	uint64_t one = 1;

	lanes->stop_deadline = timestamp_monotonic() + LANES_STOP_MS;
	lanes->is_stopping = true;
	if (lanes->stop_event >= 0 && write(lanes->stop_event, &one, sizeof(one)) < 0)
		log_event(LOG_ERROR, NULL, "stop not told", "errno=%d", errno);
	join_all(lanes->fast, lanes->fast_count);
	if (lanes->queue != NULL)
		queue_close(lanes->queue);
	join_all(lanes->slow, lanes->slow_count);
	queue_free(lanes->queue);
	if (lanes->stop_event >= 0)
		close(lanes->stop_event);
	free(lanes);
}
