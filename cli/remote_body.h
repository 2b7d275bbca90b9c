/* SPDX-License-Identifier: ISC */
/* Options as the members of a body. */
#ifndef CLAVIGER_REMOTE_BODY_H
#define CLAVIGER_REMOTE_BODY_H

#include "remote.h"

#include "arguments.h"
#include "attributes.h"
#include "buffer.h"
#include "error.h"

/** Appends "NAME":TEXT as a string; nothing where TEXT is NULL. */
void remote_body_text(struct buffer *body, const char *name, const char *text);

/** Appends "NAME":[...] with the values of OPTION; nothing where it was not given. */
void remote_body_list(struct buffer *body, const char *name, const struct arguments *arguments,
		      enum option option);

/** Appends what --permission, --website, --allow-ip, --expires-in and --expires-at say that a token
 *  is to have, the websites by their ids. RESULT_INVALID_PARAMETER, or as websites_find_id(). */
NODISCARD enum result remote_body_scope(struct remote *remote, const struct arguments *arguments,
					struct buffer *body, struct error *err);

#endif
