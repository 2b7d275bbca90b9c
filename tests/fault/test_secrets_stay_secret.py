# SPDX-License-Identifier: ISC
"""No key leaves by any way but the answer that makes it: after a session full of mistakes, every
file, every page of the database, every answer and all that a process shows of itself is searched
for every key, every piece of a secret and every hash (A19, A22, A24, I7 of security.md)."""
import json
import os
import pathlib
import resource
import signal
import subprocess
import urllib.parse

import pytest

from asking import QUICK
from claviger_site import (ADMIN, B, CRASH_AT_ONCE, ENVIRONMENT, PLAIN_CGI, TOKENS, Site, changed,
                           wait_until, well_formed)
from fastcgi_peer import Service, nobody, without_root

PIECE = 12
SELF = TOKENS + "/self"


def secret(key):
    """What must stay secret: all behind prefix and selector, of which the display key shows four
    characters."""
    return key[len("dft_") + 10:]


def pieces(key):
    return {secret(key)[at:at + PIECE] for at in range(len(secret(key)) - PIECE + 1)}


class Session:
    """Asks, and keeps whatever came back, but for the one answer that is to hold a key."""

    def __init__(self, web):
        self.web = web
        self.site = web.site
        self.outputs = []

    def call(self, method, path, *arguments, **options):
        answer = self.web.call(method, path, *arguments, **options)
        text = repr(answer.headers) + answer.body.decode("utf-8", "replace")
        if answer.status == 201:
            assert text.count(answer.first["key"]) == 1
            text = text.replace(answer.first["key"], "")
        self.outputs.append((f"the answer to {method} {path.split('?')[0][:40]}", text))
        return answer

    def create(self, **body):
        answer = self.call("POST", TOKENS, body)
        assert answer.status == 201
        return answer.first

    def raw(self, data):
        answer = self.web.raw(data)
        self.outputs.append(("the answer to raw bytes", repr(answer.headers)
                             + answer.body.decode("utf-8", "replace")))

    def admin(self, *arguments, prints_key=False):
        done = subprocess.run([ADMIN, "--config", self.site.config, *arguments], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
                              env=ENVIRONMENT)
        out = done.stdout
        if prints_key:
            key = out.strip()
            self.site.minted.append(key)
            assert len(key) == 52 and done.returncode == 0, done.stderr
            out = ""
        self.outputs.append((f"claviger-admin {' '.join(map(str, arguments[:2]))}",
                             out + done.stderr))
        return done


def misplace(session, key):
    """Sends KEY in all the places in which it has no business."""
    call = session.call
    quoted = urllib.parse.quote(key, safe="")
    escaped = "".join(f"%{ord(c):02x}" for c in key)
    for path in (f"{SELF}?access_token={key}", f"{SELF}?token={key}", f"{SELF}?key={key}",
                 f"{TOKENS}?q={key}", f"{TOKENS}?q={escaped}", f"{TOKENS}?cursor={key}",
                 f"{TOKENS}?limit={key}", f"{TOKENS}?{key}", f"{TOKENS}?x={quoted}",
                 f"{TOKENS}/{key}", f"{TOKENS}/{escaped}", f"/api/v1/{key}", f"/{key}",
                 f"/api/v1/admin/{key}/x", f"/healthz/{key}", f"/api/v1/{key}%ff%00"):
        for method in ("GET", "POST", "DELETE", "PUT"):
            call(method, path)
            call(method, path, key=None)
    for name in ("X-Request-Id", "Idempotency-Key", "Content-Type", "Content-Length", "User-Agent",
                 "Referer", "Cookie", "Proxy-Authorization", "Accept", "X-Forwarded-For",
                 "Content-Encoding", "Range", "X-Api-Key-2", "Host", "Expect"):
        call("GET", SELF, headers={name: key})
        call("POST", TOKENS, {"name": "misplaced"}, headers={name: f"x{key}"})
    for value in (f"Bearer {key} x", f"Bearer {key}, Bearer {key}", f"Bearer {key},", f"Token {key}",
                  f"Basic {key}", key, f"Bearer\t{key}", f'Bearer "{key}"', f"Bearer {key}\x80",
                  f"Bearer {key}" * 20):
        call("GET", SELF, key=None, headers={"Authorization": value})
        call("GET", SELF, headers={"X-API-Key": value})
    for body in ({"name": key}, {"name": f"my key {key}!"}, {key: 1}, {"permissions": [key]},
                 {"permissions": key}, {"websiteIds": [key]}, {"websiteIds": key},
                 {"expiresAt": key}, {"expiresIn": key}, {"key": key}, [key], key,
                 f'{{"name":"{key}', f'{{"{key}":', f'{{"name":"{key}"}}{key}', key * 2000):
        text = body if isinstance(body, str) else json.dumps(body)
        call("POST", TOKENS, text)
        call("POST", TOKENS, text, key=None)
        call("POST", TOKENS, text, headers={"Content-Type": "application/x-www-form-urlencoded"})
    session.raw(f"GET {SELF} HTTP/1.1\r\nHost: {key}\r\nConnection: close\r\n\r\n".encode())
    session.raw(f"{key} {SELF} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    session.raw(f"GET {SELF} HTTP/1.1\r\nHost: x\r\n{key}: {key}\r\nConnection: close\r\n\r\n"
                .encode())
    session.raw(f"GET {SELF} {key}\r\n\r\n".encode())


