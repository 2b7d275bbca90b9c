# SPDX-License-Identifier: ISC
"""The list shows each visible token once, newest first, over pages of any size, and takes no
parameter that is not exactly one of its own."""
import os
import urllib.parse

import pytest

from asking import MEMO, QUICK, ask_program, change
from claviger_site import TOKENS, changed
from conftest import opened
from refusals import nothing_changes, tells_nothing, without_request_id

LITERAL_NAMES = ["100% sure", "under_score", "o'brien", "back\\slash"]


class Family:
    """Tokens in each state, inside and outside of one website, of two accounts; newest first."""

    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.one, self.two = site.website("one.example"), site.website("two.example")
        site.account("other@example.com")
        self.foreign_key = site.token("other@example.com")["key"]
        for number in range(3):
            self.web.create(key=self.foreign_key, name=f"foreign {number}")
        self.made = [self.web.call("GET", f"{TOKENS}/self").first]
        expired = self.make(name="expired", websiteIds=[self.one])
        self.limited = self.make(name="limited", websiteIds=[self.one])
        for number, name in enumerate(LITERAL_NAMES):
            self.make(name=name, websiteIds=[[self.one], [self.two]][number % 2])
            self.make(name=f"Naïve {number}", websiteIds=[[self.two], [self.one]][number % 2])
        self.make(websiteIds=[self.one, self.two])
        self.revoked = [self.make(name="revoked 1", websiteIds=[self.one]),
                        self.make(name="revoked 2")]
        for record in self.revoked:
            assert self.web.call("DELETE", f"{TOKENS}/{record['id']}").status == 200
        # The outermost two are not for the limited caller, so that a gap there would show.
        self.make(name="newest", websiteIds=[self.two])
        change(site, "UPDATE tokens SET expires_at = created_at WHERE id = ?",
               bytes.fromhex(expired["id"]))

    def make(self, **body):
        record = self.web.create(**body)
        self.made.insert(0, record)
        return record

    def list(self, query="", key="owner", path=TOKENS):
        answer = self.web.call("GET", path + query, key=key).check()
        assert answer.status == 200, answer.error
        return answer

    def ids(self, query="", key="owner"):
        return [record["id"] for record in self.list(query, key).data]

    def expected(self, states=("active", "expired"), visible=lambda record: True,
                 named=lambda name: True):
        """What the list has to show, newest first, by what was made and done here."""
        revoked = [record["id"] for record in self.revoked]

        def state(record):
            if record["id"] in revoked:
                return "revoked"
            return "expired" if record["name"] == "expired" else "active"
        return [record["id"] for record in self.made
                if state(record) in states and visible(record) and named(record["name"])]

    def inside(self, record):
        return record["websiteIds"] == [self.one]

    def pages(self, query, key="owner", limit=2):
        """All pages, by nextCursor; each is followed by its Link as well, which must agree."""
        pages, query = [], f"?limit={limit}{query}"
        path = TOKENS + query
        while True:
            answer = self.list(path=path, key=key)
            pages.append([record["id"] for record in answer.data])
            cursor, link = answer.json["pagination"]["nextCursor"], answer.header("Link")
            assert set(answer.json) == {"status", "data", "pagination"}
            if cursor is None:
                assert link is None
                return pages
            assert len(pages) < 100
            address, parameters = link.split(">")
            assert address[0] == "<" and parameters == '; rel="next"'
            following = urllib.parse.urljoin(path, address[1:])
            by_link = self.list(path=following, key=key)
            path = f"{TOKENS}{query}&cursor={cursor}"
            by_cursor = self.list(path=path, key=key)
            assert by_link.json["pagination"] == by_cursor.json["pagination"]
            assert ([record["id"] for record in by_link.data]
                    == [record["id"] for record in by_cursor.data])


@pytest.fixture(scope="module")
def family():
    for site in opened(QUICK + MEMO):
        yield Family(site)


def refused(family, query, field, path=TOKENS, method="GET"):
    with nothing_changes(family.site):
        answer = family.web.call(method, path + query).refused(400, "invalid_parameter", field)
    tells_nothing(family.site, answer)


def test_the_list_shows_every_token_once_newest_first(family):
    assert family.ids() == family.expected()
    records = family.list().data
    assert len(records) == len({record["id"] for record in records})
    assert not any("key" in record for record in records)


STATES = [
    ("", ("active", "expired")),
    ("?state=active", ("active",)),
    ("?state=expired", ("expired",)),
    ("?state=revoked", ("revoked",)),
    ("?state=all", ("active", "expired", "revoked")),
]


