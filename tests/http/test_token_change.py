# SPDX-License-Identifier: ISC
"""A token is renamed and narrowed, never widened; what it has made is cut with it only on request
(api.md, PATCH; P3 and P4 of security.md)."""
import pytest

from asking import MEMO, QUICK, USES, change
from claviger_site import TOKENS
from conftest import opened
from refusals import nothing_changes, tells_nothing

UNKNOWN_ID = "0123456789abcdef01234567"
HELD = ["goals:read", "goals:write", "api-keys:read", "api-keys:write"]
END, SOONER, LATER = ("2096-01-01T00:00:00.000Z", "2095-01-01T00:00:00.000Z",
                      "2097-01-01T00:00:00.000Z")


class Scene:
    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.one, self.two = site.website("one.example"), site.website("two.example")
        site.account("other@example.com")
        self.foreign = site.website("foreign.example", owner="other@example.com")
        self.stranger = site.token("other@example.com")

    def make(self, parent=None, **body):
        """A token limited in all there is, unless BODY says more."""
        body = {"permissions": HELD, "websiteIds": [self.one, self.two], "expiresAt": END, **body}
        return self.web.create(key=parent["key"] if parent else "owner", **body)

    def patch(self, token, body, key="owner", query=""):
        name = token if isinstance(token, str) else token["id"]
        return self.web.call("PATCH", f"{TOKENS}/{name}{query}", body, key=key).check()

    def change(self, token, key="owner", query="", **body):
        answer = self.patch(token, body, key, query)
        assert answer.status == 200, answer.error
        return answer.first

    def refused(self, token, body, status, reason, field=None, key="owner", query=""):
        with nothing_changes(self.site):
            answer = self.patch(token, body, key, query).refused(status, reason, field)
        tells_nothing(self.site, answer)
        return answer

    def record(self, token):
        return self.web.call("GET", f"{TOKENS}/{token['id']}").check().first


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


def without(record, *names):
    return {name: value for name, value in record.items() if name not in names}


# ---- What a change does ---------------------------------------------------------------------------------

@pytest.mark.parametrize("body", [
    {"name": "renamed"}, {"name": None}, {"permissions": ["goals:read"]},
    {"permissions": HELD[::-1] + HELD}, {"expiresAt": SOONER}, {"expiresAt": END},
    {"name": "all", "permissions": ["api-keys:read"], "expiresAt": SOONER},
], ids=str)
def test_what_is_named_changes_and_nothing_else(scene, body):
    token = scene.make(name="as it was")
    expected = {**without(token, "key"), **body, "descendants": 0, "lastUsedAt": None}
    if "permissions" in body:
        expected["permissions"] = [name for name in HELD if name in body["permissions"]]
    assert scene.change(token, **body) == expected
    assert scene.record(token) == without(expected, "descendants")


def test_websites_are_narrowed(scene):
    token = scene.make()
    assert scene.change(token, websiteIds=[scene.two])["websiteIds"] == [scene.two]
    everywhere = scene.make(websiteIds=[])
    assert scene.change(everywhere, websiteIds=[])["websiteIds"] == []
    narrowed = scene.change(everywhere, websiteIds=[scene.one, scene.one])
    assert narrowed["websiteIds"] == [scene.one]


def test_expires_in_is_an_end_too(scene):
    token = scene.make(expiresAt=None)
    assert scene.change(token, expiresIn=3600)["expiresAt"] < END


def test_a_change_is_in_force_at_the_next_request(scene):
    token = scene.make()
    assert scene.web.call("GET", TOKENS, key=token["key"]).status == 200
    scene.change(token, permissions=["goals:read"])
    scene.web.call("GET", TOKENS, key=token["key"]).refused(403, "insufficient_scope")


def test_a_token_may_narrow_itself(scene):
    token = scene.make()
    for name in ("self", token["id"]):
        answer = scene.patch(name, {"name": f"by {name}"}, key=token["key"])
        assert (answer.status, answer.first["name"]) == (200, f"by {name}")
    scene.change("self", key=token["key"], permissions=["goals:read", "api-keys:read"])
    scene.refused("self", {"name": "x"}, 403, "insufficient_scope", key=token["key"])


# ---- What it refuses ------------------------------------------------------------------------------------

@pytest.mark.parametrize("body, field", [
    ({"permissions": ["goals:read", "alerts:read"]}, "permissions[1]"),
    ({"permissions": ["*"]}, "permissions[0]"),
    ({"websiteIds": []}, "websiteIds"),
    ({"websiteIds": ["two", "foreign"]}, "websiteIds[1]"),
    ({"websiteIds": ["unknown"]}, "websiteIds[0]"),
    ({"expiresAt": LATER}, "expiresAt"),
    ({"expiresAt": None}, "expiresAt"),
], ids=str)
def test_row_112_nothing_widens_a_token(scene, body, field):
    token = scene.make(websiteIds=[scene.two])
    ids = {"two": scene.two, "foreign": scene.foreign, "unknown": UNKNOWN_ID}
    if "websiteIds" in body:
        body = {"websiteIds": [ids[name] for name in body["websiteIds"]]}
    answer = scene.refused(token, body, 403, "scope_exceeded", field)
    assert answer.error["message"].startswith("A token can only be narrowed: ")


