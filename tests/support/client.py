# SPDX-License-Identifier: ISC
"""claviger, the client, as a person or a script runs it: with a home of its own, and a terminal."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import struct
import subprocess
import tempfile
import termios
import time

from claviger_site import BUILD, SANITIZERS

CLAVIGER = BUILD / "claviger"
DONE, REFUSED, USAGE, CONFIGURATION, NO_ANSWER, NOT_FOUND = range(6)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
KEY = r"dft_[0-9A-Za-z]{48}"


class Client:
    """A home with what login keeps in it."""

    def __init__(self, base=None, key=None):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="clv-", dir="/tmp"))
        self.directory = self.home / "claviger"
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TERM": "xterm",
                            "XDG_CONFIG_HOME": str(self.home),
                            **{k: os.environ[k] for k in SANITIZERS if k in os.environ}}
        self.base = base
        self.key = key

    def log_in(self):
        self.run("login", "--api-base", self.base, input=f"{self.key}\n")
        return self

    def with_key(self, key):
        """Another home, in which KEY is logged in."""
        return Client(self.base, key).log_in()

    def run(self, *arguments, status=DONE, env=None, **options):
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        done = subprocess.run([CLAVIGER, *arguments], stderr=subprocess.PIPE, text=True, timeout=60,
                              errors="surrogateescape", env={**self.environment, **(env or {})},
                              **options)
        assert status is None or done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return done

    def said(self, *arguments, **options):
        return self.run(*arguments, **options).stdout

    def refused(self, status, *arguments, **options):
        """What is said on the way to a refusal, which leaves standard output empty."""
        done = self.run(*arguments, status=status, **options)
        assert done.stdout == "" and re.search(r"(?m)^claviger: .+$", done.stderr), done.stderr
        return done.stderr

    def json(self, *arguments, **options):
        answer = json.loads(self.said(*arguments, "--json", **options))
        assert answer["status"] == "success"
        return answer["data"]

    def json_error(self, status, *arguments, **options):
        done = self.run(*arguments, "--json", status=status, **options)
        answer = json.loads(done.stderr.splitlines()[-1])
        assert answer["status"] == "error" and done.stdout == ""
        return answer["error"]

    def terminal(self, *arguments, **env):
        return Terminal([str(CLAVIGER), *arguments], {**self.environment, **env})

    def close(self):
        shutil.rmtree(self.home, ignore_errors=True)


class Terminal:
    """A program on a terminal of its own, 200 columns wide."""

    def __init__(self, command, environment):
        self.seen = ""
        self.left_echo = None  # whether what is typed is shown again, once it has ended
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, environment)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))

    def read(self, seconds=20):
        """Takes what is there; False at the end."""
        ready, _, _ = select.select([self.descriptor], [], [], seconds)
        assert ready, f"nothing more came after: {self.seen!r}"
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:
            return False
        self.seen += data.decode(errors="surrogateescape")
        return bool(data)

    def expect(self, text, seconds=20):
        """Waits until TEXT was shown; returns what came up to it and forgets that."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline and self.read(), (text, self.seen)
        before, self.seen = self.seen.split(text, 1)
        return before + text

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.descriptor)[3] & termios.ECHO)

    def end(self, status=DONE):
        """Reads to the end; returns what was shown since the last expect()."""
        while self.read():
            pass
        self.left_echo = self.echoes()
        os.close(self.descriptor)
        _, how = os.waitpid(self.pid, 0)
        assert os.waitstatus_to_exitcode(how) == status, self.seen
        return self.seen.replace("\r\n", "\n")
