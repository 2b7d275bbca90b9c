# SPDX-License-Identifier: ISC
"""A service that is killed while it makes tokens: every key that a client has received works
afterwards, and the database and its audit are whole (F1, F29: invariants I1, I3, I4 and I5 of
security.md).

CLAVIGER_SEED repeats the moments of a run.
"""
import contextlib
import http.client
import os
import pathlib
import random
import signal
import threading
import time

import pytest

from asking import MEMO, QUICK
from claviger_site import CRASH_AT_ONCE, SEED, TOKENS, wait_until
from conftest import opened

KILLS = 20
CLIENTS = 4
CONFIG = f"{QUICK}{MEMO}tokens_per_account = 10000000\n"


@pytest.fixture
def web():
    for site in opened(CONFIG):
        yield site.start(environment=CRASH_AT_ONCE)


class Clients:
    """Each makes one token after the other and keeps what it was answered."""

    def __init__(self, web):
        self.web = web
        self.records = []
        self.failures = 0
        self.surprises = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(number,))
                        for number in range(CLIENTS)]

    def run(self, number):
        count = 0
        while not self.stopping.is_set():
            count += 1
            try:
                answer = self.web.call("POST", TOKENS, {"name": f"client {number}: {count}"})
            except (OSError, http.client.HTTPException):
                self.failures += 1
                continue
            if answer.status == 201:
                self.records.append(answer.first)
            elif answer.status in (500, 502, 503):  # the web server's own
                self.failures += 1
            else:
                self.surprises.append((answer.status, answer.body))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *ignored):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def kill_services(web, how):
    for pid in web.services():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)


def check_database(site):
    assert site.rows("PRAGMA integrity_check") == [("ok",)]
    assert site.rows("PRAGMA foreign_key_check") == []
    site.admin("audit", "verify")
    made = "SELECT target FROM audit WHERE action = 'token.create' ORDER BY sequence"
    assert site.rows(made) == site.rows("SELECT id FROM tokens ORDER BY sequence")


def test_every_key_that_was_answered_works_after_20_kills(web):
    chance = random.Random(SEED)
    print(f"CLAVIGER_SEED={SEED}")
    with Clients(web) as clients:
        for _ in range(KILLS):
            made = len(clients.records)
            # The web server starts the next one itself; then it is in the midst of it.
            wait_until(lambda: len(clients.records) > made, "a token to be made")
            time.sleep(chance.uniform(0, 0.1))  # any moment will do: nothing is waited for
            kill_services(web, signal.SIGKILL)
    assert not clients.surprises
    wait_until(web.answers, "the service to come back")
    check_database(web.site)
    assert len(clients.records) > KILLS
    for record in clients.records:
        answer = web.call("GET", TOKENS + "/self", key=record["key"])
        assert answer.status == 200, f"CLAVIGER_SEED={SEED}: {record['id']} {answer.body}"
        assert answer.first["id"] == record["id"] and answer.first["name"] == record["name"]
    # Whatever else was stored is a whole token too, of which only the answer was lost.
    names = [name for name, in web.site.rows("SELECT name FROM tokens WHERE parent IS NOT NULL")]
    assert len(names) == len(set(names)), "one request made two tokens"
    assert {record["name"] for record in clients.records} <= set(names)
    assert len(names) <= len(clients.records) + clients.failures


def test_a_revocation_that_was_answered_holds_after_a_kill(web):
    dead = []
    for _ in range(3):
        records = [web.create() for _ in range(4)]
        for record in records[:3]:
            assert web.call("DELETE", f"{TOKENS}/{record['id']}").status == 200
            dead.append(record["key"])
        kill_services(web, signal.SIGKILL)
        wait_until(web.answers, "the service to come back")
        assert web.call("GET", TOKENS + "/self", key=records[3]["key"]).status == 200
    for key in dead:
        web.call("GET", TOKENS + "/self", key=key).refused(401, "invalid_token")
    check_database(web.site)


@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_a_crash_leaves_no_core_file_and_is_got_over(web, how):
    with Clients(web) as clients:
        wait_until(lambda: len(clients.records) > CLIENTS, "tokens to be made")
        kill_services(web, how)
        made = len(clients.records)
        wait_until(lambda: len(clients.records) > made + CLIENTS, "tokens to be made again")
    for record in clients.records[:made]:
        assert web.call("GET", TOKENS + "/self", key=record["key"]).status == 200
    assert not list(pathlib.Path(web.site.directory).rglob("*core*"))
    check_database(web.site)
