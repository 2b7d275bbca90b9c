# SPDX-License-Identifier: ISC
"""What was asked with a token's keys, by hours: what counts as a request and what as a refusal, who
may see it, and how it goes."""
import contextlib
import datetime
import os
import signal

import pytest

from asking import MEMO, QUICK, change
from claviger_site import B, PLAIN_CGI, TOKENS, Site, wait_until, well_formed
from faked_clock import ClockedSite
from guarded import put_in_place

ACTIVITY = B + "/activity"
HOUR = 3600000
DAYS, HOURS = 31, 31 * 24
# Half past an hour, in the year 2039: the clock stands still there until a test sets it.
START = 2180000 * 1000 * 1000 // HOUR * HOUR + HOUR // 2
UNKNOWN_ID = "0123456789abcdef01234567"


class Clocked(ClockedSite):
    def __init__(self, config=""):
        super().__init__(QUICK + MEMO + config, START)


@pytest.fixture
def site():
    with contextlib.closing(Clocked()) as site:
        yield site


@pytest.fixture(scope="module")
def shared():
    """For tests that ask and leave no more than their own tokens."""
    with contextlib.closing(Clocked()) as site:
        yield site.start()


def use(web, token, status=200, path=TOKENS + "/self", **more):
    answer = web.call("GET", path, key=token["key"], **more).check()
    assert answer.status == status, answer.body


def hours_of(site, token):
    """(hour from START on, requests, refusals), as the database has them."""
    return site.rows(
        "SELECT a.hour - ?, a.requests, a.refusals FROM token_activity a JOIN tokens t "
        "ON t.sequence = a.token WHERE t.id = ? ORDER BY a.hour", START // HOUR,
        bytes.fromhex(token["id"]))


