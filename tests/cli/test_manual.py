# SPDX-License-Identifier: ISC
"""The help, the manual and the documents say what the program has, and nothing that it has not."""
import re
import shutil
import subprocess

import pytest

from claviger_site import ROOT
from client import USAGE

PAGE = (ROOT / "cli" / "claviger.1").read_text()
COMMON = {"--api-base", "--insecure-http", "--json", "--help", "--version"}


@pytest.fixture(scope="module")
def commands(client):
    return re.findall(r"(?m)^  ([a-z]+(?: [a-z]+)?)  ", client.said("--help"))


def usage_of(client, command):
    """What a command takes, by its help: operands, and options with what their values are called."""
    text = " ".join(client.said(*command.split(), "--help").split("\n\n")[0].split())
    text = text.removeprefix(f"usage: claviger {command}").lower()
    return sorted(re.findall(r"\[[^]]+\](?:\.\.\.)?|[a-z]+", text))


def synopses():
    """The same by the manual: a dictionary by command."""
    section = PAGE.split(".Sh SYNOPSIS\n")[1].split(".Sh ")[0]
    found = {}
    for entry in section.split(".Nm\n")[1:]:
        lines = entry.strip().splitlines()
        if not lines[0].startswith(".Cm "):
            continue
        taken = []
        for line in lines[1:]:
            words = line.replace(".Op ", "").replace("Fl -", "--").replace("Ar ", "").replace(
                " | ", "|").removeprefix(".").replace(" ...", "...")
            if line.startswith(".Op "):
                words = f"[{words.removesuffix('...')}]" + ("..." if words.endswith("...") else "")
            taken.append(words)
        found[lines[0].removeprefix(".Cm ")] = sorted(taken)
    return found


def test_the_synopsis_is_the_table_of_commands(client, commands):
    assert synopses() == {command: usage_of(client, command) for command in commands}


def test_the_manual_describes_every_command_and_option(client, commands):
    described = re.findall(r"(?m)^\.It Cm (.*)$", PAGE)
    assert sorted(x for line in described for x in line.split(" , ")) == sorted(commands)
    options = {x for c in commands
               for x in re.findall(r"--[a-z-]+", client.said(*c.split(), "--help"))}
    listed = re.findall(r"(?m)^\.It Fl (.*)$", PAGE)
    assert {f"-{x}" for line in listed for x in re.findall(r"(?:^|Fl )(-[a-z-]+)", line)} == options


def test_every_command_explains_itself_and_its_options(client, commands):
    for command in commands:
        text = client.said(*command.split(), "--help")
        assert text.startswith(f"usage: claviger {command}")
        assert max(map(len, text.split("\n\n")[0].splitlines())) <= 80
        for option in set(re.findall(r"--[a-z-]+", text.split("\n\n")[0])) | COMMON:
            assert re.search(rf"(?m)^  {option} ", text), (command, option)
        assert client.said("--help", *command.split()) == text
    assert "tokens list" in client.said("tokens", "--help")
    assert "websites list" not in client.said("tokens", "--help")


def test_exit_statuses_and_variables_are_the_same_in_both(client):
    text = client.said("--help")
    statuses = PAGE.split(".Sh EXIT STATUS\n")[1].split(".Sh ")[0]
    assert re.findall(r"(?m)^\.It (\d)$", statuses) == re.findall(r"(?<![\d.])(\d) [a-z]", text)
    for name in re.findall(r"[A-Z]+_[A-Z_]+", text):
        assert name in PAGE, name


def test_help_and_version_need_nothing(nobody):
    nothing = {"XDG_CONFIG_HOME": "", "HOME": ""}
    assert re.fullmatch(r"claviger \d+\.\d+\.\d+\n", nobody.said("--version", env=nothing))
    assert nobody.said("whoami", "--help", env=nothing)
    assert "see claviger --help" in nobody.refused(USAGE)
    assert "did you mean tokens?" in nobody.refused(USAGE, "token")
    assert "see claviger --help" in nobody.refused(USAGE, "\x1b[31mxyz")


def test_the_manual_is_good_mdoc():
    assert shutil.which("mandoc")
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", ROOT / "cli" / "claviger.1"],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("page", ["cli/claviger.1", "docs/cli.md", "README.md"])
def test_the_examples_are_command_lines_that_the_program_takes(client, commands, page):
    text = (ROOT / page).read_text().replace("\\e\n", "").replace("\\\n", "")
    examples = re.findall(r"(?m)(?:^ *|\$ |`|\(|build/)(claviger (?!-)[^`|<>()\n]*)", text)
    examples = [x for x in examples if x.split()[1] in {c.split()[0] for c in commands}]
    assert examples
    for example in examples:
        words = example.split("#")[0].split()[1:]
        command = max((c for c in commands if words[:len(c.split())] == c.split()), key=len,
                      default=None)
        assert command, example
        options = set(re.findall(r"--[a-z-]+", " ".join(words)))
        assert options <= set(re.findall(r"--[a-z-]+", client.said(*command.split(), "--help"))), \
            example
