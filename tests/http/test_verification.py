# SPDX-License-Identifier: ISC
"""POST /api/v1/verify: may whoever holds this key do that, there (row 126 and A16 of security.md)."""
import concurrent.futures

import pytest

from asking import MEMO, QUICK, USES, change, check_bare, form
from claviger_site import B, PLAIN_CGI, TOKENS, changed, well_formed
from conftest import opened
from refusals import nothing_changes, tells_nothing

PATH = "/api/v1/verify"
UNKNOWN_ID = "0123456789abcdef01234567"


class Scene:
    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.one, self.two = site.website("one.example"), site.website("two.example")
        site.account("other@example.com")
        self.other = site.token("other@example.com")
        self.theirs = site.website("theirs.example", "other@example.com")

    def ask(self, key, caller="owner", **body):
        answer = self.web.call("POST", PATH, {"key": key, **body}, key=caller).check()
        assert answer.status == 200, answer.error
        tells_nothing(self.site, answer)
        (verdict,) = answer.data
        return verdict

    def verdict(self, key, caller="owner", **body):
        """The reason, "valid" where there is none; checks that nothing else is said or missing."""
        told = self.ask(key, caller, **body)
        reason = told.get("reason", "valid")
        assert told["valid"] == (reason == "valid")
        assert set(told) - {"reason"} == ({"valid"} if reason == "invalid_token"
                                          else {"valid", "token"})
        return reason


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


def test_a_good_key_is_valid_and_its_record_is_shown(scene):
    token = scene.web.create(name="backend", permissions=["goals:read"], websiteIds=[scene.one])
    told = scene.ask(token["key"], permissions=["goals:read"], websiteId=scene.one)
    assert told["valid"] and "reason" not in told and "key" not in told["token"]
    record = scene.web.call("GET", f"{TOKENS}/{token['id']}").first
    assert {k: v for k, v in told["token"].items() if k not in USES} == \
        {k: v for k, v in record.items() if k not in USES}


VERDICTS = [
    # permissions of the token, on one website or all; what is asked; what it comes to
    (["goals:read"], "one", {}, "valid"),
    (["goals:read"], "one", {"permissions": ["goals:read"]}, "valid"),
    (["goals:read"], "one", {"permissions": ["goals:read", "goals:read"]}, "valid"),
    (["goals:read"], "one", {"permissions": ["goals:write"]}, "insufficient_scope"),
    (["goals:read"], "one", {"permissions": ["goals:read", "goals:write"]}, "insufficient_scope"),
    (["goals:read"], "one", {"permissions": ["*"]}, "insufficient_scope"),
    (["*"], "all", {"permissions": ["*"]}, "valid"),
    (["goals:read"], "one", {"websiteId": "one"}, "valid"),
    (["goals:read"], "one", {"websiteId": "two"}, "website_out_of_scope"),
    (["*"], "one", {"websiteId": "two"}, "website_out_of_scope"),
    (["*"], "all", {"websiteId": "two"}, "valid"),
    (["*"], "all", {"websiteId": "theirs"}, "website_out_of_scope"),
    (["*"], "all", {"websiteId": "unknown"}, "website_out_of_scope"),
    (["goals:read"], "one", {"permissions": ["goals:read"], "websiteId": "one"}, "valid"),
    (["goals:read"], "one", {"permissions": ["goals:read"], "websiteId": "two"},
     "website_out_of_scope"),
    (["goals:read"], "one", {"permissions": ["goals:write"], "websiteId": "two"},
     "insufficient_scope"),
]


@pytest.mark.parametrize("permissions, websites, asked, expected", VERDICTS, ids=str)
def test_the_verdict(scene, permissions, websites, asked, expected):
    token = scene.web.create(permissions=permissions,
                             websiteIds=[scene.one] if websites == "one" else [])
    ids = {"one": scene.one, "two": scene.two, "theirs": scene.theirs, "unknown": UNKNOWN_ID}
    if "websiteId" in asked:
        asked = {**asked, "websiteId": ids[asked["websiteId"]]}
    assert scene.verdict(token["key"], **asked) == expected


