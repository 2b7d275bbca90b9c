/* SPDX-License-Identifier: ISC */
#include "form.h"

#include "ascii.h"

#include <sodium.h>

#include <stdbool.h>
#include <string.h>

static size_t length_until(const char *text, size_t length, char end)
{
	const char *at = memchr(text, end, length);

	return at == NULL ? length : (size_t)(at - text);
}

/* Decodes as much as there is room for. False for an escape that is none. */
static bool decode(const char *raw, size_t length, struct form_value *value)
{
	*value = (struct form_value){0};
	for (size_t i = 0; i < length; i++) {
		int byte = (unsigned char)raw[i];

		if (byte == '+') {
			byte = ' ';
		} else if (byte == '%') {
			int high = i + 2 < length ? ascii_hex_value(raw[i + 1]) : -1;
			int low = i + 2 < length ? ascii_hex_value(raw[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			byte = high * 16 + low;
			i += 2;
		}
		if (value->length < sizeof(value->bytes))
			value->bytes[value->length++] = (char)byte;
	}
	return true;
}

/* Decoded, so that a second one cannot hide from this reader and be found by the next. */
static bool is_called(const char *raw, size_t length, const char *name)
{
	struct form_value decoded;
	bool is_it = decode(raw, length, &decoded) && decoded.length == strlen(name) &&
		     memcmp(decoded.bytes, name, decoded.length) == 0;

	sodium_memzero(&decoded, sizeof(decoded)); /* who forgets the name sends a key here */
	return is_it;
}

static enum result refuse(const char *name, const char *complaint, struct form_value *value,
			  struct error *err)
{
	sodium_memzero(value, sizeof(*value));
	return error_set(err, RESULT_INVALID_REQUEST, name, "%s: %s", name, complaint);
}

enum result form_read(const char *text, size_t length, const char *name, struct form_value *value,
		      struct error *err)
{
	bool is_found = false;

	*value = (struct form_value){0};
	for (size_t at = 0; at < length;) {
		size_t field = length_until(text + at, length - at, '&');
		size_t name_length = length_until(text + at, field, '=');
		size_t start = name_length < field ? name_length + 1 : field;

		if (is_called(text + at, name_length, name)) {
			if (is_found)
				return refuse(name, "given twice; give it once", value, err);
			if (!decode(text + at + start, field - start, value))
				return refuse(name, "not percent-encoded as it must be", value,
					      err);
			is_found = true;
		}
		at += field + 1;
	}
	if (value->length == 0)
		return refuse(name, "is missing or empty; send it as a field of the form", value,
			      err);
	return RESULT_OK;
}
