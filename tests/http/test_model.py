# SPDX-License-Identifier: ISC
"""Random histories of many callers on two services: every answer, every row and every effective
right is what a plain reference model of the rules (tests/model) foretells.

CLAVIGER_STEPS says how many operations there are, CLAVIGER_SEED which. Without it they are the same
each time, so that a change is judged by what it changes; `make explore` goes where nobody was.
"""
import contextlib
import os
import random
import traceback

import pytest

from claviger_site import TOKENS
from driver import Run, as_text
from operations import Generator
from shrinking import shortened

SEED = int(os.environ.get("CLAVIGER_SEED", "64"))
STEPS = int(os.environ.get("CLAVIGER_STEPS", "2000"))
ATTEMPTS, SECONDS = 100, 90  # to shorten a history that failed


def failure(run, operations, history=None):
    """Performs OPERATIONS until one fails; returns what is wrong, or None."""
    for operation in operations:
        if history is not None:
            history.append(operation)
        try:
            run.perform(operation)
        except Exception as fault:  # whatever it is: it is the finding
            return "".join(traceback.format_exception(fault))
    return None


def fails_again(history):
    with contextlib.closing(Run()) as run:
        return failure(run, history)


def chosen(run, seed):
    generator = Generator(run, random.Random(seed))
    yield from generator.beginning()
    for step in range(STEPS):
        yield generator.next(step)


def call(method, path, key, body=None, **more):
    return {"do": "call", "web": 0, "method": method, "path": path, "key": key, "body": body,
            **more}


def test_a_revocation_of_many_that_comes_down_on_its_caller_spares_it_alone():
    """t2 covers its maker since that was narrowed, and revokes it with all that came of it."""
    with contextlib.closing(Run()) as run:
        for operation in (
                call("POST", TOKENS, "t0", {}, **{"as": "t1"}),
                call("POST", TOKENS, "t1", {}, **{"as": "t2"}),
                call("POST", TOKENS, "t2", {}, **{"as": "t3"}),
                call("PATCH", f"{TOKENS}/@t1", "t0",
                     {"name": "narrow", "permissions": ["goals:read"]}),
                call("POST", f"{TOKENS}/revoke", "t2", {"q": "narrow", "cascade": True}),
                call("GET", f"{TOKENS}/self", "t2"),
                call("GET", f"{TOKENS}/self", "t3")):
            run.perform(operation)
        assert [run.made[label].revoked for label in ("t1", "t2", "t3")] == [True, False, True]


def test_every_answer_row_and_right_is_what_the_model_foretells():
    history = []
    with contextlib.closing(Run()) as run:
        fault = failure(run, chosen(run, SEED), history)
    if fault is None:
        return
    shortest = shortened(history, fails_again, ATTEMPTS, SECONDS)
    pytest.fail(f"CLAVIGER_SEED={SEED}, operation {len(history)}:\n{fault}\n"
                f"The shortest history that fails has {len(shortest)} operations:\n"
                f"{as_text(shortest)}\n{fails_again(shortest) or fault}", pytrace=False)
