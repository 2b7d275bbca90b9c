/* SPDX-License-Identifier: ISC */
#include "admin.h"
#include "command.h"
#include "output.h"

#include "audit_verify.h"
#include "codec.h"
#include "json_write.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024, FINDINGS_SHOWN = 100 };

/* The findings as they come, in the form of the answer. */
struct audit_findings {
	struct admin *admin;
	struct buffer shown;
	size_t count;
};

/* Reads the end of the file at PATH, at most LINE_MAX_BYTES. */
static enum result read_end(const char *path, char end[static LINE_MAX_BYTES], size_t *length,
			    struct error *err)
{
	int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	enum result result = RESULT_OK;
	struct stat status;
	ssize_t got = -1;

	if (descriptor < 0)
		return error_set(err, RESULT_NOT_FOUND, NULL,
				 "--checkpoint %.120s: there is no such file, or none to read",
				 path);
	if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode))
		got = pread(descriptor, end, LINE_MAX_BYTES,
			    status.st_size < LINE_MAX_BYTES ? 0 : status.st_size - LINE_MAX_BYTES);
	close(descriptor);
	if (got < 0)
		result = error_set(err, RESULT_INVALID_PARAMETER, NULL,
				   "--checkpoint %.120s: not a file that can be read", path);
	*length = got < 0 ? 0 : (size_t)got;
	return result;
}

static enum result read_checkpoint(const struct admin *admin, const char *path,
				   struct audit_checkpoint *checkpoint, struct error *err)
{
	char end[LINE_MAX_BYTES];
	size_t length = 0, start;
	struct error cause = {0};
	enum result result = read_end(path, end, &length, err);

	if (result != RESULT_OK)
		return result;
	while (length > 0 && end[length - 1] == '\n')
		length--;
	for (start = length; start > 0 && end[start - 1] != '\n'; start--)
		;
	if (codec_read_checkpoint(admin->config, end + start, length - start, checkpoint, &cause) ==
	    RESULT_OK)
		return RESULT_OK;
	return error_set(err, RESULT_INVALID_PARAMETER, NULL,
			 "--checkpoint %.120s: its last line is no checkpoint; give a file that "
			 "claviger-admin audit export wrote to its end",
			 path);
}

static const char *name_fault(enum audit_fault fault)
{
	switch (fault) {
	case AUDIT_MISSING:
		return "missing";
	case AUDIT_ALTERED:
		return "altered";
	case AUDIT_CHECKPOINT_DIFFERS:
		return "checkpoint_differs";
	}
	return "unknown";
}

static void show_as_json(const struct audit_finding *finding, struct buffer *out)
{
	if (out->length > 0)
		buffer_append_char(out, ',');
	buffer_append_format(
		out, "{\"fault\":\"%s\",\"first\":\"%" PRId64 "\",\"last\":\"%" PRId64 "\"}",
		name_fault(finding->fault), finding->first, finding->last);
}

static void show_as_text(const struct audit_finding *finding, struct buffer *out)
{
	switch (finding->fault) {
	case AUDIT_MISSING:
		if (finding->first == finding->last)
			buffer_append_format(out, "row %" PRId64 " is missing\n", finding->first);
		else
			buffer_append_format(out, "rows %" PRId64 " to %" PRId64 " are missing\n",
					     finding->first, finding->last);
		return;
	case AUDIT_ALTERED:
		buffer_append_format(out,
				     "row %" PRId64 " was altered, or put in another's place, or "
				     "the row before it was\n",
				     finding->first);
		return;
	case AUDIT_CHECKPOINT_DIFFERS:
		buffer_append_format(out, "rows 1 to %" PRId64 " are not those of the checkpoint\n",
				     finding->last);
		return;
	}
}

