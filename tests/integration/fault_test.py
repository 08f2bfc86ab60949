"""Every handler of every kind of actor throws once, and everything that comes to one as a call, in a node under load:
clients lose nothing, and no actor is missing without anybody's notice."""
import shutil
import signal
import tempfile
import time
import unittest

from faulty_world import World, calls, entries
from harness import Nats, Node, eventually
from outage_test import nats_request

# What a fault ends (actors/README.md).
ENDS_PROCESS = ("bridge", "fanout", "ingester", "publisher", "roster")
ENDS_ACTOR = ("connection", "room", "user")
# Which such message throws. Elsewhere the first: what comes once in a life, or seldom.
TURN = {"bridge.engine_stored": 50, "bridge.join": 10, "bridge.left": 10, "bridge.tick": 2, "fanout.fan_out": 50,
        "fanout.joined": 10, "fanout.flush": 50, "publisher.publish_request": 10, "publisher.append_done": 10,
        "roster.join": 10, "ingester.foreign_arrived": 30, "ingester.mapped_stored": 30, "room.inbound": 30,
        "connection.replay_part": 3, "connection.deliver": 100, "connection.joined": 3}
# What such messages follow from.
BEFORE = dict.fromkeys(("bridge.channel_died", "bridge.members_report", "fanout.recount", "connection.actor_rebuilt"),
                       ["room.inbound@30"])
# Only where the store begins anew, which has a test of its own.
ANEW = ("forget_history",)
PATIENCE = 40


def planned(handler):
    return [*BEFORE.get(handler, []), f"{handler}@{TURN.get(handler, 1)}"]


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.close)

    def provoke(self, handler, node):
        world = self.world
        if handler == "bridge.engine_leader_changed":
            world.new_leader()
        elif handler == "bridge.reorder_due":
            world.leave_out_an_event()
        elif handler == "bridge.fence_failed":
            world.cut()
        elif handler == "bridge.repair_read" and time.monotonic() > self.next_cut:
            self.next_cut = time.monotonic() + 4  # the node comes back, and reads what it has missed
            world.cut()
        elif handler == "ingester.retry_mapped" and time.monotonic() > self.next_cut:
            self.next_cut = time.monotonic() + 3
            world.cut_off_from_the_store()
        elif handler == "fanout.pause":
            world.say_much_to_many(node)
        elif handler in ("fanout.drain", "ingester.source_relieved"):
            node.process.send_signal(signal.SIGTERM)

    def live_until_it_ends(self, handler):
        """Runs a node whose `handler` throws, until that has ended it."""
        actor, message = handler.split(".")
        node = self.world.begin(planned(handler))
        streams = self.world.node_dies() if message == "node_gone" else []
        try:
            if actor == "ingester":
                self.world.let_ingest(node)
            self._wait_for_the_end(node, handler)
        finally:
            self.world.end(node)
            for stream in streams:
                stream.close()
        self.assertEqual(node.process.returncode, 70, node.text()[-1000:])
        last = node.text().splitlines()[-1]
        for part in ("node ends", actor, message, "a planned fault"):
            self.assertIn(part, last)

    def _wait_for_the_end(self, node, handler):
        end, said, self.next_cut = time.monotonic() + PATIENCE, None, time.monotonic() + 1
        while node.process.poll() is None:
            self.assertLess(time.monotonic(), end, f"{handler}: no such message in {PATIENCE} s")
            if said is None and "node ends" in node.text():
                said = time.monotonic()
            self.provoke(handler, node)
            time.sleep(0.02)
        if said:
            self.assertLess(time.monotonic() - said, 1)

    def test_what_has_a_policy_is_every_kind_there_is(self):
        self.assertEqual(sorted(entries()), sorted(ENDS_PROCESS + ENDS_ACTOR))
        self.assertEqual([actor for actor, events in calls().items() if events], ["connection", "fanout"])

    def test_a_fault_that_ends_the_process_costs_no_client_an_event(self):
        for actor in ENDS_PROCESS:
            for message in entries()[actor]:
                with self.subTest(handler=f"{actor}.{message}"):
                    self.live_until_it_ends(f"{actor}.{message}")
            with self.subTest(actor=actor):
                self.assertEqual(self.world.missing(), [])

    def test_a_fault_that_ends_an_actor_costs_no_client_an_event(self):
        wanted = [f"{actor}.{message}" for actor in ENDS_ACTOR for message in entries()[actor] if message not in ANEW]
        node = self.world.begin([entry for handler in wanted for entry in planned(handler)])
        streams = self.world.node_dies()
        end = time.monotonic() + PATIENCE
        while missed := [handler for handler in wanted if not self.had(node, handler)]:
            self.assertIsNone(node.process.poll(), node.text()[-1000:])
            self.assertLess(time.monotonic(), end, f"no such messages in {PATIENCE} s: {missed}")
            time.sleep(0.1)
        self.assertEqual(self.world.missing(), [])
        self.assertTrue(node.ready())
        for stream in streams:
            stream.close()
        self.world.end(node)

    @staticmethod
    def had(node, handler):
        actor, message = handler.split(".")
        return any(f"actor={actor} " in line and f"message={message} " in line
                   for line in node.text().splitlines() if "actor ended by a fault" in line)


