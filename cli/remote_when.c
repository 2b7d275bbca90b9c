/* SPDX-License-Identifier: ISC */
#include "remote_when.h"

#include "attributes.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

void remote_when(int64_t moment, int64_t now, char text[static REMOTE_WHEN_SIZE])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {
		{365 * 86400, "year"}, {30 * 86400, "month"}, {86400, "day"},
		{3600, "hour"},        {60, "minute"},
	};
	int64_t seconds = (moment - now) / 1000;
	int64_t distance = seconds < 0 ? -seconds : seconds;

	for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
		int64_t unit = units[i].seconds;
		int64_t count = (distance + unit / 2) / unit;

		/* So that what was given 3 hours a moment ago ends in 3, not in 2. */
		if (distance < unit - unit / 20)
			continue;
		snprintf(text, REMOTE_WHEN_SIZE, "%s%" PRId64 " %s%s%s", seconds > 0 ? "in " : "",
			 count, units[i].name, count == 1 ? "" : "s", seconds > 0 ? "" : " ago");
		return;
	}
	snprintf(text, REMOTE_WHEN_SIZE, "%s", seconds > 0 ? "in less than a minute" : "just now");
}
