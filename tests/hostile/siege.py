#!/usr/bin/env python3
"""A node with honest clients, one attack after the other, and a table of what each could do.

    siege.py [--seconds S] [ATTACK ...]

Per attack: the honest clients' p99 before and while it lasts, what they lost, the node's memory at its peak and some
seconds after, what the node counted, and whether a new client is served afterwards. Attackers, honest clients and the
node share a machine, so ratios count, and an attack is tried up to three times before it has succeeded. What is late
counts only while the machine does little else; what is lost, refused or kept always does. Run by itself it measures:
p99 may double. As a test (hostile_test.py) it only finds what a person would notice.
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import threading
import time
from typing import NamedTuple

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "integration"))

from clients import Sse  # noqa: E402
from honest import PER_ROOM  # noqa: E402
from harness import Node, admin, eventually, fresh, token  # noqa: E402

HONEST = 500
EVENTS_PER_SECOND = 40
QUIET_SECONDS = 2
TRIES = 3
# Below this a scheduler's turn on a machine of two cores is longer than what is measured.
LEAST_P99_MS = 10
NOTICED_MS = 100  # by a person
MOST_MS = 1000
MOST_FOR_OTHERS = 0.2  # of the machine: beyond this, late says nothing about the node
TICKS = os.sysconf("SC_CLK_TCK")
MEMORY_BACK_SECONDS = 10
# malloc keeps what was freed between what lives on. The same attack once more uses that; what was lost would be lost again.
MORE_IN_ANOTHER_ROUND_MB = 4
SETTINGS = ("sse.heartbeat=1s", "sse.retry=300ms")


class Attack(NamedTuple):
    seconds: float
    may_grow_mb: int  # the node
    descriptors: int | None = None  # that the node may have


ATTACKS = {
    "slow_headers": Attack(11, 40),  # beyond the deadline of a request
    "slow_bodies": Attack(4, 40),
    "slow_readers": Attack(4, 120),
    "unread_answers": Attack(4, 120),
    "half_open": Attack(4, 60),
    "idle_connections": Attack(5, 120),
    "http_games": Attack(4, 100),
    "frame_games": Attack(4, 100),
    "ping_flood": Attack(4, 60),
    "command_flood": Attack(4, 100),
    "reconnect_storm": Attack(4, 60),
    "subscribe_storm": Attack(4, 100),
    "greedy_subscribes": Attack(4, 60),
    "token_storm": Attack(4, 60),
    "unauthorized_storm": Attack(4, 60),
    "descriptors_used_up": Attack(4, 40, HONEST + 150),
}


class Honest:
    """honest.py, and its answers."""

    def __init__(self, node):
        command = [sys.executable, "-B", str(FOLDER / "honest.py"), "%s:%d" % node.public,
                   token("honest", ttl=3600, rooms=["*"], publish=True), str(HONEST), str(EVENTS_PER_SECOND)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        eventually(lambda: self.mark()["connected"] == HONEST, 20, "all honest clients are connected")
        eventually(lambda: self.mark()["published"] > 0, 20, "the publisher has begun")

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise AssertionError("the honest clients have ended")
        return json.loads(answer)

    def mark(self):
        return self.ask("mark")

    def during(self, seconds):
        self.mark()
        time.sleep(seconds)
        return self.mark()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def rss_mb(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 2**20


def enough(before):
    """MB that a process may have after an attack, without another look: a quarter more, and 20 MB."""
    return before * 1.25 + 20


class Peak:
    """The most memory a process had while this was open."""

    def __init__(self, pid):
        self.pid, self.most = pid, rss_mb(pid)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self._end.wait(0.02):
            self.most = max(self.most, rss_mb(self.pid))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


def cpu_of(pid):
    """Seconds a process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_of_all():
    """(seconds used, seconds there were) of the machine since its start."""
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(field) for field in stat.readline().split()[1:9]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / TICKS, sum(ticks) / TICKS


