# SPDX-License-Identifier: ISC
"""The clock steps: expiry follows it to the second, and nothing else does. Each service has a clock
of its own, which libfaketime lets stand wherever a file says."""
import datetime

import pytest

from claviger_site import TOKENS, Site, wait_until, well_formed
from faked_clock import LIBRARY, SANITIZERS_TOO
from fastcgi_peer import Service, create

END = datetime.datetime(2090, 1, 1, tzinfo=datetime.timezone.utc)
SECOND, DAY = datetime.timedelta(seconds=1), datetime.timedelta(days=1)
QUICK = "scrypt_n = 2\nallow_weak_scrypt = true\n"


class Clocked(Service):
    """A service whose wall clock stands still until it is set."""

    def __init__(self, site, moment):
        self.clock = site.directory / f"clock-{len(site.servers)}"
        self.set(moment)
        super().__init__(site, environment={
            "LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.clock), "TZ": "UTC",
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            **SANITIZERS_TOO}.items())

    def set(self, moment):
        new = self.clock.with_suffix(".new")
        new.write_text(moment.strftime("%Y-%m-%d %H:%M:%S"))
        new.rename(self.clock)

    def says(self, token):
        """What it answers to the key of TOKEN: 200, or 401 as for any other bad key."""
        answer = self.call(uri=TOKENS + "/self", key=token["key"]).check()
        if answer.status != 200:
            answer.refused(401, "invalid_token")
        return answer.status

    def list(self, query=""):
        answer = self.call(uri=TOKENS + query, key=self.site.owner_key).check()
        assert answer.status == 200, answer.error
        return answer


@pytest.fixture
def site():
    site = Site(QUICK)
    yield site
    for service in site.servers:
        service.stop()
    site.close()


def ending(site, name="ending"):
    return site.token("owner@localhost", "--name", name,
                      "--expires-at", END.strftime("%Y-%m-%dT%H:%M:%SZ"))


def states(service):
    return {record["name"]: record["state"] for record in service.list("?state=all").data}


def test_expiry_follows_a_clock_that_steps_to_the_second(site):
    token = ending(site)
    service = Clocked(site, END - DAY).wait()
    for moment, status in ((END - DAY, 200), (END - SECOND, 200), (END, 401), (END - SECOND, 200),
                           (END + SECOND, 401), (END + DAY, 401), (END - DAY, 200), (END, 401)):
        service.set(moment)
        assert service.says(token) == status, moment
        assert states(service)["ending"] == ("active" if status == 200 else "expired"), moment


def test_two_processes_go_each_by_its_own_clock(site):
    token, other = ending(site), ending(site, "other")
    early, late = Clocked(site, END - SECOND).wait(), Clocked(site, END + SECOND).wait()
    for _ in range(3):
        assert (early.says(token), late.says(token)) == (200, 401)
    early.set(END)
    assert (early.says(token), late.says(token)) == (401, 401)
    early.set(END - SECOND)
    late.set(END - SECOND)
    assert (early.says(token), late.says(token)) == (200, 200)
    # What is revoked by either is so to both, whatever the clock says.
    answer = late.call("DELETE", f"{TOKENS}/{token['id']}", key=site.owner_key)
    assert answer.status == 200
    for moment in (END - DAY, END - SECOND, END + DAY):
        early.set(moment)
        assert early.says(token) == 401
        assert states(early)["ending"] == "revoked"
    assert late.says(other) == 200


def test_order_and_pages_do_not_follow_the_clock(site):
    service = Clocked(site, END).wait()
    cursor = None
    for number, step in enumerate((DAY, -DAY, SECOND, -2 * DAY, DAY - DAY)):
        service.set(END + step)
        answer = service.exchange(create(site.owner_key, f"made {number}")).answer
        assert answer.status == 201, answer.body
        if number == 2:
            cursor = service.list("?limit=1").json["pagination"]["nextCursor"]
    names = [record["name"] for record in service.list().data]
    assert names == ["made 4", "made 3", "made 2", "made 1", "made 0", "first token"]
    for moment in (END - DAY, END + DAY):
        service.set(moment)
        page = service.list(f"?cursor={cursor}").data
        assert [record["name"] for record in page] == names[3:]


def test_a_throttle_does_not_follow_the_clock(site):
    """Five wrong secrets from one address; then no jump of the clock gives a sixth."""
    service = Clocked(site, END).wait()
    selector = site.token()["key"][4:14]

    def attempt():
        return service.call(uri=TOKENS + "/self", key=well_formed(selector)).status
    wait_until(lambda: attempt() == 429, "too many failed checks")
    for moment in (END + DAY, END - DAY):
        service.set(moment)
        assert attempt() == 429
