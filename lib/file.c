/* SPDX-License-Identifier: ISC */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 1024, CHUNK_BYTES = 4096 };

/* How much of a path a message shows, twice: all of one that a person wrote by hand. */
#define SHOWN "%.95s"

static const struct rule {
	mode_t forbidden, directory_forbidden;
	bool may_be_root, may_be_device;
	const char *mode; /* what chmod is told */
} rules[] = {
	[FILE_CONFIGURATION] = {S_IRWXO | S_IWGRP, S_IWOTH, true, false, "0640"},
	[FILE_PRIVATE] = {S_IRWXG | S_IRWXO, S_IWGRP | S_IWOTH, false, false, "0600"},
	[FILE_LOG] = {S_IWOTH, S_IWOTH, true, true, "o-w"},
};

static bool is_ours_or_root(const struct stat *status)
{
	return status->st_uid == geteuid() || status->st_uid == 0;
}

static enum result explain_open(const char *path, int cause, struct error *err)
{
	const char *what;

	switch (cause) {
	case ENOENT:
	case ENOTDIR:
		return error_set(err, RESULT_NOT_FOUND, NULL, SHOWN ": there is no such file",
				 path);
	case EACCES:
	case EPERM:
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 SHOWN ": uid %u may not open it; give that user access to it and "
				       "to its directory",
				 path, (unsigned)geteuid());
	case ELOOP:
		what = "a symbolic link; give the path of the file itself";
		break;
	case EISDIR:
		what = "a directory; give the path of a file";
		break;
	case ENXIO:
		what = "a FIFO that nobody reads, or a socket; start its reader first";
		break;
	case EROFS:
		what = "on a read-only file system; give a path that can be written";
		break;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOSPC:
	case EDQUOT:
		return error_set(err, RESULT_BUSY, NULL,
				 SHOWN ": no descriptor, memory or room on the disk to open it",
				 path);
	case ENAMETOOLONG:
		what = "the path is too long; give a shorter one";
		break;
	default:
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 SHOWN ": cannot be opened (error %d); see errno(3)", path, cause);
	}
	return error_set(err, RESULT_INVALID_CONFIGURATION, NULL, SHOWN ": %s", path, what);
}

/* Writes the path of the directory that PATH lies in. */
static bool find_directory(const char *path, char directory[static PATH_BYTES])
{
	const char *slash = strrchr(path, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash - path);

	if (strlen(path) >= PATH_BYTES)
		return false;
	memcpy(directory, path, length);
	directory[length] = '\0';
	if (length == 0)
		memcpy(directory, slash == NULL ? "." : "/", 2);
	return true;
}

/* MISSING is the answer where there is no such directory. */
static enum result check_directory(const char *path, enum file_kind kind, enum result missing,
				   struct error *err)
{
	char directory[PATH_BYTES];
	struct stat status;

	if (!find_directory(path, directory))
		return explain_open(path, ENAMETOOLONG, err);
	if (stat(directory, &status) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return explain_open(path, errno, err);
		return error_set(err, missing, NULL, SHOWN ": there is no such directory; make it",
				 directory);
	}
	if (!is_ours_or_root(&status))
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 SHOWN ": the directory belongs to uid %u; run: chown %u " SHOWN,
				 directory, (unsigned)status.st_uid, (unsigned)geteuid(),
				 directory);
	if ((status.st_mode & rules[kind].directory_forbidden) == 0)
		return RESULT_OK;
	/* The sticky bit keeps others from replacing the file, but not from being there first; and
	 * nobody should be told to change the mode of /tmp. */
	if ((status.st_mode & S_ISVTX) != 0)
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 SHOWN ": a directory shared with other users; move " SHOWN
				       " to one of its own",
				 directory, path);
	return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
			 SHOWN ": mode %04o lets other users write in it; run: chmod %s " SHOWN,
			 directory, (unsigned)(status.st_mode & 07777),
			 kind == FILE_PRIVATE ? "go-w" : "o-w", directory);
}

static enum result check_status(const char *path, const struct stat *status, enum file_kind kind,
				struct error *err)
{
	const struct rule *rule = &rules[kind];
	bool is_device = S_ISFIFO(status->st_mode) || S_ISCHR(status->st_mode);
	bool is_owner_good =
		rule->may_be_root ? is_ours_or_root(status) : status->st_uid == geteuid();

	if (!S_ISREG(status->st_mode) && !(rule->may_be_device && is_device))
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 SHOWN ": not a regular file; give the path of one", path);
	if (!is_owner_good)
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 SHOWN ": belongs to uid %u; run: chown %u " SHOWN, path,
				 (unsigned)status->st_uid, (unsigned)geteuid(), path);
	/* /dev/null is everybody's, and nothing in it can be changed. */
	if (!S_ISCHR(status->st_mode) && (status->st_mode & rule->forbidden) != 0)
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 SHOWN ": mode %04o lets other users in; run: chmod %s " SHOWN,
				 path, (unsigned)(status->st_mode & 07777), rule->mode, path);
	return RESULT_OK;
}

static int flags_of(enum file_access access)
{
	switch (access) {
	case FILE_TO_READ:
		return O_RDONLY;
	case FILE_TO_UPDATE:
		return O_RDWR;
	case FILE_TO_MAKE_OR_UPDATE:
		return O_RDWR | O_CREAT;
	case FILE_TO_APPEND:
		return O_WRONLY | O_APPEND | O_CREAT;
	}
	return O_RDONLY;
}

