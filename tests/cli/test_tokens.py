# SPDX-License-Identifier: ISC
"""Tokens are made, listed, shown, changed and given other keys, as a person or a script does it."""
import os
import re
import stat

import pytest

from claviger_site import TOKENS
from client import CONFIGURATION, ESCAPES, KEY, NOT_FOUND, REFUSED, USAGE

NOBODYS = 24 * "0"


@pytest.fixture(scope="module")
def shop(web):
    return web.site.website("shop.example.org")


def made(client, *options):
    """A token as create makes it: its record, and its key."""
    token = client.json("tokens", "create", *options)[0]
    assert re.fullmatch(KEY, token["key"])
    return token


def test_create_prints_the_key_and_nothing_else_on_standard_output(client, web, shop):
    done = client.run("tokens", "create", "--name", "Nightly", "--permission", "analytics:read,goals:read",
                      "--website", "SHOP.example.org", "--allow-ip", "127.0.0.0/8",
                      "--expires-in", "90d")
    key = done.stdout.rstrip("\n")
    web.site.minted.append(key)
    assert re.fullmatch(KEY, key) and key not in done.stderr
    (token,) = client.json("tokens", "list", "--query", "Nightly")
    assert f"token {token['id']}: its key is shown this once" in done.stderr
    assert token["permissions"] == ["analytics:read", "goals:read"]
    assert token["websiteIds"] == [shop] and token["allowedIps"] == ["127.0.0.0/8"]
    own = client.with_key(key)
    assert own.json("whoami")[0]["id"] == token["id"]
    # It may not read websites: it still knows their ids.
    assert re.search(rf"(?m)^websites +{shop}$", own.said("whoami"))
    own.close()


def test_a_key_can_go_to_a_new_file_instead(client, tmp_path):
    path = tmp_path / "key"
    done = client.run("tokens", "create", "--key-file", path)
    assert done.stdout == "" and str(path) in done.stderr
    assert re.fullmatch(KEY + "\n", path.read_text())
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    before = len(client.json("tokens", "list"))
    assert "exists already" in client.refused(USAGE, "tokens", "create", "--key-file", path)
    (token,) = client.json("tokens", "create", "--key-file", tmp_path / "other")
    assert "key" not in token and (tmp_path / "other").exists()
    missing = tmp_path / "third"
    client.refused(USAGE, "tokens", "create", "--key-file", missing, "--permission", "nonsense")
    assert not missing.exists() and len(client.json("tokens", "list")) == before + 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_key_that_nobody_got_is_revoked_again(client, form):
    before = {t["id"] for t in client.json("tokens", "list")}
    with open("/dev/full", "w") as full:
        done = client.run("tokens", "create", "--name", "lost", *form, status=REFUSED, stdout=full)
    assert "was revoked again" in done.stderr
    assert {t["id"] for t in client.json("tokens", "list")} == before


def test_the_list_tells_websites_by_domain_and_times_as_people_do(client, web, shop):
    token = made(client, "--name", "Seen", "--website", "shop.example.org", "--expires-in", "3h",
                 "--permission", "analytics:read")
    lines = client.said("tokens", "list").splitlines()
    assert lines[0].split() == ["ID", "NAME", "KEY", "STATE", "LAST", "USED", "EXPIRES",
                                "WEBSITES", "PERMISSIONS"]
    (line,) = [x for x in lines if token["id"] in x]
    assert re.split("  +", line) == [token["id"], "Seen", token["displayKey"], "active", "never",
                                     "in 3 hours", "shop.example.org", "analytics:read"]
    assert [t["id"] for t in client.json("tokens", "list", "--website", "shop.example.org",
                                         "--query", "Seen")] == [token["id"]]
    assert client.said("tokens", "list", "--unused-since", "1d", "--query", "Seen").count("\n") == 1
    assert client.json("tokens", "list", "--parent", token["id"]) == []