def test_a_role_cuts_on_its_website(scene):
    shared = scene.site.website("shared.example", "other@example.com")
    account = scene.web.call("GET", B + "/account").first["id"]
    team = f"{B}/websites/{shared}/team/{account}"
    assert scene.web.call("PUT", team, {"role": "viewer"}, key=scene.other["key"]).status == 200
    token = scene.web.create(permissions=["goals:read", "goals:write"])
    asked = {"key": token["key"], "websiteId": shared}
    assert scene.verdict(permissions=["goals:read"], **asked) == "valid"
    assert scene.verdict(permissions=["goals:write"], **asked) == "insufficient_scope"
    assert scene.web.call("DELETE", team, key=scene.other["key"]).status == 200
    assert scene.verdict(permissions=["goals:read"], **asked) == "website_out_of_scope"


def test_a_token_whose_last_website_is_gone_may_do_nothing(scene):
    gone = scene.site.website("gone.example")
    token = scene.web.create(websiteIds=[gone], permissions=["goals:read"])
    assert scene.web.call("DELETE", f"{B}/websites/{gone}").status == 200
    assert scene.verdict(token["key"]) == "insufficient_scope"
    assert scene.verdict(token["key"], permissions=["goals:read"]) == "insufficient_scope"
    assert scene.verdict(token["key"], websiteId=gone) == "website_out_of_scope"


def test_whatever_is_no_good_key_is_invalid_and_nothing_is_said_of_it(scene):
    good, revoked, expired = (scene.web.create(expiresIn=60) for _ in range(3))
    assert scene.verdict(expired["key"]) == "valid"
    scene.web.call("DELETE", f"{TOKENS}/{revoked['id']}")
    change(scene.site, "UPDATE tokens SET expires_at = created_at WHERE id = ?",
           bytes.fromhex(expired["id"]))
    with nothing_changes(scene.site):
        for key in ("garbage", "\0", "é", "x" * 60000, good["key"][:-1], good["key"] + "0",
                    good["key"] + "\0", changed(good["key"], 20), well_formed(),
                    well_formed(good["key"][4:14]), revoked["key"], expired["key"],
                    scene.other["key"]):
            assert scene.ask(key) == {"valid": False, "reason": "invalid_token"}, key[:60]


def test_only_keys_of_the_callers_account_are_known(scene):
    mine = scene.web.create()
    assert scene.verdict(scene.other["key"], scene.other["key"]) == "valid"
    assert scene.verdict(mine["key"], scene.other["key"]) == "invalid_token"


def test_a_replaced_key_is_valid_in_its_grace(scene):
    token = scene.web.create()
    newer = scene.web.rotate(token, graceSeconds=600)
    assert scene.verdict(token["key"]) == scene.verdict(newer["key"]) == "valid"
    token = scene.web.create()
    scene.web.rotate(token)
    assert scene.verdict(token["key"]) == "invalid_token"


def test_where_a_token_may_be_used_from_is_shown_and_not_asked(scene):
    token = scene.web.create(allowedIps=["192.0.2.0/24"])
    told = scene.ask(token["key"])
    assert told["valid"] and told["token"]["allowedIps"] == ["192.0.2.0/24"]


def test_it_is_no_use_of_the_key(scene):
    token = scene.web.create()
    assert scene.verdict(token["key"]) == "valid"
    scene.web.stop()
    scene.web = scene.site.start()
    record = scene.web.call("GET", f"{TOKENS}/{token['id']}").first
    assert (record["lastUsedAt"], record["useCount"]) == (None, 0)


def test_a_caller_needs_api_keys_read(scene):
    token = scene.web.create(permissions=["goals:read", "api-keys:write"])
    body = {"key": token["key"]}
    answer = scene.web.call("POST", PATH, body, key=token["key"])
    answer.refused(403, "insufficient_scope")
    assert 'scope="api-keys:read"' in answer.header("WWW-Authenticate")
    scene.web.call("POST", PATH, body, key=None).refused(401, "missing_token")


