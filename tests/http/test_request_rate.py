# SPDX-License-Identifier: ISC
"""requests_per_minute: each token has so many requests in its minute, exactly, whichever threads
answer them, and the next one is told when it may come again."""
import concurrent.futures
import os
import signal
import time

import pytest

from asking import MEMO, QUICK
from claviger_site import PLAIN_CGI, TOKENS, wait_until, well_formed
from conftest import opened

LIMIT = 12
RATE_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture
def site():
    yield from opened(f"requests_per_minute = {LIMIT}\n" + QUICK + MEMO)


def itself(web, token, **more):
    return web.call("GET", f"{TOKENS}/self", key=token["key"], **more).check()


if PLAIN_CGI:
    def test_plain_cgi_has_no_memory_to_count_in(site):
        web, token = site.start(), site.token()
        assert {itself(web, token).status for _ in range(LIMIT + 5)} == {200}

else:
    def test_of_many_requests_at_once_exactly_so_many_pass(site):
        web, token = site.start(), site.token()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: itself(web, token), range(4 * LIMIT)))
        statuses = [answer.status for answer in answers]
        assert (statuses.count(200), statuses.count(429)) == (LIMIT, 3 * LIMIT)

    def test_the_answer_says_how_many_and_when_again(site):
        web, token = site.start(), site.token()
        before = time.time() * 1000
        for _ in range(LIMIT):
            answer = itself(web, token)
            assert answer.status == 200 and not any(map(answer.header, RATE_HEADERS))
        answer = itself(web, token).refused(429, "rate_limited")
        reset = answer.json["reset"]
        assert (answer.json["limit"], answer.json["remaining"]) == (LIMIT, 0)
        assert [answer.header(name) for name in RATE_HEADERS] == [str(LIMIT), "0", str(reset)]
        assert before < reset <= time.time() * 1000 + 60000
        assert 1 <= int(answer.header("Retry-After")) <= 60
        assert f"{LIMIT} requests a minute" in answer.error["message"]
        assert answer.header("WWW-Authenticate") is None

    def test_each_token_has_its_own_minute(site):
        web, token, other = site.start(), site.token(), site.token()
        for _ in range(LIMIT):
            assert itself(web, token).status == 200
        itself(web, token, source="127.0.0.2").refused(429, "rate_limited")
        assert itself(web, other).status == 200
        # And who has none is not asked for it.
        assert web.call("GET", "/healthz", key=None).check().status == 200
        web.call("GET", TOKENS, key=None).refused(401, "missing_token")

    def test_whatever_is_asked_counts_once(site):
        """Also what goes through both lanes, and what is refused after the key was accepted."""
        web, token = site.start(), site.token("owner@localhost", "--permission",
                                              "goals:read,api-keys:write")
        for body, status in [({}, 201), ({"name": 1}, 400), ({"permissions": ["*"]}, 403)]:
            for _ in range(LIMIT // 4):
                assert web.call("POST", TOKENS, body, key=token["key"]).check().status == status
        for _ in range(LIMIT // 4):
            web.call("GET", TOKENS, key=token["key"]).refused(403, "insufficient_scope")
        for method, path in [("POST", TOKENS), ("GET", TOKENS), ("GET", f"{TOKENS}/self")]:
            web.call(method, path, {} if method == "POST" else None, key=token["key"]).refused(
                429, "rate_limited")
        # What comes before the key comes before this, too.
        web.call("GET", "/api/v1/nothing", key=token["key"]).refused(404, "not_found")
        web.call("PUT", TOKENS, key=token["key"]).refused(405, "method_not_allowed")
        web.call("POST", TOKENS, "x" * 65537, key=token["key"]).refused(413, "body_too_large")

    def test_a_bad_key_uses_up_nothing(site):
        web, token = site.start(), site.token("owner@localhost", "--allow-ip", "127.0.0.1")
        for _ in range(LIMIT):
            itself(web, token, source="127.0.0.2").refused(401, "invalid_token")
        for _ in range(2):
            web.call("GET", TOKENS, key=well_formed(token["key"][4:14])).refused(
                401, "invalid_token")
        assert {itself(web, token).status for _ in range(LIMIT)} == {200}
        itself(web, token).refused(429, "rate_limited")

    def test_what_is_beyond_the_limit_is_no_use(site):
        web, token = site.start(), site.token()
        for _ in range(LIMIT + 5):
            itself(web, token)
        web.stop()
        assert site.rows("SELECT use_count FROM tokens WHERE id = ?",
                         bytes.fromhex(token["id"])) == [(LIMIT,)]

    def test_a_new_limit_holds_without_a_restart(site):
        web, token = site.start(), site.token()
        text = site.config.read_text()

        def reload(line):
            done = site.log.read_text().count("configuration taken over")
            site.write_config(text.replace(f"requests_per_minute = {LIMIT}\n", line))
            for pid in web.services():
                os.kill(pid, signal.SIGHUP)
            wait_until(lambda: site.log.read_text().count("configuration taken over") > done,
                       "the reload")

        for _ in range(LIMIT):
            assert itself(web, token).status == 200
        itself(web, token).refused(429, "rate_limited")
        reload("requests_per_minute = off\n")
        assert {itself(web, token).status for _ in range(2 * LIMIT)} == {200}
        reload(f"requests_per_minute = {LIMIT + 1}\n")
        assert itself(web, token).status == 200
        assert itself(web, token).refused(429, "rate_limited").json["limit"] == LIMIT + 1
        reload("")  # off is what it is where nothing is said
        assert {itself(web, token).status for _ in range(2 * LIMIT)} == {200}

    def test_each_process_counts_for_itself(site):
        token = site.token()
        for web in (site.start(), site.start()):
            assert {itself(web, token).status for _ in range(LIMIT)} == {200}
            itself(web, token).refused(429, "rate_limited")

    def test_too_many_wrong_secrets_are_another_limit(site):
        web, token = site.start(), site.token()
        answers = [web.call("GET", TOKENS, key=well_formed(token["key"][4:14])).check()
                   for _ in range(8)]
        answer = answers[-1].refused(429, "rate_limited")
        assert set(answer.json) == {"status", "error"}
        assert not any(map(answer.header, RATE_HEADERS))
