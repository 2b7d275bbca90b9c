# SPDX-License-Identifier: ISC
"""Every text that is not a living token's key gets one and the same 401, and costs no scrypt run
unless it knows a selector: docs/security section 2, rows 19-27."""
import time

import pytest

from asking import MEMO, QUICK, REQUEST_ID, ask_program, bearer, change, line, same
from claviger_site import PLAIN_CGI, TOKENS, changed, checksum, well_formed
from conftest import opened
from refusals import nothing_changes, tells_nothing

SELF = TOKENS + "/self"
PREFIX = "dft_"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + MEMO)


@pytest.fixture(scope="module")
def token(web):
    """A living token whose key the rows spoil; it has been used, so that it costs no more runs."""
    token = web.create(name="to be misspelt")
    assert web.call("GET", SELF, key=token["key"]).status == 200
    return token


@pytest.fixture(scope="module")
def invalid(web):
    """What every bad key is answered, byte for byte."""
    answer = web.raw(line("GET", SELF, bearer("no-key-at-all"))).refused(401, "invalid_token")
    assert answer.header("WWW-Authenticate") == 'Bearer realm="claviger", error="invalid_token"'
    return answer


def runs(web):
    """How many scrypt runs were made to check keys. A CGI process takes its count with it; but each
    run that fails is noted in the store, and none of those here may succeed."""
    if PLAIN_CGI:
        return web.site.rows("SELECT count(*) FROM failed_checks")[0][0]
    return web.scrypt_runs()


def refuse(web, invalid, key, costs=0):
    before = runs(web)
    with nothing_changes(web.site):
        answer = web.raw(line("GET", SELF, bearer(key)))
    assert same(answer) == same(invalid), answer.body
    assert runs(web) == before + costs
    tells_nothing(web.site, answer)


def swapped(text, i, j):
    letters = list(text)
    letters[i], letters[j] = letters[j], letters[i]
    return "".join(letters)


def neighbours(key):
    """Where two neighbours behind the prefix differ."""
    return [i for i in range(len(PREFIX), len(key) - 1) if key[i] != key[i + 1]]


def letters(key):
    return [i for i in range(len(PREFIX), len(key)) if key[i].isalpha()]


def with_prefix(key, prefix):
    """KEY with another prefix and the checksum that goes with it."""
    body = prefix + key[len(PREFIX):-6]
    return body + checksum(body)


def with_inside(key, text, position=20):
    """KEY with TEXT inside, as long as before where TEXT is one character, and its checksum."""
    body = key[:position] + text + key[position + 1:-6]
    return body + checksum(body)


TEXTS = [
    # row, label, how it is made of a living key
    (19, "51 characters", lambda key: key[:-1]),
    (19, "51 characters, the first gone", lambda key: key[1:]),
    (19, "53 characters", lambda key: key + "0"),
    (19, "53 characters, one in front", lambda key: "0" + key),
    (19, "twice", lambda key: key + key),
    (19, "8 000 characters", lambda key: key + "0" * 7900),
    (21, "the first swapped with the last other",
     lambda key: swapped(key, 0, max(i for i in range(len(key)) if key[i] != key[0]))),
    (21, "first and last behind the prefix swapped",
     lambda key: swapped(changed(key, 4, "Aa"), 4, len(key) - 1)),
    (22, "all in lower case", lambda key: PREFIX + key[4:].lower()),
    (22, "all in upper case", lambda key: PREFIX + key[4:].upper()),
    (23, "DFT_", lambda key: "DFT_" + key[4:]),
    (23, "DFT_ with its checksum", lambda key: with_prefix(key, "DFT_")),
    (23, "dft-", lambda key: "dft-" + key[4:]),
    (23, "dft- with its checksum", lambda key: with_prefix(key, "dft-")),
    (23, "dftt_", lambda key: "dftt_" + key[4:]),
    (23, "dftt_ with its checksum", lambda key: with_prefix(key, "dftt_")),
    (23, "dftt_ in 52 characters", lambda key: "dftt_" + key[5:]),
    (23, "another prefix", lambda key: with_prefix(key, "abc_")),
    (23, "no prefix", lambda key: key[4:]),
    (24, "-", lambda key: with_inside(key, "-")),
    (24, "_", lambda key: with_inside(key, "_")),
    (24, "+", lambda key: with_inside(key, "+")),
    (24, "/", lambda key: with_inside(key, "/")),
    (24, "=", lambda key: with_inside(key, "=")),
    (24, "e with an acute accent", lambda key: with_inside(key, "\u00e9")),
    (24, "the same in Latin-1", lambda key: with_inside(key, "\u00e9").encode("latin-1")),
    (24, "a full-width digit", lambda key: with_inside(key, "\uff11")),
    (24, "a full-width digit, as long in bytes",
     lambda key: key[:20] + "\uff11" + key[23:]),
    (25, "only the prefix", lambda key: PREFIX),
    (25, "48 zeros with a wrong checksum", lambda key: PREFIX + "0" * 48),
    (25, "zeros with a right checksum",
     lambda key: PREFIX + "0" * 42 + checksum(PREFIX + "0" * 42)),
    (26, "the display key", lambda key: f"{key[:7]}...{key[-4:]}"),
    (26, "percent-encoded", lambda key: "".join(f"%{ord(c):02X}" for c in key)),
    (26, "a percent-encoded underscore", lambda key: key.replace("_", "%5F")),
    (26, "%00 behind", lambda key: key + "%00"),
    (26, "%00 inside", lambda key: key[:20] + "%00" + key[23:]),
    (26, "a dot behind", lambda key: key + "."),
    (26, "in quotes", lambda key: f'"{key}"'),
    (27, "a selector that nobody has", lambda key: well_formed()),
    (27, "another secret's selector", lambda key: PREFIX + well_formed()[4:14] + key[14:]),
]