@pytest.mark.parametrize("arguments, status, said", [
    (["list", "--state", "dead"], USAGE, "state"),
    (["list", "--limit", "0"], USAGE, "--limit"),
    (["list", "--limit", "x"], USAGE, "--limit"),
    (["list", "--unused-since", "soon"], USAGE, "--unused-since"),
    (["list", "--website", "nobody.example"], NOT_FOUND, "claviger websites list"),
    (["list", "--permission", "nonsense"], USAGE, "claviger permissions list"),
    (["list", "more"], USAGE, "not expected"),
    (["show"], USAGE, "TOKEN is missing"),
    (["show", NOBODYS], NOT_FOUND, ""),
    (["show", "no such name"], NOT_FOUND, "claviger tokens list"),
    (["create", "--permission", "nonsense"], USAGE, "claviger permissions list"),
    (["create", "--permission", ""], USAGE, ""),
    (["create", "--expires-in", "1"], USAGE, "expiresIn"),
    (["create", "--expires-in", "x"], USAGE, "--expires-in"),
    (["create", "--expires-in", "1d", "--expires-at", "2090-01-01T00:00:00Z"], USAGE, ""),
    (["create", "--name", "a\nb"], USAGE, "name"),
    (["create", "--allow-ip", "somewhere"], USAGE, "allowedIps"),
    (["rename", NOBODYS], USAGE, "TOKEN NAME is missing"),
    (["narrow", "self"], USAGE, "say what is to be narrowed"),
    (["rotate", NOBODYS, "--yes", "--grace", "2d"], USAGE, "graceSeconds"),
    (["revoke"], USAGE, "not both"),
    (["revoke", NOBODYS, "--state", "expired"], USAGE, "not both"),
    (["revoke", NOBODYS, "--dry-run"], USAGE, "--dry-run"),
    (["revoke", NOBODYS, "--yes"], NOT_FOUND, ""),
    (["tree", NOBODYS], NOT_FOUND, ""),
    (["lst"], USAGE, "did you mean tokens list?"),
    ([], USAGE, "say which of: list, create, show"),
    (["list", "--website", "a.example", "--website", "b.example"], USAGE, "takes one"),
    (["revoke", "--permission", "goals:read", "--permission", "x", "--yes"], USAGE, "takes one"),
    (["list", "--grce"], USAGE, "did you mean --grace?"),
    (["list", "--grace", "1d"], USAGE, "not an option of tokens list"),
])
def test_bad_input_says_what_is_wrong(client, arguments, status, said):
    assert said in client.refused(status, "tokens", *arguments)


def test_a_token_is_named_by_id_name_or_self(client):
    token = made(client, "--name", "Only one")
    assert client.json("tokens", "show", "Only one")[0]["id"] == token["id"]
    assert client.json("tokens", "show", token["id"])[0]["name"] == "Only one"
    assert client.json("tokens", "show", "self")[0]["id"] == client.json("whoami")[0]["id"]
    made(client, "--name", "Only one")
    assert "2 tokens have that name" in client.refused(USAGE, "tokens", "show", "Only one")


def test_a_token_is_renamed_and_narrowed(client, web):
    token = made(client, "--name", "Wide", "--permission", "analytics:read,goals:read,api-keys:write")
    child = web.create(key=token["key"], name="child")
    assert "New" in client.said("tokens", "rename", "Wide", "New")
    done = client.run("tokens", "narrow", token["id"], "--permission", "analytics:read",
                      "--expires-in", "1d")
    assert re.search(r"(?m)^permissions +analytics:read$", done.stdout)
    assert re.search(r"(?m)^expires .*\(in 1 day\)$", done.stdout)
    assert "1 that it made keep what they have" in done.stderr
    done = client.run("tokens", "narrow", token["id"], "--permission", "analytics:read", "--cascade")
    assert "1 that it made were cut" in done.stderr
    assert client.json("tokens", "show", child["id"])[0]["permissions"] == ["analytics:read"]
    assert "next: claviger whoami" in client.refused(
        REFUSED, "tokens", "narrow", token["id"], "--permission", "goals:read")


def test_a_token_gets_another_key(client):
    token = made(client, "--name", "Turn")
    key = client.said("tokens", "rotate", "Turn", "--yes", "--grace", "1h").rstrip("\n")
    for each in (token["key"], key):
        own = client.with_key(each)
        assert own.json("whoami")[0]["id"] == token["id"]
        own.close()
    client.said("tokens", "rotate", token["id"], "--yes")
    own = client.with_key(client.said("tokens", "rotate", token["id"], "--yes").rstrip("\n"))
    assert own.json("whoami")[0]["graceEndsAt"] is None
    own.close()


