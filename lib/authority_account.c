/* SPDX-License-Identifier: ISC */
#include "authority_website.h"
#include "authority_internal.h"

#include <stdio.h>

/* Inside the transaction. */
static enum result rename_account(struct authority *authority, const struct caller *caller,
				  const struct id *id, const char *name, int64_t now,
				  struct account_record *account)
{
	struct account_record before;
	enum result result = store_find_account(authority->store, id, &before);

	if (result == RESULT_OK)
		result = store_rename_account(authority->store, id, name);
	if (result != RESULT_OK)
		return result;
	*account = before;
	snprintf(account->name, sizeof(account->name), "%s", name);
	return authority_audit_account(authority, caller, now, AUDIT_ACCOUNT_CHANGE, &before,
				       account);
}

enum result authority_rename_account(struct authority *authority, const struct caller *caller,
				     const char *name, int64_t now, struct account_record *account)
{
	struct token_record fresh = {0};
	enum result result = authority_begin_change(authority, caller, now, &fresh);

	if (result != RESULT_OK)
		return result;
	result = rename_account(authority, caller, &fresh.scope.account, name, now, account);
	token_record_clear(&fresh);
	return authority_end_transaction(authority, result);
}
