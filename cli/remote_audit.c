/* SPDX-License-Identifier: ISC */
/* Who changed what. */
#include "remote.h"
#include "remote_answer.h"
#include "remote_call.h"
#include "remote_list.h"

#include "output.h"

#define AUDIT_PATH REMOTE_ADMIN "/audit"

static void add_page(void *context, struct answer *page)
{
	static const struct {
		const char *name, *absent;
	} fields[] = {{"at", "-"},       {"action", "-"},  {"actorTokenId", "operator"},
		      {"targetId", "-"}, {"address", "-"}, {"requestId", "-"}};

	for (size_t i = 0; i < answer_count(page); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(fields); j++) {
			const char *text = record_text(answer_record(page, i), fields[j].name);

			output_cell(context, text[0] == '\0' ? fields[j].absent : text);
		}
}

enum result remote_audit_list(struct remote *remote, const struct arguments *arguments,
			      struct error *err)
{
	static const char *const headers[] = {"AT", "ACTION", "BY", "TARGET", "ADDRESS", "REQUEST"};
	struct listing listing;
	uint64_t limit;
	enum result result = remote_list_limit(arguments, &limit, err);

	if (result != RESULT_OK)
		return result;
	if (remote->as_json)
		return remote_list_write_json(remote, AUDIT_PATH, limit, err);
	output_begin(&listing, &remote->out, false, headers, ARRAY_LENGTH(headers));
	result = remote_list_read(remote, AUDIT_PATH, limit, add_page, &listing, err);
	output_end(&listing);
	return result;
}
