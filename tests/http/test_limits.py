# SPDX-License-Identifier: ISC
"""Too many tokens is 409, too much at once is 503, too many wrong secrets is 429; none of them
looks like a bad key, and none of them lets one token, one key or one scrypt run too many through.
"""
import concurrent.futures
import contextlib
import itertools
import sqlite3
import time

import pytest

from asking import MEMO, QUICK, change
from claviger_site import PLAIN_CGI, TOKENS, Site, wait_until, well_formed
from refusals import nothing_changes, tells_nothing, without_request_id

LIMIT = 4
# What the throttle lets through before it says no, and how fast that comes back.
ADDRESS_TRIES, ADDRESS_REFILL_SECONDS = 5, 12
SELECTOR_TRIES, SELECTOR_REFILL_SECONDS = 20, 3


@contextlib.contextmanager
def opened(config, cost=QUICK):
    site = Site(config + cost + MEMO)
    try:
        yield site.start()
    finally:
        site.close()


def in_parallel(count, call):
    """The answers to COUNT calls made at once; CALL takes the number of the call."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def statuses(answers):
    return sorted((answer.status, answer.reason if answer.status >= 400 else "") for answer in
                  answers)


@pytest.fixture(scope="module")
def few():
    """An account that may have LIMIT tokens, its owner's among them."""
    with opened(f"tokens_per_account = {LIMIT}\n") as web:
        yield web


@pytest.fixture
def at_limit(few):
    """One place is left; whatever a test makes is gone after it."""
    made = [few.create() for _ in range(LIMIT - 2)]
    yield made
    for record in few.call("GET", TOKENS).check().data:
        if record["parentId"] is not None:
            assert few.call("DELETE", f"{TOKENS}/{record['id']}").status == 200
    assert living(few) == 1


def living(web):
    ((count,),) = web.site.rows("SELECT count(*) FROM tokens WHERE revoked_at IS NULL")
    return count


def test_fifty_creations_at_once_fill_the_last_place_once():
    """A15. At full cost: several see the free place, and then spend their scrypt run."""
    with opened("tokens_per_account = 2\n", cost="") as web:
        web.call("GET", TOKENS)  # The caller's own key is known: nobody waits for its check.
        answers = in_parallel(50, lambda _: web.call("POST", TOKENS, {}))
        created = [answer.check() for answer in answers if answer.status == 201]
        for answer in answers:
            if answer not in created:
                tells_nothing(web.site, answer.check())
        assert len(created) == 1, statuses(answers)
        assert set(statuses(answers)) <= {(201, ""), (409, "limit_reached"), (503, "busy")}
        assert living(web) == 2
        key = created[0].first["key"]
        assert web.call("GET", f"{TOKENS}/self", key=key).status == 200


def test_a_full_account_is_told_the_limit_and_how_to_get_room(few, at_limit):
    """Row 111."""
    few.create()
    for body in ({}, {"name": "one more", "expiresIn": 60}):
        with nothing_changes(few.site):
            answer = few.call("POST", TOKENS, body).refused(409, "limit_reached")
        tells_nothing(few.site, answer)
        for part in (f"{LIMIT} of {LIMIT} tokens", "revoke", "tokens_per_account"):
            assert part in answer.error["message"]


def test_the_limit_is_the_accounts_and_not_the_callers(few, at_limit):
    child = few.create(key=at_limit[0]["key"])
    for key in (at_limit[0]["key"], at_limit[1]["key"], child["key"]):
        few.call("POST", TOKENS, {}, key=key).refused(409, "limit_reached")


def test_a_revoked_token_makes_room(few, at_limit):
    """Row 111: revoked ones do not count."""
    last = few.create()
    for _ in range(2):
        few.call("POST", TOKENS, {}).refused(409, "limit_reached")
        assert few.call("DELETE", f"{TOKENS}/{last['id']}").status == 200
        last = few.create()


def test_a_token_that_revokes_itself_makes_room(few, at_limit):
    last = few.create()
    few.call("POST", TOKENS, {}).refused(409, "limit_reached")
    assert few.call("DELETE", f"{TOKENS}/self", key=last["key"]).status == 200
    few.create()


def test_an_expired_token_makes_room(few, at_limit):
    """Row 111: expired ones do not count."""
    last = few.create(expiresIn=60)
    few.call("POST", TOKENS, {}).refused(409, "limit_reached")
    change(few.site, "UPDATE tokens SET expires_at = created_at WHERE id = ?",
           bytes.fromhex(last["id"]))
    few.create()
    few.call("POST", TOKENS, {}).refused(409, "limit_reached")


def test_the_operator_is_not_stopped_by_the_limit_and_what_he_makes_counts(few, at_limit):
    few.create()
    extra = few.site.token()
    few.call("POST", TOKENS, {}).refused(409, "limit_reached")
    assert few.call("DELETE", f"{TOKENS}/{extra['id']}").status == 200
    few.call("POST", TOKENS, {}).refused(409, "limit_reached")


