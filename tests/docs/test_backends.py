# SPDX-License-Identifier: ISC
"""The programs of docs/backends.md, run as they stand there: only a clear yes is one."""
import email.message
import http.server
import re
import shutil
import subprocess
import threading

import pytest

from asking import QUICK
from claviger_site import ENVIRONMENT, ROOT, free_port, wait_until, well_formed
from conftest import opened
from fastcgi_peer import AUTHORIZER, Service, request, variables
from guarded import put_in_place

TEXT = (ROOT / "docs" / "backends.md").read_text()
LANGUAGES = {"sh": ("may.sh", ["sh"]), "python": ("may.py", ["python3"]), "php": ("may.php", ["php"]),
             "js": ("may.js", ["node"]), "c": ("may.c", [])}


def blocks(language):
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", TEXT)


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK)


@pytest.fixture(scope="module")
def people(site, web):
    """Keys by what is to come of them, for goals:read on the website."""
    mine, other = site.website("mine.example"), site.website("other.example")
    backend = web.create(permissions=["api-keys:read"])["key"]
    keys = {"good": web.create(permissions=["goals:read"], websiteIds=[mine])["key"],
            "narrow": web.create(permissions=["alerts:read"])["key"],
            "elsewhere": web.create(permissions=["goals:read"], websiteIds=[other])["key"],
            "wrong": well_formed(), "nothing": "", "garbage": 'x","permissions":[],"y":"',
            "escape": "\\u0022", "display": "dft_ab1...xyz9"}
    return backend, mine, keys


@pytest.fixture(scope="module", params=LANGUAGES)
def program(request, site):
    name, command = LANGUAGES[request.param]
    path = site.directory / name
    path.write_text(blocks(request.param)[0])
    if request.param == "c":
        subprocess.run(["cc", "-o", path.with_suffix(""), path, "-lcurl"], check=True, timeout=60)
        return [path.with_suffix("")]
    assert shutil.which(command[0]), f"{command[0]} is not installed"
    return [*command, path]


def may(program, url, backend, key, website):
    environment = {**ENVIRONMENT, "CLAVIGER_URL": url, "CLAVIGER_KEY": backend}
    done = subprocess.run([*map(str, program), "goals:read", website], input=key + "\n", text=True,
                          capture_output=True, timeout=60, env=environment)
    assert done.returncode in (0, 1), done.stderr
    assert key == "" or key not in done.stdout + done.stderr
    return done.returncode == 0


def test_who_may_may_and_nobody_else(web, people, program):
    backend, website, keys = people
    url = f"http://127.0.0.1:{web.port}"
    assert {name: may(program, url, backend, key, website) for name, key in keys.items()} == \
        {name: name == "good" for name in keys}


def test_where_nobody_can_be_asked_nobody_may(web, people, program):
    backend, website, keys = people
    url = f"http://127.0.0.1:{web.port}"
    assert not may(program, f"http://127.0.0.1:{free_port()}", backend, keys["good"], website)
    assert not may(program, url, well_formed(), keys["good"], website)
    assert not may(program, url, keys["narrow"], keys["good"], website)
    assert not may(program, url + "/elsewhere", backend, keys["good"], website)


YES = b'{"status":"success","data":[{"valid":true}]}'
LIES = {
    # the status (None: no answer at all), the body, and how much of it arrives
    "busy": (503, YES), "forbidden": (403, YES), "created": (201, YES), "accepted": (202, YES),
    "moved": (302, YES), "kept": (307, YES), "html": (200, b"<p>" + YES),
    "below": (200, b"<p>\n" + YES), "list": (200, b"[true]"), "text": (200, b'"valid"'),
    "empty": (200, b""), "true": (200, b'{"status":"success","data":[{"valid":"true"}]}'),
    "cut": (200, YES[:30]), "broken": (200, YES, -3), "dropped": (None, b"")}


class Liar(http.server.BaseHTTPRequestHandler):
    """Answers as claviger would not: the path says how."""

    def do_POST(self):
        how = self.path.split("/")[1]
        self.server.asked.append(how)
        status, body, *end = {**LIES, "honest": (200, YES)}[how]
        if status is None:
            self.close_connection = True
            return
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/honest/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:end[0] if end else None])

    do_GET = do_POST

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def liar():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("how", ["honest", *LIES])
def test_what_is_no_clear_yes_is_none(people, program, liar, how):
    """Nor is where an answer points to asked: the backend's key would go there."""
    backend, website, keys = people
    liar.asked = []
    url = f"http://127.0.0.1:{liar.server_port}/{how}"
    assert may(program, url, backend, keys["good"], website) is (how == "honest")
    assert set(liar.asked) == {how}


def test_a_service_that_has_stopped_says_yes_to_nobody(people, program):
    """Where the same question was a yes before."""
    _, _, keys = people
    for site in opened(QUICK):
        web = site.start()
        url, website = f"http://127.0.0.1:{web.port}", site.website("mine.example")
        key = web.create(permissions=["goals:read"])["key"]
        assert may(program, url, site.owner_key, key, website)
        web.stop()
        assert not may(program, url, site.owner_key, key, website)


