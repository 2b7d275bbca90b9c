/* SPDX-License-Identifier: ISC */
/* The command line as it was written: options in any place, and the words that are none. Knows
 * which options there are, not which program or command takes which. */
#ifndef CLAVIGER_ARGUMENTS_H
#define CLAVIGER_ARGUMENTS_H

#include "attributes.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of both programs, in the order in which a help text lists them. */
enum option {
	OPTION_ACCOUNT,
	OPTION_OWNER,
	OPTION_ROLE,
	OPTION_EMAIL,
	OPTION_NAME,
	OPTION_PERMISSION,
	OPTION_WEBSITE,
	OPTION_ALLOW_IP,
	OPTION_EXPIRES_IN,
	OPTION_EXPIRES_AT,
	OPTION_WITHIN,
	OPTION_OLDER_THAN,
	OPTION_KEY_FILE,
	OPTION_ALL,
	OPTION_STATE,
	OPTION_CASCADE,
	OPTION_ASCII,
	OPTION_SINCE,
	OPTION_ACTOR,
	OPTION_TOKEN,
	OPTION_CHECKPOINT,
	OPTION_KEEP_REVOKED,
	OPTION_YES,
	OPTION_URL,
	OPTION_GATE,
	OPTION_QUERY,
	OPTION_PARENT,
	OPTION_UNUSED_SINCE,
	OPTION_LIMIT,
	OPTION_GRACE,
	OPTION_DRY_RUN,
	OPTION_WITH_TOKEN,
	OPTION_API_BASE,
	OPTION_INSECURE_HTTP,
	OPTION_CONFIG,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_COUNT
};

struct option_text {
	const char *name;  /* with its two hyphens */
	const char *value; /* what its value is called; NULL where it takes none */
	const char *description;
	bool is_repeatable; /* may be given again, or hold several values with commas between */
};

struct given_option {
	enum option option;
	const char *value; /* "" where it takes none */
};

/* A set of options is bits: OPTION_BIT(CASCADE) | OPTION_BIT(YES). */
#define OPTION_BIT(option) (UINT64_C(1) << OPTION_##option)
_Static_assert(OPTION_COUNT <= 64, "a set of options has 64 bits");

/* Borrows all text from argv. */
struct arguments {
	struct given_option *given;
	size_t given_count;
	const char **words;
	size_t word_count;
};

/** Reads ARGC strings at ARGV, the program's name first; KNOWN is the set of options that the
 *  program has. ARGUMENTS, zeroed before, is to be cleared also on failure. RESULT_INVALID_USAGE
 * for an option that is unknown, given twice or without its value; RESULT_BUSY without memory. */
NODISCARD enum result arguments_parse(int argc, char *const *argv, uint64_t known,
				      struct arguments *arguments, struct error *err);
void arguments_clear(struct arguments *arguments);
/** Says whether --json is among them, also for a command line that cannot be read. */
NODISCARD bool arguments_want_json(int argc, char *const *argv);

NODISCARD bool arguments_has(const struct arguments *arguments, enum option option);
/** The value of OPTION; NULL where it was not given. */
NODISCARD const char *arguments_value(const struct arguments *arguments, enum option option);

/** Reads the value of OPTION, which was given, as a duration: a number of seconds, or one with s,
 * m, h, d or w behind it. RESULT_INVALID_PARAMETER for anything else. */
NODISCARD enum result arguments_duration(const struct arguments *arguments, enum option option,
					 uint64_t *seconds, struct error *err);

/* One of the values of a repeatable option. Zeroed, it stands before the first. */
struct piece {
	size_t given, offset;
	const char *text; /* LENGTH bytes; what follows belongs to the next */
	size_t length;
};

/** Goes on to the next value of OPTION; false behind the last. */
NODISCARD bool arguments_next_piece(const struct arguments *arguments, enum option option,
				    struct piece *piece);

/** Says whether one of ARGC strings at ARGV holds something in the form of a key under PREFIX:
 *  every user of the machine can read a command line. */
NODISCARD bool arguments_hold_key(int argc, char *const *argv, const char *prefix);

NODISCARD const struct option_text *arguments_describe(enum option option);

#endif
