# SPDX-License-Identifier: ISC
"""The gate behind each web server, with its example as it is: what is guarded is served to whom the
policy lets pass, and to nobody else, and who calls is told to what is behind it."""
import itertools
import json

import pytest

from asking import bearer, line
from claviger_site import well_formed
from gates import GATES, folded, gate, served
from guarded import check_table

TOLD = ("tokenid", "accountid", "permissions", "websiteids", "user")
# Where no programs are started, and none is asked over FastCGI.
WITHOUT_PROGRAMS = ("caddy",)
# lighttpd hands nothing on to mod_proxy, as its example says.
WITHOUT_IDENTITY = ("lighttpd",)


@pytest.fixture(scope="module", params=GATES)
def web(request):
    with gate(request.param) as one:
        yield one


def test_what_is_served_is_what_the_policy_lets_pass(web):
    count, refused = check_table(web, web.people)
    assert count > (40 if web.way in WITHOUT_PROGRAMS else 60) and refused > 150


def spellings():
    """X-Claviger-Token-Id and a few more, with each of the separators in each of the places."""
    for name in ("Token-Id", "User", "Permissions", "Website-Ids", "Account-Id"):
        words = ["X", "Claviger", *name.split("-")]
        for between in itertools.product("-_.", repeat=len(words) - 1):
            yield "".join(itertools.chain(*zip(words, between))) + words[-1]


def told_by(text):
    """What a backend or program is told, by the names of TOLD; each once."""
    found = {}
    for prefix in ("xclaviger", "httpxclaviger", "claviger"):
        for name, values in folded(text).items():
            if name.startswith(prefix) and name[len(prefix):] in TOLD:
                found.setdefault(name[len(prefix):], set()).update(values)
    return {name: values - {""} for name, values in found.items() if values - {""}}


def identity(web, who):
    record = web.call("GET", "/api/v1/admin/access-tokens/self", key=web.people.key(who)).first
    return {"tokenid": {record["id"]}, "user": {record["id"]},
            "accountid": {record["account"]["id"]}, "permissions": {" ".join(record["permissions"])},
            "websiteids": {" ".join(record["websiteIds"]) or "*"}}


def test_the_backend_learns_who_calls_and_a_forged_name_never_arrives(web):
    """A5, row 127-129: in every spelling, and where a public rule tells of nobody."""
    if web.way in WITHOUT_IDENTITY:
        pytest.skip("its example says that the backend must ask")
    expected, key = identity(web, "mine"), web.people.key("mine")
    assert told_by(web.call("GET", "/app/x", key=key).body.decode()) == expected
    assert told_by(web.call("GET", "/app/public/x", key=key).body.decode()) == {"user": {"public"}}
    for name in spellings():
        for path, good in (("/app/x", expected), ("/app/public/x", {"user": {"public"}})):
            answer = web.raw(line("GET", path, f"{name}: forged", f"{name.lower()}: forged",
                                  bearer(key)))
            assert b"forged" not in answer.body, (name, answer.body)
            if answer.status == 200:
                assert told_by(answer.body.decode()) == good, name
            else:  # Apache refuses what it cannot take away
                assert web.way in ("authnz", "fcgid") and answer.status == 400, (name, answer.status)
                assert "_" in name or "." in name
    answer = web.raw(line("GET", "/app/x", bearer(key), "Connection: X-Claviger-Token-Id, "
                          "x-claviger-website-ids, X-Claviger-User, Authorization"))
    assert told_by(answer.body.decode()) == expected


def test_a_program_learns_who_calls(web):
    if web.way in WITHOUT_PROGRAMS:
        pytest.skip("it starts no programs")
    answer = web.call("POST", f"/guarded-cgi/report?websiteId={web.people.mine}", "the body",
                      key=web.people.key("mine"), headers={
                          "X-Claviger-Token-Id": "forged", "CLAVIGER_TOKEN_ID": "forged",
                          "CLAVIGER-TOKEN-ID": "forged", "Variable-CLAVIGER_TOKEN_ID": "forged"})
    text = answer.body.decode()
    assert answer.status == 200 and "THE PROGRAM report the body" in text
    told = folded("".join(entry + "\n" for entry in text.splitlines()
                          if entry.startswith("CLAVIGER_")))
    expected = identity(web, "mine")
    assert told == {f"claviger{name}": list(value) for name, value in expected.items()}


