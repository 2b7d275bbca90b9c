/* SPDX-License-Identifier: ISC */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Leaves no half of a UTF-8 character at the end of a text that vsnprintf cut. */
static void drop_cut_character(char *text, size_t length)
{
	size_t start = length;

	while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start > 0 && (unsigned char)text[start - 1] >= 0xC0)
		text[start - 1] = '\0';
}

static void copy_cut(char *out, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size) {
		length = size - 1;
		memcpy(out, text, length);
		out[length] = '\0';
		drop_cut_character(out, length);
		return;
	}
	memcpy(out, text, length + 1);
}

enum result error_set(struct error *err, enum result result, const char *field, const char *format,
		      ...)
{
	va_list arguments;
	int length;

	err->result = result;
	copy_cut(err->field, sizeof(err->field), field == NULL ? "" : field);
	va_start(arguments, format);
	length = vsnprintf(err->message, sizeof(err->message), format, arguments);
	va_end(arguments);
	if (length < 0)
		err->message[0] = '\0';
	else if ((size_t)length >= sizeof(err->message))
		drop_cut_character(err->message, sizeof(err->message) - 1);
	return result;
}

void error_prefix(struct error *err, const char *what)
{
	char message[ERROR_MESSAGE_SIZE];

	memcpy(message, err->message, sizeof(message));
	if (snprintf(err->message, sizeof(err->message), "%s: %s", what, message) >=
	    (int)sizeof(err->message))
		drop_cut_character(err->message, sizeof(err->message) - 1);
}

const char *error_reason(enum result result)
{
	switch (result) {
	case RESULT_OK:
		return "ok";
	case RESULT_INVALID_REQUEST:
		return "invalid_request";
	case RESULT_INVALID_JSON:
		return "invalid_json";
	case RESULT_UNKNOWN_FIELD:
		return "unknown_field";
	case RESULT_INVALID_FIELD:
		return "invalid_field";
	case RESULT_INVALID_PARAMETER:
		return "invalid_parameter";
	case RESULT_MISSING_TOKEN:
		return "missing_token";
	case RESULT_INVALID_TOKEN:
		return "invalid_token";
	case RESULT_INSUFFICIENT_SCOPE:
		return "insufficient_scope";
	case RESULT_SCOPE_EXCEEDED:
		return "scope_exceeded";
	case RESULT_REPLACED_KEY:
		return "replaced_key";
	case RESULT_NOT_FOUND:
		return "not_found";
	case RESULT_METHOD_NOT_ALLOWED:
		return "method_not_allowed";
	case RESULT_LIMIT_REACHED:
		return "limit_reached";
	case RESULT_IDEMPOTENCY_MISMATCH:
		return "idempotency_mismatch";
	case RESULT_CONFLICT:
		return "conflict";
	case RESULT_LAST_OWNER:
		return "last_owner";
	case RESULT_BODY_TOO_LARGE:
		return "body_too_large";
	case RESULT_UNSUPPORTED_MEDIA_TYPE:
		return "unsupported_media_type";
	case RESULT_RATE_LIMITED:
		return "rate_limited";
	case RESULT_BUSY:
	case RESULT_DEFERRED:
		return "busy";
	case RESULT_STORE_UNAVAILABLE:
		return "store_unavailable";
	case RESULT_INTERNAL:
	case RESULT_INVALID_CONFIGURATION:
	case RESULT_INVALID_USAGE:
		return "internal";
	}
	return "internal";
}
