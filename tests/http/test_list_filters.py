# SPDX-License-Identifier: ISC
"""The list's filters by maker, permission, website and last use: each alone, together with the
others and with pages, and none that is not exactly what it should be."""
import contextlib
import sqlite3

import pytest

from asking import MEMO, QUICK, change
from claviger_site import TOKENS
from conftest import opened
from refusals import nothing_changes, tells_nothing

UNKNOWN_ID = "0123456789abcdef01234567"


class Scene:
    """owner made root; root made left and right; right made leaf. Others besides."""

    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.one, self.two = site.website("one.example"), site.website("two.example")
        site.account("other@example.com")
        self.foreign_website = site.website("foreign.example", "other@example.com")
        self.foreign = site.token("other@example.com")
        self.owner = self.web.call("GET", f"{TOKENS}/self").first["id"]
        self.names = {self.owner: "owner"}
        self.made = {}
        writer = ["goals:read", "api-keys:read", "api-keys:write"]
        self.make("root", permissions=writer)
        self.make("left", "root", permissions=["goals:read"], websiteIds=[self.one])
        self.make("right", "root", permissions=writer, websiteIds=[self.one, self.two])
        self.make("leaf", "right", permissions=["goals:read"], websiteIds=[self.two])
        self.make("star", permissions=["*"], websiteIds=[self.two])
        self.make("narrow", permissions=["funnels:read"])
        self.make("gone", "root", permissions=["goals:read"])
        self.delete("gone")

    def make(self, name, parent=None, **body):
        key = self.made[parent]["key"] if parent else "owner"
        self.made[name] = self.web.create(key=key, name=name, **body)
        self.names[self.made[name]["id"]] = name

    def delete(self, name):
        assert self.web.call("DELETE", f"{TOKENS}/{self.id(name)}").status == 200

    def id(self, name):
        return self.made[name]["id"]

    def list(self, query, key="owner"):
        answer = self.web.call("GET", TOKENS + query, key=key).check()
        assert answer.status == 200, answer.error
        return " ".join(self.names.get(record["id"], "?") for record in answer.data)

    def pages(self, query, key="owner"):
        """By nextCursor, a token a page, and the Link of each."""
        names, cursor, link = [], "", None
        while True:
            answer = self.web.call("GET", f"{TOKENS}{query}&limit=1{cursor}", key=key).check()
            assert answer.status == 200, answer.error
            if link:
                followed = self.web.call("GET", TOKENS + link, key=key).check()
                assert (followed.data, followed.json["pagination"]) == (
                    answer.data, answer.json["pagination"])
            names += [self.names[record["id"]] for record in answer.data]
            if answer.json["pagination"]["nextCursor"] is None:
                return " ".join(names)
            cursor = "&cursor=" + answer.json["pagination"]["nextCursor"]
            link = answer.header("Link").split("<")[1].split(">")[0]

    def used(self, name, at):
        change(self.site, "UPDATE tokens SET last_used_at = ? WHERE id = ?", at,
               bytes.fromhex(self.id(name)))


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


def test_a_maker_is_asked_for_what_it_made_itself(scene):
    assert scene.list(f"?parentId={scene.owner}") == "narrow star root"
    assert scene.list(f"?parentId={scene.id('root')}") == "right left"
    assert scene.list(f"?parentId={scene.id('right')}") == "leaf"
    assert scene.list(f"?parentId={scene.id('leaf')}") == ""
    assert scene.list(f"?parentId={UNKNOWN_ID}") == ""


def test_a_maker_is_asked_in_every_state(scene):
    root = scene.id("root")
    assert scene.list(f"?parentId={root}&state=all") == "gone right left"
    assert scene.list(f"?parentId={root}&state=revoked") == "gone"
    assert scene.list(f"?parentId={root}&state=expired") == ""


def test_another_account_s_tokens_are_not_found_by_their_maker(scene):
    child = scene.web.create(key=scene.foreign["key"])
    assert child["parentId"] == scene.foreign["id"]
    assert scene.list(f"?parentId={scene.foreign['id']}") == ""
    assert scene.list(f"?parentId={scene.owner}", key=scene.foreign["key"]) == ""
    assert scene.list(f"?parentId={scene.foreign['id']}", key=scene.foreign["key"]) == "?"


