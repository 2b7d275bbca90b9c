# SPDX-License-Identifier: ISC
"""What was changed, by whom, from where, and what it was before: every change has its row, in the
transaction of the change, and GET /audit shows an account its own."""
import datetime

import pytest

from asking import MEMO, QUICK, change
from claviger_site import B, TOKENS
from conftest import opened
from refusals import kept_tokens, tells_nothing

AUDIT = B + "/audit"
FIELDS = ["id", "at", "action", "actorTokenId", "accountId", "address", "requestId", "targetId",
          "before", "after"]


class Scene:
    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.owner = self.web.call("GET", f"{TOKENS}/self").first
        self.account = self.web.call("GET", B + "/account").first["id"]

    def entries(self, query="?limit=1000", key="owner"):
        answer = self.web.call("GET", AUDIT + query, key=key).check()
        assert answer.status == 200, answer.error
        tells_nothing(self.site, answer)
        return answer.data

    def newest(self):
        return self.entries("?limit=1")[0]

    def all_rows(self):
        """Those of every account, as the operator reads them; newest first, like GET /audit."""
        return self.site.admin_json("audit", "list")[::-1]


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


@pytest.fixture(autouse=True)
def holds(request):
    """The trail is whole after every test that has not broken it."""
    yield
    if "scene" in request.fixturenames:
        request.getfixturevalue("scene").site.admin("audit", "verify")


def audited(record, **changes):
    """What the audit keeps of a token."""
    kept = {name: record[name] for name in
            ("name", "displayKey", "permissions", "websiteIds", "allowedIps", "expiresAt", "state",
             "rotatedAt", "graceEndsAt")}
    return {**kept, **changes}


def test_the_first_owner_is_the_operators_work(scene):
    account, token = scene.entries()[::-1][:2]
    assert list(account) == list(token) == FIELDS
    assert (account["id"], account["action"], account["targetId"]) == \
        ("1", "account.add", scene.account)
    assert account["after"] == {"email": "owner@localhost", "name": "Owner", "disabledAt": None}
    assert (token["id"], token["action"], token["targetId"]) == \
        ("2", "token.create", scene.owner["id"])
    assert token["after"] == audited(scene.owner)
    for entry in (account, token):
        assert entry["accountId"] == scene.account
        assert all(entry[name] is None for name in
                   ("actorTokenId", "address", "requestId", "before"))


def test_a_creation_says_who_from_where_and_what(scene):
    website = scene.site.website("creation.example")
    before = datetime.datetime.now(datetime.UTC)
    answer = scene.web.call("POST", TOKENS, {"name": "<b>\"é\"", "permissions": ["goals:read"],
                                             "websiteIds": [website], "expiresIn": 3600},
                            headers={"X-Request-Id": "creation-1"}, source="127.0.0.9")
    entry = scene.newest()
    assert answer.status == 201
    assert entry == {"id": entry["id"], "at": entry["at"], "action": "token.create",
                     "actorTokenId": scene.owner["id"], "accountId": scene.account,
                     "address": "127.0.0.9", "requestId": "creation-1",
                     "targetId": answer.first["id"], "before": None,
                     "after": audited(answer.first)}
    assert int(entry["id"]) > 2
    at = datetime.datetime.fromisoformat(entry["at"])
    assert before - datetime.timedelta(seconds=1) < at <= datetime.datetime.now(datetime.UTC)


def test_a_request_that_does_not_name_itself_has_the_name_of_its_answer(scene):
    answer = scene.web.call("POST", TOKENS, {})
    assert scene.newest()["requestId"] == answer.header("X-Request-Id")


def test_a_child_is_its_parents_work(scene):
    parent = scene.web.create(permissions=["api-keys:write", "goals:read"])
    child = scene.web.create(key=parent["key"])
    entry = scene.newest()
    assert (entry["actorTokenId"], entry["targetId"]) == (parent["id"], child["id"])


def test_the_operators_token_has_a_row_without_actor(scene):
    record = scene.site.token("owner@localhost", "--name", "by hand")
    entry = scene.newest()
    assert (entry["action"], entry["targetId"]) == ("token.create", record["id"])
    assert entry["actorTokenId"] is None and entry["accountId"] == scene.account


def test_a_revocation_shows_what_was_lost(scene):
    record = scene.web.create(name="doomed", permissions=["goals:read"])
    assert scene.web.call("DELETE", f"{TOKENS}/{record['id']}").status == 200
    entry = scene.newest()
    assert (entry["action"], entry["targetId"]) == ("token.revoke", record["id"])
    assert entry["actorTokenId"] == scene.owner["id"]
    assert entry["before"] == audited(record)
    assert entry["after"] == audited(record, state="revoked")


