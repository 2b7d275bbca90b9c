/* SPDX-License-Identifier: ISC */
/* Which token made which, drawn with lines. */
#include "admin.h"
#include "command.h"
#include "family.h"
#include "output.h"
#include "token_table.h"

/* More are counted. */
enum { SHOWN_PERMISSIONS = 2 };

struct tree {
	struct token_table table;
	struct family family;
	enum result result;
};

static bool note_token(void *context, const struct token_record *record)
{
	struct tree *tree = context;
	const struct family_node node = {
		.id = record->id,
		.parent = record->parent,
		.age = record->sequence,
		.has_parent = record->has_parent,
		.is_dead = record->revoked_at != STORE_NO_MOMENT,
	};

	tree->result = family_add(&tree->family, &node);
	return tree->result == RESULT_OK;
}

static void write_permissions(const struct catalogue *catalogue, struct permission_set set,
			      struct buffer *out)
{
	size_t count = 0;

	if (set.every || permission_set_is_empty(set)) {
		buffer_append_text(out, set.every ? "*" : "none");
		return;
	}
	for (size_t i = 0; i < catalogue->count; i++) {
		if (!permission_set_covers(set, permission_set_of(i)) ||
		    ++count > SHOWN_PERMISSIONS)
			continue;
		buffer_append_text(out, count > 1 ? ", " : "");
		buffer_append_text(out, catalogue->permissions[i].name);
	}
	if (count > SHOWN_PERMISSIONS)
		buffer_append_format(out, " and %zu more", count - SHOWN_PERMISSIONS);
}

static void write_token(const struct tree *tree, const struct token_record *record)
{
	const struct admin *admin = tree->table.admin;
	struct buffer *out = &tree->table.admin->out;
	char id[ID_TEXT_SIZE];

	id_format(&record->id, id);
	output_printable(record->has_name ? record->name : "-", out);
	buffer_append_format(out, "  %s  %s  %s  ", id, record->display_key.text,
			     token_table_state(record, admin->now));
	write_permissions(&admin->config->catalogue, record->scope.permissions, out);
	buffer_append_char(out, '\n');
}

static enum result draw_node(void *context, const struct family_node *node, const char *lines)
{
	struct tree *tree = context;
	struct token_record record = {0};
	enum result result =
		store_find_token(tree->table.admin->authority.store, &node->id, &record);

	if (result == RESULT_OK && tree->table.listing.as_json) {
		token_table_add(&tree->table, &record);
	} else if (result == RESULT_OK) {
		buffer_append_text(&tree->table.admin->out, lines);
		write_token(tree, &record);
	}
	token_record_clear(&record);
	return result == RESULT_NOT_FOUND ? RESULT_OK : result; /* purged meanwhile */
}

static void forget(struct tree *tree)
{
	tree->table.account = NULL;
	family_clear(&tree->family);
}

static void read_account(struct tree *tree, const struct account_record *account)
{
	enum result result = store_list_tokens(tree->table.admin->authority.store, &account->id,
					       INT64_MAX, true, note_token, tree);

	tree->table.account = account;
	if (tree->result == RESULT_OK)
		tree->result = result;
	if (tree->result == RESULT_OK)
		tree->result = family_link(&tree->family);
}

static bool draw_account(void *context, const struct account_record *account)
{
	struct tree *tree = context;
	struct buffer *out = &tree->table.admin->out;

	read_account(tree, account);
	if (tree->result == RESULT_OK && !tree->table.listing.as_json) {
		output_printable(account->email, out);
		buffer_append_char(out, '\n');
	}
	for (size_t i = tree->family.first_root; tree->result == RESULT_OK && i != FAMILY_NOTHING;
	     i = tree->family.nodes[i].next_child)
		tree->result = family_draw(&tree->family, i, draw_node, tree);
	forget(tree);
	return tree->result == RESULT_OK;
}

static enum result draw_family(struct tree *tree, const char *named, struct error *err)
{
	struct admin *admin = tree->table.admin;
	struct token_record record = {0};
	struct account_record account;
	enum result result = admin_find_token(admin, named, &record, err);

	if (result == RESULT_OK)
		result =
			store_find_account(admin->authority.store, &record.scope.account, &account);
	if (result == RESULT_OK) {
		size_t root;

		read_account(tree, &account);
		root = family_find(&tree->family, &record.id);
		if (tree->result == RESULT_OK && root != FAMILY_NOTHING)
			tree->result = family_draw(&tree->family, root, draw_node, tree);
		forget(tree);
	}
	token_record_clear(&record);
	return result;
}

enum result token_tree(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	const char *named = arguments_value(arguments, OPTION_ACCOUNT);
	struct tree tree = {.family = {.has_lines = !arguments_has(arguments, OPTION_ASCII) &&
						    family_can_draw_lines(admin->environment),
				       .shows_all = arguments_has(arguments, OPTION_ALL)}};
	struct account_record account;
	enum result result = RESULT_OK;

	if (named != NULL && arguments->word_count > 0)
		return error_set(err, RESULT_INVALID_PARAMETER, NULL,
				 "--account: a token has one account; leave this out");
	if (named != NULL)
		result = admin_find_account(admin, named, "--account", &account, err);
	if (result != RESULT_OK)
		return result;
	tree.table.admin = admin;
	admin_begin_list(admin, &tree.table.listing, NULL, 1);
	if (arguments->word_count > 0)
		result = draw_family(&tree, arguments->words[0], err);
	else if (named != NULL)
		draw_account(&tree, &account);
	else
		result = store_list_accounts(admin->authority.store, draw_account, &tree);
	output_end(&tree.table.listing);
	return result == RESULT_OK ? tree.result : result;
}
