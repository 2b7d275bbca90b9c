# SPDX-License-Identifier: ISC
"""What `make install` puts where, and that the examples are taken by the programs they are for."""
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from claviger_site import BUILD, ENVIRONMENT, LIGHTTPD, PROGRAM, ROOT

DOC = "usr/share/doc/claviger"
INSTALLED = [
    "usr/bin/claviger-admin", "usr/libexec/claviger/claviger.fcgi",
    "usr/share/claviger/www/index.html", "usr/share/man/man8/claviger-admin.8",
    "usr/share/man/man8/claviger.fcgi.8", f"{DOC}/README.md", f"{DOC}/lighttpd.conf.example",
    f"{DOC}/examples/claviger.service", f"{DOC}/examples/50-claviger.conf",
    f"{DOC}/examples/apache.conf", f"{DOC}/examples/apache-fcgid.conf",
    f"{DOC}/examples/nginx.conf",
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
    report = f"{DOC}/docs/performance.md"
    assert (directory / report).is_file() == (ROOT / "docs" / "performance.md").is_file()
    make("uninstall", directory)
    assert [x for x in directory.rglob("*") if x.is_file()] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_unit_is_one_that_systemd_takes(directory):
    text = (ROOT / "examples" / "claviger.service").read_text()
    text, count = re.subn(r"/usr/local/libexec/claviger/claviger\.fcgi", str(PROGRAM), text)
    assert count == 1
    unit = directory / "claviger.service"
    unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True,
                          text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


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
