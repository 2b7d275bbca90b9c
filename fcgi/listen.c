/* SPDX-License-Identifier: ISC */
#include "listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 511 };

bool listen_is_socket(int descriptor)
{
	int is_listening = 0;
	socklen_t length = sizeof(is_listening);

	return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) == 0 &&
	       is_listening != 0;
}

enum result listen_check(int descriptor, struct error *err)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
		struct sockaddr_un local;
	} address = {0};
	socklen_t length = sizeof(address);
	bool is_private = false;

	if (getsockname(descriptor, &address.any, &length) == 0)
		is_private = address.any.sa_family == AF_UNIX ||
			     (address.any.sa_family == AF_INET &&
			      ntohl(address.ipv4.sin_addr.s_addr) >> 24 == 127) ||
			     (address.any.sa_family == AF_INET6 &&
			      IN6_IS_ADDR_LOOPBACK(&address.ipv6.sin6_addr));
	if (is_private)
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
			 "The listening socket can be reached from other machines; use a unix "
			 "socket, or an address of loopback");
}

/* Says whether somebody answers at ADDRESS. */
static bool is_alive(const struct sockaddr_un *address)
{
	int probe = socket(AF_UNIX, SOCK_STREAM, 0);
	bool answers;

	if (probe < 0)
		return false;
	answers = connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0;
	close(probe);
	return answers;
}

static enum result remove_dead(const struct sockaddr_un *address, struct error *err)
{
	struct stat status;

	if (lstat(address->sun_path, &status) != 0)
		return RESULT_OK;
	if (!S_ISSOCK(status.st_mode))
		return error_set(
			err, RESULT_INVALID_CONFIGURATION, NULL,
			"%.100s: is there and is no socket; give another path or remove it",
			address->sun_path);
	if (is_alive(address))
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "%.100s: another process answers there; stop it, or give another "
				 "path",
				 address->sun_path);
	unlink(address->sun_path);
	return RESULT_OK;
}

static enum result give_to_group(const char *path, const char *group, struct error *err)
{
	const struct group *entry = getgrnam(group);

	if (entry == NULL)
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "--socket-group %.60s: no such group", group);
	if (chown(path, (uid_t)-1, entry->gr_gid) != 0 ||
	    chmod(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) != 0)
		return error_set(
			err, RESULT_INVALID_CONFIGURATION, NULL,
			"--socket-group %.60s: %.100s cannot be given to it; this user must "
			"be a member",
			group, path);
	return RESULT_OK;
}

enum result listen_open(const char *path, const char *group, int *descriptor, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	enum result result;

	*descriptor = -1;
	if (path[0] != '/' && strchr(path, ':') != NULL)
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "--socket %.100s: a path of a unix socket is wanted; for TCP on "
				 "loopback hand a listening socket down on descriptor 0",
				 path);
	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(
			err, RESULT_INVALID_CONFIGURATION, NULL,
			"--socket: the path is longer than the %zu bytes that a socket may "
			"have",
			sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	result = remove_dead(&address, err);
	if (result != RESULT_OK)
		return result;
	*descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
	/* The umask of 077 makes the file 0700, closed to others from the first moment on. */
	if (*descriptor < 0 || fcntl(*descriptor, F_SETFD, FD_CLOEXEC) != 0 ||
	    bind(*descriptor, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(path, S_IRUSR | S_IWUSR) != 0)
		result = error_set(
			err, RESULT_INVALID_CONFIGURATION, NULL,
			"--socket %.100s: cannot be made; its directory must exist and be "
			"writable by this user",
			path);
	if (result == RESULT_OK && group != NULL)
		result = give_to_group(path, group, err);
	if (result == RESULT_OK && listen(*descriptor, BACKLOG) != 0)
		result = error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				   "--socket %.100s: cannot be listened on", path);
	if (result != RESULT_OK && *descriptor >= 0) {
		close(*descriptor);
		*descriptor = -1;
	}
	return result;
}

void listen_close(const char *path, int *descriptor)
{
	if (*descriptor < 0)
		return;
	unlink(path);
	close(*descriptor);
	*descriptor = -1;
}
