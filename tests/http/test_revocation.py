# SPDX-License-Identifier: ISC
"""A revoked token is dead in every process at once, shows as revoked, and takes with it what the
caller asked for and nothing else."""
import datetime

import pytest

from asking import MEMO, QUICK, change, same
from claviger_site import TOKENS
from conftest import opened
from refusals import nothing_changes, without_request_id

UNKNOWN_ID = "0123456789abcdef01234567"
WRITER = ["goals:read", "api-keys:read", "api-keys:write"]


class Scene:
    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.one, self.two = site.website("one.example"), site.website("two.example")

    def create(self, parent=None, **body):
        return self.web.create(key=parent["key"] if parent else "owner", **body)

    def delete(self, token, key="owner", query=""):
        name = token if isinstance(token, str) else token["id"]
        return self.web.call("DELETE", f"{TOKENS}/{name}{query}", key=key).check()

    def revoke(self, token, key="owner", query=""):
        """Revokes TOKEN and returns how many descendants the answer counts."""
        answer = self.delete(token, key, query)
        assert answer.status == 200, answer.error
        message = "Access token deleted successfully"
        assert answer.data == [{"message": message,
                                "descendants": answer.first["descendants"]}]
        return answer.first["descendants"]

    def lives(self, token):
        """By the only proof there is: its key is accepted, or refused as any other bad key is."""
        answer = self.web.call("GET", f"{TOKENS}/self", key=token["key"]).check()
        if answer.status == 200:
            return True
        answer.refused(401, "invalid_token")
        return False

    def living(self, tokens):
        return [name for name, token in tokens.items() if self.lives(token)]

    def record(self, token, key="owner"):
        return self.web.call("GET", f"{TOKENS}/{token['id']}", key=key).check().first

    def expire(self, token):
        change(self.site, "UPDATE tokens SET expires_at = created_at WHERE id = ?",
               bytes.fromhex(token["id"]))
        assert self.record(token)["state"] == "expired"

    def family(self):
        """a made b and c; b made d; d made e."""
        made = {}
        for name, parent in (("a", None), ("b", "a"), ("c", "a"), ("d", "b"), ("e", "d")):
            made[name] = self.create(made.get(parent), name=name)
        return made

    def row(self, token, columns):
        ((*values,),) = self.site.rows(f"SELECT {columns} FROM tokens WHERE id = ?",
                                       bytes.fromhex(token["id"]))
        return values


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


def test_a_revoked_token_is_refused_at_the_next_request(scene):
    token = scene.create()
    other = scene.create()
    assert scene.lives(token) and scene.lives(token) and scene.lives(other)
    assert scene.revoke(token) == 0
    assert not scene.lives(token) and scene.lives(other)
    assert not scene.lives(token)


def test_a_second_process_refuses_it_as_soon(scene):
    """Both have the key in their memory of good pairs, and none of them asks the other."""
    second = scene.site.start()
    for web, other in ((scene.web, second), (second, scene.web)):
        for _ in range(5):
            token = scene.create()
            for server in (web, other):
                assert server.call("GET", f"{TOKENS}/self", key=token["key"]).status == 200
            assert web.call("DELETE", f"{TOKENS}/{token['id']}").status == 200
            other.call("GET", f"{TOKENS}/self", key=token["key"]).refused(401, "invalid_token")


def test_a_token_that_never_was_used_can_be_revoked(scene):
    token = scene.create()
    scene.revoke(token)
    assert not scene.lives(token)


@pytest.mark.parametrize("permissions", [["goals:read"], ["api-keys:read"], WRITER, ["*"]],
                         ids=" ".join)
@pytest.mark.parametrize("name", ["self", "id"])
def test_every_token_may_revoke_itself(scene, permissions, name):
    token = scene.create(permissions=permissions)
    assert scene.revoke("self" if name == "self" else token, key=token["key"]) == 0
    assert not scene.lives(token)
    scene.delete("self", key=token["key"]).refused(401, "invalid_token")


def test_a_token_limited_to_websites_may_revoke_itself(scene):
    token = scene.create(websiteIds=[scene.one], permissions=["goals:read"])
    scene.revoke("self", key=token["key"])
    assert not scene.lives(token)


def test_descendants_live_on_and_are_counted(scene):
    family = scene.family()
    assert scene.revoke(family["a"]) == 4
    assert scene.living(family) == ["b", "c", "d", "e"]
    assert scene.record(family["b"])["parentId"] == family["a"]["id"]
    assert scene.revoke(family["d"]) == 1
    assert scene.revoke(family["b"]) == 1
    assert scene.living(family) == ["c", "e"]


def test_a_cascade_of_false_is_none(scene):
    family = scene.family()
    assert scene.revoke(family["b"], query="?cascade=false") == 2
    assert scene.living(family) == ["a", "c", "d", "e"]


def test_a_cascade_takes_all_descendants_and_counts_them(scene):
    family = scene.family()
    assert scene.living(family) == ["a", "b", "c", "d", "e"]
    assert scene.revoke(family["b"], query="?cascade=true") == 2
    assert scene.living(family) == ["a", "c"]
    assert scene.revoke(family["a"], query="?cascade=true") == 1
    assert scene.living(family) == []