@pytest.mark.parametrize("query, states", STATES, ids=[query or "none" for query, _ in STATES])
def test_the_state_chooses_what_is_listed(family, query, states):
    assert family.ids(query) == family.expected(states)
    assert {record["state"] for record in family.list(query).data} == set(states)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("state", ["active", "all"])
def test_all_pages_together_are_the_list(family, limit, state):
    pages = family.pages(f"&state={state}", limit=limit)
    wanted = family.expected(("active",) if state == "active" else ("active", "expired", "revoked"))
    assert sum(pages, []) == wanted
    assert all(len(page) == limit for page in pages[:-1]) and pages[-1]


def test_a_limited_caller_sees_full_pages_without_gaps(family):
    wanted = family.expected(visible=family.inside)
    assert len(wanted) >= 6
    for limit in (1, 2, 4):
        pages = family.pages("", key=family.limited["key"], limit=limit)
        assert sum(pages, []) == wanted
        assert all(len(page) == limit for page in pages[:-1]) and pages[-1]


def test_a_page_that_ends_with_what_is_visible_is_the_last(family):
    """Older tokens that the caller does not see must not show in nextCursor either."""
    wanted = family.expected(visible=family.inside)
    answer = family.list(f"?limit={len(wanted)}", key=family.limited["key"])
    assert [record["id"] for record in answer.data] == wanted
    assert answer.json["pagination"] == {"nextCursor": None}
    assert answer.header("Link") is None


def test_the_list_of_another_account_is_its_own(family):
    names = [record["name"] for record in family.list("?state=all", key=family.foreign_key).data]
    assert names == ["foreign 2", "foreign 1", "foreign 0", None]


def test_what_is_made_between_two_pages_moves_nothing(family):
    first = family.list("?limit=3&q=na")
    cursor = first.json["pagination"]["nextCursor"]
    before = family.ids(f"?limit=3&q=na&cursor={cursor}")
    family.make(name="na between", websiteIds=[family.two])
    assert family.ids(f"?limit=3&q=na&cursor={cursor}") == before


# Row of the table of bad inputs, what is asked, what is named.
INVALID = [
    *[(114, f"?limit={value}", "limit") for value in (
        "0", "-1", "1001", "abc", "", "1e2", "0x10", "%205", "5%20", "+5", "%2B5", "5.0", "%D9%A5",
        "1" + 30 * "0", "18446744073709551617")],
    (114, "?limit", "limit"),
    (115, "?limit=1&limit=1", "limit"),
    (115, "?limit=1&q=a&limit=2", "limit"),
    (115, "?q=a&q=a", "q"),
    (115, "?q=&q", "q"),
    (115, "?state=all&state=all", "state"),
    (115, "?cursor=a&cursor=a", "cursor"),
    *[(115, f"?state={value}", "state") for value in ("", "Active", "deleted", "active,expired",
                                                      "*")],
    (115, "?state", "state"),
    (116, "?cursor=", "cursor"),
    (116, "?cursor", "cursor"),
    (116, "?cursor=0", "cursor"),
    (116, "?cursor=" + 32 * "A", "cursor"),
    (116, "?cursor=" + 4096 * "A", "cursor"),
    (118, "?q=" + 101 * "a", "q"),
    (118, "?q=" + 101 * "%C3%A9", "q"),
    (118, "?q=" + 4096 * "a", "q"),
    (118, "?q=%ED%A0%80", "q"),
    (118, "?q=%E2%82", "q"),
    (121, "?limit=%zz", "limit"),
    (121, "?limit=%", "limit"),
    (121, "?q=%", "q"),
    (121, "?q=a%4", "q"),
    (121, "?q=%g0", "q"),
    (121, "?state=%zz", "state"),
    (121, "?cursor=%zz", "cursor"),
]


@pytest.mark.parametrize("row, query, field", INVALID, ids=[f"{c[0]} {c[1]:.40}" for c in INVALID])
def test_a_parameter_that_breaks_its_rule_is_named(family, row, query, field):
    refused(family, query, field)


# What lighttpd itself refuses with 400, and claviger behind another web server too.
REFUSED_TWICE = [
    (114, "limit=1%00", "limit"),
    (114, "limit=%0a1", "limit"),
    (115, "state=active%00", "state"),
    (116, "cursor=%0d%0aX-Evil:%201", "cursor"),
    (118, "q=%00", "q"),
    (118, "q=a%00b", "q"),
    (118, "q=%ff", "q"),
    (118, "q=%C0%AF", "q"),
]


@pytest.mark.parametrize("row, query, field", REFUSED_TWICE,
                         ids=[f"{c[0]} {c[1]} (400 of lighttpd)" for c in REFUSED_TWICE])
