/* SPDX-License-Identifier: ISC */
#include "family.h"

#include "ascii.h"
#include "buffer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Deeper than that, a number says how deep, and the line is no longer. */
enum { DRAWN_DEPTH_MAX = 40, LINES_MAXIMUM = 1024 };

enum result family_add(struct family *family, const struct family_node *node)
{
	struct family_node *added;

	if (family->count == family->capacity) {
		size_t capacity = family->capacity == 0 ? 256 : family->capacity * 2;
		struct family_node *nodes = realloc(family->nodes, capacity * sizeof(*nodes));

		if (nodes == NULL)
			return RESULT_BUSY;
		family->nodes = nodes;
		family->capacity = capacity;
	}
	added = &family->nodes[family->count++];
	*added = *node;
	added->is_shown = false;
	added->maker = added->first_child = added->next_child = FAMILY_NOTHING;
	return RESULT_OK;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(((const struct family_node *)a)->id.bytes,
		      ((const struct family_node *)b)->id.bytes, ID_SIZE);
}

static int compare_age(const void *a, const void *b)
{
	const struct family_node *const *first = a, *const *second = b;

	return ((*first)->age < (*second)->age) - ((*first)->age > (*second)->age);
}

size_t family_find(const struct family *family, const struct id *id)
{
	const struct family_node wanted = {.id = *id};
	const struct family_node *found = family->count == 0
						  ? NULL
						  : bsearch(&wanted, family->nodes, family->count,
							    sizeof(wanted), compare_ids);

	return found == NULL ? FAMILY_NOTHING : (size_t)(found - family->nodes);
}

/* From the newest to the oldest, so that each maker's list begins with its oldest child, and so
 * that whether something that a token made is shown is known when its own turn comes. */
enum result family_link(struct family *family)
{
	struct family_node **by_age = calloc(family->count + 1, sizeof(struct family_node *));
	size_t *first;

	family->first_root = FAMILY_NOTHING;
	if (by_age == NULL)
		return RESULT_BUSY;
	if (family->count > 0) /* qsort wants an array, also for nothing */
		qsort(family->nodes, family->count, sizeof(*family->nodes), compare_ids);
	for (size_t i = 0; i < family->count; i++)
		by_age[i] = &family->nodes[i];
	qsort(by_age, family->count, sizeof(struct family_node *), compare_age);
	for (size_t i = 0; i < family->count; i++) {
		struct family_node *node = by_age[i];

		node->is_shown = node->is_shown || !node->is_dead || family->shows_all;
		node->maker =
			node->has_parent ? family_find(family, &node->parent) : FAMILY_NOTHING;
		if (!node->is_shown)
			continue;
		first = &family->first_root;
		if (node->maker != FAMILY_NOTHING) {
			family->nodes[node->maker].is_shown = true;
			first = &family->nodes[node->maker].first_child;
		}
		node->next_child = *first;
		*first = (size_t)(node - family->nodes);
	}
	free(by_age);
	return RESULT_OK;
}

static bool is_last(const struct family *family, size_t index)
{
	return family->nodes[index].next_child == FAMILY_NOTHING;
}

/* The lines that lead to the node at INDEX from ROOT, which is DEPTH above it. */
static void write_lines(const struct family *family, size_t index, size_t root, size_t depth,
			struct buffer *out)
{
	static const char *const drawn[] = {"│   ", "    ", "├── ", "└── "};
	static const char *const plain[] = {"|   ", "    ", "|-- ", "`-- "};
	const char *const *lines = family->has_lines ? drawn : plain;
	size_t path[DRAWN_DEPTH_MAX];
	size_t count = 0;

	if (depth > DRAWN_DEPTH_MAX)
		buffer_append_format(out, "[%zu] ", depth);
	for (size_t at = index; at != root && count < DRAWN_DEPTH_MAX; at = family->nodes[at].maker)
		path[count++] = at;
	for (size_t i = count; i > 0 && depth <= DRAWN_DEPTH_MAX; i--)
		buffer_append_text(out, lines[(i == 1 ? 2 : 0) + is_last(family, path[i - 1])]);
}

static enum result draw_node(const struct family *family, size_t index, size_t root, size_t depth,
			     family_draw_fn *each, void *context)
{
	struct buffer lines;
	enum result result;

	buffer_init(&lines, LINES_MAXIMUM);
	write_lines(family, index, root, depth, &lines);
	result = each(context, &family->nodes[index], lines.length == 0 ? "" : lines.data);
	buffer_clear(&lines);
	return result;
}

/* Without recursion, for a family may be as deep as it is large. The rows of a circle would never
 * end: no more is drawn than there are. */
enum result family_draw(const struct family *family, size_t root, family_draw_fn *each,
			void *context)
{
	size_t at = root, depth = 0, drawn = 0;
	enum result result = RESULT_OK;

	while (at != FAMILY_NOTHING && drawn++ < family->count) {
		result = draw_node(family, at, root, depth, each, context);
		if (result != RESULT_OK)
			return result;
		if (family->nodes[at].first_child != FAMILY_NOTHING) {
			at = family->nodes[at].first_child;
			depth++;
			continue;
		}
		while (at != root && family->nodes[at].next_child == FAMILY_NOTHING) {
			at = family->nodes[at].maker;
			depth--;
		}
		at = at == root ? FAMILY_NOTHING : family->nodes[at].next_child;
	}
	return result;
}

void family_clear(struct family *family)
{
	free(family->nodes);
	family->nodes = NULL;
	family->count = family->capacity = 0;
}

static bool is_utf8(const char *locale)
{
	const char *set = strchr(locale, '.');
	size_t length = set == NULL ? 0 : strcspn(++set, "@");

	return set != NULL && (ascii_equals_ignoring_case(set, length, "utf-8") ||
			       ascii_equals_ignoring_case(set, length, "utf8"));
}

/* As the C library reads them: the first of the three that is set to something counts. */
bool family_can_draw_lines(char *const *environment)
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
