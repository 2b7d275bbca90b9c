# SPDX-License-Identifier: ISC
"""A shared host: a real Apache that serves user directories, with AllowOverride as such hosts set
it, and one customer, whose uid the programs run under (as suexec would see to).

The customer's home has the archive of make dist-hosting unpacked in it, and nothing else is done
to it but what a file manager could do.
"""
import contextlib
import http.client
import os
import pathlib
import pwd
import re
import shlex
import shutil
import subprocess
import tempfile

from claviger_site import BUILD, ROOT, Answer, free_port, wait_until

(ARCHIVE,) = BUILD.glob("claviger-hosting-*.tar.gz")
INSTALL = ROOT / "examples/hosting/INSTALL.txt"
APACHE = shutil.which("apache2", path=os.environ["PATH"] + ":/usr/sbin") or "apache2"
MODULES = pathlib.Path("/usr/lib/apache2/modules")
CODE = "a code for tests, 0815"
# Who the customer is: not root, where we are.
CUSTOMER = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
NAME = "/~customer/claviger"

CONFIGURATION = """
ServerRoot "{directory}"
ServerName localhost
Listen 127.0.0.1:{port}
PidFile "{directory}/pid"
Mutex file:{directory}
ErrorLog "{directory}/error.log"
{modules}
StartServers 1
ServerLimit 2
ThreadsPerChild 32
MaxRequestWorkers 64
TypesConfig /dev/null
ScriptSock "{directory}/cgid.sock"
FcgidIPCDir "{directory}/fcgid"
FcgidProcessTableFile "{directory}/fcgid.shm"
DocumentRoot "{directory}/empty"
UserDir "{directory}/home/*/{root}"
<Directory />
	AllowOverride None
	Require all denied
</Directory>
<Directory "{directory}/home/*/{root}">
	AllowOverride FileInfo Options AuthConfig Limit Indexes
	Options Indexes SymLinksIfOwnerMatch
	Require all granted
</Directory>
"""
WANTED = ("mpm_event", "authz_core", "authz_host", "autoindex", "dir", "mime", "alias", "rewrite",
          "setenvif", "userdir", "cgid", "fcgid")


class Host:
    def __init__(self, program="cgi", root="public_html", place="public_html"):
        """PROGRAM: cgi or fcgid. ROOT: the document root in the home; PLACE: where the folder
        public_html of the archive goes instead."""
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="clv-host-", dir="/tmp"))
        self.directory.chmod(0o711)
        self.home = self.directory / "home/customer"
        self.process = None
        self.port = free_port()
        for name in ("home", "empty", "fcgid"):
            (self.directory / name).mkdir()
        self.home.mkdir()
        if CUSTOMER:
            owner = pwd.getpwnam(CUSTOMER["user"])
            for path in (self.directory, self.home, self.directory / "fcgid"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        # By standard input: the customer may not enter where it was packed.
        self.as_customer("tar", "-xz", "-C", self.home, input=ARCHIVE.read_bytes())
        if place != "public_html":
            self.as_customer("mkdir", "-p", self.home / place)
            self.as_customer("mv", self.home / "public_html/claviger", self.home / place)
        self.data = self.home / "claviger-data"
        self.space = self.home / place / "claviger"
        self.edit(self.data / "claviger.conf", "base_path = /claviger", f"base_path = {NAME}")
        if program == "fcgid":
            self.edit(self.space / ".htaccess", "SetHandler cgi-script", "SetHandler fcgid-script")
        self.root = root

    def as_customer(self, *command, **options):
        return subprocess.run(command, check=True, umask=0o022, capture_output=True,
                              cwd=self.home, **CUSTOMER, **options).stdout

    def edit(self, path, old, new):
        text = path.read_text()
        assert text.count(old) == 1, old
        self.as_customer("tee", path, input=text.replace(old, new).encode())

    def upload(self, name, text, mode="600"):
        self.as_customer("tee", self.data / name, input=text.encode())
        self.as_customer("chmod", mode, self.data / name)

    def start(self):
        modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in WANTED)
        configuration = self.directory / "apache.conf"
        configuration.write_text(CONFIGURATION.format(directory=self.directory, port=self.port,
                                                      root=self.root, modules=modules))
        self.process = subprocess.Popen([APACHE, "-f", configuration, "-DFOREGROUND"],
                                        stdin=subprocess.DEVNULL, umask=0o022, **CUSTOMER)
        wait_until(self.answers, "Apache to answer")
        return self

    def answers(self):
        assert self.process.poll() is None, self.errors()
        try:
            return self.call("GET", "/").status == 403
        except OSError:
            return False

    def errors(self):
        path = self.directory / "error.log"
        return path.read_text() if path.exists() else ""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{NAME}"

    def call(self, method, path, key=None, body=None, headers=None):
        """PATH is one of the whole host."""
        headers = dict(headers or {})
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port,
                                                           timeout=60)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())

    def ask(self, method, path, **options):
        return self.call(method, NAME + path, **options)

    def bootstrap(self, code=CODE):
        return self.ask("POST", "/api/v1/bootstrap", body=f'{{"code": "{code}"}}')

    def close(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
        shutil.rmtree(self.directory, ignore_errors=True)


def commands():
    """The lines of INSTALL.txt that a reader types, in order, each with its continuations."""
    joined = INSTALL.read_text().replace("\\\n", " ")
    return re.findall(r"(?m)^     ((?:[A-Z]+=|curl ).*)$", joined)


class Reader:
    """Who types the commands of INSTALL.txt into one shell, with own values in the assignments."""

    def __init__(self, values):
        self.values = values
        self.typed = []

    def type(self, command):
        name, is_assignment, _ = command.partition("=")
        if is_assignment and name.isupper():
            command = f"{name}={shlex.quote(self.values[name])}"
            self.typed.append(command)
            return ""
        done = subprocess.run(["sh", "-ec", "\n".join([*self.typed, command])], text=True,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout
