# SPDX-License-Identifier: ISC
"""100,000 tokens: one page is read and drawn at a time, and sorting all of them still works."""
import pytest

from claviger_site import wait_until
from conftest import opened

COUNT = 100_000


@pytest.fixture(scope="module")
def crowded():
    for site in opened("tokens_per_account = 200000\n"):
        site.fill(COUNT)
        yield site, site.start()


def asked(browser):
    """How many lists the page has asked for since it was opened."""
    return browser.driver.execute_script(
        "return performance.getEntriesByType('resource')"
        ".filter(({name}) => name.includes('/access-tokens?')).length")


def first_row(browser):
    return browser.find_all("//tbody/tr[1]/th")[0].text


def test_the_first_page_costs_one_request_and_fifty_rows(browser, crowded):
    site, web = crowded
    browser.sign_in(web, site.owner_key)
    browser.see("1–50 of more than 100")
    assert asked(browser) == 1
    assert len(browser.find_all("//tbody/tr")) == 50
    browser.check()
    browser.press("Next")
    browser.see("51–100 of more than 100")
    assert asked(browser) <= 2
    browser.press("Next")
    browser.see("101–150 of more than")
    browser.press("Previous")
    browser.see("51–100 of more than")


def test_all_are_sorted_and_searched(browser, crowded):
    site, web = crowded
    browser.sign_in(web, site.owner_key)
    browser.press("Name")
    browser.see(f"1–50 of {COUNT + 1:,}")
    wait_until(lambda: first_row(browser).startswith("first token"), "names in order")
    browser.press("Name")
    wait_until(lambda: first_row(browser) == f"name {COUNT - 1:06d}", "names the other way round")
    assert len(browser.find_all("//tbody/tr")) == 50
    browser.fill("Search by name", "name 012345")
    browser.see("1–1 of 1")
    assert first_row(browser) == "name 012345"
