/* SPDX-License-Identifier: ISC */
/* What no program can guard against by itself: a web server that never asks. So something guarded
 * is asked for as strangers would, in every spelling that could slip past, and each time it must be
 * refused; and once as somebody who may pass. */
#include "doctor.h"

#include "file.h"
#include "token.h"

#include <sodium.h>

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = PROBE_PATH_SIZE + 16, KEY_FILE_MAX = 256, HEADER_SIZE = 128 };

/* In each refusal of the gate, and in no other. */
#define REASON "X-Claviger-Reason:"

/* The guarded path once more, as it may not be read: between BEFORE, in the place of its slash, and
 * BEHIND. */
static const struct spelling {
	const char *what, *before, *behind;
} spellings[] = {
	{"a slash before it", "//", ""},
	{"a dot segment before it", "/./", ""},
	{"an encoded dot segment before it", "/%2e/", ""},
	{"a segment and back", "/x/../", ""},
	{"a segment and back, encoded", "/x/%2e%2e/", ""},
	{"an encoded slash before it", "/%2f", ""},
	{"a slash behind it", "/", "/"},
	{"an encoded slash behind it", "/", "%2f"},
	{"a dot segment behind it", "/", "/."},
	{"a NUL behind it", "/", "%00"},
	{"a NUL and a name behind it", "/", "%00.html"},
	{"a semicolon behind it", "/", ";x=1"},
	{"a line feed behind it", "/", "%0a"},
};

/* What a client could send to speak for the web server. */
static const char *const forged[] = {
	"X-Forwarded-Uri: /\r\nX-Forwarded-Method: GET\r\n",
	"X-Original-URI: /\r\nX-Original-Method: GET\r\n",
	"X-Original-URL: /\r\nX-Rewrite-URL: /\r\n",
	"CLAVIGER-GATE: on\r\nCLAVIGER-URI: /\r\nCLAVIGER-METHOD: GET\r\n",
	"X-Claviger-Token-Id: 000000000000000000000000\r\nX-Claviger-User: public\r\n",
	"CLAVIGER_TOKEN_ID: 000000000000000000000000\r\n",
};

static bool has_passed(const struct probe_answer *answer)
{
	return answer->status >= 200 && answer->status < 300;
}

/* Asks as nobody. False where that passed. */
static bool is_refused(struct doctor *doctor, const struct probe_url *root, const char *path,
		       const char *headers, const char *what)
{
	struct probe_answer answer;

	probe_get(root, path, headers, &answer);
	if (!has_passed(&answer))
		return true;
	doctor_note(
		doctor, "gate", FINDING_CONFIGURATION_FAILED,
		"ANYBODY PASSES: %s was answered with %d without a token (%s); close it now, and "
		"compare the web server's configuration with the example",
		path, answer.status, what);
	return false;
}

static bool check_strangers(struct doctor *doctor, const struct probe_url *root, const char *path,
			    const char *bad_key)
{
	bool is_good = is_refused(doctor, root, path, "", "as it is");

	is_good = is_refused(doctor, root, path, bad_key, "with a key that is none") && is_good;
	for (size_t i = 0; i < ARRAY_LENGTH(spellings); i++) {
		char spelt[PATH_SIZE];

		snprintf(spelt, sizeof(spelt), "%s%s%s", spellings[i].before, path + 1,
			 spellings[i].behind);
		is_good = is_refused(doctor, root, spelt, "", spellings[i].what) && is_good;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(forged); i++)
		is_good =
			is_refused(doctor, root, path, forged[i], "with forged headers") && is_good;
	return is_good;
}

/* Whether the gate was asked at all, and saw the key, shows in its ANSWER to a bad one. */
static void check_asked(struct doctor *doctor, const struct probe_answer *answer)
{
	if (strstr(answer->head, "error=\"invalid_token\"") != NULL)
		doctor_note(doctor, "gate asked", FINDING_GOOD, "it sees the key that is sent");
	else if (answer->status == 401 && strstr(answer->head, "realm=\"claviger\"") != NULL)
		doctor_note(doctor, "gate asked", FINDING_FAILED,
			    "nobody passes: the web server drops Authorization before it asks "
			    "(Apache: CGIPassAuth On)");
	else if (answer->status == 403 && strstr(answer->head, REASON) != NULL)
		doctor_note(doctor, "gate asked", FINDING_WARNING,
			    "403 before any key is looked at; does the policy have a rule for this "
			    "path? claviger-admin policy test says");
	else if (has_passed(answer))
		doctor_note(doctor, "gate asked", FINDING_FAILED,
			    "claviger was not asked: a key that is none was answered with %d",
			    answer->status);
	else if (answer->status >= 500)
		doctor_note(doctor, "gate asked", FINDING_FAILED,
			    "nobody passes: %d; is claviger running, and does the web server reach "
			    "its socket, mod_authnz_fcgi its TCP port? nginx wants gate_status = "
			    "simple and no \"include fastcgi_params\" where it asks, mod_fcgid "
			    "FcgidAccessChecker and not FcgidAuthorizer",
			    answer->status);
	else
		doctor_note(
			doctor, "gate asked", FINDING_FAILED,
			"nobody passes: %d, but not from claviger, which was not asked; compare "
			"the web server's configuration with the example",
			answer->status);
}

