/* SPDX-License-Identifier: ISC */
#include "log.h"

#include "ascii.h"
#include "file.h"
#include "timestamp.h"
#include "token.h"

#include <sodium.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	LINE_SIZE = 1024, /* PIPE_BUF at most */
	/* For what stands behind the fields: request id, count of dropped lines, line end. */
	TAIL_SIZE = 128,
	FIELDS_SIZE = 2048,
	REQUEST_ID_SIZE = 64 + 1,
	/* So much of a key may be seen: what the display key shows of it. */
	SHOWN_OF_KEY = 3,
	/* From so many characters behind the prefix on, a piece may hold some of the secret. */
	MASKED_FROM = SELECTOR_LENGTH + SHOWN_OF_KEY + 1,
};

/* The one log of the process. A lock is held over poll() and write(), which do not wait: without
 * it two threads would see room for one line and write two. */
static struct {
	pthread_mutex_t lock;
	int descriptor;
	bool is_line_broken; /* the last write() took only a part of the line */
	uint64_t dropped, reported;
	char prefix[TOKEN_PREFIX_MAX + 1];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .descriptor = STDERR_FILENO};

static _Atomic enum log_level current_level = LOG_INFO;

bool log_escape(const char *text, size_t length, char *out, size_t size)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		bool is_plain = ascii_is_printable(text[i]) && byte != '\\' && byte != '"';
		size_t wanted = is_plain ? 1 : 4;

		if (size - used <= wanted) {
			out[used] = '\0';
			return false;
		}
		if (is_plain) {
			out[used++] = text[i];
			continue;
		}
		out[used++] = '\\';
		out[used++] = 'x';
		out[used++] = digits[byte >> 4];
		out[used++] = digits[byte & 15];
	}
	out[used] = '\0';
	return true;
}

/* The number of letters and digits that stand behind PREFIX at AT; 0 where it does not stand there.
 */
static size_t count_behind_prefix(const char *text, size_t length, size_t at, const char *prefix)
{
	size_t first = at + strlen(prefix), end = first;

	if (first > length || memcmp(text + at, prefix, first - at) != 0)
		return 0;
	while (end < length && ascii_is_alnum(text[end]))
		end++;
	return end - first;
}

/* Shortens, in place, whatever may be a key or a piece of one that a caller cut, to what a display
 * key shows. Wider than token_find_form(), because 40 characters of a key are too much as well. */
static size_t mask_keys(char *text, size_t length, const char *prefix)
{
	size_t prefix_length = strlen(prefix), kept = 0;

	for (size_t at = 0; prefix_length > 0 && at < length;) {
		size_t count = count_behind_prefix(text, length, at, prefix);

		if (count < MASKED_FROM) {
			text[kept++] = text[at++];
			continue;
		}
		memmove(text + kept, text + at, prefix_length + SHOWN_OF_KEY);
		kept += prefix_length + SHOWN_OF_KEY;
		memcpy(text + kept, "...", 3);
		kept += 3;
		at += prefix_length + count;
		/* The end of this one may be the beginning of the prefix of the next. */
		if (count_behind_prefix(text, length, at - (prefix_length - 1), prefix) > 0)
			at -= prefix_length - 1;
	}
	return prefix_length > 0 ? kept : length;
}

static size_t compose(char line[static LINE_SIZE], enum log_level level, const char *request_id,
		      const char *event, const char *fields, size_t fields_length)
{
	static const char *const names[] = {
		[LOG_ERROR] = "error",
		[LOG_WARNING] = "warning",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};
	char moment[TIMESTAMP_TEXT_SIZE], id[REQUEST_ID_SIZE];
	size_t length;

	timestamp_format(timestamp_now(), moment);
	snprintf(line, LINE_SIZE, "%s%s %s %.256s", state.is_line_broken ? "\n" : "", moment,
		 names[level], event);
	length = strlen(line);
	if (fields_length > 0) {
		bool is_whole;

		line[length++] = ' ';
		is_whole = log_escape(fields, fields_length, line + length,
				      LINE_SIZE - TAIL_SIZE - length);
		length += strlen(line + length);
		if (!is_whole)
			length += (size_t)snprintf(line + length, LINE_SIZE - length, "...");
	}
	if (request_id != NULL) {
		(void)log_escape(request_id, strlen(request_id), id, sizeof(id));
		length += (size_t)snprintf(line + length, LINE_SIZE - length, " request=%s", id);
	}
	if (state.dropped > state.reported)
		length += (size_t)snprintf(line + length, LINE_SIZE - length, " dropped=%" PRIu64,
					   state.dropped - state.reported);
	line[length++] = '\n';
	return length;
}

/* A write() to a pipe of which poll() says that it can be written does not wait, if it is no larger
 * than PIPE_BUF. O_NONBLOCK is not ours to set on descriptor 2, which others share. */
static bool write_line(const char *line, size_t length)
{
	struct pollfd ready = {.fd = state.descriptor, .events = POLLOUT};
	ssize_t written;
	int count;

	do
		count = poll(&ready, 1, 0);
	while (count < 0 && errno == EINTR);
	if (count != 1 || ready.revents != POLLOUT)
		return false;
	do
		written = write(state.descriptor, line, length);
	while (written < 0 && errno == EINTR);
	if (written > 0)
		state.is_line_broken = (size_t)written < length;
	return written == (ssize_t)length;
}

enum result log_open(const char *path, enum log_level level, const char *prefix, struct error *err)
{
	int descriptor = STDERR_FILENO, old;
	enum result result;

	if (strcmp(path, "stderr") != 0) {
		result = file_open(path, FILE_LOG, FILE_TO_APPEND, &descriptor, err);
		if (result != RESULT_OK)
			return result;
	}
	pthread_mutex_lock(&state.lock);
	old = state.descriptor;
	state.descriptor = descriptor;
	state.is_line_broken = false;
	snprintf(state.prefix, sizeof(state.prefix), "%s", prefix);
	pthread_mutex_unlock(&state.lock);
	atomic_store(&current_level, level);
	if (old != STDERR_FILENO)
		close(old);
	return RESULT_OK;
}

void log_event(enum log_level level, const char *request_id, const char *event, const char *format,
	       ...)
{
	char fields[FIELDS_SIZE], line[LINE_SIZE];
	va_list arguments;
	size_t length = 0;
	int wanted;

	if (!log_enabled(level))
		return;
	va_start(arguments, format);
	wanted = vsnprintf(fields, sizeof(fields), format, arguments);
	va_end(arguments);
	if (wanted > 0)
		length = wanted < FIELDS_SIZE ? (size_t)wanted : FIELDS_SIZE - 1;

	pthread_mutex_lock(&state.lock);
	length = mask_keys(fields, length, state.prefix);
	length = compose(line, level, request_id, event, fields, length);
	if (write_line(line, length))
		state.reported = state.dropped;
	else
		state.dropped++;
	pthread_mutex_unlock(&state.lock);
	/* Until it was masked it may have held a key. */
	sodium_memzero(fields, sizeof(fields));
}

bool log_enabled(enum log_level level)
{
	return level <= atomic_load(&current_level);
}

uint64_t log_dropped(void)
{
	uint64_t dropped;

	pthread_mutex_lock(&state.lock);
	dropped = state.dropped;
	pthread_mutex_unlock(&state.lock);
	return dropped;
}
