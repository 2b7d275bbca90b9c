/* SPDX-License-Identifier: ISC */
#include "remote_websites.h"

#include "remote_call.h"
#include "remote_list.h"

#include "ascii.h"
#include "id.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_SIZE = 81 };

static void take_page(void *context, struct answer *page)
{
	struct websites *websites = context;
	struct answer *pages =
		realloc(websites->pages, (websites->page_count + 1) * sizeof(*websites->pages));

	if (pages == NULL) {
		websites->result = RESULT_INTERNAL;
		return;
	}
	websites->pages = pages;
	pages[websites->page_count++] = *page;
	*page = (struct answer){0};
}

enum result websites_read(struct remote *remote, struct websites *websites, struct error *err)
{
	enum result result =
		remote_list_read(remote, REMOTE_WEBSITES, UINT64_MAX, take_page, websites, err);

	websites->was_read = true;
	if (result == RESULT_OK && websites->result != RESULT_OK)
		return error_set(err, RESULT_INTERNAL, NULL, "There is no memory for the websites");
	return result;
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
	for (size_t i = 0; i < websites->page_count; i++)
		answer_clear(&websites->pages[i]);
	free(websites->pages);
	*websites = (struct websites){0};
}

/* The value that stands under WANTED where the LENGTH bytes at TEXT stand under NAME. */
static const char *look_up(const struct websites *websites, const char *name, const char *text,
			   size_t length, const char *wanted)
{
	for (size_t i = 0; i < websites->page_count; i++)
		for (size_t j = 0; j < answer_count(&websites->pages[i]); j++) {
			const struct record *record = answer_record(&websites->pages[i], j);

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
