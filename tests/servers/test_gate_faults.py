# SPDX-License-Identifier: ISC
"""F30 behind each web server: claviger hangs, is killed, is gone, or is not claviger at all and answers
garbage. Nothing guarded is served, but for what says what web servers take for a yes; claviger says
none of that (fault/test_gate_faults.py). And all is served again once claviger is back."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import tempfile
import threading

import pytest

from claviger_site import is_running, wait_until
from fastcgi_peer import END, STDERR, STDOUT, record
from fastcgi_server import answer_of, answering
from gates import GATES, gate, served
from web_servers import descendants

GUARDED = ("/guarded/secret.txt", "/app/x")


def clavigers(web):
    """The processes that answer for WEB's gate."""
    pids = descendants(web.process.pid)
    if hasattr(web, "direct"):
        pids.append(web.direct.pid)
    return [pid for pid in pids if is_running(pid) and pathlib.Path(
        f"/proc/{pid}/comm").read_text().startswith("claviger.fcgi")]


def stands_still(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


@pytest.fixture(scope="module", params=GATES)
def web(request):
    with gate(request.param) as one:
        yield one


def passes(web, path="/app/x"):
    with contextlib.suppress(OSError):
        return web.call("GET", path, key=web.people.key("reader"), timeout=5).status == 200


def test_nothing_passes_while_the_service_hangs(web):
    wait_until(lambda: passes(web), "the backend to be served")
    pids = clavigers(web)
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda one=pid: stands_still(one), "the service to stand still")
    try:
        for who in ("nobody", "alerts", "reader"):
            for path in GUARDED:
                before = len(web.app.seen)
                try:
                    answer = web.call("GET", path, key=web.people.key(who), timeout=0.5)
                except TimeoutError:
                    assert len(web.app.seen) == before
                    continue
                # mod_fcgid starts another process, which answers as ever.
                assert web.way == "fcgid"
                assert not served(web, answer, before) or who == "reader"
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: passes(web), "the backend to be served again", seconds=5)


def test_nothing_passes_while_the_service_is_gone(web):
    """Killed under load, then without a socket; started again it serves at once."""
    over, wrong = threading.Event(), []

    def press():
        while not over.is_set():
            with contextlib.suppress(OSError):
                answer = web.call("GET", "/app/forbidden", key=None, timeout=5)
                if answer.status == 200:
                    wrong.append(answer.body)

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            for pid in wait_until(lambda: clavigers(web), "a service to be there"):
                os.kill(pid, signal.SIGKILL)
            if hasattr(web, "direct"):
                web.direct.process.wait()
                for _ in range(2):
                    for path in GUARDED:
                        before = len(web.app.seen)
                        answer = web.call("GET", path, key=web.people.key("reader"))
                        assert b"THE " not in answer.body and answer.status in (500, 502, 503)
                        assert ("GET", path) not in web.app.seen[before:]
                    if isinstance(web.asks, pathlib.Path):
                        web.asks.unlink(missing_ok=True)
                web.direct = web.direct_again()
            wait_until(lambda: passes(web), "the backend to be served again", seconds=5)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not wrong and ("GET", "/app/forbidden") not in web.app.seen


# ---- who answers is not claviger ----------------------------------------------------------------

# The text of each example that says who is asked, and what makes it ask at a path or port of ours.
SPOILT = {
    "lighttpd": (r'var\.run \+ "/claviger\.sock-0"', '"{path}"'),
    "authnz": (r"(?m)^(AuthnzFcgiDefineProvider .*)fcgi://.*$", r"\1fcgi://127.0.0.1:{port}/"),
    "fcgid": (r"(FcgidAccessChecker) \S+", r"\1 {directory}/program"),
    "nginx": (r"(internal;\s+fastcgi_pass unix:)\S+;", r"\1{path};"),
    "caddy": (r"(request_header Connection .*\s+reverse_proxy unix/)\S+", r"\1{path}"),
}

# Started by mod_fcgid: sends what is in the file beside it to whoever asks.
PROGRAM = """#!/usr/bin/python3
import socket, struct, pathlib
listening = socket.socket(fileno=0)
while True:
    connection = listening.accept()[0]
    stream = connection.makefile("rb")
    while True:
        head = stream.read(8)
        if len(head) < 8:
            break
        _, kind, _, length, padding, _ = struct.unpack("!BBHHBB", head)
        stream.read(length + padding)
        if kind == 4 and not length:
            break
    try:
        connection.sendall(pathlib.Path(__file__).with_name("answer").read_bytes())
        connection.shutdown(socket.SHUT_WR)
        stream.read()
    except OSError:
        pass
    stream.close()
    connection.close()
"""


