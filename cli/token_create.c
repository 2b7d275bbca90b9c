/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "issued.h"

#include "ascii.h"
#include "codec.h"
#include "file.h"
#include "json_write.h"
#include "text.h"
#include "timestamp.h"

#include <stdio.h>
#include <string.h>

enum { BODY_MAX = 1 << 20, SHOWN_SIZE = 61, NEAR = 2 };

/* The fields of a creation, as codec.c names them, and the options they come from. */
static const struct field_option {
	const char *field;
	enum option option;
	const char *complaint; /* about one of several values: what is wrong with it */
} field_options[] = {
	// clang-format off
	{ "name",        OPTION_NAME,       NULL },
	{ "permissions", OPTION_PERMISSION, "there is no such permission; see claviger-admin permission list" },
	{ "websiteIds",  OPTION_WEBSITE,    "not a website of this account; see claviger-admin website list" },
	{ "allowedIps",  OPTION_ALLOW_IP,   "write an address, or a network with no bits behind its prefix, such as 192.0.2.0/24" },
	{ "expiresAt",   OPTION_EXPIRES_AT, NULL },
	{ "expiresIn",   OPTION_EXPIRES_IN, NULL },
	// clang-format on
};

/* Value INDEX of OPTION, as a message shows it. */
static void show_piece(const struct arguments *arguments, enum option option, uint64_t index,
		       char shown[static SHOWN_SIZE])
{
	struct piece piece = {0};

	shown[0] = '\0';
	for (uint64_t i = 0; i <= index; i++)
		if (!arguments_next_piece(arguments, option, &piece))
			return;
	(void)log_escape(piece.text, piece.length, shown, SHOWN_SIZE);
}

/* The name of a permission that SHOWN may have been meant to be; NULL where it is near none. */
static const char *find_permission(const struct catalogue *catalogue, const char *shown)
{
	const char *nearest = NULL;
	size_t least = NEAR + 1;

	for (size_t i = 0; i < catalogue->count; i++) {
		size_t distance = text_distance(shown, catalogue->permissions[i].name);

		if (distance < least) {
			least = distance;
			nearest = catalogue->permissions[i].name;
		}
	}
	return nearest;
}

static enum result refuse_piece(const struct catalogue *catalogue, const struct field_option *known,
				const char *shown, enum result result, struct error *err)
{
	const char *option = arguments_describe(known->option)->name;
	const char *nearest =
		known->option == OPTION_PERMISSION ? find_permission(catalogue, shown) : NULL;

	if (nearest != NULL)
		return error_set(err, result, NULL,
				 "%s %s: there is no such permission; did you mean %s?", option,
				 shown, nearest);
	return error_set(err, result, NULL, "%s %s: %s", option, shown, known->complaint);
}

/* ERR speaks of fields; the operator wrote options. */
static enum result explain(const struct admin *admin, const struct arguments *arguments,
			   enum result result, struct error *err)
{
	size_t length = strcspn(err->field, "[");
	char shown[SHOWN_SIZE], rest[ERROR_MESSAGE_SIZE];
	uint64_t index = 0;

	if (result == RESULT_INVALID_JSON)
		return error_set(err, result, NULL, "The value of an option is not valid UTF-8");
	for (size_t i = 0; i < ARRAY_LENGTH(field_options); i++) {
		const struct field_option *known = &field_options[i];
		const char *option = arguments_describe(known->option)->name;
		const char *message = err->message;

		if (length == 0 || strlen(known->field) != length ||
		    strncmp(known->field, err->field, length) != 0)
			continue;
		if (err->field[length] == '[' && known->complaint != NULL) {
			const char *digits = err->field + length + 1;

			if (!ascii_parse_number(digits, strcspn(digits, "]"), UINT32_MAX, &index))
				return result;
			show_piece(arguments, known->option, index, shown);
			return refuse_piece(&admin->config->catalogue, known, shown, result, err);
		}
		if (strncmp(message, known->field, length) == 0 && message[length] == ':')
			message += length + 2;
		snprintf(rest, sizeof(rest), "%s", message);
		return error_set(err, result, NULL, "%s: %.200s", option, rest);
	}
	return result;
}

static void write_text(const char *name, const char *value, struct buffer *body)
{
	if (value == NULL)
		return;
	json_write_name(name, body);
	json_write_string(value, body);
}

/* json_write_string() wants an end at the piece's end. */
static void write_piece(const char *text, size_t length, struct buffer *body)
{
	struct buffer copy;

	buffer_init(&copy, BODY_MAX);
	buffer_append(&copy, text, length);
	buffer_append_char(&copy, '\0');
	json_write_string(copy.data == NULL ? "" : copy.data, body);
	buffer_clear(&copy);
}

/* The values of OPTION as the array NAME. */
static void write_pieces(const struct arguments *arguments, enum option option, const char *name,
			 struct buffer *body)
{
	struct piece piece = {0};
	char separator = '[';

