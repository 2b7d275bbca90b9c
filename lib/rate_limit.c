/* SPDX-License-Identifier: ISC */
#include "rate_limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOWS = 32768, WAYS = 8, SETS = WINDOWS / WAYS };

/* One token's minute. Zeroed, it is nobody's, and over since the clock began. */
struct window {
	struct id token;
	uint32_t count;
	int64_t ends_at;
};

struct rate_limit {
	pthread_mutex_t lock; /* guards windows */
	struct window windows[SETS][WAYS];
};

struct rate_limit *rate_limit_new(void)
{
	struct rate_limit *rate_limit = calloc(1, sizeof(*rate_limit));

	if (rate_limit == NULL)
		return NULL;
	if (pthread_mutex_init(&rate_limit->lock, NULL) != 0) {
		free(rate_limit);
		return NULL;
	}
	return rate_limit;
}

void rate_limit_free(struct rate_limit *rate_limit)
{
	if (rate_limit == NULL)
		return;
	pthread_mutex_destroy(&rate_limit->lock);
	free(rate_limit);
}

/* The window of TOKEN, or the one nearest to its end, which it takes. The random part of the id
 * chooses the set: who mints tokens until they push one out has only given that one more. */
static struct window *find_window(struct rate_limit *rate_limit, const struct id *token)
{
	struct window *set, *oldest;
	uint64_t random_part;

	memcpy(&random_part, token->bytes + ID_SIZE - sizeof(random_part), sizeof(random_part));
	set = rate_limit->windows[random_part % SETS];
	oldest = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].ends_at != 0 && id_equals(&set[i].token, token))
			return &set[i];
		if (set[i].ends_at < oldest->ends_at)
			oldest = &set[i];
	}
	*oldest = (struct window){.token = *token};
	return oldest;
}

int64_t rate_limit_take(struct rate_limit *rate_limit, const struct id *token, uint32_t limit,
			int64_t now)
{
	struct window *window;
	int64_t wait_ms = 0;

	pthread_mutex_lock(&rate_limit->lock);
	window = find_window(rate_limit, token);
	if (window->ends_at <= now) {
		window->count = 0;
		window->ends_at = now + RATE_LIMIT_WINDOW_MS;
	}
	if (window->count < limit)
		window->count++;
	else
		wait_ms = window->ends_at - now;
	pthread_mutex_unlock(&rate_limit->lock);
	return wait_ms;
}
