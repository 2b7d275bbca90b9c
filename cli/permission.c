/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "output.h"

#include "json_write.h"

enum result permission_list(struct admin *admin, const struct arguments *arguments,
			    struct error *err)
{
	static const char *const headers[] = {"NAME", "DESCRIPTION"};
	const struct catalogue *catalogue = &admin->config->catalogue;
	struct listing listing;

	(void)arguments;
	(void)err;
	admin_begin_list(admin, &listing, headers, ARRAY_LENGTH(headers));
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct permission *permission = &catalogue->permissions[i];
		struct buffer *out;

		if (!listing.as_json) {
			output_cell(&listing, permission->name);
			output_cell(&listing, permission->description);
			continue;
		}
		out = output_next_object(&listing);
		buffer_append_char(out, '{');
		json_write_name("name", out);
		json_write_string(permission->name, out);
		json_write_name("description", out);
		json_write_string(permission->description, out);
		buffer_append_char(out, '}');
	}
	output_end(&listing);
	return RESULT_OK;
}
