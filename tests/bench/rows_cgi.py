# SPDX-License-Identifier: ISC
"""The row of plain CGI: what a request costs that starts the program."""
import statistics
import subprocess

from measuring import (BUILD, ENVIRONMENT, PROGRAMS, SCRYPT_BYTES, SELF, demand, interleaved,
                       opened_site, scrypt_runs)
from report import Figure

STATIC = BUILD / "static" / "claviger.fcgi"
RUNS = 40


def runs_of(program, count, environment):
    """The median time of a request, and the most memory that one had."""
    done = subprocess.run([PROGRAMS / "cgi_runs", str(count), program], text=True, timeout=120,
                          env={**ENVIRONMENT, **environment}, stdin=subprocess.DEVNULL,
                          capture_output=True)
    lines = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    demand(done.returncode == 0 and len(lines) == count, f"{program}: {done.stderr}")
    return statistics.median(ms for ms, _ in lines), max(kib for _, kib in lines)


def cgi(effort):
    request = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "REQUEST_URI": SELF,
               "REMOTE_ADDR": "127.0.0.1"}
    with opened_site() as cold_site, opened_site("memo_file = {directory}/memo") as warm_site:
        cold, warm = ({**request, "CLAVIGER_CONFIG": str(site.config),
                       "HTTP_AUTHORIZATION": f"Bearer {site.owner_key}"}
                      for site in (cold_site, warm_site))
        runs_of(STATIC, 1, warm)
        contenders = {"scrypt": lambda: (scrypt_runs(10).wall_ms, 0),
                      "empty": lambda: runs_of(PROGRAMS / "empty_cgi", RUNS, {}),
                      "cold": lambda: runs_of(STATIC, 10, cold),
                      "warm": lambda: runs_of(STATIC, RUNS, warm)}
        rounds = interleaved(effort.rounds, contenders)
    # A scrypt run takes that much memory, which then shows.
    with_scrypt = sum(each["warm"][1] * 1024 >= SCRYPT_BYTES for each in rounds)
    demand(all(each["cold"][1] * 1024 >= SCRYPT_BYTES for each in rounds), "cold without scrypt")
    figures = [Figure("cgi", "cold ÷ (one scrypt + an empty CGI program)",
                      [each["cold"][0] / (each["scrypt"][0] + each["empty"][0])
                       for each in rounds], 1.15),
               Figure("cgi", "warm, with memo_file, ÷ an empty CGI program",
                      [each["warm"][0] / each["empty"][0] for each in rounds], 2.0),
               Figure("cgi", "rounds in which a warm request ran scrypt", [with_scrypt], 0,
                      places=0)]
    medians = {name: statistics.median(each[name][0] for each in rounds) for name in contenders}
    return figures, ["from the start of the process to the end of its answer: "
                     + ", ".join(f"{name} {ms:.2f} ms" for name, ms in medians.items())
                     + "; the program is that of make static"]
