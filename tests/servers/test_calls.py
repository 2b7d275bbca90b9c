# SPDX-License-Identifier: ISC
"""The API behind lighttpd, Apache (both ways) and nginx: the documented calls work, and answers
arrive as the program gave them."""
import concurrent.futures
import os
import signal

import pytest

from asking import REQUEST_ID
from claviger_site import B, TOKENS, is_running, wait_until, well_formed
from conftest import opened
from fastcgi_peer import Service, nobody, request, variables
from refusals import tells_nothing
from web_servers import (CONFIG, WAYS, apache, descendants, fcgid, nginx, opened_by, served,
                         uncommented)

SELF = TOKENS + "/self"
UNKNOWN = f"{TOKENS}/0123456789abcdef01234567"
# What a web server says for itself, and how it sends what it was given.
TRANSPORT = {"date", "server", "connection", "keep-alive", "content-length", "transfer-encoding"}


@pytest.fixture(scope="module", params=WAYS)
def web(request):
    """Each of the web servers, with its example as it is."""
    yield from opened_by(request.param)


@pytest.fixture
def site():
    """One test's own, for a web server that it starts itself."""
    yield from opened(CONFIG)


def told(answer):
    """What the program said."""
    return (answer.status,
            sorted((k.lower(), v) for k, v in answer.headers if k.lower() not in TRANSPORT),
            answer.body)


def test_the_documented_calls(web):
    made = web.create(name="Nightly report", permissions=["analytics:read", "api-keys:read"])
    assert made["permissions"] == ["analytics:read", "api-keys:read"]
    listed = web.call("GET", TOKENS + "?q=Nightly").check().data
    assert [record["id"] for record in listed] == [made["id"]]
    shown = web.call("GET", f"{TOKENS}/{made['id']}", key=made["key"]).check().first
    assert shown["name"] == "Nightly report" and "key" not in shown
    changed = web.call("PATCH", f"{TOKENS}/{made['id']}", {"name": "Renamed"}).check()
    assert (changed.status, changed.first["name"]) == (200, "Renamed")
    rotated = web.rotate(made)
    web.call("GET", SELF, key=made["key"]).refused(401, "invalid_token")
    assert web.call("GET", SELF, key=rotated["key"]).check().first["id"] == made["id"]
    assert web.call("PUT", B + "/account", {"name": "Ours"}).check().first["name"] == "Ours"
    answer = web.call("DELETE", f"{TOKENS}/{made['id']}").check()
    assert answer.first["message"] == "Access token deleted successfully"
    web.call("GET", SELF, key=rotated["key"]).refused(401, "invalid_token")


@pytest.mark.parametrize("path, kind", [("/", "text/html"), ("/js/views/tokens.js", "text/javascript"),
                                        ("/style.css", "text/css")])
def test_the_console_is_served_with_what_protects_it(web, path, kind):
    answer = web.call("GET", path, key=None)
    assert answer.status == 200
    assert answer.header("Content-Type") == f"{kind}; charset=utf-8"
    assert answer.header("Content-Security-Policy") == "frame-ancestors 'none'"
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("Referrer-Policy") == "no-referrer"
    assert answer.header("Cache-Control") == "no-cache"


@pytest.mark.parametrize("way", ["apache", "fcgid", "nginx"])
def test_a_page_of_the_documentation_is_read_as_markdown(site, way):
    """Where a web server's own list does not know it, a browser would save it as a file."""
    web = served(way, site)
    page = web.directory / "www" / "page.md"
    page.write_text("# Page\n")
    page.chmod(0o644)
    answer = web.call("GET", "/page.md", key=None)
    assert (answer.status, answer.header("Content-Type")) == (200, "text/markdown; charset=utf-8")


def test_a_creation_says_where_it_is(web):
    answer = web.call("POST", TOKENS, {"name": "somewhere"}).check()
    assert answer.status == 201
    assert answer.header("Location") == f"{TOKENS}/{answer.first['id']}"


def test_all_of_a_long_answer_arrives(web):
    for i in range(40):
        web.create(name=f"{i:02} " + "x" * 90)
    records = web.call("GET", TOKENS + "?q=xxx&limit=40").check().data
    assert [record["name"][:2] for record in records] == [f"{i:02}" for i in range(39, -1, -1)]


