/* SPDX-License-Identifier: ISC */
#include "remote_session.h"

#include "remote_http.h"
#include "remote_kept.h"

#include <stdio.h>
#include <string.h>

static enum result check_base(struct remote *remote, const struct remote_base *base,
			      struct error *err)
{
	const struct setting_value *insecure = &remote->settings.values[SETTING_INSECURE_HTTP];

	if (base->is_encrypted || base->is_loopback || strcmp(insecure->text, "true") == 0)
		return RESULT_OK;
	remote->next = "write https://, or, if you know the network, --insecure-http";
	return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
			 "%.120s: over http anybody on the way could read the token", base->url);
}

enum result remote_session_open(struct remote *remote, const char *otherwise, const struct key *key,
				struct error *err)
{
	struct setting_value *value = &remote->settings.values[SETTING_API_BASE];
	struct remote_base base;
	enum result result = RESULT_OK;

	if (value->text[0] == '\0')
		result = settings_override(&remote->settings, SETTING_API_BASE, otherwise, "login",
					   err);
	if (result == RESULT_OK && value->text[0] == '\0') {
		remote->next = "claviger login --api-base URL";
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "Which service to ask is not known");
	}
	if (result == RESULT_OK)
		result = remote_http_read_base(value->text, &base, err);
	if (result == RESULT_OK)
		result = check_base(remote, &base, err);
	if (result != RESULT_OK)
		return result;
	snprintf(value->text, sizeof(value->text), "%s", base.url);
	remote->key = *key;
	return remote_http_open(&base, remote->settings.values[SETTING_CA_FILE].text, key,
				&remote->http, err);
}

/* The token of one service must not be shown to another. */
static enum result check_owner(struct remote *remote, const struct stored_login *login,
			       struct error *err)
{
	const struct setting_value *value = &remote->settings.values[SETTING_API_BASE];
	struct remote_base base;
	enum result result = RESULT_OK;

	if (value->text[0] == '\0')
		return RESULT_OK;
	result = remote_http_read_base(value->text, &base, err);
	if (result != RESULT_OK || strcmp(base.url, login->api_base) == 0)
		return result;
	remote->next = "claviger login, for a token of the other one";
	return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
			 "The token that is kept is for %.60s; %.24s says %.60s", login->api_base,
			 value->origin, base.url);
}

enum result remote_session_resume(struct remote *remote, struct error *err)
{
	struct stored_login login = {0};
	const char *variable;
	struct key key = {0};
	enum result result = kept_environment_token(&key, &variable, err);

	if (result == RESULT_OK && variable != NULL) {
		result = remote_session_open(remote, NULL, &key, err);
		goto out;
	}
	if (result == RESULT_OK)
		result = kept_read(&remote->settings, &login, err);
	if (result == RESULT_NOT_FOUND) {
		remote->next = "claviger login";
		result = error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				   "There is no token: nobody has logged in");
	}
	if (result == RESULT_OK)
		result = check_owner(remote, &login, err);
	if (result == RESULT_OK)
		result = remote_session_open(remote, login.api_base, &login.key, err);
out:
	token_key_wipe(&key);
	token_key_wipe(&login.key);
	return result;
}

void remote_session_close(struct remote *remote)
{
	remote_http_close(remote->http);
	remote->http = NULL;
	token_key_wipe(&remote->key);
}
