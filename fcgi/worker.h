/* SPDX-License-Identifier: ISC */
/* What one thread works with, and what all threads share. */
#ifndef CLAVIGER_WORKER_H
#define CLAVIGER_WORKER_H

#include "attributes.h"
#include "audit_key.h"
#include "authority.h"
#include "config.h"
#include "error.h"
#include "memo.h"
#include "metrics.h"
#include "policy_file.h"
#include "rate_limit.h"
#include "request.h"
#include "store.h"
#include "throttle.h"
#include "usage.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Shared by all threads. What is not atomic or thread-safe by itself does not change while they
 * run. */
struct server {
	const struct config *config;
	struct limits limits;
	atomic_bool serves_metrics;
	struct policy_file *policy;
	_Atomic enum gate_status gate_status;
	_Atomic enum gate_headers gate_headers;
	atomic_bool store_is_damaged;  /* found by the check after the start; nothing is answered */
	atomic_uint_least64_t waiting; /* requests in the slow lane that do not run yet */
	struct metrics metrics;
	struct memo *memo;
	struct throttle *throttle;
	struct audit_key *audit; /* opened with the first worker, whose database is ours */
	struct usage *usage;     /* NULL as plain CGI, as the next one */
	struct rate_limit *rate_limit;
	char *scrypt_slots; /* NULL but as plain CGI */
};

enum { WORKER_ROOTS = 2, WORKER_ROOT_SIZE = 512 };

/* Belongs to one thread. */
struct worker {
	struct server *server;
	/* In which the database does not lie, as was found by following all links: web servers name
	 * the same ones again and again. */
	char harmless_roots[WORKER_ROOTS][WORKER_ROOT_SIZE];
	struct authority authority;
	char id_start[9]; /* random; with the count it names a request that does not name itself */
	uint32_t id_count;
};

/** Opens what all threads share. SERVER, zeroed before, is to be closed also on failure. */
NODISCARD enum result server_open(struct server *server, const struct config *config,
				  bool is_plain_cgi, struct error *err);
/** Takes over what CONFIG says of what a reload may change while threads read it. */
void server_take_limits(struct server *server, const struct config *config);
/** Puts the policy that CONFIG names in force; none where it names none. A failure, which ERR
 * tells, leaves the one before. */
NODISCARD enum result server_take_policy(struct server *server, const struct config *config,
					 struct error *err);
void server_close(struct server *server);

/** Opens a worker's own connection to the store; CREATE as in struct store_options. WORKER, zeroed
 *  before, is to be closed also on failure. */
NODISCARD enum result worker_open(struct worker *worker, struct server *server, bool may_wait,
				  bool create, struct error *err);
void worker_close(struct worker *worker);

/** A name for the next request of this worker. */
void worker_next_id(struct worker *worker, char id[static REQUEST_ID_SIZE]);

#endif
