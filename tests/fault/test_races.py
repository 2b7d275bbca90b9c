# SPDX-License-Identifier: ISC
"""Requests that race each other, on two services: each is answered as if they had come one after
the other, what is in the store is what was answered, and no token outlives what it was made by.

CLAVIGER_ROUNDS says how often each race is run.
"""
import contextlib
import itertools
import random
import threading

import pytest

from asking import MEMO, QUICK
from claviger_site import ROUNDS, SEED, TOKENS, Site
from driver import Disagreement, Run, as_text

CLIENTS = 4
OFTEN = max(20, ROUNDS // 10)


@pytest.fixture(scope="module")
def pair():
    with contextlib.closing(Site(QUICK + MEMO)) as site:
        yield site.start(), site.start()


def at_once(*calls):
    """Makes all CALLS together, each from a thread of its own; returns their answers in order."""
    ready, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def make(i):
        ready.wait()
        answers[i] = calls[i]()

    threads = [threading.Thread(target=make, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert None not in answers, "a request without an answer"
    return answers


def requests(pair, number, method, path, body=None, key="owner"):
    """That many equal requests, to the two services in turn."""
    return [lambda web=pair[i % 2]: web.call(method, path, body, key=key) for i in range(number)]


def is_dead(pair, token):
    for web in pair:
        web.call("GET", f"{TOKENS}/self", key=token["key"]).refused(401, "invalid_token")


def living_descendants(site, token):
    ((count,),) = site.rows(
        "WITH RECURSIVE family (id) AS (SELECT id FROM tokens WHERE parent = ?1 UNION "
        "SELECT t.id FROM tokens t JOIN family f ON t.parent = f.id) "
        "SELECT count(*) FROM tokens WHERE id IN family AND revoked_at IS NULL",
        bytes.fromhex(token["id"]))
    return count


@pytest.mark.parametrize("generations", [0, 1, 3])
def test_a_cascade_counts_or_refuses_each_creation_that_races_it(pair, generations):
    """P5: the maker is the token that is cut off, its child, its great-grandchild."""
    outcomes = set()
    for round_ in range(OFTEN):
        top = pair[0].create()
        family = [top]
        for _ in range(generations):
            family.append(pair[1].create(key=family[-1]["key"]))
        cut = requests(pair[::1 - 2 * (round_ % 2)], 1, "DELETE",
                       f"{TOKENS}/{top['id']}?cascade=true")
        ended, *made = at_once(*cut, *requests(pair, CLIENTS, "POST", TOKENS, {},
                                               family[-1]["key"]))
        born = [answer.first for answer in made if answer.status == 201]
        for answer in made:
            if answer.status != 201:
                answer.refused(401, "invalid_token")
        assert ended.status == 200
        assert ended.first["descendants"] == generations + len(born)
        assert living_descendants(pair[0].site, top) == 0
        for token in family + born:
            is_dead(pair, token)
        outcomes.add(len(born))
    assert outcomes != {0} and outcomes != {CLIENTS}, "nothing raced"


def test_of_parallel_revocations_one_is_told_that_it_was_done(pair):
    for _ in range(OFTEN):
        parent = pair[0].create()
        child = pair[1].create(key=parent["key"])
        answers = at_once(*requests(pair, CLIENTS, "DELETE", f"{TOKENS}/{parent['id']}"))
        done = [answer for answer in answers if answer.status == 200]
        assert [answer.first["descendants"] for answer in done] == [1]
        for answer in answers:
            if answer.status != 200:
                answer.refused(404, "not_found")
        is_dead(pair, parent)
        assert pair[0].call("GET", f"{TOKENS}/self", key=child["key"]).status == 200
        assert pair[0].call("DELETE", f"{TOKENS}/{child['id']}").status == 200


def test_a_token_that_revokes_itself_in_parallel_is_dead_for_all(pair):
    for _ in range(OFTEN):
        token = pair[0].create(permissions=["goals:read"])
        answers = at_once(*requests(pair, CLIENTS, "DELETE", f"{TOKENS}/self",
                                    key=token["key"]))
        assert sorted(answer.status for answer in answers) == [200] + [401] * (CLIENTS - 1)
        is_dead(pair, token)


def test_a_revocation_and_its_victims_uses_have_an_order(pair):
    """A use is answered in full or refused; what the victim revoked is dead only where it was
    told so."""
    for _ in range(OFTEN):
        victim, other = pair[0].create(), pair[1].create()
        ended, itself, ending = at_once(
            *requests(pair, 1, "DELETE", f"{TOKENS}/{victim['id']}"),
            *requests(pair[::-1], 1, "GET", f"{TOKENS}/self", key=victim["key"]),
            *requests(pair[::-1], 1, "DELETE", f"{TOKENS}/{other['id']}", key=victim["key"]))
        assert ended.status == 200
        assert itself.status == 200 or itself.refused(401, "invalid_token")
        is_dead(pair, victim)
        if ending.status == 200:
            is_dead(pair, other)
        else:
            ending.refused(401, "invalid_token")
            assert pair[0].call("DELETE", f"{TOKENS}/{other['id']}").status == 200


def works(pair, key):
    """To both services alike."""
    found = {web.call("GET", f"{TOKENS}/self", key=key).status for web in pair}
    assert found in ({200}, {401}), found
    return found == {200}


def test_of_parallel_rotations_the_last_ones_key_is_the_tokens(pair):
    for _ in range(OFTEN):
        token = pair[0].create()
        answers = at_once(*requests(pair, CLIENTS, "POST", f"{TOKENS}/{token['id']}/rotate", {}))
        assert [answer.status for answer in answers] == [200] * CLIENTS
        (last,) = [answer.first for answer in answers if works(pair, answer.first["key"])]
        assert not works(pair, token["key"])
        shown = pair[0].call("GET", f"{TOKENS}/{token['id']}").first
        assert shown["displayKey"] == last["displayKey"]
        assert pair[0].call("DELETE", f"{TOKENS}/{token['id']}").status == 200


def test_a_token_that_rotates_itself_in_parallel_gets_one_new_key(pair):
    for _ in range(OFTEN):
        token = pair[0].create()
        answers = at_once(*requests(pair, CLIENTS, "POST", f"{TOKENS}/self/rotate", {},
                                    token["key"]))
        (turned,) = [answer for answer in answers if answer.status == 200]
        for answer in answers:
            if answer is not turned:
                answer.refused(401, "invalid_token")
        assert works(pair, turned.first["key"]) and not works(pair, token["key"])
        assert pair[0].call("DELETE", f"{TOKENS}/{token['id']}").status == 200


def test_of_parallel_equal_creations_one_token_is_left(pair):
    """P8: whoever is answered last holds the one that lives."""
    for round_ in range(OFTEN):
        maker = pair[0].create()
        answers = at_once(*[lambda web=pair[i % 2]: web.call(
            "POST", TOKENS, {"name": f"round {round_}"}, key=maker["key"],
            headers={"Idempotency-Key": "once"}) for i in range(CLIENTS)])
        assert [answer.status for answer in answers] == [201] * CLIENTS
        (left,) = [answer.first for answer in answers if works(pair, answer.first["key"])]
        assert living_descendants(pair[0].site, maker) == 1
        ended = pair[1].call("DELETE", f"{TOKENS}/{maker['id']}?cascade=true")
        assert ended.first["descendants"] == 1
        is_dead(pair, left)


def test_what_is_made_while_its_maker_is_narrowed_lies_inside_it_afterwards(pair):
    narrow = ["goals:read", "api-keys:write"]
    for round_ in range(OFTEN):
        top = pair[0].create()
        maker = pair[1].create(key=top["key"])
        changed, *made = at_once(
            *requests(pair[::1 - 2 * (round_ % 2)], 1, "PATCH",
                      f"{TOKENS}/{top['id']}?cascade=true", {"permissions": narrow}),
            *requests(pair, CLIENTS, "POST", TOKENS, {}, maker["key"]))
        assert [answer.status for answer in made] == [201] * CLIENTS
        before = [answer for answer in made if answer.first["permissions"] == ["*"]]
        assert changed.status == 200 and changed.first["descendants"] == 1 + len(before)
        for answer in made:
            shown = pair[0].call("GET", f"{TOKENS}/{answer.first['id']}").first
            assert shown["permissions"] == narrow
        assert pair[0].call("DELETE", f"{TOKENS}/{top['id']}?cascade=true").status == 200


def test_a_website_that_goes_while_tokens_are_made_for_it_leaves_none_that_reaches_it(pair):
    site = pair[0].site
    for round_ in range(OFTEN // 2):
        website = site.website(f"round{round_}.example")
        _, *made = at_once(lambda: site.admin("website", "remove", website), *requests(
            pair, CLIENTS, "POST", TOKENS, {"websiteIds": [website]}))
        for answer in made:
            if answer.status != 201:
                answer.refused(404, "not_found", "websiteIds[0]")
                continue
            assert answer.first["websiteIds"] == [website]
            pair[round_ % 2].call("GET", TOKENS, key=answer.first["key"]).refused(
                403, "insufficient_scope")
            assert pair[0].call("DELETE", f"{TOKENS}/{answer.first['id']}").status == 200


# Small histories: some order of what was asked together must explain all answers and the store.

def call(method, path, key, **more):
    return {"do": "call", "method": method, "path": path, "key": key, **more}


CHOICES = [
    call("POST", TOKENS, "a", body={}),
    call("POST", TOKENS, "b", body={"permissions": ["goals:read", "api-keys:write"]}),
    call("POST", TOKENS, "c", body={"expiresIn": 60}),
    call("DELETE", f"{TOKENS}/@ta", "t0"),
    call("DELETE", f"{TOKENS}/@ta", "t0", query={"cascade": "true"}),
    call("DELETE", f"{TOKENS}/@tb", "a", query={"cascade": "true"}),
    call("DELETE", f"{TOKENS}/self", "b"),
    call("DELETE", f"{TOKENS}/@ta", "b"),
    call("DELETE", f"{TOKENS}/@tc", "b"),
    call("POST", f"{TOKENS}/@tb/rotate", "a"),
    call("POST", f"{TOKENS}/self/rotate", "b", body={"graceSeconds": 60}),
    call("PATCH", f"{TOKENS}/@tb", "a", body={"permissions": ["goals:read", "api-keys:write"]}),
    call("PATCH", f"{TOKENS}/@ta", "t0", body={"permissions": ["api-keys:write", "alerts:read"]},
         query={"cascade": "true"}),
    call("POST", TOKENS, "b", body={"name": "again"}, idempotency_key="again"),
    call("POST", TOKENS, "b", body={"name": "again"}, idempotency_key="again"),
    call("POST", TOKENS, "b", body={"name": "another"}, idempotency_key="again"),
    call("GET", f"{TOKENS}/self", "c"),
    call("GET", f"{TOKENS}/self", "a"),
]


def labelled(operation, round_, number):
    """OPERATION about the family of this ROUND_, to either service."""
    names = {name: f"t{round_}{i}" for i, name in enumerate("abc", 1)}
    path = operation["path"].replace("@t", "@")
    for name, label in names.items():
        path = path.replace(f"@{name}", f"@{label}")
    return {**operation, "path": path, "key": names.get(operation["key"], operation["key"]),
            "web": number % 2, "as": f"t{round_}9{number}"}


def explained(run, operations, asked):
    """The run after an order of OPERATIONS that explains what was answered, or None."""
    for order in itertools.permutations(range(len(operations))):
        twin = run.twin()
        with contextlib.suppress(Disagreement):
            for i in order:
                twin.accept(operations[i], *asked[i])
            twin.compare_store()
            return twin
    return None


def test_what_is_asked_together_is_answered_as_in_some_order():
    """P15, by the reference model of tests/model."""
    chooser = random.Random(SEED)
    with contextlib.closing(Run()) as run:
        for round_ in range(100, 100 + OFTEN):
            for i, maker in ((1, "t0"), (2, f"t{round_}1"), (3, f"t{round_}2")):
                run.perform(call("POST", TOKENS, maker, web=i % 2, body={},
                                 **{"as": f"t{round_}{i}"}))
            operations = [labelled(operation, round_, number) for number, operation in enumerate(
                chooser.choices(CHOICES, k=CLIENTS))]
            asked = at_once(*[lambda one=one: run.send(one) for one in operations])
            after = explained(run, operations, asked)
            if after is None:
                told = "\n".join(f"{as_text([one])}\n    {answer.status} {answer.body.decode()}"
                                 for one, (_, answer) in zip(operations, asked))
                pytest.fail(f"CLAVIGER_SEED={SEED}, round {round_}: no order explains\n{told}",
                            pytrace=False)
            run = after
            for label in [one for one in run.made if one.startswith(f"t{round_}")]:
                if not run.made[label].revoked:
                    run.perform({"do": "revocation", "token": label, "cascade": True})
