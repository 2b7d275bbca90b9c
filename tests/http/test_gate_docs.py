# SPDX-License-Identifier: ISC
"""The tasks of docs/gate.md, with the lines that it prints."""
import re

import pytest

from asking import QUICK
from claviger_site import ENVIRONMENT, LIGHTTPD, ROOT, WebServer
from conftest import opened
from fastcgi_peer import Service
from guarded import backend

TEXT = (ROOT / "docs" / "gate.md").read_text()


def block(start):
    """The indented lines of the page from that which begins with START, without their indentation."""
    found = re.search(rf"(?m)^    {re.escape(start)}.*\n(?:(?:    .*)?\n)*", TEXT).group(0)
    return re.sub(r"(?m)^    ", "", found)


class Documented(WebServer):
    """A lighttpd of nothing but the lines of the page, with paths and port of the test's own."""

    def __init__(self, site, service, port):
        configuration = self.place(site)
        blocks = "".join(block(f'$HTTP["url"] =~ "^/{name}(/|$)"') for name in ("guarded", "app"))
        assert blocks.count('"/run/claviger/claviger.sock"') == 2
        blocks = blocks.replace("/run/claviger/claviger.sock", str(service.path))
        blocks = blocks.replace('"/srv/private"', f'"{site.directory / "private"}"')
        blocks = blocks.replace("8099", str(port))
        configuration.write_text(
            'server.modules = ( "mod_fastcgi", "mod_proxy" )\n'
            f'server.document-root = "{ROOT / "www"}"\nserver.bind = "127.0.0.1"\n'
            f'server.port = {self.port}\nmimetype.assign = ( "" => "text/plain" )\n'
            '$HTTP["url"] =~ "^/(api/v1|healthz)(/|$)" { fastcgi.server = ( "/" => (( "socket" => '
            f'"{service.path}", "check-local" => "disable" ))) }}\n' + blocks)
        self.run([LIGHTTPD, "-D", "-f", configuration], env=ENVIRONMENT)


def write_policy(site):
    rules = re.search(r"<<'END'\n(.*?)^    END$", TEXT, re.S | re.M).group(1)
    policy = site.directory / "policy"
    policy.write_text(rules + "    GET /app/* analytics:read -\n")
    policy.chmod(0o600)
    for name in ("report.html", "open/free.html"):
        path = site.directory / "private" / "guarded" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"THE FILE {name}\n")


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + "policy = {directory}/policy\n", make=write_policy)


def test_a_directory_and_a_backend_are_protected_as_the_page_says(site):
    with backend() as app:
        service = Service(site).wait()
        web = Documented(site, service, app.server_port)
        reader = site.token("owner@localhost", "--permission", "analytics:read")["key"]
        other = site.token("owner@localhost", "--permission", "goals:read")["key"]
        for path, said in (("/guarded/report.html", b"THE FILE report.html"),
                           ("/app/x", b"THE BACKEND /app/x")):
            assert said in web.call("GET", path, key=reader).body
            web.call("GET", path, key=None).refused(401, "missing_token")
            web.call("GET", path, key=other).refused(403, "insufficient_scope")
            site.admin("doctor", "--gate", f"http://127.0.0.1:{web.port}{path}",
                       "--key-file", site.owner_key_file)
        assert web.call("GET", "/guarded/open/free.html", key=None).body == b"THE FILE open/free.html\n"
        web.stop()
        service.stop()


def test_the_commands_about_the_policy_are_there(site):
    site.admin("policy", "check")
    site.admin("policy", "check", site.directory / "policy")
    record = site.token("owner@localhost", "--permission", "goals:read")
    for command in re.findall(r"(?m)^    claviger-admin (policy (?:test|explain) .*)$", TEXT):
        words = [word.strip("'") for word in command.replace("ID", record["id"]).split()]
        site.admin(*words, status=1 if "explain" in words else 0)


def test_the_page_names_the_keys_as_they_are(site):
    shown = site.admin("config", "show").stdout
    for key in ("policy", "gate_status", "gate_headers"):
        assert f"| `{key}` |" in TEXT and re.search(rf"(?m)^{key} ", shown)
    for name in re.findall(r"`(examples/[\w.-]+)`", TEXT):
        assert (ROOT / name).is_file(), name
