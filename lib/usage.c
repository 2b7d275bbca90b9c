/* SPDX-License-Identifier: ISC */
#include "usage.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_SLOTS = 256, LARGEST_SLOTS = 262144, BATCH = 1000 };

struct note {
	struct id token;
	int64_t at; /* 0: the slot is free */
};

/* Open addressing; at most half full. */
struct table {
	struct note *notes;
	size_t slots, count;
};

struct usage {
	pthread_mutex_t lock; /* guards table */
	struct table table;
};

static bool table_init(struct table *table, size_t slots)
{
	*table = (struct table){.notes = calloc(slots, sizeof(struct note)), .slots = slots};
	return table->notes != NULL;
}

static void table_note(struct table *table, const struct id *token, int64_t at)
{
	uint64_t random_part;
	size_t slot;

	memcpy(&random_part, token->bytes + ID_SIZE - sizeof(random_part), sizeof(random_part));
	slot = random_part % table->slots;
	while (table->notes[slot].at != 0 && !id_equals(&table->notes[slot].token, token))
		slot = (slot + 1) % table->slots;
	if (table->notes[slot].at == 0)
		table->count++;
	if (table->notes[slot].at < at)
		table->notes[slot] = (struct note){*token, at};
}

static bool table_grow(struct table *table)
{
	struct table larger;

	if (table->slots >= LARGEST_SLOTS || !table_init(&larger, table->slots * 2))
		return false;
	for (size_t i = 0; i < table->slots; i++)
		if (table->notes[i].at != 0)
			table_note(&larger, &table->notes[i].token, table->notes[i].at);
	free(table->notes);
	*table = larger;
	return true;
}

struct usage *usage_new(void)
{
	struct usage *usage = calloc(1, sizeof(*usage));

	if (usage == NULL || !table_init(&usage->table, SMALLEST_SLOTS)) {
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
	free(usage->table.notes);
	free(usage);
}

void usage_note(struct usage *usage, const struct id *token, int64_t at)
{
	pthread_mutex_lock(&usage->lock);
	if (usage->table.count < usage->table.slots / 2 || table_grow(&usage->table))
		table_note(&usage->table, token, at);
	pthread_mutex_unlock(&usage->lock);
}

/* The notes from *SLOT on, at most BATCH of them, in a transaction of their own: other writers get
 * their turn between two. */
static enum result write_batch(const struct table *table, struct store *store, size_t *slot)
{
	size_t written = 0;
	enum result result = store_begin(store);

	for (; result == RESULT_OK && *slot < table->slots && written < BATCH; (*slot)++) {
		const struct note *note = &table->notes[*slot];

		if (note->at == 0)
			continue;
		result = store_touch_token(store, &note->token, note->at);
		written++;
	}
	if (result == RESULT_OK)
		return store_commit(store);
	store_rollback(store);
	return result;
}

enum result usage_flush(struct usage *usage, struct store *store)
{
	struct table fresh, taken;
	enum result result = RESULT_OK;

	if (!table_init(&fresh, SMALLEST_SLOTS))
		return RESULT_BUSY;
	pthread_mutex_lock(&usage->lock);
	taken = usage->table;
	usage->table = fresh;
	pthread_mutex_unlock(&usage->lock);

	for (size_t slot = 0; taken.count > 0 && result == RESULT_OK && slot < taken.slots;)
		result = write_batch(&taken, store, &slot);
	for (size_t i = 0; result != RESULT_OK && i < taken.slots; i++)
		if (taken.notes[i].at != 0)
			usage_note(usage, &taken.notes[i].token, taken.notes[i].at);
	free(taken.notes);
	return result;
}
