# SPDX-License-Identifier: ISC
"""Where a key may stand in a request and where it must not: docs/security section 2, rows 1-18."""
import pytest

from asking import (ALL_PERMISSIONS, MEMO, QUICK, REQUEST_ID, ask_program, bearer, line, same)
from claviger_site import B, TOKENS, well_formed
from conftest import opened
from refusals import nothing_changes, tells_nothing

SELF = TOKENS + "/self"
MISSING = ("missing_token", 'Bearer realm="claviger"')
INVALID = ("invalid_token", 'Bearer realm="claviger", error="invalid_token"')
MISPLACED = ("invalid_request", 'Bearer realm="claviger", error="invalid_request"')


@pytest.fixture(scope="module")
def site():
    # The whole log, to look for keys in it.
    yield from opened(QUICK + MEMO + "log_level = debug\n")


@pytest.fixture(scope="module")
def invalid(web):
    """What every bad key is answered, byte for byte."""
    return web.raw(line("GET", SELF, bearer(well_formed()))).refused(401, "invalid_token")


def expect(site, answer, status, kind=None, invalid=None):
    """KIND None: the caller is let in, or, with a status of 400 or more, lighttpd has answered."""
    tells_nothing(site, answer)
    if kind is None:
        assert answer.status == status
        if status == 200:
            answer.check()
        else:
            assert answer.header("Content-Type") == "text/html"
        return
    answer.refused(status, kind[0])
    assert answer.header("WWW-Authenticate") == kind[1]
    if kind is INVALID:
        assert same(answer) == same(invalid)