class Others:
    """Which part of the machine went to processes that have nothing to do with this."""

    def __init__(self, *pids):
        self.pids, self.part = pids, 0.0

    def _ours(self):
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        mine = resource.getrusage(resource.RUSAGE_SELF)
        return sum(map(cpu_of, self.pids)) + sum(r.ru_utime + r.ru_stime for r in (ended, mine))

    def __enter__(self):
        self._before = (*cpu_of_all(), self._ours())
        return self

    def __exit__(self, *_):
        used, there, ours = (now - then for now, then in zip((*cpu_of_all(), self._ours()), self._before))
        self.part = max(used - ours, 0) / max(there, 1e-9)


class Outcome:
    def __init__(self, name):
        self.name, self.faults, self.late = name, [], []

    def demand(self, good, text):
        if not good:
            self.faults.append(text)

    def __str__(self):
        return f"{self.name}: {'; '.join(self.faults) or 'held'} ({vars(self)})"


class Siege:
    def __init__(self, descriptors=None):
        self.folder = tempfile.mkdtemp(prefix="starling-siege-")
        # The node inherits the limit; who attacks and who listens must not.
        mine = resource.getrlimit(resource.RLIMIT_NOFILE)
        if descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, mine[1]))
        try:
            self.node = Node(self.folder, fresh("besieged"), "sessions.max_per_user=100000", *SETTINGS)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, mine)
        self.honest = Honest(self.node)

    def close(self):
        self.honest.close()
        self.node.stop()

    def attack(self, name, seconds, least_p99_ms=LEAST_P99_MS):
        """The outcome. Late events are tried again, since the machine may have done something else; what is lost,
        refused or kept in memory is not. A p99 of less than `least_p99_ms` is never late."""
        rss = rss_mb(self.node.pid)
        for _ in range(TRIES):
            outcome = self._attack_once(name, seconds, rss, least_p99_ms)
            if not outcome.late or outcome.faults:
                break
        if outcome.rss_after > enough(rss) and not outcome.faults:
            again = self._attack_once(name, seconds, rss, least_p99_ms)
            outcome.rss_after_another = again.rss_after
            outcome.demand(again.rss_after <= outcome.rss_after + MORE_IN_ANOTHER_ROUND_MB,
                           f"memory stays at {outcome.rss_after:.0f} MB after {rss:.0f} MB before, and at "
                           f"{again.rss_after:.0f} MB after another round")
        if outcome.late and outcome.others > MOST_FOR_OTHERS:
            print(f"{name}: {outcome.late[0]}, but {outcome.others:.0%} of the machine went to others", file=sys.stderr)
        else:
            outcome.faults += outcome.late
        return outcome

    def _attack_once(self, name, seconds, rss, least_p99_ms):
        may_grow = ATTACKS[name].may_grow_mb
        out = Outcome(name)
        before = self.node.metrics()
        quiet = self.honest.during(QUIET_SECONDS)
        with Peak(self.node.pid) as peak, Others(self.node.pid, self.honest.process.pid) as others:
            attacker = subprocess.Popen([sys.executable, "-B", str(FOLDER / "attack.py"), name, self.node.public[0],
                                         str(self.node.public[1]), str(seconds)], stdout=subprocess.PIPE, text=True)
            under = self.honest.during(seconds)
            said, _ = attacker.communicate(timeout=60)
        if attacker.returncode:
            raise AssertionError(f"the attack {name} failed itself: {attacker.returncode}")
        out.seen = json.loads(said)
        out.others = round(others.part, 2)
        out.p99_quiet, out.p99_under = quiet["p99_ms"], under["p99_ms"]
        out.rss_before, out.rss_peak = round(rss, 1), round(peak.most, 1)
        out.honest = {key: under[key] for key in ("deliveries", "closed", "lost", "repeated", "refused", "connected")}

        expected = EVENTS_PER_SECOND * PER_ROOM * seconds
        if under["deliveries"] < expected / 2:
            out.late.append(f"{under['deliveries']} of {expected} events came in time")
        elif under["p99_ms"] > max(2 * quiet["p99_ms"], least_p99_ms):
            out.late.append(f"honest p99 {under['p99_ms']} ms, undisturbed {quiet['p99_ms']} ms")
        elif under["max_ms"] > MOST_MS:
            out.late.append(f"an event came after {under['max_ms']} ms")
        for bad in ("closed", "lost", "repeated", "refused"):
            out.demand(under[bad] == 0, f"honest clients: {under[bad]} {bad}")
        out.demand(peak.most - rss <= may_grow, f"memory grew from {rss:.0f} to {peak.most:.0f} MB")
        self._look_after(out, rss, before)
        return out

    def _look_after(self, out, rss, before):
        """Is everything as it was?"""
        began = time.monotonic()
        self._serve_a_newcomer()
        out.newcomer_s = round(time.monotonic() - began, 2)
        out.demand(out.newcomer_s < 2, f"a new client was served after {out.newcomer_s} s")
        end = time.monotonic() + MEMORY_BACK_SECONDS
        while rss_mb(self.node.pid) > enough(rss) and time.monotonic() < end:
            time.sleep(0.1)
        out.rss_after = round(rss_mb(self.node.pid), 1)
        after = self.node.metrics()
        out.counted = {key: round(value - before.get(key, 0)) for key, value in after.items()
                       if value != before.get(key, 0) and key.startswith("starling_") and "_total" in key
                       and not key.startswith(("starling_deliveries", "starling_events_in"))}
        out.honest_end = self.honest.mark()
        out.demand(out.honest_end["connected"] == HONEST, f"{out.honest_end['connected']} honest clients are connected")
        out.demand(out.honest_end["lost"] == 0, f"{out.honest_end['lost']} events lost afterwards")

    def _serve_a_newcomer(self):
        """One that connects and hears what is published, tried until it works."""
        end = time.monotonic() + 15
        while True:
            try:
                newcomer = Sse(self.node, token(fresh("newcomer"), rooms=["new"]), rooms="new")
                try:
                    if newcomer.connected:
                        self.node.publish(by=admin(), room="new", event="welcome", ephemeral=True)
                        newcomer.until("welcome")
                        return
                finally:
                    newcomer.close()
            except (OSError, EOFError, AssertionError) as failed:
                reason = failed
            if time.monotonic() > end:
                raise AssertionError(f"a new client is not served after 15 s: {reason!r}")
            time.sleep(0.05)


