# SPDX-License-Identifier: ISC
"""Hostile and unusual requests through each web server: docs/security section 2, rows 1-17, 28-41
and 45-64, as far as a web server may make a difference.

An expectation is a string where claviger answers ("404 not_found", "200"), and a number where the
web server does so by itself. The first is for all of them, but for those that are named.
"""
import socket

import pytest

from asking import bearer, line
from claviger_site import B, TOKENS
from refusals import nothing_changes, tells_nothing
from web_servers import WAYS, opened_by

SELF = TOKENS + "/self"
UNKNOWN = "0123456789abcdef01234567"
P = "Authorization: Bearer {P}"
JSON = "Content-Type: application/json"
BODY_MAX = 65536
# A body that is read and then refused: by the field that is named, it was accepted so far.
BAD_NAME = b'{"name":1}'
ACCEPTED = "400 invalid_field"
NOT_FOUND = "404 not_found"
NOT_ALLOWED = "405 method_not_allowed"
DOUBLED = "400 invalid_request"
INVALID = "401 invalid_token"
MISSING = "401 missing_token"


@pytest.fixture(scope="module", params=WAYS)
def web(request):
    """Each of the web servers, with its example as it is."""
    yield from opened_by(request.param)


def both(status, **others):
    """What Apache answers by itself, in either way."""
    return {"apache": status, "fcgid": status, **others}


def each(status, **others):
    """What all three answer by themselves, for which lighttpd has another number."""
    return both(status, nginx=status, **others)


CREDENTIALS = [
    # row, label, header lines, answer of most, answers of some
    (1, "none", [], MISSING, {}),
    (2, "empty", ["Authorization:"], MISSING, {}),
    (3, "Basic", ["Authorization: Basic dXNlcjpwYXNz"], MISSING, {}),
    (3, "Basic beside a key", ["Authorization: Basic dXNlcjpwYXNz", "X-API-Key: {P}"], "200", {}),
    (5, "Bearer", [P], "200", {}),
    (7, "not a key", ["Authorization: Bearer x"], INVALID, {}),
    (8, "two in one line", ["Authorization: Bearer {P}, Bearer {P}"], DOUBLED, {}),
    (8, "two lines", [P, P], DOUBLED, {"nginx": 400}),
    (8, "two lines, one bad", [P, "Authorization: Bearer x"], DOUBLED, {"nginx": 400}),
    (9, "both headers", [P, "X-API-Key: {P}"], DOUBLED, {}),
    (9, "both headers, one bad", [P, "X-API-Key: x"], DOUBLED, {}),
    (10, "X-API-Key", ["X-API-Key: {P}"], "200", {}),
    (10, "two X-API-Key", ["X-API-Key: {P}", "X-API-Key: {P}"], DOUBLED, {}),
    (10, "two X-API-Key, one bad", ["X-API-Key: x", "X-API-Key: {P}"], DOUBLED, {}),
    # lighttpd hands the other spellings on under the same name; the others drop them.
    (10, "X_API_Key", ["X_API_Key: {P}"], MISSING, {"lighttpd": "200"}),
    (10, "X.API.Key", ["X.API.Key: {P}"], MISSING, {"lighttpd": "200"}),
    (10, "X_API_Key as well", ["X-API-Key: {P}", "X_API_Key: {P}"], "200", {"lighttpd": DOUBLED}),
    (10, "X_API_Key beside Bearer", [P, "X_API_Key: x"], "200", {"lighttpd": DOUBLED}),
    (11, "the variable as a header", ["HTTP-Authorization: Bearer {P}"], MISSING, {}),
    (11, "the other variable as a header", ["Redirect-HTTP-Authorization: Bearer {P}"], MISSING,
     {}),
    (12, "8 000 bytes", ["Authorization: Bearer " + "a" * 8000], INVALID, {}),
    (12, "9 000 bytes", ["Authorization: Bearer " + "a" * 9000], 431, each(400)),
    (13, "a byte above 0x7F", ["Authorization: Bearer \x80{P}"], INVALID, {}),
    (13, "a control byte", ["Authorization: Bearer {P}\x01"], 400, {"nginx": INVALID}),
    (13, "DEL", ["Authorization: Bearer {P}\x7f"], 400, {"nginx": INVALID}),
    (13, "NUL", ["Authorization: Bearer {P}\x00"], 400, {}),
    (17, "a cookie", ["Cookie: token={P}; Authorization=Bearer {P}"], MISSING, {}),
    (17, "Proxy-Authorization", ["Proxy-Authorization: Bearer {P}"], MISSING, {}),
    (58, "two request ids", [P, "X-Request-Id: second"], "200", {"nginx": DOUBLED}),
    (62, "90 headers", [P] + [f"X-Header-{i}: value" for i in range(90)], "200", {}),
    (62, "200 headers", [P] + [f"X-Header-{i}: value" for i in range(200)], "200", both(400)),
    (62, "a large header", [P, "X-Large: " + "a" * 60000], 431, each(400)),
    (63, "Proxy", [P, "Proxy: http://127.0.0.1:1"], "200", {}),
    (63, "another method", [P, "X-HTTP-Method-Override: DELETE"], "200", {}),
    (63, "another address", [P, "X-Original-URL: /healthz", "X-Rewrite-URL: /healthz"], "200", {}),
    (63, "Connection takes it away", [P, "Connection: close, Authorization"], "200", {}),
    (64, "a range", [P, "Range: bytes=0-1"], "200", {}),
    (64, "If-None-Match", [P, "If-None-Match: *"], "200", {}),
    (64, "If-Modified-Since", [P, "If-Modified-Since: Sat, 28 Nov 2099 00:00:00 GMT"], "200", {}),
]

