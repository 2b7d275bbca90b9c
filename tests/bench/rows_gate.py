# SPDX-License-Identifier: ISC
"""The row of the gate: a static file behind examples/lighttpd-gate.conf."""
from claviger_site import WebServer
from measuring import (PROGRAM, PROGRAMS, Claviger, demand, interleaved, load, median_of,
                       opened_site, ratios)
from report import Figure

FILE = "/guarded/file.txt"
SIZE = 559


class Gate(Claviger):
    """The example, with claviger as authorizer or with another COMMAND in its place."""

    def __init__(self, site, command=None):
        self.command = command
        WebServer.__init__(self, site, plain_cgi=False, example="examples/lighttpd-gate.conf",
                           values={"private": f'"{site.directory / "private"}"', "backend": "1"})
        site.servers.append(self)

    def configure(self, *arguments):
        text = super().configure(*arguments)
        return text.replace(f'"{PROGRAM}"', f'"{self.command}"') if self.command else text


def hot_gate(effort):
    with opened_site("policy = {directory}/policy\n") as site:
        policy, file = site.directory / "policy", site.directory / "private" / FILE[1:]
        policy.write_text("GET /guarded/* analytics:read -\n")
        policy.chmod(0o600)
        file.parent.mkdir(parents=True)
        file.write_text("x" * SIZE)
        webs = {"claviger": Gate(site),
                "empty": Gate(site, f"{PROGRAMS / 'empty_authorizer'} 4")}
        for name, web in webs.items():
            answer = web.call("GET", FILE)
            demand((answer.status, len(answer.body)) == (200, SIZE), f"{name}: {answer.body}")
        demand(webs["claviger"].call("GET", FILE, key=None).status == 401, "nobody was asked")
        rounds = interleaved(effort.rounds, {
            name: lambda web=web: load(web, effort.seconds, key=site.owner_key, path=FILE)
            for name, web in webs.items()})
    for taken in rounds:
        demand(not any(one.refused for one in taken.values()), f"refusals: {taken}")
    figures = [Figure("hot-gate", "processor time ÷ an empty authorizer's",
                      ratios(rounds, "claviger", "empty", "processor_us"), 0.85),
               Figure("hot-gate", "requests/s ÷ an empty authorizer's",
                      ratios(rounds, "claviger", "empty", "rate"))]
    return figures, ["a file of so many bytes as an answer of hot-verify; processor time a request: "
                     + ", ".join(f"{name} {median_of(rounds, name, 'processor_us'):.1f} µs"
                                 for name in webs)]
