# SPDX-License-Identifier: ISC
"""Many tokens are revoked at once: exactly those that the filters choose and the caller may revoke,
never the caller, never all of them by a slip, and in pages that come to an end."""
import contextlib
import secrets
import sqlite3

import pytest

from asking import MEMO, QUICK, change
from claviger_site import TOKENS
from conftest import opened
from refusals import nothing_changes, refused, tells_nothing

REVOKE = TOKENS + "/revoke"
UNKNOWN_ID = "0123456789abcdef01234567"
WRITER = ["goals:read", "api-keys:read", "api-keys:write"]


class Scene:
    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.one, self.two = site.website("one.example"), site.website("two.example")
        self.owner = self.web.call("GET", f"{TOKENS}/self").first["id"]

    def create(self, parent=None, **body):
        return self.web.create(key=parent["key"] if parent else "owner", **body)

    def sweep(self, key="owner", **body):
        answer = self.web.call("POST", REVOKE, body, key=key).check()
        assert answer.status == 200, answer.error
        assert set(answer.json) == {"status", "data", "revocation", "pagination"}
        assert set(answer.json["revocation"]) == {"dryRun", "descendants", "skipped"}
        assert answer.json["revocation"]["dryRun"] is body.get("dryRun", False)
        assert not any("key" in record for record in answer.data)
        return answer

    def swept(self, key="owner", **body):
        """The names of what was revoked, newest first."""
        answer = self.sweep(key, **body)
        assert answer.json["pagination"] == {"nextCursor": None}
        return [record["name"] for record in answer.data]

    def lives(self, token):
        answer = self.web.call("GET", f"{TOKENS}/self", key=token["key"]).check()
        if answer.status == 200:
            return True
        answer.refused(401, "invalid_token")
        return False

    def living(self, tokens):
        return " ".join(name for name, token in tokens.items() if self.lives(token))

    def family(self, **body):
        """a made b and c; b made d; d made e."""
        made = {}
        for name, parent in (("a", None), ("b", "a"), ("c", "a"), ("d", "b"), ("e", "d")):
            made[name] = self.create(made.get(parent), name=name, **body)
        return made

    def row(self, token, columns):
        ((*values,),) = self.site.rows(f"SELECT {columns} FROM tokens WHERE id = ?",
                                       bytes.fromhex(token["id"]))
        return values

    def change(self, token, assignment, *values):
        change(self.site, f"UPDATE tokens SET {assignment} WHERE id = ?", *values,
               bytes.fromhex(token["id"]))


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


def test_what_a_token_made_is_revoked_and_shown(scene):
    family = scene.family()
    answer = scene.sweep(parentId=family["a"]["id"])
    assert [record["name"] for record in answer.data] == ["c", "b"]
    assert {record["state"] for record in answer.data} == {"revoked"}
    assert answer.json["revocation"] == {"dryRun": False, "descendants": 2, "skipped": 0}
    assert scene.living(family) == "a d e"
    for record in answer.data:
        assert scene.web.call("GET", f"{TOKENS}/{record['id']}").first == record
        hashed, revoked_at, by = scene.row(record, "hash, revoked_at, revoked_by")
        assert hashed is None and revoked_at is not None and by.hex() == scene.owner


def test_what_is_revoked_is_not_found_again(scene):
    family = scene.family()
    assert scene.swept(parentId=family["a"]["id"]) == ["c", "b"]
    with nothing_changes(scene.site):
        assert scene.swept(parentId=family["a"]["id"]) == []


def test_a_dry_run_says_what_would_be_and_does_nothing(scene):
    family = scene.family()
    with nothing_changes(scene.site):
        dry = scene.sweep(parentId=family["a"]["id"], dryRun=True)
    assert scene.living(family) == "a b c d e"
    assert {record["state"] for record in dry.data} == {"active"}
    assert dry.json["revocation"] == {"dryRun": True, "descendants": 2, "skipped": 0}
    wet = scene.sweep(parentId=family["a"]["id"], dryRun=False)
    assert [record["id"] for record in wet.data] == [record["id"] for record in dry.data]


