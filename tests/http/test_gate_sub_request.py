# SPDX-License-Identifier: ISC
"""The gate as a sub-request to /api/v1/authorize, and as an authorizer, over the FastCGI socket:
what it is told of the guarded request, by whom, and what it answers."""
import contextlib

import pytest

from asking import QUICK
from claviger_site import TOKENS, Site, well_formed
from fastcgi_peer import AUTHORIZER, Service, request, variables
from guarded import put_in_place

AUTHORIZE = "/api/v1/authorize"
GATE = {"CLAVIGER_GATE": "on"}
FILE = "/guarded/secret.txt"


@contextlib.contextmanager
def serving(config="", base=""):
    with contextlib.closing(Site(QUICK + "policy = {directory}/policy\n" + config,
                                 put_in_place)) as site:
        service = Service(site).wait(base)
        record = site.token("owner@localhost", "--permission", "analytics:read")
        service.key, service.id = record["key"], record["id"]
        yield service
        service.stop()


@pytest.fixture(scope="module")
def service():
    with serving() as one:
        yield one


def ask(service, method=None, uri=None, key="good", by="POST", path=AUTHORIZE, more=(), **told):
    """A sub-request about METHOD URI; MORE are further variables, also of the same name."""
    told = {**GATE, "CLAVIGER_METHOD": method, "CLAVIGER_URI": uri, **told}
    pairs = variables(by, path, key=service.key if key == "good" else key)
    pairs += [(name, value) for name, value in told.items() if value is not None]
    return service.exchange(request(pairs + list(more))).answer


def authorize(service, method, uri, key="good", more=()):
    pairs = variables(method, uri, key=service.key if key == "good" else key)
    return service.exchange(request(pairs + list(more), role=AUTHORIZER)).answer


def passes(answer):
    assert (answer.status, answer.body) == (200, b""), answer.body
    assert answer.header("Content-Type") == "text/plain; charset=utf-8"
    return answer


def told_by(answer, start):
    return {name[len(start):]: value for name, value in answer.headers if name.startswith(start)}


@pytest.mark.parametrize("by", ["GET", "POST", "HEAD", "PROPFIND", "whatever"])
def test_any_method_asks(service, by):
    answer = passes(ask(service, "GET", FILE, by=by))
    assert told_by(answer, "X-Claviger-") == {
        "Token-Id": service.id, "Account-Id": answer.header("X-Claviger-Account-Id"),
        "Permissions": "analytics:read", "Website-Ids": "*", "User": service.id}
    assert not told_by(answer, "Variable-")


def test_an_authorizer_is_told_by_variables(service):
    answer = passes(authorize(service, "GET", FILE))
    assert told_by(answer, "Variable-CLAVIGER_")["TOKEN_ID"] == service.id
    assert not told_by(answer, "X-Claviger-")


def test_the_role_may_be_said_again_but_not_another(service):
    """mod_authnz_fcgi puts it among the parameters as well."""
    again = ("FCGI_ROLE", "AUTHORIZER")
    passes(authorize(service, "GET", FILE, more=[again]))
    authorize(service, "GET", FILE, key=None, more=[again]).refused(401, "missing_token")
    authorize(service, "GET", FILE, more=[("FCGI_ROLE", "RESPONDER")]).refused(
        400, "invalid_request")
    ask(service, "GET", FILE, more=[again]).refused(400, "invalid_request")


def test_who_may_not_pass_is_told_why(service):
    for key, status, reason in ((None, 401, "missing_token"), (well_formed(), 401, "invalid_token")):
        for answer in (ask(service, "GET", FILE, key=key), authorize(service, "GET", FILE, key=key)):
            answer.refused(status, reason)
            assert answer.header("X-Claviger-Reason") == reason
            assert not told_by(answer, "Variable-") and answer.header("X-Claviger-User") is None
    for method, uri in (("POST", FILE), ("GET", "/elsewhere"), ("GET", "/guarded//secret.txt"),
                        ("GET", "/guarded/%2e%2e/x"), ("get", FILE), ("GET", "guarded/secret.txt"),
                        ("GET", "/guarded/" + "a" * 2048), ("GET", FILE + "?" + "a" * 8192)):
        ask(service, method, uri).refused(403, "insufficient_scope")
        authorize(service, method, uri).refused(403, "insufficient_scope")


def test_what_is_public_passes_whatever_is_sent(service):
    for key in (None, well_formed(), service.key):
        answer = passes(ask(service, "GET", "/guarded/open/free.txt", key=key))
        assert told_by(answer, "X-Claviger-") == {"User": "public"}
        answer = passes(authorize(service, "GET", "/guarded/open/free.txt", key=key))
        assert told_by(answer, "Variable-") == {"CLAVIGER_USER": "public"}


@pytest.mark.parametrize("told", [
    {}, {"uri": FILE}, {"method": "GET"}, {"method": "", "uri": FILE}, {"method": "GET", "uri": ""},
    {"method": "GET", "uri": FILE, "CLAVIGER_GATE": None},
    {"method": "GET", "uri": FILE, "CLAVIGER_GATE": "off"},
    {"method": "GET", "uri": FILE, "CLAVIGER_GATE": ""},
    {"method": "GET", "uri": FILE, "more": [("CLAVIGER_URI", FILE)]},
    {"method": "GET", "uri": FILE, "more": [("CLAVIGER_METHOD", "GET")]},
    {"method": "GET", "uri": FILE, "more": [("CLAVIGER_GATE", "on")]},
    {"method": "GET", "uri": FILE, "more": [("REQUEST_URI", "/guarded/open/free.txt")]},
    {"method": "GET", "uri": FILE, "more": [("REQUEST_METHOD", "GET")]},
    {"HTTP_X_FORWARDED_METHOD": "GET", "HTTP_X_FORWARDED_URI": "/guarded/open/free.txt"},
    {"HTTP_X_ORIGINAL_METHOD": "GET", "HTTP_X_ORIGINAL_URI": "/guarded/open/free.txt"},
], ids=str)
def test_a_question_that_is_not_whole_is_none(service, told):
    """Row 128, and headers that nobody has named."""
    ask(service, **told).refused(400, "invalid_request")


