/* SPDX-License-Identifier: ISC */
/* The gate's policy, asked before it is in force and when it does not do what was meant. */
#include "admin.h"
#include "command.h"
#include "output.h"

#include "demand.h"
#include "file.h"
#include "json_write.h"
#include "path.h"
#include "policy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4096 };

/* FILE, or what the configuration names where that is NULL. */
static enum result read_policy(const struct admin *admin, const char *file, struct policy *policy,
			       struct error *err)
{
	struct buffer content = {0};
	enum result result;

	*policy = (struct policy){0};
	if (file == NULL)
		file = admin->config->policy_file;
	if (file[0] == '\0')
		return error_set(err, RESULT_INVALID_CONFIGURATION, NULL,
				 "policy: not set in the configuration; set it, or name the file");
	result = file_read_all(file, FILE_CONFIGURATION, POLICY_BYTES_MAX, &content, err);
	if (result == RESULT_OK)
		result = policy_parse(policy, &admin->config->catalogue, file, content.data,
				      content.length, err);
	buffer_clear(&content);
	return result;
}

enum result policy_check(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	static const char *const headers[] = {"RULES", "NEVER REACHED FROM LINE"};
	struct listing listing;
	struct policy policy;
	char text[24];
	enum result result = read_policy(
		admin, arguments->word_count > 0 ? arguments->words[0] : NULL, &policy, err);

	if (result != RESULT_OK)
		return result;
	admin_begin_list(admin, &listing, headers, ARRAY_LENGTH(headers));
	if (listing.as_json) {
		struct buffer *out = output_next_object(&listing);

		buffer_append_format(out, "{\"rules\":%zu,\"unreachableLine\":", policy.count);
		if (policy.unreachable_line == 0)
			buffer_append_text(out, "null}");
		else
			buffer_append_format(out, "%zu}", policy.unreachable_line);
	} else {
		snprintf(text, sizeof(text), "%zu", policy.count);
		output_cell(&listing, text);
		snprintf(text, sizeof(text), "%zu", policy.unreachable_line);
		output_cell(&listing, policy.unreachable_line == 0 ? "-" : text);
	}
	output_end(&listing);
	policy_clear(&policy);
	return RESULT_OK;
}

/* One question, and what the policy says to it. */
struct question {
	const char *method, *uri;
	struct policy policy;
	struct demand demand;
	enum result result; /* RESULT_OK: the rule decides */
	struct error why;
};

static enum result ask(const struct admin *admin, const struct arguments *arguments,
		       struct question *question, struct error *err)
{
	char path[PATH_MAX_LENGTH + 1];
	const char *raw, *query;
	size_t length;
	enum result result;

	*question = (struct question){.method = arguments->words[0], .uri = arguments->words[1]};
	if (question->uri[0] != '/')
		return error_set(err, RESULT_INVALID_PARAMETER, NULL,
				 "URI: write the path as a client sends it, beginning with a "
				 "slash, and its query");
	result = read_policy(admin, NULL, &question->policy, err);
	if (result != RESULT_OK)
		return result;
	path_split_uri(question->uri, &raw, &length, &query);
	if (!path_decode(raw, length, path))
		path[0] = '\0';
	question->result = demand_find(&question->policy, question->method, path, query,
				       &question->demand, &question->why);
	if (question->result == RESULT_OK)
		question->result = demand_check_website(&question->demand, &question->why);
	return RESULT_OK;
}

/* What the rule needs, as the policy writes it. */
static void write_needed(const struct admin *admin, const struct policy_rule *rule,
			 struct buffer *out)
{
	if (rule->is_public)
		buffer_append_text(out, "public");
	else
		permission_set_write(&admin->config->catalogue, rule->needed, out);
}

static void write_website(const struct demand *demand, struct buffer *out)
{
	char id[ID_TEXT_SIZE];

	if (!demand->has_website)
		return;
	id_format(&demand->website, id);
	buffer_append_text(out, id);
}

/* A member of an object, null where TEXT is nothing. */
static void write_member(const char *name, const char *text, struct buffer *out)
{
	json_write_name(name, out);
	if (text == NULL || *text == '\0')
		buffer_append_text(out, "null");
	else
		json_write_string(text, out);
}

/* What is said about a question: the rule, then whether somebody passes, why not, what would do. */
struct answer {
	bool passes;
	const char *message; /* NULL: nothing */
	const char *grant;   /* NULL: nothing */
};

static enum result write_answer(struct admin *admin, const struct question *question,
				const struct answer *answer, struct error *err)
{
	static const char *const headers[] = {"LINE",   "RULE",    "NEEDS",   "WEBSITE",
					      "PASSES", "WHY NOT", "WOULD DO"};
	const struct policy_rule *rule = question->demand.rule;
	struct buffer needed, website, *out;
	struct listing listing;
	char line[24] = "";

	buffer_init(&needed, TEXT_MAX);
	buffer_init(&website, TEXT_MAX);
	if (rule != NULL) {
		snprintf(line, sizeof(line), "%zu", rule->line);
		write_needed(admin, rule, &needed);
		write_website(&question->demand, &website);
	}
	admin_begin_list(admin, &listing, headers,
			 answer->grant == NULL ? ARRAY_LENGTH(headers) - 1 : ARRAY_LENGTH(headers));
	if (listing.as_json) {
		out = output_next_object(&listing);
		buffer_append_format(out, "{\"line\":%s", rule == NULL ? "null" : line);
		write_member("path", rule == NULL ? NULL : rule->pattern, out);
		write_member("needs", needed.data, out);
		write_member("websiteId", website.data, out);
		buffer_append_format(out, ",\"passes\":%s", answer->passes ? "true" : "false");
		write_member("message", answer->message, out);
		write_member("grant", answer->grant, out);
		buffer_append_char(out, '}');
	} else {
		output_cell(&listing, rule == NULL ? "-" : line);
		output_cell(&listing, rule == NULL ? "-" : rule->pattern);
		output_cell(&listing, needed.length == 0 ? "-" : needed.data);
		output_cell(&listing, website.length == 0 ? "-" : website.data);
		output_cell(&listing, answer->passes ? "yes" : "no");
		output_cell(&listing, answer->message == NULL ? "-" : answer->message);
		if (answer->grant != NULL)
			output_cell(&listing, answer->grant);
	}
	output_end(&listing);
	buffer_clear(&needed);
	buffer_clear(&website);
	if (answer->passes)
		return RESULT_OK;
	/* What was found is said first; then the exit status says no. */
	return output_flush(&admin->out, err) == RESULT_OK
		       ? error_set(err, RESULT_INVALID_USAGE, NULL, "It does not pass")
		       : err->result;
}

