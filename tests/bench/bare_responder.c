/* SPDX-License-Identifier: ISC */
/* The limit that the web server and the kernel set: the answer of empty_responder by one accept4,
 * read, write and close, in one thread and without any library. It trusts its peer: what comes is
 * taken for one whole request with the id 1, as lighttpd sends it.
 *
 * Usage: bare_responder LENGTH */
#include "ascii.h"

#include <fastcgi.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAD_AROUND = sizeof("{\"pad\":\"\"}") - 1 };
enum { LENGTH_MIN = PAD_AROUND + 1, LENGTH_MAX = 60000 };
enum { REQUEST_MAX = 16384, ANSWER_MAX = LENGTH_MAX + 128 };

static const char headers[] = "Content-Type: application/json\r\n\r\n";

/* An answer is the same bytes each time: one record of output and the end of the request. */
static size_t write_answer(char *answer, size_t length)
{
	size_t content_length = sizeof(headers) - 1 + length;
	FCGI_Header output = {.version = FCGI_VERSION_1,
			      .type = FCGI_STDOUT,
			      .requestIdB0 = 1,
			      .contentLengthB1 = (unsigned char)(content_length >> 8),
			      .contentLengthB0 = (unsigned char)(content_length & 0xFF)};
	FCGI_EndRequestRecord end = {.header = {.version = FCGI_VERSION_1,
						.type = FCGI_END_REQUEST,
						.requestIdB0 = 1,
						.contentLengthB0 = sizeof(end.body)},
				     .body = {.protocolStatus = FCGI_REQUEST_COMPLETE}};
	size_t used = sizeof(output);

	memcpy(answer, &output, sizeof(output));
	used += (size_t)snprintf(answer + used, ANSWER_MAX - used, "%s{\"pad\":\"%0*d\"}", headers,
				 (int)(length - PAD_AROUND), 0);
	memcpy(answer + used, &end, sizeof(end));
	return used + sizeof(end);
}

int main(int argc, char **argv)
{
	char request[REQUEST_MAX], answer[ANSWER_MAX];
	uint64_t length;
	size_t answer_length;

	if (argc != 2 || !ascii_parse_number(argv[1], strlen(argv[1]), LENGTH_MAX, &length) ||
	    length < LENGTH_MIN) {
		fprintf(stderr, "usage: bare_responder LENGTH\n");
		return 2;
	}
	answer_length = write_answer(answer, length);
	signal(SIGPIPE, SIG_IGN); /* a client that left is no reason to end */
	for (;;) {
		int connection = accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0 && errno != EINTR && errno != ECONNABORTED)
			return EXIT_FAILURE;
		if (connection < 0)
			continue;
		if (read(connection, request, sizeof(request)) <= 0 ||
		    write(connection, answer, answer_length) < 0)
			fprintf(stderr, "bare_responder: a request was lost\n");
		close(connection);
	}
}
