/* SPDX-License-Identifier: ISC */
#include "lanes.h"

#include "arriving.h"
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
	ACCEPTS_IN_A_ROW = 64,
	EVENTS_MAX = 32,
	LAST_LOOKS = 8,
	NO_DESCRIPTORS_PAUSE_MS = 50,
};

struct lane_thread {
	struct lanes *lanes;
	struct worker worker;
	pthread_t thread;
	bool is_running;
	/* The fast lane's alone. */
	int poll;
	struct arriving *arriving;
	struct exchange *spare; /* between two requests */
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

/* Answers, or hands over to the slow lane. */
static void serve(struct lane_thread *self, const struct arrived *arrived)
{
	struct exchange *exchange = self->spare != NULL ? self->spare : exchange_new();
	int rest = -1;

	self->spare = NULL;
	if (exchange == NULL) {
		close(arrived->descriptor);
		if (arrived->source >= 0)
			close(arrived->source);
		return;
	}
	if (exchange_read(exchange, &self->worker, arrived)) {
		if (exchange_answer(exchange, &self->worker) == RESULT_OK)
			rest = exchange_end(exchange);
		else if (queue_put(self->lanes->queue, exchange))
			return;
		else
			rest = exchange_refuse(exchange, RESULT_BUSY);
	}
	self->spare = exchange;
	if (rest >= 0)
		arriving_drain(self->arriving, rest);
}

/* Accepts one connection; false where there is none. */
static bool accept_one(struct lane_thread *self)
{
	int descriptor = accept4(self->lanes->listening, NULL, NULL, SOCK_CLOEXEC);
	struct arrived arrived;

	if (descriptor >= 0) {
		if (arriving_add(self->arriving, descriptor, &arrived))
			serve(self, &arrived);
		return true;
	}
	/* Out of descriptors: the oldest that sends nothing gives its own; else the others need a
	 * moment to end. */
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		struct timespec pause = {.tv_nsec = NO_DESCRIPTORS_PAUSE_MS * 1000000L};

		if (!arriving_drop_oldest(self->arriving))
			nanosleep(&pause, NULL);
		return true;
	}
	return errno == ECONNABORTED || errno == EINTR;
}

/* Goes on with the connections of which there is more. */
static void handle_events(struct lane_thread *self, int timeout)
{
	struct epoll_event events[EVENTS_MAX];
	struct arrived arrived;
	int count = epoll_wait(self->poll, events, EVENTS_MAX, timeout);

	for (int i = 0; i < count; i++)
		if (events[i].data.ptr != NULL &&
		    arriving_go_on(self->arriving, events[i].data.ptr, &arrived))
			serve(self, &arrived);
}

static void *run_fast(void *argument)
{
	struct lane_thread *self = argument;

	while (!self->lanes->is_stopping) {
		int accepted = 0, timeout;

		while (accepted < ACCEPTS_IN_A_ROW && accept_one(self))
			accepted++;
		timeout = arriving_drop_overdue(self->arriving);
		if (accepted == ACCEPTS_IN_A_ROW)
			timeout = 0; /* there may be more */
		handle_events(self, timeout);
	}
	/* What was sent before the stop is answered; on a socket that the web server keeps, the
	 * rest is for our successor. */
	for (int i = 0; i < QUEUE_PLACES && accept_one(self); i++)
		;
	for (int i = 0; i < LAST_LOOKS; i++)
		handle_events(self, 0);
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

	self->poll = epoll_create1(EPOLL_CLOEXEC);
	self->arriving = arriving_new(self->poll);
	if (self->arriving == NULL || self->poll < 0 ||
	    epoll_ctl(self->poll, EPOLL_CTL_ADD, self->lanes->listening, &event) != 0)
		return false;
	event.events = EPOLLIN;
	if (epoll_ctl(self->poll, EPOLL_CTL_ADD, self->lanes->stop_event, &event) != 0)
		return false;
	return pthread_create(&self->thread, NULL, run_fast, self) == 0;
}

static void clear_thread(struct lane_thread *self)
{
	arriving_free(self->arriving);
	if (self->poll >= 0)
		close(self->poll);
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

void lanes_stop_accepting(struct lanes *lanes)
{
	uint64_t one = 1;

	lanes->stop_deadline = timestamp_monotonic() + LANES_STOP_MS;
	lanes->is_stopping = true;
	if (lanes->stop_event >= 0 && write(lanes->stop_event, &one, sizeof(one)) < 0)
		log_event(LOG_ERROR, NULL, "stop not told", "errno=%d", errno);
	join_all(lanes->fast, lanes->fast_count);
	lanes->fast_count = 0;
}

void lanes_stop(struct lanes *lanes)
{
	if (!lanes->is_stopping)
		lanes_stop_accepting(lanes);
	if (lanes->queue != NULL)
		queue_close(lanes->queue);
	join_all(lanes->slow, lanes->slow_count);
	queue_free(lanes->queue);
	if (lanes->stop_event >= 0)
		close(lanes->stop_event);
	free(lanes);
}
