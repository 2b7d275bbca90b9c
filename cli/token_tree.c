/* SPDX-License-Identifier: ISC */
/* Which token made which, drawn with lines. */
#include "admin.h"
#include "command.h"
#include "output.h"
#include "token_table.h"

#include "ascii.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Deeper than that, a number says how deep, and the line is no longer. */
enum { DRAWN_DEPTH_MAX = 40, SHOWN_PERMISSIONS = 2 };

#define NOTHING SIZE_MAX

/* A token by its place in the array: the family's links, and nothing that can be read again. */
struct node {
	struct id id, parent;
	int64_t sequence;
	bool has_parent;
	bool is_dead; /* revoked */
	bool is_shown;
	size_t maker, first_child, next_child; /* NOTHING: none */
};

struct tree {
	struct token_table table;
	struct node *nodes; /* sorted by id */
	size_t count, capacity;
	size_t first_root; /* the others are its next_child and so on */
	bool has_lines;    /* draw with the characters for it */
	bool shows_all;
	enum result result;
};

static bool note_token(void *context, const struct token_record *record)
{
	struct tree *tree = context;

	if (tree->count == tree->capacity) {
		size_t capacity = tree->capacity == 0 ? 256 : tree->capacity * 2;
		struct node *nodes = realloc(tree->nodes, capacity * sizeof(*nodes));

		if (nodes == NULL) {
			tree->result = RESULT_BUSY;
			return false;
		}
		tree->nodes = nodes;
		tree->capacity = capacity;
	}
	tree->nodes[tree->count++] = (struct node){
		.id = record->id,
		.parent = record->parent,
		.sequence = record->sequence,
		.has_parent = record->has_parent,
		.is_dead = record->revoked_at != STORE_NO_MOMENT,
		.maker = NOTHING,
		.first_child = NOTHING,
		.next_child = NOTHING,
	};
	return true;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(((const struct node *)a)->id.bytes, ((const struct node *)b)->id.bytes,
		      ID_SIZE);
}

static int compare_age(const void *a, const void *b)
{
	const struct node *const *first = a, *const *second = b;

	return ((*first)->sequence < (*second)->sequence) -
	       ((*first)->sequence > (*second)->sequence);
}

static size_t find_node(const struct tree *tree, const struct id *id)
{
	const struct node wanted = {.id = *id};
	const struct node *found = tree->count == 0 ? NULL
						    : bsearch(&wanted, tree->nodes, tree->count,
							      sizeof(wanted), compare_ids);

	return found == NULL ? NOTHING : (size_t)(found - tree->nodes);
}

/* From the newest to the oldest, so that each maker's list begins with its oldest child, and so
 * that whether something that a token made is shown is known when its own turn comes. */
static enum result link_nodes(struct tree *tree)
{
	struct node **by_age = calloc(tree->count + 1, sizeof(struct node *));
	size_t *first;

	tree->first_root = NOTHING;
	if (by_age == NULL)
		return RESULT_BUSY;
	qsort(tree->nodes, tree->count, sizeof(*tree->nodes), compare_ids);
	for (size_t i = 0; i < tree->count; i++)
		by_age[i] = &tree->nodes[i];
	qsort(by_age, tree->count, sizeof(struct node *), compare_age);
	for (size_t i = 0; i < tree->count; i++) {
		struct node *node = by_age[i];

		node->is_shown = node->is_shown || !node->is_dead || tree->shows_all;
		node->maker = node->has_parent ? find_node(tree, &node->parent) : NOTHING;
		if (!node->is_shown)
			continue;
		first = &tree->first_root;
		if (node->maker != NOTHING) {
			tree->nodes[node->maker].is_shown = true;
			first = &tree->nodes[node->maker].first_child;
		}
		node->next_child = *first;
		*first = (size_t)(node - tree->nodes);
	}
	free(by_age);
	return RESULT_OK;
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

static bool is_last(const struct tree *tree, size_t index)
{
	return tree->nodes[index].next_child == NOTHING;
}

/* The lines that lead to the node at INDEX from ROOT, which is DEPTH above it. */
static void write_lines(const struct tree *tree, size_t index, size_t root, size_t depth)
{
	static const char *const drawn[] = {"│   ", "    ", "├── ", "└── "};
	static const char *const plain[] = {"|   ", "    ", "|-- ", "`-- "};
	const char *const *lines = tree->has_lines ? drawn : plain;
	struct buffer *out = &tree->table.admin->out;
	size_t path[DRAWN_DEPTH_MAX];
	size_t count = 0;

	if (depth > DRAWN_DEPTH_MAX)
		buffer_append_format(out, "[%zu] ", depth);
	for (size_t at = index; at != root && count < DRAWN_DEPTH_MAX; at = tree->nodes[at].maker)
		path[count++] = at;
	for (size_t i = count; i > 0 && depth <= DRAWN_DEPTH_MAX; i--)
		buffer_append_text(out, lines[(i == 1 ? 2 : 0) + is_last(tree, path[i - 1])]);
}

static enum result draw_node(struct tree *tree, size_t index, size_t root, size_t depth)
{
	struct token_record record = {0};
	enum result result = store_find_token(tree->table.admin->authority.store,
					      &tree->nodes[index].id, &record);

