/* SPDX-License-Identifier: ISC */
#include "command_table.h"

#include "log.h"
#include "text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_SIZE = 41, CHOICES_SIZE = 160, NEAR = 2 };

const struct command_usage *command_table_at(const struct command_table *table, size_t index)
{
	const unsigned char *entries = table->entries;

	return index < table->count ? (const void *)(entries + index * table->entry_size) : NULL;
}

uint64_t command_table_known_options(const struct command_table *table)
{
	const struct command_usage *usage;
	uint64_t known = table->common;

	for (size_t i = 0; (usage = command_table_at(table, i)) != NULL; i++)
		known |= usage->options;
	return known;
}

void command_table_title(const struct command_usage *usage, char title[static COMMAND_TITLE_SIZE])
{
	snprintf(title, COMMAND_TITLE_SIZE, "%s%s%s", usage->group, usage->name == NULL ? "" : " ",
		 usage->name == NULL ? "" : usage->name);
}

static const struct command_meaning *find_meaning(const struct command_table *table,
						  const struct command_usage *usage,
						  enum option option)
{
	for (size_t i = 0; usage != NULL && i < table->meaning_count; i++) {
		const struct command_meaning *meaning = &table->meanings[i];

		if (meaning->option == option &&
		    (meaning->group == NULL || strcmp(meaning->group, usage->group) == 0) &&
		    (meaning->name == NULL || strcmp(meaning->name, usage->name) == 0))
			return meaning;
	}
	return NULL;
}

const char *command_table_describe(const struct command_table *table,
				   const struct command_usage *usage, enum option option)
{
	const struct command_meaning *meaning = find_meaning(table, usage, option);

	return meaning == NULL ? arguments_describe(option)->description : meaning->description;
}

bool command_table_repeats(const struct command_table *table, const struct command_usage *usage,
			   enum option option)
{
	const struct command_meaning *meaning = find_meaning(table, usage, option);

	return arguments_describe(option)->is_repeatable &&
	       (meaning == NULL || !meaning->is_single);
}

/* WORD as a message shows it. */
static const char *show(const char *word, char shown[static SHOWN_SIZE])
{
	(void)log_escape(word, strlen(word), shown, SHOWN_SIZE);
	return shown;
}

/* The first word of the table, or with GROUP its second, that is nearly WORD; NULL where none. */
static const char *find_nearest(const struct command_table *table, const char *group,
				const char *word)
{
	const struct command_usage *usage;
	const char *nearest = NULL;
	size_t least = NEAR + 1;

	for (size_t i = 0; (usage = command_table_at(table, i)) != NULL; i++) {
		const char *known = group == NULL ? usage->group : usage->name;
		size_t distance;

		if (group != NULL && strcmp(usage->group, group) != 0)
			continue;
		distance = text_distance(word, known);
		if (distance < least) {
			least = distance;
			nearest = known;
		}
	}
	return nearest;
}

static void list_choices(const struct command_table *table, const char *group,
			 char choices[static CHOICES_SIZE])
{
	const struct command_usage *usage;
	size_t length = 0;

	choices[0] = '\0';
	for (size_t i = 0; (usage = command_table_at(table, i)) != NULL; i++) {
		if (strcmp(usage->group, group) != 0)
			continue;
		snprintf(choices + length, CHOICES_SIZE - length, "%s%s", length > 0 ? ", " : "",
			 usage->name);
		length = strlen(choices);
	}
}

static enum result refuse_word(const struct command_table *table, const char *group,
			       const char *word, struct error *err)
{
	char shown[SHOWN_SIZE], choices[CHOICES_SIZE];
	const char *nearest = word == NULL ? NULL : find_nearest(table, group, word);
	const char *blank = group == NULL ? "" : " ";

	assert(group != NULL || word != NULL);
	if (nearest != NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s%s%s: no such command; did you mean %s%s%s?",
				 group == NULL ? "" : group, blank, show(word, shown),
				 group == NULL ? "" : group, blank, nearest);
	if (group == NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: no such command; see %s --help", show(word, shown),
				 table->program);
	list_choices(table, group, choices);
	return error_set(err, RESULT_INVALID_USAGE, NULL, "%s: say which of: %s", group, choices);
}

enum result command_table_find(const struct command_table *table, struct arguments *arguments,
			       const struct command_usage **usage, struct error *err)
{
	const char *first = arguments->word_count > 0 ? arguments->words[0] : NULL;
	const char *second = arguments->word_count > 1 ? arguments->words[1] : NULL;
	const struct command_usage *at;
	bool is_group = false;

	if (first == NULL)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "No command was given; see %s --help", table->program);
	for (size_t i = 0; (at = command_table_at(table, i)) != NULL; i++) {
		size_t taken = at->name == NULL ? 1 : 2;

		if (strcmp(at->group, first) != 0)
			continue;
		is_group = true;
		if (at->name != NULL && (second == NULL || strcmp(at->name, second) != 0))
			continue;
		arguments->word_count -= taken;
		memmove(arguments->words, arguments->words + taken,
			arguments->word_count * sizeof(*arguments->words));
		*usage = at;
		return RESULT_OK;
	}
	return refuse_word(table, is_group ? first : NULL, is_group ? second : first, err);
}

/* How many words USAGE takes behind its own, at least and at most. */
static void count_operands(const struct command_usage *usage, size_t *least, size_t *most)
{
	*least = *most = 0;
	for (const char *at = usage->operands; at != NULL && *at != '\0';) {
		size_t length = strcspn(at, " ");

		*least += *at != '[';
		*most += 1;
		if (length > 3 && strncmp(at + length - 3, "...", 3) == 0)
			*most = SIZE_MAX;
		at += length + (at[length] == ' ');
	}
}

static enum result check_option(const struct command_table *table,
				const struct command_usage *usage,
				const struct arguments *arguments, size_t index, const char *title,
				struct error *err)
{
	enum option option = arguments->given[index].option;
	const char *name = arguments_describe(option)->name;

	if (((usage->options | table->common) & UINT64_C(1) << option) == 0)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: not an option of %s; see %s %s --help", name, title,
				 table->program, title);
	/* Which of two counts would be a guess, and one about what is revoked. */
	for (size_t i = 0; i < index; i++)
		if (arguments->given[i].option == option &&
		    !command_table_repeats(table, usage, option))
			return error_set(err, RESULT_INVALID_USAGE, NULL,
					 "%s: given twice; %s takes one", name, title);
	return RESULT_OK;
}

enum result command_table_check(const struct command_table *table,
				const struct command_usage *usage,
				const struct arguments *arguments, struct error *err)
{
	char title[COMMAND_TITLE_SIZE], shown[SHOWN_SIZE];
	size_t least, most;

	count_operands(usage, &least, &most);
	command_table_title(usage, title);
	for (size_t i = 0; i < arguments->given_count; i++) {
		enum result result = check_option(table, usage, arguments, i, title, err);

		if (result != RESULT_OK)
			return result;
	}
	if (arguments->word_count < least)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: %s is missing; see %s %s --help", title, usage->operands,
				 table->program, title);
	if (arguments->word_count > most)
		return error_set(err, RESULT_INVALID_USAGE, NULL,
				 "%s: not expected; see %s %s --help",
				 show(arguments->words[most], shown), table->program, title);
	return RESULT_OK;
}
