# SPDX-License-Identifier: ISC
"""Never wider: whatever a caller asks for or leaves out, the new token lies inside its own scope,
and of another account it learns nothing at all."""
import datetime
import itertools

import pytest

from asking import ALL_PERMISSIONS, MEMO, QUICK, change, same
from claviger_site import TOKENS, B
from conftest import opened
from refusals import nothing_changes, without_request_id

UNKNOWN_ID = "0123456789abcdef01234567"
HELD = ["goals:read", "goals:write", "websites:read", "api-keys:read", "api-keys:write"]
END = "2090-01-01T00:00:00.000Z"
SOONER, LATER = "2089-12-31T23:59:59.999Z", "2090-01-01T00:00:00.001Z"
ABSENT = object()


class Scene:
    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.one, self.two, self.three = (site.website(f"{name}.example")
                                          for name in ("one", "two", "three"))
        self.other_account = site.account("other@example.com")
        self.foreign = site.website("foreign.example", "other@example.com")
        self.other = site.token("other@example.com")
        self.caller = self.create(permissions=HELD, websiteIds=[self.one, self.two],
                                  expiresAt=END)

    def create(self, key="owner", **body):
        return self.web.create(key=key, **body)

    def record(self, token, key="owner"):
        return self.web.call("GET", f"{TOKENS}/{token['id']}", key=key).check().first

    def itself(self, key):
        return self.web.call("GET", f"{TOKENS}/self", key=key).check()

    def refused(self, key, body, status, reason, field):
        with nothing_changes(self.site):
            self.web.call("POST", TOKENS, body, key=key).refused(status, reason, field)

    def websites(self, key):
        answer = self.web.call("GET", B + "/websites", key=key).check()
        assert answer.status == 200, answer.error
        return {website["id"] for website in answer.data}


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


def scope(record):
    """What a record says of its scope, in a form that can be compared."""
    return set(record["permissions"]), set(record["websiteIds"]), record["expiresAt"]


# What a caller may ask in each field: label, value, what is given or the field that is refused.
# Websites are named, as their ids are known only once the site is there.
PERMISSIONS = [
    ("absent", ABSENT, HELD, None),
    ("its own", HELD[::-1], HELD, None),
    ("fewer", ["api-keys:write", "goals:read"], ["goals:read", "api-keys:write"], None),
    ("one more", HELD + ["alerts:read"], None, f"permissions[{len(HELD)}]"),
    ("another", ["alerts:read", "goals:read"], None, "permissions[0]"),
    ("star", ["*"], None, "permissions[0]"),
]
WEBSITES = [
    ("absent", ABSENT, ["one", "two"], None),
    ("its own", ["two", "one", "two"], ["one", "two"], None),
    ("fewer", ["two"], ["two"], None),
    ("one more", ["one", "two", "three"], None, "websiteIds[2]"),
    ("another account's", ["foreign"], None, "websiteIds[0]"),
    ("all", [], None, "websiteIds"),
]
ENDS = [
    ("absent", ABSENT, END, None),
    ("its own", END, END, None),
    ("sooner", SOONER, SOONER, None),
    ("later", LATER, None, "expiresAt"),
    ("never", None, None, "expiresAt"),
]
EVERY = list(itertools.product(PERMISSIONS, WEBSITES, ENDS))


@pytest.mark.parametrize("permissions, websites, end", EVERY,
                         ids=[", ".join(field[0] for field in fields) for fields in EVERY])
def test_no_field_nor_any_of_them_together_leads_out_of_the_caller(scene, permissions, websites,
                                                                   end):
    """Each field singly, in pairs, and all three: the first that is beyond the caller is named."""
    def ids(names):
        return [getattr(scene, name) for name in names]

    body = {}
    for name, (_, value, _, _) in zip(("permissions", "websiteIds", "expiresAt"),
                                      (permissions, websites, end)):
        if value is not ABSENT:
            body[name] = ids(value) if name == "websiteIds" else value
    beyond = [field for _, _, _, field in (permissions, websites, end) if field]
    if beyond:
        scene.refused(scene.caller["key"], body, 403, "scope_exceeded", beyond[0])
        return
    made = scene.create(scene.caller["key"], **body)
    expected = set(permissions[2]), set(ids(websites[2])), end[2]
    assert scope(made) == expected
    assert scope(scene.record(made)) == expected
    assert made["parentId"] == scene.caller["id"]


def test_what_is_left_out_is_inherited_all_the_way_down(scene):
    token = scene.caller
    for _ in range(5):
        child = scene.create(token["key"])
        assert scope(child) == scope(scene.caller) and child["parentId"] == token["id"]
        token = child
    assert scope(scene.itself(token["key"]).first) == scope(scene.caller)


