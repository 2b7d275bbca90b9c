/* SPDX-License-Identifier: ISC */
#include "background.h"

#include "log.h"
#include "timestamp.h"
#include "usage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct background {
	struct server *server;
	struct worker worker;
	pthread_t thread;
	int stop_pipe[2]; /* its second end is closed to end the thread */
	int64_t purge_at; /* of the monotonic clock */
};

enum { PURGE_INTERVAL_MS = 3600 * 1000, PURGE_PAUSE_MS = 20, MS_PER_DAY = 86400000 };

/* Waits so long; false once it is to stop. */
static bool wait_ms(struct background *self, int ms)
{
	struct pollfd stop = {.fd = self->stop_pipe[0], .events = POLLIN};
	int count;

	do
		count = poll(&stop, 1, ms);
	while (count < 0 && errno == EINTR);
	return count == 0;
}

static void flush(struct background *self)
{
	struct store *store = self->worker.authority.store;
	int64_t now = timestamp_now();
	enum result result = store_refresh(store, now);

	if (result == RESULT_OK)
		result = usage_flush(self->server->usage, store);
	if (result == RESULT_OK)
		result = authority_forget(&self->worker.authority, now);
	if (result != RESULT_OK)
		log_event(LOG_WARNING, NULL, "last uses not written yet", "reason=%s",
			  error_reason(result));
}

/* Here, because it reads a part of each token's row in an index: too much for whoever asks for the
 * metrics. */
static void count_tokens(struct background *self)
{
	struct store *store = self->worker.authority.store;
	int64_t now = timestamp_now();
	struct token_counts counts;

	if (!self->server->serves_metrics)
		return;
	if (store_refresh(store, now) == RESULT_OK &&
	    store_count_tokens(store, now, &counts) == RESULT_OK)
		metrics_set_tokens(&self->server->metrics, &counts);
}

/* So that others who wait for the lock get their turn. */
static bool pause_purge(void *context)
{
	return wait_ms(context, PURGE_PAUSE_MS);
}

static void purge(struct background *self)
{
	int64_t days = self->server->config->purge_after_days;
	int64_t now = timestamp_now();
	uint64_t removed = 0;
	enum result result;

	if (days == 0 || timestamp_monotonic() < self->purge_at)
		return;
	self->purge_at = timestamp_monotonic() + PURGE_INTERVAL_MS;
	result = store_refresh(self->worker.authority.store, now);
	if (result == RESULT_OK)
		result = authority_purge(&self->worker.authority, now, now - days * MS_PER_DAY,
					 pause_purge, self, &removed);
	if (removed > 0)
		log_event(LOG_INFO, NULL, "dead tokens removed", "count=%llu",
			  (unsigned long long)removed);
	if (result != RESULT_OK)
		log_event(LOG_WARNING, NULL, "dead tokens not removed yet", "reason=%s",
			  error_reason(result));
}

/* A start reads only a few pages; the rest is read here, while requests are served already. */
static void check_database(struct background *self)
{
	struct error err = {0};

	if (store_check(self->worker.authority.store, false, &err) != RESULT_STORE_UNAVAILABLE)
		return;
	self->server->store_is_damaged = true;
	log_event(LOG_ERROR, NULL, "database is damaged", "message=%.200s", err.message);
}

static void *run(void *argument)
{
	struct background *self = argument;

	check_database(self);
	purge(self);
	count_tokens(self);
	while (wait_ms(self, USAGE_INTERVAL_MS)) {
		flush(self);
		purge(self);
		count_tokens(self);
	}
	flush(self);
	store_checkpoint(self->worker.authority.store);
	return NULL;
}

static enum result open_pipe(int ends[static 2], struct error *err)
{
	if (pipe(ends) != 0)
		return error_set(err, RESULT_BUSY, NULL,
				 "No pipe could be opened; raise the limit of descriptors");
	for (int i = 0; i < 2; i++)
		(void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	return RESULT_OK;
}

static void release(struct background *background)
{
	worker_close(&background->worker);
	for (int i = 0; i < 2; i++)
		if (background->stop_pipe[i] >= 0)
			close(background->stop_pipe[i]);
	free(background);
}

enum result background_start(struct server *server, struct background **background,
			     struct error *err)
{
	struct background *self = calloc(1, sizeof(*self));
	enum result result;

	*background = NULL;
	if (self == NULL)
		return error_set(err, RESULT_BUSY, NULL, "There is no memory to start with");
	self->server = server;
	self->stop_pipe[0] = self->stop_pipe[1] = -1;
	result = open_pipe(self->stop_pipe, err);
	if (result == RESULT_OK)
		result = worker_open(&self->worker, server, true, false, err);
	if (result == RESULT_OK && pthread_create(&self->thread, NULL, run, self) != 0)
		result = error_set(err, RESULT_BUSY, NULL,
				   "No thread could be started; raise the limit of processes");
	if (result != RESULT_OK) {
		release(self);
		return result;
	}
	*background = self;
	return RESULT_OK;
}

void background_stop(struct background *background)
{
	if (background == NULL)
		return;
	close(background->stop_pipe[1]);
	background->stop_pipe[1] = -1;
	pthread_join(background->thread, NULL);
	release(background);
}
