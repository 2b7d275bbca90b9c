/* SPDX-License-Identifier: ISC */
#include "check.h"

#include "audit_key.h"
#include "file.h"
#include "log.h"
#include "memo.h"
#include "policy_file.h"
#include "store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum result check_log(const struct config *config, struct error *err)
{
	enum result result = RESULT_OK;

	if (strcmp(config->log, "stderr") != 0)
		result = file_check_target(config->log, FILE_LOG, err);
	if (result != RESULT_OK)
		error_prefix(err, "log");
	return result;
}

static enum result check_store(const struct config *config, struct error *err)
{
	struct store_options options = {.path = config->database,
					.use_wal = config->journal_mode == JOURNAL_WAL,
					.busy_timeout_ms = config->busy_timeout_ms,
					.no_migration = true,
					.catalogue = &config->catalogue};
	struct store *store = NULL;
	enum result result = store_open(&options, &store, err);

	store_close(store);
	if (result == RESULT_BUSY)
		return RESULT_STORE_UNAVAILABLE; /* as for a start, which nobody tries again */
	if (result == RESULT_OK)
		puts(err->message[0] != '\0' ? err->message
					     : "configuration and database are good");
	return result;
}

static enum result check_policy(const struct config *config, struct error *err)
{
	struct policy_file *file = policy_file_new(&config->catalogue);
	enum result result = file == NULL ? error_set(err, RESULT_BUSY, NULL,
						      "There is no memory for the policy")
					  : policy_file_use(file, config->policy_file, err);

	if (result != RESULT_OK)
		error_prefix(err, "policy");
	policy_file_free(file);
	return result;
}

enum result check_run(const struct config *config, const char *key_file, struct error *err)
{
	enum result result = check_log(config, err);

	/* What is wrong is said once, on standard error. */
	if (result == RESULT_OK)
		result = log_open("/dev/null", LOG_ERROR, config->token_prefix, err);
	if (result == RESULT_OK && config->memo_file[0] != '\0')
		result = memo_check(config->memo_file, err);
	if (result == RESULT_OK && access(config->database, F_OK) == 0)
		result = audit_key_check(config, err);
	if (result == RESULT_OK)
		result = check_policy(config, err);
	if (result != RESULT_OK)
		return result;
	if (key_file == NULL || access(config->database, F_OK) == 0)
		return check_store(config, err);
	result = file_check_new(config->database, FILE_PRIVATE, err);
	if (result == RESULT_OK)
		printf("configuration is good; the first start makes the database and writes the "
		       "first key to %s\n",
		       key_file);
	return result;
}