def test_each_generation_may_narrow_and_none_may_widen_again(scene):
    narrower = scene.create(scene.caller["key"], permissions=HELD[1:])
    narrowest = scene.create(narrower["key"], websiteIds=[scene.one], expiresAt=SOONER)
    key = narrowest["key"]
    assert scope(scene.create(key)) == (set(HELD[1:]), {scene.one}, SOONER)
    scene.refused(key, {"permissions": HELD}, 403, "scope_exceeded", "permissions[0]")
    scene.refused(key, {"websiteIds": [scene.one, scene.two]}, 403, "scope_exceeded",
                  "websiteIds[1]")
    scene.refused(key, {"expiresAt": END}, 403, "scope_exceeded", "expiresAt")


def test_a_revoked_parent_does_not_widen_its_children(scene):
    parent = scene.create(scene.caller["key"])
    child = scene.create(parent["key"], permissions=HELD)
    assert scene.web.call("DELETE", f"{TOKENS}/{parent['id']}").status == 200
    for body, field in (({"permissions": ["*"]}, "permissions[0]"), ({"websiteIds": []},
                        "websiteIds"), ({"expiresAt": None}, "expiresAt")):
        scene.refused(child["key"], body, 403, "scope_exceeded", field)
    assert scope(scene.create(child["key"])) == scope(scene.caller)


def test_whoever_lists_every_permission_does_not_hold_star(scene):
    """All of today's names are not those of tomorrow."""
    lister = scene.create(permissions=list(ALL_PERMISSIONS))
    scene.refused(lister["key"], {"permissions": ["*"]}, 403, "scope_exceeded", "permissions[0]")
    child = scene.create(lister["key"])
    assert child["permissions"] == list(ALL_PERMISSIONS)
    scene.refused(child["key"], {"permissions": ["*"]}, 403, "scope_exceeded", "permissions[0]")


def test_only_who_is_not_limited_may_say_all_websites(scene):
    for key in ("owner", scene.create(permissions=HELD)["key"]):
        unlimited = scene.create(key, websiteIds=[])
        assert unlimited["websiteIds"] == []
        assert scene.three in scene.websites(unlimited["key"])
    every = [scene.one, scene.two, scene.three]
    limited = scene.create(websiteIds=every)
    scene.refused(limited["key"], {"websiteIds": []}, 403, "scope_exceeded", "websiteIds")
    assert set(scene.create(limited["key"])["websiteIds"]) == set(every)


def test_an_end_is_handed_down_and_kept(scene):
    brief = scene.create(expiresIn=600)
    child = scene.create(brief["key"], permissions=["api-keys:write"])
    grandchild = scene.create(child["key"])
    assert brief["expiresAt"] == child["expiresAt"] == grandchild["expiresAt"]
    for token in (brief, child, grandchild):
        scene.refused(token["key"], {"expiresAt": None}, 403, "scope_exceeded", "expiresAt")
        scene.refused(token["key"], {"expiresIn": 3600}, 403, "scope_exceeded", "expiresIn")
        sooner = scene.create(token["key"], expiresIn=60)["expiresAt"]
        assert sooner < brief["expiresAt"]


def test_a_caller_whose_row_was_narrowed_gives_no_more_than_it_has_now(scene):
    """Permissions, websites and end are read at every use, not when the key was first seen."""
    token = scene.create()
    scene.create(token["key"])
    change(scene.site, "UPDATE tokens SET permissions = 'goals:read api-keys:write', "
                       "every_website = 0, websites = ? WHERE id = ?",
           bytes.fromhex(scene.one), bytes.fromhex(token["id"]))
    child = scene.create(token["key"])
    assert scope(child) == ({"goals:read", "api-keys:write"}, {scene.one}, None)
    scene.refused(token["key"], {"permissions": ["*"]}, 403, "scope_exceeded", "permissions[0]")


class Leftover:
    """Tokens limited to websites of which one, and all, have been removed since."""

    def __init__(self, scene):
        site = scene.site
        self.kept, self.gone = site.website("kept.example"), site.website("gone.example")
        self.some = scene.create(permissions=HELD, websiteIds=[self.kept, self.gone])
        self.none = scene.create(permissions=HELD, websiteIds=[self.gone])
        self.none_of_star = scene.create(websiteIds=[self.gone])
        self.reader = scene.create(permissions=["goals:read"], websiteIds=[self.gone])
        assert scene.websites(self.none["key"]) == {self.gone}
        site.admin("website", "remove", self.gone)
        self.newer = site.website("newer.example")


