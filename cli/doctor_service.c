/* SPDX-License-Identifier: ISC */
/* What only the running service can show: which of the headers that carry a key gets through the
 * web server, and whether that one gives away what it should not. */
#include "doctor.h"

#include "ascii.h"

#include <stdio.h>
#include <string.h>

enum { HEADER_SIZE = 128, PATH_SIZE = 256 };

enum arrival { ARRIVED, DROPPED, UNCLEAR };

/* In the form of a key and never one: its checksum is wrong. So the answer is invalid_token where
 * it arrives and missing_token where it does not. */
static enum arrival ask_with(const struct doctor *doctor, const struct probe_url *url,
			     const char *header, struct probe_answer *answer)
{
	static const char zeros[] = "000000000000000000000000000000000000000000000000";
	char line[HEADER_SIZE];

	_Static_assert(sizeof(zeros) - 1 == TOKEN_BODY_LENGTH, "as long as a key");
	snprintf(line, sizeof(line), "%s%s%s\r\n", header, doctor->admin->config->token_prefix,
		 zeros);
	probe_get(url, "/api/v1/admin/access-tokens/self", line, answer);
	if (answer->status == 401 && strstr(answer->body, "\"invalid_token\"") != NULL)
		return ARRIVED;
	if (answer->status == 401 && strstr(answer->body, "\"missing_token\"") != NULL)
		return DROPPED;
	return UNCLEAR;
}

static void note_unclear(struct doctor *doctor, const char *check, const struct probe_url *url,
			 int status)
{
	if (status == 0)
		doctor_note(doctor, check, FINDING_FAILED,
			    "nobody answers at %.120s port %s; start the web server, or correct "
			    "--url",
			    url->host, url->port);
	else
		doctor_note(doctor, check, FINDING_FAILED,
			    "the answer is %d and not claviger's; look at --url, base_path and the "
			    "web server's log",
			    status);
}

/* False where nobody answers at all. */
static bool check_headers(struct doctor *doctor, const struct probe_url *url)
{
	struct probe_answer answer;
	enum arrival bearer = ask_with(doctor, url, "Authorization: Bearer ", &answer), other;

	if (bearer == UNCLEAR) {
		note_unclear(doctor, "Authorization", url, answer.status);
		return answer.status != 0;
	}
	other = ask_with(doctor, url, "X-API-Key: ", &answer);
	if (bearer == ARRIVED)
		doctor_note(doctor, "Authorization", FINDING_GOOD, "arrives");
	else
		doctor_note(doctor, "Authorization",
			    other == ARRIVED ? FINDING_WARNING : FINDING_FAILED,
			    "the web server drops it (Apache: CGIPassAuth On)%s",
			    other == ARRIVED ? "; send X-API-Key until then" : "");
	if (other == ARRIVED)
		doctor_note(doctor, "X-API-Key", FINDING_GOOD, "arrives");
	else if (other == DROPPED)
		doctor_note(doctor, "X-API-Key", FINDING_WARNING,
			    "the web server drops it; send Authorization");
	else
		note_unclear(doctor, "X-API-Key", url, answer.status);
	return true;
}

/* "/" and the name of the file at PATH with SUFFIX behind it, as a URL writes them. */
static bool write_url_path(const char *path, const char *suffix, char out[static PATH_SIZE])
{
	static const char digits[] = "0123456789ABCDEF";
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	size_t used = 0;

	out[used++] = '/';
	for (; *name != '\0'; name++) {
		unsigned char byte = (unsigned char)*name;

		if (used + 4 + strlen(suffix) > PATH_SIZE)
			return false;
		if (ascii_is_alnum(*name) || strchr("-._~", byte) != NULL) {
			out[used++] = *name;
			continue;
		}
		out[used++] = '%';
		out[used++] = digits[byte >> 4];
		out[used++] = digits[byte & 15];
	}
	snprintf(out + used, PATH_SIZE - used, "%s", suffix);
	return true;
}

/* The beginning of the file, or a word that stands in it. */
static void check_hidden(struct doctor *doctor, const struct probe_url *url, const char *file,
			 const char *suffix, const char *sign)
{
	char path[PATH_SIZE];
	struct probe_answer answer;
	bool is_it;

	if (!write_url_path(file, suffix, path))
		return;
	probe_get(url, path, "", &answer);
	if (answer.status != 200)
		return;
	is_it = strstr(answer.body, sign) != NULL;
	doctor_note(doctor, "exposure", is_it ? FINDING_CONFIGURATION_FAILED : FINDING_WARNING,
		    is_it ? "ANYBODY CAN FETCH %s%s FROM THE WEB SERVER; move it out of the "
			    "document root now, and revoke every token"
			  : "%s%s is answered with 200, though not with that file; look what it is",
		    url->path, path);
}

void doctor_check_service(struct doctor *doctor, const struct probe_url *url)
{
	const struct config *config = doctor->admin->config;
	struct probe_url root = *url, service = *url;
	enum finding before;

	/* A path in --url is where the service is mounted; base_path says it otherwise. */
	if (service.path[0] == '\0')
		snprintf(service.path, sizeof(service.path), "%s", config->base_path);
	if (!check_headers(doctor, &service))
		return;

	before = doctor->worst;
	doctor->worst = FINDING_GOOD;
	root.path[0] = '\0';
	for (int i = 0; i < (service.path[0] == '\0' ? 1 : 2); i++) {
		const struct probe_url *place = i == 0 ? &root : &service;

		check_hidden(doctor, place, config->database, "", "SQLite format 3");
		check_hidden(doctor, place, config->database, "-wal", "\x37\x7F\x06");
		if (config->file[0] != '\0')
			check_hidden(doctor, place, config->file, "", "database");
	}
	if (doctor->worst == FINDING_GOOD)
		doctor_note(doctor, "exposure", FINDING_GOOD,
			    "neither database nor configuration can be fetched");
	if (before > doctor->worst)
		doctor->worst = before;
}