def test_the_limit_of_one_account_is_not_that_of_another(few, at_limit):
    few.create()
    few.site.account("other@example.com")
    other = few.site.token("other@example.com")
    child = few.create(key=other["key"])
    for token in (child, other):
        assert few.call("DELETE", f"{TOKENS}/self", key=token["key"]).status == 200


@contextlib.contextmanager
def locked(site):
    """Nobody else can write meanwhile; reading goes on."""
    with contextlib.closing(sqlite3.connect(site.database, isolation_level=None)) as store:
        store.execute("PRAGMA busy_timeout = 20000")
        store.execute("BEGIN IMMEDIATE")
        yield
        store.execute("ROLLBACK")


def busy(answer):
    """503 that no client takes for a bad key: a time to come back, and no challenge."""
    answer.refused(503, "busy")
    assert int(answer.header("Retry-After")) >= 1
    assert answer.header("WWW-Authenticate") is None


def test_a_store_that_others_lock_is_busy_and_not_a_bad_key():
    with opened("busy_timeout_ms = 100\n") as web:
        token = web.create()
        with locked(web.site), nothing_changes(web.site):
            busy(web.call("POST", TOKENS, {}))
            busy(web.call("DELETE", f"{TOKENS}/{token['id']}"))
            # Never seen before, so scrypt has to say that it is good; and good it is.
            assert web.call("GET", f"{TOKENS}/self", key=token["key"]).status == 200
            web.call("GET", TOKENS, key=well_formed()).refused(401, "invalid_token")
        web.create()
        assert web.call("DELETE", f"{TOKENS}/{token['id']}").status == 200


if not PLAIN_CGI:  # A CGI process serves one request: it has no lane that could be full.
    QUEUE_PLACES, SLOW_THREADS = 64, 2

    def waiting(web):
        text = web.call("GET", "/metrics", key=None).body.decode()
        (line,) = [line for line in text.splitlines() if line.startswith(
            "claviger_requests_waiting ")]
        return int(line.split()[1])

    def test_a_full_queue_is_busy_and_what_waits_in_it_is_answered():
        """Those who hold known keys notice nothing; a good key that is new to it gets 503."""
        count = QUEUE_PLACES + SLOW_THREADS
        with opened(f"busy_timeout_ms = 60000\nslow_threads = {SLOW_THREADS}\n") as web:
            cold = web.site.token()
            web.call("GET", TOKENS).check()
            with concurrent.futures.ThreadPoolExecutor(count) as pool:
                with locked(web.site):
                    creations = [pool.submit(web.call, "POST", TOKENS, {}) for _ in range(count)]
                    wait_until(lambda: waiting(web) == QUEUE_PLACES, "the queue to be full")
                    busy(web.call("POST", TOKENS, {}))
                    busy(web.call("GET", TOKENS, key=cold["key"]))
                    assert web.call("GET", TOKENS).check().status == 200
                    web.call("GET", TOKENS, key=well_formed()).refused(401, "invalid_token")
                    web.call("POST", TOKENS, {"name": 1}).refused(400, "invalid_field", "name")
                    assert not any(creation.done() for creation in creations)
                answers = [creation.result().check() for creation in creations]
            assert statuses(answers) == count * [(201, "")]
            assert len({answer.first["key"] for answer in answers}) == count
            assert web.call("GET", TOKENS, key=cold["key"]).status == 200


@pytest.fixture(scope="module")
def guarded():
    """For the throttle: each test makes a token of its own, as selectors are what it counts."""
    with opened("") as web:
        yield web


class Guessing:
    """Wrong secrets for the selector of one key: what was answered, and what it cost."""

    def __init__(self, web, key):
        self.web = web
        self.selector = key[4:14]
        self.started = time.monotonic()
        self.answers = []
        self.runs_before = self.scrypt_runs()

    def scrypt_runs(self):
        # Of plain CGI no process outlives its request: there is no counter, but the failures that
        # the throttle remembers, one for each run.
        if not PLAIN_CGI:
            return self.web.scrypt_runs()
        ((count,),) = self.web.site.rows(
            "SELECT count(*) FROM failed_checks WHERE selector = ?", self.selector)
        return count

    def guess(self, source=None, key=None):
        answer = self.web.call("GET", f"{TOKENS}/self", key=key or well_formed(self.selector),
                               source=source)
        if answer.status == 429:
            answer.refused(429, "rate_limited")
            assert 1 <= int(answer.header("Retry-After")) <= ADDRESS_REFILL_SECONDS
            assert answer.header("WWW-Authenticate") is None
        else:
            answer.refused(401, "invalid_token")
        self.answers.append(answer)
        return answer

    def refused_by(self, status):
        return [answer for answer in self.answers if answer.status == status]

    def runs(self):
        return self.scrypt_runs() - self.runs_before

    def come_back(self, refill_seconds):
        """How many tries may have come back since the first."""
        return int((time.monotonic() - self.started) / refill_seconds) + 1


