/* SPDX-License-Identifier: ISC */
#include "setting.h"

#include "ascii.h"
#include "text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The place of a word is the value it stands for. */
static const char *const journal_words[] = {
	[JOURNAL_WAL] = "wal",
	[JOURNAL_DELETE] = "delete",
	NULL,
};
static const char *const level_words[] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
	NULL,
};
static const char *const truth_words[] = {"false", "true", NULL};
static const char *const gate_status_words[] = {
	[GATE_STATUS_FULL] = "full",
	[GATE_STATUS_SIMPLE] = "simple",
	NULL,
};
static const char *const gate_headers_words[] = {
	[GATE_HEADERS_NONE] = "none",
	[GATE_HEADERS_X_FORWARDED] = "x-forwarded",
	[GATE_HEADERS_X_ORIGINAL] = "x-original",
	NULL,
};
static const char off[] = "off";
static const char *const switch_words[] = {off, "on", NULL};

#define MEMBER(name) offsetof(struct config, name), sizeof(((struct config *)0)->name)
#define TEXT 0, 0, NULL
#define WORDS(words) 0, 0, words

/* Everything that is known about a key; its name stands here and nowhere else. */
// clang-format off
const struct setting settings[SETTING_COUNT] = {
	[SETTING_DATABASE]           = { "database",           SETTING_PATH,             MEMBER(database),           TEXT,                  "",       false },
	[SETTING_BASE_PATH]          = { "base_path",          SETTING_URL_PATH,         MEMBER(base_path),          TEXT,                  "",       false },
	[SETTING_TOKEN_PREFIX]       = { "token_prefix",       SETTING_PREFIX,           MEMBER(token_prefix),       TEXT,                  "dft_",   false },
	[SETTING_CATALOGUE]          = { "catalogue",          SETTING_PATH,             MEMBER(catalogue_file),     TEXT,                  "",       false },
	[SETTING_SCRYPT_N]           = { "scrypt_n",           SETTING_NUMBER,           MEMBER(scrypt.n),           2, 1048576, NULL,      "16384",  false },
	[SETTING_SCRYPT_R]           = { "scrypt_r",           SETTING_NUMBER,           MEMBER(scrypt.r),           1, 255, NULL,          "8",      false },
	[SETTING_SCRYPT_P]           = { "scrypt_p",           SETTING_NUMBER,           MEMBER(scrypt.p),           1, 255, NULL,          "1",      false },
	[SETTING_ALLOW_WEAK_SCRYPT]  = { "allow_weak_scrypt",  SETTING_WORD,             MEMBER(allow_weak_scrypt),  WORDS(truth_words),    "false",  false },
	[SETTING_FAST_THREADS]       = { "fast_threads",       SETTING_NUMBER,           MEMBER(fast_threads),       1, 16, NULL,           NULL,     false },
	[SETTING_SLOW_THREADS]       = { "slow_threads",       SETTING_NUMBER,           MEMBER(slow_threads),       1, 16, NULL,           NULL,     false },
	[SETTING_JOURNAL_MODE]       = { "journal_mode",       SETTING_WORD,             MEMBER(journal_mode),       WORDS(journal_words),  "wal",    false },
	[SETTING_BUSY_TIMEOUT_MS]    = { "busy_timeout_ms",    SETTING_NUMBER,           MEMBER(busy_timeout_ms),    0, 60000, NULL,        "5000",   false },
	[SETTING_MEMO_ENTRIES]       = { "memo_entries",       SETTING_NUMBER,           MEMBER(memo_entries),       1024, 16777216, NULL,  "131072", false },
	[SETTING_MEMO_FILE]          = { "memo_file",          SETTING_PATH,             MEMBER(memo_file),          TEXT,                  "",       false },
	[SETTING_TOKENS_PER_ACCOUNT] = { "tokens_per_account", SETTING_NUMBER,           MEMBER(tokens_per_account), 1, 10000000, NULL,     "1000",   true  },
	[SETTING_REQUESTS_PER_MINUTE] = { "requests_per_minute", SETTING_NUMBER_OR_OFF,   MEMBER(requests_per_minute), 1, 1000000, NULL,     "off",    true  },
	[SETTING_PURGE_AFTER_DAYS]   = { "purge_after_days",   SETTING_NUMBER_OR_OFF,    MEMBER(purge_after_days),   1, 36500, NULL,        "off",    false },
	[SETTING_LOG]                = { "log",                SETTING_PATH_OR_FALLBACK, MEMBER(log),                TEXT,                  "stderr", true  },
	[SETTING_LOG_LEVEL]          = { "log_level",          SETTING_WORD,             MEMBER(log_level),          WORDS(level_words),    "info",   true  },
	[SETTING_ALLOW_ROOT]         = { "allow_root",         SETTING_WORD,             MEMBER(allow_root),         WORDS(truth_words),    "false",  false },
	[SETTING_METRICS]            = { "metrics",            SETTING_WORD,             MEMBER(metrics),            WORDS(switch_words),   "off",    true  },
	[SETTING_POLICY]             = { "policy",             SETTING_PATH,             MEMBER(policy_file),        TEXT,                  "",       true  },
	[SETTING_GATE_STATUS]        = { "gate_status",        SETTING_WORD,             MEMBER(gate_status),        WORDS(gate_status_words), "full", true },
	[SETTING_GATE_HEADERS]       = { "gate_headers",       SETTING_WORD,             MEMBER(gate_headers),       WORDS(gate_headers_words), "none", true },
	[SETTING_AUDIT_KEY_FILE]     = { "audit_key_file",     SETTING_PATH,             MEMBER(audit_key_file),     TEXT,                  "",       false },
};
// clang-format on