METHODS = [
    # row, method, path, answer of most, answers of some
    (28, "PUT", TOKENS, NOT_ALLOWED, {}),
    (28, "PROPFIND", TOKENS, NOT_ALLOWED, {}),
    (28, "TRACE", TOKENS, NOT_ALLOWED, each(405)),
    (28, "CONNECT", TOKENS, NOT_ALLOWED, both(400, nginx=405)),
    (28, "FOO", TOKENS, NOT_ALLOWED, {"lighttpd": 501}),
    (29, "OPTIONS", TOKENS, NOT_ALLOWED, {}),
    (29, "OPTIONS", B + "/nothing", NOT_FOUND, {}),
    (31, "get", TOKENS, NOT_ALLOWED, {"lighttpd": 501, "nginx": 400}),
    (31, "Get", TOKENS, NOT_ALLOWED, {"lighttpd": 501, "nginx": 400}),
    (31, "A" * 5000, TOKENS, NOT_ALLOWED, {"lighttpd": 501}),
    (31, "", TOKENS, 400, {"lighttpd": 501}),
]

PATHS = [
    # row, label, path, answer of most, answers of some
    (32, "the base of the API", B, NOT_FOUND, {}),
    (32, "the same with a slash", B + "/", NOT_FOUND, {}),
    (32, "/api/v1", "/api/v1", NOT_FOUND, {}),
    (32, "/api/v1/", "/api/v1/", NOT_FOUND, {}),
    (32, "a letter less", B + "/access-token", NOT_FOUND, {}),
    (32, "beside the API", "/api", 404, {}),
    (32, "/api/v1x", "/api/v1x/admin/access-tokens/self", 404, {}),
    (32, "/healthzx", "/healthzx", 404, {}),
    (33, "a slash behind", TOKENS + "/", NOT_FOUND, {}),
    (33, "a slash behind self", SELF + "/", NOT_FOUND, {}),
    (33, "a slash behind healthz", "/healthz/", NOT_FOUND, {}),
    (34, "two slashes", B + "//access-tokens", NOT_FOUND, {}),
    (34, "two slashes earlier", "/api//v1/admin/access-tokens", NOT_FOUND, {}),
    (34, "two slashes first", "/" + SELF, NOT_FOUND, {}),
    (34, "two slashes last", TOKENS + "//", NOT_FOUND, {}),
    (35, "a dot", B + "/./access-tokens", NOT_FOUND, {}),
    (35, "two dots", B + "/x/../access-tokens", NOT_FOUND, {}),
    (35, "escaped dots", B + "/x/%2e%2e/access-tokens", NOT_FOUND, {}),
    (35, "half escaped dots", B + "/x/.%2E/access-tokens", NOT_FOUND, {}),
    (35, "an escaped dot", B + "/%2e/access-tokens", NOT_FOUND, {}),
    (35, "dots out of it and back", "/x/.." + SELF, NOT_FOUND, {}),
    (35, "dots out of all", "/../etc/passwd", 400, {"lighttpd": 404}),
    (35, "escaped dots out of all", "/%2e%2e/etc/passwd", 400, {"lighttpd": 404}),
    (36, "an escaped slash", TOKENS + "%2Fself", NOT_FOUND, {}),
    (36, "an escaped slash in lower case", TOKENS + "%2fself", NOT_FOUND, {}),
    (36, "an escaped slash where it is mounted", "/api%2fv1/admin/access-tokens/self", NOT_FOUND,
     both(404)),
    (36, "an escaped backslash", TOKENS + "%5Cself", NOT_FOUND, {}),
    (36, "a backslash", TOKENS + "\\self", NOT_FOUND, {}),
    (36, "NUL", SELF + "%00", 400, both(404)),
    (36, "line feed", SELF + "%0a", NOT_FOUND, {"lighttpd": 400}),
    (36, "carriage return", SELF + "%0d", NOT_FOUND, {"lighttpd": 400}),
    (36, "DEL", SELF + "%7f", NOT_FOUND, {"lighttpd": 400}),
    (37, "capitals", B + "/Access-Tokens", NOT_FOUND, {}),
    (37, "Self", TOKENS + "/Self", NOT_FOUND, {}),
    (37, "capitals where it is mounted", "/API/v1/admin/access-tokens/self", 404, {}),
    (38, "a parameter of the path", SELF + ";x=1", NOT_FOUND, {}),
    (38, "an escaped parameter", SELF + "%3Bx=1", NOT_FOUND, {}),
    (38, ".json", TOKENS + ".json", NOT_FOUND, {}),
    (38, "the ending of a database", TOKENS + "/x.db", NOT_FOUND, {}),
    (38, "an escaped question mark", TOKENS + "%3Fstate=all", NOT_FOUND, {}),
    (39, "%zz", TOKENS + "/%zz", 400, {"lighttpd": NOT_FOUND}),
    (39, "a lone %", TOKENS + "/%", 400, {"lighttpd": NOT_FOUND}),
    (39, "%2 at the end", TOKENS + "/%2", 400, {"lighttpd": NOT_FOUND}),
    (39, "escaped twice", TOKENS + "/s%2565lf", NOT_FOUND, {}),
    (39, "an overlong slash", TOKENS + "%c0%afself", NOT_FOUND, {"lighttpd": 400}),
    (39, "%ff", TOKENS + "/%ff", NOT_FOUND, {"lighttpd": 400}),
    (39, "a raw byte", TOKENS + "/\xff", NOT_FOUND, {"lighttpd": 400}),
    (39, "a raw blank", TOKENS + "/a b", 400, {"lighttpd": NOT_FOUND}),
    (39, "an escaped letter", TOKENS + "/s%65lf", "200", {}),
    (39, "an escaped letter where it is mounted", "/%61pi/v1/admin/access-tokens/self", "200", {}),
    (40, "absolute form", "http://claviger.test" + SELF, "200", {}),
    (40, "absolute form of another host", "http://other.test" + SELF, "200", {"lighttpd": 400}),
    (40, "absolute form of https", "https://other.test:8443" + SELF, "200", {"lighttpd": 400}),
    (40, "absolute form of ftp", "ftp://other.test" + SELF, 400, {"nginx": "200"}),
    (40, "a segment of 300 bytes", TOKENS + "/" + "a" * 300, NOT_FOUND, {}),
    (40, "1 000 segments", TOKENS + "/a" * 1000, NOT_FOUND, {}),
    (40, "a path of 2 100 bytes", TOKENS + "/" + "a" * 2100, NOT_FOUND, {}),
    # mod_fcgid's program is a file, and such a path no name of one.
    (40, "a path of 8 000 bytes", TOKENS + "/" + "a" * 7900, NOT_FOUND, {"fcgid": 403}),
    (40, "a path of 9 000 bytes", TOKENS + "/" + "a" * 9000, 431, each(414)),
    (40, "a query of 7 900 bytes", SELF + "?x=" + "a" * 7900, "200", {}),
    (40, "a query of 8 200 bytes", SELF + "?x=" + "a" * 8200, 431, each(414)),
    (40, "a fragment", SELF + "#x", NOT_FOUND, both(400)),
    (41, "23 digits", f"{TOKENS}/{UNKNOWN[:-1]}", NOT_FOUND, {}),
    (41, "upper-case hex", f"{TOKENS}/{UNKNOWN.upper()}", NOT_FOUND, {}),
    (41, "a blank behind", f"{TOKENS}/{UNKNOWN}%20", NOT_FOUND, {}),
    (41, "a plus", f"{TOKENS}/+", NOT_FOUND, {}),
    (41, "../self", f"{TOKENS}/../self", NOT_FOUND, {}),
    (41, "a quote", f"{TOKENS}/'%20OR%201=1--", NOT_FOUND, {}),
    (14, "a key in the query", SELF + "?token={P}", DOUBLED, {}),
    (15, "NUL in the query", TOKENS + "?q=%00", "400 invalid_parameter", {"lighttpd": 400}),
    (15, "a key behind NUL", SELF + "?x=%00{P}", DOUBLED, {"lighttpd": 400}),
    (16, "a key in the path", TOKENS + "/{P}", NOT_FOUND, {}),
]


