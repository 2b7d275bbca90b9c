/* SPDX-License-Identifier: ISC */
/* Tokens as people read them: a row of a table each, or one with all that is known of it. */
#ifndef CLAVIGER_REMOTE_TOKEN_VIEW_H
#define CLAVIGER_REMOTE_TOKEN_VIEW_H

#include "remote.h"
#include "remote_answer.h"
#include "remote_websites.h"

#include "attributes.h"
#include "error.h"
#include "output.h"

#include <stddef.h>

/** Writes the token that ANSWER holds, in JSON where that is wanted. */
NODISCARD enum result remote_token_view(struct remote *remote, const struct answer *answer,
					struct error *err);

/** Begins a table of tokens; end it with output_end(). */
void remote_token_table_begin(struct remote *remote, struct listing *listing);
/** Adds a row; WEBSITES says what their ids are called. */
void remote_token_table_add(struct remote *remote, struct listing *listing,
			    const struct record *record, const struct websites *websites);

#endif
