# SPDX-License-Identifier: ISC
"""The envelope of docs/api on every status, one 401 for every bad key, and every route of the
program's own table asked without a key, without each permission and outside its websites."""
import pytest

from asking import (ALL_PERMISSIONS, MEMO, QUICK, REQUEST_ID, bearer, change, check_bare, form,
                    line, same)
from claviger_site import B, TOKENS, wait_until, well_formed
from conftest import opened
from refusals import nothing_changes, tells_nothing
from routes import route_table

SELF = TOKENS + "/self"
UNKNOWN_ID = "0123456789abcdef01234567"
JSON = "Content-Type: application/json"


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + MEMO)


@pytest.fixture(scope="module")
def full():
    """A web server in front of an account that has all the tokens it may have."""
    for site in opened(QUICK + MEMO + "tokens_per_account = 1\n"):
        yield site.start()


@pytest.fixture(scope="module")
def broken():
    """A web server in front of a database that is not there."""
    for site in opened(QUICK + MEMO):
        web = site.start()
        site.database.rename(site.directory / "elsewhere.db")
        # It looks at the path once a millisecond.
        wait_until(lambda: web.call("GET", "/healthz", key=None).status == 503, "a refusal")
        yield web


def send(web, method, path, key="owner", body=b"", *headers):
    if key == "owner":
        key = web.site.owner_key
    lines = ([bearer(key)] if key else []) + list(headers)
    if method == "POST":
        lines += [JSON, f"Content-Length: {len(body)}"]
    return web.raw(line(method, path, *lines, body=body))


def exhausted(web):
    """A wrong secret for a selector that has just had more of them than are allowed."""
    selector = web.create(name="under attack")["key"][4:14]
    for _ in range(20):
        answer = send(web, "GET", SELF, well_formed(selector))
        if answer.status != 401:
            break
    return answer


# What WWW-Authenticate says (RFC 6750), where it says anything.
CHALLENGES = {
    "missing_token": 'Bearer realm="claviger"',
    "invalid_token": 'Bearer realm="claviger", error="invalid_token"',
    "insufficient_scope": 'Bearer realm="claviger", error="insufficient_scope", '
                          'scope="api-keys:write"',
    "invalid_request": 'Bearer realm="claviger", error="invalid_request"',
}
RETRIED = ("rate_limited", "busy", "store_unavailable")

ANSWERS = [
    # status, reason, which server, how
    (200, None, "web", lambda web: send(web, "GET", TOKENS)),
    (200, None, "web", lambda web: send(web, "GET", "/healthz", None)),
    (200, None, "web", lambda web: send(web, "GET", "/metrics", None)),
    (201, None, "web", lambda web: send(web, "POST", TOKENS, "owner", b"{}")),
    (400, "invalid_request", "web", lambda web: send(web, "GET", TOKENS + "?token=x")),
    (400, "invalid_json", "web", lambda web: send(web, "POST", TOKENS, "owner", b"{")),
    (400, "unknown_field", "web", lambda web: send(web, "POST", TOKENS, "owner", b'{"x":1}')),
    (400, "invalid_field", "web", lambda web: send(web, "POST", TOKENS, "owner", b'{"name":1}')),
    (400, "invalid_parameter", "web", lambda web: send(web, "GET", TOKENS + "?limit=x")),
    (401, "missing_token", "web", lambda web: send(web, "GET", TOKENS, None)),
    (401, "invalid_token", "web", lambda web: send(web, "GET", TOKENS, "bad")),
    (403, "insufficient_scope", "web", lambda web: send(
        web, "POST", TOKENS, web.create(permissions=["api-keys:read"])["key"], b"{}")),
    (403, "scope_exceeded", "web", lambda web: send(
        web, "POST", TOKENS, web.create(permissions=["api-keys:write"])["key"],
        b'{"permissions":["*"]}')),
    (404, "not_found", "web", lambda web: send(web, "GET", f"{TOKENS}/{UNKNOWN_ID}")),
    (404, "not_found", "web", lambda web: send(web, "GET", B + "/nothing", None)),
    (405, "method_not_allowed", "web", lambda web: send(web, "TRACE", TOKENS)),
    (409, "limit_reached", "full", lambda web: send(web, "POST", TOKENS, "owner", b"{}")),
    (413, "body_too_large", "web", lambda web: send(web, "POST", TOKENS, "owner", b" " * 65537)),
    (415, "unsupported_media_type", "web", lambda web: web.raw(line(
        "POST", TOKENS, bearer(web.site.owner_key), "Content-Length: 2", body=b"{}"))),
    (429, "rate_limited", "web", exhausted),
    (503, "store_unavailable", "broken", lambda web: send(web, "GET", TOKENS)),
    (503, "store_unavailable", "broken", lambda web: send(web, "GET", "/healthz", None)),
]


