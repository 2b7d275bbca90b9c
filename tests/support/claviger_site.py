# SPDX-License-Identifier: ISC
"""A claviger of the tests' own: its directory, its database, its web server on loopback.

Everything is real: the built programs, lighttpd, lighttpd.conf.example with only its variables
set. As plain CGI (CLAVIGER_TEST_MODE=cgi) lighttpd's mod_cgi starts the same binary instead.
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / os.environ.get("CLAVIGER_BUILD", "build")
PROGRAM = BUILD / "claviger.fcgi"
ADMIN = BUILD / "claviger-admin"
LIGHTTPD = shutil.which("lighttpd", path=os.environ["PATH"] + ":/usr/sbin") or "lighttpd"
PLAIN_CGI = os.environ.get("CLAVIGER_TEST_MODE") == "cgi"
# Without the tests' own variables: claviger refuses what it takes for a misspelt key.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("CLAVIGER_")}
SANITIZERS = ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")


def sanitizers_too(options):
    """The environment that adds OPTIONS to those that the sanitizers have."""
    return {name: f"{os.environ.get(name, '')}:{options}" for name in SANITIZERS}


# A sanitizer catches the signals that a crash is made of, and reports while other threads go on.
CRASH_AT_ONCE = sanitizers_too("handle_segv=0:handle_abort=0:handle_sigbus=0")
ROUNDS = int(os.environ.get("CLAVIGER_ROUNDS", "300"))
SEED = int(os.environ.get("CLAVIGER_SEED", secrets.randbits(32)))
B = "/api/v1/admin"
TOKENS = B + "/access-tokens"


def wait_until(condition, what, seconds=20):
    """Waits for a condition, not for a time; fails loudly where it never comes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"never happened: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_first_version(path):
    """Makes the database of version 1 of schema.sql, without an account."""
    schema = (ROOT / "lib" / "schema.sql").read_text()
    statements = re.search(r"(?ms)^-- version 1$(.*?)^-- version 2$", schema).group(1)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(f"PRAGMA journal_mode = WAL; PRAGMA application_id = 0x436C7667;"
                               f"{statements} PRAGMA user_version = 1;")
    os.chmod(path, 0o600)


