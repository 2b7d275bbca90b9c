# SPDX-License-Identifier: ISC
"""A token with allowedIps is good from these addresses and from no other, and what is made by it
lies inside them. Whoever comes from elsewhere learns nothing; the operator does."""
import json
import re

import pytest

from asking import MEMO, QUICK, ask_program, change
from claviger_site import TOKENS, well_formed
from conftest import opened
from refusals import nothing_changes, refused, tells_nothing, without_request_id

HERE, THERE = "127.0.0.1", "127.0.0.2"
HELD = ["10.0.0.0/8", "127.0.0.0/29", "2001:db8::/32"]


class Scene:
    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.limited = self.web.create(allowedIps=HELD)
        self.keys = {"owner": site.owner_key, "limited": self.limited["key"]}

    def create(self, body, caller="owner"):
        answer = self.web.call("POST", TOKENS, body, key=self.keys[caller]).check()
        assert answer.status == 201, answer.error
        shown = self.web.call("GET", f"{TOKENS}/{answer.first['id']}").check().first
        assert shown["allowedIps"] == answer.first["allowedIps"]
        return answer.first

    def itself(self, token, source=None):
        return self.web.call("GET", f"{TOKENS}/self", key=token["key"], source=source).check()

    def from_address(self, token, address):
        """What the program answers where the web server says ADDRESS (None: nothing)."""
        return ask_program(self.web, REQUEST_URI=f"{TOKENS}/self", REMOTE_ADDR=address,
                           HTTP_AUTHORIZATION=f"Bearer {token['key']}").check()


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


# 400 invalid_field: label, what is asked (bytes where Python would not write it so), field.
INVALID = [
    ("null", None, ""),
    ("text", "192.0.2.7", ""),
    ("empty text", "", ""),
    ("object", {}, ""),
    ("number", 5, ""),
    ("true", True, ""),
    ("65 elements", 65 * ["192.0.2.7"], ""),
    ("number inside", ["192.0.2.7", 1], "[1]"),
    ("null inside", [None], "[0]"),
    ("array inside", [["192.0.2.7"]], "[0]"),
    ("empty text inside", [""], "[0]"),
    ("the first of two bad ones", ["::1", "x", "y"], "[1]"),
    ("bits behind the prefix", ["192.0.2.7/24"], "[0]"),
    ("bits behind the prefix, IPv6", ["2001:db8::1/64"], "[0]"),
    ("prefix too long", ["192.0.2.0/33"], "[0]"),
    ("prefix too long, IPv6", ["2001:db8::/129"], "[0]"),
    ("prefix too short for a mapped address", ["::ffff:0.0.0.0/95"], "[0]"),
    ("no prefix behind the slash", ["192.0.2.0/"], "[0]"),
    ("negative prefix", ["192.0.2.0/-1"], "[0]"),
    ("leading nought", ["192.0.2.0/024"], "[0]"),
    ("netmask", ["192.0.2.0/255.255.255.0"], "[0]"),
    ("range", ["192.0.2.1-192.0.2.9"], "[0]"),
    ("wildcard", ["192.0.2.*"], "[0]"),
    ("three numbers", ["192.0.2/24"], "[0]"),
    ("octal", ["192.0.2.010"], "[0]"),
    ("one number", ["3221225991"], "[0]"),
    ("host name", ["localhost"], "[0]"),
    ("blank before", [" 192.0.2.7"], "[0]"),
    ("blank behind", ["192.0.2.7 "], "[0]"),
    ("two in one", ["192.0.2.7,192.0.2.8"], "[0]"),
    ("two in one, as the row keeps them", ["192.0.2.7 192.0.2.8"], "[0]"),
    ("brackets", ["[::1]"], "[0]"),
    ("port", ["192.0.2.7:80"], "[0]"),
    ("zone", ["fe80::1%eth0"], "[0]"),
    ("digits of another script", ["١٩٢.0.2.7"], "[0]"),
    ("NUL", ["192.0.2.7\0"], "[0]"),
    ("very long", ["1" * 5000], "[0]"),
]


@pytest.mark.parametrize("label, asked, element", INVALID, ids=[case[0] for case in INVALID])
def test_what_is_no_network_is_named(scene, label, asked, element):
    answer = refused(scene.web, {"allowedIps": asked}, 400, "invalid_field", "allowedIps" + element)
    assert "wanted" in answer.error["message"]


