# SPDX-License-Identifier: ISC
"""The archive for shared hosting, in a user directory of an Apache that sets AllowOverride as such
hosts do: from the unpacking to the revocation by INSTALL.txt alone, as plain CGI and by mod_fcgid."""
import concurrent.futures
import json
import shutil
import stat
import subprocess
import tarfile

import pytest

from claviger_site import ROOT, wait_until
from shared_host import ARCHIVE, CODE, INSTALL, Host, Reader, commands

PROGRAMS = pytest.mark.parametrize("program", ["cgi", "fcgid"])
TOKENS = "/api/v1/admin/access-tokens"


@pytest.fixture
def make_host():
    hosts = []

    def make(**options):
        hosts.append(Host(**options))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


def first_key(host):
    host.upload("bootstrap-code.txt", CODE + "\n")
    host.start()
    return host.bootstrap().check().first["key"]


# ---- The archive -----------------------------------------------------------------------------------------------------

def test_the_archive_holds_what_it_should_with_the_permissions_that_are_needed():
    with tarfile.open(ARCHIVE) as archive:
        members = {member.name: member for member in archive}
    modes = {name: stat.S_IMODE(member.mode) for name, member in members.items()}
    assert modes["claviger-data"] == 0o700 and modes["claviger-data/claviger.conf"] == 0o600
    assert modes["public_html/claviger/claviger.fcgi"] == 0o755
    assert {"INSTALL.txt", "LICENSE.txt", "claviger-data/.htaccess",
            "public_html/claviger/.htaccess", "public_html/claviger/index.html",
            "public_html/claviger/docs/index.html"} <= set(members)
    # An entry of its own would change the permissions that the host gave it.
    assert "public_html" not in members and "." not in members
    assert all(member.uid == member.gid == 0 for member in members.values())
    assert len({member.mtime for member in members.values()}) == 1


def test_the_archive_is_packed_alike_at_any_time(tmp_path):
    before = ARCHIVE.read_bytes()
    for directory, umask in (("one", 0o022), ("two", 0o077)):
        build = tmp_path / directory
        shutil.copytree(ARCHIVE.parent / "static", build / "static")
        subprocess.run(["make", "-s", "-o", "static", f"BUILD={build}", "dist-hosting"], cwd=ROOT,
                       check=True, umask=umask, capture_output=True, timeout=120)
        assert (build / ARCHIVE.name).read_bytes() == before


def test_the_instructions_fit_on_a_page():
    lines = INSTALL.read_text().splitlines()
    assert len(lines) <= 60 and max(map(len, lines)) <= 100


# ---- By the instructions -----------------------------------------------------------------------------------------------

@PROGRAMS
def test_the_commands_of_the_instructions_lead_from_the_first_key_to_a_revocation(make_host,
                                                                                  program):
    host = make_host(program=program)
    host.upload("bootstrap-code.txt", CODE + "\n")
    host.start()
    values = {"URL": host.url, "CODE": CODE}
    reader = Reader(values)
    answers = []
    for command in commands():
        output = reader.type(command)
        if not output:
            continue
        answer = json.loads(output)
        assert answer["status"] == "success", answer
        answers.append(answer["data"][0])
        if len(answers) == 1:
            values["KEY"] = answers[0]["key"]
        elif len(answers) == 2:
            values.update(TOKEN=answers[1]["key"], ID=answers[1]["id"])
    first, made, shown, revoked = answers
    assert first["permissions"] == ["*"] and first["parentId"] is None
    assert made["permissions"] == ["analytics:read"] and made["parentId"] == first["id"]
    assert shown["id"] == made["id"] and "key" not in shown
    assert "deleted" in revoked["message"]
    host.ask("GET", TOKENS + "/self", key=made["key"]).refused(401, "invalid_token")
    assert host.ask("GET", TOKENS + "/self", key=first["key"]).check().status == 200
    left = {path.name for path in host.data.iterdir()}
    assert not any(name.startswith("bootstrap-code") for name in left), left


@PROGRAMS
def test_a_stranger_who_comes_first_gets_nothing_and_the_owner_gets_a_key_then(make_host, program):
    host = make_host(program=program).start()
    for _ in range(2):
        answer = host.bootstrap()
        assert answer.status in ((404,) if program == "cgi" else (500, 503)), answer.body
        if program == "cgi":
            answer.refused(404, "not_found")
            host.ask("POST", "/api/v1/nothing", body="{}").refused(404, "not_found")
    assert "there is no such database" in host.errors() and not (host.data / "claviger.db").exists()
    host.upload("bootstrap-code.txt", CODE)
    # mod_fcgid rests for a moment after starts that failed.
    answer = wait_until(lambda: (found := host.bootstrap()).status == 201 and found,
                        "an answer to the code", seconds=60)
    assert answer.first["permissions"] == ["*"]


# ---- The route -----------------------------------------------------------------------------------------------------------

