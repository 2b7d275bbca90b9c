# SPDX-License-Identifier: ISC
"""Only one spelling of a path reaches a thing, and a token that a caller may not see is as if it
did not exist: docs/security section 2, rows 28-44."""
import pytest

from asking import MEMO, QUICK, ask_program, bearer, change, line, same
from claviger_site import B, TOKENS, wait_until
from conftest import opened
from refusals import nothing_changes, tells_nothing

SELF = TOKENS + "/self"
UNKNOWN = "0123456789abcdef01234567"
# What a POST is sent with.
JSON = ("Content-Type: application/json", "Content-Length: 2")


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + MEMO)


def ask(web, method, path, *headers, **options):
    return web.raw(line(method, path, bearer(web.site.owner_key), *headers, **options))


def refuse(web, answer, status, reason):
    """STATUS of claviger's own with REASON, or lighttpd's where REASON is None."""
    tells_nothing(web.site, answer)
    assert answer.header("Location") is None
    assert not any(name.lower().startswith("access-control-") for name, _ in answer.headers)
    if reason is None:
        assert (answer.status, answer.header("Content-Type")) == (status, "text/html")
    else:
        answer.refused(status, reason)
        assert answer.header("WWW-Authenticate") is None or reason == "invalid_request"


ALLOWED = {
    TOKENS: "GET, HEAD, POST",
    SELF: "GET, HEAD, PATCH, DELETE",
    f"{TOKENS}/{UNKNOWN}": "GET, HEAD, PATCH, DELETE",
    f"{SELF}/rotate": "POST",
    f"{TOKENS}/{UNKNOWN}/rotate": "POST",
    # To the other methods the word is an id, which no token has.
    TOKENS + "/revoke": "GET, HEAD, PATCH, DELETE, POST",
    B + "/account": "GET, HEAD, PUT",
    B + "/permissions": "GET, HEAD",
    B + "/websites": "GET, HEAD, POST",
    f"{B}/websites/{UNKNOWN}": "GET, HEAD, PUT, DELETE",
    f"{B}/websites/{UNKNOWN}/team": "GET, HEAD",
    f"{B}/websites/{UNKNOWN}/team/{UNKNOWN}": "PUT, DELETE",
    B + "/audit": "GET, HEAD",
    B + "/activity": "GET, HEAD",
    "/api/v1/openapi.json": "GET, HEAD",
    "/healthz": "GET, HEAD",
    "/metrics": "GET, HEAD",
}


@pytest.mark.parametrize("path", ALLOWED)
@pytest.mark.parametrize("method", ["PUT", "TRACE", "PROPFIND", "OPTIONS"])
def test_rows_28_29_a_method_that_is_not_served_is_named_with_those_that_are(web, method, path):
    if method in ALLOWED[path].split(", "):
        method = "PATCH"
    origin = ("Origin: https://elsewhere.test", "Access-Control-Request-Method: POST")
    for lines in ([], [bearer(web.site.owner_key)], origin):
        length = ["Content-Length: 0"] if method in ("PUT", "PATCH") else []
        with nothing_changes(web.site):
            answer = web.raw(line(method, path, *lines, *length))
        refuse(web, answer, 405, "method_not_allowed")
        assert answer.header("Allow") == ALLOWED[path]


def test_row_29_options_of_nothing_is_not_found(web):
    refuse(web, ask(web, "OPTIONS", B + "/nothing"), 404, "not_found")


def test_row_29_lighttpd_answers_options_of_itself_without_a_cors_header(web):
    answer = ask(web, "OPTIONS", "*", "Origin: https://elsewhere.test")
    assert answer.status == 200 and not answer.body
    assert not any(name.lower().startswith("access-control-") for name, _ in answer.headers)


