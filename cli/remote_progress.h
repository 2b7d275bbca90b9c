/* SPDX-License-Identifier: ISC */
/* How far work upon many has come: a bar on standard error where that is a terminal, else nothing.
 */
#ifndef CLAVIGER_REMOTE_PROGRESS_H
#define CLAVIGER_REMOTE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct remote_progress {
	size_t total; /* 0: not known */
	bool is_shown;
};

/** Says whether anybody would see a bar: finding out the total may cost something. */
bool remote_progress_is_wanted(void);
void remote_progress_begin(struct remote_progress *progress, size_t total);
void remote_progress_show(const struct remote_progress *progress, size_t done);
/** Takes the bar away. */
void remote_progress_end(struct remote_progress *progress);

#endif
