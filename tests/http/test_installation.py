# SPDX-License-Identifier: ISC
"""What `make install` puts where, and that the examples are taken by the programs they are for."""
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from claviger_site import BUILD, ENVIRONMENT, LIGHTTPD, PROGRAM, ROOT, TOKENS, wait_until
from fastcgi_peer import Peer, request, variables

DOC = "usr/share/doc/claviger"
INSTALLED = [
    "usr/bin/claviger", "usr/share/man/man1/claviger.1",
    "usr/bin/claviger-admin", "usr/libexec/claviger/claviger.fcgi",
    "usr/share/claviger/www/index.html", "usr/share/man/man8/claviger-admin.8",
    "usr/share/man/man5/claviger-policy.5", "usr/share/man/man5/claviger.conf.5",
    "usr/share/man/man7/claviger-api.7", f"{DOC}/docs/gate.md",
    "usr/share/man/man8/claviger.fcgi.8", f"{DOC}/README.md", f"{DOC}/lighttpd.conf.example",
    f"{DOC}/examples/claviger.service", f"{DOC}/examples/claviger.socket",
    f"{DOC}/examples/50-claviger.conf",
    f"{DOC}/examples/apache.conf", f"{DOC}/examples/apache-fcgid.conf",
    f"{DOC}/examples/nginx.conf", f"{DOC}/examples/demo-backend.c",
    f"{DOC}/examples/demo_backend.py", f"{DOC}/examples/lighttpd-gate.conf",
    f"{DOC}/examples/apache-gate.conf", f"{DOC}/examples/apache-fcgid-gate.conf",
    f"{DOC}/examples/nginx-gate.conf", f"{DOC}/examples/caddy/Caddyfile",
    f"{DOC}/examples/policy.example", "usr/share/claviger/www/docs/index.html",
    "usr/share/claviger/www/docs/gate.md", "usr/share/claviger/www/docs/openapi.json",
]


@pytest.fixture
def directory():
    path = pathlib.Path(tempfile.mkdtemp(prefix="clv-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


def make(target, directory):
    # -o: the programs are built, perhaps with other flags.
    subprocess.run(["make", "-o", "all", target, f"BUILD={BUILD}", f"DESTDIR={directory}",
                    "PREFIX=/usr"], cwd=ROOT, check=True, timeout=60, capture_output=True,
                   env={**ENVIRONMENT, "MAKEFLAGS": ""})


def test_all_that_the_readme_names_is_installed_and_taken_away_again(directory):
    make("install", directory)
    assert [x for x in INSTALLED if not (directory / x).is_file()] == []
    for page in (ROOT / "docs").glob("*.md"):
        assert (directory / DOC / "docs" / page.name).is_file()
    for page in (directory / DOC).rglob("*.md"):
        for name in re.findall(r"`((?:examples|docs)/[\w./-]+)`", page.read_text()):
            assert (directory / DOC / name).is_file(), f"{page.name} names {name}"
    make("uninstall", directory)
    assert [x for x in directory.rglob("*") if x.is_file()] == []


def test_what_is_installed_under_a_prefix_names_no_other(directory):
    make("install", directory)
    files = [x for x in (directory / DOC / "examples").rglob("*") if x.is_file()]
    text = "".join(x.read_text() for x in [*files, directory / DOC / "lighttpd.conf.example"])
    assert "/usr/local/" not in text
    for path in set(re.findall(r"/usr/(?:libexec|share/claviger)[\w./-]*", text)):
        assert (directory / path[1:]).exists(), path


@pytest.fixture
def units(directory):
    """The units with the built program in them, as systemd is to find them."""
    for name in ("claviger.service", "claviger.socket"):
        shutil.copy(ROOT / "examples" / name, directory)
    service = directory / "claviger.service"
    text, count = re.subn(r"(?m)^(ExecStart=)/usr/local/libexec/claviger/claviger\.fcgi$",
                          rf"\g<1>{PROGRAM}", service.read_text())
    assert count == 1
    service.write_text(text)
    return directory


def systemd_analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True,
                          timeout=60)


with_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")


@with_systemd
def test_the_units_are_ones_that_systemd_takes(units):
    done = systemd_analyze("verify", "--man=no", *units.glob("claviger.*"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@with_systemd
def test_the_unit_gives_little_to_who_takes_claviger_over(units):
    # In tenths: 0 is nothing, 100 all. systemd 252 says 9; another one may count otherwise.
    done = systemd_analyze("security", "--offline=yes", "--no-pager", "--threshold=15",
                           units / "claviger.service")
    assert done.returncode == 0, done.stdout


def test_the_units_agree_with_the_web_servers_on_the_socket():
    (path,) = re.findall(r"(?m)^ListenStream=(.*)$",
                         (ROOT / "examples" / "claviger.socket").read_text())
    for name in ("50-claviger.conf", "apache.conf", "nginx.conf"):
        assert path in (ROOT / "examples" / name).read_text(), name


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="no systemd here")
def test_the_first_request_on_systemds_socket_starts_the_service(fresh_site):
    path = fresh_site.directory / "activated.sock"
    process = subprocess.Popen(["systemd-socket-activate", "--inetd", "--listen", path, PROGRAM,
                                "--config", fresh_site.config], env=ENVIRONMENT,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        wait_until(path.exists, "the socket")
        with Peer(path) as peer:
            sent = request(variables(uri=TOKENS + "/self", key=fresh_site.owner_key))
            assert peer.send(sent).reply().answer.check().status == 200
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


@pytest.mark.parametrize("name", ["50-claviger.conf", "lighttpd.conf.example",
                                  "lighttpd.conf.example with /metrics for this machine alone"])
def test_the_configurations_are_ones_that_lighttpd_takes(directory, name):
    if name == "50-claviger.conf":
        text = (f'server.document-root = "{directory}"\nserver.modules = ( "mod_fastcgi" )\n'
                + (ROOT / "examples" / name).read_text())
    else:
        text = (ROOT / "lighttpd.conf.example").read_text()
    if name.endswith("alone"):
        text, count = re.subn(r'(?m)^# (\$HTTP\["remoteip"\])', r"\1", text)
        assert count == 1
    configuration = directory / "lighttpd.conf"
    configuration.write_text(text)
    done = subprocess.run([LIGHTTPD, "-tt", "-f", configuration], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr


def test_a_database_in_the_document_root_is_not_handed_out(fresh_site, directory):
    secret = ["claviger.db", "claviger.db-wal", "claviger.db-shm", "claviger.db-journal",
              "claviger.db.version-1.backup", "claviger.db.audit-key", "claviger.conf",
              "owner.key", "claviger.conf~"]
    for name in [*secret, "page.txt"]:
        (directory / name).write_text("content")
    web = fresh_site.start(www=directory)
    assert web.call("GET", "/page.txt", key=None).status == 200
    assert {name: web.call("GET", f"/{name}", key=None).status for name in secret} == \
        dict.fromkeys(secret, 403)
