/* SPDX-License-Identifier: ISC */
#include "remote_table.h"

#include "remote_call.h"
#include "remote_list.h"

#include "output.h"

#include <assert.h>

struct rows {
	const struct remote_table *table;
	const char *headers[REMOTE_COLUMNS_MAX];
	struct listing listing;
};

static void begin(struct remote *remote, const struct remote_table *table, struct rows *rows)
{
	assert(table->count <= REMOTE_COLUMNS_MAX);
	*rows = (struct rows){.table = table};
	for (size_t i = 0; i < table->count; i++)
		rows->headers[i] = table->columns[i].header;
	output_begin(&rows->listing, &remote->out, false, rows->headers, table->count);
}

static void add_page(void *context, struct answer *page)
{
	struct rows *rows = context;

	for (size_t i = 0; i < answer_count(page); i++)
		for (size_t j = 0; j < rows->table->count; j++) {
			const struct remote_column *column = &rows->table->columns[j];
			const char *text = record_text(answer_record(page, i), column->field);

			output_cell(&rows->listing, text[0] == '\0' ? column->absent : text);
		}
}

void remote_table_show(struct remote *remote, const struct remote_table *table,
		       struct answer *answer)
{
	struct rows rows;

	if (remote->as_json) {
		remote_pass_on(remote, answer);
		return;
	}
	begin(remote, table, &rows);
	add_page(&rows, answer);
	output_end(&rows.listing);
}

enum result remote_table_list(struct remote *remote, const struct arguments *arguments,
			      const char *path, const struct remote_table *table, struct error *err)
{
	struct rows rows;
	uint64_t limit;
	enum result result = remote_list_limit(arguments, &limit, err);

	if (result != RESULT_OK)
		return result;
	if (remote->as_json)
		return remote_list_write_json(remote, path, limit, err);
	begin(remote, table, &rows);
	result = remote_list_read(remote, path, limit, add_page, &rows, err);
	output_end(&rows.listing);
	return result;
}
