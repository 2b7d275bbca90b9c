# SPDX-License-Identifier: ISC
"""Who reads a page of the documentation and types what it says, block after block, into one shell."""
import os
import pathlib
import re
import subprocess

from claviger_site import ADMIN, BUILD, ROOT

# What stands for the address of the service.
ADDRESS = re.compile(r"http://127\.0\.0\.1:8080|https://example\.com/claviger")
# What other tests are about: how the machine is set up, and the client.
OF_THE_MACHINE = re.compile(r"(?m)^\s*(sudo|make|\./setup)\b|\| sudo\b|(^|\| )claviger\b(?!-)")
# An example's value stands for what the answer before it had.
EXAMPLE = re.compile(r"(?m)^(\w*(?:_ID|KEY))=([0-9a-f]{24}|dft_[0-9A-Za-z]{48})\b")
ID, KEY = re.compile(r"\b[0-9a-f]{24}\b"), re.compile(r"\bdft_[0-9A-Za-z]{48}\b")


def blocks(path):
    """The fenced blocks of a page that are for a shell, each with the block of JSON behind it, if
    there is one."""
    text = (ROOT / path).read_text()
    fenced = re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", text)
    return [(block, fenced[number + 1][1] if fenced[number + 1:] and fenced[number + 1][0] == "json"
             else None) for number, (language, block) in enumerate(fenced) if language == "sh"]


class Reader:
    """In a directory that looks like the checkout after `make run`."""

    def __init__(self, web, place):
        self.web, self.place = web, pathlib.Path(place)
        self.output = ""
        for name, target in (("var", web.site.directory), ("build", BUILD), ("docs", ROOT / "docs"),
                             ("examples", ROOT / "examples")):
            (self.place / name).symlink_to(target)
        for name in ("bin", "answers"):
            (self.place / name).mkdir()
        self.program("curl", 'answer=$(ls "$ANSWERS" | wc -l)\n'
                     'status=$(/usr/bin/curl -sS -o "$ANSWERS/$answer" -w "%{http_code}" "$@")\n'
                     'printf %s "$status" >"$ANSWERS/$answer.status"\ncat "$ANSWERS/$answer"\necho')
        self.program("claviger-admin", f'exec "{ADMIN}" --config "{web.site.config}" "$@"')
        path = f"{self.place / 'bin'}:{os.environ['PATH']}"
        self.environment = {"PATH": path, "ANSWERS": str(self.place / "answers")}

    def program(self, name, text):
        path = self.place / "bin" / name
        path.write_text(f"#!/bin/sh\nset -e\n{text}\n")
        path.chmod(0o755)

    def in_place_of_example(self, found):
        """The value that the last output has of what an example shows."""
        name, example = found.groups()
        values = (ID if ID.fullmatch(example) else KEY).findall(self.output)
        assert values, f"{name}: nothing before it shows such a value: {self.output}"
        return f"{name}={values[0]}"

    def type(self, block):
        """Types BLOCK and returns the answers, [(status, body)], to what curl asked in it."""
        text = EXAMPLE.sub(self.in_place_of_example, block)
        text = ADDRESS.sub(f"http://127.0.0.1:{self.web.port}", text)
        kept = self.place / "environment"
        done = subprocess.run(["sh", "-e"], input=f"set -a\n{text}\nenv -0 >'{kept}'\n", text=True,
                              cwd=self.place, env=self.environment, capture_output=True, timeout=60)
        said = re.sub(r"(?m)^claviger-admin: token \w+ made; .*\n", "", done.stderr)
        assert (done.returncode, said) == (0, ""), f"{block}\n{done.stdout}{done.stderr}"
        self.environment = dict(line.split("=", 1) for line in kept.read_text().split("\0") if line)
        self.output = done.stdout or self.output
        return self.take_answers()

    def take_answers(self):
        found = []
        answers = self.place / "answers"
        for path in sorted(answers.glob("*.status"), key=lambda path: int(path.stem)):
            found.append((int(path.read_text()), path.with_suffix("").read_text()))
            path.with_suffix("").unlink()
            path.unlink()
        self.web.site.minted += [key for _, body in found for key in KEY.findall(body)]
        return found
