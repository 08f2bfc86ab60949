"""How soon the official clients are back after the death, the drain and the outage of nodes: at the nodes themselves
and behind the shipped proxy configurations. By hand:  python3 -B tests/proxies/recovery.py [direct nginx haproxy]
Prints a Markdown table; exit code 1 when somebody is later than promised. Defaults of clients and nodes.

After a kill times count from the kill, after an outage from when all nodes say that they are ready, on a drain from the
end of each client's stream."""
import argparse
import asyncio
import resource
import signal
import statistics
import sys
import threading
import time

from world import ROOT, World, eventually, token

sys.path.insert(0, str(ROOT / "apps" / "clients" / "python"))
from starling.aio import Starling  # noqa: E402

SETTINGS = ("drain.window=10s",)  # the node's default
PATIENCE_SECONDS = 30
MEDIAN_SECONDS, NINETY_PERCENT_SECONDS = 1.0, 2.0


class Client:
    """One official client: when it was without a stream."""

    def __init__(self, urls, user):
        self.link = Starling(urls, token(user, rooms=["lobby"]), rooms=["lobby"], on_status=self.hear)
        self.connected = False
        self.lost_at = None
        self.blanks = []  # (began, ended)

    def hear(self, state, _):
        now = time.monotonic()
        if state == "open":
            self.connected = True
            if self.lost_at is not None:
                self.blanks.append((self.lost_at, now))
        elif self.connected and state in ("waiting", "closed"):
            self.connected = False
            self.lost_at = now

    async def run(self):
        async for _ in self.link:
            pass


class Crowd:
    """Clients on a loop in a thread of their own."""

    def __init__(self, world, count):
        self.clients = [Client(world.urls(i), f"u{i}") for i in range(count)]
        self.loop = asyncio.new_event_loop()
        self.tasks = [self.loop.create_task(client.run()) for client in self.clients]
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def wait_for_all(self):
        def connected():
            ended = [task for task in self.tasks if task.done()]
            assert not ended, f"{len(ended)} clients gave up, one with {ended[0].exception()!r}"
            return all(client.connected for client in self.clients)
        eventually(connected, PATIENCE_SECONDS, "all clients connected")

    def connected(self):
        return sum(client.connected for client in self.clients)

    def blanks(self, since):
        return [(began, ended) for client in self.clients for began, ended in client.blanks if ended > since]

    def close(self):
        async def end():
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(PATIENCE_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


def after_kill(world, crowd):
    killed = time.monotonic()
    world.nodes[0].kill()
    eventually(lambda: crowd.connected() < len(crowd.clients), PATIENCE_SECONDS, "somebody noticed")
    crowd.wait_for_all()
    return [ended - killed for _, ended in crowd.blanks(killed)]


def after_drain(world, crowd):
    asked = time.monotonic()
    leaving = world.nodes[1].process
    leaving.send_signal(signal.SIGTERM)
    eventually(lambda: leaving.poll() is not None, PATIENCE_SECONDS, "the node has left")
    crowd.wait_for_all()
    return [ended - began for began, ended in crowd.blanks(asked)]


def after_outage(world, crowd):
    killed = time.monotonic()
    for node in world.nodes:
        node.kill()
    eventually(lambda: crowd.connected() == 0, PATIENCE_SECONDS, "everybody noticed")
    time.sleep(max(0, killed + 3 - time.monotonic()))  # the outage itself
    ready = world.start_all_again()
    crowd.wait_for_all()
    return [max(0, ended - ready) for _, ended in crowd.blanks(killed)]


def measure(kind, count):
    """[(what happened, seconds of each client that had lost its stream)]"""
    world = World(kind, settings=SETTINGS)
    try:
        crowd = Crowd(world, count)
        try:
            crowd.wait_for_all()
            result = [("one of three nodes killed", after_kill(world, crowd))]
            world.start_again(0)
            result.append(("one drained", after_drain(world, crowd)))
            world.start_again(1)
            result.append(("all away for 3 s", after_outage(world, crowd)))
            return result
        finally:
            crowd.close()
    finally:
        world.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("ways", nargs="*", metavar="direct|nginx|haproxy", default=["direct", "nginx", "haproxy"])
    asked = parser.parse_args()
    if unknown := set(asked.ways) - {"direct", "nginx", "haproxy"}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    late = False
    print(f"{asked.clients:,} clients\n\n| | what happened | lost their stream | median, s | 90 %, s | worst, s |")
    print("|---|---|---|---|---|---|")
    for way in asked.ways:
        for happened, seconds in measure(way, asked.clients):
            *_, ninety = statistics.quantiles(seconds, n=10)
            median = statistics.median(seconds)
            late = late or median > MEDIAN_SECONDS or ninety >= NINETY_PERCENT_SECONDS
            print(f"| {way} | {happened} | {len(seconds):,} | {median:.2f} | {ninety:.2f} | {max(seconds):.2f} |",
                  flush=True)
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
