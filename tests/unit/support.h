/* SPDX-License-Identifier: ISC */
/* What several unit tests share: a directory that goes away, readable scopes, repeatable chance,
 * and an authority on a store of its own. A helper that cannot do its work fails the test. */
#ifndef CLAVIGER_SUPPORT_H
#define CLAVIGER_SUPPORT_H

#include "attributes.h"
#include "authority.h"
#include "config.h"
#include "id.h"
#include "memo.h"
#include "scope.h"
#include "store.h"
#include "throttle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIRECTORY_SIZE = 256, FILE_PATH_SIZE = DIRECTORY_SIZE + 64 };

/** Makes a new directory (0700) in PARENT, or in TMPDIR or /tmp where that is NULL. */
void directory_make(const char *parent, char path[static DIRECTORY_SIZE]);
/** Removes PATH and all in it. */
void directory_remove(const char *path);

/* The same numbers again for the same seed (splitmix64). */
struct random_source {
	uint64_t state;
};

/** Begins with CLAVIGER_SEED, or with a new seed that random_report() can tell. */
struct random_source random_begin(void);
uint64_t random_next(struct random_source *source);
/** A number below BOUND, which is not 0. */
size_t random_below(struct random_source *source, size_t bound);
bool random_one_in(struct random_source *source, size_t bound);
/** What main() returns for FAILURES of cmocka; prints the seed where there were any. */
int random_report(int failures);

/** Cuts the piece before SEPARATOR off *TEXT, which is changed; NULL where nothing is left. */
char *cut_piece(char **text, char separator);

/** The built-in catalogue. */
const struct catalogue *catalogue_of_tests(void);
/** The permission NAME, or "*". */
struct permission_set permission_of(const char *name);
/** Reads "analytics:read,goals:read/w1,w2/500/192.0.2.0/24,::1": permissions ("*", "none"),
 *  websites ("all", "none"), expiry ("never") and addresses (left out: every address; "none"). The
 *  account is account_id(1). Clear it with scope_clear(). */
struct scope scope_of(const char *text);
struct id account_id(unsigned number);
/** What scope_of() calls w1, w2, ... */
struct id website_id(unsigned number);

/** CRC-32 once more, bit by bit from its definition. */
uint32_t crc32_by_definition(const char *text, size_t length);
/** Writes the last six characters of the key KEY_TEXT, whose prefix has PREFIX_LENGTH. */
void write_checksum_by_definition(char *key_text, size_t prefix_length);
/** KEY with another secret, one for each NUMBER, and a good checksum. */
struct key key_with_other_secret(const struct key *key, unsigned number);

/* Everything an authority needs, on a store with weak scrypt. */
struct fixture {
	char directory[DIRECTORY_SIZE];
	char path[FILE_PATH_SIZE]; /* of the database */
	struct config config;
	struct limits limits;
	struct store *store;
	struct audit_key *audit;
	struct authority authority; /* may wait */
};

/** For cmocka: *STATE is a struct fixture with an empty database. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);
/** The same in a directory of PARENT, or where directory_make() puts it. */
struct fixture *fixture_new(const char *parent);
void fixture_free(struct fixture *fixture);

/** Another connection to the database of FIXTURE; it does not wait for locks. */
struct store *fixture_connect(const struct fixture *fixture);
/** Adds account_id(NUMBER), with an email made from it. */
void fixture_add_account(struct fixture *fixture, unsigned number);
/** Adds website_id(NUMBER), with OWNER's account as its owner. */
void fixture_add_website(struct fixture *fixture, unsigned number, unsigned owner);

/** Runs SQL on the database at PATH, behind the store's back. */
void run_sql(const char *path, const char *sql);

/* A token and, where it was made with a key, that key. */
struct made_token {
	struct id id;
	struct key key;
};

/** Keeps a token with SCOPE (see scope_of()) in account_id(ACCOUNT), made by PARENT (NULL: by the
 *  operator), with a key that works. */
struct made_token fixture_add_token(struct fixture *fixture, unsigned account, const char *scope,
				    const struct id *parent);
/** The caller that the row of ID makes; clear it with caller_clear(). */
struct caller fixture_caller(struct fixture *fixture, const struct id *id);

#endif
