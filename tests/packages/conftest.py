# SPDX-License-Identifier: ISC
"""The packages, and the trees and machines that they are built and tried in."""
import pytest

import debian_tree
from claviger_site import BUILD
from debian_packages import NEXT, NEXT_LINE, RELEASE, VERSION, build


@pytest.fixture(scope="session")
def bare():
    debian_tree.set_up()
    return debian_tree.bare()


@pytest.fixture(scope="session")
def builder(bare):
    """The tree in which packages are built, with the release archive's sources in /build."""
    tree = debian_tree.builder()
    tree.copy(BUILD / f"{RELEASE}.tar.gz", to="/build")
    tree.run(f"cd /build && tar -xf {RELEASE}.tar.gz && cd {RELEASE} && apt-get build-dep -y -q ./")
    return tree


@pytest.fixture(scope="session")
def packages(builder):
    """The packages' files. The unit tests have passed while they were built."""
    return build(builder, f"/build/{RELEASE}")


@pytest.fixture(scope="session")
def next_packages(builder, packages):
    """Those of a next version, which differs in two configurations."""
    builder.run(f"mkdir /next && cd /next && tar -xf /build/{RELEASE}.tar.gz")
    sources = builder.path / "next" / RELEASE
    changelog = sources / "debian/changelog"
    text = changelog.read_text()
    changelog.write_text(text.replace(f"({VERSION})", f"({NEXT})", 1) + "\n" + text)
    for name in ("claviger.conf", "lighttpd/50-claviger.conf"):
        with (sources / "debian" / name).open("a") as file:
            file.write(NEXT_LINE + "\n")
    return build(builder, f"/next/{RELEASE}", "nocheck")


@pytest.fixture(scope="session")
def servers(packages):
    """A tree with the packages and what they need in reach, for machines, which reach no network."""
    tree = debian_tree.servers()
    tree.copy(*packages, to="/root/packages")
    tree.run(f"{debian_tree.INSTALL} --download-only /root/packages/*.deb")
    return tree


@pytest.fixture
def machine(servers):
    """A machine that has the packages installed."""
    machine = debian_tree.Machine(servers.over())
    try:
        machine.run(f"{debian_tree.INSTALL} /root/packages/*.deb")
        yield machine
    finally:
        machine.close()
