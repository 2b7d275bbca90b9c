/* SPDX-License-Identifier: ISC */
#include "usage.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_ROOM = 128, LARGEST_ROOM = 131072, SLOTS_A_USE = 2, BATCH = 1000 };

/* The uses lie one behind the other; a slot of the index says which, from 1 on, and 0 is a free
 * one. Open addressing, at most half full. */
struct table {
	struct token_use *uses;
	uint32_t *index;
	size_t room, count;
};

struct usage {
	pthread_mutex_t lock; /* guards table */
	struct table table;
};

static void table_clear(struct table *table)
{
	free(table->uses);
	free(table->index);
	*table = (struct table){0};
}

static bool table_init(struct table *table, size_t room)
{
	*table = (struct table){.uses = calloc(room, sizeof(*table->uses)),
				.index = calloc(room * SLOTS_A_USE, sizeof(*table->index)),
				.room = room};
	if (table->uses != NULL && table->index != NULL)
		return true;
	table_clear(table);
	return false;
}

static bool belongs_to(const struct token_use *known, const struct token_use *use)
{
	return known->hour == use->hour && id_equals(&known->token, &use->token);
}

/* The slot of USE's token and hour, or the free one where it belongs. */
static uint32_t *find_slot(const struct table *table, const struct token_use *use)
{
	size_t slots = table->room * SLOTS_A_USE, slot;
	uint64_t random_part;

	memcpy(&random_part, use->token.bytes + ID_SIZE - sizeof(random_part), sizeof(random_part));
	slot = random_part % slots;
	while (table->index[slot] != 0 && !belongs_to(&table->uses[table->index[slot] - 1], use))
		slot = (slot + 1) % slots;
	return &table->index[slot];
}

/* TABLE has room for one more. */
static void table_add(struct table *table, const struct token_use *use)
{
	uint32_t *slot = find_slot(table, use);
	struct token_use *known;

	if (*slot == 0) {
		table->uses[table->count++] = *use;
		*slot = (uint32_t)table->count;
		return;
	}
	known = &table->uses[*slot - 1];
	known->count += use->count;
	known->refusals += use->refusals;
	if (use->newest_key_at > known->newest_key_at)
		known->newest_key_at = use->newest_key_at;
	if (use->at >= known->at) {
		known->at = use->at;
		known->address = use->address;
	}
}

static bool table_grow(struct table *table)
{
	struct table larger;

	if (table->room >= LARGEST_ROOM || !table_init(&larger, table->room * 2))
		return false;
	for (size_t i = 0; i < table->count; i++)
		table_add(&larger, &table->uses[i]);
	table_clear(table);
	*table = larger;
	return true;
}

struct usage *usage_new(void)
{
	struct usage *usage = calloc(1, sizeof(*usage));

	if (usage == NULL || !table_init(&usage->table, SMALLEST_ROOM)) {
		free(usage);
		return NULL;
	}
	pthread_mutex_init(&usage->lock, NULL);
	return usage;
}

void usage_free(struct usage *usage)
{
	if (usage == NULL)
		return;
	pthread_mutex_destroy(&usage->lock);
	table_clear(&usage->table);
	free(usage);
}

void usage_note(struct usage *usage, const struct token_use *use)
{
	struct table *table = &usage->table;

	pthread_mutex_lock(&usage->lock);
	if (table->count < table->room || *find_slot(table, use) != 0 || table_grow(table))
		table_add(table, use);
	pthread_mutex_unlock(&usage->lock);
}

/* The uses from *NEXT on, at most BATCH of them, in a transaction of their own: other writers get
 * their turn between two. *NEXT moves when they are on the disk, so that nothing counts twice. */
static enum result write_batch(const struct table *table, struct store *store, size_t *next)
{
	size_t end = table->count - *next > BATCH ? *next + BATCH : table->count;
	enum result result = store_begin(store);

	for (size_t i = *next; result == RESULT_OK && i < end; i++)
		result = store_add_use(store, &table->uses[i]);
	if (result == RESULT_OK)
		result = store_commit(store);
	else
		store_rollback(store);
	if (result == RESULT_OK)
		*next = end;
	return result;
}

enum result usage_flush(struct usage *usage, struct store *store)
{
	struct table fresh, taken;
	size_t written = 0;
	enum result result = RESULT_OK;

	if (!table_init(&fresh, SMALLEST_ROOM))
		return RESULT_BUSY;
	pthread_mutex_lock(&usage->lock);
	taken = usage->table;
	usage->table = fresh;
	pthread_mutex_unlock(&usage->lock);

	while (result == RESULT_OK && written < taken.count)
		result = write_batch(&taken, store, &written);
	for (size_t i = written; i < taken.count; i++)
		usage_note(usage, &taken.uses[i]);
	table_clear(&taken);
	return result;
}