def test_a_cascade_of_itself_takes_all_descendants(scene):
    family = scene.family()
    assert scene.revoke("self", family["b"]["key"], "?cascade=true") == 2
    assert scene.living(family) == ["a", "c"]


def test_a_cascade_passes_through_what_was_revoked_before(scene):
    family = scene.family()
    assert scene.revoke(family["b"]) == 2
    assert scene.revoke(family["a"], query="?cascade=true") == 3
    assert scene.living(family) == []
    assert scene.row(family["b"], "revoked_by") == [scene.row(family["a"], "revoked_by")[0]]


def test_expired_and_revoked_descendants_are_not_counted(scene):
    top = scene.create()
    expired, revoked, living = (scene.create(top) for _ in range(3))
    scene.revoke(revoked)
    scene.expire(expired)
    assert scene.revoke(top, query="?cascade=true") == 1
    assert not scene.lives(living)
    assert scene.record(expired)["state"] == "revoked"


def test_an_expired_token_can_be_revoked(scene):
    token = scene.create()
    scene.expire(token)
    assert scene.revoke(token) == 0
    assert scene.record(token)["state"] == "revoked"


def test_a_second_revocation_finds_nothing(scene):
    """Row 43: the answer is that of an id that never was."""
    token = scene.create()
    scene.revoke(token)
    with nothing_changes(scene.site):
        again = scene.delete(token).refused(404, "not_found")
        cascade = scene.delete(token, query="?cascade=true").refused(404, "not_found")
    unknown = scene.delete(UNKNOWN_ID).refused(404, "not_found")
    assert without_request_id(again) == without_request_id(unknown)
    assert without_request_id(cascade) == without_request_id(unknown)


IDS = ["0123456789abcdef0123456", "0123456789abcdef012345678", "0123456789ABCDEF01234567",
       "0123456789abcdefg1234567", "0x0123456789abcdef012345", "null", 24 * "0", "Self"]


@pytest.mark.parametrize("name", IDS)
def test_a_malformed_id_finds_nothing_either(scene, name):
    """Row 41."""
    unknown = without_request_id(scene.delete(UNKNOWN_ID))
    with nothing_changes(scene.site):
        assert without_request_id(scene.delete(name).refused(404, "not_found")) == unknown


def test_a_caller_without_the_permission_revokes_nothing_but_itself(scene):
    caller = scene.create(permissions=["api-keys:read", "goals:read"])
    other = scene.create(permissions=["goals:read"])
    with nothing_changes(scene.site):
        for name in (other["id"], UNKNOWN_ID, "nothing"):
            answer = scene.delete(name, key=caller["key"])
            answer.refused(403, "insufficient_scope")
            assert 'scope="api-keys:write"' in answer.header("WWW-Authenticate")


# Row 44: what a caller of WRITER on website one, for an hour, may not revoke though it sees it.
WIDER = [
    ("more permissions", {"permissions": WRITER + ["goals:write"]}),
    ("every permission", {"permissions": ["*"]}),
    ("another permission", {"permissions": ["alerts:read"]}),
    ("a later end", {"permissions": WRITER, "expiresIn": 7200}),
    ("no end", {"permissions": ["goals:read"], "expiresAt": None}),
]


@pytest.fixture(scope="module")
def narrow(scene):
    return scene.create(permissions=WRITER, websiteIds=[scene.one], expiresIn=3600)


@pytest.mark.parametrize("label, body", WIDER, ids=[case[0] for case in WIDER])
def test_what_is_seen_and_wider_is_refused(scene, narrow, label, body):
    wider = scene.create(**{"expiresIn": 60, **body} if "expiresAt" not in body else body,
                         websiteIds=[scene.one])
    assert scene.record(wider, narrow["key"])["id"] == wider["id"]
    with nothing_changes(scene.site):
        scene.delete(wider, narrow["key"]).refused(403, "scope_exceeded")
        scene.delete(wider, narrow["key"], "?cascade=true").refused(403, "scope_exceeded")
    assert scene.lives(wider)


@pytest.mark.parametrize("websites", ["two", "one and two", "all"])
def test_what_is_not_seen_is_not_found(scene, narrow, websites):
    """Row 43: outside the caller's websites, in every part of the answer as if it were not."""
    ids = {"two": [scene.two], "one and two": [scene.one, scene.two], "all": []}[websites]
    outside = scene.create(permissions=["goals:read"], websiteIds=ids, expiresIn=60)
    with nothing_changes(scene.site):
        answer = scene.delete(outside, narrow["key"]).refused(404, "not_found")
    unknown = scene.delete(UNKNOWN_ID, narrow["key"])
    assert without_request_id(answer) == without_request_id(unknown)
    assert scene.lives(outside)


def test_what_is_seen_and_covered_may_be_revoked_by_who_did_not_make_it(scene, narrow):
    covered = scene.create(permissions=["goals:read"], websiteIds=[scene.one], expiresIn=60)
    assert scene.revoke(covered, narrow["key"]) == 0
    assert not scene.lives(covered)