@pytest.fixture(scope="module")
def leftover(scene):
    return Leftover(scene)


def test_a_removed_website_stays_in_the_list_that_named_it(scene, leftover):
    for token, ids in ((leftover.some, {leftover.kept, leftover.gone}),
                       (leftover.none, {leftover.gone}), (leftover.reader, {leftover.gone})):
        assert set(scene.record(token)["websiteIds"]) == ids
        assert set(scene.itself(token["key"]).first["websiteIds"]) == ids
        ((every, websites),) = scene.site.rows(
            "SELECT every_website, websites FROM tokens WHERE id = ?", bytes.fromhex(token["id"]))
        assert every == 0 and len(websites) == 12 * len(ids)


def test_a_removed_website_grants_nothing_and_no_other_comes_in_its_place(scene, leftover):
    assert scene.websites(leftover.some["key"]) == {leftover.kept}
    assert leftover.newer in scene.websites("owner")
    for body in ({"websiteIds": [leftover.newer]}, {"websiteIds": [scene.one]}):
        scene.refused(leftover.some["key"], body, 403, "scope_exceeded", "websiteIds[0]")
    scene.refused(leftover.some["key"], {"websiteIds": []}, 403, "scope_exceeded", "websiteIds")


@pytest.mark.parametrize("name", ["none", "none_of_star"])
def test_a_token_whose_last_website_is_gone_can_do_nothing(scene, leftover, name):
    token = getattr(leftover, name)
    key = token["key"]
    for method, path, body in (("GET", TOKENS, None), ("GET", TOKENS + "?state=all", None),
                               ("GET", f"{TOKENS}/{token['id']}", None),
                               ("GET", f"{TOKENS}/{leftover.some['id']}", None),
                               ("GET", B + "/websites", None),
                               ("POST", TOKENS, {}), ("POST", TOKENS, {"websiteIds": []}),
                               ("POST", TOKENS, {"websiteIds": [leftover.gone]}),
                               ("POST", TOKENS, {"websiteIds": [leftover.kept]}),
                               ("DELETE", f"{TOKENS}/{leftover.reader['id']}", None)):
        with nothing_changes(scene.site):
            answer = scene.web.call(method, path, body, key=key)
            answer.refused(403, "insufficient_scope")
    assert scene.itself(key).status == 200


def test_omission_hands_a_removed_website_down_as_it_is(scene, leftover):
    child = scene.create(leftover.some["key"])
    assert set(child["websiteIds"]) == {leftover.kept, leftover.gone}
    assert scene.websites(child["key"]) == {leftover.kept}
    assert scene.create(child["key"], websiteIds=[leftover.kept])["websiteIds"] == [leftover.kept]


def test_a_removed_website_cannot_be_given_by_name(scene, leftover):
    for key in ("owner", leftover.some["key"]):
        scene.refused(key, {"websiteIds": [leftover.gone]}, 404, "not_found", "websiteIds[0]")
        scene.refused(key, {"websiteIds": [leftover.kept, leftover.gone]}, 404, "not_found",
                      "websiteIds[1]")


def test_a_website_of_the_same_name_is_another_one(scene, leftover):
    again = scene.site.website("gone.example")
    assert again != leftover.gone
    assert again not in scene.websites(leftover.some["key"])
    scene.web.call("GET", B + "/websites", key=leftover.none["key"]).refused(
        403, "insufficient_scope")


def test_a_token_whose_websites_are_gone_may_still_revoke_itself(scene, leftover):
    token = scene.create(permissions=["goals:read"], websiteIds=[scene.one])
    change(scene.site, "UPDATE tokens SET websites = ? WHERE id = ?",
           bytes.fromhex(leftover.gone), bytes.fromhex(token["id"]))
    assert scene.web.call("DELETE", f"{TOKENS}/self", key=token["key"]).check().status == 200


def test_a_list_emptied_in_the_row_is_never_all(scene):
    """However it came to be empty: without its own mark, a list is a limit."""
    token = scene.create(permissions=HELD, websiteIds=[scene.one])
    change(scene.site, "UPDATE tokens SET websites = x'' WHERE id = ?",
           bytes.fromhex(token["id"]))
    for method, path, body in (("GET", B + "/websites", None), ("GET", TOKENS, None),
                               ("POST", TOKENS, {}), ("POST", TOKENS, {"websiteIds": []})):
        scene.web.call(method, path, body, key=token["key"]).refused(403, "insufficient_scope")


