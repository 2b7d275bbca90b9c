/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include "codec_body.h"
#include "text.h"

#include <json-c/json.h>

#include <string.h>

#define WEBSITE_EXAMPLE "{\"domain\": \"example.com\"}"
#define NAME_EXAMPLE "{\"name\": \"...\"}"
#define ROLE_EXAMPLE "{\"role\": \"member\"}"

static enum result read_domain(const struct body *body, const char *field,
			       struct json_object *value)
{
	struct website_draft *draft = body->into;
	const char *text = body_text(value);
	const char *complaint = "a host name such as \"example.com\" is wanted";

	if (text != NULL)
		complaint = text_read_domain(text, draft->domain);
	if (complaint != NULL)
		return error_set(body->err, RESULT_INVALID_FIELD, field, "%s: %s", field,
				 complaint);
	return RESULT_OK;
}

static enum result check_domain(const struct website_draft *draft, struct error *err)
{
	return draft->domain[0] == '\0' ? body_refuse_missing(err, "domain", WEBSITE_EXAMPLE)
					: RESULT_OK;
}

/* Behind the domain, so that one that is missing is told before a name that is wrong. */
static enum result read_website_name(const struct body *body, const char *field,
				     struct json_object *value)
{
	struct website_draft *draft = body->into;
	enum result result = check_domain(draft, body->err);

	return result == RESULT_OK
		       ? body_read_name(body, field, value, draft->name, sizeof(draft->name))
		       : result;
}

static enum result read_name(const struct body *body, const char *field, struct json_object *value)
{
	return body_read_name(body, field, value, body->into, STORE_NAME_SIZE);
}

static enum result read_role(const struct body *body, const char *field, struct json_object *value)
{
	enum role *role = body->into;
	const char *text = body_text(value);

	*role = text == NULL ? ROLE_NONE : role_parse(text);
	if (*role == ROLE_NONE)
		return error_set(body->err, RESULT_INVALID_FIELD, field,
				 "%s: \"owner\", \"member\" or \"viewer\" is wanted", field);
	return RESULT_OK;
}

// clang-format off
static const struct body_field website_fields[] = {
	{ "domain", read_domain       },
	{ "name",   read_website_name },
};
static const struct body_field name_fields[] = { { "name", read_name } };
static const struct body_field role_fields[] = { { "role", read_role } };
// clang-format on

enum result codec_read_website(const struct config *config, const char *text, size_t length,
			       struct website_draft *draft, struct error *err)
{
	struct body body = {.config = config, .into = draft, .err = err};
	enum result result;

	*draft = (struct website_draft){0};
	result = body_read_some(&body, website_fields, ARRAY_LENGTH(website_fields), text, length,
				WEBSITE_EXAMPLE);
	return result == RESULT_OK ? check_domain(draft, err) : result;
}

enum result codec_read_name(const struct config *config, const char *text, size_t length,
			    char name[static STORE_NAME_SIZE], struct error *err)
{
	struct body body = {.config = config, .into = name, .err = err};
	enum result result;

	name[0] = '\0';
	result = body_read_some(&body, name_fields, ARRAY_LENGTH(name_fields), text, length,
				NAME_EXAMPLE);
	if (result == RESULT_OK && name[0] == '\0')
		return body_refuse_missing(err, "name", NAME_EXAMPLE);
	return result;
}

enum result codec_read_role(const struct config *config, const char *text, size_t length,
			    enum role *role, struct error *err)
{
	struct body body = {.config = config, .into = role, .err = err};
	enum result result;

	*role = ROLE_NONE;
	result = body_read_some(&body, role_fields, ARRAY_LENGTH(role_fields), text, length,
				ROLE_EXAMPLE);
	if (result == RESULT_OK && *role == ROLE_NONE)
		return body_refuse_missing(err, "role", ROLE_EXAMPLE);
	return result;
}