	if (result == RESULT_OK && tree->table.listing.as_json) {
		token_table_add(&tree->table, &record);
	} else if (result == RESULT_OK) {
		write_lines(tree, index, root, depth);
		write_token(tree, &record);
	}
	token_record_clear(&record);
	return result == RESULT_NOT_FOUND ? RESULT_OK : result; /* purged meanwhile */
}

/* Each parent before its children, the oldest first; without recursion, for a family may be as deep
 * as it is large. */
static enum result draw(struct tree *tree, size_t root)
{
	size_t at = root, depth = 0, drawn = 0;
	enum result result = RESULT_OK;

	while (at != NOTHING && drawn++ < tree->count) { /* the rows of a circle would never end */
		result = draw_node(tree, at, root, depth);
		if (result != RESULT_OK)
			return result;
		if (tree->nodes[at].first_child != NOTHING) {
			at = tree->nodes[at].first_child;
			depth++;
			continue;
		}
		while (at != root && tree->nodes[at].next_child == NOTHING) {
			at = tree->nodes[at].maker;
			depth--;
		}
		at = at == root ? NOTHING : tree->nodes[at].next_child;
	}
	return result;
}

static void forget(struct tree *tree)
{
	tree->table.account = NULL;
	free(tree->nodes);
	tree->nodes = NULL;
	tree->count = tree->capacity = 0;
}

static void read_account(struct tree *tree, const struct account_record *account)
{
	enum result result = store_list_tokens(tree->table.admin->authority.store, &account->id,
					       INT64_MAX, true, note_token, tree);

	tree->table.account = account;
	if (tree->result == RESULT_OK)
		tree->result = result;
	if (tree->result == RESULT_OK)
		tree->result = link_nodes(tree);
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
	for (size_t i = tree->first_root; tree->result == RESULT_OK && i != NOTHING;
	     i = tree->nodes[i].next_child)
		tree->result = draw(tree, i);
	forget(tree);
	return tree->result == RESULT_OK;
}

static bool is_utf8(const char *locale)
{
	const char *set = strchr(locale, '.');
	size_t length = set == NULL ? 0 : strcspn(++set, "@");

	return set != NULL && (ascii_equals_ignoring_case(set, length, "utf-8") ||
			       ascii_equals_ignoring_case(set, length, "utf8"));
}

/* As the C library reads them: the first of the three that is set to something counts. */
static bool is_terminal_utf8(char *const *environment)
{
	static const char *const names[] = {"LC_ALL=", "LC_CTYPE=", "LANG="};

	if (!isatty(STDOUT_FILENO))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		size_t length = strlen(names[i]);

		for (char *const *at = environment; *at != NULL; at++)
			if (strncmp(*at, names[i], length) == 0 && (*at)[length] != '\0')
				return is_utf8(*at + length);
	}
	return false;
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
		root = find_node(tree, &record.id);
		if (tree->result == RESULT_OK && root != NOTHING)
			tree->result = draw(tree, root);
		forget(tree);
	}
	token_record_clear(&record);
	return result;
}

enum result token_tree(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	const char *named = arguments_value(arguments, OPTION_ACCOUNT);
	struct tree tree = {.has_lines = !arguments_has(arguments, OPTION_ASCII) &&
					 is_terminal_utf8(admin->environment),
			    .shows_all = arguments_has(arguments, OPTION_ALL)};
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
