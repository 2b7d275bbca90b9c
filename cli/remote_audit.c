/* SPDX-License-Identifier: ISC */
/* Who changed what. */
#include "remote.h"
#include "remote_call.h"
#include "remote_table.h"

enum result remote_audit_list(struct remote *remote, const struct arguments *arguments,
			      struct error *err)
{
	static const struct remote_column columns[] = {
		{"AT", "at", "-"},
		{"ACTION", "action", "-"},
		{"BY", "actorTokenId", "operator"},
		{"TARGET", "targetId", "-"},
		{"ADDRESS", "address", "-"},
		{"REQUEST", "requestId", "-"},
	};
	static const struct remote_table table = {columns, ARRAY_LENGTH(columns)};

	return remote_table_list(remote, arguments, REMOTE_ADMIN "/audit", &table, err);
}
