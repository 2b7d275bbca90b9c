# SPDX-License-Identifier: ISC
"""What people come to the console for, with the mouse, on a desk and on a phone."""
import pytest

from browser import DESK, PHONE
from claviger_site import B, TOKENS, wait_until


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request, browser, site, web):
    browser.resize(request.param)
    browser.sign_in(web, site.owner_key)
    return browser


def create(page, web, name):
    """Makes a token by the form; returns its record and key."""
    page.press("New token")
    page.fill("Name", name)
    page.press("Read-only analytics agent")
    page.press("Create token")
    page.see("Store this key now")
    key = page.control("The key").text
    page.press("I have stored the key")
    page.press("Done")
    page.see(name, "Family")
    return web.call("GET", f"{TOKENS}/self", key=key).check().first, key


def test_a_token_is_made_and_its_key_works(page, web):
    page.press("New token")
    page.fill("Name", "Nightly report")
    page.see("Nothing yet. Choose permissions.")
    page.press("Read-only analytics agent")
    page.see("Read analytics: visitors", "On: all websites, also future ones")
    page.choose("Expires", "in 30 days")
    page.press("Create token")
    page.see("Store this key now", "shown this once")
    key = page.control("The key").text
    page.press("I have stored the key")
    page.press("Done")
    page.see("Nightly report", "Analytics: read")
    page.check()
    record = web.call("GET", f"{TOKENS}/self", key=key).check().first
    assert record["name"] == "Nightly report"
    assert record["permissions"] == ["analytics:read", "goals:read", "websites:read", "funnels:read"]
    assert record["expiresAt"] and record["websiteIds"] == []
    assert key not in page.driver.page_source


def test_a_token_is_revoked_from_the_list(page, web):
    record, key = create(page, web, "Short-lived")
    page.press("Access tokens")
    page.press("Revoke “Short-lived”")
    page.see("Whatever uses its key is refused", "It has not been used yet",
             "0 living tokens were made by it")
    page.press("Revoke")
    page.see("“Short-lived” is revoked.")
    assert web.call("GET", B + "/account", key=key).status == 401
    page.check()
    assert web.call("GET", f"{TOKENS}/{record['id']}").first["state"] == "revoked"


def test_signing_out_forgets_the_key(page, web):
    page.press("Sign out")
    page.see("With the key of an access token")
    assert page.driver.execute_script("return sessionStorage.length") == 0
    page.driver.refresh()
    page.see("With the key of an access token")


def test_a_wrong_key_is_refused_in_words(browser, web):
    browser.open(web)
    browser.fill("Key", "dft_nonsense")
    browser.press("Sign in")
    browser.see("This key is not valid, or not any more")
    wait_until(lambda: browser.control("Sign in").is_enabled(), "another try")
    browser.check()
