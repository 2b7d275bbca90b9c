# SPDX-License-Identifier: ISC
"""Unusual accounts, tokens and clocks."""
import contextlib
import sqlite3

import pytest

from browser import PHONE
from claviger_site import B, TOKENS
from conftest import opened

CATALOGUE = """analytics:read Read our own figures.
api-keys:read List tokens.
api-keys:write Make tokens.
websites:read List websites.
websites:write Change websites.
settings:read Read settings.
settings:write Change settings.
team:read See the team.
team:write Change the team.
"""


@contextlib.contextmanager
def own_site(config="", make=None):
    sites = opened(config, make)
    try:
        site = next(sites)
        yield site, site.start()
    finally:
        sites.close()


def show(browser, token):
    browser.go(f"#/tokens/{token['id']}")
    browser.see(token["name"], "Family")


def test_deleted_websites_neither_hinder_a_creation_nor_a_change(browser, site, web):
    here, gone = site.website("here.example"), site.website("gone.example")
    permissions = ["goals:read", "websites:read", "api-keys:read", "api-keys:write"]
    limited = web.create(name="Of two websites", permissions=permissions, websiteIds=[here, gone])
    left = web.create(name="Of none", permissions=permissions, websiteIds=[gone])
    web.call("DELETE", f"{B}/websites/{gone}").check()
    browser.sign_in(web, limited["key"])
    browser.press("New token")
    browser.press("Backend that checks tokens")
    browser.see("On: here.example")
    browser.press("Create token")
    browser.see("Store this key now")
    browser.press("I have stored the key")
    browser.press("Done")
    browser.see("Family")
    browser.sign_in(web, site.owner_key)
    for token in (limited, left):
        show(browser, token)
        browser.press("Rename or narrow")
        browser.fill("Name", token["name"] + ", renamed")
        browser.press("Save")
        browser.see(f"“{token['name']}, renamed” is changed.", "Family")
        record = web.call("GET", f"{TOKENS}/{token['id']}").first
        assert record["websiteIds"] == token["websiteIds"]


def test_a_change_of_nothing_is_none(browser, site, web):
    token = web.create(name="As it was")
    browser.sign_in(web, site.owner_key)
    show(browser, token)
    browser.press("Rename or narrow")
    browser.press("Save")
    browser.see_no_more("Take away what it does not need.")
    browser.see("As it was", "Family")


def test_an_account_without_websites_is_told_so(browser, fresh_site):
    browser.sign_in(fresh_site.start(), fresh_site.owner_key)
    browser.press("New token")
    browser.see("There is no website yet.")
    assert not browser.control("Only these").is_enabled()
    assert "Your token may not list" not in browser.text()


def test_what_lives_below_a_revoked_token_is_not_passed_over(browser, site, web):
    elder = web.create(name="Counted elder", permissions=["goals:read", "api-keys:read", "api-keys:write"])
    middle = web.create(key=elder["key"], name="Revoked middle")
    youngest = web.create(key=middle["key"], name="Living youngest")
    expired = web.create(key=elder["key"], name="Expired one")
    web.call("DELETE", f"{TOKENS}/{middle['id']}").check()
    with sqlite3.connect(site.database, timeout=20) as database:
        database.execute("UPDATE tokens SET expires_at = 1000 WHERE id = ?", (bytes.fromhex(expired["id"]),))
    browser.sign_in(web, site.owner_key)
    show(browser, elder)
    browser.press("Revoke")
    browser.see("0 living tokens were made by it.", "Not counted:")
    browser.press("Revoke all that was made by it too")
    browser.press("Revoke")
    browser.see("“Counted elder” is revoked.")
    assert web.call("GET", f"{TOKENS}/{youngest['id']}").first["state"] == "revoked"


@pytest.mark.parametrize("name", ["\U0001F600" * 100, "W" * 100, "\u05D0\u05D1\u05D2 \u05D3\u05D4" * 16])
def test_a_long_name_is_made_shown_and_changed(browser, site, web, name):
    token = web.create(name=name)
    browser.sign_in(web, token["key"])
    browser.go("#/audit")
    browser.check()
    browser.resize(PHONE)
    browser.go("#/tokens")
    browser.see(name)
    browser.check()
    browser.go(f"#/tokens/{token['id']}")
    browser.see(name, "Family")
    browser.check()
    browser.press("Revoke")
    browser.see(f"Revoke “{name}”?")
    browser.check()
    browser.press("Cancel")
    browser.go("#/create")
    assert browser.driver.execute_script("return arguments[0].maxLength", browser.control("Name")) == -1


def test_a_catalogue_of_ones_own_speaks_for_itself(browser):
    def make(own):
        more = "".join(f"resource-{i}:read Sentence {i}.\n" for i in range(64 - CATALOGUE.count("\n")))
        path = own.directory / "catalogue"
        path.write_text(CATALOGUE + more)
        path.chmod(0o600)
    with own_site("catalogue = {directory}/catalogue\n", make) as (site, web):
        browser.sign_in(web, site.owner_key)
        browser.press("New token")
        browser.see("Read our own figures.", "resource-54", "Sentence 54.")
        browser.press("read resource-54:read")
        browser.press("Read-only analytics agent")
        browser.see("Read our own figures.\nList websites.")
        browser.check()


def test_a_wrong_clock_is_told_by_the_service(browser, site, web):
    token = web.create(name="Just made", expiresIn=2 * 86400)
    browser.sign_in(web, site.owner_key)
    browser.driver.execute_script("const real = Date.now; Date.now = () => real() - 30 * 86400000")
    browser.go(f"#/tokens/{token['id']}")
    browser.see("soon: in 2 days")
    browser.driver.execute_script("const real = Date.now; Date.now = () => real() + 60 * 86400000")
    browser.go("#/tokens")
    browser.see("just now", "soon: in 2 days")


def test_a_caller_that_ends_at_once_gives_its_own_end(browser, site, web):
    brief = web.create(name="Brief", permissions=["goals:read", "api-keys:read", "api-keys:write"], expiresIn=60)
    browser.sign_in(web, brief["key"])
    browser.press("New token")
    browser.press("Backend that checks tokens")
    browser.see("with yours:")
    browser.press("Create token")
    browser.see("Store this key now")
    key = browser.control("The key").text
    browser.press("I have stored the key")
    browser.press("Done")
    assert web.call("GET", f"{TOKENS}/self", key=key).first["expiresAt"] == brief["expiresAt"]
