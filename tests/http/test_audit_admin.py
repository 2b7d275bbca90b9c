# SPDX-License-Identifier: ISC
"""The operator reads the trail, proves it and takes a checkpoint away: claviger-admin audit."""
import json
import os
import stat
import subprocess

import pytest

from asking import QUICK, change
from claviger_site import ADMIN, ENVIRONMENT, TOKENS, Site

UNKNOWN = "0" * 24


class Trail:
    def __init__(self):
        self.site = Site(QUICK)
        self.site.website("one.example")
        self.record = self.site.token("owner@localhost", "--name", "doomed")
        self.site.admin("token", "revoke", self.record["id"])
        self.key_file = self.site.database.with_name("claviger.db.audit-key")

    def list(self, *options):
        return self.site.admin_json("audit", "list", *options)

    def verify(self, *options, status=0):
        return self.site.admin("audit", "verify", *options, status=status)

    def report(self, *options, status=0):
        return json.loads(self.verify("--json", *options, status=status).stdout)["data"][0]

    def export(self, name="export"):
        path = self.site.directory / name
        path.write_text(self.site.admin("audit", "export").stdout)
        return path

    def change(self, statement, *values):
        change(self.site, statement, *values)


@pytest.fixture
def trail():
    trail = Trail()
    try:
        yield trail
    finally:
        trail.site.close()


def test_the_list_is_a_table_or_json_oldest_first(trail):
    entries = trail.list()
    assert [entry["action"] for entry in entries] == [
        "account.add", "token.create", "website.add", "token.create", "token.revoke"]
    assert [entry["id"] for entry in entries] == ["1", "2", "3", "4", "5"]
    lines = trail.site.admin("audit", "list").stdout.splitlines()
    assert lines[0].split() == ["ID", "AT", "ACTION", "ACTOR", "TARGET", "ACCOUNT", "ADDRESS",
                                "REQUEST"]
    assert [line.split()[2] for line in lines[1:]] == [entry["action"] for entry in entries]
    assert lines[5].split()[3:5] == ["operator", trail.record["id"]]


def test_the_list_can_be_narrowed(trail):
    made = trail.site.start().create(name="by a token")
    owner = trail.list()[1]["targetId"]
    actions = lambda *options: [entry["action"] for entry in trail.list(*options)]
    assert actions("--token", trail.record["id"]) == ["token.create", "token.revoke"]
    assert actions("--actor", owner) == ["token.create"]
    assert trail.list("--actor", owner)[0]["targetId"] == made["id"]
    assert len(actions("--actor", "operator")) == 5
    assert actions("--token", UNKNOWN) == actions("--actor", UNKNOWN) == []
    last = trail.list()[-1]
    assert trail.list("--since", last["at"])[-1] == last
    assert actions("--since", "9999-01-01T00:00:00Z") == []
    assert len(actions("--since", "2001-01-01T00:00:00Z")) == 6
    assert actions("--actor", "operator", "--token", made["id"]) == []


@pytest.mark.parametrize("arguments, said", [
    (["list", "--since", "yesterday"], "--since: write a moment"),
    (["list", "--actor", "me"], "--actor: the id of a token"),
    (["list", "--token", "x"], "--token: the id of a token"),
    (["verify", "--token", UNKNOWN], "not an option of audit verify"),
    (["list", "more"], "more: not expected"),
])
def test_a_bad_value_exits_2(trail, arguments, said):
    assert said in trail.site.admin("audit", *arguments, status=2).stderr


def test_a_trail_that_holds_is_proven(trail):
    assert trail.report() == {"rows": 5, "last": "5", "unproven": 0, "findingCount": 0,
                              "findings": []}
    assert trail.verify().stdout == "5 rows, the last is 5: each is proven\n"


@pytest.mark.parametrize("statement, finding, said", [
    ("UPDATE audit SET at = at - 1 WHERE sequence = 3", ("altered", "3", "3"), "row 3 "),
    ("DELETE FROM audit WHERE sequence = 2", ("missing", "2", "2"), "row 2 is missing"),
    ("DELETE FROM audit WHERE sequence IN (2, 3)", ("missing", "2", "3"),
     "rows 2 to 3 are missing"),
    ("DELETE FROM audit WHERE sequence = 5", ("missing", "5", "5"), "row 5 is missing"),
])
def test_what_was_altered_is_named(trail, statement, finding, said):
    trail.change(statement)
    report = trail.report(status=1)
    assert report["findingCount"] == 1
    assert tuple(report["findings"][0].values()) == finding
    told = trail.verify(status=1)
    assert said in told.stdout and "not as it was written" in told.stderr


