/* SPDX-License-Identifier: ISC */
/* Which token made which, drawn with lines. */
#include "remote.h"
#include "remote_answer.h"
#include "remote_call.h"
#include "remote_list.h"
#include "remote_target.h"

#include "family.h"
#include "output.h"

#include <string.h>

/* More are counted. */
enum { SHOWN_PERMISSIONS = 2 };

struct tree {
	struct remote *remote;
	struct remote_pages pages;
	struct family family;
	struct listing listing;
};

static void write_permissions(const struct record *record, struct buffer *out)
{
	size_t count = record_list_count(record, "permissions");

	for (size_t i = 0; i < count && i < SHOWN_PERMISSIONS; i++) {
		buffer_append_text(out, i > 0 ? ", " : "");
		output_printable(record_list_text(record, "permissions", i), out);
	}
	if (count == 0)
		buffer_append_text(out, "none");
	if (count > SHOWN_PERMISSIONS)
		buffer_append_format(out, " and %zu more", count - SHOWN_PERMISSIONS);
}

/* The records in the order of the list: the place of one leads to it. */
static const struct record *find_record(const struct tree *tree, size_t place)
{
	for (size_t i = 0; i < tree->pages.count; i++) {
		size_t count = answer_count(&tree->pages.answers[i]);

		if (place < count)
			return answer_record(&tree->pages.answers[i], place);
		place -= count;
	}
	return NULL;
}

static enum result draw_node(void *context, const struct family_node *node, const char *lines)
{
	struct tree *tree = context;
	const struct record *record = find_record(tree, node->place);
	static const char *const shown[] = {"id", "displayKey", "state"};
	const char *name = record_text(record, "name");
	struct buffer *out = &tree->remote->out;

	if (tree->remote->as_json) {
		record_write(record, output_next_object(&tree->listing));
		return RESULT_OK;
	}
	buffer_append_text(out, lines);
	output_printable(name[0] == '\0' ? "-" : name, out);
	for (size_t i = 0; i < ARRAY_LENGTH(shown); i++) {
		buffer_append_text(out, "  ");
		output_printable(record_text(record, shown[i]), out);
	}
	buffer_append_text(out, "  ");
	write_permissions(record, out);
	buffer_append_char(out, '\n');
	return RESULT_OK;
}

static size_t count_records(const struct tree *tree)
{
	size_t count = 0;

	for (size_t i = 0; i < tree->pages.count; i++)
		count += answer_count(&tree->pages.answers[i]);
	return count;
}

/* The newest comes first. What has no id is not of this interface, and has no place in a family. */
static enum result add_records(struct tree *tree)
{
	size_t count = count_records(tree);
	enum result result = RESULT_OK;

	for (size_t i = 0; result == RESULT_OK && i < count; i++) {
		const struct record *record = find_record(tree, i);
		const char *id = record_text(record, "id");
		const char *parent = record_text(record, "parentId");
		struct family_node node = {.age = -(int64_t)i, .place = i};

		if (!id_parse(id, strlen(id), &node.id))
			continue;
		node.has_parent = id_parse(parent, strlen(parent), &node.parent);
		node.is_dead = strcmp(record_text(record, "state"), "revoked") == 0;
		result = family_add(&tree->family, &node);
	}
	return result == RESULT_OK ? family_link(&tree->family) : result;
}

static enum result draw_all(struct tree *tree)
{
	enum result result = RESULT_OK;

	for (size_t i = tree->family.first_root; result == RESULT_OK && i != FAMILY_NOTHING;
	     i = tree->family.nodes[i].next_child)
		result = family_draw(&tree->family, i, draw_node, tree);
	return result;
}

static enum result draw_one(struct tree *tree, const char *word, struct error *err)
{
	struct remote_target target;
	struct answer answer = {0};
	struct id id = {0};
	const char *text;
	size_t root;
	enum result result = remote_target_find(tree->remote, word, &target, err);

	if (result == RESULT_OK)
		result = remote_target_read(tree->remote, &target, &answer, err);
	if (result == RESULT_OK) {
		text = record_text(answer_record(&answer, 0), "id");
		root = id_parse(text, strlen(text), &id) ? family_find(&tree->family, &id)
							 : FAMILY_NOTHING;
		if (root != FAMILY_NOTHING)
			result = family_draw(&tree->family, root, draw_node, tree);
	}
	answer_clear(&answer);
	return result;
}

enum result remote_tokens_tree(struct remote *remote, const struct arguments *arguments,
			       struct error *err)
{
	struct tree tree = {
		.remote = remote,
		.family = {.has_lines = !arguments_has(arguments, OPTION_ASCII) &&
					family_can_draw_lines(remote->environment),
			   .shows_all = arguments_has(arguments, OPTION_ALL)},
	};
	enum result result = remote_list_keep(remote, REMOTE_TOKENS "?state=all", &tree.pages, err);

	output_begin(&tree.listing, &remote->out, remote->as_json, NULL, 1);
	if (result == RESULT_OK)
		result = add_records(&tree);
	if (result == RESULT_OK && arguments->word_count > 0)
		result = draw_one(&tree, arguments->words[0], err);
	else if (result == RESULT_OK)
		result = draw_all(&tree);
	output_end(&tree.listing);
	family_clear(&tree.family);
	remote_pages_clear(&tree.pages);
	return result;
}
