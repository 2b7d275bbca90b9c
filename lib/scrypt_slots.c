/* SPDX-License-Identifier: ISC */
#include "scrypt_slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 10, NANOSECONDS_PER_MS = 1000000, RETRY_SECONDS = 1 };

static enum result fail_busy(struct error *err, const char *message)
{
	enum result result = error_set(err, RESULT_BUSY, NULL, "%s", message);

	err->retry_after_seconds = RETRY_SECONDS;
	return result;
}

/* Who may open the file may hold all slots for ever. */
static enum result check_file(int fd, const char *path, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid())
		return error_set(err, RESULT_INVALID_CONFIGURATION, "database",
				 "%s must be a regular file of this user; remove it", path);
	if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return error_set(err, RESULT_INVALID_CONFIGURATION, "database",
				 "others may open a file of locks; run: chmod 600 %s", path);
	return RESULT_OK;
}

static enum result open_file(const char *path, int *fd, struct error *err)
{
	enum result result;

	/* O_NONBLOCK: POSIX does not say that opening a FIFO for both returns at once. */
	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, S_IRUSR | S_IWUSR);
	if (*fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return fail_busy(err, "No descriptor or no memory is free; try again.");
	if (*fd < 0 && errno == ELOOP)
		return error_set(err, RESULT_INVALID_CONFIGURATION, "database",
				 "%s is a symbolic link; remove it", path);
	if (*fd < 0)
		return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
				 "The store cannot be written now; try again later.");
	result = check_file(*fd, path, err);
	if (result != RESULT_OK) {
		close(*fd);
		*fd = -1;
	}
	return result;
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