def administer(session, key, token_id):
    site = session.site
    session.admin("token", "create", "--account", "owner@localhost", prints_key=True)
    session.admin("token", "create", "--account", "owner@localhost", "--name", key)
    session.admin("token", "show", key)
    session.admin("token", "revoke", key)
    session.admin("token", "show", token_id)
    session.admin("token", "list")
    session.admin("token", "list", "--json")
    session.admin("account", "add", f"{key}@example.com")
    session.admin("account", "add", key)
    session.admin("account", "list", "--json")
    session.admin("website", "add", key)
    session.admin("website", "list")
    session.admin("config", "show")
    session.admin("audit", "list")
    session.admin("audit", "list", "--json")
    session.admin("audit", "list", "--actor", key)
    session.admin("audit", "verify", "--checkpoint", key)
    session.admin("audit", "verify")
    session.admin("audit", "export")
    session.admin("doctor")
    session.admin("backup", site.directory / "backup.db")
    session.admin(key)
    session.admin(f"--{key}")


@pytest.fixture(scope="module")
def session():
    site = Site(QUICK + "log_level = debug\n")
    try:
        web = site.start()
        session = Session(web)
        tokens = [session.create(name=f"token {i}") for i in range(3)]
        for record in tokens:
            session.call("GET", SELF, key=record["key"])
        wrong = [well_formed(tokens[0]["key"][4:14]), changed(tokens[0]["key"], 20),
                 changed(tokens[0]["key"], 51), tokens[0]["key"][:-1], well_formed()]
        site.minted += wrong[:1]
        for key in wrong:
            for _ in range(2):
                session.call("GET", SELF, key=key)
                session.call("POST", TOKENS, {}, key=key)
        misplace(session, tokens[0]["key"])
        administer(session, tokens[0]["key"], tokens[0]["id"])
        session.call("GET", TOKENS + "?state=all&limit=1000")
        session.call("GET", B + "/audit?limit=1000")
        session.call("GET", f"{B}/activity?tokenId={tokens[1]['id']}")
        session.call("GET", f"{TOKENS}/{tokens[1]['id']}")
        session.old_hashes = [hash_ for hash_, in site.rows(
            "SELECT hash FROM tokens WHERE id = ?", bytes.fromhex(tokens[1]["id"]))]
        session.call("DELETE", f"{TOKENS}/{tokens[1]['id']}")
        session.call("GET", SELF, key=tokens[1]["key"])
        if not PLAIN_CGI:  # which has nobody to signal
            reload_with_keys_in_the_wrong_place(session, tokens[0]["key"])
        session.hashes = session.old_hashes + [hash_ for hash_, in site.rows(
            "SELECT hash FROM tokens WHERE hash IS NOT NULL")]
        yield session
    finally:
        site.close()


def reload_with_keys_in_the_wrong_place(session, key):
    site = session.site
    good = site.config.read_text()
    for count, line in enumerate((f"{key} = 1", f"metrics = {key}", key), 1):
        site.write_config(f"{good}{line}\n")
        os.kill(session.web.services()[0], signal.SIGHUP)
        wait_until(lambda: site.log.read_text().count("not taken over") == count, "the complaint")
    site.write_config(good)
    os.kill(session.web.services()[0], signal.SIGHUP)
    wait_until(lambda: "configuration taken over" in site.log.read_text(), "the reload")


def files(site):
    """Every file of the site with its content, but for the one that is to hold the first key."""
    return [(path, path.read_bytes()) for path in site.directory.rglob("*")
            if path.is_file() and path != site.owner_key_file]


def found_in(text, session):
    """Which keys or pieces of secrets TEXT holds."""
    data = text.encode() if isinstance(text, str) else text
    return [key[:14] for key in session.site.minted
            if any(piece.encode() in data for piece in pieces(key))]


