/* SPDX-License-Identifier: ISC */
/* A list in pages: how much is asked for, where it goes on, and what the next page is called. */
#ifndef CLAVIGER_PAGE_H
#define CLAVIGER_PAGE_H

#include "attributes.h"
#include "authority.h"
#include "error.h"
#include "request.h"
#include "response.h"
#include "worker.h"

#include <stdbool.h>
#include <stddef.h>

struct page {
	enum cursor_list list;
	const struct token_filter *filter; /* of tokens; NULL for another list */
	const char *names; /* of the list's own parameters, a blank between; NULL: none */
	size_t limit;
	struct token_position position;
};

/** Reads "limit" into PAGE; RESULT_INVALID_PARAMETER. */
NODISCARD enum result page_read_limit(const struct request *request, struct page *page,
				      struct error *err);
/** Reads "cursor" into PAGE, whose filter is known by now; RESULT_INVALID_PARAMETER. */
NODISCARD enum result page_read_cursor(struct worker *worker, const struct request *request,
				       struct page *page, struct error *err);
/** Both, for a list that takes nothing else. */
NODISCARD enum result page_read(struct worker *worker, const struct request *request,
				struct page *page, struct error *err);
/** Says whether RESPONSE might not hold one more record of at most RECORD_MAX bytes. */
NODISCARD bool page_is_full(const struct response *response, size_t record_max);
/** Writes "pagination" and, where NEXT is set, the header that names the next page. */
NODISCARD enum result page_write_next(struct worker *worker, const struct request *request,
				      const struct page *page, const struct token_position *next,
				      struct response *response);

#endif
