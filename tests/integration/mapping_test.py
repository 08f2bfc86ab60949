"""Foreign publishers over NATS: what mappings make of their messages, on one node and on three."""
import hashlib
import hmac
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from clients import Sse
from faulty_world import Way
from harness import BIN, Cluster, ClusterCase, Nats, Node, admin, eventually, fresh, token
from nats_client import NatsClient

RULES = """
[[mapping]]
subject = "shop.*.orders.>"
tenant = "{/tenant}"
room = "shop:{2}"
id = "{/id}"
event = "{/kind|map:kinds}"
data = { order = "{/id}", at = "{/at|ms}", by = "{/user}" }
exclude = "{/user}"
when = "{/public}"

[[mapping]]
subject = "shop.*.orders.new"
room = "never"

[[mapping]]
subject = "notes.*"
room = "notes"
event = "note"

[[mapping]]
subject = "typing.*"
room = "notes"
event = "typing"
ephemeral = true

[[mapping]]
subject = "direct"
users = "{/to}"
event = "direct"

[mapping_table.kinds]
new = "OrderPlaced"
gone = "OrderCancelled"
"""


class MappingCase(ClusterCase):
    nats = True
    rules = RULES

    @classmethod
    def setUpClass(cls):
        class Configured(Cluster):
            def start_node(self, node_id):
                file = f"{self.folder}/mapping.toml"
                with open(file, "w", encoding="utf-8") as out:
                    out.write(cls.rules)
                return Node(self.folder, node_id, *self.settings, nats=self.nats, config=file)

        cls.cluster = Configured(cls.count, *cls.settings, nats=True)
        cls.addClassCleanup(cls.cluster.close)
        cls.nodes = cls.cluster.nodes
        cls.node = cls.nodes[0]
        cls.prepare()
        eventually(lambda: any("this node ingests a source" in node.text() for node in cls.nodes), 10, "one ingests")

    @classmethod
    def prepare(cls):
        """Before the first test."""

    def publisher(self):
        client = NatsClient(self.cluster.nats)
        self.addCleanup(client.close)
        return client

    def stream(self, *rooms, node=None, user="u", **claims):
        return self.opened(Sse(node or self.node, token(user, rooms=list(rooms), **claims), format="envelope"))

    @staticmethod
    def bodies(events):
        return [json.loads(event.data)["data"] for event in events]


def count(node, result):
    return node.metric("starling_mapping_total", result=result)


class MappingTest(MappingCase):
    def test_a_message_becomes_an_event_as_its_rule_says(self):
        client = self.stream("shop:7", tenant="acme")
        placed_by = self.stream("shop:7", tenant="acme", user="bob")
        other = self.stream("shop:7", tenant="other")
        before = count(self.node, "ok")
        nats = self.publisher()
        order = {"tenant": "acme", "id": 12345678901234567890, "kind": "new", "at": "2024-02-29T12:30:15.5Z",
                 "user": "bob", "public": True}
        nats.publish("shop.7.orders.new", order)
        nats.publish("shop.7.orders.gone", {**order, "id": "a", "kind": "gone", "user": 5})
        nats.flush()
        first, second = client.take(2)
        self.assertEqual((first.name, second.name), ("OrderPlaced", "OrderCancelled"))
        envelope = json.loads(first.data)
        self.assertEqual(envelope["room"], "shop:7")
        self.assertEqual(envelope["data"], {"order": 12345678901234567890, "at": 1709209815500, "by": "bob"})
        self.assertEqual(json.loads(second.data)["data"]["by"], 5)
        self.assertEqual([event.name for event in placed_by.take(1)], ["OrderCancelled"])
        with self.assertRaises(TimeoutError):
            other.take(1, timeout=0.3)
        eventually(lambda: count(self.node, "ok") == before + 2)
        self.assertGreaterEqual(self.node.metric("starling_events_in_total", source="mapping"), 2)
        history = self.node.http("GET", "/api/rooms/shop:7/history",
                                 token=token("u", rooms=["shop:7"], tenant="acme")).json["events"]
        self.assertEqual([event["id"] for event in history][-2:], ["12345678901234567890", "a"])

    def test_what_is_not_wanted_does_not_fit_or_was_there_is_counted_and_stops_nothing(self):
        client = self.stream("shop:8", tenant="acme")
        counts = {result: count(self.node, result) for result in ("ok", "skipped", "bad", "duplicate")}
        nats = self.publisher()
        order = {"tenant": "acme", "id": "o1", "kind": "new", "at": 1, "user": "bob", "public": 1}
        nats.publish("shop.8.orders.new", order)
        nats.publish("shop.8.orders.new", order)
        nats.publish("shop.8.orders.new", {**order, "id": "o2", "public": 0})
        nats.publish("shop.8.orders.new", {**order, "id": "o3", "at": "yesterday"})
        nats.publish("shop.8.orders.new", {**order, "id": "o4", "kind": "odd"})
        nats.publish("shop.8.orders.new", b"\x0a\x03abc")
        nats.publish("shop.8.orders.new", "[" * 65 + "]" * 65)
        nats.publish("shop.8.orders.new", {**order, "id": "o5"})
        nats.flush()
        self.assertEqual([body["order"] for body in self.bodies(client.take(2))], ["o1", "o5"])
        expected = {"ok": 2, "skipped": 1, "bad": 4, "duplicate": 1}
        eventually(lambda: all(count(self.node, name) == counts[name] + n for name, n in expected.items()))
        self.assertIn("a foreign message is refused subject=shop.8.orders.new rule=1", self.node.text())
        self.assertNotIn("yesterday", self.node.text())

    def test_users_are_reached_wherever_they_are_and_ephemeral_events_are_not_stored(self):
        ann = self.stream("notes", user="ann")
        nats = self.publisher()
        nats.publish("direct", {"to": ["ann", "nobody"], "text": "hi"})
        nats.publish("typing.1", {"who": "x"})
        nats.flush()
        self.assertEqual([event.name for event in ann.take(2)], ["direct", "typing"])
        history = self.node.http("GET", "/api/rooms/notes/history", token=token("u", rooms=["notes"])).json["events"]
        self.assertNotIn("typing", [event["event"] for event in history])

    def test_order_of_a_subject_is_kept(self):
        client = self.stream("notes", user="reader")
        nats = self.publisher()
        for i in range(2000):
            nats.publish("notes.a", {"i": i})
        nats.flush()
        self.assertEqual([body["i"] for body in self.bodies(client.take(2000, timeout=20)) if "i" in body],
                         list(range(2000)))


