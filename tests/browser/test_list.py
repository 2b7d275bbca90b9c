# SPDX-License-Identifier: ISC
"""The list of tokens and its neighbours while somebody is quick: what was asked last is what stands
there, once, and the focus is never lost."""
import secrets

import pytest

from claviger_site import TOKENS, wait_until
from conftest import opened

COUNT = 129


@pytest.fixture(scope="module")
def full():
    for site in opened():
        site.fill(COUNT, digits=3)
        yield site, site.start()


def asked(browser, part):
    return browser.driver.execute_script(
        "return performance.getEntriesByType('resource').map(({name}) => name)"
        ".filter((name) => name.includes(arguments[0]))", part)


def click_twice(browser, name):
    browser.driver.execute_script("arguments[0].click(); arguments[0].click()", browser.control(name))
    wait_until(browser.settled, f"what {name!r} leads to")


def test_a_double_click_reads_no_page_twice(browser, full):
    site, web = full
    browser.sign_in(web, site.owner_key)
    click_twice(browser, "Name")
    browser.see(f"1–50 of {COUNT + 1}")
    browser.press("Access tokens")
    browser.press("Next")
    click_twice(browser, "Next")
    browser.see(f"101–{COUNT + 1} of {COUNT + 1}")


def test_the_focus_stays_with_who_turns_pages_or_revokes(browser, full):
    site, web = full
    browser.sign_in(web, site.owner_key)
    browser.press("Next")
    browser.see("51–100 of")
    wait_until(lambda: browser.focused() == "Next", "the focus on the same button")
    rows = [row.text for row in browser.find_all("//tbody//th//a")]
    browser.press(f"Revoke “{rows[3]}”")
    browser.press("Revoke")
    browser.see_no_more(f"Revoke “{rows[3]}”")
    browser.see("51–100 of")
    wait_until(lambda: browser.focused() == rows[4], "the focus on the next row")
    browser.press("Next")
    browser.see("101–")
    wait_until(lambda: browser.focused() == "Previous", "the focus on what is left")


def test_two_clicks_ask_one_question(browser, full):
    site, web = full
    browser.sign_in(web, site.owner_key)
    name = browser.find_all("//tbody//th//a")[5].text
    click_twice(browser, f"Revoke “{name}”")
    browser.see(f"Revoke “{name}”?")
    browser.press("Cancel")
    assert not browser.find_all("//dialog")


def test_the_focus_goes_with_what_is_loaded(browser, full):
    site, web = full
    domain = "focus.example"
    website = site.website(domain)
    browser.sign_in(web, site.owner_key)
    browser.go(f"#/websites/{website}")
    wait_until(lambda: browser.focused() == domain, "the focus on the heading")
    for _ in range(101):
        web.call("PUT", f"/api/v1/admin/websites/{website}", {"name": secrets.token_hex(4)}).check()
    browser.go("#/audit")
    browser.press("Older entries")
    wait_until(lambda: browser.focused() == "Details", "the focus on the first that is new")


def test_a_filter_stands_behind_the_hash_from_the_first_view_on(browser, full):
    site, web = full
    browser.sign_in(web, site.owner_key, remember=True)
    browser.choose("State", "expired")
    browser.see("No token matches.")
    assert browser.driver.execute_script("return location.search") == ""
    browser.driver.refresh()
    browser.see("No token matches.")


def test_of_the_address_only_filters_reach_the_service(browser, full):
    site, web = full
    browser.sign_in(web, site.owner_key)
    browser.go("#/tokens?state=active&unused=x&parentId=000000000000000000000000&limit=7&key=abc")
    browser.see("name 128", "1–50 of")
    assert not asked(browser, "parentId") and not asked(browser, "key=")
    assert asked(browser, "state=active")


def test_a_key_is_not_searched_for(browser, full):
    site, web = full
    browser.sign_in(web, site.owner_key)
    browser.fill("Search by name", site.owner_key)
    browser.see("That is a key")
    assert site.owner_key not in browser.driver.current_url
    assert not asked(browser, site.owner_key)


def test_the_range_that_was_chosen_last_is_shown(browser, full):
    site, web = full
    browser.sign_in(web, site.owner_key)
    browser.go("#/activity")
    browser.hold("/activity?")
    browser.choose("Show", "the last 30 days")
    browser.held()
    browser.choose("Show", "the last 24 hours")
    wait_until(browser.settled, "the hours")
    shown = "return document.querySelector('figure svg').innerHTML"
    hours = browser.driver.execute_script(shown)
    browser.let_go()
    browser.driver.execute_async_script("const [done] = arguments; fetch('icon.svg').then(() => done())")
    assert browser.driver.execute_script(shown) == hours


def test_a_question_ends_with_the_view_that_it_was_asked_in(browser, full):
    site, web = full
    token = web.create(name="Asked about")
    browser.sign_in(web, site.owner_key)
    browser.press("Revoke “Asked about”")
    browser.see("Revoke “Asked about”?")
    browser.driver.execute_script("location.hash = '#/websites'")
    browser.see("A token can be limited to some of these.")
    assert web.call("GET", f"{TOKENS}/{token['id']}").first["state"] == "active"
