/* SPDX-License-Identifier: ISC */
/* What a request to something guarded needs, by the policy; whether somebody has it is
 * authority_permit()'s to say. */
#ifndef CLAVIGER_DEMAND_H
#define CLAVIGER_DEMAND_H

#include "attributes.h"
#include "error.h"
#include "id.h"
#include "policy.h"

#include <stdbool.h>

/* Zeroed, it demands what nobody has. */
struct demand {
	const struct policy_rule *rule; /* of the policy that was asked */
	bool has_website;
	struct id website;
};

/** What POLICY demands of METHOD on PATH, which path_decode() let pass ("" where it did not), with
 *  QUERY, raw. RESULT_INSUFFICIENT_SCOPE, with what is wrong in ERR, where nothing passes: no such
 *  path, no rule; DEMAND->rule is NULL then. */
NODISCARD enum result demand_find(const struct policy *policy, const char *method, const char *path,
				  const char *query, struct demand *demand, struct error *err);

/** Says whether the website that DEMAND is about is known, or none is asked for.
 *  RESULT_INSUFFICIENT_SCOPE, with what is wrong in ERR, where the request does not name exactly
 *  one. */
NODISCARD enum result demand_check_website(const struct demand *demand, struct error *err);

#endif
