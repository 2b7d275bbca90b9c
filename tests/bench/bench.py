#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Measures claviger and writes docs/performance.md.

Every figure is a ratio of two things that were taken in turn in one run, or a count or a size:
machines are shared and noisy, and what both sides feel cancels out. Nothing here passes or fails
by its speed; the exit status is 1 where a measurement could not be made.

    bench.py               all rows, docs/performance.md
    bench.py --row NAME    one of them, on the terminal only
    bench.py --quick       short runs, to try the bench itself, on the terminal only
"""
import argparse
import contextlib
import datetime
import math
import os
import pathlib
import platform
import queue
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
import traceback

from measuring import (LIGHTTPD, MIB, PROGRAM, PROGRAMS, ROOT, SCRYPT_BYTES, SELF, TOKENS, WEAK,
                       Claviger, Figure, Responder, check_each, commit_database, commit_ms,
                       demand, demand_same_hash, insert_tokens, interleaved, load, median_of,
                       one_scrypt_ms, opened_site, ratios, request_ms, resident_mib, restarted,
                       stampede_ms, system_calls, well_formed)

REPORT = ROOT / "docs" / "performance.md"
CORES = os.cpu_count()
# As claviger's configuration has it: cores, at least 2, at most 4.
SLOW_THREADS = min(max(CORES, 2), 4)
PACKAGES_WANTED = {"libfcgi0ldbl", "libscrypt0", "libsqlite3-0", "libjson-c5", "libsodium23"}


class Effort:
    """How long and how often: enough that the clock tick of 10 ms is below a hundredth."""

    def __init__(self, quick):
        self.rounds = 3 if quick else 5
        self.few_rounds = 3
        self.seconds = 1 if quick else 4
        self.tokens = 3 if quick else 10
        self.stored_tokens = 5_000 if quick else 100_000


# ---- The rows: each returns its figures and what else is worth reading -------------------------

def hot_verify(effort):
    with opened_site() as site:
        claviger = Claviger(site)
        key = claviger.create(name="hot")["key"]
        length = len(claviger.call("GET", SELF, key=key).body)
        webs = {"claviger": claviger,
                "empty": Responder(site, "empty_responder", length, 4),
                "bare": Responder(site, "bare_responder", length)}
        for name, web in webs.items():
            answer = web.call("GET", SELF, key=key)
            demand((answer.status, len(answer.body)) == (200, length), f"{name}: {answer.body}")
        rounds = interleaved(effort.rounds, {
            name: lambda web=web: load(web, effort.seconds, key=key)
            for name, web in webs.items()})
        for taken in rounds:
            demand(not any(one.refused for one in taken.values()), f"refusals: {taken}")
        notes = [loads_note(rounds, f"answers of {length} bytes")]
        notes += [system_calls_note(name, webs[name], key) for name in ("claviger", "empty")]
    return contest("hot-verify", rounds, {"empty": 0.85, "bare": 1.30}), notes


def contest(row, rounds, goals, name="claviger"):
    """Processor time, which has a goal, and rate, which has none, against others."""
    figures = []
    for other, goal in goals.items():
        figures.append(Figure(row, f"processor time ÷ {other} responder's",
                              ratios(rounds, name, other, "processor_us"), goal))
        figures.append(Figure(row, f"requests/s ÷ {other} responder's",
                              ratios(rounds, name, other, "rate")))
    return figures


def loads_note(rounds, what):
    each = [f"{name} {median_of(rounds, name, 'processor_us'):.1f} µs, "
            f"{median_of(rounds, name, 'rate'):.0f}/s" for name in rounds[0]]
    return f"{what}; processor time a request (web server and program) and rate: " + "; ".join(each)


def system_calls_note(name, web, key):
    calls, refusal = system_calls(web, key, 2)
    if calls is None:
        return f"system calls of {name}: not counted, {refusal}"
    each = ", ".join(f"{count:.2f} {call}" for call, count in
                     sorted(calls.items(), key=lambda item: -item[1]))
    return f"system calls a request of {name}: {sum(calls.values()):.1f} ({each})"


def invalid(effort):
    figures, notes = [], []
    with opened_site() as site:
        claviger = Claviger(site)
        refusal = claviger.call("GET", SELF, key="garbage")
        demand(refusal.status == 401, refusal.body)
        empty = Responder(site, "empty_responder", len(refusal.body), 4)
        unknown = [well_formed() for _ in range(2000)]
        garbage = ["garbage"]
        # The empty responder gets headers of the same length; (c) a selector of its own in each
        # round, whose allowance of failures is whole.
        kinds = {"(a) garbage": (lambda: garbage, garbage),
                 "(b) well-formed but unknown": (lambda: unknown, unknown),
                 "(c) wrong secrets for a known selector":
                     (lambda: wrong_keys(claviger, len(unknown)), unknown)}
        for kind, (keys, keys_alike) in kinds.items():
            runs, allowed = [], []
            rounds = interleaved(effort.few_rounds, {
                "claviger": lambda keys=keys: refusals(claviger, effort, keys(), runs, allowed),
                "empty": lambda keys=keys_alike: load(empty, effort.seconds, keys=keys)})
            known = kind.startswith("(c)")
            figures += [Figure("invalid", f"{kind}: {f.what}", f.values, None if known else f.goal)
                        for f in contest("invalid", rounds, {"empty": 0.85})]
            if known:
                share = [run / most for run, most in zip(runs, allowed)]
                figures.append(Figure("invalid", f"{kind}: scrypt runs ÷ what the throttle allows",
                                      share, 1))
                notes.append(f"{kind}: {runs} scrypt runs a round, allowed {allowed}: five for "
                             "one address, those beside the first, one more every 12 s")
            else:
                figures.append(Figure("invalid", f"{kind}: scrypt runs", runs, 0, places=0))
            notes.append(f"{kind}: " + loads_note(rounds, f"{effort.seconds} s a round"))
    return figures, notes


def slow_threads():
    """The default of the key: how many runs may begin before the first has failed."""
    return min(max(os.cpu_count(), 2), 4)


def wrong_keys(claviger, count):
    selector = claviger.create(name="known")["key"][4:14]
    return [well_formed(selector) for _ in range(count)]


def refusals(claviger, effort, keys, runs, allowed):
    """Load of KEYS, none of which fits; the scrypt runs go to RUNS."""
    before, start = claviger.scrypt_runs(), time.monotonic()
    taken = load(claviger, effort.seconds, keys=keys)
    runs.append(claviger.scrypt_runs() - before)
    allowed.append(5 + slow_threads() - 1 + math.floor((time.monotonic() - start) / 12))
    demand(taken.refused == taken.requests, f"{taken.requests - taken.refused} keys were accepted")
    return taken


def cold_verify(effort):
    shares, spent, runs = [], [], []
    with opened_site() as site:
        web = Claviger(site)
        keys = [web.create(name="cold")["key"] for _ in range(effort.tokens)]
        for _ in range(effort.rounds):
            web = restarted(web)
            pairs = [(request_ms(web, "GET", SELF, key), one_scrypt_ms()) for key in keys]
            cold, scrypt = (statistics.median(side) for side in zip(*pairs))
            shares.append(cold / scrypt)
            spent.append(cold)
            runs.append(web.scrypt_runs() / len(keys))
    figures = [Figure("cold-verify", "first request of a token after a start ÷ one scrypt",
                      shares, 1.10),
               Figure("cold-verify", "scrypt runs a token", runs, 1)]
    return figures, [f"{effort.tokens} tokens a start, the first request of one takes "
                     f"{statistics.median(spent):.1f} ms"]


def stampede(effort):
    shares, spent, runs = [], [], []
    with opened_site() as site:
        web = Claviger(site)
        keys = [web.create(name="stampede")["key"] for _ in range(effort.tokens)]
        for _ in range(effort.rounds):
            web = restarted(web)
            pairs = [(stampede_ms(web, key, 64), one_scrypt_ms()) for key in keys]
            last, scrypt = (statistics.median(side) for side in zip(*pairs))
            shares.append(last / scrypt)
            spent.append(last)
            runs.append(web.scrypt_runs() / len(keys))
    figures = [Figure("stampede", "64 first requests of one token: last answer ÷ one scrypt",
                      shares, 1.5),
               Figure("stampede", "scrypt runs a stampede", runs, 1)]
    return figures, [f"the last answer comes after {statistics.median(spent):.1f} ms"]


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


def isolation(effort):
    totals = []

    def pressed():
        with Pressure(web, cold_keys) as pressure:
            taken = load(web, effort.seconds, key=hot)
        demand(not pressure.errors, f"under pressure: {pressure.errors[:1]}")
        totals.append(pressure.counts)
        return taken

    with opened_site() as site:
        web = Claviger(site)
        hot = web.create(name="hot")["key"]
        web.call("GET", SELF, key=hot)
        cold_keys = queue.Queue()
        for _ in range(32):
            cold_keys.put(web.create(name="cold")["key"])
        rounds = interleaved(effort.rounds, {
            "quiet": lambda: load(web, effort.seconds, key=hot), "pressed": pressed})
        for taken in rounds:
            demand(not any(one.refused for one in taken.values()), f"refusals: {taken}")
    figures = [Figure("isolation", "p99 of hot verifies under 8 creating and 8 cold clients ÷ "
                      "without them", ratios(rounds, "pressed", "quiet", "p99_ms"), 3),
               Figure("isolation", "requests/s of the same", ratios(rounds, "pressed", "quiet",
                                                                    "rate"))]
    each = "; ".join(f"{name} p99 {median_of(rounds, name, 'p99_ms'):.2f} ms, "
                     f"{median_of(rounds, name, 'rate'):.0f}/s" for name in rounds[0])
    done = ", ".join(f"{sum(t[what] for t in totals)} {what}" for what in totals[0])
    return figures, [f"{each}; meanwhile, in {effort.rounds} × {effort.seconds} s: {done}"]


def create(effort):
    shares, posts, commits = [], [], []
    with opened_site() as site, commit_database(site) as database:
        web = Claviger(site)
        web.create(name="warm")
        for _ in range(effort.rounds):
            taken = [(request_ms(web, "POST", TOKENS, site.owner_key, b"{}", status=201),
                      one_scrypt_ms(), commit_ms(database)) for _ in range(effort.tokens)]
            post, scrypt, commit = (statistics.median(side) for side in zip(*taken))
            shares.append(post / (scrypt + commit))
            posts.append(post)
            commits.append(commit)
    return ([Figure("create", "POST ÷ (one scrypt + one SQLite commit with fsync)", shares, 1.15)],
            [f"a creation takes {statistics.median(posts):.1f} ms, a commit "
             f"{statistics.median(commits):.2f} ms"])


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


ROWS = {"hot-verify": hot_verify, "invalid": invalid, "cold-verify": cold_verify,
        "stampede": stampede, "isolation": isolation, "create": create, "memory": memory,
        "size": size}


# ---- The report ---------------------------------------------------------------------------------

def version(command, pattern=r"(\d[\w.+~-]*)"):
    try:
        done = subprocess.run(command, text=True, capture_output=True, timeout=10)
    except OSError:
        return "unknown"
    found = re.search(pattern, done.stdout)
    return found.group(1) if found else "unknown"


def surroundings():
    model = re.search(r"(?m)^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text())
    libraries = {"libfcgi": "fcgi", "SQLite": "sqlite3", "libsodium": "libsodium"}
    versions = [f"lighttpd {version([LIGHTTPD, '-v'], r'lighttpd/([0-9.]+)')}"]
    versions += [f"{name} {version(['pkg-config', '--modversion', package])}"
                 for name, package in libraries.items()]
    return [f"- Machine: {model.group(1) if model else platform.machine()}, {CORES} cores, "
            f"Linux {platform.release()}",
            f"- Versions: {', '.join(versions)}",
            f"- Date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"]


def table(figures):
    rows = [["row", "what", "goal", "median", "spread", ""]] + [f.cells() for f in figures]
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return [lines[0], "|---|---|---|---|---|---|", *lines[1:]]


METHOD = """\
Written by `make bench`; `make bench ROW=hot-verify` measures one row alone.

