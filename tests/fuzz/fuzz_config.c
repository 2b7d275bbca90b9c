/* SPDX-License-Identifier: ISC */
/* Any bytes as a configuration file are refused with one printable line, or taken and then within
 * the bounds that the rest of the program relies on. */
#include "config.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const char *message)
{
	assert(message[0] != '\0');
	for (; *message != '\0'; message++)
		assert(*message >= 0x20 && *message <= 0x7E);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config;
	struct error err = {0};
	enum result result = config_parse("FILE", (const char *)data, size, &config, &err);

	if (result != RESULT_OK) {
		assert(result == RESULT_INVALID_CONFIGURATION && err.result == result);
		check_message(err.message);
		return 0;
	}
	assert(token_prefix_valid(config.token_prefix));
	assert(config.fast_threads >= 1 && config.fast_threads <= 16);
	assert(config.slow_threads >= 1 && config.slow_threads <= 16);
	assert(config.tokens_per_account >= 1 && config.memo_entries >= 1024);
	assert(config.requests_per_minute <= 1000000);
	assert(config.log_level <= LOG_DEBUG && config.journal_mode <= JOURNAL_DELETE);
	assert(config.database[0] == '\0' || config.database[0] == '/');
	assert(config.base_path[0] == '\0' || config.base_path[0] == '/');
	assert(memchr(config.log, '\0', sizeof(config.log)) != NULL);
	return 0;
}
