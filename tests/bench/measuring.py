# SPDX-License-Identifier: ISC
"""What the rows of bench.py are measured with: contenders behind one and the same web server,
their processor time and the load that is made."""
import contextlib
import dataclasses
import http.client
import os
import pathlib
import queue
import re
import resource
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

BENCH = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH.parent / "support"))

from claviger_site import (BUILD, ENVIRONMENT, LIGHTTPD, PROGRAM, ROOT, TOKENS,  # noqa: E402
                           Site, WebServer, wait_until, well_formed)

PROGRAMS = BUILD / "tests" / "bench"
SELF = TOKENS + "/self"
MIB = 1024 * 1024
CORES = os.cpu_count()
# As claviger's configuration has it: cores, at least 2, at most 4.
SLOW_THREADS = min(max(CORES, 2), 4)
SCRYPT_BYTES = 128 * 16384 * 8
MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}


class NotMeasured(Exception):
    """A figure could not be taken; what was seen instead."""


def demand(condition, what):
    if not condition:
        raise NotMeasured(what)


@contextlib.contextmanager
def opened_site(config=""):
    site = Site("tokens_per_account = 100000\n" + config)
    try:
        yield site
    finally:
        site.close()


class Claviger(WebServer):
    """The program itself, as FastCGI whatever the tests are told."""

    def __init__(self, site):
        super().__init__(site, plain_cgi=False)
        site.servers.append(self)

    def pids(self):
        return [self.process.pid, *self.services()]

    def wait_for_rest(self):
        """Until the service has used no processor time for half a second."""
        def rests():
            before = processor_seconds(service)
            time.sleep(0.5)
            return processor_seconds(service) == before

        [service] = self.services()
        wait_until(rests, "the service to rest", 60)


class Responder(Claviger):
    """Another program in its place: the same lighttpd.conf.example, the same kind of socket."""

    def __init__(self, site, program, *arguments):
        self.command = " ".join([str(PROGRAMS / program), *map(str, arguments)])
        super().__init__(site)

    def configure(self, *arguments):
        text = super().configure(*arguments)
        demand(text.count(f'"{PROGRAM}"') == 1, "the program stands once in the configuration")
        return text.replace(f'"{PROGRAM}"', f'"{self.command}"')


def restarted(web):
    """A web server and a service that know nothing of what WEB's had in memory."""
    web.stop()
    return Claviger(web.site)


# ---- Processor time and memory ----------------------------------------------------------------

def processor_seconds(pid):
    """User and system time of all threads of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Spent:
    """The processor time of a web server and its service while the block ran."""

    def __init__(self, web):
        self.pids = web.pids()

    def __enter__(self):
        self.before = sum(processor_seconds(pid) for pid in self.pids)
        return self

    def __exit__(self, *_):
        self.seconds = sum(processor_seconds(pid) for pid in self.pids) - self.before


def resident_mib(pid, what="VmRSS"):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"(?m)^{what}:\s+(\d+) kB$", text).group(1)) / 1024


# ---- Load -------------------------------------------------------------------------------------

@dataclasses.dataclass
class Load:
    requests: int
    rate: float
    p99_ms: float
    refused: int
    processor_us: float  # per request, web server and service


def load(web, seconds, key=None, keys=None, path=SELF):
    """GET PATH over 32 connections, with one KEY or with each of KEYS in turn."""
    command = ["-t2", "-c32", f"-d{seconds}s"]
    url = f"http://127.0.0.1:{web.port}{path}"
    if keys is not None:
        key_file = web.site.directory / "keys.txt"
        key_file.write_text("\n".join(keys) + "\n")
        command += ["-s", BENCH / "keys.lua", url, "--", key_file]
    else:
        command += ["-H", f"Authorization: Bearer {key}", url]
    with Spent(web) as spent:
        text = wrk(command, seconds)
    return read_load(text, spent.seconds)


def wrk(arguments, seconds):
    """What wrk says after a load of SECONDS that met no error of the connections."""
    done = subprocess.run(["wrk", "--latency", *arguments], text=True, capture_output=True,
                          timeout=seconds + 60)
    demand(done.returncode == 0, f"wrk: {done.stderr}{done.stdout}")
    demand("Socket errors" not in done.stdout, f"wrk: {done.stdout}")
    return done.stdout


def read_load(text, spent_seconds):
    requests = int(re.search(r"(\d+) requests in ", text).group(1))
    p99 = re.search(r"(?m)^\s+99%\s+([\d.]+)(us|ms|s|m) *$", text)
    demand(p99, f"wrk: {text}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    demand(requests >= 1000, f"only {requests} requests")
    # The kernel's clock tick is 10 ms: below this it would be a tenth of the figure.
    demand(spent_seconds >= 0.1, f"only {spent_seconds:.2f} s of processor time")
    return Load(requests=requests,
                rate=float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
                p99_ms=float(p99.group(1)) * MILLISECONDS[p99.group(2)],
                refused=int(refused.group(1)) if refused else 0,
                processor_us=spent_seconds / requests * 1e6)


def ratios(rounds, of, to, attribute):
    return [getattr(r[of], attribute) / getattr(r[to], attribute) for r in rounds]


def median_of(rounds, name, attribute):
    return statistics.median(getattr(r[name], attribute) for r in rounds)


def interleaved(rounds, measure):
    """MEASURE's functions by name, called in turn; every other round the other way round, so that
    nobody always comes first. A list with one result by name a round."""
    results = []
    for number in range(rounds):
        names = list(measure) if number % 2 == 0 else list(reversed(measure))
        taken = {name: measure[name]() for name in names}
        results.append(taken)
    return results


def system_calls(web, key, seconds):
    """System calls of the service per request, by name; None and why where strace may not look:
    the service is not dumpable, so that only root may."""
    if shutil.which("strace") is None:
        return None, "strace is not installed"
    found = web.site.directory / "strace.txt"
    [pid] = web.services()
    tracer = subprocess.Popen(["strace", "-c", "-f", "-p", str(pid), "-o", found], text=True,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        said = tracer.stderr.readline()
        if "attached" not in said:
            tracer.wait(timeout=10)
            return None, said.strip()
        requests = load(web, seconds, key=key).requests
    finally:
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=20)
    lines = re.findall(r"(?m)^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$",
                       found.read_text())
    calls = {name: int(count) / requests for count, name in lines if name != "total"}
    return {name: count for name, count in calls.items() if count >= 0.01}, None


# ---- One request at a time ----------------------------------------------------------------------

def one_scrypt_ms():
    done = subprocess.run([PROGRAMS / "one_scrypt", "1"], text=True, capture_output=True,
                          timeout=60, check=True)
    return float(done.stdout)


@dataclasses.dataclass
class ScryptRuns:
    wall_ms: float  # the median run
    processor_ms: float  # a run
    rate: float  # runs a second, of all processes together


def scrypt_runs(runs, processes=1):
    """RUNS runs in each of so many processes at once, and nothing else."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = [subprocess.Popen([PROGRAMS / "one_scrypt", str(runs)], text=True,
                                stdout=subprocess.PIPE) for _ in range(processes)]
    each = [list(map(float, process.communicate(timeout=120)[0].split())) for process in started]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    demand(all(len(taken) == runs for taken in each), "one_scrypt ended early")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ScryptRuns(wall_ms=statistics.median(one for taken in each for one in taken),
                      processor_ms=spent * 1000 / (runs * processes),
                      rate=sum(runs / sum(taken) * 1000 for taken in each))


