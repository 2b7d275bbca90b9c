# SPDX-License-Identifier: ISC
"""How the Debian packages are built from the release archive."""
import os
import re

from claviger_site import ROOT

VERSION = re.search(r"(?m)^VERSION\s*= (\S+)$", (ROOT / "Makefile").read_text()).group(1)
RELEASE = f"claviger-{VERSION}"
NEXT = f"{VERSION}+next"
# What a fresh installation of the next version has in addition.
NEXT_LINE = "# A line of the next version's."


def build(tree, directory, options="", settings=":"):
    """Builds the packages of the sources in DIRECTORY, after the shell's SETTINGS."""
    options += " " + os.environ.get("DEB_BUILD_OPTIONS", "")
    tree.run(f"{settings}; cd {directory} && DEB_BUILD_OPTIONS='{options}' dpkg-buildpackage -us -uc",
             timeout=1800)
    return made(tree.path / directory.lstrip("/") / "..")


def made(directory):
    """The packages that lie in DIRECTORY."""
    return sorted(x for x in directory.glob("*.deb") if "-dbgsym_" not in x.name)
