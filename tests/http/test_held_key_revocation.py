# SPDX-License-Identifier: ISC
"""Revocation by who holds the key (RFC 7009): no other proof is asked, one token dies, and the
answer tells nobody whether it was one (rows 122, 124 and 125, A29 and 5.7 of security.md)."""
import pytest

from asking import MEMO, QUICK, change, check_bare, form, same
from claviger_site import B, PLAIN_CGI, TOKENS, changed, well_formed
from conftest import opened
from refusals import nothing_changes, tells_nothing

PATH = "/api/v1/revoke"
ID = {"X-Request-Id": "one"}


class Scene:
    def __init__(self, site):
        self.site = site
        self.web = site.start()
        site.account("other@example.com")

    def revoke(self, key, caller=None, **fields):
        """Always the same answer."""
        answer = form(self.web, PATH, {"token": key, **fields}, key=caller, **ID)
        assert check_bare(answer) == {}
        tells_nothing(self.site, answer)
        return answer

    def lives(self, token):
        return self.web.call("GET", f"{TOKENS}/self", key=token["key"]).status == 200


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
@pytest.mark.parametrize("permissions", [["*"], ["goals:read"]], ids=" ".join)
def test_who_holds_a_key_may_end_it(scene, permissions, warm):
    token = scene.web.create(permissions=permissions)
    if warm:
        assert scene.lives(token)
    scene.revoke(token["key"])
    assert not scene.lives(token)
    record = scene.web.call("GET", f"{TOKENS}/{token['id']}").first
    assert record["state"] == "revoked"


def test_whose_account_it_is_does_not_matter(scene):
    """A29: whoever finds a key may end it, and need not be anybody here."""
    token = scene.site.token("other@example.com")
    scene.revoke(token["key"], caller="owner")
    assert not scene.lives(token)
    mine, theirs = scene.web.create(), scene.site.token("other@example.com")
    scene.revoke(mine["key"], caller=theirs["key"])
    assert not scene.lives(mine) and scene.lives(theirs)


def test_nor_does_where_it_may_be_used_from(scene):
    token = scene.web.create(allowedIps=["192.0.2.0/24"])
    scene.revoke(token["key"])
    assert scene.web.call("GET", f"{TOKENS}/{token['id']}").first["state"] == "revoked"


def test_a_caller_that_is_none_is_not_asked_for(scene):
    token = scene.web.create()
    scene.revoke(token["key"], caller="garbage")
    assert not scene.lives(token)


def test_only_that_token_dies(scene):
    top = scene.web.create()
    child = scene.web.create(key=top["key"])
    scene.revoke(top["key"])
    assert not scene.lives(top) and scene.lives(child)


def test_whatever_is_no_key_gets_the_same_answer(scene):
    """Row 124: byte by byte, so that it cannot be told apart from a success."""
    good, dead = scene.web.create(), scene.web.create()
    success = same(scene.revoke(dead["key"]))
    with nothing_changes(scene.site):
        for key in ("garbage", "\0", "x" * 60000, dead["key"], well_formed(), good["key"][:-1],
                    changed(good["key"], 20), well_formed(good["key"][4:14])):
            assert same(scene.revoke(key)) == success, key[:60]
            assert same(scene.revoke(key, token_type_hint="x")) == success, key[:60]
    assert scene.lives(good)


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "x", ""])
def test_a_hint_is_ignored(scene, hint):
    token = scene.web.create()
    scene.revoke(token["key"], token_type_hint=hint)
    assert not scene.lives(token)


def test_an_expired_token_stays_as_it_is(scene):
    token = scene.web.create(expiresIn=60)
    change(scene.site, "UPDATE tokens SET expires_at = created_at WHERE id = ?",
           bytes.fromhex(token["id"]))
    with nothing_changes(scene.site):
        scene.revoke(token["key"])


def test_a_replaced_key_ends_its_token_in_its_grace_and_not_after(scene):
    token = scene.web.create()
    newer = scene.web.rotate(token, graceSeconds=600)
    scene.revoke(token["key"])
    assert not scene.lives(newer)
    token = scene.web.create()
    newer = scene.web.rotate(token, graceSeconds=0)
    scene.revoke(token["key"])
    assert scene.lives(newer)


def test_a_second_process_refuses_it_at_once(scene):
    second = scene.site.start()
    for _ in range(5):
        token = scene.web.create()
        assert scene.lives(token)
        assert second.call("GET", f"{TOKENS}/self", key=token["key"]).status == 200
        scene.revoke(token["key"])
        second.call("GET", f"{TOKENS}/self", key=token["key"]).refused(401, "invalid_token")


def test_it_is_in_the_audit_as_done_by_the_token(scene):
    token = scene.web.create()
    scene.revoke(token["key"])
    (row,) = [row for row in scene.web.call("GET", B + "/audit").data
              if row["targetId"] == token["id"] and row["action"] == "token.revoke"]
    assert row["actorTokenId"] == token["id"]
    assert (row["address"], row["requestId"]) == ("127.0.0.1", "one")
    ((by,),) = scene.site.rows("SELECT revoked_by FROM tokens WHERE id = ?",
                               bytes.fromhex(token["id"]))
    assert by == bytes.fromhex(token["id"])
    scene.site.admin("audit", "verify")


def test_wrong_secrets_cost_what_the_throttle_allows_and_then_nothing_is_claimed(scene):
    """503, which RFC 7009 has for it, and not 200: the key might be good, and would live on. A warm
    one is known, and ends."""
    token, cold = scene.web.create(), scene.web.create()
    assert scene.lives(token)
    runs = 0 if PLAIN_CGI else scene.web.scrypt_runs()
    for made in (token, cold):
        for _ in range(5):
            scene.revoke(well_formed(made["key"][4:14]))
        for _ in range(5):
            answer = form(scene.web, PATH, {"token": well_formed(made["key"][4:14])}, key=None)
            answer.refused(503, "busy")
            assert 1 <= int(answer.header("Retry-After")) <= 12
    if not PLAIN_CGI:
        assert scene.web.scrypt_runs() == runs + 10
    with nothing_changes(scene.site):
        form(scene.web, PATH, {"token": cold["key"]}, key=None).refused(503, "busy")
    scene.revoke(token["key"])
    assert not scene.lives(token)


def test_the_same_wrong_secret_costs_one_run(scene):
    """Ten times what the throttle would let through five times."""
    token = scene.web.create()
    wrong = well_formed(token["key"][4:14])
    for _ in range(10):
        scene.revoke(wrong)
