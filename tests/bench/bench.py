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
import shutil
import sys
import traceback

from measuring import LIGHTTPD, PROGRAM, PROGRAMS
from report import table, write_report
from rows_alone import cold_verify, create, create_parallel, restart, stampede
from rows_cgi import cgi
from rows_footprint import memory, size
from rows_gate import hot_gate
from rows_load import hot_verify, invalid, isolation, list_tokens, mixed
from rows_scale import scale_list, scale_verify, start
from stored import Stores


class Effort:
    """How long and how often: enough that the clock tick of 10 ms is below a hundredth."""

    def __init__(self, quick, stack):
        self.rounds = 3 if quick else 5
        self.few_rounds = 3
        self.seconds = 1 if quick else 4
        self.tokens = 3 if quick else 10
        self.known_tokens = 200 if quick else 1_000
        self.stored_tokens = 5_000 if quick else 100_000
        self.stores = stack.enter_context(Stores(20_000 if quick else 1_000_000,
                                                 self.rounds * self.tokens))


# Each returns its figures and what else is worth reading.
ROWS = {"hot-verify": hot_verify, "hot-gate": hot_gate, "isolation": isolation,
        "list": list_tokens, "invalid": invalid, "cold-verify": cold_verify, "stampede": stampede,
        "restart": restart, "create": create, "create-parallel": create_parallel,
        "scale-verify": scale_verify, "scale-list": scale_list, "start": start, "mixed": mixed,
        "memory": memory, "size": size, "cgi": cgi}


def main():
    parser = argparse.ArgumentParser(description="Measures claviger; see the top of this file.")
    parser.add_argument("--row", choices=ROWS, help="measure this one alone, write no report")
    parser.add_argument("--quick", action="store_true", help="short runs, write no report")
    options = parser.parse_args()
    demand_programs()
    with contextlib.ExitStack() as stack:
        rows = [options.row] if options.row else ROWS
        figures, notes, missing = measure(rows, Effort(options.quick, stack))
    if missing:
        sys.exit(f"bench: not measured: {', '.join(missing)}")
    if not options.row and not options.quick:
        write_report(figures, notes)


def measure(rows, effort):
    """All figures and notes, and the rows that could not be measured; prints each row at once."""
    figures, notes, missing = [], [], []
    for name in rows:
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
    return figures, notes, missing


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
