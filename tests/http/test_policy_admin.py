# SPDX-License-Identifier: ISC
"""claviger-admin policy and doctor --gate: what an operator asks before the gate is open, and when it
does not do what was meant."""
import contextlib
import json
import re
import subprocess

import pytest

from asking import QUICK
from claviger_site import ENVIRONMENT, PROGRAM, ROOT, Site, WebServer
from conftest import opened
from guarded import backend, put_in_place

FILE = "/guarded/secret.txt"


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + "policy = {directory}/policy\n", make=put_in_place)


def asked(site, *arguments, status=0):
    """The first datum of what COMMAND answers in JSON."""
    done = site.admin(*arguments, "--json", status=status)
    return json.loads(done.stdout)["data"][0]


# ---- policy check ------------------------------------------------------------------------------

def test_the_example_is_good(site):
    assert asked(site, "policy", "check") == {"rules": 9, "unreachableLine": None}
    table = site.admin("policy", "check").stdout
    assert table.split() == ["RULES", "NEVER", "REACHED", "FROM", "LINE", "9", "-"]


@pytest.mark.parametrize("text, said", [
    ("GET /a goals:raed -\n", ":1:8: \"goals:raed\" is no permission"),
    ("# a\n\nFETCH /a public -\n", ":3:1: \"FETCH\" is no method"),
    ("GET /a public\n", ":1:1: 3 columns"),
    ("", ": no rule in it"),
    ("GET /a\0 public -\n", ":1:7: a control character"),
])
def test_what_is_wrong_is_told_with_its_place(site, text, said):
    path = site.directory / "draft"
    path.write_text(text)
    path.chmod(0o600)
    done = site.admin("policy", "check", path, status=3)
    assert f"claviger-admin: {path}{said}" in done.stderr and done.stdout == ""


def test_a_rule_that_is_never_reached_is_told(site):
    path = site.directory / "draft"
    path.write_text("* /* analytics:read -\nGET /a public -\n")
    path.chmod(0o600)
    assert asked(site, "policy", "check", path) == {"rules": 2, "unreachableLine": 2}


def test_without_a_policy_one_is_asked_for():
    with contextlib.closing(Site(QUICK)) as site:
        done = site.admin("policy", "check", status=3)
        assert "policy: not set in the configuration" in done.stderr
        done = site.admin("policy", "test", "GET", "/", status=3)
        assert "policy: not set" in done.stderr
        missing = site.directory / "nothing"
        assert "nothing" in site.admin("policy", "check", missing, status=5).stderr


def test_a_broken_policy_stops_the_start(site):
    with contextlib.closing(Site(QUICK + "policy = {directory}/policy\n", put_in_place)) as site:
        policy = site.directory / "policy"
        policy.write_text("GET /a public - -\n")
        for more in ("--check",), ("--socket", site.directory / "socket"):
            done = subprocess.run([PROGRAM, "--config", site.config, *more], text=True, timeout=60,
                                  capture_output=True, stdin=subprocess.DEVNULL, env=ENVIRONMENT)
            assert done.returncode == 3 and done.stdout == ""
            assert done.stderr.startswith(f"claviger: policy: {policy}:1:1: 5 columns; a rule has 4")


# ---- policy test and explain ---------------------------------------------------------------------

@pytest.mark.parametrize("method, uri, line, needs", [
    ("GET", FILE, "/guarded/*", "analytics:read"),
    ("GET", "/guarded/open/free.txt?a=b", "/guarded/open/*", "public"),
    ("DELETE", "/app/internal/x", "/app/internal/*", "*"),
    ("POST", "/app/x", "/app/*", "analytics:read goals:write"),
])
def test_the_rule_that_decides_is_told(site, method, uri, line, needs):
    found = asked(site, "policy", "test", method, uri)
    assert (found["path"], found["needs"], found["passes"]) == (line, needs, True)
    policy = (ROOT / "examples" / "policy.example").read_text().splitlines()
    assert policy[found["line"] - 1].split()[1] == line


@pytest.mark.parametrize("method, uri, said", [
    ("POST", FILE, "No rule of the policy"), ("GET", "/elsewhere", "No rule of the policy"),
    ("GET", "/guarded//x", "read this path differently"),
    ("GET", "/guarded-cgi/report", "The query must name one website"),
    ("GET", "/guarded/stats/x/y", "The path must name one website"),
])
def test_where_nobody_passes_it_says_why(site, method, uri, said):
    found = asked(site, "policy", "test", method, uri, status=1)
    assert not found["passes"] and said in found["message"]


def test_what_is_no_uri_is_refused(site):
    assert "URI: write the path" in site.admin("policy", "test", "GET", "http://x/", status=2).stderr
    assert "METHOD URI is missing" in site.admin("policy", "test", "GET", status=2).stderr


