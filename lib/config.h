/* SPDX-License-Identifier: ISC */
/* The configuration: one text file of "KEY = value" lines and the environment (CLAVIGER_ and the
 * key in capitals), which wins. Immutable once loaded; a reload makes a new one. */
#ifndef CLAVIGER_CONFIG_H
#define CLAVIGER_CONFIG_H

#include "attributes.h"
#include "buffer.h"
#include "error.h"
#include "log.h"
#include "permission.h"
#include "secret.h"
#include "token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONFIG_PATH_SIZE = 1024,
	CONFIG_BASE_PATH_SIZE = 256,
	CONFIG_ORIGIN_SIZE = 1100,
	CONFIG_CHANGED_SIZE = 320
};

#define CONFIG_DEFAULT_FILE "/etc/claviger/claviger.conf"
#define CONFIG_NEAR_FILE "claviger-data/claviger.conf"

enum journal_mode { JOURNAL_WAL, JOURNAL_DELETE };
/* Which statuses the gate answers a sub-request with: all of the API, or only 200, 401 and 403, for
 * servers that understand no others. */
enum gate_status { GATE_STATUS_FULL, GATE_STATUS_SIMPLE };
/* Which pair of headers the gate believes to say what was asked for. */
enum gate_headers { GATE_HEADERS_NONE, GATE_HEADERS_X_FORWARDED, GATE_HEADERS_X_ORIGINAL };

struct config {
	char file[CONFIG_PATH_SIZE]; /* where it was read from; "" when all is environment */
	char database[CONFIG_PATH_SIZE];
	char base_path[CONFIG_BASE_PATH_SIZE]; /* "" or begins with a slash and does not end in one
						*/
	char token_prefix[TOKEN_PREFIX_MAX + 1];
	char catalogue_file[CONFIG_PATH_SIZE]; /* "" = the names built in */
	struct scrypt_parameters scrypt;
	bool allow_weak_scrypt;
	uint32_t fast_threads, slow_threads;
	enum journal_mode journal_mode;
	uint32_t busy_timeout_ms;
	uint32_t memo_entries;
	char memo_file[CONFIG_PATH_SIZE]; /* "" = in memory */
	uint32_t tokens_per_account;
	uint32_t requests_per_minute; /* of each token; 0: no limit */
	char log[CONFIG_PATH_SIZE];   /* "stderr" or a path */
	enum log_level log_level;
	uint32_t purge_after_days; /* 0 = off */
	bool allow_root;
	bool metrics;
	char policy_file[CONFIG_PATH_SIZE]; /* "" = the gate lets nothing pass */
	enum gate_status gate_status;
	enum gate_headers gate_headers;
	char audit_key_file[CONFIG_PATH_SIZE]; /* "" = beside the database, with .audit-key behind
						*/
	struct catalogue catalogue;            /* loaded from catalogue_file, or the default */
};

/** Loads FILE (NULL: none) and ENVIRONMENT ("NAME=value" strings ending in NULL, as environ).
 *  Checks every value, the modes and owners of the files read, and that the names of permission
 *  that our own routes need are in the catalogue. The first fault is RESULT_INVALID_CONFIGURATION,
 *  ERR.message being "FILE:LINE: KEY: what is wrong; what is allowed" (the environment's as
 *  "environment: CLAVIGER_KEY: ..."); RESULT_BUSY without memory. CORES, at least 1, is what thread
 * defaults come from. */
NODISCARD enum result config_load(const char *file, char *const *environment, uint32_t cores,
				  struct config *config, struct error *err);

/** The first step of config_load(): CONFIG becomes the defaults of one core and what the LENGTH
 *  bytes at TEXT, the content of FILE, say. Checks each value by itself and opens nothing. */
NODISCARD enum result config_parse(const char *file, const char *text, size_t length,
				   struct config *config, struct error *err);

/** The file to read: OPTION where it is not NULL, else CLAVIGER_CONFIG in ENVIRONMENT, else
 *  CONFIG_DEFAULT_FILE where that exists, else NULL. Borrowed from its source. */
NODISCARD const char *config_choose_file(const char *option, char *const *environment);

/** Writes the path of CONFIG_NEAR_FILE in DIRECTORY or, where that has none, in the nearest
 *  directory above it that has one: the configuration of a program in a web space, whose web server
 *  hands no variable of its owner's to it. False where there is none. */
NODISCARD bool config_find_near(const char *directory, char path[static CONFIG_PATH_SIZE]);

/* One effective value, for "config show". */
struct config_value {
	const char *key;
	char value[CONFIG_PATH_SIZE];
	char origin[CONFIG_ORIGIN_SIZE]; /* "default", "FILE:LINE", "environment CLAVIGER_KEY" */
};

/** Calls EACH with every key in the order of the manual, its value and where it comes from. Loads
 *  as config_load() does, and fails as it does. */
NODISCARD enum result config_show(const char *file, char *const *environment, uint32_t cores,
				  void (*each)(void *context, const struct config_value *value),
				  void *context, struct error *err);

/** Takes over into CURRENT what a reload may change (tokens_per_account, requests_per_minute, log,
 *  log_level, metrics, policy and the gate's keys) from FRESH; writes the names of the other keys
 * that differ and so need a restart, with commas between, to CHANGED. */
void config_take_over(struct config *current, const struct config *fresh,
		      char changed[static CONFIG_CHANGED_SIZE]);

#endif
