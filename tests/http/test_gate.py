# SPDX-License-Identifier: ISC
"""The gate as lighttpd's authorizer, with examples/lighttpd-gate.conf and examples/policy.example:
files, programs and a backend are served to whom the policy lets pass, and to nobody else."""
import os
import pathlib
import re
import signal

import pytest

from asking import QUICK
from claviger_site import WebServer, is_running, wait_until, well_formed
from conftest import opened
from guarded import People, backend, check_table, put_in_place

TOLD = ("TOKEN_ID", "ACCOUNT_ID", "PERMISSIONS", "WEBSITE_IDS", "USER")


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + "policy = {directory}/policy\n", make=put_in_place)


@pytest.fixture(scope="module")
def web(site):
    with backend() as app:
        server = WebServer(site, example="examples/lighttpd-gate.conf", values={
            "private": f'"{site.directory / "private"}"', "backend": str(app.server_port)})
        server.app = app
        site.servers.append(server)
        yield server
        server.stop()


@pytest.fixture(scope="module")
def people(site, web):
    return People(site, web)


def is_guarded(answer):
    """Nothing of what is guarded is in ANSWER."""
    assert b"THE " not in answer.body, answer.body
    return answer


def test_what_is_served_is_what_the_policy_lets_pass(web, people):
    served, refused = check_table(web, people)
    assert served > 60 and refused > 150


def test_a_refusal_is_the_one_of_the_api(web, people):
    for who, status, reason in (("nobody", 401, "missing_token"), ("stranger", 401, "invalid_token"),
                                ("revoked", 401, "invalid_token"),
                                ("alerts", 403, "insufficient_scope")):
        answer = is_guarded(web.call("GET", "/guarded/secret.txt", key=people.key(who)))
        answer.refused(status, reason)
        assert answer.header("X-Claviger-Reason") == reason
    assert 'scope="analytics:read"' in answer.header("WWW-Authenticate")
    answer = is_guarded(web.call("GET", "/nowhere/guarded"))
    assert answer.header("X-Claviger-Reason") is None  # not below what is guarded
    is_guarded(web.call("GET", "/app/internal/x", key=people.key("reader"))).refused(
        403, "insufficient_scope")


def test_a_browser_gets_a_page(web, people):
    html = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for who, status, said in (("nobody", 401, b"Access token needed"), ("alerts", 403, b"No access")):
        answer = is_guarded(web.call("GET", "/guarded/secret.txt", key=people.key(who),
                                     headers=html))
        assert answer.status == status and said in answer.body
        assert answer.header("Content-Type") == "text/html; charset=utf-8"
        assert answer.header("Content-Security-Policy").startswith("default-src 'none'")
        assert answer.header("WWW-Authenticate") and answer.header("X-Claviger-Reason")
        assert answer.header("Cache-Control") == "no-store"


def test_a_program_learns_who_calls(web, people):
    answer = web.call("POST", f"/guarded-cgi/report?websiteId={people.mine}", "the body",
                      key=people.key("mine"), headers={
                          "X-Claviger-Token-Id": "forged", "CLAVIGER_TOKEN_ID": "forged",
                          "Variable-CLAVIGER_TOKEN_ID": "forged"})
    text = answer.body.decode()
    assert answer.status == 200 and "THE PROGRAM report the body" in text
    told = dict(re.findall(r"(?m)^CLAVIGER_(\w+)=(.*)$", text))
    record = web.call("GET", "/api/v1/admin/access-tokens/self", key=people.key("mine")).first
    assert told == {"TOKEN_ID": record["id"], "USER": record["id"],
                    "ACCOUNT_ID": record["account"]["id"],
                    "PERMISSIONS": "analytics:read goals:write", "WEBSITE_IDS": people.mine}


def test_all_websites_are_a_star_and_too_many_are_said_to_be(web, people):
    def told(key):
        text = web.call("GET", f"/guarded-cgi/report?websiteId={people.mine}", key=key).body
        return re.search(rb"(?m)^CLAVIGER_WEBSITE_IDS=(.*)$", text).group(1).decode()

    assert told(people.key("star")) == "*"
    ids = [people.mine] + [web.site.website(f"w{i}.example") for i in range(64)]
    permissions = ["analytics:read"]
    few = web.create(permissions=permissions, websiteIds=ids[:64])
    many = web.create(permissions=permissions, websiteIds=ids)
    assert sorted(told(few["key"]).split()) == sorted(ids[:64])
    assert told(many["key"]) == "many"