def test_a_token_that_revokes_itself_is_the_actor(scene):
    record = scene.web.create(permissions=["goals:read"])
    assert scene.web.call("DELETE", f"{TOKENS}/self", key=record["key"]).status == 200
    entry = scene.newest()
    assert entry["actorTokenId"] == entry["targetId"] == record["id"]


@pytest.mark.parametrize("by_operator", [False, True])
def test_a_cascade_has_a_row_for_each_token_that_it_takes(scene, by_operator):
    parent = scene.web.create(name="parent", permissions=["api-keys:write", "goals:read"])
    children = [scene.web.create(key=parent["key"], name=f"child {n}") for n in range(3)]
    grandchild = scene.web.create(key=children[1]["key"], name="grandchild")
    gone = scene.web.create(key=children[2]["key"], name="gone before")
    scene.web.call("DELETE", f"{TOKENS}/{gone['id']}")
    known = len(scene.entries())
    if by_operator:
        scene.site.admin("token", "revoke", parent["id"], "--cascade")
    else:
        answer = scene.web.call("DELETE", f"{TOKENS}/{parent['id']}?cascade=true")
        assert answer.first["descendants"] == 4
    new = scene.entries()[:-known]
    assert {entry["targetId"] for entry in new} == \
        {record["id"] for record in (parent, *children, grandchild)}
    assert len(new) == 5
    for entry in new:
        assert entry["action"] == "token.revoke"
        assert entry["actorTokenId"] == (None if by_operator else scene.owner["id"])
        assert (entry["before"]["state"], entry["after"]["state"]) == ("active", "revoked")
    assert new[-1]["targetId"] == parent["id"]


def test_a_change_shows_both_sides_and_a_cascade_what_it_cut(scene):
    parent = scene.web.create(name="wide", permissions=["api-keys:write", "goals:read"])
    cut = scene.web.create(key=parent["key"], name="cut")
    kept = scene.web.create(key=parent["key"], name="kept", permissions=["goals:read"])
    lost = scene.web.create(key=parent["key"], name="lost", permissions=["api-keys:write"])
    known = len(scene.entries())
    answer = scene.web.call("PATCH", f"{TOKENS}/{parent['id']}?cascade=true",
                            {"name": "narrow", "permissions": ["goals:read"]})
    assert answer.status == 200, answer.error
    new = {entry["targetId"]: entry for entry in scene.entries()[:-known]}
    assert set(new) == {parent["id"], cut["id"], lost["id"]} and kept["id"] not in new
    assert new[parent["id"]]["before"] == audited(parent)
    assert new[parent["id"]]["after"] == audited(answer.first)
    assert new[cut["id"]]["before"] == audited(cut)
    assert new[cut["id"]]["after"] == audited(cut, permissions=["goals:read"])
    assert new[lost["id"]]["after"] == audited(lost, state="revoked")
    assert [new[record["id"]]["action"] for record in (parent, cut, lost)] == \
        ["token.change", "token.change", "token.revoke"]


def test_an_attempt_to_widen_is_kept(scene):
    record = scene.web.create(permissions=["goals:read"])
    answer = scene.web.call("PATCH", f"{TOKENS}/{record['id']}", {"permissions": ["*"]})
    answer.refused(403, "scope_exceeded", "permissions[0]")
    entry = scene.newest()
    assert (entry["action"], entry["targetId"]) == ("scope.refused", record["id"])
    assert entry["after"] == {"field": "permissions[0]", "message": answer.error["message"]}


def test_a_rotation_shows_the_keys_by_their_display(scene):
    record = scene.web.create(name="rotated", permissions=["goals:read"])
    path = f"{TOKENS}/{record['id']}/rotate"
    answer = scene.web.call("POST", path, {"graceSeconds": 600})
    assert answer.status == 200, answer.error
    entry = scene.newest()
    assert (entry["action"], entry["targetId"]) == ("token.rotate", record["id"])
    assert entry["before"] == audited(record) and entry["after"] == audited(answer.first)
    assert entry["before"]["displayKey"] != entry["after"]["displayKey"]
    limited = scene.web.create(permissions=["api-keys:write"])
    scene.web.call("POST", path, {}, key=limited["key"]).refused(403, "scope_exceeded")
    entry = scene.newest()
    assert (entry["action"], entry["actorTokenId"], entry["targetId"]) == \
        ("scope.refused", limited["id"], record["id"])


def test_a_request_asked_again_leaves_what_it_took_back(scene):
    headers = {"Idempotency-Key": "asked-again"}
    first = scene.web.call("POST", TOKENS, {"name": "again"}, headers=headers).first
    child = scene.web.create(key=first["key"])
    known = len(scene.entries())
    second = scene.web.call("POST", TOKENS, {"name": "again"}, headers=headers).first
    new = scene.entries()[:-known][::-1]
    assert [(entry["action"], entry["targetId"]) for entry in new] == [
        ("token.revoke", first["id"]), ("token.revoke", child["id"]),
        ("token.create", second["id"])]


