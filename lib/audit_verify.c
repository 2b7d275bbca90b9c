/* SPDX-License-Identifier: ISC */
#include "audit_verify.h"

#include "audit.h"

#include <sodium.h>

#include <string.h>

struct walk {
	const struct audit_check *check;
	struct audit_report *report;
	struct audit_tail previous;
	bool is_held;       /* the checkpoint was met, and fits */
	uint64_t held_back; /* rows under another key up to the checkpoint */
	int64_t last_held_back;
};

static void find(struct walk *walk, enum audit_fault fault, int64_t first, int64_t last)
{
	struct audit_finding finding = {fault, first, last};

	walk->report->finding_count++;
	walk->check->find(walk->check->context, &finding);
}

static void note_other_key(struct walk *walk, int64_t sequence)
{
	const struct audit_checkpoint *checkpoint = walk->check->checkpoint;

	if (checkpoint != NULL && sequence <= checkpoint->sequence) {
		walk->held_back++;
		walk->last_held_back = sequence;
	} else {
		walk->report->unproven_count++;
		walk->report->last_unproven = sequence;
	}
}

/* Behind a gap nobody knows what ROW was chained to: the gap is what is found. */
static void check_row(struct walk *walk, const struct audit_row *row)
{
	const struct audit_key *key = walk->check->key;
	int64_t expected = walk->previous.sequence + 1;
	uint8_t chain[STORE_CHAIN_SIZE];

	if (row->sequence > expected)
		find(walk, AUDIT_MISSING, expected, row->sequence - 1);
	if (key == NULL || memcmp(row->key_id, key->id, sizeof(key->id)) != 0) {
		note_other_key(walk, row->sequence);
	} else if (row->sequence <= expected) {
		audit_chain(key, &walk->previous, row, chain);
		if (sodium_memcmp(chain, row->chain, sizeof(chain)) != 0)
			find(walk, AUDIT_ALTERED, row->sequence, row->sequence);
	}
}

static void hold_against_checkpoint(struct walk *walk)
{
	const struct audit_checkpoint *now = &walk->report->checkpoint;
	const struct audit_checkpoint *then = walk->check->checkpoint;

	if (then != NULL && now->sequence == then->sequence)
		walk->is_held = memcmp(now->digest, then->digest, sizeof(now->digest)) == 0;
}

static bool walk_row(void *context, const struct audit_row *row)
{
	struct walk *walk = context;
	const struct audit_check *check = walk->check;

	check_row(walk, row);
	walk->report->row_count++;
	walk->report->checkpoint.sequence = row->sequence;
	audit_digest(walk->report->checkpoint.digest, row);
	hold_against_checkpoint(walk);
	walk->previous.sequence = row->sequence;
	memcpy(walk->previous.key_id, row->key_id, sizeof(row->key_id));
	memcpy(walk->previous.chain, row->chain, sizeof(row->chain));
	return check->each == NULL || check->each(check->context, row);
}

/* GIVEN is the highest number that a row ever had, as far as the database tells. */
static void check_end(struct walk *walk, int64_t given)
{
	const struct audit_checkpoint *then = walk->check->checkpoint;
	int64_t last = walk->previous.sequence;

	if (then != NULL && then->sequence > given)
		given = then->sequence;
	if (given > last)
		find(walk, AUDIT_MISSING, last + 1, given);
	else if (then != NULL && !walk->is_held)
		find(walk, AUDIT_CHECKPOINT_DIFFERS, 1, then->sequence);
	if (!walk->is_held && walk->held_back > 0) {
		if (walk->report->unproven_count == 0)
			walk->report->last_unproven = walk->last_held_back;
		walk->report->unproven_count += walk->held_back;
	}
}

enum result audit_verify(struct store *store, const struct audit_check *check,
			 struct audit_report *report)
{
	struct walk walk = {.check = check, .report = report};
	struct audit_tail tail = {0};
	enum result result = store_begin_read(store);

	*report = (struct audit_report){0};
	hold_against_checkpoint(&walk); /* one of before the first row */
	if (result == RESULT_OK)
		result = store_find_audit_tail(store, &tail);
	if (result == RESULT_OK)
		result = store_list_audit(store, INT64_MIN, walk_row, &walk);
	store_rollback(store);
	if (result == RESULT_OK)
		check_end(&walk, tail.sequence);
	return result;
}
