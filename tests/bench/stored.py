# SPDX-License-Identifier: ISC
"""Tokens put into the store by hand: with keys that are known and hashes that cost nothing, or in
numbers for which nobody would wait."""
import base64
import contextlib
import hashlib
import secrets
import sqlite3
import string
import time

from measuring import Claviger, demand, opened_site, well_formed

WEAK = "scrypt_n = 2\nscrypt_r = 1\nscrypt_p = 1\nallow_weak_scrypt = true\n"
WEAK_COST = (1, 1, 1)  # the logarithm of N, r, p
DEFAULT_COST = (14, 8, 1)
OTHER_ACCOUNTS = 9
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def hash_text(key, cost=WEAK_COST, salt=None):
    """The text of libscrypt for KEY at COST."""
    log_n, r, p = cost
    salt = salt or secrets.token_bytes(16)
    derived = hashlib.scrypt(key.encode(), salt=salt, n=2 ** log_n, r=r, p=p, dklen=64)
    return f"$s1${log_n:02x}{r:02x}{p:02x}$" + "$".join(base64.b64encode(part).decode()
                                                        for part in (salt, derived))


def display_key(key):
    return f"{key[:7]}...{key[-4:]}"


@contextlib.contextmanager
def opened_store(site):
    """The database, open to write; what was done stays when the block ends well."""
    with contextlib.closing(sqlite3.connect(site.database, timeout=30)) as database, database:
        yield database


def demand_same_hash(site, key, cost=WEAK_COST):
    """That hash_text() makes what the service made for KEY."""
    with opened_store(site) as database:
        [stored] = database.execute("SELECT hash FROM tokens WHERE selector = ?", (key[4:14],))
    salt = base64.b64decode(stored[0].split("$")[3])
    demand(stored[0] == hash_text(key, cost, salt), "the service hashes in another way")


def insert_tokens(site, count):
    """COUNT tokens like the first in the store; their keys."""
    keys = [well_formed() for _ in range(count)]
    now = int(time.time() * 1000)
    rows = ((secrets.token_bytes(12), key[4:14], display_key(key), hash_text(key), now)
            for key in keys)
    with opened_store(site) as database:
        database.executemany(
            "INSERT INTO tokens (id, selector, display_key, hash, created_at,"
            " account, permissions, every_website, websites)"
            " SELECT ?, ?, ?, ?, ?, account, permissions, every_website, websites"
            " FROM tokens WHERE sequence = 1", rows)
    return keys


def fill(site, count, own_every):
    """Brings the store to COUNT tokens. Each OWN_EVERY-th is the owner's, the others belong to
    other accounts in turn; nobody has their keys. Nothing else may use the database."""
    with contextlib.closing(sqlite3.connect(site.database, isolation_level=None)) as database:
        # Whoever loses this store makes another: no journal, no waiting for the disk.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -400000")
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO accounts (id, email, name, created_at) VALUES (?, ?, ?, ?)",
            [(secrets.token_bytes(12), f"other-{n}@localhost", f"Other {n}", 1)
             for n in range(OTHER_ACCOUNTS)])
        # Ids and selectors that ascend make it fast, for each index grows at its end, and a lookup
        # reads as many pages as of others. The rest of an id is random, which the service relies
        # on; selectors go from end to end of those of real keys, which then lie all among them.
        digits = " || ".join(f"substr(:alphabet, 1 + n * {62 ** place} / (:count + 1) % 62, 1)"
                             for place in (1, 2, 3))
        database.execute(
            "WITH RECURSIVE numbers (n) AS"
            " (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count),"
            f" named (n, selector) AS (SELECT n, {digits} || printf('%07d', n) FROM numbers)"
            " INSERT INTO tokens (id, account, selector, display_key, name, hash, permissions,"
            " every_website, websites, created_at)"
            " SELECT CAST(printf('%04x', n >> 4) || randomblob(8) AS BLOB),"
            " iif((n - 1) % :every = 0, owner.account,"
            " owner.account + 1 + n % :others), named.selector,"
            " 'dft_' || substr(named.selector, 1, 3) || '...' || substr(named.selector, -4),"
            " 'Token number ' || n, owner.hash, owner.permissions, owner.every_website,"
            " owner.websites, owner.created_at + n"
            " FROM named JOIN tokens owner ON owner.sequence = 1",
            {"count": count, "every": own_every, "others": OTHER_ACCOUNTS, "alphabet": ALPHABET})
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode = WAL")


def give_keys(site, keyed):
    """Gives the keys with the hashes of KEYED to tokens at equal distances, the first left out."""
    with opened_store(site) as database:
        [[count]] = database.execute("SELECT max(sequence) FROM tokens")
        demand(count > len(keyed), "more keys than tokens")
        step = (count - 1) / len(keyed)
        database.executemany(
            "UPDATE tokens SET selector = ?, display_key = ?, hash = ? WHERE sequence = ?",
            [(key[4:14], display_key(key), hashed, 2 + int(n * step))
             for n, (key, hashed) in enumerate(keyed)])


class Store:
    """A site whose store holds COUNT tokens. HOT: weak keys that some of them get; COLD: keys of
    the default cost, with their hashes, that others get."""

    def __init__(self, site, count, own_every, hot, cold):
        self.site, self.count = site, count
        self.config = site.config.read_text()
        self.hot, self.cold = hot, [key for key, _ in cold]
        fill(site, count, own_every)
        # In the order of the keys, which is none: hot and cold ones lie among each other.
        give_keys(site, sorted([(key, hash_text(key)) for key in hot] + cold))

    def start(self, config=""):
        """A web server with a service that has read CONFIG besides and is at rest: a start looks
        through the whole store once, behind the first answers."""
        self.configure(config)
        web = Claviger(self.site)
        web.wait_for_rest()
        return web

    def configure(self, config=""):
        self.site.write_config(self.config + config)


class Stores:
    """A store of very many tokens, a tenth of them the owner's, and one of few, all of them the
    owner's, with the same keys: made when a row asks first, removed at the end."""

    FEW, HOT = 1000, 500

    def __init__(self, many, cold):
        self.stack = contextlib.ExitStack()
        self.many_count, self.cold_count = many, cold
        self.made = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def both(self):
        """The store of many and the store of few."""
        if self.made is None:
            hot = [well_formed() for _ in range(self.HOT)]
            cold = [(key, hash_text(key, DEFAULT_COST))
                    for key in (well_formed() for _ in range(self.cold_count))]
            self.made = [Store(self.stack.enter_context(opened_site()), count, own_every, hot, cold)
                         for count, own_every in ((self.many_count, 10), (self.FEW, 1))]
        return self.made