def test_what_is_public_passes_without_a_name(web):
    for key in (None, well_formed(), "owner"):
        assert web.call("GET", "/guarded/open/free.txt", key=key).status == 200
        text = web.call("GET", "/app/public/x", key=key).body.decode()
        assert text == "THE BACKEND /app/public/x\n"


def test_a_refused_request_never_reaches_the_backend(web, people):
    web.app.seen.clear()
    for who, method in (("nobody", "GET"), ("reader", "POST"), ("alerts", "GET")):
        is_guarded(web.call(method, "/app/x", "{}", key=people.key(who)))
    assert web.app.seen == []
    assert web.call("POST", "/app/x", "the body", key=people.key("writer")).body == \
        b"THE BACKEND /app/x\nthe body"
    assert web.app.seen == [("POST", "/app/x")]


def test_a_key_in_the_query_is_refused_and_other_names_are_the_backends(web, people):
    key = people.key("reader")
    is_guarded(web.call("GET", f"/app/x?q={key}", key=key)).refused(400, "invalid_request")
    is_guarded(web.call("GET", f"/app/x?q={well_formed()}", key=key)).refused(400, "invalid_request")
    assert web.call("GET", "/app/x?token=1&key=2&access_token=3", key=key).status == 200


def test_a_use_at_the_gate_is_counted(web):
    token = web.create(permissions=["analytics:read"])
    for _ in range(3):
        assert web.call("GET", "/guarded/secret.txt", key=token["key"]).status == 200
    (pid,) = web.services()
    os.kill(pid, signal.SIGTERM)  # an orderly end writes what is in memory
    wait_until(lambda: not is_running(pid), "the service to end")
    wait_until(web.answers, "the service to come back")
    record = web.call("GET", f"/api/v1/admin/access-tokens/{token['id']}").first
    assert record["useCount"] == 3 and record["lastUsedIp"] == "127.0.0.1"


def test_a_revocation_is_in_force_at_the_gate_at_once(web):
    for _ in range(50):
        token = web.create(permissions=["analytics:read"])
        assert web.call("GET", "/guarded/secret.txt", key=token["key"]).status == 200
        assert web.call("DELETE", f"/api/v1/admin/access-tokens/{token['id']}").status == 200
        is_guarded(web.call("GET", "/guarded/secret.txt", key=token["key"])).refused(
            401, "invalid_token")


def test_the_policy_follows_its_file_and_a_broken_one_changes_nothing(web, people):
    policy = web.site.directory / "policy"
    text, key = policy.read_text(), people.key("alerts")

    def status():
        return web.call("GET", "/guarded/secret.txt", key=key).status

    def replace(new):
        fresh = policy.with_suffix(".new")
        fresh.write_text(new)
        fresh.chmod(0o600)
        fresh.rename(policy)

    try:
        assert status() == 403
        replace("GET /guarded/* alerts:read -\n")
        wait_until(lambda: status() == 200, "the new policy to be in force")
        replace("GET /guarded/* alerts:raed -\n")
        wait_until(lambda: "policy not taken over" in web.site.log.read_text() or status() != 200,
                   "the broken policy to be seen")
        assert status() == 200
        assert f"{policy}:1:16" in web.site.log.read_text()
    finally:
        replace(text)
    wait_until(lambda: status() == 403, "the first policy to be in force again")


def state_of(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_nothing_passes_while_the_service_hangs_or_is_gone(web, people):
    """F30, I6: and it passes again by itself."""
    key = people.key("reader")
    (pid,) = web.services()
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state_of(pid) == "T", "the service to stand still")
    try:
        for path in ("/guarded/secret.txt", "/guarded/open/free.txt", "/app/x"):
            with pytest.raises(TimeoutError):
                web.call("GET", path, key=key, timeout=0.5)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: web.call("GET", "/guarded/secret.txt", key=key).status == 200,
               "files to be served again", seconds=5)
    os.kill(pid, signal.SIGKILL)
    while True:
        answer = web.call("GET", "/app/killed")
        if answer.status == 200:
            break
        is_guarded(answer)
        assert answer.status in (500, 503) and ("GET", "/app/killed") not in web.app.seen
    wait_until(web.answers, "the service to come back")
