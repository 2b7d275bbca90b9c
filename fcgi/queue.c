/* SPDX-License-Identifier: ISC */
#include "queue.h"

#include <sodium.h>

#include <pthread.h>
#include <stdlib.h>

/* Requests that wait for another one's run cost a descriptor and a few kilobytes each. */
enum { WAITERS_MAX = 1024 };

struct queue {
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	struct exchange *first, *last;
	struct exchange *running; /* those that need a scrypt run */
	size_t places, queued, waiters;
	bool suspect_runs;
	bool is_closed;
	atomic_uint_least64_t *counter;
};

struct queue *queue_new(size_t places, atomic_uint_least64_t *counter)
{
	struct queue *queue = calloc(1, sizeof(*queue));

	if (queue == NULL)
		return NULL;
	queue->places = places;
	queue->counter = counter;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	return queue;
}

void queue_free(struct queue *queue)
{
	if (queue == NULL)
		return;
	pthread_mutex_destroy(&queue->lock);
	pthread_cond_destroy(&queue->changed);
	free(queue);
}

static bool needs_run(const struct exchange *exchange)
{
	return sodium_is_zero(exchange->pending.tag.bytes, MEMO_TAG_SIZE) == 0;
}

static struct exchange *find_same(struct exchange *list, const struct exchange *exchange)
{
	for (; list != NULL; list = list->next)
		if (sodium_memcmp(list->pending.tag.bytes, exchange->pending.tag.bytes,
				  MEMO_TAG_SIZE) == 0)
			return list;
	return NULL;
}

/* Behind BEFORE; at the front where that is NULL. */
static void insert(struct queue *queue, struct exchange *before, struct exchange *exchange)
{
	struct exchange **place = before == NULL ? &queue->first : &before->next;

	exchange->next = *place;
	*place = exchange;
	if (queue->last == before)
		queue->last = exchange;
	queue->queued++;
}

/* The last of those at the front that need no scrypt. */
static struct exchange *last_short(const struct queue *queue)
{
	struct exchange *last = NULL;

	for (struct exchange *at = queue->first; at != NULL && at->pending.is_short; at = at->next)
		last = at;
	return last;
}

static void count(struct queue *queue)
{
	*queue->counter = queue->queued + queue->waiters;
}

/* With the lock held. */
static bool put_locked(struct queue *queue, struct exchange *exchange)
{
	struct exchange *same = NULL;

	if (queue->is_closed)
		return false;
	if (needs_run(exchange)) {
		same = find_same(queue->running, exchange);
		if (same == NULL)
			same = find_same(queue->first, exchange);
	}
	if (same != NULL) {
		if (queue->waiters == WAITERS_MAX)
			return false;
		exchange->next = same->waiters;
		same->waiters = exchange;
		queue->waiters++;
		return true;
	}
	if (queue->queued >= queue->places * (exchange->pending.is_short ? 2 : 1))
		return false;
	insert(queue, exchange->pending.is_short ? last_short(queue) : queue->last, exchange);
	pthread_cond_signal(&queue->changed);
	return true;
}

bool queue_put(struct queue *queue, struct exchange *exchange)
{
	bool is_in;

	pthread_mutex_lock(&queue->lock);
	is_in = put_locked(queue, exchange);
	count(queue);
	pthread_mutex_unlock(&queue->lock);
	return is_in;
}

/* Takes the first that may run out of the list; NULL where there is none. */
static struct exchange *take_runnable(struct queue *queue)
{
	struct exchange *before = NULL;

	for (struct exchange *at = queue->first; at != NULL; before = at, at = at->next) {
		if (at->pending.is_suspect && queue->suspect_runs)
			continue;
		if (before == NULL)
			queue->first = at->next;
		else
			before->next = at->next;
		if (queue->last == at)
			queue->last = before;
		queue->queued--;
		at->next = NULL;
		return at;
	}
	return NULL;
}

struct exchange *queue_take(struct queue *queue)
{
	struct exchange *taken;

	pthread_mutex_lock(&queue->lock);
	while ((taken = take_runnable(queue)) == NULL && !(queue->is_closed && queue->queued == 0))
		pthread_cond_wait(&queue->changed, &queue->lock);
	if (taken != NULL && needs_run(taken)) {
		taken->next = queue->running;
		queue->running = taken;
	}
	if (taken != NULL && taken->pending.is_suspect)
		queue->suspect_runs = true;
	count(queue);
	pthread_mutex_unlock(&queue->lock);
	return taken;
}

static void stop_running(struct queue *queue, struct exchange *exchange)
{
	for (struct exchange **at = &queue->running; *at != NULL; at = &(*at)->next) {
		if (*at == exchange) {
			*at = exchange->next;
			break;
		}
	}
	exchange->next = NULL;
	if (exchange->pending.is_suspect)
		queue->suspect_runs = false;
}

/* What they waited for is known now: they need no run, and go first, whatever the bound says. */
static void requeue(struct queue *queue, struct exchange *waiters)
{
	while (waiters != NULL) {
		struct exchange *next = waiters->next;

		waiters->pending = (struct pending_check){.is_short = true};
		insert(queue, NULL, waiters);
		waiters = next;
	}
}

struct exchange *queue_done(struct queue *queue, struct exchange *exchange, bool is_failed)
{
	struct exchange *waiters;

	pthread_mutex_lock(&queue->lock);
	stop_running(queue, exchange);
	waiters = exchange->waiters;
	exchange->waiters = NULL;
	exchange->pending = (struct pending_check){0};
	for (const struct exchange *at = waiters; at != NULL; at = at->next)
		queue->waiters--;
	if (!is_failed) {
		requeue(queue, waiters);
		waiters = NULL;
	}
	count(queue);
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	return waiters;
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->is_closed = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}
