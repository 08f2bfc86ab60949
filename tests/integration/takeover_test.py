"""Foreign messages when the node that ingests them dies, leaves or is held up, and another one takes over."""
import pathlib
import shutil
import signal
import tempfile
import threading
import time
import unittest

import nats_wire
from clients import Sse
from faulty_world import Way
from harness import Nats, Node, eventually, fresh, token
from mapping_test import MappingCase
from nats_client import NatsClient


class Background:
    """Publishes {"i": n} to a subject every `pause` seconds until it is stopped."""

    def __init__(self, nats, subject, pause=0.005, store=False):
        self.client = NatsClient(nats)
        self.prefix = fresh("m")  # ids of an earlier test would count as duplicates for two minutes
        self.sent = 0
        self.times = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(subject, pause, store))
        self._thread.start()

    def _run(self, subject, pause, store):
        while not self._over.is_set():
            payload = {"id": f"{self.prefix}-{self.sent}", "i": self.sent}
            self.times.append(time.monotonic())
            if store:
                self.client.store(subject, payload)
            else:
                self.client.publish(subject, payload)
            self.sent += 1
            self._over.wait(pause)

    def more(self, count, seconds=10):
        """Waits until more than `count` have been published from now on."""
        before = self.sent
        eventually(lambda: self.sent > before + count, seconds, f"{count} messages more")

    def stop(self):
        """How many were published. Again does nothing more."""
        if not self._over.is_set():
            self._over.set()
            self._thread.join()
            self.client.flush()
            self.client.close()
        return self.sent


def numbers(client, last):
    """Of the messages that a reader gets, up to `last`."""
    out = []
    while not out or out[-1] < last:
        out += [body["i"] for body in MappingCase.bodies(client.take(1, 10))]
    return out