Machines are shared and noisy, so every figure of speed is a ratio of two things that were taken
in turn in one run, several rounds of it. The table shows the median of the rounds and the lowest
and highest of them. Rates move with whatever else the machine does; processor time per request
(web server and program, user and system, from `/proc/PID/stat`) hardly does, so the goals of
speed hold for it.

- **Empty responder**: libfcgi's usual loop in 4 threads with a fixed answer of the same length
  (`tests/bench/empty_responder.c`): what anybody's FastCGI program starts from.
- **Bare responder**: the same answer by one `accept4`, `read`, `write` and `close`, without a
  library, in one thread (`tests/bench/bare_responder.c`): the limit that the web server and the
  kernel set.
- **One scrypt**: `libscrypt_scrypt` alone with N = 16384, r = 8, p = 1
  (`tests/bench/one_scrypt.c`).

All three contenders stand behind lighttpd with `lighttpd.conf.example` and the same kind of
socket; rates come from `wrk -t2 -c32` on the same machine.
"""


def write_report(figures, notes):
    text = ["# Performance", "", METHOD, *surroundings(), "", *table(figures), "",
            "## Beside the table", "", *(f"- {row}: {note}" for row, note in notes), ""]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join(text))
    print(f"written: {REPORT.relative_to(ROOT)}")


def main():
    parser = argparse.ArgumentParser(description="Measures claviger; see the top of this file.")
    parser.add_argument("--row", choices=ROWS, help="measure this one alone, write no report")
    parser.add_argument("--quick", action="store_true", help="short runs, write no report")
    options = parser.parse_args()
    effort = Effort(options.quick)
    figures, notes, missing = [], [], []
    demand_programs()
    for name in [options.row] if options.row else ROWS:
        try:
            taken, said = ROWS[name](effort)
        except Exception:  # one row that cannot be measured must not hide the others
            traceback.print_exc()
            print(f"{name}: NOT MEASURED, see above", flush=True)
            missing.append(name)
            continue
        figures += taken
        notes += [(name, note) for note in said]
        print("\n".join(table(taken)[2:] + [f"  {note}" for note in said]), flush=True)
    if missing:
        sys.exit(f"bench: not measured: {', '.join(missing)}")
    if not options.row and not options.quick:
        write_report(figures, notes)


def demand_programs():
    for program in ("wrk", "strip", "ldd", LIGHTTPD):
        if shutil.which(program) is None:
            sys.exit(f"bench: {program} is not installed; see ./setup")
    for program in (PROGRAM, *(PROGRAMS / p for p in ("empty_responder", "bare_responder",
                                                      "one_scrypt"))):
        if not program.exists():
            sys.exit(f"bench: {program} is not built; use make bench")


if __name__ == "__main__":
    main()
