/* SPDX-License-Identifier: ISC */
/* The body that makes the first owner. */
#include "codec.h"

#include "bootstrap_code.h"
#include "codec_body.h"

#include <string.h>

#define CODE_EXAMPLE "{\"code\": \"...\"}"

static enum result read_code(const struct body *body, const char *field, struct json_object *value)
{
	const char *text = body_text(value);
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

enum result codec_read_code(const struct config *config, const char *text, size_t length,
			    char code[static BOOTSTRAP_CODE_SIZE], struct error *err)
{
	static const struct body_field fields[] = {{"code", read_code}};
	struct body body = {.config = config, .into = code, .err = err};
	enum result result;

	code[0] = '\0';
	result = body_read_some(&body, fields, ARRAY_LENGTH(fields), text, length, CODE_EXAMPLE);
	if (result == RESULT_OK && code[0] == '\0')
		return body_refuse_missing(err, "code", CODE_EXAMPLE);
	return result;
}
