# SPDX-License-Identifier: ISC
"""A FastCGI peer in plain Python, as good or as bad as a test wants it, and a service without a
web server for it to talk to. Records and numbers are those of the FastCGI specification, section 8.
"""
import os
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import time

from claviger_site import ENVIRONMENT, PROGRAM, TOKENS, Answer, wait_until

VERSION = 1
BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES = range(1, 10)
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3
KEEP_CONNECTION = 1
NOBODY = 65534


def record(kind, content=b"", request=1, version=VERSION, padding=0):
    return struct.pack("!BBHHBx", version, kind, request, len(content), padding) + content + (
        b"\0" * padding)


def records(kind, content, size=65535):
    """CONTENT in as many records as it needs, without the empty one that ends a stream."""
    return b"".join(record(kind, content[at:at + size]) for at in range(0, len(content), size))


def begin(role=RESPONDER, flags=0):
    return record(BEGIN, struct.pack("!HB5x", role, flags))


def pair(name, value):
    """One name and its value; both lengths in the long form where they need it."""
    name, value = (part if isinstance(part, bytes) else part.encode() for part in (name, value))
    lengths = b"".join(bytes([len(part)]) if len(part) < 128
                       else struct.pack("!I", len(part) | 1 << 31) for part in (name, value))
    return lengths + name + value


def variables(method="GET", uri=TOKENS, key=None, body=None, **more):
    """What a web server says about a request, as a list of pairs."""
    found = [("REQUEST_METHOD", method), ("REQUEST_URI", uri), ("REMOTE_ADDR", "127.0.0.1"),
             ("SERVER_PROTOCOL", "HTTP/1.1")]
    if key is not None:
        found.append(("HTTP_AUTHORIZATION", f"Bearer {key}"))
    if body is not None:
        found += [("CONTENT_TYPE", "application/json"), ("CONTENT_LENGTH", str(len(body)))]
    return found + list(more.items())


def request(pairs, body=b"", role=RESPONDER, flags=0):
    """All records of one good request."""
    params = b"".join(pair(name, value) for name, value in pairs)
    return (begin(role, flags) + records(PARAMS, params) + record(PARAMS)
            + records(STDIN, body) + record(STDIN))


def create(key, name="made over the socket", **more):
    body = b'{"name":"%s"}' % name.encode()
    return request(variables("POST", key=key, body=body), body, **more)


class Reply:
    """All that came back until the service closed the connection."""

    def __init__(self, data):
        self.data = data
        self.stdout = b""
        self.ends = 0
        at = 0
        while len(data) - at >= 8:
            version, kind, _, length, padding = struct.unpack_from("!BBHHB", data, at)
            assert version == VERSION
            content = data[at + 8:at + 8 + length]
            if kind == STDOUT:
                self.stdout += content
            if kind == END:
                self.ends += 1
                assert content[4] == 0, "the request was not complete to the service"
            at += 8 + length + padding

    @property
    def answer(self):
        """The one answer that must have come."""
        assert self.ends == 1, f"{self.ends} answers: {self.data[:200]}"
        head, _, body = self.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")]
        assert headers[0][0] == "Status", "a web server takes an answer without Status for yes"
        return Answer(int(headers[0][1].split()[0]), headers[1:], body)


class Peer:
    """One connection."""

    def __init__(self, address, timeout=60):
        """ADDRESS: the path of a unix socket, or host and port."""
        is_tcp = isinstance(address, tuple)
        self.socket = socket.socket(socket.AF_INET if is_tcp else socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(address if is_tcp else str(address))

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()

    def send(self, data):
        """Sends DATA; a service that has closed already is no surprise."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def send_each(self, pieces, polls=False):
        """Sends each of PIECES by itself; as a web server that POLLS, which waits until the socket
        is said to be writable: that is long before it would take no more."""
        for piece in pieces:
            while piece:
                if polls:
                    ready = select.select([], [self.socket], [], self.socket.gettimeout())[1]
                    assert ready, "the service reads no more"
                piece = piece[self.socket.send(piece, socket.MSG_DONTWAIT if polls else 0):]
        return self

    def end(self):
        """Says that nothing more will come."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def reply(self):
        """Reads until the service closes."""
        data = b""
        while True:
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:  # it closed before it had read everything
                part = b""
            if not part:
                return Reply(data)
            data += part

    def is_read(self):
        """Whether the service has read what was sent, nearly all of it."""
        return bool(select.select([], [self.socket], [], 0)[1])

    def has_answer(self):
        """Whether there is something to read, without waiting."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def is_closed(self):
        """Whether the service has closed, without waiting. Not for who expects an answer."""
        if not self.has_answer():
            return False
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except ConnectionResetError:
            return True

    def close(self):
        self.socket.close()


def nobody():
    """The options of subprocess to run as a user who is not root."""
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def without_root(site):
    """Gives SITE to a user who is not root, and returns the options to run a Service as that."""
    if os.geteuid() != 0:
        return {}
    site.program = site.directory / "claviger.fcgi"  # the built one may be out of reach
    shutil.copy(PROGRAM, site.program)
    site.write_config(site.config.read_text().replace("allow_root = true\n", ""))
    for path in (site.directory, *site.directory.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    return nobody()


class Service:
    """claviger.fcgi by itself, with --socket or with a listening socket handed down."""

    def __init__(self, site, listening=None, limits=(), environment=(), path=None, **options):
        self.site = site
        self.path = path or site.directory / f"service-{time.monotonic_ns()}.sock"
        self.errors = self.path.with_suffix(".stderr")
        command = [getattr(site, "program", PROGRAM), "--config", site.config]
        if listening is None:
            command += ["--socket", self.path]

        def limit():
            for which, value in limits:
                resource.setrlimit(which, value)

        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL if listening is None else listening,
                stdout=subprocess.DEVNULL, stderr=errors, cwd=site.directory, preexec_fn=limit,
                env={**ENVIRONMENT, **dict(environment)}, **options)
        self.pid = self.process.pid
        if listening is not None:
            self.path = listening.getsockname()
        site.servers.append(self)

    def wait(self, base=""):
        """Waits until it serves, below BASE."""
        wait_until(lambda: self.answers(base), "the service to answer")
        return self

    def answers(self, base=""):
        assert self.process.poll() is None, self.errors.read_text()
        try:
            return self.call("GET", base + "/healthz").status == 200
        except OSError:
            return False

    def connect(self, **options):
        return Peer(self.path, **options)

    def exchange(self, data):
        with self.connect() as peer:
            return peer.send(data).reply()

    def is_refused(self):
        """Whether nobody can connect."""
        try:
            self.connect().close()
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        return False

    def call(self, method="GET", uri=TOKENS, key=None, **more):
        return self.exchange(request(variables(method, uri, key=key, **more))).answer

    def is_good(self):
        """A good client is served: by the same process as ever."""
        assert self.process.poll() is None, self.errors.read_text()
        answer = self.call(uri=TOKENS + "/self", key=self.site.owner_key)
        return answer.status == 200 and bool(answer.check().first["id"])

    def metric(self, name):
        text = self.call(uri="/metrics").body.decode()
        return int(next(line for line in text.splitlines() if line.startswith(name)).split()[1])

    def ticks(self):
        """Processor time so far, in clock ticks."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def send_signal(self, number):
        os.kill(self.pid, number)

    def stop(self, how=signal.SIGTERM):
        """Ends it, if it lives; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=20)
