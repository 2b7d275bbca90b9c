/* SPDX-License-Identifier: ISC */
#include "restore_audit.h"

#include "authority_audit.h"
#include "json_write.h"

#include <sodium.h>

#include <inttypes.h>
#include <string.h>

enum { TEXT_MAX = 1 << 14 };

struct trail {
	struct store *restored;
	struct audit_tail tail; /* of what is restored */
	bool goes_on;           /* the current one does, from that tail */
	enum result result;
};

static bool keep_row(void *context, const struct audit_row *row)
{
	struct trail *trail = context;

	if (row->sequence == trail->tail.sequence) {
		trail->goes_on = memcmp(row->chain, trail->tail.chain, sizeof(row->chain)) == 0;
		return trail->goes_on;
	}
	if (trail->goes_on)
		trail->result = store_add_audit(trail->restored, row);
	return trail->goes_on && trail->result == RESULT_OK;
}

static void write_before(const struct audit_tail *current, struct buffer *out)
{
	char chain[2 * STORE_CHAIN_SIZE + 1];

	sodium_bin2hex(chain, sizeof(chain), current->chain, sizeof(current->chain));
	buffer_append_format(out, "{\"lastRow\":\"%" PRId64 "\",\"chain\":\"%s\"}",
			     current->sequence, chain);
}

static void write_after(const struct trail *trail, const struct restore_note *note,
			struct buffer *out)
{
	buffer_append_char(out, '{');
	json_write_name("file", out);
	json_write_string(note->file, out);
	json_write_name("lastRow", out);
	buffer_append_format(out, "\"%" PRId64 "\"", trail->tail.sequence);
	json_write_name("rowsKept", out);
	buffer_append_text(out, trail->goes_on ? "true" : "false");
	json_write_name("revived", out);
	buffer_append_format(out, "%" PRIu64, note->revived);
	json_write_name("lost", out);
	buffer_append_format(out, "%" PRIu64 "}", note->lost);
}

enum result restore_keep_audit(struct authority *restored, struct store *current,
			       const struct restore_note *note, int64_t now)
{
	struct trail trail = {.restored = restored->store};
	struct audit_change change = {.action = AUDIT_RESTORE};
	struct audit_tail current_tail;
	struct buffer before, after;
	enum result result = store_find_audit_tail(current, &current_tail);

	buffer_init(&before, TEXT_MAX);
	buffer_init(&after, TEXT_MAX);
	if (result == RESULT_OK)
		result = store_find_audit_tail(restored->store, &trail.tail);
	trail.goes_on = trail.tail.sequence == 0;
	if (result == RESULT_OK)
		result = store_list_audit(current, trail.tail.sequence - 1, keep_row, &trail);
	if (result == RESULT_OK)
		result = trail.result;
	if (result != RESULT_OK)
		return result;

	write_before(&current_tail, &before);
	write_after(&trail, note, &after);
	if (current_tail.sequence > 0)
		change.before = &before;
	change.after = &after;
	result = authority_audit(restored, NULL, now, &change);
	buffer_clear(&before);
	buffer_clear(&after);
	return result;
}
