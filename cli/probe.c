/* SPDX-License-Identifier: ISC */
#include "probe.h"

#include "ascii.h"

#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { TIMEOUT_SECONDS = 10, REQUEST_SIZE = 1024, ANSWER_SIZE = 16384 };

/* Copies LENGTH bytes that stand in a request line: no blank, no control character. */
static bool copy_part(const char *text, size_t length, char *out, size_t size)
{
	if (length >= size)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!ascii_is_printable(text[i]) || strchr(" \"<>\\@#?", text[i]) != NULL)
			return false;
	memcpy(out, text, length);
	out[length] = '\0';
	return true;
}

bool probe_parse_url(const char *text, struct probe_url *url)
{
	static const char scheme[] = "http://";
	const char *host = text + sizeof(scheme) - 1, *end, *port, *path;
	size_t path_length;
	uint64_t number;

	if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
		return false;
	if (*host == '[') {
		host++;
		end = strchr(host, ']');
		if (end == NULL)
			return false;
		port = end + 1;
	} else {
		end = host + strcspn(host, ":/");
		port = end;
	}
	path = port + strcspn(port, "/");
	path_length = strlen(path);
	while (path_length > 0 && path[path_length - 1] == '/')
		path_length--;
	if (port == path)
		snprintf(url->port, sizeof(url->port), "80");
	else if (*port != ':' ||
		 !ascii_parse_number(port + 1, (size_t)(path - port - 1), UINT16_MAX, &number) ||
		 !copy_part(port + 1, (size_t)(path - port - 1), url->port, sizeof(url->port)))
		return false;
	return end > host && copy_part(host, (size_t)(end - host), url->host, sizeof(url->host)) &&
	       copy_part(path, path_length, url->path, sizeof(url->path));
}

static int connect_to(const struct probe_url *url)
{
	struct timeval limit = {.tv_sec = TIMEOUT_SECONDS};
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *addresses = NULL;
	int connection = -1;

	if (getaddrinfo(url->host, url->port, &hints, &addresses) != 0)
		return -1;
	for (struct addrinfo *at = addresses; at != NULL && connection < 0; at = at->ai_next) {
		connection = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
		if (connection < 0)
			continue;
		setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (connect(connection, at->ai_addr, at->ai_addrlen) == 0)
			break;
		close(connection);
		connection = -1;
	}
	freeaddrinfo(addresses);
	return connection;
}

static bool send_request(int connection, const struct probe_url *url, const char *path,
			 const char *headers)
{
	bool is_ipv6 = strchr(url->host, ':') != NULL;
	char request[REQUEST_SIZE];
	size_t sent = 0, length;
	int wanted = snprintf(request, sizeof(request),
			      "GET %s%s HTTP/1.1\r\nHost: %s%s%s:%s\r\nConnection: close\r\n%s\r\n",
			      url->path, path, is_ipv6 ? "[" : "", url->host, is_ipv6 ? "]" : "",
			      url->port, headers);

	if (wanted < 0 || (size_t)wanted >= sizeof(request))
		return false;
	for (length = (size_t)wanted; sent < length;) {
		ssize_t count = send(connection, request + sent, length - sent, 0);

		if (count <= 0)
			return false;
		sent += (size_t)count;
	}
	return true;
}

/* "HTTP/1.1 401 Unauthorized", header lines, an empty line, the body. A body in chunks is read as
 * it is: who looks for a word or a first byte finds it behind the size. */
static void read_answer(const char *text, size_t length, struct probe_answer *answer)
{
	const char *body = strstr(text, "\r\n\r\n");
	uint64_t status;

	if (length < 12 || strncmp(text, "HTTP/1.", 7) != 0 || body == NULL ||
	    !ascii_parse_number(text + 9, 3, 999, &status))
		return;
	snprintf(answer->head, sizeof(answer->head), "%.*s", (int)(body - text), text);
	body += 4;
	answer->status = (int)status;
	answer->body_length = length - (size_t)(body - text);
	if (answer->body_length > PROBE_BODY_SIZE)
		answer->body_length = PROBE_BODY_SIZE;
	memcpy(answer->body, body, answer->body_length);
}

void probe_get(const struct probe_url *url, const char *path, const char *headers,
	       struct probe_answer *answer)
{
	char text[ANSWER_SIZE + 1];
	size_t length = 0;
	int connection = connect_to(url);

	*answer = (struct probe_answer){0};
	if (connection < 0)
		return;
	if (send_request(connection, url, path, headers)) {
		while (length < ANSWER_SIZE) {
			ssize_t count = recv(connection, text + length, ANSWER_SIZE - length, 0);

			if (count <= 0)
				break;
			length += (size_t)count;
		}
		text[length] = '\0';
		read_answer(text, length, answer);
	}
	close(connection);
}
