# SPDX-License-Identifier: ISC
"""A real Chromium on the console, used as a person does: by what is written on the page."""
import pathlib
import shutil
import tempfile

from selenium import webdriver
from selenium.common.exceptions import (ElementNotInteractableException, NoSuchElementException,
                                        StaleElementReferenceException)
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from claviger_site import ROOT, wait_until

AXE = ROOT / "tests" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
DESK = (1280, 900)
PHONE = (390, 844)
# Nothing of Chromium's own goes out to the network.
OPTIONS = ("--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run", "--lang=en",
           "--disable-background-networking", "--disable-component-update", "--disable-sync",
           "--no-sandbox", "--disable-dev-shm-usage", "--force-device-scale-factor=1")
# What the page itself could hide from a log: kept from its first line on.
WATCH = """
window.reports = [];
addEventListener("securitypolicyviolation", (event) =>
    reports.push(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
addEventListener("error", (event) => reports.push(`error ${event.message}`));
addEventListener("unhandledrejection", (event) => reports.push(`rejection ${event.reason}`));
"""


def quoted(text):
    """TEXT as a string of XPath, which has no escapes."""
    return "concat(" + ", '\"', ".join(f'"{part}"' for part in text.split('"')) + ', "")'


class Browser:
    """One Chromium. Names of buttons, links and fields are what a person reads."""

    def __init__(self, language="en"):
        self.profile = tempfile.mkdtemp(prefix="clv-chromium-", dir="/tmp")
        self.downloads = pathlib.Path(self.profile) / "downloads"
        self.downloads.mkdir()
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for option in (*OPTIONS, f"--user-data-dir={self.profile}"):
            options.add_argument(option)
        options.add_experimental_option("prefs", {
            "intl.accept_languages": language,
            "download.default_directory": str(self.downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.usual()

    def usual(self):
        """A desk, in daylight."""
        self.resize(DESK)
        self.scheme("light")

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def resize(self, size):
        width, height = size
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=size == PHONE)

    def scheme(self, name):
        """NAME: "light" or "dark"."""
        self.cdp("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": name}])

    # -- where we are ------------------------------------------------------------------------

    def open(self, web, place=""):
        """Opens PLACE of the console anew, as by typing its address; the tab forgets its key."""
        address = f"http://127.0.0.1:{web.port}/"
        self.driver.get(address + "icon.svg")
        self.driver.execute_script("sessionStorage.clear()")
        self.driver.get(address + place)
        wait_until(self.settled, "the page to be there")

    def go(self, place):
        """Follows a link to PLACE, such as "#/tokens"."""
        self.driver.execute_script("location.hash = arguments[0]", place)
        wait_until(self.settled, f"{place} to be there")

    def settled(self):
        return self.driver.execute_script(
            "return document.readyState === 'complete' && !!document.querySelector('h1')"
            " && !document.querySelector('[aria-busy=true]')")

    def sign_in(self, web, key, remember=False):
        self.open(web)
        self.fill("Key", key)
        if remember:
            self.press("Remember the key in this tab")
        self.press("Sign in")
        wait_until(lambda: self.find_all("//header//button"), "to be signed in")
        wait_until(self.settled, "the first view")

    # -- what is there ------------------------------------------------------------------------

    def find_all(self, xpath):
        return [found for found in self.driver.find_elements(By.XPATH, xpath) if self.shown(found)]

    @staticmethod
    def shown(found):
        try:
            return found.is_displayed()
        except StaleElementReferenceException:
            return False

    def text(self):
        """All that can be read, dialogs before the page below them."""
        return self.driver.execute_script(
            "return (document.querySelector('dialog[open]') ?? document.body).innerText")

    def see(self, *texts):
        for text in texts:
            wait_until(lambda: text in self.text(), f"{text!r} to be read; there is: {self.text()}")

    def see_no_more(self, text):
        wait_until(lambda: text not in self.text(), f"{text!r} to be gone")

    def control(self, name):
        """The button, link, box or field called NAME; within the dialog that is open, if one is."""
        within = "//dialog[@open]" if self.find_all("//dialog[@open]") else "//body"
        name = quoted(name)
        for found in (self.find_all(" | ".join(within + part for part in (
                f"//*[self::button or self::a or self::summary][normalize-space()={name}]",
                f"//*[@aria-label={name}]", f"//*[@id=//label[normalize-space()={name}]/@for]")))):
            return found
        raise NoSuchElementException(name)

    def has(self, name):
        try:
            return self.control(name)
        except NoSuchElementException:
            return None

    def press(self, name):
        """Clicks what is called NAME, once it is there and can be."""
        def clicked():
            try:
                found = self.control(name)
                if not found.is_enabled():
                    return False
                found.click()
                return True
            except (NoSuchElementException, StaleElementReferenceException,
                    ElementNotInteractableException):
                return False
        wait_until(clicked, f"a click on {name!r}; there is: {self.text()}")
        # The address changes first, and the page follows in a task of its own.
        self.driver.execute_async_script("setTimeout(arguments[0])")
        wait_until(self.settled, f"what {name!r} leads to")

    def fill(self, name, text):
        field = wait_until(lambda: self.has(name), f"the field {name!r}; there is: {self.text()}")
        field.clear()
        field.send_keys(text)

    def choose(self, name, choice):
        field = wait_until(lambda: self.has(name), f"the choice {name!r}")
        Select(field).select_by_visible_text(choice)

    # -- answers that are slow ----------------------------------------------------------------

    def hold(self, part):
        """The next answer to a call whose address holds PART arrives with let_go()."""
        self.driver.execute_script("""
            const [part] = arguments, real = window.fetch;
            window.held = false;
            window.fetch = async (address, options) => {
                if (!String(address).includes(part))
                    return real(address, options);
                window.fetch = real;
                const answer = await real(address, options);
                await new Promise((open) => {
                    window.letGo = open;
                    window.held = true;
                });
                return answer;
            };""", part)

    def held(self):
        """Waits until the answer is held."""
        wait_until(lambda: self.driver.execute_script("return window.held"), "an answer to hold")

    def let_go(self):
        self.driver.execute_script("letGo()")

    # -- the keyboard -------------------------------------------------------------------------

    def keys(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self):
        """The name that a screen reader says for where the focus is."""
        return self.driver.switch_to.active_element.accessible_name

    def tab_to(self, name, most=90):
        """Presses Tab until NAME has the focus; it must be reached, and be seen to have it."""
        for _ in range(most):
            if self.focused() == name:
                return
            self.keys(Keys.TAB)
        raise AssertionError(f"no Tab leads to {name!r}")

    # -- what must hold for every page -----------------------------------------------------------

    def check(self):
        """No rule for accessible pages broken, nothing reported, nothing wider than the screen."""
        assert self.driver.execute_script("return window.reports") == []
        logged = [entry for entry in self.driver.get_log("browser")
                  if entry["level"] in ("SEVERE", "WARNING") and entry["source"] != "network"]
        assert logged == []
        wide = self.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{wide} pixels are beyond the edge"
        self.driver.execute_script(AXE.read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then((results) => done(results.violations.map("
            "({id, help, nodes}) => [id, help, nodes.map(({html, failureSummary}) =>"
            " html + ' ' + failureSummary)])))")
        assert found == [], found

    def screenshot(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(path))