def test_a_maker_s_tokens_are_seen_as_any_others(scene):
    """right is limited to both websites: of what root made, which it does not see, all."""
    key = scene.made["right"]["key"]
    assert scene.list(f"?parentId={scene.id('root')}", key=key) == "right left"
    assert scene.list(f"?parentId={scene.owner}", key=key) == "star"


def test_a_permission_is_held_by_name_or_by_star(scene):
    assert scene.list("?permission=goals:read") == "star leaf right left root owner"
    assert scene.list("?permission=api-keys:write") == "star right root owner"
    assert scene.list("?permission=funnels:read") == "narrow star owner"
    assert scene.list("?permission=payments:write") == "star owner"
    assert scene.list("?permission=*") == "star owner"
    assert scene.list("?permission=%2A") == "star owner"


def test_a_website_is_reached_by_its_id_or_by_all(scene):
    assert scene.list(f"?websiteId={scene.one}") == "narrow right left root owner"
    assert scene.list(f"?websiteId={scene.two}") == "narrow star leaf right root owner"


def test_a_website_of_nobody_or_of_others_is_reached_by_none(scene):
    for website in (UNKNOWN_ID, scene.foreign_website):
        assert scene.list(f"?websiteId={website}") == ""
    assert scene.list(f"?websiteId={scene.foreign_website}", key=scene.foreign["key"]) != ""


def test_a_website_that_is_no_more_is_still_found_where_it_is_listed(scene):
    doomed = scene.site.website("doomed.example")
    scene.make("mourner", permissions=["goals:read"], websiteIds=[doomed])
    scene.site.admin("website", "remove", doomed)
    assert scene.list(f"?websiteId={doomed}") == "mourner"
    scene.delete("mourner")


def test_a_website_outside_the_caller_s_shows_it_nothing(scene):
    assert scene.list(f"?websiteId={scene.one}", key=scene.made["star"]["key"]) == ""
    assert scene.list(f"?websiteId={scene.two}", key=scene.made["star"]["key"]) == "star leaf"


def test_last_use_is_before_the_moment_and_making_counts_where_there_was_none(scene):
    """Of tokens that never call: a use is noted after its answer."""
    for number in range(3):
        scene.make(f"idle {number}", permissions=["goals:read"])
    for number in range(2):
        scene.used(f"idle {number}", 1_000_000_000_000 + 10_000 * number)
    for since, found in (
            ("2001-09-09T01:46:40Z", ""), ("2001-09-09T01:46:40.001Z", "idle 0"),
            ("2001-09-09T01:46:50Z", "idle 0"), ("2001-09-09T01:46:50.001Z", "idle 1 idle 0"),
            ("2001-09-09T03:46:50%2B02:00", "idle 0"),
            ("2001-09-09T03:46:50.001%2B02:00", "idle 1 idle 0"),
            (scene.made["idle 2"]["createdAt"], "idle 1 idle 0")):
        assert scene.list("?q=idle&unusedSince=" + since) == found
    change(scene.site, "UPDATE tokens SET created_at = created_at - 1 WHERE id = ?",
           bytes.fromhex(scene.id("idle 2")))
    since = scene.made["idle 2"]["createdAt"]
    assert scene.list("?q=idle&unusedSince=" + since) == "idle 2 idle 1 idle 0"
    for number in range(3):
        scene.delete(f"idle {number}")


def test_all_filters_together_must_hold(scene):
    root = scene.id("root")
    assert scene.list(f"?parentId={root}&websiteId={scene.two}") == "right"
    assert scene.list(f"?parentId={root}&websiteId={scene.two}&q=left") == ""
    assert scene.list(f"?parentId={root}&permission=goals:read&websiteId={scene.one}") == (
        "right left")
    assert scene.list(f"?parentId={root}&permission=*") == ""


def filters(scene):
    return [f"parentId={scene.owner}", f"parentId={scene.id('root')}&state=all",
            "permission=goals:read", f"websiteId={scene.two}", "unusedSince=2099-01-01T00:00:00Z",
            f"permission=goals:read&websiteId={scene.one}&unusedSince=2099-01-01T00:00:00%2B00:00"]


def test_pages_together_are_the_list_and_the_link_keeps_the_filters(scene):
    for query in filters(scene):
        wanted = scene.list("?" + query)
        assert wanted.count(" ") and scene.pages("?" + query) == wanted, query


