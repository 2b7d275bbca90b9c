# SPDX-License-Identifier: ISC
"""The documentation in a browser: accessible, on a desk and on a phone, without anything that its
policy forbids. One page of each kind, for all are made alike."""
import pytest

from browser import DESK, PHONE
from claviger_site import BUILD

SITE = BUILD / "site"
PAGES = ["index.html", "gate.html", "configuration.html", "claviger.conf.5.html"]


@pytest.fixture(scope="module")
def web(site):
    return site.start(www=SITE)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_one_for_everybody(browser, web, name):
    for size, scheme in ((DESK, "light"), (PHONE, "dark")):
        browser.resize(size)
        browser.scheme(scheme)
        browser.open(web, f"docs/{name}")
        browser.check()


def test_one_page_leads_to_the_next(browser, web):
    browser.open(web, "docs/")
    browser.press("The interface")
    browser.see("Authentication", "Who am I")
    browser.tab_to("Skip to the text")
    browser.press("Errors")
    assert browser.driver.current_url.endswith("/docs/api.html#errors")
    source = browser.control("Read this page as Markdown").get_attribute("href")
    assert source.endswith("/docs/api.md")