def test_many_wrong_secrets_from_one_address_cost_a_few_runs(guarded):
    guessing = Guessing(guarded, guarded.create()["key"])
    for _ in range(150):
        guessing.guess()
    most = ADDRESS_TRIES + guessing.come_back(ADDRESS_REFILL_SECONDS)
    assert ADDRESS_TRIES <= guessing.runs() <= most
    assert len(guessing.refused_by(401)) == guessing.runs()
    assert guessing.refused_by(429)


def test_many_wrong_secrets_at_once_cost_a_few_runs(guarded):
    guessing = Guessing(guarded, guarded.create()["key"])
    in_parallel(40, lambda _: guessing.guess())
    # As many as may run at once can be under way when the last try is taken.
    most = ADDRESS_TRIES + guessing.come_back(ADDRESS_REFILL_SECONDS) + 4
    assert 1 <= guessing.runs() <= most
    assert guessing.refused_by(429)


def test_many_wrong_secrets_from_many_addresses_cost_a_few_runs(guarded):
    guessing = Guessing(guarded, guarded.create()["key"])
    for host, _ in itertools.product(range(11, 19), range(2 * ADDRESS_TRIES)):
        guessing.guess(source=f"127.0.0.{host}")
    most = SELECTOR_TRIES + guessing.come_back(SELECTOR_REFILL_SECONDS)
    assert SELECTOR_TRIES <= guessing.runs() <= most
    assert len(guessing.refused_by(401)) == guessing.runs()


def test_the_warm_right_key_passes_while_its_selector_is_throttled(guarded):
    key = guarded.create()["key"]
    assert guarded.call("GET", f"{TOKENS}/self", key=key).status == 200
    guessing = Guessing(guarded, key)
    while not guessing.refused_by(429):
        guessing.guess()
    before = guessing.runs()
    for _ in range(10):
        assert guarded.call("GET", f"{TOKENS}/self", key=key).status == 200
    assert guarded.call("POST", TOKENS, {"name": 1}, key=key).status == 400
    assert guessing.runs() == before
    assert guessing.guess().status == 429


def test_the_cold_right_key_passes_from_another_address(guarded):
    """What stands in the way of the attacker does not stand in the owner's."""
    key = guarded.create()["key"]
    guessing = Guessing(guarded, key)
    while not guessing.refused_by(429):
        guessing.guess(source="127.0.0.11")
    assert guarded.call("GET", f"{TOKENS}/self", key=key, source="127.0.0.11").status == 429
    assert guarded.call("GET", f"{TOKENS}/self", key=key, source="127.0.0.12").status == 200
    # Known to be good from now on, wherever it comes from.
    assert guarded.call("GET", f"{TOKENS}/self", key=key, source="127.0.0.11").status == 200


def test_a_throttled_selector_stands_in_no_other_ones_way(guarded):
    guessing = Guessing(guarded, guarded.create()["key"])
    while not guessing.refused_by(429):
        guessing.guess()
    other = guarded.create()["key"]
    assert guarded.call("GET", f"{TOKENS}/self", key=other).status == 200
    other_guessing = Guessing(guarded, other)
    assert other_guessing.guess().status == 401
    assert other_guessing.runs() == 1


def test_the_same_wrong_secret_twice_runs_once(guarded):
    key = guarded.create()["key"]
    guessing = Guessing(guarded, key)
    wrong = well_formed(guessing.selector)
    answers = [guessing.guess(key=wrong) for _ in range(3 * ADDRESS_TRIES)]
    assert guessing.runs() == 1
    assert {answer.status for answer in answers} == {401}
    unknown = guarded.call("GET", f"{TOKENS}/self", key=well_formed())
    for answer in answers:
        assert without_request_id(answer) == without_request_id(unknown)


def test_the_same_wrong_secret_is_refused_as_such_while_throttled(guarded):
    """It costs nothing to say so: 429 would tell less and help nobody."""
    guessing = Guessing(guarded, guarded.create()["key"])
    wrong = well_formed(guessing.selector)
    assert guessing.guess(key=wrong).status == 401
    while not guessing.refused_by(429):
        guessing.guess()
    before = guessing.runs()
    assert guessing.guess(key=wrong).status == 401
    assert guessing.runs() == before


def test_unknown_selectors_and_garbage_never_run_scrypt_and_are_never_throttled(guarded):
    guessing = Guessing(guarded, guarded.create()["key"])
    same = well_formed()
    for key in [well_formed() for _ in range(50)] + 20 * [same] + [same[:-1], "x", same + "x"]:
        guarded.call("GET", TOKENS, key=key).refused(401, "invalid_token")
    assert guessing.runs() == 0


def test_a_revoked_token_is_no_selector_to_guess_at(guarded):
    token = guarded.create()
    guessing = Guessing(guarded, token["key"])
    assert guarded.call("DELETE", f"{TOKENS}/{token['id']}").status == 200
    for _ in range(3 * ADDRESS_TRIES):
        assert guessing.guess().status == 401
    assert guessing.guess(key=token["key"]).status == 401
    assert guessing.runs() == 0
