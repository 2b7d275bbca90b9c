/* SPDX-License-Identifier: ISC */
/* Lists that the service answers page by page. */
#ifndef CLAVIGER_REMOTE_LIST_H
#define CLAVIGER_REMOTE_LIST_H

#include "remote.h"
#include "remote_answer.h"

#include "attributes.h"
#include "buffer.h"
#include "error.h"

#include <stdint.h>

/* Takes one page; what it keeps of it, it copies or takes away. */
typedef void remote_page_fn(void *context, struct answer *page);

/** Reads --limit; without, *LIMIT is UINT64_MAX. RESULT_INVALID_PARAMETER for what is no number. */
NODISCARD enum result remote_list_limit(const struct arguments *arguments, uint64_t *limit,
					struct error *err);

/** Asks for PATH, which may have a query, page by page until LIMIT records came, and gives each
 * page to TAKE. As remote_call(). */
NODISCARD enum result remote_list_read(struct remote *remote, const char *path, uint64_t limit,
				       remote_page_fn *take, void *context, struct error *err);

/* Pages that are kept. Zeroed, there are none. */
struct remote_pages {
	struct answer *answers;
	size_t count;
	enum result result;
};

/** Keeps all pages of PATH; clear PAGES, also on failure. */
NODISCARD enum result remote_list_keep(struct remote *remote, const char *path,
				       struct remote_pages *pages, struct error *err);
void remote_pages_clear(struct remote_pages *pages);

/** Writes the records of all pages as one JSON document, as the service would answer it. */
NODISCARD enum result remote_list_write_json(struct remote *remote, const char *path,
					     uint64_t limit, struct error *err);

/** Appends "?NAME=" or "&NAME=" and VALUE, escaped; nothing where VALUE is NULL. */
void remote_list_add(struct buffer *path, const char *name, const char *value);

#endif
