# SPDX-License-Identifier: ISC
"""A Chromium for the tests of a module."""
import pytest

from browser import Browser, DESK


@pytest.fixture(scope="module")
def chromium():
    browser = Browser()
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture
def browser(chromium):
    """The module's, at desk width and in light colours again."""
    chromium.resize(DESK)
    chromium.scheme("light")
    return chromium