	if (!arguments_has(arguments, option))
		return;
	json_write_name(name, body);
	while (arguments_next_piece(arguments, option, &piece)) {
		buffer_append_char(body, separator);
		write_piece(piece.text, piece.length, body);
		separator = ',';
	}
	buffer_append_char(body, ']');
}

static enum result write_websites(struct admin *admin, const struct arguments *arguments,
				  struct buffer *body, struct error *err)
{
	struct piece piece = {0};
	char separator = '[';

	if (!arguments_has(arguments, OPTION_WEBSITE))
		return RESULT_OK;
	json_write_name("websiteIds", body);
	while (arguments_next_piece(arguments, OPTION_WEBSITE, &piece)) {
		struct website_record website = {0};
		char id[ID_TEXT_SIZE];
		enum result result =
			admin_find_website(admin, piece.text, piece.length, &website, err);

		if (result != RESULT_OK)
			return result;
		id_format(&website.id, id);
		buffer_append_char(body, separator);
		json_write_string(id, body);
		separator = ',';
	}
	buffer_append_char(body, ']');
	return RESULT_OK;
}

static enum result write_expiry(const struct arguments *arguments, struct buffer *body,
				struct error *err)
{
	const char *in = arguments_value(arguments, OPTION_EXPIRES_IN);
	const char *at = arguments_value(arguments, OPTION_EXPIRES_AT);
	uint64_t seconds;
	int64_t moment;
	enum result result;

	if (in != NULL && at != NULL)
		return error_set(err, RESULT_INVALID_PARAMETER, NULL,
				 "--expires-in, --expires-at: give one of them");
	if (at != NULL && !timestamp_parse(at, strlen(at), &moment))
		return error_set(err, RESULT_INVALID_PARAMETER, NULL,
				 "--expires-at: write a moment such as 2030-01-31T12:00:00Z");
	write_text("expiresAt", at, body);
	if (in == NULL)
		return RESULT_OK;
	result = arguments_duration(arguments, OPTION_EXPIRES_IN, &seconds, err);
	if (result != RESULT_OK)
		return result;
	json_write_name("expiresIn", body);
	buffer_append_number(body, (int64_t)seconds);
	return RESULT_OK;
}

/* The same body that a client would send, so that there is one check of it. */
static enum result read_draft(struct admin *admin, const struct arguments *arguments,
			      struct token_draft *draft, struct error *err)
{
	struct buffer body;
	enum result result;

	buffer_init(&body, BODY_MAX);
	buffer_append_char(&body, '{');
	write_text("name", arguments_value(arguments, OPTION_NAME), &body);
	write_pieces(arguments, OPTION_PERMISSION, "permissions", &body);
	write_pieces(arguments, OPTION_ALLOW_IP, "allowedIps", &body);
	result = write_websites(admin, arguments, &body, err);
	if (result == RESULT_OK)
		result = write_expiry(arguments, &body, err);
	buffer_append_char(&body, '}');
	if (result == RESULT_OK)
		result = buffer_result(&body);
	if (result == RESULT_OK) {
		result = codec_read_draft(admin->config, body.data, body.length, admin->now, draft,
					  err);
		result = explain(admin, arguments, result, err);
	}
	buffer_clear(&body);
	return result;
}

static enum result choose_account(struct admin *admin, const struct arguments *arguments,
				  struct account_record *account, struct error *err)
{
	enum result result = admin_find_account(admin, arguments_value(arguments, OPTION_ACCOUNT),
						"--account", account, err);

	if (result == RESULT_OK && account->disabled_at != STORE_NO_MOMENT)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "This account is disabled: no token of it works; choose another");
	return result;
}

enum result token_create(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	const char *key_file = arguments_value(arguments, OPTION_KEY_FILE);
	struct token_draft draft = {0};
	struct token_record record = {0};
	struct account_record account;
	struct key key = {0};
	struct issued issued = {
		.account = &account, .record = &record, .key = &key, .key_file = key_file};
	enum result result = RESULT_OK;

	/* Once more when it is made; here so that a slip leaves no revoked token behind. */
	if (key_file != NULL)
		result = file_check_new(key_file, FILE_PRIVATE, err);
	if (result == RESULT_OK)
		result = choose_account(admin, arguments, &account, err);
	if (result == RESULT_OK)
		result = read_draft(admin, arguments, &draft, err);
	if (result == RESULT_OK) {
		result = authority_issue_for_account(&admin->authority, &account.id, &draft,
						     admin->now, &record, &key, err);
		result = explain(admin, arguments, result, err);
	}
	if (result == RESULT_OK)
		result = issued_deliver(admin, &issued, err);
	token_key_wipe(&key);
	token_record_clear(&record);
	token_draft_clear(&draft);
	return result;
}
