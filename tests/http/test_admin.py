# SPDX-License-Identifier: ISC
"""claviger-admin, the operator's tool: every command, its --help, --json, bad input, exit codes."""
import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import sqlite3
import stat
import subprocess
import tempfile
import threading
import unicodedata

import pytest

from claviger_site import ADMIN, free_port, make_first_version, well_formed

REFUSED, USAGE, CONFIGURATION, DATABASE, NOT_FOUND = 1, 2, 3, 4, 5
KEY = r"dft_[0-9A-Za-z]{48}"
COMMANDS = ["init", "account add", "account list", "account disable", "account enable",
            "website add", "website list", "website rename", "website remove", "team list", "team set",
            "team remove", "token create", "token list", "token show",
            "token revoke", "token tree", "token expiring", "permission list", "audit list",
            "audit verify", "audit export", "purge", "doctor", "backup", "restore",
            "config show"]
NOBODY = 65534
# Nothing of ours: a CLAVIGER_ variable of the test run would be a misspelt key.
ENVIRONMENT = {"PATH": os.environ["PATH"]}


class Machine:
    """A directory with a configuration, and claviger-admin run upon it."""

    def __init__(self, config=""):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="clv-", dir="/tmp"))
        self.database = self.directory / "claviger.db"
        self.config = self.directory / "claviger.conf"
        # Hashes as weak as they may be: it is not scrypt that is looked at here.
        self.write_config(f"database = {self.database}\nscrypt_n = 1024\n"
                          f"allow_weak_scrypt = true\n{config}\n"
                          + ("allow_root = true\n" if os.geteuid() == 0 else ""))

    def write_config(self, text):
        self.config.write_text(text)
        self.config.chmod(0o600)

    def run(self, *arguments, status=0, config=True, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("env", ENVIRONMENT)
        command = [ADMIN, *(["--config", self.config] if config else []), *arguments]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60,
                              errors="surrogateescape", **options)
        assert done.returncode == status, (done.stdout, done.stderr)
        if status and "--json" not in arguments:
            assert re.search(r"(?m)^claviger-admin: .+$", done.stderr)
        return done

    def refused(self, status, *arguments, **options):
        """The one line that a refusal is."""
        done = self.run(*arguments, status=status, **options)
        lines = [x for x in done.stderr.splitlines() if x.startswith("claviger-admin: ")]
        assert len(lines) == 1 and not done.stdout, (done.stdout, done.stderr)
        return lines[0]

    def refused_to(self, stdout, *arguments):
        """What is said where STDOUT does not take the answer."""
        return self.run(*arguments, status=REFUSED, stdout=stdout).stderr

    def json(self, *arguments, **options):
        answer = json.loads(self.run(*arguments, "--json", **options).stdout)
        assert set(answer) == {"status", "data"} and answer["status"] == "success"
        return answer["data"]

    def json_error(self, status, *arguments, **options):
        done = self.run("--json", *arguments, status=status, **options)
        (line,) = done.stderr.splitlines()
        answer = json.loads(line)
        assert answer["status"] == "error" and answer["error"]["code"] == status
        return answer["error"]

    def init(self):
        self.run("init", "--key-file", self.directory / "owner.key")
        return self

    def create(self, *arguments):
        return self.json("token", "create", *arguments)[0]

    def states(self):
        return {t["id"]: t["state"] for t in self.json("token", "list", "--all")}

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture
def bare():
    """Without a database."""
    machine = Machine()
    yield machine
    machine.close()


@pytest.fixture
def machine(bare):
    return bare.init()


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


# ---- The command line -------------------------------------------------------------------------

def test_help_and_version_need_neither_configuration_nor_database(bare):
    env = {"CLAVIGER_CONFIG": "/nonexistent"}
    everything = bare.run("--help", config=False, env=env).stdout
    assert all(re.search(rf"(?m)^  {name} ", everything) for name in COMMANDS)
    assert "5 not found" in everything
    assert re.fullmatch(r"claviger-admin \d+\.\d+\.\d+\n",
                        bare.run("--version", config=False, env=env).stdout)
    group = bare.run("token", "--help", config=False, env=env).stdout
    assert "token create" in group and "account add" not in group


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_its_options(bare, command):
    text = bare.run(*command.split(), "--help", config=False).stdout
    assert text.startswith(f"usage: claviger-admin {command}")
    usage = text.split("\n\n")[0]
    assert max(map(len, text.split("\n\n")[0].splitlines())) <= 80
    for option in set(re.findall(r"--[a-z-]+", usage)) | {"--config", "--json"}:
        assert re.search(rf"(?m)^  {option} ", text), option
    assert bare.run("--help", *command.split(), config=False).stdout == text


@pytest.mark.parametrize("arguments, said", [
    ([], "--help"),
    (["tokn", "list"], "did you mean token?"),
    (["token", "lst"], "did you mean token list?"),
    (["token"], "create, list, show, revoke"),
    (["token", "frobnicate"], "create, list, show, revoke"),
    (["frobnicate"], "--help"),
    (["token", "list", "--jsn"], "did you mean --json?"),
    (["token", "list", "-x"], "no such option"),
    (["token", "list", "--frobnicate"], "no such option"),
    (["token", "list", "--all", "--all"], "--all: given twice"),
    (["token", "create", "--name", "a", "--name=b"], "--name: given twice"),
    (["token", "create", "--name"], "--name: its value is missing"),
    (["token", "list", "--all=yes"], "--all: takes no value"),
    (["token", "list", "--cascade"], "--cascade: not an option of token list"),
    (["token", "list", "more"], "more: not expected"),
    (["token", "show"], "ID is missing"),
    (["token", "show", "--"], "ID is missing"),
    (["account", "add", "--", "--json", "x"], "x: not expected"),
    (["token", "show", "abc"], "24 lower-case hex digits"),
    (["token", "show", "ABCDEF0123456789ABCDEF01"], "24 lower-case hex digits"),
    (["token", "list", "--state", "alive"], "active, expired or revoked"),
    (["token", "list", "--state", "active", "--all"], "give one of them"),
    (["account", "add", "nobody"], "Email: "),
    (["account", "add", "a@b", "--name", ""], "--name: "),
    (["website", "add", "a..b"], "a..b: each part"),
    (["website", "add", "a.b", "--name", "x\ny"], "--name: "),
    (["website", "rename", "a.b"], "--name"),
    (["website", "rename", "a.b", "--name", ""], "--name: "),
    (["team", "list"], "WEBSITE is missing"),
    (["team", "set", "a.b"], "--role: "),
    (["team", "set", "a.b", "--role", "none"], "--role: "),
    (["team", "remove", "a.b", "--role", "owner"], "--role: not an option of team remove"),
    (["doctor", "--url", "https://example.com"], "--url: "),
    (["doctor", "--url", "http://a b/"], "--url: "),
    (["doctor", "--url", "http://host:99999/"], "--url: "),
    (["doctor", "--url", "http://host/a\r\nX: y"], "--url: "),
])
def test_wrong_usage_is_one_line_that_says_what_to_do(machine, arguments, said):
    assert said in machine.refused(USAGE, *arguments)
    assert machine.json_error(USAGE, *arguments)["reason"] == "wrong_usage"