_Static_assert(sizeof(enum journal_mode) == sizeof(uint32_t) &&
		       sizeof(enum log_level) == sizeof(uint32_t) &&
		       sizeof(enum gate_status) == sizeof(uint32_t) &&
		       sizeof(enum gate_headers) == sizeof(uint32_t),
	       "set_number() and get_number() write and read an enum as a uint32_t");

static uint64_t get_number(const struct config *config, const struct setting *setting)
{
	const char *member = (const char *)config + setting->offset;
	bool truth = false;
	uint32_t small = 0;
	uint64_t number = 0;

	switch (setting->size) {
	case sizeof(truth):
		memcpy(&truth, member, sizeof(truth));
		return truth;
	case sizeof(small):
		memcpy(&small, member, sizeof(small));
		return small;
	default:
		memcpy(&number, member, sizeof(number));
		return number;
	}
}

static void set_number(struct config *config, const struct setting *setting, uint64_t number)
{
	char *member = (char *)config + setting->offset;
	bool truth = number != 0;
	uint32_t small = (uint32_t)number;

	switch (setting->size) {
	case sizeof(truth):
		memcpy(member, &truth, sizeof(truth));
		return;
	case sizeof(small):
		memcpy(member, &small, sizeof(small));
		return;
	default:
		memcpy(member, &number, sizeof(number));
	}
}

bool setting_find(const char *name, size_t length, enum setting_index *index)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (strlen(settings[i].name) != length ||
		    memcmp(settings[i].name, name, length) != 0)
			continue;
		*index = (enum setting_index)i;
		return true;
	}
	return false;
}

bool setting_find_similar(const char *name, enum setting_index *index)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (text_distance(name, settings[i].name) > 1)
			continue;
		*index = (enum setting_index)i;
		return true;
	}
	return false;
}

/* Segments of unreserved characters (RFC 3986 §2.3) that mean the same however a server reads
 * them, each behind a slash. */
static bool is_base_path(const char *value)
{
	const char *segment = value;

	while (*segment == '/') {
		size_t length = strcspn(++segment, "/");

		if (length == 0 || (length == 1 && segment[0] == '.') ||
		    (length == 2 && segment[0] == '.' && segment[1] == '.'))
			return false;
		for (size_t i = 0; i < length; i++)
			if (!ascii_is_alnum(segment[i]) && strchr("-._~", segment[i]) == NULL)
				return false;
		segment += length;
	}
	return segment > value && *segment == '\0';
}

static bool set_word(struct config *config, const struct setting *setting, const char *value)
{
	for (size_t i = 0; setting->words[i] != NULL; i++) {
		if (strcmp(setting->words[i], value) != 0)
			continue;
		set_number(config, setting, i);
		return true;
	}
	return false;
}

static bool set_bounded(struct config *config, const struct setting *setting, const char *value)
{
	uint64_t number;

	if (!ascii_parse_number(value, strlen(value), setting->high, &number) ||
	    number < setting->low)
		return false;
	set_number(config, setting, number);
	return true;
}