@pytest.mark.parametrize("field", ["allowedIPs", "allowed_ips", "lastUsedIp", "useCount"])
def test_another_field_is_unknown(scene, field):
    answer = refused(scene.web, {field: None}, 400, "unknown_field", field)
    assert "allowedIps" in answer.error["message"]


# 201: label, caller, what is asked (... leaves it out), what is answered.
KEPT = [
    ("absent, of an unlimited caller", "owner", ..., []),
    ("[] of an unlimited caller", "owner", [], []),
    ("absent, of a limited caller", "limited", ..., HELD),
    ("its own", "limited", HELD[::-1], HELD),
    ("an address of each", "limited", ["2001:db8::7", "10.1.2.3"],
     ["10.1.2.3/32", "2001:db8::7/128"]),
    ("a network inside", "limited", ["10.200.0.0/16"], ["10.200.0.0/16"]),
    ("mapped IPv4", "limited", ["::ffff:10.1.2.3"], ["10.1.2.3/32"]),
    ("another spelling", "owner", ["2001:0DB8:0::0:1/128"], ["2001:db8::1/128"]),
    ("all of IPv4", "owner", ["0.0.0.0/0"], ["0.0.0.0/0"]),
    ("64 times the same", "owner", 64 * ["192.0.2.7"], ["192.0.2.7/32"]),
    ("one inside another", "owner", ["10.1.0.0/16", "10.0.0.0/8", "10.1.2.3"], ["10.0.0.0/8"]),
    ("neighbours stay two", "owner", ["10.128.0.0/9", "10.0.0.0/9"],
     ["10.0.0.0/9", "10.128.0.0/9"]),
    ("IPv4 before IPv6", "owner", ["::/0", "203.0.113.0/24"], ["203.0.113.0/24", "::/0"]),
    ("64 different ones", "owner", [f"192.0.2.{2 * i}" for i in range(64)],
     [f"192.0.2.{2 * i}/32" for i in range(64)]),
]


@pytest.mark.parametrize("label, caller, asked, given", KEPT, ids=[case[0] for case in KEPT])
def test_a_list_is_kept_in_one_form(scene, label, caller, asked, given):
    body = {} if asked is ... else {"allowedIps": asked}
    assert scene.create(body, caller)["allowedIps"] == given


# 403 scope_exceeded: label, what is asked of the limited caller, field.
EXCEEDING = [
    ("any address", [], "allowedIps"),
    ("all of IPv4", ["0.0.0.0/0"], "allowedIps[0]"),
    ("all of both", ["0.0.0.0/0", "::/0"], "allowedIps[0]"),
    ("one bit wider", ["10.0.0.0/7"], "allowedIps[0]"),
    ("the address behind", ["127.0.0.8"], "allowedIps[0]"),
    ("behind its own", ["10.1.2.3", "2001:db8::/32", "2001:db9::1"], "allowedIps[2]"),
    ("the first of two", ["10.1.2.3", "11.0.0.0/8", "12.0.0.0/8"], "allowedIps[1]"),
    ("IPv4 as if it were IPv6", ["::10.1.2.3"], "allowedIps[0]"),
]


@pytest.mark.parametrize("label, asked, field", EXCEEDING, ids=[case[0] for case in EXCEEDING])
def test_what_is_beyond_the_caller_is_refused(scene, label, asked, field):
    refused(scene.web, {"allowedIps": asked}, 403, "scope_exceeded", field,
            key=scene.keys["limited"])


def test_the_message_names_the_network(scene):
    answer = refused(scene.web, {"allowedIps": ["10.1.2.3", "192.0.2.0/24"]}, 403,
                     "scope_exceeded", key=scene.keys["limited"])
    assert 'exceed the caller: allowedIps[1] "192.0.2.0/24"; ask' in answer.error["message"]


def test_the_first_mistake_is_the_one_that_is_answered(scene):
    """Behind the websites and before the end; 400 before 403."""
    limited = scene.keys["limited"]
    for body, status, reason, field, key in [
            ({"allowedIps": 1, "websiteIds": 1}, 400, "invalid_field", "websiteIds", "owner"),
            ({"expiresAt": 1, "allowedIps": 1}, 400, "invalid_field", "allowedIps", "owner"),
            ({"allowedIps": [], "expiresAt": 1}, 400, "invalid_field", "expiresAt", limited),
            ({"allowedIps": ["11.0.0.0/8", "x"]}, 400, "invalid_field", "allowedIps[1]", limited),
            ({"allowedIps": [], "websiteIds": ["0" * 24]}, 404, "not_found", "websiteIds[0]",
             limited)]:
        refused(scene.web, body, status, reason, field, key=key)


