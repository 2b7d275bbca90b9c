# SPDX-License-Identifier: ISC
"""Every call of the documentation, typed as it stands there: it does what the page says, and where
the page shows an answer, that is the answer."""
import json
import re

import pytest

from asking import QUICK
from claviger_site import ROOT
from conftest import opened
from reader import OF_THE_MACHINE, Reader, blocks

# Two pages have tests of their own, which run all that they say.
ELSEWHERE = {"docs/gate.md", "docs/backends.md"}
PAGES = ["README.md"] + sorted(
    {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} - ELSEWHERE)
# What differs from one run to the next, and what stands for it.
VARIES = [
    (re.compile(r"[0-9a-f]{24}"), "an id"), (re.compile(r"dft_[0-9A-Za-z]{48}"), "a key"),
    (re.compile(r"dft_[0-9A-Za-z]{3}\.\.\.[0-9A-Za-z]{4}"), "a display key"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "a moment"), (re.compile(r"\d+"), "a number"),
]
VARIES_BY_NAME = {"requestId": "a request", "nextCursor": "a cursor", "iat": "a time", "exp": "a time",
                  "lastUsedAt": "a use", "lastUsedIp": "a use", "useCount": "a use"}


def comparable(value, name=None):
    """VALUE of JSON with all that varies named instead."""
    if isinstance(value, dict):
        return {key: comparable(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        # An hour of activity is there when it was written.
        return [comparable(inner) for inner in value if not (
            isinstance(inner, dict) and set(inner) == {"at", "requests", "refusals"})]
    if name in VARIES_BY_NAME and (value is not None or name.startswith("last")):
        return VARIES_BY_NAME[name]
    if isinstance(value, str):
        return next((said for pattern, said in VARIES if pattern.fullmatch(value)), value)
    return value


@pytest.fixture
def site():
    yield from opened(QUICK)


@pytest.fixture
def ownerless():
    """A site whose database is still to be made."""
    for site in opened(QUICK):
        for path in site.directory.glob("claviger.db*"):
            path.unlink()
        yield site


def test_each_call_of_the_pages_stands_where_it_is_typed():
    """So that none is shown which nobody tries."""
    for page in PAGES:
        text = (ROOT / page).read_text()
        for block, _ in blocks(page):
            if not OF_THE_MACHINE.search(block):
                text = text.replace(block, "")
        assert re.findall(r"(?m)^.*\bcurl\b.*\s-.*$", re.sub(r"`[^`\n]+`", "", text)) == [], page


@pytest.mark.parametrize("page", PAGES)
def test_the_calls_of_a_page_do_what_it_says(page, site, ownerless, tmp_path):
    found = blocks(page)
    (tmp_path / "first").mkdir()
    reader = Reader(site.start(), tmp_path / "first")
    for block, shown in found:
        if OF_THE_MACHINE.search(block):
            continue
        if "/bootstrap" in block:
            code = re.search(r"(?m)^CODE='(.*)'$", block)[1]
            (ownerless.directory / "bootstrap-code.txt").write_text(code + "\n")
            (ownerless.directory / "bootstrap-code.txt").chmod(0o600)
            (tmp_path / "second").mkdir()
            answers = Reader(ownerless.start(), tmp_path / "second").type(block)
        else:
            answers = reader.type(block)
        if shown is not None:
            (status, body), = answers
            assert comparable(json.loads(body)) == comparable(json.loads(shown)), block + body
        refused = shown is not None and json.loads(shown).get("status") == "error"
        for status, body in answers:
            assert (status >= 400) == refused, f"{block}\n{status} {body}"
