-- The tables of the store. A block begins with "-- version N" and is never edited after a
-- release: what changes later is a new block. Each statement ends in a semicolon at a line's end.

-- version 1

CREATE TABLE accounts (
	sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
	id          BLOB NOT NULL UNIQUE CHECK (length(id) = 12),
	email       TEXT NOT NULL UNIQUE,
	name        TEXT NOT NULL,
	created_at  INTEGER NOT NULL,
	disabled_at INTEGER
) STRICT;

CREATE TABLE websites (
	sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
	id         BLOB NOT NULL UNIQUE CHECK (length(id) = 12),
	domain     TEXT NOT NULL UNIQUE,
	name       TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

-- Who is what on which website.
CREATE TABLE memberships (
	account INTEGER NOT NULL REFERENCES accounts (sequence),
	website INTEGER NOT NULL REFERENCES websites (sequence) ON DELETE CASCADE,
	role    TEXT NOT NULL CHECK (role IN ('viewer', 'member', 'owner')),
	PRIMARY KEY (account, website)
) STRICT, WITHOUT ROWID;

CREATE INDEX memberships_by_website ON memberships (website);

-- permissions: names, separated by one blank. websites: the ids, 12 bytes each, which means
-- nothing where every_website = 1 and "none" where it is empty otherwise. expires_at NULL: never.
-- A revoked token keeps its row and loses its hash.
CREATE TABLE tokens (
	sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
	id            BLOB NOT NULL UNIQUE CHECK (length(id) = 12),
	account       INTEGER NOT NULL REFERENCES accounts (sequence),
	parent        BLOB REFERENCES tokens (id),
	selector      TEXT NOT NULL UNIQUE CHECK (length(selector) = 10),
	display_key   TEXT NOT NULL,
	name          TEXT,
	hash          TEXT,
	permissions   TEXT NOT NULL,
	every_website INTEGER NOT NULL CHECK (every_website IN (0, 1)),
	websites      BLOB NOT NULL CHECK (length(websites) % 12 = 0),
	created_at    INTEGER NOT NULL,
	expires_at    INTEGER,
	last_used_at  INTEGER,
	revoked_at    INTEGER,
	revoked_by    BLOB,
	CHECK ((hash IS NULL) = (revoked_at IS NOT NULL)),
	CHECK (every_website = 0 OR length(websites) = 0)
) STRICT;

CREATE INDEX tokens_by_account ON tokens (account, sequence);
CREATE INDEX tokens_kept_by_account ON tokens (account, sequence) WHERE revoked_at IS NULL;
CREATE INDEX tokens_by_parent ON tokens (parent);

-- What every process on this database must share: the key of the list's cursors.
CREATE TABLE secrets (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Failed checks of known selectors, for plain CGI, which has no memory between requests.
-- failed_at: milliseconds of the machine's monotonic clock.
CREATE TABLE failed_checks (
	sequence  INTEGER PRIMARY KEY,
	selector  TEXT NOT NULL,
	address   TEXT NOT NULL,
	failed_at INTEGER NOT NULL
) STRICT;

CREATE INDEX failed_checks_by_selector ON failed_checks (selector, failed_at);

-- version 2

-- allowed_ips: networks such as 192.0.2.0/24, separated by one blank; NULL: from anywhere.
-- replaced_selector, replaced_hash: the key before the last rotation, good until grace_ends_at.
-- new_key_used_at, replaced_key_used_at: when each was first used since that rotation.
ALTER TABLE tokens ADD COLUMN allowed_ips TEXT CHECK (allowed_ips <> '');
ALTER TABLE tokens ADD COLUMN last_used_ip TEXT;
ALTER TABLE tokens ADD COLUMN use_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN rotated_at INTEGER;
ALTER TABLE tokens ADD COLUMN replaced_selector TEXT;
ALTER TABLE tokens ADD COLUMN replaced_hash TEXT;
ALTER TABLE tokens ADD COLUMN grace_ends_at INTEGER;
ALTER TABLE tokens ADD COLUMN new_key_used_at INTEGER;
ALTER TABLE tokens ADD COLUMN replaced_key_used_at INTEGER;

CREATE UNIQUE INDEX tokens_by_replaced_selector ON tokens (replaced_selector)
	WHERE replaced_selector IS NOT NULL;
CREATE INDEX tokens_by_expiry ON tokens (expires_at)
	WHERE revoked_at IS NULL AND expires_at IS NOT NULL;

-- What a creation or rotation with an Idempotency-Key made: name is the hash of that key, request
-- the hash of route and body.
CREATE TABLE idempotency (
	caller  BLOB NOT NULL CHECK (length(caller) = 12),
	name    BLOB NOT NULL CHECK (length(name) = 32),
	request BLOB NOT NULL CHECK (length(request) = 32),
	token   BLOB NOT NULL CHECK (length(token) = 12),
	made_at INTEGER NOT NULL,
	PRIMARY KEY (caller, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (made_at);

-- Who changed what, one row a change, in its transaction. actor: the token; NULL: the operator.
-- before, after: JSON. chain: a keyed hash over this row and the chain of the row before; key_id
-- names the key, which lies outside the database.
CREATE TABLE audit (
	sequence INTEGER PRIMARY KEY AUTOINCREMENT,
	at       INTEGER NOT NULL,
	actor    BLOB,
	account  BLOB,
	address  TEXT,
	request  TEXT,
	action   TEXT NOT NULL,
	target   BLOB,
	before   TEXT,
	after    TEXT,
	key_id   BLOB NOT NULL CHECK (length(key_id) = 8),
	chain    BLOB NOT NULL CHECK (length(chain) = 32)
) STRICT;

CREATE INDEX audit_by_account ON audit (account, sequence);
CREATE INDEX audit_by_actor ON audit (actor, sequence);

-- version 3

-- What was asked with each token's keys, and with those of each account's tokens together, by hours
-- since 1970. By hour first, because those of the present one are written over and over, and then
-- lie on a few pages; what is old goes from the other end.
CREATE TABLE token_activity (
	hour     INTEGER NOT NULL,
	token    INTEGER NOT NULL REFERENCES tokens (sequence) ON DELETE CASCADE,
	requests INTEGER NOT NULL,
	refusals INTEGER NOT NULL,
	PRIMARY KEY (hour, token)
) STRICT, WITHOUT ROWID;

CREATE INDEX token_activity_by_token ON token_activity (token);

CREATE TABLE account_activity (
	hour     INTEGER NOT NULL,
	account  INTEGER NOT NULL REFERENCES accounts (sequence),
	requests INTEGER NOT NULL,
	refusals INTEGER NOT NULL,
	PRIMARY KEY (hour, account)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_activity_by_account ON account_activity (account);