def test_grandchildren_lie_inside_too(scene):
    child = scene.web.create(key=scene.keys["limited"], allowedIps=["127.0.0.0/30"])
    grandchild = scene.web.create(key=child["key"])
    assert grandchild["allowedIps"] == ["127.0.0.0/30"]
    for beyond in (["127.0.0.0/29"], ["10.0.0.0/8"], []):
        with nothing_changes(scene.site):
            answer = scene.web.call("POST", TOKENS, {"allowedIps": beyond},
                                    key=grandchild["key"]).check()
        assert (answer.status, answer.reason) == (403, "scope_exceeded"), beyond


def test_a_wider_token_is_seen_and_not_revoked(scene):
    """Addresses say from where a token may be used, not what it may see."""
    wider = scene.web.create()
    limited = scene.keys["limited"]
    assert scene.web.call("GET", f"{TOKENS}/{wider['id']}", key=limited).check().status == 200
    with nothing_changes(scene.site):
        scene.web.call("DELETE", f"{TOKENS}/{wider['id']}", key=limited).refused(
            403, "scope_exceeded")


def test_a_change_narrows_and_never_widens(scene):
    token = scene.web.create(allowedIps=HELD)
    path = f"{TOKENS}/{token['id']}"
    for wider in ([], ["0.0.0.0/0"], ["127.0.0.0/28"]):
        with nothing_changes(scene.site):
            scene.web.call("PATCH", path, {"allowedIps": wider}).refused(
                403, "scope_exceeded", "allowedIps" + ("[0]" if wider else ""))
    changed = scene.web.call("PATCH", path, {"allowedIps": ["127.0.0.2"]}).check()
    assert (changed.status, changed.first["allowedIps"]) == (200, ["127.0.0.2/32"])
    scene.itself(token).refused(401, "invalid_token")
    assert scene.itself(token, source=THERE).first["allowedIps"] == ["127.0.0.2/32"]
    renamed = scene.web.call("PATCH", path, {"name": "other"}).check()
    assert renamed.first["allowedIps"] == ["127.0.0.2/32"]


def test_a_cascade_cuts_addresses_and_revokes_what_is_left_without(scene):
    token = scene.web.create()
    children = [scene.web.create(key=token["key"], allowedIps=allowed) for allowed in
                ([], ["127.0.0.0/8", "10.0.0.0/8"], ["127.0.0.1"], ["192.0.2.0/24"])]
    answer = scene.web.call("PATCH", f"{TOKENS}/{token['id']}?cascade=true",
                            {"allowedIps": ["127.0.0.0/30", "2001:db8::/32"]}).check()
    assert (answer.status, answer.first["descendants"]) == (200, 4)
    shown = [scene.web.call("GET", f"{TOKENS}/{child['id']}").check().first for child in children]
    assert [record["state"] for record in shown] == 3 * ["active"] + ["revoked"]
    assert [record["allowedIps"] for record in shown[:3]] == [
        ["127.0.0.0/30", "2001:db8::/32"], ["127.0.0.0/30"], ["127.0.0.1/32"]]


# ---- Use ----------------------------------------------------------------------------------------

def test_a_key_is_good_from_its_addresses_alone(scene):
    token = scene.web.create(allowedIps=[HERE])
    for _ in range(2):  # cold, then remembered
        assert scene.itself(token).status == 200
        scene.itself(token, source=THERE).refused(401, "invalid_token")
    both = scene.web.create(allowedIps=["127.0.0.0/30"])
    assert [scene.itself(both, source=f"127.0.0.{i}").status for i in (1, 2, 3, 4)] == [
        200, 200, 200, 401]


def test_a_key_from_elsewhere_gets_the_answer_of_every_bad_key(scene):
    token = scene.web.create(allowedIps=[HERE])
    elsewhere = scene.itself(token, source=THERE)
    tells_nothing(scene.site, elsewhere)
    unknown = scene.web.call("GET", f"{TOKENS}/self", key=well_formed())
    assert without_request_id(elsewhere) == without_request_id(unknown)