class TakeoverTest(MappingCase):
    count = 3
    settings = ("drain.window=200ms",)
    rules = """
[[mapping]]
subject = "named.*"
room = "named"
id = "{/id}"

[[mapping]]
subject = "plain.*"
room = "plain"

[[mapping]]
stream = "FOREIGN"
subject = "foreign.*"
room = "foreign"
id = "{/id}"
"""

    def setUp(self):
        # Each test ends a node: what stands is started anew.
        for index, node in enumerate(self.nodes):
            if node.process.poll() is not None:
                self.nodes[index] = self.cluster.start_node(node.id)
        for node in self.nodes:
            eventually(node.ready, 10, f"{node.id} ready")

    def holder(self, source):
        """The node that ingests it, by what nodes have said last."""
        said = []
        for node in self.nodes:
            lines = [line for line in node.text().splitlines() if source in line
                     and ("this node ingests a source" in line or "no longer ingests" in line)]
            if node.process.poll() is None and lines and "this node ingests" in lines[-1]:
                said.append(node)
        return said[0] if len(said) == 1 else None

    def reader(self, room, not_on):
        node = next(node for node in self.nodes if node is not not_on and node.process.poll() is None)
        return self.stream(room, node=node)

    def test_after_kill_another_node_goes_on_within_3_s_and_ids_make_it_lossless(self):
        for subject, room, lossless in (("named.a", "named", True), ("plain.a", "plain", False)):
            with self.subTest(subject):
                self.setUp()
                holder = eventually(lambda room=room: self.holder(room), 10, "one ingests")
                client = self.reader(room, holder)
                work = Background(self.cluster.nats, subject)
                work.more(100, 5)
                holder.kill()
                died = time.monotonic()
                eventually(lambda work=work, died=died: time.monotonic() - died > 5, 10)
                last = work.stop() - 1
                got = numbers(client, last)
                self.assertEqual(got, sorted(set(got)), "order, each once")
                missing = sorted(set(range(got[0], last + 1)) - set(got))
                if lossless:
                    self.assertEqual(missing, [])
                else:
                    silence = [work.times[i] - died for i in missing]
                    self.assertTrue(all(-0.5 < at < 3 for at in silence), silence)
                    lost = sum(node.metric("starling_mapping_lost_total") for node in self.nodes
                               if node.process.poll() is None)
                    self.assertGreaterEqual(lost + 1, len(missing))

    def test_a_drained_node_hands_over_at_once_and_nothing_is_lost(self):
        for subject, room in (("named.b", "named"), ("plain.b", "plain")):
            with self.subTest(subject):
                self.setUp()
                holder = eventually(lambda room=room: self.holder(room), 10, "one ingests")
                client = self.reader(room, holder)
                work = Background(self.cluster.nats, subject, pause=0.001)
                work.more(100, 5)
                self.assertEqual(holder.stop(), 0)
                work.more(200)
                last = work.stop() - 1
                got = numbers(client, last)
                self.assertEqual(got, sorted(set(got)), "order, each once")
                missing = sorted(set(range(got[0], last + 1)) - set(got))
                self.assertLessEqual(len(missing), 1 if room == "plain" else 0, missing)

    def test_a_foreign_stream_is_read_from_its_beginning_exactly_once_whatever_dies(self):
        nats = self.publisher()
        client = self.reader("foreign", None)
        nats.add_stream("FOREIGN", "foreign.*")
        for i in range(50):
            nats.store("foreign.a", {"id": f"early{i}", "i": i})
        holder = eventually(lambda: self.holder("foreign"), 10, "one ingests")
        self.assertEqual([body["i"] for body in self.bodies(client.take(50, 10))], list(range(50)))
        client = self.reader("foreign", holder)
        work = Background(self.cluster.nats, "foreign.a", pause=0.002, store=True)
        work.more(200, 5)
        holder.kill()
        eventually(lambda: self.holder("foreign"), 10, "another ingests")
        self.all_in_order(client, work)
        eventually(lambda: nats.consumer("FOREIGN", "starling-ingest")["num_ack_pending"] == 0)
        self.assertEqual(nats.consumer("FOREIGN", "starling-ingest")["num_pending"], 0)

    def stream_reader(self, holder):
        """Begins a stream of messages; (reader, what publishes them), once some have come."""
        self.publisher().add_stream("FOREIGN", "foreign.*")
        client = self.reader("foreign", holder)
        work = Background(self.cluster.nats, "foreign.a", pause=0.002, store=True)
        numbers(client, 100)
        return client, work

    def all_in_order(self, client, work):
        work.more(200)
        last = work.stop() - 1
        got = numbers(client, last)
        self.assertEqual(got, list(range(got[0], last + 1)))

    def test_a_drained_node_hands_a_stream_over_in_order(self):
        holder = eventually(lambda: self.holder("foreign"), 10, "one ingests")
        client, work = self.stream_reader(holder)
        self.stream("elsewhere", node=holder)  # it stays for its window, and what NATS gives it would be late
        self.assertEqual(holder.stop(), 0)
        self.all_in_order(client, work)

    def test_what_a_stream_gave_to_somebody_else_comes_before_what_is_behind_it(self):
        client, work = self.stream_reader(eventually(lambda: self.holder("foreign"), 10, "one ingests"))
        thief = self.publisher()

        def stolen():
            thief.publish("$JS.API.CONSUMER.MSG.NEXT.FOREIGN.starling-ingest", {"batch": 5, "expires": 300_000_000},
                          thief.inbox + ".stolen")
            thief.flush()
            return any(payload for _, payload in thief.messages)
        eventually(stolen, 10, "a message that somebody else was given")
        self.all_in_order(client, work)

    def test_what_two_nodes_died_with_comes_in_the_order_of_the_stream(self):
        # The first was given everything, the second the first half of it once more: so that is what comes again last.
        half = 300
        nats = self.publisher()
        dead = self.publisher()
        position = self.nodes[0].publish(room="foreign", data=0)["position"]
        for node in self.nodes:
            node.stop()
        nats.request("$JS.API.STREAM.DELETE.FOREIGN")
        nats.add_stream("FOREIGN", "foreign.*")
        for i in range(2 * half):
            nats.store("foreign.a", {"id": f"again{i}", "i": i})
        nats.request("$JS.API.CONSUMER.DURABLE.CREATE.FOREIGN.starling-ingest",
                     {"stream_name": "FOREIGN", "config": {
                         "durable_name": "starling-ingest", "deliver_policy": "all", "ack_policy": "explicit",
                         "ack_wait": 1_000_000_000, "max_ack_pending": 4096, "replay_policy": "instant"}})
        for given in (2 * half, half):
            dead.publish("$JS.API.CONSUMER.MSG.NEXT.FOREIGN.starling-ingest", {"batch": given, "expires": 5_000_000_000},
                         dead.inbox + ".dead")
            eventually(lambda given=given: dead.flush() or len(dead.messages) == given, 10, "messages that a node died with")
            dead.messages.clear()
        self.setUp()
        client = self.opened(Sse(self.nodes[0], token("u", rooms=["foreign"]), format="envelope", last_event_id=position))
        self.assertEqual([body["i"] for body in self.bodies(client.take(2 * half, 10))], list(range(2 * half)))

    def test_a_stopped_node_that_wakes_up_ingests_nothing_twice(self):
        holder = eventually(lambda: self.holder("named"), 10, "one ingests")
        client = self.reader("named", holder)
        work = Background(self.cluster.nats, "named.c")
        work.more(100, 5)
        holder.process.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        eventually(lambda: time.monotonic() - stopped > 4, 10)
        holder.process.send_signal(signal.SIGCONT)
        self.all_in_order(client, work)


class StalledWayTest(unittest.TestCase):
    def test_what_was_held_up_until_the_ingesting_node_was_dead_is_not_ingested_twice(self):
        folder = tempfile.mkdtemp(prefix="starling-stalled-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        nats = Nats(folder)
        self.addCleanup(nats.kill)
        way = Way(nats)
        self.addCleanup(way.close)
        rules = f"{folder}/mapping.toml"
        pathlib.Path(rules).write_text('[[mapping]]\nsubject = "plain.*"\nroom = "plain"\n', encoding="utf-8")
        nodes = []
        for name, to in (("n1", nats), ("n2", way)):
            nodes.append(Node(folder, name, nats=to, config=rules))
            self.addCleanup(nodes[-1].kill)
            eventually(nodes[-1].ready, 10, f"{name} ready")
        first, second = nodes
        eventually(lambda: "this node ingests a source" in first.text(), 10, "n1 ingests")
        client = Sse(second, token("u", rooms=["plain"]), format="envelope")
        self.addCleanup(client.close)
        work = Background(nats, "plain.a")
        self.addCleanup(work.stop)
        work.more(100)
        # Between two renewals: n2 hears nothing of n1 behind what is held up.
        renewals = nats_wire.NatsClient(nats.port)
        self.addCleanup(renewals.close)
        renewals.subscribe("$KV.starling_leases.>")
        renewals.message()
        work.more(20)  # n2 has heard of it too
        way.hold()
        work.more(20)
        first.kill()
        work.more(600)
        way.release()
        eventually(lambda: "this node ingests a source" in second.text(), 10, "n2 ingests")
        work.more(100)
        got = numbers(client, work.stop() - 1)
        self.assertEqual(got, sorted(set(got)))
