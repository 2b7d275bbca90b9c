# SPDX-License-Identifier: ISC
"""A creation or rotation whose answer was lost is sent again with the same Idempotency-Key, and one
living token comes of it (api.md; rows 59 to 61 and P8 of security.md)."""
import concurrent.futures

import pytest

from asking import MEMO, QUICK, ask_program, change
from claviger_site import TOKENS, well_formed
from conftest import opened
from refusals import nothing_changes, tells_nothing


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + MEMO)


@pytest.fixture(scope="module")
def pair(site):
    return site.start(), site.start()


@pytest.fixture(scope="module")
def web(pair):
    return pair[0]


def create(web, name, body, key="owner"):
    return web.call("POST", TOKENS, body, key=key, headers={"Idempotency-Key": name}).check()


def rotate(web, token, name, body, key="owner"):
    return web.call("POST", f"{TOKENS}/{token['id']}/rotate", body, key=key,
                    headers={"Idempotency-Key": name}).check()


def works(web, key):
    return web.call("GET", f"{TOKENS}/self", key=key).status == 200


def state(web, token):
    return web.call("GET", f"{TOKENS}/{token['id']}").check().first["state"]


def test_a_repeated_creation_replaces_what_the_first_made(pair):
    first = create(pair[0], "once", {"name": "one"})
    child = pair[0].create(key=first.first["key"], name="made by the lost one")
    second = create(pair[1], "once", {"name": "one"})
    assert (first.status, second.status) == (201, 201)
    assert first.first["id"] != second.first["id"]
    assert not works(pair[0], first.first["key"]) and works(pair[0], second.first["key"])
    assert state(pair[0], first.first) == "revoked" and state(pair[0], child) == "revoked"


def test_what_was_replaced_makes_room_for_what_replaces_it():
    for site in opened(QUICK + MEMO + "tokens_per_account = 2\n"):
        web = site.start()
        first = create(web, "room", {}).first
        assert create(web, "room", {}).status == 201
        create(web, "other", {}).refused(409, "limit_reached")
        assert not works(web, first["key"])


@pytest.mark.parametrize("again", [{"name": "two"}, {}, '{"name":"one" }'], ids=str)
def test_row_60_another_body_is_a_mismatch(web, site, again):
    name = f"mismatch {again}".replace(" ", "_")[:40].replace('"', "")
    assert create(web, name, {"name": "one"}).status == 201
    with nothing_changes(site):
        answer = create(web, name, again).refused(409, "idempotency_mismatch", "Idempotency-Key")
    tells_nothing(site, answer)


def test_row_60_another_route_is_a_mismatch(web, site):
    token = create(web, "routes", {}).first
    with nothing_changes(site):
        rotate(web, token, "routes", {}).refused(409, "idempotency_mismatch", "Idempotency-Key")
    assert rotate(web, token, "turn", {}).status == 200
    other = web.create()
    with nothing_changes(site):
        rotate(web, other, "turn", {}).refused(409, "idempotency_mismatch", "Idempotency-Key")


def test_row_61_callers_do_not_share_their_names(web):
    callers = [web.create()["key"] for _ in range(2)]
    made = [create(web, "shared", {}, key).first for key in callers]
    assert all(works(web, record["key"]) for record in made)


def test_a_refusal_is_not_remembered(web):
    create(web, "refused", {"name": ""}).refused(400, "invalid_field", "name")
    assert create(web, "refused", {"name": "now it is right"}).status == 201


def test_it_is_remembered_across_the_rotation_of_the_caller(web):
    caller = web.create()
    first = create(web, "rotated", {}, caller["key"]).first
    new = web.rotate(caller)
    second = create(web, "rotated", {}, new["key"]).first
    assert not works(web, first["key"]) and works(web, second["key"])


def test_it_is_forgotten_after_a_day(web, site):
    first = create(web, "yesterday", {}).first
    change(site, "UPDATE idempotency SET made_at = made_at - 24 * 60 * 60 * 1000")
    second = create(web, "yesterday", {"name": "another request by now"})
    assert second.status == 201
    assert works(web, first["key"]) and works(web, second.first["key"])


