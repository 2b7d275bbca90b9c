/* SPDX-License-Identifier: ISC */
/* How the files codec*.c read a body: an object whose members are looked up in a table, so that an
 * unknown one is refused. Nobody else includes this. */
#ifndef CLAVIGER_CODEC_BODY_H
#define CLAVIGER_CODEC_BODY_H

#include "attributes.h"
#include "config.h"
#include "error.h"
#include "permission.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* What a reader needs besides the value. */
struct body {
	const struct config *config;
	int64_t now;
	void *into; /* what the table's readers fill */
	struct error *err;
};

/* Readers run in the order of the table, not in that of the text. VALUE is NULL for null. */
struct body_field {
	const char *name;
	enum result (*read)(const struct body *body, const char *field, struct json_object *value);
};

/** Reads TEXT, one object, through FIELDS; what json-c kept of its strings is wiped before it is
 *  freed. RESULT_INVALID_JSON, RESULT_UNKNOWN_FIELD and what the
 *  readers answer, with the field in the error; *IS_EMPTY where the object has no member. */
NODISCARD enum result body_read(const struct body *body, const struct body_field *fields,
				size_t count, const char *text, size_t length, bool *is_empty);

/** The same of a text that must not be empty; EXAMPLE says in a refusal what to send. */
NODISCARD enum result body_read_some(const struct body *body, const struct body_field *fields,
				     size_t count, const char *text, size_t length,
				     const char *example);

/** Refuses a body that lacks FIELD, as EXAMPLE does not: RESULT_INVALID_FIELD. */
NODISCARD enum result body_refuse_missing(struct error *err, const char *field,
					  const char *example);

/** Refuses element INDEX of FIELD: RESULT_INVALID_FIELD. */
NODISCARD enum result body_refuse_element(const struct body *body, const char *field, size_t index,
					  const char *wanted);

/** The text of VALUE; NULL where it is no string, or holds a NUL. */
NODISCARD const char *body_text(struct json_object *value);

/** Reads a name as api.md wants it into NAME; RESULT_INVALID_FIELD for anything but a string that
 *  is one, null among it. */
NODISCARD enum result body_read_name(const struct body *body, const char *field,
				     struct json_object *value, char *name, size_t size);

/** Reads 1 to PERMISSIONS_MAX names, or "*" alone, into EACH, in their order; UNLESS says in a
 *  refusal what to do where none are meant. */
NODISCARD enum result body_read_permissions(const struct body *body, const char *field,
					    struct json_object *value, const char *unless,
					    struct permission_set each[static PERMISSIONS_MAX],
					    size_t *count);

#endif
