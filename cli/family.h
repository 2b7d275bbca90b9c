/* SPDX-License-Identifier: ISC */
/* Which token made which, and how that is drawn with lines: the same for who has the database and
 * for who asks over HTTP. Knows neither. */
#ifndef CLAVIGER_FAMILY_H
#define CLAVIGER_FAMILY_H

#include "attributes.h"
#include "error.h"
#include "id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAMILY_NOTHING SIZE_MAX

/* A token by its place in the array: the family's links, and nothing that can be read again. */
struct family_node {
	struct id id, parent;
	int64_t age;  /* the larger, the newer; no two the same */
	size_t place; /* the caller's own */
	bool has_parent;
	bool is_dead; /* revoked: shown only where something that is shown was made by it */
	/* What family_link() fills. */
	bool is_shown;
	size_t maker, first_child, next_child; /* FAMILY_NOTHING: none */
};

/* Zeroed, it has no member. */
struct family {
	struct family_node *nodes;
	size_t count, capacity;
	size_t first_root; /* the others are its next_child and so on */
	bool shows_all;    /* the dead too; set it before family_link() */
	bool has_lines;    /* draw with the characters for it, not with ASCII */
};

/* Draws NODE behind LINES; RESULT_OK where there is nothing to draw either. */
typedef enum result family_draw_fn(void *context, const struct family_node *node,
				   const char *lines);

/** Adds a copy of NODE, without its links. RESULT_BUSY without memory. */
NODISCARD enum result family_add(struct family *family, const struct family_node *node);
/** Finds out who made whom. RESULT_BUSY without memory. */
NODISCARD enum result family_link(struct family *family);
/** The place of the member with ID in the array, once linked; FAMILY_NOTHING where there is none.
 */
NODISCARD size_t family_find(const struct family *family, const struct id *id);
/** Draws the member at ROOT and all that it made: each maker before what it made, the oldest
 *  first. What EACH answers but RESULT_OK ends it. */
NODISCARD enum result family_draw(const struct family *family, size_t root, family_draw_fn *each,
				  void *context);
/** Frees what FAMILY owns and leaves it without a member. */
void family_clear(struct family *family);

/** Says whether standard output is a terminal that shows UTF-8, by the locale in ENVIRONMENT. */
NODISCARD bool family_can_draw_lines(char *const *environment);

#endif
