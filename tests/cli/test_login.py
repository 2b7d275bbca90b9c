# SPDX-License-Identifier: ISC
"""Logging in and out, and what is kept where."""
import os
import re
import stat
import time

import pytest

from asking import QUICK
from claviger_site import TOKENS, free_port, well_formed
from client import CONFIGURATION, KEY, NO_ANSWER, REFUSED, USAGE, Client
from faked_clock import ClockedSite


def kept(client):
    return client.directory / "token"


def test_login_keeps_a_token_that_the_service_takes_and_whoami_shows_it(nobody):
    said = nobody.said("login", "--api-base", nobody.base, input=f"  {nobody.key} \r\n")
    assert f"Logged in to {nobody.base} as owner@localhost" in said and nobody.key not in said
    assert stat.S_IMODE(os.stat(kept(nobody)).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(nobody.directory).st_mode) == 0o700
    assert {x.name for x in nobody.directory.iterdir()} == {"config", "token"}
    shown = dict(re.split(r"  +", line, 1) for line in nobody.said("whoami").splitlines())
    assert shown["account"] == "owner@localhost" and shown["service"] == nobody.base
    assert shown["permissions"] == "*" and shown["websites"] == "all"
    assert nobody.json("whoami")[0]["account"]["email"] == "owner@localhost"


def test_a_terminal_is_asked_without_showing_what_is_typed(nobody):
    terminal = nobody.terminal("login", "--api-base", nobody.base)
    terminal.expect("Token (it is not shown): ")
    assert not terminal.echoes()
    terminal.type("wrong\x15" + nobody.key[:-1] + "xx\x7f\x7f" + nobody.key[-1] + "\r")
    shown = terminal.end()
    assert "Logged in" in shown and not re.search(KEY, shown)
    assert nobody.json("whoami")


@pytest.mark.parametrize("typed", ["\x03", "\x04", "half\x03"])
def test_who_gives_up_at_the_question_leaves_nothing_and_has_echo_again(nobody, typed):
    terminal = nobody.terminal("login", "--api-base", nobody.base)
    terminal.expect("Token (it is not shown): ")
    terminal.type(typed)
    assert "No token was given; nothing was done" in terminal.end(status=REFUSED)
    assert terminal.left_echo and not nobody.directory.exists()


@pytest.mark.parametrize("label, status", [
    ("nothing", REFUSED), ("an empty line", USAGE), ("another form", USAGE), ("cut", USAGE),
    ("nobody's", CONFIGURATION), ("endless", USAGE)])
def test_what_is_no_good_token_is_not_kept(nobody, label, status):
    given = {"nothing": "", "an empty line": "\n", "another form": "dft_short\n",
             "cut": well_formed()[:-1] + "\n", "nobody's": well_formed() + "\n",
             "endless": 5000 * "x"}[label]
    nobody.refused(status, "login", "--api-base", nobody.base, input=given)
    assert not kept(nobody).exists()


def test_a_token_of_the_environment_counts_and_needs_no_login(nobody):
    for token, base in (("CLAVIGER_TOKEN", "CLAVIGER_API_BASE"),
                        ("DATAFAST_TOKEN", "DATAFAST_API_BASE")):
        for tail in ("", "/", "/api/v1", "/api/v1/admin", "/api/v1/admin//"):
            env = {token: nobody.key, base: nobody.base + tail}
            assert nobody.json("whoami", env=env)[0]["displayKey"][:7] == nobody.key[:7]
    both = {"CLAVIGER_TOKEN": nobody.key, "DATAFAST_TOKEN": well_formed(),
            "CLAVIGER_API_BASE": nobody.base, "DATAFAST_API_BASE": "http://127.0.0.1:9"}
    assert nobody.json("whoami", env=both)
    assert "DATAFAST_TOKEN" in nobody.refused(CONFIGURATION, "whoami",
                                              env={"DATAFAST_TOKEN": "dft_x"})
    said = nobody.refused(CONFIGURATION, "login", "--api-base", nobody.base,
                          env={"CLAVIGER_TOKEN": nobody.key})
    assert "CLAVIGER_TOKEN is set" in said