class Liar:
    """WEB whose gate asks one that sends what it is told to."""

    def __init__(self, way):
        self.way = way
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="clv-", dir="/tmp"))
        self.directory.chmod(0o755)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        path = self.directory / "liar.sock"
        self.at = ("127.0.0.1", port) if way == "authnz" else path
        program = self.directory / "program"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        self.fields = {"path": path, "port": port, "directory": self.directory}
        self.says(b"")

    def says(self, data):
        self.data = data
        (self.directory / "answer").write_bytes(data)

    def edit(self, text):
        pattern, replacement = SPOILT[self.way]
        text, count = re.subn(pattern, replacement.format(**self.fields), text)
        assert count, pattern
        return text


@pytest.fixture(scope="module", params=GATES)
def liar(request):
    one = Liar(request.param)
    try:
        with contextlib.ExitStack() as stack:
            if one.way != "fcgid":
                stack.enter_context(answering(one.at, lambda variables, body: one.data))
            one.web = stack.enter_context(gate(one.way, edit=one.edit))
            yield one
    finally:
        shutil.rmtree(one.directory)


USER = "Variable-CLAVIGER_USER: x\r\nX-Claviger-User: x\r\n\r\n"
OK = f"Status: 200 OK\r\nContent-Type: text/plain\r\n{USER}"
NO = "Status: 403 Forbidden\r\nContent-Type: text/plain\r\nX-Claviger-Reason: no\r\n\r\nno"
ENDED = record(STDOUT) + record(END, b"\0" * 8)
ALL = set(GATES)
GARBAGE = {
    # what is sent, and who lets pass for it
    "a good yes": (answer_of(OK), ALL),
    "nothing, and an orderly end": (answer_of(""), {"lighttpd"}),
    "no Status": (answer_of(f"Content-Type: text/plain\r\n{USER}"), ALL),
    "no Status, and a body that has one": (
        answer_of(f"Content-Type: text/plain\r\n{USER}Status: 403 Forbidden\r\n\r\n"), ALL),
    "204": (answer_of(OK.replace("200 OK", "204 No Content")), {"nginx"}),
    "302": (answer_of(OK.replace("200 OK", "302 Found\r\nLocation: /guarded/open/free.txt")), set()),
    "500": (answer_of(OK.replace("200 OK", "500 Wrong")), set()),
    "503": (answer_of(OK.replace("200 OK", "503 Later")), set()),
    "401": (answer_of(OK.replace("200 OK", "401 Who")), set()),
    "no number": (answer_of(OK.replace("200 OK", "OK")), set()),
    "2000": (answer_of(OK.replace("200 OK", "2000 OK")), {"nginx"}),
    "0": (answer_of(OK.replace("200 OK", "0")), set()),
    "a refusal that is HTTP's": (answer_of(NO.replace("Status:", "HTTP/1.1")), {"nginx"}),
    "closed at once": (b"", set()),
    "cut in the header of a record": (answer_of(OK)[:5], set()),
    "cut in the first line": (record(STDOUT, b"Status: 20"), set()),
    "cut in the headers": (record(STDOUT, OK[:40].encode()), {"caddy"}),
    "half of the headers, and an orderly end": (answer_of(OK[:40]), {"lighttpd", "caddy"}),
    "a record that ends before its length": (record(STDOUT, OK.encode())[:60], set()),
    "on the stream of errors": (record(STDERR, OK.encode()) + ENDED, {"lighttpd"}),
    "a record of no known type": (record(99, OK.encode()) + ENDED, {"lighttpd", "caddy"}),
    "another version": (record(STDOUT, OK.encode(), version=9) + ENDED, {"lighttpd", "fcgid"}),
    "another request": (record(STDOUT, OK.encode(), request=7) + ENDED,
                        {"lighttpd", "fcgid", "caddy"}),
    "no FastCGI": (b"HTTP/1.1 200 OK\r\n\r\n", set()),
    "zeros": (b"\0" * 4096, set()),
    "0xFF": (b"\xff" * 4096, set()),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_what_garbage_passes(liar, what):
    data, who = GARBAGE[what]
    liar.says(data)
    for path in GUARDED:
        before = len(liar.web.app.seen)
        try:
            answer = liar.web.call("GET", path, key=None, timeout=3)
            found = served(liar.web, answer, before)
        except (OSError, ValueError) as error:
            answer, found = error, len(liar.web.app.seen) > before
        assert found == (liar.way in who), (path, getattr(answer, "status", answer))


def test_a_refusal_that_is_cut_anywhere_passes_nowhere(liar):
    whole = answer_of(NO)
    # mod_fcgid starts another program after each, a second later.
    for length in range(0, len(whole) + 1, 1 if liar.way != "fcgid" else 16):
        liar.says(whole[:length])
        before = len(liar.web.app.seen)
        with contextlib.suppress(OSError):
            answer = liar.web.call("GET", "/app/x", key=None, timeout=3)
            assert not served(liar.web, answer, before), length
        assert len(liar.web.app.seen) == before, length
