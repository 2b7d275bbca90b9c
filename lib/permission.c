/* SPDX-License-Identifier: ISC */
#include "permission.h"

#include "ascii.h"

#include <string.h>

// clang-format off
static const struct permission built_in[] = {
	{ "analytics:read",  "Read analytics: visitors, pages, sources and live figures." },
	{ "goals:read",      "Read goals and how often they were reached." },
	{ "goals:write",     "Create and delete goals and record that they were reached." },
	{ "payments:read",   "Read payments and revenue." },
	{ "payments:write",  "Record and delete payments." },
	{ "identify:write",  "Attach an identity to a visitor." },
	{ "websites:read",   "List websites and read what they are." },
	{ "websites:write",  "Create and delete websites." },
	{ "settings:read",   "Read the settings of the account and its websites." },
	{ "settings:write",  "Change the settings of the account and its websites." },
	{ "funnels:read",    "Read funnels and their figures." },
	{ "funnels:write",   "Create, change and delete funnels." },
	{ "alerts:read",     "Read alerts." },
	{ "alerts:write",    "Create, change and delete alerts." },
	{ "team:read",       "See who has a role on a website." },
	{ "team:write",      "Give and take roles on a website." },
	{ "api-keys:read",   "List access tokens; check what a token may do." },
	{ "api-keys:write",  "Create, change and revoke access tokens." },
};
// clang-format on

void catalogue_default(struct catalogue *catalogue)
{
	_Static_assert(ARRAY_LENGTH(built_in) <= PERMISSIONS_MAX, "one bit a name");

	*catalogue = (struct catalogue){.count = ARRAY_LENGTH(built_in)};
	memcpy(catalogue->permissions, built_in, sizeof(built_in));
}

bool catalogue_find(const struct catalogue *catalogue, const char *name, size_t length,
		    size_t *index)
{
	for (size_t i = 0; i < catalogue->count; i++) {
		const char *candidate = catalogue->permissions[i].name;

		if (strlen(candidate) == length && memcmp(candidate, name, length) == 0) {
			*index = i;
			return true;
		}
	}
	return false;
}

/* "resource:action", each of a-z 0-9 - and _. */
static bool is_name(const char *name, size_t length)
{
	const char *colon = memchr(name, ':', length);

	if (colon == NULL || colon == name || colon == name + length - 1 ||
	    length >= PERMISSION_NAME_SIZE)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = name[i];

		if (name + i == colon)
			continue;
		if (!ascii_is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
			return false;
	}
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One line without its end; blanks around it are gone and it is not empty. */
static enum result add_line(struct catalogue *catalogue, const char *line, size_t length,
			    const char *file, size_t number, struct error *err)
{
	struct permission *permission = &catalogue->permissions[catalogue->count];
	size_t name_length = 0, description, ignored;

	while (name_length < length && !is_blank(line[name_length]))
		name_length++;
	for (description = name_length; description < length && is_blank(line[description]);)
		description++;
	if (!is_name(line, name_length))
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "%.100s:%zu: a permission is resource:action in a-z 0-9 - _, "
				 "then a blank and a sentence; \"*\" is built in",
				 file, number);
	if (catalogue_find(catalogue, line, name_length, &ignored))
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "%.100s:%zu: %.*s stands here for the second time; name each "
				 "permission once",
				 file, number, (int)name_length, line);
	if (catalogue->count == PERMISSIONS_MAX)
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "%.100s:%zu: more than %d permissions; that many are allowed",
				 file, number, PERMISSIONS_MAX);
	for (size_t i = description; i < length; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
			return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
					 "%.100s:%zu: a control character in the sentence; "
					 "remove it",
					 file, number);
	if (length - description >= PERMISSION_DESCRIPTION_SIZE)
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "%.100s:%zu: the sentence is longer than the %d bytes allowed",
				 file, number, PERMISSION_DESCRIPTION_SIZE - 1);
	*permission = (struct permission){0};
	memcpy(permission->name, line, name_length);
	memcpy(permission->description, line + description, length - description);
	catalogue->count++;
	return RESULT_OK;
}

enum result catalogue_parse(struct catalogue *catalogue, const char *file, const char *text,
			    size_t length, struct error *err)
{
	size_t number = 0;

	*catalogue = (struct catalogue){0};
	for (size_t start = 0, end; start < length; start = end + 1) {
		size_t first = start, last;
		enum result result;

		number++;
		for (end = start; end < length && text[end] != '\n';)
			end++;
		for (last = end; last > first && is_blank(text[last - 1]);)
			last--;
		while (first < last && is_blank(text[first]))
			first++;
		if (first == last || text[first] == '#')
			continue;
		result = add_line(catalogue, text + first, last - first, file, number, err);
		if (result != RESULT_OK)
			return result;
	}
	if (catalogue->count == 0)
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "%.100s: no permission in it; write one a line", file);
	return RESULT_OK;
}

struct permission_set permission_set_of(size_t index)
{
	return (struct permission_set){.bits = UINT64_C(1) << index};
}

bool permission_set_find(const struct catalogue *catalogue, const char *text, size_t length,
			 struct permission_set *set)
{
	size_t index;

	if (length == 1 && *text == '*')
		*set = (struct permission_set){.every = true};
	else if (catalogue_find(catalogue, text, length, &index))
		*set = permission_set_of(index);
	else
		return false;
	return true;
}

struct permission_set permission_set_union(struct permission_set a, struct permission_set b)
{
	return (struct permission_set){.bits = a.bits | b.bits, .every = a.every || b.every};
}

struct permission_set permission_set_intersection(struct permission_set a, struct permission_set b)
{
	if (a.every)
		return b;
	if (b.every)
		return a;
	return (struct permission_set){.bits = a.bits & b.bits};
}

struct permission_set permission_set_lacking(struct permission_set needed,
					     struct permission_set held)
{
	if (held.every)
		return (struct permission_set){0};
	if (needed.every)
		return (struct permission_set){.every = true};
	return (struct permission_set){.bits = needed.bits & ~held.bits};
}

bool permission_set_is_empty(struct permission_set set)
{
	return set.bits == 0 && !set.every;
}

bool permission_set_covers(struct permission_set outer, struct permission_set inner)
{
	if (outer.every)
		return true;
	return !inner.every && (inner.bits & ~outer.bits) == 0;
}

struct permission_set permission_set_parse(const struct catalogue *catalogue, const char *text)
{
	struct permission_set set = {0};
	size_t index;

	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (length == 1 && *text == '*')
			set.every = true;
		else if (length > 0 && catalogue_find(catalogue, text, length, &index))
			set = permission_set_union(set, permission_set_of(index));
		text += length;
		text += *text == ' ';
	}
	return set;
}

void permission_set_write(const struct catalogue *catalogue, struct permission_set set,
			  struct buffer *out)
{
	bool first = true;

	if (set.every) {
		buffer_append_char(out, '*');
		return;
	}
	for (size_t i = 0; i < catalogue->count; i++) {
		if (!permission_set_covers(set, permission_set_of(i)))
			continue;
		if (!first)
			buffer_append_char(out, ' ');
		buffer_append_text(out, catalogue->permissions[i].name);
		first = false;
	}
}
