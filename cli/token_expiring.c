/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "output.h"
#include "token_table.h"

enum { WITHIN_DEFAULT_SECONDS = 14 * 86400 };

struct expiring {
	struct token_table table;
	const struct id *account; /* NULL: of every one */
	struct account_record owner;
	enum result result;
};

static bool list_expiring(void *context, const struct token_record *record)
{
	struct expiring *list = context;
	struct admin *admin = list->table.admin;

	if (record->account_disabled ||
	    (list->account != NULL && !id_equals(list->account, &record->scope.account)))
		return true;
	list->result =
		store_find_account(admin->authority.store, &record->scope.account, &list->owner);
	if (list->result != RESULT_OK)
		return false;
	admin->status = ADMIN_STATUS_EXPIRING;
	token_table_add(&list->table, record);
	return true;
}

enum result token_expiring(struct admin *admin, const struct arguments *arguments,
			   struct error *err)
{
	const char *named = arguments_value(arguments, OPTION_ACCOUNT);
	struct expiring list = {.result = RESULT_OK};
	struct account_record account;
	uint64_t seconds = WITHIN_DEFAULT_SECONDS;
	enum result result = RESULT_OK;

	if (arguments_has(arguments, OPTION_WITHIN))
		result = arguments_duration(arguments, OPTION_WITHIN, &seconds, err);
	if (result == RESULT_OK && named != NULL) {
		result = admin_find_account(admin, named, "--account", &account, err);
		list.account = &account.id;
	}
	if (result != RESULT_OK)
		return result;
	list.table.account = &list.owner;
	token_table_begin(&list.table, admin);
	result = store_list_expiring(admin->authority.store, admin->now,
				     admin->now + (int64_t)seconds * 1000, list_expiring, &list);
	/* Nothing found, nothing said: cron sends what was. */
	if (admin->status == 0 && !admin->as_json)
		buffer_clear(&list.table.listing.cells);
	else
		output_end(&list.table.listing);
	return result == RESULT_OK ? list.result : result;
}
