# SPDX-License-Identifier: ISC
"""A body is JSON to the letter (RFC 8259) and an object of known names, or 400 and nothing done."""
import json
import re

import pytest

from asking import MEMO, QUICK
from claviger_site import TOKENS, Site, changed
from refusals import refused

KIB_60 = 60 * 1024


@pytest.fixture(scope="module")
def site():
    site = Site(QUICK + MEMO)
    yield site
    site.close()


def ids_of(cases):
    return [f"{case[0]} {case[1]}" for case in cases]


# Row of the table of bad inputs, label, body, byte at which it stops being JSON (None: any).
NOT_JSON = [
    (65, "only an opening brace", b"{", 1),
    (65, "name without colon", b'{"name"', 7),
    (65, "member without value", b'{"name":}', 8),
    (65, "object that is not closed", b'{"name":"a"', 11),
    (65, "string that is not closed", b'{"name":"a', 10),
    (65, "array that is not closed", b'{"permissions":["goals:read"', 28),
    (66, "a letter behind", b"{}x", 2),
    (66, "a letter behind a blank", b"{} x", 3),
    (66, "two objects", b"{}{}", 2),
    (66, "two objects on two lines", b"{}\n{}", 3),
    (66, "a comma behind", b"{},", 2),
    (66, "a letter behind two bytes of one character", '{"name":"é"}x'.encode(), 13),
    (67, "an array", b"[]", 0),
    (67, "an array of an object", b'[{"name":"a"}]', 0),
    (67, "a string", b'"a"', 0),
    (67, "a number", b"1", 0),
    (67, "true", b"true", 0),
    (67, "null", b"null", 0),
    (68, "one name twice", b'{"name":"a","name":"b"}', None),
    (68, "one name twice with one value", b'{"name":"a","name":"a"}', None),
    (68, "one name twice, once escaped", b'{"name":"a","na\\u006de":"b"}', None),
    (68, "one name twice, escaped first", b'{"na\\u006de":"b","name":"a"}', None),
    (68, "one name twice with others between",
     b'{"permissions":["goals:read"],"name":"a","permissions":["*"]}', None),
    (68, "one name twice further in", b'{"x":[{"a":1,"a":2}]}', None),
    (69, "comma before the brace", b'{"name":"a",}', None),
    (69, "comma before the bracket", b'{"permissions":["goals:read",]}', None),
    (69, "only a comma", b"{,}", 1),
    (69, "two commas", b'{"name":"a",,"expiresIn":60}', None),
    (70, "name in single quotes", b"{'name':\"a\"}", 1),
    (70, "value in single quotes", b"{\"name\":'a'}", 8),
    (70, "name without quotes", b'{name:"a"}', 1),
    (71, "line comment behind", b"{} // a", 3),
    (71, "line comment before", b"// a\n{}", 0),
    (71, "block comment", b"{/* a */}", 1),
    (71, "hash comment", b"{} # a", 3),
    (72, "NaN", b'{"expiresIn":NaN}', 13),
    (72, "Infinity", b'{"expiresIn":Infinity}', 13),
    (72, "-Infinity", b'{"expiresIn":-Infinity}', None),
    (73, "True", b'{"name":True}', 8),
    (73, "nul", b'{"name":nul}', None),
    (73, "None", b'{"name":None}', 8),
    (73, "nullx", b'{"name":nullx}', None),
    (74, "007", b'{"expiresIn":007}', None),
    (74, "00", b'{"expiresIn":00}', None),
    (74, "+1", b'{"expiresIn":+1}', 13),
    (74, ".5", b'{"expiresIn":.5}', 13),
    (74, "1.", b'{"expiresIn":1.}', None),
    (74, "0x1", b'{"expiresIn":0x1}', None),
    (74, "1e", b'{"expiresIn":1e}', None),
    (74, "1e+", b'{"expiresIn":1e+}', None),
    (74, "-", b'{"expiresIn":-}', None),
    (74, "6 0", b'{"expiresIn":6 0}', None),
    (76, "raw line feed in a string", b'{"name":"a\nb"}', 10),
    (76, "raw tabulator in a string", b'{"name":"a\tb"}', 10),
    (76, "raw 0x01 in a string", b'{"name":"a\x01b"}', 10),
    (76, "raw 0x1f in a string", b'{"name":"a\x1fb"}', 10),
    (76, "raw 0x01 in a name", b'{"na\x01me":"a"}', 4),
    (76, "raw NUL in a string", b'{"name":"a\0b"}', 10),
    (76, "raw NUL in a name", b'{"name\0":"a"}', 6),
    (76, "NUL behind", b'{"name":"a"}\0', 12),
    (76, "NUL before", b'\0{"name":"a"}', 0),
    (77, "\\x41", b'{"name":"\\x41"}', None),
    (77, "\\u12", b'{"name":"\\u12"}', None),
    (77, "\\u{41}", b'{"name":"\\u{41}"}', None),
    (77, "\\u00g0", b'{"name":"\\u00g0"}', None),
    (77, "\\'", b'{"name":"\\\'"}', None),
    (77, "backslash before the end", b'{"name":"\\', None),
    (78, "byte ff", b'{"name":"\xff"}', 9),
    (78, "c0 af, an overlong slash", b'{"name":"\xc0\xaf"}', 9),
    (78, "e0 80 af, an overlong slash", b'{"name":"\xe0\x80\xaf"}', 9),
    (78, "f0 80 80 af, an overlong slash", b'{"name":"\xf0\x80\x80\xaf"}', 9),
    (78, "f4 90 80 80, beyond U+10FFFF", b'{"name":"\xf4\x90\x80\x80"}', 9),
    (78, "sequence cut by the quotation mark", b'{"name":"\xe2\x82"}', 9),
    (78, "sequence cut by the end", b'{"name":"\xe2\x82', 9),
    (78, "continuation without a start", b'{"name":"\x80"}', 9),
    (78, "byte ff in a name", b'{"na\xffme":"a"}', 4),
    (79, "ed a0 80, a surrogate in UTF-8", b'{"name":"\xed\xa0\x80"}', 9),
    (79, "ed a0 bd ed b8 80, a pair in UTF-8", b'{"name":"\xed\xa0\xbd\xed\xb8\x80"}', 9),
    (79, "\\ud800 alone", b'{"name":"\\ud800"}', None),
    (79, "\\udc00\\ud800, the wrong way round", b'{"name":"\\udc00\\ud800"}', None),
    (79, "\\ud800\\ud800", b'{"name":"\\ud800\\ud800"}', None),
    (79, "\\ud800 and a letter", b'{"name":"\\ud800a"}', None),
    (80, "byte order mark", b'\xef\xbb\xbf{"name":"a"}', 0),
    (80, "UTF-16, little end first", '{"name":"a"}'.encode("utf-16-le"), None),
    (80, "UTF-16, big end first", '{"name":"a"}'.encode("utf-16-be"), None),
    (80, "UTF-16 with a mark", '{"name":"a"}'.encode("utf-16"), None),
    (80, "form feed as a blank", b'{\f"name":"a"}', 1),
    (80, "vertical tabulator as a blank", b'{"name":\v"a"}', 8),
    (80, "U+00A0 as a blank", b'{"name":\xc2\xa0"a"}', 8),
    (80, "U+2028 as a blank", b'{"name":\xe2\x80\xa8"a"}', 8),
    (81, "nine levels of arrays", b'{"x":' + 8 * b"[" + 8 * b"]" + b"}", None),
    (81, "nine levels of objects", 9 * b'{"a":' + b"1" + 9 * b"}", None),
    (81, "60 KiB of [", KIB_60 * b"[", 0),
    (81, "60 KiB of [ in an object", b'{"a":' + KIB_60 * b"[", None),
    (81, "60 KiB of {\"a\":", KIB_60 // 5 * b'{"a":', None),
    (84, "a blank", b" ", None),
    (84, "blanks of each kind", b" \t\r\n ", None),
]


@pytest.mark.parametrize("row, label, body, offset", NOT_JSON, ids=ids_of(NOT_JSON))
def test_what_is_not_json_is_refused_with_the_byte_where_it_ends(web, row, label, body, offset):
    answer = refused(web, body, 400, "invalid_json", None)
    at = re.search(r"byte (\d+)", answer.error["message"])
    assert at, answer.error["message"]
    assert int(at.group(1)) <= len(body)
    if offset is not None:
        assert int(at.group(1)) == offset, answer.error["message"]


NO_VALUE = [
    (75, "1e999", b'{"expiresIn":1e999}', "expiresIn"),
    (75, "-1e999", b'{"expiresIn":-1e999}', "expiresIn"),
    (75, "20 digits", b'{"expiresIn":99999999999999999999}', "expiresIn"),
    (75, "20 digits below zero", b'{"expiresIn":-99999999999999999999}', "expiresIn"),
    (75, "2^64 + 60", b'{"expiresIn":18446744073709551676}', "expiresIn"),
    (75, "400 digits", b'{"expiresIn":' + 400 * b"9" + b"}", "expiresIn"),
    (81, "eight levels", b'{"permissions":' + 7 * b"[" + 7 * b"]" + b"}", "permissions[0]"),
    (83, "60 KiB of name", b'{"name":"' + KIB_60 * b"a" + b'"}', "name"),
]


@pytest.mark.parametrize("row, label, body, field", NO_VALUE, ids=ids_of(NO_VALUE))
def test_json_that_means_nothing_here_is_refused_by_its_field(web, row, label, body, field):
    refused(web, body, 400, "invalid_field", field)


def of_one(name):
    return json.dumps({name: ["*"]}, ensure_ascii=False).encode()


# What is named: the first 32 characters, as they were meant.
UNKNOWN = [
    (81, "eight levels", b'{"x":' + 7 * b"[" + 7 * b"]" + b"}", "x"),
    (82, "4 000 members", b"{" + b",".join(b'"a%d":0' % i for i in range(4000)) + b"}", "a0"),
    (82, "the first of two", b'{"zz":1,"aa":2}', "zz"),
    (82, "known ones before it", b'{"name":"a","expiresIn":60,"b":1}', "b"),
    (82, "its value does not matter", b'{"b":{"name":[null,{}]}}', "b"),
    (85, "33 characters", of_one(33 * "a"), 32 * "a"),
    (85, "60 KiB of a name", of_one(KIB_60 * "a"), 32 * "a"),
    (85, "markup", of_one("<b>&"), "<b>&"),
    (85, "a line feed, escaped", b'{"a\\nb":1}', "a\nb"),
    (85, "a quotation mark, escaped", b'{"a\\"b":1}', 'a"b'),
    (85, "U+2028", of_one("a\u2028b"), "a\u2028b"),
    (86, "permission", of_one("permission"), "permission"),
    (86, "Permissions", of_one("Permissions"), "Permissions"),
    (86, "permissions and a blank", of_one("permissions "), "permissions "),
    (86, "permissions in full width", of_one("ｐermissions"), "ｐermissions"),
    (86, "website_ids", of_one("website_ids"), "website_ids"),
    (86, "scope", b'{"scope":"admin"}', "scope"),
    (86, "id", b'{"id":"0123456789abcdef01234567"}', "id"),
    (86, "_id", b'{"_id":"0123456789abcdef01234567"}', "_id"),
    (86, "parentId", b'{"parentId":null}', "parentId"),
    (86, "key", b'{"key":"a"}', "key"),
    (86, "displayKey", b'{"displayKey":"a"}', "displayKey"),
    (86, "createdAt", b'{"createdAt":"2020-01-01T00:00:00Z"}', "createdAt"),
    (86, "lastUsedAt", b'{"lastUsedAt":null}', "lastUsedAt"),
    (86, "state", b'{"state":"active"}', "state"),
    (86, "account", b'{"account":"0123456789abcdef01234567"}', "account"),
    (86, "userId", b'{"userId":"0123456789abcdef01234567"}', "userId"),
    (86, "__proto__", b'{"__proto__":{"name":"a"}}', "__proto__"),
]


@pytest.mark.parametrize("row, label, body, field", UNKNOWN, ids=ids_of(UNKNOWN))
def test_an_unknown_field_is_refused_by_its_name(web, row, label, body, field):
    answer = refused(web, body, 400, "unknown_field", field)
    assert b"<" not in answer.body and b"\n" not in answer.body
    assert "\u2028".encode() not in answer.body


def test_an_unknown_field_without_a_name_is_refused(web):
    """Row 85. There is no name to show, as a field or otherwise."""
    answer = refused(web, b'{"":1}', 400, "unknown_field")
    assert answer.error.get("field") in (None, "")


@pytest.mark.parametrize("character", ["é", "€", "😀"])
def test_a_long_unknown_name_is_never_cut_inside_a_character(web, character):
    """Row 85: at most 32 characters, fewer where they take many bytes."""
    shown = refused(web, of_one(100 * character), 400, "unknown_field").error["field"]
    assert shown and shown == len(shown) * character and len(shown) <= 32


@pytest.mark.parametrize("label", ["own", "made up", "other checksum"])
def test_an_unknown_field_in_the_form_of_a_key_is_not_repeated(web, label):
    names = {"own": web.site.owner_key, "made up": "dft_" + 48 * "0",
             "other checksum": changed(web.site.owner_key, 51)}
    name = names[label]
    answer = refused(web, of_one(name), 400, "unknown_field", None)
    assert name[4:20].encode() not in answer.body


@pytest.mark.parametrize("body", [b'{"name\\u0000":"a"}', b'{"name\\u0000x":"a"}',
                                  b'{"name":"a","name\\u0000":"b"}', b'{"\\u0000":1}'])
def test_a_name_is_not_cut_at_an_escaped_nul(web, body):
    """Row 86: json-c alone would take each of these for "name" or for nothing."""
    answer = refused(web, body, 400, "unknown_field")
    assert answer.error.get("field") != "name"


# Odd, and JSON all the same: one creation each, so few.
ACCEPTED = [
    ("escaped name", b'{"na\\u006de":"a"}', "a"),
    ("each escape", b'{"name":"\\u0061\\/\\"\\\\\\ud83d\\ude00\\u00e9"}', 'a/"\\😀é'),
    ("each blank", b'\r\n\t {\t"name" :\n"a"\r, "permissions":[ "*" ] } \n', "a"),
    ("escape in capitals", b'{"name":"\\u00E9"}', "é"),
    ("empty object", b"{}", None),
]


@pytest.mark.parametrize("label, body, name", ACCEPTED, ids=[case[0] for case in ACCEPTED])
def test_another_spelling_of_the_same_json_means_the_same(web, label, body, name):
    answer = web.call("POST", TOKENS, body).check()
    assert answer.status == 201, answer.error
    assert answer.first["name"] == name