def put(site, token, hour, requests, refusals=0):
    """As if so much had been asked HOUR hours after START."""
    for table, column in (("token", "sequence"), ("account", "account")):
        change(site, f"INSERT INTO {table}_activity SELECT ?, {column}, ?, ? FROM tokens "
                     "WHERE id = ? ON CONFLICT DO UPDATE SET "
                     "requests = requests + excluded.requests, "
                     "refusals = refusals + excluded.refusals",
               START // HOUR + hour, requests, refusals, bytes.fromhex(token["id"]))


def shown(answer):
    """What ANSWER shows, in the form of hours_of()."""
    assert answer.check().status == 200, answer.error
    found = []
    for entry in answer.data:
        assert list(entry) == ["at", "requests", "refusals"] and entry["at"].endswith(":00:00.000Z")
        at = datetime.datetime.fromisoformat(entry["at"]).timestamp() * 1000
        found.append((int(at) // HOUR - START // HOUR, entry["requests"], entry["refusals"]))
    return found


def ask(web, query="", **more):
    return shown(web.call("GET", ACTIVITY + query, **more))


def ask_of(web, token, query="", **more):
    return ask(web, f"?tokenId={token['id']}{query}", **more)


# ---- What counts ------------------------------------------------------------------------------

if PLAIN_CGI:
    def test_plain_cgi_counts_where_it_counts_a_use(site):
        """One in half a minute, and whether that one was refused."""
        web = site.start()
        token = web.create(permissions=["goals:read"])
        use(web, token, 403, TOKENS)
        wait_until(lambda: hours_of(site, token) == [(0, 1, 1)], "the use to be written")
        use(web, token)
        use(web, token, 403, TOKENS)
        site.set_clock(START + 30000)
        use(web, token)
        wait_until(lambda: hours_of(site, token) == [(0, 2, 1)], "the later use to be written")
        assert ask_of(web, token) == [(0, 2, 1)]

    def test_plain_cgi_forgets_with_what_it_writes(site):
        web = site.start()
        token, other = web.create(), web.create()
        put(site, other, -HOURS, 5)
        put(site, other, -HOURS + 1, 6)
        use(web, token)
        wait_until(lambda: hours_of(site, other) == [(1 - HOURS, 6, 0)], "the old to be forgotten")
        assert hours_of(site, token) == [(0, 1, 0)]

else:
    def restart(site, web):
        """What is counted is written by an orderly stop."""
        assert web.stop() == 0
        return site.start()

    def test_each_hour_has_its_requests_and_refusals(site):
        web = site.start()
        token = web.create(permissions=["goals:read"])
        assert ask_of(web, token) == []
        for hour, (good, bad) in {0: (3, 0), 1: (0, 2), 3: (4, 1)}.items():
            site.set_clock(START + hour * HOUR)
            for _ in range(good):
                use(web, token)
            for _ in range(bad):
                use(web, token, 403, TOKENS)
        web = restart(site, web)
        # A use that came to nothing is both, so that the requests are what useCount counts.
        expected = [(0, 3, 0), (1, 2, 2), (3, 5, 1)]
        assert hours_of(site, token) == expected == ask_of(web, token)
        together = "SELECT hour, sum(requests), sum(refusals) FROM {} GROUP BY hour ORDER BY hour"
        assert site.rows(together.format("account_activity")) == \
            site.rows(together.format("token_activity"))
        record = web.call("GET", f"{TOKENS}/{token['id']}").first
        assert record["useCount"] == sum(requests for _, requests, _ in expected)
        use(web, token)
        restart(site, web)
        assert hours_of(site, token) == [(0, 3, 0), (1, 2, 2), (3, 6, 1)]

    def test_an_answer_that_is_no_refusal_counts_as_none(site):
        web = site.start()
        token = web.create(permissions=["api-keys:read", "api-keys:write"])
        use(web, token, 404, f"{TOKENS}/{UNKNOWN_ID}")
        use(web, token, 400, TOKENS + "?limit=0")
        assert web.call("POST", TOKENS, {"name": 1}, key=token["key"]).status == 400
        # What comes before the key is no use either.
        use(web, token, 404, "/api/v1/nothing")
        assert web.call("POST", TOKENS, "x" * 65537, key=token["key"]).status == 413
        restart(site, web)
        assert hours_of(site, token) == [(0, 3, 0)]

    def test_an_attempt_to_have_more_is_a_refusal(site):
        """Written by the slow lane, and counted once whichever lanes it went through."""
        web = site.start()
        token = web.create(permissions=["api-keys:write"])
        for _ in range(3):
            web.call("POST", TOKENS, {"permissions": ["*"]}, key=token["key"]).refused(
                403, "scope_exceeded", "permissions[0]")
        restart(site, web)
        assert hours_of(site, token) == [(0, 3, 3)]

    def test_what_is_beyond_a_limit_is_a_refusal_and_no_request(site):
        site.write_config(site.config.read_text() + "requests_per_minute = 5\n")
        web, token = site.start(), site.token()
        for number in range(8):
            use(web, token, 200 if number < 5 else 429)
        restart(site, web)
        assert hours_of(site, token) == [(0, 5, 3)]

    ENDINGS = {
        "expired": lambda site, token: change(
            site, "UPDATE tokens SET expires_at = ? WHERE id = ?", START,
            bytes.fromhex(token["id"])),
        "its account disabled": lambda site, token: site.admin(
            "account", "disable", "other@example.com"),
        "somewhere else": lambda site, token: change(
            site, "UPDATE tokens SET allowed_ips = '192.0.2.1' WHERE id = ?",
            bytes.fromhex(token["id"])),
    }

    @pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
    def test_a_key_that_is_known_and_good_no_more_is_refused_and_counted(site, end):
        site.account("other@example.com")
        web, token = site.start(), site.token("other@example.com")
        stranger = {"key": well_formed(token["key"][4:14])}
        use(web, token)
        end(site, token)
        for _ in range(3):
            use(web, token, 401)
            use(web, stranger, 401)  # who knows the selector, and no more
        web = restart(site, web)
        assert hours_of(site, token) == [(0, 1, 3)]
        # After a start nobody knows that it is the right one, and finding out costs scrypt.
        runs = web.scrypt_runs()
        use(web, token, 401)
        assert web.scrypt_runs() == runs
        restart(site, web)
        assert hours_of(site, token) == [(0, 1, 3)]

    def test_what_nobody_can_prove_is_not_counted(site):
        """A revoked token has no hash; a wrong secret for a living one is nobody's."""
        web, token, gone = site.start(), site.token(), site.token()
        use(web, gone)
        assert web.call("DELETE", f"{TOKENS}/{gone['id']}").status == 200
        use(web, gone, 401)
        use(web, {"key": well_formed(token["key"][4:14])}, 401)
        # Who asks about a key does not use it, whatever the answer.
        for key in (token["key"], gone["key"]):
            assert web.call("POST", "/api/v1/verify", {"key": key}).status == 200
        restart(site, web)
        assert (hours_of(site, token), hours_of(site, gone)) == ([], [(0, 1, 0)])

    def test_what_the_gate_refuses_to_a_key_is_counted():
        def gate(web, token, path):
            headers = {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": path}
            return web.call("GET", "/api/v1/authorize", key=token["key"], headers=headers).status

        with contextlib.closing(Site(QUICK + "policy = {directory}/policy\n"
                                     "gate_headers = x-forwarded\ngate_status = simple\n",
                                     put_in_place)) as site:
            web = site.start()
            good, lacking = (site.token("owner@localhost", "--permission", name)
                             for name in ("analytics:read", "goals:read"))
            assert gate(web, good, "/guarded/secret.txt") == 200
            assert gate(web, lacking, "/guarded/secret.txt") == 403
            # No rule leads there: nobody has looked at the key.
            assert gate(web, lacking, "/elsewhere") == 403
            web.stop()
            assert [row[1:] for row in hours_of(site, good)] == [(1, 0)]
            assert [row[1:] for row in hours_of(site, lacking)] == [(1, 1)]

    def test_a_killed_service_loses_what_was_not_written_and_no_more():
        """By the real clock, with which it is written each half minute."""
        def requests(site, token):
            return sum(count for _, count, _ in hours_of(site, token))

        with contextlib.closing(Site(QUICK)) as site:
            web, token = site.start(), site.token()
            for _ in range(3):
                use(web, token)
            web = restart(site, web)
            use(web, token)
            for pid in web.services():
                os.kill(pid, signal.SIGKILL)
            wait_until(web.answers, "the service to come back")
            assert requests(site, token) == 3
            use(web, token)
            restart(site, web)
            assert requests(site, token) == 4
            assert site.rows("PRAGMA integrity_check") == [("ok",)]

    def test_what_is_older_than_a_month_is_forgotten(site):
        web, token = site.start(), site.token()
        for hour in (-HOURS - 1, -HOURS, -HOURS + 1, 0):
            put(site, token, hour, 9)
        web.stop()
        assert hours_of(site, token) == [(-HOURS + 1, 9, 0), (0, 9, 0)]


# ---- What is shown ----------------------------------------------------------------------------

def test_days_reach_back_so_many_times_24_hours(shared):
    site, token = shared.site, shared.create()
    every = [(hour, 1000 + hour, -hour) for hour in (0, -1, -23, -24, -167, -168, -743)][::-1]
    for entry in every:
        put(site, token, *entry)
    put(site, token, -744, 1)  # not forgotten yet, but out of sight
    put(site, token, 1, 1)     # noted by a clock that went before this one
    for query, last in {"&days=1": -23, "": -167, "&days=7": -167, "&days=8": -191,
                        "&days=31": -743}.items():
        assert ask_of(shared, token, query) == [one for one in every if one[0] >= last], query


def test_a_month_of_an_account_is_the_sum_of_its_tokens(site):
    web, first, second = site.start(), site.token(), site.token()
    site.account("other@example.com")
    other = site.token("other@example.com")
    for hour in range(-HOURS + 1, 1):
        put(site, first, hour, 1, 2)
        if hour % 2:
            put(site, second, hour, 10, 20)
    put(site, other, 0, 100, 200)
    expected = [(hour, *((11, 22) if hour % 2 else (1, 2))) for hour in range(-HOURS + 1, 1)]
    # The owner's own token asks, and is not written, or is written late.
    found = ask(web, "?days=31")
    assert found[:-1] == expected[:-1] and len(found) == HOURS
    assert ask_of(web, first, "&days=31") == [(hour, 1, 2) for hour in range(-HOURS + 1, 1)]
    assert ask(web, key=other["key"])[-1][2] == 200


def test_a_caller_sees_what_it_sees_of_the_tokens(shared):
    site = shared.site
    website = site.website("activity.example")
    site.account("stranger@example.com")
    stranger = site.token("stranger@example.com")
    everywhere = shared.create(permissions=["api-keys:read"])
    limited = shared.create(permissions=["api-keys:read"], websiteIds=[website])
    narrow = shared.create(permissions=["goals:read"], websiteIds=[website])
    for token in (stranger, everywhere, limited, narrow):
        put(site, token, -1, 7, 1)
    for caller, seen, unseen in (
            (everywhere, (everywhere, limited, narrow), (stranger,)),
            (limited, (limited, narrow), (everywhere, stranger)),
            (stranger, (stranger,), (everywhere, limited, narrow))):
        for token in seen:
            assert ask_of(shared, token, key=caller["key"])[0] == (-1, 7, 1)
        for token in unseen:
            shared.call("GET", f"{ACTIVITY}?tokenId={token['id']}", key=caller["key"]).refused(
                404, "not_found")
    shared.call("GET", f"{ACTIVITY}?tokenId={UNKNOWN_ID}").refused(404, "not_found")
    refusal = shared.call("GET", ACTIVITY, key=limited["key"]).refused(403, "insufficient_scope")
    same = shared.call("GET", B + "/audit", key=limited["key"])
    assert refusal.error["message"] == same.error["message"]
    assert refusal.header("WWW-Authenticate") == same.header("WWW-Authenticate")
    for query in ("", f"?tokenId={narrow['id']}"):
        shared.call("GET", ACTIVITY + query, key=narrow["key"]).refused(403, "insufficient_scope")
        shared.call("GET", ACTIVITY + query, key=None).refused(401, "missing_token")


def test_a_revoked_token_shows_what_it_did(shared):
    token = shared.create()
    put(shared.site, token, -2, 4)
    assert shared.call("DELETE", f"{TOKENS}/{token['id']}").status == 200
    assert ask_of(shared, token) == [(-2, 4, 0)]


BAD_QUERIES = {"days": ["0", "32", "-1", "1.5", "", "x", "007x", "1%20", "99999999999999999999",
                        "+1", "1&days=1", "1&days=2"],
               "tokenId": ["", "x", "self", UNKNOWN_ID.upper(), UNKNOWN_ID + "0", UNKNOWN_ID[1:],
                           f"{UNKNOWN_ID}&tokenId={UNKNOWN_ID}", "%zz"]}


@pytest.mark.parametrize("name, value", [(name, value) for name, values in BAD_QUERIES.items()
                                         for value in values])
def test_a_parameter_that_is_not_exactly_one_is_refused(shared, name, value):
    shared.call("GET", f"{ACTIVITY}?{name}={value}").refused(400, "invalid_parameter", name)


def test_other_parameters_are_none(shared):
    assert shared.call("GET", ACTIVITY + "?day=0&tokenid=x&days=1").check().status == 200
    assert shared.call("GET", ACTIVITY + "?days=%37").check().status == 200


# ---- How it goes ------------------------------------------------------------------------------

def test_a_purge_takes_it(site):
    web, gone, kept = site.start(), site.token(), site.token()
    put(site, gone, -1, 4)
    put(site, kept, -1, 3)
    assert web.call("DELETE", f"{TOKENS}/{gone['id']}").status == 200
    site.set_clock(START + 1)
    site.admin("purge", "--older-than", "0")
    assert (hours_of(site, gone), hours_of(site, kept)) == ([], [(-1, 3, 0)])
    assert site.rows("SELECT count(*) FROM token_activity WHERE hour = ?",
                     START // HOUR - 1) == [(1,)]
    # But for what the account shows, in which nobody is named.
    assert ask(web)[0] == (-1, 7, 0)
    assert site.rows("PRAGMA foreign_key_check") == []


def test_a_purge_forgets_what_is_old(site):
    """Where no service runs that does."""
    token = site.token()
    for number in range(3):
        put(site, token, -HOURS - number, 1)
    put(site, token, 1 - HOURS, 2)
    site.admin("purge", "--older-than", "90d")
    assert hours_of(site, token) == [(1 - HOURS, 2, 0)]
    assert site.rows("SELECT hour - ?, requests FROM account_activity",
                     START // HOUR) == [(1 - HOURS, 2)]


def test_a_backup_brings_it_back(site):
    web, token = site.start(), site.token()
    put(site, token, -1, 3, 1)
    site.admin("backup", str(site.directory / "copy.db"))
    put(site, token, 0, 5)
    site.admin("restore", "--yes", str(site.directory / "copy.db"))
    assert ask_of(web, token) == [(-1, 3, 1)]
    site.admin("doctor")
