# SPDX-License-Identifier: ISC
"""Everything with the keyboard alone: each control is reached by Tab and says what it is."""
from selenium.webdriver.common.keys import Keys

from claviger_site import TOKENS, wait_until


def test_from_signing_in_to_a_revoked_token(browser, site, web):
    browser.open(web)
    assert browser.focused() == "Key"
    browser.keys(site.owner_key, Keys.ENTER)
    browser.see("New token")

    wait_until(lambda: browser.has("New token"), "the list")
    browser.tab_to("New token")
    browser.keys(Keys.ENTER)
    browser.see("New access token")
    wait_until(lambda: browser.focused() == "New access token", "the focus on the new view")
    browser.tab_to("Name")
    browser.keys("By keyboard")
    browser.tab_to("Backend that checks tokens")
    browser.keys(Keys.SPACE)
    browser.see("List access tokens; check what a token may do.")
    browser.tab_to("Create token")
    browser.keys(Keys.ENTER)

    browser.see("Store this key now")
    browser.keys(Keys.ESCAPE)
    browser.keys(Keys.ESCAPE)
    browser.see("Store this key now")
    key = browser.control("The key").text
    browser.tab_to("I have stored the key")
    browser.keys(Keys.SPACE)
    browser.tab_to("Done")
    browser.keys(Keys.ENTER)
    browser.see("By keyboard", "Family")
    record = web.call("GET", f"{TOKENS}/self", key=key).check().first

    wait_until(lambda: browser.focused() == "By keyboard", "the focus on the new view")
    browser.tab_to("Revoke")
    browser.keys(Keys.ENTER)
    browser.see("Revoke “By keyboard”?")
    browser.tab_to("Cancel")
    browser.keys(Keys.ENTER)
    wait_until(lambda: browser.focused() == "Revoke", "the focus to come back")
    browser.keys(Keys.ENTER)
    browser.see("Revoke “By keyboard”?")
    browser.tab_to("Revoke")
    browser.keys(Keys.ENTER)
    browser.see("“By keyboard” is revoked.")
    assert web.call("GET", f"{TOKENS}/{record['id']}").first["state"] == "revoked"
    browser.check()


def test_the_first_tab_skips_to_the_content(browser, site, web):
    browser.sign_in(web, site.owner_key, remember=True)
    browser.driver.refresh()
    browser.see("Sign out")
    browser.keys(Keys.TAB)
    assert browser.focused() == "Skip to the content"
    browser.keys(Keys.ENTER)
    browser.keys(Keys.TAB)
    assert browser.focused() == "New token"


def test_a_column_is_sorted(browser, site, web):
    for name in ("b2", "b10", "a"):
        web.create(name=name)
    browser.sign_in(web, site.owner_key)
    browser.tab_to("Name")
    browser.keys(Keys.ENTER)

    def names():
        rows = browser.find_all("//tbody//th//a")
        return [row.text for row in rows if row.text in ("a", "b2", "b10")]
    wait_until(lambda: names() == ["a", "b2", "b10"], "the names in order")
    wait_until(lambda: browser.focused() == "Name", "the focus to stay")
    browser.keys(Keys.ENTER)
    wait_until(lambda: names() == ["b10", "b2", "a"], "the names the other way round")
    browser.check()