class FaultsWhenTheStoreBeginsAnew(unittest.TestCase):
    def test_rooms_and_users_that_cannot_forget_are_built_anew_and_go_on(self):
        world = World()
        self.addCleanup(world.close)
        wanted = [f"{actor}.{message}" for actor in ENDS_ACTOR for message in entries()[actor] if message in ANEW]
        self.assertEqual(len(wanted), 2)
        node = world.begin([entry for handler in wanted for entry in planned(handler)])
        eventually(lambda: node.metric("starling_sessions") >= len(world.readers), 10, "readers to be at the node")
        self.assertTrue(nats_request(world.nats, "$JS.API.STREAM.DELETE.starling")["success"])
        end = time.monotonic() + PATIENCE
        while missed := [handler for handler in wanted if not Faults.had(node, handler)]:
            self.assertLess(time.monotonic(), end, f"no such messages in {PATIENCE} s: {missed}")
            time.sleep(0.1)
        # The past is lost, and said so; what is published from now on arrives.
        reached = {room: count + 20 for room, count in world.published.items()}
        while any(count < reached[room] for room, count in world.published.items()):
            self.assertLess(time.monotonic(), end + PATIENCE, "publishing does not go on")
            time.sleep(0.1)
        for reader in world.readers:
            for room, count in reached.items():
                while not reader.seen[room] or reader.seen[room][-1] < count:
                    self.assertLess(time.monotonic(), end + PATIENCE, f"{room} stays behind")
                    time.sleep(0.1)
                self.assertEqual(reader.seen[room], sorted(set(reader.seen[room])))
            self.assertTrue(any("epoch" in complaint for complaint in reader.complaints), reader.complaints)
        self.assertIsNone(node.process.poll())
        world.end(node)


class FaultsOutsideOfActors(unittest.TestCase):
    def test_a_thread_that_throws_ends_the_process_as_an_actor_does_and_says_which(self):
        folder = tempfile.mkdtemp(prefix="starling-thread-fault-")
        self.addCleanup(shutil.rmtree, folder)
        nats = Nats(folder)
        self.addCleanup(nats.kill)
        node = Node(folder, "n1", 'debug.faults=["nats-out.order@1"]', nats=nats, wait=False)
        self.addCleanup(node.kill)
        self.assertEqual(node.process.wait(10), 70, node.text()[-1000:])
        last = node.text().splitlines()[-1]
        for part in ("node ends", "thread=nats-out", "a planned fault"):
            self.assertIn(part, last)


if __name__ == "__main__":
    unittest.main()
