# SPDX-License-Identifier: ISC
"""What a body may be, how its length is told, and which headers count for nothing: docs/security
section 2, rows 45-58 and 62-64."""
import gzip
import socket

import pytest

from asking import MEMO, QUICK, REQUEST_ID, ask_program, bearer, line, same
from claviger_site import PLAIN_CGI, TOKENS, well_formed
from conftest import opened
from refusals import nothing_changes, tells_nothing

SELF = TOKENS + "/self"
UNKNOWN = f"{TOKENS}/0123456789abcdef01234567"
JSON = "Content-Type: application/json"
BODY_MAX = 65536
# A body that is read and then refused: by the field that is named, it was accepted so far.
BAD_NAME = b'{"name":1}'


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + MEMO)


def post(web, *headers, body=BAD_NAME, length=None, path=TOKENS, method="POST"):
    length = str(len(body)) if length is None else length
    return web.raw(line(method, path, bearer(web.site.owner_key), f"Content-Length: {length}",
                        *headers, body=body))


def ask(web, method, body=b"", **variables):
    return ask_program(web, body, REQUEST_METHOD=method, HTTP_AUTHORIZATION="Bearer "
                       + web.site.owner_key, **variables)


def accepted(answer):
    """The body was taken for JSON and its field was judged."""
    answer.refused(400, "invalid_field", "name")


def by_lighttpd(answer, status):
    assert (answer.status, answer.header("Content-Type")) == (status, "text/html")


TYPES = [
    # row, label, the lines that tell the type, whether it is accepted
    (45, "no type", [], False),
    (45, "an empty type", ["Content-Type:"], False),
    (46, "text/plain", ["Content-Type: text/plain"], False),
    (46, "a form", ["Content-Type: application/x-www-form-urlencoded"], False),
    (46, "jsonp", ["Content-Type: application/jsonp"], False),
    (46, "json5", ["Content-Type: application/json5"], False),
    (46, "multipart", ["Content-Type: multipart/form-data; boundary=x"], False),
    (46, "text/json", ["Content-Type: text/json"], False),
    (46, "json alone", ["Content-Type: json"], False),
    (46, "application/*", ["Content-Type: application/*"], False),
    (46, "problem+json", ["Content-Type: application/problem+json"], False),
    (47, "lower case", ["Content-Type: application/json"], True),
    (47, "another case", ["Content-Type: Application/JSON"], True),
    (47, "charset UTF-8", ["Content-Type: application/json; charset=UTF-8"], True),
    (47, "charset utf-8", ["Content-Type: application/json;charset=utf-8"], True),
    (47, "charset in quotes", ['Content-Type: application/json; charset="utf-8"'], True),
    (47, "another parameter", ["Content-Type: application/json;foo=bar"], True),
    (47, "a tab for a blank", ["Content-Type: application/json;\tcharset=utf-8"], True),
    (48, "charset latin1", ["Content-Type: application/json; charset=latin1"], False),
    (48, "Charset Latin1", ["Content-Type: application/json; Charset=Latin1"], False),
    (48, "charset latin1 behind a tab", ["Content-Type: application/json;\tcharset=latin1"],
     False),
    (48, "charset latin1 behind another", ["Content-Type: application/json;a=b;charset=latin1"],
     False),
    (48, "UTF-8 and latin1", ["Content-Type: application/json;charset=utf-8;charset=latin1"],
     False),
    (48, "an empty charset", ["Content-Type: application/json; charset="], False),
    (48, "a list", ["Content-Type: application/json, text/plain"], False),
    (48, "a list behind a parameter",
     ["Content-Type: application/json; charset=utf-8, text/plain"], False),
    (49, "merge-patch beside PATCH", ["Content-Type: application/merge-patch+json"], False),
    (57, "gzip", [JSON, "Content-Encoding: gzip"], False),
    (57, "deflate", [JSON, "Content-Encoding: deflate"], False),
    (57, "gzip twice", [JSON, "Content-Encoding: gzip, gzip"], False),
    (57, "identity", [JSON, "Content-Encoding: identity"], True),
]


@pytest.mark.parametrize("row, label, headers, is_accepted", TYPES,
                         ids=[f"{entry[0]} {entry[1]}" for entry in TYPES])
def test_a_body_is_json_and_says_so(web, row, label, headers, is_accepted):
    with nothing_changes(web.site):
        answer = post(web, *headers)
    tells_nothing(web.site, answer)
    if is_accepted:
        accepted(answer)
    else:
        answer.refused(415, "unsupported_media_type")