# What a token's row may become below its descendants; the interface's PATCH writes the same.
NARROWED = [
    ("permissions", "permissions = 'api-keys:read api-keys:write'", 200),
    ("websites", "every_website = 0, websites = ?", 404),
    ("the end", "expires_at = ?", 200),
]


@pytest.mark.parametrize("label, assignment, seen", NARROWED, ids=[case[0] for case in NARROWED])
def test_descendants_may_be_revoked_where_they_are_wider_by_now(scene, label, assignment, seen):
    top = scene.create()
    child = scene.create(top)
    grandchild = scene.create(child)
    stranger = scene.create()
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    values = {"websites": [bytes.fromhex(scene.one)], "the end": [int(later.timestamp() * 1000)]}
    change(scene.site, f"UPDATE tokens SET {assignment} WHERE id = ?", *values.get(label, []),
           bytes.fromhex(top["id"]))
    assert scene.web.call("GET", f"{TOKENS}/{child['id']}", key=top["key"]).status == seen
    with nothing_changes(scene.site):
        answer = scene.delete(stranger, top["key"])
        assert answer.status == (404 if seen == 404 else 403), answer.error
    assert scene.revoke(grandchild, top["key"]) == 0
    assert scene.revoke(child, top["key"]) == 0
    assert not scene.lives(child) and not scene.lives(grandchild) and scene.lives(stranger)


def test_a_cascade_takes_descendants_that_the_caller_does_not_see(scene):
    top = scene.create()
    child = scene.create(top, websiteIds=[scene.two])
    grandchild = scene.create(child)
    change(scene.site, "UPDATE tokens SET every_website = 0, websites = ? WHERE id = ?",
           bytes.fromhex(scene.one), bytes.fromhex(top["id"]))
    assert scene.revoke("self", top["key"], "?cascade=true") == 2
    assert not scene.lives(child) and not scene.lives(grandchild)


def test_a_descendant_may_not_be_revoked_without_the_permission(scene):
    top = scene.create()
    child = scene.create(top)
    change(scene.site, "UPDATE tokens SET permissions = 'goals:read' WHERE id = ?",
           bytes.fromhex(top["id"]))
    scene.delete(child, top["key"]).refused(403, "insufficient_scope")
    assert scene.revoke("self", top["key"], "?cascade=true") == 1
    assert not scene.lives(child)


def test_a_child_may_not_revoke_its_wider_parent(scene):
    parent = scene.create()
    child = scene.create(parent, permissions=WRITER)
    scene.delete(parent, child["key"]).refused(403, "scope_exceeded")
    assert scene.lives(parent)


def test_a_revoked_token_is_shown_to_who_asks_for_it(scene):
    token = scene.create(name="to be shown", expiresIn=60)
    before = scene.record(token)
    assert before["state"] == "active"
    scene.revoke(token)
    after = scene.record(token)
    assert after == {**before, "state": "revoked"}
    listed = {state: [record["id"] for record in scene.web.call(
        "GET", f"{TOKENS}?q=to+be+shown&state={state}").check().data]
        for state in ("active", "expired", "revoked", "all")}
    assert listed == {"active": [], "expired": [], "revoked": [token["id"]],
                      "all": [token["id"]]}
    shown = scene.web.call("GET", f"{TOKENS}?q=to+be+shown&state=revoked").first
    assert shown == after
    assert scene.web.call("GET", f"{TOKENS}?q=to+be+shown").data == []


def test_a_revoked_token_that_the_caller_would_not_see_is_not_shown(scene, narrow):
    token = scene.create(websiteIds=[scene.two], permissions=["goals:read"])
    scene.revoke(token)
    scene.web.call("GET", f"{TOKENS}/{token['id']}", key=narrow["key"]).refused(404, "not_found")
    listed = scene.web.call("GET", f"{TOKENS}?state=revoked", key=narrow["key"]).check().data
    assert token["id"] not in [record["id"] for record in listed]


def test_a_revoked_token_keeps_its_row_and_loses_its_hash(scene):
    top = scene.create(permissions=WRITER, name="kept")
    child = scene.create(top)
    columns = "selector, display_key, name, permissions, created_at"
    before = [scene.row(token, columns) for token in (top, child)]
    for token in (top, child):
        assert scene.row(token, "hash")[0].startswith("$s1$")
        assert scene.row(token, "revoked_at, revoked_by") == [None, None]
    scene.revoke(child, top["key"])
    scene.revoke("self", top["key"])
    assert [scene.row(token, columns) for token in (top, child)] == before
    for token in (top, child):
        hash_, at, by = scene.row(token, "hash, revoked_at, revoked_by")
        assert hash_ is None and at >= scene.row(token, "created_at")[0]
        assert by == bytes.fromhex(top["id"])


def test_the_answer_to_a_dead_key_is_that_to_an_unknown_one(scene):
    token = scene.create()
    scene.revoke(token)
    request = {"X-Request-Id": "one"}
    dead = scene.web.call("GET", f"{TOKENS}/self", key=token["key"], headers=request)
    garbage = scene.web.call("GET", f"{TOKENS}/self", key="garbage", headers=request)
    assert same(dead) == same(garbage)
