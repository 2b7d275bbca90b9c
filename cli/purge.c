/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "output.h"

#include "json_write.h"

#include <inttypes.h>
#include <time.h>

/* Between two transactions, so that others who wait for the lock get their turn. */
static bool pause_purge(void *context)
{
	const struct timespec duration = {.tv_nsec = 20000000};

	(void)context;
	nanosleep(&duration, NULL);
	return true;
}

static void write_removed(struct admin *admin, uint64_t removed)
{
	struct listing listing;

	if (!admin->as_json) {
		buffer_append_format(&admin->out, "removed tokens: %" PRIu64 "\n", removed);
		return;
	}
	admin_begin_list(admin, &listing, NULL, 1);
	buffer_append_format(output_next_object(&listing), "{\"removed\":%" PRIu64 "}", removed);
	output_end(&listing);
}

enum result purge_run(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	uint64_t seconds, removed;
	enum result result;

	if (!arguments_has(arguments, OPTION_OLDER_THAN))
		return error_set(err, RESULT_INVALID_PARAMETER, NULL,
				 "--older-than: say how long a token must have been of no use, "
				 "such as --older-than 90d");
	result = arguments_duration(arguments, OPTION_OLDER_THAN, &seconds, err);
	if (result == RESULT_OK)
		result = authority_forget(&admin->authority, admin->now);
	if (result == RESULT_OK)
		result = authority_purge(&admin->authority, admin->now,
					 admin->now - (int64_t)seconds * 1000, pause_purge, NULL,
					 &removed);
	if (result == RESULT_OK)
		write_removed(admin, removed);
	return result;
}
