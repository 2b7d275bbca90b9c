# SPDX-License-Identifier: ISC
"""A FastCGI program in plain Python for a web server to ask: one that answers well, or one that
answers whatever a test wants to see taken."""
import contextlib
import os
import pathlib
import socket
import struct
import threading

from fastcgi_peer import ABORT, END, PARAMS, STDIN, STDOUT, record


def read_exactly(connection, length):
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ConnectionResetError
        data += part
    return data


def pairs_of(data):
    """The names and values of a stream of parameters."""
    found, at = {}, 0
    while at < len(data):
        lengths = []
        for _ in range(2):
            length, at = data[at], at + 1
            if length & 0x80:
                length, at = struct.unpack("!I", data[at - 1:at + 3])[0] & 0x7FFFFFFF, at + 3
            lengths.append(length)
        name, value = data[at:at + lengths[0]], data[at + lengths[0]:at + sum(lengths)]
        found.setdefault(name.decode(), value.decode("latin-1"))
        at += sum(lengths)
    return found


def read_request(connection):
    """(variables, body). An authorizer is not waited for to be told that there is no body: lighttpd
    does not always say so."""
    params, body, is_authorizer = b"", b"", False
    while True:
        _, kind, _, length, padding = struct.unpack("!BBHHBx", read_exactly(connection, 8))
        content = read_exactly(connection, length + padding)[:length]
        if kind == ABORT:
            raise ConnectionResetError
        if kind == PARAMS and content:
            params += content
        elif kind == PARAMS and is_authorizer:
            return pairs_of(params), b""
        elif kind == STDIN and not content:
            return pairs_of(params), body
        elif kind == STDIN:
            body += content
        elif kind not in (PARAMS, STDIN):
            is_authorizer = struct.unpack("!H", content[:2])[0] == 2


def answer_of(text):
    """All records of one good answer."""
    text = text if isinstance(text, bytes) else text.encode()
    return (record(STDOUT, text) if text else b"") + record(STDOUT) + record(END, b"\0" * 8)


@contextlib.contextmanager
def answering(address, answer):
    """Listens at ADDRESS, a path or (host, port); sends what ANSWER makes of variables and body, as it
    is, and closes. The value is a list of what was asked: variables."""
    if isinstance(address, tuple):
        listening = socket.create_server(address, backlog=64)
    else:
        pathlib.Path(address).unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(address))
        os.chmod(address, 0o666)
        listening.listen(64)
    asked = []

    def serve(connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(30)
            variables, body = read_request(connection)
            asked.append(variables)
            connection.sendall(answer(variables, body))

    def accept():
        while True:
            try:
                connection = listening.accept()[0]
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield asked
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        if not isinstance(address, tuple):
            pathlib.Path(address).unlink(missing_ok=True)
