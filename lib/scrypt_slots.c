/* SPDX-License-Identifier: ISC */
#include "scrypt_slots.h"

#include "file.h"
#include "log.h"

#include <fcntl.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 10, NANOSECONDS_PER_MS = 1000000, RETRY_SECONDS = 1 };

static enum result fail_busy(struct error *err, const char *message)
{
	enum result result = error_set(err, RESULT_BUSY, NULL, "%s", message);

	err->retry_after_seconds = RETRY_SECONDS;
	return result;
}

/* Private, because who may open the file may hold all slots for ever. What is wrong with it is for
 * the operator: an answer to a client names no file. */
static enum result open_file(const char *path, int *fd, struct error *err)
{
	struct error cause = {0};
	enum result result = file_open(path, FILE_PRIVATE, FILE_TO_MAKE_OR_UPDATE, fd, &cause);

	if (result == RESULT_OK)
		return RESULT_OK;
	log_event(LOG_ERROR, NULL, "no scrypt slot", "message=%.255s", cause.message);
	if (result == RESULT_BUSY)
		return fail_busy(err, "No descriptor or no memory is free; try again.");
	return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
			 "The store cannot be used now; try again later.");
}

static bool lock_slot(int fd, size_t slot)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)slot, .l_len = 1};

	return fcntl(fd, F_SETLK, &lock) == 0;
}

static bool lock_any(int fd, size_t slots)
{
	for (size_t i = 0; i < slots; i++)
		if (lock_slot(fd, i))
			return true;
	return false;
}

/* Polls, because POSIX can wait for one lock but not for any of several. */
static bool wait_for_any(int fd, size_t slots, int64_t timeout_ms)
{
	static const struct timespec pause_time = {.tv_nsec = POLL_MS * NANOSECONDS_PER_MS};

	for (int64_t waited_ms = 0; !lock_any(fd, slots); waited_ms += POLL_MS) {
		if (waited_ms >= timeout_ms)
			return false;
		nanosleep(&pause_time, NULL);
	}
	return true;
}

enum result scrypt_slots_take(const char *path, size_t slots, int64_t timeout_ms, int *slot_fd,
			      struct error *err)
{
	int fd = -1;
	enum result result;

	*slot_fd = -1;
	result = open_file(path, &fd, err);
	if (result != RESULT_OK)
		return result;
	if (!wait_for_any(fd, slots, timeout_ms)) {
		close(fd);
		return fail_busy(err, "Too many keys are being checked; try again.");
	}
	*slot_fd = fd;
	return RESULT_OK;
}

void scrypt_slots_release(int slot_fd)
{
	if (slot_fd >= 0)
		close(slot_fd);
}