def test_many_findings_are_counted_and_the_first_are_shown(trail):
    trail.change("WITH RECURSIVE n (i) AS (SELECT 6 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
                 "INSERT INTO audit SELECT i, at, actor, account, address, request, action, target,"
                 " before, after, key_id, chain FROM n, audit WHERE sequence = 1")
    report = trail.report(status=1)
    assert (report["findingCount"], len(report["findings"])) == (195, 100)
    assert "and 95 more" in trail.verify(status=1).stdout


def test_an_export_is_lines_of_json_that_end_in_a_checkpoint(trail):
    lines = [json.loads(line) for line in trail.export().read_text().splitlines()]
    assert [{k: v for k, v in line.items() if k not in ("keyId", "chain")}
            for line in lines[:-1]] == trail.list()
    assert {len(line["chain"]) for line in lines[:-1]} == {64}
    assert len({line["keyId"] for line in lines[:-1]}) == 1
    assert lines[-1]["checkpoint"] == "5" and len(lines[-1]["digest"]) == 64


def test_a_checkpoint_holds_what_was_before_it_and_lets_more_follow(trail):
    export = trail.export()
    trail.verify("--checkpoint", export)
    trail.site.website("two.example")
    trail.verify("--checkpoint", export)
    alone = trail.site.directory / "last-line"
    alone.write_text(export.read_text().splitlines()[-1])  # without its newline, too
    trail.verify("--checkpoint", alone)


def test_a_cut_tail_is_found_by_the_checkpoint(trail):
    export = trail.export()
    trail.change("DELETE FROM audit WHERE sequence > 3")
    trail.change("UPDATE sqlite_sequence SET seq = 3 WHERE name = 'audit'")
    trail.verify()
    report = trail.report("--checkpoint", export, status=1)
    assert report["findings"] == [{"fault": "missing", "first": "4", "last": "5"}]
    trail.site.website("two.example")
    trail.site.website("three.example")
    trail.verify()
    report = trail.report("--checkpoint", export, status=1)
    assert report["findings"] == [{"fault": "checkpoint_differs", "first": "1", "last": "5"}]


@pytest.mark.parametrize("content, status", [
    ("", 2), ("\n", 2), ("no json\n", 2), ("{}\n", 2), ('{"checkpoint":"1"}\n', 2),
    ('{"checkpoint":1,"digest":"%s"}\n' % ("0" * 64), 2),
    ('{"checkpoint":"1","digest":"%s"}\n' % ("0" * 63), 2),
    ('{"checkpoint":"-1","digest":"%s"}\n' % ("0" * 64), 2), (None, 5)])
def test_what_is_no_checkpoint_is_refused(trail, content, status):
    path = trail.site.directory / "checkpoint"
    if content is not None:
        path.write_text(content)
    assert "--checkpoint" in trail.verify("--checkpoint", path, status=status).stderr


def test_an_export_that_was_cut_short_is_no_checkpoint(trail):
    export = trail.export()
    export.write_text("\n".join(export.read_text().splitlines()[:-1]) + "\n")
    assert "wrote to its end" in trail.verify("--checkpoint", export, status=2).stderr


def test_no_checkpoint_ends_the_export_of_a_trail_that_does_not_hold(trail):
    trail.change("UPDATE audit SET address = 'x' WHERE sequence = 3")
    done = trail.site.admin("audit", "export", status=1)
    lines = done.stdout.splitlines()
    assert len(lines) == 5 and "checkpoint" not in lines[-1]
    assert "not as it was written" in done.stderr