@pytest.mark.parametrize("row, label, make", TEXTS, ids=[f"{e[0]} {e[1]}" for e in TEXTS])
def test_what_is_no_key_is_refused_without_a_run(web, token, invalid, row, label, make):
    key = make(token["key"])
    if isinstance(key, str):
        key = key.encode().decode("latin-1")  # its UTF-8, byte by byte
    else:
        key = key.decode("latin-1")
    refuse(web, invalid, key)


@pytest.mark.parametrize("position", range(48))
def test_row_20_one_character_changed_is_refused_without_a_run(web, token, invalid, position):
    refuse(web, invalid, changed(token["key"], len(PREFIX) + position, ALPHABET))


def test_row_21_no_two_neighbours_can_be_swapped(web, token, invalid):
    positions = neighbours(token["key"])
    assert positions
    for i in positions:
        refuse(web, invalid, swapped(token["key"], i, i + 1))


def test_row_22_no_letter_can_be_of_the_other_case(web, token, invalid):
    positions = letters(token["key"])
    assert positions
    for i in positions:
        key = token["key"]
        refuse(web, invalid, key[:i] + key[i].swapcase() + key[i + 1:])


@pytest.mark.parametrize("end", ["\r", "\n", "\x00"], ids=["CR", "LF", "NUL"])
def test_row_26_lighttpd_refuses_control_bytes_in_a_header(web, token, end):
    before = runs(web)
    answer = web.raw(line("GET", SELF, bearer(token["key"] + end + "x")))
    assert (answer.status, answer.header("Content-Type")) == (400, "text/html")
    assert runs(web) == before


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"], ids=["CR", "LF", "CR LF"])
def test_row_26_the_program_refuses_them_as_well(web, token, end):
    before = runs(web)
    answer = ask_program(web, REQUEST_URI=SELF, HTTP_AUTHORIZATION=f"Bearer {token['key']}{end}")
    answer.refused(401, "invalid_token")
    assert answer.error["requestId"] == REQUEST_ID
    assert runs(web) == before


def test_row_27_a_wrong_secret_runs_once_and_no_more(web, token, invalid):
    wrong = well_formed(selector=token["key"][4:14])
    refuse(web, invalid, wrong, costs=1)
    for _ in range(3):
        refuse(web, invalid, wrong)
    assert web.call("GET", SELF, key=token["key"]).status == 200


def test_row_27_an_unknown_selector_never_runs(web, invalid):
    before = runs(web)
    for _ in range(50):
        assert same(web.raw(line("GET", SELF, bearer(well_formed())))) == same(invalid)
    assert runs(web) == before


# What befalls a token behind the back of whoever holds its key; :id is the token's.
FATES = [
    ("expired at this moment", "UPDATE tokens SET expires_at = :now WHERE id = :id"),
    ("expired long ago", "UPDATE tokens SET expires_at = 1 WHERE id = :id"),
    ("revoked by the operator",
     "UPDATE tokens SET revoked_at = :now, hash = NULL WHERE id = :id"),
]


@pytest.mark.parametrize("label, statement", FATES, ids=[fate[0] for fate in FATES])
@pytest.mark.parametrize("is_warm", [True, False], ids=["used before", "never used"])
def test_row_27_a_dead_token_is_refused_without_a_run(web, invalid, label, statement, is_warm):
    token = web.create(name=label)
    if is_warm:
        assert web.call("GET", SELF, key=token["key"]).status == 200
    statement = statement.replace(":now", str(time.time_ns() // 1000000))
    change(web.site, statement.replace(":id", f"x'{token['id']}'"))
    refuse(web, invalid, token["key"])


def test_row_27_a_revoked_token_is_refused_without_a_run(web, invalid):
    token = web.create(name="revokes itself")
    assert web.call("DELETE", SELF, key=token["key"]).status == 200
    refuse(web, invalid, token["key"])


def test_row_27_the_tokens_of_a_disabled_account_are_refused_without_a_run(web, token, invalid):
    web.site.account("gone@example.org")
    keys = [web.site.token("gone@example.org")["key"] for _ in range(2)]
    assert web.call("GET", SELF, key=keys[0]).status == 200
    web.site.admin("account", "disable", "gone@example.org")
    for key in keys:
        refuse(web, invalid, key)
    assert web.call("GET", SELF, key=token["key"]).status == 200
