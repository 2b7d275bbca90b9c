/* SPDX-License-Identifier: ISC */
/* Which tokens the query of a list asks for. */
#ifndef CLAVIGER_TOKEN_QUERY_H
#define CLAVIGER_TOKEN_QUERY_H

#include "attributes.h"
#include "authority.h"
#include "error.h"
#include "permission.h"
#include "request.h"
#include "text.h"

/* The names of its parameters, in the order in which they are checked. */
#define TOKEN_QUERY_NAMES "state q parentId permission websiteId unusedSince"

struct token_query {
	struct token_filter filter; /* its name_part points into the next: do not copy */
	char name_part[4 * TEXT_NAME_CHARACTERS_MAX + 1];
};

/** Reads the parameters of REQUEST that choose tokens; without any QUERY is the active and the
 *  expired ones. RESULT_INVALID_PARAMETER with the name of the first that will not do in ERR. */
NODISCARD enum result token_query_read(const struct request *request,
				       const struct catalogue *catalogue, struct token_query *query,
				       struct error *err);

#endif
