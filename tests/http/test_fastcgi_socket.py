# SPDX-License-Identifier: ISC
"""What reaches the FastCGI socket without a web server in between: forged, broken, slow and endless
requests harm nobody, and signals, descriptors and sockets are handled as an operator expects."""
import os
import pty
import resource
import signal
import socket
import sqlite3
import stat
import subprocess
import time

import pytest

from asking import QUICK
from claviger_site import ENVIRONMENT, PROGRAM, TOKENS, Site, is_running, wait_until
from conftest import opened
from fastcgi_peer import (ABORT, AUTHORIZER, BEGIN, DATA, END, FILTER, GET_VALUES, KEEP_CONNECTION,
                          PARAMS, RESPONDER, STDIN, STDOUT, Service, begin, create, pair, record,
                          records, request, variables)

SELF = TOKENS + "/self"


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK)


@pytest.fixture(scope="module")
def service(site):
    return Service(site).wait()


@pytest.fixture
def own_service(site):
    """A test's own, to be stopped or starved."""
    service = Service(site).wait()
    yield service
    service.stop(signal.SIGKILL)


def token_names(site):
    with sqlite3.connect(site.database) as database:
        return {name for name, in database.execute("SELECT name FROM tokens")}


def living(site, token_id):
    with sqlite3.connect(site.database) as database:
        return database.execute("SELECT revoked_at IS NULL FROM tokens WHERE id = ?",
                                (bytes.fromhex(token_id),)).fetchone() == (1,)


def made(service, name="victim"):
    answer = service.exchange(create(service.site.owner_key, name)).answer.check()
    assert answer.status == 201
    service.site.minted.append(answer.first["key"])
    return answer.first


# ---- Good requests ------------------------------------------------------------------------------

def test_a_good_request_is_answered_and_the_connection_closed(service):
    assert service.call(uri=SELF, key=service.site.owner_key).check().status == 200
    assert made(service, "good")["name"] == "good"


@pytest.mark.parametrize("flags", [0, KEEP_CONNECTION])
def test_a_connection_carries_one_request_whatever_the_web_server_asked_for(service, flags):
    one = request(variables(uri=SELF, key=service.site.owner_key), flags=flags)
    assert service.exchange(one + one).answer.check().status == 200


@pytest.mark.parametrize("size", [7, 8, 9, 100])
def test_a_request_may_arrive_in_small_pieces(service, size):
    data = create(service.site.owner_key, f"pieces of {size}")
    with service.connect() as peer:
        for at in range(0, len(data), size):
            peer.send(data[at:at + size])
        assert peer.reply().answer.check().status == 201


def test_a_request_may_be_cut_in_two_anywhere(service):
    data = create(service.site.owner_key + "x", "never")  # T: it costs nothing
    for at in range(1, len(data)):
        with service.connect() as peer:
            peer.send(data[:at]).send(data[at:])
            assert peer.reply().answer.check().status == 401


def test_streams_may_come_in_many_small_and_padded_records(service):
    key, body = service.site.owner_key, b'{"name":"pieces"}'
    params = b"".join(pair(*one) for one in variables("POST", key=key, body=body))
    data = begin()
    data += b"".join(record(PARAMS, params[i:i + 3], padding=255) for i in range(0, len(params), 3))
    data += record(PARAMS)
    data += b"".join(record(STDIN, body[i:i + 1], padding=i) for i in range(len(body)))
    assert service.exchange(data + record(STDIN, padding=1)).answer.check().status == 201


@pytest.mark.parametrize("size", range(1, 10))
def test_a_parameter_may_be_cut_anywhere(service, size):
    pairs = variables(uri=SELF, key=service.site.owner_key)
    pairs += [("X" * 200, ""), ("", "y" * 200), ("", ""), ("X" * 128, "y" * 127), ("Z", "z" * 300)]
    params = b"".join(pair(*one) for one in pairs)
    data = begin() + records(PARAMS, params, size) + record(PARAMS) + record(STDIN)
    assert service.exchange(data).answer.check().status == 200


# ---- Forged requests (webservers.md 1.3) -----------------------------------------------------------

BLOCK = 512  # a forged request is so long, so that any multiple of it is where one begins


def forged(site, victim):
    """Two whole requests with a good key: a creation and a revocation, BLOCK bytes each."""
    block = b""
    for pairs, body in ((variables("POST", key=site.owner_key, body=b'{"name":"forged"}'),
                         b'{"name":"forged"}'),
                        (variables("DELETE", f"{TOKENS}/{victim}", key=site.owner_key), b"")):
        room = BLOCK - len(request(pairs + [("X", "")], body))
        block += request(pairs + [("X", "x" * min(room, 127))], body)[:-8]
        block += record(STDIN, padding=BLOCK - (len(block) + 8) % BLOCK)
    assert len(block) == 2 * BLOCK
    return block


def stuffed(before, block, count):
    """A body of COUNT blocks in stdin records, so that blocks begin at multiples of BLOCK counted
    from the first byte of the connection, of which BEFORE were sent already. Returns the records
    and the length of the body."""
    sent, length = b"", 0
    while count > 0:
        blocks = min(count, 60)
        filler = b" " * (-(before + len(sent) + 8) % BLOCK)
        sent += record(STDIN, filler + block * blocks)
        length += len(filler) + len(block) * blocks
        count -= blocks
    return sent, length


