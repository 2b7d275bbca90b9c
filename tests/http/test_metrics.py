# SPDX-License-Identifier: ISC
"""GET /metrics: Prometheus' text format to the letter, and numbers that are true."""
import re
import time

import pytest

from asking import QUICK, change, form
from claviger_site import ROOT, B, PLAIN_CGI, TOKENS, Site, wait_until, well_formed

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?\d+(?:\.\d+)?)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def parse(text):
    """The samples by name and labels. Refuses whatever Prometheus, or its promtool, would not take:
    a sample without HELP and TYPE before it, a name or a sample twice, a counter that is not called
    _total, a line that is none."""
    assert text.endswith("\n")
    described, typed, samples, current = set(), {}, {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, words = line[len("# HELP "):].split(" ", 1)
            assert name not in described and words == words.strip() and words.endswith("."), line
            described.add(name)
        elif line.startswith("# TYPE "):
            name, kind = line[len("# TYPE "):].split(" ")
            assert name in described and name not in typed and kind in ("counter", "gauge"), line
            assert (kind == "counter") == name.endswith("_total"), line
            typed[name] = current = kind and name
        else:
            match = SAMPLE.fullmatch(line)
            assert match and match[1] == current, line
            labels = LABEL.findall(match[2] or "")
            assert ",".join(f'{k}="{v}"' for k, v in labels) == (match[2] or ""), line
            key = (match[1], *sorted(labels))
            assert key not in samples, line
            samples[key] = float(match[3])
    assert described == set(typed)
    return samples


def read(web):
    answer = web.call("GET", "/metrics", key=None)
    assert answer.status == 200
    assert answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    return parse(answer.body.decode())


def answered(samples, method, route, status):
    return samples.get(("claviger_requests_total", ("method", method), ("route", route),
                        ("status", str(status))), 0)


@pytest.fixture(scope="module")
def web():
    site = Site(QUICK + "memo_entries = 1024\n")
    try:
        yield site.start()
    finally:
        site.close()


def test_the_text_is_what_prometheus_reads(web):
    samples = read(web)
    names = {key[0] for key in samples}
    assert {"claviger_build_info", "claviger_start_time_seconds", "claviger_requests_waiting",
            "claviger_scrypt_runs_total", "claviger_scrypt_running", "claviger_memo_entries",
            "claviger_memo_capacity", "claviger_store_failures_total",
            "claviger_log_lines_dropped_total"} <= names
    assert samples[("claviger_build_info", ("version", "0.1.0"))] == 1
    assert samples["claviger_memo_capacity",] == 1024
    assert 0 <= time.time() - samples["claviger_start_time_seconds",] < 600
    assert samples["claviger_store_failures_total",] == 0


@pytest.mark.skipif(PLAIN_CGI, reason="a process lives for one request")
def test_answers_are_counted_by_route_and_status(web):
    token = web.create()
    before = read(web)
    asked = [("GET", TOKENS + "/self", "owner", TOKENS + "/self", 200),
             ("GET", TOKENS + "/self", "garbage", TOKENS + "/self", 401),
             ("GET", f"{TOKENS}/{token['id']}", "owner", TOKENS + "/{tokenId}", 200),
             ("HEAD", f"{TOKENS}/{token['id']}", "owner", TOKENS + "/{tokenId}", 200),
             ("GET", f"{TOKENS}/{'0' * 24}", "owner", TOKENS + "/{tokenId}", 404),
             ("POST", TOKENS, "owner", TOKENS, 400),
             ("DELETE", f"{TOKENS}/{token['id']}", "owner", TOKENS + "/{tokenId}", 200),
             ("GET", "/healthz", None, "/healthz", 200),
             ("GET", B + "/nowhere", "owner", "unknown", 404),
             ("PUT", TOKENS, "owner", "unknown", 405)]
    for method, path, key, _, status in asked:
        assert web.call(method, path, key=key).status == status
    assert form(web, "/api/v1/revoke", {"token": "x"}, key=None).status == 200
    after = read(web)
    for method, _, _, route, status in asked + [("POST", 0, 0, "/api/v1/revoke", 200)]:
        method = "" if route == "unknown" else "GET" if method == "HEAD" else method
        times = sum(1 for m, _, _, r, s in asked
                    if (r, s) == (route, status)
                    and (m == method or (m, method) == ("HEAD", "GET") or not method)) or 1
        counted = answered(after, method, route, status) - answered(before, method, route, status)
        assert counted == times, (method, route, status)
    assert answered(after, "GET", "/metrics", 200) == answered(before, "GET", "/metrics", 200) + 1


@pytest.mark.skipif(PLAIN_CGI, reason="a process lives for one request")
def test_the_memo_says_how_full_it_is(web):
    token = web.create()
    before = read(web)["claviger_memo_entries",]
    for _ in range(3):
        web.call("GET", TOKENS + "/self", key=token["key"])
        web.call("GET", TOKENS + "/self", key=well_formed())
        web.call("GET", TOKENS + "/self", key=well_formed(token["key"][4:14]))
    assert read(web)["claviger_memo_entries",] == before + 1


@pytest.mark.skipif(PLAIN_CGI, reason="which does not count them")
def test_tokens_are_counted_by_state(fresh_site):
    web = fresh_site.start()
    tokens = [web.create() for _ in range(6)] + [web.create(expiresIn=3600)]
    for token in tokens[:2]:
        assert web.call("DELETE", f"{TOKENS}/{token['id']}").status == 200
    for token in tokens[1:4]:
        change(fresh_site, "UPDATE tokens SET expires_at = created_at WHERE id = ?",
               bytes.fromhex(token["id"]))
    web.stop()
    web = fresh_site.start()  # which counts them at once
    wait_until(lambda: ("claviger_tokens", ("state", "active")) in read(web), "the count")
    samples = read(web)
    assert [samples["claviger_tokens", ("state", state)]
            for state in ("active", "expired", "revoked")] == [4, 2, 2]


def test_counting_tokens_reads_no_row(fresh_site):
    """A million of them must not be read twice a minute."""
    source = (ROOT / "lib" / "store_sqlite_statements.c").read_text()
    match = re.search(r"\[STATEMENT_COUNT_TOKENS\] =\s*(.*?),\n", source, re.S)
    sql = "".join(re.findall(r'"([^"]*)"', match[1]))
    plan = [row[3] for row in fresh_site.rows("EXPLAIN QUERY PLAN " + sql, 1)]
    reads = [step for step in plan if "tokens" in step]
    assert len(reads) == 3 and all("INDEX" in step for step in reads), plan
    # Where an index knows more than the plan says, the row's place is noted and never gone to.
    assert "Column" not in [row[1] for row in fresh_site.rows("EXPLAIN " + sql, 1)]


def test_it_names_nobody(web):
    token = web.create(name="a name that is nobody's business")
    web.call("GET", f"{TOKENS}/{token['id']}")
    text = web.call("GET", "/metrics", key=None).body.decode()
    for secret in (token["id"], token["name"], token["key"][:10], "owner@localhost", web.site.owner_key):
        assert secret not in text


def test_it_is_off_unless_configured(fresh_site):
    fresh_site.write_config(fresh_site.config.read_text().replace("metrics = on", "metrics = off"))
    fresh_site.start().call("GET", "/metrics", key=None).refused(404, "not_found")


@pytest.mark.skipif(PLAIN_CGI, reason="a process lives for one request")
def test_a_failing_store_is_counted(fresh_site):
    """And does not stop the metrics, with which its operator sees it."""
    web = fresh_site.start()
    before = read(web)["claviger_store_failures_total",]
    with open(fresh_site.database, "r+b") as database:
        database.seek(4096)
        database.write(b"\xff" * (fresh_site.database.stat().st_size - 4096))
    for path in fresh_site.directory.glob("claviger.db-wal"):
        path.write_bytes(b"")
    wait_until(lambda: web.call("GET", TOKENS + "/self").status == 503, "the damage to be met")
    assert read(web)["claviger_store_failures_total",] > before
