# SPDX-License-Identifier: ISC
"""A network that loses requests and answers, services that are busy, and some that are no claviger."""
import json
import re

import pytest

from claviger_site import TOKENS, free_port
from client import KEY, NO_ANSWER, NOT_FOUND, REFUSED, Client
from unreliable_proxy import Proxy, answer

BUSY = json.dumps({"status": "error", "error": {"code": 503, "reason": "busy", "message": "Busy",
                                                "requestId": "1"}})


@pytest.fixture
def proxy(web):
    made = Proxy(web.port)
    yield made
    made.close()


@pytest.fixture
def far(proxy, web):
    """A client behind the proxy, which has passed one request so far."""
    made = Client(f"http://127.0.0.1:{proxy.port}", web.site.owner_key).log_in()
    proxy.seen.clear()
    yield made
    made.close()


def named(web, name):
    return [t for t in web.call("GET", f"{TOKENS}?q={name}").data if t["name"] == name]


def idempotency_keys(proxy):
    return [re.findall(r"Idempotency-Key: (\w+)", x) for x in proxy.seen]


@pytest.mark.parametrize("fates", [["swallow"], ["swallow", "swallow"], ["cut"], ["drop"],
                                   [answer(502, "gone")], [answer(503, BUSY)],
                                   [answer(504, "late")]])
def test_a_creation_whose_answer_is_lost_leaves_one_token_and_a_key_that_works(
        web, proxy, far, fates):
    proxy.fates = list(fates)
    done = far.run("tokens", "create", "--name", "once")
    web.site.minted.append(done.stdout.strip())
    (token,) = named(web, "once")
    (first, *rest) = idempotency_keys(proxy)
    assert len(first) == 1 and len(first[0]) == 32 and rest == [first] * len(fates)
    assert web.call("GET", f"{TOKENS}/self", key=done.stdout.strip()).first["id"] == token["id"]
    assert done.stderr.count("trying again") == len(fates)
    assert web.call("DELETE", f"{TOKENS}/{token['id']}").status == 200


def test_each_creation_has_an_idempotency_key_of_its_own(proxy, far):
    far.run("tokens", "create")
    far.run("tokens", "create")
    assert len({str(x) for x in idempotency_keys(proxy)}) == 2


@pytest.mark.parametrize("name", ["self", "other"])
def test_a_rotation_whose_answer_is_lost_ends_with_a_key_that_works(web, proxy, far, name):
    token = web.create(name="turned", permissions=["analytics:read"])
    own = far.with_key(token["key"]) if name == "self" else far
    proxy.fates = ["swallow", "cut"]
    said = own.said("tokens", "rotate", "self" if name == "self" else token["id"], "--yes")
    if name == "self":
        assert own.json("whoami")[0]["id"] == token["id"]
        own.close()
    else:
        key = said.strip()
        assert re.fullmatch(KEY, key)
        assert web.call("GET", f"{TOKENS}/self", key=key).first["id"] == token["id"]


def test_a_revocation_whose_answer_is_lost_is_found_to_be_done(web, proxy, far):
    token = web.create(name="ended")
    proxy.fates = ["swallow"]
    assert far.said("tokens", "revoke", token["id"], "--yes") == f"Revoked {token['id']}\n"
    assert far.json("tokens", "show", token["id"])[0]["state"] == "revoked"
    # The same without a loss is what it always was.
    far.refused(NOT_FOUND, "tokens", "revoke", token["id"], "--yes")


def test_many_are_revoked_though_an_answer_is_lost(web, proxy, far):
    for number in range(3):
        web.create(name=f"swept {number}")
    proxy.fates = ["swallow"]
    done = far.run("tokens", "revoke", "--query", "swept", "--yes")
    assert "there may have been more" in done.stderr
    assert far.json("tokens", "list", "--query", "swept") == []


def test_what_cannot_be_repeated_is_not_and_says_so(web, proxy, far):
    proxy.fates = ["swallow"]
    said = far.refused(NO_ANSWER, "websites", "add", "lost.example.org")
    assert "whether it was done is not known" in said and "look whether it was done" in said
    assert len(proxy.seen) == 1
    assert "lost.example.org" in [w["domain"] for w in far.json("websites", "list")]
    token = web.create(name="relative")
    proxy.seen.clear()
    proxy.fates = ["swallow"]
    far.refused(NO_ANSWER, "tokens", "narrow", token["id"], "--expires-in", "1d")
    assert len(proxy.seen) == 1


def test_what_reads_is_tried_three_times(proxy, far):
    proxy.fates = ["drop", "swallow"]
    done = far.run("whoami")
    assert re.findall(r"trying again in (\S+) s \((\d) of 3\)", done.stderr) == [
        ("0.25", "2"), ("0.50", "3")]
    proxy.seen.clear()
    proxy.fates = ["drop"] * 3
    assert far.json_error(NO_ANSWER, "whoami")["reason"] == "no_answer"
    assert len(proxy.seen) == 3