@pytest.mark.parametrize("status, reason, server, how", ANSWERS, ids=[
    f"{status} {reason or number}" for number, (status, reason, _, _) in enumerate(ANSWERS)])
def test_every_status_has_the_envelope_and_its_headers(request, status, reason, server, how):
    web = request.getfixturevalue(server)
    answer = how(web).check()
    assert (answer.status, answer.reason if status >= 400 else None) == (status, reason)
    assert answer.header("X-Request-Id") == REQUEST_ID
    for name, _ in answer.headers:
        assert len([other for other, _ in answer.headers if other.lower() == name.lower()]) == 1
    assert answer.header("WWW-Authenticate") == CHALLENGES.get(reason)
    assert (answer.header("Allow") is not None) == (status == 405)
    assert (answer.header("Retry-After") is not None) == (reason in RETRIED)
    if reason in RETRIED:
        assert int(answer.header("Retry-After")) > 0
    assert answer.header("Location") == (
        f"{TOKENS}/{answer.first['id']}" if status == 201 else None)
    assert answer.header("Set-Cookie") is None and answer.header("Server") is None
    if status != 201:
        tells_nothing(web.site, answer)


def test_a_creation_tells_its_key_and_no_other_secret(web):
    answer = web.call("POST", TOKENS, {}).check()
    key = answer.first["key"]
    assert answer.body.decode().count(key) == 1
    assert key[14:46] not in str(answer.headers)
    assert web.site.owner_key not in answer.body.decode()
    assert "$s1$" not in answer.body.decode()


def test_a_location_is_relative_whatever_the_host_header_says(web):
    answer = web.raw(line("POST", TOKENS, bearer(web.site.owner_key), JSON, "Content-Length: 2",
                          "X-Forwarded-Host: evil.test", host="evil.test", body=b"{}"))
    assert answer.header("Location") == f"{TOKENS}/{answer.first['id']}"
    assert "evil" not in str(answer.headers)


def test_a_request_without_an_id_gets_one_of_its_own(web):
    answers = [web.call("GET", path, key=None) for path in ("/healthz", TOKENS, "/api/v1") * 20]
    ids = {answer.check().header("X-Request-Id") for answer in answers}
    assert len(ids) == len(answers)


def test_an_unknown_parameter_of_the_query_is_ignored(web):
    plain = send(web, "GET", SELF)
    assert same(send(web, "GET", SELF + "?unknown=1&unknown=2&&=&x")) == same(plain)


def test_the_first_failing_check_answers(web):
    """Route, method, size and type, authentication, permission, fields, scope, limit."""
    narrow = web.create(permissions=["analytics:read"])["key"]
    writer = web.create(permissions=["api-keys:write"])["key"]
    large, wrong = b" " * 65537, b'{"permissions":["*"],"x":1}'
    steps = [
        ("POST", B + "/nothing", None, large, 404),
        ("PUT", TOKENS, None, b"", 405),
        ("POST", TOKENS, None, large, 413),
        ("POST", TOKENS, None, b"{", 401),
        ("POST", TOKENS, narrow, b"{", 403),
        ("POST", TOKENS, writer, wrong, 400),
        ("POST", TOKENS, writer, b'{"permissions":["*"]}', 403),
    ]
    for method, path, key, body, status in steps:
        with nothing_changes(web.site):
            assert send(web, method, path, key, body).check().status == status, (path, body)


def test_the_limit_comes_after_the_scope(full):
    send(full, "POST", TOKENS, "owner", b'{"websiteIds":["%s"]}' % UNKNOWN_ID.encode()).refused(
        404, "not_found", "websiteIds[0]")
    answer = send(full, "POST", TOKENS, "owner", b"{}").refused(409, "limit_reached")
    assert "1 of 1" in answer.error["message"]


