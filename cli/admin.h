/* SPDX-License-Identifier: ISC */
/* What the commands share: the configuration, the store, the moment, and how they find the account
 * or the website that an operator means. */
#ifndef CLAVIGER_ADMIN_H
#define CLAVIGER_ADMIN_H

#include "attributes.h"
#include "authority.h"
#include "buffer.h"
#include "config.h"
#include "error.h"
#include "output.h"
#include "store.h"

#include <stdbool.h>
#include <stdint.h>

/* The status of "token expiring" that found some. */
enum { ADMIN_STATUS_EXPIRING = 6 };

struct admin {
	const char *config_file; /* NULL: none, all is environment */
	char *const *environment;
	uint32_t cores;
	struct config *config;      /* owned; NULL before admin_load() */
	struct authority authority; /* its store is ours; the rest of it checks keys, and is NULL */
	struct limits limits;
	struct audit_key *audit; /* owned; the authority's, which is NULL where there is none */
	int64_t now;
	bool as_json;
	struct buffer out;
	int status; /* what the program ends with where nothing failed */
};

/** Reads the configuration. RESULT_INVALID_CONFIGURATION also for a file of another user than the
 *  one who runs this. */
NODISCARD enum result admin_load(struct admin *admin, struct error *err);
/* To work with what is there, to make it where there is none, or to leave it as it is. */
enum admin_opening { ADMIN_TO_USE, ADMIN_TO_MAKE, ADMIN_TO_LOOK };

/** Opens the store that the configuration names. ADMIN_TO_LOOK opens none of an older version: that
 *  is RESULT_OK, with what will become of it in ERR.message. */
NODISCARD enum result admin_open(struct admin *admin, enum admin_opening opening,
				 struct error *err);
/** Opens the key of the audit, without which nothing can be changed. Where there is none, MAKE
 * makes one; else admin->audit is NULL. */
NODISCARD enum result admin_open_audit(struct admin *admin, bool make, struct error *err);
/** Wipes and frees all; also what is half open. */
void admin_close(struct admin *admin);

/** Ends the transaction: commits where RESULT is RESULT_OK, else undoes it. */
NODISCARD enum result admin_end(struct admin *admin, enum result result);

/** Refuses PATH, and its directory, where they belong to another user than the one who runs this:
 *  files made by root would lock the service out. What is not there belongs to nobody. */
NODISCARD enum result admin_check_owner(const char *path, struct error *err);

/** Finds the account that NAMED, an id or an email, means; the only one where NAMED is NULL.
 *  OPTION is what a message tells to write. RESULT_NOT_FOUND, RESULT_INVALID_PARAMETER where it
 *  must be named. */
NODISCARD enum result admin_find_account(struct admin *admin, const char *named, const char *option,
					 struct account_record *account, struct error *err);
/** Finds the website that the LENGTH bytes at NAMED, an id or a domain, mean. RESULT_NOT_FOUND. */
NODISCARD enum result admin_find_website(struct admin *admin, const char *named, size_t length,
					 struct website_record *website, struct error *err);

/** Finds the token that NAMED, an id, means. RESULT_NOT_FOUND; RESULT_INVALID_PARAMETER for what is
 *  no id. */
NODISCARD enum result admin_find_token(struct admin *admin, const char *named,
				       struct token_record *record, struct error *err);

/** Begins the answer: a list in JSON or a table, as was asked. */
void admin_begin_list(struct admin *admin, struct listing *listing, const char *const *headers,
		      size_t columns);

#endif
