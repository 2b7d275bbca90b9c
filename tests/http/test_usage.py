# SPDX-License-Identifier: ISC
"""How often a token was used, and when and from where last: counted without a write on the way,
and not lost by an orderly stop."""
import concurrent.futures

import pytest

from asking import MEMO, QUICK, ask_program, change
from claviger_site import PLAIN_CGI, TOKENS, wait_until, well_formed
from conftest import opened

THERE = "127.0.0.2"


@pytest.fixture
def site():
    yield from opened(QUICK + MEMO)


def row(site, token):
    """useCount, lastUsedIp and whether it was ever used, as the database has them."""
    ((count, address, at),) = site.rows(
        "SELECT use_count, last_used_ip, last_used_at FROM tokens WHERE id = ?",
        bytes.fromhex(token["id"]))
    assert (at is None) == (count == 0)
    return count, address


def use(web, token, source=None):
    answer = web.call("GET", f"{TOKENS}/self", key=token["key"], source=source).check()
    assert answer.status == 200
    return answer.first


def test_the_last_use_shows_when_and_from_where(site):
    web = site.start()
    token = web.create()
    assert (token["lastUsedAt"], token["lastUsedIp"], token["useCount"]) == (None, None, 0)
    use(web, token, THERE)
    if not PLAIN_CGI:  # which writes as soon as it has answered
        web.stop()
        web = site.start()
    wait_until(lambda: row(site, token) == (1, THERE), "the use to be written")
    shown = web.call("GET", f"{TOKENS}/{token['id']}").check().first
    assert shown["lastUsedAt"] >= shown["createdAt"]
    assert (shown["lastUsedIp"], shown["useCount"]) == (THERE, 1)


def test_an_address_that_is_none_is_not_kept(site):
    web = site.start()
    token = web.create()
    answer = ask_program(web, REQUEST_URI=f"{TOKENS}/self", REMOTE_ADDR="<script>",
                         HTTP_AUTHORIZATION=f"Bearer {token['key']}").check()
    assert answer.status == 200
    web.stop()
    wait_until(lambda: row(site, token) == (1, None), "the use to be written")


if PLAIN_CGI:
    def test_plain_cgi_writes_one_use_in_half_a_minute(site):
        """No process lives long enough to count more: a lower bound."""
        web = site.start()
        token = web.create()
        use(web, token)
        wait_until(lambda: row(site, token)[0] == 1, "the first use to be written")
        for _ in range(3):
            use(web, token, THERE)
        assert row(site, token) == (1, "127.0.0.1")
        change(site, "UPDATE tokens SET last_used_at = last_used_at - 30000 WHERE id = ?",
               bytes.fromhex(token["id"]))
        use(web, token, THERE)
        wait_until(lambda: row(site, token) == (2, THERE), "the later use to be written")

else:
    def test_every_use_of_many_at_once_counts_once(site):
        """Those that the fast lane answers, and those that it hands over."""
        web = site.start()
        users = [web.create() for _ in range(3)]
        child = web.create(key=users[0]["key"])
        calls = 100 * [("GET", f"{TOKENS}/self", None)] + 10 * [("POST", TOKENS, {})] + 10 * [
            ("POST", TOKENS, {"name": 1})] + 10 * [("DELETE", f"{TOKENS}/{'0' * 24}", None)]

        def call(number):
            method, path, body = calls[number // len(users)]
            key = users[number % len(users)]["key"]
            return web.call(method, path, body, key=key).check().status

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(call, range(len(calls) * len(users))))
        assert {status: statuses.count(status) for status in set(statuses)} == {
            200: 300, 201: 30, 400: 30, 404: 30}
        web.stop()
        # The first one made a child, too.
        assert [row(site, user)[0] for user in users] == [131, 130, 130]
        assert row(site, child)[0] == 0

    def test_uses_add_up_over_restarts_and_processes(site):
        token = None
        for round_ in range(1, 4):
            webs = [site.start(), site.start()]
            token = token or webs[0].create()
            for web in webs:
                for _ in range(5):
                    use(web, token)
            for web in webs:
                web.stop()
            assert row(site, token)[0] == 10 * round_

    def test_what_is_refused_as_a_key_is_no_use(site):
        web = site.start()
        token = web.create(permissions=["goals:read"], allowedIps=["127.0.0.1"])
        web.call("GET", f"{TOKENS}/self", key=token["key"], source=THERE).refused(
            401, "invalid_token")
        web.call("GET", f"{TOKENS}/self", key=well_formed(token["key"][4:14])).refused(
            401, "invalid_token")
        web.call("GET", "/api/v1/nothing", key=token["key"]).refused(404, "not_found")
        # But one that may not do what it asks was used.
        web.call("GET", TOKENS, key=token["key"]).refused(403, "insufficient_scope")
        web.stop()
        assert row(site, token) == (1, "127.0.0.1")

    def test_nothing_is_written_until_then(site):
        web = site.start()
        token = web.create()
        before = site.rows("PRAGMA data_version")
        for _ in range(20):
            use(web, token)
        assert site.rows("PRAGMA data_version") == before and row(site, token) == (0, None)
        web.stop()
        assert row(site, token) == (20, "127.0.0.1")
