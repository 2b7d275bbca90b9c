# SPDX-License-Identifier: ISC
"""The first key for a one-time code, killed before each call that changes a file: afterwards there
is nothing, or a key that works and was answered, or comes for the same code."""
import json
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from claviger_site import ENVIRONMENT, PROGRAM, TOKENS, sanitizers_too

CODE = "a code for tests, 0815"
# And how far apart the kills are: SQLite writes many pages, each of which is much like the next.
CALLS = [("write", 1), ("pwrite64", 4), ("fsync", 1), ("fdatasync", 2), ("rename", 1), ("unlink", 1)]
CGI = {"GATEWAY_INTERFACE": "CGI/1.1", "REMOTE_ADDR": "127.0.0.1", "CONTENT_TYPE": "application/json"}

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


class Space:
    """A data directory with a code in it and no database."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="clv-", dir="/tmp"))
        self.write("claviger.conf", "database = ./claviger.db\nmemo_file = ./memo\nscrypt_n = 2\n"
                   "memo_entries = 1024\nallow_weak_scrypt = true\nallow_root = true\n")
        self.write("bootstrap-code.txt", CODE)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o600)

    def ask(self, method, uri, body="", wrapper=(), **variables):
        """The status and the answer; (None, None) where none came whole."""
        # Leaks are not looked for under strace.
        environment = {**ENVIRONMENT, **sanitizers_too("detect_leaks=0"), **CGI, **variables, "REQUEST_METHOD": method,
                       "REQUEST_URI": uri, "CONTENT_LENGTH": str(len(body)),
                       "CLAVIGER_CONFIG": str(self.directory / "claviger.conf")}
        done = subprocess.run([*wrapper, PROGRAM], env=environment, input=body, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        head, _, text = done.stdout.partition("\n\n")
        try:
            return int(head.split()[1]), json.loads(text)
        except (IndexError, ValueError):
            return None, None

    def bootstrap(self, wrapper=()):
        status, answer = self.ask("POST", "/api/v1/bootstrap", json.dumps({"code": CODE}), wrapper)
        return status, answer["data"][0]["key"] if status == 201 else None

    def works(self, key):
        return self.ask("GET", TOKENS + "/self", HTTP_AUTHORIZATION=f"Bearer {key}")[0] == 200


def kill_at(call, number):
    return ("strace", "-qq", "-f", "-o", "/dev/null", "-e", f"trace={call}",
            "-e", f"inject={call}:signal=KILL:when={number}")


def kill_and_repeat(call, number):
    """Says whether it was killed at all."""
    space = Space()
    try:
        status, key = space.bootstrap(kill_at(call, number))
        is_killed = (space.directory / "bootstrap-code.txt").exists()
        number = (call, number)
        again, key_again = space.bootstrap()
        if key is None:
            assert (status, again) == (None, 201), (number, status, again)
        else:
            assert again in (201, 404) and space.works(key), (number, again)
        assert key_again is None or space.works(key_again), number
        assert key is None or key_again is None or key == key_again, number
        assert space.bootstrap() == (404, None), number
        left = sorted(path.name for path in space.directory.glob("bootstrap-code*"))
        assert left == [], (number, left)
        return is_killed
    finally:
        shutil.rmtree(space.directory)


@pytest.mark.parametrize("call, step", CALLS)
def test_a_crash_leaves_nothing_or_a_key_that_the_code_brings(call, step):
    number = 1
    while kill_and_repeat(call, number):
        number += step
    assert number > 1  # else strace did not kill what it should have