def test_a_refusal_shows_no_control_character(machine):
    for arguments in (["\x1b[31mx"], ["--\x1b]0;x\x07"], ["token", "list", "\x1b[2J"]):
        assert "\x1b" not in machine.refused(USAGE, *arguments)


def test_options_may_stand_anywhere(machine):
    expected = machine.run("account", "list", "--json").stdout
    assert machine.run("--json", "account", "list").stdout == expected
    assert machine.run("account", "--json", "list").stdout == expected
    assert machine.run("account", "list", "--json", config=False,
                       env={"CLAVIGER_CONFIG": str(machine.config)}).stdout == expected
    assert machine.run("account", "list", f"--config={machine.config}", "--json",
                       config=False).stdout == expected


def test_what_stands_behind_two_hyphens_is_no_option(machine):
    assert "no such account" in machine.refused(NOT_FOUND, "account", "disable", "--", "--json")


@pytest.mark.parametrize("where", [
    ["token", "show", "{}"], ["token", "revoke", "{}"], ["token", "create", "--name", "{}"],
    ["{}"], ["--{}"], ["token", "list", "--account=x{}y"], ["doctor", "--url", "http://{}/"]])
def test_a_key_on_the_command_line_is_refused(machine, where):
    key = well_formed()
    said = machine.refused(USAGE, *(part.format(key) for part in where))
    assert "ps" in said and key[:12] not in said


def test_a_key_of_another_prefix_is_refused_too():
    machine = Machine("token_prefix = acme_")
    try:
        machine.init()
        key = well_formed(prefix="acme_")
        assert "ps" in machine.refused(USAGE, "account", "disable", key)
        assert machine.create()["key"].startswith("acme_")
    finally:
        machine.close()


# ---- Configuration and database ----------------------------------------------------------------

def test_a_configuration_that_is_wrong_exits_3(machine):
    machine.write_config("databse = /x\n")
    assert "claviger.conf:1" in machine.refused(CONFIGURATION, "account", "list")
    assert machine.json_error(CONFIGURATION, "config", "show")["reason"] == "configuration"
    machine.write_config(f"database = {machine.database}\n")
    machine.config.chmod(0o666)
    assert "chmod" in machine.refused(CONFIGURATION, "account", "list")
    machine.config.unlink()
    machine.refused(CONFIGURATION, "account", "list")


def test_a_database_that_is_absent_damaged_or_foreign_exits_4(bare):
    assert "init" in bare.refused(DATABASE, "account", "list")
    assert not bare.database.exists()
    bare.database.write_bytes(b"")
    bare.database.chmod(0o600)
    assert "init" in bare.refused(DATABASE, "account", "list")
    bare.database.write_bytes(b"no database at all" * 1000)
    assert bare.json_error(DATABASE, "account", "list")["reason"] == "database"
    bare.database.unlink()
    with contextlib.closing(sqlite3.connect(bare.database)) as other:
        other.execute("CREATE TABLE theirs (x)")
    bare.database.chmod(0o600)
    before = bare.database.read_bytes()
    assert "another program" in bare.refused(DATABASE, "init")
    assert bare.database.read_bytes() == before


