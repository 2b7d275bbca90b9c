# SPDX-License-Identifier: ISC
"""Debian 12 by itself: as a tree that programs are run in, and as a machine that its systemd starts.

Whoever uses this is root, in namespaces for mounts and processes that end with it (check-packages sees
to that). So nothing is left mounted or running, and no port of this machine is taken. What takes
minutes to get lies in build/packages from then on.
"""
import contextlib
import itertools
import os
import pathlib
import shutil
import subprocess

from claviger_site import BUILD, wait_until

CACHE = BUILD / "packages"
WORK = CACHE / "work"  # a file system in memory, which ends with the namespace
GROUPS = WORK / "groups"
BOOT = pathlib.Path(__file__).with_name("boot.sh")
ENVIRONMENT = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
               "DEBIAN_FRONTEND=noninteractive")
ENTER = 'mount -t proc proc "$0/proc"; mount --rbind /dev "$0/dev"; exec chroot "$0" "$@"'
INSTALL = "apt-get install -y --no-install-recommends"
# The web servers' packages would start them at once.
START_NOTHING = "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d"
BUILDER = "build-essential debhelper fakeroot lintian"
SERVERS = ("lighttpd", "apache2", "nginx")
numbers = itertools.count()


def done(command, may_fail=False, timeout=900, **options):
    """What COMMAND printed, with a failure that shows it."""
    process = subprocess.run(command, text=True, errors="replace", stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                             **options)
    assert may_fail or process.returncode == 0, \
        f"{command[-1]}\nended with {process.returncode}:\n{process.stdout[-6000:]}"
    return process.stdout


class Tree:
    """A directory with a Debian in it."""

    def __init__(self, layers):
        """LAYERS: directories, the upper ones first. What is written goes into the first."""
        self.layers = layers
        self.path = layers[0]
        if len(layers) > 1:
            self.path = layers[0].with_suffix(".tree")
            work = layers[0].with_suffix(".work")
            for directory in (layers[0], self.path, work):
                directory.mkdir()
            below = ":".join(map(str, layers[1:]))
            done(["mount", "-t", "overlay", "-o",
                  f"lowerdir={below},upperdir={layers[0]},workdir={work}", "overlay", self.path])

    def over(self):
        """A tree of its own that begins as this one, which must not change from now on."""
        return Tree([WORK / f"layer-{next(numbers)}", *self.layers])

    def run(self, command, **options):
        """What the shell COMMAND printed, in this tree but with the network of this machine."""
        return done(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", ENTER,
                     self.path, *ENVIRONMENT, "sh", "-ec", command], **options)

    def copy(self, *files, to):
        directory = self.path / to.lstrip("/")
        directory.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy(file, directory)


def kept(name, make):
    """The tree NAME of those that are kept, where MAKE has filled it once."""
    path = CACHE / name
    if not path.exists():
        new = CACHE / f"{name}.new"
        shutil.rmtree(new, ignore_errors=True)
        make(new)
        new.rename(path)
    tree = Tree([path]).over()
    shutil.copy("/etc/resolv.conf", tree.path / "etc/resolv.conf")
    tree.run("apt-get update -q")
    return tree


def bare():
    """As small as debootstrap makes one."""
    return kept("bare", lambda path: done(["debootstrap", "--variant=minbase", "bookworm", path]))


def with_packages(path, command):
    done(["cp", "-a", "--reflink=auto", CACHE / "bare", path])
    shutil.copy("/etc/resolv.conf", path / "etc/resolv.conf")
    Tree([path]).run(f"{START_NOTHING}; apt-get update -q; {INSTALL} {command};"
                     "rm /usr/sbin/policy-rc.d; apt-get clean")


def builder():
    """Has what builds any package."""
    return kept("builder", lambda path: with_packages(path, BUILDER))


def servers():
    """Can be started, and has three web servers that are not."""
    names = " ".join(SERVERS)
    return kept("servers", lambda path: with_packages(
        path, f"systemd-sysv {names}; systemctl disable {names}"))


def set_up():
    """To be called once, before any of the above."""
    WORK.mkdir(parents=True, exist_ok=True)
    done(["mount", "-t", "tmpfs", "tmpfs", WORK])
    GROUPS.mkdir()
    done(["mount", "-t", "cgroup2", "cgroup2", GROUPS])


class Machine:
    """A tree whose systemd runs, on a network that ends at itself."""

    def __init__(self, tree):
        self.tree = tree
        self.group = GROUPS / f"claviger-test-{os.getpid()}-{tree.path.stem}"
        self.group.mkdir()
        self.process = subprocess.Popen([BOOT, tree.path, self.group], stdin=subprocess.DEVNULL)
        self.pid = wait_until(self.first_process, "process 1 of the machine")
        wait_until(lambda: "running" in self.run("systemctl is-system-running", may_fail=True),
                   "a machine that runs", seconds=90)

    def first_process(self):
        assert self.process.poll() is None, "the machine has ended"
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in children.read_text().split():
            if pathlib.Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
                return pid
        return None

    def enter(self, *what):
        return ["nsenter", "--target", self.pid, *what, *ENVIRONMENT]

    def run(self, command, **options):
        return done([*self.enter("--all"), "sh", "-ec", command], **options)

    def wait_for(self, path, status=200):
        """Until PATH is answered so: a web server is started, or reloaded, before it listens."""
        def answered():
            with contextlib.suppress(AssertionError):
                return self.ask(path)[0] == status
        wait_until(answered, f"{status} for {path}")

    def ask(self, path, key=None, *options):
        """Status, type and body of what the web server answers."""
        if key:
            options += ("-H", f"Authorization: Bearer {key}")
        text = done([*self.enter("--net"), "curl", "-sS", "--max-time", "20", "-w",
                     r"\n%{http_code} %{content_type}", *options, f"http://127.0.0.1{path}"])
        body, _, last = text.rpartition("\n")
        status, _, kind = last.partition(" ")
        return int(status), kind, body

    def close(self):
        self.process.kill()
        self.process.wait()
        wait_until(lambda: "populated 0" in (self.group / "cgroup.events").read_text(),
                   "the end of the machine")
        for directory, _, _ in os.walk(self.group, topdown=False):
            os.rmdir(directory)