def test_row_57_a_compressed_body_is_not_unpacked(web):
    with nothing_changes(web.site):
        answer = post(web, JSON, "Content-Encoding: gzip", body=gzip.compress(b"{}"))
    answer.refused(415, "unsupported_media_type")


@pytest.mark.parametrize("headers", [[], [JSON], ["Content-Type: text/plain"]],
                         ids=["no type", "JSON", "another type"])
def test_row_50_an_empty_body_is_told_what_to_send(web, headers):
    with nothing_changes(web.site):
        answer = post(web, *headers, body=b"").refused(400, "invalid_json")
    assert "{}" in answer.error["message"] and "your own scope" in answer.error["message"]


def test_row_50_lighttpd_wants_a_length_of_a_post(web):
    by_lighttpd(web.raw(line("POST", TOKENS, bearer(web.site.owner_key))), 411)


def padded(length):
    return b'{"name":1' + b" " * (length - 10) + b"}"


def test_row_51_a_body_may_have_65536_bytes_and_no_more(web):
    accepted(post(web, JSON, body=padded(BODY_MAX)))
    with nothing_changes(web.site):
        post(web, JSON, body=padded(BODY_MAX + 1)).refused(413, "body_too_large")


@pytest.mark.parametrize("authorization", [[], ["Authorization: Bearer x"]],
                         ids=["no key", "a bad key"])
def test_row_51_the_size_is_judged_before_type_and_caller(web, authorization):
    body = padded(BODY_MAX + 1)
    for path, method in ((TOKENS, "POST"), (SELF, "DELETE")):
        answer = web.raw(line(method, path, f"Content-Length: {len(body)}", *authorization,
                              body=body))
        answer.refused(413, "body_too_large")
        assert answer.header("WWW-Authenticate") is None


def test_row_51_the_announced_size_is_enough_to_refuse(web):
    # Before the body is read: there is none.
    for length in (BODY_MAX + 1, 10**9, 2**63, 2**64 - 1):
        answer = ask_program(web, REQUEST_METHOD="POST", REQUEST_URI=TOKENS,
                             CONTENT_LENGTH=str(length))
        answer.refused(413, "body_too_large")


def test_row_51_a_large_body_is_read_to_its_end_so_that_the_answer_arrives(web):
    post(web, JSON, body=b" " * 2000000).refused(413, "body_too_large")
    by_lighttpd(post(web, JSON, body=b" " * 2200000), 413)


LENGTHS = [
    # label, the value, what lighttpd makes of it
    ("negative", "-1", 400),
    ("an exponent", "1e3", 400),
    ("hexadecimal", "0x10", 400),
    ("blanks around", " 5 ", "taken for 5"),
    ("a sign", "+5", 400),
    ("2 to the 64th", "18446744073709551616", 400),
    ("2 to the 64th and more", "99999999999999999999999", 400),
    ("a list", "5, 5", 400),
    ("a decimal point", "5.0", 400),
    ("a letter behind", "5x", 400),
]


@pytest.mark.parametrize("label, value, status", LENGTHS, ids=[entry[0] for entry in LENGTHS])
def test_row_52_a_length_is_one_number(web, label, value, status):
    with nothing_changes(web.site):
        answer = ask(web, "POST", b"{}   ", REQUEST_URI=TOKENS, CONTENT_LENGTH=value,
                     CONTENT_TYPE="application/json")
        tells_nothing(web.site, answer.refused(400, "invalid_request"))
    # Blanks around a value are not part of it (RFC 9110 section 5.5): five bytes, and no "x".
    with nothing_changes(web.site):
        answer = post(web, JSON, body=b"[]   x", length=value)
    if status == "taken for 5":
        answer.refused(400, "invalid_json")
    else:
        by_lighttpd(answer, status)


def test_row_52_lighttpd_refuses_two_lengths(web):
    with nothing_changes(web.site):
        by_lighttpd(post(web, JSON, "Content-Length: 2", body=b"{}   "), 400)


def test_row_52_lighttpd_refuses_a_length_beside_chunks(web):
    body = b"2\r\n{}\r\n0\r\n\r\n"
    with nothing_changes(web.site):
        by_lighttpd(post(web, JSON, "Transfer-Encoding: chunked", body=body), 400)


def test_row_53_a_body_that_ends_early_does_nothing(web):
    with nothing_changes(web.site):
        answer = ask(web, "POST", b"{}", REQUEST_URI=TOKENS, CONTENT_LENGTH="3",
                     CONTENT_TYPE="application/json")
        tells_nothing(web.site, answer.refused(400, "invalid_request"))


