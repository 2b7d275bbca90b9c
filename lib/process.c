/* SPDX-License-Identifier: ISC */
#include "process.h"

#include <sodium.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Where a standard descriptor is closed, the database must not be opened in its place and then get
 * what was meant for the terminal. To read only: so that writing to it fails. */
static bool hold_standard_descriptors(void)
{
	int descriptor;

	do
		descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (descriptor >= 0 && descriptor <= STDERR_FILENO);
	if (descriptor >= 0)
		close(descriptor);
	return descriptor >= 0;
}

enum result process_harden(struct error *err)
{
	struct rlimit none = {0, 0};

	umask(077);
	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return error_set(err, RESULT_INTERNAL, NULL,
				 "Core files could not be switched off; nothing was done");
	if (getuid() != geteuid() || getgid() != getegid())
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "The program must not be setuid or setgid; remove the mode bit");
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (!hold_standard_descriptors())
		return error_set(err, RESULT_INTERNAL, NULL, "/dev/null cannot be opened");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit is an error, not an end */
	if (sodium_init() < 0)
		return error_set(err, RESULT_INTERNAL, NULL, "libsodium could not be started");
	return RESULT_OK;
}

bool process_find_directory(char *directory, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", directory, size);
	char *slash;

	if (length <= 0 || (size_t)length >= size)
		return false;
	directory[length] = '\0';
	slash = strrchr(directory, '/');
	if (slash == NULL)
		return false;
	slash[slash == directory] = '\0';
	return true;
}
