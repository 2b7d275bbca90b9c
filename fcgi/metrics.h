/* SPDX-License-Identifier: ISC */
/* What the process has done so far, for whoever watches it. Counting is one relaxed addition, since
 * a counter means nothing but itself. Thread-safe. */
#ifndef CLAVIGER_METRICS_H
#define CLAVIGER_METRICS_H

#include "buffer.h"
#include "store.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;

enum { METRICS_ROUTES = 64, METRICS_STATUSES = 16 };

struct metrics {
	int64_t started_at;
	/* By the router's number of the route, 0 for none, and by the place of the status. */
	atomic_uint_least64_t answers[METRICS_ROUTES][METRICS_STATUSES];
	atomic_bool knows_tokens;
	atomic_uint_least64_t active, expired, revoked;
};

void metrics_init(struct metrics *metrics, int64_t started_at);
/** Counts an answer of STATUS to a request for ROUTE. */
void metrics_count(struct metrics *metrics, size_t route, int status);
/** Takes what was counted in the store; until then nothing is said of tokens. */
void metrics_set_tokens(struct metrics *metrics, const struct token_counts *counts);
/** Appends all that is known of SERVER in the text format of Prometheus. It names no token and no
 *  account. */
void metrics_write(const struct server *server, struct buffer *out);

#endif
