# SPDX-License-Identifier: ISC
"""Apache, nginx and Caddy of the tests' own, with a configuration of examples/ as it is, or any other.

What a Debian machine has around such a file (modules, log, pid file, http { }) is written here, into
the site's directory; of the file itself only the values are set. None of them runs as root: where
the tests do, they run as nobody, and so must what they start or talk to (see behind()).
"""
import os
import pathlib
import re
import shutil
import signal

from claviger_site import ENVIRONMENT, PROGRAM, ROOT, SANITIZERS, Site, WebServer
from fastcgi_peer import NOBODY, Service, nobody, without_root

EXAMPLES = ROOT / "examples"
SBIN = os.environ["PATH"] + ":/usr/sbin"
APACHE = shutil.which("apache2", path=SBIN) or "apache2"
NGINX = shutil.which("nginx", path=SBIN) or "nginx"
CADDY = shutil.which("caddy", path=SBIN) or "caddy"
MODULES = pathlib.Path("/usr/lib/apache2/modules")
# What Debian's Apache loads without being told, of that which our examples lean on.
DEBIAN = ("mpm_event", "authn_core", "authz_core", "authz_host", "authz_user", "alias", "dir", "env",
          "mime", "setenvif")
# Those that a2enmod switches on with another.
WITH = {"proxy_fcgi": ("proxy",), "proxy_http": ("proxy",)}
TYPES = "text/html html\ntext/css css\ntext/javascript js\napplication/json json\ntext/plain txt\n"


def behind(site):
    """A service by itself on SITE, which now belongs to the user that the web servers run as."""
    return Service(site, **without_root(site)).wait()


def descendants(pid):
    """All processes that PID started, and that these did."""
    found = []
    try:
        tasks = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks
                    for child in (task / "children").read_text().split()]
    except OSError:
        return found
    for child in children:
        found += [child, *descendants(child)]
    return found


