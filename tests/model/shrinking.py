# SPDX-License-Identifier: ISC
"""Searches for a shorter history that still fails, with bounded patience."""
import time


def shortened(history, fails, attempts, seconds):
    """HISTORY without what is not needed for fails(history): parts are left out, half of it first,
    then smaller and smaller ones, as long as ATTEMPTS and SECONDS last."""
    deadline = time.monotonic() + seconds
    size = max(1, len(history) // 2)
    while True:
        at, found = 0, False
        while at < len(history):
            if attempts == 0 or time.monotonic() > deadline:
                return history
            attempts -= 1
            without = history[:at] + history[at + size:]
            if fails(without):
                history, found = without, True
            else:
                at += size
        if size == 1 and not found:
            return history
        size = max(1, size // 2)
