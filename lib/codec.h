/* SPDX-License-Identifier: ISC */
/* Records as JSON and back: the one place for field names. What comes in goes through json_scan()
 * and json-c and is looked up in a table, so that an unknown field is refused. */
#ifndef CLAVIGER_CODEC_H
#define CLAVIGER_CODEC_H

#include "attributes.h"
#include "audit_verify.h"
#include "authority.h"
#include "authority_website.h"
#include "bootstrap_code.h"
#include "buffer.h"
#include "config.h"
#include "error.h"
#include "permission.h"
#include "store.h"
#include "text.h"
#include "token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Reads the body of a creation as api.md describes it. DRAFT, zeroed before, owns on RESULT_OK.
 *  RESULT_INVALID_JSON, RESULT_UNKNOWN_FIELD, RESULT_INVALID_FIELD with the field in ERR. */
NODISCARD enum result codec_read_draft(const struct config *config, const char *text, size_t length,
				       int64_t now, struct token_draft *draft, struct error *err);

/** Reads the body of a change, which must say something; as codec_read_draft(). */
NODISCARD enum result codec_read_change(const struct config *config, const char *text,
					size_t length, int64_t now, struct token_draft *draft,
					struct error *err);
/** Reads the body of a rotation, which may be empty: how long the old key works on. */
NODISCARD enum result codec_read_rotation(const struct config *config, const char *text,
					  size_t length, int64_t *grace_ms, struct error *err);
/** The same for the body of a new website. */
NODISCARD enum result codec_read_website(const struct config *config, const char *text,
					 size_t length, struct website_draft *draft,
					 struct error *err);
/** The same for {"name"}, which it must have. */
NODISCARD enum result codec_read_name(const struct config *config, const char *text, size_t length,
				      char name[static STORE_NAME_SIZE], struct error *err);
/** The same for {"role"}, which it must have. */
NODISCARD enum result codec_read_role(const struct config *config, const char *text, size_t length,
				      enum role *role, struct error *err);

/** The same for {"code"}, which it must have: RESULT_INVALID_FIELD for what cannot be one. */
NODISCARD enum result codec_read_code(const struct config *config, const char *text, size_t length,
				      char code[static BOOTSTRAP_CODE_SIZE], struct error *err);

/* What the body of a revocation of many asks for. */
struct sweep_order {
	struct token_sweep sweep; /* its filter's name_part points into the next: do not copy */
	char name_part[4 * TEXT_NAME_CHARACTERS_MAX + 1];
	char cursor[CURSOR_TEXT_SIZE + 1]; /* not checked yet; "": from the beginning */
	bool has_filter;
};

/** Reads that body; it must choose by something. RESULT_INVALID_JSON, RESULT_UNKNOWN_FIELD,
 *  RESULT_INVALID_FIELD with the field in ERR. */
NODISCARD enum result codec_read_sweep(const struct config *config, const char *text, size_t length,
				       int64_t now, struct sweep_order *order, struct error *err);

enum { VERIFIED_KEY_SIZE = 128 };

/* What a verification asks: whose key it is, and whether it may do this. Holds a key: clear it. */
struct verification {
	char key_text[VERIFIED_KEY_SIZE]; /* what is longer is cut to this size, which no key has */
	size_t key_length;
	struct permission_set needed; /* empty: nothing but that the key is good */
	bool has_website;
	struct id website;
};

/** Reads that body, which must have a key. RESULT_INVALID_JSON, RESULT_UNKNOWN_FIELD,
 *  RESULT_INVALID_FIELD with the field in ERR. VERIFICATION is cleared on failure. */
NODISCARD enum result codec_read_verification(const struct config *config, const char *text,
					      size_t length, struct verification *verification,
					      struct error *err);
void codec_clear_verification(struct verification *verification);
/** Appends the object that answers it: REASON is NULL where it may, RECORD where whose key it is
 *  is not known. */
void codec_write_verdict(const struct config *config, const char *reason,
			 const struct token_record *record, int64_t now, struct buffer *out);

/** Appends the object of RECORD as it is at NOW; further members follow where ACCOUNT (its owner)
 *  or KEY (only in the answer that issues it) are not NULL. */
void codec_write_token(const struct config *config, const struct token_record *record, int64_t now,
		       const struct account_record *account, const struct key *key,
		       struct buffer *out);
/** Appends the members of RFC 7662 about a living token to the object that is open: its scope as
 *  authority_cut_to_reached() left it. "website_ids" is absent where it reaches all websites of its
 *  account, so that who takes an absent list for an empty one lets nobody in. */
void codec_write_introspection(const struct config *config, const struct token_record *record,
			       struct buffer *out);
/** The same about anything else: that it is not active. */
void codec_write_inactive(struct buffer *out);
/** The object of RECORD with how many living DESCENDANTS it has. */
void codec_write_changed_token(const struct config *config, const struct token_record *record,
			       int64_t now, uint64_t descendants, struct buffer *out);
/** Appends what the audit keeps of RECORD as it is at NOW: what it is called, which key it shows,
 *  what it may do, and its state. */
void codec_write_audited_token(const struct config *config, const struct token_record *record,
			       int64_t now, struct buffer *out);
/** The same of a website, of what ACCOUNT is on one, of an account, and of a refusal. */
void codec_write_audited_website(const struct website_record *website, struct buffer *out);
void codec_write_audited_role(const struct id *account, enum role role, struct buffer *out);
void codec_write_audited_account(const struct account_record *account, struct buffer *out);
void codec_write_audited_refusal(const struct error *err, struct buffer *out);
/** Appends a row of the audit as an object: its sequence as "id", a string, and what was before and
 *  after as it was kept. */
void codec_write_audit(const struct audit_row *row, struct buffer *out);
/** The same with the name of its key and its place in the chain, for an export. */
void codec_write_exported_audit(const struct audit_row *row, struct buffer *out);
/** Appends what an export ends with, made at NOW. */
void codec_write_checkpoint(const struct audit_checkpoint *checkpoint, int64_t now,
			    struct buffer *out);
/** Reads it back: RESULT_INVALID_JSON, RESULT_UNKNOWN_FIELD, RESULT_INVALID_FIELD. */
NODISCARD enum result codec_read_checkpoint(const struct config *config, const char *text,
					    size_t length, struct audit_checkpoint *checkpoint,
					    struct error *err);
/** TOKEN may be NULL: then the account alone. */
void codec_write_account(const struct config *config, const struct account_record *account,
			 const struct token_record *token, int64_t now, struct buffer *out);
void codec_write_website(const struct website_record *website, struct buffer *out);
void codec_write_member(const struct member_record *member, struct buffer *out);
/** Appends what was asked in an hour: its beginning as "at". */
void codec_write_activity(const struct activity *activity, struct buffer *out);
void codec_write_permission(const struct permission *permission, bool is_granted,
			    struct buffer *out);

#endif