def test_the_client_is_shown_nothing_of_what_the_backend_is_told(web):
    for path in ("/guarded/secret.txt", "/app/x", "/guarded/open/free.txt"):
        answer = web.call("GET", path, key=web.people.key("mine"))
        assert answer.status == 200
        assert not [name for name, _ in answer.headers if "claviger" in name.lower()]


# What is left of a refusal: whether the body, and which status of those that are not 401.
ASKED_BY_PROGRAM = {"lighttpd", "authnz", "caddy"}
OTHERS = {"fcgid": 401}


def test_a_refusal_says_why(web):
    for who, status, reason in (("nobody", 401, "missing_token"), ("stranger", 401, "invalid_token"),
                                ("revoked", 401, "invalid_token"),
                                ("alerts", 403, "insufficient_scope")):
        for path in ("/guarded/secret.txt", "/app/x"):
            answer = web.call("GET", path, key=web.people.key(who))
            assert not served(web, answer, len(web.app.seen))
            assert answer.status == (OTHERS.get(web.way, status) if status != 401 else 401)
            if web.way != "fcgid":
                assert json.loads(answer.body)["error"]["reason"] == reason
                assert answer.header("Content-Type").startswith("application/json")
            assert answer.header("X-Claviger-Reason") == reason
            challenge = answer.header("WWW-Authenticate")
            if status == 401:
                assert challenge.startswith('Bearer realm="claviger"')
                assert challenge.count("Bearer") == 1
                assert ('error="invalid_token"' in challenge) == (reason == "invalid_token")


def test_a_browser_gets_a_page_where_the_web_server_hands_it_on(web):
    if web.way not in ASKED_BY_PROGRAM:
        pytest.skip("it makes its own")
    for who, status, said in (("nobody", 401, b"Access token needed"), ("alerts", 403, b"No access")):
        answer = web.call("GET", "/guarded/secret.txt", key=web.people.key(who),
                          headers={"Accept": "text/html,*/*;q=0.8"})
        assert answer.status == status and said in answer.body
        assert answer.header("Content-Type").startswith("text/html")
        assert answer.header("Cache-Control") == "no-store"


def test_what_is_public_passes_without_a_name(web):
    for key in (None, well_formed(), web.people.key("mine")):
        assert web.call("GET", "/guarded/open/free.txt", key=key).body == b"THE FILE open/free.txt\n"
        text = web.call("GET", "/app/public/x", key=key).body.decode()
        assert text.startswith("THE BACKEND /app/public/x\n")
        assert told_by(text) in ({}, {"user": {"public"}})


def test_a_refused_request_never_reaches_the_backend(web):
    web.app.seen.clear()
    for who, method in (("nobody", "GET"), ("reader", "POST"), ("alerts", "GET")):
        web.call(method, "/app/x", "{}", key=web.people.key(who))
    assert web.app.seen == []
    answer = web.call("POST", "/app/x", "the body", key=web.people.key("writer"))
    assert answer.body.startswith(b"THE BACKEND /app/x\n") and answer.body.endswith(b"the body")
    assert web.app.seen == [("POST", "/app/x")]


def test_a_revocation_is_in_force_at_once(web):
    for _ in range(10):
        token = web.create(permissions=["analytics:read"])
        assert web.call("GET", "/guarded/secret.txt", key=token["key"]).status == 200
        assert web.call("DELETE", f"/api/v1/admin/access-tokens/{token['id']}").status == 200
        assert web.call("GET", "/guarded/secret.txt", key=token["key"]).status == 401