static void note_finding(void *context, const struct audit_finding *finding)
{
	struct audit_findings *findings = context;

	if (findings->count++ >= FINDINGS_SHOWN)
		return;
	if (findings->admin->as_json)
		show_as_json(finding, &findings->shown);
	else
		show_as_text(finding, &findings->shown);
}

static void write_json(struct admin *admin, const struct audit_report *report,
		       const struct audit_findings *findings)
{
	struct listing listing;
	struct buffer *out;

	admin_begin_list(admin, &listing, NULL, 1);
	out = output_next_object(&listing);
	buffer_append_format(out, "{\"rows\":%" PRIu64 ",\"last\":\"%" PRId64 "\"",
			     report->row_count, report->checkpoint.sequence);
	buffer_append_format(out, ",\"unproven\":%" PRIu64 ",\"findingCount\":%" PRIu64,
			     report->unproven_count, report->finding_count);
	json_write_name("findings", out);
	buffer_append_char(out, '[');
	if (findings->count > 0)
		buffer_append(out, findings->shown.data, findings->shown.length);
	buffer_append_text(out, "]}");
	output_end(&listing);
}

static void write_text(struct admin *admin, const struct audit_report *report,
		       const struct audit_findings *findings)
{
	if (findings->count > 0)
		buffer_append(&admin->out, findings->shown.data, findings->shown.length);
	if (findings->count > FINDINGS_SHOWN)
		buffer_append_format(&admin->out, "and %zu more\n",
				     findings->count - FINDINGS_SHOWN);
	buffer_append_format(&admin->out, "%" PRIu64 " rows, the last is %" PRId64,
			     report->row_count, report->checkpoint.sequence);
	if (report->unproven_count > 0)
		buffer_append_format(&admin->out, "; %" PRIu64 " of another key, and so not proven",
				     report->unproven_count);
	if (report->finding_count == 0 && report->unproven_count == 0)
		buffer_append_text(&admin->out, ": each is proven");
	buffer_append_char(&admin->out, '\n');
}

/* What the exit status says, after the answer has said more. */
static enum result judge(struct admin *admin, const struct audit_report *report, struct error *err)
{
	char path[AUDIT_KEY_PATH_SIZE];

	if (report->finding_count > 0)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "The audit is not as it was written: %" PRIu64 " findings; keep "
				 "this database, and compare it with an export or a backup",
				 report->finding_count);
	if (report->unproven_count == 0)
		return RESULT_OK;
	audit_key_path(admin->config, path);
	return error_set(err, RESULT_INVALID_USAGE, NULL,
			 "Rows up to %" PRId64 " cannot be checked without their key, which %s "
			 "%.80s; put that back, or give a --checkpoint that reaches so far",
			 report->last_unproven,
			 admin->audit == NULL ? "should be in" : "is not the one in", path);
}

enum result audit_verify_trail(struct admin *admin, const struct arguments *arguments,
			       struct error *err)
{
	const char *path = arguments_value(arguments, OPTION_CHECKPOINT);
	struct audit_findings findings = {.admin = admin};
	struct audit_checkpoint checkpoint = {0};
	struct audit_report report = {0};
	struct audit_check check = {.checkpoint = path == NULL ? NULL : &checkpoint,
				    .find = note_finding,
				    .context = &findings};
	enum result result = admin_open_audit(admin, false, err);

	buffer_init(&findings.shown, OUTPUT_MAXIMUM);
	check.key = admin->audit;
	if (result == RESULT_OK && path != NULL)
		result = read_checkpoint(admin, path, &checkpoint, err);
	if (result == RESULT_OK)
		result = audit_verify(admin->authority.store, &check, &report);
	if (result == RESULT_OK && admin->as_json)
		write_json(admin, &report, &findings);
	else if (result == RESULT_OK)
		write_text(admin, &report, &findings);
	if (result == RESULT_OK)
		result = output_flush(&admin->out, err);
	if (result == RESULT_OK)
		result = judge(admin, &report, err);
	buffer_clear(&findings.shown);
	return result;
}