def test_a_cascade_takes_what_they_made_and_counts_it(scene):
    family = scene.family()
    with nothing_changes(scene.site):
        dry = scene.sweep(parentId=family["a"]["id"], cascade=True, dryRun=True)
    answer = scene.sweep(parentId=family["a"]["id"], cascade=True)
    for one in (dry, answer):
        assert [record["name"] for record in one.data] == ["c", "b"]
        assert one.json["revocation"]["descendants"] == 2
    assert scene.living(family) == "a"


def test_descendants_are_counted_once_and_not_among_those_revoked(scene):
    """b, d and e are one line: of b's and d's descendants only e is left to count."""
    name = secrets.token_hex(8)
    family = scene.family()
    for one in "bd":
        scene.change(family[one], "name = ?", name + one)
    answer = scene.sweep(q=name)
    assert [record["name"] for record in answer.data] == [name + "d", name + "b"]
    assert answer.json["revocation"]["descendants"] == 1
    assert scene.living(family) == "a c e"


def test_a_cascade_of_false_is_none(scene):
    family = scene.family()
    scene.sweep(parentId=family["a"]["id"], cascade=False)
    assert scene.living(family) == "a d e"


def test_each_filter_chooses_as_in_the_list(scene):
    name = secrets.token_hex(8)
    tokens = {
        "goals": scene.create(name=name + " goals", permissions=["goals:read"]),
        "one": scene.create(name=name + " one", permissions=["alerts:read"],
                            websiteIds=[scene.one]),
        "star": scene.create(name=name + " star", permissions=["*"], websiteIds=[scene.two]),
        "old": scene.create(name=name + " old", permissions=["alerts:read"],
                            websiteIds=[scene.two]),
        "expired": scene.create(name=name + " expired", permissions=["alerts:read"],
                                websiteIds=[scene.two]),
    }
    scene.change(tokens["old"], "created_at = 5")
    scene.change(tokens["expired"], "expires_at = 5")
    since = "1970-01-01T00:00:01Z"
    for more, wanted in (
            ({"permission": "goals:read"}, "star goals"), ({"permission": "*"}, "star"),
            ({"websiteId": scene.one}, "one goals"), ({"unusedSince": since}, "old"),
            ({"state": "expired"}, "expired"), ({"state": "active"}, "old star one goals"),
            ({}, "expired old star one goals"), ({"parentId": UNKNOWN_ID}, ""),
            ({"parentId": scene.owner, "permission": "goals:read", "websiteId": scene.two},
             "star goals")):
        answer = scene.sweep(q=name.upper(), dryRun=True, **more)
        assert " ".join(r["name"].split()[1] for r in answer.data) == wanted, more
        listed = {"q": name, **more}
        query = "&".join(f"{key}={value}" for key, value in listed.items())
        assert answer.data == scene.web.call("GET", f"{TOKENS}?{query}").data
    assert scene.swept(q=name, permission="goals:read", websiteId=scene.one) == [name + " goals"]
    assert [name for name, token in tokens.items() if scene.row(token, "revoked_at")[0]] == [
        "goals"]


def test_an_expired_token_is_revoked_so_that_no_clock_brings_it_back(scene):
    token = scene.create(name="expired")
    scene.change(token, "expires_at = created_at")
    assert "expired" in scene.swept(parentId=scene.owner, state="expired")
    scene.change(token, "expires_at = NULL")
    assert not scene.lives(token)


def test_the_caller_is_left_out(scene):
    family = scene.family()
    for query in ({"parentId": family["a"]["id"]}, {"permission": "goals:read", "q": "b"}):
        assert "b" not in scene.swept(key=family["b"]["key"], **query)
    assert scene.lives(family["b"])
    scene.web.call("DELETE", f"{TOKENS}/{family['a']['id']}?cascade=true")


def test_a_cascade_over_the_caller_leaves_it_alive(scene):
    """b covers a, which made it: b revokes a with all that a made, but for b itself."""
    family = scene.family()
    name = secrets.token_hex(8)
    scene.change(family["a"], "name = ?", name)
    for dry_run in (True, False):
        answer = scene.sweep(key=family["b"]["key"], q=name, cascade=True, dryRun=dry_run)
        assert [record["name"] for record in answer.data] == [name]
        assert answer.json["revocation"]["descendants"] == 3
    assert scene.living(family) == "b"