def request_ms(web, method, path, key, body=None, status=200):
    """From the first byte of a request to the last of its answer, on an open connection."""
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    headers = {"Authorization": f"Bearer {key}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    with contextlib.closing(connection):
        connection.connect()
        start = time.perf_counter()
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        spent = time.perf_counter() - start
    demand(answer.status == status, f"{method} {path}: {answer.status} {text}")
    return spent * 1000


def commit_ms(database):
    """One SQLite commit of about the size of a token's row."""
    start = time.perf_counter()
    database.execute("INSERT INTO rows VALUES (?)", (os.urandom(400),))
    database.commit()
    return (time.perf_counter() - start) * 1000


@contextlib.contextmanager
def commit_database(site):
    """A database beside claviger's, with the same promises to the disk."""
    with contextlib.closing(sqlite3.connect(site.directory / "commit.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE rows (value BLOB)")
        yield database


def stampede_ms(web, key, count):
    """COUNT clients send the same request at once; until the last has its answer."""
    request = (f"GET {SELF} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
               f"Authorization: Bearer {key}\r\n\r\n").encode()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", web.port), 60))
                   for _ in range(count)]
        start = time.perf_counter()
        for client in clients:
            client.sendall(request)
        answers = [read_to_end(client) for client in clients]
        spent = time.perf_counter() - start
    bad = [a for a in answers if not a.startswith(b"HTTP/1.1 200 ")]
    demand(not bad, f"{len(bad)} of {count} were refused, the first by {bad[:1]}")
    return spent * 1000


def read_to_end(client):
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def check_each(web, keys):
    """Every key once, over eight connections at a time."""
    def check(some):
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
        with contextlib.closing(connection):
            for key in some:
                connection.request("GET", SELF, headers={"Authorization": f"Bearer {key}"})
                answer = connection.getresponse()
                text = answer.read()
                demand(answer.status == 200, f"{answer.status} {text}")

    with ThreadPoolExecutor(8) as pool:
        # list(): so that what went wrong in a thread is raised here.
        list(pool.map(check, (keys[i:i + 500] for i in range(0, len(keys), 500))))


class Pressure:
    """Eight clients that create tokens and eight that check a cold key each time: what one kind
    created is the other's cold key, for the service remembers only what it has checked."""

    def __init__(self, web, cold_keys):
        self.web, self.cold_keys = web, cold_keys
        self.counts = {"created": 0, "checked": 0, "turned away": 0}
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.errors = []

    def __enter__(self):
        self.threads = [threading.Thread(target=self.run, args=(work,))
                        for work in (self.create, self.check) for _ in range(8)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def run(self, work):
        try:
            while not self.stop.is_set():
                work()
        except Exception as error:  # shown by who started the threads
            self.errors.append(error)

    def create(self):
        answer = self.web.call("POST", TOKENS, {})
        if self.count(answer, 201, "created"):
            self.cold_keys.put(answer.first["key"])

    def check(self):
        with contextlib.suppress(queue.Empty):
            key = self.cold_keys.get(timeout=0.1)
            self.count(self.web.call("GET", SELF, key=key), 200, "checked")

    def count(self, answer, status, what):
        demand(answer.status in (status, 503), f"{answer.status} {answer.body}")
        with self.lock:
            self.counts[what if answer.status == status else "turned away"] += 1
        return answer.status == status
