# SPDX-License-Identifier: ISC
"""Ways to ask that need more than a web server's client: a request byte for byte, and the program
itself, without a web server that answers first. And ways to compare and to arrange."""
import contextlib
import sqlite3
import subprocess
import urllib.parse

from claviger_site import ENVIRONMENT, PLAIN_CGI, PROGRAM, Answer
from fastcgi_peer import Peer, request

# What a key costs is not what most tests are about. As plain CGI a key is checked again by each
# process, unless there is a file to remember it.
QUICK = "scrypt_n = 2\nallow_weak_scrypt = true\n"
MEMO = "memo_file = {directory}/memo\n" if PLAIN_CGI else ""
# The fields of a record that each use changes: at once as plain CGI, a while later else.
USES = ("lastUsedAt", "lastUsedIp", "useCount")
REQUEST_ID = "one-id-for-every-row"
ALL_PERMISSIONS = (
    "analytics:read", "goals:read", "goals:write", "payments:read", "payments:write",
    "identify:write", "websites:read", "websites:write", "settings:read", "settings:write",
    "funnels:read", "funnels:write", "alerts:read", "alerts:write", "team:read", "team:write",
    "api-keys:read", "api-keys:write")


def as_bytes(text):
    """Text as Latin-1, so that any byte can be written in a table."""
    return text if isinstance(text, bytes) else text.encode("latin-1")


def line(method, path, *headers, body=b"", host="claviger.test"):
    """A request as bytes; each of HEADERS is a whole line."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close",
             f"X-Request-Id: {REQUEST_ID}", *headers]
    return b"\r\n".join(map(as_bytes, lines)) + b"\r\n\r\n" + body


def bearer(key):
    return f"Authorization: Bearer {key}"


def same(answer):
    """All of an answer but its date: what must be equal where two answers must not differ."""
    headers = [(name, value) for name, value in answer.headers if name != "Date"]
    return answer.status, headers, answer.body


def ask_program(web, body=b"", **variables):
    """Asks the program itself, where a web server in front would answer first. VARIABLES are those
    of CGI; None leaves one out."""
    sent = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)), "HTTP_X_REQUEST_ID": REQUEST_ID, **variables}
    sent = {name: as_bytes(value) for name, value in sent.items() if value is not None}
    if PLAIN_CGI:
        answer = ask_plain_cgi(web, sent, body)
    else:
        (path,) = (web.site.directory / web.name).glob("claviger.sock*")
        with contextlib.closing(Peer(path)) as peer:
            answer = peer.send(request(list(sent.items()), body)).reply().answer
    web.remember(answer)
    return answer


def ask_plain_cgi(web, variables, body):
    environment = {**ENVIRONMENT, "CLAVIGER_CONFIG": str(web.site.config)}
    environment = {name: as_bytes(value) for name, value in environment.items()}
    output = subprocess.run([PROGRAM], env={**environment, **variables}, input=body,
                            capture_output=True, timeout=60, check=True).stdout
    head, _, text = output.partition(b"\r\n\r\n")
    headers = [tuple(entry.split(": ", 1)) for entry in head.decode().split("\r\n")]
    assert headers[0][0] == "Status"
    return Answer(int(headers[0][1].split()[0]), headers[1:], text)


def change(site, statement, *values):
    """Arranges, behind the program's back, what would take time or has no route."""
    with contextlib.closing(sqlite3.connect(site.database, timeout=30)) as store:
        store.execute("PRAGMA foreign_keys = ON")
        store.execute(statement, values)
        store.commit()


FORM = "application/x-www-form-urlencoded"


def form(web, path, body, key="owner", **headers):
    """POSTs BODY, a text or the fields of a form, as such."""
    if not isinstance(body, (str, bytes)):
        body = urllib.parse.urlencode(body)
    return web.call("POST", path, body, key=key, headers={"Content-Type": FORM, **headers})


def check_bare(answer):
    """What holds for an answer without the envelope, as OAuth's routes give; returns its object."""
    assert answer.status == 200, answer.body
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("Content-Type") == "application/json; charset=utf-8"
    return answer.json
