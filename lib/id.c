/* SPDX-License-Identifier: ISC */
#include "id.h"

#include "ascii.h"

#include <sodium.h>

#include <stdlib.h>
#include <string.h>

struct id id_new(int64_t now)
{
	struct id id;
	uint64_t seconds = (uint64_t)(now / 1000);

	randombytes_buf(id.bytes, sizeof(id.bytes));
	for (size_t i = 0; i < 4; i++)
		id.bytes[i] = (uint8_t)(seconds >> (24 - 8 * i));
	return id;
}

bool id_parse(const char *text, size_t length, struct id *id)
{
	struct id parsed;

	if (length != 2 * ID_SIZE)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!ascii_is_digit(text[i]) && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	for (size_t i = 0; i < ID_SIZE; i++)
		parsed.bytes[i] = (uint8_t)(ascii_hex_value(text[2 * i]) * 16 +
					    ascii_hex_value(text[2 * i + 1]));
	*id = parsed;
	return true;
}

void id_format(const struct id *id, char text[static ID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < ID_SIZE; i++) {
		text[2 * i] = digits[id->bytes[i] >> 4];
		text[2 * i + 1] = digits[id->bytes[i] & 15];
	}
	text[2 * ID_SIZE] = '\0';
}

bool id_equals(const struct id *a, const struct id *b)
{
	return memcmp(a->bytes, b->bytes, ID_SIZE) == 0;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, ID_SIZE);
}

/* Strictly: without duplicates too. */
static bool is_ordered(const struct id *ids, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (compare_ids(&ids[i - 1], &ids[i]) >= 0)
			return false;
	return true;
}

enum result id_set_init(struct id_set *set, const struct id *ids, size_t count)
{
	size_t kept = 0;

	*set = (struct id_set){0};
	if (count == 0)
		return RESULT_OK;
	set->ids = calloc(count, sizeof(*ids));
	if (set->ids == NULL)
		return RESULT_BUSY;
	memcpy(set->ids, ids, count * sizeof(*ids));
	set->count = count;
	if (is_ordered(set->ids, count)) /* as the store keeps them */
		return RESULT_OK;
	qsort(set->ids, count, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !id_equals(&set->ids[kept - 1], &set->ids[i]))
			set->ids[kept++] = set->ids[i];
	set->count = kept;
	return RESULT_OK;
}

bool id_set_contains(const struct id_set *set, const struct id *id)
{
	return set->count > 0 &&
	       bsearch(id, set->ids, set->count, sizeof(*set->ids), compare_ids) != NULL;
}

bool id_set_covers(const struct id_set *outer, const struct id_set *inner)
{
	for (size_t i = 0; i < inner->count; i++)
		if (!id_set_contains(outer, &inner->ids[i]))
			return false;
	return true;
}

enum result id_set_intersect(const struct id_set *a, const struct id_set *b, struct id_set *shared)
{
	size_t kept = 0;
	enum result result = id_set_init(shared, a->ids, a->count);

	if (result != RESULT_OK)
		return result;
	for (size_t i = 0; i < shared->count; i++)
		if (id_set_contains(b, &shared->ids[i]))
			shared->ids[kept++] = shared->ids[i];
	shared->count = kept;
	return RESULT_OK;
}

void id_set_clear(struct id_set *set)
{
	if (set == NULL)
		return;
	free(set->ids);
	*set = (struct id_set){0};
}