# Requests for one token, by id.
BY_ID = [("GET", ""), ("DELETE", ""), ("DELETE", "?cascade=true")]


@pytest.mark.parametrize("method, query", BY_ID, ids=[f"{m} {q}" for m, q in BY_ID])
def test_another_accounts_token_is_as_if_it_were_not(scene, method, query):
    """Row 43, from both sides: in status, headers and body, but for the request's id."""
    for key, own, foreign in ((scene.other["key"], scene.other, scene.caller),
                              ("owner", scene.caller, scene.other)):
        with nothing_changes(scene.site):
            answers = {name: scene.web.call(method, f"{TOKENS}/{name}{query}", key=key)
                       for name in (foreign["id"], UNKNOWN_ID)}
        for answer in answers.values():
            answer.refused(404, "not_found")
        assert without_request_id(answers[foreign["id"]]) == without_request_id(
            answers[UNKNOWN_ID])
        assert scene.web.call("GET", f"{TOKENS}/{own['id']}", key=key).status == 200
    assert scene.itself(scene.other["key"]).status == 200


def test_another_accounts_websites_are_as_if_they_were_not(scene):
    assert scene.websites(scene.other["key"]) == {scene.foreign}
    assert scene.foreign not in scene.websites("owner")
    answers = [scene.web.call("POST", TOKENS, {"websiteIds": [website]}, key=scene.other["key"])
               for website in (scene.one, UNKNOWN_ID)]
    for answer in answers:
        answer.refused(404, "not_found", "websiteIds[0]")
    assert without_request_id(answers[0]) == without_request_id(answers[1])


def test_the_list_of_an_account_holds_nothing_of_another(scene):
    child = scene.create(scene.other["key"], websiteIds=[scene.foreign])
    for query in ("", "?state=all", "?limit=1000"):
        listed = [record["id"] for record in scene.web.call(
            "GET", TOKENS + query, key=scene.other["key"]).check().data]
        assert {child["id"], scene.other["id"]} <= set(listed)
        foreign = {record["id"] for record in scene.web.call("GET", TOKENS + query).check().data}
        assert not foreign & set(listed)
        accounts = {bytes(account).hex() for (account,) in scene.site.rows(
            "SELECT a.id FROM tokens t JOIN accounts a ON a.sequence = t.account WHERE t.id IN "
            f"({', '.join('?' * len(listed))})", *map(bytes.fromhex, listed))}
        assert accounts == {scene.other_account}


def test_the_account_of_a_token_is_its_makers(scene):
    for key, email in (("owner", "owner@localhost"), (scene.other["key"], "other@example.com")):
        child = scene.create(key)
        assert scene.itself(child["key"]).first["account"]["email"] == email
        account = scene.web.call("GET", B + "/account", key=child["key"]).check().first
        assert account["email"] == email and account["token"]["id"] == child["id"]


def test_a_disabled_account_ends_with_the_next_request(scene):
    """A17: its tokens were used just now, and are known to be good."""
    scene.site.account("ending@example.com")
    website = scene.site.website("ending.example", "ending@example.com")
    top = scene.site.token("ending@example.com")
    tokens = [top, scene.create(top["key"]), scene.create(top["key"], websiteIds=[website])]
    for token in tokens:
        assert scene.itself(token["key"]).status == 200
    scene.site.admin("account", "disable", "ending@example.com")
    garbage = scene.web.call("GET", TOKENS, key="garbage", headers={"X-Request-Id": "one"})
    for token in tokens:
        for method, path, body in (("GET", TOKENS, None), ("POST", TOKENS, {}),
                                   ("DELETE", f"{TOKENS}/self", None), ("GET", B + "/account",
                                                                        None)):
            with nothing_changes(scene.site):
                answer = scene.web.call(method, path, body, key=token["key"],
                                        headers={"X-Request-Id": "one"})
            answer.refused(401, "invalid_token")
            assert same(answer) == same(garbage)
    assert scene.itself(scene.other["key"]).status == 200


def test_a_token_is_dead_at_its_end_and_so_is_all_that_inherited_it(scene):
    parent = scene.create(expiresIn=60)
    child = scene.create(parent["key"])
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(milliseconds=1)
    change(scene.site, "UPDATE tokens SET expires_at = ? WHERE id IN (?, ?)",
           int(past.timestamp() * 1000), *(bytes.fromhex(t["id"]) for t in (parent, child)))
    for token in (parent, child):
        scene.itself(token["key"]).refused(401, "invalid_token")
        assert scene.record(token)["state"] == "expired"
