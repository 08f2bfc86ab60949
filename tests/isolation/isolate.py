#!/usr/bin/env python3
"""Plays random stories of two tenants against real nodes, or one again.

    isolate.py [--nodes N] [--seed S] [--steps N] [--without OPERATION ...]
    isolate.py [--nodes N] --replay "[('publish', 123), ...]"
"""
import argparse
import ast
import random
import sys

import story
from world import World  # noqa: F401  (puts the helpers of the integration tests on the path)
from harness import Cluster
from model import SESSIONS_PER_USER

SETTINGS = (f"sessions.max_per_user={SESSIONS_PER_USER}",)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--nodes", type=int, default=1)
    options.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    options.add_argument("--steps", type=int, default=10_000)
    options.add_argument("--without", nargs="*", default=())
    options.add_argument("--replay", type=ast.literal_eval)
    given = options.parse_args()
    cluster = Cluster(given.nodes, *SETTINGS)
    try:
        if given.replay:
            story.play(cluster.nodes, given.replay)
        else:
            story.run(cluster.nodes, given.seed, given.steps, given.without)
    except AssertionError as bad:
        print(bad)
        return 1
    finally:
        cluster.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
