# SPDX-License-Identifier: ISC
"""Introspection (RFC 7662): what a backend learns of a key, and that it learns nothing of those of
other accounts (rows 122, 123 and 125 and A16 of security.md)."""
import datetime
import time

import pytest

from asking import ALL_PERMISSIONS, FORM, MEMO, QUICK, change, check_bare, form
from claviger_site import B, TOKENS, changed, well_formed
from conftest import opened
from refusals import nothing_changes, tells_nothing

PATH = "/api/v1/introspect"
INACTIVE = {"active": False}


class Scene:
    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.one, self.two = site.website("one.example"), site.website("two.example")
        site.account("other@example.com")
        self.other = site.token("other@example.com")
        self.account = self.web.call("GET", B + "/account").first["id"]

    def ask(self, key, caller="owner"):
        return check_bare(form(self.web, PATH, {"token": key}, key=caller))


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


def seconds(moment):
    return int(datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp())


def test_a_good_key_is_described(scene):
    token = scene.web.create(permissions=["goals:read", "analytics:read"], expiresIn=3600,
                             websiteIds=[scene.two, scene.one])
    assert scene.ask(token["key"]) == {
        "active": True, "scope": "analytics:read goals:read", "client_id": token["id"],
        "sub": scene.account, "token_type": "Bearer", "iat": seconds(token["createdAt"]),
        "exp": seconds(token["expiresAt"]), "website_ids": token["websiteIds"]}


def test_what_has_no_limit_says_so_by_absence(scene):
    told = scene.ask(scene.site.owner_key)
    assert told["scope"].split() == ["*", *ALL_PERMISSIONS]
    assert "exp" not in told and "website_ids" not in told


def test_a_list_of_all_names_is_not_every_permission(scene):
    token = scene.web.create(permissions=list(ALL_PERMISSIONS))
    assert scene.ask(token["key"])["scope"].split() == list(ALL_PERMISSIONS)


def test_a_list_of_which_no_website_is_left_is_empty_and_permits_nothing(scene):
    gone, stays = scene.site.website("gone.example"), scene.site.website("stays.example")
    both = scene.web.create(websiteIds=[gone, stays], permissions=["goals:read"])
    one = scene.web.create(websiteIds=[gone], permissions=["goals:read"])
    assert scene.web.call("DELETE", f"{B}/websites/{gone}").status == 200
    told = scene.ask(both["key"])
    assert (told["website_ids"], told["scope"]) == ([stays], "goals:read")
    told = scene.ask(one["key"])
    assert (told["active"], told["website_ids"], told["scope"]) == (True, [], "")


def test_whatever_is_not_good_is_only_inactive(scene):
    """Row 123."""
    good, revoked, expired = (scene.web.create(expiresIn=60) for _ in range(3))
    assert scene.ask(expired["key"])["active"]
    scene.web.call("DELETE", f"{TOKENS}/{revoked['id']}")
    change(scene.site, "UPDATE tokens SET expires_at = created_at WHERE id = ?",
           bytes.fromhex(expired["id"]))
    with nothing_changes(scene.site):
        for key in ("garbage", "\0", "é", "x" * 60000, good["key"][:-1], good["key"] + "0",
                    good["key"] + "\0", " " + good["key"], changed(good["key"], 20), well_formed(),
                    well_formed(good["key"][4:14]), revoked["key"], expired["key"],
                    scene.other["key"]):
            answer = form(scene.web, PATH, {"token": key})
            assert check_bare(answer) == INACTIVE, key[:60]
            assert answer.body == b'{"active":false}'
            tells_nothing(scene.site, answer)


def test_only_tokens_of_the_callers_account_are_active(scene):
    mine, theirs = scene.web.create(), scene.other
    assert scene.ask(mine["key"])["active"] and scene.ask(theirs["key"], theirs["key"])["active"]
    assert scene.ask(theirs["key"]) == INACTIVE
    assert scene.ask(mine["key"], theirs["key"]) == INACTIVE


def test_a_replaced_key_is_active_until_its_grace_ends(scene):
    token = scene.web.create()
    newer = scene.web.rotate(token, graceSeconds=600)
    told = scene.ask(token["key"])
    assert told["client_id"] == token["id"] and told["active"]
    assert told["exp"] == seconds(newer["graceEndsAt"])
    assert "exp" not in scene.ask(newer["key"])
    change(scene.site, "UPDATE tokens SET grace_ends_at = rotated_at WHERE id = ?",
           bytes.fromhex(token["id"]))
    assert scene.ask(token["key"]) == INACTIVE


def test_where_a_token_may_be_used_from_is_not_asked(scene):
    token = scene.web.create(allowedIps=["192.0.2.0/24"])
    scene.web.call("GET", f"{TOKENS}/self", key=token["key"]).refused(401, "invalid_token")
    assert scene.ask(token["key"])["active"]


def test_it_is_no_use_of_the_key(scene):
    token = scene.web.create()
    scene.ask(token["key"])
    scene.web.stop()
    scene.web = scene.site.start()
    record = scene.web.call("GET", f"{TOKENS}/{token['id']}").first
    assert (record["lastUsedAt"], record["useCount"]) == (None, 0)


