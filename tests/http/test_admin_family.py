# SPDX-License-Identifier: ISC
"""claviger-admin upon families and time: the tree, what expires soon, and the removal of what died
long ago."""
import contextlib
import os
import pty
import sqlite3
import subprocess
import time

import pytest

from claviger_site import ADMIN, Site, wait_until
from fastcgi_peer import Service
from test_admin import ENVIRONMENT, NOT_FOUND, USAGE, Machine

EXPIRING = 6
DAY = 86400


@pytest.fixture
def machine():
    machine = Machine().init()
    yield machine
    machine.close()


@contextlib.contextmanager
def database(machine):
    with contextlib.closing(sqlite3.connect(machine.database, timeout=30)) as store:
        store.execute("PRAGMA foreign_keys = ON")
        yield store
        store.commit()


def change(machine, token, assignment, *values):
    with database(machine) as store:
        store.execute(f"UPDATE tokens SET {assignment} WHERE id = ?",
                      (*values, bytes.fromhex(token["id"])))


def ago(days):
    return round(1000 * (time.time() - days * DAY))


def revoke(machine, token, days=0):
    """As if it had been so many days ago."""
    machine.run("token", "revoke", token["id"])
    change(machine, token, "revoked_at = ?", ago(days))


def family(machine, links):
    """Tokens by name; LINKS: name and maker. claviger-admin makes none under another token."""
    made = {}
    for name, parent in links:
        made[name] = machine.create("--name", name, "--permission", "goals:read")
        if parent:
            change(machine, made[name], "parent = ?", bytes.fromhex(made[parent]["id"]))
    return made


FAMILY = [("a", None), ("b", "a"), ("c", "a"), ("d", "b"), ("e", "d"), ("f", None)]


def drawing(machine, *arguments):
    """Lines, and of each token its name alone."""
    text = machine.run("token", "tree", *arguments).stdout
    return [line.split("  dft_")[0].rsplit("  ", 1)[0] for line in text.splitlines()]


def rows(machine):
    with database(machine) as store:
        return {name for (name,) in store.execute("SELECT name FROM tokens")}


# ---- token tree -------------------------------------------------------------------------------

def test_the_tree_is_drawn_from_the_oldest_to_the_newest(machine):
    family(machine, FAMILY)
    assert drawing(machine) == [
        "owner@localhost",
        "first token",
        "a",
        "|-- b",
        "|   `-- d",
        "|       `-- e",
        "`-- c",
        "f"]


def test_a_line_says_name_id_key_state_and_permissions(machine):
    token = machine.create("--name", "report", "--permission",
                           "goals:read,analytics:read,funnels:read,team:read")
    (line,) = machine.run("token", "tree", token["id"]).stdout.splitlines()
    assert line == (f"report  {token['id']}  {token['displayKey']}  active  "
                    "analytics:read, goals:read and 2 more")
    for permissions, shown in (("goals:read", "goals:read"), ("*", "*"),
                               ("goals:write,goals:read", "goals:read, goals:write")):
        token = machine.create("--permission", permissions)
        (line,) = machine.run("token", "tree", token["id"]).stdout.splitlines()
        assert line == f"-  {token['id']}  {token['displayKey']}  active  {shown}"


def test_one_token_s_family_is_drawn_alone(machine):
    made = family(machine, FAMILY)
    assert drawing(machine, made["b"]["id"]) == ["b", "`-- d", "    `-- e"]
    assert drawing(machine, made["c"]["id"]) == ["c"]


def test_what_is_revoked_is_drawn_where_something_living_came_of_it(machine):
    made = family(machine, FAMILY)
    for name in "bcef":
        revoke(machine, made[name])
    assert drawing(machine) == ["owner@localhost", "first token", "a", "`-- b", "    `-- d"]
    assert "  revoked  " in machine.run("token", "tree").stdout.splitlines()[3]
    assert drawing(machine, "--all") == [
        "owner@localhost", "first token", "a", "|-- b", "|   `-- d", "|       `-- e", "`-- c", "f"]
    assert drawing(machine, made["c"]["id"]) == ["c"]
    assert drawing(machine, made["d"]["id"]) == ["d"]


