# SPDX-License-Identifier: ISC
"""A site whose programs read a wall clock of the test's own. It stands still until it is set, so
that what they answer and store can be foretold to the millisecond. libfaketime reads it from a file
at each look; the monotonic clock, by which they wait, is left alone."""
import datetime
import os
import pathlib

from claviger_site import Site, sanitizers_too

LIBRARY = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
# The address sanitizer wants to be the first library; beside this one it need not be. The thread
# sanitizer does not see that who waits by this library has given the lock away.
SANITIZERS_TOO = sanitizers_too("verify_asan_link_order=0:report_mutex_bugs=0")
WRAPPER = """#!/bin/sh
export LD_PRELOAD={library} FAKETIME_TIMESTAMP_FILE={clock} FAKETIME_NO_CACHE=1
export FAKETIME_DONT_FAKE_MONOTONIC=1 TZ=UTC
export {sanitizers}
exec {program} "$@"
"""


class ClockedSite(Site):
    def __init__(self, config, now):
        """NOW: milliseconds since 1970."""
        self.now = now
        super().__init__(config)

    def command(self, program):
        wrapper = self.directory / f"clocked-{program.name}"
        if not wrapper.exists():
            self.set_clock(self.now)
            wrapper.write_text(WRAPPER.format(library=LIBRARY, clock=self.directory / "clock",
                                              program=program, sanitizers=" ".join(
                    f"{name}='{value}'" for name, value in SANITIZERS_TOO.items())))
            wrapper.chmod(0o755)
        return wrapper

    def set_clock(self, now):
        """In one step: whoever reads finds the old time or the new. Half a millisecond more, as
        the fraction is read as a number that may be a little less."""
        self.now = now
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=now + 0.5)
        new = self.directory / "clock.new"
        new.write_text(moment.isoformat(" ", "microseconds") + "\n")
        os.replace(new, self.directory / "clock")