enum result policy_test(struct admin *admin, const struct arguments *arguments, struct error *err)
{
	struct question question;
	struct answer answer = {0};
	enum result result = ask(admin, arguments, &question, err);

	if (result == RESULT_OK) {
		answer.passes = question.result == RESULT_OK;
		answer.message = answer.passes ? NULL : question.why.message;
		result = write_answer(admin, &question, &answer, err);
	}
	policy_clear(&question.policy);
	return result;
}

static const char *refuse_state(const struct admin *admin, const struct token_record *token)
{
	if (token->account_disabled)
		return "the account is disabled";
	switch (authority_token_state(token, admin->now)) {
	case TOKEN_REVOKED:
		return "the token is revoked";
	case TOKEN_EXPIRED:
		return "the token has expired";
	case TOKEN_ACTIVE:
		return NULL;
	}
	return NULL;
}

/* What TOKEN lacks for the rule, to MESSAGE; nothing where it passes. */
static enum result explain(struct admin *admin, const struct question *question,
			   const struct token_record *token, struct buffer *message)
{
	const struct policy_rule *rule = question->demand.rule;
	const char *state = refuse_state(admin, token);
	struct permission_set lacking;
	enum result result;

	assert(rule != NULL);
	if (rule->is_public)
		return RESULT_OK;
	lacking = permission_set_lacking(rule->needed, token->scope.permissions);
	if (state != NULL) {
		buffer_append_text(message, state);
		return RESULT_OK;
	}
	if (!permission_set_is_empty(lacking)) {
		buffer_append_text(message, "it lacks ");
		permission_set_write(&admin->config->catalogue, lacking, message);
		return RESULT_OK;
	}
	result = authority_permit(&admin->authority, &token->scope, rule->needed,
				  question->demand.has_website ? &question->demand.website : NULL,
				  admin->now);
	if (result == RESULT_NOT_FOUND)
		buffer_append_text(message, "it does not reach this website");
	else if (result == RESULT_INSUFFICIENT_SCOPE && question->demand.has_website)
		buffer_append_text(message,
				   "the role of its account on this website is too little");
	else if (result == RESULT_INSUFFICIENT_SCOPE)
		buffer_append_text(message, "none of its websites is left to its account");
	else
		return result;
	return RESULT_OK;
}

/* The command that makes the narrowest token that would pass. */
static void write_grant(const struct admin *admin, const struct question *question,
			const struct account_record *account, struct buffer *grant)
{
	struct buffer names;

	buffer_init(&names, TEXT_MAX);
	write_needed(admin, question->demand.rule, &names);
	buffer_append_text(grant, "claviger-admin token create --account ");
	buffer_append_text(grant, account->email);
	buffer_append_text(grant, " --permission ");
	for (const char *at = names.data; at != NULL && *at != '\0'; at++) {
		char c = *at;

		if (c == ' ')
			c = ',';
		buffer_append_char(grant, c);
	}
	if (question->demand.has_website) {
		buffer_append_text(grant, " --website ");
		write_website(&question->demand, grant);
	}
	buffer_clear(&names);
}

enum result policy_explain(struct admin *admin, const struct arguments *arguments,
			   struct error *err)
{
	const char *named = arguments_value(arguments, OPTION_TOKEN);
	struct question question = {0};
	struct token_record token = {0};
	struct account_record account;
	struct answer answer = {0};
	struct buffer message, grant;
	enum result result = RESULT_OK;

	buffer_init(&message, TEXT_MAX);
	buffer_init(&grant, TEXT_MAX);
	if (named == NULL)
		result = error_set(err, RESULT_INVALID_PARAMETER, NULL,
				   "--token: say which token, by its id");
	if (result == RESULT_OK)
		result = admin_find_token(admin, named, &token, err);
	if (result == RESULT_OK)
		result = store_find_account(admin->authority.store, &token.scope.account, &account);
	if (result == RESULT_OK)
		result = ask(admin, arguments, &question, err);
	if (result != RESULT_OK)
		goto out;
	if (question.result == RESULT_OK) {
		result = explain(admin, &question, &token, &message);
		if (result != RESULT_OK)
			goto out;
		answer.message = message.length == 0 ? NULL : message.data;
		answer.passes = message.length == 0;
		if (!answer.passes)
			write_grant(admin, &question, &account, &grant);
		answer.grant = grant.length == 0 ? NULL : grant.data;
	} else {
		answer.message = question.why.message;
	}
	result = write_answer(admin, &question, &answer, err);
out:
	buffer_clear(&message);
	buffer_clear(&grant);
	policy_clear(&question.policy);
	token_record_clear(&token);
	return result;
}
