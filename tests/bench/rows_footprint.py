# SPDX-License-Identifier: ISC
"""The rows that are sizes: of the memory, of the program, of what it needs."""
import os
import queue
import re
import shutil
import statistics
import subprocess
import time

from measuring import (LIGHTTPD, MIB, PROGRAM, SCRYPT_BYTES, SLOW_THREADS, Claviger, Pressure,
                       check_each, demand, opened_site, resident_mib, restarted)
from report import Figure
from stored import WEAK, demand_same_hash, insert_tokens

PACKAGES_WANTED = {"libfcgi0ldbl", "libscrypt0", "libsqlite3-0", "libjson-c5", "libsodium23"}


def memory(effort):
    idle, full, creating = [], [], []
    with opened_site(WEAK) as site:
        web = Claviger(site)
        demand_same_hash(site, web.create(name="probe")["key"])
        keys = insert_tokens(site, effort.stored_tokens)
        for _ in range(effort.few_rounds):
            web = restarted(web)
            check_each(web, keys)
            demand(web.scrypt_runs() >= len(keys), "some keys were not checked")
            full.append(resident_mib(*web.services()))
    with opened_site() as site:
        web = Claviger(site)
        for _ in range(effort.few_rounds):
            web = restarted(web)
            idle.append(resident_mib(*web.services()))
            with Pressure(web, queue.Queue()) as pressure:
                time.sleep(effort.seconds)
            demand(not pressure.errors, f"under pressure: {pressure.errors[:1]}")
            # The highest that it ever was, which the kernel keeps.
            creating.append(resident_mib(*web.services(), "VmHWM"))
    bound = statistics.median(idle) + SLOW_THREADS * SCRYPT_BYTES / MIB
    figures = [Figure("memory", "idle", idle, 10, " MiB", 1),
               Figure("memory", f"after {effort.stored_tokens:,} different tokens verified", full,
                      20, " MiB", 1),
               Figure("memory", "highest during 8 parallel creations (≤ idle + bound × scrypt "
                      "memory)", creating, bound, " MiB", 1)]
    return figures, [f"scrypt runs at once: {SLOW_THREADS}, 16 MiB each; the many tokens have "
                     "weak hashes (N = 2, r = 1), put into the store by hand: the memo knows no "
                     "difference"]


def size(_effort):
    with opened_site() as site:
        stripped = site.directory / "stripped"
        shutil.copy(PROGRAM, stripped)
        subprocess.run(["strip", stripped], check=True, timeout=60)
        size_mib = stripped.stat().st_size / MIB
    added = packages(PROGRAM) - packages(LIGHTTPD)
    foreign = added - PACKAGES_WANTED
    figures = [Figure("size", "the program, stripped, shared libraries not counted", [size_mib],
                      3, " MiB"),
               Figure("size", "packages beside libfcgi, libscrypt, libsqlite3, json-c, libsodium",
                      [len(foreign)], 0, places=0)]
    return figures, ["packages that it needs on a machine that has lighttpd: "
                     + ", ".join(sorted(added))]


def packages(program):
    """The Debian packages of the shared libraries that a program loads."""
    linked = subprocess.run(["ldd", program], text=True, capture_output=True, check=True).stdout
    return {package_of(path) for path in re.findall(r"(/\S+) \(0x", linked)}


def package_of(path):
    # dpkg knows a file by the path that its package gave: with or without /usr, link or file.
    real = os.path.realpath(path)
    for name in dict.fromkeys((path, real, path.removeprefix("/usr"), real.removeprefix("/usr"))):
        found = subprocess.run(["dpkg", "-S", name], text=True, capture_output=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    return path