# P is the owner's key. One header a line.
HEADERS = [
    # row, label, header lines, status, kind
    (1, "no credentials", [], 401, MISSING),
    (2, "an empty Authorization", ["Authorization:"], 401, MISSING),
    (2, "a blank Authorization", ["Authorization:   "], 401, MISSING),
    (3, "Basic", ["Authorization: Basic dXNlcjpwYXNz"], 401, MISSING),
    (3, "Digest", ['Authorization: Digest username="u", realm="r", uri="/"'], 401, MISSING),
    (3, "Token", ["Authorization: Token {P}"], 401, MISSING),
    (3, "a bare key", ["Authorization: {P}"], 401, MISSING),
    (3, "Basic beside a key", ["Authorization: Basic dXNlcjpwYXNz", "X-API-Key: {P}"], 200, None),
    (3, "Digest beside a key",
     ['Authorization: Digest username="u", realm="r", uri="/"', "X-API-Key: {P}"], 200, None),
    (3, "Token beside a key", ["Authorization: Token {P}", "X-API-Key: {P}"], 200, None),
    (3, "a bare key beside a key", ["Authorization: {P}", "X-API-Key: {P}"], 200, None),
    (4, "Bearer alone", ["Authorization: Bearer"], 401, INVALID),
    (4, "Bearer and blanks", ["Authorization: Bearer    "], 401, INVALID),
    (5, "Bearer", ["Authorization: Bearer {P}"], 200, None),
    (5, "bearer", ["Authorization: bearer {P}"], 200, None),
    (5, "BEARER", ["Authorization: BEARER {P}"], 200, None),
    (5, "three blanks", ["Authorization: Bearer   {P}"], 200, None),
    (5, "blanks around", ["Authorization:    Bearer {P}   "], 200, None),
    (6, "no blank", ["Authorization: Bearer{P}"], 401, MISSING),
    (6, "a tab for the blank", ["Authorization: Bearer\t{P}"], 401, INVALID),
    (7, "more behind the key", ["Authorization: Bearer {P} x"], 401, INVALID),
    (7, "a comma behind the key", ["Authorization: Bearer {P},"], 401, INVALID),
    (7, "a key in quotes", ['Authorization: Bearer "{P}"'], 401, INVALID),
    (7, "a named key", ["Authorization: Bearer token={P}"], 401, INVALID),
    (8, "two keys in a line", ["Authorization: Bearer {P}, Bearer {P}"], 400, MISPLACED),
    (8, "two keys in a line, no blank", ["Authorization: Bearer {P},Bearer {P}"], 400, MISPLACED),
    (8, "two lines", ["Authorization: Bearer {P}", "Authorization: Bearer {P}"], 400, MISPLACED),
    (8, "two lines, one bad", ["Authorization: Bearer {P}", "Authorization: bearer x"], 400,
     MISPLACED),
    (9, "both headers", ["Authorization: Bearer {P}", "X-API-Key: {P}"], 400, MISPLACED),
    (9, "both headers, the other order", ["X-API-Key: {P}", "Authorization: Bearer {P}"], 400,
     MISPLACED),
    (9, "both headers, the second bad", ["Authorization: Bearer {P}", "X-API-Key: x"], 400,
     MISPLACED),
    (9, "both headers, the first bad", ["Authorization: Bearer x", "X-API-Key: {P}"], 400,
     MISPLACED),
    (10, "X-API-Key", ["X-API-Key: {P}"], 200, None),
    (10, "x-api-key", ["x-api-key: {P}"], 200, None),
    (10, "an empty X-API-Key", ["X-API-Key:"], 401, MISSING),
    (10, "a blank X-API-Key", ["X-API-Key:   "], 401, MISSING),
    (10, "a bad X-API-Key", ["X-API-Key: x"], 401, INVALID),
    (10, "an empty X-API-Key beside Bearer", ["X-API-Key:", "Authorization: Bearer {P}"], 200,
     None),
    (10, "two X-API-Key", ["X-API-Key: {P}", "X-API-Key: {P}"], 400, MISPLACED),
    (10, "two keys in an X-API-Key", ["X-API-Key: {P}, {P}"], 400, MISPLACED),
    (10, "X_API_Key as well", ["X-API-Key: {P}", "X_API_Key: {P}"], 400, MISPLACED),
    (12, "8 000 bytes", ["Authorization: Bearer " + "a" * 8000], 401, INVALID),
    (12, "8 000 bytes of X-API-Key", ["X-API-Key: " + "a" * 8000], 401, INVALID),
    (12, "lighttpd: 9 000 bytes", ["Authorization: Bearer " + "a" * 9000], 431, None),
    (13, "a byte above 0x7F", ["Authorization: Bearer \x80{P}"], 401, INVALID),
    (13, "a byte above 0x7F behind", ["Authorization: Bearer {P}\xff"], 401, INVALID),
    (13, "lighttpd: a control byte", ["Authorization: Bearer {P}\x01"], 400, None),
    (13, "lighttpd: DEL", ["Authorization: Bearer {P}\x7f"], 400, None),
    (13, "lighttpd: NUL", ["Authorization: Bearer {P}\x00"], 400, None),
    (17, "a cookie", ["Cookie: token=P; Authorization=Bearer {P}"], 401, MISSING),
    (17, "Proxy-Authorization", ["Proxy-Authorization: Bearer {P}"], 401, MISSING),
    (17, "a header of another name", ["X-Auth-Token: {P}", "Api-Key: {P}"], 401, MISSING),
]


@pytest.mark.parametrize("row, label, headers, status, kind", HEADERS,
                         ids=[f"{entry[0]} {entry[1]}" for entry in HEADERS])
def test_a_key_counts_in_its_header_only(web, invalid, row, label, headers, status, kind):
    headers = [header.replace("{P}", web.site.owner_key) for header in headers]
    with nothing_changes(web.site):
        answer = web.raw(line("GET", SELF, *headers))
    expect(web.site, answer, status, kind, invalid)


