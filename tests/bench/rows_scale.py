# SPDX-License-Identifier: ISC
"""The rows that compare a store of very many tokens with one of few."""
import contextlib
import http.client
import json
import socket
import statistics
import subprocess
import time

from measuring import (ENVIRONMENT, PROGRAM, SELF, TOKENS, check_each, demand, interleaved, load,
                       ratios, request_ms)
from report import Figure, loads_note
from stored import WEAK

from fastcgi_peer import Peer, request, variables

PAGE = TOKENS + "?limit=100"


def scale_verify(effort):
    stores = dict(zip(("many", "few"), effort.stores.both()))
    hot, hot_notes = verify_hot(effort, stores)
    cold, cold_notes = verify_cold(effort, stores)
    return hot + cold, hot_notes + cold_notes


def counts(stores):
    return f"{stores['many'].count:,} tokens ÷ {stores['few'].count:,}"


def verify_hot(effort, stores):
    with contextlib.ExitStack() as stack:
        webs = {name: stack.enter_context(running(store, WEAK)) for name, store in stores.items()}
        for name, web in webs.items():
            check_each(web, stores[name].hot)
        rounds = interleaved(effort.rounds, {
            name: lambda web=web, keys=stores[name].hot: load(web, effort.seconds, keys=keys)
            for name, web in webs.items()})
    for taken in rounds:
        demand(not any(one.refused for one in taken.values()), f"refusals: {taken}")
    what = f"hot verifies, {counts(stores)}"
    return ([Figure("scale-verify", f"{what}: requests a second of processor time",
                    ratios(rounds, "few", "many", "processor_us"), 0.90, at_least=True),
             Figure("scale-verify", f"{what}: requests/s", ratios(rounds, "many", "few", "rate"))],
            [loads_note(rounds, f"hot, {len(stores['many'].hot)} keys in turn, at equal distances "
                                "in the table")])


def verify_cold(effort, stores):
    """Each key once, so that it is cold although the service never starts again."""
    keys = iter(stores["many"].cold)
    shares, spent = [], []
    with contextlib.ExitStack() as stack:
        webs = {name: stack.enter_context(running(store)) for name, store in stores.items()}
        for _ in range(effort.rounds):
            some = [next(keys) for _ in range(effort.tokens)]
            taken = interleaved_requests(webs, some)
            many, few = (statistics.median(taken[name]) for name in ("many", "few"))
            shares.append(many / few)
            spent.append(many)
        for name, web in webs.items():
            demand(web.scrypt_runs() == effort.rounds * effort.tokens, f"{name}: a key was warm")
    return ([Figure("scale-verify", f"first request of a token, {counts(stores)}", shares, 1.05)],
            [f"cold: {statistics.median(spent):.1f} ms with {stores['many'].count:,} tokens"])


def interleaved_requests(webs, keys):
    """Milliseconds of the first request of each of KEYS, by the name of the web server."""
    rounds = interleaved(len(keys), {
        name: lambda web=web, keys=iter(keys): request_ms(web, "GET", SELF, next(keys))
        for name, web in webs.items()})
    return {name: [taken[name] for taken in rounds] for name in webs}


@contextlib.contextmanager
def running(store, config=""):
    web = store.start(config)
    try:
        yield web
    finally:
        web.stop()


def scale_list(effort):
    stores = dict(zip(("many", "few"), effort.stores.both()))
    with running(stores["many"]) as many, running(stores["few"]) as few:
        cursors = following(many, many.site.owner_key)
        pages = {"the first": "", "a middle": "&cursor=" + cursors[len(cursors) // 2],
                 "the last": "&cursor=" + cursors[-1]}
        measure = {name: lambda web=web, path=path: load(web, effort.seconds, path=path,
                                                         key=web.site.owner_key)
                   for name, web, path in [("few", few, PAGE)] + [
                       (page, many, PAGE + query) for page, query in pages.items()]}
        rounds = interleaved(effort.few_rounds, measure)
    for taken in rounds:
        demand(not any(one.refused for one in taken.values()), f"refusals: {taken}")
    figures = []
    for page in pages:
        what = f"{page} page of 100, {counts(stores)}"
        figures += [Figure("scale-list", f"{what}: processor time",
                           ratios(rounds, page, "few", "processor_us"), 2),
                    Figure("scale-list", f"{what}: requests/s",
                           ratios(rounds, page, "few", "rate"))]
    note = (f"{(len(cursors) + 1) * 100:,} of the {stores['many'].count:,} tokens are the "
            "caller's, each tenth of the table; all of the few are")
    return figures, [note, loads_note(rounds, f"{effort.seconds} s a round")]


def following(web, key):
    """The cursors of all pages of 100 after the first; each page must be full."""
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    found = []
    with contextlib.closing(connection):
        path = PAGE
        while path:
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            page = json.loads(answer.read())
            demand(answer.status == 200 and len(page["data"]) == 100, f"{path}: no page of 100")
            cursor = page["pagination"]["nextCursor"]
            path = cursor and f"{PAGE}&cursor={cursor}"
            found += [cursor] if cursor else []
    return found


def start(effort):
    stores = dict(zip(("many", "few"), effort.stores.both()))
    for store in stores.values():
        store.configure(WEAK)
    rounds = interleaved(effort.tokens, {
        name: lambda store=store: start_ms(store.site, store.hot[0])
        for name, store in stores.items()})
    taken = {name: [one[name] for one in rounds] for name in stores}
    figures = [Figure("start", "from exec to the first answer with "
                      f"{stores['many'].count:,} tokens, apart from scrypt", taken["many"], 50,
                      " ms", 1),
               Figure("start", f"the same, {counts(stores)}",
                      [one["many"] / one["few"] for one in rounds])]
    return figures, ["the service by itself, its socket handed down, a verify waiting in it whose "
                     "token has a weak hash (N = 2, r = 1); the store is in the memory of the "
                     f"kernel; with {stores['few'].count:,} tokens "
                     f"{statistics.median(taken['few']):.1f} ms"]


def start_ms(site, key):
    """From exec to the last byte of the answer to a request that was there before."""
    path = site.directory / "start.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        with Peer(path, timeout=30) as peer:
            peer.send(request(variables(uri=SELF, key=key)))
            begin = time.perf_counter()
            service = subprocess.Popen([PROGRAM, "--config", site.config], stdin=listening,
                                       stdout=subprocess.DEVNULL, env=ENVIRONMENT)
            try:
                answer = peer.reply().answer
                spent = time.perf_counter() - begin
            finally:
                service.terminate()
                service.wait(timeout=60)
    demand(answer.status == 200, f"{answer.status} {answer.body}")
    return spent * 1000
