/* SPDX-License-Identifier: ISC */
#include "remote_call.h"

#include "ascii.h"
#include "remote_http.h"

#include <sodium.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TRIES = 3, WAIT_MS = 250, WAIT_SECONDS_MAX = 10, NOTE_SIZE = 256 };

static void pause_for(uint64_t milliseconds)
{
	struct timespec rest = {(time_t)(milliseconds / 1000),
				(long)(milliseconds % 1000) * 1000000};

	while (nanosleep(&rest, &rest) != 0)
		;
}

/* Says whether it is to be tried again, and how long to wait before. */
static bool may_repeat(const struct remote_call *call, enum remote_outcome outcome,
		       const struct answer *answer, const struct remote_reply *reply,
		       unsigned tries, uint64_t *wait_ms)
{
	bool is_safe = call->repeat != REPEAT_NEVER;

	if (tries >= TRIES || reply->retry_after_seconds > WAIT_SECONDS_MAX)
		return false;
	*wait_ms = reply->retry_after_seconds > 0 ? reply->retry_after_seconds * 1000
						  : (uint64_t)WAIT_MS << (tries - 1);
	switch (outcome) {
	case REMOTE_UNREACHED:
		return true;
	case REMOTE_LOST:
		return is_safe;
	case REMOTE_ANSWERED:
		break;
	case REMOTE_FAILED:
	case REMOTE_UNTRUSTED:
		return false;
	}
	/* The service says "not now" before it does anything. From a web server in front, or a
	 * proxy, the same status says nothing about what was done. */
	if (reply->status == 429 || reply->status == 503)
		return answer->tree != NULL || is_safe;
	return (reply->status == 502 || reply->status == 504) && is_safe;
}

static void say_again(const struct remote_reply *reply, enum remote_outcome outcome, unsigned tries,
		      uint64_t wait_ms)
{
	char why[NOTE_SIZE];

	if (outcome == REMOTE_ANSWERED)
		snprintf(why, sizeof(why), "the service is busy (%ld)", reply->status);
	else
		snprintf(why, sizeof(why), "%s (%s)",
			 outcome == REMOTE_LOST ? "the answer was lost"
						: "the service was not reached",
			 reply->cause);
	fprintf(stderr, "claviger: %s; trying again in %" PRIu64 ".%02" PRIu64 " s (%u of %d)\n",
		why, wait_ms / 1000, wait_ms % 1000 / 10, tries + 1, TRIES);
}

static enum result explain_silence(struct remote *remote, const struct remote_call *call,
				   enum remote_outcome outcome, const struct remote_reply *reply,
				   struct error *err)
{
	const char *base = remote->settings.values[SETTING_API_BASE].text;

	if (outcome == REMOTE_LOST) {
		remote->next = call->repeat == REPEAT_SAFE
				       ? "try again; doing it twice does no harm"
				       : "look whether it was done before doing it again";
		return error_set(err, RESULT_BUSY, NULL,
				 "The answer was lost (%s); whether it was done is not known",
				 reply->cause);
	}
	if (outcome == REMOTE_UNTRUSTED) {
		remote->next =
			"where the certificate is of your own authority: claviger config set "
			"ca_file PATH";
		return error_set(err, RESULT_BUSY, NULL, "%.120s was not believed: %s", base,
				 reply->cause);
	}
	remote->next = "claviger config list shows which service is asked; is that right, and "
		       "does it run?";
	return error_set(err, RESULT_BUSY, NULL, "%.120s was not reached: %s", base, reply->cause);
}

/* What a status means to a command, and what to do about it where the service's own words do not
 * say. */
static enum result read_status(long status, const char **next)
{
	switch (status) {
	case 400:
	case 413:
		return RESULT_INVALID_FIELD;
	case 401:
		*next = "the token may have expired or been revoked: claviger login";
		return RESULT_INVALID_TOKEN;
	case 403:
		*next = "claviger whoami shows what this token may do";
		return RESULT_INSUFFICIENT_SCOPE;
	case 404:
		return RESULT_NOT_FOUND;
	case 409:
		return RESULT_CONFLICT;
	case 429:
		*next = "wait a minute, then try again";
		return RESULT_RATE_LIMITED;
	case 502:
	case 503:
	case 504:
		*next = "try again in a moment";
		return RESULT_BUSY;
	default:
		return RESULT_INTERNAL;
	}
}

