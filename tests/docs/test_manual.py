# SPDX-License-Identifier: ISC
"""The pages of the manual, and docs/configuration.md, against the programs, both ways: commands and
options, keys with their bounds and defaults, routes and refusals."""
import re
import subprocess

import pytest

from claviger_site import ADMIN, ENVIRONMENT, PROGRAM, ROOT
from routes import reasons_by_status, route_table, settings

MANUAL = sorted(path for folder in ("cli", "fcgi", "lib")
                for path in (ROOT / folder).glob("*.[1-8]"))
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
OPTION = re.compile(r"(?:Fl |-)-([a-z][a-z-]*)")
OF_EACH = {"config", "json", "help", "version"}


def page(name):
    (found,) = [path for path in MANUAL if path.name == name]
    return found.read_text()


def section(text, name, mark="Sh"):
    return re.search(rf"(?ms)^\.{mark} {name}$\n(.*?)(?=^\.{mark} |\Z)", text)[1]


def items(text):
    """The entries of the lists in TEXT: {name: what is said of it}; one may have several names."""
    found = {}
    for names, said in re.findall(r"(?ms)^\.It Cm (.*?)$\n(.*?)(?=^\.It |^\.El)", text):
        found.update(dict.fromkeys(re.findall(r"[^ ,][^,]*[^ ,]", names), said))
    return found


def said_by(*command):
    return subprocess.run([*command, "--help"], capture_output=True, text=True, check=True,
                          env=ENVIRONMENT, timeout=60).stdout


@pytest.mark.parametrize("path", MANUAL, ids=[path.name for path in MANUAL])
def test_a_page_is_clean(path):
    done = subprocess.run(["mandoc", "-T", "lint", path], capture_output=True, text=True, timeout=60)
    # What of the pages that it names is installed on this machine is not what it is asked for.
    said = [line for line in (done.stdout + done.stderr).splitlines()
            if "referenced manual not found" not in line and "outdated mandoc.db" not in line]
    assert said == []
    for name, number in re.findall(r"(?m)^\.Xr (claviger[\w.-]*) (\d)", path.read_text()):
        assert [found for found in MANUAL if found.name == f"{name}.{number}"], f"{name}({number})"


# ---- Commands and options ----------------------------------------------------------------------------

def test_the_service_has_the_options_of_its_page():
    text = page("claviger.fcgi.8")
    said = set(OPTION.findall(said_by(PROGRAM)))
    assert set(OPTION.findall(section(text, "SYNOPSIS"))) == said
    described = re.findall(r"(?m)^\.It Fl -([a-z-]+)", section(text, "DESCRIPTION"))
    assert set(described) == said and len(described) == len(said)


@pytest.fixture(scope="module")
def commands():
    """What claviger-admin says that it can, and with which options: {"token list": {"all", ...}}."""
    names = re.findall(r"(?m)^  ([a-z]+(?: [a-z]+)?) {2,}[A-Z]", said_by(ADMIN))
    found = {}
    for name in names:
        usage = said_by(ADMIN, *name.split()).partition("\n\n")[0]
        found[name] = set(OPTION.findall(usage.replace("claviger-admin", ""))) - OF_EACH
    return found


def test_the_admin_has_the_commands_and_options_of_its_page(commands):
    text = page("claviger-admin.8")
    listed = {}
    for part in section(text, "SYNOPSIS").split(".Nm\n"):
        name = re.match(r"\.Cm ([a-z ]+)\n", part)
        if name:
            listed[name[1]] = set(OPTION.findall(part))
    assert listed == commands
    described = items(section(text, "DESCRIPTION"))
    assert set(commands) <= set(described)
    known = set().union(*commands.values()) | OF_EACH
    assert set(re.findall(r"(?m)^\.(?:It )?Fl -([a-z-]+)", text)) <= known
    for option in OF_EACH:
        assert re.search(rf"(?m)^\.It Fl -{option}\b", text), option


# ---- Keys of the configuration ---------------------------------------------------------------------------

def table_of_keys():
    """The rows of docs/configuration.md: {key: (default, what it is)}."""
    found = {}
    for keys, default, words in re.findall(r"(?m)^\| (`\w+`(?:, `\w+`)*) \| (.*) \| (.*) \|$",
                                           CONFIGURATION):
        found.update(dict.fromkeys(re.findall(r"\w+", keys), (default, words)))
    return found


def test_each_key_is_described_and_no_other():
    described = items(section(page("claviger.conf.5"), "DESCRIPTION"))
    assert set(described) == set(table_of_keys()) == set(settings())


def test_a_key_has_the_bounds_and_the_default_that_are_described():
    described = items(section(page("claviger.conf.5"), "DESCRIPTION"))
    rows = table_of_keys()
    text = (ROOT / "lib" / "setting.c").read_text()
    words = {name: re.findall(r'"(\w[\w-]*)"', body) for name, body in
             re.findall(r"(\w+_words)\[\] = \{(.*?)\}", text, re.S)}
    words["switch_words"] = ["off", "on"]  # the first of them has a name there
    checked = 0
    for name, what, fallback in re.findall(
            r'\{ "(\w+)",[^,]*,\s*MEMBER\([\w.]+\),\s*(.*?), +("[^"]*"|NULL), +\w+ +\}', text):
        fallback = fallback.strip('"')
        numbers = re.match(r"(\d+), (\d+), NULL", what)
        for wanted in numbers.groups() if numbers else words.get(what[6:-1], []):
            assert re.search(rf"\b{wanted}\b", described[name]), f"{name}: {wanted}"
        if fallback not in ("", "NULL"):
            assert re.search(rf"(?s)Default.*\b{fallback}\b", described[name]), name
            assert fallback in rows[name][0], name
        checked += 1
    assert checked == len(settings())


def test_what_a_reload_takes_over_is_said_alike_everywhere():
    wanted = {name for name, is_taken in settings().items() if is_taken}
    reload = re.search(r"SIGHUP \([^)]*\) takes over (.*?);", CONFIGURATION, re.S)[1]
    assert set(re.findall(r"`(\w+)`", reload)) == wanted
    for text in (section(page("claviger.conf.5"), "Reloading", "Ss"), page("claviger.fcgi.8")):
        taken = re.search(r"(?s)^\.Dv SIGHUP\n.*?\btakes? over\n(.*?);", text, re.M)[1]
        assert set(re.findall(r"\b[a-z_]+\b", taken)) - {"and"} == wanted


# ---- The interface ---------------------------------------------------------------------------------------

def test_the_page_of_the_interface_lists_each_route():
    listed = re.findall(r"(?m)^([A-Z]+|\*) +(/[\w/.{}-]+) +(.*)$",
                        section(page("claviger-api.7"), "ROUTES"))
    without = {"ACCESS_CALLER": "any token", "ACCESS_CODE": "the code"}
    assert {f"{method} {path}": needs for method, path, needs in listed} == {
        "* /api/v1/authorize": "see claviger.fcgi(8)",
        **{route: permission or without.get(access, "-")
           for route, (access, permission) in route_table().items()}}


def test_the_page_of_the_interface_lists_each_refusal():
    text = section(page("claviger-api.7"), "Reasons", "Ss")
    listed = {status: set(re.findall(r"\w+", reasons)) for status, reasons in
              re.findall(r"(?m)^\.It (\d+)\n\.Cm (.*)$", text)}
    assert listed == {status: reasons for status, reasons in reasons_by_status().items()
                      if status != "200"}
