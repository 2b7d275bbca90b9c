/* SPDX-License-Identifier: ISC */
#include "policy.h"

#include "ascii.h"
#include "path.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 4 };

/* Those of RFC 9110 and RFC 5789, and of WebDAV and its kin (RFC 4918, 3253, 3744, 4791, 5323). A
 * method that is not here matches "*" alone. */
static const char *const known_methods[] = {
	"GET",     "HEAD",     "POST",      "PUT",        "PATCH", "DELETE",   "OPTIONS", "TRACE",
	"CONNECT", "PROPFIND", "PROPPATCH", "MKCOL",      "COPY",  "MOVE",     "LOCK",    "UNLOCK",
	"REPORT",  "SEARCH",   "ACL",       "MKCALENDAR", "MERGE", "CHECKOUT", "CHECKIN", "UPDATE",
};

_Static_assert(ARRAY_LENGTH(known_methods) <= 32, "a bit for each");

/* Where in the file a word stands. */
struct word {
	const char *text;
	size_t length;
	size_t column; /* from 1, in bytes */
};

struct reader {
	const struct catalogue *catalogue;
	const char *file;
	size_t line;
	struct error *err;
};

PRINTF(3, 4)
static enum result refuse(const struct reader *reader, size_t column, const char *format, ...)
{
	char message[ERROR_MESSAGE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return error_set(reader->err, RESULT_INVALID_CONFIGURATION, NULL, "%.100s:%zu:%zu: %s",
			 reader->file, reader->line, column, message);
}

static bool is_word(struct word word, const char *text)
{
	return word.length == strlen(text) && memcmp(word.text, text, word.length) == 0;
}

static size_t find_method(const char *text, size_t length)
{
	size_t i = 0;

	while (i < ARRAY_LENGTH(known_methods) &&
	       !is_word((struct word){.text = text, .length = length}, known_methods[i]))
		i++;
	return i;
}

/* Takes the next element of a list with commas off LIST; false where none is left. */
static bool take_element(struct word *list, struct word *element)
{
	const char *comma;

	if (list->text == NULL)
		return false;
	*element = *list;
	comma = memchr(list->text, ',', list->length);
	if (comma == NULL) {
		list->text = NULL;
		return true;
	}
	element->length = (size_t)(comma - list->text);
	list->text = comma + 1;
	list->length -= element->length + 1;
	list->column += element->length + 1;
	return true;
}

static enum result read_methods(const struct reader *reader, struct word word,
				struct policy_rule *rule)
{
	struct word name;

	if (is_word(word, "*")) {
		rule->any_method = true;
		return RESULT_OK;
	}
	while (take_element(&word, &name)) {
		size_t method = find_method(name.text, name.length);

		if (method == ARRAY_LENGTH(known_methods))
			return refuse(reader, name.column,
				      "\"%.*s\" is no method; write * or some of GET,HEAD,POST,"
				      "PUT,PATCH,DELETE with commas and without blanks between",
				      name.length > 40 ? 40 : (int)name.length, name.text);
		rule->methods |= UINT32_C(1) << method;
	}
	return RESULT_OK;
}

static size_t count_special(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += text[i] == '*' || text[i] == '{' || text[i] == '}';
	return count;
}

/* {name} is one whole segment, and so is * at the end. */
static enum result check_segments(const struct reader *reader, struct word word,
				  const char *pattern)
{
	for (const char *at = pattern; *at == '/';) {
		const char *segment = at + 1;
		size_t length = strcspn(segment, "/");

		at = segment + length;
		if (count_special(segment, length) == 0)
			continue;
		if (length == 1 && *segment == '*' && *at == '\0')
			continue;
		if (length > 2 && length < POLICY_NAME_SIZE && segment[0] == '{' &&
		    segment[length - 1] == '}' && count_special(segment, length) == 2)
			continue;
		return refuse(reader, word.column,
			      "{name} stands for one whole segment, and * for all that follows the "
			      "last slash; neither for a part of a segment");
	}
	return RESULT_OK;
}

static enum result read_pattern(const struct reader *reader, struct word word,
				struct policy_rule *rule)
{
	char decoded[PATH_MAX_LENGTH + 1];

