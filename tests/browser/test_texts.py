# SPDX-License-Identifier: ISC
"""All that the service can answer has a sentence, in each language; no word is missing."""
import json
import re
import subprocess

import pytest

from browser import Browser
from claviger_site import ROOT
from conftest import opened

WWW = ROOT / "www"
LANGUAGES = ("en", "de")


def texts(language):
    """What text/LANGUAGE.js exports, read by a JavaScript engine."""
    program = f"import('{WWW}/text/{language}.js').then((m) => console.log(JSON.stringify(m.default)))"
    done = subprocess.run(["node", "--no-warnings", "--experimental-default-type=module", "-e", program],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def all_texts():
    return {language: texts(language) for language in LANGUAGES}


def source():
    return "\n".join(path.read_text() for path in sorted((WWW / "js").rglob("*.js")))


def test_each_language_has_the_same_texts(all_texts):
    assert set(all_texts["en"]) == set(all_texts["de"])
    for key, english in all_texts["en"].items():
        german = all_texts["de"][key]
        assert type(english) is type(german), key
        names = [set(re.findall(r"\{\w+\}", json.dumps(text))) for text in (english, german)]
        assert names[0] == names[1], key


def test_each_text_is_used_and_each_used_one_is_there(all_texts):
    code = source()
    used = set(re.findall(r'"([a-z][A-Za-z]*(?:\.[A-Za-z0-9_:.-]+)?)"', code))
    # say(`state.${...}`): the beginning is in the code.
    beginnings = tuple(re.findall(r"`([a-zA-Z]+(?:\.[a-zA-Z]+)*\.)\$\{", code))
    unused = {key for key in all_texts["en"] if key not in used and not key.startswith(beginnings)}
    assert unused == set()
    said = set(re.findall(r'say(?:With)?\("([^"]+)"', code))
    assert said - set(all_texts["en"]) == set()


def test_each_reason_of_the_service_has_a_sentence(all_texts):
    reasons = set(re.findall(r'return "([a-z_]+)"', (ROOT / "lib" / "error.c").read_text())) - {"ok"}
    assert len(reasons) > 20
    assert {f"problem.{reason}" for reason in reasons} - set(all_texts["de"]) == set()


def test_each_action_of_the_audit_and_each_permission_has_a_sentence(all_texts):
    actions = re.findall(r'\] = "([a-z_.]+)"', (ROOT / "lib" / "audit.c").read_text())
    permissions = re.findall(r'\{ "([a-z-]+:[a-z]+)",', (ROOT / "lib" / "permission.c").read_text())
    assert len(actions) > 10 and len(permissions) == 18
    wanted = {f"audit.{action}" for action in actions} | {f"permission.{name}" for name in permissions}
    assert wanted - set(all_texts["de"]) == set()


def test_the_console_speaks_german():
    browser = Browser("de")
    try:
        for site in opened():
            web = site.start()
            web.create(name="Bericht", permissions=["goals:read", "goals:write"])
            browser.open(web)
            browser.see("Mit dem Schlüssel eines Zugriffstokens")
            browser.fill("Schlüssel", site.owner_key)
            browser.press("Anmelden")
            browser.see("Neues Token", "Ziele: lesen und schreiben", "alle Websites, auch künftige")
            assert browser.driver.execute_script("return document.documentElement.lang") == "de"
            browser.check()
            browser.choose("Sprache", "English")
            browser.see("With the key of an access token")
            browser.driver.refresh()
            browser.see("With the key of an access token")
    finally:
        browser.close()
