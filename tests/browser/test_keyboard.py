# SPDX-License-Identifier: ISC
"""Everything with the keyboard alone: each control is reached by Tab and says what it is."""
from selenium.webdriver.common.keys import Keys

from claviger_site import B, TOKENS, wait_until


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
    wait_until(lambda: "<dialog" not in browser.driver.page_source, "the end of the question")
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


def press(browser, name, key=Keys.ENTER):
    """Goes to NAME by Tab and presses KEY there."""
    wait_until(lambda: browser.has(name), f"{name!r}; there is: {browser.text()}")
    browser.tab_to(name)
    browser.keys(key)


def test_a_token_is_narrowed_and_gets_another_key(browser, site, web):
    token = web.create(name="Keyed", permissions=["goals:read", "goals:write", "api-keys:write"])
    child = web.create(key=token["key"], name="Its child", permissions=["goals:read", "goals:write"])
    browser.sign_in(web, site.owner_key)
    press(browser, "Keyed")
    browser.see("Family")
    press(browser, "Tokens made by “Its child”")
    browser.see("It has made no token.")
    press(browser, "Rename or narrow")
    press(browser, "write goals:write", Keys.SPACE)
    press(browser, "Narrow the tokens made by it as well", Keys.SPACE)
    press(browser, "Save")
    browser.see("Narrow “Keyed”?")
    press(browser, "Narrow")
    browser.see("“Keyed” is changed.")
    assert web.call("GET", f"{TOKENS}/{child['id']}").first["permissions"] == ["goals:read"]

    press(browser, "Change key")
    browser.see("Change the key of “Keyed”?")
    browser.tab_to("The old key")
    browser.keys(Keys.ARROW_DOWN)
    press(browser, "Change key")
    browser.see("Store this key now")
    key = browser.control("The key").text
    press(browser, "I have stored the key", Keys.SPACE)
    press(browser, "Done")
    browser.see("Old key works until")
    assert web.call("GET", f"{TOKENS}/self", key=key).first["id"] == token["id"]
    browser.check()


def test_a_website_is_added_shared_and_deleted(browser, site, web):
    guest = site.account("keyboard@example.net")
    browser.sign_in(web, site.owner_key)
    press(browser, "Websites")
    press(browser, "Add website")
    browser.tab_to("Domain")
    browser.keys("keyboard.example", Keys.ENTER)
    browser.see("keyboard.example is added.")
    press(browser, "keyboard.example")
    press(browser, "Add to the team")
    browser.tab_to("Account id")
    browser.keys(guest)
    browser.tab_to("Role")
    browser.keys(Keys.ARROW_UP)
    press(browser, "Add to the team")
    browser.see(guest)
    website = browser.driver.current_url.rsplit("/", 1)[1]
    team = web.call("GET", f"{B}/websites/{website}/team").data
    assert {member["accountId"]: member["role"] for member in team}[guest] == "member"
    press(browser, "Delete website")
    press(browser, "Delete website")
    browser.see("keyboard.example is deleted.")
    browser.check()


def test_activity_audit_and_filters(browser, site, web):
    web.create(name="Findable", permissions=["alerts:read"])
    browser.sign_in(web, site.owner_key)
    press(browser, "Activity")
    browser.see("Requests:")
    press(browser, "As a table")
    press(browser, "Audit")
    browser.see("Token made")
    press(browser, "Details")
    browser.see("After")
    press(browser, "Access tokens")
    browser.tab_to("Search by name")
    browser.keys("findab")
    browser.see("1–1 of 1")
    press(browser, "Findable")
    browser.see("Alerts: read")
    press(browser, "Sign out")
    browser.see("With the key of an access token")
    browser.check()
