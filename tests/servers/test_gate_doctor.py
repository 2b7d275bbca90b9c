# SPDX-License-Identifier: ISC
"""claviger-admin doctor --gate against each web server: it finds the example good, and what people get
wrong in it."""
import json
import os
import re
import shutil
import subprocess

import pytest

from claviger_site import ADMIN, ENVIRONMENT
from fastcgi_peer import NOBODY, nobody
from gates import GATES, gate

FILE = "/guarded/secret.txt"


def findings(web, path=FILE, key=None):
    """What doctor says about the gate, by check; KEY in a file of its own."""
    site = web.site
    program = site.directory / "claviger-admin"
    shutil.copy(ADMIN, program)  # the built one may be out of reach to who owns the site
    options = []
    if key:
        file = site.directory / "may-pass.key"
        file.write_text(key + "\n")
        file.chmod(0o600)
        options = ["--key-file", file]
    as_owner = nobody() if web.way != "lighttpd" else {}
    if as_owner:
        for one in (program, *options[1:]):
            os.chown(one, NOBODY, NOBODY)
    done = subprocess.run([program, "--config", site.config, "doctor", "--gate",
                           f"http://127.0.0.1:{web.port}{path}", *options, "--json"], text=True,
                          capture_output=True, timeout=120, env=ENVIRONMENT, **as_owner)
    assert done.stdout, done.stderr
    return {found["check"]: (found["result"], found["message"])
            for found in json.loads(done.stdout)["data"] if found["check"].startswith("gate")}


def replaced(pattern, replacement):
    def edit(text):
        text, count = re.subn(pattern, replacement, text)
        assert count, pattern
        return text
    return edit


@pytest.mark.parametrize("way", GATES)
def test_the_example_is_found_good(way):
    with gate(way) as web:
        for path in (FILE, "/app/x"):
            found = findings(web, path, web.people.key("reader"))
            assert {result for result, _ in found.values()} == {"ok"}, found
            assert set(found) == {"gate", "gate asked", "gate passes"}


INCLUDED = ("# No \"include fastcgi_params\" here: REQUEST_URI would be there twice.",
            "fastcgi_param REQUEST_URI $request_uri; fastcgi_param REQUEST_METHOD $request_method; #")
# Of the gate, not of the API.
PASSED = r"(then nobody passes\.\s+CGIPassAuth )On"
BAD = {
    # what: way, edit, the check that fails and how, a word of what it says
    "nginx: include fastcgi_params": ("nginx", lambda text: text.replace(*INCLUDED),
                                      "gate asked", "failed", "include fastcgi_params"),
    "nginx: nothing asks": ("nginx", replaced(r"(?m)^\t\tauth_request /.*$", ""),
                            "gate", "failed", "ANYBODY PASSES"),
    "authnz: no CGIPassAuth": ("authnz", replaced(PASSED, r"\1Off"),
                               "gate asked", "failed", "CGIPassAuth"),
    "fcgid: no CGIPassAuth": ("fcgid", replaced(PASSED, r"\1Off"),
                              "gate asked", "failed", "CGIPassAuth"),
    "fcgid: FcgidAuthorizer": ("fcgid", lambda text: text.replace(
        "FcgidAccessChecker ", "FcgidAuthorizer ").replace(
            "Require all granted\n\n\t\t# What the", "Require valid-user\n\n\t\t# What the"),
        "gate asked", "failed", "FcgidAccessChecker and not"),
    "authnz: UserExpr of nothing": ("authnz", replaced("reqenv:CLAVIGER_USER", "reqenv:NOBODY"),
                                    "gate passes", "failed", "UserExpr"),
    "authnz: nothing asks": ("authnz", replaced(r"\^/\(guarded\|.*", '^/nowhere">'),
                             "gate asked", "failed", "was not asked"),
    "fcgid: variables are shown": ("fcgid", replaced(r"(?m)^\t\tHeader (always )?unset.*$", ""),
                                   "gate passes", "warning", "tells the client"),
    "nginx: claviger is not reached": ("nginx", replaced(
        r"(internal;\s+fastcgi_pass unix:)\S+;", r"\1/nowhere.sock;"),
        "gate asked", "failed", "is claviger running"),
    "caddy: claviger is not reached": ("caddy", replaced(
        r"(request_header Connection .*\s+reverse_proxy unix/)\S+", r"\1/nowhere.sock"),
        "gate asked", "failed", "is claviger running"),
    "authnz: claviger is not reached": ("authnz", replaced(
        r"(?m)^(AuthnzFcgiDefineProvider .*)fcgi://.*$", r"\1fcgi://127.0.0.1:1/"),
        "gate asked", "failed", "is claviger running"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_found(what):
    way, edit, check, result, says = BAD[what]
    with gate(way, edit=edit) as web:
        found = findings(web, FILE, web.people.key("reader"))
        assert found[check][0] == result, found
        assert re.search(says, found[check][1]), found
        if check == "gate":
            assert "claviger was not asked" in found["gate asked"][1]
        else:
            assert found["gate"][0] == "ok", found


@pytest.mark.parametrize("path, edit, says", [
    ("/guarded/open/", None, "ask for a file"),
    ("/app/x", replaced("proxy_pass ", "proxy_pass http://127.0.0.1:1; set $unused "),
     "the backend does not answer")])
def test_what_lies_behind_the_gate_is_not_taken_for_it(path, edit, says):
    with gate("nginx", edit=edit) as web:
        found = findings(web, path, web.people.key("reader"))
        assert found["gate passes"][0] == "failed" and says in found["gate passes"][1], found