# label, list, what the web server says, whether it is let in.
ADDRESSES = [
    ("IPv6 inside", ["2001:db8::/32"], "2001:db8:1::7", True),
    ("IPv6 outside", ["2001:db8::/32"], "2001:db9::7", False),
    ("IPv6 in full", ["2001:db8::7"], "2001:0db8:0000:0000:0000:0000:0000:0007", True),
    ("loopback of IPv6", ["::1"], "::1", True),
    ("loopback of IPv4 is another", ["::1"], "127.0.0.1", False),
    ("IPv4 on a socket of both families", ["192.0.2.0/24"], "::ffff:192.0.2.7", True),
    ("mapped in the list", ["::ffff:192.0.2.7"], "192.0.2.7", True),
    ("IPv4 in all of IPv6", ["::/0"], "192.0.2.7", False),
    ("no address", ["0.0.0.0/0", "::/0"], None, False),
    ("an empty one", ["0.0.0.0/0", "::/0"], "", False),
    ("something else", ["0.0.0.0/0", "::/0"], "unix:", False),
    ("two addresses", ["0.0.0.0/0"], "192.0.2.7, 192.0.2.8", False),
    ("a network", ["0.0.0.0/0"], "192.0.2.7/32", False),
    ("no address and no list", [], None, True),
    ("something else and no list", [], "unix:", True),
]


@pytest.mark.parametrize("label, allowed, address, is_good", ADDRESSES,
                         ids=[case[0] for case in ADDRESSES])
def test_the_web_servers_word_decides(scene, label, allowed, address, is_good):
    answer = scene.from_address(scene.web.create(allowedIps=allowed), address)
    assert answer.status == (200 if is_good else 401)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Client-IP"])
def test_no_header_moves_the_caller(scene, header):
    token = scene.web.create(allowedIps=[HERE])
    answer = scene.web.call("GET", f"{TOKENS}/self", key=token["key"], source=THERE,
                            headers={header: f"for={HERE}" if header == "Forwarded" else HERE})
    answer.refused(401, "invalid_token")


def test_a_list_that_changes_holds_at_the_next_request(scene):
    token = scene.web.create()
    assert scene.itself(token, source=THERE).status == 200
    change(scene.site, "UPDATE tokens SET allowed_ips = ? WHERE id = ?", "127.0.0.1/32",
           bytes.fromhex(token["id"]))
    scene.itself(token, source=THERE).refused(401, "invalid_token")
    assert scene.itself(token).status == 200


def test_a_list_that_cannot_be_read_lets_nobody_in(scene):
    token = scene.web.create()
    change(scene.site, "UPDATE tokens SET allowed_ips = 'anywhere' WHERE id = ?",
           bytes.fromhex(token["id"]))
    assert scene.itself(token).status == 503
    change(scene.site, "UPDATE tokens SET allowed_ips = NULL WHERE id = ?",
           bytes.fromhex(token["id"]))
    assert scene.itself(token).status == 200


def test_the_operator_reads_of_it_in_the_log(scene):
    token = scene.web.create(allowedIps=[HERE])
    scene.itself(token, source=THERE).refused(401, "invalid_token")
    (line,) = [line for line in scene.site.log.read_text().splitlines() if token["id"] in line
               and "refused by allowedIps" in line]
    assert f"token={token['id']}" in line and f"address={THERE}" in line and " info " in line
    assert token["key"][4:14] not in line


# ---- The operator's own tool ----------------------------------------------------------------------

def test_the_operator_limits_a_token_and_sees_it(scene):
    token = scene.site.token("owner@localhost", "--allow-ip", f"{HERE},2001:db8::/32",
                             "--allow-ip", "10.0.0.0/8")
    assert token["allowedIps"] == ["10.0.0.0/8", "127.0.0.1/32", "2001:db8::/32"]
    assert scene.itself(token).status == 200
    scene.itself(token, source=THERE).refused(401, "invalid_token")
    shown = scene.site.admin("token", "show", token["id"]).stdout
    assert re.search(r"(?m)^addresses +10\.0\.0\.0/8\n +127\.0\.0\.1/32\n +2001:db8::/32$", shown)
    free = scene.site.admin("token", "show", scene.site.token()["id"]).stdout
    assert re.search(r"(?m)^addresses +any$", free) and re.search(r"(?m)^uses +0$", free)
    assert json.loads(scene.site.admin("token", "show", token["id"], "--json").stdout)["data"][0][
        "allowedIps"] == token["allowedIps"]


@pytest.mark.parametrize("value, shown", [("192.0.2.7/24", "192.0.2.7/24"), ("", ""),
                                          ("::1,localhost", "localhost")])
def test_the_operator_is_told_which_network_is_none(scene, value, shown):
    with nothing_changes(scene.site):
        done = scene.site.admin("token", "create", "--allow-ip", value, status=2)
    assert f"--allow-ip {shown}: write an address" in done.stderr