@pytest.mark.parametrize("method, status, reason", [
    ("FOO", 405, "method_not_allowed"),
    ("get", 405, "method_not_allowed"),
    ("Get", 405, "method_not_allowed"),
    ("GETX", 405, "method_not_allowed"),
    ("A" * 5000, 405, "method_not_allowed"),
    ("", 400, "invalid_request"),
    (None, 400, "invalid_request"),
], ids=["FOO", "get", "Get", "GETX", "5000 bytes", "empty", "none"])
def test_rows_28_31_methods_that_lighttpd_does_not_pass_on(web, method, status, reason):
    refuse(web, ask(web, method or "", TOKENS), 501, None)
    answer = ask_program(web, REQUEST_METHOD=method, REQUEST_URI=TOKENS,
                         HTTP_AUTHORIZATION=f"Bearer {web.site.owner_key}")
    refuse(web, answer, status, reason)
    if status == 405:
        assert answer.header("Allow") == ALLOWED[TOKENS]


@pytest.mark.parametrize("path, key, status", [
    (TOKENS, True, 200),
    (SELF, True, 200),
    (B + "/account", True, 200),
    (B + "/permissions", True, 200),
    (B + "/websites", True, 200),
    (B + "/audit", True, 200),
    (B + "/activity", True, 200),
    ("/healthz", False, 200),
    (SELF, False, 401),
    (f"{TOKENS}?limit=0", True, 400),
    (f"{TOKENS}/{UNKNOWN}", True, 404),
    (B + "/nothing", False, 404),
])
def test_row_30_head_is_get_without_the_body(web, path, key, status):
    headers = {"X-Request-Id": "head-or-get", "Connection": "close"}

    def is_the_same():
        answers = {method: web.call(method, path, headers=headers, key="owner" if key else None)
                   for method in ("GET", "HEAD")}
        assert answers["GET"].status == status and answers["GET"].body
        assert answers["HEAD"].body == b""
        return same(answers["HEAD"])[:2] == same(answers["GET"])[:2]

    # Plain CGI may write a use between the two, which then differ in length.
    wait_until(is_the_same, "HEAD to answer as GET does")


