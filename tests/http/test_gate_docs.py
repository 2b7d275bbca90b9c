# SPDX-License-Identifier: ISC
"""The tasks of docs/gate.md, with the lines that it prints."""
import os
import re
import socket
import subprocess

import pytest

from asking import QUICK
from claviger_site import BUILD, ENVIRONMENT, LIGHTTPD, ROOT, WebServer, free_port, wait_until
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
    rules = re.search(r"(?ms)<<'END'\n(.*?)^END$", TEXT).group(1)
    rules += re.search(r"(?m)^    echo '(.* /app/.*)' \| sudo tee -a /etc/claviger/policy$", TEXT)[1]
    policy = site.directory / "policy"
    policy.write_text(rules + "\n")
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


def test_the_page_switches_on_what_the_examples_of_apache_want():
    said = re.findall(r"cp (examples/apache\S+) .*\n    sudo (a2enmod .*)\n    sudo (a2ensite .*)\n", TEXT)
    assert len(said) == 2
    for example, *commands in said:
        text = (ROOT / example).read_text()
        assert all(f"\n#\t{command}\n" in text for command in commands)


class Tried:
    """The blocks of shell, one after the other, in a directory with links to the sources."""

    def __init__(self, site):
        self.place = site.directory / "sources"
        self.place.mkdir()
        for name, target in (("examples", ROOT / "examples"), ("www", ROOT / "www"), ("build", BUILD)):
            (self.place / name).symlink_to(target)
        self.port, backend = free_port(), free_port()
        self.ports = {"8080": str(self.port), "8099": str(backend)}
        self.blocks = re.findall(r"(?ms)^```sh\n(.*?)^```$", TEXT)
        self.started = []

    def next(self):
        text = self.blocks.pop(0)
        if os.geteuid() == 0:
            text = text.replace("try/policy\nEND", "try/policy\nallow_root = true\nEND")
        # The example has the ports of the page, until it is copied.
        return re.sub(r"\b(8080|8099)\b", lambda found: self.ports[found[0]], text)

    def run(self, text=None):
        done = subprocess.run(["sh", "-e"], input=text or self.next(), cwd=self.place, text=True,
                              env=ENVIRONMENT, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self):
        self.started.append(subprocess.Popen(
            ["sh", "-c", "exec " + self.next()], cwd=self.place, env=ENVIRONMENT,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def stop(self):
        for process in self.started:
            process.terminate()
            process.wait(timeout=20)


def apart(said):
    """The answers of several curl -w '\\n'."""
    return [part.strip("\n") for part in re.split(r"(?<=[}\n])\n", said)[:5]]


def is_there(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_who_tries_it_as_the_page_says_sees_what_it_says(fresh_site):
    tried = Tried(fresh_site)
    try:
        tried.run()
        written = tried.place / "try" / "lighttpd.conf"
        text = written.read_text()
        for port, other in tried.ports.items():
            text, count = re.subn(rf"(?m)^(var\.\w+ *= ){port}$", rf"\g<1>{other}", text)
            assert count == 1
        written.write_text(text)
        for port in tried.ports.values():
            tried.start()
            wait_until(lambda: is_there(int(port)), "somebody who listens")
        answers = tried.next()
        free, nobody, report, other, app = apart(tried.run(answers))
        assert (free, report) == ("for everybody", "for whoever has analytics:read")
        assert '"missing_token"' in nobody and '"insufficient_scope"' in other
        assert app == "token -\naccount -\npermissions -\nwebsites -"
        said = tried.run()
        assert "nobody passes without a token" in said and "/guarded/*" in said
        tried.run()
        wait_until(lambda: '"insufficient_scope"' in apart(tried.run(answers))[2], "a refusal")
        assert apart(tried.run(answers))[0] == "for everybody"
        assert tried.blocks == []
    finally:
        tried.stop()