FORGERIES = [
    # label, key, path, method, blocks, announced length (None: the true one), status, ends stdin
    ("body above 64 KiB", True, TOKENS, "POST", 80, None, 413, True),
    ("body of 300 KiB", True, TOKENS, "POST", 300, None, 413, True),
    ("body of 300 KiB on a GET", True, SELF, "GET", 300, None, 413, True),
    ("length above 64 KiB announced, little sent", True, TOKENS, "POST", 4, "70000", 413, True),
    ("body that is no JSON", True, TOKENS, "POST", 40, None, 400, True),
    ("longer than announced", True, TOKENS, "POST", 40, "10", 400, True),
    ("length that is no number", True, TOKENS, "POST", 40, "1e3", 400, True),
    ("no key", False, TOKENS, "POST", 40, None, 401, True),
    ("no such route", True, "/api/v1/nothing", "POST", 40, None, 404, True),
    ("no such method", True, TOKENS, "PUT", 40, None, 405, True),
    ("no such route, 300 KiB", True, "/api/v1/nothing", "POST", 300, None, 404, True),
]


@pytest.mark.parametrize("label, has_key, path, method, blocks, announced, status, ends", FORGERIES,
                         ids=[row[0] for row in FORGERIES])
def test_requests_inside_a_body_are_never_executed(service, label, has_key, path, method, blocks,
                                                   announced, status, ends):
    site = service.site
    victim = made(service)["id"]
    block = forged(site, victim)
    for shift in range(0, 2 * BLOCK, BLOCK):
        # What stands before the body must be known for its alignment: a first guess of the length.
        length = 0
        for _ in range(3):
            pairs = variables(method, path, key=site.owner_key if has_key else None)
            pairs += [("CONTENT_TYPE", "application/json"),
                      ("CONTENT_LENGTH", announced or str(length)), ("PAD", "p" * shift)]
            head = begin(flags=KEEP_CONNECTION)
            head += records(PARAMS, b"".join(pair(*one) for one in pairs)) + record(PARAMS)
            body, length = stuffed(len(head), block, blocks)
        reply = service.exchange(head + body + record(STDIN))
        assert reply.answer.check().status == status
    assert "forged" not in token_names(site)
    assert living(site, victim)
    assert service.is_good()


@pytest.mark.parametrize("status, body", [(201, b'{"name":"first"}'), (400, b"{")])
def test_a_request_behind_the_first_is_never_executed(service, status, body):
    site = service.site
    victim = made(service)["id"]
    first = request(variables("POST", key=site.owner_key, body=body), body, flags=KEEP_CONNECTION)
    assert service.exchange(first + forged(site, victim) * 20).answer.check().status == status
    assert "forged" not in token_names(site)
    assert living(site, victim)


# ---- Peers that send nonsense ----------------------------------------------------------------------

def begun(*more, role=RESPONDER):
    """A good beginning, and then something else."""
    params = b"".join(pair(*one) for one in variables("POST", body=b"{}"))
    return begin(role) + record(PARAMS, params) + record(PARAMS) + b"".join(more)


NAMES = b"".join(pair(name, "") for name in ["FCGI_MAX_CONNS", "FCGI_MAX_REQS",
                                             "FCGI_MPXS_CONNS"] * 3 + ["FCGI_MAX_CONNS"])
