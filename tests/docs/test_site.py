# SPDX-License-Identifier: ISC
"""The pages that are made of docs/: whole, linked to what is there, and served with their sources."""
import html.parser
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from claviger_site import BUILD, ENVIRONMENT, ROOT

SITE = BUILD / "site"
PAGES = sorted((SITE / "docs").glob("*.html"))
EMPTY = {"meta", "link", "br", "hr", "img", "input"}
OF_ROOT = ["README.md", "CHANGES.md", "SECURITY.md", "CONTRIBUTING.md"]


class Page(html.parser.HTMLParser):
    """A page as it was written: every tag closed in its turn, every id once."""

    def __init__(self, path):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.text = [], [], [], [], ""
        self.feed(path.read_text())
        self.close()
        assert self.open == [], path

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        assert not {"style", "onclick", "onload"} & set(attributes)
        for name, found in (("id", self.ids), ("href", self.links), ("src", self.links)):
            if name in attributes:
                found.append(attributes[name])
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in EMPTY:
            assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data):
        if "code" not in self.open:
            self.text += data

    def count(self, tag, **attributes):
        return sum(name == tag and attributes.items() <= found.items() for name, found in self.tags)


@pytest.fixture(scope="module")
def pages():
    return {path.name: Page(path) for path in PAGES}


def test_each_source_is_a_page(pages):
    wanted = {path.stem for path in (ROOT / "docs").glob("*.md")} | {"openapi"}
    wanted |= {path.name for folder in ("cli", "fcgi", "lib")
               for path in (ROOT / folder).glob("*.[1-8]")}
    assert {name.removesuffix(".html") for name in pages} == wanted


def test_each_page_is_whole_and_may_be_served_without_scripts(pages):
    for name, page in pages.items():
        assert page.tags[0] == ("html", {"lang": "en"}), name
        for tag in ("title", "h1", "main", "header"):
            assert page.count(tag) == 1, (name, tag)
        assert page.count("meta", name="viewport") and page.count("meta", name="color-scheme")
        assert page.count("nav", **{"aria-label": "Documentation"}) == 1
        assert page.count("script") == page.count("style") == 0, name
        assert len(page.ids) == len(set(page.ids)), name
        current = page.count("a", **{"aria-current": "page", "href": name})
        assert current == (name != "index.html"), f"{name} is not in the list of pages"
        source = name.replace(".html", ".md")
        assert source in page.links and "Read this page as Markdown" in page.text, name
        assert "](" not in page.text and "**" not in page.text, f"{name}: Markdown is left"


def test_the_manual_shows_as_code_what_is_code(pages):
    for folder in ("cli", "fcgi", "lib"):
        for path in (ROOT / folder).glob("*.[1-8]"):
            blocks = re.findall(r"(?m)^\.(?:Bd|Dl) ", path.read_text())
            assert pages[path.name + ".html"].count("pre") == len(blocks), path.name


def test_each_link_leads_somewhere(pages):
    for name, page in pages.items():
        for link in page.links:
            if re.match(r"https?:", link):
                continue
            file, _, place = link.partition("#")
            target = (SITE / "docs" / (file or name)).resolve()
            if target.is_dir():
                target = target / "index.html"
            assert target.is_file() and target.is_relative_to(SITE.resolve()), f"{name}: {link}"
            assert not place or place in pages[target.name].ids, f"{name}: {link}"


def test_each_link_of_the_sources_leads_somewhere_too():
    for path in [ROOT / name for name in OF_ROOT] + sorted((ROOT / "docs").glob("*.md")):
        text = re.sub(r"(?ms)^```.*?^```$|`[^`]*`", "", path.read_text())
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            assert link.startswith("http") or (path.parent / link).is_file(), f"{path.name}: {link}"


def test_llms_txt_names_each_page():
    text = (SITE / "docs" / "llms.txt").read_text()
    assert re.match(r"# Claviger\n\n> [A-Z]", text)
    listed = re.findall(r"(?m)^- \[[^]]+\]\(([\w.-]+)\): [\w`]", text)
    assert len(listed) == len(set(listed))
    assert set(listed) == {path.name.replace(".html", ".md") for path in PAGES} - {"index.md"}


def test_each_page_is_served_and_its_source_beside_it(site):
    web = site.start(www=SITE)
    kinds = {".html": "text/html", ".md": "text/markdown", ".txt": "text/plain",
             ".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml"}
    for path in filter(pathlib.Path.is_file, (SITE / "docs").rglob("*")):
        answer = web.call("GET", f"/{path.relative_to(SITE)}", key=None)
        assert (answer.status, answer.body) == (200, path.read_bytes())
        assert answer.header("Content-Type").startswith(kinds[path.suffix]), path.name
    assert web.call("GET", "/docs/", key=None).body == (SITE / "docs" / "index.html").read_bytes()


def test_without_lowdown_the_rest_of_the_site_is_made(tmp_path):
    for tool in ("sh", "dirname", "cp", "mkdir", "rm", "mv", "chmod", "mandoc", "python3"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    done = subprocess.run([ROOT / "docs" / "site.sh", tmp_path / "site"], text=True, timeout=60,
                          capture_output=True, env={**ENVIRONMENT, "PATH": str(tmp_path)})
    assert (done.returncode, done.stderr) == (
        0, f"site: {tmp_path}/site has no docs/, for want of: lowdown\n")
    assert {x.name for x in (tmp_path / "site").iterdir()} == set(os.listdir(ROOT / "www"))
