#!/usr/bin/env python3
"""Carries out one attack in a process of its own, as far from the node as one machine allows, and says what it saw.

    attack.py NAME HOST PORT SECONDS
"""
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import descriptors  # noqa: E402
import floods  # noqa: E402
import games  # noqa: E402
import harness  # noqa: E402
import slow  # noqa: E402
import storms  # noqa: E402

ATTACKS = {attack.__name__: attack for attack in (
    slow.slow_headers, slow.slow_bodies, slow.slow_readers, slow.unread_answers, slow.half_open, slow.idle_connections,
    games.http_games, games.frame_games, floods.ping_flood, floods.command_flood, storms.reconnect_storm,
    storms.subscribe_storm, storms.greedy_subscribes, storms.token_storm, storms.unauthorized_storm,
    descriptors.descriptors_used_up)}


class Target:
    def __init__(self, host, port):
        self.address = (host, int(port))

    @staticmethod
    def token(user, **claims):
        return harness.token(user, **claims)


if __name__ == "__main__":
    # Attackers have machines of their own: here they get what node and honest clients leave.
    os.nice(10)
    print(json.dumps(ATTACKS[sys.argv[1]](Target(sys.argv[2], sys.argv[3]), float(sys.argv[4]))))