BAD = [  # row 126; K is a good key
    ({}, "invalid_field", "key"),
    ({"key": None}, "invalid_field", "key"),
    ({"key": ""}, "invalid_field", "key"),
    ({"key": 1}, "invalid_field", "key"),
    ({"key": ["K"]}, "invalid_field", "key"),
    ({"permissions": ["goals:read"]}, "invalid_field", "key"),
    ({"key": "K", "permissions": None}, "invalid_field", "permissions"),
    ({"key": "K", "permissions": []}, "invalid_field", "permissions"),
    ({"key": "K", "permissions": "goals:read"}, "invalid_field", "permissions"),
    ({"key": "K", "permissions": ["goals:read"] * 65}, "invalid_field", "permissions"),
    ({"key": "K", "permissions": ["*", "goals:read"]}, "invalid_field", "permissions"),
    ({"key": "K", "permissions": ["goals:read", "goals:fly"]}, "invalid_field", "permissions[1]"),
    ({"key": "K", "permissions": ["goals:read", 1]}, "invalid_field", "permissions[1]"),
    ({"key": "K", "websiteId": None}, "invalid_field", "websiteId"),
    ({"key": "K", "websiteId": ""}, "invalid_field", "websiteId"),
    ({"key": "K", "websiteId": "A" * 24}, "invalid_field", "websiteId"),
    ({"key": "K", "websiteId": "0" * 23}, "invalid_field", "websiteId"),
    ({"key": "K", "websiteId": [UNKNOWN_ID]}, "invalid_field", "websiteId"),
    ({"key": "K", "websiteIds": [UNKNOWN_ID]}, "unknown_field", "websiteIds"),
    ({"key": "K", "permission": ["goals:read"]}, "unknown_field", "permission"),
    ({"token": "K"}, "unknown_field", "token"),
    ({"key": "K", "ip": "192.0.2.1"}, "unknown_field", "ip"),
    ('{"key":"K","key":"K"}', "invalid_json", None),
    ('{"key":"K"', "invalid_json", None),
    ('["K"]', "invalid_json", None),
    ("", "invalid_json", None),
]


@pytest.mark.parametrize("body, reason, field", BAD, ids=[str(case[0]) for case in BAD])
def test_a_question_that_is_none_is_refused(scene, body, reason, field):
    key = scene.web.create()["key"]
    if isinstance(body, dict):
        body = {k: key if v == "K" else [key] if v == ["K"] else v for k, v in body.items()}
    else:
        body = body.replace("K", key)
    with nothing_changes(scene.site):
        answer = scene.web.call("POST", PATH, body).refused(400, reason, field)
        tells_nothing(scene.site, answer)


def test_another_type_of_body_is_refused(scene):
    body = f"key={scene.site.owner_key}"
    for sent in ("application/x-www-form-urlencoded", "text/plain", None):
        scene.web.call("POST", PATH, body, headers={"Content-Type": sent}).refused(
            415, "unsupported_media_type")


def test_many_wrong_secrets_end_in_429(scene):
    token = scene.web.create()
    for _ in range(5):
        assert scene.verdict(well_formed(token["key"][4:14])) == "invalid_token"
    answer = scene.web.call("POST", PATH, {"key": well_formed(token["key"][4:14])})
    answer.refused(429, "rate_limited")
    assert 1 <= int(answer.header("Retry-After")) <= 12


@pytest.mark.skipif(PLAIN_CGI, reason="each process checks for itself")
def test_a_cold_key_costs_one_scrypt_run_however_many_ask(fresh_site):
    """By the slow lane, where those that ask for the same wait for one run, whichever route they
    came by; a warm one costs none. With scrypt as it is, so that they do wait."""
    scene = Scene(fresh_site)
    token = scene.web.create()
    assert scene.verdict(scene.site.owner_key) == "valid"
    runs = scene.web.scrypt_runs()

    def ask(number):
        if number % 4 == 0:
            return scene.web.call("GET", f"{TOKENS}/self", key=token["key"]).status == 200
        if number % 4 == 1:
            return check_bare(form(scene.web, "/api/v1/introspect", {"token": token["key"]}))["active"]
        return scene.verdict(token["key"]) == "valid"

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(16)))
    assert scene.verdict(token["key"]) == "valid"
    assert scene.web.scrypt_runs() == runs + 1
