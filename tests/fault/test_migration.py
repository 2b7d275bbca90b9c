# SPDX-License-Identifier: ISC
"""A migration that is killed at any of its system calls, or that several processes begin at once:
the next start finishes it, nothing is lost, and the backup made first is what was there before
(F28: invariants I1, I3 and I4 of security.md).
"""
import contextlib
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest

from asking import QUICK
from claviger_site import (ADMIN, ENVIRONMENT, TOKENS, Site, make_first_version, sanitizers_too,
                           version_of, wait_until)
from fastcgi_peer import Service

# What changes a file, a name or what of them is on the disk.
CHANGING = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "rename")
# Leaks are looked for by a tracer, of which there can be one only.
TRACED = {**ENVIRONMENT, **sanitizers_too("detect_leaks=0")}
TOKENS_WITHOUT_KEY = 60  # some pages of them
STARTERS = 3


def fill(database, owner):
    """Puts into DATABASE, of version 1, what one can hold. OWNER: the row of a token whose key
    is known."""
    id_of = lambda number: number.to_bytes(12, "big")
    put = database.execute
    for number, disabled_at in ((1, None), (2, 77)):
        put("INSERT INTO accounts (id, email, name, created_at, disabled_at) VALUES (?,?,?,?,?)",
            (id_of(number), f"of{number}@example.com", f"Nümber {number}", number, disabled_at))
    for number in range(20):
        put("INSERT INTO websites (id, domain, name, created_at) VALUES (?, ?, ?, ?)",
            (id_of(number), f"w{number}.example", f"Website {number}", number))
        for account in (1, 2)[:1 + number % 2]:
            put("INSERT INTO memberships (account, website, role) VALUES (?, ?, ?)",
                (account, number + 1, ("owner", "viewer", "member")[number % 3]))
    put("DELETE FROM websites WHERE sequence > 17")  # and numbers that are not given again
    put(f"INSERT INTO tokens ({', '.join(owner)}) VALUES ({', '.join('?' * len(owner))})",
        tuple(owner.values()))
    for number in range(TOKENS_WITHOUT_KEY):
        is_revoked, every_website = number % 5 == 0, number % 3 == 0
        put("INSERT INTO tokens (id, account, parent, selector, display_key, name, hash, "
            "permissions, every_website, websites, created_at, expires_at, last_used_at, "
            "revoked_at, revoked_by) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (id_of(number), 1 + number % 2, owner["id"] if number % 4 else None,
             f"{number:010}", "dft_ab1...xyz9", f"token {number}" if number % 7 else None,
             None if is_revoked else f"hash {number} " + "=" * 80, "goals:read api-keys:write",
             every_website, b"" if every_website else id_of(1) + id_of(number), number,
             number * 1000 if number % 2 else None, number + 1 if number % 6 else None,
             number + 2 if is_revoked else None, owner["id"] if is_revoked else None))
    put("INSERT INTO secrets (name, value) VALUES ('cursor', ?)", (bytes(range(32)),))
    put("INSERT INTO failed_checks (selector, address, failed_at) VALUES ('a', '::1', 5)")
    database.commit()


def opened_to_read(path):
    return contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20))