def test_the_session_was_what_it_says(session):
    assert len(session.site.minted) >= 6 and len(set(session.site.minted)) >= 6
    assert len(session.hashes) >= 4
    assert all(hash_.startswith("$s1$") for hash_ in session.hashes)
    assert len(session.outputs) > 250
    log = session.site.log.read_text()
    assert " debug refused " in log and "status=404" in log and "status=400" in log
    names = {path.name for path, _ in files(session.site)}
    assert {"claviger.db", "backup.db", "service.log", "web-0.log", "claviger.conf"} <= names


def test_no_file_holds_a_piece_of_a_secret(session):
    for path, content in files(session.site):
        assert not found_in(content, session), path


def test_no_answer_and_no_output_holds_a_piece_of_a_secret(session):
    for label, text in session.outputs:
        assert not found_in(text, session), f"{label}: {text[:300]}"


def test_a_hash_is_in_the_database_and_nowhere_else(session):
    texts = session.outputs + [(path, content.decode("latin-1"))
                               for path, content in files(session.site)
                               if not path.name.startswith(("claviger.db", "backup.db"))]
    for label, text in texts:
        assert "$s1$" not in text, label
        for hash_ in session.hashes:
            salt, derived = hash_.split("$")[3:]
            assert salt not in text and derived not in text, label


def test_the_key_of_the_audit_is_in_its_file_and_nowhere_else(session):
    key_file = session.site.database.with_name("claviger.db.audit-key")
    text = key_file.read_text().strip()
    assert len(text) == 64
    entries = json.loads(session.admin("audit", "list", "--json").stdout)["data"]
    assert {"token.create", "token.revoke", "account.add"} <= {e["action"] for e in entries}
    for path, content in files(session.site):
        if path != key_file:
            assert text.encode() not in content and bytes.fromhex(text) not in content, path
    for label, output in session.outputs:
        assert text not in output, label


def test_no_process_shows_a_secret_of_itself(session):
    """Not in its arguments, not in its environment; ps reads the same."""
    lines = []
    pids = [session.web.process.pid, *session.web.services()]
    for pid in pids:
        for what in ("cmdline", "environ", "comm"):
            lines.append(pathlib.Path(f"/proc/{pid}/{what}").read_bytes())
    lines.append(subprocess.run(["ps", "axeww"], capture_output=True, check=True).stdout)
    for line in lines:
        assert not found_in(line, session)
        assert b"$s1$" not in line


def test_a_revoked_hash_leaves_the_database_with_the_next_stop(session):
    """secure_delete overwrites it, and the last to close the database ends its -wal."""
    session.web.stop()
    assert session.old_hashes
    for path, content in files(session.site):
        if path.name == "backup.db":
            continue  # made before
        for hash_ in session.old_hashes:
            assert hash_.encode() not in content, path
    assert not found_in(session.site.database.read_bytes(), session)


# ---- What the kernel would give away ------------------------------------------------------------------

@pytest.fixture
def service():
    """By itself, not as root, and with core files allowed as far as we may allow them."""
    site = Site(QUICK)
    options = without_root(site)
    most = resource.RLIM_INFINITY if options else resource.getrlimit(resource.RLIMIT_CORE)[1]
    service = Service(site, limits=[(resource.RLIMIT_CORE, (most, most))],
                      environment=CRASH_AT_ONCE, **options)
    yield service.wait()
    service.stop(signal.SIGKILL)
    site.close()


def test_core_files_are_off(service):
    limits = pathlib.Path(f"/proc/{service.pid}/limits").read_text().splitlines()
    line = next(line for line in limits if line.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"]


@pytest.mark.parametrize("what", ["environ", "mem", "maps", "auxv", "fd"])
def test_other_processes_of_the_same_user_cannot_look_into_it(service, what):
    """PR_SET_DUMPABLE 0 makes root the owner of what shows a process from inside."""
    assert service.site.database.stat().st_uid != 0
    assert pathlib.Path(f"/proc/{service.pid}/{what}").stat().st_uid == 0


def test_its_own_user_is_refused_its_memory(service):
    for what in ("environ", "mem"):
        reader = subprocess.run(["cat", f"/proc/{service.pid}/{what}"], capture_output=True,
                                **nobody())
        assert reader.returncode != 0 and reader.stdout == b""
        assert b"ermission denied" in reader.stderr


@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT])
def test_a_crash_leaves_no_core_file(service, how):
    assert service.is_good()
    service.send_signal(how)
    _, status = os.waitpid(service.pid, 0)
    service.process.returncode = -os.WTERMSIG(status)
    assert os.WTERMSIG(status) == how
    assert not os.WCOREDUMP(status)
    assert not [path for path in service.site.directory.iterdir() if "core" in path.name]
