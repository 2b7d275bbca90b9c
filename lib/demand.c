/* SPDX-License-Identifier: ISC */
#include "demand.h"

#include "query.h"

#include <string.h>

static void find_website(const struct policy_value *in_path, const char *query,
			 struct demand *demand)
{
	char in_query[ID_TEXT_SIZE];

	switch (demand->rule->website) {
	case POLICY_WEBSITE_NONE:
		break;
	case POLICY_WEBSITE_IN_PATH:
		demand->has_website = id_parse(in_path->text, in_path->length, &demand->website);
		break;
	case POLICY_WEBSITE_IN_QUERY:
		demand->has_website = query_find_only(query, demand->rule->website_name, in_query,
						      sizeof(in_query)) &&
				      id_parse(in_query, strlen(in_query), &demand->website);
		break;
	}
}

enum result demand_find(const struct policy *policy, const char *method, const char *path,
			const char *query, struct demand *demand, struct error *err)
{
	struct policy_value in_path;

	*demand = (struct demand){0};
	if (*path == '\0')
		return error_set(
			err, RESULT_INSUFFICIENT_SCOPE, NULL,
			"Two programs could read this path differently, so nothing passes "
			"on it; write it without //, . or .., encoded slashes and the like");
	demand->rule = policy_find(policy, method, path, &in_path);
	if (demand->rule == NULL)
		return error_set(err, RESULT_INSUFFICIENT_SCOPE, NULL,
				 "No rule of the policy lets anybody pass here");
	find_website(&in_path, query, demand);
	return RESULT_OK;
}

enum result demand_check_website(const struct demand *demand, struct error *err)
{
	const struct policy_rule *rule = demand->rule;

	if (rule->website == POLICY_WEBSITE_NONE || demand->has_website)
		return RESULT_OK;
	return error_set(err, RESULT_INSUFFICIENT_SCOPE, NULL,
			 "The %s must name one website by its id, as %s, once",
			 rule->website == POLICY_WEBSITE_IN_QUERY ? "query" : "path",
			 rule->website_name);
}