def test_a_cursor_is_good_for_its_own_filters_only(scene):
    queries = [*filters(scene), "state=active"]
    cursors = {query: scene.web.call("GET", f"{TOKENS}?{query}&limit=1").json["pagination"]
               ["nextCursor"] for query in queries}
    for query in queries:
        for other in queries:
            answer = scene.web.call("GET", f"{TOKENS}?{query}&cursor={cursors[other]}")
            if other == query:
                assert answer.status == 200
            else:
                answer.refused(400, "invalid_parameter", "cursor")


INVALID = [
    *[("parentId", value) for value in (
        "", "null", "self", "0123456789abcdef0123456", UNKNOWN_ID + "0", UNKNOWN_ID.upper(),
        "0x0123456789abcdef012345", "%20" + UNKNOWN_ID, UNKNOWN_ID + "," + UNKNOWN_ID, 300 * "0",
        "%zz")],
    *[("websiteId", value) for value in ("", "all", "one.example", UNKNOWN_ID.upper(), "%")],
    *[("permission", value) for value in (
        "", "goals", "goals:", "goals:write:x", "Goals:read", "**", "*,goals:read", "goals:*",
        "goals:read,goals:write", "goals:read+", "%20goals:read", 300 * "a", "%zz")],
    *[("unusedSince", value) for value in (
        "", "0", "1767225600000", "yesterday", "90d", "2026-01-01", "2026-01-01T00:00:00",
        "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00+01:00", "2026-01-01t00:00:00z", "2026-01-01T00:00:00Z%20",
        "2026-01-01T00:00:00." + 100 * "0" + "Z", "%zz")],
]


@pytest.mark.parametrize("name, value", INVALID, ids=[f"{c[0]}={c[1]:.30}" for c in INVALID])
def test_a_filter_that_breaks_its_rule_is_named(scene, name, value):
    with nothing_changes(scene.site):
        answer = scene.web.call("GET", f"{TOKENS}?{name}={value}")
        answer.refused(400, "invalid_parameter", name)
    tells_nothing(scene.site, answer)


@pytest.mark.parametrize("name, value", [
    ("parentId", UNKNOWN_ID), ("websiteId", UNKNOWN_ID), ("permission", "goals:read"),
    ("unusedSince", "2026-01-01T00:00:00Z")])
def test_a_filter_that_is_given_twice_is_named(scene, name, value):
    for query in (f"?{name}={value}&{name}={value}", f"?{name}={value}&q=a&{name}"):
        scene.web.call("GET", TOKENS + query).refused(400, "invalid_parameter", name)


def test_what_only_begins_like_a_filter_is_ignored(scene):
    everything = scene.list("")
    for query in ("?parentid=x", "?parentIds=x", "?Permission=x", "?unused=x", "?website=x"):
        assert scene.list(query) == everything


def test_a_page_of_a_filter_looks_at_a_bounded_number_of_rows(scene):
    """Among many that do not pass, a page ends early, says where to go on, and finds it."""
    with contextlib.closing(sqlite3.connect(scene.site.database, timeout=30)) as store:
        store.execute("BEGIN IMMEDIATE")
        store.executemany(
            "INSERT INTO tokens (id, account, parent, selector, display_key, name, hash, "
            "permissions, every_website, websites, created_at) SELECT ?, account, ?, ?, "
            "display_key, NULL, 'none', 'goals:read', 1, x'', created_at FROM tokens WHERE id = ?",
            [(number.to_bytes(12, "big"), bytes.fromhex(scene.id("narrow")), f"{number:010}",
              bytes.fromhex(scene.owner)) for number in range(6000)])
        store.commit()
    try:
        answer = scene.web.call("GET", f"{TOKENS}?permission=funnels:read&limit=1000").check()
        assert answer.data == []
        cursor = answer.json["pagination"]["nextCursor"]
        assert scene.list(f"?permission=funnels:read&limit=1000&cursor={cursor}") == (
            "narrow star owner")
        # By the maker there is an index, which leads past them all.
        assert scene.list(f"?parentId={scene.id('root')}") == "right left"
    finally:
        change(scene.site, "DELETE FROM tokens WHERE parent = ?",
               bytes.fromhex(scene.id("narrow")))
