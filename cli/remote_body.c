/* SPDX-License-Identifier: ISC */
#include "remote_body.h"

#include "remote_websites.h"

#include "json_write.h"

#include <string.h>

enum { TEXT_MAXIMUM = 4096 };

void remote_body_text(struct buffer *body, const char *name, const char *text)
{
	if (text == NULL)
		return;
	json_write_name(name, body);
	json_write_string(text, body);
}

static void open_list(struct buffer *body, const char *name)
{
	json_write_name(name, body);
	buffer_append_char(body, '[');
}

static void add_element(struct buffer *body, const struct buffer *text)
{
	if (body->length > 0 && body->data[body->length - 1] != '[')
		buffer_append_char(body, ',');
	json_write_string(text->length == 0 ? "" : text->data, body);
}

void remote_body_list(struct buffer *body, const char *name, const struct arguments *arguments,
		      enum option option)
{
	struct piece piece = {0};
	struct buffer text;

	if (!arguments_has(arguments, option))
		return;
	buffer_init(&text, TEXT_MAXIMUM);
	open_list(body, name);
	while (arguments_next_piece(arguments, option, &piece)) {
		buffer_reset(&text);
		buffer_append(&text, piece.text, piece.length);
		add_element(body, &text);
	}
	buffer_append_char(body, ']');
	buffer_clear(&text);
}

static enum result add_websites(struct remote *remote, const struct arguments *arguments,
				struct buffer *body, struct error *err)
{
	struct websites websites = {0};
	struct piece piece = {0};
	struct buffer id;
	enum result result = RESULT_OK;

	if (!arguments_has(arguments, OPTION_WEBSITE))
		return RESULT_OK;
	buffer_init(&id, TEXT_MAXIMUM);
	open_list(body, "websiteIds");
	while (result == RESULT_OK && arguments_next_piece(arguments, OPTION_WEBSITE, &piece)) {
		buffer_reset(&id);
		result = websites_find_id(remote, &websites, piece.text, piece.length, &id, err);
		if (result == RESULT_OK)
			add_element(body, &id);
	}
	buffer_append_char(body, ']');
	buffer_clear(&id);
	websites_clear(&websites);
	return result;
}

enum result remote_body_scope(struct remote *remote, const struct arguments *arguments,
			      struct buffer *body, struct error *err)
{
	uint64_t seconds;
	enum result result = RESULT_OK;

	remote_body_list(body, "permissions", arguments, OPTION_PERMISSION);
	remote_body_list(body, "allowedIps", arguments, OPTION_ALLOW_IP);
	remote_body_text(body, "expiresAt", arguments_value(arguments, OPTION_EXPIRES_AT));
	if (arguments_has(arguments, OPTION_EXPIRES_IN)) {
		result = arguments_duration(arguments, OPTION_EXPIRES_IN, &seconds, err);
		if (result != RESULT_OK)
			return result;
		json_write_name("expiresIn", body);
		buffer_append_number(body, (int64_t)seconds);
	}
	return add_websites(remote, arguments, body, err);
}