@pytest.mark.parametrize("body, reason, field", [
    ({}, "invalid_json", None),
    ("", "invalid_json", None),
    ("[]", "invalid_json", None),
    ({"key": "x"}, "unknown_field", "key"),
    ({"parentId": UNKNOWN_ID}, "unknown_field", "parentId"),
    ({"state": "active"}, "unknown_field", "state"),
    ({"id": UNKNOWN_ID}, "unknown_field", "id"),
    ({"cascade": True}, "unknown_field", "cascade"),
    ({"name": ""}, "invalid_field", "name"),
    ({"permissions": []}, "invalid_field", "permissions"),
    ({"permissions": None}, "invalid_field", "permissions"),
    ({"permissions": ["goals:reed"]}, "invalid_field", "permissions[0]"),
    ({"websiteIds": None}, "invalid_field", "websiteIds"),
    ({"expiresAt": "2020-01-01T00:00:00Z"}, "invalid_field", "expiresAt"),
    ({"expiresAt": SOONER, "expiresIn": 60}, "invalid_field", "expiresIn"),
], ids=str)
def test_row_112_what_is_no_change_is_refused(scene, body, reason, field):
    scene.refused(scene.make(), body, 400, reason, field)


def test_a_body_of_another_type_is_refused(scene):
    token = scene.make()
    with nothing_changes(scene.site):
        scene.web.call("PATCH", f"{TOKENS}/{token['id']}", "name=x", headers={
            "Content-Type": "application/x-www-form-urlencoded"}).refused(
                415, "unsupported_media_type")


def test_an_unknown_a_revoked_and_a_strangers_token_are_the_same_nothing(scene):
    revoked = scene.make()
    assert scene.web.call("DELETE", f"{TOKENS}/{revoked['id']}").status == 200
    for token in (UNKNOWN_ID, revoked, scene.stranger, "nonsense"):
        scene.refused(token, {"name": "x"}, 404, "not_found")


def test_who_sees_but_does_not_cover_may_not_change(scene):
    caller = scene.make(permissions=["api-keys:write", "goals:read"])
    wider = scene.make(permissions=HELD)
    scene.refused(wider, {"permissions": ["goals:read"]}, 403, "scope_exceeded", None,
                  key=caller["key"])
    longer = scene.make(permissions=["goals:read"], expiresAt=LATER)
    scene.refused(longer, {"name": "x"}, 403, "scope_exceeded", None, key=caller["key"])
    within = scene.make(permissions=["goals:read"])
    assert scene.change(within, key=caller["key"], name="ours")["name"] == "ours"


# ---- What it has made ---------------------------------------------------------------------------------------

def family(scene):
    """a made b and c; b made d, which has less; of c only the end is left of what a will have."""
    a = scene.make(name="a")
    b = scene.make(a, name="b")
    c = scene.make(a, name="c", permissions=["goals:write"])
    d = scene.make(b, name="d", permissions=["goals:read"], websiteIds=[scene.one])
    return a, b, c, d


def test_without_cascade_descendants_keep_what_they_have(scene):
    a, *made = family(scene)
    before = [without(scene.record(token), *USES) for token in made]
    changed = scene.change(a, permissions=["goals:read", "api-keys:write"])
    assert changed["descendants"] == 3
    assert [without(scene.record(token), *USES) for token in made] == before
    # And then they are wider than their maker, who may still revoke them, and nothing else.
    b = made[0]
    scene.refused(b, {"name": "x"}, 403, "scope_exceeded", None, key=a["key"])
    assert scene.web.call("DELETE", f"{TOKENS}/{b['id']}", key=a["key"]).status == 200


def test_a_cascade_cuts_each_to_what_it_shares(scene):
    a, b, c, d = family(scene)
    changed = scene.change(a, query="?cascade=true", permissions=["goals:read", "api-keys:write"],
                           websiteIds=[scene.one], expiresAt=SOONER)
    assert changed["descendants"] == 3
    for token, permissions in ((a, ["goals:read", "api-keys:write"]),
                               (b, ["goals:read", "api-keys:write"]), (d, ["goals:read"])):
        record = scene.record(token)
        assert (record["permissions"], record["websiteIds"], record["expiresAt"],
                record["state"]) == (permissions, [scene.one], SOONER, "active")
        assert scene.web.call("GET", f"{TOKENS}/self", key=token["key"]).status == 200
    assert scene.record(c)["state"] == "revoked"
    scene.web.call("GET", f"{TOKENS}/self", key=c["key"]).refused(401, "invalid_token")


def test_a_cascade_that_leaves_no_website_revokes(scene):
    a = scene.make()
    b = scene.make(a, websiteIds=[scene.two])
    everywhere = scene.make(websiteIds=[])
    below = scene.make(everywhere, websiteIds=[scene.two])
    scene.change(a, query="?cascade=true", websiteIds=[scene.one])
    assert scene.record(b)["state"] == "revoked"
    scene.change(everywhere, query="?cascade=true", websiteIds=[scene.two])
    assert (scene.record(below)["state"], scene.record(below)["websiteIds"]) == (
        "active", [scene.two])


def test_a_cascade_from_everywhere_limits_who_was_not(scene):
    a = scene.make(websiteIds=[])
    b = scene.make(a, websiteIds=[])
    scene.change(a, query="?cascade=true", websiteIds=[scene.one])
    assert scene.record(b)["websiteIds"] == [scene.one]


def test_revoked_and_expired_descendants_are_not_counted(scene):
    a, b, c, d = family(scene)
    assert scene.web.call("DELETE", f"{TOKENS}/{d['id']}").status == 200
    change(scene.site, "UPDATE tokens SET expires_at = created_at WHERE id = ?",
           bytes.fromhex(c["id"]))
    assert scene.change(a, name="counted")["descendants"] == 1


@pytest.mark.parametrize("value", ["1", "yes", "TRUE", ""])
def test_row_120_a_misspelt_cascade_decides_nothing(scene, value):
    scene.refused(scene.make(), {"name": "x"}, 400, "invalid_parameter", "cascade",
                  query=f"?cascade={value}")
