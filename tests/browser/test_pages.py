# SPDX-License-Identifier: ISC
"""Each page as it looks, on a desk and on a phone, in light and dark: accessible, within the screen,
with nothing reported. `make screenshots` keeps the pictures for the documentation."""
import os
import pathlib
import sqlite3
import time

import pytest

from browser import DESK, PHONE
from claviger_site import B, ROOT, TOKENS, wait_until
from conftest import opened

PAGE = ROOT / "docs" / "console.md"
KEPT = os.environ.get("CLAVIGER_SCREENSHOTS")
SIZES = {"desk": DESK, "phone": PHONE}


def refuse(web, token):
    """Something for the charts: TOKEN asks for what it may not."""
    web.call("GET", B + "/websites", key=token["key"]).refused(403, "insufficient_scope")


def age(site):
    """Gives the site a week behind it."""
    hour = int(time.time()) // 3600
    hours = [(hour - i, 20 + 13 * (i % 7) + 40 * (i % 24 > 9), i % 5 == 0) for i in range(1, 160)]
    with sqlite3.connect(site.database, timeout=20) as database:
        for table, column, of in (("token_activity", "token", "tokens"),
                                  ("account_activity", "account", "accounts")):
            database.executemany(f"INSERT INTO {table} (hour, {column}, requests, refusals)"
                                 f" SELECT ?, sequence, ?, ? FROM {of}", hours)
        database.execute("UPDATE tokens SET use_count = sequence * 113, last_used_ip = '192.0.2.7',"
                         " last_used_at = ? - sequence * sequence * 900000 WHERE sequence > 1",
                         (int(time.time() * 1000),))


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
        age(site)
        yield site, web, {"token": f"#/tokens/{agent['id']}", "website": f"#/websites/{shop}"}


PLACES = {"tokens": "#/tokens?state=all", "create": "#/create", "token": None, "websites": "#/websites",
          "website": None, "activity": "#/activity", "audit": "#/audit"}


def keep(browser, name):
    """Of the pictures, those that docs/console.md shows."""
    if KEPT and f"images/{name}.png" in PAGE.read_text():
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
    browser.scheme("light")
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


def test_the_charts_show_what_the_service_counted(browser, lived_in):
    site, web, _ = lived_in
    browser.sign_in(web, site.owner_key)

    def hours(counted):
        """What the service says, as the table has it."""
        data = web.call("GET", B + "/activity?days=1").data
        return [f"{hour[counted]:,}" for hour in data if hour[counted]]

    for counted, title, kind in (("requests", "Requests", "uses"),
                                 ("refusals", "Refused requests", "refusals")):
        wanted = [hours(counted)]
        browser.go("#/websites")
        browser.go("#/activity")
        browser.choose("Show", "the last 24 hours")
        wait_until(lambda: len(browser.find_all("//figure//*[name()='text']")) > 10, "the hours")
        wanted.append(hours(counted))  # the hour may just have changed
        chart = f"//figure[contains(@class, '{kind}')]"
        browser.find_all(chart + "//summary")[0].click()
        rows = [cell.text for cell in browser.find_all(chart + "//tbody//td")]
        assert rows in wanted and rows
        assert len(browser.find_all(chart + "//*[name()='rect']")) == len(rows)
        total = sum(int(row.replace(",", "")) for row in rows)
        browser.see(f"{title}: {total:,}")
        browser.check()
