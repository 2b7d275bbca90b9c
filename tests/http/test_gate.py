# SPDX-License-Identifier: ISC
"""The gate as lighttpd's authorizer, with examples/lighttpd-gate.conf and examples/policy.example:
files, programs and a backend are served to whom the policy lets pass, and to nobody else."""
import contextlib
import http.server
import json
import shutil
import threading

import pytest

from asking import MEMO, QUICK
from claviger_site import ROOT, WebServer, wait_until, well_formed
from conftest import opened

CGI = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\nTHE PROGRAM %s\\n' "$(cat)"
env | grep CLAVIGER
exit 0
"""


class Backend(http.server.BaseHTTPRequestHandler):
    """Tells what it was asked."""
    seen = []

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.dumps({"THE BACKEND": self.path, "headers": dict(self.headers.items()),
                           "body": self.rfile.read(length).decode()}).encode()
        self.seen.append((self.command, self.path))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = answer

    def log_message(self, *ignored):
        pass


@contextlib.contextmanager
def backend():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def guard(site, port):
    """What is guarded, as the example has it; returns its variables."""
    policy = site.directory / "policy"
    shutil.copy(ROOT / "examples" / "policy.example", policy)
    policy.chmod(0o600)
    private = site.directory / "private"
    files, cgi = private / "guarded", private / "guarded-cgi"
    for path in ("secret.txt", "open/free.txt"):
        (files / path).parent.mkdir(parents=True, exist_ok=True)
        (files / path).write_text(f"THE FILE {path}\n")
    cgi.mkdir()
    (cgi / "report").write_text(CGI)
    (cgi / "report").chmod(0o755)
    return {"private": f'"{private}"', "backend": str(port)}


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + MEMO + "policy = {directory}/policy\n")


@pytest.fixture(scope="module")
def web(site):
    with backend() as port:
        (site.directory / "policy").touch(0o600)
        values = guard(site, port)
        server = WebServer(site, example="examples/lighttpd-gate.conf", values=values)
        site.servers.append(server)
        yield server
        server.stop()


def is_guarded(answer):
    """Nothing of what is guarded is in ANSWER."""
    assert b"THE " not in answer.body, answer.body
    return answer


def test_files_are_served_to_whom_the_policy_lets_pass(web):
    reader = web.create(permissions=["analytics:read"])
    other = web.create(permissions=["goals:read"])
    assert web.call("GET", "/guarded/secret.txt", key=reader["key"]).body == b"THE FILE secret.txt\n"
    assert web.call("HEAD", "/guarded/secret.txt", key=reader["key"]).status == 200
    for key, status, reason in ((None, 401, "missing_token"), (well_formed(), 401, "invalid_token"),
                                (other["key"], 403, "insufficient_scope")):
        answer = is_guarded(web.call("GET", "/guarded/secret.txt", key=key))
        answer.refused(status, reason)
        assert answer.header("X-Claviger-Reason") == reason
    assert 'scope="analytics:read"' in answer.header("WWW-Authenticate")