@PROGRAMS
def test_guesses_are_throttled_and_the_route_is_closed_for_good(make_host, program):
    host = make_host(program=program)
    host.upload("bootstrap-code.txt", CODE + "\r\n")
    host.start()
    for _ in range(3):
        host.bootstrap("a wrong code, of good length").refused(401, "invalid_token")
    host.ask("POST", "/api/v1/bootstrap", body='{"code": "short"}') \
        .refused(400, "invalid_field", "code")
    key = host.bootstrap().check().first["key"]

    not_found = host.ask("POST", "/api/v1/nothing", body="{}").refused(404, "not_found")
    for code in (CODE, "a wrong code, of good length"):
        again = host.bootstrap(code).refused(404, "not_found")
        assert again.error["message"] == not_found.error["message"]
    host.upload("bootstrap-code.txt", CODE)
    host.bootstrap().refused(404, "not_found")
    assert not (host.data / "bootstrap-code.txt").exists()
    rows = host.ask("GET", "/api/v1/admin/audit", key=key).check().data
    assert {row["action"] for row in rows} >= {"account.add", "token.create"}


@PROGRAMS
def test_many_guesses_at_once_are_counted_one_by_one(make_host, program):
    host = make_host(program=program)
    host.upload("bootstrap-code.txt", CODE)
    host.start()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda n: host.bootstrap(f"a wrong code, number {n}").status,
                                 range(20)))
    assert statuses.count(401) in (5, 6) and set(statuses) == {401, 429}  # 6: after 12 seconds
    late = host.bootstrap().refused(429, "rate_limited")
    assert 1 <= int(late.header("Retry-After")) <= 12


def test_one_key_comes_of_many_who_know_the_code(make_host):
    host = make_host()
    host.upload("bootstrap-code.txt", CODE)
    host.start()
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: host.bootstrap(), range(5)))
    keys = {answer.first["key"] for answer in answers if answer.status == 201}
    assert len(keys) == 1 and {answer.status for answer in answers} <= {201, 404}
    (key,) = keys
    assert len(host.ask("GET", TOKENS, key=key).check().data) == 1


@pytest.mark.parametrize("mode, text", [("644", CODE), ("600", "too short")])
def test_a_file_that_others_can_read_or_that_is_guessed_is_no_code(make_host, mode, text):
    host = make_host()
    host.upload("bootstrap-code.txt", text, mode)
    host.start()
    answer = host.bootstrap().refused(503, "store_unavailable")
    assert "600" in answer.error["message"] and str(host.home) not in answer.body.decode()
    assert "bootstrap-code.txt" in host.errors()


# ---- The data ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("place", ["public_html", "public_html/claviger"])
def test_data_inside_the_document_root_is_neither_used_nor_shown(make_host, place):
    host = make_host()
    host.as_customer("mv", host.data, host.home / place)
    host.data = host.home / place / "claviger-data"
    host.upload("bootstrap-code.txt", CODE)
    host.start()
    host.bootstrap().refused(503, "store_unavailable")
    assert "from where a web server hands out files" in host.errors()
    assert {path.name for path in host.data.iterdir()} == {".htaccess", "claviger.conf",
                                                          "bootstrap-code.txt"}
    at = "/~customer/" + place.partition("/")[2]
    for name in ("", "claviger.conf", "bootstrap-code.txt", ".htaccess"):
        answer = host.call("GET", f"{at}/claviger-data/{name}")
        assert answer.status in (403, 404) and CODE.encode() not in answer.body


def test_data_inside_by_another_name_of_the_document_root_is_found_too(make_host):
    """Some hosts serve www, which is a link to the folder that the customer sees."""
    host = make_host(root="www", place="public_html")
    host.as_customer("ln", "-s", "public_html", host.home / "www")
    host.as_customer("mv", host.data, host.home / "public_html")
    host.data = host.home / "public_html/claviger-data"
    host.upload("bootstrap-code.txt", CODE)
    host.start()
    host.bootstrap().refused(503, "store_unavailable")
    assert not (host.data / "claviger.db").exists()


def test_no_address_leads_to_the_data_or_to_what_is_not_for_the_web(make_host):
    host = make_host()
    first_key(host)
    assert host.ask("GET", "/").status == 200
    for path in ("/../../claviger-data/claviger.db", "/%2e%2e/%2e%2e/claviger-data/claviger.db",
                 "/claviger-data/claviger.db", "/.htaccess", "/..%2f..%2fclaviger-data/memo"):
        answer = host.ask("GET", path)
        assert answer.status in (400, 403, 404) and b"SQLite" not in answer.body, path
    # Not its code, and not as a file: it is a program that knows no such route.
    host.ask("GET", "/claviger.fcgi").refused(404, "not_found")
    # The documentation is, also where its name ends as that of the code's file does.
    for name, kind in (("", None), ("gate.md", "text/markdown; charset=utf-8"), ("llms.txt", None)):
        answer = host.ask("GET", f"/docs/{name}")
        assert answer.status == 200 and b"laviger" in answer.body, name
        assert kind is None or answer.header("Content-Type") == kind
    host.upload("../public_html/claviger/bootstrap-code.txt", CODE, "644")
    assert host.ask("GET", "/bootstrap-code.txt").status == 403


# ---- Many at once --------------------------------------------------------------------------------------------------------

@PROGRAMS
def test_fifty_cold_requests_at_once_are_all_answered(make_host, program):
    host = make_host(program=program)
    key = first_key(host)
    host.as_customer("rm", "-f", host.data / "memo")
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: host.ask("GET", TOKENS + "/self", key=key), range(50)))
    assert {answer.status for answer in answers} == {200}, host.errors()
    other = key[:-1] + ("y" if key.endswith("x") else "x")
    host.ask("GET", TOKENS + "/self", key=other).refused(401, "invalid_token")
