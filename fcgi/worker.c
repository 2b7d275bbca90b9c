/* SPDX-License-Identifier: ISC */
#include "worker.h"

#include "authority_audit.h"
#include "log.h"
#include "timestamp.h"

#include <sodium.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A process that answers one request needs no more than a file would hold in one bucket. */
enum { CGI_MEMO_ENTRIES = 1024 };

void server_take_limits(struct server *server, const struct config *config)
{
	server->limits.tokens_per_account = config->tokens_per_account;
	server->limits.requests_per_minute = config->requests_per_minute;
	server->serves_metrics = config->metrics;
	server->gate_status = config->gate_status;
	server->gate_headers = config->gate_headers;
}

enum result server_take_policy(struct server *server, const struct config *config,
			       struct error *err)
{
	enum result result = policy_file_use(server->policy, config->policy_file, err);

	if (result != RESULT_OK)
		error_prefix(err, "policy");
	return result;
}

enum result server_open(struct server *server, const struct config *config, bool is_plain_cgi,
			struct error *err)
{
	static const char slots_suffix[] = ".slots";
	size_t entries = config->memo_entries;
	enum result result;

	server->config = config;
	metrics_init(&server->metrics, timestamp_now());
	server_take_limits(server, config);
	if (is_plain_cgi) {
		size_t size = strlen(config->database) + sizeof(slots_suffix);

		if (config->memo_file[0] == '\0')
			entries = CGI_MEMO_ENTRIES;
		server->scrypt_slots = malloc(size);
		if (server->scrypt_slots != NULL)
			snprintf(server->scrypt_slots, size, "%s%s", config->database,
				 slots_suffix);
	} else {
		server->usage = usage_new();
		server->rate_limit = rate_limit_new();
	}
	server->throttle = throttle_new();
	server->policy = policy_file_new(&config->catalogue);
	if (server->throttle == NULL || server->policy == NULL ||
	    (server->scrypt_slots == NULL && (server->usage == NULL || server->rate_limit == NULL)))
		return error_set(err, RESULT_BUSY, NULL, "There is no memory to start with");
	result = memo_open(entries, config->memo_file[0] == '\0' ? NULL : config->memo_file,
			   &server->memo, err);
	if (result == RESULT_OK && err->message[0] != '\0') {
		log_event(LOG_WARNING, NULL, "memo in memory only", "message=%.200s", err->message);
		*err = (struct error){0};
	}
	return result == RESULT_OK ? server_take_policy(server, config, err) : result;
}

void server_close(struct server *server)
{
	audit_key_close(server->audit);
	policy_file_free(server->policy);
	memo_close(server->memo);
	throttle_free(server->throttle);
	usage_free(server->usage);
	rate_limit_free(server->rate_limit);
	free(server->scrypt_slots);
	*server = (struct server){0};
}

static enum result open_audit(struct worker *worker, struct error *err)
{
	struct server *server = worker->server;
	bool is_new;
	enum result result = audit_key_open(server->config, true, &server->audit, &is_new, err);

	if (result == RESULT_OK && is_new)
		authority_warn_of_new_key(&worker->authority);
	return result;
}

enum result worker_open(struct worker *worker, struct server *server, bool may_wait, bool create,
			struct error *err)
{
	const struct config *config = server->config;
	struct store_options options = {
		.path = config->database,
		.use_wal = config->journal_mode == JOURNAL_WAL,
		.busy_timeout_ms = config->busy_timeout_ms,
		.create = create,
		.is_brief = server->scrypt_slots != NULL, /* as plain CGI */
		.catalogue = &config->catalogue,
	};
	uint8_t random[4];
	enum result result;

	worker->server = server;
	worker->authority = (struct authority){
		.config = config,
		.limits = &server->limits,
		.memo = server->memo,
		.throttle = server->throttle,
		.usage = server->usage,
		.rate_limit = server->rate_limit,
		.scrypt_slots = server->scrypt_slots,
		.may_wait = may_wait,
	};
	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(worker->id_start, sizeof(worker->id_start), random, sizeof(random));
	result = store_open(&options, &worker->authority.store, err);
	if (result == RESULT_OK && server->audit == NULL)
		result = open_audit(worker, err);
	worker->authority.audit = server->audit;
	if (result == RESULT_OK && !may_wait)
		store_set_busy_timeout(worker->authority.store, 0);
	return result;
}

void worker_close(struct worker *worker)
{
	store_close(worker->authority.store);
	worker->authority.store = NULL;
}

void worker_next_id(struct worker *worker, char id[static REQUEST_ID_SIZE])
{
	snprintf(id, REQUEST_ID_SIZE, "%s%08x", worker->id_start, (unsigned)worker->id_count++);
}
