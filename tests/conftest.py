# SPDX-License-Identifier: ISC
"""Fixtures of all tests that drive the programs: a site for one module, and one of a test's own."""
import pathlib
import sys

import pytest

for folder in ("support", "model", "hosting"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / folder))

from claviger_site import PLAIN_CGI, Site  # noqa: E402

# How the tests' web server reaches the program changes nothing there.
collect_ignore = ["http/test_fastcgi_socket.py", "http/test_run_local.py",
                  "http/test_gate.py", "http/test_gate_sub_request.py",
                  "http/test_gate_docs.py", "http/test_policy_admin.py",
                  "http/test_installation.py"] if PLAIN_CGI else []


def opened(config="", make=None):
    """MAKE puts beside the database what the configuration names."""
    site = Site(config, make)
    try:
        yield site
    finally:
        site.close()


@pytest.fixture(scope="module")
def site():
    """Shared by the tests of a module: they must not depend on each other's tokens."""
    yield from opened()


@pytest.fixture(scope="module")
def web(site):
    return site.start()


@pytest.fixture
def fresh_site():
    """One test's own, to be stopped, broken and restarted."""
    yield from opened()


@pytest.fixture(scope="module")
def chromium():
    """A Chromium for the tests of a module."""
    from browser import Browser  # Selenium is for these tests alone
    browser = Browser()
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture
def browser(chromium):
    """The module's, at desk width and in light colours again."""
    chromium.usual()
    return chromium