# ---- One 401 ---------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def bad_keys(web):
    """A key of each kind that must not be told apart."""
    expired, revoked = web.create(name="expired"), web.create(name="revoked")
    change(web.site, "UPDATE tokens SET expires_at = 1 WHERE id = ?", bytes.fromhex(expired["id"]))
    assert web.call("DELETE", f"{TOKENS}/{revoked['id']}").status == 200
    web.site.account("gone@example.org")
    disabled = web.site.token("gone@example.org")
    assert web.call("GET", SELF, key=disabled["key"]).status == 200
    web.site.admin("account", "disable", "gone@example.org")
    return {
        "malformed": "bad",
        "mistyped": web.site.owner_key[:-1] + ("a" if web.site.owner_key[-1] != "a" else "b"),
        "unknown": well_formed(),
        "wrong secret": well_formed(web.site.owner_key[4:14]),
        "expired": expired["key"],
        "revoked": revoked["key"],
        "disabled account": disabled["key"],
    }


@pytest.mark.parametrize("method, path", [
    ("GET", TOKENS), ("POST", TOKENS), ("GET", SELF), ("DELETE", SELF),
    ("GET", f"{TOKENS}/{UNKNOWN_ID}"), ("GET", B + "/account"), ("GET", B + "/websites")])
def test_no_bad_key_can_be_told_from_another(web, bad_keys, method, path):
    answers = {}
    with nothing_changes(web.site):
        for kind, key in bad_keys.items():
            answer = send(web, method, path, key, b"{}" if method == "POST" else b"")
            tells_nothing(web.site, answer.refused(401, "invalid_token"))
            answers[kind] = same(answer)
    for kind, answer in answers.items():
        assert answer == answers["malformed"], kind


# ---- Every route (threat A10) ----------------------------------------------------------------

ANYONE, ALWAYS, CODE, CALLER, HOLDER, OR_SELF, OF_ALL = (
    "ACCESS_ANYONE", "ACCESS_ALWAYS", "ACCESS_CODE", "ACCESS_CALLER", "ACCESS_HOLDER",
    "ACCESS_HOLDER_OR_SELF", "ACCESS_HOLDER_OF_ALL")


class Websites:
    """Two websites, a caller that is limited to the first, and tokens inside and outside."""

    def __init__(self, web):
        self.web = web
        self.one, self.two = web.site.website("one.test"), web.site.website("two.test")
        self.caller = web.create(name="limited", websiteIds=[self.one])
        self.inside = web.create(name="inside", websiteIds=[self.one])
        self.outside = web.create(name="outside", websiteIds=[self.two])
        self.everywhere = web.create(name="everywhere")

    def spare(self, method):
        """A website for METHOD to change."""
        if method == "GET":
            return self.one
        return self.web.site.website(f"{method.lower()}-{len(self.web.site.minted)}.test")

    def call(self, method, path, body=None, key=None):
        return self.web.call(method, path, body, key=key or self.caller["key"]).check()


@pytest.fixture(scope="module")
def websites(web):
    return Websites(web)


def list_keeps_inside(sites):
    seen = {record["id"]: record["websiteIds"] for record in
            sites.call("GET", TOKENS + "?state=all&limit=1000").data}
    assert sites.inside["id"] in seen and sites.caller["id"] in seen
    assert all(ids == [sites.one] for ids in seen.values())


def creation_keeps_inside(sites):
    with nothing_changes(sites.web.site):
        for ids, field in (([sites.two], "websiteIds[0]"), ([], "websiteIds"),
                           ([sites.one, sites.two], "websiteIds[1]")):
            sites.call("POST", TOKENS, {"websiteIds": ids}).refused(403, "scope_exceeded", field)
    for body in ({}, {"websiteIds": [sites.one]}):
        answer = sites.call("POST", TOKENS, body)
        sites.web.remember(answer)
        assert (answer.status, answer.first["websiteIds"]) == (201, [sites.one])


def self_is_the_caller(sites):
    record = sites.call("GET", SELF).first
    assert (record["id"], record["websiteIds"]) == (sites.caller["id"], [sites.one])


def one_is_shown_inside_only(sites):
    path = TOKENS + "/"
    assert sites.call("GET", path + sites.inside["id"]).first["name"] == "inside"
    for outside in (sites.outside, sites.everywhere):
        sites.call("GET", path + outside["id"]).refused(404, "not_found")


