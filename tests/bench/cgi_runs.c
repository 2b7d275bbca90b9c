/* SPDX-License-Identifier: ISC */
/* What a web server does for a request to plain CGI: starts PROGRAM with the environment that it
 * has itself, reads what it writes to the end, RUNS times. Prints for each run the milliseconds
 * from the start to the end of the answer, and the most memory that the process had, in KiB.
 *
 * Usage: cgi_runs RUNS PROGRAM */
#include "ascii.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 10000 };

extern char **environ;

static double milliseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool run(char *program)
{
	static const char wanted[] = "Status: 200";
	char *arguments[] = {program, NULL};
	char answer[8192];
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int ends[2], status = -1;
	ssize_t count;
	size_t length = 0;
	pid_t child;
	double start = milliseconds_now(), end;

	if (pipe2(ends, O_CLOEXEC) != 0 || posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) != 0 ||
	    posix_spawn(&child, program, &actions, NULL, arguments, environ) != 0)
		return false;
	close(ends[1]);
	while (length < sizeof(answer) &&
	       (count = read(ends[0], answer + length, sizeof(answer) - length)) > 0)
		length += (size_t)count;
	end = milliseconds_now();
	close(ends[0]);
	posix_spawn_file_actions_destroy(&actions);
	if (wait4(child, &status, 0, &usage) != child || status != 0 ||
	    length < sizeof(wanted) - 1 || memcmp(answer, wanted, sizeof(wanted) - 1) != 0)
		return false;
	printf("%.3f %ld\n", end - start, usage.ru_maxrss);
	return true;
}

int main(int argc, char **argv)
{
	uint64_t runs;

	if (argc != 3 || !ascii_parse_number(argv[1], strlen(argv[1]), RUNS_MAX, &runs)) {
		fprintf(stderr, "usage: cgi_runs RUNS PROGRAM\n");
		return 2;
	}
	for (uint64_t i = 0; i < runs; i++)
		if (!run(argv[2]))
			return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
