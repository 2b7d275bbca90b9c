# SPDX-License-Identifier: ISC
"""No key is lost on its way to the person, and none outlives its session."""
from selenium.webdriver.common.keys import Keys

from claviger_site import TOKENS, wait_until

STORED = "return sessionStorage.getItem('claviger-key')"


def show(browser, token):
    browser.go(f"#/tokens/{token['id']}")
    browser.see(token["name"], "Family")


def holds_page(browser):
    """Does the browser ask before the page is left?"""
    return browser.driver.execute_script(
        "return !dispatchEvent(new Event('beforeunload', {cancelable: true}))")


def store(browser):
    """Takes the key from its dialog."""
    browser.see("Store this key now")
    key = browser.control("The key").text
    browser.press("I have stored the key")
    browser.press("Done")
    return key


def test_nothing_ends_the_question_while_the_key_is_on_its_way(browser, site, web):
    token = web.create(name="Hurried")
    browser.sign_in(web, site.owner_key)
    show(browser, token)
    browser.press("Change key")
    browser.hold("/rotate")
    browser.press("Change key")
    browser.held()
    assert holds_page(browser)
    browser.keys(Keys.ESCAPE)
    browser.keys(Keys.ESCAPE)
    browser.driver.execute_script("location.hash = '#/websites'")
    browser.let_go()
    key = store(browser)
    assert web.call("GET", f"{TOKENS}/self", key=key).first["id"] == token["id"]
    assert not holds_page(browser)


def test_two_keys_hold_the_page_until_both_are_stored(browser, site, web):
    token = web.create(name="Second key")
    browser.sign_in(web, site.owner_key)
    browser.press("New token")
    browser.fill("Name", "First key")
    browser.press("Backend that checks tokens")
    browser.hold("/access-tokens")
    browser.press("Create token")
    browser.held()
    browser.driver.execute_script(f"location.hash = '#/tokens/{token['id']}'")
    browser.let_go()
    browser.see("Store this key now")
    wait_until(lambda: browser.driver.execute_script(
        "return !!document.querySelector('main section')"), "the view of the other token")
    # The first dialog is open; the second comes from the view below it.
    browser.driver.execute_script("""
        [...document.querySelectorAll("main button")].find((node) => node.innerText === "Change key").click();
        document.querySelector("dialog:not(.firm) [type=submit]").click();""")
    wait_until(lambda: len(browser.find_all("//dialog//*[@aria-label='The key']")) == 2, "both keys")
    browser.driver.execute_script("""
        const second = document.querySelectorAll("dialog")[1];
        second.querySelector("[type=checkbox]").click();
        second.querySelector(".actions button").click();""")
    assert holds_page(browser)
    store(browser)
    assert not holds_page(browser)


def test_ones_own_key_is_changed_and_the_session_goes_on(browser, web, site):
    own = web.create(name="Own key", permissions=["api-keys:read", "websites:read"])
    browser.sign_in(web, own["key"], remember=True)
    show(browser, own)
    # What was asked with the old key is refused, and nothing else gets through at first.
    browser.press("Change key")
    browser.driver.execute_script(
        "const real = window.realFetch = fetch; window.fetch = (address, options) => options.method === 'POST' ?"
        " real(address, options) : Promise.reject(new TypeError('offline'))")
    browser.press("Change key")
    key = store(browser)
    browser.driver.execute_script("window.fetch = window.realFetch")
    assert browser.driver.execute_script(STORED) == key
    browser.press("Websites")
    browser.see("A token can be limited to some of these.")
    browser.driver.refresh()
    browser.see("Sign out")
    assert browser.driver.execute_script("return window.reports") == []


def test_a_lost_answer_does_not_cost_ones_own_token(browser, web, site):
    own = web.create(name="Answer lost", permissions=["api-keys:read"])
    browser.sign_in(web, own["key"])
    show(browser, own)
    browser.press("Change key")
    browser.driver.execute_script(
        "const real = fetch; window.fetch = async (...asked) => {"
        " window.fetch = real; await real(...asked); throw new TypeError('lost'); }")
    browser.press("Change key")
    browser.see("No answer arrived. Check your connection")
    browser.press("Change key")
    key = store(browser)
    assert web.call("GET", f"{TOKENS}/self", key=key).first["id"] == own["id"]


def test_a_refusal_of_the_old_key_does_not_end_the_session(browser, web, site):
    own = web.create(name="Slow refusal", permissions=["api-keys:read"])
    browser.sign_in(web, own["key"])
    show(browser, own)
    # Asked with the old key, and on its way until that is no more.
    browser.driver.execute_script("""
        const real = fetch;
        window.fetch = async (address, options) => {
            if (!String(address).includes("/activity"))
                return real(address, options);
            window.fetch = real;
            await new Promise((open) => { window.letGo = open; });
            const answer = await real(address, options);
            window.refused = answer.status === 401;
            return answer;
        };
        document.querySelector("main select").dispatchEvent(new Event("change"));
        [...document.querySelectorAll("main button")].find((node) => node.innerText === "Change key").click();
        document.querySelector("dialog select").value = "0";
        document.querySelector("dialog [type=submit]").click();""")
    browser.see("Store this key now")
    browser.let_go()
    wait_until(lambda: browser.driver.execute_script("return window.refused"), "the refusal")
    store(browser)
    browser.see("Slow refusal", "Sign out")


def test_signing_in_without_remembering_forgets_what_was_remembered(browser, site, web):
    other = web.create(name="Other person")
    browser.open(web)
    browser.driver.execute_script("sessionStorage.setItem('claviger-key', arguments[0])", other["key"])
    browser.fill("Key", site.owner_key)
    browser.press("Sign in")
    browser.see("Sign out")
    assert browser.driver.execute_script(STORED) is None


def test_an_answer_for_who_was_signed_in_before_changes_nothing(browser, site, web):
    reader = web.create(name="Next person", permissions=["analytics:read"])
    browser.sign_in(web, site.owner_key)
    browser.hold("/admin/account")
    browser.driver.execute_script("location.hash = '#/websites'")
    browser.held()
    browser.control("Sign out").click()
    browser.fill("Key", reader["key"])
    browser.press("Sign in")
    browser.see("Sign out")
    browser.let_go()
    browser.driver.execute_async_script("const [done] = arguments; fetch('icon.svg').then(() => done())")
    browser.go("#/create")
    browser.see("Your token may not make tokens")


def test_a_host_that_drops_authorization_gets_the_other_header(browser, site, web):
    browser.open(web)
    browser.driver.execute_script(
        "const real = fetch; window.fetch = (address, options) => {"
        " delete options.headers.Authorization; return real(address, options); }")
    browser.fill("Key", site.owner_key)
    browser.press("Sign in")
    browser.see("New token", "Sign out")


def test_the_key_is_saved_as_a_file_or_copied(browser, site, web):
    browser.sign_in(web, site.owner_key)
    browser.press("New token")
    browser.press("Backend that checks tokens")
    browser.press("Create token")
    browser.see("Store this key now")
    browser.press("Download as a file")
    saved = wait_until(lambda: list(browser.downloads.glob("*.key.txt")), "the file")[0]
    browser.cdp("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.press("Copy")
    browser.see("Copied.")
    assert saved.read_text().strip() == browser.driver.execute_script("return navigator.clipboard.readText()")
    assert saved.read_text().strip() == store(browser)
