/* SPDX-License-Identifier: ISC */
#include "metrics.h"

#include "router.h"
#include "worker.h"

#include "log.h"
#include "secret.h"

/* All that response_status() can say; the last place is for what it might learn to say. */
static const int statuses[METRICS_STATUSES - 1] = {200, 201, 400, 401, 403, 404, 405,
						   409, 413, 415, 429, 500, 503};

void metrics_init(struct metrics *metrics, int64_t started_at)
{
	metrics->started_at = started_at;
}

void metrics_count(struct metrics *metrics, size_t route, int status)
{
	size_t place = 0;

	while (place < ARRAY_LENGTH(statuses) && statuses[place] != status)
		place++;
	atomic_fetch_add_explicit(&metrics->answers[route < METRICS_ROUTES ? route : 0][place], 1,
				  memory_order_relaxed);
}

void metrics_set_tokens(struct metrics *metrics, const struct token_counts *counts)
{
	metrics->active = counts->active;
	metrics->expired = counts->expired;
	metrics->revoked = counts->revoked;
	metrics->knows_tokens = true;
}

static void write_head(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_append_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_value(struct buffer *out, const char *name, const char *type, const char *help,
			uint64_t value)
{
	write_head(out, name, type, help);
	buffer_append_format(out, "%s %llu\n", name, (unsigned long long)value);
}

/* Those that were asked for: most pairs of route and status never are. */
static void write_answers(const struct metrics *metrics, struct buffer *out)
{
	const char *method = "", *pattern = "unknown";
	size_t route = 0;

	write_head(out, "claviger_requests_total", "counter",
		   "Requests answered since the start, by route and status.");
	do {
		for (size_t i = 0; i < METRICS_STATUSES; i++) {
			uint64_t count = atomic_load_explicit(&metrics->answers[route][i],
							      memory_order_relaxed);

			if (count > 0)
				buffer_append_format(out,
						     "claviger_requests_total{method=\"%s\","
						     "route=\"%s\",status=\"%d\"} %llu\n",
						     method, pattern,
						     i < ARRAY_LENGTH(statuses) ? statuses[i] : 0,
						     (unsigned long long)count);
		}
	} while (router_describe(++route, &method, &pattern));
}

static void write_tokens(const struct metrics *metrics, struct buffer *out)
{
	if (!metrics->knows_tokens)
		return;
	write_head(out, "claviger_tokens", "gauge",
		   "Tokens in the database by state, counted twice a minute.");
	buffer_append_format(out,
			     "claviger_tokens{state=\"active\"} %llu\n"
			     "claviger_tokens{state=\"expired\"} %llu\n"
			     "claviger_tokens{state=\"revoked\"} %llu\n",
			     (unsigned long long)metrics->active,
			     (unsigned long long)metrics->expired,
			     (unsigned long long)metrics->revoked);
}

void metrics_write(const struct server *server, struct buffer *out)
{
	const struct metrics *metrics = &server->metrics;

	write_head(out, "claviger_build_info", "gauge", "Always 1; the version is its label.");
	buffer_append_text(out, "claviger_build_info{version=\"" CLAVIGER_VERSION "\"} 1\n");
	write_value(out, "claviger_start_time_seconds", "gauge",
		    "When this process started, in seconds since 1970.",
		    (uint64_t)(metrics->started_at / 1000));
	write_answers(metrics, out);
	write_value(out, "claviger_requests_waiting", "gauge",
		    "Requests that wait for a thread or for a scrypt run.", server->waiting);
	write_value(out, "claviger_scrypt_runs_total", "counter", "scrypt runs since the start.",
		    secret_runs());
	write_value(out, "claviger_scrypt_running", "gauge", "scrypt runs at this moment.",
		    secret_running());
	write_value(out, "claviger_memo_entries", "gauge",
		    "Checked keys that this process has put into the memo.",
		    memo_used(server->memo));
	write_value(out, "claviger_memo_capacity", "gauge",
		    "Checked keys for which the memo has room.", memo_capacity(server->memo));
	write_tokens(metrics, out);
	write_value(out, "claviger_store_failures_total", "counter",
		    "Failures of the database since the start, other than by a lock.",
		    store_failures());
	write_value(out, "claviger_log_lines_dropped_total", "counter",
		    "Log lines that could not be written.", log_dropped());
}