def test_what_lighttpd_refuses_is_refused_by_the_program_as_well(family, row, query, field):
    assert family.web.call("GET", f"{TOKENS}?{query}").status == 400
    answer = ask_program(family.web, REQUEST_URI=f"{TOKENS}?{query}",
                         HTTP_AUTHORIZATION=f"Bearer {family.site.owner_key}")
    answer.refused(400, "invalid_parameter", field)


def test_a_line_feed_that_is_searched_for_stays_out_of_the_head(family):
    """lighttpd refuses it with 400; the program itself has to write it into a Link."""
    made = [family.make(name="a", websiteIds=[family.two]) for _ in range(2)]
    key = f"Bearer {family.site.owner_key}"
    for query in ("x=%0d%0aX-Evil:%201", "x=\r\nX-Evil: 1", "q=a&x=>"):
        answer = ask_program(family.web, REQUEST_URI=f"{TOKENS}?limit=1&{query}",
                             HTTP_AUTHORIZATION=key).check()
        assert answer.status == 200 and answer.header("X-Evil") is None
        assert answer.header("Link").count(">") == 1
    for record in made:
        assert family.web.call("DELETE", f"{TOKENS}/{record['id']}").status == 200
        family.revoked.append(record)


def next_cursor(family, query="", key="owner"):
    return family.list(f"?limit=2{query}", key=key).json["pagination"]["nextCursor"]


def test_a_changed_cursor_is_refused_wherever_it_was_changed(family):
    """Row 116."""
    cursor = next_cursor(family)
    for position in range(len(cursor)):
        refused(family, f"?limit=2&cursor={changed(cursor, position)}", "cursor")
    for length in (1, 8, 11, len(cursor) - 4, len(cursor) - 1):
        refused(family, f"?limit=2&cursor={cursor[:length]}", "cursor")
    for wrong in (cursor + "A", cursor + "=", cursor + "AAAA", "%20" + cursor, cursor + "%20"):
        refused(family, f"?limit=2&cursor={wrong}", "cursor")


def test_a_cursor_of_another_list_is_refused(family):
    """Row 116."""
    cursor = next_cursor(family)
    searched = next_cursor(family, "&q=na")
    for query in (f"&q=na&cursor={cursor}", f"&cursor={searched}", f"&q=NA&cursor={searched}x",
                  f"&q=n&cursor={searched}", f"&state=all&cursor={cursor}",
                  f"&state=active&cursor={cursor}"):
        refused(family, "?limit=2" + query, "cursor")


def test_a_cursor_of_another_account_is_refused(family):
    """Row 116."""
    foreign = next_cursor(family, key=family.foreign_key)
    refused(family, f"?limit=2&cursor={foreign}", "cursor")
    answer = family.web.call("GET", f"{TOKENS}?limit=2&cursor={next_cursor(family)}",
                             key=family.foreign_key)
    answer.refused(400, "invalid_parameter", "cursor")


def test_a_page_may_change_its_size_on_the_way(family):
    wanted = family.expected()
    assert family.ids(f"?limit=5&cursor={next_cursor(family)}") == wanted[2:7]


def test_another_caller_of_the_account_goes_on_within_its_own_sight(family):
    seen, wanted = family.expected()[:2], family.expected(visible=family.inside)
    goes_on = family.ids(f"?limit=1000&cursor={next_cursor(family)}", key=family.limited["key"])
    assert goes_on == [token for token in wanted if token not in seen]


def test_a_cursor_whose_row_was_revoked_goes_on_from_that_place(family):
    """Row 117."""
    doomed = [family.make(name=f"doomed {number}", websiteIds=[family.two])
              for number in range(2)]
    answer = family.list("?limit=2")
    assert [record["id"] for record in answer.data] == [doomed[1]["id"], doomed[0]["id"]]
    cursor = answer.json["pagination"]["nextCursor"]
    for record in doomed:
        assert family.web.call("DELETE", f"{TOKENS}/{record['id']}").status == 200
        family.revoked.append(record)
    assert family.ids(f"?limit=1000&cursor={cursor}") == family.expected()


# What is searched for, and how a name says yes.
SEARCHES = [
    (118, "", lambda name: True),
    (118, "%25", lambda name: "%" in name),
    (118, "_", lambda name: "_" in name),
    (118, "'", lambda name: "'" in name),
    (118, "%27", lambda name: "'" in name),
    (118, "%5C", lambda name: "\\" in name),
    (118, "_%25", lambda name: False),
    (118, "ob", lambda name: False),
    (118, "O%27BRIEN", lambda name: name == "o'brien"),
    (118, "nAÏ".replace("Ï", "%C3%AF"), lambda name: name.startswith("Naï")),
    (118, "na%C3%8F", lambda name: False),
    (118, "100%25+sure", lambda name: name == "100% sure"),
    (118, "100%25%20sure", lambda name: name == "100% sure"),
    (118, "%31%30%30", lambda name: name == "100% sure"),
    (118, "dft_ab1", lambda name: False),
    (118, 100 * "a", lambda name: False),
    (118, 100 * "%F0%9F%98%80", lambda name: False),
    (118, "*", lambda name: False),
]