bool setting_set(struct config *config, const struct setting *setting, const char *value)
{
	size_t length = strlen(value);
	bool is_good = false;

	switch (setting->kind) {
	case SETTING_PATH:
		is_good = value[0] == '/';
		break;
	case SETTING_PATH_OR_FALLBACK:
		is_good = value[0] == '/' || strcmp(value, setting->fallback) == 0;
		break;
	case SETTING_URL_PATH:
		is_good = is_base_path(value);
		break;
	case SETTING_PREFIX:
		is_good = token_prefix_valid(value);
		break;
	case SETTING_NUMBER_OR_OFF:
		if (strcmp(value, off) == 0) {
			set_number(config, setting, 0);
			return true;
		}
		return set_bounded(config, setting, value);
	case SETTING_NUMBER:
		return set_bounded(config, setting, value);
	case SETTING_WORD:
		return set_word(config, setting, value);
	}
	if (!is_good || length >= setting->size)
		return false;
	memset((char *)config + setting->offset, 0, setting->size);
	memcpy((char *)config + setting->offset, value, length);
	return true;
}

/* Half as many as cores, 1 to 4: each thread that is ready to accept is woken for its share of the
 * requests, and a warm check costs less processor time on one than on two. In the slow lane as many
 * as cores, 2 to 4, so that one run does not stop all. */
static uint64_t count_threads(size_t index, uint32_t cores)
{
	uint32_t least = index == SETTING_SLOW_THREADS ? 2 : 1;
	uint32_t wanted = index == SETTING_SLOW_THREADS ? cores : cores / 2;

	return wanted < least ? least : wanted > 4 ? 4 : wanted;
}

void setting_set_defaults(struct config *config, uint32_t cores)
{
	*config = (struct config){0};
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings[i];
		bool is_good = true;

		if (setting->fallback == NULL)
			set_number(config, setting, count_threads(i, cores));
		else if (setting->fallback[0] != '\0')
			is_good = setting_set(config, setting, setting->fallback);
		assert(is_good);
	}
}

static void describe_words(const char *const *words, char allowed[static SETTING_ALLOWED_SIZE])
{
	allowed[0] = '\0';
	for (size_t i = 0, used = 0; words[i] != NULL; i++) {
		const char *before = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";

		snprintf(allowed + used, SETTING_ALLOWED_SIZE - used, "%s%s", before, words[i]);
		used = strlen(allowed);
	}
}

const char *setting_describe(const struct setting *setting,
			     char allowed[static SETTING_ALLOWED_SIZE])
{
	switch (setting->kind) {
	case SETTING_PATH:
		return "an absolute path, such as /var/lib/claviger/file";
	case SETTING_PATH_OR_FALLBACK:
		snprintf(allowed, SETTING_ALLOWED_SIZE, "%s or an absolute path",
			 setting->fallback);
		return allowed;
	case SETTING_URL_PATH:
		return "a path of A-Za-z0-9-._~ such as /claviger, or leave it out for none";
	case SETTING_PREFIX:
		return "1 to 8 of A-Za-z0-9 and then _";
	case SETTING_NUMBER:
		snprintf(allowed, SETTING_ALLOWED_SIZE, "a number from %" PRIu64 " to %" PRIu64,
			 setting->low, setting->high);
		return allowed;
	case SETTING_NUMBER_OR_OFF:
		snprintf(allowed, SETTING_ALLOWED_SIZE,
			 "%s or a number from %" PRIu64 " to %" PRIu64, off, setting->low,
			 setting->high);
		return allowed;
	case SETTING_WORD:
		describe_words(setting->words, allowed);
		return allowed;
	}
	return "something else";
}

void setting_format(const struct config *config, const struct setting *setting,
		    char value[static CONFIG_PATH_SIZE])
{
	const char *member = (const char *)config + setting->offset;

	switch (setting->kind) {
	case SETTING_PATH:
	case SETTING_PATH_OR_FALLBACK:
	case SETTING_URL_PATH:
	case SETTING_PREFIX:
		snprintf(value, CONFIG_PATH_SIZE, "%s", member);
		return;
	case SETTING_NUMBER:
		snprintf(value, CONFIG_PATH_SIZE, "%" PRIu64, get_number(config, setting));
		return;
	case SETTING_NUMBER_OR_OFF:
		if (get_number(config, setting) == 0)
			snprintf(value, CONFIG_PATH_SIZE, "%s", off);
		else
			snprintf(value, CONFIG_PATH_SIZE, "%" PRIu64, get_number(config, setting));
		return;
	case SETTING_WORD:
		snprintf(value, CONFIG_PATH_SIZE, "%s",
			 setting->words[get_number(config, setting)]);
		return;
	}
}