def test_what_a_token_lacks_is_told_and_what_would_do(site):
    website = site.website("explained.example")
    reader = site.token("owner@localhost", "--permission", "analytics:read")
    uri = f"/guarded-cgi/report?websiteId={website}"
    assert asked(site, "policy", "explain", "GET", uri, "--token", reader["id"]) == {
        "line": asked(site, "policy", "test", "GET", uri)["line"], "path": "/guarded-cgi/report",
        "needs": "analytics:read", "websiteId": website, "passes": True, "message": None,
        "grant": None}
    found = asked(site, "policy", "explain", "POST", uri, "--token", reader["id"], status=1)
    assert found["message"] == "it lacks goals:write"
    # The command that it prints makes a token that passes.
    command = found["grant"].split()
    assert command[0] == "claviger-admin"
    made = site.admin_json(*command[1:])[0]
    assert made["permissions"] == ["goals:write"] and made["websiteIds"] == [website]
    assert asked(site, "policy", "explain", "POST", uri, "--token", made["id"])["passes"]
    other = site.website("other.example")
    elsewhere = uri.replace(website, other)
    found = asked(site, "policy", "explain", "POST", elsewhere, "--token", made["id"], status=1)
    assert found["message"] == "it does not reach this website"
    site.admin("token", "revoke", made["id"])
    found = asked(site, "policy", "explain", "POST", uri, "--token", made["id"], status=1)
    assert found["message"] == "the token is revoked"
    found = asked(site, "policy", "explain", "GET", "/app/internal/x", "--token", reader["id"],
                  status=1)
    assert found["message"] == "it lacks *"
    assert asked(site, "policy", "explain", "GET", "/app/public/x", "--token", made["id"])["passes"]


def test_explain_wants_a_token(site):
    assert "--token: say which" in site.admin("policy", "explain", "GET", FILE, status=2).stderr
    site.admin("policy", "explain", "GET", FILE, "--token", "0" * 24, status=5)


# ---- doctor --gate -------------------------------------------------------------------------------

@contextlib.contextmanager
def guarded_by(site, spoil=lambda text: text):
    """The example's web server, with its configuration SPOILt."""
    class Spoilt(WebServer):
        def configure(self, *arguments):
            return spoil(super().configure(*arguments))

    with backend() as app:
        web = Spoilt(site, example="examples/lighttpd-gate.conf", values={
            "private": f'"{site.directory / "private"}"', "backend": str(app.server_port)})
        site.servers.append(web)
        try:
            yield web
        finally:
            web.stop()


def findings(site, web, path, *options, status=0):
    done = site.admin("doctor", "--gate", f"http://127.0.0.1:{web.port}{path}", *options, "--json",
                      status=status)
    return {found["check"]: found for found in json.loads(done.stdout)["data"]
            if found["check"].startswith("gate")}


def test_a_good_gate_is_found_good(site):
    with guarded_by(site) as web:
        for path in ("/guarded/", FILE, "/app/x", "/guarded-cgi/report"):
            found = findings(site, web, path)
            assert {one["result"] for one in found.values()} == {"ok"}, found
        found = findings(site, web, FILE, "--key-file", site.owner_key_file)
        assert found["gate passes"]["result"] == "ok"
        found = findings(site, web, "/nowhere", status=1)
        assert "which was not asked" in found["gate asked"]["message"]


def test_a_gate_that_is_never_asked_is_shouted_about(site):
    """webservers.md 3.1: mod_proxy in front of mod_fastcgi."""
    def swap(text):
        assert '"mod_fastcgi", "mod_access", "mod_cgi", "mod_proxy"' in text
        return text.replace('"mod_fastcgi", "mod_access", "mod_cgi", "mod_proxy"',
                            '"mod_proxy", "mod_fastcgi", "mod_access", "mod_cgi"')

    with guarded_by(site, swap) as web:
        found = findings(site, web, "/app/x", status=3)
        assert found["gate"]["result"] == "failed"
        assert "ANYBODY PASSES: /app/x was answered with 200" in \
            site.admin("doctor", "--gate", f"http://127.0.0.1:{web.port}/app/x", status=3).stdout


def test_what_is_open_by_policy_is_shouted_about_too(site):
    with guarded_by(site) as web:
        assert findings(site, web, "/app/public/x", status=3)["gate"]["result"] == "failed"


def test_a_gate_that_lets_nobody_pass_is_found(site):
    other = site.token("owner@localhost", "--permission", "alerts:read")
    key = site.directory / "other.key"
    key.write_text(other["key"] + "\n")
    key.chmod(0o600)
    with guarded_by(site) as web:
        found = findings(site, web, FILE, "--key-file", key, status=1)
        assert found["gate passes"]["result"] == "failed"
        assert "403 with the key" in found["gate passes"]["message"]
        assert other["key"] not in str(found)
    with guarded_by(site, lambda text: text.replace("claviger.sock-0", "nobody.sock")) as web:
        found = findings(site, web, FILE, status=1)
        assert found["gate"]["result"] == "ok"
        assert "is claviger running" in found["gate asked"]["message"]


def test_where_nobody_listens_it_says_so(site):
    done = site.admin("doctor", "--gate", "http://127.0.0.1:1/x", "--key-file", site.owner_key_file,
                      status=1)
    assert "nobody answers" in done.stdout
    assert re.findall(r"(?m)^gate.*?  +(\w+)", done.stdout) == ["FAILED"]
    for bad in ("https://x/y", "x", "http://127.0.0.1:1"):
        assert "--gate: " in site.admin("doctor", "--gate", bad, status=2).stderr
    done = site.admin("doctor", "--key-file", site.owner_key_file, status=2)
    assert "--key-file goes with --gate" in done.stderr
