/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "output.h"

#include "json_write.h"

enum result backup_write(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	const char *path = arguments->words[0];
	struct listing listing;
	enum result result = store_backup(admin->authority.store, path, err);

	if (result != RESULT_OK)
		return result;
	if (admin->as_json) {
		struct buffer *out;

		admin_begin_list(admin, &listing, NULL, 1);
		out = output_next_object(&listing);
		buffer_append_char(out, '{');
		json_write_name("file", out);
		json_write_string(path, out);
		buffer_append_char(out, '}');
		output_end(&listing);
		return RESULT_OK;
	}
	buffer_append_text(&admin->out, "backup written: ");
	output_printable(path, &admin->out);
	buffer_append_char(&admin->out, '\n');
	return RESULT_OK;
}
