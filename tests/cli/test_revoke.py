# SPDX-License-Identifier: ISC
"""Revocation: of one, of many, asked and unasked."""
import json

import pytest

from client import DONE, NOT_FOUND, REFUSED, USAGE


def states(client, *tokens):
    return [client.json("tokens", "show", t["id"])[0]["state"] for t in tokens]


def test_a_terminal_is_asked_and_no_is_the_answer_unless_it_is_yes(client, web):
    token = web.create(name="Asked")
    for typed, status in (("n\n", REFUSED), ("\n", REFUSED), ("\x04", REFUSED), ("yup\n", REFUSED),
                          ("y\n", DONE)):
        terminal = client.terminal("tokens", "revoke", "Asked")
        shown = terminal.expect("[y/N] ")
        assert f'Revoke "Asked" ({token["displayKey"]})?' in shown
        terminal.type(typed)
        shown = terminal.end(status=status)
        assert ("Nothing was changed" in shown) == (status == REFUSED)
        assert states(client, token) == ["revoked" if status == DONE else "active"]


def test_without_a_terminal_nothing_is_destroyed_unless_it_is_wanted(client, web):
    token = web.create(name="Safe")
    for command in (["tokens", "revoke", token["id"]], ["tokens", "rotate", token["id"]],
                    ["tokens", "revoke", "--query", "Safe"]):
        assert "say --yes" in client.refused(USAGE, *command)
    assert states(client, token) == ["active"]
    assert client.said("tokens", "revoke", token["id"], "--yes") == f"Revoked {token['id']}\n"


def test_several_are_revoked_and_what_was_done_before_a_failure_is_said(client, web):
    tokens = [web.create(name=f"several {i}") for i in range(3)]
    ids = [t["id"] for t in tokens]
    done = client.run("tokens", "revoke", ids[0], 24 * "0", ids[1], "--yes", status=NOT_FOUND)
    assert done.stdout == f"Revoked {ids[0]}\n" and "claviger: " in done.stderr
    answer = client.json("tokens", "revoke", *ids[1:], "--yes")
    assert [x["descendants"] for x in answer] == [0, 0]
    assert states(client, *tokens) == ["revoked"] * 3


def test_what_a_token_made_is_counted_or_taken_too(client, web):
    def family():
        parent = web.create(permissions=["analytics:read", "api-keys:write"])
        return parent, web.create(key=parent["key"])
    parent, child = family()
    assert "; 1 that it made live on: --cascade" in client.said("tokens", "revoke", parent["id"],
                                                                 "--yes")
    assert states(client, parent, child) == ["revoked", "active"]
    parent, child = family()
    said = client.said("tokens", "revoke", parent["id"], "--yes", "--cascade")
    assert " and 1 that it made" in said and states(client, parent, child) == ["revoked"] * 2


def test_all_that_a_filter_finds_is_shown_first_and_revoked_in_pages(client, web):
    tokens = [web.create(name=f"bulk {i}") for i in range(12)]
    said = client.said("tokens", "revoke", "--query", "bulk", "--dry-run")
    assert "Would revoke 12 tokens" in said and said.count(" active ") == 12
    answer = client.run("tokens", "revoke", "--query", "bulk", "--dry-run", "--json").stdout
    assert '"dryRun":true' in answer
    assert set(states(client, *tokens)) == {"active"}
    terminal = client.terminal("tokens", "revoke", "--query", "bulk")
    assert "Revoke 12 tokens?" in terminal.expect("[y/N] ")
    terminal.type("n\n")
    assert "Nothing was changed" in terminal.end(status=REFUSED)
    terminal = client.terminal("tokens", "revoke", "--query", "bulk")
    terminal.expect("[y/N] ")
    terminal.type("y\n")
    shown = terminal.end()
    assert "[..............................] 0 of 12" in shown
    assert "[##############################] 12 of 12" in shown
    assert shown.endswith("\x1b[KRevoked 12 tokens\n")
    assert set(states(client, *tokens)) == {"revoked"}
    assert client.said("tokens", "revoke", "--query", "bulk", "--yes") == "Revoked 0 tokens\n"
    assert client.terminal("tokens", "revoke", "--query", "bulk").end() == "Revoked 0 tokens\n"


def test_a_filter_in_json_is_one_document_with_the_sums(client, web):
    parent = web.create(name="sum", permissions=["analytics:read", "api-keys:write"])
    web.create(key=parent["key"], name="of it")
    answer = json.loads(client.said("tokens", "revoke", "--query", "sum", "--yes", "--json"))
    assert [t["id"] for t in answer["data"]] == [parent["id"]]
    assert answer["revocation"] == {"dryRun": False, "descendants": 1, "skipped": 0}
    assert answer["pagination"] == {"nextCursor": None}


@pytest.mark.parametrize("arguments", [["--state", "revoked"], ["--permission", "nonsense"],
                                       ["--unused-since", "x"], ["--query", ""]])
def test_a_filter_that_is_none_revokes_nothing(client, arguments):
    before = client.json("tokens", "list")
    client.refused(USAGE, "tokens", "revoke", *arguments, "--yes")
    assert client.json("tokens", "list") == before
