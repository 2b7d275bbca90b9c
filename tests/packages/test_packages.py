# SPDX-License-Identifier: ISC
"""The Debian packages in Debian 12: installed, started as README.Debian says, upgraded, purged."""
import re
import threading

import pytest

from claviger_site import ROOT
from debian_packages import NEXT_LINE
from debian_tree import INSTALL, SERVERS

README = (ROOT / "debian/claviger.README.Debian").read_text()
NAMES = "claviger claviger-console claviger-doc"
TOKENS = "/claviger/api/v1/admin/access-tokens"
CONFIG = "/etc/claviger/claviger.conf"
DATABASE = "/var/lib/claviger/claviger.db"
LEFT = "find / -xdev -iname '*claviger*' -not -path '/root/*' -not -path '/proc/*'"
KEY = re.compile(r"dft_\w{48}")


def commands(word):
    """The commands of README.Debian with WORD in them, for root, who needs no sudo."""
    lines = [line.strip() for line in README.splitlines()
             if line.startswith("\tsudo ") and re.search(rf"\b{word}\b", line)]
    assert lines, word
    return [re.sub(r"\bsudo ", "", re.sub(r"\bsudo -u (\w+) ", r"runuser -u \1 -- ", line))
            for line in lines]


def run(machine, word):
    (command,) = commands(word)
    return machine.run(command)


def initialise(tree):
    return KEY.search(run(tree, "init")).group()


def put_behind(machine, server):
    """Follows README.Debian, with a web server that serves a site already; returns the first key."""
    machine.run(f"systemctl start {server}")
    machine.wait_for("/")
    before = machine.ask("/")
    key = initialise(machine)
    run(machine, "enable --now")
    if server == "nginx":
        machine.run(r"sed -i '/^\tserver_name _;/a include snippets/claviger.conf;' "
                    "/etc/nginx/sites-available/default")
    run(machine, f"(?:reload|restart) {server}")
    machine.wait_for("/claviger/healthz")
    assert machine.ask("/") == before
    return key


def test_installed_in_a_bare_tree_and_purged_without_a_trace(bare, packages):
    tree = bare.over()
    tree.copy(*packages, to="/root/packages")
    said = tree.run(f"{INSTALL} /root/packages/*.deb")
    assert "/usr/share/doc/claviger/README.Debian" in said
    rights = tree.run(f"stat -c '%n %U:%G %a' /etc/claviger {CONFIG} /var/lib/claviger")
    assert rights.split("\n")[:3] == ["/etc/claviger root:claviger 750",
                                      f"{CONFIG} root:claviger 640",
                                      "/var/lib/claviger claviger:claviger 700"]
    assert tree.run("getent passwd claviger").endswith(":/var/lib/claviger:/usr/sbin/nologin\n")
    initialise(tree)
    tree.run("runuser -u claviger -- /usr/libexec/claviger/claviger.fcgi --check")
    tree.run("runuser -u claviger -- claviger-admin doctor")
    tree.run("claviger --version && bash /usr/share/bash-completion/completions/claviger")
    tree.run(f"apt-get remove -y {NAMES}")
    assert tree.run(f"stat -c %a {DATABASE} {CONFIG}") == "600\n640\n"
    tree.run(f"apt-get purge -y {NAMES}")
    assert tree.run(LEFT) == ""


def test_nothing_is_started_or_enabled_before_there_is_a_database(machine):
    for unit in ("claviger.service", "claviger.socket"):
        assert machine.run(f"systemctl is-active {unit}", may_fail=True) == "inactive\n"
        assert machine.run(f"systemctl is-enabled {unit}", may_fail=True) == "disabled\n"
    assert machine.run("systemctl --failed --no-legend") == ""


def test_systemd_has_nothing_to_say_about_the_units(machine):
    assert machine.run("systemd-analyze verify --man=no /lib/systemd/system/claviger.*") == ""


