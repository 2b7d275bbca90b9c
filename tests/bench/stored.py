# SPDX-License-Identifier: ISC
"""Tokens put into the store by hand."""
import base64
import contextlib
import hashlib
import secrets
import sqlite3
import time

from measuring import demand, well_formed

WEAK = "scrypt_n = 2\nscrypt_r = 1\nscrypt_p = 1\nallow_weak_scrypt = true\n"


def weak_hash(key, salt):
    """The text of libscrypt with N = 2, r = 1, p = 1."""
    derived = hashlib.scrypt(key.encode(), salt=salt, n=2, r=1, p=1, dklen=64)
    return "$s1$010101$" + "$".join(base64.b64encode(b).decode() for b in (salt, derived))


def demand_same_hash(site, key):
    """That weak_hash() makes what the service made for KEY."""
    with contextlib.closing(sqlite3.connect(site.database)) as database:
        [stored] = database.execute("SELECT hash FROM tokens WHERE selector = ?", (key[4:14],))
    salt = base64.b64decode(stored[0].split("$")[3])
    demand(stored[0] == weak_hash(key, salt), "the service hashes in another way")


def insert_tokens(site, count):
    """COUNT tokens like the first in the store; their keys."""
    keys = [well_formed() for _ in range(count)]
    now = int(time.time() * 1000)
    rows = ((secrets.token_bytes(12), key[4:14], f"{key[:7]}...{key[-4:]}",
             weak_hash(key, secrets.token_bytes(16)), now) for key in keys)
    with contextlib.closing(sqlite3.connect(site.database, timeout=30)) as database, database:
        database.executemany(
            "INSERT INTO tokens (id, selector, display_key, hash, created_at,"
            " account, permissions, every_website, websites)"
            " SELECT ?, ?, ?, ?, ?, account, permissions, every_website, websites"
            " FROM tokens WHERE sequence = 1", rows)
    return keys
