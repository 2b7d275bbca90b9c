# SPDX-License-Identifier: ISC
"""Each field of a creation takes what its rule says, and names itself where it does not.

One error an answer: 400 before 403 before 404 before 409, and among fields in the order of the
interface's table.
"""
import datetime
import json
import time

import pytest

from asking import ALL_PERMISSIONS, MEMO, QUICK
from claviger_site import TOKENS, changed, well_formed
from conftest import opened
from refusals import refused, without_request_id

CATALOGUE = list(ALL_PERMISSIONS)
# Of the limited caller, whose end is LATER and whose websites are "one" and "two".
HELD = ["goals:read", "funnels:read", "api-keys:read", "api-keys:write"]
LATER = "2090-05-06T07:08:09.500Z"
UNKNOWN_ID = "0123456789abcdef01234567"


class Scene:
    """A site with two accounts, three websites of the first, and callers of different scope."""

    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.websites = {name: site.website(f"{name}.example") for name in ("one", "two", "three")}
        site.account("other@example.com")
        self.websites["foreign"] = site.website("foreign.example", "other@example.com")
        self.websites["unknown"] = UNKNOWN_ID
        self.foreign_key = site.token("other@example.com")["key"]
        self.limited = self.web.create(permissions=HELD, expiresAt=LATER,
                                       websiteIds=[self.websites["one"], self.websites["two"]])
        self.lister = self.web.create(permissions=CATALOGUE)
        self.keys = {"owner": site.owner_key, "limited": self.limited["key"],
                     "lister": self.lister["key"]}

    def id(self, name):
        return self.websites.get(name, name)

    def ids(self, names):
        return [self.id(name) for name in names]

    def create(self, body, caller="owner"):
        answer = self.web.call("POST", TOKENS, body, key=self.keys[caller]).check()
        assert answer.status == 201, answer.error
        self.site_keeps(answer.first)
        return answer.first

    def site_keeps(self, record):
        """What was answered is what is stored and shown from then on, but for the key."""
        shown = self.web.call("GET", f"{TOKENS}/{record['id']}").check().first
        assert shown == {k: v for k, v in record.items() if k != "key"}

    def refused(self, body, status, reason, field, caller="owner"):
        return refused(self.web, body, status, reason, field, key=self.keys[caller])


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


def ids_of(cases):
    return [f"{case[0]} {case[1]}" for case in cases]


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def after(text, milliseconds):
    later = datetime.datetime.fromtimestamp(moment(text) + milliseconds / 1000,
                                            datetime.timezone.utc)
    return later.strftime("%Y-%m-%dT%H:%M:%S.") + f"{later.microsecond // 1000:03}Z"