def version_of(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute("PRAGMA user_version").fetchone()[0]


class Answer:
    """One answer, with the envelope checked as api.md promises it."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        return self.json["data"]

    @property
    def first(self):
        return self.data[0]

    @property
    def error(self):
        return self.json["error"]

    @property
    def reason(self):
        return self.error["reason"]

    def header(self, name):
        values = [v for k, v in self.headers if k.lower() == name.lower()]
        return ", ".join(values) if values else None

    def check(self):
        """What holds for every answer that claviger itself makes."""
        assert self.header("Cache-Control") == "no-store"
        assert self.header("X-Content-Type-Options") == "nosniff"
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", self.header("X-Request-Id"))
        if (self.header("Content-Type") or "").startswith("text/plain"):
            return self
        assert self.header("Content-Type") == "application/json; charset=utf-8"
        if not self.body:
            return self
        if self.status < 400:
            assert self.json["status"] == "success"
            assert isinstance(self.data, list)
        else:
            beside = {"limit", "remaining", "reset"} if self.header("X-RateLimit-Limit") else set()
            assert set(self.json) == {"status", "error"} | beside
            assert self.json["status"] == "error"
            assert self.error["code"] == self.status
            assert set(self.error) - {"field"} == {"code", "reason", "message", "requestId"}
            assert self.error["requestId"] == self.header("X-Request-Id")
            assert self.error["message"]
        return self

    def refused(self, status, reason, field=None):
        """Checks a refusal: status, reason and the field that it names (None: none)."""
        self.check()
        found = (self.status, self.error["reason"], self.error.get("field"))
        assert found == (status, reason, field), f"{found}: {self.error['message']}"
        return self


class Site:
    """One directory with one database, and any number of services and web servers on it."""

    def __init__(self, config="", make=None):
        """CONFIG: more lines of configuration; {directory} in them is the site's own. MAKE is called
        with the site before anything reads them."""
        # Short, because the path of a unix socket is; of our own, because claviger wants that.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="clv-", dir="/tmp"))
        self.database = self.directory / "claviger.db"
        self.config = self.directory / "claviger.conf"
        self.log = self.directory / "service.log"
        self.minted = []  # every key that was ever answered, for the search at the end
        self.servers = []
        config = config.replace("{directory}", str(self.directory))
        text = f"database = {self.database}\nlog = {self.log}\nmetrics = on\n{config}\n"
        if os.geteuid() == 0:
            text += "allow_root = true\n"
        self.write_config(text)
        if make:
            make(self)
        self.owner_key_file = self.directory / "owner.key"
        self.admin("init", "--key-file", str(self.owner_key_file))
        self.owner_key = self.owner_key_file.read_text().strip()
        self.minted.append(self.owner_key)

    def command(self, program):
        """What stands for PROGRAM where it is started."""
        return program

    def write_config(self, text):
        self.config.write_text(text)
        self.config.chmod(0o600)

    def admin(self, *arguments, status=0, **options):
        """Runs claviger-admin; returns the finished process."""
        done = subprocess.run([self.command(ADMIN), "--config", self.config, *arguments], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
                              env=ENVIRONMENT, **options)
        assert done.returncode == status, done.stderr + done.stdout
        return done

    def admin_json(self, *arguments):
        return json.loads(self.admin(*arguments, "--json").stdout)["data"]

    def website(self, domain, owner="owner@localhost"):
        """Adds a website and returns its id."""
        return self.admin_json("website", "add", domain, "--owner", owner)[0]["id"]

    def account(self, email):
        """Adds an account and returns its id."""
        return self.admin_json("account", "add", email)[0]["id"]

    def token(self, account="owner@localhost", *options):
        """Makes a token as the operator does, within all of an account; returns the record."""
        record = self.admin_json("token", "create", "--account", account, *options)[0]
        self.minted.append(record["key"])
        return record

    def fill(self, count, digits=6):
        """Puts COUNT tokens into the store that are called name 000000 and so on with so many DIGITS, the
        last the newest, all of them what the first token is; nobody has a key of theirs."""
        now = int(time.time() * 1000)
        rows = ((secrets.token_bytes(12), f"{i:010d}", f"name {i:0{digits}d}", now - count + i)
                for i in range(count))
        with contextlib.closing(sqlite3.connect(self.database, timeout=20)) as database, database:
            database.executemany(
                "INSERT INTO tokens (id, selector, name, created_at, display_key, hash, account,"
                " permissions, every_website, websites)"
                " SELECT ?, ?, ?, ?, display_key, hash, account, permissions, every_website, websites"
                " FROM tokens WHERE sequence = 1", rows)

    def rows(self, sql, *parameters):
        """What the database holds: Python's own sqlite3 reads it, and never writes."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True,
                                                timeout=20)) as database:
            return database.execute(sql, parameters).fetchall()

    def start(self, **options):
        server = WebServer(self, **options)
        self.servers.append(server)
        return server

    def close(self):
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class WebServer:
    """A lighttpd with a service behind it, on a port of its own."""

    def __init__(self, site, plain_cgi=PLAIN_CGI, www=ROOT / "www", environment=None,
                 example="lighttpd.conf.example", values=None):
        """VALUES: those of the variables that only this EXAMPLE has, as lighttpd writes them."""
        configuration = self.place(site)
        self.example = ROOT / example
        environment = {**ENVIRONMENT, **(environment or {})}
        passed = [name for name in SANITIZERS if name in environment]
        configuration.write_text(self.configure(plain_cgi, www, passed, values or {}))
        self.run([LIGHTTPD, "-D", "-f", configuration], env=environment)

    def place(self, site):
        """Gives the web server a port and files of its own; returns where to write what it reads."""
        self.site = site
        self.port = free_port()
        self.name = f"web-{len(site.servers)}"
        self.errors = site.directory / f"{self.name}.log"
        return site.directory / f"{self.name}.conf"

    def run(self, command, **options):
        """Starts the web server and waits until what is behind it answers."""
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=open(self.errors, "ab"),
                                        cwd=self.site.directory, **options)
        try:
            wait_until(self.answers, "the web server to answer")
        except BaseException:
            self.stop()
            raise

    def configure(self, plain_cgi, www, passed, more):
        """PASSED: variables of the environment that the program is to have besides its own."""
        run = self.site.directory / self.name
        run.mkdir(mode=0o700)
        values = {"port": self.port, "www": f'"{www}"',
                  "program": f'"{self.site.command(PROGRAM)}"',
                  "config": f'"{self.site.config}"', "run": f'"{run}"', **more}
        text = self.example.read_text()
        for name, value in values.items():
            text, count = re.subn(rf"(?m)^var\.{name}\s*=.*$", f"var.{name} = {value}", text)
            assert count == 1, name
        if not plain_cgi:
            names = "".join(f', "{name}"' for name in passed)
            return text.replace('"CLAVIGER_BOOTSTRAP", "TZ"', f'"CLAVIGER_BOOTSTRAP", "TZ"{names}')
        # The same file, but for how the program is reached.
        start = text.index("\tfastcgi.server")
        end = text.index("\n\t)))\n", start) + len("\n\t)))\n")
        cgi = ('\talias.url = ( "/api/v1" => var.program, "/healthz" => var.program,\n'
               '\t\t"/metrics" => var.program )\n'
               '\tcgi.assign = ( "" => "" )\n'
               '\tsetenv.set-environment = ( "CLAVIGER_CONFIG" => var.config'
               + "".join(f', "{name}" => env.{name}' for name in passed) + " )\n")
        text = text[:start] + cgi + text[end:]
        return text.replace('"mod_fastcgi", "mod_access"', '"mod_access", "mod_alias", "mod_cgi"')

    def answers(self):
        assert self.process.poll() is None, self.errors.read_text()
        try:
            return self.call("GET", "/healthz", key=None).status == 200
        except OSError:
            return False

    def services(self):
        """The pids of the services that this web server started."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def call(self, method, path, body=None, key="owner", headers=None, timeout=60,
             source=None):
        """One request over a connection of its own. KEY: "owner", None or a key; a BODY that is no
        string or bytes is sent as JSON; SOURCE: an address of 127.0.0.0/8 to come from."""
        sent = {}
        if key == "owner":
            key = self.site.owner_key
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if body is not None:
            sent["Content-Type"] = "application/json"
        if isinstance(body, str):
            body = body.encode()
        sent.update(headers or {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout,
                                                source_address=source and (source, 0))
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None and "Content-Length" not in sent:
                connection.putheader("Content-Length", str(len(body)))
            elif method in ("POST", "PUT", "PATCH") and "Content-Length" not in sent:
                connection.putheader("Content-Length", "0")
            connection.endheaders(body)
            response = connection.getresponse()
            answer = Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()
        self.remember(answer)
        return answer

    def raw(self, data, timeout=60):
        """Sends DATA as it is and returns the answer to the first request in it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(data)
            response = http.client.HTTPResponse(connection, method=data.split(b" ")[0].decode())
            response.begin()
            answer = Answer(response.status, response.getheaders(), response.read())
        self.remember(answer)
        return answer

    def remember(self, answer):
        if b'"key":"' in answer.body:
            self.site.minted.append(answer.first["key"])

    def create(self, key="owner", **body):
        """Makes a token and returns its record, key included."""
        answer = self.call("POST", TOKENS, body, key=key)
        assert answer.status == 201, answer.body
        return answer.check().first

    def rotate(self, token, key="owner", headers=None, **body):
        """Gives TOKEN another key and returns its record, key included."""
        answer = self.call("POST", f"{TOKENS}/{token['id']}/rotate", body, key=key, headers=headers)
        assert answer.status == 200, answer.body
        return answer.check().first

    def scrypt_runs(self):
        """The service's own count (FastCGI only: a CGI process lives for one request)."""
        text = self.call("GET", "/metrics", key=None).body.decode()
        return int(re.search(r"(?m)^claviger_scrypt_runs_total (\d+)$", text).group(1))

    def stop(self, how=signal.SIGINT):
        """Ends the web server and with it the service; returns the exit status."""
        if self.process.poll() is None:
            services = self.services()
            self.process.send_signal(how)
            self.process.wait(timeout=20)
            for pid in services:
                wait_until(lambda: not is_running(pid), f"service {pid} to end")
        return self.process.returncode


def is_running(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def changed(text, position, alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"):
    """TEXT with another character of ALPHABET at POSITION."""
    others = alphabet.replace(text[position], "")
    return text[:position] + secrets.choice(others) + text[position + 1:]


def checksum(body):
    """The six characters that end a key whose other characters are BODY: CRC-32 in base62."""
    import zlib
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    rest, text = zlib.crc32(body.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        text = alphabet[digit] + text
    return text


def well_formed(selector=None, prefix="dft_"):
    """A key that parses and that nobody was given; with SELECTOR, a wrong secret for it."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    selector = selector or "".join(secrets.choice(alphabet) for _ in range(10))
    body = prefix + selector + "".join(secrets.choice(alphabet) for _ in range(32))
    return body + checksum(body)