def table(outcomes):
    """Markdown, for apps/OPERATIONS.md."""
    lines = ["| attack | honest p99: undisturbed, under it | memory: before, peak, after | counted |", "|---|---|---|---|"]
    for out in outcomes:
        counted = ", ".join(f"`{key.removeprefix('starling_')}` {value:,}" for key, value in sorted(out.counted.items()))
        lines.append(f"| {out.name.replace('_', ' ')} | {out.p99_quiet:.1f}, {out.p99_under:.1f} ms | "
                     f"{out.rss_before:.0f}, {out.rss_peak:.0f}, {out.rss_after:.0f} MB | {counted} |")
    return "\n".join(lines)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("attacks", nargs="*", metavar="ATTACK", help=", ".join(ATTACKS))
    options.add_argument("--seconds", type=float)
    given = options.parse_args()
    if unknown := set(given.attacks) - set(ATTACKS):
        options.error(f"no attack {', '.join(unknown)}; there are {', '.join(ATTACKS)}")
    outcomes = []
    for name in given.attacks or ATTACKS:
        siege = Siege(ATTACKS[name].descriptors)
        try:
            outcomes.append(siege.attack(name, given.seconds or ATTACKS[name].seconds))
        finally:
            siege.close()
        print(outcomes[-1], flush=True)
    print(table(outcomes))
    return 1 if any(out.faults for out in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