def one_is_revoked_inside_only(sites):
    path = TOKENS + "/"
    doomed = sites.web.create(name="doomed", websiteIds=[sites.one])
    with nothing_changes(sites.web.site):
        for outside in (sites.outside, sites.everywhere):
            for query in ("", "?cascade=true"):
                sites.call("DELETE", path + outside["id"] + query).refused(404, "not_found")
    assert sites.call("DELETE", path + doomed["id"]).status == 200


def one_is_changed_inside_only(sites):
    path = TOKENS + "/"
    with nothing_changes(sites.web.site):
        for outside in (sites.outside, sites.everywhere):
            sites.call("PATCH", path + outside["id"], {"name": "x"}).refused(404, "not_found")
    answer = sites.call("PATCH", path + sites.inside["id"], {"name": "inside"})
    assert (answer.status, answer.first["name"]) == (200, "inside")


def one_is_rotated_inside_only(sites):
    path = TOKENS + "/{}/rotate"
    with nothing_changes(sites.web.site):
        for outside in (sites.outside, sites.everywhere):
            sites.call("POST", path.format(outside["id"]), {}).refused(404, "not_found")
    answer = sites.call("POST", path.format(sites.inside["id"]), {})
    assert (answer.status, answer.first["id"]) == (200, sites.inside["id"])


def many_are_revoked_inside_only(sites):
    with nothing_changes(sites.web.site):
        answer = sites.call("POST", TOKENS + "/revoke", {"q": "side", "dryRun": True})
    assert {record["name"] for record in answer.data} == {"inside"}
    for ids in ([sites.one], [sites.two], []):
        sites.web.create(name="swept", websiteIds=ids)
    answer = sites.call("POST", TOKENS + "/revoke", {"q": "swept"})
    assert [record["websiteIds"] for record in answer.data] == [[sites.one]]
    assert answer.json["revocation"]["skipped"] == 0
    assert len(sites.web.call("GET", TOKENS + "?q=swept").data) == 2


def account_is_the_same_for_all(sites):
    account = sites.call("GET", B + "/account").first
    owner = sites.web.call("GET", B + "/account").first
    assert account.pop("token")["id"] == sites.caller["id"]
    owner.pop("token")
    assert account == owner


def permissions_are_the_same_for_all(sites):
    answers = [sites.call("GET", B + "/permissions", key=key).data
               for key in (sites.caller["key"], sites.web.site.owner_key)]
    assert answers[0] == answers[1]


def websites_are_those_inside(sites):
    assert [website["id"] for website in sites.call("GET", B + "/websites").data] == [sites.one]


def audit_is_not_for_a_limited_caller(sites):
    for query in ("", "?limit=0", "?cursor=x"):
        answer = sites.call("GET", B + "/audit" + query).refused(403, "insufficient_scope")
        assert 'scope="api-keys:read"' in answer.header("WWW-Authenticate")


def activity_is_that_of_tokens_inside(sites):
    sites.call("GET", B + "/activity").refused(403, "insufficient_scope")
    own, wider = sites.caller["id"], sites.web.create(name="of all")["id"]
    assert sites.call("GET", f"{B}/activity?tokenId={own}").check().status == 200
    sites.call("GET", f"{B}/activity?tokenId={wider}").refused(404, "not_found")


def the_account_is_renamed_for_all(sites):
    for name, key in (("Renamed", sites.caller["key"]), ("Owner", sites.web.site.owner_key)):
        assert sites.call("PUT", B + "/account", {"name": name}, key).first["name"] == name
        assert sites.web.call("GET", B + "/account").first["name"] == name


def a_limited_caller_makes_none(sites):
    before = sites.web.call("GET", B + "/websites").data
    answer = sites.call("POST", B + "/websites", {"domain": "more.test"})
    answer.refused(403, "insufficient_scope")
    assert sites.web.call("GET", B + "/websites").data == before


def only_inside(method, path, body=None):
    """A route that takes what lies inside, and does not find what lies outside."""
    def check(sites):
        account = sites.web.call("GET", B + "/account").first["id"]
        before = sites.web.call("GET", B + "/websites").data
        outside, inside = (B + path.format(website=website, account=account)
                           for website in (sites.two, sites.spare(method)))
        sites.call(method, outside, body).refused(404, "not_found")
        assert sites.web.call("GET", B + "/websites").data[:len(before)] == before
        key = sites.web.create(websiteIds=[inside.split("/")[5]])["key"]
        answer = sites.call(method, inside, body, key)
        assert answer.status == 200 or answer.reason == "last_owner", answer.error
    return check


