# SPDX-License-Identifier: ISC
"""The demo backends of examples/: they print what the gate says of the caller."""
import contextlib
import os
import shlex
import socket
import subprocess
import sys
import urllib.request

import pytest

from asking import QUICK
from claviger_site import ROOT, WebServer, free_port, wait_until
from conftest import opened
from fastcgi_peer import Peer, request, variables
from guarded import put_in_place

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + "policy = {directory}/policy\n", make=put_in_place)


@pytest.fixture(scope="module")
def program(site):
    """The program in C, built as its comment says, where lighttpd-gate.conf looks for it."""
    built = site.directory / "private" / "guarded-cgi" / "report"
    source = EXAMPLES / "demo-backend.c"
    (command,) = [line for line in source.read_text().splitlines() if line.startswith(" *\tcc ")]
    words = shlex.split(command[3:])
    subprocess.run([*words[:1], "-Wall", "-Wextra", "-Werror", "-o", built, source, *words[4:]],
                   check=True, timeout=60, cwd=EXAMPLES)
    return built


@contextlib.contextmanager
def started(*command, **options):
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


def lines(token, account, permissions, websites):
    return (f"token {token}\naccount {account}\npermissions {permissions}\n"
            f"websites {websites}\n").encode()


def test_the_program_is_told_by_the_gate_who_calls(site, program):
    web = WebServer(site, example="examples/lighttpd-gate.conf", values={
        "private": f'"{site.directory / "private"}"', "backend": str(free_port())})
    site.servers.append(web)
    mine = site.website("mine.example")
    account = web.call("GET", "/api/v1/admin/account").first["id"]
    token = web.create(permissions=["analytics:read", "goals:read"], websiteIds=[mine])
    answer = web.call("GET", f"/guarded-cgi/report?websiteId={mine}", key=token["key"], headers={
        "CLAVIGER-TOKEN-ID": "forged", "CLAVIGER_TOKEN_ID": "forged"})
    assert answer.status == 200
    assert answer.body == lines(token["id"], account, "analytics:read goals:read", mine)
    for key in (None, "bad"):
        answer = web.call("GET", f"/guarded-cgi/report?websiteId={mine}", key=key)
        assert answer.status == 401 and b"token -" not in answer.body


def test_the_program_in_c_serves_fastcgi_too(site, program):
    path = site.directory / "demo.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        with started(program, stdin=listening, stdout=subprocess.DEVNULL):
            for told in ({"CLAVIGER_TOKEN_ID": "1", "CLAVIGER_ACCOUNT_ID": "2",
                          "CLAVIGER_PERMISSIONS": "*", "CLAVIGER_WEBSITE_IDS": "none"}, {}):
                with Peer(path) as peer:
                    data = peer.send(request([*variables(uri="/"), *told.items()])).reply().stdout
                expected = lines("1", "2", "*", "none") if told else lines("-", "-", "-", "-")
                assert data.partition(b"\r\n\r\n")[2] == expected


def test_the_program_in_python_reads_the_headers():
    port = free_port()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(**headers):
        headers = {f"X-Claviger-{name.replace('_', '-')}": value for name, value in headers.items()}
        try:
            asked = urllib.request.Request(f"http://127.0.0.1:{port}/app/x", headers=headers)
            return opener.open(asked, timeout=20).read()
        except OSError:
            return None

    with started(sys.executable, EXAMPLES / "demo_backend.py", str(port)):
        assert wait_until(ask, "the backend to answer") == lines("-", "-", "-", "-")
        assert ask(Token_Id="1", Account_Id="2", Permissions="goals:read", Website_Ids="*") == lines(
            "1", "2", "goals:read", "*")
        assert ask(Token_Id="", Permissions="") == lines("-", "-", "-", "-")
    assert os.access(EXAMPLES / "demo_backend.py", os.X_OK)