def test_row_53_lighttpd_hangs_up_on_a_body_that_ends_early(web):
    with nothing_changes(web.site):
        with socket.create_connection(("127.0.0.1", web.port), timeout=60) as connection:
            connection.sendall(line("POST", TOKENS, bearer(web.site.owner_key), JSON,
                                    "Content-Length: 3", body=b"{}"))
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1000) == b""


def test_row_54_what_stands_behind_the_announced_body_is_no_part_of_it(web):
    accepted(post(web, JSON, body=BAD_NAME + b"}}}", length=len(BAD_NAME)))
    with nothing_changes(web.site):
        answer = ask(web, "POST", BAD_NAME + b"}}}", REQUEST_URI=TOKENS,
                     CONTENT_LENGTH=str(len(BAD_NAME)), CONTENT_TYPE="application/json")
    if PLAIN_CGI:  # never reads beyond the length (RFC 3875 section 4.2)
        accepted(answer)
    else:
        answer.refused(400, "invalid_request")


def chunked(body, size):
    parts = [body[at:at + size] for at in range(0, len(body), size)] + [b""]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


def test_row_55_a_body_in_chunks_is_read_to_its_end(web):
    owner = bearer(web.site.owner_key)
    send = [owner, JSON, "Transfer-Encoding: chunked"]
    accepted(web.raw(line("POST", TOKENS, *send, body=chunked(BAD_NAME, 3))))
    accepted(web.raw(line("POST", TOKENS, *send, body=chunked(padded(BODY_MAX), 8000))))
    with nothing_changes(web.site):
        answer = web.raw(line("POST", TOKENS, *send, body=chunked(padded(BODY_MAX + 1), 8000)))
    answer.refused(413, "body_too_large")


@pytest.mark.parametrize("length", [None, ""], ids=["absent", "empty"])
def test_row_55_without_a_length_the_end_of_the_stream_is_the_end(web, length):
    sent = {"REQUEST_URI": TOKENS, "CONTENT_LENGTH": length, "CONTENT_TYPE": "application/json"}
    accepted(ask(web, "POST", BAD_NAME, **sent))
    accepted(ask(web, "POST", padded(BODY_MAX), **sent))
    with nothing_changes(web.site):
        ask(web, "POST", padded(BODY_MAX + 1), **sent).refused(413, "body_too_large")
        ask(web, "POST", padded(300000), **sent).refused(413, "body_too_large")


def test_row_56_the_body_of_a_delete_is_ignored_unless_it_is_too_large(web):
    with nothing_changes(web.site):
        for headers in ([], [JSON], ["Content-Type: text/plain"]):
            answer = post(web, *headers, body=b"{not json", method="DELETE", path=UNKNOWN)
            answer.refused(404, "not_found")
        answer = post(web, body=b" " * (BODY_MAX + 1), method="DELETE", path=UNKNOWN)
        answer.refused(413, "body_too_large")


def test_row_56_the_body_of_a_get_is_ignored_unless_it_is_too_large(web):
    # lighttpd takes a GET with a body for an error.
    by_lighttpd(post(web, JSON, body=b"{}", method="GET", path=SELF), 400)
    assert ask(web, "GET", b"{not json", REQUEST_URI=SELF).check().status == 200
    answer = ask(web, "GET", b" " * (BODY_MAX + 1), REQUEST_URI=SELF)
    answer.refused(413, "body_too_large")


MADE_UP = well_formed()
IDS = [
    # label, the value, whether it is kept
    ("one character", "a", True),
    ("all that is allowed", "Az09._-", True),
    ("64 characters", "a" * 64, True),
    ("what a tracer makes", "4bf92f3577b34da6a3ce929d0e0e4736", True),
    ("a display key", "dft_ab1...xyz9", True),
    ("65 characters", "b" * 65, False),
    ("7 000 characters", "c" * 7000, False),
    ("empty", "", False),
    ("a blank inside", "own id", False),
    ("a tab inside", "own\tid", False),
    ("<", "own<id", False),
    (";", "own;id", False),
    ("a comma", "own,id", False),
    ("a quote", 'own"id', False),
    ("a percent sign", "own%0aid", False),
    ("a byte above 0x7F", "own\xe9id", False),
    ("a key", MADE_UP, False),
    ("a key within", f"x.{MADE_UP}.y"[:64], False),
]


@pytest.mark.parametrize("label, value, is_kept", IDS, ids=[entry[0] for entry in IDS])
def test_row_58_a_request_id_is_kept_where_it_is_harmless(web, label, value, is_kept):
    for path, status in ((SELF, 200), (UNKNOWN, 404)):
        data = line("GET", path, bearer(web.site.owner_key))
        sent = data.replace(REQUEST_ID.encode(), value.encode("latin-1"))
        answer = web.raw(sent).check()
        assert answer.status == status
        tells_nothing(web.site, answer)
        assert (answer.header("X-Request-Id") == value) == is_kept
        if not is_kept and value:
            told = str(answer.headers) + answer.body.decode()
            assert value not in told and "own" not in answer.header("X-Request-Id")


