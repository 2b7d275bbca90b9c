# SPDX-License-Identifier: ISC
"""Websites, their teams, permissions, the audit, settings, and the check of a key."""
import re

import pytest

from claviger_site import well_formed
from client import CONFIGURATION, DONE, NOT_FOUND, REFUSED, USAGE


def test_a_website_is_added_shown_renamed_and_deleted(client):
    (website,) = client.json("websites", "add", "New.example.org")
    assert website["domain"] == "new.example.org"
    assert re.split("  +", client.said("websites", "rename", "new.example.org", "The shop")
                    .splitlines()[1])[:4] == [website["id"], "new.example.org", "The shop", "owner"]
    assert client.json("websites", "show", website["id"])[0]["name"] == "The shop"
    assert "The shop" in client.said("websites", "list")
    assert "say --yes" in client.refused(USAGE, "websites", "delete", "new.example.org")
    terminal = client.terminal("websites", "delete", "new.example.org")
    assert "Delete the website new.example.org?" in terminal.expect("[y/N] ")
    terminal.type("yes\n")
    assert "Deleted new.example.org" in terminal.end()
    client.refused(NOT_FOUND, "websites", "show", website["id"])
    client.refused(NOT_FOUND, "websites", "show", "new.example.org")


@pytest.mark.parametrize("arguments, status", [
    (["add", "no domain"], USAGE), (["add", ""], USAGE), (["add"], USAGE),
    (["add", "taken.example.org"], REFUSED), (["rename", "taken.example.org", ""], USAGE),
    (["show", "../account"], NOT_FOUND), (["delete", 24 * "0", "--yes"], NOT_FOUND)])
def test_bad_input_about_websites(client, arguments, status):
    if "taken.example.org" not in [w["domain"] for w in client.json("websites", "list")]:
        client.run("websites", "add", "taken.example.org", "--name", "Taken")
    client.refused(status, "websites", *arguments)


def test_roles_on_a_website_are_given_and_taken(client, web):
    web.site.website("team.example.org")
    account = web.site.account("mate@example.org")
    assert "member" in client.said("team", "set", "team.example.org", account, "--role", "member")
    (owner,) = [m for m in client.json("team", "list", "team.example.org") if m["role"] == "owner"]
    assert account in client.said("team", "list", "team.example.org")
    assert "--role is wanted" in client.refused(USAGE, "team", "set", "team.example.org", account)
    client.refused(USAGE, "team", "set", "team.example.org", account, "--role", "boss")
    client.refused(NOT_FOUND, "team", "set", "team.example.org", "../x", "--role", "viewer")
    said = client.refused(REFUSED, "team", "remove", "team.example.org", owner["accountId"], "--yes")
    assert "owner" in said
    assert client.said("team", "remove", "team.example.org", account, "--yes") == "Removed\n"
    assert client.json("team", "list", "team.example.org") == [owner]


def test_permissions_and_the_audit_are_listed(client):
    catalogue = client.said("permissions", "list")
    assert re.search(r"(?m)^analytics:read +yes +Read analytics", catalogue)
    assert {p["granted"] for p in client.json("permissions", "list")} == {True}
    (entry,) = client.json("audit", "list", "--limit", "1")
    line = client.said("audit", "list", "--limit", "1").splitlines()[1]
    assert re.split("  +", line)[:2] == [entry["at"], entry["action"]]


def test_a_key_is_checked_without_being_shown_anywhere(client, web):
    web.site.website("checked.example.org")
    token = web.create(name="Checked", permissions=["analytics:read"])

    def verify(key, *options, status=DONE):
        return client.run("verify", *options, input=key + "\n", status=status).stdout
    assert verify(token["key"]) == f'valid: "Checked" ({token["displayKey"]})\n'
    assert verify(token["key"], "--permission", "analytics:read", "--website",
                  "checked.example.org").startswith("valid")
    assert verify(token["key"], "--permission", "goals:read", status=REFUSED) \
        == f'not valid: insufficient_scope: "Checked" ({token["displayKey"]})\n'
    assert verify(well_formed(), status=REFUSED) == "not valid: invalid_token\n"
    assert verify("nonsense", status=REFUSED) == "" == verify("", status=REFUSED)
    verify(token["key"], "--permission", "nonsense", status=USAGE)
    done = client.run("verify", "--json", input=token["key"])
    assert '"valid":true' in done.stdout and token["key"] not in done.stdout
    terminal = client.terminal("verify")
    terminal.expect("Key to check (it is not shown): ")
    terminal.type(token["key"] + "\r")
    shown = terminal.end()
    assert "valid:" in shown and token["key"] not in shown


def test_settings_are_kept_beside_what_else_stands_in_the_file(nobody):
    nobody.run("config", "set", "api_base", nobody.base + "/api/v1/")
    path = nobody.directory / "config"
    path.write_text("# mine\n\n" + path.read_text() + "  insecure_http=false  ")
    assert nobody.said("config", "get", "api_base") == nobody.base + "\n"
    nobody.run("config", "set", "insecure_http", "true")
    assert path.read_text() == f"# mine\n\napi_base = {nobody.base}\ninsecure_http = true\n"
    assert nobody.json("config", "list") == [
        {"setting": "api_base", "value": nobody.base, "origin": "config"},
        {"setting": "insecure_http", "value": "true", "origin": "config"},
        {"setting": "ca_file", "value": "", "origin": "default"}]
    listed = nobody.said("config", "list", env={"DATAFAST_API_BASE": "https://h"})
    assert re.search(r"(?m)^api_base +https://h +DATAFAST_API_BASE$", listed)
    nobody.run("login", input=nobody.key)
    assert nobody.json("whoami")


@pytest.mark.parametrize("text, said", [("nonsense", "line 1"), ("\nbase = x", "line 2"),
                                        ("api_base = LONG", "line 1"), ("#LONG", "too large")])
def test_a_file_that_is_no_configuration_is_refused(nobody, text, said):
    text = text.replace("LONG", 20000 * "x" if text[0] == "#" else 600 * "x")
    nobody.run("config", "set", "insecure_http", "false")
    (nobody.directory / "config").write_text(text)
    assert said in nobody.refused(CONFIGURATION, "whoami")


def test_bad_input_about_settings(nobody):
    assert "claviger config list" in nobody.refused(USAGE, "config", "get", "colour")
    nobody.refused(USAGE, "config", "set", "insecure_http", "yes")
    nobody.refused(USAGE, "config", "set", "api_base")
    nobody.refused(USAGE, "config", "set", "ca_file", "ca.pem")
    nobody.run("config", "set", "insecure_http", "false")
    (nobody.directory / "config").chmod(0o646)
    assert "chmod 0640" in nobody.refused(CONFIGURATION, "config", "list")
    without = {"XDG_CONFIG_HOME": "", "HOME": ""}
    assert "XDG_CONFIG_HOME" in nobody.refused(CONFIGURATION, "whoami", env=without)
    relative = {"XDG_CONFIG_HOME": "here", "HOME": str(nobody.home)}
    nobody.run("config", "set", "insecure_http", "true", env=relative)
    assert (nobody.home / ".config" / "claviger" / "config").exists()
