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
