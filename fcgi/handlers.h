/* SPDX-License-Identifier: ISC */
/* What the routes lead to. A handler decodes, asks the authority and encodes. Route, size and type
 * of the body, caller and permission have been checked before it is called; on anything but
 * RESULT_OK the dispatcher writes the refusal, with response->error where it was filled. */
#ifndef CLAVIGER_HANDLERS_H
#define CLAVIGER_HANDLERS_H

#include "attributes.h"
#include "error.h"
#include "request.h"
#include "response.h"
#include "worker.h"

typedef enum result handler_fn(struct worker *worker, const struct request *request,
			       struct response *response);

handler_fn tokens_list, tokens_create, tokens_self, tokens_show, tokens_change, tokens_rotate,
	tokens_revoke, tokens_sweep, tokens_verify;
handler_fn account_show, account_rename, permissions_list;
handler_fn websites_list, websites_create, websites_show, websites_rename, websites_remove;
handler_fn team_list, team_set, team_remove;
handler_fn activity_list, audit_list;
handler_fn oauth_introspect, oauth_revoke;
handler_fn first_owner_make;
handler_fn openapi_show;
handler_fn health_check, health_metrics;

/** The token that the path of REQUEST names: an id, or "self". RESULT_NOT_FOUND for anything else.
 */
NODISCARD enum result tokens_parse_id(const struct request *request, struct id *id);
/** Reads the query parameter NAME, "true" or "false": a typo must not decide. Absent it is false.
 */
NODISCARD enum result tokens_read_flag(const struct request *request, const char *name, bool *flag,
				       struct error *err);

/* Where the account API begins, behind the base path. */
#define ADMIN "/api/v1/admin"

#endif
