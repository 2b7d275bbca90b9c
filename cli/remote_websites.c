/* SPDX-License-Identifier: ISC */
#include "remote_websites.h"

#include "remote_call.h"

#include "ascii.h"
#include "id.h"
#include "log.h"

#include <string.h>

enum { SHOWN_SIZE = 81, PATH_MAXIMUM = 256 };

enum result websites_read(struct remote *remote, struct websites *websites, struct error *err)
{
	websites->was_read = true;
	return remote_list_keep(remote, REMOTE_WEBSITES, &websites->pages, err);
}

enum result websites_learn(struct remote *remote, struct websites *websites, struct error *err)
{
	enum result result = websites_read(remote, websites, err);

	if (result != RESULT_INSUFFICIENT_SCOPE)
		return result;
	*err = (struct error){0};
	remote->next = NULL;
	buffer_reset(&remote->refusal);
	return RESULT_OK;
}

void websites_clear(struct websites *websites)
{
	remote_pages_clear(&websites->pages);
	*websites = (struct websites){0};
}

/* The value that stands under WANTED where the LENGTH bytes at TEXT stand under NAME. */
static const char *look_up(const struct websites *websites, const char *name, const char *text,
			   size_t length, const char *wanted)
{
	const struct remote_pages *pages = &websites->pages;

	for (size_t i = 0; i < pages->count; i++)
		for (size_t j = 0; j < answer_count(&pages->answers[i]); j++) {
			const struct record *record = answer_record(&pages->answers[i], j);

			if (ascii_equals_ignoring_case(text, length, record_text(record, name)))
				return record_text(record, wanted);
		}
	return NULL;
}

const char *websites_domain(const struct websites *websites, const char *id)
{
	return look_up(websites, "id", id, strlen(id), "domain");
}

enum result websites_find_id(struct remote *remote, struct websites *websites, const char *text,
			     size_t length, struct buffer *id, struct error *err)
{
	enum result result = RESULT_OK;
	char shown[SHOWN_SIZE];
	const char *found;
	struct id parsed;

	if (id_parse(text, length, &parsed)) {
		buffer_append(id, text, length);
		return RESULT_OK;
	}
	if (!websites->was_read)
		result = websites_read(remote, websites, err);
	if (result != RESULT_OK)
		return result;
	found = look_up(websites, "domain", text, length, "id");
	if (found != NULL) {
		buffer_append_text(id, found);
		return RESULT_OK;
	}
	(void)log_escape(text, length, shown, sizeof(shown));
	remote->next = "claviger websites list";
	return error_set(err, RESULT_NOT_FOUND, NULL,
			 "%s: no website of that id or domain is within reach of this token",
			 shown);
}

enum result websites_path(struct remote *remote, const char *text, struct buffer *path,
			  struct error *err)
{
	struct websites websites = {0};
	enum result result;

	buffer_init(path, PATH_MAXIMUM);
	buffer_append_text(path, REMOTE_WEBSITES "/");
	result = websites_find_id(remote, &websites, text, strlen(text), path, err);
	websites_clear(&websites);
	return result == RESULT_OK ? buffer_result(path) : result;
}