class OtherServer(WebServer):
    """What the other web servers have in common."""

    stop_signal = signal.SIGTERM
    environment = {}

    def __init__(self, site, example, values, extra="", edit=None):
        """EXAMPLE: a path, or the name of a file of examples/. VALUES: what is set in it. EXTRA:
        lines of the server's main configuration, before EXAMPLE. EDIT: makes another text of it."""
        configuration = self.place(site)
        self.directory = site.directory / self.name
        self.directory.mkdir()
        # The checkout may be out of reach to nobody.
        www = self.directory / "www"
        shutil.copytree(ROOT / "www", www)
        text = (EXAMPLES / example).read_text()
        text = self.substitute(edit(text) if edit else text, {"www": www, **values})
        included = self.directory / "example.conf"
        included.write_text(text)
        configuration.write_text(self.main(text, extra) + self.include(included))
        self.errors.touch()
        if os.geteuid() == 0:
            for path in (configuration, self.errors, self.directory, *self.directory.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        self.run(self.command(configuration), env={**ENVIRONMENT, **self.environment}, **nobody())

    def services(self):
        return descendants(self.process.pid)

    def stop(self, how=None):
        return super().stop(how or self.stop_signal)

    def reload(self):
        """Makes it read its configuration again, as `systemctl reload` does."""
        self.process.send_signal(signal.SIGHUP)


class Apache(OtherServer):
    """An Apache with the modules that its example's a2enmod line names, and MODULES."""

    def __init__(self, site, example="apache.conf", values=(), modules=(), **options):
        """VALUES: of the Define lines, by their names without CLAVIGER_ and in lower case."""
        self.modules = modules
        super().__init__(site, example, dict(values), **options)

    def substitute(self, text, values):
        values = {"listen": f"127.0.0.1:{self.port}", **values}
        for name, value in values.items():
            text, count = re.subn(rf"(?m)^(Define CLAVIGER_{name.upper()}\s+)\S+$",
                                  rf"\g<1>{value}", text)
            assert count == 1, name
        assert not re.search(r"(?m)^Define \S+\s+/(usr|run|etc)/", text), "a value is not set"
        return text

    def main(self, text, extra):
        named = [*self.modules]
        for words in re.findall(r"(?m)^#\s+a2enmod (.*)$", text):
            named += words.split()
        wanted = list(DEBIAN)
        for name in named:
            wanted += [*WITH.get(name, ()), name]
        lines = [f"ServerRoot {self.directory}", f"DefaultRuntimeDir {self.directory}",
                 f"PidFile {self.directory}/pid", f"Mutex file:{self.directory} default",
                 f"ErrorLog {self.errors}", "ServerName claviger.test",
                 f"TypesConfig {self.directory}/mime.types", "GracefulShutdownTimeout 5"]
        (self.directory / "mime.types").write_text(
            "".join("{} {}\n".format(*line.split()) for line in TYPES.splitlines()))
        lines += [f"LoadModule {name}_module {MODULES}/mod_{name}.so"
                  for name in dict.fromkeys(wanted)]
        # As Debian's apache2.conf has it: nothing is served that was not allowed.
        lines += ["<Directory />", "AllowOverride None", "Require all denied", "</Directory>"]
        if "cgid" in wanted:
            lines.append(f"ScriptSock {self.directory}/cgid.sock")
        if "fcgid" in wanted:
            lines += [f"FcgidIPCDir {self.directory}", f"FcgidProcessTableFile {self.directory}/shm"]
            lines += [f'FcgidInitialEnv {name} "{os.environ[name]}"' for name in SANITIZERS
                      if name in os.environ]
        return "\n".join([*lines, extra, ""])

    def include(self, path):
        return f"Include {path}\n"

    def command(self, configuration):
        return [APACHE, "-D", "FOREGROUND", "-f", configuration]


class Placed(OtherServer):
    """One whose example has no variables: what is set stands for a text of it."""

    address = "127.0.0.1:{}"
    # What is set in each of them, by the names that Apache's Defines have.
    PLACES = {"listen": "127.0.0.1:8080", "www": "/usr/local/share/claviger/www",
              "socket": "/run/claviger/claviger.sock"}

    def __init__(self, site, example, values=(), places=(), **options):
        """PLACES: more names of VALUES, and the text that each stands for in EXAMPLE."""
        self.places = {**self.PLACES, **dict(places)}
        super().__init__(site, example, dict(values), **options)

    def substitute(self, text, values):
        for name, value in {"listen": self.address.format(self.port), **values}.items():
            # A whole word and not in a comment: where a value is read.
            pattern = rf"(?m)^(\s*[^#\n]*?){re.escape(self.places[name])}(?=[\s;:/])"
            text, count = re.subn(pattern, rf"\g<1>{value}", text)
            assert count >= 1, name
        return text


class Nginx(Placed):
    """An nginx whose http { } holds its example, and nothing else that is ours."""

    stop_signal = signal.SIGQUIT  # SIGTERM cuts the requests in flight

    def main(self, text, extra):
        kinds = "".join("{} {}; ".format(*line.split()) for line in TYPES.splitlines())
        temporary = "".join(f"{kind}_temp_path {self.directory}/{kind};\n" for kind in (
            "client_body", "fastcgi", "proxy", "scgi", "uwsgi"))
        return (f"daemon off;\npid {self.directory}/pid;\nerror_log {self.errors} notice;\n"
                f"worker_processes 1;\nevents {{ worker_connections 256; }}\n{extra}\n"
                f"http {{\naccess_log off;\ntypes {{ {kinds}}}\n{temporary}")

    def include(self, path):
        return f"include {path};\n}}\n"

    def command(self, configuration):
        return [NGINX, "-e", self.errors, "-p", self.directory, "-c", configuration]


class Caddy(Placed):
    """A Caddy that has its example and nothing else."""

    address = ":{}"
    PLACES = {**Placed.PLACES, "listen": ":8080"}

    def main(self, text, extra):
        self.environment = {name: str(self.directory) for name in (
            "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
        return extra

    def include(self, path):
        return ""

    def command(self, configuration):
        return [CADDY, "run", "--adapter", "caddyfile", "--config", self.directory / "example.conf"]


def uncommented(*beginnings):
    """An edit of an example that takes the lines into use whose comments begin so."""
    def edit(text):
        for beginning in beginnings:
            text, count = re.subn(rf"(?m)^(\s*)# ({re.escape(beginning)}\b.*)$", r"\1\2", text)
            assert count == 1, beginning
        return text
    return edit


def lighttpd(site):
    web = WebServer(site)
    web.direct = Service(site).wait()
    return web


def apache(site, **options):
    service = behind(site)
    web = Apache(site, values={"socket": service.path}, **options)
    web.direct = service
    return web


def fcgid(site, **options):
    service = behind(site)
    program = getattr(site, "program", PROGRAM)
    web = Apache(site, "apache-fcgid.conf", {"program": program, "config": site.config}, **options)
    web.direct = service
    return web


def nginx(site, **options):
    service = behind(site)
    web = Nginx(site, "nginx.conf", {"socket": service.path}, **options)
    web.direct = service
    return web


# The four ways to the API, by the names that expectations use. Each web server has a service
# (direct) on the same database, to be asked without a web server; it is the one behind Apache and
# nginx, where these start none.
WAYS = {"lighttpd": lighttpd, "apache": apache, "fcgid": fcgid, "nginx": nginx}


# What a key costs is not what these tests are about. mod_fcgid's processes share what was checked.
CONFIG = "scrypt_n = 2\nallow_weak_scrypt = true\nmemo_file = {directory}/memo\n"


def served(way, site):
    """The web server of WAY on SITE, to be ended with it."""
    web = WAYS[way](site)
    web.way = way
    site.servers.append(web)
    return web


def opened_by(way):
    """The web server of WAY on a site of its own, as the body of a fixture."""
    site = Site(CONFIG)
    try:
        yield served(way, site)
    finally:
        site.close()
