"""Runs rounds for some minutes, measures between them, and says whether anything grows. See scripts/soak."""
import argparse
import asyncio
import json
import pathlib
import random
import signal
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / each) for each in ("proof", "integration")]
import gauges  # noqa: E402
from load import CLIENTS, MEMBERS, Round  # noqa: E402
from trend import Verdict  # noqa: E402
from world import World, until  # noqa: E402

REST_SECONDS = 20  # for everything of a round to be gone
SETTLED_READS = 25  # as many equal reads, some 0.7 s, and nothing is on its way any more
# Events are forgotten within the run, so that what is kept longer shows.
SETTINGS = ("history.max_age=30s", "sse.heartbeat=2s", "nats.partitions=2")
FAULTY = 2  # this node is killed; the others are measured from the first round to the last


class Soak:
    def __init__(self, minutes, seed, rounds=None):
        self.end, self.seed, self.rounds = time.monotonic() + 60 * minutes, seed, rounds
        self.rng = random.Random(seed)
        self.samples = {}  # (program, gauge) -> [(seconds, value)]
        self.complaints, self.done, self.faults = [], 0, 0

    async def carry_out(self):
        async with World(False, settings=SETTINGS) as world:
            self.measured = {"n1": world.nodes[0], "n2": world.nodes[1], "nats": world.servers[0]}
            begun = time.monotonic()
            while not self._over():
                fault = asyncio.create_task(self._fault(world))
                self.complaints += await Round(self.done, world, self.seed).carry_out()
                await fault
                await self._rest(world)
                self.done += 1
                self._sample(time.monotonic() - begun)
            self.complaints += world.died()
        world.remove()

    def _over(self):
        return self.done == self.rounds if self.rounds else time.monotonic() > self.end

    async def _fault(self, world):
        """One per round, of four kinds in turn."""
        await asyncio.sleep(self.rng.uniform(0.1, 0.6))
        self.faults += 1
        match self.done % 4:
            case 0:
                self.rng.choice(world.client_ways).reset()
            case 1:
                self.rng.choice(self.rng.choice(world.nats_ways)).reset()
            case 2:
                node = self.rng.choice(world.nodes)
                node.signal(signal.SIGSTOP)
                await asyncio.sleep(0.5)
                node.signal(signal.SIGCONT)
            case 3:
                world.nodes[FAULTY].kill()
                world.nodes[FAULTY].start()
                await world.nodes[FAULTY].says("starlingd ready")

    async def _rest(self, world):
        """All nodes ready, and nobody and nothing of the round left."""
        for node in world.nodes:
            await until(node.ready, REST_SECONDS, f"{node.name} ready after round {self.done}")

        def empty():
            return all(value == 0 for node in world.nodes for gauge, value in gauges.of_node(node).items()
                       if gauge in ("sessions", "rooms", "users"))
        await until(empty, REST_SECONDS, f"sessions, rooms and users of round {self.done} gone")
        # Nodes end their subscriptions a moment after the rooms they were for.
        seen = []

        def settled():
            seen.append(gauges.of_nats(self.measured["nats"])["subscriptions"])
            return len(seen) > SETTLED_READS and len(set(seen[-SETTLED_READS:])) == 1
        await until(settled, REST_SECONDS, f"subscriptions of round {self.done} settled")

    def _sample(self, seconds):
        for name, program in self.measured.items():
            values = gauges.of_nats(program) if name == "nats" else gauges.of_node(program)
            if "roster entries" in values:  # each erased membership leaves a marker (cluster/SUBJECTS.md)
                values["roster entries"] -= MEMBERS * self.done
                # ... and each user leaves a position and its rooms, for a year.
                values["positions"] -= 2 * CLIENTS * self.done
            for gauge, value in values.items():
                self.samples.setdefault((name, gauge), []).append((seconds, value))

    def verdicts(self):
        """{(program, gauge): Verdict}"""
        return {key: Verdict(points, gauges.ALLOWED["nats" if key[0] == "nats" else "node"][key[1]])
                for key, points in self.samples.items()}


def table(verdicts):
    lines = ["| | first | last | per hour | grew by (at most) | |", "|---|---|---|---|---|---|"]
    for (program, gauge), v in verdicts.items():
        lines.append(f"| {program} {gauge} | {v.first:,.0f} | {v.last:,.0f} | {v.per_hour:+,.0f} "
                     f"| {v.growth:+,.0f} ({v.allowed:,.0f}) | {'LEAKS' if v.leaks else 'ok'} |")
    return "\n".join(lines)


def main():
    parse = argparse.ArgumentParser(prog="scripts/soak", description="Three nodes and a nats-server under revolving users, "
                                    "rooms and memberships, with a fault per round; does anything grow?")
    parse.add_argument("--minutes", type=float, default=30, metavar="M", help="so long (30)")
    parse.add_argument("--seed", type=int, default=1, help="of faults and choices (1)")
    parse.add_argument("--json", type=pathlib.Path, metavar="FILE", help="all samples")
    options = parse.parse_args()
    if options.minutes <= 0:
        parse.error("--minutes: must be above 0")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    soak = Soak(options.minutes, options.seed)
    asyncio.run(soak.carry_out())
    verdicts = soak.verdicts()
    if options.json:
        options.json.write_text(json.dumps({f"{program} {gauge}": points for (program, gauge), points in soak.samples.items()}))
    print(table(verdicts))
    for sentence in soak.complaints[:20]:
        print(sentence)
    leaks = [" ".join(key) for key, verdict in verdicts.items() if verdict.leaks]
    print(f"{soak.done} rounds, {soak.faults} faults, {len(soak.complaints)} complaints; "
          + (f"grows: {', '.join(leaks)}" if leaks else "nothing grows"))
    return 1 if leaks or soak.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
