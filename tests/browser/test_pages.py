# SPDX-License-Identifier: ISC
"""Each page as it looks, on a desk and on a phone, in light and dark: accessible, within the screen,
with nothing reported. `make screenshots` keeps the pictures for the documentation."""
import os
import pathlib

import pytest

from browser import DESK, PHONE
from claviger_site import B, TOKENS
from conftest import opened

KEPT = os.environ.get("CLAVIGER_SCREENSHOTS")
SIZES = {"desk": DESK, "phone": PHONE}


def refuse(web, token):
    """Something for the charts: TOKEN asks for what it may not."""
    web.call("GET", B + "/websites", key=token["key"]).refused(403, "insufficient_scope")


@pytest.fixture(scope="module")
def lived_in():
    """A site as it looks after a while, its console signed in."""
    for site in opened():
        web = site.start()
        shop, blog = site.website("shop.example.com"), site.website("blog.example.com")
        web.create(name="Nightly report", permissions=["analytics:read", "goals:read"], websiteIds=[shop])
        agent = web.create(name="Agent", expiresIn=86400 * 3,
                           permissions=["analytics:read", "goals:read", "goals:write", "api-keys:read",
                                        "api-keys:write"])
        child = web.create(key=agent["key"], name="Sub-agent: weekly summary", permissions=["analytics:read"])
        web.create(key=agent["key"], name="Sub-agent: goals", permissions=["goals:read"], websiteIds=[blog])
        gone = web.create(name="Old deploy script")
        web.call("DELETE", f"{TOKENS}/{gone['id']}")
        for _ in range(5):
            web.call("GET", f"{TOKENS}/self", key=agent["key"])
        refuse(web, child)
        yield site, web, {"token": f"#/tokens/{agent['id']}", "website": f"#/websites/{shop}"}


PLACES = {"tokens": "#/tokens?state=all", "create": "#/create", "token": None, "websites": "#/websites",
          "website": None, "activity": "#/activity", "audit": "#/audit"}


def keep(browser, name):
    if KEPT:
        browser.screenshot(pathlib.Path(KEPT) / f"{name}.png")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_to_sign_in(browser, lived_in, size, scheme):
    _, web, _ = lived_in
    browser.resize(SIZES[size])
    browser.scheme(scheme)
    browser.open(web)
    browser.check()
    keep(browser, f"sign-in-{size}-{scheme}")


@pytest.mark.parametrize("name", PLACES)
def test_each_page(browser, lived_in, name):
    site, web, own = lived_in
    browser.sign_in(web, site.owner_key)
    browser.go(PLACES[name] or own[name])
    for size, pixels in SIZES.items():
        browser.resize(pixels)
        for scheme in ("light", "dark"):
            browser.scheme(scheme)
            browser.check()
            keep(browser, f"{name}-{size}-{scheme}")


@pytest.mark.parametrize("size", SIZES)
def test_the_dialogs(browser, lived_in, size):
    site, web, own = lived_in
    browser.sign_in(web, site.owner_key)
    browser.resize(SIZES[size])
    browser.go(own["token"])
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.press("Revoke")
        browser.see("2 living tokens were made by it.")
        browser.check()
        keep(browser, f"revoke-{size}-{scheme}")
        browser.press("Cancel")
    browser.go("#/create")
    browser.fill("Name", "For the picture")
    browser.press("Backend that checks tokens")
    browser.press("Create token")
    browser.see("Store this key now")
    browser.check()
    # A picture for everybody: no key of anybody's.
    key = browser.control("The key").text
    for node in browser.find_all("//dialog//code"):
        browser.driver.execute_script("arguments[0].textContent = arguments[0].textContent.replace("
                                      "arguments[1], 'dft_' + 'x'.repeat(48))", node, key)
    keep(browser, f"key-{size}")
    browser.press("I have stored the key")
    browser.press("Done")
    browser.see("For the picture", "Family")
