# SPDX-License-Identifier: ISC
"""The documented calls as a user types them, with the real curl, and the deeds that they are for:
a narrow token does what it is for and nothing else, and says of itself what it may do."""
import json
import re
import subprocess

import pytest

from asking import ALL_PERMISSIONS, MEMO
from claviger_site import B, TOKENS, well_formed
from conftest import opened
from refusals import kept_tokens, nothing_changes, tells_nothing

KEY = re.compile(r"dft_[0-9A-Za-z]{48}")
ID = re.compile(r"[0-9a-f]{24}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
RECORD = {"id", "_id", "name", "displayKey", "scope", "permissions", "websiteIds", "allowedIps",
          "createdAt", "lastUsedAt", "lastUsedIp", "useCount", "expiresAt", "state", "parentId",
          "rotatedAt", "graceEndsAt"}
DASHBOARD = ["analytics:read", "websites:read", "funnels:read"]
DASHBOARD_IN_ORDER = [name for name in ALL_PERMISSIONS if name in DASHBOARD]


@pytest.fixture(scope="module")
def site():
    yield from opened(MEMO)


@pytest.fixture(scope="module")
def websites(site):
    return [site.website(domain) for domain in ("one.test", "two.test")]


def typed(web, text, **variables):
    """What a user types into a shell. $SITE and $TOKEN are set; the answer's status and its JSON
    come back, and nothing may go to standard error."""
    environment = {"PATH": "/usr/bin:/bin", "SITE": f"http://127.0.0.1:{web.port}",
                   "TOKEN": web.site.owner_key, **variables}
    done = subprocess.run(["sh", "-c", text.replace("curl ", "curl -sS -w '\\n%{http_code}' ", 1)],
                          env=environment, capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, "")
    body, _, status = done.stdout.rpartition("\n")
    answer = json.loads(body)
    web.site.minted += KEY.findall(body)
    return int(status), answer


CREATE = r"""
curl -X POST "$SITE/api/v1/admin/access-tokens" \
  -H "Authorization: Bearer $TOKEN" \
  -H "Content-Type: application/json" \
  -d '{
    "name": "Dashboard agent",
    "permissions": ["analytics:read", "websites:read", "funnels:read"],
    "websiteIds": ["'"$WEBSITE"'"]
  }'
"""
LIST = r"""
curl "$SITE/api/v1/admin/access-tokens" \
  -H "Authorization: Bearer $TOKEN"
"""
DELETE = r"""
curl -X DELETE "$SITE/api/v1/admin/access-tokens/$ID" \
  -H "Authorization: Bearer $TOKEN"
"""


def test_the_three_documented_calls_as_a_user_types_them(web, websites):
    status, created = typed(web, CREATE, WEBSITE=websites[0])
    assert (status, set(created), created["status"]) == (201, {"status", "data"}, "success")
    (token,) = created["data"]
    key = token.pop("key")
    assert set(token) == RECORD
    assert ID.fullmatch(token["id"]) and token["_id"] == token["id"]
    assert KEY.fullmatch(key) and token["displayKey"] == f"{key[:7]}...{key[-4:]}"
    assert MOMENT.fullmatch(token["createdAt"])
    owner = web.call("GET", TOKENS + "/self").first
    assert token == {
        "id": token["id"], "_id": token["id"], "name": "Dashboard agent",
        "displayKey": token["displayKey"], "scope": "user", "permissions": DASHBOARD_IN_ORDER,
        "websiteIds": [websites[0]], "allowedIps": [], "createdAt": token["createdAt"],
        "lastUsedAt": None, "lastUsedIp": None, "useCount": 0,
        "expiresAt": None, "state": "active", "parentId": owner["id"],
        "rotatedAt": None, "graceEndsAt": None}

    status, listed = typed(web, LIST)
    assert (status, listed["status"]) == (200, "success")
    assert listed["data"][0] == token, "the newest comes first, as it was made, without its key"
    assert all(set(record) == RECORD for record in listed["data"])
    assert key not in json.dumps(listed)

    status, deleted = typed(web, DELETE, ID=token["id"])
    assert (status, deleted) == (200, {"status": "success", "data": [
        {"message": "Access token deleted successfully", "descendants": 0}]})

    status, listed = typed(web, LIST)
    assert token["id"] not in [record["id"] for record in listed["data"]]
    status, refused = typed(web, LIST, TOKEN=key)
    assert (status, refused["error"]["reason"]) == (401, "invalid_token")
    status, refused = typed(web, DELETE, ID=token["id"])
    assert (status, refused["error"]["reason"]) == (404, "not_found")



def test_a_creation_may_say_nothing_at_all(web):
    status, created = typed(web, r"""
curl -X POST "$SITE/api/v1/admin/access-tokens" \
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{}'
""")
    (token,) = created["data"]
    assert (status, token["name"], token["permissions"], token["websiteIds"]) == (
        201, None, ["*"], [])


def test_curl_without_a_content_type_is_told_what_to_send(web):
    with nothing_changes(web.site):
        status, refused = typed(web, r"""
curl -X POST "$SITE/api/v1/admin/access-tokens" -H "Authorization: Bearer $TOKEN" -d '{}'
""")
    assert (status, refused["error"]["reason"]) == (415, "unsupported_media_type")
    assert "Content-Type: application/json" in refused["error"]["message"]


def test_a_misspelt_field_does_not_give_everything(web):
    with nothing_changes(web.site):
        status, refused = typed(web, r"""
curl -X POST "$SITE/api/v1/admin/access-tokens" \
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \
  -d '{"permission": ["analytics:read"]}'
""")
    assert (status, refused["error"]["reason"], refused["error"]["field"]) == (
        400, "unknown_field", "permission")


def test_x_api_key_serves_where_authorization_is_dropped(web):
    status, listed = typed(web, r"""
curl "$SITE/api/v1/admin/access-tokens" -H "X-API-Key: $TOKEN"
""")
    assert (status, listed["status"]) == (200, "success")


def test_a_deletion_counts_what_was_made_by_the_token_and_leaves_it(web):
    parent = web.create(name="parent")
    child = web.create(key=parent["key"], name="child")
    web.create(key=child["key"], name="grandchild")
    status, deleted = typed(web, DELETE, ID=parent["id"])
    assert (status, deleted["data"][0]["descendants"]) == (200, 2)
    assert web.call("GET", TOKENS + "/self", key=child["key"]).status == 200


# ---- A token that may do just that -----------------------------------------------------------

@pytest.fixture(scope="module")
def dashboard(web, websites):
    return web.create(name="dashboard", permissions=DASHBOARD, websiteIds=[websites[0]])


def test_a_narrow_token_does_what_it_is_for(web, websites, dashboard):
    listed = web.call("GET", B + "/websites", key=dashboard["key"]).check()
    assert [website["id"] for website in listed.data] == [websites[0]]
    granted = {entry["name"] for entry in
               web.call("GET", B + "/permissions", key=dashboard["key"]).check().data
               if entry["granted"]}
    assert granted == set(DASHBOARD)
    assert web.call("GET", B + "/account", key=dashboard["key"]).check().status == 200


@pytest.mark.parametrize("method, path, body, needed", [
    ("GET", TOKENS, None, "api-keys:read"),
    ("GET", f"{TOKENS}/{'0' * 24}", None, "api-keys:read"),
    ("POST", TOKENS, {}, "api-keys:write"),
    ("POST", TOKENS, {"permissions": ["analytics:read"]}, "api-keys:write"),
    ("POST", TOKENS, {"permissions": ["*"]}, "api-keys:write"),
    ("DELETE", f"{TOKENS}/{'0' * 24}", None, "api-keys:write"),
])
def test_a_narrow_token_does_nothing_else(web, dashboard, method, path, body, needed):
    with nothing_changes(web.site):
        answer = web.call(method, path, body, key=dashboard["key"])
    tells_nothing(web.site, answer.refused(403, "insufficient_scope"))
    assert answer.header("WWW-Authenticate").endswith(f'scope="{needed}"')


@pytest.fixture(scope="module")
def delegating(web, websites):
    """The same token, which may also make others within its own scope."""
    return web.create(name="delegating", permissions=DASHBOARD + ["api-keys:write"],
                      websiteIds=[websites[0]], expiresIn=3600)


# ONE and TWO are the websites: the first is the token's own.
WIDER = [
    # label, body, status, reason, field
    ("another permission", {"permissions": ["funnels:write"]}, 403, "permissions[0]"),
    ("one permission more", {"permissions": ["analytics:read", "funnels:write"]}, 403,
     "permissions[1]"),
    ("the list of tokens", {"permissions": ["api-keys:write", "api-keys:read"]}, 403,
     "permissions[1]"),
    ("everything", {"permissions": ["*"]}, 403, "permissions[0]"),
    ("another website", {"websiteIds": ["TWO"]}, 403, "websiteIds[0]"),
    ("one website more", {"websiteIds": ["ONE", "TWO"]}, 403, "websiteIds[1]"),
    ("all websites", {"websiteIds": []}, 403, "websiteIds"),
    ("a website that does not exist", {"websiteIds": ["0" * 24]}, 403, "websiteIds[0]"),
    ("for ever", {"expiresAt": None}, 403, "expiresAt"),
    ("longer", {"expiresIn": 7200}, 403, "expiresIn"),
    ("until long after", {"expiresAt": "2099-01-01T00:00:00Z"}, 403, "expiresAt"),
    ("wider in two ways", {"permissions": ["*"], "websiteIds": []}, 403, "permissions[0]"),
]


@pytest.mark.parametrize("label, body, status, field", WIDER, ids=[entry[0] for entry in WIDER])
def test_what_would_be_wider_is_refused_by_name(web, websites, delegating, label, body, status,
                                                 field):
    text = json.dumps(body).replace("ONE", websites[0]).replace("TWO", websites[1])
    with nothing_changes(web.site):
        answer = web.call("POST", TOKENS, text, key=delegating["key"])
    tells_nothing(web.site, answer.refused(status, "scope_exceeded", field))
    assert "expires" in field or field in answer.error["message"]


def test_what_is_as_wide_or_narrower_is_made(web, websites, delegating):
    same = web.create(key=delegating["key"])
    for field in ("permissions", "websiteIds", "expiresAt"):
        assert same[field] == delegating[field], "what is left out is the caller's own"
    assert same["parentId"] == delegating["id"]
    narrow = web.create(key=delegating["key"], permissions=["funnels:read"],
                        websiteIds=[websites[0]], expiresIn=60)
    assert narrow["permissions"] == ["funnels:read"]
    assert narrow["expiresAt"] < delegating["expiresAt"]


# ---- Who am I, and what may I do -------------------------------------------------------------

def test_the_account_answers_field_by_field(web, dashboard):
    answer = web.call("GET", B + "/account", key=dashboard["key"]).check()
    assert set(answer.json) == {"status", "data"} and len(answer.data) == 1
    account = answer.first
    ((stored_id, email, name),) = web.site.rows("SELECT id, email, name FROM accounts "
                                                "WHERE email = 'owner@localhost'")
    assert MOMENT.fullmatch(account["createdAt"])
    token = web.call("GET", TOKENS + "/self", key=dashboard["key"]).check().first
    own = token.pop("account")
    assert account == {"id": stored_id.hex(), "_id": stored_id.hex(), "name": name,
                       "email": email, "createdAt": account["createdAt"], "token": token}
    assert own == {field: value for field, value in account.items() if field != "token"}
    assert set(token) == RECORD and token["id"] == dashboard["id"]


def test_the_permissions_answer_field_by_field(web, dashboard):
    for key, granted in ((dashboard["key"], DASHBOARD), (web.site.owner_key, ALL_PERMISSIONS)):
        catalogue = web.call("GET", B + "/permissions", key=key).check().data
        assert [entry["name"] for entry in catalogue] == list(ALL_PERMISSIONS)
        for entry in catalogue:
            assert set(entry) == {"name", "description", "granted"}
            assert re.fullmatch(r"[A-Z].{10,}\.", entry["description"])
            assert entry["granted"] is (entry["name"] in granted)


def test_the_websites_answer_field_by_field(web, websites):
    web.site.account("neighbour@example.org")
    web.site.website("neighbour.test", owner="neighbour@example.org")
    listed = web.call("GET", B + "/websites").check().data
    assert {website["id"]: website["domain"] for website in listed} == dict(
        zip(websites, ("one.test", "two.test")))
    for website in listed:
        assert MOMENT.fullmatch(website["createdAt"])
        assert website == {"id": website["id"], "_id": website["id"],
                           "domain": website["domain"], "name": website["domain"],
                           "role": "owner", "createdAt": website["createdAt"]}


def test_a_stranger_learns_nothing_of_them(web):
    for path in ("/account", "/permissions", "/websites"):
        web.call("GET", B + path, key=None).refused(401, "missing_token")
        web.call("GET", B + path, key=well_formed()).refused(401, "invalid_token")


def test_the_store_holds_no_key_that_was_shown(web):
    stored = str(kept_tokens(web.site))
    assert web.site.minted and "$s1$" in stored
    for key in web.site.minted:
        assert not any(key[i:i + 12] in stored for i in range(14, 35))
