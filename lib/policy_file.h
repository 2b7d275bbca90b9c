/* SPDX-License-Identifier: ISC */
/* The policy that is in force, and the file it came from. The file is looked at again, at most once
 * a second, when somebody asks; what has changed and can be read is in force from then on, and what
 * cannot leaves the one before in force. Thread-safe: whoever takes a policy holds it, whatever
 * comes after, until it is released. */
#ifndef CLAVIGER_POLICY_FILE_H
#define CLAVIGER_POLICY_FILE_H

#include "attributes.h"
#include "error.h"
#include "permission.h"
#include "policy.h"

#include <stdint.h>

struct policy_file;

/** Makes one without a policy, for the names of CATALOGUE, which is kept. NULL without memory. */
NODISCARD struct policy_file *policy_file_new(const struct catalogue *catalogue);
/** NULL is allowed. Nobody holds a policy of it any more. */
void policy_file_free(struct policy_file *file);

/** Puts the policy of the file at PATH, opened and checked as a FILE_CONFIGURATION, in force; none
 *  where PATH is "". RESULT_INVALID_CONFIGURATION and RESULT_BUSY leave what was in force. One
 *  thread at a time. */
NODISCARD enum result policy_file_use(struct policy_file *file, const char *path,
				      struct error *err);

/** The policy in force at NOW, of the monotonic clock in milliseconds; NULL where there is none.
 *  Read it only, and give it back. */
NODISCARD struct policy *policy_file_take(struct policy_file *file, int64_t now);
void policy_file_release(struct policy_file *file, struct policy *policy);

#endif