PATHS = [
    # row, label, path, status, reason (None: lighttpd's own answer)
    (32, "the base of the API", B, 404, "not_found"),
    (32, "the same with a slash", B + "/", 404, "not_found"),
    (32, "/api/v1", "/api/v1", 404, "not_found"),
    (32, "a letter less", B + "/access-token", 404, "not_found"),
    (32, "a letter more", B + "/access-tokenss", 404, "not_found"),
    (32, "more behind self", SELF + "/x", 404, "not_found"),
    (32, "lighttpd: beside the API", "/api", 404, None),
    (32, "lighttpd: /api/v1x", "/api/v1x", 404, None),
    (33, "a slash behind", TOKENS + "/", 404, "not_found"),
    (33, "a slash behind self", SELF + "/", 404, "not_found"),
    (33, "a slash behind account", B + "/account/", 404, "not_found"),
    (33, "a slash behind healthz", "/healthz/", 404, "not_found"),
    (34, "two slashes", B + "//access-tokens", 404, "not_found"),
    (34, "two slashes earlier", "/api//v1/admin/access-tokens", 404, "not_found"),
    (34, "two slashes first", "/" + TOKENS, 404, "not_found"),
    (34, "two slashes last", TOKENS + "//", 404, "not_found"),
    (35, "a dot", B + "/./access-tokens", 404, "not_found"),
    (35, "two dots", B + "/x/../access-tokens", 404, "not_found"),
    (35, "escaped dots", B + "/x/%2e%2e/access-tokens", 404, "not_found"),
    (35, "half escaped dots", B + "/x/.%2E/access-tokens", 404, "not_found"),
    (35, "an escaped dot", B + "/%2e/access-tokens", 404, "not_found"),
    (35, "dots out of it and back", "/x/.." + TOKENS, 404, "not_found"),
    (35, "dots behind", TOKENS + "/..", 404, "not_found"),
    (36, "an escaped slash", TOKENS + "%2Fself", 404, "not_found"),
    (36, "an escaped slash in lower case", TOKENS + "%2fself", 404, "not_found"),
    (36, "an escaped backslash", TOKENS + "%5Cself", 404, "not_found"),
    (36, "a backslash", TOKENS + "\\self", 404, "not_found"),
    (36, "lighttpd: NUL", TOKENS + "%00", 400, None),
    (36, "lighttpd: NUL behind self", SELF + "%00", 400, None),
    (36, "lighttpd: line feed", SELF + "%0a", 400, None),
    (37, "capitals", B + "/Access-Tokens", 404, "not_found"),
    (37, "all capitals", B + "/ACCESS-TOKENS", 404, "not_found"),
    (37, "Self", TOKENS + "/Self", 404, "not_found"),
    (38, "a parameter of the path", TOKENS + ";x=1", 404, "not_found"),
    (38, "an escaped parameter", TOKENS + "%3Bx=1", 404, "not_found"),
    (38, ".json", TOKENS + ".json", 404, "not_found"),
    (38, "an escaped question mark", TOKENS + "%3Fstate=all", 404, "not_found"),
    (39, "%zz", TOKENS + "/%zz", 404, "not_found"),
    (39, "a lone %", TOKENS + "/%", 404, "not_found"),
    (39, "a lone % before self", TOKENS + "/%self", 404, "not_found"),
    (39, "%2 at the end", TOKENS + "/%2", 404, "not_found"),
    (39, "escaped twice", TOKENS + "/s%2565lf", 404, "not_found"),
    (39, "lighttpd: an overlong slash", TOKENS + "%c0%afself", 400, None),
    (39, "lighttpd: %ff", TOKENS + "/%ff", 400, None),
    (40, "2 100 bytes", TOKENS + "/" + "a" * 2100, 404, "not_found"),
    (40, "lighttpd: 9 000 bytes", TOKENS + "/" + "a" * 9000, 431, None),
    (40, "lighttpd: absolute form of another host", "http://other.test" + SELF, 400, None),
    (41, "23 digits", f"{TOKENS}/{UNKNOWN[:-1]}", 404, "not_found"),
    (41, "25 digits", f"{TOKENS}/{UNKNOWN}8", 404, "not_found"),
    (41, "upper-case hex", f"{TOKENS}/{UNKNOWN.upper()}", 404, "not_found"),
    (41, "a letter that is no digit", f"{TOKENS}/{UNKNOWN[:-1]}g", 404, "not_found"),
    (41, "0x", f"{TOKENS}/0x{UNKNOWN[2:]}", 404, "not_found"),
    (41, "a blank", f"{TOKENS}/%20", 404, "not_found"),
    (41, "a blank behind", f"{TOKENS}/{UNKNOWN}%20", 404, "not_found"),
    (41, "a plus", f"{TOKENS}/+", 404, "not_found"),
    (41, "null", f"{TOKENS}/null", 404, "not_found"),
    (41, "undefined", f"{TOKENS}/undefined", 404, "not_found"),
    (41, "../self", f"{TOKENS}/../self", 404, "not_found"),
    (41, "24 zeros", f"{TOKENS}/{'0' * 24}", 404, "not_found"),
    (41, "a list", f"{TOKENS}/{UNKNOWN},{UNKNOWN}", 404, "not_found"),
    (41, "a quote", f"{TOKENS}/'%20OR%201=1--", 404, "not_found"),
]


@pytest.mark.parametrize("row, label, path, status, reason", PATHS,
                         ids=[f"{entry[0]} {entry[1]}" for entry in PATHS])
def test_another_spelling_reaches_nothing(web, row, label, path, status, reason):
    unknown = same(ask(web, "GET", f"{TOKENS}/{UNKNOWN}"))
    requests = [("GET", (), b""), ("DELETE", (), b"")]
    if row not in (37, 41):  # these have the place of an id, where no POST is served
        requests.append(("POST", JSON, b"{}"))
    with nothing_changes(web.site):
        for method, headers, body in requests:
            answer = ask(web, method, path, *headers, body=body)
            refuse(web, answer, status, reason)
            if reason:
                assert same(answer) == unknown


