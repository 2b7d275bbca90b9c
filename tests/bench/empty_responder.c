/* SPDX-License-Identifier: ISC */
/* What anybody's FastCGI program starts from: libfcgi's usual loop in THREADS threads, and a fixed
 * answer of LENGTH bytes of JSON. The web server hands it the listening socket as descriptor 0.
 *
 * Usage: empty_responder LENGTH THREADS */
#include "ascii.h"

#include <fcgiapp.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAD_AROUND = sizeof("{\"pad\":\"\"}") - 1 };
enum { LENGTH_MIN = PAD_AROUND + 1, LENGTH_MAX = 60000, THREADS_MAX = 64 };

static void *serve(void *body)
{
	FCGX_Request request;

	FCGX_InitRequest(&request, 0, 0);
	while (FCGX_Accept_r(&request) >= 0) {
		FCGX_PutS("Content-Type: application/json\r\n\r\n", request.out);
		FCGX_PutS(body, request.out);
		FCGX_Finish_r(&request);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	char body[LENGTH_MAX + 1];
	uint64_t length, thread_count;
	pthread_t threads[THREADS_MAX];

	if (argc != 3 || !ascii_parse_number(argv[1], strlen(argv[1]), LENGTH_MAX, &length) ||
	    !ascii_parse_number(argv[2], strlen(argv[2]), THREADS_MAX, &thread_count) ||
	    length < LENGTH_MIN || thread_count < 1) {
		fprintf(stderr, "usage: empty_responder LENGTH THREADS\n");
		return 2;
	}
	snprintf(body, sizeof(body), "{\"pad\":\"%0*d\"}", (int)(length - PAD_AROUND), 0);

	if (FCGX_Init() != 0)
		return EXIT_FAILURE;
	/* libfcgi's own handler only sets a flag, which threads that sleep in accept never see. */
	signal(SIGTERM, SIG_DFL);
	for (uint64_t i = 0; i < thread_count; i++)
		if (pthread_create(&threads[i], NULL, serve, body) != 0)
			return EXIT_FAILURE;
	for (uint64_t i = 0; i < thread_count; i++)
		pthread_join(threads[i], NULL);
	return EXIT_FAILURE; /* the loop ends by an error only */
}
