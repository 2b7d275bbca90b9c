/* SPDX-License-Identifier: ISC */
/* Which tokens are meant: the filters of the list and of the revocation of many, which have the
 * same names in a query and in a body. */
#ifndef CLAVIGER_REMOTE_FILTER_H
#define CLAVIGER_REMOTE_FILTER_H

#include "remote.h"
#include "remote_websites.h"

#include "arguments.h"
#include "attributes.h"
#include "buffer.h"
#include "error.h"
#include "timestamp.h"

#include <stddef.h>

enum { REMOTE_FILTERS_MAX = 6 };

/* Borrows from the arguments. Clear it on every path. */
struct remote_filter {
	struct {
		const char *name, *value;
	} terms[REMOTE_FILTERS_MAX];
	size_t count;
	char moment[TIMESTAMP_TEXT_SIZE];
	struct buffer website;
};

/** Reads the filters of ARGUMENTS, a website by its domain too. RESULT_INVALID_PARAMETER, or as
 *  websites_find_id(). */
NODISCARD enum result remote_filter_read(struct remote *remote, const struct arguments *arguments,
					 struct websites *websites, struct remote_filter *filter,
					 struct error *err);
void remote_filter_clear(struct remote_filter *filter);

void remote_filter_write_query(const struct remote_filter *filter, struct buffer *path);
void remote_filter_write_body(const struct remote_filter *filter, struct buffer *body);

#endif
