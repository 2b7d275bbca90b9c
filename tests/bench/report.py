# SPDX-License-Identifier: ISC
"""The table: what a row has measured against its goal, and docs/performance.md."""
import dataclasses
import datetime
import pathlib
import platform
import re
import statistics
import subprocess

from measuring import CORES, LIGHTTPD, ROOT, median_of

REPORT = ROOT / "docs" / "performance.md"
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

All contenders stand behind lighttpd with `lighttpd.conf.example` and the same kind of
socket; rates come from `wrk -t2 -c32` on the same machine.

The rows that compare stores have one of 1,000,000 tokens, a tenth of them of the account that asks,
and one of 1,000, all of that account, both filled by one statement (`tests/bench/stored.py`).
"""


@dataclasses.dataclass
class Figure:
    """One line of the table: a value a round, and how much its median should be at most, or,
    AT_LEAST, at least."""
    row: str
    what: str
    values: list
    goal: float = None
    unit: str = ""
    places: int = 2
    at_least: bool = False

    @property
    def median(self):
        return statistics.median(self.values)

    def written(self, value):
        return f"{value:.{self.places}f}{self.unit}"

    @property
    def spread(self):
        return f"{self.written(min(self.values))} – {self.written(max(self.values))}"

    @property
    def verdict(self):
        if self.goal is None:
            return "no goal"
        if self.median == self.goal or (self.median > self.goal) == self.at_least:
            return "reached"
        side = "below" if self.at_least else "above"
        missing = f"{self.written(abs(self.median - self.goal))} {side}"
        return missing + (f" ({self.median / self.goal - 1:+.1%})" if self.goal else "")

    def cells(self):
        sign = "≥ " if self.at_least else "≤ "
        goal = "–" if self.goal is None else sign + self.written(self.goal)
        return [self.row, self.what, goal, self.written(self.median), self.spread, self.verdict]


def loads_note(rounds, what):
    each = [f"{name} {median_of(rounds, name, 'processor_us'):.1f} µs, "
            f"{median_of(rounds, name, 'rate'):.0f}/s" for name in rounds[0]]
    return f"{what}; processor time a request (web server and program) and rate: " + "; ".join(each)


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


def write_report(figures, notes):
    text = ["# Performance", "", METHOD, *surroundings(), "", *table(figures), "",
            "## Beside the table", "", *(f"- {row}: {note}" for row, note in notes), ""]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join(text))
    print(f"written: {REPORT.relative_to(ROOT)}")