def test_websites_are_written_with_their_owner(scene):
    website = scene.site.website("added.example")
    added = scene.newest()
    scene.site.admin("website", "remove", "added.example")
    removed = scene.newest()
    content = {"domain": "added.example", "name": "added.example"}
    assert (added["action"], added["before"], added["after"]) == ("website.add", None, content)
    assert (removed["action"], removed["before"], removed["after"]) == \
        ("website.remove", content, None)
    for entry in (added, removed):
        assert entry["targetId"] == website and entry["accountId"] == scene.account
        assert entry["actorTokenId"] is None


def test_accounts_are_written_and_an_account_sees_its_own_alone(scene):
    account = scene.site.account("audited@example.com")
    token = scene.site.token("audited@example.com")
    theirs = scene.entries(key=token["key"])
    assert [entry["action"] for entry in theirs] == ["token.create", "account.add"]
    assert {entry["accountId"] for entry in theirs} == {account}
    assert {entry["accountId"] for entry in scene.entries()} == {scene.account}
    scene.site.admin("account", "disable", account)
    entry = scene.all_rows()[0]
    assert (entry["action"], entry["targetId"]) == ("account.disable", account)
    assert entry["before"]["disabledAt"] is None and entry["after"]["disabledAt"] is not None
    scene.site.admin("account", "enable", account)
    back = scene.all_rows()[0]
    assert (back["action"], back["targetId"]) == ("account.enable", account)
    assert (back["before"], back["after"]) == (entry["after"], entry["before"])
    assert back["actorTokenId"] is None
    assert [one["action"] for one in scene.entries(key=token["key"])[:2]] == [
        "account.enable", "account.disable"]


# ---- What was refused -------------------------------------------------------------------------

EXCESSES = [
    ({"permissions": ["goals:read", "goals:write"]}, "permissions[1]"),
    ({"permissions": ["*"]}, "permissions[0]"),
    ({"websiteIds": []}, "websiteIds"),
    ({"expiresAt": None, "expiresIn": 100000}, "expiresIn"),
]


@pytest.mark.parametrize("body, field", EXCESSES, ids=[row[1] for row in EXCESSES])
def test_an_attempt_to_make_more_is_kept(scene, body, field):
    website = scene.site.website(f"excess{len(scene.all_rows())}.example")
    limited = scene.web.create(permissions=["goals:read", "api-keys:write"], websiteIds=[website],
                               expiresIn=3600)
    tokens = kept_tokens(scene.site)
    answer = scene.web.call("POST", TOKENS, {k: v for k, v in body.items() if v is not None or
                                             k == "websiteIds"}, key=limited["key"])
    answer.refused(403, "scope_exceeded", field)
    entry = scene.newest()
    assert (entry["action"], entry["actorTokenId"]) == ("scope.refused", limited["id"])
    assert (entry["targetId"], entry["before"]) == (None, None)
    assert entry["after"] == {"field": field, "message": answer.error["message"]}
    assert entry["requestId"] == answer.header("X-Request-Id")
    assert kept_tokens(scene.site) == tokens


def test_an_attempt_to_revoke_what_is_wider_is_kept(scene):
    limited = scene.web.create(permissions=["api-keys:write"])
    wider = scene.web.create(name="wider")
    scene.web.call("DELETE", f"{TOKENS}/{wider['id']}", key=limited["key"]).refused(
        403, "scope_exceeded")
    entry = scene.newest()
    assert (entry["action"], entry["actorTokenId"], entry["targetId"]) == \
        ("scope.refused", limited["id"], wider["id"])
    assert entry["after"]["field"] is None and "wider" in entry["after"]["message"]


def test_no_other_refusal_and_no_reading_leaves_a_row(scene):
    known = scene.all_rows()
    limited = scene.web.create(permissions=["goals:read"])
    for method, path, body, key in [
            ("GET", TOKENS, None, "owner"), ("GET", AUDIT, None, "owner"),
            ("POST", TOKENS, {"permissions": ["no:such"]}, "owner"),
            ("POST", TOKENS, {"websiteIds": ["0" * 24]}, "owner"),
            ("POST", TOKENS, {}, limited["key"]), ("POST", TOKENS, {}, None),
            ("DELETE", f"{TOKENS}/{'0' * 24}", None, "owner"),
            ("DELETE", f"{TOKENS}/{'0' * 24}", None, limited["key"])]:
        scene.web.call(method, path, body, key=key)
    assert len(scene.all_rows()) == len(known) + 1


# ---- The list ---------------------------------------------------------------------------------

