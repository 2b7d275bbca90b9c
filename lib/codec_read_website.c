/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include "codec_body.h"
#include "text.h"

#include <json-c/json.h>

#include <string.h>

#define WEBSITE_EXAMPLE "{\"domain\": \"example.com\"}"
#define NAME_EXAMPLE "{\"name\": \"...\"}"
#define CODE_EXAMPLE "{\"code\": \"...\"}"
#define ROLE_EXAMPLE "{\"role\": \"member\"}"

/* The text of VALUE; NULL where it is no string, or holds a NUL. */
static const char *text_of(struct json_object *value)
{
	const char *text = NULL;

	if (json_object_is_type(value, json_type_string))
		text = json_object_get_string(value);
	if (text != NULL && strlen(text) != (size_t)json_object_get_string_len(value))
		text = NULL;
	return text;
}

static enum result read_domain(const struct body *body, const char *field,
			       struct json_object *value)
{
	struct website_draft *draft = body->into;
	const char *text = text_of(value);
	const char *complaint = "a host name such as \"example.com\" is wanted";

	if (text != NULL)
		complaint = text_read_domain(text, draft->domain);
	if (complaint != NULL)
		return error_set(body->err, RESULT_INVALID_FIELD, field, "%s: %s", field,
				 complaint);
	return RESULT_OK;
}

static enum result refuse_missing(struct error *err, const char *field, const char *example)
{
	return error_set(err, RESULT_INVALID_FIELD, field, "%s: this field must be there; send %s",
			 field, example);
}

static enum result check_domain(const struct website_draft *draft, struct error *err)
{
	return draft->domain[0] == '\0' ? refuse_missing(err, "domain", WEBSITE_EXAMPLE)
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
	const char *text = text_of(value);

	*role = text == NULL ? ROLE_NONE : role_parse(text);
	if (*role == ROLE_NONE)
		return error_set(body->err, RESULT_INVALID_FIELD, field,
				 "%s: \"owner\", \"member\" or \"viewer\" is wanted", field);
	return RESULT_OK;
}

static enum result read_code(const struct body *body, const char *field, struct json_object *value)
{
	const char *text = text_of(value);
	const char *complaint = "a string is wanted";
	char *code = body->into;

	if (text != NULL)
		complaint = bootstrap_code_refuse(text, strlen(text));
	if (complaint != NULL)
		return error_set(body->err, RESULT_INVALID_FIELD, field, "%s: %s", field,
				 complaint);
	memcpy(code, text, strlen(text) + 1);
	return RESULT_OK;
}

// clang-format off
static const struct body_field website_fields[] = {
	{ "domain", read_domain       },
	{ "name",   read_website_name },
};
static const struct body_field name_fields[] = { { "name", read_name } };
static const struct body_field role_fields[] = { { "role", read_role } };
static const struct body_field code_fields[] = { { "code", read_code } };
// clang-format on

/* Reads a body that must not be empty. */
static enum result read_body(const struct body *body, const struct body_field *fields, size_t count,
			     const char *text, size_t length, const char *example)
{
	bool is_empty;

	if (length == 0)
		return error_set(body->err, RESULT_INVALID_JSON, NULL, "The body is empty; send %s",
				 example);
	return body_read(body, fields, count, text, length, &is_empty);
}

enum result codec_read_website(const struct config *config, const char *text, size_t length,
			       struct website_draft *draft, struct error *err)
{
	struct body body = {.config = config, .into = draft, .err = err};
	enum result result;

	*draft = (struct website_draft){0};
	result = read_body(&body, website_fields, ARRAY_LENGTH(website_fields), text, length,
			   WEBSITE_EXAMPLE);
	return result == RESULT_OK ? check_domain(draft, err) : result;
}

enum result codec_read_name(const struct config *config, const char *text, size_t length,
			    char name[static STORE_NAME_SIZE], struct error *err)
{
	struct body body = {.config = config, .into = name, .err = err};
	enum result result;

	name[0] = '\0';
	result = read_body(&body, name_fields, ARRAY_LENGTH(name_fields), text, length,
			   NAME_EXAMPLE);
	if (result == RESULT_OK && name[0] == '\0')
		return refuse_missing(err, "name", NAME_EXAMPLE);
	return result;
}

enum result codec_read_role(const struct config *config, const char *text, size_t length,
			    enum role *role, struct error *err)
{
	struct body body = {.config = config, .into = role, .err = err};
	enum result result;

	*role = ROLE_NONE;
	result = read_body(&body, role_fields, ARRAY_LENGTH(role_fields), text, length,
			   ROLE_EXAMPLE);
	if (result == RESULT_OK && *role == ROLE_NONE)
		return refuse_missing(err, "role", ROLE_EXAMPLE);
	return result;
}

enum result codec_read_code(const struct config *config, const char *text, size_t length,
			    char code[static BOOTSTRAP_CODE_SIZE], struct error *err)
{
	struct body body = {.config = config, .into = code, .err = err};
	enum result result;

	code[0] = '\0';
	result = read_body(&body, code_fields, ARRAY_LENGTH(code_fields), text, length,
			   CODE_EXAMPLE);
	if (result == RESULT_OK && code[0] == '\0')
		return refuse_missing(err, "code", CODE_EXAMPLE);
	return result;
}
