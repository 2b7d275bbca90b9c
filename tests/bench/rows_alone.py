# SPDX-License-Identifier: ISC
"""The rows that one request at a time shows, or one burst, against scrypt alone."""
import statistics

from measuring import (SELF, TOKENS, Claviger, commit_database, commit_ms, one_scrypt_ms,
                       opened_site, request_ms, restarted, stampede_ms)
from report import Figure


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
