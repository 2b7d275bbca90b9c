# SPDX-License-Identifier: ISC
"""The programs of docs/backends.md, run as they stand there: only a clear yes is one."""
import os
import re
import shutil
import subprocess

import pytest

from asking import QUICK
from claviger_site import ENVIRONMENT, ROOT, free_port, well_formed
from conftest import opened

TEXT = (ROOT / "docs" / "backends.md").read_text()
LANGUAGES = {"sh": ("may.sh", ["sh"]), "python": ("may.py", ["python3"]), "php": ("may.php", ["php"]),
             "js": ("may.js", ["node"]), "c": ("may.c", [])}


def blocks(language):
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", TEXT)


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK)


@pytest.fixture(scope="module")
def people(site, web):
    """Keys by what is to come of them, for goals:read on the website."""
    mine, other = site.website("mine.example"), site.website("other.example")
    backend = web.create(permissions=["api-keys:read"])["key"]
    keys = {"good": web.create(permissions=["goals:read"], websiteIds=[mine])["key"],
            "narrow": web.create(permissions=["alerts:read"])["key"],
            "elsewhere": web.create(permissions=["goals:read"], websiteIds=[other])["key"],
            "wrong": well_formed(), "nothing": "", "garbage": 'x","permissions":[],"y":"',
            "escape": "\\u0022", "display": "dft_ab1...xyz9"}
    return backend, mine, keys


@pytest.fixture(scope="module", params=LANGUAGES)
def program(request, site):
    name, command = LANGUAGES[request.param]
    path = site.directory / name
    path.write_text(blocks(request.param)[0])
    if request.param == "c":
        subprocess.run(["cc", "-o", path.with_suffix(""), path, "-lcurl"], check=True, timeout=60)
        return [path.with_suffix("")]
    assert shutil.which(command[0]), f"{command[0]} is not installed"
    return [*command, path]


def may(program, url, backend, key, website):
    environment = {**ENVIRONMENT, "CLAVIGER_URL": url, "CLAVIGER_KEY": backend}
    done = subprocess.run([*map(str, program), "goals:read", website], input=key + "\n", text=True,
                          capture_output=True, timeout=60, env=environment)
    assert done.returncode in (0, 1), done.stderr
    assert key == "" or key not in done.stdout + done.stderr
    return done.returncode == 0


def test_who_may_may_and_nobody_else(web, people, program):
    backend, website, keys = people
    url = f"http://127.0.0.1:{web.port}"
    assert {name: may(program, url, backend, key, website) for name, key in keys.items()} == \
        {name: name == "good" for name in keys}


def test_where_nobody_can_be_asked_nobody_may(web, people, program):
    backend, website, keys = people
    url = f"http://127.0.0.1:{web.port}"
    assert not may(program, f"http://127.0.0.1:{free_port()}", backend, keys["good"], website)
    assert not may(program, url, well_formed(), keys["good"], website)
    assert not may(program, url, keys["narrow"], keys["good"], website)
    assert not may(program, url + "/elsewhere", backend, keys["good"], website)


def test_what_is_told_is_read_as_it_is_meant(people, monkeypatch):
    _, website, _ = people
    found = {}
    exec(blocks("python")[1], found)
    for told, reached in (("*", True), (website, True), ("0" * 24 + " " + website, True), ("", False),
                          ("many", False), ("none", False), ("0" * 24, False), (None, False)):
        monkeypatch.delenv("CLAVIGER_WEBSITE_IDS", raising=False)
        if told is not None:
            monkeypatch.setitem(os.environ, "CLAVIGER_WEBSITE_IDS", told)
        assert found["reaches"](website) == reached, told