def chunked(body, size):
    parts = [body[at:at + size] for at in range(0, len(body), size)] + [b""]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


def padded(length):
    return BAD_NAME[:-1] + b" " * (length - len(BAD_NAME)) + b"}"


def length(number):
    return f"Content-Length: {number}"


CHUNKED = "Transfer-Encoding: chunked"
TOO_LARGE = "413 body_too_large"
WRONG_TYPE = "415 unsupported_media_type"
EMPTY = "400 invalid_json"
BODIES = [
    # row, label, method, path, header lines, body, answer of most, answers of some
    (45, "no type", "POST", TOKENS, [length(2)], b"{}", WRONG_TYPE, {}),
    (46, "another type", "POST", TOKENS, ["Content-Type: text/plain", length(2)], b"{}",
     WRONG_TYPE, {}),
    (50, "no body", "POST", TOKENS, [JSON, length(0)], b"", EMPTY, {}),
    (50, "no body and no length", "POST", TOKENS, [JSON], b"", EMPTY, {"lighttpd": 411}),
    (51, "64 KiB", "POST", TOKENS, [JSON, length(BODY_MAX)], padded(BODY_MAX), ACCEPTED, {}),
    (51, "a byte more", "POST", TOKENS, [JSON, length(BODY_MAX + 1)], padded(BODY_MAX + 1),
     TOO_LARGE, {}),
    (51, "2 MB", "POST", TOKENS, [JSON, length(2000000)], b" " * 2000000, TOO_LARGE, {}),
    (51, "more than the example lets pass", "POST", TOKENS, [JSON, length(2200000)],
     b" " * 2200000, 413, {"apache": TOO_LARGE, "fcgid": 500}),
    (52, "a negative length", "POST", TOKENS, [JSON, length(-1)], BAD_NAME, 400, {}),
    (52, "a length with a sign", "POST", TOKENS, [JSON, length("+5")], BAD_NAME, 400, {}),
    (52, "a list of lengths", "POST", TOKENS, [JSON, length("10, 10")], BAD_NAME, 400, {}),
    (52, "2 to the 64th", "POST", TOKENS, [JSON, length(2**64)], BAD_NAME, 400, {}),
    (52, "two lengths", "POST", TOKENS, [JSON, length(2), length(10)], BAD_NAME, 400, {}),
    # Apache drops the length (RFC 9112 section 6.3).
    (52, "a length beside chunks", "POST", TOKENS, [JSON, length(2), CHUNKED],
     chunked(BAD_NAME, 3), 400, {"apache": ACCEPTED, "fcgid": ACCEPTED}),
    (54, "more than announced", "POST", TOKENS, [JSON, length(len(BAD_NAME))], BAD_NAME + b"}}",
     ACCEPTED, {}),
    (55, "chunks", "POST", TOKENS, [JSON, CHUNKED], chunked(BAD_NAME, 3), ACCEPTED, {}),
    (55, "64 KiB in chunks", "POST", TOKENS, [JSON, CHUNKED], chunked(padded(BODY_MAX), 8000),
     ACCEPTED, {}),
    (55, "a byte more in chunks", "POST", TOKENS, [JSON, CHUNKED],
     chunked(padded(BODY_MAX + 1), 8000), TOO_LARGE, {}),
    (55, "2 MB in chunks", "POST", TOKENS, [JSON, CHUNKED], chunked(b" " * 2000000, 8000),
     TOO_LARGE, {}),
    (56, "a body of DELETE", "DELETE", f"{TOKENS}/{UNKNOWN}", [JSON, length(2)], b"{}", NOT_FOUND,
     {}),
    (56, "a body of GET", "GET", SELF, [JSON, length(2)], b"{}", "200", {"lighttpd": 400}),
    (57, "gzip", "POST", TOKENS, [JSON, "Content-Encoding: gzip", length(10)], BAD_NAME,
     WRONG_TYPE, {}),
    (64, "Expect", "POST", TOKENS, [JSON, "Expect: 100-continue", length(10)], BAD_NAME, ACCEPTED,
     {}),
]