	if (word.text[0] != '/')
		return refuse(reader, word.column, "a path begins with a slash");
	if (!path_decode(word.text, word.length, decoded) ||
	    strlen(decoded) >= POLICY_PATTERN_SIZE ||
	    count_special(decoded, strlen(decoded)) != count_special(word.text, word.length))
		return refuse(
			reader, word.column,
			"no path that a request could have: at most %d bytes, no \"//\", no "
			"segment \".\" or \"..\", no backslash, nothing encoded that would be "
			"special",
			POLICY_PATTERN_SIZE - 1);
	memcpy(rule->pattern, decoded, strlen(decoded) + 1);
	return check_segments(reader, word, rule->pattern);
}

static enum result read_needed(const struct reader *reader, struct word word,
			       struct policy_rule *rule)
{
	struct word name;

	if (is_word(word, "public")) {
		rule->is_public = true;
		return RESULT_OK;
	}
	while (take_element(&word, &name)) {
		struct permission_set one;

		if (!permission_set_find(reader->catalogue, name.text, name.length, &one))
			return refuse(reader, name.column,
				      "\"%.*s\" is no permission of the catalogue; claviger-admin "
				      "permission list shows them; * and public are allowed too",
				      name.length > 64 ? 64 : (int)name.length, name.text);
		rule->needed = permission_set_union(rule->needed, one);
	}
	return RESULT_OK;
}

static bool pattern_has(const char *pattern, const char *name)
{
	char segment[POLICY_NAME_SIZE + 4];
	const char *at;

	snprintf(segment, sizeof(segment), "/{%s}", name);
	at = strstr(pattern, segment);
	/* Twice, and it would be open which of the two is meant. */
	return at != NULL && strstr(at + 1, segment) == NULL;
}

static enum result read_website(const struct reader *reader, struct word word,
				struct policy_rule *rule)
{
	static const char query[] = "query:", path[] = "path:";
	bool in_query =
		word.length >= sizeof(query) && memcmp(word.text, query, sizeof(query) - 1) == 0;
	bool in_path =
		word.length >= sizeof(path) && memcmp(word.text, path, sizeof(path) - 1) == 0;
	size_t prefix = in_query ? sizeof(query) - 1 : sizeof(path) - 1;

	if (is_word(word, "-"))
		return RESULT_OK;
	if ((!in_query && !in_path) || word.length - prefix >= POLICY_NAME_SIZE)
		return refuse(reader, word.column,
			      "where the website stands is query:NAME, path:NAME, or - for none");
	for (size_t i = prefix; i < word.length; i++)
		if (!ascii_is_alnum(word.text[i]) && word.text[i] != '_' && word.text[i] != '-')
			return refuse(reader, word.column + i, "a name is of A-Z a-z 0-9 _ and -");
	if (rule->is_public)
		return refuse(reader, word.column,
			      "what is public has no website to check; write -");
	memcpy(rule->website_name, word.text + prefix, word.length - prefix);
	rule->website = in_query ? POLICY_WEBSITE_IN_QUERY : POLICY_WEBSITE_IN_PATH;
	if (in_path && !pattern_has(rule->pattern, rule->website_name))
		return refuse(reader, word.column, "the path has no {%s}, or more than one",
			      rule->website_name);
	return RESULT_OK;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts LINE into words; one that begins with # ends it. Answers how many there are, also those that
 * there is no room for. */
static size_t cut_words(const char *line, size_t length, struct word words[static COLUMNS])
{
	size_t count = 0;

	for (size_t i = 0; i < length;) {
		size_t start;

		while (i < length && is_blank(line[i]))
			i++;
		if (i == length || line[i] == '#')
			break;
		for (start = i; i < length && !is_blank(line[i]);)
			i++;
		if (count < COLUMNS)
			words[count] = (struct word){line + start, i - start, start + 1};
		count++;
	}
	return count;
}

static bool is_catch_all(const struct policy_rule *rule)
{
	return rule->any_method && strcmp(rule->pattern, "/*") == 0;
}

static enum result read_line(const struct reader *reader, const char *line, size_t length,
			     struct policy *policy)
{
	struct policy_rule *rule = &policy->rules[policy->count];
	struct word words[COLUMNS];
	size_t count;
	enum result result;

