# SPDX-License-Identifier: ISC
"""The release archive: whoever builds it, wherever and whenever, gets the same bits."""
import hashlib

from debian_packages import RELEASE, build

# All that differs from one builder to the next and is none of the archive's business.
ELSEWHERE = ("umask 077; export TZ=Pacific/Kiritimati LC_ALL=C; mkdir -p /srv/else/where; cd /srv/else/where;"
             f"[ -e {RELEASE} ] || tar -xmf /build/{RELEASE}.tar.gz")


def sums(directory, pattern):
    return {x.name: hashlib.sha256(x.read_bytes()).hexdigest() for x in directory.glob(pattern)}


def test_two_builds_are_the_same_programs(builder):
    builder.run(f"mkdir /here && cd /here && tar -xf /build/{RELEASE}.tar.gz && make -C {RELEASE} all",
                timeout=1800)
    builder.run(f"{ELSEWHERE}; mv {RELEASE} other; make -C other all", timeout=1800)
    one = sums(builder.path / f"here/{RELEASE}/build", "claviger*")
    assert {"claviger.fcgi", "claviger-admin", "claviger"} <= one.keys()
    assert sums(builder.path / "srv/else/where/other/build", "claviger*") == one


def test_two_builds_are_the_same_packages(builder, packages):
    build(builder, f"/srv/else/where/{RELEASE}", "nocheck", ELSEWHERE)
    one = sums(builder.path / "build", "*.deb")
    assert len(one) == len(packages) + 1  # that with what debuggers need
    assert sums(builder.path / "srv/else/where", "*.deb") == one


def test_lintian_has_nothing_to_warn_of(builder, packages):
    said = builder.run("lintian --allow-root --fail-on error,warning /build/claviger_*.changes")
    assert not [line for line in said.splitlines() if line[:2] in ("E:", "W:")]
