# SPDX-License-Identifier: ISC
"""Two web servers, each with a service of its own, on one database: what one has revoked, the other
refuses at the very next request, however warm its memory of the key is (product.md, promise 3).

CLAVIGER_ROUNDS says how many revocations there are.
"""
import threading
import time

import pytest

from asking import MEMO, QUICK
from claviger_site import PLAIN_CGI, ROUNDS, TOKENS
from conftest import opened

CONFIG = f"{QUICK}{MEMO}tokens_per_account = 10000000\n"
SELF = TOKENS + "/self"


@pytest.fixture(scope="module")
def site():
    yield from opened(CONFIG)


@pytest.fixture(scope="module")
def pair(site):
    return site.start(), site.start()


def asks(web, key, status):
    answer = web.call("GET", SELF, key=key)
    assert answer.status == status, answer.body
    return answer


def warm(pair, key):
    for web in pair * 2:
        asks(web, key, 200)


class Load:
    """Clients that ask both servers for one key after the other, the one of this round and one that
    stays, and note when each request began and how it was answered."""

    def __init__(self, pair, steady):
        self.pair = pair
        self.steady = steady
        self.current = None
        self.ended = {}  # key: the moment at which the answer to its revocation was there
        self.found = []
        self.faults = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(web,)) for web in pair]

    def run(self, web):
        while not self.stopping.is_set():
            for key in (self.current, self.steady):
                if key is None:
                    continue
                began = time.monotonic()
                try:
                    self.found.append((began, key, web.call("GET", SELF, key=key).status))
                except OSError as fault:
                    self.faults.append(repr(fault))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *ignored):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def check(self):
        assert not self.faults
        assert {status for _, key, status in self.found if key == self.steady} == {200}
        assert {status for _, key, status in self.found} <= {200, 401}
        late = [one for one in self.found if one[2] == 200 and one[0] > self.ended.get(
            one[1], float("inf"))]
        assert not late, f"accepted after the answer to its revocation: {len(late)}"
        # The load was one: keys were in use while they were revoked.
        assert len({key for _, key, status in self.found if status == 200}) > len(self.ended) / 2
        assert len({key for _, key, status in self.found if status == 401}) > len(self.ended) / 2


def revoke_by_a_call(pair, record, round_):
    first, second = pair if round_ % 2 == 0 else pair[::-1]
    key = "owner" if round_ % 4 < 2 else record["key"]  # any token may revoke itself
    assert first.call("DELETE", f"{TOKENS}/{record['id']}", key=key).status == 200
    return second, first


def test_a_key_revoked_at_one_process_is_refused_by_the_other_at_once(site, pair):
    with Load(pair, site.owner_key) as load:
        for round_ in range(ROUNDS):
            record = pair[round_ // 2 % 2].create(name=f"round {round_}")
            load.current = record["key"]
            warm(pair, record["key"])
            other, same = revoke_by_a_call(pair, record, round_)
            load.ended[record["key"]] = time.monotonic()
            asks(other, record["key"], 401).refused(401, "invalid_token")
            asks(same, record["key"], 401)
        load.current = None
    load.check()


def test_a_family_cut_off_at_one_process_is_refused_by_the_other_at_once(site, pair):
    for round_ in range(ROUNDS // 20):
        first, second = pair if round_ % 2 == 0 else pair[::-1]
        parent = first.create()
        family = [parent, second.create(key=parent["key"])]
        family.append(first.create(key=family[1]["key"]))
        for record in family:
            warm(pair, record["key"])
        answer = first.call("DELETE", f"{TOKENS}/{parent['id']}?cascade=true")
        assert answer.status == 200 and answer.first["descendants"] == 2
        for record in family[::-1]:
            asks(second, record["key"], 401)
            asks(first, record["key"], 401)


def test_a_key_revoked_by_the_operator_is_refused_by_both_at_once(site, pair):
    for round_ in range(ROUNDS // 10):
        record = pair[0].create(name=f"operator's {round_}")
        warm(pair, record["key"])
        site.admin("token", "revoke", record["id"])
        for web in pair if round_ % 2 == 0 else pair[::-1]:
            asks(web, record["key"], 401)


def test_an_enabled_account_is_accepted_by_both_at_once(site, pair):
    email = "back@example.com"
    site.account(email)
    key, revoked = (site.token(email)["key"] for _ in range(2))
    child = pair[0].create(key=key)["key"]
    asks(pair[0], revoked, 200)
    assert pair[1].call("DELETE", f"{TOKENS}/self", key=revoked).status == 200
    for round_ in range(max(3, ROUNDS // 20)):
        first, second = pair if round_ % 2 == 0 else pair[::-1]
        site.admin("account", "disable", email)
        for web in first, second:
            asks(web, key, 401).refused(401, "invalid_token")
            asks(web, child, 401)
        site.admin("account", "enable", email)
        for web in second, first:
            asks(web, key, 200)
            asks(web, child, 200)
            asks(web, revoked, 401)


def test_a_disabled_account_is_refused_by_both_at_once(site, pair):
    with Load(pair, site.owner_key) as load:
        for round_ in range(ROUNDS // 10):
            email = f"round{round_}@example.com"
            site.account(email)
            key = site.token(email)["key"]
            child = pair[0].create(key=key)["key"]
            load.current = key
            warm(pair, key)
            warm(pair, child)
            site.admin("account", "disable", email)
            load.ended[key] = load.ended[child] = time.monotonic()
            for web in pair if round_ % 2 == 0 else pair[::-1]:
                asks(web, key, 401).refused(401, "invalid_token")
                asks(web, child, 401)
        load.current = None
    assert not [one for one in load.found
                if one[2] == 200 and one[0] > load.ended.get(one[1], float("inf"))]
    assert not load.faults


# As plain CGI nobody counts: each process lives for one request.
if not PLAIN_CGI:
    def test_the_keys_of_these_tests_are_warm(pair):
        record = pair[0].create()
        warm(pair, record["key"])
        runs = [web.scrypt_runs() for web in pair]
        warm(pair, record["key"])
        assert [web.scrypt_runs() for web in pair] == runs
        assert pair[0].call("DELETE", f"{TOKENS}/{record['id']}").status == 200
        asks(pair[1], record["key"], 401)
        assert pair[1].scrypt_runs() == runs[1]
