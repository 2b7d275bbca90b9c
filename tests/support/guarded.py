# SPDX-License-Identifier: ISC
"""What is guarded, by examples/policy.example, and who comes to it. The same requests go through
every web server; Oracle says what the policy lets pass, without a line shared with the program."""
import contextlib
import http.server
import re
import shutil
import threading
import urllib.parse

from asking import bearer, line
from claviger_site import ROOT, changed, well_formed

POLICY = ROOT / "examples" / "policy.example"
FILES = ("secret.txt", "open/free.txt", "a b.txt", "caf\u00e9.txt", "semi;colon.txt", "sub/deep.txt")
CGI = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\nTHE PROGRAM report %s\\n' "$(cat)"
env | grep -a CLAVIGER
exit 0
"""


class Backend(http.server.BaseHTTPRequestHandler):
    """Tells what it was asked, and who it was told that asks."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        told = "".join(f"{name}: {value}\n" for name, value in self.headers.items()
                       if "claviger" in name.lower())
        body = f"THE BACKEND {self.path}\n{told}{self.rfile.read(length).decode()}".encode()
        self.server.seen.append((self.command, self.path))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def __getattr__(self, name):
        if name.startswith("do_"):  # whatever the method
            return self.answer
        raise AttributeError(name)

    def log_message(self, *ignored):
        pass


@contextlib.contextmanager
def backend():
    """A backend on loopback, with the list of what it has seen."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def put_in_place(site):
    """Makes what is guarded, and the policy, in the directory of SITE; returns the folder that the
    examples call private."""
    policy, private = site.directory / "policy", site.directory / "private"
    shutil.copy(POLICY, policy)
    policy.chmod(0o600)
    for name in FILES:
        path = private / "guarded" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"THE FILE {name}\n")
    program = private / "guarded-cgi" / "report"
    program.parent.mkdir()
    program.write_text(CGI)
    program.chmod(0o755)
    private.chmod(0o755)
    return private


class People:
    """Tokens of every kind: who may do what. Each is (key, permissions, website ids or None)."""

    def __init__(self, site, web, websites=None):
        """WEBSITES: made before, where the operator's tool cannot be run any more."""
        self.mine, self.other, self.foreign = websites or self.websites(site)
        self.tokens = {"nobody": None, "stranger": (well_formed(), (), ())}
        for name, permissions, websites in (
                ("star", ["*"], []), ("reader", ["analytics:read"], []),
                ("writer", ["analytics:read", "goals:write"], []),
                ("goals", ["goals:write"], []), ("alerts", ["alerts:read"], []),
                ("mine", ["analytics:read", "goals:write"], [self.mine])):
            record = web.create(permissions=permissions, websiteIds=websites)
            self.tokens[name] = (record["key"], tuple(permissions), websites or None)
        dead = web.create()
        assert web.call("DELETE", f"/api/v1/admin/access-tokens/{dead['id']}").status == 200
        self.tokens["revoked"] = (dead["key"], (), ())
        self.tokens["mistyped"] = (changed(self.tokens["star"][0], 20), (), ())

    @staticmethod
    def websites(site):
        """Two of the owner's and one of somebody else's."""
        site.account("somebody@else.example")
        return [site.website("mine.example"), site.website("other.example"),
                site.website("foreign.example", owner="somebody@else.example")]

    def key(self, name):
        token = self.tokens[name]
        return token and token[0]

    def may(self, name, needed, website):
        """Whether the token has all of NEEDED, on WEBSITE (None: wherever)."""
        token = self.tokens[name]
        if token is None:
            return False
        _, permissions, websites = token
        held = "*" in permissions or ("*" not in needed and set(needed) <= set(permissions))
        if website is None or not held:
            return held
        return website in (self.mine, self.other) and (websites is None or website in websites)


