/* SPDX-License-Identifier: ISC */
#include "remote_issued.h"

#include "file.h"
#include "output.h"

#include <stdio.h>
#include <unistd.h>

enum result remote_issued_open(const struct arguments *arguments, int *descriptor,
			       struct error *err)
{
	const char *path = arguments_value(arguments, OPTION_KEY_FILE);
	enum result result;

	*descriptor = -1;
	if (path == NULL)
		return RESULT_OK;
	result = file_create(path, descriptor, err);
	return result == RESULT_OK ? RESULT_OK : RESULT_INVALID_PARAMETER;
}

void remote_issued_abandon(const struct arguments *arguments, int descriptor)
{
	if (descriptor < 0)
		return;
	close(descriptor);
	(void)unlink(arguments_value(arguments, OPTION_KEY_FILE));
}

static void write_json(struct remote *remote, const struct answer *answer)
{
	buffer_append_text(&remote->out, "{\"status\":\"success\",\"data\":[");
	record_write(answer_record(answer, 0), &remote->out);
	buffer_append_text(&remote->out, "]}\n");
}

static void say_where(const struct record *record, const char *path)
{
	struct buffer line;

	buffer_init(&line, BUFSIZ);
	buffer_append_text(&line, "claviger: token ");
	output_printable(record_text(record, "id"), &line);
	buffer_append_text(&line,
			   path == NULL ? ": its key is shown this once" : ": its key is in ");
	output_printable(path == NULL ? "" : path, &line);
	if (buffer_result(&line) == RESULT_OK)
		fprintf(stderr, "%s\n", line.data);
	buffer_clear(&line);
}

/* Standard output is the key alone, so that a script can take it as it is. */
enum result remote_issued_deliver(struct remote *remote, const struct arguments *arguments,
				  int descriptor, struct answer *answer, struct error *err)
{
	const char *path = arguments_value(arguments, OPTION_KEY_FILE);
	const struct record *record = answer_record(answer, 0);
	struct key key = {0};
	bool is_taken = record_key(record, &key);

	if (!is_taken) {
		remote_issued_abandon(arguments, descriptor);
		return error_set(err, RESULT_INTERNAL, NULL, "The service answered no key");
	}
	if (descriptor >= 0) {
		is_taken = token_write_line(&key, descriptor) && fsync(descriptor) == 0;
		close(descriptor);
		answer_forget_key(answer);
	}
	if (is_taken && !remote->as_json) {
		is_taken = descriptor >= 0 || token_write_line(&key, STDOUT_FILENO);
		if (is_taken)
			say_where(record, path);
	}
	token_key_wipe(&key);
	if (is_taken && remote->as_json) {
		write_json(remote, answer);
		return output_flush(&remote->out, err);
	}
	return is_taken ? RESULT_OK
			: error_set(err, RESULT_INTERNAL, NULL, "%s did not take the key",
				    path == NULL ? "Standard output" : "--key-file");
}