/* What the status alone does not tell. */
static void find_next_step(struct remote *remote, const struct remote_reply *reply,
			   const struct record *error)
{
	if (reply->lacking[0] != '\0') {
		snprintf(remote->lacking, sizeof(remote->lacking),
			 "it takes %.127s; claviger whoami shows what this token may do",
			 reply->lacking);
		remote->next = remote->lacking;
	}
	if (reply->status == 400 && strncmp(record_text(error, "field"), "permission", 10) == 0)
		remote->next = "claviger permissions list";
}

static enum result explain_refusal(struct remote *remote, const struct remote_reply *reply,
				   struct answer *answer, struct error *err)
{
	const struct record *error = answer_beside(answer, "error");
	const char *message = record_text(error, "message");
	enum result result = read_status(reply->status, &remote->next);

	find_next_step(remote, reply, error);
	if (message[0] != '\0') {
		buffer_reset(&remote->refusal);
		buffer_append(&remote->refusal, answer->text.data, answer->text.length);
		return error_set(err, result, NULL, "%s", message);
	}
	if (reply->status >= 200 && reply->status < 300)
		result = RESULT_INTERNAL;
	if (reply->status >= 300 && reply->status < 400)
		remote->next = "set the API base to where it leads, if you trust that";
	if (result != RESULT_BUSY && remote->next == NULL)
		remote->next = "is this the address of a claviger? claviger config list";
	return error_set(err, result, NULL,
			 "Something at %.100s answered with status %ld, but not as claviger does",
			 remote->settings.values[SETTING_API_BASE].text, reply->status);
}

static enum remote_outcome send_once(struct remote *remote, const struct remote_request *request,
				     struct answer *answer, struct remote_reply *reply)
{
	enum remote_outcome outcome;
	bool was_repeated = answer->was_repeated;

	answer_clear(answer);
	outcome = remote_http_send(remote->http, request, reply);
	answer->text = reply->body;
	answer->status = reply->status;
	answer->was_repeated = was_repeated;
	/* What cannot be read has no tree, and is found out by that. */
	if (outcome == REMOTE_ANSWERED)
		answer_read(answer);
	return outcome;
}

enum result remote_call(struct remote *remote, const struct remote_call *call,
			struct answer *answer, struct error *err)
{
	char idempotency_key[REMOTE_IDEMPOTENCY_SIZE];
	uint8_t random[(REMOTE_IDEMPOTENCY_SIZE - 1) / 2];
	struct remote_request request = {call->method, call->path, call->body, NULL};
	struct remote_reply reply;
	enum remote_outcome outcome;
	uint64_t wait_ms;

	if (call->repeat == REPEAT_BY_KEY) {
		randombytes_buf(random, sizeof(random));
		sodium_bin2hex(idempotency_key, sizeof(idempotency_key), random, sizeof(random));
		request.idempotency_key = idempotency_key;
	}
	for (unsigned tries = 1;; tries++) {
		outcome = send_once(remote, &request, answer, &reply);
		if (!may_repeat(call, outcome, answer, &reply, tries, &wait_ms))
			break;
		answer->was_repeated = answer->was_repeated || outcome == REMOTE_LOST ||
				       (outcome == REMOTE_ANSWERED && answer->tree == NULL);
		say_again(&reply, outcome, tries, wait_ms);
		pause_for(wait_ms);
	}
	if (outcome != REMOTE_ANSWERED)
		return explain_silence(remote, call, outcome, &reply, err);
	if (reply.status < 200 || reply.status >= 300 || answer->tree == NULL)
		return explain_refusal(remote, &reply, answer, err);
	return RESULT_OK;
}

enum result remote_get(struct remote *remote, const char *path, struct answer *answer,
		       struct error *err)
{
	const struct remote_call call = {"GET", path, NULL, REPEAT_SAFE};

	return remote_call(remote, &call, answer, err);
}

void remote_pass_on(struct remote *remote, const struct answer *answer)
{
	buffer_append(&remote->out, answer->text.data, answer->text.length);
	buffer_append_char(&remote->out, '\n');
}

void remote_escape(const char *text, struct buffer *out)
{
	for (; *text != '\0'; text++) {
		if (ascii_is_alnum(*text) || strchr("-._~", *text) != NULL)
			buffer_append_char(out, *text);
		else
			buffer_append_format(out, "%%%02X", (unsigned char)*text);
	}
}