def test_only_what_the_caller_may_revoke_is_revoked(scene):
    name = secrets.token_hex(8)
    caller = scene.create(permissions=WRITER, websiteIds=[scene.one, scene.two])
    tokens = {
        "covered": scene.create(name=name + " covered", permissions=["goals:read"],
                                websiteIds=[scene.one]),
        "wider": scene.create(name=name + " wider", permissions=["funnels:read"],
                              websiteIds=[scene.one]),
        "unseen": scene.create(name=name + " unseen", permissions=["goals:read"]),
        "own": scene.create(caller, name=name + " own", permissions=["goals:read"],
                            websiteIds=[scene.two]),
    }
    # Narrowed since: what it made is beyond it now, and its own all the same.
    scene.change(caller, "websites = ?", bytes.fromhex(scene.one))
    for dry_run in (True, False):
        answer = scene.sweep(key=caller["key"], q=name, dryRun=dry_run)
        assert [r["name"].split()[1] for r in answer.data] == ["own", "covered"]
        assert answer.json["revocation"]["skipped"] == 1
    assert scene.living(tokens) == "wider unseen"


def test_another_account_s_tokens_are_out_of_reach(scene):
    scene.site.account("other@example.com")
    foreign = scene.site.token("other@example.com")
    child = scene.web.create(key=foreign["key"], name="foreign child")
    for body in ({"parentId": foreign["id"]}, {"q": "foreign child"},
                 {"permission": "*", "q": "foreign"}):
        assert scene.swept(**body) == []
    assert scene.lives(child)


def test_a_caller_that_ended_meanwhile_revokes_nothing(scene):
    caller = scene.create(permissions=WRITER)
    other = scene.create(name="bystander", permissions=["goals:read"])
    scene.web.call("DELETE", f"{TOKENS}/{caller['id']}")
    scene.web.call("POST", REVOKE, {"q": "bystander"}, key=caller["key"]).refused(
        401, "invalid_token")
    assert scene.lives(other)


def test_the_permission_is_needed(scene):
    reader = scene.create(permissions=["goals:read", "api-keys:read"])
    with nothing_changes(scene.site):
        answer = scene.web.call("POST", REVOKE, {"q": "a"}, key=reader["key"])
        answer.refused(403, "insufficient_scope")
        assert 'scope="api-keys:write"' in answer.header("WWW-Authenticate")
        scene.web.call("POST", REVOKE, {"q": "a"}, key=None).refused(401, "missing_token")


@pytest.mark.parametrize("body", [
    {}, {"dryRun": False}, {"dryRun": True}, {"cascade": True}, {"cascade": True, "dryRun": False},
    "", "{}", "null", "[]", "{", '"all"'], ids=str)
def test_nothing_that_chooses_nothing_revokes_anything(scene, body):
    with nothing_changes(scene.site):
        answer = scene.web.call("POST", REVOKE, body)
        answer.refused(400, "invalid_json")
    tells_nothing(scene.site, answer)


@pytest.mark.parametrize("field", ["parentID", "parent_id", "permissions", "websiteIds", "name",
                                   "id", "ids", "limit", "dryrun", "DryRun", "all", "Q"])
def test_a_misspelt_field_is_refused(scene, field):
    with nothing_changes(scene.site):
        scene.web.call("POST", REVOKE, {"q": "a", field: "a"}).refused(
            400, "unknown_field", field)


