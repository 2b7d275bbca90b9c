# SPDX-License-Identifier: ISC
"""Completion, in the shells themselves: each is started on a terminal, and TAB is pressed."""
import os
import re
import shutil
import subprocess

import pytest

from claviger_site import BUILD
from client import ESCAPES, USAGE, Terminal

PROMPT = "ready> "
START = {
    "bash": (["--norc", "--noprofile", "-i"],
             f"PS1='{PROMPT}'; bind 'set enable-bracketed-paste off' 'set page-completions off'"
             "; bind 'set completion-query-items 0'; source <(claviger completion bash)\n"),
    "zsh": (["-f", "-i"],
            f"PS1='{PROMPT}'; unsetopt PROMPT_SP; autoload -Uz compinit; compinit -u -D"
            "; LISTMAX=500; source <(claviger completion zsh)\n"),
}
OFFERED = [
    ("claviger to", "claviger tokens "),
    ("claviger tokens cr", "claviger tokens create "),
    ("claviger tokens list --sta", "claviger tokens list --state "),
    ("claviger tokens list --state act", "claviger tokens list --state active "),
    ("claviger --json websites del", "claviger --json websites delete "),
    ("claviger --api-base https://h tokens ro", "claviger --api-base https://h tokens rotate "),
    ("claviger tokens create --name 'a b' --expires-a", "claviger tokens create --name 'a b' --expires-at "),
    ("claviger team set shop.example.org id --role vie",
     "claviger team set shop.example.org id --role viewer "),
    ("claviger completion f", "claviger completion fish "),
    ("claviger config set ins", "claviger config set insecure_http "),
    ("claviger tokens create --key-file ./uni", "claviger tokens create --key-file ./unique-file "),
]


@pytest.fixture
def place(tmp_path):
    (tmp_path / "unique-file").write_text("")
    return {"PATH": f"{BUILD}:{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "xterm",
            "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}


def shell(name, environment):
    options, first = START[name]
    program = shutil.which(name)
    assert program, f"{name} is not installed: run ./setup"
    terminal = Terminal(["/usr/bin/env", "-C", environment["HOME"], program, *options], environment)
    terminal.type(first + "echo be''gin\n")
    terminal.expect("begin")
    return terminal


@pytest.mark.parametrize("name", START)
def test_tab_completes_what_the_table_of_commands_has(place, name):
    terminal = shell(name, place)
    for typed, completed in OFFERED:
        terminal.expect(PROMPT)
        terminal.type(typed + "\t")
        # To the beginning and the end of the line: what it holds is told by echo, for what a line
        # editor draws is not that.
        terminal.type("\x01echo \"<\x05>\"\n")
        # zsh takes the blank back where something else is typed.
        terminal.expect(f"<{completed if name == 'bash' else completed.rstrip()}>\r\n")
    terminal.type("exit\n")
    terminal.end()


def fish(place, line):
    program = shutil.which("fish")
    assert program, "fish is not installed: run ./setup"
    done = subprocess.run([program, "--no-config", "-c", "claviger completion fish | source; "
                           "complete -C $argv[1]", line], text=True, capture_output=True,
                          env=place, cwd=place["HOME"], timeout=60)
    assert done.stderr == ""
    return [x.split("\t")[0] for x in done.stdout.splitlines()]


@pytest.mark.parametrize("typed, completed", OFFERED)
def test_fish_completes_what_the_table_of_commands_has(place, typed, completed):
    assert completed.split()[-1] in fish(place, typed)


def test_fish_offers_what_fits_and_nothing_else(place):
    assert fish(place, "claviger ") == sorted(
        ["audit", "completion", "config", "login", "logout", "permissions", "team", "tokens",
         "verify", "websites", "whoami"])
    assert fish(place, "claviger team ") == ["list", "remove", "set"]
    assert "--cascade" in fish(place, "claviger tokens revoke --")
    assert "--cascade" not in fish(place, "claviger tokens list --")
    assert fish(place, "claviger tokens create --name ") == []


def test_completion_for_no_shell_is_wrong_usage(nobody):
    assert "bash, zsh or fish" in nobody.refused(USAGE, "completion", "csh")
    assert "SHELL is missing" in nobody.refused(USAGE, "completion")


def test_every_word_of_the_help_is_offered(nobody):
    help_text = nobody.said("--help")
    commands = re.findall(r"(?m)^  ([a-z]+(?: [a-z]+)?)  ", help_text)
    for name in ("bash", "zsh", "fish"):
        script = nobody.said("completion", name)
        for command in commands:
            assert command.split()[-1] in script, (name, command)
