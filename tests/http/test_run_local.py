# SPDX-License-Identifier: ISC
"""examples/run-local.sh, which is what `make run` does: it serves, says where, ends with what it
started, and takes nobody else's server for its own."""
import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from claviger_site import BUILD, ENVIRONMENT, ROOT, TOKENS, free_port, is_running, wait_until


class Checkout:
    """A directory that looks like the checkout, with a var/ of its own."""

    def __init__(self, name="checkout"):
        self.parent = pathlib.Path(tempfile.mkdtemp(prefix="clv-", dir="/tmp"))
        self.root = self.parent / name
        self.root.mkdir()
        for part in ("lighttpd.conf.example", "www", "examples"):
            (self.root / part).symlink_to(ROOT / part)
        (self.root / "build").symlink_to(BUILD)
        self.data = self.root / "var"
        self.runs = []

    def start(self, port):
        """In a process group of its own, as a terminal would have it."""
        run = subprocess.Popen(["examples/run-local.sh", str(port), "build"], cwd=self.root,
                               env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.runs.append(run)
        return run

    def serve(self, port):
        run = self.start(port)
        lines = []
        while not lines or "access-tokens" not in lines[-1]:
            line = run.stdout.readline()
            assert line, run.stderr.read()
            lines.append(line)
        return run

    def refused(self, port):
        """The one line that a refusal is."""
        run = self.start(port)
        out, err = run.communicate(timeout=60)
        assert run.returncode == 1 and out == "", (out, err)
        assert err.startswith("make run: ") and err.count("\n") == 1, err
        return err

    def close(self):
        for run in self.runs:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGTERM)
                run.wait(timeout=20)
        shutil.rmtree(self.parent, ignore_errors=True)


@pytest.fixture
def checkout():
    checkout = Checkout()
    yield checkout
    checkout.close()


def children(pid):
    return [int(x) for x in
            pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def web_server(run):
    """The pid of the web server; the other children come and go."""
    for pid in children(run.pid):
        if "lighttpd" in pathlib.Path(f"/proc/{pid}/comm").read_text():
            return pid
    raise AssertionError("no web server")


def status_of(port, key):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", TOKENS, headers={"Authorization": f"Bearer {key}"})
        return connection.getresponse().status
    finally:
        connection.close()


def test_it_serves_until_ctrl_c_and_then_again(checkout):
    port = free_port()
    for _ in range(2):
        run = checkout.serve(port)
        key = (checkout.data / "owner.key").read_text().strip()
        assert status_of(port, key) == 200
        started = children(web_server(run)) + [web_server(run)]
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait(timeout=20) == 0
        for pid in started:
            wait_until(lambda: not is_running(pid), f"process {pid} to end")


@pytest.mark.parametrize("port", ["0", "08080", "65536", "99999", "8080x", "", "-1"])
def test_what_is_no_port_is_refused_at_once(checkout, port):
    assert f"PORT={port}: a port is a number from 1 to 65535" in checkout.refused(port)
    assert not checkout.data.exists()


def test_a_port_on_which_another_claviger_answers_is_refused(checkout):
    port = free_port()
    other = Checkout()
    try:
        run = other.serve(port)
        said = checkout.refused(port)
        assert run.poll() is None
    finally:
        other.close()
    assert f"port {port} is taken by another program; try: make run PORT={port + 1}" in said
    assert not (checkout.data / "claviger.db").exists()


def test_a_port_on_which_somebody_only_listens_is_refused(checkout):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert f"port {port} is taken by another program" in checkout.refused(port)


def test_a_second_run_on_the_same_data_is_refused_and_disturbs_nothing(checkout):
    port = free_port()
    run = checkout.serve(port)
    before = (checkout.data / "lighttpd.conf").read_bytes()
    assert "var is being served already" in checkout.refused(free_port())
    assert (checkout.data / "lighttpd.conf").read_bytes() == before
    assert status_of(port, (checkout.data / "owner.key").read_text().strip()) == 200
    assert run.poll() is None


def test_a_web_server_that_dies_is_no_success(checkout):
    run = checkout.serve(free_port())
    server = web_server(run)
    services = children(server)
    os.kill(server, signal.SIGKILL)
    for pid in services:  # nobody is left to end it
        os.kill(pid, signal.SIGTERM)
    _, err = run.communicate(timeout=20)
    assert run.returncode == 1
    assert "the web server ended by itself (status 137)" in err


def test_a_termination_ends_all_of_it(checkout):
    run = checkout.serve(free_port())
    started = children(web_server(run)) + [web_server(run)]
    run.send_signal(signal.SIGTERM)
    assert run.wait(timeout=20) == 0
    for pid in started:
        wait_until(lambda: not is_running(pid), f"process {pid} to end")


@pytest.mark.parametrize("name", ["with blank", "and&more", "pipe|d", 'quo"ted', "back\\slash"])
def test_a_path_that_cannot_be_written_into_a_configuration_is_refused(name):
    checkout = Checkout(name)
    try:
        assert "move the checkout to a path without" in checkout.refused(free_port())
        assert not checkout.data.exists()
    finally:
        checkout.close()


def test_a_long_path_serves_all_the_same():
    checkout = Checkout("long" * 30)
    try:
        port = free_port()
        checkout.serve(port)
        assert status_of(port, (checkout.data / "owner.key").read_text().strip()) == 200
    finally:
        checkout.close()
