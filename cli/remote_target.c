/* SPDX-License-Identifier: ISC */
#include "remote_target.h"

#include "remote_call.h"
#include "remote_kept.h"
#include "remote_list.h"

#include "id.h"
#include "log.h"

#include <stdio.h>
#include <string.h>

enum { PATH_MAXIMUM = 2048, WORD_SHOWN_SIZE = 81 };

static const char self[] = "self";

struct search {
	const char *name;
	size_t count;
	char id[ID_TEXT_SIZE];
};

static void look_for_name(void *context, struct answer *page)
{
	struct search *search = context;

	for (size_t i = 0; i < answer_count(page); i++) {
		const struct record *record = answer_record(page, i);

		if (strcmp(record_text(record, "name"), search->name) != 0)
			continue;
		search->count++;
		snprintf(search->id, sizeof(search->id), "%s", record_text(record, "id"));
	}
}

static enum result find_by_name(struct remote *remote, const char *name,
				char id[static ID_TEXT_SIZE], struct error *err)
{
	struct search search = {.name = name};
	char shown[WORD_SHOWN_SIZE];
	struct buffer path;
	enum result result;

	buffer_init(&path, PATH_MAXIMUM);
	buffer_append_text(&path, REMOTE_TOKENS);
	remote_list_add(&path, "q", name);
	result = buffer_result(&path);
	if (result == RESULT_OK)
		result = remote_list_read(remote, path.data, UINT64_MAX, look_for_name, &search,
					  err);
	buffer_clear(&path);
	if (result != RESULT_OK)
		return result;
	memcpy(id, search.id, ID_TEXT_SIZE);
	if (search.count == 1)
		return RESULT_OK;
	(void)log_escape(name, strlen(name), shown, sizeof(shown));
	remote->next = "claviger tokens list shows the ids";
	if (search.count == 0)
		return error_set(err, RESULT_NOT_FOUND, NULL,
				 "%s: no living token has that id or name", shown);
	return error_set(err, RESULT_INVALID_PARAMETER, NULL,
			 "%s: %zu tokens have that name; give the id", shown, search.count);
}

static bool is_kept(struct remote *remote, const char *id)
{
	struct error ignored = {0};
	const char *variable = NULL;
	struct stored_login login = {0};
	struct key key = {0};
	bool is_kept = kept_environment_token(&key, &variable, &ignored) == RESULT_OK &&
		       variable == NULL &&
		       kept_read(&remote->settings, &login, &ignored) == RESULT_OK &&
		       (strcmp(id, self) == 0 || strcmp(login.token_id, id) == 0);

	token_key_wipe(&login.key);
	token_key_wipe(&key);
	return is_kept;
}

enum result remote_target_find(struct remote *remote, const char *word,
			       struct remote_target *target, struct error *err)
{
	enum result result = RESULT_OK;
	struct id id;

	*target = (struct remote_target){0};
	if (strcmp(word, self) == 0 || id_parse(word, strlen(word), &id))
		snprintf(target->id, sizeof(target->id), "%s", word);
	else
		result = find_by_name(remote, word, target->id, err);
	if (result == RESULT_OK)
		target->is_kept = is_kept(remote, target->id);
	return result;
}

void remote_target_path(const struct remote_target *target, const char *tail,
			char path[static TARGET_PATH_SIZE])
{
	snprintf(path, TARGET_PATH_SIZE, REMOTE_TOKENS "/%s%s", target->id, tail);
}

enum result remote_target_read(struct remote *remote, const struct remote_target *target,
			       struct answer *answer, struct error *err)
{
	char path[TARGET_PATH_SIZE];

	remote_target_path(target, "", path);
	return remote_get(remote, path, answer, err);
}

void remote_target_show(const struct record *record, char shown[static TARGET_SHOWN_SIZE])
{
	const char *name = record_text(record, "name");

	if (name[0] == '\0')
		snprintf(shown, TARGET_SHOWN_SIZE, "the token %s",
			 record_text(record, "displayKey"));
	else
		snprintf(shown, TARGET_SHOWN_SIZE, "\"%.100s\" (%.40s)", name,
			 record_text(record, "displayKey"));
}
