/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "output.h"

#include "audit_verify.h"
#include "codec.h"
#include "timestamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FLUSHED_AT = 1 << 16 };

/* The list as it grows, and what is left out of it. */
struct audit_listing {
	struct listing listing;
	int64_t since;
	bool has_actor, is_operator; /* has_actor: that token, or where is_operator the operator */
	struct id actor;
	bool has_token;
	struct id token;
};

static enum result read_id(const char *option, const char *text, struct id *id, struct error *err)
{
	if (id_parse(text, strlen(text), id))
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_PARAMETER, NULL,
			 "%s: the id of a token is 24 lower-case hex digits; see claviger-admin "
			 "token list --all",
			 option);
}

static enum result read_filter(const struct arguments *arguments, struct audit_listing *list,
			       struct error *err)
{
	const char *since = arguments_value(arguments, OPTION_SINCE);
	const char *actor = arguments_value(arguments, OPTION_ACTOR);
	const char *token = arguments_value(arguments, OPTION_TOKEN);
	enum result result = RESULT_OK;

	list->since = INT64_MIN;
	if (since != NULL && !timestamp_parse(since, strlen(since), &list->since))
		return error_set(err, RESULT_INVALID_PARAMETER, NULL,
				 "--since: write a moment such as 2030-01-31T12:00:00Z");
	list->has_actor = actor != NULL;
	list->is_operator = actor != NULL && strcmp(actor, "operator") == 0;
	list->has_token = token != NULL;
	if (actor != NULL && !list->is_operator)
		result = read_id("--actor", actor, &list->actor, err);
	if (result == RESULT_OK && token != NULL)
		result = read_id("--token", token, &list->token, err);
	return result;
}

static bool is_id(const struct audit_value *value, const struct id *id)
{
	return value->bytes != NULL && value->length == ID_SIZE &&
	       memcmp(value->bytes, id->bytes, ID_SIZE) == 0;
}

static bool passes(const struct audit_listing *list, const struct audit_row *row)
{
	const struct audit_value *actor = &row->values[AUDIT_ACTOR];

	if (row->at < list->since)
		return false;
	if (list->is_operator && actor->bytes != NULL)
		return false;
	if (list->has_actor && !list->is_operator && !is_id(actor, &list->actor))
		return false;
	return !list->has_token || is_id(&row->values[AUDIT_TARGET], &list->token);
}

static void id_cell(struct listing *listing, const struct audit_value *value, const char *absent)
{
	char text[ID_TEXT_SIZE];
	struct id id;

	if (value->bytes == NULL || value->length != ID_SIZE) {
		output_cell(listing, value->bytes == NULL ? absent : "?");
		return;
	}
	memcpy(id.bytes, value->bytes, ID_SIZE);
	id_format(&id, text);
	output_cell(listing, text);
}

static void text_cell(struct listing *listing, const struct audit_value *value)
{
	output_cell(listing, value->bytes == NULL ? "-" : value->bytes);
}

static bool list_row(void *context, const struct audit_row *row)
{
	struct audit_listing *list = context;
	struct listing *listing = &list->listing;
	char number[24];

	if (!passes(list, row))
		return true;
	if (listing->as_json) {
		codec_write_audit(row, output_next_object(listing));
		return true;
	}
	snprintf(number, sizeof(number), "%" PRId64, row->sequence);
	output_cell(listing, number);
	output_moment_cell(listing, row->at, "-");
	text_cell(listing, &row->values[AUDIT_ACTION]);
	id_cell(listing, &row->values[AUDIT_ACTOR], "operator");
	id_cell(listing, &row->values[AUDIT_TARGET], "-");
	id_cell(listing, &row->values[AUDIT_ACCOUNT], "-");
	text_cell(listing, &row->values[AUDIT_ADDRESS]);
	text_cell(listing, &row->values[AUDIT_REQUEST_ID]);
	return true;
}

enum result audit_list(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	static const char *const headers[] = {"ID",     "AT",      "ACTION",  "ACTOR",
					      "TARGET", "ACCOUNT", "ADDRESS", "REQUEST"};
	struct audit_listing list = {0};
	enum result result = read_filter(arguments, &list, err);

	if (result != RESULT_OK)
		return result;
	admin_begin_list(admin, &list.listing, headers, ARRAY_LENGTH(headers));
	result = store_list_audit(admin->authority.store, 0, list_row, &list);
	output_end(&list.listing);
	return result;
}

struct audit_exporting {
	struct admin *admin;
	struct error *err;
	enum result result; /* of standard output */
};

static bool export_row(void *context, const struct audit_row *row)
{
	struct audit_exporting *exporting = context;
	struct buffer *out = &exporting->admin->out;

	codec_write_exported_audit(row, out);
	buffer_append_char(out, '\n');
	if (out->length > FLUSHED_AT)
		exporting->result = output_flush(out, exporting->err);
	return exporting->result == RESULT_OK;
}

/* Only their number counts. */
static void ignore_finding(void *context, const struct audit_finding *finding)
{
	(void)context;
	(void)finding;
}

enum result audit_export(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	struct audit_exporting exporting = {admin, err, RESULT_OK};
	struct audit_check check = {
		.each = export_row, .find = ignore_finding, .context = &exporting};
	struct audit_report report = {0};
	enum result result = admin_open_audit(admin, false, err);

	(void)arguments;
	check.key = admin->audit;
	if (result == RESULT_OK)
		result = audit_verify(admin->authority.store, &check, &report);
	if (result == RESULT_OK)
		result = exporting.result;
	if (result == RESULT_OK && report.finding_count == 0) {
		codec_write_checkpoint(&report.checkpoint, admin->now, &admin->out);
		buffer_append_char(&admin->out, '\n');
	}
	if (result == RESULT_OK)
		result = output_flush(&admin->out, err);
	if (result == RESULT_OK && report.finding_count > 0)
		result = error_set(err, RESULT_INVALID_USAGE, NULL,
				   "The audit is not as it was written, so that no checkpoint ends "
				   "this export; see claviger-admin audit verify");
	return result;
}
