/* SPDX-License-Identifier: ISC */
/* Any bytes are no policy, with a message, or one whose rules each find themselves or one before
 * them. */
#include "policy.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path that PATTERN matches. */
static void write_path(const char *pattern, char *path)
{
	for (; *pattern != '\0'; path++) {
		*path = *pattern == '{' || *pattern == '*' ? 'x' : *pattern;
		pattern += *pattern == '{' ? strcspn(pattern, "}") + 1 : 1;
	}
	*path = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct catalogue catalogue;
	struct policy policy;
	struct error err = {0};

	if (catalogue.count == 0)
		catalogue_default(&catalogue);
	if (policy_parse(&policy, &catalogue, "policy", (const char *)data, size, &err) !=
	    RESULT_OK) {
		assert(err.message[0] != '\0' && policy.rules == NULL);
		return 0;
	}
	for (size_t i = 0; i < policy.count; i++) {
		const struct policy_rule *rule = &policy.rules[i], *found;
		char path[POLICY_PATTERN_SIZE];
		struct policy_value value;

		assert(rule->is_public != !permission_set_is_empty(rule->needed));
		write_path(rule->pattern, path);
		found = policy_find(&policy, "BREW", path, &value);
		assert(rule->any_method ? found != NULL && found <= rule : found != rule);
	}
	policy_clear(&policy);
	return 0;
}
