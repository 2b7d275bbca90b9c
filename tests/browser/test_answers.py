# SPDX-License-Identifier: ISC
"""What the console says when the service refuses, is away or comes back: each really caused."""
import sqlite3

import pytest

from claviger_site import TOKENS, wait_until


def test_a_key_that_is_revoked_meanwhile_ends_the_session(browser, site, web):
    token = web.create(name="Soon gone")
    browser.sign_in(web, token["key"], remember=True)
    browser.press("New token")
    web.call("DELETE", f"{TOKENS}/{token['id']}")
    browser.press("Access tokens")
    browser.see("Sign in", "This key is not valid, or not any more")
    assert browser.driver.execute_script("return sessionStorage.length") == 0
    browser.check()


def test_a_stopped_web_server_and_one_that_is_back(browser, fresh_site):
    web = fresh_site.start()
    browser.sign_in(web, fresh_site.owner_key)
    browser.cdp("Network.enable")
    browser.cdp("Network.emulateNetworkConditions", offline=True, latency=0,
                downloadThroughput=-1, uploadThroughput=-1)
    try:
        browser.press("Websites")
        browser.see("No answer arrived. Check your connection")
        browser.check()
    finally:
        browser.cdp("Network.emulateNetworkConditions", offline=False, latency=0,
                    downloadThroughput=-1, uploadThroughput=-1)
    browser.press("Try again")
    browser.see("There is no website yet.")
    web.stop()
    browser.press("Access tokens")
    browser.see("No answer arrived. Check your connection")


def test_a_locked_database_is_named_as_what_it_is(browser, site, web):
    browser.sign_in(web, site.owner_key)
    browser.press("New token")
    browser.fill("Name", "While it is locked")
    browser.press("Backend that checks tokens")
    with sqlite3.connect(site.database, isolation_level=None) as database:
        database.execute("BEGIN IMMEDIATE")
        browser.press("Create token")
        browser.see("The service is busy. Try again in")
        database.execute("ROLLBACK")
    browser.press("Create token")
    browser.see("Store this key now")
    browser.press("I have stored the key")
    browser.press("Done")
    browser.see("While it is locked", "Family")
    assert len(web.call("GET", TOKENS + "?q=While%20it%20is%20locked").data) == 1


def test_a_lost_answer_leaves_one_token(browser, site, web):
    """The key that nobody saw is replaced: sent again is the same Idempotency-Key."""
    browser.sign_in(web, site.owner_key)
    browser.press("New token")
    browser.fill("Name", "Answer lost")
    browser.press("Backend that checks tokens")
    browser.driver.execute_script(
        "const real = fetch; window.fetch = async (...asked) => {"
        " await real(...asked); window.fetch = real; throw new TypeError('lost'); }")
    browser.press("Create token")
    browser.see("No answer arrived. Check your connection")
    browser.press("Create token")
    browser.see("Store this key now")
    key = browser.control("The key").text
    browser.press("I have stored the key")
    browser.press("Done")
    browser.see("Answer lost", "Family")
    alive = web.call("GET", TOKENS + "?q=Answer%20lost&state=active").data
    assert [token["id"] for token in alive] == [web.call("GET", f"{TOKENS}/self", key=key).first["id"]]


def test_the_web_servers_own_pages_become_sentences(browser, site, web):
    """Answers without JSON, as a web server makes them by itself."""
    browser.sign_in(web, site.owner_key)
    for status, text in ((502, "The service does not run at the moment"), (418, "answered with status 418"),
                         (413, "too much at once"), (504, "did not answer in time")):
        browser.driver.execute_script(
            "const real = window.realFetch ??= fetch;"
            "window.fetch = () => Promise.resolve(new Response('<h1>No</h1>', {status: arguments[0]}))"
            .replace("arguments[0]", str(status)))
        browser.go("#/audit")
        browser.see(text)
        browser.driver.execute_script("window.fetch = window.realFetch")
        browser.press("Try again")
        browser.see("Who changed what")
        wait_until(browser.settled, "the audit")
        browser.go("#/tokens")


@pytest.mark.parametrize("field, text, sentence", [
    ("Addresses", "300.1.1.1", "allowedIps[0]"), ("Name", "a\tb", "control"), ])
def test_a_wrong_field_is_named_beside_it(browser, site, web, field, text, sentence):
    browser.sign_in(web, site.owner_key)
    browser.press("New token")
    browser.press("Backend that checks tokens")
    browser.driver.execute_script("arguments[0].value = arguments[1]", browser.control(field), text)
    browser.press("Create token")
    browser.see(sentence)
    assert browser.focused() == field
    browser.check()


def test_what_the_caller_may_not_give_is_shown_with_the_reason(browser, site, web):
    website = site.website("limited.example")
    site.website("other.example")
    limited = web.create(name="Limited", permissions=["analytics:read", "api-keys:read", "api-keys:write",
                                                      "websites:read"],
                         websiteIds=[website], expiresIn=7200)
    browser.sign_in(web, limited["key"])
    browser.press("New token")
    browser.see("Not within your own token.", "with yours:")
    assert not browser.control("Everything").is_enabled()
    assert not browser.control("write goals:write").is_enabled()
    assert not browser.control("All websites, also future ones").is_enabled()
    assert not browser.control("Operations agent for one website").is_enabled()
    assert "other.example" not in browser.text()
    browser.press("Backend that checks tokens")
    browser.press("Create token")
    browser.see("Store this key now")
    browser.press("I have stored the key")
    browser.press("Done")
    browser.see("limited.example")


def test_a_token_that_may_nothing_sees_itself(browser, site, web):
    reader = web.create(name="Reader", permissions=["analytics:read"])
    browser.sign_in(web, reader["key"])
    browser.see("Your token may not list tokens")
    assert not browser.has("Audit") and not browser.has("Websites") and not browser.has("New token")
    browser.press("See your own token")
    browser.see("Analytics: read", "Change key")
    browser.go("#/create")
    browser.see("Your token may not make tokens")
    browser.go("#/audit")
    browser.see("Your token lacks the permission for this.")
    browser.check()
