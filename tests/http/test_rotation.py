# SPDX-License-Identifier: ISC
"""A rotation gives a token another key at once, lets the old one work for a grace period where it
was asked for, and can be repeated when its answer was lost (api.md; A30 of security.md)."""
import datetime

import pytest

from asking import MEMO, QUICK, USES, change
from claviger_site import PLAIN_CGI, TOKENS, wait_until
from conftest import opened
from refusals import nothing_changes, tells_nothing

UNKNOWN_ID = "0123456789abcdef01234567"


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + MEMO)


@pytest.fixture(scope="module")
def web(site):
    return site.start()


def rotate(web, token, body=None, key="owner", **headers):
    name = token if isinstance(token, str) else token["id"]
    return web.call("POST", f"{TOKENS}/{name}/rotate", body, key=key, headers=headers).check()


def works(web, key):
    answer = web.call("GET", f"{TOKENS}/self", key=key).check()
    if answer.status == 200:
        return True
    answer.refused(401, "invalid_token")
    return False


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def end_grace(site, token):
    change(site, "UPDATE tokens SET grace_ends_at = rotated_at WHERE id = ?",
           bytes.fromhex(token["id"]))


def without(record, *names):
    return {name: value for name, value in record.items() if name not in names}


def test_a_rotation_changes_the_key_and_nothing_else(web):
    token = web.create(name="rotated", permissions=["goals:read"])
    assert works(web, token["key"])
    answer = rotate(web, token)
    assert answer.status == 200
    changed = ("key", "displayKey", "rotatedAt", *USES)
    assert without(answer.first, *changed) == without(token, *changed)
    new = answer.first
    assert new["key"] != token["key"] and new["key"][4:14] != token["key"][4:14]
    assert new["displayKey"] == f"{new['key'][:7]}...{new['key'][-4:]}"
    assert new["rotatedAt"] and new["graceEndsAt"] is None
    assert works(web, new["key"]) and not works(web, token["key"])
    shown = web.call("GET", f"{TOKENS}/{token['id']}").first
    assert without(shown, *USES) == without(new, "key", *USES)


def test_both_keys_work_until_the_grace_is_over(web, site):
    token = web.create()
    new = web.rotate(token, graceSeconds=600)
    assert moment(new["graceEndsAt"]) - moment(new["rotatedAt"]) == datetime.timedelta(seconds=600)
    assert works(web, token["key"]) and works(web, new["key"])
    end_grace(site, token)
    assert works(web, new["key"]) and not works(web, token["key"])
    assert web.call("GET", f"{TOKENS}/{token['id']}").first["graceEndsAt"] is None


def test_a_second_rotation_ends_the_grace_of_the_first(web):
    token = web.create()
    second = web.rotate(token, graceSeconds=600)
    third = web.rotate(token, graceSeconds=600)
    assert [works(web, one["key"]) for one in (token, second, third)] == [False, True, True]
    fourth = web.rotate(token, graceSeconds=0)
    assert [works(web, one["key"]) for one in (second, third, fourth)] == [False, False, True]


def test_a_token_rotates_itself_without_permission(web):
    token = web.create(permissions=["goals:read"])
    new = rotate(web, "self", {"graceSeconds": 60}, key=token["key"])
    assert new.status == 200 and new.first["id"] == token["id"]
    newest = rotate(web, token, {}, key=new.first["key"])
    assert newest.status == 200 and works(web, newest.first["key"])


def test_a_replaced_key_works_as_before_but_not_on_its_own_token(web, site):
    token = web.create()
    web.rotate(token, graceSeconds=600)
    old = token["key"]
    child = web.create(key=old, name="made by the old key")
    assert child["parentId"] == token["id"]
    with nothing_changes(site):
        for name in ("self", token["id"]):
            rotate(web, name, {}, key=old).refused(403, "replaced_key")
            web.call("PATCH", f"{TOKENS}/{name}", {"name": "x"}, key=old).refused(
                403, "replaced_key")
    assert rotate(web, child, {}, key=old).status == 200
    assert web.call("DELETE", f"{TOKENS}/self", key=old).status == 200
    assert not works(web, old)


def test_what_a_replaced_key_has_made_does_not_take_its_token_over(web, site):
    """A30 by a detour: nor does anything else that comes from a token."""
    token = web.create()
    new = web.rotate(token, graceSeconds=600)
    child = web.create(key=token["key"])
    grandchild = web.create(key=child["key"])
    with nothing_changes(site):
        for key in (child["key"], grandchild["key"]):
            rotate(web, token, {}, key=key).refused(403, "scope_exceeded")
            web.call("PATCH", f"{TOKENS}/{token['id']}", {"name": "x"}, key=key).refused(
                403, "scope_exceeded")
    assert works(web, new["key"])
    assert rotate(web, child, {}, key=new["key"]).status == 200


def test_a_malformed_name_in_the_header_comes_before_what_the_path_names(web):
    for name in (UNKNOWN_ID, "nonsense"):
        rotate(web, name, {}, **{"Idempotency-Key": "a b"}).refused(
            400, "invalid_parameter", "Idempotency-Key")


def test_a_revocation_ends_both_keys(web):
    token = web.create()
    new = web.rotate(token, graceSeconds=600)
    assert works(web, token["key"])
    assert web.call("DELETE", f"{TOKENS}/{token['id']}").status == 200
    assert not works(web, token["key"]) and not works(web, new["key"])