def test_a_caller_needs_api_keys_read(scene):
    token = scene.web.create(permissions=["goals:read", "api-keys:write"])
    answer = form(scene.web, PATH, {"token": token["key"]}, key=token["key"])
    answer.refused(403, "insufficient_scope")
    assert 'scope="api-keys:read"' in answer.header("WWW-Authenticate")
    form(scene.web, PATH, {"token": token["key"]}, key=None).refused(401, "missing_token")
    form(scene.web, PATH, {"token": token["key"]}, key="x").refused(401, "invalid_token")


@pytest.mark.parametrize("path", [PATH, "/api/v1/revoke"])
@pytest.mark.parametrize("body", ["", "x=1", "token", "token=", "token=&token_type_hint=x", "Token=x",
                                  "&&", "token=K&token=K", "token=K&token=", "token=&token=K",
                                  "token=K&tok%65n=K", "tok%65n=K&tok%65n=x", "token=%", "token=%4",
                                  "token=%zz", "token%00=K", "token=K%"])
def test_what_is_no_such_form_is_refused(scene, path, body):
    """Row 122."""
    token = scene.web.create()
    with nothing_changes(scene.site):
        answer = form(scene.web, path, body.replace("K", token["key"]))
        answer.refused(400, "invalid_request", "token")
        tells_nothing(scene.site, answer)


@pytest.mark.parametrize("path", [PATH, "/api/v1/revoke"])
@pytest.mark.parametrize("sent", ["application/json", "text/plain", "multipart/form-data", None,
                                  FORM + ", text/plain", FORM + "; charset=latin1", FORM + "x"])
def test_another_type_of_body_is_refused(scene, path, sent):
    """Row 122, before any key is looked at."""
    token = scene.web.create()
    with nothing_changes(scene.site):
        for body in (f"token={token['key']}", f'{{"token":"{token["key"]}"}}'):
            scene.web.call("POST", path, body, key=None, headers={"Content-Type": sent}).refused(
                415, "unsupported_media_type")


def test_a_form_is_one_however_it_is_spelt(scene):
    token = scene.web.create()
    escaped = "".join(f"%{ord(c):02X}" for c in token["key"])
    for body in (f"token={escaped}", f"tok%65n={token['key']}", f"a=b&&token={token['key']}&",
                 f"token_type_hint=refresh_token&token={token['key']}&token_type_hint=%zz"):
        assert check_bare(form(scene.web, PATH, body))["active"], body
    for sent in (FORM.upper(), FORM + ";charset=UTF-8", FORM + " ; charset=utf-8"):
        answer = form(scene.web, PATH, {"token": token["key"]}, **{"Content-Type": sent})
        assert check_bare(answer)["active"], sent


def test_only_post_is_known(scene):
    for path in (PATH, "/api/v1/revoke", "/api/v1/verify"):
        for method in ("GET", "PUT", "DELETE"):
            answer = scene.web.call(method, path).refused(405, "method_not_allowed")
            assert answer.header("Allow") == "POST"


def test_a_body_that_is_too_large_is_refused(scene):
    form(scene.web, PATH, "token=" + "x" * 65536).refused(413, "body_too_large")


@pytest.mark.parametrize("path", [PATH, "/api/v1/revoke"])
def test_a_key_in_the_query_is_refused_and_told_to_the_operator(scene, path):
    """Row 125: it goes on to work, so it is for its owner to revoke."""
    token = scene.web.create()
    for query in (f"token={token['key']}", f"access_token={token['key']}", f"x={token['key']}",
                  "token=", "x=" + token["key"].replace("_", "%5f")):
        with nothing_changes(scene.site):
            answer = form(scene.web, f"{path}?{query}", {"token": token["key"]})
            answer.refused(400, "invalid_request")
            tells_nothing(scene.site, answer)
    assert scene.ask(token["key"])["active"]
    log = scene.site.log.read_text()
    assert log.count(f" key in a URL key={token['displayKey']} ") >= 4
    assert token["key"][:16] not in log


def test_the_key_in_question_is_no_credential(scene):
    """Nor is what a caller says of itself in the form."""
    token = scene.web.create()
    form(scene.web, PATH, {"token": token["key"]}, key=None).refused(401, "missing_token")
    body = {"token": token["key"], "client_id": "x", "client_secret": scene.site.owner_key}
    form(scene.web, PATH, body, key=None).refused(401, "missing_token")


def test_many_wrong_secrets_end_in_429_and_no_verdict(scene):
    """Security.md 5.7: not "inactive", which nobody knows then."""
    token = scene.web.create()
    told = [form(scene.web, PATH, {"token": well_formed(token["key"][4:14])}) for _ in range(7)]
    assert [check_bare(answer) for answer in told[:5]] == [INACTIVE] * 5
    for answer in told[5:]:
        answer.refused(429, "rate_limited")
        assert 1 <= int(answer.header("Retry-After")) <= 12


def test_moments_are_in_seconds_and_never_later(scene):
    token = scene.web.create(expiresIn=60)
    told = scene.ask(token["key"])
    assert told["iat"] <= time.time() and told["exp"] - told["iat"] in (59, 60)
