# SPDX-License-Identifier: ISC
"""A restore while others revoke and make tokens: what --keep-revoked promises holds for every
revocation that was answered (I2 of security.md), and the counts are those of the moment at which
the content was replaced."""
import contextlib
import sqlite3
import threading

import pytest

from asking import QUICK
from claviger_site import TOKENS, wait_until
from conftest import opened

CONFIG = QUICK + "tokens_per_account = 10000000\n"
SELF = TOKENS + "/self"
VICTIMS = 100
# So many that comparing them takes a while, in which others could write.
OTHERS = 20000


@pytest.fixture(params=["wal", "delete"])
def web(request):
    for site in opened(f"{CONFIG}journal_mode = {request.param}\n"):
        add_others(site)
        yield site.start()


def add_others(site):
    """Before anything serves: tokens with keys that nobody has."""
    with contextlib.closing(sqlite3.connect(site.database)) as database, database:
        (account,) = database.execute("SELECT sequence FROM accounts").fetchone()
        database.executemany(
            "INSERT INTO tokens (id, account, selector, display_key, hash, permissions, "
            "every_website, websites, created_at) VALUES (?, ?, ?, 'dft_aaa...bbbb', '$s1$', "
            "'goals:read', 1, x'', 1700000000000)",
            [(number.to_bytes(12, "big"), account, f"{number:010}") for number in range(OTHERS)])


class Clients:
    """One revokes one victim after the other, one makes one token after the other; both note what
    was answered with success."""

    def __init__(self, web, victims):
        self.web = web
        self.victims = list(victims)
        self.revoked = []
        self.made = []
        self.surprises = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(step,))
                        for step in (self.revoke, self.make)]

    def run(self, step):
        while not self.stopping.is_set():
            try:
                step()
            except OSError as fault:
                self.surprises.append(repr(fault))

    def revoke(self):
        if not self.victims:
            self.stopping.wait()
            return
        victim = self.victims.pop()
        if self.succeeds(self.web.call("DELETE", f"{TOKENS}/{victim['id']}"), 200):
            self.revoked.append(victim)

    def make(self):
        answer = self.web.call("POST", TOKENS, {"name": "made meanwhile"})
        if self.succeeds(answer, 201):
            self.made.append(answer.first)

    def succeeds(self, answer, status):
        if answer.status not in (status, 503):  # 503: it waited too long, and nothing happened
            self.surprises.append((answer.status, answer.body))
        return answer.status == status

    def progress(self):
        """Until each has been answered some more."""
        revoked, made = len(self.revoked), len(self.made)
        wait_until(lambda: len(self.revoked) > revoked + 5 or not self.victims, "a revocation")
        wait_until(lambda: len(self.made) > made + 5, "a token to be made")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *ignored):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def restore_meanwhile(web, *options):
    victims = [web.create() for _ in range(VICTIMS)]
    backup = web.site.directory / "backup.db"
    web.site.admin("backup", backup)
    with Clients(web, victims) as clients:
        clients.progress()
        (report,) = web.site.admin_json("restore", backup, "--yes", *options)
        clients.progress()
    assert not clients.surprises
    assert web.site.rows("PRAGMA integrity_check") == [("ok",)]
    return clients, report


def working(web, records):
    statuses = [web.call("GET", SELF, key=record["key"]).status for record in records]
    assert set(statuses) <= {200, 401}
    return statuses.count(200)


def test_a_revocation_that_was_answered_holds_after_a_restore_that_keeps_it(web):
    clients, report = restore_meanwhile(web, "--keep-revoked")
    assert working(web, clients.revoked) == 0
    assert report["revived"] == 0
    assert report["lost"] == len(clients.made) - working(web, clients.made) > 0


def test_a_restore_counts_what_it_revives_and_loses(web):
    clients, report = restore_meanwhile(web)
    assert report["revived"] == working(web, clients.revoked) > 0
    assert report["lost"] == len(clients.made) - working(web, clients.made) > 0