@pytest.mark.parametrize("server", SERVERS)
def test_the_service_answers_behind(machine, server):
    key = put_behind(machine, server)
    assert machine.ask(TOKENS)[0] == 401
    status, kind, body = machine.ask(
        TOKENS, key, "-H", "Content-Type: application/json", "-d", '{"name": "Nightly report"}')
    assert (status, kind) == (201, "application/json; charset=utf-8"), body
    assert machine.ask(TOKENS + "/self", KEY.search(body).group())[0] == 200
    assert machine.ask(TOKENS + "/no-such", key)[0] == 404
    assert machine.ask("/claviger/metrics", key)[0] == 404
    run(machine, "doctor")

    assert machine.ask("/claviger", None, "-L", "-o", "/dev/null")[0] == 200
    status, kind, page = machine.ask("/claviger/", None)
    assert (status, kind.lower()) == (200, "text/html; charset=utf-8")
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    files = re.findall(r'(?:href|src)="([\w./-]+\.(?:css|js|svg))"', page)
    assert {x.rpartition(".")[2] for x in files} == kinds.keys()
    for name in files:
        status, kind, _ = machine.ask(f"/claviger/{name}")
        assert (status, kind.partition(";")[0]) == (200, kinds[name.rpartition(".")[2]])
    headers = machine.ask("/claviger/", None, "-I")[2].lower()
    assert "frame-ancestors 'none'" in headers and "no-referrer" in headers
    status, kind, page = machine.ask("/claviger/docs/")
    assert (status, kind.lower()) == (200, "text/html; charset=utf-8") and "<h1" in page
    assert machine.ask("/claviger/docs/index.md")[1].lower() == "text/markdown; charset=utf-8"


@pytest.mark.parametrize("server", SERVERS)
def test_the_web_server_goes_on_without_the_purged_service(machine, server):
    put_behind(machine, server)
    said = machine.run(f"apt-get purge -y {NAMES}")
    if server == "nginx":
        assert 'the line "include snippets/claviger.conf;"' in said
        assert "/etc/nginx/sites-enabled/default" in said
        machine.run("sed -i '/claviger/d' /etc/nginx/sites-available/default")
    machine.run(f"systemctl restart {server}")
    machine.wait_for("/")
    assert machine.ask("/claviger/")[0] == 404
    assert machine.run(LEFT) == ""
    assert machine.run("systemctl --failed --no-legend") == ""


class Asking(threading.Thread):
    """Asks with KEY, over and over, until it is told to stop."""

    def __init__(self, machine, key):
        super().__init__()
        self.machine, self.key = machine, key
        self.answers, self.enough = [], threading.Event()

    def run(self):
        while not self.enough.is_set():
            self.answers.append(self.machine.ask(TOKENS + "/self", self.key)[0])

    def stop(self):
        self.enough.set()
        self.join()


def test_an_upgrade_keeps_data_and_changes_and_loses_no_request(machine, next_packages):
    key = put_behind(machine, "lighttpd")
    site = "/etc/lighttpd/conf-available/50-claviger.conf"
    machine.run(f"echo '# The operator was here.' >>{site}")
    look = "systemctl show -p MainPID --value claviger; stat -c %i /run/claviger/claviger.sock"
    before = machine.run(look).split()
    machine.tree.copy(*next_packages, to="/root/next")
    asking = Asking(machine, key)
    asking.start()
    try:
        machine.run(f"{INSTALL} -o Dpkg::Options::=--force-confold /root/next/*.deb")
    finally:
        asking.stop()
    after = machine.run(look).split()
    assert before[0] != after[0] != "0", "another process"
    assert before[1] == after[1], "the same socket"
    assert set(asking.answers) == {200}
    assert machine.run(f"tail -n 1 {CONFIG}") == NEXT_LINE + "\n"
    assert machine.run(f"stat -c '%U:%G %a' {CONFIG}") == "root:claviger 640\n"
    assert machine.run(f"tail -n 1 {site}") == "# The operator was here.\n"


@pytest.mark.parametrize("server", SERVERS)
def test_a_removed_service_comes_back_with_its_data(machine, server):
    key = put_behind(machine, server)
    machine.run("apt-get remove -y claviger")
    # Apache's way is to switch such a configuration off.
    machine.wait_for(TOKENS, {"apache2": 404, "lighttpd": 503, "nginx": 502}[server])
    machine.run(f"{INSTALL} /root/packages/claviger_*.deb")
    machine.wait_for(TOKENS, 401)
    assert machine.ask(TOKENS + "/self", key)[0] == 200