# ---- Rotations ------------------------------------------------------------------------------------------

def test_a_repeated_rotation_leaves_the_first_key_its_grace(web):
    token = web.create()
    body = {"graceSeconds": 600}
    lost = rotate(web, token, "turn-it", body).first
    again = rotate(web, token, "turn-it", body).first
    assert [works(web, one["key"]) for one in (token, lost, again)] == [True, False, True]
    assert again["graceEndsAt"] == lost["graceEndsAt"]


def test_a_token_that_lost_its_own_new_key_asks_again_with_the_old_one(web):
    token = web.create(permissions=["goals:read"])
    body = {"graceSeconds": 600}
    lost = rotate(web, token, "mine", body, token["key"])
    again = rotate(web, token, "mine", body, token["key"])
    assert (lost.status, again.status) == (200, 200)
    assert works(web, again.first["key"]) and not works(web, lost.first["key"])
    rotate(web, token, "mine-too", body, token["key"]).refused(403, "replaced_key")


def test_a_late_repeat_of_a_rotation_is_a_rotation_of_its_own(web):
    """The key of another, later one must not die as that of a lost answer would."""
    token = web.create()
    body = {"graceSeconds": 600}
    rotate(web, token, "early", body)
    later = web.rotate(token, graceSeconds=600)
    last = rotate(web, token, "early", body).first
    assert [works(web, one["key"]) for one in (token, later, last)] == [False, True, True]


# ---- Its form (row 59) --------------------------------------------------------------------------------------

BAD_NAMES = {"empty": "", "256": "a" * 256, "a blank": "a b", "DEL": "\x7f", "control": "\x01",
             "beyond ASCII": "\xe9", "tab": "\t", "a key": well_formed(),
             "a key inside": f"x{well_formed()}y"}


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES)
def test_row_59_what_is_no_name_is_refused(web, site, name):
    for path in (TOKENS, f"{TOKENS}/self/rotate"):
        with nothing_changes(site):
            answer = ask_program(web, b"{}", REQUEST_METHOD="POST", REQUEST_URI=path,
                                 HTTP_IDEMPOTENCY_KEY=name, CONTENT_TYPE="application/json",
                                 HTTP_AUTHORIZATION=f"Bearer {site.owner_key}")
            answer.refused(400, "invalid_parameter", "Idempotency-Key")
        tells_nothing(site, answer)


@pytest.mark.parametrize("name", ["a", "a" * 255, "!~", "dft_ab1", "%00", "'--"])
def test_row_59_any_other_is_one(web, name):
    assert create(web, name, {}).status == 201


def test_where_nothing_is_made_it_is_ignored(web):
    for method in ("GET", "PATCH"):
        answer = web.call(method, f"{TOKENS}/self", {"name": "x"} if method == "PATCH" else None,
                          headers={"Idempotency-Key": "a b"})
        assert answer.status == 200


# ---- At once ---------------------------------------------------------------------------------------------------

def test_of_equal_creations_at_once_one_token_lives(pair, site):
    """On two processes; each later answer has made an end of the one before (P8)."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: create(pair[i % 2], "storm", {"name": "of a storm"}),
                                range(16)))
    assert {answer.status for answer in answers} == {201}
    living = [answer.first["id"] for answer in answers if works(pair[0], answer.first["key"])]
    rows = site.rows("SELECT lower(hex(id)) FROM tokens WHERE name = 'of a storm' "
                     "AND revoked_at IS NULL")
    assert [row for row, in rows] == living and len(living) == 1


def test_of_equal_rotations_at_once_one_key_lives(pair):
    token = pair[0].create()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: rotate(pair[i % 2], token, "storm-of-turns",
                                                 {"graceSeconds": 600}), range(16)))
    assert {answer.status for answer in answers} == {200}
    assert sum(works(pair[0], answer.first["key"]) for answer in answers) == 1
    assert works(pair[1], token["key"])