WRONG = [
    *[(name, value) for name in ("parentId", "websiteId") for value in (
        "", "self", UNKNOWN_ID.upper(), UNKNOWN_ID + "0", UNKNOWN_ID[1:], 7, True, None, [],
        [UNKNOWN_ID], {})],
    *[("permission", value) for value in ("", "goals", "goals:*", "**", "Goals:read", None, 1,
                                          ["goals:read"], "goals:read ")],
    *[("unusedSince", value) for value in ("", "yesterday", "2026-01-01", "2026-01-01T00:00:00",
                                           "2026-02-30T00:00:00Z", 0, 1767225600, None, True,
                                           "2999-01-01T00:00:00Z")],
    *[("state", value) for value in ("", "all", "revoked", "Active", "active,expired", None, True,
                                     ["active"])],
    *[("q", value) for value in ("", None, 1, ["a"], 101 * "a", 101 * "é")],
    *[(name, value) for name in ("dryRun", "cascade") for value in ("true", "false", "", 0, 1, None,
                                                                    [True])],
    *[("cursor", value) for value in ("", "0", 32 * "A", 33 * "A", 4096 * "A", None, 0, True)],
]


@pytest.mark.parametrize("name, value", WRONG, ids=[f"{c[0]}={str(c[1])[:30]}" for c in WRONG])
def test_a_field_that_breaks_its_rule_is_named(scene, name, value):
    body = {name: value} if name == "q" else {"q": "a", name: value}
    with nothing_changes(scene.site):
        answer = scene.web.call("POST", REVOKE, body).refused(400, "invalid_field", name)
    tells_nothing(scene.site, answer)


def test_a_search_of_100_characters_is_no_error(scene):
    assert scene.swept(q=100 * "é") == []


def test_the_first_field_in_the_order_of_the_table_is_named(scene):
    wrong = {name: 0 for name in ("cursor", "dryRun", "cascade", "unusedSince", "websiteId",
                                  "permission", "parentId", "q", "state")}
    for name in reversed(list(wrong)):
        scene.web.call("POST", REVOKE, wrong).refused(400, "invalid_field", name)
        del wrong[name]
    scene.web.call("POST", REVOKE, {"state": 0, "x": 1}).refused(400, "unknown_field", "x")


def test_the_body_is_checked_as_any_other(scene):
    answer = scene.web.call("POST", REVOKE, "q=a",
                            headers={"Content-Type": "application/x-www-form-urlencoded"})
    answer.refused(415, "unsupported_media_type")
    scene.web.call("POST", REVOKE, '{"q":"a","q":"b"}').refused(400, "invalid_json")
    scene.web.call("POST", REVOKE, '{"q":"' + 65536 * "a" + '"}').refused(413, "body_too_large")


@contextlib.contextmanager
def many(scene, count, websites=b""):
    """COUNT tokens of one maker that none of these tests made one by one."""
    parent = scene.create(name="of many")
    with contextlib.closing(sqlite3.connect(scene.site.database, timeout=30)) as store:
        store.execute("BEGIN IMMEDIATE")
        store.executemany(
            "INSERT INTO tokens (id, account, parent, selector, display_key, name, hash, "
            "permissions, every_website, websites, created_at) SELECT ?, account, id, ?, "
            "display_key, ?, 'none', 'goals:read', ?, ?, created_at FROM tokens WHERE id = ?",
            [(secrets.token_bytes(12), secrets.token_hex(5), f"number {number}",
              0 if websites else 1, websites, bytes.fromhex(parent["id"]))
             for number in range(count)])
        store.commit()
    try:
        yield parent
    finally:
        change(scene.site, "DELETE FROM tokens WHERE parent = ?", bytes.fromhex(parent["id"]))


def loop(scene, **body):
    """What a client does: again with nextCursor, until there is none. The names, by answer."""
    pages, cursor = [], {}
    while True:
        answer = scene.sweep(**body, **cursor)
        pages.append([record["name"] for record in answer.data])
        if answer.json["pagination"]["nextCursor"] is None:
            return pages
        assert len(pages) < 100
        cursor = {"cursor": answer.json["pagination"]["nextCursor"]}


def test_at_most_1000_at_once_and_a_loop_comes_to_its_end(scene):
    with many(scene, 2500) as parent:
        wanted = [f"number {number}" for number in reversed(range(2500))]
        with nothing_changes(scene.site):
            dry = loop(scene, parentId=parent["id"], dryRun=True)
        wet = loop(scene, parentId=parent["id"])
        assert wet == dry and sum(wet, []) == wanted
        assert [len(page) for page in wet] == [1000, 1000, 500]
        assert loop(scene, parentId=parent["id"]) == [[]]