@pytest.mark.parametrize("row, text, found", SEARCHES, ids=[f"{c[0]} {c[1]:.30}" for c in SEARCHES])
def test_a_search_is_for_the_text_itself(family, row, text, found):
    wanted = family.expected(named=lambda name: found(name or ""))
    assert family.ids(f"?q={text}") == wanted
    assert sum(family.pages(f"&q={text}"), []) == wanted


@pytest.mark.parametrize("query", ["&q=%22", "&q=%3Cb%3E", '&q="', "&q=<b>", "&q=b>",
                                   "&q=a%26limit=1", "&q=1;rel=x", "&x=>;rel=x"])
def test_the_link_holds_nothing_that_ends_it(family, query):
    """What is searched for is in the answer's head: it must stay one address in one header."""
    record = family.make(name='a"<b>\\a&limit=1;rel=x', websiteIds=[family.two])
    other = family.make(name='a"<b>\\a&limit=1;rel=x', websiteIds=[family.two])
    try:
        assert len(family.pages(query, limit=1)) > 1
    finally:
        for token in (record, other):
            family.web.call("DELETE", f"{TOKENS}/{token['id']}")
            family.revoked.append(token)


# Row, what is asked, and what it amounts to.
IGNORED = [
    (119, "?x=1", ""),
    (119, "?limi=0&limits=0&xlimit=0", ""),
    (119, "?Limit=0&STATE=x", ""),
    (119, "?x=1;limit=0;state=x", ""),
    (119, "?" + 1000 * "&", ""),
    (119, "?" + 500 * "&" + "limit=2" + 500 * "&", "?limit=2"),
    (119, "?limit=002", "?limit=2"),
    (119, "?=1&==&x", ""),
    (119, "?x=%zz&y=%", ""),
    (119, "?x=1&x=1", ""),
    (119, "?" + "&".join(f"x{number}=1" for number in range(500)), ""),
    (119, "?", ""),
]


@pytest.mark.parametrize("row, query, same", IGNORED, ids=[f"{c[0]} {c[1]:.30}" for c in IGNORED])
def test_what_is_no_parameter_is_ignored(family, row, query, same):
    assert family.ids(query) == family.ids(same)


CASCADES = [
    *[(120, f"?cascade={value}") for value in ("1", "0", "yes", "TRUE", "True", "", "truee",
                                               "true%20", "on", "null")],
    (120, "?cascade"),
    (115, "?cascade=true&cascade=true"),
    (115, "?cascade=true&cascade=false"),
    (121, "?cascade=%zz"),
    (121, "?cascade=tru%"),
]


@pytest.mark.parametrize("row, query", CASCADES, ids=[f"{c[0]} {c[1]}" for c in CASCADES])
def test_a_cascade_that_is_misspelt_revokes_nothing(family, row, query):
    refused(family, query, "cascade", f"{TOKENS}/{family.limited['id']}", "DELETE")
    refused(family, query, "cascade", f"{TOKENS}/self", "DELETE")


def test_two_lists_of_one_moment_differ_in_nothing(family):
    first, second = family.list("?limit=3"), family.list("?limit=3")
    assert without_request_id(first)[1:] == without_request_id(second)[1:]


def test_a_page_looks_at_no_more_than_a_bounded_number_of_rows(fresh_site):
    """Many rows that the filter passes over: the pages are empty, and their cursors lead on."""
    web = fresh_site.start()
    oldest = web.create(name="the oldest")
    copies = ("INSERT INTO tokens (id, account, selector, display_key, hash, permissions, "
              "every_website, websites, created_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
              "SELECT i + 1 FROM n WHERE i < ?) SELECT randomblob(12), account, "
              "printf('%010d', i), display_key, hash, permissions, 0, ?, created_at "
              "FROM tokens, n WHERE name = 'the oldest'")
    change(fresh_site, copies, 400, b"".join(sorted(os.urandom(12) for _ in range(1000))))
    assert fresh_site.rows("SELECT count(*) FROM tokens")[0][0] == 402
    path, pages, found = f"{TOKENS}?q=oldest", 0, []
    while path:
        answer = web.call("GET", path).check()
        pages, found = pages + 1, found + answer.data
        cursor = answer.json["pagination"]["nextCursor"]
        path = cursor and f"{TOKENS}?q=oldest&cursor={cursor}"
    assert [record["id"] for record in found] == [oldest["id"]]
    assert pages > 1