def test_the_clients_line_before_the_servers_does_not_open_the_gate(service):
    """nginx with "include fastcgi_params" sends both: without the rule the first one counted, and
    its answer of 200 let everything pass."""
    answer = ask(service, "GET", FILE, path="/healthz", more=[("REQUEST_URI", AUTHORIZE)])
    answer.refused(400, "invalid_request")


@pytest.mark.parametrize("headers, name", [("x-forwarded", "FORWARDED"), ("x-original", "ORIGINAL")])
def test_the_pair_of_headers_that_is_named_is_believed(headers, name):
    pair = {f"HTTP_X_{name}_METHOD": "GET", f"HTTP_X_{name}_URI": FILE}
    with serving(f"gate_headers = {headers}\n") as service:
        passes(ask(service, CLAVIGER_GATE=None, **pair))
        passes(ask(service, "GET", FILE, **pair))
        ask(service, CLAVIGER_GATE=None, key=None, **pair).refused(401, "missing_token")
        for told in ({}, {f"HTTP_X_{name}_URI": FILE}, {f"HTTP_X_{name}_METHOD": "GET"},
                     {**pair, "more": [(f"HTTP_X_{name}_URI", "/guarded/open/free.txt")]}):
            ask(service, CLAVIGER_GATE=None, **told).refused(400, "invalid_request")
        for method, uri in (("GET", "/guarded/open/free.txt"), ("POST", FILE)):
            ask(service, method, uri, **pair).refused(400, "invalid_request")
        # On any other route they mean nothing.
        answer = service.exchange(request(variables("GET", TOKENS + "/self", key=service.key) +
                                          [(f"HTTP_X_{name}_URI", "/x")] * 2)).answer
        assert answer.status == 200


def test_a_server_that_knows_few_statuses_gets_no_others():
    with serving("gate_status = simple\n") as service:
        passes(ask(service, "GET", FILE))
        ask(service, "GET", FILE, key=None).refused(401, "missing_token")
        answer = ask(service)
        assert answer.status == 403 and answer.header("X-Claviger-Reason") == "invalid_request"
        for record in service.site.directory.glob("claviger.db*"):
            record.unlink()
        answer = ask(service, "GET", FILE)
        assert answer.status == 403 and answer.header("X-Claviger-Reason") == "store_unavailable"
        passes(ask(service, "GET", "/guarded/open/free.txt"))


def test_a_broken_store_is_503_and_nothing_passes():
    with serving() as service:
        for record in service.site.directory.glob("claviger.db*"):
            record.unlink()
        ask(service, "GET", FILE).refused(503, "store_unavailable")
        answer = authorize(service, "GET", FILE)
        answer.refused(503, "store_unavailable")
        assert answer.header("Retry-After")


def test_too_many_requests_of_a_token_are_refused_at_the_gate_too():
    with serving("requests_per_minute = 2\n") as service:
        passes(ask(service, "GET", FILE))
        passes(authorize(service, "GET", FILE))
        ask(service, "GET", FILE).refused(429, "rate_limited")
        passes(ask(service, "GET", "/guarded/open/free.txt"))


def test_without_a_policy_nothing_passes():
    with contextlib.closing(Site(QUICK)) as site:
        service = Service(site).wait()
        service.key = site.owner_key
        ask(service, "GET", FILE).refused(403, "insufficient_scope")
        authorize(service, "GET", "/healthz").refused(403, "insufficient_scope")
        assert "gate without a policy" in site.log.read_text()
        service.stop()


def test_below_a_base_path_the_gate_is_there_alone():
    with serving("base_path = /claviger\n", "/claviger") as service:
        passes(ask(service, "GET", FILE, path="/claviger" + AUTHORIZE))
        assert ask(service, "GET", FILE).status == 404
        # The guarded path is the public one, base path or not.
        passes(authorize(service, "GET", FILE))


def test_a_cold_key_at_the_gate_goes_to_the_slow_lane():
    """And comes back with the question that it came with."""
    with contextlib.closing(Site("policy = {directory}/policy\n", put_in_place)) as site:
        service = Service(site).wait()
        service.key = site.owner_key
        passes(ask(service, "GET", FILE))
        assert service.metric("claviger_scrypt_runs_total") == 1
        passes(ask(service, "GET", FILE))
        passes(authorize(service, "GET", FILE))
        assert service.metric("claviger_scrypt_runs_total") == 1
        service.stop()


def test_the_metrics_count_the_gate():
    """As one route, in either form, whatever is guarded."""
    with serving() as one:
        passes(ask(one, "GET", FILE))
        passes(authorize(one, "GET", FILE))
        ask(one, "GET", FILE, key=None).refused(401, "missing_token")
        text = one.call(uri="/metrics").body.decode()
        for status, count in ((200, 2), (401, 1)):
            (line,) = [line for line in text.splitlines()
                       if '/api/v1/authorize"' in line and f'status="{status}"' in line]
            assert line.endswith(f"}} {count}")


def test_the_body_of_a_guarded_request_is_not_waited_for(service):
    """lighttpd announces it to the authorizer and never sends it."""
    answer = authorize(service, "GET", FILE, more=[("CONTENT_LENGTH", "5000000")])
    passes(answer)
