/* SPDX-License-Identifier: ISC */
/* Records of the service as rows, a field a column. */
#ifndef CLAVIGER_REMOTE_TABLE_H
#define CLAVIGER_REMOTE_TABLE_H

#include "remote.h"
#include "remote_answer.h"

#include "attributes.h"
#include "error.h"

#include <stddef.h>

enum { REMOTE_COLUMNS_MAX = 8 };

struct remote_column {
	const char *header, *field;
	const char *absent; /* what stands where the record has none */
};

struct remote_table {
	const struct remote_column *columns;
	size_t count; /* at most REMOTE_COLUMNS_MAX */
};

/** Writes the records of ANSWER as TABLE, or as they came where JSON is wanted. */
void remote_table_show(struct remote *remote, const struct remote_table *table,
		       struct answer *answer);
/** The same of all records behind PATH, page by page, as far as --limit lets. */
NODISCARD enum result remote_table_list(struct remote *remote, const struct arguments *arguments,
					const char *path, const struct remote_table *table,
					struct error *err);

#endif