def concerns_no_website(sites):
    """Health and figures name no account, no token and no website."""


def a_key_that_is_shown_is_sight(sites):
    """Whoever holds a key could use it: of the own account, it is told wherever it reaches."""
    keys = [sites.web.create(websiteIds=ids)["key"] for ids in ([sites.one], [sites.two], [])]
    for key in keys + [well_formed()]:
        answer = form(sites.web, "/api/v1/introspect", {"token": key}, key=sites.caller["key"])
        assert check_bare(answer)["active"] == (key in keys)
        answer = sites.call("POST", "/api/v1/verify", {"key": key})
        assert answer.first["valid"] == (key in keys)


ONE = f"{TOKENS}/{UNKNOWN_ID}"
WEBSITE = f"{B}/websites/{UNKNOWN_ID}"
# Every route, as docs/api has it: who may call it, what for, how it is asked so that nothing comes
# of it, what a caller that is let in gets then, and that it keeps to the caller's websites. A new
# route needs a line here.
ROUTES = {
    "GET " + TOKENS: (HOLDER, "api-keys:read", TOKENS, None, 200, list_keeps_inside),
    "POST " + TOKENS: (HOLDER, "api-keys:write", TOKENS, {"name": 1}, 400, creation_keeps_inside),
    "GET " + SELF: (CALLER, None, SELF, None, 200, self_is_the_caller),
    "GET " + TOKENS + "/{tokenId}": (HOLDER, "api-keys:read", ONE, None, 404,
                                     one_is_shown_inside_only),
    "DELETE " + TOKENS + "/{tokenId}": (OR_SELF, "api-keys:write", ONE, None, 404,
                                        one_is_revoked_inside_only),
    "PATCH " + TOKENS + "/{tokenId}": (HOLDER, "api-keys:write", ONE, {"name": "x"}, 404,
                                       one_is_changed_inside_only),
    "POST " + TOKENS + "/{tokenId}/rotate": (OR_SELF, "api-keys:write", ONE + "/rotate", {}, 404,
                                             one_is_rotated_inside_only),
    "POST " + TOKENS + "/revoke": (HOLDER, "api-keys:write", TOKENS + "/revoke", {}, 400,
                                   many_are_revoked_inside_only),
    "GET " + B + "/account": (CALLER, None, B + "/account", None, 200,
                              account_is_the_same_for_all),
    "GET " + B + "/permissions": (CALLER, None, B + "/permissions", None, 200,
                                  permissions_are_the_same_for_all),
    "GET " + B + "/websites": (HOLDER, "websites:read", B + "/websites", None, 200,
                               websites_are_those_inside),
    "GET " + B + "/audit": (OF_ALL, "api-keys:read", B + "/audit", None, 200,
                            audit_is_not_for_a_limited_caller),
    "GET " + B + "/activity": (HOLDER, "api-keys:read", B + "/activity", None, 200,
                               activity_is_that_of_tokens_inside),
    "PUT " + B + "/account": (HOLDER, "settings:write", B + "/account", {"name": 1}, 400,
                              the_account_is_renamed_for_all),
    "POST " + B + "/websites": (OF_ALL, "websites:write", B + "/websites", {"domain": 1}, 400,
                                a_limited_caller_makes_none),
    "GET " + B + "/websites/{websiteId}": (
        HOLDER, "websites:read", WEBSITE, None, 404, only_inside("GET", "/websites/{website}")),
    "PUT " + B + "/websites/{websiteId}": (
        HOLDER, "settings:write", WEBSITE, {"name": "x"}, 404,
        only_inside("PUT", "/websites/{website}", {"name": "Inside"})),
    "DELETE " + B + "/websites/{websiteId}": (
        HOLDER, "websites:write", WEBSITE, None, 404,
        only_inside("DELETE", "/websites/{website}")),
    "GET " + B + "/websites/{websiteId}/team": (
        HOLDER, "team:read", WEBSITE + "/team", None, 404,
        only_inside("GET", "/websites/{website}/team")),
    "PUT " + B + "/websites/{websiteId}/team/{accountId}": (
        HOLDER, "team:write", f"{WEBSITE}/team/{UNKNOWN_ID}", {"role": "owner"}, 404,
        only_inside("PUT", "/websites/{website}/team/{account}", {"role": "viewer"})),
    "DELETE " + B + "/websites/{websiteId}/team/{accountId}": (
        HOLDER, "team:write", f"{WEBSITE}/team/{UNKNOWN_ID}", None, 404,
        only_inside("DELETE", "/websites/{website}/team/{account}")),
    "POST /api/v1/verify": (HOLDER, "api-keys:read", "/api/v1/verify", {"key": 1}, 400,
                            a_key_that_is_shown_is_sight),
    "POST /api/v1/introspect": (HOLDER, "api-keys:read", "/api/v1/introspect", None, 400,
                                a_key_that_is_shown_is_sight),
    "POST /api/v1/bootstrap": (CODE, None, "/api/v1/bootstrap", {"code": "x" * 16}, 404,
                               concerns_no_website),
    "POST /api/v1/revoke": (ANYONE, None, "/api/v1/revoke", None, 400, concerns_no_website),
    "GET /api/v1/openapi.json": (ALWAYS, None, "/api/v1/openapi.json", None, 200,
                                 concerns_no_website),
    "GET /healthz": (ANYONE, None, "/healthz", None, 200, concerns_no_website),
    "GET /metrics": (ALWAYS, None, "/metrics", None, 200, concerns_no_website),
}


