# SPDX-License-Identifier: ISC
"""Whatever people call their things, it is text and does nothing."""
import sqlite3

import pytest

from browser import Browser
from claviger_site import TOKENS
from conftest import opened

# Each would say so through window.reports, or change the page.
HOSTILE = ["<img src=x onerror=\"reports.push('ran')\">", "<script>reports.push('ran')</script>",
           "\"><svg onload=reports.push('ran')>", "javascript:reports.push('ran')",
           "{{constructor.constructor('reports.push(1)')()}}", "${reports.push('ran')}",
           "</title><base href=//example.net>", "{count} {name}", "&lt;b&gt;"]


@pytest.fixture(scope="module")
def hostile():
    """A site on which everything has such a name, also what the service would refuse."""
    for site in opened():
        web = site.start()
        domain = site.website("example.com")
        account = site.account("guest@example.net")
        tokens = [web.create(name=text[:100], websiteIds=[]) for text in HOSTILE]
        with sqlite3.connect(site.database) as database:
            database.execute("UPDATE websites SET name = ?, domain = ?", (HOSTILE[0], HOSTILE[1]))
            database.execute("UPDATE accounts SET name = ?", (HOSTILE[2],))
        web.call("PUT", f"/api/v1/admin/websites/{domain}/team/{account}", {"role": "viewer"})
        yield site, web, domain, tokens


def test_hostile_names_are_text_on_every_page(browser, hostile):
    site, web, domain, tokens = hostile
    browser.sign_in(web, site.owner_key)
    browser.see(*HOSTILE)
    for place in ("#/tokens", "#/create", f"#/tokens/{tokens[0]['id']}", "#/websites",
                  f"#/websites/{domain}", "#/audit", "#/activity"):
        browser.go(place)
        for details in browser.find_all("//summary"):
            details.click()
        browser.check()
    browser.go("#/tokens")
    for text in HOSTILE[:3]:
        browser.press(f"Revoke “{text}”")
        browser.see(f"Revoke “{text}”?")
        browser.press("Revoke")
        browser.see_no_more(f"Revoke “{text}”?")
    browser.check()
    states = {web.call("GET", f"{TOKENS}/{token['id']}").first["state"] for token in tokens[:3]}
    assert states == {"revoked"}


def test_the_address_of_the_page_is_text(browser, hostile):
    site, web, _, _ = hostile
    browser.sign_in(web, site.owner_key)
    for place in ("#/tokens/%3Cimg%20src=x%20onerror=reports.push(1)%3E", "#/%3Cscript%3E", "#//../x",
                  "#/tokens/%E0%A4%A", "#/tokens?q=%3Cb%3E&state=%22%3E&unused=x", "#javascript:alert(1)"):
        browser.go(place)
        browser.driver.refresh()
        browser.fill("Key", site.owner_key)
        browser.press("Sign in")
        browser.see("Sign out")
        assert browser.driver.execute_script("return window.reports") == []


def test_markup_in_an_answer_stays_out_of_the_page():
    """The browser itself refuses what would read markup: a mistake of ours would be seen here."""
    browser = Browser()
    try:
        for site in opened():
            browser.open(site.start())
            assert browser.driver.execute_script(
                "try { document.body.innerHTML = '<p>'; return 'read' } catch (e) { return e.name }"
            ) == "TypeError"
    finally:
        browser.close()
