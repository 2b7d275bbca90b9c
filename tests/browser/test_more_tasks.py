# SPDX-License-Identifier: ISC
"""Changing what is there: a token's scope and key, websites, their teams; and looking back."""
import pytest

from browser import DESK, PHONE
from claviger_site import B, TOKENS, wait_until


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request, browser, site, web):
    browser.resize(request.param)
    browser.sign_in(web, site.owner_key)
    return browser


def show(page, token):
    page.go(f"#/tokens/{token['id']}")
    page.see(token["name"], "Family")


def test_a_key_is_changed_and_the_old_one_gets_time(page, web):
    token = web.create(name="To rotate")
    show(page, token)
    page.press("Change key")
    page.see("Change the key of “To rotate”?")
    page.choose("The old key", "works for another hour")
    page.press("Change key")
    page.see("Store this key now")
    page.check()
    key = page.control("The key").text
    page.press("I have stored the key")
    page.press("Done")
    page.see("Old key works until")
    assert key != token["key"]
    for each in (key, token["key"]):
        assert web.call("GET", f"{TOKENS}/self", key=each).first["id"] == token["id"]


def test_a_token_is_renamed_and_narrowed_with_what_it_made(page, web):
    token = web.create(name="Wide", permissions=["goals:read", "goals:write", "api-keys:read", "api-keys:write"])
    child = web.create(key=token["key"], name="Its child", permissions=["goals:read", "goals:write"])
    show(page, token)
    page.press("Rename or narrow")
    assert not page.control("read analytics:read").is_enabled()
    page.fill("Name", "Narrow")
    page.press("write goals:write")
    page.press("Narrow the tokens made by it as well")
    page.check()
    page.press("Save")
    page.see("Narrow “Wide”?", "It has not been used yet", "1 living token was made by it.")
    page.press("Narrow")
    page.see("“Narrow” is changed.", "Family")
    changed = web.call("GET", f"{TOKENS}/{token['id']}").first
    assert changed["name"] == "Narrow" and changed["expiresAt"] is None
    assert changed["permissions"] == ["goals:read", "api-keys:read", "api-keys:write"]
    assert web.call("GET", f"{TOKENS}/{child['id']}").first["permissions"] == ["goals:read"]


def test_a_whole_family_is_seen_and_revoked(page, web):
    elder = web.create(name="Elder", permissions=["goals:read", "api-keys:read", "api-keys:write"])
    middle = web.create(key=elder["key"], name="Middle")
    youngest = web.create(key=middle["key"], name="Youngest")
    show(page, middle)
    page.see("Elder", "Youngest")
    page.press("Tokens made by “Youngest”")
    page.see("It has made no token.")
    page.check()
    show(page, elder)
    page.press("Revoke")
    page.see("2 living tokens were made by it.")
    page.press("Revoke those 2 too")
    page.press("Revoke")
    page.see("“Elder” is revoked.")
    for token in (elder, middle, youngest):
        assert web.call("GET", f"{TOKENS}/{token['id']}").first["state"] == "revoked"


def test_a_token_for_one_website_found_by_its_name(page, site, web):
    width = page.driver.execute_script("return innerWidth")
    ids = {}
    for i in range(10):
        domain = f"site-{i}.w{width}.example"
        ids[domain] = web.call("POST", B + "/websites", {"domain": domain}).first["id"]
    wanted = f"site-7.w{width}.example"
    page.sign_in(web, site.owner_key)
    page.press("New token")
    page.fill("Name", "For one website")
    page.press("Operations agent for one website")
    page.see("On no website yet.")
    page.press("Create token")
    page.see("Choose at least one website, or all.")
    page.fill("Find a website", "site-7")
    page.press(wanted)
    page.see(f"On: {wanted}")
    page.press("Create token")
    page.see("Store this key now")
    key = page.control("The key").text
    page.press("I have stored the key")
    page.press("Done")
    page.see("Family")
    record = web.call("GET", f"{TOKENS}/self", key=key).first
    assert record["websiteIds"] == [ids[wanted]]


def test_a_website_and_its_team(page, site, web):
    width = page.driver.execute_script("return innerWidth")
    domain = f"w{width}.example"
    guest = site.account(f"guest-{width}@example.net")
    page.press("Websites")
    page.press("Add website")
    page.fill("Domain", "not a domain")
    page.press("Add website")
    page.see("One of the fields is not right.", "domain")
    page.fill("Domain", domain)
    page.press("Add website")
    page.see(f"{domain} is added.")
    page.press(domain)
    page.press("Rename")
    page.fill("Name", "Our shop")
    page.press("Rename")
    page.see("Our shop")
    page.press("Add to the team")
    page.fill("Account id", guest)
    page.press("Add to the team")
    page.see(guest)
    page.choose("Role of Owner", "viewer")
    page.see("The last owner stays")
    page.check()
    page.press("Delete website")
    page.see("Tokens lose their access")
    page.press("Delete website")
    page.see(f"{domain} is deleted.")
    assert domain not in [website["domain"] for website in web.call("GET", B + "/websites").data]


def test_the_audit_says_who_did_what(page, web):
    token = web.create(name="Audited", permissions=["goals:read", "api-keys:write"])
    web.call("POST", TOKENS, {"permissions": ["goals:write"]}, key=token["key"]).refused(
        403, "scope_exceeded", "permissions[0]")
    page.press("Audit")
    page.see("Token made", "Audited", "the operator", "A wider token was refused")
    page.press("Details")
    page.see("After", "Request", "from 127.0.0.1")
    page.check()


def test_filters_stay_in_the_address(page, site, web):
    web.create(name="Filter me", permissions=["alerts:read"])
    web.create(name="Not me", permissions=["funnels:read"])
    page.press("Access tokens")
    page.choose("Permission", "alerts:read")
    page.see_no_more("Not me")
    page.see("Filter me")
    page.fill("Search by name", "nothing has this name")
    page.see("No token matches.")
    page.check()
    wait_until(lambda: "q=nothing" in page.driver.current_url, "the address to follow")
    page.fill("Search by name", "FILTER")
    page.see("Filter me")
    page.choose("State", "revoked")
    page.see_no_more("Filter me")