def test_pages_follow_one_another_as_those_of_tokens_do(scene):
    for number in range(5):
        scene.web.create(name=f"page {number}")
    everything = scene.entries()
    for limit in (1, 3, 1000):
        found, query = [], f"?limit={limit}&unknown=1"
        while query:
            answer = scene.web.call("GET", AUDIT + query).check()
            assert len(answer.data) <= limit
            found += answer.data
            cursor = answer.json["pagination"]["nextCursor"]
            query = cursor and f"?limit={limit}&cursor={cursor}"
            assert answer.header("Link") == (f'<{query}>; rel="next"' if query else None)
        assert found == everything
    numbers = [int(entry["id"]) for entry in everything]
    assert numbers == sorted(numbers, reverse=True)
    assert len(scene.entries("")) == min(100, len(everything))


def test_a_page_ends_before_its_answer_is_too_large(scene):
    many = [scene.site.website(f"w{number}.many.example") for number in range(40)]
    records = [scene.web.create(name="é" * 100, websiteIds=many) for _ in range(60)]
    for record in records:
        scene.web.call("DELETE", f"{TOKENS}/{record['id']}")
    answer = scene.web.call("GET", AUDIT + "?limit=1000").check()
    assert 0 < len(answer.data) < 120 and len(answer.body) < 176 * 1024
    assert answer.json["pagination"]["nextCursor"]


def test_a_cursor_is_good_for_one_kind_of_list_alone(scene):
    scene.web.create()
    of_audit = scene.web.call("GET", AUDIT + "?limit=1").json["pagination"]["nextCursor"]
    of_tokens = scene.web.call("GET", TOKENS + "?limit=1").json["pagination"]["nextCursor"]
    assert len(scene.entries(f"?limit=1&cursor={of_audit}")) == 1
    for path, cursor in ((AUDIT, of_tokens), (TOKENS, of_audit), (AUDIT, "x"), (AUDIT, "")):
        scene.web.call("GET", f"{path}?cursor={cursor}").refused(400, "invalid_parameter",
                                                                 "cursor")
    scene.web.call("GET", AUDIT + "?limit=0").refused(400, "invalid_parameter", "limit")


def test_a_value_that_is_no_json_changes_nothing_around_it(fresh_site):
    """Who writes the database can write anything; what reads the trail shows it as a text."""
    scene = Scene(fresh_site)
    change(fresh_site, "UPDATE audit SET after = ? WHERE sequence = 2", '{"a":1},"x":{"b":"<"}')
    entry = scene.newest()
    assert entry["after"] == '{"a":1},"x":{"b":"<"}' and list(entry) == FIELDS


# ---- What cannot be written does not happen ----------------------------------------------------

def test_a_change_without_room_for_its_row_does_not_happen(fresh_site):
    scene = Scene(fresh_site)
    website = fresh_site.website("kept.example")
    parent = scene.web.create(permissions=["api-keys:write"])
    scene.web.create(key=parent["key"])
    change(fresh_site, "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN "
                       "SELECT raise(ABORT, 'no room'); END")
    rows, tokens = fresh_site.rows("SELECT * FROM audit"), kept_tokens(fresh_site)
    for method, path, body, key in [
            ("POST", TOKENS, {"name": "never"}, "owner"),
            ("POST", TOKENS, {"permissions": ["*"]}, parent["key"]),
            ("PATCH", f"{TOKENS}/{parent['id']}", {"name": "never"}, "owner"),
            ("POST", f"{TOKENS}/{parent['id']}/rotate", {}, "owner"),
            ("DELETE", f"{TOKENS}/{parent['id']}", None, "owner"),
            ("DELETE", f"{TOKENS}/{parent['id']}?cascade=true", None, "owner"),
            ("DELETE", f"{TOKENS}/self", None, parent["key"])]:
        answer = scene.web.call(method, path, body, key=key).check()
        assert answer.status in (500, 503), (method, path, answer.status)
        tells_nothing(fresh_site, answer)
    for arguments in (("website", "add", "never.example"), ("website", "remove", website),
                      ("account", "add", "never@example.com"),
                      ("account", "disable", "owner@localhost"),
                      ("token", "revoke", parent["id"], "--cascade"), ("token", "create")):
        fresh_site.admin(*arguments, status=1)
    assert (fresh_site.rows("SELECT * FROM audit"), kept_tokens(fresh_site)) == (rows, tokens)
    assert [site["id"] for site in fresh_site.admin_json("website", "list")] == [website]
    (account,) = fresh_site.admin_json("account", "list")
    assert account["disabledAt"] is None
    change(fresh_site, "DROP TRIGGER full")
    scene.web.create(name="now")
    assert scene.newest()["after"]["name"] == "now"
    fresh_site.admin("audit", "verify")
