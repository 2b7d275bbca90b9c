# SPDX-License-Identifier: ISC
"""The rows that one request at a time shows, or a few clients, against scrypt alone."""
import dataclasses
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from measuring import (CORES, SELF, TOKENS, Claviger, Spent, check_each, commit_database,
                       commit_ms, interleaved, median_of, one_scrypt_ms, opened_site, request_ms, restarted,
                       scrypt_runs, stampede_ms)
from report import Figure
from stored import WEAK, demand_same_hash, insert_tokens


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


def restart(effort):
    """What a file of the memo saves: all keys are known again after a restart."""
    shares, runs, hot_ms = [], [], []
    with opened_site(WEAK + "memo_file = {directory}/memo\n") as site:
        web = Claviger(site)
        demand_same_hash(site, web.create(name="probe")["key"])
        keys = insert_tokens(site, effort.known_tokens)
        check_each(web, keys)
        for _ in range(effort.rounds):
            web = restarted(web)
            first, again = ([request_ms(web, "GET", SELF, key) for key in keys] for _ in range(2))
            shares.append(statistics.median(first) / statistics.median(again))
            hot_ms.append(statistics.median(again))
            runs.append(web.scrypt_runs())
    figures = [Figure("restart", f"with memo_file: first request of each of {len(keys):,} known "
                      "tokens after a restart ÷ hot", shares, 1.5),
               Figure("restart", "scrypt runs of all of them", runs, 0)]
    return figures, [f"a hot request, one at a time, takes {statistics.median(hot_ms):.2f} ms"]


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


@dataclasses.dataclass
class Creations:
    rate: float
    processor_ms: float  # a creation, web server and service


def creations(web, clients, seconds):
    """CLIENTS that create one token after the other for so long, and end what they began."""
    def run(_):
        count = 0
        while time.perf_counter() < end:
            web.create()
            count += 1
        return count

    with Spent(web) as spent, ThreadPoolExecutor(clients) as pool:
        begin = time.perf_counter()
        end = begin + seconds
        count = sum(pool.map(run, range(clients)))
        taken = time.perf_counter() - begin
    return Creations(count / taken, spent.seconds * 1000 / count)


def create_parallel(effort):
    with opened_site() as site:
        web = Claviger(site)
        web.create(name="warm")
        rounds = interleaved(effort.rounds, {
            "creations": lambda: creations(web, 8, effort.seconds),
            "alone": lambda: scrypt_runs(effort.tokens),
            "at once": lambda: scrypt_runs(effort.tokens, CORES)})
    limits = [(r["creations"], r["alone"], r["at once"]) for r in rounds]
    figures = [Figure("create-parallel", "8 clients: requests/s ÷ (cores ÷ one scrypt)",
                      [made.rate * alone.wall_ms / 1000 / CORES for made, alone, _ in limits],
                      0.85, at_least=True),
               Figure("create-parallel", "8 clients: requests/s ÷ those of scrypt on all cores at "
                      "once", [made.rate / at_once.rate for made, _, at_once in limits]),
               Figure("create-parallel", "8 clients: processor time ÷ one scrypt's",
                      [made.processor_ms / alone.processor_ms for made, alone, _ in limits])]
    return figures, [f"{median_of(rounds, 'creations', 'rate'):.1f} creations/s; scrypt alone "
                     f"{median_of(rounds, 'alone', 'rate'):.1f}/s, on {CORES} cores at once "
                     f"{median_of(rounds, 'at once', 'rate'):.1f}/s; processor time a creation "
                     f"{median_of(rounds, 'creations', 'processor_ms'):.1f} ms"]