def test_an_expired_token_says_to_log_in_again():
    now = int(time.time() * 1000)
    site = ClockedSite(QUICK, now)
    try:
        web = site.start()
        token = web.create(expiresIn=60)
        own = Client(f"http://127.0.0.1:{web.port}", token["key"]).log_in()
        site.set_clock(now + 59000)
        assert own.json("whoami")[0]["state"] == "active"
        site.set_clock(now + 60000)
        said = own.refused(CONFIGURATION, "whoami")
        assert "expired" in said and "next: " in said and "claviger login" in said
        own.close()
    finally:
        site.close()


def test_a_revoked_token_says_to_log_in_again(nobody, web):
    token = web.create(name="gone")
    own = nobody.with_key(token["key"])
    assert web.call("DELETE", f"{TOKENS}/{token['id']}").status == 200
    said = own.refused(CONFIGURATION, "whoami")
    assert "not valid" in said and "claviger login" in said
    assert own.json_error(CONFIGURATION, "whoami")["reason"] == "invalid_token"
    own.close()


def test_logout_removes_what_login_kept(nobody):
    nobody.log_in()
    assert "stays valid" in nobody.said("logout")
    assert not kept(nobody).exists()
    assert "next: claviger login" in nobody.refused(CONFIGURATION, "whoami")
    assert "Nobody was logged in" in nobody.said("logout")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_kept_token_that_others_may_read_is_refused_with_the_command_to_run(nobody, mode):
    kept(nobody.log_in()).chmod(mode)
    said = nobody.refused(CONFIGURATION, "whoami")
    assert f"run: chmod 0600 {kept(nobody)}" in said
    kept(nobody).chmod(0o600)
    assert nobody.json("whoami")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_kept_token_of_somebody_else_is_refused(nobody):
    os.chown(kept(nobody.log_in()), 65534, -1)
    assert "belongs to uid 65534; run: chown 0" in nobody.refused(CONFIGURATION, "whoami")


def test_a_kept_token_goes_to_the_service_that_it_is_for_and_to_no_other(nobody):
    nobody.log_in()
    other = f"http://127.0.0.1:{free_port()}"
    said = nobody.refused(CONFIGURATION, "whoami", "--api-base", other)
    assert nobody.base in said and other in said and "not reached" not in said
    assert nobody.refused(CONFIGURATION, "whoami", env={"CLAVIGER_API_BASE": other})


def test_http_to_another_machine_is_refused_unless_it_is_wanted(nobody):
    env = {"CLAVIGER_TOKEN": nobody.key}
    for base in ("http://192.0.2.1:9", "http://127.0.0.1.example.org", "http://127.evil.test"):
        said = nobody.refused(CONFIGURATION, "whoami", "--api-base", base, env=env)
        assert "--insecure-http" in said
    # A name that is nobody's (RFC 6761): it is asked for, and not found.
    base = "http://claviger.invalid"
    assert "not reached" in nobody.refused(NO_ANSWER, "whoami", "--api-base", base,
                                           "--insecure-http", env=env)
    nobody.run("config", "set", "insecure_http", "true")
    assert nobody.refused(NO_ANSWER, "whoami", "--api-base", base, env=env)


@pytest.mark.parametrize("base", ["example.org", "ftp://example.org", "http://", "https://u:p@h",
                                  "https://h/?q", "https://h/#f", "https://h h",
                                  "https://h/" + 600 * "x"])
def test_what_is_no_address_of_a_service_is_refused(nobody, base):
    nobody.refused(CONFIGURATION, "login", "--api-base", base, input=nobody.key)
    nobody.refused(USAGE, "config", "set", "api_base", base)
    assert not (nobody.directory / "config").exists()


def test_a_key_on_the_command_line_is_refused(nobody):
    other = well_formed(prefix="acme_")
    for arguments in (["tokens", "list", "--query", nobody.key], ["login", nobody.key],
                      ["tokens", "list", f"--query=x{nobody.key}"], ["tokens", "show", other]):
        said = nobody.refused(USAGE, *arguments)
        assert "every user of this machine can read it" in said
        assert nobody.key not in said and other not in said
