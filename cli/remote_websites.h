/* SPDX-License-Identifier: ISC */
/* Which website is which: people know domains, the interface knows ids. */
#ifndef CLAVIGER_REMOTE_WEBSITES_H
#define CLAVIGER_REMOTE_WEBSITES_H

#include "remote.h"
#include "remote_answer.h"
#include "remote_list.h"

#include "attributes.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>

/* Zeroed, it knows none and was not asked for. */
struct websites {
	struct remote_pages pages;
	bool was_read;
};

/** Asks for those that the token reaches. */
NODISCARD enum result websites_read(struct remote *remote, struct websites *websites,
				    struct error *err);
/** The same for domains that are nice to have: a token that may not read websites knows none. */
NODISCARD enum result websites_learn(struct remote *remote, struct websites *websites,
				     struct error *err);
void websites_clear(struct websites *websites);

/** The domain of the website with ID; NULL where it is not known. */
NODISCARD const char *websites_domain(const struct websites *websites, const char *id);

/** Appends the id of the website that TEXT names, by id or domain, asking the service where
 *  WEBSITES was not read. RESULT_NOT_FOUND where there is no such domain. */
NODISCARD enum result websites_find_id(struct remote *remote, struct websites *websites,
				       const char *text, size_t length, struct buffer *id,
				       struct error *err);

/** Makes PATH, which is to be cleared also on failure, that of the website that TEXT names. As
 *  websites_find_id(). */
NODISCARD enum result websites_path(struct remote *remote, const char *text, struct buffer *path,
				    struct error *err);

#endif