/* What may be wrong where ANSWER refuses somebody who may pass; NULL where it does not. */
static const char *why_not(const struct probe_answer *answer)
{
	if (answer->status == 0)
		return "nobody answers";
	if (answer->status >= 500)
		return "where \"gate asked\" is ok, the backend does not answer, or Apache's "
		       "mod_authnz_fcgi lacks UserExpr";
	if (answer->status == 403 && strstr(answer->head, REASON) == NULL)
		return "not from claviger: a directory without an index page answers so; ask for "
		       "a file";
	if (answer->status == 401 || answer->status == 403)
		return "claviger-admin policy explain says whether it may";
	return NULL;
}

/* FILE holds a key that may pass. */
static void check_holder(struct doctor *doctor, const struct probe_url *root, const char *path,
			 const char *file)
{
	char header[HEADER_SIZE] = "";
	struct probe_answer answer = {0};
	struct buffer content = {0};
	struct error err = {0};
	size_t length;

	if (file_read_all(file, FILE_PRIVATE, KEY_FILE_MAX, &content, &err) != RESULT_OK) {
		doctor_note(doctor, "gate passes", FINDING_FAILED, "%.300s", err.message);
		goto out;
	}
	length = content.length == 0 ? 0 : strcspn(content.data, "\r\n");
	snprintf(header, sizeof(header), "Authorization: Bearer %.*s\r\n", (int)length,
		 content.length == 0 ? "" : content.data);
	probe_get(root, path, header, &answer);
	if (why_not(&answer) != NULL)
		doctor_note(doctor, "gate passes", FINDING_FAILED,
			    "%d with the key of --key-file; %s", answer.status, why_not(&answer));
	else if (strstr(answer.head, "Variable-CLAVIGER_") != NULL ||
		 strstr(answer.head, "X-Claviger-Token-Id") != NULL)
		doctor_note(doctor, "gate passes", FINDING_WARNING,
			    "with the key of --key-file, but the answer tells the client what is "
			    "for the backend; unset these headers as the example does");
	else
		doctor_note(doctor, "gate passes", FINDING_GOOD, "with the key of --key-file");
out:
	sodium_memzero(header, sizeof(header));
	buffer_clear(&content);
}

void doctor_check_gate(struct doctor *doctor, const struct probe_url *url, const char *path,
		       const char *key_file)
{
	static const char zeros[] = "000000000000000000000000000000000000000000000000";
	struct probe_url root = *url;
	struct probe_answer answer;
	char bad_key[HEADER_SIZE];
	bool is_good;

	_Static_assert(sizeof(zeros) - 1 == TOKEN_BODY_LENGTH, "as long as a key");
	root.path[0] = '\0';
	snprintf(bad_key, sizeof(bad_key), "Authorization: Bearer %s%s\r\n",
		 doctor->admin->config->token_prefix, zeros);
	is_good = check_strangers(doctor, &root, path, bad_key);
	probe_get(&root, path, bad_key, &answer);
	/* Where nothing passes because nothing is served, nothing is known to be well. */
	if (answer.status == 0) {
		doctor_note(doctor, "gate", FINDING_FAILED,
			    "nobody answers; start the web server, or correct --gate");
		return;
	}
	if (is_good)
		doctor_note(doctor, "gate", FINDING_GOOD,
			    "nobody passes without a token, in %zu spellings and with %zu kinds of "
			    "forged headers",
			    ARRAY_LENGTH(spellings) + 1, ARRAY_LENGTH(forged));
	check_asked(doctor, &answer);
	if (key_file != NULL)
		check_holder(doctor, &root, path, key_file);
}