def test_every_account_has_its_own_tree(machine):
    machine.run("account", "add", "second@example.com")
    machine.create("--account", "second@example.com", "--name", "theirs")
    assert drawing(machine) == ["owner@localhost", "first token", "second@example.com", "theirs"]
    assert drawing(machine, "--account", "second@example.com") == ["second@example.com", "theirs"]


def test_a_terminal_with_utf_8_gets_lines(machine):
    family(machine, FAMILY)

    def on_terminal(*arguments, **environment):
        leader, follower = pty.openpty()
        try:
            process = subprocess.Popen(
                [ADMIN, "--config", machine.config, "token", "tree", *arguments], stdout=follower,
                stdin=subprocess.DEVNULL, env={**ENVIRONMENT, **environment})
            os.close(follower)
            text = b""
            with contextlib.suppress(OSError):  # the other end was closed
                while part := os.read(leader, 4096):
                    text += part
            assert process.wait(timeout=60) == 0
        finally:
            os.close(leader)
        return text.decode()

    for environment in ({"LANG": "en_GB.UTF-8"}, {"LC_ALL": "C.utf8", "LANG": "C"},
                        {"LC_ALL": "", "LC_CTYPE": "de_DE.UTF-8@euro"}):
        text = on_terminal(**environment)
        assert "├── b" in text and "│   └── d" in text and "└── c" in text and "|" not in text
        assert "├" not in on_terminal("--ascii", **environment)
    for environment in ({}, {"LANG": "C"}, {"LANG": "de_DE.ISO-8859-1"},
                        {"LC_ALL": "POSIX", "LANG": "en_GB.UTF-8"}):
        assert "|-- b" in on_terminal(**environment)
    assert "|-- b" in machine.run("token", "tree", env={**ENVIRONMENT,
                                                        "LANG": "en_GB.UTF-8"}).stdout


def test_the_tree_in_json_is_the_records_each_behind_its_maker(machine):
    made = family(machine, FAMILY)
    tree = machine.json("token", "tree")
    assert [token["name"] for token in tree] == ["first token", "a", "b", "d", "e", "c", "f"]
    assert {token["name"]: token["parentId"] for token in tree}["d"] == made["b"]["id"]
    assert tree[1:3] == [machine.json("token", "show", made[name]["id"])[0] for name in "ab"]


def test_a_family_may_be_deep(machine):
    """A line of 3000: drawn without a line as long, and without a stack as deep."""
    top = machine.create("--name", "top")
    with database(machine) as store:
        parent = bytes.fromhex(top["id"])
        for number in range(3000):
            token = number.to_bytes(12, "big")
            store.execute("INSERT INTO tokens (id, account, parent, selector, display_key, name, "
                          "hash, permissions, every_website, websites, created_at) VALUES "
                          "(?, 1, ?, ?, 'dft_ab1...xyz9', ?, 'none', 'goals:read', 1, x'', 5)",
                          (token, parent, f"{number:010}", f"depth {number + 1}"))
            parent = token
    lines = drawing(machine, top["id"])
    assert lines[40] == 39 * "    " + "`-- depth 40" and lines[41] == "[41] depth 41"
    assert lines[3000] == "[3000] depth 3000" and len(lines) == 3001


def test_a_name_cannot_draw(machine):
    token = machine.create()
    change(machine, token, "name = ?", "a\u202eb")  # turns the direction of what follows
    assert "a\\xE2\\x80\\xAEb" in machine.run("token", "tree").stdout


def test_wrong_usage_of_the_tree(machine):
    token = machine.create()
    assert "24 lower-case hex" in machine.refused(USAGE, "token", "tree", "abc")
    assert "no such token" in machine.refused(NOT_FOUND, "token", "tree", 24 * "0")
    assert "no such account" in machine.refused(NOT_FOUND, "token", "tree", "--account", "x@y")
    assert "--account" in machine.refused(USAGE, "token", "tree", token["id"], "--account",
                                          "owner@localhost")
    assert "not expected" in machine.refused(USAGE, "token", "tree", token["id"], token["id"])


# ---- token expiring ---------------------------------------------------------------------------

