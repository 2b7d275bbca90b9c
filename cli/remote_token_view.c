/* SPDX-License-Identifier: ISC */
#include "remote_token_view.h"

#include "remote_call.h"
#include "remote_when.h"

#include "timestamp.h"

#include <stdio.h>
#include <string.h>

enum { CELL_MAXIMUM = 1 << 16, STATE_COLUMN = 3, RED = 31, GREEN = 32, YELLOW = 33 };

static const char *name_of(const struct record *record)
{
	const char *name = record_text(record, "name");

	return name[0] == '\0' ? "-" : name;
}

static void write_when(struct buffer *out, const struct record *record, const char *name,
		       int64_t now, const char *absent)
{
	char text[REMOTE_WHEN_SIZE];
	int64_t moment;

	if (record_moment(record, name, &moment)) {
		remote_when(moment, now, text);
		buffer_append_text(out, text);
	} else {
		buffer_append_text(out, absent);
	}
}

static void write_list(struct buffer *out, const struct record *record, const char *name,
		       const char *absent)
{
	size_t count = record_list_count(record, name);

	for (size_t i = 0; i < count; i++) {
		buffer_append_text(out, i > 0 ? ", " : "");
		buffer_append_text(out, record_list_text(record, name, i));
	}
	if (count == 0)
		buffer_append_text(out, absent);
}

static void write_websites(struct buffer *out, const struct record *record,
			   const struct websites *websites)
{
	size_t count = record_list_count(record, "websiteIds");

	for (size_t i = 0; i < count; i++) {
		const char *id = record_list_text(record, "websiteIds", i);
		const char *domain = websites_domain(websites, id);

		buffer_append_text(out, i > 0 ? ", " : "");
		buffer_append_text(out, domain == NULL ? id : domain);
	}
	if (count == 0)
		buffer_append_text(out, "all");
}

/* Ends what was put together as one cell, and begins the next. */
static void end_cell(struct listing *listing, struct buffer *cell)
{
	output_cell(listing, cell->length == 0 ? "" : cell->data);
	buffer_reset(cell);
}

static int paint_state(size_t column, const char *text)
{
	static const struct {
		const char *state;
		int colour;
	} colours[] = {{"active", GREEN}, {"expired", YELLOW}, {"revoked", RED}};

	for (size_t i = 0; column == STATE_COLUMN && i < ARRAY_LENGTH(colours); i++)
		if (strcmp(colours[i].state, text) == 0)
			return colours[i].colour;
	return 0;
}

void remote_token_table_begin(struct remote *remote, struct listing *listing)
{
	static const char *const headers[] = {"ID",        "NAME",    "KEY",      "STATE",
					      "LAST USED", "EXPIRES", "WEBSITES", "PERMISSIONS"};

	output_begin(listing, &remote->out, false, headers, ARRAY_LENGTH(headers));
	listing->paint = remote->has_colour ? paint_state : NULL;
}

void remote_token_table_add(struct remote *remote, struct listing *listing,
			    const struct record *record, const struct websites *websites)
{
	struct buffer cell;

	buffer_init(&cell, CELL_MAXIMUM);
	output_cell(listing, record_text(record, "id"));
	output_cell(listing, name_of(record));
	output_cell(listing, record_text(record, "displayKey"));
	output_cell(listing, record_text(record, "state"));
	write_when(&cell, record, "lastUsedAt", remote->now, "never");
	end_cell(listing, &cell);
	write_when(&cell, record, "expiresAt", remote->now, "never");
	end_cell(listing, &cell);
	write_websites(&cell, record, websites);
	end_cell(listing, &cell);
	write_list(&cell, record, "permissions", "none");
	end_cell(listing, &cell);
	buffer_clear(&cell);
}

/* A moment in both forms: 2030-01-31T12:00:00.000Z (in 3 years). */
static void write_moment(struct remote *remote, struct buffer *cell, const struct record *record,
			 const char *name, const char *absent)
{
	int64_t moment;

	if (!record_moment(record, name, &moment)) {
		buffer_append_text(cell, absent);
		return;
	}
	buffer_append_text(cell, record_text(record, name));
	buffer_append_text(cell, " (");
	write_when(cell, record, name, remote->now, "");
	buffer_append_char(cell, ')');
}

static void add_text(struct listing *listing, const char *label, const char *text)
{
	if (text[0] == '\0')
		return;
	output_cell(listing, label);
	output_cell(listing, text);
}

static void add_moment(struct remote *remote, struct listing *listing, const char *label,
		       const struct record *record, const char *name, const char *absent)
{
	struct buffer cell;

	buffer_init(&cell, CELL_MAXIMUM);
	write_moment(remote, &cell, record, name, absent);
	add_text(listing, label, cell.length == 0 ? "" : cell.data);
	buffer_clear(&cell);
}

static void add_scope(struct listing *listing, const struct record *record,
		      const struct websites *websites)
{
	struct buffer cell;

	buffer_init(&cell, CELL_MAXIMUM);
	output_cell(listing, "permissions");
	write_list(&cell, record, "permissions", "none");
	end_cell(listing, &cell);
	output_cell(listing, "websites");
	write_websites(&cell, record, websites);
	end_cell(listing, &cell);
	output_cell(listing, "addresses");
	write_list(&cell, record, "allowedIps", "any");
	end_cell(listing, &cell);
	buffer_clear(&cell);
}

static void write_token(struct remote *remote, const struct record *record,
			const struct websites *websites)
{
	const struct record *account = record_inner(record, "account");
	struct listing listing;
	char uses[24];

	snprintf(uses, sizeof(uses), "%lld", (long long)record_number(record, "useCount"));
	output_begin(&listing, &remote->out, false, NULL, 2);
	if (account != NULL) {
		add_text(&listing, "service", remote->settings.values[SETTING_API_BASE].text);
		add_text(&listing, "account", record_text(account, "email"));
		add_text(&listing, "account name", record_text(account, "name"));
	}
	add_text(&listing, "token", record_text(record, "id"));
	add_text(&listing, "name", name_of(record));
	add_text(&listing, "key", record_text(record, "displayKey"));
	add_text(&listing, "state", record_text(record, "state"));
	add_scope(&listing, record, websites);
	add_moment(remote, &listing, "expires", record, "expiresAt", "never");
	add_moment(remote, &listing, "last used", record, "lastUsedAt", "never");
	add_text(&listing, "from", record_text(record, "lastUsedIp"));
	add_text(&listing, "uses", uses);
	add_moment(remote, &listing, "created", record, "createdAt", "");
	add_text(&listing, "made by", record_text(record, "parentId"));
	add_moment(remote, &listing, "rotated", record, "rotatedAt", "");
	add_moment(remote, &listing, "old key until", record, "graceEndsAt", "");
	output_end(&listing);
}

enum result remote_token_view(struct remote *remote, const struct answer *answer, struct error *err)
{
	const struct record *record = answer_record(answer, 0);
	struct websites websites = {0};
	enum result result = RESULT_OK;

	if (remote->as_json) {
		remote_pass_on(remote, answer);
		return RESULT_OK;
	}
	if (record_list_count(record, "websiteIds") > 0)
		result = websites_learn(remote, &websites, err);
	if (result == RESULT_OK)
		write_token(remote, record, &websites);
	websites_clear(&websites);
	return result;
}