def test_a_service_that_is_busy_is_waited_for_as_long_as_it_says_but_not_for_long(proxy, far):
    proxy.fates = [answer(503, BUSY, "Retry-After: 1")]
    assert "trying again in 1.00 s" in far.run("whoami").stderr
    limited = BUSY.replace("503", "429").replace("busy", "rate_limited")
    proxy.fates = [answer(429, limited, "Retry-After: 60")]
    assert "wait a minute" in far.refused(REFUSED, "whoami")
    proxy.fates = [answer(503, BUSY)] * 3
    assert "try again in a moment" in far.refused(NO_ANSWER, "whoami")


def test_nobody_there_is_told_apart_from_everything_else(nobody):
    base = f"http://127.0.0.1:{free_port()}"
    said = nobody.refused(NO_ANSWER, "whoami", env={"CLAVIGER_TOKEN": nobody.key,
                                                    "CLAVIGER_API_BASE": base})
    assert said.count("trying again") == 2 and f"{base} was not reached" in said
    assert "claviger config list" in said


@pytest.mark.parametrize("label, fate, said", [
    ("a page", answer(200, "<html>"), "not as claviger does"),
    ("nothing", answer(200, ""), "not as claviger does"),
    ("JSON of another kind", answer(200, '{"ok":true}'), "not as claviger does"),
    ("JSON cut off", answer(200, '{"status":"success","data":['), "not as claviger does"),
    ("deep JSON", answer(200, '{"status":"success","data":' + 20 * "[" + 20 * "]" + "}"),
     "not as claviger does"),
    ("too much", answer(200, '{"status":"' + (9 << 20) * "x" + '"}'), "not reached"),
    ("not found", answer(404, "<html>"), "status 404"),
    ("a failure", answer(500, "oops"), "status 500"),
    ("a redirect", answer(302, "", "Location: http://192.0.2.1/"), "status 302"),
    ("escapes", answer(403, '{"status":"error","error":{"message":"\\u001b[2J"}}'), "\\x1B[2J"),
])
def test_what_is_no_claviger_is_not_taken_for_one(proxy, far, label, fate, said):
    proxy.fates = [fate] * 3
    done = far.run("tokens", "list", status=None)
    assert done.returncode in (REFUSED, NO_ANSWER, NOT_FOUND) and done.stdout == ""
    assert said in done.stderr and "\x1b" not in done.stderr


def test_records_that_lack_everything_are_shown_as_empty(proxy, far):
    proxy.fates = [answer(200, '{"status":"success","data":[{},7,null,{"id":5,"name":"\\u001b]0;x"}]}')]
    said = far.said("tokens", "list")
    assert "\\x1B]0;x" in said and "\x1b" not in said
    proxy.fates = [answer(200, '{"status":"success","data":[{},7,{"id":"x","parentId":"x"}]}')]
    assert far.said("tokens", "tree") == ""
    circle = [{"id": a * 24, "parentId": b * 24, "name": a} for a, b in ("ab", "ba", "cc", "da", "ef")]
    proxy.fates = [answer(200, json.dumps({"status": "success", "data": [7, *circle]}))]
    assert re.findall(r"(?m)^\w", far.said("tokens", "tree")) == ["e"]
    one = answer(200, json.dumps({"status": "success", "data": [circle[0]]}))
    proxy.fates = [answer(200, json.dumps({"status": "success", "data": circle})), one]
    assert len(far.said("tokens", "tree", 24 * "a").splitlines()) <= len(circle)
    proxy.fates = [answer(200, '{"status":"success","data":7}')]
    assert far.run("whoami").stdout
    proxy.fates = [answer(201, '{"status":"success","data":[{}]}')]
    assert "answered no key" in far.refused(REFUSED, "tokens", "create")


def test_what_a_stranger_answers_to_a_login_gets_into_no_file(proxy, nobody):
    base = f"http://127.0.0.1:{proxy.port}"
    for token in ({}, {"id": 24 * "a" + "\napi_base = http://192.0.2.1"}, {"id": 7}):
        proxy.fates = [answer(200, json.dumps({"status": "success", "data": [token]}))]
        assert "has no id" in nobody.refused(REFUSED, "login", "--api-base", base, input=nobody.key)
        assert not nobody.directory.exists()


def test_no_redirect_is_followed(proxy, far):
    proxy.fates = [answer(302, "", f"Location: http://127.0.0.1:{proxy.port}/elsewhere")]
    assert "where it leads" in far.refused(REFUSED, "whoami")
    assert len(proxy.seen) == 1


def test_neither_a_proxy_nor_a_netrc_changes_what_a_service_on_this_machine_gets(proxy, far):
    (far.home / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
    nowhere = f"http://127.0.0.1:{free_port()}"
    env = {"http_proxy": nowhere, "ALL_PROXY": nowhere, "https_proxy": nowhere}
    assert far.json("whoami", env=env)
    assert "Basic" not in proxy.seen[0] and proxy.seen[0].count("Authorization: Bearer ") == 1