@pytest.mark.parametrize("path", [B, B + "/", "/api/v1", B + "/access-token", TOKENS + "/"])
def test_row_32_what_does_not_exist_needs_no_credentials(web, path):
    for method in ("GET", "DELETE"):
        refuse(web, web.raw(line(method, path)), 404, "not_found")
        refuse(web, web.raw(line(method, path, bearer("bad"))), 404, "not_found")


# What lighttpd answers itself, or cannot pass on, or is another server's way to say it.
URIS = [
    (32, "the root", "/", 404, "not_found"),
    (32, "/api", "/api", 404, "not_found"),
    (32, "nothing but a query", "?x", 404, "not_found"),
    (32, "no slash", "api/v1/admin/access-tokens/self", 404, "not_found"),
    (36, "NUL", SELF + "%00", 404, "not_found"),
    (36, "NUL and more", SELF + "%00/x", 404, "not_found"),
    (36, "line feed", SELF + "%0a", 404, "not_found"),
    (36, "raw control byte", SELF + "\x01", 404, "not_found"),
    (36, "DEL", SELF + "%7f", 404, "not_found"),
    (39, "an overlong slash", TOKENS + "%c0%afself", 404, "not_found"),
    (39, "%ff", TOKENS + "/%ff", 404, "not_found"),
    (39, "raw bytes that are not UTF-8", TOKENS + "/\xff", 404, "not_found"),
    (40, "absolute form", "http://other.test" + SELF, 200, None),
    (40, "absolute form of https", "https://other.test:8443" + SELF, 200, None),
    (40, "absolute form of another scheme", "ftp://other.test" + SELF, 404, "not_found"),
    (40, "absolute form without a path", "http://other.test", 404, "not_found"),
    (40, "8 000 bytes", TOKENS + "/" + "a" * 7970, 404, "not_found"),
    (40, "more than 8 KiB", TOKENS + "/" + "a" * 8200, 400, "invalid_request"),
    (40, "more than 8 KiB of query", SELF + "?x=" + "a" * 8200, 400, "invalid_request"),
    (35, "an escaped letter", TOKENS + "/s%65lf", 200, None),
    (35, "an escaped letter earlier", "/%61pi/v1/admin/access-tokens/self", 200, None),
]


@pytest.mark.parametrize("row, label, uri, status, reason", URIS,
                         ids=[f"{entry[0]} {entry[1]}" for entry in URIS])
def test_the_program_decides_by_the_raw_address(web, row, label, uri, status, reason):
    with nothing_changes(web.site):
        answer = ask_program(web, REQUEST_URI=uri,
                             HTTP_AUTHORIZATION=f"Bearer {web.site.owner_key}")
    if reason:
        refuse(web, answer, status, reason)
    else:
        assert answer.check().status == status


@pytest.mark.parametrize("path", ["/%61pi/v1/admin/access-tokens/self", TOKENS + "/s%65lf"])
def test_an_escaped_letter_is_that_letter(web, path):
    assert same(ask(web, "GET", path)) == same(ask(web, "GET", SELF))


def test_row_40_absolute_form_of_its_own_host_is_origin_form(web):
    answer = ask(web, "GET", "http://claviger.test" + SELF)
    assert same(answer) == same(ask(web, "GET", SELF))


def test_row_42_self_of_a_delete_is_the_caller(web):
    token = web.create(name="ends itself")
    bystander = web.create(name="bystander")
    answer = web.call("DELETE", SELF, key=token["key"]).check()
    assert answer.first == {"message": "Access token deleted successfully", "descendants": 0}
    web.call("GET", SELF, key=token["key"]).refused(401, "invalid_token")
    states = {record["id"]: record["state"]
              for record in web.call("GET", TOKENS + "?state=all").check().data}
    assert (states[token["id"]], states[bystander["id"]]) == ("revoked", "active")