def expect(web, method, path, headers, most, some, body=b""):
    """Asks, and compares with what is expected of this web server."""
    key = web.site.owner_key
    with nothing_changes(web.site):
        answer = web.raw(line(method, path.replace("{P}", key),
                              *[header.replace("{P}", key) for header in headers], body=body))
    tells_nothing(web.site, answer)
    assert answer.header("Location") is None
    assert not any(name.lower().startswith("access-control-") for name, _ in answer.headers)
    expected = some.get(web.way, most)
    if isinstance(expected, int):
        # By itself: only claviger gives a request an id.
        found = answer.status, answer.header("X-Request-Id")
        assert found == (expected, None), answer.body
        return answer
    status, _, reason = expected.partition(" ")
    answer.check()
    found = (answer.status, answer.reason if answer.status >= 400 else "")
    assert found == (int(status), reason)
    return answer


@pytest.mark.parametrize("row, label, headers, most, some", CREDENTIALS,
                         ids=[f"{entry[0]} {entry[1]}" for entry in CREDENTIALS])
def test_credentials(web, row, label, headers, most, some):
    expect(web, "GET", SELF, headers, most, some)


@pytest.mark.parametrize("row, method, path, most, some", METHODS,
                         ids=[f"{entry[0]} {entry[1][:10]} {entry[2]}" for entry in METHODS])