class Migration:
    """A site whose database can be put back to what it was in version 1."""

    def __init__(self):
        self.site = Site(QUICK + "busy_timeout_ms = 60000\n")
        self.directory, self.database = self.site.directory, self.site.database
        self.newest = version_of(self.database)
        aside = self.directory / "aside"
        aside.mkdir()
        self.first, self.copy, self.calls = aside / "first.db", aside / "copy.db", aside / "calls"
        self.backup = self.database.with_name("claviger.db.version-1.backup")
        self.kept = {self.site.config.name, self.site.owner_key_file.name}
        columns = ("id", "account", "selector", "display_key", "name", "hash", "permissions",
                   "every_website", "websites", "created_at")
        (owner,) = self.site.rows(f"SELECT {', '.join(columns)} FROM tokens")
        make_first_version(self.first)
        with contextlib.closing(sqlite3.connect(self.first)) as database:
            database.execute("PRAGMA foreign_keys = ON")
            fill(database, dict(zip(columns, owner)))
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            tables = [name for name, in database.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table'")]
            # With the columns of that version, whatever others there will be.
            self.questions = [
                f"SELECT {', '.join(row[1] for row in database.execute(f'PRAGMA table_info({t})'))}"
                f" FROM {t} ORDER BY 1, 2" for t in tables if t != "sqlite_sequence"]
            self.questions.append("SELECT name, seq FROM sqlite_sequence "
                                  "WHERE name <> 'audit' ORDER BY 1")
        self.content = self.read(self.first)
        assert sum(len(rows) for rows in self.content.values()) > TOKENS_WITHOUT_KEY

    def close(self):
        self.site.close()

    def read(self, path):
        with opened_to_read(path) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
            return {question: database.execute(question).fetchall()
                    for question in self.questions}

    def put_back(self):
        """The database as it was, and no file of a migration."""
        for path in self.directory.iterdir():
            if path.is_file() and path.name not in self.kept:
                path.unlink()
        shutil.copy(self.first, self.database)
        self.database.chmod(0o600)

    def start(self, *before):
        """Begins what migrates first and then changes nothing."""
        return subprocess.Popen([*before, ADMIN, "--config", self.site.config, "audit", "verify"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, env=TRACED)

    def trace(self, names, *more):
        """Has strace see the calls of NAMES; returns the exit status and what it said."""
        tracer = self.start("strace", "-f", "-qq", "-o", self.calls, "-e", f"trace={names}", *more)
        out, _ = tracer.communicate(timeout=60)
        return tracer.returncode, out

    def count_calls(self):
        """How often one that is left alone makes each of the system calls."""
        self.put_back()
        status, out = self.trace(",".join(CHANGING))
        assert status == 0, out
        found = re.findall(r"(?m)^\d+ +(\w+)\(", self.calls.read_text())
        return {name: found.count(name) for name in CHANGING}

    def is_killed_at(self, name, number):
        """Kills one before its NUMBERth call of NAME has done anything, if it comes to that."""
        status, out = self.trace(name, "-e", f"inject={name}:signal=KILL:when={number}")
        assert status in (0, -signal.SIGKILL), f"{name} {number}: {out}"
        return status != 0

    def version_on_disk(self):
        """Without taking part in what the next start finds."""
        for suffix in ("", "-wal"):
            pathlib.Path(f"{self.copy}{suffix}").unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):  # a -wal that is not made, or gone again
                shutil.copy(f"{self.database}{suffix}", f"{self.copy}{suffix}")
        return version_of(self.copy)

    def check_backup(self):
        assert version_of(self.backup) == 1
        assert self.read(self.backup) == self.content

    def check(self):
        """It is done, whoever did it, and all that was there is there."""
        left = {path.name for path in self.directory.iterdir() if path.is_file()}
        assert left - self.kept == {self.database.name, self.backup.name}
        assert version_of(self.database) == self.newest
        assert self.read(self.database) == self.content
        self.check_backup()

    def finish(self, what):
        starter = self.start()
        out, _ = starter.communicate(timeout=60)
        assert starter.returncode == 0, f"{what}: {out}"
        self.check()


@pytest.fixture(scope="module")
def migration():
    with contextlib.closing(Migration()) as migration:
        yield migration


def test_one_that_is_killed_at_any_system_call_is_finished_by_the_next_start(migration):
    calls = migration.count_calls()
    migration.check()
    found = set()
    for name, number in [(name, i + 1) for name in calls for i in range(calls[name])]:
        migration.put_back()
        assert migration.is_killed_at(name, number), f"{name} {number}"
        has_backup = migration.backup.exists()
        if has_backup:
            migration.check_backup()
        found.add((has_backup, migration.version_on_disk()))
        migration.finish(f"{name} {number}")
    # Kills fell before the backup, behind it, and behind the commit.
    assert found == {(False, 1), (True, 1), (True, migration.newest)}


@pytest.mark.parametrize("name", CHANGING)
def test_one_that_is_killed_over_and_over_is_finished_in_the_end(migration, name):
    """Each goes on from what the one before has left, and comes one call farther."""
    migration.put_back()
    number = 1
    while migration.is_killed_at(name, number):
        number += 1
    migration.check()
    migration.finish(name)


def locked_by(path):
    """The pids of those who have a lock on PATH, be it one to read."""
    inode = path.stat().st_ino
    return {int(pid) for pid, at in re.findall(r"(?m)^\d+: POSIX +\w+ +\w+ (\d+) \w+:\w+:(\d+) ",
                                               pathlib.Path("/proc/locks").read_text())
            if int(at) == inode}


def test_processes_that_begin_at_once_do_it_once_and_all_go_on(migration):
    site = migration.site
    migration.put_back()
    with contextlib.closing(sqlite3.connect(migration.database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        starters = [migration.start() for _ in range(STARTERS)]
        service = Service(site)
        waiting = {service.pid, *(starter.pid for starter in starters)}
        wait_until(lambda: waiting <= locked_by(migration.database), "all to wait for the lock")
        holder.execute("ROLLBACK")
    for starter in starters:
        out, _ = starter.communicate(timeout=60)
        assert starter.returncode == 0, out
    # A key of the old version is good in the new one, and its changes are audited.
    assert service.wait().is_good()
    assert service.call("DELETE", f"{TOKENS}/self", key=site.owner_key).status == 200
    assert service.stop() == 0
    assert site.admin_json("audit", "verify")[0]["rows"] == 1
    assert version_of(migration.database) == migration.newest
    assert list(migration.directory.glob("*.backup*")) == [migration.backup]
    migration.check_backup()