# 400 invalid_field: row, label, body (bytes where Python would not write it so), field.
INVALID = [
    (87, "empty name", {"name": ""}, "name"),
    (87, "one blank", {"name": " "}, "name"),
    (87, "blanks only", {"name": "   "}, "name"),
    (87, "no-break spaces only", {"name": " \u00a0 "}, "name"),
    (87, "101 characters", {"name": 101 * "a"}, "name"),
    (87, "101 characters of four bytes", {"name": 101 * "😀"}, "name"),
    (87, "number as name", {"name": 1}, "name"),
    (87, "array as name", {"name": []}, "name"),
    (87, "object as name", {"name": {}}, "name"),
    (87, "true as name", {"name": True}, "name"),
    (88, "LF", {"name": "a\nb"}, "name"),
    (88, "LF at the end", {"name": "a\n"}, "name"),
    (88, "CR", {"name": "a\rb"}, "name"),
    (88, "TAB", {"name": "a\tb"}, "name"),
    (88, "ESC", {"name": "a\u001b[31m"}, "name"),
    (88, "NUL, escaped", {"name": "a\u0000b"}, "name"),
    (88, "U+007F", {"name": "a\u007fb"}, "name"),
    (88, "U+0085", {"name": "a\u0085b"}, "name"),
    (88, "U+061C", {"name": "a\u061cb"}, "name"),
    (88, "U+200E", {"name": "a\u200eb"}, "name"),
    (88, "U+200F", {"name": "a\u200fb"}, "name"),
    (88, "U+202A", {"name": "a\u202ab"}, "name"),
    (88, "U+202E", {"name": "a\u202eb"}, "name"),
    (88, "U+2028", {"name": "a\u2028b"}, "name"),
    (88, "U+2029", {"name": "a\u2029b"}, "name"),
    (88, "U+2066", {"name": "a\u2066b"}, "name"),
    (88, "U+2069", {"name": "a\u2069b"}, "name"),
    (88, "U+FEFF", {"name": "\ufeffa"}, "name"),
    (88, "U+202E in raw UTF-8", b'{"name":"a\xe2\x80\xaeb"}', "name"),
    (91, "null", {"permissions": None}, "permissions"),
    (91, "a name without an array", {"permissions": "analytics:read"}, "permissions"),
    (91, "an object", {"permissions": {}}, "permissions"),
    (91, "a number", {"permissions": 5}, "permissions"),
    (91, "none", {"permissions": []}, "permissions"),
    (91, "65 elements", {"permissions": 65 * ["goals:read"]}, "permissions"),
    (92, "a number behind a name", {"permissions": ["analytics:read", 1]}, "permissions[1]"),
    (92, "null in it", {"permissions": [None]}, "permissions[0]"),
    (92, "an array in it", {"permissions": [["x"]]}, "permissions[0]"),
    (92, "true in it", {"permissions": [True]}, "permissions[0]"),
    (93, "a capital", {"permissions": ["analytics:Read"]}, "permissions[0]"),
    (93, "blank before", {"permissions": [" analytics:read"]}, "permissions[0]"),
    (93, "blank behind", {"permissions": ["analytics:read "]}, "permissions[0]"),
    (93, "every action", {"permissions": ["analytics:*"]}, "permissions[0]"),
    (93, "every resource", {"permissions": ["*:read"]}, "permissions[0]"),
    (93, "an action that is not", {"permissions": ["analytics:delete"]}, "permissions[0]"),
    (93, "empty text", {"permissions": [""]}, "permissions[0]"),
    (93, "two in one", {"permissions": ["goals:read goals:write"]}, "permissions[0]"),
    (93, "the beginning of one", {"permissions": ["goals:rea"]}, "permissions[0]"),
    (93, "one and more", {"permissions": ["goals:reads"]}, "permissions[0]"),
    (93, "two stars", {"permissions": ["**"]}, "permissions[0]"),
    (93, "star and blank", {"permissions": ["* "]}, "permissions[0]"),
    (93, "the third", {"permissions": ["goals:read", "goals:write", "x:y"]}, "permissions[2]"),
    (94, "star first", {"permissions": ["*", "goals:read"]}, "permissions"),
    (94, "star last", {"permissions": ["goals:read", "*"]}, "permissions"),
    (94, "star twice", {"permissions": ["*", "*"]}, "permissions"),
    (98, "null", {"websiteIds": None}, "websiteIds"),
    (98, "text", {"websiteIds": ""}, "websiteIds"),
    (98, "an id without an array", {"websiteIds": UNKNOWN_ID}, "websiteIds"),
    (98, "an object", {"websiteIds": {}}, "websiteIds"),
    (98, "false", {"websiteIds": False}, "websiteIds"),
    (98, "1001 ids", {"websiteIds": 1001 * [UNKNOWN_ID]}, "websiteIds"),
    (99, "no hex", {"websiteIds": ["xyz"]}, "websiteIds[0]"),
    (99, "upper case", {"websiteIds": [UNKNOWN_ID.upper()]}, "websiteIds[0]"),
    (99, "23 digits", {"websiteIds": [UNKNOWN_ID[1:]]}, "websiteIds[0]"),
    (99, "25 digits", {"websiteIds": [UNKNOWN_ID + "0"]}, "websiteIds[0]"),
    (99, "blank behind", {"websiteIds": [UNKNOWN_ID[1:] + " "]}, "websiteIds[0]"),
    (99, "a number", {"websiteIds": [1]}, "websiteIds[0]"),
    (99, "null", {"websiteIds": [None]}, "websiteIds[0]"),
    (99, "the second", {"websiteIds": [UNKNOWN_ID, "*"]}, "websiteIds[1]"),
    (104, "a year ago", {"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
    (104, "the beginning", {"expiresAt": "1970-01-01T00:00:00Z"}, "expiresAt"),
    (104, "before the beginning", {"expiresAt": "1969-12-31T23:59:59Z"}, "expiresAt"),
    (105, "a word", {"expiresAt": "tomorrow"}, "expiresAt"),
    (105, "empty text", {"expiresAt": ""}, "expiresAt"),
    (105, "a number", {"expiresAt": 1767225600}, "expiresAt"),
    (105, "a number in text", {"expiresAt": "1767225600"}, "expiresAt"),
    (105, "an array", {"expiresAt": ["2080-01-01T00:00:00Z"]}, "expiresAt"),
    (105, "30 February", {"expiresAt": "2080-02-30T00:00:00Z"}, "expiresAt"),
    (105, "29 February of no leap year", {"expiresAt": "2081-02-29T00:00:00Z"}, "expiresAt"),
    (105, "month 13", {"expiresAt": "2080-13-01T00:00:00Z"}, "expiresAt"),
    (105, "day 0", {"expiresAt": "2080-01-00T00:00:00Z"}, "expiresAt"),
    (105, "no time", {"expiresAt": "2080-01-01"}, "expiresAt"),
    (105, "no zone", {"expiresAt": "2080-01-01T00:00:00"}, "expiresAt"),
    (105, "no seconds", {"expiresAt": "2080-01-01T00:00Z"}, "expiresAt"),
    (105, "hour 24", {"expiresAt": "2080-01-01T24:00:00Z"}, "expiresAt"),
    (105, "minute 60", {"expiresAt": "2080-01-01T00:60:00Z"}, "expiresAt"),
    (105, "year 10000", {"expiresAt": "10000-01-01T00:00:00Z"}, "expiresAt"),
    (105, "year 10000 in UTC", {"expiresAt": "9999-12-31T23:59:59-00:01"}, "expiresAt"),
    (105, "zone of 60 minutes", {"expiresAt": "2080-01-01T00:00:00+00:60"}, "expiresAt"),
    (105, "zone of 24 hours", {"expiresAt": "2080-01-01T00:00:00+24:00"}, "expiresAt"),
    (105, "zone without colon", {"expiresAt": "2080-01-01T00:00:00+0000"}, "expiresAt"),
    (105, "blank behind", {"expiresAt": "2080-01-01T00:00:00Z "}, "expiresAt"),
    (105, "blank for T", {"expiresAt": "2080-01-01 00:00:00Z"}, "expiresAt"),
    (105, "point without digits", {"expiresAt": "2080-01-01T00:00:00.Z"}, "expiresAt"),
    (106, "second 60", {"expiresAt": "2080-12-31T23:59:60Z"}, "expiresAt"),
    (108, "59", {"expiresIn": 59}, "expiresIn"),
    (108, "0", {"expiresIn": 0}, "expiresIn"),
    (108, "-0", b'{"expiresIn":-0}', "expiresIn"),
    (108, "-1", {"expiresIn": -1}, "expiresIn"),
    (108, "ten years and a second", {"expiresIn": 315360001}, "expiresIn"),
    (108, "2^32 + 60", {"expiresIn": 2 ** 32 + 60}, "expiresIn"),
    (108, "60.5", {"expiresIn": 60.5}, "expiresIn"),
    (108, "60.0", b'{"expiresIn":60.0}', "expiresIn"),
    (108, "1e3", b'{"expiresIn":1e3}', "expiresIn"),
    (108, "text", {"expiresIn": "60"}, "expiresIn"),
    (108, "true", {"expiresIn": True}, "expiresIn"),
    (108, "null", {"expiresIn": None}, "expiresIn"),
    (108, "an array", {"expiresIn": [60]}, "expiresIn"),
    (109, "both", {"expiresIn": 60, "expiresAt": "2080-01-01T00:00:00Z"}, "expiresIn"),
    (109, "both, the other way round",
     {"expiresAt": "2080-01-01T00:00:00Z", "expiresIn": 60}, "expiresIn"),
    (109, "both, one null", {"expiresIn": 60, "expiresAt": None}, "expiresIn"),
    (109, "both, the other null", {"expiresIn": None, "expiresAt": "2080-01-01T00:00:00Z"},
     "expiresIn"),
    (109, "both null", {"expiresIn": None, "expiresAt": None}, "expiresIn"),
]


@pytest.mark.parametrize("row, label, body, field", INVALID, ids=ids_of(INVALID))
def test_a_field_that_breaks_its_rule_is_named(scene, row, label, body, field):
    scene.refused(body, 400, "invalid_field", field)


def test_an_end_at_this_very_second_has_passed(scene):
    """Row 104."""
    now = datetime.datetime.now(datetime.timezone.utc)
    scene.refused({"expiresAt": now.strftime("%Y-%m-%dT%H:%M:%SZ")}, 400, "invalid_field",
                  "expiresAt")


@pytest.mark.parametrize("label", ["own", "other's", "made up", "other checksum", "in a sentence"])
def test_a_name_must_not_contain_a_key(scene, label):
    """Row 89."""
    key = {"own": scene.site.owner_key, "other's": scene.foreign_key, "made up": well_formed(),
           "other checksum": changed(scene.site.owner_key, 50),
           "in a sentence": scene.limited["key"]}[label]
    name = f"the key {key}, of work" if label == "in a sentence" else key
    answer = scene.refused({"name": name}, 400, "invalid_field", "name")
    assert "a name must not contain a key" in answer.error["message"]
    assert key[4:20].encode() not in answer.body


KEPT_NAMES = [
    (87, "100 characters of four bytes", 100 * "😀"),
    (89, "a display key", "dft_ab1...xyz9"),
    (90, "null", None),
    (90, "markup", "<b>x</b>"),
    (90, "SQL", "'; DROP TABLE tokens; --"),
    (90, "a format", "%s%n"),
    (90, "a path", ".."),
    (90, "blanks around", " a "),
    (90, "quotation mark and backslash", 'a"b\\u0041'),
]


@pytest.mark.parametrize("row, label, name", KEPT_NAMES, ids=ids_of(KEPT_NAMES))
def test_a_name_is_kept_exactly(scene, row, label, name):
    assert scene.create({"name": name})["name"] == name


# 201: row, label, caller, what is asked, what is answered.
PERMISSIONS = [
    (91, "64 elements", "owner", 64 * ["goals:read"], ["goals:read"]),
    (95, "one name twice", "owner", ["goals:read", "goals:read"], ["goals:read"]),
    (95, "any order", "owner", ["api-keys:write", "goals:write", "analytics:read", "goals:write"],
     ["analytics:read", "goals:write", "api-keys:write"]),
    (95, "all, backwards", "owner", CATALOGUE[::-1], CATALOGUE),
    (96, "its own", "limited", HELD[::-1], HELD),
    (96, "all of all", "lister", CATALOGUE, CATALOGUE),
    (97, "absent, of an unlimited caller", "owner", None, ["*"]),
    (97, "absent, of a limited caller", "limited", None, HELD),
    (97, "absent, of a caller that lists all", "lister", None, CATALOGUE),
    (97, "star, of a caller that has it", "owner", ["*"], ["*"]),
]


@pytest.mark.parametrize("row, label, caller, asked, given", PERMISSIONS, ids=ids_of(PERMISSIONS))
def test_permissions_are_folded_and_in_the_order_of_the_catalogue(scene, row, label, caller, asked,
                                                                  given):
    body = {} if asked is None else {"permissions": asked}
    assert scene.create(body, caller)["permissions"] == given


WEBSITES = [
    (97, "absent, of an unlimited caller", "owner", None, []),
    (97, "absent, of a limited caller", "limited", None, ["one", "two"]),
    (101, "[] of an unlimited caller", "owner", [], []),
    (101, "all of its own, backwards", "limited", ["two", "one"], ["one", "two"]),
    (102, "1000 times the same", "owner", 1000 * ["one"], ["one"]),
    (102, "folded, of a limited caller", "limited", ["two", "two"], ["two"]),
]


@pytest.mark.parametrize("row, label, caller, asked, given", WEBSITES, ids=ids_of(WEBSITES))
def test_websites_are_folded(scene, row, label, caller, asked, given):
    body = {} if asked is None else {"websiteIds": scene.ids(asked)}
    record = scene.create(body, caller)
    assert len(record["websiteIds"]) == len(given)
    assert set(record["websiteIds"]) == set(scene.ids(given))


EXPIRY = [
    (103, "null from an unlimited caller", "owner", None, None),
    (106, "two hours ahead", "owner", "2080-01-01T00:00:00+02:00", "2079-12-31T22:00:00.000Z"),
    (106, "behind UTC", "owner", "2080-01-01T00:00:00-23:59", "2080-01-01T23:59:00.000Z"),
    (106, "microseconds", "owner", "2080-01-01T00:00:00.123456Z", "2080-01-01T00:00:00.123Z"),
    (106, "cut, not rounded", "owner", "2080-01-01T00:00:00.9999Z", "2080-01-01T00:00:00.999Z"),
    (106, "tenths", "owner", "2080-01-01T00:00:00.5Z", "2080-01-01T00:00:00.500Z"),
    (106, "29 February", "owner", "2080-02-29T00:00:00Z", "2080-02-29T00:00:00.000Z"),
    (106, "the last moment", "owner", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    (107, "the caller's own", "limited", LATER, LATER),
    (107, "the caller's own, in another zone", "limited", "2090-05-06T09:08:09.5004+02:00", LATER),
    (107, "1 ms before", "limited", after(LATER, -1), after(LATER, -1)),
]


@pytest.mark.parametrize("row, label, caller, asked, given", EXPIRY, ids=ids_of(EXPIRY))
def test_an_end_is_answered_in_utc_and_milliseconds(scene, row, label, caller, asked, given):
    assert scene.create({"expiresAt": asked}, caller)["expiresAt"] == given


def test_an_absent_end_is_the_callers_own(scene):
    """Row 103."""
    assert scene.create({})["expiresAt"] is None
    assert scene.create({}, "limited")["expiresAt"] == LATER


@pytest.mark.parametrize("seconds", [60, 315360000])
def test_expires_in_counts_from_now(scene, seconds):
    """Row 108."""
    before = int(time.time() * 1000)
    expires_at = round(moment(scene.create({"expiresIn": seconds})["expiresAt"]) * 1000)
    assert before + seconds * 1000 <= expires_at <= int(time.time() * 1000) + seconds * 1000


# 403 scope_exceeded: row, label, caller, body with names of websites, field.
EXCEEDING = [
    (96, "one beyond", "limited", {"permissions": ["goals:write"]}, "permissions[0]"),
    (96, "one beyond among its own", "limited",
     {"permissions": ["goals:read", "api-keys:read", "alerts:read"]}, "permissions[2]"),
    (96, "the first of two beyond", "limited",
     {"permissions": ["goals:read", "team:write", "alerts:read"]}, "permissions[1]"),
    (96, "star", "limited", {"permissions": ["*"]}, "permissions[0]"),
    (96, "star from one that lists all", "lister", {"permissions": ["*"]}, "permissions[0]"),
    (101, "outside its list", "limited", {"websiteIds": ["three"]}, "websiteIds[0]"),
    (101, "outside behind its own", "limited", {"websiteIds": ["two", "one", "three"]},
     "websiteIds[2]"),
    (101, "all", "limited", {"websiteIds": []}, "websiteIds"),
    (101, "unknown", "limited", {"websiteIds": ["unknown"]}, "websiteIds[0]"),
    (101, "another account's", "limited", {"websiteIds": ["one", "foreign"]}, "websiteIds[1]"),
    (103, "never, from an expiring caller", "limited", {"expiresAt": None}, "expiresAt"),
    (107, "1 ms later", "limited", {"expiresAt": after(LATER, 1)}, "expiresAt"),
    (107, "years later", "limited", {"expiresAt": "9999-12-31T23:59:59Z"}, "expiresAt"),
]


def with_ids(scene, body):
    if "websiteIds" not in body or not isinstance(body["websiteIds"], list):
        return body
    return {**body, "websiteIds": scene.ids(body["websiteIds"])}


@pytest.mark.parametrize("row, label, caller, body, field", EXCEEDING, ids=ids_of(EXCEEDING))
def test_what_is_beyond_the_caller_is_refused_by_its_field(scene, row, label, caller, body, field):
    scene.refused(with_ids(scene, body), 403, "scope_exceeded", field, caller)


@pytest.mark.parametrize("body, said", [
    ({"permissions": ["goals:read", "goals:write"]}, 'permissions[1] "goals:write"; ask'),
    ({"permissions": ["*"]}, 'permissions[0] "*"; ask'),
    ({"websiteIds": ["three"]}, "websiteIds[0]; ask"),
])
def test_the_message_names_what_is_beyond(scene, body, said):
    """And of a website no more than its place: whether it exists is not told."""
    answer = refused(scene.web, with_ids(scene, body), 403, "scope_exceeded",
                     key=scene.keys["limited"])
    assert answer.error["message"].startswith(f"The new token would exceed the caller: {said}")


def test_expires_in_beyond_the_callers_own_end_is_refused(scene):
    """Row 110."""
    brief = scene.create({"expiresIn": 600})
    refused(scene.web, {"expiresIn": 7200}, 403, "scope_exceeded", "expiresIn", key=brief["key"])


@pytest.mark.parametrize("name", ["unknown", "foreign"])
@pytest.mark.parametrize("before", [[], ["one"]], ids=["first", "second"])
def test_a_website_that_the_owner_cannot_access_is_not_found(scene, name, before):
    """Row 100."""
    scene.refused({"websiteIds": scene.ids(before + [name])}, 404, "not_found",
                  f"websiteIds[{len(before)}]")


@pytest.mark.parametrize("caller, names", [("owner", ["unknown", "foreign"]),
                                           ("limited", ["unknown", "foreign", "three"])])
def test_no_answer_tells_which_websites_exist(scene, caller, names):
    """Rows 100 and 101: byte for byte the same, but for the request's id."""
    answers = {name: scene.web.call("POST", TOKENS, {"websiteIds": [scene.id(name)]},
                                    key=scene.keys[caller]) for name in names}
    expected = without_request_id(answers["unknown"])
    for name, answer in answers.items():
        assert without_request_id(answer) == expected, name
        assert scene.id(name).encode() not in answer.body


# Several things wrong at once: label, caller, body, the one that is answered.
ORDER = [
    ("syntax before an unknown field", "owner", b'{"x":1,"x":2}', 400, "invalid_json", None),
    ("syntax before a bad name", "owner", b'{"name":1,}', 400, "invalid_json", None),
    ("an unknown field before a bad name", "owner", {"name": 1, "x": 1}, 400, "unknown_field",
     "x"),
    ("name before permissions", "owner", {"permissions": [], "name": 1}, 400, "invalid_field",
     "name"),
    ("permissions before websites", "owner", {"websiteIds": 1, "permissions": []}, 400,
     "invalid_field", "permissions"),
    ("websites before the end", "owner", {"expiresAt": 1, "websiteIds": 1}, 400, "invalid_field",
     "websiteIds"),
    ("elements from left to right", "owner", {"permissions": ["goals:read", 1, "x"]}, 400,
     "invalid_field", "permissions[1]"),
    ("ids from left to right", "owner", {"websiteIds": ["one", 1, "x"]}, 400, "invalid_field",
     "websiteIds[1]"),
    ("a bad name before what is beyond", "limited", {"name": 1, "permissions": ["*"]}, 400,
     "invalid_field", "name"),
    ("a bad end before what is beyond", "limited", {"permissions": ["*"], "expiresAt": 1}, 400,
     "invalid_field", "expiresAt"),
    ("a bad duration before what is beyond", "limited", {"permissions": ["*"], "expiresIn": 1},
     400, "invalid_field", "expiresIn"),
    ("a malformed id before one beyond", "limited", {"websiteIds": ["three", "x"]}, 400,
     "invalid_field", "websiteIds[1]"),
    ("a past end before one beyond", "limited",
     {"websiteIds": [], "expiresAt": "2020-01-01T00:00:00Z"}, 400, "invalid_field", "expiresAt"),
    ("a malformed id before an unknown one", "owner", {"websiteIds": ["unknown", "x"]}, 400,
     "invalid_field", "websiteIds[1]"),
    ("a bad duration before an unknown id", "owner", {"websiteIds": ["unknown"], "expiresIn": 1},
     400, "invalid_field", "expiresIn"),
    ("permissions beyond before websites beyond", "limited",
     {"websiteIds": ["three"], "permissions": ["*"]}, 403, "scope_exceeded", "permissions[0]"),
    ("websites beyond before an end beyond", "limited", {"expiresAt": None, "websiteIds": []},
     403, "scope_exceeded", "websiteIds"),
    ("permissions beyond before an unknown id", "lister",
     {"websiteIds": ["unknown"], "permissions": ["*"]}, 403, "scope_exceeded", "permissions[0]"),
    ("the first id beyond", "limited", {"websiteIds": ["one", "three", "unknown"]}, 403,
     "scope_exceeded", "websiteIds[1]"),
    ("the first id unknown", "owner", {"websiteIds": ["one", "foreign", "unknown"]}, 404,
     "not_found", "websiteIds[1]"),
]


@pytest.mark.parametrize("label, caller, body, status, reason, field", ORDER,
                         ids=[case[0] for case in ORDER])
def test_the_first_mistake_is_the_one_that_is_answered(scene, label, caller, body, status, reason,
                                                       field):
    if isinstance(body, dict):
        body = with_ids(scene, body)
    scene.refused(body, status, reason, field, caller)


def test_permission_is_asked_before_the_body_is_read(scene):
    reader = scene.create({"permissions": ["api-keys:read"]})["key"]
    for body in (b"{", {"x": 1}, {"name": 1}, {"permissions": ["*"]}):
        refused(scene.web, body, 403, "insufficient_scope", None, key=reader)


def test_authentication_is_asked_before_the_body_is_read(scene):
    for body in (b"{", {"x": 1}, {"name": 1}):
        refused(scene.web, body, 401, "invalid_token", None, key=well_formed())
        refused(scene.web, body, 401, "missing_token", None, key=None)


@pytest.fixture(scope="module")
def full():
    """A site whose account has as many tokens as it may have: what the operator makes counts."""
    for site in opened("tokens_per_account = 2\n" + QUICK + MEMO):
        website = site.website("one.example")
        key = site.token("owner@localhost", "--permission", "goals:read,api-keys:write")["key"]
        yield site.start(), key, website


# All of these but the last are also one token too many.
AT_THE_LIMIT = [
    ("400 before 409", {"name": 1}, 400, "invalid_field", "name"),
    ("unknown field before 409", {"x": 1}, 400, "unknown_field", "x"),
    ("403 before 409", {"permissions": ["*"]}, 403, "scope_exceeded", "permissions[0]"),
    ("404 before 409", {"websiteIds": [UNKNOWN_ID]}, 404, "not_found", "websiteIds[0]"),
    ("409 at last", {"permissions": ["goals:read"], "websiteIds": "one", "expiresIn": 60}, 409,
     "limit_reached", None),
]


@pytest.mark.parametrize("label, body, status, reason, field", AT_THE_LIMIT,
                         ids=[case[0] for case in AT_THE_LIMIT])
def test_the_limit_is_the_last_thing_that_is_asked(full, label, body, status, reason, field):
    web, key, website = full
    body = json.loads(json.dumps(body).replace('"one"', json.dumps([website])))
    answer = refused(web, body, status, reason, field, key=key)
    if status == 409:
        assert "2 of 2" in answer.error["message"]
