"""Clients behind the shipped proxy configurations, through the death, the drain and the return of nodes."""
import shutil
import signal
import time
import unittest

from fleet import Fleet
from publisher import Publisher
from world import World, eventually

CLIENTS = 60
BLANK_SECONDS = 3.0


class Behind:
    """The scenarios; a class for each proxy below."""

    kind = None

    def setUp(self):
        if not shutil.which(self.kind, path="/usr/sbin:/usr/bin"):
            self.skipTest(f"{self.kind} is not installed (scripts/deps --test)")
        self.world = World(self.kind)
        self.addCleanup(self.world.close)
        self.fleet = Fleet("127.0.0.1", self.world.proxy.port, [self.world.path(i) for i in range(CLIENTS)])
        self.addCleanup(self.fleet.close)
        self.wait_for_all(self.fleet.all_connected, 10)
        self.publisher = Publisher(self.world.proxy.port)
        self.addCleanup(self.publisher.stop)

    def wait_for_all(self, connected, seconds):
        try:
            eventually(connected, seconds, "all clients connected")
        except AssertionError as late:
            raise AssertionError("\n".join([str(late), *self.fleet.without_stream()])) from None

    def all_back(self, since, counted_from=None):
        def back():
            self.assertEqual(self.fleet.fatal(), [], "a client gave up for good")
            return self.fleet.all_connected()
        self.wait_for_all(back, 15)
        seconds, story = self.fleet.longest_blank(since, counted_from)
        self.assertLessEqual(seconds, BLANK_SECONDS, story)

    def nothing_missing(self):
        """Everybody has every acknowledged event once and in order."""
        self.publisher.stop()
        last = self.publisher.sent - 2  # the latest may not have been acknowledged
        eventually(lambda: all(source.events and source.events[-1] >= last for source in self.fleet.sources), 5,
                   "all events arrived")
        for source in self.fleet.sources:
            self.assertEqual(source.events, list(range(source.events[0], source.events[-1] + 1)))

    def test_the_death_of_a_node_blanks_nobody_and_it_takes_its_share_when_it_is_back(self):
        since = time.monotonic()
        self.world.nodes[0].kill()
        eventually(lambda: not self.fleet.all_connected(), 5, "somebody noticed")
        self.all_back(since)
        self.assertEqual(set(self.fleet.spread()), {"n2", "n3"})
        self.world.start_again(0)
        since = time.monotonic()
        self.world.nodes[1].kill()
        eventually(lambda: not self.fleet.all_connected(), 5, "somebody noticed")
        self.all_back(since)
        self.assertGreaterEqual(self.fleet.spread().get("n1", 0), CLIENTS / 6, "the node that is back got nobody")
        self.nothing_missing()

    def test_a_drain_blanks_nobody(self):
        since = time.monotonic()
        self.world.nodes[0].process.send_signal(signal.SIGTERM)
        eventually(lambda: self.world.nodes[0].process.poll() is not None, 15, "the node has left")
        self.all_back(since)
        self.assertEqual(set(self.fleet.spread()), {"n2", "n3"})
        self.nothing_missing()

    def test_an_outage_of_all_nodes_ends_nobody(self):
        since = time.monotonic()
        for node in self.world.nodes:
            node.kill()
        eventually(lambda: not any(source.connected for source in self.fleet.sources), 5, "all streams ended")
        # Each client has tried in vain at least once.
        seen = [len(source.goodbyes) for source in self.fleet.sources]
        eventually(lambda: all(len(source.goodbyes) > before for source, before in zip(self.fleet.sources, seen))
                   or self.fleet.fatal(), 15, "all tried")
        # Who comes first goes to the node that is there first, so not every node need have some.
        self.all_back(since, counted_from=self.world.start_all_again())
        self.nothing_missing()


class BehindNginx(Behind, unittest.TestCase):
    kind = "nginx"


class BehindHaproxy(Behind, unittest.TestCase):
    kind = "haproxy"


if __name__ == "__main__":
    unittest.main()