def test_every_route_of_the_program_has_a_line_here():
    assert route_table() == {route: entry[:2] for route, entry in ROUTES.items()}


def ask_route(web, route, key):
    _, _, path, body, _, _ = ROUTES[route]
    with nothing_changes(web.site):
        answer = web.call(route.split()[0], path, body, key=key)
    if path.endswith(".json"):  # as it is, without the envelope
        check_bare(answer)
    else:
        answer.check()
    tells_nothing(web.site, answer)
    return answer


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_that_wants_a_key_refuses_without_one(web, bad_keys, route):
    access, _, _, _, let_in, _ = ROUTES[route]
    if access in (ANYONE, ALWAYS, CODE):
        assert ask_route(web, route, None).status == let_in
        return
    ask_route(web, route, None).refused(401, "missing_token")
    for key in bad_keys.values():
        ask_route(web, route, key).refused(401, "invalid_token")


@pytest.fixture(scope="module")
def lacking(web):
    """For each permission, a token that has all others."""
    return {name: web.create(permissions=[p for p in ALL_PERMISSIONS if p != name])["key"]
            for name in ALL_PERMISSIONS}


@pytest.fixture(scope="module")
def single(web):
    """For each permission, a token that has nothing else."""
    return {name: web.create(permissions=[name])["key"] for name in ALL_PERMISSIONS}


def let_in_or_refused(web, route, key, is_let_in):
    _, needed, _, _, let_in, _ = ROUTES[route]
    answer = ask_route(web, route, key)
    if is_let_in:
        assert answer.status == let_in
        return
    answer.refused(403, "insufficient_scope")
    assert f'scope="{needed}"' in answer.header("WWW-Authenticate")


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_asks_for_its_permission_and_no_other(web, lacking, single, route):
    needed = ROUTES[route][1]
    for name in ALL_PERMISSIONS:
        let_in_or_refused(web, route, lacking[name], needed is None or name != needed)
        let_in_or_refused(web, route, single[name], needed is None or name == needed)


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_keeps_to_the_websites_of_its_caller(websites, route):
    ROUTES[route][-1](websites)


@pytest.mark.parametrize("route", ROUTES)
def test_a_caller_whose_only_website_is_gone_holds_no_permission(web, route):
    gone = web.site.website("gone.test")
    token = web.create(name="of a website that goes", websiteIds=[gone])
    web.site.admin("website", "remove", gone)
    let_in_or_refused(web, route, token["key"], ROUTES[route][1] is None)


@pytest.mark.parametrize("route", [route for route, entry in ROUTES.items()
                                   if entry[0] == OR_SELF])
def test_a_token_needs_no_permission_for_itself(web, route):
    method, pattern = route.split()
    for name in ("self", None):
        token = web.create(permissions=["analytics:read"])
        other = pattern.replace("{tokenId}", web.create(name="another")["id"])
        with nothing_changes(web.site):
            web.call(method, other, key=token["key"]).refused(403, "insufficient_scope")
        own = pattern.replace("{tokenId}", name or token["id"])
        assert web.call(method, own, key=token["key"]).check().status == 200
