/* SPDX-License-Identifier: ISC */
/* The policy of the gate: the table that says what each guarded route needs. A text file, one rule
 * a line: methods, path, what is needed, where the website stands. The first rule that matches
 * decides; where none does, nothing passes. Immutable once read. */
#ifndef CLAVIGER_POLICY_H
#define CLAVIGER_POLICY_H

#include "attributes.h"
#include "error.h"
#include "permission.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	POLICY_BYTES_MAX = 256 * 1024,
	POLICY_RULES_MAX = 1000,
	POLICY_PATTERN_SIZE = 513,
	POLICY_NAME_SIZE = 65,
};

enum policy_website { POLICY_WEBSITE_NONE, POLICY_WEBSITE_IN_QUERY, POLICY_WEBSITE_IN_PATH };

/* Zeroed, it matches nothing. */
struct policy_rule {
	size_t line; /* of the file, from 1 */
	bool any_method;
	uint32_t methods; /* a bit for each one known */
	/* Decoded. A segment {...} stands for one that is not empty, "*" at the end for whatever
	 * follows, also for nothing. */
	char pattern[POLICY_PATTERN_SIZE];
	bool is_public; /* needs no token */
	struct permission_set needed;
	enum policy_website website;
	char website_name[POLICY_NAME_SIZE]; /* of the parameter, or of the {...} */
};

struct policy {
	size_t count;
	size_t unreachable_line; /* of the first rule that one before it hides; 0 where none is */
	struct policy_rule *rules;
};

/** Reads LENGTH bytes at TEXT, the content of FILE (for messages). POLICY must own nothing before;
 *  clear it with policy_clear(). RESULT_INVALID_CONFIGURATION with "FILE:LINE:COLUMN: what is
 * wrong; what is allowed"; RESULT_BUSY without memory. */
NODISCARD enum result policy_parse(struct policy *policy, const struct catalogue *catalogue,
				   const char *file, const char *text, size_t length,
				   struct error *err);
/** Frees what POLICY owns; a zeroed one is allowed. */
void policy_clear(struct policy *policy);

/* A piece of a path; no NUL ends it. */
struct policy_value {
	const char *text;
	size_t length;
};

/** The rule that decides about METHOD on PATH, which path_decode() let pass; NULL: none, nothing
 *  passes. VALUE becomes what the rule's {...} for the website stands for, in PATH. */
NODISCARD const struct policy_rule *policy_find(const struct policy *policy, const char *method,
						const char *path, struct policy_value *value);

#endif