BROKEN = {
    "text": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "one wrong byte": b"G",
    "version 0": record(BEGIN, b"\0\1\0\0\0\0\0\0", version=0),
    "version 2": record(BEGIN, b"\0\1\0\0\0\0\0\0", version=2),
    "type 0, length 65535": bytes([1, 0, 0, 1, 255, 255, 0, 0]),
    "ten names to FCGI_GET_VALUES": record(GET_VALUES, NAMES, request=0) + b"\0" * 200,
    "FCGI_GET_VALUES inside the parameters": begin() + record(GET_VALUES, NAMES, request=0),
    "FCGI_GET_VALUES before the body": begun(record(GET_VALUES, NAMES, request=0)),
    "parameters first": record(PARAMS, pair("REQUEST_METHOD", "GET")),
    "a beginning of 7 bytes": record(BEGIN, b"\0\1\0\0\0\0\0"),
    "a beginning of 65535 bytes": record(BEGIN, b"\0\1" + b"\0" * 65533),
    "a second beginning": begin() + begin(),
    "a second beginning before the body": begun(begin()),
    "an answer": begun(record(STDOUT, b"Status: 200 OK\r\n\r\n")),
    "an end": begun(record(END, b"\0" * 8)),
    "data of a filter": begun(record(DATA, b"{}")),
    "unknown type": begun(record(200, b"{}")),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_is_no_request_is_cut_off_at_once(service, data):
    with service.connect() as peer:
        peer.send(data)
        wait_until(peer.is_closed, "the connection to be closed", 5)
    assert service.is_good()


# Lengths that are announced and not kept, and ids that change: nothing waits for what is missing.
# What libfcgi and the specification read differently counts as well.
MISLEADING = {
    "padding behind the beginning": record(BEGIN, b"\0\1\0\0\0\0\0\0", padding=8)
                                    + record(PARAMS) + record(STDIN),
    "padding behind the parameters": begin() + record(PARAMS, pair("X", "y"))
                                     + record(PARAMS, padding=255) + record(STDIN),
    "parameters of another request": begin() + record(PARAMS, b"", request=2)
                                     + record(STDIN, b"", request=2),
    "a body of another request": begun(record(STDIN, b"{}", request=2), record(STDIN, request=2)),
    "a request without number": record(BEGIN, b"\0\1\0\0\0\0\0\0", request=0)
                                + record(PARAMS, request=0) + record(STDIN, request=0),
    "a name longer than all": begin() + record(PARAMS, b"\xff\xff\xff\xff") + record(PARAMS)
                              + record(STDIN),
    "a value longer than all": begin() + record(PARAMS, b"\x01\x90\0\0\0X") + record(PARAMS)
                               + record(STDIN),
    "half a length": begin() + record(PARAMS, b"\x80\0") + record(PARAMS) + record(STDIN),
    # With these two libfcgi aborts the process.
    "lengths whose sum is no int": begin() + record(PARAMS, b"\xbf\xff\xff\xff\xbf\xff\xff\xffa")
                                   + record(PARAMS) + record(STDIN),
    "lengths whose sum and two is 0": begin()
                                      + record(PARAMS, b"\x80\0\0\x01\xff\xff\xff\xfda")
                                      + record(PARAMS) + record(STDIN),
    "a value of which half came": begin() + record(PARAMS, pair("X", "y" * 100)[:50])
                                  + record(PARAMS) + record(STDIN),
}


@pytest.mark.parametrize("data", MISLEADING.values(), ids=MISLEADING)
def test_what_misleads_about_its_length_holds_no_thread(service, data):
    peers = [service.connect().send(data) for _ in range(8)]  # more than there are threads
    assert service.is_good()
    for peer in peers:
        with peer:
            wait_until(peer.is_closed, "the connection to be closed", 5)
    assert service.is_good()


def test_an_aborted_creation_is_not_made(service):
    whole = create(service.site.owner_key, "aborted")
    abort = record(ABORT)
    for at in (16, len(whole) - 8, len(whole) - 24):  # behind the beginning, before the body's end
        wanted = whole[:at] + abort
        with service.connect() as peer:
            peer.send(wanted)
            wait_until(peer.is_closed, "the connection to be closed", 15)
    assert "aborted" not in token_names(service.site)
    assert service.is_good()


# ---- Roles -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("stdin", [True, False], ids=["with stdin", "without stdin"])
def test_an_authorizer_is_answered_with_a_status_and_nothing_of_its_body_read(service, stdin):
    """Without a policy: refused. With one: test_gate.py."""
    pairs = variables(uri=SELF, key=service.site.owner_key)
    data = request(pairs, b'{"name":"authorized"}', role=AUTHORIZER)
    if not stdin:  # lighttpd never ends the stdin of an authorizer
        data = data[:data.index(record(PARAMS)) + 8]
    service.exchange(data).answer.refused(403, "insufficient_scope")
    assert service.is_good()


def test_an_authorizer_gets_nothing_done(service):
    site = service.site
    answer = service.exchange(create(site.owner_key, "authorized", role=AUTHORIZER)).answer
    answer.refused(403, "insufficient_scope")
    assert "authorized" not in token_names(site)


@pytest.mark.parametrize("role", [FILTER, 0, 4, 257, 65535])
def test_other_roles_are_refused_or_cut_off(service, role):
    site = service.site
    reply = service.exchange(create(site.owner_key, "filtered", role=role))
    assert reply.ends == 0 and reply.stdout == b"" or reply.answer.check().status == 500
    assert "filtered" not in token_names(site)
    assert service.is_good()


# ---- Parameters --------------------------------------------------------------------------------------

DOUBLED = ["FCGI_ROLE", "REQUEST_METHOD", "REQUEST_URI", "CONTENT_LENGTH", "CONTENT_TYPE",
           "QUERY_STRING", "PATH_INFO", "REMOTE_ADDR", "HTTP_AUTHORIZATION",
           "REDIRECT_HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_CONTENT_ENCODING",
           "HTTP_X_REQUEST_ID"]


@pytest.mark.parametrize("place", ["before", "behind"])
@pytest.mark.parametrize("name", DOUBLED)
def test_a_wanted_parameter_that_comes_twice_is_400(service, name, place):
    body = b'{"name":"doubled"}'
    pairs = variables("POST", key=service.site.owner_key, body=body)
    values = {"FCGI_ROLE": "AUTHORIZER", "HTTP_X_REQUEST_ID": "one", "REMOTE_ADDR": "127.0.0.1",
              **dict(pairs)}
    # The role is there by the first record; one that agrees is mod_authnz_fcgi's.
    extra = [(name, values.get(name, ""))] * (1 if name in dict(pairs) else 2)
    pairs = extra + pairs if place == "before" else pairs + extra
    service.exchange(request(pairs, body)).answer.refused(400, "invalid_request")
    assert "doubled" not in token_names(service.site)


def test_a_second_uri_of_the_web_server_never_decides(service):
    pairs = [("REQUEST_URI", "/healthz")] + variables(uri=SELF)
    service.exchange(request(pairs)).answer.refused(400, "invalid_request")


def without(name, pairs):
    return [one for one in pairs if one[0] != name]


PATHS = [
    # label, PATH_INFO, status
    ("the plain path", SELF, 200),
    ("another", TOKENS, 200),
    ("no such route", "/nothing", 404),
    ("dots", "/api/v1/admin/x/../access-tokens", 404),
    ("two slashes", "/api/v1/admin//access-tokens", 404),
    ("decoded already: a percent sign stays one", "/api/v1/admin/access%2Dtokens", 404),
    ("empty", "", 404),
    ("8 000 bytes", "/" + "a" * 8000, 404),
]


@pytest.mark.parametrize("label, path, status", PATHS, ids=[row[0] for row in PATHS])
def test_without_a_request_uri_the_path_info_is_taken(service, label, path, status):
    pairs = without("REQUEST_URI", variables(key=service.site.owner_key)) + [("PATH_INFO", path)]
    assert service.exchange(request(pairs)).answer.check().status == status


@pytest.mark.parametrize("name, status", [("REQUEST_URI", 404), ("REQUEST_METHOD", 400)])
def test_a_request_without_path_or_method_is_refused(service, name, status):
    pairs = without(name, variables(key=service.site.owner_key))
    assert service.exchange(request(pairs)).answer.check().status == status


def test_a_request_without_parameters_is_refused(service):
    service.exchange(request([])).answer.refused(400, "invalid_request")


HUGE = [
    # label, pairs, status
    ("URI of 8 KiB and one byte", [("REQUEST_URI", "/" + "a" * 8192)], 400),
    ("URI of 100 KB", [("REQUEST_URI", "/" + "a" * 100000)], 400),
    ("path of 3 000 bytes", [("REQUEST_URI", SELF + "/" + "a" * 3000)], 404),
    ("method of 5 000 bytes", [("REQUEST_METHOD", "G" * 5000)], 405),
    ("key of 9 000 bytes", [("HTTP_AUTHORIZATION", "Bearer dft_" + "a" * 9000)], 401),
    ("key of 100 KB", [("HTTP_AUTHORIZATION", "Bearer dft_" + "a" * 100000)], 401),
    ("address of 60 KB", [("REMOTE_ADDR", "1" * 60000)], 200),
    ("length of 60 KB", [("CONTENT_LENGTH", "1" * 60000)], 400),
    ("request id of 60 KB", [("HTTP_X_REQUEST_ID", "1" * 60000)], 200),
    ("an unknown parameter of 100 KB", [("HTTP_X", "x" * 100000)], 200),
    ("a name of 100 KB", [("X" * 100000, "x")], 200),
    ("5 000 parameters", [(f"HTTP_X_{i}", "x") for i in range(5000)], 200),
    ("a name with an equals sign", [("HTTP_X=REQUEST_URI", "x")], 200),
    ("an empty name", [("", "x")], 200),
    ("bytes that are no text", [(b"HTTP_X\xff\0", b"\0\xff")], 200),
]


@pytest.mark.parametrize("label, pairs, status", HUGE, ids=[row[0] for row in HUGE])
def test_huge_and_strange_parameters_are_answered(service, label, pairs, status):
    names = {name for name, _ in pairs}
    rest = [one for one in variables(uri=SELF, key=service.site.owner_key) if one[0] not in names]
    assert service.exchange(request(pairs + rest)).answer.check().status == status
    assert service.is_good()


def test_parameters_of_20_mb_harm_nobody_else(service):
    reply = service.exchange(request(variables(uri=SELF) + [("HTTP_X", "x" * 20000000)]))
    assert reply.ends == 0 or reply.answer.check().status in (400, 401)
    assert service.is_good()


# ---- Bodies (rows 53, 54 and 55) --------------------------------------------------------------------

LENGTHS = [
    # label, announced, body, status, reason
    ("one byte shorter", "18", b'{"name":"length"}', 400, "invalid_request"),
    ("one byte longer", "16", b'{"name":"length"}', 400, "invalid_request"),
    ("a whole object, then more", "2", b'{}{"name":"length"}', 400, "invalid_request"),
    ("nothing came", "17", b"", 400, "invalid_request"),
    ("nothing announced but 0", "0", b'{"name":"length"}', 400, "invalid_request"),
    ("64 KiB announced", "65536", b'{"name":"length"}', 400, "invalid_request"),
    ("more than 64 KiB announced", "65537", b'{"name":"length"}', 413, "body_too_large"),
    ("more than 64 KiB came", "17", b" " * 65537, 413, "body_too_large"),
    ("2^64", "18446744073709551616", b'{"name":"length"}', 400, "invalid_request"),
    ("-1", "-1", b'{"name":"length"}', 400, "invalid_request"),
    ("in hexadecimal", "0x11", b'{"name":"length"}', 400, "invalid_request"),
    ("a sign", "+17", b'{"name":"length"}', 400, "invalid_request"),
    ("blanks", " 17 ", b'{"name":"length"}', 400, "invalid_request"),
]


@pytest.mark.parametrize("label, announced, body, status, reason", LENGTHS,
                         ids=[row[0] for row in LENGTHS])
def test_a_body_that_is_not_as_announced_is_refused(service, label, announced, body, status,
                                                    reason):
    pairs = variables("POST", key=service.site.owner_key, body=body)
    pairs = without("CONTENT_LENGTH", pairs) + [("CONTENT_LENGTH", announced)]
    service.exchange(request(pairs, body)).answer.refused(status, reason)
    assert "length" not in token_names(service.site)


@pytest.mark.parametrize("announced", [[], [("CONTENT_LENGTH", "")]], ids=["absent", "empty"])
def test_a_body_of_unknown_length_is_read_to_its_end(service, announced):
    body = b'{"name":"chunked"}'
    pairs = without("CONTENT_LENGTH", variables("POST", key=service.site.owner_key, body=body))
    assert service.exchange(request(pairs + announced, body)).answer.check().status == 201
    too_much = b" " * 65537
    service.exchange(request(pairs + announced, too_much)).answer.refused(413, "body_too_large")


# Row 51. The kernel counts what a piece costs it, not what is in it: nobody may wait for all of a
# request to fit into a socket. A request that no scrypt is needed for never leaves the fast lane.
BODIES = [
    # label, has key, length, status, reason
    ("64 KiB", True, 65536, 201, None),
    ("64 KiB without a key", False, 65536, 401, "missing_token"),
    ("64 KiB and one byte", True, 65537, 413, "body_too_large"),
]


@pytest.mark.parametrize("polls", [False, True], ids=["blocking", "polling"])
@pytest.mark.parametrize("size", [64, 256, 1024, 1400, 65535])
@pytest.mark.parametrize("label, has_key, length, status, reason", BODIES,
                         ids=[row[0] for row in BODIES])
def test_a_body_of_64_kib_is_taken_in_records_of_any_size(service, label, has_key, length, status,
                                                          reason, size, polls):
    body = b'{"name":"full"}'.ljust(length)
    pairs = variables("POST", key=service.site.owner_key if has_key else None, body=body)
    with service.connect() as peer:
        peer.send(request(pairs)[:-8])
        peer.send_each([record(STDIN, body[at:at + size]) for at in range(0, length, size)], polls)
        answer = peer.send(record(STDIN)).reply().answer
    if reason is None:
        assert answer.check().status == status
    else:
        answer.refused(status, reason)


@pytest.mark.parametrize("polls", [False, True], ids=["blocking", "polling"])
def test_a_request_may_come_byte_by_byte_in_records_of_one_byte(service, polls):
    body = b'{"name":"bytes"}'.ljust(4000)
    pairs = variables("POST", key=service.site.owner_key, body=body)
    data = begin() + records(PARAMS, b"".join(pair(*one) for one in pairs), 1) + record(PARAMS)
    data += records(STDIN, body, 1) + record(STDIN)
    with service.connect() as peer:
        peer.send_each([data[at:at + 1] for at in range(len(data))], polls)
        assert peer.reply().answer.check().status == 201


# ---- Peers that hang (F22, F23) ------------------------------------------------------------------------

def cut(data, by):
    return data[:-by]


HANGING = {
    "silence": b"",
    "one byte and silence": b"\x01",
    "half a header": begin()[:5],
    "half a record": begin()[:12],
    "a beginning": begin(),
    "parameters without end": begin() + record(PARAMS, pair("REQUEST_METHOD", "GET")),
    "half a record of parameters": begin() + cut(record(PARAMS, pair("X", "y" * 1000)), 500),
    "a record of 65535 bytes that never comes": begin() + cut(record(PARAMS, b"x" * 65535), 65535),
    "no body": begun(),
    "half a body": begun(record(STDIN, b"{")),
    "a body without end": begun(record(STDIN, b"{}")),
    "padding that never comes": begun(record(STDIN, b"{}"), cut(record(STDIN, padding=255), 255)),
}


def hanging(service, count):
    kinds = list(HANGING.values())
    return [service.connect().send(kinds[i % len(kinds)]) for i in range(count)]


def test_64_peers_that_hang_delay_nobody_and_are_closed_in_the_end(service):
    peers = hanging(service, 64)
    for i in range(20):
        assert service.is_good()
        made(service, f"beside {i}")
    assert not [peer for peer in peers if peer.is_closed()], "they were served first"
    wait_until(lambda: all(peer.is_closed() for peer in peers), "all to be closed", 30)
    for peer in peers:
        peer.close()
    assert service.is_good()


@pytest.mark.parametrize("data", HANGING.values(), ids=HANGING)
def test_a_peer_that_ends_in_the_middle_is_closed_at_once(service, data):
    with service.connect() as peer:
        peer.send(data).end()
        wait_until(peer.is_closed, "the connection to be closed", 5)


@pytest.fixture
def one_thread():
    """A service whose connections are all one thread's."""
    for site in opened(QUICK + "fast_threads = 1\n"):
        yield Service(site).wait()


# What a thread keeps of the requests that arrive at it, and what it takes for one of them.
KEPT, KEPT_OF_ONE = 8 << 20, 128 << 10


def halves(site, name):
    """A creation of more than half of KEPT_OF_ONE, in two halves."""
    body = b'{"name":"%s"}' % name.encode()
    data = request([("HTTP_X", "x" * 60000)]
                   + variables("POST", key=site.owner_key, body=body.ljust(60000)),
                   body.ljust(60000))
    return data[:KEPT_OF_ONE // 2 + 1], data[KEPT_OF_ONE // 2 + 1:]


def count_open(peers):
    return len([peer for peer in peers if not peer.is_closed()])


def test_what_has_arrived_of_many_requests_is_bounded_and_the_oldest_give_way(one_thread):
    places = KEPT // KEPT_OF_ONE
    first, second = halves(one_thread.site, "half arrived")
    peers = [one_thread.connect().send(first) for _ in range(3 * places)]
    wait_until(lambda: count_open(peers) <= places, "the oldest to be closed", 5)
    assert one_thread.is_good()
    for peer in peers[-places:]:  # all before the first is answered: a request must arrive in time
        peer.send(second)
    for peer in peers[-places:]:
        assert peer.reply().answer.check().status == 201
    for peer in peers:
        peer.close()


def test_who_gives_way_when_more_of_his_has_come_already_harms_nobody(one_thread):
    first, second = halves(one_thread.site, "overtaken")
    peers = [one_thread.connect().send(first[:-2]) for _ in range(KEPT * 2 // KEPT_OF_ONE)]
    wait_until(lambda: all(peer.is_read() for peer in peers), "all to be read")
    one_thread.send_signal(signal.SIGSTOP)
    # At once, few enough to be fetched together: each of the newest takes the place of one of the
    # oldest, of whom there is news as well.
    for peer in peers[-15:] + peers[:15]:
        peer.send(first[-2:])
    one_thread.send_signal(signal.SIGCONT)
    assert one_thread.is_good()
    assert peers[-1].send(second).reply().answer.check().status == 201
    wait_until(lambda: count_open(peers) == 0, "all to be closed", 30)
    for peer in peers:
        peer.close()
    assert one_thread.is_good()


def test_more_connections_than_places_cost_the_oldest_theirs(one_thread):
    first, second = halves(one_thread.site, "many")
    peers = [one_thread.connect().send(first[:100]) for _ in range(300)]
    assert one_thread.is_good()
    wait_until(lambda: count_open(peers) <= 256, "the oldest to be closed", 5)
    assert peers[-1].send(first[100:] + second).reply().answer.check().status == 201
    for peer in peers:
        peer.close()
    assert one_thread.is_good()


def test_a_large_request_is_answered_when_the_descriptors_are_used_up(one_thread):
    in_use = len(os.listdir(f"/proc/{one_thread.pid}/fd"))
    resource.prlimit(one_thread.pid, resource.RLIMIT_NOFILE, (in_use + 10, in_use + 10))
    peers = [one_thread.connect() for _ in range(30)]
    for number in range(5):
        first, second = halves(one_thread.site, f"scarce {number}")
        with one_thread.connect() as peer:
            assert peer.send(first).send(second).reply().answer.check().status == 201
        peers += [one_thread.connect() for _ in range(5)]
    for peer in peers:
        peer.close()
    assert one_thread.is_good()


def test_parameters_without_end_are_cut_off_at_once(service):
    data = begin() + records(PARAMS, b"\x01\x01XY" * 50000)
    peers = [service.connect().send(data) for _ in range(16)]
    wait_until(lambda: all(peer.is_closed() for peer in peers), "all to be closed")
    for peer in peers:
        peer.close()
    assert made(service, "afterwards")


def test_a_body_without_end_is_refused_before_it_ends_and_holds_no_thread(service):
    peers = [service.connect().send(begun(records(STDIN, b" " * 200000))) for _ in range(16)]
    for peer in peers:
        assert peer.reply().answer.refused(413, "body_too_large")
    for _ in range(20):
        assert service.is_good()
    for peer in peers:
        peer.close()
    assert made(service, "afterwards")


def test_a_peer_that_leaves_at_once_harms_nobody(service):
    for _ in range(50):
        service.connect().send(create(service.site.owner_key, "left")).close()
        service.connect().send(request(variables(uri=SELF, key=service.site.owner_key))).close()
        service.connect().close()
    assert service.is_good()
    wait_until(lambda: service.metric("claviger_requests_waiting") == 0, "the queue to be empty")
    assert service.is_good()


@pytest.fixture(scope="module")
def large_site():
    """Its list is larger than what a socket takes at once: tokens of 900 websites each."""
    site = Site(QUICK)
    ids = [os.urandom(12) for _ in range(900)]
    with sqlite3.connect(site.database) as database:
        for number, website in enumerate(ids):
            database.execute("INSERT INTO websites (id, domain, name, created_at) "
                             "VALUES (?, ?, '', 0)", (website, f"w{number}.example"))
        database.execute("INSERT INTO memberships (account, website, role) "
                         "SELECT a.sequence, w.sequence, 'owner' FROM accounts a, websites w")
    database.close()
    service = Service(site).wait()
    body = ('{"websiteIds":[%s]}' % ",".join(f'"{website.hex()}"' for website in ids)).encode()
    for _ in range(24):
        pairs = variables("POST", key=site.owner_key, body=body)
        assert service.exchange(request(pairs, body)).answer.status == 201
    service.stop()
    yield site
    site.close()


def test_peers_that_do_not_read_a_large_answer_delay_nobody(large_site):
    service = Service(large_site).wait()
    wanted = request(variables(uri=TOKENS, key=large_site.owner_key))
    answer = service.exchange(wanted).answer.check()
    assert answer.status == 200 and answer.json["pagination"]["nextCursor"]
    assert len(answer.body) > 100000
    peers = [service.connect().send(wanted) for _ in range(6)]
    assert service.is_good()
    for peer in peers:
        with peer:
            assert peer.reply().answer.body == answer.body
    assert service.exchange(wanted).answer.body == answer.body
    assert service.stop() == 0


def test_a_peer_that_leaves_a_large_answer_harms_nobody(large_site):
    service = Service(large_site).wait()
    wanted = request(variables(uri=TOKENS, key=large_site.owner_key))
    for _ in range(20):
        with service.connect() as peer:
            peer.send(wanted).socket.recv(100)
    assert service.is_good()
    assert service.stop() == 0


# ---- Stopping (F25) ------------------------------------------------------------------------------------

@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_orderly(own_service, how):
    assert own_service.stop(how) == 0
    assert not own_service.path.exists()
    assert own_service.errors.read_text() == ""


def test_a_stop_does_not_wait_for_peers_that_hang(own_service):
    peers = hanging(own_service, 64)
    assert own_service.is_good()
    assert own_service.stop() == 0
    assert all(peer.is_closed() for peer in peers)


def test_many_signals_stop_once(own_service):
    for _ in range(20):
        own_service.send_signal(signal.SIGHUP)
        own_service.send_signal(signal.SIGTERM)
        own_service.send_signal(signal.SIGINT)
    assert own_service.process.wait(timeout=20) == 0


def test_the_last_use_is_written_at_the_stop(own_service):
    record_ = made(own_service, "used")
    assert own_service.call(uri=SELF, key=record_["key"]).status == 200
    assert own_service.stop() == 0
    with sqlite3.connect(own_service.site.database) as database:
        row = database.execute("SELECT last_used_at FROM tokens WHERE id = ?",
                               (bytes.fromhex(record_["id"]),)).fetchone()
    assert row[0] is not None


def test_a_signal_during_the_start_leaves_nothing_behind(site):
    for step in range(20):
        service = Service(site)
        for _ in range(step * 2000):  # a little later each time
            pass
        service.send_signal(signal.SIGTERM)
        # Before it can know better, a signal does what signals do.
        assert service.process.wait(timeout=20) in (0, -signal.SIGTERM)
        assert "error" not in service.errors.read_text()
    assert Service(site).wait().stop() == 0


@pytest.mark.parametrize("signals", [1, 2])
def test_creations_in_flight_are_answered_before_the_end(signals):
    for site in opened("scrypt_n = 131072\nslow_threads = 2\n"):
        service = Service(site).wait()
        assert service.is_good()
        peers = [service.connect().send(create(site.owner_key, f"late {i}")) for i in range(2)]
        wait_until(lambda: service.metric("claviger_scrypt_running") == 2, "both to be in flight")
        for _ in range(signals):
            service.send_signal(signal.SIGTERM)
        keys = [peer.reply().answer.check().first["key"] for peer in peers]
        assert service.process.wait(timeout=20) == 0
        service = Service(site).wait()
        for key in keys:
            assert service.call(uri=SELF, key=key).status == 200


def test_what_was_sent_before_a_stop_is_answered(one_thread):
    site = one_thread.site
    one_thread.send_signal(signal.SIGSTOP)
    large = b"".join(halves(site, "large"))
    peers = [one_thread.connect().send(data) for data in [create(site.owner_key), large] * 10]
    one_thread.send_signal(signal.SIGTERM)
    one_thread.send_signal(signal.SIGCONT)
    for peer in peers:
        assert peer.reply().answer.check().status == 201
    assert one_thread.process.wait(timeout=20) == 0


def test_who_connects_during_a_stop_is_refused_at_once():
    for site in opened("scrypt_n = 131072\nslow_threads = 2\n"):
        service = Service(site).wait()
        peers = [service.connect().send(create(site.owner_key, f"late {i}")) for i in range(6)]
        # Eight times the usual cost, behind a check of the key: long on a busy machine.
        wait_until(lambda: service.metric("claviger_scrypt_running") == 2, "two to run", seconds=60)
        service.send_signal(signal.SIGTERM)
        wait_until(service.is_refused, "connections to be refused", 5)
        assert not peers[-1].has_answer(), "all was over before"
        for peer in peers:
            assert peer.reply().answer.check().status in (201, 503)  # 503: not begun in time
        assert service.process.wait(timeout=20) == 0


# ---- Reloading (F26) -----------------------------------------------------------------------------------

def test_a_broken_configuration_is_not_taken_over_and_a_mended_one_is():
    for site in opened(QUICK):
        service = Service(site).wait()
        good = site.config.read_text()

        def reloaded(text, event):
            before = site.log.read_text().count(event)
            site.write_config(text)
            service.send_signal(signal.SIGHUP)
            wait_until(lambda: site.log.read_text().count(event) > before, event)
            return site.log.read_text().splitlines()[-1]

        for line, broken in [(good.count("\n") + 1, good + "tokens_per_acount = 1\n"),
                             (good.count("\n") + 1, good + "tokens_per_account = none\n"),
                             (1, "\ufeff" + good)]:
            said = reloaded(broken, "configuration not taken over")
            assert f"{site.config}:{line}:" in said, said
            assert service.is_good()
            assert made(service)
        site.config.unlink()
        service.send_signal(signal.SIGHUP)
        wait_until(lambda: site.log.read_text().count("not taken over") == 4, "the complaint")
        assert service.is_good()

        count = len([name for name in token_names(site)]) and len(
            service.call(uri=TOKENS + "?limit=1000", key=site.owner_key).data)
        reloaded(good + f"tokens_per_account = {count}\n", "configuration taken over")
        service.exchange(create(site.owner_key)).answer.refused(409, "limit_reached")
        reloaded(good + f"tokens_per_account = {count + 1}\n", "configuration taken over")
        assert made(service)
        service.exchange(create(site.owner_key)).answer.refused(409, "limit_reached")
        reloaded(good + "token_prefix = other_\nmemo_entries = 2048\n",
                 "changed keys need a restart keys=token_prefix,memo_entries")
        assert service.is_good()
        assert service.stop() == 0


def test_no_request_fails_during_reloads(service):
    for _ in range(100):
        service.send_signal(signal.SIGHUP)
        assert service.is_good()


# ---- Descriptors (F17) ---------------------------------------------------------------------------------

def test_hundreds_of_idle_connections_use_up_the_descriptors_and_not_the_processor(own_service):
    in_use = len(os.listdir(f"/proc/{own_service.pid}/fd"))
    resource.prlimit(own_service.pid, resource.RLIMIT_NOFILE, (in_use + 20, in_use + 20))
    ticks, started = own_service.ticks(), time.monotonic()
    peers = [own_service.connect() for _ in range(400)]
    good = 0
    while not all(peer.is_closed() for peer in peers):
        # They go for new ones, or when their time is over; good requests are served meanwhile.
        assert own_service.is_good()
        good += 1
        peers[0].socket.settimeout(0.1)
        try:
            peers[-1].socket.settimeout(0.1)
            peers[-1].socket.recv(1)
        except OSError:
            pass
    used = (own_service.ticks() - ticks) / os.sysconf("SC_CLK_TCK")
    assert good > 0
    assert used < 0.05 * (time.monotonic() - started) + 0.01 * good, "a busy loop"
    for peer in peers:
        peer.close()
    assert own_service.is_good()
    assert own_service.stop() == 0


# ---- The socket itself -----------------------------------------------------------------------------------

def run(site, *arguments, stdin=subprocess.DEVNULL, **options):
    done = subprocess.run([PROGRAM, *arguments], stdin=stdin, capture_output=True, text=True,
                          timeout=20, cwd=site.directory, env=ENVIRONMENT, **options)
    return done.returncode, done.stdout, done.stderr


def refused(site, *arguments, status=3, **options):
    found, out, err = run(site, "--config", site.config, *arguments, **options)
    assert (found, out, err.count("\n")) == (status, "", 1), (found, out, err)
    assert err.startswith("claviger: ")
    return err


def test_the_socket_is_for_its_owner_alone(own_service):
    assert stat.S_IMODE(own_service.path.stat().st_mode) == 0o600


def test_the_socket_is_given_to_a_group_where_asked_to(site):
    path = site.directory / "group.sock"
    process = subprocess.Popen([PROGRAM, "--config", site.config, "--socket", path,
                                "--socket-group", group_name()], stdin=subprocess.DEVNULL,
                               env=ENVIRONMENT)
    try:
        wait_until(lambda: path.exists() and stat.S_IMODE(path.stat().st_mode) == 0o660, "mode")
        assert path.stat().st_gid == os.getgid()
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


def group_name():
    import grp
    return grp.getgrgid(os.getgid()).gr_name


def test_a_living_socket_is_not_taken_away(own_service):
    said = refused(own_service.site, "--socket", own_service.path)
    assert "another process answers there" in said
    assert own_service.is_good()


def test_a_dead_socket_is_replaced(site):
    service = Service(site).wait()
    assert service.stop(signal.SIGKILL) == -signal.SIGKILL
    assert service.path.exists()
    process = subprocess.Popen([PROGRAM, "--config", site.config, "--socket", service.path],
                               stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    service.process = process
    service.pid = process.pid
    service.wait()
    assert service.stop() == 0


def test_what_is_no_socket_is_left_alone(site):
    path = site.directory / "precious"
    path.write_text("precious")
    assert str(path) in refused(site, "--socket", path)
    assert path.read_text() == "precious"


SOCKETS = [
    ("no such directory", "{directory}/none/a.sock"),
    ("too long", "{directory}/" + "a" * 108),
    ("a directory", "{directory}"),
    ("TCP on every address", "0.0.0.0:{port}"),
    ("TCP on a port of every address", ":{port}"),
    ("TCP on a name", "localhost:{port}"),
]


@pytest.mark.parametrize("label, path", SOCKETS, ids=[row[0] for row in SOCKETS])
def test_a_socket_that_cannot_be_made_is_a_clear_refusal(site, label, path):
    assert "ocket" in refused(site, "--socket", path.format(directory=site.directory, port=9999))


def listening(family, address):
    socket_ = socket.socket(family)
    socket_.bind(address)
    socket_.listen(64)
    return socket_


def test_a_listening_socket_on_descriptor_0_is_served_and_outlives_the_service(site):
    with listening(socket.AF_UNIX, str(site.directory / "handed.sock")) as handed:
        for _ in range(2):  # a successor takes it over: the first one has not shut it down
            service = Service(site, listening=handed).wait()
            assert service.is_good()
            assert service.stop() == 0
    assert (site.directory / "handed.sock").exists()


def test_a_service_that_comes_later_answers_what_connected_before(site):
    with listening(socket.AF_UNIX, str(site.directory / "early.sock")) as handed:
        with socket.socket(socket.AF_UNIX) as early:
            early.connect(handed.getsockname())
            early.sendall(request(variables(uri="/healthz")))
            service = Service(site, listening=handed).wait()
            assert b"Status: 200" in early.recv(65536)
            assert service.stop() == 0


def test_tcp_on_loopback_may_be_handed_down(site):
    with listening(socket.AF_INET, ("127.0.0.1", 0)) as handed:
        process = subprocess.Popen([PROGRAM, "--config", site.config], stdin=handed,
                                   env=ENVIRONMENT)
        try:
            with socket.create_connection(handed.getsockname(), timeout=20) as peer:
                peer.sendall(request(variables(uri="/healthz")))
                assert b"Status: 200" in peer.recv(65536)
        finally:
            process.terminate()
            assert process.wait(timeout=20) == 0


def test_tcp_beyond_loopback_is_refused(site):
    with listening(socket.AF_INET, ("0.0.0.0", 0)) as handed:
        assert "loopback" in refused(site, stdin=handed)


# ---- A start that nobody can have meant ----------------------------------------------------------------------

def bare():
    return {name: value for name, value in ENVIRONMENT.items() if name != "GATEWAY_INTERFACE"}


@pytest.mark.parametrize("what", ["the null device", "a file", "a pipe", "a terminal", "closed",
                                  "a socket that does not listen"])
def test_a_start_without_socket_or_cgi_says_how_to_use_it(site, what):
    opened_ = []
    if what == "a file":
        stdin = opened_file = open(site.config, "rb")
        opened_.append(opened_file)
    elif what == "a pipe":
        stdin = subprocess.PIPE
    elif what == "a terminal":
        ours, stdin = pty.openpty()
    elif what == "a socket that does not listen":
        stdin, other = socket.socketpair()
        opened_ += [stdin, other]
    else:
        stdin = subprocess.DEVNULL
    process = subprocess.Popen(
        [PROGRAM, "--config", site.config], stdin=stdin, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.PIPE, env=bare(),
        preexec_fn=(lambda: os.close(0)) if what == "closed" else None)
    # The pipe stays open: nothing is waited for.
    status = process.wait(timeout=20)
    out, err = process.stdout.read(), process.stderr.read()
    for one in (process.stdin, process.stdout, process.stderr, *opened_):
        if one is not None:
            one.close()
    if what == "a terminal":
        os.close(ours)
        os.close(stdin)
    assert (status, out) == (2, "")
    assert err.startswith("claviger: no socket to serve on; give --socket PATH, or let a web "
                          "server start it\n\nusage: claviger.fcgi")


USAGES = [
    ("an unknown option", ["--nothing"], "--nothing: no such option"),
    ("an unknown letter", ["-xy"], "-x: no such option"),
    ("a value that is missing", ["--socket"], "--socket: its value is missing"),
    ("a value too many", ["--check=yes"], "--check=yes: takes no value"),
    ("an argument too many", ["more"], "more: not expected"),
    ("a group without a socket", ["--socket-group", "root"], "goes with --socket"),
]


@pytest.mark.parametrize("label, arguments, said", USAGES, ids=[row[0] for row in USAGES])
def test_a_wrong_command_line_is_status_2(site, label, arguments, said):
    status, out, err = run(site, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("claviger: ") and said in err and "--help" in err
