"""Plays stories, and makes the one that fails as short as it can be."""
import itertools
import random
import time

import on_admin  # noqa: F401  (each of these adds its operations)
import on_events  # noqa: F401
import on_rooms  # noqa: F401
import on_sessions  # noqa: F401
from operations import OPERATIONS, choose
from world import Mismatch, World

PATIENCE = 8  # seconds in which nodes agree on what has just changed, on a machine that does other things as well

_worlds = itertools.count(random.SystemRandom().randrange(10**6) * 1000)


class Failure(AssertionError):
    def __init__(self, step, reason):
        super().__init__(f"step {step}: {reason}")
        self.step, self.reason = step, reason


def play(nodes, story, patience=PATIENCE):
    """Raises Failure at the first step that is not as the model says. Returns how many questions were asked."""
    world = World(nodes, next(_worlds), patience)
    step = 0
    try:
        for step, (name, seed) in enumerate(story, 1):
            OPERATIONS[name][0](world, random.Random(seed))
        return world.asked
    except Mismatch as bad:
        raise Failure(step, str(bad)) from bad
    finally:
        world.close()


def failure_of(nodes, story, patience=PATIENCE):
    try:
        play(nodes, story, patience)
        return None
    except Failure as bad:
        return bad


def shortened(story, fails, seconds):
    """The shortest part of `story` found within `seconds` for which fails(part) is true."""
    end = time.monotonic() + seconds
    size = max(len(story) // 2, 1)
    while True:
        at = 0
        while at < len(story):
            if time.monotonic() > end:
                return story
            part = story[:at] + story[at + size:]
            if part and fails(part):
                story = part
            else:
                at += size
        if size == 1:
            return story
        size = max(size // 2, 1)


def run(nodes, seed, steps, without=(), shorten_seconds=60):
    """Plays `steps` steps of `seed`; an AssertionError names seed, step, and the shortest story that fails."""
    story = choose(random.Random(seed), steps, without)
    bad = failure_of(nodes, story)
    if bad is None:
        return
    short = shortened(story[:bad.step], lambda part: failure_of(nodes, part, 1) is not None, shorten_seconds)
    again = failure_of(nodes, short)
    raise AssertionError(f"seed {seed}, {bad}\n"
                         f"The shortest story that fails has {len(short)} steps"
                         f"{f' ({again.reason})' if again else ', and not each time'}:\n"
                         f"  isolate.py --nodes {len(nodes)} --replay '{short}'")
