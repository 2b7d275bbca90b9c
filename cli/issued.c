/* SPDX-License-Identifier: ISC */
#include "issued.h"

#include "bootstrap.h"
#include "codec.h"
#include "output.h"

#include <stdio.h>
#include <unistd.h>

/* A key that nobody got is a token that nobody would miss. */
static enum result take_back(struct admin *admin, const struct issued *issued, enum result result,
			     struct error *err)
{
	char id[ID_TEXT_SIZE], cause[160];
	uint64_t descendants;

	id_format(&issued->record->id, id);
	snprintf(cause, sizeof(cause), "%.159s", err->message);
	if (authority_revoke_as_operator(&admin->authority, &issued->record->id, true, admin->now,
					 &descendants) == RESULT_OK)
		return error_set(err, result, NULL,
				 "%s (token %s was revoked; make another with claviger-admin token "
				 "create)",
				 cause, id);
	return error_set(err, result, NULL,
			 "%s; nor could the token be taken back: claviger-admin token revoke %s",
			 cause, id);
}

static void write_json(struct admin *admin, const struct issued *issued)
{
	struct listing listing;

	admin_begin_list(admin, &listing, NULL, 1);
	codec_write_token(admin->config, issued->record, admin->now, issued->account,
			  issued->key_file == NULL ? issued->key : NULL,
			  output_next_object(&listing));
	output_end(&listing);
}

/* Standard output is the key alone, so that a script can take it as it is. */
static enum result write_text(struct admin *admin, const struct issued *issued, struct error *err)
{
	char id[ID_TEXT_SIZE];

	id_format(&issued->record->id, id);
	if (issued->key_file != NULL) {
		buffer_append_format(&admin->out, "token %s of ", id);
		output_printable(issued->account->email, &admin->out);
		buffer_append_text(&admin->out, " made; its key is in ");
		output_printable(issued->key_file, &admin->out);
		buffer_append_char(&admin->out, '\n');
		return RESULT_OK;
	}
	if (!token_write_line(issued->key, STDOUT_FILENO))
		return error_set(err, RESULT_INTERNAL, NULL,
				 "Standard output did not take the key");
	fprintf(stderr, "claviger-admin: token %s made; its key is shown this once\n", id);
	return RESULT_OK;
}

enum result issued_deliver(struct admin *admin, const struct issued *issued, struct error *err)
{
	bool has_file = issued->is_key_file_written;
	enum result result = RESULT_OK;

	if (issued->key_file != NULL && !has_file) {
		result = bootstrap_write_key(issued->key_file, issued->key, err);
		has_file = result == RESULT_OK;
	}
	if (result == RESULT_OK && admin->as_json)
		write_json(admin, issued);
	else if (result == RESULT_OK)
		result = write_text(admin, issued, err);
	if (result == RESULT_OK)
		result = output_flush(&admin->out, err);
	if (result == RESULT_OK)
		return RESULT_OK;
	if (has_file && issued->key_file != NULL)
		unlink(issued->key_file);
	return take_back(admin, issued, result, err);
}
