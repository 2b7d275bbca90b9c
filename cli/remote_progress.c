/* SPDX-License-Identifier: ISC */
#include "remote_progress.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };

bool remote_progress_is_wanted(void)
{
	return isatty(STDERR_FILENO) != 0;
}

void remote_progress_begin(struct remote_progress *progress, size_t total)
{
	progress->total = total;
	progress->is_shown = total > 1 && remote_progress_is_wanted();
	remote_progress_show(progress, 0);
}

void remote_progress_show(const struct remote_progress *progress, size_t done)
{
	static const char full[] = "##############################";
	static const char empty[] = "..............................";
	size_t reached = done < progress->total ? done : progress->total;
	int width;

	_Static_assert(sizeof(full) == BAR_WIDTH + 1 && sizeof(empty) == BAR_WIDTH + 1,
		       "a bar is as wide as it is");
	if (!progress->is_shown)
		return;
	width = (int)(reached * BAR_WIDTH / progress->total);
	fprintf(stderr, "\r[%.*s%.*s] %zu of %zu", width, full, BAR_WIDTH - width, empty, done,
		progress->total);
}

void remote_progress_end(struct remote_progress *progress)
{
	if (progress->is_shown)
		fputs("\r\x1b[K", stderr);
	progress->is_shown = false;
}