# What the program is given as HTTP_AUTHORIZATION and REDIRECT_HTTP_AUTHORIZATION.
VARIABLES = [
    (11, "equal", "Bearer {P}", "Bearer {P}", 200, None),
    (11, "the second alone", None, "Bearer {P}", 200, None),
    (11, "the first blank", " ", "Bearer {P}", 200, None),
    (11, "the second empty", "Bearer {P}", "", 200, None),
    (11, "different keys", "Bearer {P}", "Bearer x", 400, MISPLACED),
    (11, "different schemes", "Basic dXNlcjpwYXNz", "Bearer {P}", 400, MISPLACED),
    (13, "a control byte, which lighttpd refuses", "Bearer {P}\x01", None, 401, INVALID),
    (13, "CR, which lighttpd refuses", "Bearer {P}\r", None, 401, INVALID),
    (13, "DEL, which lighttpd refuses", "Bearer \x7f{P}", None, 401, INVALID),
    (12, "9 000 bytes, which lighttpd refuses", "Bearer " + "a" * 9000, None, 401, INVALID),
    (12, "60 000 bytes", "Bearer " + "a" * 60000, None, 401, INVALID),
]


@pytest.mark.parametrize("row, label, direct, redirected, status, kind", VARIABLES,
                         ids=[f"{entry[0]} {entry[1]}" for entry in VARIABLES])
def test_two_names_for_one_header_must_agree(web, row, label, direct, redirected, status, kind):
    values = [value and value.replace("{P}", web.site.owner_key)
              for value in (direct, redirected)]
    with nothing_changes(web.site):
        answer = ask_program(web, REQUEST_URI=SELF, HTTP_AUTHORIZATION=values[0],
                             REDIRECT_HTTP_AUTHORIZATION=values[1])
        unknown = ask_program(web, REQUEST_URI=SELF, HTTP_AUTHORIZATION="Bearer x")
    expect(web.site, answer, status, kind, unknown)


MADE_UP = well_formed()
QUERIES = [
    # row, label, query, with a good header, status
    (14, "access_token", "access_token={P}", False, 400),
    (14, "token", "token={P}", False, 400),
    (14, "key", "key={P}", False, 400),
    (14, "access_token beside a header", "access_token={P}", True, 400),
    (14, "token beside a header", "token={P}", True, 400),
    (14, "key beside a header", "key={P}", True, 400),
    (14, "an empty access_token", "access_token=", True, 400),
    (14, "an empty token", "token=", True, 400),
    (14, "a key without value", "key", True, 400),
    (14, "key behind other parameters", "limit=1&key=x", True, 400),
    (14, "a name in capitals", "TOKEN=x&KEY=&Access_Token=x", True, 200),
    (14, "a name in capitals with a key", "TOKEN={P}", True, 400),
    (14, "names that begin or end so", "keys=1&mykey=2&token_type=x", True, 200),
    (15, "a key to search for", "q={P}", True, 400),
    (15, "a made-up key to search for", f"q={MADE_UP}", True, 400),
    (15, "a wrong checksum", f"q={MADE_UP[:-1]}" + ("0" if MADE_UP[-1] != "0" else "1"), True, 400),
    (15, "a key within a value", "q=see+{P}+there", True, 400),
    (15, "a key with an escaped underscore", f"q=dft%5F{MADE_UP[4:]}", True, 400),
    (15, "the same in lower case", f"q=dft%5f{MADE_UP[4:]}", True, 400),
    (15, "a key all in escapes", "q=" + "".join(f"%{ord(c):02x}" for c in MADE_UP), True, 400),
    (15, "an unknown name", "anything={P}", True, 400),
    (15, "a key as a name", "{P}=1", True, 400),
    (15, "a key without name", "{P}", False, 400),
    (15, "the beginning of a display key", "q=dft_ab1", True, 200),
    (15, "47 characters behind the prefix", f"q={MADE_UP[:-1]}", True, 200),
]


@pytest.mark.parametrize("row, label, query, has_header, status", QUERIES,
                         ids=[f"{entry[0]} {entry[1]}" for entry in QUERIES])
