/* SPDX-License-Identifier: ISC */
/* libfcgi's usual loop that lets everything pass: what anybody's FastCGI authorizer starts from. */
#include "ascii.h"

#include <fcgiapp.h>

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 64 };

static void *serve(void *ignored)
{
	FCGX_Request request;

	(void)ignored;
	FCGX_InitRequest(&request, 0, 0);
	while (FCGX_Accept_r(&request) >= 0) {
		FCGX_PutS("Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n", request.out);
		FCGX_Finish_r(&request);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t thread_count = 0;
	pthread_t threads[THREADS_MAX];

	if (argc != 2 ||
	    !ascii_parse_number(argv[1], strlen(argv[1]), THREADS_MAX, &thread_count) ||
	    thread_count < 1) {
		fprintf(stderr, "usage: empty_authorizer THREADS\n");
		return 2;
	}
	if (FCGX_Init() != 0)
		return EXIT_FAILURE;
	/* libfcgi's own handler only sets a flag, which threads that sleep in accept never see. */
	signal(SIGTERM, SIG_DFL);
	for (uint64_t i = 0; i < thread_count; i++)
		if (pthread_create(&threads[i], NULL, serve, NULL) != 0)
			return EXIT_FAILURE;
	for (uint64_t i = 0; i < thread_count; i++)
		pthread_join(threads[i], NULL);
	return EXIT_FAILURE; /* the loop ends by an error only */
}
