"""Foreign publishers over NATS: what mappings make of their messages, on one node and on three."""
import hashlib
import hmac
import json
import subprocess

from clients import Sse
from harness import BIN, Cluster, ClusterCase, Node, admin, eventually, fresh, token
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