	for (size_t i = 0; i < length; i++)
		if (((unsigned char)line[i] < 0x20 && !is_blank(line[i])) || line[i] == 0x7F)
			return refuse(reader, i + 1, "a control character; remove it");
	count = cut_words(line, length, words);
	if (count == 0)
		return RESULT_OK;
	if (count != COLUMNS)
		return refuse(reader, 1,
			      "%zu columns; a rule has %d: methods, path, what is needed, and "
			      "query:NAME, path:NAME or - for the website",
			      count, COLUMNS);
	if (policy->count == POLICY_RULES_MAX)
		return refuse(reader, 1, "more than the %d rules allowed", POLICY_RULES_MAX);
	*rule = (struct policy_rule){.line = reader->line};
	result = read_methods(reader, words[0], rule);
	if (result == RESULT_OK)
		result = read_pattern(reader, words[1], rule);
	if (result == RESULT_OK)
		result = read_needed(reader, words[2], rule);
	if (result == RESULT_OK)
		result = read_website(reader, words[3], rule);
	if (result != RESULT_OK)
		return result;
	if (policy->count > 0 && policy->unreachable_line == 0 &&
	    is_catch_all(&policy->rules[policy->count - 1]))
		policy->unreachable_line = rule->line;
	policy->count++;
	return RESULT_OK;
}

enum result policy_parse(struct policy *policy, const struct catalogue *catalogue, const char *file,
			 const char *text, size_t length, struct error *err)
{
	struct reader reader = {.catalogue = catalogue, .file = file, .err = err};
	size_t lines = 1;
	enum result result = RESULT_OK;

	*policy = (struct policy){0};
	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	if (lines > POLICY_RULES_MAX)
		lines = POLICY_RULES_MAX;
	/* One more, so that the line that is too many has its place until it is refused. */
	policy->rules = calloc(lines + 1, sizeof(*policy->rules));
	if (policy->rules == NULL)
		return error_set(err, RESULT_BUSY, NULL, "There is no memory for the policy");
	for (size_t start = 0; start < length && result == RESULT_OK;) {
		const char *end = memchr(text + start, '\n', length - start);
		size_t line = end == NULL ? length - start : (size_t)(end - text) - start;

		reader.line++;
		result = read_line(&reader, text + start, line, policy);
		start += line + 1;
	}
	if (result == RESULT_OK && policy->count == 0)
		result = error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				   "%.100s: no rule in it, so that nothing would pass; write one a "
				   "line",
				   file);
	if (result != RESULT_OK)
		policy_clear(policy);
	return result;
}

void policy_clear(struct policy *policy)
{
	free(policy->rules);
	*policy = (struct policy){0};
}

/* Says whether PATH is one of the rule's PATTERN. */
static bool matches(const struct policy_rule *rule, const char *path, struct policy_value *value)
{
	size_t name_length = strlen(rule->website_name);

	*value = (struct policy_value){0};
	for (const char *pattern = rule->pattern; *pattern != '\0';) {
		size_t length;

		if (*pattern == '*')
			return true;
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		length = strcspn(path, "/");
		if (length == 0)
			return false;
		if (rule->website == POLICY_WEBSITE_IN_PATH &&
		    strncmp(pattern + 1, rule->website_name, name_length) == 0 &&
		    pattern[1 + name_length] == '}')
			*value = (struct policy_value){path, length};
		path += length;
		pattern += strcspn(pattern, "}") + 1;
	}
	return *path == '\0';
}

const struct policy_rule *policy_find(const struct policy *policy, const char *method,
				      const char *path, struct policy_value *value)
{
	size_t known = find_method(method, strlen(method));
	uint32_t bit = known < ARRAY_LENGTH(known_methods) ? UINT32_C(1) << known : 0;

	for (size_t i = 0; i < policy->count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if ((rule->any_method || (rule->methods & bit) != 0) && matches(rule, path, value))
			return rule;
	}
	*value = (struct policy_value){0};
	return NULL;
}