class InspectionTest(MappingCase):
    count = 2

    def ctl(self, *arguments, node=0, payload=b""):
        """(exit code, JSON)"""
        host, port = self.nodes[node].admin
        done = subprocess.run([str(BIN / "starlingctl"), "--server", f"http://{host}:{port}", "--token", admin(), "--json",
                               "mapping", *arguments], input=payload, capture_output=True, timeout=20, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def test_a_payload_can_be_tried_out_without_being_published(self):
        order = {"tenant": "acme", "id": 7, "kind": "new", "at": 1, "user": "bob", "public": True}
        code, said = self.ctl("test", "shop.9.orders.new", "-", payload=json.dumps(order).encode())
        self.assertEqual((code, said["result"], said["rule"]), (0, "ok", 1))
        self.assertEqual(said["events"], [{"event": "OrderPlaced", "tenant": "acme", "rooms": ["shop:9"],
                                           "exclude": ["bob"], "id": "7", "ephemeral": False,
                                           "data": {"order": 7, "at": 1000, "by": "bob"}}])
        self.assertTrue(said["from"].endswith("mapping.toml:2"), said["from"])
        code, said = self.ctl("test", "nobody.reads.this", "-", payload=b"{}")
        self.assertEqual((code, said["result"], said["rule"], said["events"]), (1, "skipped", None, []))
        code, said = self.ctl("test", "shop.9.orders.new", "-", payload=b"no json")
        self.assertEqual((code, said["result"]), (1, "bad"))
        self.assertIn("malformed JSON", said["reason"])
        reply = self.node.http("POST", "/admin/v1/mappings/test?subject=x", token=token("u"), body=b"{}",
                               admin_listener=True)
        self.assertEqual(reply.status, 403)

    def test_a_trial_and_a_message_that_names_no_tenant_are_judged_alike(self):
        number = fresh("n")
        subject = f"shop.{number}.orders.new"
        order = {"id": fresh("order"), "kind": "new", "at": 1, "user": fresh("buyer"), "public": True}

        def bad():
            return sum(count(node, "bad") for node in self.nodes)

        before, nats = bad(), self.publisher()
        code, said = self.ctl("test", subject, "-", payload=json.dumps(order).encode())
        self.assertEqual((code, said["result"], said["rule"], said["events"]), (1, "bad", 1, []))
        self.assertEqual(said["reason"], "nothing that this node knows tells its tenant")
        nats.publish(subject, order)
        nats.flush()
        eventually(lambda: bad() == before + 1)

        client = self.stream(f"shop:{number}", tenant="acme")
        code, said = self.ctl("test", subject, "-", payload=json.dumps(order).encode())
        self.assertEqual((code, said["result"], said["events"][0]["tenant"]), (0, "ok", "acme"))
        nats.publish(subject, order)
        nats.flush()
        self.assertEqual([body["order"] for body in self.bodies(client.take(1))], [order["id"]])

    def test_every_node_tells_what_all_have_ingested(self):
        nats = self.publisher()
        nats.publish("notes.a", {"n": 1})
        nats.publish("notes.a", b"no json")
        nats.flush()

        def counts(node):
            code, said = self.ctl("ls", node=node)
            self.assertEqual(code, 0)
            rule = said["mappings"][2]
            return rule["subject"], rule["ok"], rule["bad"]
        for node in range(2):
            eventually(lambda node=node: counts(node)[:2] == ("notes.*", 1))
        sources = {source["subject"]: source for source in self.ctl("ls")[1]["sources"]}
        self.assertEqual(set(sources), {"shop.*.orders.>", "notes.*", "typing.*", "direct"})
        self.assertIn(sources["notes.*"]["holder"], ("n1", "n2"))
        self.assertEqual(sources["notes.*"]["lost"], 0)


class SignatureTest(MappingCase):
    secret = "of foreign publishers, thirty-two bytes"
    settings = ("security.hmac_secret=" + secret,)

    def sign(self, body):
        return hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()

    def test_payloads_are_signed_in_the_header_or_in_sig(self):
        client = self.stream("notes")
        before = count(self.node, "unsigned")
        nats = self.publisher()
        body = b'{ "n": 1 }'
        nats.publish("notes.a", body, X_Event_Signature=self.sign(body))
        nats.publish("notes.a", body.replace(b"1", b"2"), X_Event_Signature=self.sign(body))
        nats.publish("notes.a", {"n": 3})
        nats.publish("notes.a", {"n": 4, "sig": self.sign(b'{"n":4}')})
        nats.publish("notes.a", b'{"n": 6}', x_event_signature=self.sign(b'{"n": 6}'))
        nats.publish("notes.a", {"n": 5, "sig": self.sign(b'{"n":4}')})
        nats.flush()
        self.assertEqual([body["n"] for body in self.bodies(client.take(3))], [1, 4, 6])
        eventually(lambda: count(self.node, "unsigned") == before + 3)


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

    def stop(self):
        """How many were published. Again does nothing more."""
        if not self._over.is_set():
            self._over.set()
            self._thread.join()
            self.client.flush()
            self.client.close()
        return self.sent


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

    def numbers(self, client, last, timeout=10):
        out = []
        while not out or out[-1] < last:
            out += [body["i"] for body in self.bodies(client.take(1, timeout))]
        return out

    def test_after_kill_another_node_goes_on_within_3_s_and_ids_make_it_lossless(self):
        for subject, room, lossless in (("named.a", "named", True), ("plain.a", "plain", False)):
            with self.subTest(subject):
                self.setUp()
                holder = eventually(lambda room=room: self.holder(room), 10, "one ingests")
                client = self.reader(room, holder)
                work = Background(self.cluster.nats, subject)
                eventually(lambda work=work: work.sent > 100)
                holder.kill()
                died = time.monotonic()
                eventually(lambda work=work, died=died: time.monotonic() - died > 5, 10)
                last = work.stop() - 1
                got = self.numbers(client, last)
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
                eventually(lambda work=work: work.sent > 100)
                self.assertEqual(holder.stop(), 0)
                sent = work.sent
                eventually(lambda work=work, sent=sent: work.sent > sent + 200, 10)
                last = work.stop() - 1
                got = self.numbers(client, last)
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
        eventually(lambda: work.sent > 200)
        holder.kill()
        eventually(lambda: self.holder("foreign"), 10, "another ingests")
        sent = work.sent
        eventually(lambda: work.sent > sent + 200, 10)
        last = work.stop() - 1
        got = self.numbers(client, last)
        self.assertEqual(got, list(range(got[0], last + 1)))
        eventually(lambda: nats.consumer("FOREIGN", "starling-ingest")["num_ack_pending"] == 0)
        self.assertEqual(nats.consumer("FOREIGN", "starling-ingest")["num_pending"], 0)

    def stream_reader(self, holder):
        """Begins a stream of messages; (reader, what publishes them), once some have come."""
        self.publisher().add_stream("FOREIGN", "foreign.*")
        client = self.reader("foreign", holder)
        work = Background(self.cluster.nats, "foreign.a", pause=0.002, store=True)
        self.numbers(client, 100)
        return client, work

    def all_in_order(self, client, work):
        sent = work.sent
        eventually(lambda: work.sent > sent + 200, 10)
        last = work.stop() - 1
        got = self.numbers(client, last)
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
        eventually(lambda: work.sent > 100)
        holder.process.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        eventually(lambda: time.monotonic() - stopped > 4, 10)
        holder.process.send_signal(signal.SIGCONT)
        sent = work.sent
        eventually(lambda: work.sent > sent + 200, 10)
        last = work.stop() - 1
        got = self.numbers(client, last)
        self.assertEqual(got, list(range(got[0], last + 1)))


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

        def sent(more):
            at = work.sent
            eventually(lambda: work.sent >= at + more, 10, f"{more} messages")
        sent(100)
        # Between two renewals: n2 hears nothing of n1 behind what is held up.
        renewals = NatsClient(nats)
        self.addCleanup(renewals.close)
        renewals.subscribe("$KV.starling_leases.>")
        renewals.next()
        sent(20)  # n2 has heard of it too
        way.hold()
        sent(20)
        first.kill()
        sent(600)
        way.release()
        eventually(lambda: "this node ingests a source" in second.text(), 10, "n2 ingests")
        sent(100)
        last = work.stop() - 1
        got = []
        while not got or got[-1] < last:
            got.append(json.loads(client.next(10).data)["data"]["i"])
        self.assertEqual(got, sorted(set(got)))