@pytest.mark.parametrize("name", ["self", "id"])
def test_the_key_that_login_keeps_is_replaced_and_not_shown(client, name):
    token = made(client)
    own = client.with_key(token["key"])
    said = own.said("tokens", "rotate", token["id"] if name == "id" else "self", "--yes")
    assert "kept in the place of the old one" in said and not re.search(KEY, said)
    assert own.json("whoami")[0]["rotatedAt"]
    assert token["key"] not in (own.directory / "token").read_text()
    (answer,) = own.json("tokens", "rotate", "self", "--yes")
    assert answer["key"] in (own.directory / "token").read_text()
    own.close()


def test_a_kept_key_that_cannot_be_replaced_is_not_lost(client):
    own = client.with_key(made(client)["key"])
    (own.directory / "token.new").mkdir()
    done = own.run("tokens", "rotate", "self", "--yes", status=USAGE)
    assert re.fullmatch(KEY + "\n", done.stdout)
    other = client.with_key(done.stdout.strip())
    assert other.json("whoami")
    other.close()
    own.close()


def test_the_tree_is_drawn_from_what_is_listed(client, web):
    root = made(client, "--name", "root", "--permission", "analytics:read,goals:read,api-keys:read,api-keys:write")
    child = web.create(key=root["key"], name="child", permissions=["analytics:read", "api-keys:read", "api-keys:write"])
    web.create(key=child["key"], name="grandchild", permissions=["analytics:read"])
    gone = web.create(key=root["key"], name="gone")
    client.run("tokens", "revoke", gone["id"], "--yes")
    lines = client.said("tokens", "tree", "root").splitlines()
    assert lines[0].startswith(f"root  {root['id']}  {root['displayKey']}  active  ")
    assert lines[0].endswith("analytics:read, goals:read and 2 more")
    assert lines[1].startswith("`-- child  ") and lines[2].startswith("    `-- grandchild  ")
    assert len(lines) == 3
    everything = client.said("tokens", "tree", "root", "--all").splitlines()
    assert any(x.startswith("`-- gone  ") and "  revoked  " in x for x in everything)
    names = [t["name"] for t in client.json("tokens", "tree", root["id"])]
    assert names == ["root", "child", "grandchild"]
    assert child["id"] in client.said("tokens", "tree")
    terminal = client.terminal("tokens", "tree", "root", LANG="C.UTF-8")
    assert "└── child" in terminal.end()
    terminal = client.terminal("tokens", "tree", "root", "--ascii", LANG="C.UTF-8")
    assert "`-- child" in terminal.end()


def test_lists_of_many_pages_come_as_one(client, web):
    for number in range(5):
        web.create(name=f"paged {number}")
    every = client.json("tokens", "list", "--state", "all")
    assert client.json("tokens", "list", "--state", "all", "--limit", "3") == every[:3]
    assert len(client.said("tokens", "list", "--limit", "2").splitlines()) == 3


def test_names_from_the_service_cannot_steer_a_terminal(client, web):
    # What claviger itself refuses; another service may not.
    name = "a\u200bb"
    token = web.create(name=name)
    assert "a\\xE2\\x80\\x8Bb" in client.said("tokens", "show", token["id"])
    assert client.json("tokens", "show", token["id"])[0]["name"] == name


def test_colour_is_for_terminals_that_want_it(client):
    for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True),
                          ({"TERM": "dumb"}, False), ({"TERM": ""}, False)):
        shown = client.terminal("tokens", "list", "--limit", "1", **env).end()
        assert bool(ESCAPES.search(shown)) == coloured, env
        assert ESCAPES.sub("", shown) == client.said("tokens", "list", "--limit", "1")
    assert "\x1b" not in client.said("tokens", "list")


def test_a_narrow_token_is_told_what_it_lacks(client):
    own = client.with_key(made(client, "--permission", "analytics:read")["key"])
    said = own.refused(REFUSED, "tokens", "list")
    assert "next: it takes api-keys:read; claviger whoami" in said
    error = own.json_error(REFUSED, "tokens", "list")
    assert (error["code"], error["reason"]) == (403, "insufficient_scope")
    own.close()


def test_without_a_login_every_command_of_the_service_says_to_log_in(nobody):
    for words in ("whoami", "tokens list", "tokens create", "tokens tree", "websites list",
                  "audit list", "permissions list", "verify"):
        assert "next: claviger login" in nobody.refused(CONFIGURATION, *words.split())
    assert nobody.json_error(CONFIGURATION, "whoami")["next"] == "claviger login"