def expiring(machine, *arguments):
    """What is said where there are some; no error, though the status is one of its own."""
    done = subprocess.run([ADMIN, "--config", machine.config, "token", "expiring", *arguments],
                          env=ENVIRONMENT, text=True, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (EXPIRING, "")
    return done.stdout


def test_what_expires_soon_is_listed_the_soonest_first(machine):
    for name, when in (("later", "13d"), ("soon", "2h"), ("far", "20d"), ("middle", "9d")):
        machine.create("--name", name, "--expires-in", when)
    machine.create("--name", "never")

    def names(*arguments):
        lines = expiring(machine, *arguments).splitlines()
        return [line.split()[1] for line in lines[1:]]

    assert machine.run("token", "expiring", "--within", "1h").stdout == ""
    assert names("--within", "3h") == ["soon"]
    assert names("--within", "10800") == ["soon"]
    assert names() == ["soon", "middle", "later"]
    assert names("--within", "2w") == ["soon", "middle", "later"]
    assert names("--within", "1000000s") == ["soon", "middle"]
    assert names("--within", "52w") == ["soon", "middle", "later", "far"]


def test_cron_is_told_nothing_where_nothing_expires(machine):
    machine.create("--expires-in", "20d")
    done = machine.run("token", "expiring", "--within", "14d")
    assert (done.stdout, done.stderr) == ("", "")
    assert machine.json("token", "expiring", "--within", "14d") == []


def test_what_is_dead_expires_no_more(machine):
    expired, revoked, disabled = (machine.create("--expires-in", "1h") for _ in range(3))
    change(machine, expired, "expires_at = ?", ago(1))
    machine.run("token", "revoke", revoked["id"])
    machine.run("account", "add", "off@example.com")
    with database(machine) as store:
        store.execute("UPDATE tokens SET account = 2 WHERE id = ?",
                      (bytes.fromhex(disabled["id"]),))
    assert disabled["id"] in expiring(machine)
    machine.run("account", "disable", "off@example.com")
    assert machine.run("token", "expiring").stdout == ""


def test_one_account_s_tokens_that_expire(machine):
    machine.run("account", "add", "b@example.com")
    token = machine.create("--account", "b@example.com", "--expires-in", "1h")
    assert machine.run("token", "expiring", "--account", "owner@localhost").stdout == ""
    assert token["id"] in expiring(machine, "--account", "b@example.com")
    line = next(line for line in expiring(machine).splitlines() if token["id"] in line)
    assert "b@example.com" in line


@pytest.mark.parametrize("duration", ["", "d", "-1d", "1.5d", "14 d", "14D", "d14", "1y",
                                      "1000000001", "14dd"])
def test_a_duration_is_digits_and_a_letter(machine, duration):
    assert "--within: write a number" in machine.refused(USAGE, "token", "expiring",
                                                         f"--within={duration}")
    assert "--older-than: write a number" in machine.refused(USAGE, "purge",
                                                             f"--older-than={duration}")


# ---- purge ------------------------------------------------------------------------------------

def test_what_died_long_ago_is_removed(machine):
    made = family(machine, [(name, None) for name in "abcdef"])
    revoke(machine, made["a"], 91)
    revoke(machine, made["b"], 89)
    change(machine, made["c"], "expires_at = ?", ago(91))
    change(machine, made["d"], "expires_at = ?", ago(89))
    change(machine, made["e"], "expires_at = ?", ago(91))
    revoke(machine, made["e"])  # only just, but it had long been of no use
    assert machine.run("purge", "--older-than", "90d").stdout == "removed tokens: 3\n"
    assert rows(machine) == {"first token", "b", "d", "f"}
    assert machine.json("purge", "--older-than", "90d") == [{"removed": 0}]
    assert machine.json("purge", "--older-than", "0") == [{"removed": 2}]
    assert rows(machine) == {"first token", "f"}


def test_a_row_stays_while_something_that_came_of_it_stays(machine):
    """a, b and d died long ago; e, which d made, lives, and c died just now."""
    made = family(machine, FAMILY)
    for name in "abdf":
        revoke(machine, made[name], 100)
    revoke(machine, made["c"])
    assert machine.json("purge", "--older-than", "90d") == [{"removed": 1}]
    assert rows(machine) == {"first token", "a", "b", "c", "d", "e"}
    for token in machine.json("token", "list", "--all"):
        if token["parentId"]:
            machine.run("token", "show", token["parentId"])
    revoke(machine, made["e"], 100)
    assert machine.json("purge", "--older-than", "90d") == [{"removed": 3}]  # b, d, e
    assert rows(machine) == {"first token", "a", "c"}


def test_a_long_line_goes_in_one_run(machine):
    """More than fit into one transaction, each the maker of the next."""
    with database(machine) as store:
        parent = None
        for number in range(1000):
            token = number.to_bytes(12, "big")
            store.execute("INSERT INTO tokens (id, account, parent, selector, display_key, "
                          "permissions, every_website, websites, created_at, revoked_at) VALUES "
                          "(?, 1, ?, ?, 'dft_ab1...xyz9', 'goals:read', 1, x'', 5, 6)",
                          (token, parent, f"{number:010}"))
            parent = token
    assert machine.json("purge", "--older-than", "1d") == [{"removed": 1000}]
    assert rows(machine) == {"first token"}


def test_the_audit_stays_and_the_log_of_writes_is_cut(machine):
    made = family(machine, [("a", None)])
    revoke(machine, made["a"], 100)
    with database(machine) as store:  # which keeps the -wal file there
        before = store.execute("SELECT * FROM audit").fetchall()
        assert before
        machine.run("purge", "--older-than", "90d")
        assert store.execute("SELECT * FROM audit").fetchall()[:-1] == before
        assert os.path.getsize(f"{machine.database}-wal") == 0


def test_each_removal_is_in_the_audit_with_what_the_token_was(machine):
    made = family(machine, [("a", None), ("b", "a"), ("c", None), ("d", None)])
    for name in "ab":
        revoke(machine, made[name], 100)
    change(machine, made["c"], "expires_at = ?", ago(100))
    was = {name: machine.json("token", "show", made[name]["id"])[0] for name in "abc"}
    machine.run("purge", "--older-than", "90d")
    entries = machine.json("audit", "list")[-3:]
    assert [(entry["action"], entry["targetId"]) for entry in entries] == [
        ("token.purge", made[name]["id"]) for name in "cba"]
    for entry, name in zip(entries, "cba"):
        assert entry["actorTokenId"] is entry["requestId"] is entry["after"] is None
        assert entry["accountId"] == entries[0]["accountId"]
        before = entry["before"]
        assert before == {field: was[name][field] for field in before}
        state = "expired" if name == "c" else "revoked"
        assert (before["name"], before["state"]) == (name, state)
    report = machine.json("audit", "verify")[0]
    assert report["findingCount"] == report["unproven"] == 0
    machine.run("purge", "--older-than", "90d")  # nothing more: no row
    assert machine.json("audit", "verify")[0]["rows"] == report["rows"]
    assert machine.json("audit", "list", "--token", made["a"]["id"])[-1] == entries[-1]


def test_a_purge_says_how_old(machine):
    assert "--older-than" in machine.refused(USAGE, "purge")


def test_the_service_removes_what_died_long_ago_by_itself():
    """At its start and then each hour, where the configuration says so."""
    site = Site("scrypt_n = 2\nallow_weak_scrypt = true\npurge_after_days = 30\n")
    try:
        old, new = (site.token("owner@localhost", "--name", name) for name in ("old", "new"))
        for token in (old, new):
            site.admin("token", "revoke", token["id"])
        with contextlib.closing(sqlite3.connect(site.database, timeout=30)) as store:
            store.execute("UPDATE tokens SET revoked_at = ? WHERE name = 'old'", (ago(31),))
            store.commit()
        service = Service(site).wait()

        def names():
            return sorted(name for (name,) in site.rows("SELECT name FROM tokens"))
        wait_until(lambda: names() == ["first token", "new"], "the old token to be removed")
        assert service.is_good()
        assert service.stop() == 0
        assert "dead tokens removed" in site.log.read_text()
        last = site.admin_json("audit", "list")[-1]
        assert (last["action"], last["targetId"]) == ("token.purge", old["id"])
        assert last["before"]["name"] == "old" and last["actorTokenId"] is None
        site.admin("audit", "verify")
    finally:
        site.close()
