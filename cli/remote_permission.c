/* SPDX-License-Identifier: ISC */
/* What a token can be permitted, and what the one at hand is. */
#include "remote.h"
#include "remote_answer.h"
#include "remote_call.h"

#include "output.h"

enum result remote_permissions_list(struct remote *remote, const struct arguments *arguments,
				    struct error *err)
{
	static const char *const headers[] = {"PERMISSION", "YOURS", "MEANING"};
	struct answer answer = {0};
	struct listing listing;
	enum result result = remote_get(remote, REMOTE_ADMIN "/permissions", &answer, err);

	(void)arguments;
	if (result == RESULT_OK && remote->as_json) {
		remote_pass_on(remote, &answer);
	} else if (result == RESULT_OK) {
		output_begin(&listing, &remote->out, false, headers, ARRAY_LENGTH(headers));
		for (size_t i = 0; i < answer_count(&answer); i++) {
			const struct record *record = answer_record(&answer, i);

			output_cell(&listing, record_text(record, "name"));
			output_cell(&listing, record_truth(record, "granted") ? "yes" : "no");
			output_cell(&listing, record_text(record, "description"));
		}
		output_end(&listing);
	}
	answer_clear(&answer);
	return result;
}