class Oracle:
    """The policy once more: a list of rules with regular expressions."""

    def __init__(self, people):
        self.people = people
        self.rules = []
        for line in POLICY.read_text().splitlines():
            if not line or line.startswith("#"):
                continue
            methods, pattern, needs, website = line.split()
            expression = re.escape(pattern).replace(r"\*", ".*")
            expression = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", expression)
            self.rules.append((methods.split(","), re.compile(expression, re.S), needs.split(","),
                               website))

    @staticmethod
    def path_of(target):
        """The decoded path of TARGET; None where two programs could read it differently."""
        raw = re.sub(r"^https?://[^/?]*", "", target).partition("?")[0]
        try:
            path = urllib.parse.unquote_to_bytes(raw.encode("latin-1")).decode()
        except UnicodeDecodeError:
            return None
        escapes = re.findall("%..?", raw, re.S)
        if not path.startswith("/") or "%" in path or "\\" in path or "//" in path or \
                re.search("%2f", raw, re.I) or re.search("[\x00-\x1f\x7f]", path) or \
                any(not re.fullmatch("%[0-9A-Fa-f]{2}", one) for one in escapes) or \
                raw.count("%") != len(escapes) or {".", ".."} & set(path.split("/")) or \
                len(raw) > 2048 or len(target) > 8192:
            return None
        return path

    def website_in(self, where, found, target):
        """The id of the website, None for no website asked for, False where it is not clear."""
        kind, _, name = where.partition(":")
        if where == "-":
            return None
        if kind == "path":
            value = found.group(name)
        else:
            query = target.partition("?")[2]
            pairs = [one.partition("=") for one in query.split("&")]
            alike = [one for one in pairs if re.sub("[^a-z0-9]", "", urllib.parse.unquote_plus(
                one[0], "latin-1").partition("[")[0].partition("\0")[0].lower()) == name.lower()]
            if ";" in query or len(alike) != 1 or alike[0][0] != name:
                return False
            value = urllib.parse.unquote_plus(alike[0][2], "latin-1")
        return value if re.fullmatch("[0-9a-f]{24}", value) else False

    def allows(self, method, target, who):
        path = self.path_of(target)
        if path is None:
            return False
        for methods, expression, needs, where in self.rules:
            found = expression.fullmatch(path)
            if found is None or (method not in methods and methods != ["*"]):
                continue
            if needs == ["public"]:
                return True
            website = self.website_in(where, found, target)
            return website is not False and self.people.may(who, needs, website)
        return False


def table(people):
    """Requests as (who, method, target, headers): good, forbidden and hostile ones."""
    for who, method, target, headers in asked(people):
        body = {} if method in ("GET", "HEAD") else {"Content-Length": "0"}
        yield who, method, target, {**body, **headers}


def asked(people):
    mine, other, foreign = people.mine, people.other, people.foreign
    rows = []
    everybody = list(people.tokens)
    for who in everybody:
        for target in ("/guarded/secret.txt", "/guarded/open/free.txt", "/app/x",
                       "/app/public/x", "/app/internal/x", f"/guarded/stats/{mine}/x",
                       f"/guarded-cgi/report?websiteId={mine}"):
            rows.append((who, "GET", target, {}))
        rows.append((who, "POST", f"/guarded-cgi/report?websiteId={mine}", {}))
        rows.append((who, "POST", "/app/x", {}))
    for who in ("nobody", "reader"):
        for target in HOSTILE_PATHS:
            rows.append((who, "GET", target, {}))
        for method in ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "get"):
            rows.append((who, method, "/app/x", {}))
            rows.append((who, method, "/guarded/secret.txt", {}))
    for who in ("mine", "reader"):
        for query in (f"websiteId={mine}", f"websiteId={other}", f"websiteId={foreign}", "",
                      "websiteId=", "websiteId", "websiteId=*", "websiteId=" + "0" * 24,
                      f"websiteId={mine}0", f"websiteId={mine[:-1]}", f"websiteId={mine.upper()}x",
                      f"websiteId={mine}&websiteId={other}", f"websiteId={mine}&websiteId={mine}",
                      f"websiteId={mine}&websiteId[]={other}", f"WebsiteId={mine}",
                      f"websiteId={mine}&website%49d={other}", f"website%49d={mine}",
                      f"websiteId={mine};websiteId={other}", f"a=1&websiteId={mine}&b=2",
                      f"websiteId=%{ord(mine[0]):02x}{mine[1:]}", f"websiteId={mine}%00",
                      f"websiteId={mine}&+websiteId={other}", f"token=1&key=2&websiteId={mine}"):
            rows.append((who, "GET", f"/guarded-cgi/report?{query}", {}))
        for website in (mine, other, foreign, "x", "*", mine.upper() + "A", "0" * 24):
            rows.append((who, "GET", f"/guarded/stats/{website}/x", {}))
    for name, value in FORGED:
        for target in ("/guarded/secret.txt", "/app/x"):
            rows.append(("nobody", "GET", target, {name: value}))
    return rows


def check_table(web, people):
    """Every request of the table through WEB, whose backend is web.app: good ones, forbidden ones, and
    spellings that hope to be read in two ways. Returns how many were served, and how many refused."""
    oracle, served, refused = Oracle(people), 0, 0
    for who, method, target, headers in table(people):
        key = people.key(who)
        before = len(web.app.seen)
        answer = web.raw(line(method, target, *[f"{name}: {value}" for name, value in
                                                headers.items()], *([bearer(key)] if key else [])))
        case = (who, method, target, headers, answer.status, answer.body[:200])
        allowed = oracle.allows(method, target, who)
        found = re.search(rb"THE (?:FILE|PROGRAM|BACKEND) (\S*)", answer.body)
        if found or len(web.app.seen) > before:
            assert allowed, case
            served += 1
        elif allowed:  # what the server itself has not, or does not do, it says so
            assert answer.status in (301, 400, 403, 404, 405, 501) or method == "HEAD", case
            assert answer.header("X-Claviger-Reason") is None, case
        else:
            assert answer.status in (400, 401, 403, 404, 405, 414, 431, 501), case
            refused += 1
    return served, refused