def test_no_hash_of_a_dead_key_stays(web, site):
    def hashes(token):
        return site.rows("SELECT hash IS NULL, replaced_hash IS NULL, replaced_selector IS NULL "
                         "FROM tokens WHERE id = ?", bytes.fromhex(token["id"]))[0]
    token = web.create()
    web.rotate(token, graceSeconds=600)
    assert hashes(token) == (0, 0, 0)
    web.rotate(token)
    assert hashes(token) == (0, 1, 1)
    web.rotate(token, graceSeconds=600)
    web.call("DELETE", f"{TOKENS}/{token['id']}")
    assert hashes(token) == (1, 1, 1)


def test_an_old_key_is_cold_and_then_warm_as_any_other(site):
    web = site.start()
    token = web.create()
    new = web.rotate(token, graceSeconds=600)
    fresh = site.start()
    assert works(fresh, token["key"]) and works(fresh, new["key"])
    assert works(web, token["key"])


@pytest.mark.parametrize("body", [
    {"graceSeconds": -1}, {"graceSeconds": 86401}, {"graceSeconds": 1.5}, {"graceSeconds": "0"},
    {"graceSeconds": None}, {"graceSeconds": True}, {"graceSeconds": [1]}], ids=str)
def test_row_113_a_grace_is_a_number_of_seconds(web, site, body):
    token = web.create()
    with nothing_changes(site):
        answer = rotate(web, token, body).refused(400, "invalid_field", "graceSeconds")
    tells_nothing(site, answer)


@pytest.mark.parametrize("body, reason, field", [
    ({"grace": 1}, "unknown_field", "grace"), ("[]", "invalid_json", None),
    ("{", "invalid_json", None)], ids=str)
def test_another_body_is_refused(web, site, body, reason, field):
    with nothing_changes(site):
        rotate(web, "self", body).refused(400, reason, field)


def test_row_113_an_absent_body_is_no_grace(web):
    for body in (None, "", {}, {"graceSeconds": 0}, {"graceSeconds": 86400}):
        token = web.create()
        answer = rotate(web, token, body)
        assert answer.status == 200, answer.body
        assert works(web, token["key"]) == (body == {"graceSeconds": 86400})


def test_what_is_unknown_revoked_or_anothers_is_not_found(web, site):
    site.account("other@example.com")
    stranger = site.token("other@example.com")
    revoked = web.create()
    web.call("DELETE", f"{TOKENS}/{revoked['id']}")
    with nothing_changes(site):
        for token in (UNKNOWN_ID, revoked, stranger, "nonsense"):
            rotate(web, token, {}).refused(404, "not_found")


def test_who_does_not_cover_a_token_may_not_rotate_it(web, site):
    caller = web.create(permissions=["api-keys:write"])
    wider = web.create(permissions=["goals:read"])
    with nothing_changes(site):
        rotate(web, wider, {}, key=caller["key"]).refused(403, "scope_exceeded")


def test_a_restore_says_that_it_brings_a_replaced_key_back(fresh_site):
    """And with --keep-revoked the key that was rotated away stays dead."""
    web = fresh_site.start()
    token = web.create()
    backup = fresh_site.directory / "backup.db"
    fresh_site.admin("backup", str(backup))
    new = web.rotate(token)
    for options, revived, alive in ((("--keep-revoked",), 0, False), ((), 1, True)):
        done = fresh_site.admin_json("restore", str(backup), "--yes", *options)
        assert done[0]["revived"] == revived and done[0]["restored"]
        assert works(web, token["key"]) == alive and not works(web, new["key"])


def audited(site, action):
    return [entry for entry in site.admin_json("audit", "list") if entry["action"] == action]


def test_a_replaced_key_that_is_used_after_the_new_one_is_kept_in_the_audit(fresh_site):
    """Once for each rotation (A30): whoever still has the old key may have stolen it."""
    token = fresh_site.token()
    web = fresh_site.start()
    new = web.rotate(token, graceSeconds=86400)
    assert works(web, token["key"])  # nobody has used the new one yet
    # As if that were long ago: plain CGI does not write a use soon after another. It writes behind
    # its answer.
    if PLAIN_CGI:
        wait_until(lambda: fresh_site.rows("SELECT 1 FROM tokens WHERE id = ? AND last_used_at > 0",
                                           bytes.fromhex(token["id"])), "the use to be written")
    change(fresh_site, "UPDATE tokens SET last_used_at = NULL")
    assert works(web, new["key"])
    web.stop()  # which writes the uses
    web = fresh_site.start()
    assert audited(fresh_site, "replaced_key.used") == []
    for _ in range(3):
        assert works(web, token["key"]) and works(web, new["key"])
    (entry,) = audited(fresh_site, "replaced_key.used")
    assert (entry["targetId"], entry["actorTokenId"]) == (token["id"], token["id"])
    assert fresh_site.admin("audit", "verify")


def test_what_is_over_leaves_the_database_with_the_next_writing(fresh_site):
    """The hash of a key whose grace has ended, and what a request made a day ago."""
    web = fresh_site.start()
    token = web.create()
    web.rotate(token, graceSeconds=600)
    web.call("POST", TOKENS, {}, headers={"Idempotency-Key": "yesterday"})
    end_grace(fresh_site, token)
    change(fresh_site, "UPDATE idempotency SET made_at = made_at - 24 * 60 * 60 * 1000")
    web.stop()
    if not PLAIN_CGI:
        assert fresh_site.rows("SELECT count(replaced_hash) FROM tokens") == [(0,)]
        assert fresh_site.rows("SELECT count(*) FROM idempotency") == [(0,)]