WITH_JSON = {"Content-Type": "application/json"}
ANSWERS = [
    # status, method, path, whose key, body and its type, the header that tells more
    (200, "GET", B + "/account", "owner", None, {}, None),
    (200, "GET", B + "/permissions", "owner", None, {}, None),
    (400, "GET", TOKENS + "?limit=0", "owner", None, {}, None),
    (400, "GET", TOKENS + "?token=x", "owner", None, {}, "WWW-Authenticate"),
    (400, "POST", TOKENS, "owner", b'{"name":1}', WITH_JSON, None),
    (401, "GET", SELF, None, None, {}, "WWW-Authenticate"),
    (401, "GET", SELF, "bad", None, {}, "WWW-Authenticate"),
    (403, "GET", B + "/websites", "narrow", None, {}, "WWW-Authenticate"),
    (403, "POST", TOKENS, "narrow", b'{"permissions":["*"]}', WITH_JSON, None),
    (404, "GET", B + "/nothing", "owner", None, {}, None),
    (404, "DELETE", UNKNOWN, "owner", None, {}, None),
    (405, "PROPFIND", TOKENS, "owner", None, {}, "Allow"),
    (405, "OPTIONS", UNKNOWN, None, None, {}, "Allow"),
    (413, "POST", TOKENS, "owner", b" " * 65537, WITH_JSON, None),
    (415, "POST", TOKENS, "owner", b"{}", {"Content-Type": "text/plain"}, None),
]


@pytest.mark.parametrize("status, method, path, whose, body, headers, tells", ANSWERS, ids=[
    f"{entry[0]} {entry[1]} {entry[3]}" for entry in ANSWERS])
def test_an_answer_arrives_as_it_was_given(web, status, method, path, whose, body, headers, tells):
    key = {None: None, "owner": web.site.owner_key, "bad": "dft_x"}.get(whose)
    if whose == "narrow":
        key = web.create(name="narrow", permissions=["api-keys:read", "api-keys:write"])["key"]
    answer = web.call(method, path, body, key=key, headers={"X-Request-Id": REQUEST_ID, **headers})
    pairs = dict(variables(method, path, key, body), HTTP_X_REQUEST_ID=REQUEST_ID)
    if headers:
        pairs["CONTENT_TYPE"] = headers["Content-Type"]
    given = web.direct.exchange(request(list(pairs.items()), body or b"")).answer
    assert answer.check().status == status
    assert told(answer) == told(given)
    assert answer.header("X-Request-Id") == REQUEST_ID
    assert [name for name in ("WWW-Authenticate", "Allow") if answer.header(name)] == (
        [tells] if tells else [])


def test_a_throttled_key_is_told_when_to_come_again(web):
    key = web.create(name="guessed at")["key"]
    answer = None
    for _ in range(8):
        answer = web.call("GET", SELF, key=well_formed(selector=key[4:14]))
        if answer.status == 429:
            break
        answer.refused(401, "invalid_token")
    answer.refused(429, "rate_limited")
    assert 1 <= int(answer.header("Retry-After")) <= 60


@pytest.mark.parametrize("path, key, status", [
    (TOKENS, True, 200), (B + "/permissions", True, 200), ("/healthz", False, 200),
    (SELF, False, 401), (f"{TOKENS}?limit=0", True, 400), (UNKNOWN, True, 404),
])
def test_head_is_get_without_the_body(web, path, key, status):
    answers = {method: web.call(method, path, headers={"X-Request-Id": REQUEST_ID},
                                key="owner" if key else None) for method in ("GET", "HEAD")}
    assert answers["GET"].status == status and answers["GET"].body
    assert told(answers["HEAD"])[:2] == told(answers["GET"])[:2]
    assert answers["HEAD"].body == b""


def test_html_is_served_beside_the_api(web):
    answer = web.call("GET", "/", key=None)
    assert (answer.status, answer.header("Content-Type")) == (200, "text/html; charset=utf-8")
    answer = web.call("GET", "/style.css", key=None)
    assert (answer.status, answer.header("Content-Type")) == (200, "text/css; charset=utf-8")
    assert web.call("GET", "/nothing.css", key=None).status == 404


