# SPDX-License-Identifier: ISC
"""The rows that wrk's load shows."""
import dataclasses
import math
import queue
import re
import time

from measuring import (BENCH, SELF, SLOW_THREADS, TOKENS, Claviger, Pressure, Responder, demand,
                       interleaved, load, median_of, opened_site, ratios, system_calls,
                       well_formed, wrk)
from report import Figure, loads_note
from stored import fill


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


def list_tokens(effort):
    with opened_site() as site:
        fill(site, 100, 1)
        claviger = Claviger(site)
        answer = claviger.call("GET", TOKENS)
        demand(answer.status == 200 and len(answer.data) == 100, answer.body[:200])
        webs = {"claviger": claviger,
                "empty": Responder(site, "empty_responder", len(answer.body), 4)}
        alike = webs["empty"].call("GET", TOKENS)
        demand(len(alike.body) == len(answer.body), "the empty responder's answer is shorter")
        rounds = interleaved(effort.rounds, {
            name: lambda web=web: load(web, effort.seconds, key=site.owner_key, path=TOKENS)
            for name, web in webs.items()})
    for taken in rounds:
        demand(not any(one.refused for one in taken.values()), f"refusals: {taken}")
    return (contest("list", rounds, {"empty": 2.0}),
            [loads_note(rounds, f"100 tokens, answers of {len(answer.body)} bytes")])


def contest(row, rounds, goals, name="claviger"):
    """Processor time, which has a goal, and rate, which has none, against others."""
    figures = []
    for other, goal in goals.items():
        figures.append(Figure(row, f"processor time ÷ {other} responder's",
                              ratios(rounds, name, other, "processor_us"), goal))
        figures.append(Figure(row, f"requests/s ÷ {other} responder's",
                              ratios(rounds, name, other, "rate")))
    return figures


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


def wrong_keys(claviger, count):
    selector = claviger.create(name="known")["key"][4:14]
    return [well_formed(selector) for _ in range(count)]


def refusals(claviger, effort, keys, runs, allowed):
    """Load of KEYS, none of which fits; the scrypt runs go to RUNS."""
    before, start = claviger.scrypt_runs(), time.monotonic()
    taken = load(claviger, effort.seconds, keys=keys)
    runs.append(claviger.scrypt_runs() - before)
    allowed.append(5 + SLOW_THREADS - 1 + math.floor((time.monotonic() - start) / 12))
    demand(taken.refused == taken.requests, f"{taken.requests - taken.refused} keys were accepted")
    return taken


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


@dataclasses.dataclass
class Mix:
    counts: dict
    p99_ms: float  # of the verifies


def mixed_load(web, seconds):
    """What mixed.lua does and sees over 32 connections. Those that it leaves in the middle have
    their tokens made all the same, which is not to disturb what comes next."""
    text = wrk(["-t32", "-c32", f"-d{seconds}s", "--timeout", "20s", "-s", BENCH / "mixed.lua",
                f"http://127.0.0.1:{web.port}", "--", web.site.owner_key], seconds)
    web.wait_for_rest()
    p99 = re.search(r"(?m)^verify p99 ([\d.]+) us$", text)
    demand(p99, f"wrk: {text}")
    counts = {kind: int(count) for kind, count in re.findall(r"(?m)^(\w+) count (\d+)$", text)}
    demand(counts["verify"] >= 1000 and not counts["refused"], f"wrk: {text}")
    return Mix(counts, float(p99.group(1)) / 1000)


def mixed(effort):
    with opened_site() as site:
        fill(site, 100, 1)
        claviger = Claviger(site)
        length = len(claviger.call("GET", SELF).body)
        webs = {"claviger": claviger, "empty": Responder(site, "empty_responder", length, 4)}
        rounds = interleaved(effort.rounds, {
            name: lambda web=web: mixed_load(web, effort.seconds) for name, web in webs.items()})
    each = []
    for name in webs:
        done = {kind: sum(taken[name].counts[kind] for taken in rounds)
                for kind in ("verify", "list", "create", "revoke")}
        each.append(f"{name} p99 {median_of(rounds, name, 'p99_ms'):.2f} ms, "
                    + ", ".join(f"{count} × {kind}" for kind, count in done.items()))
    return ([Figure("mixed", "p99 of the verifies ÷ p99 of the empty responder",
                    ratios(rounds, "claviger", "empty", "p99_ms"), 3)],
            ["of 100 steps 90 verify, 9 list 100 tokens and 1 makes a token and revokes it, on "
             "each of 32 connections one after the other, so that many of them wait for scrypt; "
             f"in {effort.rounds} × {effort.seconds} s: " + "; ".join(each)])