def test_an_export_that_nobody_takes_fails(trail):
    with open("/dev/full", "w") as full:
        done = subprocess.run([ADMIN, "--config", trail.site.config, "audit", "export"],
                              stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert done.returncode == 1 and "Standard output" in done.stderr


# ---- A restore --------------------------------------------------------------------------------

def test_a_restore_takes_changes_back_and_not_their_rows(trail):
    backup = trail.site.directory / "backup.db"
    trail.site.admin("backup", backup)
    living = trail.site.token("owner@localhost", "--name", "after the backup")
    export = trail.export()
    trail.site.admin("restore", backup, status=1)
    assert len(trail.list()) == 6, "a rehearsal leaves no row"
    trail.site.admin("restore", backup, "--yes")
    entries = trail.list()
    assert [entry["id"] for entry in entries] == [str(n) for n in range(1, 8)]
    assert entries[5]["targetId"] == living["id"]
    assert (entries[6]["action"], entries[6]["accountId"]) == ("restore", None)
    assert entries[6]["before"]["lastRow"] == "6"
    assert entries[6]["after"] == {"file": str(backup), "lastRow": "5", "rowsKept": True,
                                   "revived": 0, "lost": 1}
    trail.verify("--checkpoint", export)


def test_what_a_restore_revokes_has_its_row(trail):
    record = trail.site.token("owner@localhost")
    backup = trail.site.directory / "backup.db"
    trail.site.admin("backup", backup)
    trail.site.admin("token", "revoke", record["id"])
    trail.site.admin("restore", backup, "--yes", "--keep-revoked")
    assert [(entry["action"], entry["targetId"]) for entry in trail.list()[6:]] == [
        ("token.revoke", record["id"]), ("restore", None), ("token.revoke", record["id"])]
    trail.verify()


def test_a_restore_of_another_trail_says_what_it_replaced(trail):
    other = Trail()
    try:
        backup = trail.site.directory / "backup.db"
        trail.site.admin("backup", backup)
        other.site.admin("restore", backup, "--yes")
        entries = other.list()
        assert [entry["id"] for entry in entries] == [str(n) for n in range(1, 7)]
        assert entries[:5] == trail.list()
        assert entries[5]["before"]["lastRow"] == "5"
        assert entries[5]["after"]["rowsKept"] is False
        assert other.report(status=1)["unproven"] == 5, "their key is the other's"
        other.verify("--checkpoint", trail.export(), status=0)
    finally:
        other.site.close()


# ---- The key ----------------------------------------------------------------------------------

def test_the_key_lies_beside_the_database_for_its_owner_alone(trail):
    assert stat.S_IMODE(trail.key_file.stat().st_mode) == 0o600
    text = trail.key_file.read_text()
    assert len(text) == 65 and bytes.fromhex(text)
    for path in trail.site.directory.iterdir():
        if path != trail.key_file and path.is_file():
            content = path.read_bytes()
            assert text.strip().encode() not in content and bytes.fromhex(text) not in content


def test_the_key_may_lie_elsewhere(trail):
    elsewhere = trail.site.directory / "elsewhere.key"
    os.rename(trail.key_file, elsewhere)
    trail.site.write_config(f"{trail.site.config.read_text()}audit_key_file = {elsewhere}\n")
    trail.site.website("two.example")
    trail.verify()
    assert not trail.key_file.exists()


def test_without_the_key_nothing_is_proven_and_nothing_is_made(trail):
    export = trail.export()
    trail.key_file.unlink()
    told = trail.verify(status=1)
    assert str(trail.key_file) in told.stderr and "without their key" in told.stderr
    assert not trail.key_file.exists(), "reading makes none"
    trail.verify("--checkpoint", export)
    trail.list()
    assert not trail.key_file.exists()


def test_a_new_key_is_warned_of_and_old_rows_are_held_by_a_checkpoint(trail):
    export = trail.export()
    trail.key_file.unlink()
    done = trail.site.admin("website", "add", "two.example")
    assert "new key of the audit" in done.stderr and trail.key_file.exists()
    report = trail.report(status=1)
    assert (report["unproven"], report["findingCount"]) == (5, 0)
    trail.verify("--checkpoint", export)
    newer = trail.export("newer")
    trail.verify("--checkpoint", newer)
    trail.change("UPDATE audit SET address = 'x' WHERE sequence = 3")
    assert trail.report("--checkpoint", newer, status=1)["findings"][0]["fault"] == \
        "checkpoint_differs"


def test_a_service_makes_the_key_where_it_is_missing(trail):
    trail.key_file.unlink()
    web = trail.site.start()
    web.create()
    assert "new key of the audit" in trail.site.log.read_text()
    assert stat.S_IMODE(trail.key_file.stat().st_mode) == 0o600
    assert trail.report(status=1)["unproven"] == 5
    assert web.call("GET", f"{TOKENS}/self").status == 200


def test_a_key_that_others_may_read_is_refused_with_the_command_to_run(trail):
    trail.key_file.chmod(0o640)
    for arguments in (("website", "add", "two.example"), ("audit", "verify")):
        done = trail.site.admin(*arguments, status=3)
        assert f"chmod 0600 {trail.key_file}" in done.stderr
    assert f"chmod 0600 {trail.key_file}" in trail.site.admin("doctor", status=3).stdout


def test_a_backup_leaves_the_key_out(trail):
    copy = trail.site.directory / "copy.db"
    trail.site.admin("backup", copy)
    assert bytes.fromhex(trail.key_file.read_text()) not in copy.read_bytes()
    assert not copy.with_name("copy.db.audit-key").exists()
