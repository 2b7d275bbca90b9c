/* SPDX-License-Identifier: ISC */
/* The table of the configuration's keys: what each is called, what values it takes, and where its
 * value lies in a struct config. A new key is one line here and one member there. */
#ifndef CLAVIGER_SETTING_H
#define CLAVIGER_SETTING_H

#include "attributes.h"
#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SETTING_ALLOWED_SIZE = 80 };

/* In the order of the manual. */
enum setting_index {
	SETTING_DATABASE,
	SETTING_BASE_PATH,
	SETTING_TOKEN_PREFIX,
	SETTING_CATALOGUE,
	SETTING_SCRYPT_N,
	SETTING_SCRYPT_R,
	SETTING_SCRYPT_P,
	SETTING_ALLOW_WEAK_SCRYPT,
	SETTING_FAST_THREADS,
	SETTING_SLOW_THREADS,
	SETTING_JOURNAL_MODE,
	SETTING_BUSY_TIMEOUT_MS,
	SETTING_MEMO_ENTRIES,
	SETTING_MEMO_FILE,
	SETTING_TOKENS_PER_ACCOUNT,
	SETTING_REQUESTS_PER_MINUTE,
	SETTING_PURGE_AFTER_DAYS,
	SETTING_LOG,
	SETTING_LOG_LEVEL,
	SETTING_ALLOW_ROOT,
	SETTING_METRICS,
	SETTING_POLICY,
	SETTING_GATE_STATUS,
	SETTING_GATE_HEADERS,
	SETTING_AUDIT_KEY_FILE,
	SETTING_COUNT
};

enum setting_kind {
	SETTING_PATH,
	SETTING_PATH_OR_FALLBACK,
	SETTING_URL_PATH,
	SETTING_PREFIX,
	SETTING_NUMBER,
	SETTING_NUMBER_OR_OFF, /* off is 0 */
	SETTING_WORD
};

struct setting {
	const char *name;
	enum setting_kind kind;
	size_t offset, size;
	uint64_t low, high;       /* of a number */
	const char *const *words; /* of a choice, up to NULL; the place of a word is its value */
	const char *fallback;     /* "": not set; NULL: it depends on the number of cores */
	bool is_reloadable;
};

extern const struct setting settings[SETTING_COUNT];

/** Finds the key that is called by the LENGTH bytes at NAME. */
NODISCARD bool setting_find(const char *name, size_t length, enum setting_index *index);
/** Finds a key that is one letter, or two that changed places, away from NAME. */
NODISCARD bool setting_find_similar(const char *name, enum setting_index *index);

/** Sets what SETTING says in CONFIG to VALUE; false, CONFIG untouched, for a value it does not
 *  take. What is behind the end of a text is zeroed, so that members compare by their bytes. */
NODISCARD bool setting_set(struct config *config, const struct setting *setting, const char *value);
/** Makes CONFIG the defaults of a machine with CORES. */
void setting_set_defaults(struct config *config, uint32_t cores);
/** Says what SETTING takes, to follow the word "write". Borrowed, from ALLOWED or from the program.
 */
NODISCARD const char *setting_describe(const struct setting *setting,
				       char allowed[static SETTING_ALLOWED_SIZE]);
/** Writes the value of SETTING in CONFIG as setting_set() would take it; "" where it is not set. */
void setting_format(const struct config *config, const struct setting *setting,
		    char value[static CONFIG_PATH_SIZE]);

#endif