def test_row_58_two_request_ids_are_none(web):
    answer = web.raw(line("GET", SELF, bearer(web.site.owner_key), "X-Request-Id: second")).check()
    assert "second" not in answer.header("X-Request-Id")
    assert REQUEST_ID not in answer.header("X-Request-Id")


def test_row_58_a_control_byte_in_a_request_id_is_refused_or_replaced(web):
    data = line("GET", SELF, bearer(web.site.owner_key))
    for bad in (b"a\rb", b"a\x00b", b"a\x01b"):
        by_lighttpd(web.raw(data.replace(REQUEST_ID.encode(), bad)), 400)
    for bad in ("a\rSet-Cookie: x", "a\r\nSet-Cookie: x", "a\x01b"):
        answer = ask(web, "GET", REQUEST_URI=SELF, HTTP_X_REQUEST_ID=bad).check()
        assert answer.status == 200 and answer.header("Set-Cookie") is None


def test_row_62_many_headers_are_no_matter_and_large_ones_are_the_servers(web):
    owner = bearer(web.site.owner_key)
    many = [f"X-Header-{i}: value" for i in range(200)]
    assert web.raw(line("GET", SELF, owner, *many)).check().status == 200
    by_lighttpd(web.raw(line("GET", SELF, owner, "X-Large: " + "a" * 60000)), 431)


def test_row_63_headers_that_others_obey_have_no_effect(web):
    token = web.create(name="must stay as it is")
    path = f"{TOKENS}/{token['id']}"
    plain = web.raw(line("GET", path, bearer(web.site.owner_key)))
    for header in ("X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE",
                   "X-Method-Override: DELETE", "X_HTTP_Method_Override: DELETE",
                   "Proxy: http://127.0.0.1:1", "X-Forwarded-User: root", "Remote-User: root",
                   "X-Claviger-Token-Id: 0123456789abcdef01234567", "X-Forwarded-Host: evil.test",
                   "X-Forwarded-Uri: /healthz", "X-Original-URL: /healthz",
                   "X-Rewrite-URL: /healthz", "Request-Method: DELETE", "Document-Root: /",
                   "Claviger-Config: /dev/null", "FCGI-Role: AUTHORIZER"):
        with nothing_changes(web.site):
            answer = web.raw(line("GET", path, bearer(web.site.owner_key), header))
        assert same(answer) == same(plain), header
    assert web.call("GET", SELF, key=token["key"]).status == 200


def test_row_63_no_header_makes_a_caller_of_a_stranger(web):
    for header in ("X-Forwarded-User: root", "Remote-User: root", "X-Claviger-Token-Id: self",
                   "X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1"):
        web.raw(line("GET", SELF, header)).refused(401, "missing_token")


@pytest.mark.parametrize("headers", [
    ["Accept: text/html"],
    ["Accept: application/xml;q=1, application/json;q=0"],
    ["Accept-Encoding: gzip, br"],
    ["Accept-Charset: utf-16"],
    ["Range: bytes=0-1"],
    ["Range: bytes=0-0,-1"],
    ["Range: bytes=100000-"],
    ["If-None-Match: *"],
    ["If-Match: \"x\""],
    ["If-Modified-Since: Tue, 24 Nov 2099 00:00:00 GMT"],
    ["If-Range: \"x\"", "Range: bytes=0-1"],
], ids=lambda headers: headers[0].partition(";")[0])
def test_row_64_json_in_full_whatever_a_client_would_rather_have(web, headers):
    plain = web.raw(line("GET", SELF, bearer(web.site.owner_key)))
    answer = web.raw(line("GET", SELF, bearer(web.site.owner_key), *headers)).check()
    assert answer.status == 200
    assert same(answer) == same(plain)


def test_row_64_lighttpd_says_that_a_body_may_come(web):
    with socket.create_connection(("127.0.0.1", web.port), timeout=60) as connection:
        with connection.makefile("rb") as stream:
            connection.sendall(line("POST", TOKENS, bearer(web.site.owner_key), JSON,
                                    f"Content-Length: {len(BAD_NAME)}", "Expect: 100-continue"))
            assert stream.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert stream.readline() == b"\r\n"
            connection.sendall(BAD_NAME)
            assert stream.readline() == b"HTTP/1.1 400 Bad Request\r\n"
