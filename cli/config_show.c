/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "output.h"

#include "json_write.h"

static void show_value(void *context, const struct config_value *value)
{
	struct listing *listing = context;
	struct buffer *out;

	if (!listing->as_json) {
		output_cell(listing, value->key);
		output_cell(listing, value->value[0] == '\0' ? "-" : value->value);
		output_cell(listing, value->origin);
		return;
	}
	out = output_next_object(listing);
	buffer_append_char(out, '{');
	json_write_name("key", out);
	json_write_string(value->key, out);
	json_write_name("value", out);
	json_write_string(value->value, out);
	json_write_name("origin", out);
	json_write_string(value->origin, out);
	buffer_append_char(out, '}');
}

enum result config_show_values(struct admin *admin, const struct arguments *arguments,
			       struct error *err)
{
	static const char *const headers[] = {"KEY", "VALUE", "ORIGIN"};
	struct listing listing;
	enum result result = RESULT_OK;

	(void)arguments;
	if (admin->config_file != NULL)
		result = admin_check_owner(admin->config_file, err);
	if (result != RESULT_OK)
		return result;
	admin_begin_list(admin, &listing, headers, ARRAY_LENGTH(headers));
	result = config_show(admin->config_file, admin->environment, admin->cores, show_value,
			     &listing, err);
	output_end(&listing);
	return result;
}