HOSTILE_PATHS = (
    "/guarded", "/guarded/", "/Guarded/secret.txt", "/guarded/SECRET.TXT", "//guarded/secret.txt",
    "/guarded//secret.txt", "/guarded/./secret.txt", "/./guarded/secret.txt",
    "/guarded/../guarded/secret.txt", "/guarded/open/../secret.txt",
    "/guarded/open/..%2fsecret.txt", "/guarded/open/%2e%2e/secret.txt",
    "/guarded/open/%2e%2e%2fsecret.txt", "/guarded/open/%252e%252e/secret.txt",
    "/guarded/open/..%5csecret.txt", "/guarded/open/..\\secret.txt", "/guarded%2fsecret.txt",
    "/guarded%2Fopen/../secret.txt", "/%67uarded/secret.txt", "/guarded/%73ecret.txt",
    "/guarded/secret%2etxt", "/guarded/secret.txt%00", "/guarded/open/free.txt%00/../../secret.txt",
    "/guarded/secret.txt%0a", "/guarded/secret.txt%0d%0aX-Claviger-User:%20x",
    "/guarded/secret.txt/", "/guarded/secret.txt//", "/guarded/secret.txt;x=1",
    "/guarded/open/free.txt;/../../secret.txt", "/guarded/open;x/../secret.txt",
    "/guarded/secret.txt?/open/free.txt", "/guarded/secret.txt%3F/open/free.txt",
    "/guarded/open/free.txt?/../../secret.txt", "/guarded/secret.txt%23", "/guarded/%zz",
    "/guarded/%", "/guarded/%c0%ae%c0%ae/secret.txt", "/guarded/%ff", "/guarded/caf%C3%A9.txt",
    "/guarded/a%20b.txt", "/guarded/a+b.txt", "/guarded/semi;colon.txt",
    "/guarded/semi%3Bcolon.txt", "/guarded/sub/deep.txt", "/guarded/sub", "/guarded/sub/",
    "/guarded/open/", "/guarded/open", "/guarded/open/free.txt/", "/guardedx/secret.txt",
    "/guarded.txt", "/x/../guarded/secret.txt", "/app/../guarded/secret.txt",
    "/app/public/../internal/x", "/app/public/%2e%2e/internal/x", "/app/public/..%2finternal/x",
    "/app/public/..;/internal/x", "/app//internal/x", "/app/./internal/x", "/app/%69nternal/x",
    "/app/internal", "/app/INTERNAL/x", "/app/internal;x/y", "/app/public//../internal/x",
    "/app%2finternal/x", "/app/internal%2fx", "/app/internal/%2e%2e/public/x", "/app/", "/app",
    "/appx", "/app?x", "http://claviger.test/guarded/secret.txt", "http://claviger.test/app/x",
    "http://other.example/guarded/secret.txt",
    "/guarded/" + "a" * 3000, "/app/" + "b" * 3000, "/app/x?" + "c" * 7000,
    "/app/public/" + "d/" * 500, "/api/v1/authorize", "/guarded/../api/v1/authorize",
)

# What could speak for somebody, where anybody believed it.
FORGED = (
    ("X-Forwarded-Uri", "/guarded/open/free.txt"), ("X-Forwarded-Method", "GET"),
    ("X-Original-URI", "/guarded/open/free.txt"), ("X-Original-Method", "GET"),
    ("X-Original-URL", "/guarded/open/free.txt"), ("X-Rewrite-URL", "/guarded/open/free.txt"),
    ("CLAVIGER-GATE", "on"), ("CLAVIGER_URI", "/guarded/open/free.txt"),
    ("CLAVIGER-URI", "/guarded/open/free.txt"), ("X-Claviger-Token-Id", "0" * 24),
    ("X_Claviger_Token_Id", "0" * 24), ("Variable-CLAVIGER_TOKEN_ID", "0" * 24),
    ("CLAVIGER_TOKEN_ID", "0" * 24), ("Status", "200"), ("X-Accel-Redirect", "/guarded/secret.txt"),
    ("X-Sendfile", "/guarded/secret.txt"), ("X-HTTP-Method-Override", "GET"),
    ("Connection", "close, Authorization"), ("FCGI-ROLE", "RESPONDER"),
    ("Authorization", "Basic dXNlcjpwYXNz"), ("Cookie", "Authorization=Bearer"),
)