SECRET = ["claviger.db", "claviger.db-wal", "claviger.db-shm", "claviger.db-journal",
          "claviger.db.version-1.backup", "claviger.db.audit-key", "claviger.conf", "owner.key",
          "claviger.conf~"]


@pytest.mark.parametrize("name", SECRET)
def test_no_file_is_served_that_has_the_name_of_a_secret(web, name):
    if web.way != "lighttpd":  # whose document root is the checkout's
        (web.directory / "www" / name).write_text("content")
    assert web.call("GET", f"/{name}", key=None).status == 403
    assert web.call("GET", f"//{name.replace('.', '%2e')}", key=None).status == 403


def test_a_client_does_not_choose_its_address(web):
    token = web.create(name="from elsewhere", allowedIps=["192.0.2.7"])
    for header in ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "Remote-Addr", "Client-Ip"):
        value = "for=192.0.2.7" if header == "Forwarded" else "192.0.2.7"
        web.call("GET", SELF, key=token["key"], headers={header: value}).refused(
            401, "invalid_token")


@pytest.mark.parametrize("start, lines, modules", [
    (apache, ["RemoteIPHeader", "RemoteIPInternalProxy"], ["remoteip"]),
    (fcgid, ["RemoteIPHeader", "RemoteIPInternalProxy"], ["remoteip"]),
    (nginx, ["set_real_ip_from", "real_ip_header"], None),
])
def test_behind_a_proxy_that_is_trusted_the_address_is_the_clients(site, start, lines, modules):
    more = {"modules": modules} if modules else {}
    web = start(site, edit=uncommented(*lines), **more)
    site.servers.append(web)
    token = web.create(name="from there", allowedIps=["192.0.2.7"])
    for forwarded, status in (("192.0.2.7", 200), ("192.0.2.8", 401), (None, 401),
                              ("192.0.2.7, 192.0.2.8", 401), ("192.0.2.8, 192.0.2.7", 200)):
        answer = web.call("GET", SELF, key=token["key"], headers={"X-Forwarded-For": forwarded})
        assert answer.check().status == status, forwarded


@pytest.mark.parametrize("start, status", [(apache, 503), (nginx, 502)])
def test_without_the_service_nothing_is_answered_and_with_it_all_at_once(site, start, status):
    web = start(site)
    site.servers.append(web)
    assert web.call("GET", SELF).check().status == 200
    for _ in range(2):
        web.direct.stop()
        for _ in range(3):
            answer = web.call("GET", SELF)
            assert answer.status == status and "X-Request-Id" not in dict(answer.headers)
            tells_nothing(site, answer)
        web.direct = Service(site, path=web.direct.path, **nobody())
        wait_until(lambda: not web.direct.is_refused(), "the service to listen")
        # Not after a while in which the web server takes it for dead.
        assert web.call("GET", SELF).check().status == 200


def of_the_program(web):
    """The pids of the processes of the program that the web server started."""
    def is_one(pid):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as name:
                return name.read().startswith("claviger.fcgi") and is_running(pid)
        except OSError:
            return False
    return [pid for pid in descendants(web.process.pid) if is_one(pid)]


@pytest.mark.parametrize("way", ["lighttpd", "fcgid"])
def test_a_process_that_dies_is_replaced(site, way):
    web = served(way, site)
    (first,) = wait_until(lambda: of_the_program(web), "a process")[:1]
    for pid in of_the_program(web):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: web.call("GET", SELF).status == 200, "it to be replaced")
    assert first not in of_the_program(web)


@pytest.mark.parametrize("way", WAYS)
def test_requests_at_once_are_all_answered_and_a_revocation_holds_in_each_process(site, way):
    web = served(way, site)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        for _ in range(3):
            token = web.create(name="many at once")
            answers = pool.map(lambda _: web.call("GET", SELF, key=token["key"]).status, range(48))
            assert set(answers) == {200}
            assert web.call("DELETE", f"{TOKENS}/{token['id']}").check().status == 200
            answers = pool.map(lambda _: web.call("GET", SELF, key=token["key"]).status, range(48))
            assert set(answers) == {401}