def test_a_key_must_not_stand_in_a_query(web, row, label, query, has_header, status):
    query = query.replace("{P}", web.site.owner_key)
    headers = [bearer(web.site.owner_key)] if has_header else []
    with nothing_changes(web.site):
        answer = web.raw(line("GET", f"{TOKENS}?{query}", *headers))
    expect(web.site, answer, status, MISPLACED if status == 400 else None)
    assert MADE_UP not in answer.body.decode()


@pytest.mark.parametrize("query", ["x=%00{P}", "x=%00&y={P}"])
def test_row_15_no_nul_hides_a_key(web, query):
    """lighttpd refuses a NUL itself; another server may not."""
    key = web.site.owner_key
    answer = ask_program(web, HTTP_AUTHORIZATION=f"Bearer {key}",
                         REQUEST_URI=f"{TOKENS}?{query.replace('{P}', key)}")
    expect(web.site, answer, 400, MISPLACED)


def test_a_key_in_the_path_is_not_found_not_echoed_and_not_logged(web):
    key = web.site.owner_key
    for path in (f"{TOKENS}/{key}", f"{TOKENS}/{key}/x", f"{B}/{key}", f"{TOKENS}/dft%5F{key[4:]}"):
        answer = web.raw(line("GET", path, bearer(key))).refused(404, "not_found")
        tells_nothing(web.site, answer)
        assert key[4:] not in str(answer.headers) + answer.body.decode()
    logged = web.site.log.read_text() + web.errors.read_text()
    assert f"request={REQUEST_ID}" in logged, "refusals must be in the log for this to mean much"
    for key in web.site.minted:
        assert not any(key[i:i + 12] in logged for i in range(14, 35)), "a key is in the log"


@pytest.mark.parametrize("method, content_type, body, status, reason", [
    ("DELETE", "application/x-www-form-urlencoded", "token={P}", 401, "missing_token"),
    ("DELETE", "application/json", '{"key":"{P}"}', 401, "missing_token"),
    ("POST", "application/json", '{"key":"{P}"}', 401, "missing_token"),
    # The order of the checks: the type of the body comes before authentication.
    ("POST", "application/x-www-form-urlencoded", "token={P}", 415, "unsupported_media_type"),
], ids=["a form", "JSON of a DELETE", "JSON of a POST", "a form where JSON is wanted"])
def test_row_17_a_key_in_a_body_is_none(web, method, content_type, body, status, reason):
    body = body.replace("{P}", web.site.owner_key).encode()
    path = SELF if method == "DELETE" else TOKENS
    with nothing_changes(web.site):
        answer = web.raw(line(method, path, f"Content-Type: {content_type}",
                              f"Content-Length: {len(body)}", body=body))
    tells_nothing(web.site, answer.refused(status, reason))


@pytest.fixture(scope="module")
def without_keys(web):
    """A token that may do all but what concerns tokens and websites."""
    lacking = ("api-keys:read", "api-keys:write", "websites:read")
    return web.create(permissions=[p for p in ALL_PERMISSIONS if p not in lacking])


@pytest.mark.parametrize("method, path, lacking", [
    ("GET", TOKENS, "api-keys:read"),
    ("HEAD", TOKENS, "api-keys:read"),
    ("GET", TOKENS + "/" + "0" * 24, "api-keys:read"),
    ("POST", TOKENS, "api-keys:write"),
    ("DELETE", TOKENS + "/" + "0" * 24, "api-keys:write"),
    ("GET", B + "/websites", "websites:read"),
])
def test_row_18_the_permission_that_is_lacking_is_named(web, without_keys, method, path, lacking):
    with nothing_changes(web.site):
        answer = web.call(method, path, key=without_keys["key"])
    assert answer.status == 403
    assert answer.header("WWW-Authenticate") == (
        f'Bearer realm="claviger", error="insufficient_scope", scope="{lacking}"')
    if method != "HEAD":
        tells_nothing(web.site, answer.refused(403, "insufficient_scope"))