def test_methods(web, row, method, path, most, some):
    lengths = [length(0)] if method == "PUT" else []
    answer = expect(web, method, path, [P, *lengths], most, some)
    if answer.status == 405 and answer.header("X-Content-Type-Options"):
        assert answer.header("Allow") == "GET, HEAD, POST"


@pytest.mark.parametrize("row, label, path, most, some", PATHS,
                         ids=[f"{entry[0]} {entry[1]}" for entry in PATHS])
def test_paths(web, row, label, path, most, some):
    expect(web, "GET", path, [P], most, some)
    if most == some.get(web.way, most) == NOT_FOUND:
        expect(web, "DELETE", path, [P], most, some)


@pytest.mark.parametrize("row, label, method, path, headers, body, most, some", BODIES,
                         ids=[f"{entry[0]} {entry[1]}" for entry in BODIES])
def test_bodies(web, row, label, method, path, headers, body, most, some):
    expect(web, method, path, [P, *headers], most, some, body)


@pytest.mark.parametrize("sent", [b"", b"{"])
@pytest.mark.parametrize("framing", [length(2), CHUNKED])
def test_row_53_a_body_that_ends_early_does_nothing(web, framing, sent):
    """A rotation, which is as good without a body."""
    token = web.create(name="not to be rotated")
    before = web.site.rows("SELECT count(*) FROM audit")
    with nothing_changes(web.site):
        with socket.create_connection(("127.0.0.1", web.port), timeout=60) as connection:
            part = b"2\r\n" + sent if framing == CHUNKED else sent
            connection.sendall(line("POST", f"{TOKENS}/{token['id']}/rotate",
                                    bearer(web.site.owner_key), JSON, framing, body=part))
            connection.shutdown(socket.SHUT_WR)
            # Until the web server is done with it; it may say something or nothing.
            while connection.recv(1000):
                pass
        assert web.call("GET", SELF).check().status == 200
        assert web.call("GET", SELF, key=token["key"]).check().status == 200
    assert web.site.rows("SELECT count(*) FROM audit") == before