def test_exactly_1000_are_one_answer(scene):
    with many(scene, 1000) as parent:
        assert [len(page) for page in loop(scene, parentId=parent["id"])] == [1000]


def test_an_answer_ends_before_it_is_a_mebibyte_and_what_it_shows_is_what_it_did(scene):
    websites = b"".join(secrets.token_bytes(12) for _ in range(1000))
    with many(scene, 60, websites) as parent:
        first = scene.sweep(parentId=parent["id"])
        assert 10 < len(first.data) < 60 and len(first.body) <= 1024 * 1024
        living = scene.site.rows("SELECT count(*) FROM tokens WHERE parent = ? "
                                 "AND revoked_at IS NULL", bytes.fromhex(parent["id"]))
        assert living == [(60 - len(first.data),)]
        rest = loop(scene, parentId=parent["id"])
        assert len(first.data) + sum(map(len, rest)) == 60


def test_a_loop_gets_past_what_does_not_pass(scene):
    """More rows than one call looks at: each call goes on where the one before ended."""
    token = scene.create(name="the oldest")
    with many(scene, 6000):
        pages = loop(scene, permission="funnels:write", q="the oldest")
        assert pages == [[], ["the oldest"]]
        assert not scene.lives(token)


def test_a_cursor_of_other_filters_is_refused(scene):
    with many(scene, 1001) as parent:
        cursor = scene.sweep(parentId=parent["id"]).json["pagination"]["nextCursor"]
        for body in ({"q": "number"}, {"parentId": parent["id"], "q": "number"},
                     {"parentId": scene.owner}, {"parentId": parent["id"], "state": "active"}):
            with nothing_changes(scene.site):
                scene.web.call("POST", REVOKE, {**body, "cursor": cursor}).refused(
                    400, "invalid_field", "cursor")
        assert scene.swept(parentId=parent["id"], cursor=cursor) == ["number 0"]


def test_a_cursor_of_the_list_or_of_a_dry_run_is_another(scene):
    """What was only looked at must not be passed over."""
    with many(scene, 1001) as parent:
        dry = scene.sweep(parentId=parent["id"], dryRun=True).json["pagination"]["nextCursor"]
        listed = scene.web.call("GET", f"{TOKENS}?parentId={parent['id']}&limit=1000").json
        for cursor in (dry, listed["pagination"]["nextCursor"]):
            assert cursor
            with nothing_changes(scene.site):
                scene.web.call("POST", REVOKE, {"parentId": parent["id"], "cursor": cursor}
                               ).refused(400, "invalid_field", "cursor")


def test_each_revoked_token_has_its_row_in_the_audit(scene):
    family = scene.family()
    scene.sweep(parentId=family["a"]["id"], dryRun=True)
    written = "SELECT count(*) FROM audit WHERE action = 'token.revoke' AND actor = ? " \
              "AND target = ?"
    ids = {name: bytes.fromhex(token["id"]) for name, token in family.items()}

    def counts(actor):
        return [scene.site.rows(written, actor, ids[name])[0][0] for name in "abcde"]
    assert counts(bytes.fromhex(scene.owner)) == [0, 0, 0, 0, 0]
    scene.sweep(parentId=family["a"]["id"], cascade=True)
    assert counts(bytes.fromhex(scene.owner)) == [0, 1, 1, 1, 1]
    scene.site.admin("audit", "verify")


def test_a_spared_caller_has_no_row_in_the_audit(scene):
    family = scene.family()
    scene.change(family["a"], "name = ?", "spare me")
    scene.sweep(key=family["b"]["key"], q="spare me", cascade=True)
    rows = scene.site.rows("SELECT target FROM audit WHERE action = 'token.revoke' AND actor = ?",
                           bytes.fromhex(family["b"]["id"]))
    assert sorted(target.hex() for (target,) in rows) == sorted(
        family[name]["id"] for name in "acde")


def test_it_is_one_route_and_no_token_s_name(scene):
    for method in ("GET", "DELETE"):
        scene.web.call(method, REVOKE).refused(404, "not_found")
    refused(scene.web, {"dryRun": True}, 400, "unknown_field", "dryRun")