def test_a_locked_database_exits_4():
    machine = Machine("busy_timeout_ms = 1").init()
    try:
        with contextlib.closing(sqlite3.connect(machine.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            machine.refused(DATABASE, "account", "add", "b@example.com")
            assert machine.run("account", "list").stdout.count("\n") == 2
    finally:
        machine.close()


def test_a_database_that_others_may_read_is_refused_with_the_command_to_run(machine):
    machine.database.chmod(0o644)
    assert "chmod 0600" in machine.refused(CONFIGURATION, "token", "list")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_root_is_told_to_run_as_the_owner(machine):
    os.chown(machine.database, NOBODY, -1)
    assert "sudo -u 'nobody' claviger-admin" in machine.refused(CONFIGURATION, "token", "list")
    os.chown(machine.directory, NOBODY, -1)
    machine.database.unlink()
    assert "sudo -u 'nobody' claviger-admin" in machine.refused(CONFIGURATION, "init")
    assert not machine.database.exists()


def test_config_show_says_where_each_value_comes_from(machine):
    env = {"CLAVIGER_LOG_LEVEL": "debug", "CLAVIGER_SCRYPT_N": "2048"}
    rows = {row["key"]: row for row in machine.json("config", "show", env=env)}
    assert rows["database"]["value"] == str(machine.database)
    assert rows["database"]["origin"] == f"{machine.config}:1"
    assert rows["scrypt_n"]["value"] == "2048"
    assert rows["scrypt_n"]["origin"] == "environment CLAVIGER_SCRYPT_N"
    assert rows["scrypt_r"] == {"key": "scrypt_r", "value": "8", "origin": "default"}
    text = machine.run("config", "show").stdout
    assert re.match(r"KEY +VALUE +ORIGIN\n", text)
    assert re.search(rf"(?m)^database +{machine.database} +{machine.config}:1$", text)


def test_config_show_needs_no_database(bare):
    assert bare.json("config", "show")


# ---- init --------------------------------------------------------------------------------------

def test_init_makes_the_database_and_prints_the_key_alone(bare):
    done = bare.run("init", "--email", "ann@example.com", "--name", "Ann")
    assert re.fullmatch(KEY + "\n", done.stdout)
    assert mode(bare.database) == 0o600
    (account,) = bare.json("account", "list")
    assert (account["email"], account["name"]) == ("ann@example.com", "Ann")
    (token,) = bare.json("token", "list")
    assert token["permissions"] == ["*"] and token["websiteIds"] == []
    assert token["expiresAt"] is None and token["parentId"] is None
    assert token["displayKey"] == done.stdout[:7] + "..." + done.stdout[-5:-1]
    key = done.stdout.strip().encode()
    assert not any(key in path.read_bytes() for path in bare.directory.iterdir())


def test_init_answers_in_json_with_the_key(bare):
    (token,) = bare.json("init")
    assert re.fullmatch(KEY, token["key"])
    assert token["account"]["email"] == "owner@localhost"


def test_init_writes_the_key_to_a_file_of_its_own(bare):
    path = bare.directory / "owner.key"
    done = bare.run("init", "--key-file", path, umask=0)
    assert mode(path) == 0o600 and re.fullmatch(KEY + "\n", path.read_text())
    assert not re.search(KEY, done.stdout + done.stderr) and str(path) in done.stdout
    assert not path.with_name("owner.key.new").exists()


def test_init_never_touches_a_database_with_an_account(machine):
    assert "token create" in machine.refused(REFUSED, "init")
    machine.refused(REFUSED, "init", "--key-file", machine.directory / "second.key")
    assert not (machine.directory / "second.key").exists()
    assert len(machine.json("account", "list")) == 1
    assert len(machine.json("token", "list", "--all")) == 1


def test_init_with_a_bad_value_leaves_no_database(bare):
    assert "Email" in bare.refused(USAGE, "init", "--email", "nobody")
    assert "--name" in bare.refused(USAGE, "init", "--name", " ")
    assert not bare.database.exists()


def test_init_leaves_a_file_alone_that_is_there_already(bare):
    path = bare.directory / "owner.key"
    path.write_text("mine")
    assert "exists" in bare.refused(REFUSED, "init", "--key-file", path)
    assert path.read_text() == "mine"
    bare.run("init")


def test_init_takes_its_token_back_where_nobody_got_the_key(bare):
    with open("/dev/full", "w") as full:
        assert "was revoked; make another" in bare.refused_to(full, "init")
    assert list(bare.states().values()) == ["revoked"]
    bare.create()


# ---- account -----------------------------------------------------------------------------------

def test_accounts_are_added_and_listed(machine):
    (added,) = machine.json("account", "add", "bob@example.com", "--name", "Bob Bäcker")
    assert added["name"] == "Bob Bäcker" and added["disabledAt"] is None
    assert re.search(r"account [0-9a-f]{24} added: c@example.com",
                     machine.run("account", "add", "c@example.com").stdout)
    assert [a["email"] for a in machine.json("account", "list")] == \
        ["owner@localhost", "bob@example.com", "c@example.com"]
    lines = machine.run("account", "list").stdout.splitlines()
    assert re.match(r"ID +EMAIL +NAME +CREATED +DISABLED$", lines[0])
    # Aligned, counted in characters.
    assert len({re.search(r"\d{4}-\d\d-\d\dT", line).start() for line in lines[1:]}) == 1


def test_an_email_is_taken_once(machine):
    assert "of this email" in machine.refused(REFUSED, "account", "add", "owner@localhost")


def test_a_disabled_account_says_how_many_tokens_stop_working(machine):
    machine.run("account", "add", "b@example.com")
    machine.create("--account", "b@example.com")
    gone = machine.create("--account", "b@example.com")["id"]
    machine.create("--account", "b@example.com")
    machine.run("token", "revoke", gone)
    said = machine.run("account", "disable", "b@example.com").stdout
    assert "2 living tokens stopped working" in said
    assert "disabled already" in machine.refused(REFUSED, "account", "disable", "b@example.com")
    assert "disabled" in machine.refused(REFUSED, "token", "create", "--account", "b@example.com")
    text = machine.run("token", "list", "--account", "b@example.com").stdout
    assert text.count("account disabled") == 2
    owner = machine.json("account", "list")[0]["id"]
    (record,) = machine.json("account", "disable", owner)
    assert record["endedTokens"] == 1 and record["disabledAt"]


def test_an_enabled_account_says_how_many_tokens_work_again(machine):
    machine.run("account", "add", "b@example.com")
    tokens = [machine.create("--account", "b@example.com")["id"] for _ in range(4)]
    assert "not disabled" in machine.refused(REFUSED, "account", "enable", "b@example.com")
    machine.run("token", "revoke", tokens[0])
    machine.run("account", "disable", "b@example.com")
    machine.run("token", "revoke", tokens[1])  # also while it is disabled
    said = machine.run("account", "enable", "b@example.com").stdout
    assert said == "account b@example.com enabled; 2 living tokens work again\n"
    assert "not disabled" in machine.refused(REFUSED, "account", "enable", "b@example.com")
    states = {row["id"]: row["state"] for row in machine.json("token", "list", "--all")}
    assert [states[token] for token in tokens] == ["revoked", "revoked", "active", "active"]
    assert "account disabled" not in machine.run("token", "list").stdout
    machine.run("token", "revoke", tokens[2])
    account = machine.json("account", "list")[1]["id"]
    machine.run("account", "disable", account)
    (record,) = machine.json("account", "enable", account)
    assert record["revivedTokens"] == 1 and record["disabledAt"] is None
    assert "1 living token works again" in (
        machine.run("account", "disable", account) and machine.run("account", "enable",
                                                                   account).stdout)
    machine.create("--account", "b@example.com")


@pytest.mark.parametrize("arguments", [
    ["account", "disable", "x@example.com"], ["account", "disable", "0" * 24],
    ["account", "enable", "x@example.com"], ["account", "enable", "0" * 24],
    ["website", "remove", "x.example.com"], ["website", "remove", "0" * 24],
    ["website", "add", "y.example.com", "--owner", "x@example.com"],
    ["website", "list", "--account", "x@example.com"],
    ["website", "rename", "x.example.com", "--name", "x"], ["team", "list", "x.example.com"],
    ["team", "set", "x.example.com", "--account", "owner@localhost", "--role", "owner"],
    ["team", "remove", "0" * 24, "--account", "owner@localhost"],
    ["token", "list", "--account", "x@example.com"],
    ["token", "create", "--account", "x@example.com"],
    ["token", "create", "--website", "x.example.com"],
    ["token", "create", "--website", "0" * 24],
    ["token", "show", "0" * 24], ["token", "revoke", "0" * 24],
    ["restore", "/nonexistent/backup"]])
def test_what_is_not_there_exits_5(machine, arguments):
    assert machine.refused(NOT_FOUND, *arguments)
    assert machine.json_error(NOT_FOUND, *arguments)["reason"] == "not_found"
    assert len(machine.states()) == 1


# ---- website -----------------------------------------------------------------------------------

def test_websites_are_added_listed_and_removed(machine):
    (added,) = machine.json("website", "add", "example.com", "--name", "Example")
    assert added["role"] == "owner" and added["name"] == "Example"
    assert "added: www.example.org" in machine.run("website", "add", "www.example.org").stdout
    assert "of this domain" in machine.refused(REFUSED, "website", "add", "example.com")
    assert [w["domain"] for w in machine.json("website", "list")] == \
        ["example.com", "www.example.org"]
    assert re.search(r"(?m)^[0-9a-f]{24}  example.com +Example +owner +20",
                     machine.run("website", "list", "--account", "owner@localhost").stdout)
    assert "removed: example.com" in machine.run("website", "remove", added["id"]).stdout
    (removed,) = machine.json("website", "remove", "www.example.org")
    assert removed["domain"] == "www.example.org"
    assert machine.json("website", "list") == []
    assert machine.run("website", "list").stdout.split() == ["ID", "DOMAIN", "NAME", "CREATED"]


def test_a_role_is_told_of_one_account_alone(machine):
    machine.run("website", "add", "example.com")
    assert [w["role"] for w in machine.json("website", "list")] == [None]
    assert re.search(r"(?m)^[0-9a-f]{24}  example.com +example.com +20",
                     machine.run("website", "list").stdout)
    assert [w["role"] for w in machine.json("website", "list", "--account", "owner@localhost")] \
        == ["owner"]


def test_a_domain_means_the_same_in_capitals(machine):
    assert machine.json("website", "add", "EXAMPLE.com")[0]["domain"] == "example.com"
    assert "of this domain" in machine.refused(REFUSED, "website", "add", "example.COM")
    assert len(machine.create("--website", "Example.Com")["websiteIds"]) == 1
    machine.run("website", "remove", "EXAMPLE.COM")
    assert machine.json("website", "list") == []


@pytest.mark.parametrize("domain", ["exa_mple.com", "http://example.com", "-", "a" * 300])
def test_a_bad_domain_is_named(machine, domain):
    assert machine.refused(USAGE, "website", "add", "--", domain).startswith(
        f"claviger-admin: {domain[:80]}: ")


def test_the_permissions_are_listed(bare):
    listed = bare.json("permission", "list")
    assert len(listed) == 18 and set(listed[0]) == {"name", "description"}
    text = bare.run("permission", "list").stdout
    assert text.startswith("NAME ") and all(row["name"] in text for row in listed)


@pytest.mark.parametrize("command", ["token list", "website list"])
def test_the_help_of_a_list_says_what_account_does_there(bare, command):
    text = bare.run(*command.split(), "--help", config=False).stdout
    assert re.search(r"--account ID\|EMAIL +only this account's; all where left out", text)


def test_the_help_of_init_says_whose_name_it_takes(bare):
    text = bare.run("init", "--help", config=False).stdout
    assert re.search(r"--name NAME +of the account", text)


def test_a_website_is_renamed(machine):
    (added,) = machine.json("website", "add", "example.com")
    assert "renamed: example.com" in machine.run("website", "rename", "example.com", "--name",
                                                 "Shop").stdout
    (renamed,) = machine.json("website", "rename", added["id"], "--name", "The shop")
    assert (renamed["id"], renamed["name"]) == (added["id"], "The shop")
    assert [w["name"] for w in machine.json("website", "list")] == ["The shop"]


def test_roles_are_given_and_taken_and_an_owner_stays(machine):
    machine.run("account", "add", "b@example.com", "--name", "Bob")
    machine.run("website", "add", "example.com", "--owner", "owner@localhost")
    bob = ("--account", "b@example.com")
    assert machine.run("team", "set", "example.com", *bob, "--role", "viewer").stdout == \
        "b@example.com is viewer of example.com\n"
    assert [m["role"] for m in machine.json("team", "list", "example.com")] == ["owner", "viewer"]
    assert re.search(r"(?m)^[0-9a-f]{24}  Bob +viewer$",
                     machine.run("team", "list", "example.com").stdout)
    assert "last owner" in machine.refused(REFUSED, "team", "remove", "example.com", "--account",
                                           "owner@localhost")
    assert machine.json_error(REFUSED, "team", "set", "example.com", "--account",
                              "owner@localhost", "--role", "member")["reason"] == "failed"
    assert machine.json("team", "set", "example.com", *bob, "--role", "owner")[0]["role"] == "owner"
    assert machine.run("team", "remove", "example.com", "--account", "owner@localhost").stdout == \
        "owner@localhost has no role on example.com\n"
    assert [m["name"] for m in machine.json("team", "list", "example.com")] == ["Bob"]
    assert machine.refused(NOT_FOUND, "team", "remove", "example.com", "--account",
                           "owner@localhost")
    # Who is meant must be said, where there are two.
    assert "--account" in machine.refused(USAGE, "team", "remove", "example.com")


def test_where_there_are_two_accounts_one_must_be_named(machine):
    machine.run("account", "add", "b@example.com")
    for arguments, option in ((["website", "add", "a.example"], "--owner"),
                              (["token", "create"], "--account")):
        said = machine.refused(USAGE, *arguments)
        assert option in said and "owner@localhost, b@example.com" in said
    (website,) = machine.json("website", "add", "a.example", "--owner", "b@example.com")
    assert machine.json("website", "list", "--account", "owner@localhost") == []
    assert machine.json("website", "list", "--account", "b@example.com")[0]["id"] == website["id"]


# ---- token create ------------------------------------------------------------------------------

def test_a_token_is_made_as_asked(machine):
    one = machine.json("website", "add", "one.example")[0]["id"]
    two = machine.json("website", "add", "two.example")[0]["id"]
    token = machine.create("--account", "owner@localhost", "--name", "büro <b>",
                           "--permission", "goals:write,analytics:read",
                           "--permission", "goals:write", "--website", f"two.example,{one}",
                           "--website", "two.example", "--expires-at", "2031-01-31T12:00:00+01:00")
    assert token["name"] == "büro <b>"
    assert token["permissions"] == ["analytics:read", "goals:write"]
    assert sorted(token["websiteIds"]) == sorted([one, two])
    assert token["expiresAt"] == "2031-01-31T11:00:00.000Z"
    assert token["parentId"] is None and token["account"]["email"] == "owner@localhost"
    assert re.fullmatch(KEY, token["key"])
    (shown,) = machine.json("token", "show", token["id"])
    assert "key" not in shown
    assert shown == {k: v for k, v in token.items() if k != "key"}


def test_without_options_a_token_may_do_everything(machine):
    token = machine.create()
    assert token["permissions"] == ["*"] and token["websiteIds"] == []
    assert token["name"] is None and token["expiresAt"] is None


def test_standard_output_is_the_key_and_nothing_else(machine):
    done = machine.run("token", "create")
    assert re.fullmatch(KEY + "\n", done.stdout) and not re.search(KEY, done.stderr)
    assert re.search(r"token [0-9a-f]{24} made", done.stderr)


@pytest.mark.parametrize("duration, seconds", [
    ("60", 60), ("60s", 60), ("1m", 60), ("12h", 43200), ("90d", 7776000), ("2w", 1209600),
    ("315360000", 315360000)])
def test_a_duration_has_a_unit_or_is_in_seconds(machine, duration, seconds):
    from datetime import datetime
    token = machine.create("--expires-in", duration)
    made, ends = (datetime.fromisoformat(token[x].replace("Z", "+00:00"))
                  for x in ("createdAt", "expiresAt"))
    assert abs((ends - made).total_seconds() - seconds) < 5


@pytest.mark.parametrize("arguments, said", [
    (["--expires-in", "59"], "--expires-in: "), (["--expires-in", "11w1d"], "--expires-in: "),
    (["--expires-in", ""], "--expires-in: "), (["--expires-in", "d"], "--expires-in: "),
    (["--expires-in", "-60"], "--expires-in: "), (["--expires-in", "1.5h"], "--expires-in: "),
    (["--expires-in", "315360001"], "--expires-in: "), (["--expires-in", "5 d"], "--expires-in: "),
    (["--expires-in", "999999999999999999999"], "--expires-in: "),
    (["--expires-in", "1000000000w"], "--expires-in: "),
    (["--expires-at", "tomorrow"],
     "--expires-at: write a moment such as 2030-01-31T12:00:00Z"),
    (["--expires-at", ""], "--expires-at: "),
    (["--expires-at", "2020-01-01T00:00:00Z"], "--expires-at: "),
    (["--expires-at", '2030-01-01T00:00:00Z","name":"x'], "--expires-at: "),
    (["--expires-at", "2030-01-01T00:00:00Z", "--expires-in", "90d"], "give one of them"),
    (["--permission", "analytics:raed"], "analytics:raed: there is no such permission; did you mean "
                                         "analytics:read?"),
    (["--permission", "goals:read,nope:x"], "--permission nope:x: there is no such permission; see "
                                            "claviger-admin permission list"),
    (["--permission", "goals:read", "--permission", "goals:read,a:b"], "--permission a:b: "),
    (["--permission", ""], "--permission : "), (["--permission", "goals:read,"], "--permission : "),
    (["--permission", "*,goals:read"], "stands alone"),
    (["--permission", '*"],"name":["'], "--permission "),
    (["--permission", "\x1b[31m"], r"--permission \x1B[31m: "),
    (["--name", ""], "--name: "), (["--name", "   "], "--name: "), (["--name", "a\nb"], "--name: "),
    (["--name", "x" * 101], "--name: "), (["--name", "a\u202eb"], "--name: "),
    (["--name", b"\xff"], "UTF-8"),
])
def test_a_bad_value_exits_2_and_names_its_option(machine, arguments, said):
    assert said in machine.refused(USAGE, "token", "create", *arguments)
    assert len(machine.states()) == 1


def test_a_website_of_another_account_is_refused(machine):
    machine.run("account", "add", "b@example.com")
    machine.run("website", "add", "b.example", "--owner", "b@example.com")
    said = machine.refused(NOT_FOUND, "token", "create", "--account", "owner@localhost",
                           "--website", "b.example")
    assert "--website b.example: " in said


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_token_whose_key_nobody_got_is_rolled_back(machine, as_json):
    before = machine.states()
    with open("/dev/full", "w") as full:
        said = machine.refused_to(full, "token", "create", *as_json)
    assert "was revoked; make another" in said and not re.search(KEY, said)
    (state,) = [s for i, s in machine.states().items() if i not in before]
    assert state == "revoked"


def test_a_closed_standard_output_gets_no_key_and_nor_does_the_database(machine):
    done = subprocess.run(f"'{ADMIN}' --config '{machine.config}' token create >&-", shell=True,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                          env=ENVIRONMENT)
    assert done.returncode == REFUSED and "was revoked; make another" in done.stderr
    assert sorted(machine.states().values()) == ["active", "revoked"]
    for path in machine.directory.glob("claviger.db*"):
        assert not re.search(KEY.encode(), path.read_bytes())


def test_a_reader_that_is_gone_gets_no_token(machine):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as pipe:
        assert "was revoked; make another" in machine.refused_to(pipe, "token", "create")
    assert sorted(machine.states().values()) == ["active", "revoked"]


def test_a_closed_standard_input_changes_nothing(machine):
    done = subprocess.run(f"'{ADMIN}' --config '{machine.config}' token create <&-", shell=True,
                          stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert done.returncode == 0 and re.fullmatch(KEY + "\n", done.stdout)


def test_a_key_file_holds_the_key_and_standard_output_does_not(machine):
    path = machine.directory / "ci.key"
    done = machine.run("token", "create", "--key-file", path, umask=0)
    assert re.fullmatch(KEY + "\n", path.read_text()) and mode(path) == 0o600
    assert not re.search(KEY, done.stdout + done.stderr)
    other = machine.directory / "other.key"
    (record,) = machine.json("token", "create", "--key-file", other)
    assert "key" not in record and re.fullmatch(KEY + "\n", other.read_text())


def test_a_key_file_that_cannot_be_made_makes_no_token(machine):
    path = machine.directory / "ci.key"
    path.write_text("mine")
    assert "exists" in machine.refused(REFUSED, "token", "create", "--key-file", path)
    assert path.read_text() == "mine" and len(machine.states()) == 1
    dangling = machine.directory / "link.key"
    dangling.symlink_to(machine.directory / "elsewhere")
    assert f"{dangling}: exists" in machine.refused(REFUSED, "token", "create", "--key-file",
                                                    dangling)
    assert not (machine.directory / "elsewhere").exists()
    machine.refused(CONFIGURATION, "token", "create", "--key-file", "/nonexistent/ci.key")
    shared = machine.directory / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    machine.refused(CONFIGURATION, "token", "create", "--key-file", shared / "ci.key")
    assert list(machine.states().values()) == ["active"]


def test_init_looks_at_the_key_file_before_there_is_a_database(bare):
    said = bare.refused(CONFIGURATION, "init", "--key-file", "/nonexistent/owner.key")
    assert "/nonexistent: there is no such directory" in said and ".new" not in said
    assert not bare.database.exists()


def test_a_key_file_goes_too_where_success_could_not_be_told(machine):
    path = machine.directory / "ci.key"
    with open("/dev/full", "w") as full:
        assert "was revoked; make another" in machine.refused_to(full, "token", "create", "--key-file", path)
    assert not path.exists() and sorted(machine.states().values()) == ["active", "revoked"]


# ---- token list, show, revoke ------------------------------------------------------------------

def expire(machine, token):
    with contextlib.closing(sqlite3.connect(machine.database)) as database:
        database.execute("UPDATE tokens SET expires_at = 1 WHERE id = ?", [bytes.fromhex(token)])
        database.commit()


def descend(machine, parent, child):
    with contextlib.closing(sqlite3.connect(machine.database)) as database:
        database.execute("UPDATE tokens SET parent = ? WHERE id = ?",
                         [bytes.fromhex(parent), bytes.fromhex(child)])
        database.commit()


def test_a_list_shows_what_was_asked_for(machine):
    active, expired, revoked = (machine.create("--name", name)["id"]
                                for name in ("one", "two", "three"))
    expire(machine, expired)
    machine.run("token", "revoke", revoked)
    first = machine.json("token", "list")[-1]["id"]

    def ids(*arguments):
        return [token["id"] for token in machine.json("token", "list", *arguments)]
    assert ids() == [expired, active, first]
    assert ids("--all") == [revoked, expired, active, first]
    assert ids("--state", "active") == [active, first]
    assert ids("--state=expired") == [expired]
    assert ids("--state", "revoked", "--account", "owner@localhost") == [revoked]
    machine.run("account", "add", "b@example.com")
    other = machine.create("--account", "b@example.com")["id"]
    assert ids("--account", "b@example.com") == [other]
    assert set(ids()) == {expired, active, first, other}


def columns(text):
    """How many columns of a terminal TEXT takes."""
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_a_table_is_aligned_and_its_text_is_inert(machine):
    machine.create("--name", "short")
    machine.create("--name", "한국 ｆ e\u0301 \U0001F511")
    machine.create("--name", "日本 and long enough", "--permission", "goals:read,analytics:read")
    with contextlib.closing(sqlite3.connect(machine.database)) as database:
        database.execute("UPDATE tokens SET name = ? WHERE name = 'short'",
                         ["\x1b[2J\u202e\x9b\n\\ok"])
        database.commit()
    text = machine.run("token", "list").stdout
    lines = text.splitlines()
    assert len(lines) == 5 and not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert r"\x1B[2J\xE2\x80\xAE\xC2\x9B\x0A\ok" in text
    assert lines[0].startswith("ID ") and "LAST USED" in lines[0]
    assert {columns(line[:line.index("dft_")]) for line in lines[1:]} == {lines[0].index("KEY")}
    assert lines[0].split()[5] == "CREATED"
    assert "analytics:read goals:read" in text and "日本" in text


def test_show_tells_all_but_the_key(machine):
    website = machine.json("website", "add", "example.com")[0]["id"]
    token = machine.create("--name", "ci", "--website", "example.com", "--expires-in", "90d")
    child = machine.create()["id"]
    descend(machine, token["id"], child)
    text = machine.run("token", "show", token["id"]).stdout
    for value in (token["id"], token["displayKey"], token["expiresAt"], "owner@localhost", website,
                  "the operator", "active"):
        assert value in text
    assert token["key"] not in text and "revoked" not in text
    machine.run("token", "revoke", child)
    text = machine.run("token", "show", child).stdout
    assert re.search(rf"made by +{token['id']}", text) and re.search(r"revoked +20", text)
    assert machine.json("token", "show", child)[0]["state"] == "revoked"


def test_revoke_says_what_the_token_had_made(machine):
    a, b, c, d = (machine.create()["id"] for _ in range(4))
    descend(machine, a, b)
    descend(machine, b, c)
    said = machine.run("token", "revoke", a).stdout
    assert f"token {a} revoked" in said and "which go on working: 2\n" in said
    states = machine.states()
    assert (states[a], states[b], states[c]) == ("revoked", "active", "active")
    assert machine.json("token", "revoke", b, "--cascade") == [{"id": b, "descendants": 1}]
    states = machine.states()
    assert (states[b], states[c], states[d]) == ("revoked", "revoked", "active")
    assert "revoked already" in machine.refused(REFUSED, "token", "revoke", a)


# ---- backup and restore ------------------------------------------------------------------------

def test_a_backup_is_whole_private_and_new(machine):
    path = machine.directory / "backup.db"
    assert str(path) in machine.run("backup", path, umask=0).stdout
    assert mode(path) == 0o600
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM tokens").fetchone() == (1,)
    before = path.read_bytes()
    assert "exists" in machine.refused(REFUSED, "backup", path)
    assert path.read_bytes() == before
    assert machine.json("backup", machine.directory / "b2.db") == \
        [{"file": str(machine.directory / "b2.db")}]


def test_a_backup_onto_itself_or_into_nowhere_is_refused(machine):
    machine.refused(REFUSED, "backup", machine.database)
    machine.refused(REFUSED, "backup", "/nonexistent/backup.db")
    machine.refused(REFUSED, "backup", "/dev/full")
    assert list(machine.states().values()) == ["active"]


def test_a_backup_onto_a_full_disk_leaves_nothing(machine):
    path = machine.directory / "backup.db"
    command = f"ulimit -f 100; exec '{ADMIN}' --config '{machine.config}' backup '{path}'"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True,
                          env=ENVIRONMENT)
    assert done.returncode == DATABASE and "nothing is left" in done.stderr
    assert not path.exists() and machine.states()


def test_restore_counts_and_changes_nothing_without_yes(machine):
    revived, kept = machine.create()["id"], machine.create()["id"]
    path = machine.directory / "backup.db"
    machine.run("backup", path)
    machine.run("token", "revoke", revived)
    lost = machine.create()["id"]
    before = machine.states()
    done = machine.run("restore", path, status=REFUSED)
    assert "come back to life: 1\n" in done.stdout and "are lost: 1\n" in done.stdout
    assert "--yes" in done.stderr
    done = machine.run("restore", path, "--json", status=REFUSED)
    assert json.loads(done.stdout)["data"] == \
        [{"file": str(path), "revived": 1, "lost": 1, "restored": False}]
    assert json.loads(done.stderr)["error"]["code"] == REFUSED
    assert machine.states() == before
    done = machine.run("restore", path, "--yes")
    assert "restored: " in done.stdout and "come back to life: 1\n" in done.stdout
    assert machine.states()[revived] == "active" and lost not in machine.states()
    assert machine.states()[kept] == "active"
    assert not list(machine.directory.glob("*.restore-*"))


def test_restore_can_keep_revoked_what_is_revoked_now(machine):
    revoked = machine.create()["id"]
    machine.run("account", "add", "b@example.com")
    gone_with_account = machine.create("--account", "b@example.com")["id"]
    path = machine.directory / "backup.db"
    machine.run("backup", path)
    machine.run("token", "revoke", revoked)
    machine.run("account", "disable", "b@example.com")
    assert machine.json("restore", path, "--yes", "--keep-revoked") == \
        [{"file": str(path), "revived": 0, "lost": 0, "restored": True}]
    states = machine.states()
    assert states[revoked] == "revoked" and states[gone_with_account] == "revoked"
    with contextlib.closing(sqlite3.connect(path)) as database:
        count = "SELECT count(*) FROM tokens WHERE revoked_at IS NOT NULL"
        assert database.execute(count).fetchone() == (0,), "the backup itself stays as it is"


def test_restore_works_under_a_connection_that_is_open(machine):
    path = machine.directory / "backup.db"
    machine.run("backup", path)
    machine.create()
    with contextlib.closing(sqlite3.connect(machine.database)) as other:
        count = "SELECT count(*) FROM tokens"
        assert other.execute(count).fetchone() == (2,)
        machine.run("restore", path, "--yes")
        assert other.execute(count).fetchone() == (1,)


def test_restore_makes_a_database_that_is_missing(machine):
    token = machine.create()["id"]
    path = machine.directory / "backup.db"
    machine.run("backup", path)
    machine.database.unlink()
    done = machine.run("restore", path, status=REFUSED)
    assert "where there was no database" in done.stdout
    assert "come back to life: 2\n" in done.stdout and "are lost: 0\n" in done.stdout
    assert not machine.database.exists()
    assert "--keep-revoked" in machine.refused(USAGE, "restore", path, "--yes", "--keep-revoked")
    assert machine.json("restore", path, "--yes") == \
        [{"file": str(path), "revived": 2, "lost": 0, "restored": True}]
    assert machine.states()[token] == "active"
    assert mode(machine.database) == 0o600
    assert not list(machine.directory.glob("*.restore-*"))


def test_restore_fills_a_database_that_never_was(machine):
    path = machine.directory / "backup.db"
    machine.run("backup", path)
    machine.database.write_bytes(b"")
    machine.run("restore", path, "--yes")
    assert list(machine.states().values()) == ["active"]


@pytest.mark.parametrize("place", ["its head", "its pages"])
def test_restore_says_how_to_get_past_a_damaged_database(machine, place):
    path = machine.directory / "backup.db"
    machine.run("backup", path)
    data = bytearray(machine.database.read_bytes())
    if place == "its head":
        data[:4096] = os.urandom(4096)
    else:
        data[4096:] = os.urandom(len(data) - 4096)
    machine.database.write_bytes(data)
    for suffix in ("-wal", "-shm"):
        pathlib.Path(f"{machine.database}{suffix}").unlink(missing_ok=True)
    said = machine.refused(DATABASE, "restore", path, "--yes")
    assert "move it away with its -wal and -shm" in said and "restore a backup" not in said
    assert not list(machine.directory.glob("*.restore-*"))
    machine.database.rename(machine.directory / "damaged.db")
    machine.run("restore", path, "--yes")
    assert list(machine.states().values()) == ["active"]


def test_what_is_no_good_backup_changes_nothing(machine):
    before = machine.states()
    good, bad = machine.directory / "good.db", machine.directory / "bad.db"
    machine.run("backup", good)
    bad.write_text("no database " * 1000)
    assert "not a backup" in machine.refused(REFUSED, "restore", bad, "--yes")
    assert machine.run("restore", bad, "--yes", status=REFUSED).stderr.count("\n") == 1
    bad.unlink()
    with contextlib.closing(sqlite3.connect(bad)) as other:
        other.execute("CREATE TABLE theirs (x)")
    assert "not a backup" in machine.refused(REFUSED, "restore", bad, "--yes")
    shutil.copy(good, bad)
    with contextlib.closing(sqlite3.connect(bad)) as newer:
        newer.execute("PRAGMA user_version = 999")
    assert "newer" in machine.refused(REFUSED, "restore", bad, "--yes")
    data = bytearray(good.read_bytes())
    data[4096 * 3:4096 * 4] = os.urandom(4096)
    bad.write_bytes(data)
    assert "this backup is damaged" in machine.json_error(DATABASE, "restore", bad,
                                                          "--yes")["message"]
    machine.refused(REFUSED, "restore", machine.directory, "--yes")
    fifo = machine.directory / "fifo"
    os.mkfifo(fifo)
    machine.refused(REFUSED, "restore", fifo, "--yes")
    assert machine.states() == before
    assert not list(machine.directory.glob("*.restore-*"))


# ---- doctor ------------------------------------------------------------------------------------

def findings(data):
    return {row["check"]: row["result"] for row in data}


def test_doctor_finds_a_good_installation_good(machine):
    text = machine.run("doctor").stdout
    assert re.match(r"CHECK +RESULT +FINDING\n", text) and "FAILED" not in text
    for check in ("configuration", "files", "directory", "database", "WAL", "scrypt", "clock"):
        assert re.search(rf"(?m)^{check} +ok +\S", text), check
    assert re.search(r"\d+ ms and 1024 KiB a run", text)
    data = machine.json("doctor")
    assert {row["result"] for row in data} <= {"ok", "warning"}
    assert all(set(row) == {"check", "result", "message"} for row in data)
    assert not list(machine.directory.glob("*.doctor-*"))


def test_doctor_reports_a_wrong_configuration(machine):
    machine.write_config("database = relative.db\n")
    done = machine.run("doctor", status=CONFIGURATION)
    assert re.search(r"configuration +FAILED +.*:1: database", done.stdout)
    done = machine.run("doctor", "--json", status=CONFIGURATION)
    assert findings(json.loads(done.stdout)["data"])["configuration"] == "failed"


def test_doctor_reports_modes(machine):
    machine.directory.chmod(0o755)
    assert findings(machine.json("doctor"))["directory"] == "warning"
    memo = machine.directory / "memo"
    memo.write_bytes(b"")
    memo.chmod(0o644)
    with machine.config.open("a") as config:
        config.write(f"memo_file = {memo}\n")
    assert re.search(r"memo +FAILED .*chmod", machine.run("doctor", status=CONFIGURATION).stdout)
    memo.chmod(0o600)
    machine.database.chmod(0o640)
    done = machine.run("doctor", status=CONFIGURATION)
    assert re.search(r"database +FAILED .*chmod 0600", done.stdout)


def test_doctor_looks_at_the_log_as_it_will_be_opened(machine):
    log = machine.directory / "none" / "service.log"
    with machine.config.open("a") as config:
        config.write(f"log = {log}\n")
    assert re.search(r"log +FAILED .*there is no such directory",
                     machine.run("doctor", status=CONFIGURATION).stdout)
    log.parent.mkdir()
    assert "FAILED" not in machine.run("doctor").stdout
    assert not log.exists()
    os.mkfifo(log)
    assert re.search(r"log +FAILED .*nobody reads",
                     machine.run("doctor", status=CONFIGURATION).stdout)


def test_doctor_leaves_a_database_of_an_older_version_as_it_is(bare):
    make_first_version(bare.database)
    before = bare.database.read_bytes()
    done = bare.run("doctor")
    assert re.search(r"database +warning .*version 1, will be brought to \d+ at the next start",
                     done.stdout)
    assert bare.database.read_bytes() == before
    assert sorted(x.name for x in bare.directory.iterdir()) == ["claviger.conf", "claviger.db"]


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone is root")
def test_doctor_says_that_root_is_refused(machine):
    machine.write_config(machine.config.read_text().replace("allow_root = true\n", ""))
    done = machine.run("doctor", status=CONFIGURATION)
    assert re.search(r"user +FAILED .*allow_root", done.stdout)


def test_doctor_reports_a_damaged_or_absent_database(machine):
    for _ in range(30):
        machine.create()
    data = bytearray(machine.database.read_bytes())
    for page in range(4, len(data) // 4096):
        data[page * 4096:page * 4096 + 16] = b"\xff" * 16
    machine.database.write_bytes(data)
    done = machine.run("doctor", status=DATABASE)
    assert re.search(r"database +FAILED", done.stdout)
    machine.database.unlink()
    done = machine.run("doctor", status=DATABASE)
    assert re.search(r"database +FAILED .*init", done.stdout)
    assert re.search(r"(?m)^scrypt +ok", done.stdout), "the other checks go on"


def test_doctor_says_whether_wal_would_be_possible(machine):
    with machine.config.open("a") as config:
        config.write("journal_mode = delete\n")
    assert re.search(r"WAL +warning .*possible", machine.run("doctor").stdout)
    assert not list(machine.directory.glob("*.doctor-*"))


def test_doctor_notices_a_clock_that_was_set_back(machine):
    with contextlib.closing(sqlite3.connect(machine.database)) as database:
        database.execute("UPDATE tokens SET created_at = created_at + 86400000")
        database.commit()
    assert findings(machine.json("doctor"))["clock"] == "warning"


class Server(http.server.BaseHTTPRequestHandler):
    """Answers as claviger behind a web server that hides the headers in DROPS would, and gives
    away what SERVES holds."""
    drops, serves, status = (), {}, 401

    def do_GET(self):
        assert self.headers["Host"] and not self.headers["Cookie"]
        if self.path in self.serves:
            return self.answer(200, self.serves[self.path])
        if self.path != "/mount/api/v1/admin/access-tokens/self":
            return self.answer(404, b"nothing here")
        values = [self.headers.get(name) for name in ("Authorization", "X-API-Key")
                  if name not in self.drops and self.headers.get(name)]
        reason = "invalid_token" if values else "missing_token"
        return self.answer(self.status, json.dumps({"reason": reason}).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serving(**behaviour):
    handler = type("Handler", (Server,), behaviour)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/mount/"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("drops, expected, status", [
    ((), ("ok", "ok"), 0),
    (("Authorization",), ("warning", "ok"), 0),
    (("X-API-Key",), ("ok", "warning"), 0),
    (("Authorization", "X-API-Key"), ("failed", "warning"), REFUSED),
])
def test_doctor_says_which_header_arrives(machine, drops, expected, status):
    with serving(drops=drops) as url:
        done = machine.run("doctor", "--url", url, "--json", status=status)
    found = findings(json.loads(done.stdout)["data"])
    assert (found["Authorization"], found["X-API-Key"]) == expected
    assert found["exposure"] == "ok"


def test_doctor_says_where_nobody_or_somebody_else_answers(machine):
    done = machine.run("doctor", "--url", f"http://127.0.0.1:{free_port()}", status=REFUSED)
    assert re.search(r"Authorization +FAILED +nobody answers", done.stdout)
    assert "exposure" not in done.stdout
    with serving(status=200) as url:
        done = machine.run("doctor", "--url", url, status=REFUSED)
    assert re.search(r"Authorization +FAILED +the answer is 200", done.stdout)


@pytest.mark.parametrize("path", ["/claviger.db", "/mount/claviger.db", "/claviger.conf",
                                  "/claviger.db-wal"])
def test_doctor_shouts_where_the_web_server_gives_files_away(machine, path):
    content = {".db": machine.database.read_bytes(), ".db-wal": b"\x37\x7f\x06\x82" + bytes(28),
               ".conf": machine.config.read_bytes()}
    with serving(serves={path: content[path[path.index("."):]]}) as url:
        done = machine.run("doctor", "--url", url, status=CONFIGURATION)
    assert re.search(rf"exposure +FAILED +ANYBODY CAN FETCH {path} ", done.stdout)


def test_doctor_only_wonders_where_something_else_answers(machine):
    with serving(serves={"/claviger.db": b"<html>welcome</html>"}) as url:
        done = machine.run("doctor", "--url", url)
    assert re.search(r"exposure +warning +/claviger.db ", done.stdout)


def test_doctor_asks_the_real_service(fresh_site):
    server = fresh_site.start()
    done = fresh_site.admin("doctor", "--url", f"http://127.0.0.1:{server.port}", "--json")
    found = findings(json.loads(done.stdout)["data"])
    assert (found["Authorization"], found["X-API-Key"], found["exposure"]) == ("ok", "ok", "ok")


def test_a_revocation_and_a_restore_reach_the_running_service(fresh_site):
    server = fresh_site.start()
    (token,) = fresh_site.admin_json("token", "create")
    path = fresh_site.directory / "backup.db"

    def status():
        return server.call("GET", "/api/v1/admin/account", key=token["key"]).status
    assert status() == 200
    fresh_site.admin("backup", str(path))
    fresh_site.admin("token", "revoke", token["id"])
    assert status() == 401
    fresh_site.admin("restore", str(path), "--yes", "--keep-revoked")
    assert status() == 401
    fresh_site.admin("restore", str(path), "--yes")
    assert status() == 200
    (owner,) = fresh_site.admin_json("account", "list")
    fresh_site.admin("account", "disable", owner["id"])
    assert status() == 401