@pytest.fixture(scope="module")
def two_websites(site):
    return site.website("one.test"), site.website("two.test")


@pytest.fixture(scope="module")
def limited(web, two_websites):
    """A caller that is limited to the first website."""
    return web.create(name="limited", websiteIds=[two_websites[0]])


FOREIGN = "another account's"


def unseen(web, two_websites):
    """Tokens that the limited caller must not see, by the reason why."""
    stranger = "stranger@example.org"
    web.site.account(stranger)
    return {
        FOREIGN: web.site.token(stranger)["id"],
        "of all websites": web.create(name="all")["id"],
        "of another website": web.create(name="other", websiteIds=[two_websites[1]])["id"],
        "of its own and another": web.create(name="both", websiteIds=list(two_websites))["id"],
    }


def test_row_43_what_a_caller_may_not_see_does_not_exist(web, two_websites, limited):
    targets = unseen(web, two_websites)
    for label, target in targets.items():
        for method in ("GET", "HEAD", "DELETE"):
            path = f"{TOKENS}/{{}}"
            with nothing_changes(web.site):
                answer, unknown = (
                    web.call(method, path.format(one), key=limited["key"],
                             headers={"X-Request-Id": "x"}) for one in (target, UNKNOWN))
            assert same(answer) == same(unknown), f"{method} of a token {label}"
            assert answer.status == 404
    with nothing_changes(web.site):
        answer = web.call("DELETE", f"{TOKENS}/{targets[FOREIGN]}")
    answer.refused(404, "not_found")


def test_row_43_a_revoked_token_can_be_read_and_not_revoked_again(web):
    token = web.create(name="revoked twice")
    path = f"{TOKENS}/{token['id']}"
    assert web.call("DELETE", path).check().status == 200
    with nothing_changes(web.site):
        again, unknown = (web.call("DELETE", one, headers={"X-Request-Id": "x"})
                          for one in (path, f"{TOKENS}/{UNKNOWN}"))
    assert same(again) == same(unknown)
    again.refused(404, "not_found")
    assert web.call("GET", path).check().first["state"] == "revoked"


WIDER = [
    # how the target is wider, what the caller has, what the target has
    ("more permissions", {"permissions": ["api-keys:read", "api-keys:write"]},
     {"permissions": ["analytics:read"]}),
    ("all permissions", {"permissions": ["api-keys:read", "api-keys:write"]}, {}),
    ("one permission more", {"permissions": ["api-keys:read", "api-keys:write"]},
     {"permissions": ["api-keys:read", "api-keys:write", "goals:read"]}),
    ("never expires", {"expiresIn": 3600}, {}),
    ("expires later", {"expiresIn": 3600}, {"expiresIn": 7200}),
]


@pytest.mark.parametrize("label, caller, target", WIDER, ids=[entry[0] for entry in WIDER])
def test_row_44_what_is_wider_than_the_caller_is_seen_and_not_touched(web, label, caller, target):
    caller = web.create(name="caller", **caller)
    target = web.create(name="target", **target)
    path = f"{TOKENS}/{target['id']}"
    assert web.call("GET", path, key=caller["key"]).check().first["name"] == "target"
    for query in ("", "?cascade=true"):
        with nothing_changes(web.site):
            answer = web.call("DELETE", path + query, key=caller["key"])
        refuse(web, answer, 403, "scope_exceeded")


def test_row_44_what_descends_from_the_caller_may_be_revoked_although_it_is_wider(web):
    parent = web.create(name="parent")
    child = web.create(key=parent["key"], name="child")
    change(web.site, "UPDATE tokens SET permissions = 'api-keys:write' WHERE id = ?",
           bytes.fromhex(parent["id"]))
    answer = web.call("DELETE", f"{TOKENS}/{child['id']}", key=parent["key"])
    assert answer.check().status == 200