def test_a_service_without_its_database_says_yes_to_nobody(people, program):
    backend, website, keys = people
    for site in opened(QUICK):
        web = site.start()
        url = f"http://127.0.0.1:{web.port}"
        site.database.rename(site.directory / "elsewhere.db")
        wait_until(lambda: web.call("GET", "/healthz", key=None).status == 503, "a refusal")
        assert not may(program, url, backend, keys["good"], website)


ONE, OTHER = "0123456789abcdef01234567", "f" * 24
TOLD = [
    # permissions, websites, the verdict on goals:read and ONE
    ("goals:read", ONE, True), ("goals:read goals:write", f"{OTHER} {ONE}", True), ("*", "*", True),
    ("goals:read", "*", True), ("*", "many", None), ("goals:read", "many", None),
    ("goals:write", "*", False), ("goals:rea", ONE, False), ("goals:reads", ONE, False),
    ("alerts:read", "many", False), ("", ONE, False), (None, ONE, False),
    ("*", OTHER, False), ("*", ONE[1:], False), ("*", ONE + "0", False), ("*", "", False),
    ("*", "none", False), ("*", None, False), (None, None, False),
]


@pytest.fixture(scope="module", params=LANGUAGES)
def told(request, site):
    """Asks the second program of each language: its variables or headers, and its two arguments."""
    language, text = request.param, blocks(request.param)[1]
    path = site.directory / f"told.{language}"
    if language == "python":
        found = {}
        exec(text, found)

        def ask(variables, permission, website):
            headers = email.message.Message()
            for name, value in variables.items():
                headers[name.replace("CLAVIGER", "X-Claviger").replace("_", "-")] = value
            return found["told"](headers, permission, website)
        return ask
    called = {
        "php": "\n$yes = told($argv[1], $argv[2]); exit($yes === null ? 2 : ($yes ? 0 : 1));\n",
        "js": "\nconst headers = Object.fromEntries(Object.entries(process.env).map(([name, value]) =>"
              " [name.toLowerCase().replace('claviger', 'x-claviger').replaceAll('_', '-'), value]))\n"
              "const yes = told(headers, process.argv[2], process.argv[3])\n"
              "process.exit(yes === null ? 2 : yes === true ? 0 : 1)\n"}
    path.write_text(text + called.get(language, ""))
    command = [*LANGUAGES[language][1], path]
    if language == "c":
        command = [path.with_suffix(".out")]
        subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-o", *command, path], check=True,
                       timeout=60)

    def run(variables, permission, website):
        done = subprocess.run([*map(str, command), permission, website], capture_output=True,
                              text=True, timeout=60, env={"PATH": ENVIRONMENT["PATH"], **variables})
        assert done.stdout + done.stderr == "", done
        return {0: True, 1: False, 2: None}[done.returncode]
    return run


def test_what_is_told_is_read_as_it_is_meant(told):
    def variables(token, permissions, websites):
        found = {"CLAVIGER_TOKEN_ID": token, "CLAVIGER_PERMISSIONS": permissions,
                 "CLAVIGER_WEBSITE_IDS": websites}
        return {name: value for name, value in found.items() if value is not None}

    for permissions, websites, verdict in TOLD:
        assert told(variables(OTHER, permissions, websites), "goals:read", ONE) is verdict, (
            permissions, websites)
    for token in (None, ""):
        assert told(variables(token, "*", "*"), "goals:read", ONE) is False
    assert told({"CLAVIGER_USER": "public"}, "goals:read", ONE) is False
    for word in ("none", "many", "*", ""):
        assert told(variables(OTHER, "*", word), "goals:read", word) is not True


@pytest.fixture(scope="module")
def gate():
    for site in opened(QUICK + "policy = {directory}/policy\n", make=put_in_place):
        service = Service(site).wait()
        yield service
        service.stop()


@pytest.fixture(scope="module")
def answers(gate):
    """What the gate itself tells of each token, what is asked, and the verdict."""
    one, other = gate.site.website("one.example"), gate.site.website("other.example")
    last = [gate.site.website(f"n{number}.example") for number in range(63)][-1]
    all_of_them = [row["id"] for row in gate.site.admin_json("website", "list")]
    assert len(all_of_them) == 65

    def let_pass(permissions, websites):
        options = [part for name in permissions for part in ("--permission", name)]
        options += [part for website in websites for part in ("--website", website)]
        key = gate.site.token("owner@localhost", *options)["key"]
        answer = gate.exchange(request(variables("GET", "/guarded/secret.txt", key=key),
                                       role=AUTHORIZER)).answer
        assert answer.status == 200, answer.body
        start = "Variable-"
        return {name[len(start):]: value for name, value in answer.headers
                if name.startswith(start)}

    reads = ["analytics:read", "goals:read"]
    everywhere, narrow = let_pass(["*"], []), let_pass(reads, [one, other])
    many, lacking = let_pass(reads, all_of_them), let_pass(["analytics:read"], [])
    return [(everywhere, one, True), (narrow, one, True), (narrow, other, True),
            (narrow, last, False), (many, one, None), (lacking, one, False)]


def test_what_the_gate_tells_is_understood(told, answers):
    for variables_told, website, verdict in answers:
        assert told(variables_told, "goals:read", website) is verdict, (variables_told, website)