enum result file_open(const char *path, enum file_kind kind, enum file_access access,
		      int *descriptor, struct error *err)
{
	struct stat status;
	enum result result;
	int opened;

	*descriptor = -1;
	result = check_directory(path, kind,
				 (flags_of(access) & O_CREAT) != 0 ? RESULT_INVALID_CONFIGURATION
								   : RESULT_NOT_FOUND,
				 err);
	if (result != RESULT_OK)
		return result;
	/* O_NONBLOCK: a FIFO must not hang us. It means nothing to a regular file. */
	opened = open(path, flags_of(access) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
		      S_IRUSR | S_IWUSR);
	if (opened < 0)
		return explain_open(path, errno, err);
	/* Asked of what was opened, not of the path, behind which it can change. */
	if (fstat(opened, &status) != 0)
		result = explain_open(path, errno, err);
	else
		result = check_status(path, &status, kind, err);
	if (result != RESULT_OK) {
		close(opened);
		return result;
	}
	*descriptor = opened;
	return RESULT_OK;
}

enum result file_create(const char *path, int *descriptor, struct error *err)
{
	enum result result;

	*descriptor = -1;
	result = check_directory(path, FILE_PRIVATE, RESULT_INVALID_CONFIGURATION, err);
	if (result != RESULT_OK)
		return result;
	*descriptor =
		open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (*descriptor >= 0)
		return RESULT_OK;
	if (errno != EEXIST)
		return explain_open(path, errno, err);
	return error_set(err, RESULT_INVALID_USAGE, NULL,
			 SHOWN ": exists already; give the path of a new file", path);
}

enum result file_check_new(const char *path, enum file_kind kind, struct error *err)
{
	char directory[PATH_BYTES];
	struct stat status;
	enum result result = check_directory(path, kind, RESULT_INVALID_CONFIGURATION, err);

	if (result != RESULT_OK)
		return result;
	if (lstat(path, &status) == 0)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 SHOWN ": exists already; give the path of a new file", path);
	if (find_directory(path, directory) && access(directory, W_OK | X_OK) == 0)
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
			 SHOWN ": uid %u may not make files there; run: chown %u " SHOWN, directory,
			 (unsigned)geteuid(), (unsigned)geteuid(), directory);
}

enum result file_check_target(const char *path, enum file_kind kind, struct error *err)
{
	int descriptor;
	enum result result = file_check_new(path, kind, err);

	if (result != RESULT_INVALID_USAGE)
		return result;
	*err = (struct error){0};
	result = file_open(path, kind, kind == FILE_LOG ? FILE_TO_APPEND : FILE_TO_UPDATE,
			   &descriptor, err);
	if (result == RESULT_OK)
		close(descriptor);
	return result;
}

/* Reads to the end, and one byte beyond MAXIMUM at most: a file can grow while it is read. */
static enum result read_to_end(int descriptor, const char *path, struct buffer *buffer,
			       struct error *err)
{
	char chunk[CHUNK_BYTES];

	while (buffer_result(buffer) == RESULT_OK) {
		ssize_t count = read(descriptor, chunk, sizeof(chunk));

		if (count == 0)
			return RESULT_OK;
		if (count < 0 && errno != EINTR)
			return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
					 SHOWN ": cannot be read; check the disk it is on", path);
		if (count > 0)
			buffer_append(buffer, chunk, (size_t)count);
	}
	if (buffer_result(buffer) == RESULT_BODY_TOO_LARGE)
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 SHOWN ": too large; at most %zu bytes are allowed", path,
				 buffer->maximum);
	return error_set(err, RESULT_BUSY, NULL, SHOWN ": no memory to read it", path);
}

enum result file_read_all(const char *path, enum file_kind kind, size_t maximum,
			  struct buffer *buffer, struct error *err)
{
	enum result result;
	int descriptor;

	buffer_init(buffer, maximum);
	result = file_open(path, kind, FILE_TO_READ, &descriptor, err);
	if (result != RESULT_OK)
		return result;
	result = read_to_end(descriptor, path, buffer, err);
	close(descriptor);
	return result;
}

enum result file_check_database(const char *path, struct error *err)
{
	struct stat status;
	enum result result;

	result = check_directory(path, FILE_PRIVATE, RESULT_STORE_UNAVAILABLE, err);
	if (result != RESULT_OK)
		return result;
	if (lstat(path, &status) != 0)
		result = explain_open(path, errno, err);
	if (result == RESULT_NOT_FOUND)
		return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
				 SHOWN ": there is no such database; make it with claviger-admin "
				       "init, or claviger-admin restore BACKUP",
				 path);
	if (result != RESULT_OK)
		return result;
	if (!S_ISREG(status.st_mode))
		return error_set(err, RESULT_STORE_UNAVAILABLE, NULL,
				 SHOWN ": not a regular file; give the path of the database itself",
				 path);
	return check_status(path, &status, FILE_PRIVATE, err);
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	while (length > 0 && directory[length - 1] == '/')
		length--;
	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

bool file_lies_in(const char *path, const char *directory)
{
	char parent[PATH_BYTES];
	char *real_parent = NULL, *real_directory = NULL;
	bool lies_in = is_below(path, directory);

	if (!lies_in && find_directory(path, parent)) {
		real_parent = realpath(parent, NULL);
		real_directory = realpath(directory, NULL);
		lies_in = real_parent != NULL && real_directory != NULL &&
			  is_below(real_parent, real_directory);
	}
	free(real_parent);
	free(real_directory);
	return lies_in;
}
