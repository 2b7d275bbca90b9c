# SPDX-License-Identifier: ISC
"""F30: whatever fails while the gate answers, claviger says no or says nothing. Web servers take an
answer without Status for yes, and lighttpd an empty one (see servers/test_gate_faults.py): such never
leaves the program."""
import contextlib
import mmap
import os
import pathlib
import resource
import struct
import subprocess

import pytest

from asking import QUICK
from claviger_site import ROOT, SANITIZERS, well_formed
from conftest import opened
from fastcgi_peer import AUTHORIZER, Service, request, variables
from guarded import put_in_place

FILE = "/guarded/secret.txt"
HTML = {"HTTP_ACCEPT": "text/html"}
# One that could say so is not to be there: a sanitizer has a malloc of its own.
SANITIZED = any(name in os.environ for name in SANITIZERS)


@pytest.fixture(scope="module")
def site():
    yield from opened(QUICK + "policy = {directory}/policy\n", make=put_in_place)


def questions(site):
    """(may pass, records) of each kind: as an authorizer and as a sub-request."""
    record = site.token("owner@localhost", "--permission", "analytics:read")
    narrow = site.token("owner@localhost", "--permission", "alerts:read")
    told = [("CLAVIGER_GATE", "on"), ("CLAVIGER_METHOD", "GET"), ("CLAVIGER_URI", FILE)]
    for may, key, more in ((True, record["key"], {}), (False, None, {}), (False, None, HTML),
                           (False, well_formed(), {}), (False, narrow["key"], {}),
                           (False, narrow["key"], HTML)):
        yield may, request(variables("GET", FILE, key=key, **more), role=AUTHORIZER)
        yield may, request(variables("GET", "/api/v1/authorize", key=key, **more) + told)


def check(reply, may_pass, case):
    """REPLY is a whole answer that says so, or none; returns its status, 0 for none."""
    if reply.ends == 0:
        # Cut short: no web server takes that, as long as there is no yes in it.
        assert may_pass or b"Status: 2" not in reply.stdout, case
        return 0
    assert reply.ends == 1 and reply.stdout.startswith(b"Status: "), (case, reply.stdout)
    assert b"\r\n\r\n" in reply.stdout, (case, reply.stdout)
    assert may_pass or reply.answer.status in (401, 403, 500, 503), (case, reply.stdout)
    return reply.answer.status


class Plan:
    """What failing_malloc.c is told."""

    def __init__(self, path):
        path.write_bytes(b"\0" * 12)
        self.path = path
        with open(path, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), 12)

    def set(self, number, for_all):
        self.shared[4:8] = struct.pack("i", for_all)
        self.shared[8:12] = struct.pack("i", 0)
        self.shared[0:4] = struct.pack("i", number)

    def failed(self):
        return struct.unpack("i", self.shared[8:12])[0]


@pytest.mark.skipif(SANITIZED, reason="a sanitizer has a malloc of its own")
@pytest.mark.parametrize("for_all", [False, True], ids=["one fails", "all from there on fail"])
def test_without_memory_nothing_passes(site, for_all):
    library = site.directory / "failing_malloc.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library,
                    ROOT / "tests" / "fault" / "failing_malloc.c"], check=True, timeout=60)
    plan = Plan(site.directory / "plan")

    def start():
        return Service(site, environment={"LD_PRELOAD": str(library),
                                          "FAILING_MALLOC": str(plan.path)}).wait()

    def has_died(service):
        """Some of libfcgi's own allocations end the process: what supervises it starts it again."""
        while service.process.poll() is None:
            with contextlib.suppress(OSError, AssertionError):
                return service.call("GET", "/healthz").status != 200
        return True

    service, answers = start(), []
    for at, (may_pass, question) in enumerate(questions(site)):
        # Other threads may take some, so until there were a few rounds in which none failed.
        number, quiet = 1, 0
        while quiet < 3:
            plan.set(number, for_all)
            reply = service.exchange(question)
            failed = plan.failed()
            plan.set(0, False)
            quiet = 0 if failed else quiet + 1
            answers += [check(reply, may_pass, (at, number))] if failed else []
            if reply.ends == 0 and has_died(service):
                service = start()
            number += 1
            assert number < 500
    assert len(answers) > 100 and {0, 401, 503} <= set(answers)
    for may_pass, question in questions(site):
        assert (service.exchange(question).answer.status == 200) == may_pass
    service.stop()


def test_without_descriptors_nothing_passes(site):
    service = Service(site).wait()
    normal = resource.prlimit(service.pid, resource.RLIMIT_NOFILE)
    for may_pass, question in questions(site):
        open_now = max(int(one.name) for one in pathlib.Path(f"/proc/{service.pid}/fd").iterdir())
        for limit in range(open_now - 3, open_now + 4):
            with contextlib.closing(service.connect()) as peer:
                resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (limit, normal[1]))
                peer.send(question)
                peer.socket.settimeout(0.2)
                with contextlib.suppress(OSError):
                    peer.socket.recv(1, 2)  # MSG_PEEK: an answer, or none as long as this lasts
                peer.socket.settimeout(60)
                resource.prlimit(service.pid, resource.RLIMIT_NOFILE, normal)
                check(peer.reply(), may_pass, limit)
    assert service.is_good()
    service.stop()
