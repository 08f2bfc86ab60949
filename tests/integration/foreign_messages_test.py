"""Bytes from NATS, whatever they are, end no node, stall none and reach no client."""
import json
import os
import random
import socket
import threading
import time
import unittest

from clients import Sse
from harness import Cluster, ClusterCase, admin, eventually, fresh, token

REASONS = ("malformed", "too_large", "bad_data", "wrong_channel", "bad_reply", "not_stored", "unknown_kind", "overload",
           "too_many_nodes", "same_node_id", "fault")


class Wire:
    """One connection to nats-server that publishes; `answer` reads what comes to its inbox."""

    def __init__(self, nats):
        self.link = socket.create_connection(("127.0.0.1", nats.port), 5)
        self.file = self.link.makefile("rb")
        self.file.readline()  # INFO
        self.link.sendall(b'CONNECT {"verbose":false}\r\nSUB _INBOX.wire.* 1\r\nSUB foreign.inbox.wire.* 3\r\n')
        self.flush()

    def publish(self, subject, payload, reply=""):
        payload = payload if isinstance(payload, bytes) else payload.encode()
        self.link.sendall(f"PUB {subject} {reply} {len(payload)}\r\n".encode() + payload + b"\r\n")

    def flush(self):
        """Until the server has taken everything; answers that come meanwhile are dropped."""
        self.link.sendall(b"PING\r\n")
        while self.file.readline() != b"PONG\r\n":
            pass

    def close(self):
        self.file.close()
        self.link.close()


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def fields(*contents):
    return b"".join(varint(len(each)) + each for each in contents)


def node_message(payload, sender=b"stranger"):
    return b"\x01" + fields(sender, payload)


def event(room, data, *, tenant=b"default", name=b"evil", event_id=b"x", flags=b"\0", sender=b""):
    return b"\x01" + fields(tenant, b"\0", room.encode(), event_id, name, data, flags, b"\0" * 8, sender, b"", b"")


def deep_cbor(levels):
    return b"\x81" * levels + b"\x00"


class ForeignMessages(ClusterCase):
    count = 2
    settings = ("nats.stream=foreign",)
    nats = True

    def setUp(self):
        self.wire = Wire(self.cluster.nats)
        self.addCleanup(self.wire.close)

    def refused(self, reason):
        return sum(node.metric("starling_foreign_messages_total", reason=reason) for node in self.nodes)

    def check_alive(self):
        """Every node still runs, answers for the cluster, and delivers."""
        self.wire.flush()
        room = fresh("alive")
        for node in self.nodes:
            self.assertIsNone(node.process.poll(), node.text()[-2000:])
            rooms = node.inspect("rooms")
            self.assertEqual((sorted(rooms["replied"]), rooms["missing"]), (["n1", "n2"], []))
        stream = self.opened(Sse(self.nodes[1], token(fresh("u"), rooms=[room])))
        self.nodes[0].publish(room=room, data={"fine": True})
        self.assertEqual(json.loads(stream.next().data), {"fine": True})

    def test_every_reason_is_counted_from_the_start(self):
        samples = self.node.metrics()
        for reason in REASONS:
            self.assertIn(f'starling_foreign_messages_total{{reason="{reason}"}}', samples)

    def test_announcements_that_are_none_do_no_harm(self):
        before = self.refused("malformed")
        nodes = [row["id"] for row in self.node.inspect("nodes")["nodes"]]
        for payload in (b'{"id":"f1","leaving":"x"}', b'{"id":7}', b"", b"\xff" * 1000, deep_cbor(100_000),
                        fields(fields(b"a\nb")), fields(fields(b"f" * 5000))):
            self.wire.publish("foreign.node.f1", payload)
        self.check_alive()
        eventually(lambda: self.refused("malformed") >= before + 2 * 6)
        self.assertEqual([row["id"] for row in self.node.inspect("nodes")["nodes"]], nodes)

    def test_no_more_than_a_thousand_nodes_are_known(self):
        before = self.refused("too_many_nodes")
        for i in range(1200):
            self.wire.publish("foreign.node.x", fields(fields(b"ghost-%d" % i), b"\x01"))
        self.wire.flush()
        eventually(lambda: self.refused("too_many_nodes") > before)
        self.assertLessEqual(len(self.node.inspect("nodes")["nodes"]), 1000)
        self.check_alive()

    def test_questions_that_are_none_are_refused_and_the_next_ones_answered(self):
        before = self.refused("malformed") + self.refused("unknown_kind")
        drains_without_its_mark = b"\x09"
        for question in (b'{"op":"rooms"}', deep_cbor(500_000), b"", drains_without_its_mark, b"sq1", b"sq1\x7f",
                         b"sq1\x00" + b"\xff" * 300, b"sq1\x05" + fields(b"t", b"r", b"u", b"maybe"),
                         b"sq1\x04" + fields(b"short", b""), b"sq1\x0a" + fields(b"loud"),
                         b"sq1\x07" + fields(event("r", b"[" * 500_000))):
            for subject in ("foreign.ask", "foreign.ask.n1"):
                self.wire.publish(subject, node_message(question), "foreign.inbox.wire.a")
                self.wire.publish(subject, question, "foreign.inbox.wire.a")
        self.check_alive()
        eventually(lambda: self.refused("malformed") + self.refused("unknown_kind") > before + 20)

    def test_questions_are_answered_to_nodes_alone(self):
        # A whole question: how many rooms there are. Its answer may go below foreign.inbox and nowhere else.
        question = node_message(b"sq1\x08" + fields(b"default"))
        heard = Wire(self.cluster.nats)
        self.addCleanup(heard.close)
        heard.link.sendall(b"SUB foreign.ch.> 2\r\nSUB elsewhere 2\r\nSUB foreign.inboxes.x 2\r\n")
        heard.flush()
        before = self.refused("bad_reply")
        elsewhere = ("elsewhere", "foreign.ch.default.room.r.x", "_INBOX.wire.a", "foreign.inbox", "foreign.inboxes.x",
                     "foreign.ask")
        for reply in elsewhere:
            self.wire.publish("foreign.ask", question, reply)
        self.wire.publish("foreign.ask.n1", question, "foreign.inbox.wire.a")
        self.wire.link.settimeout(5)
        while (line := self.wire.file.readline()) == b"PING\r\n":
            pass
        self.assertEqual(line.split()[:2], [b"MSG", b"foreign.inbox.wire.a"])
        self.wire.file.readline()
        eventually(lambda: self.refused("bad_reply") == before + 2 * len(elsewhere))
        heard.link.sendall(b"PING\r\n")
        said = iter(heard.file.readline, b"PONG\r\n")
        self.assertEqual([line for line in said if line.startswith((b"MSG foreign.ch", b"MSG elsewhere", b"MSG foreign.inboxes"))], [])

    def test_stored_messages_that_are_no_events_are_passed_over(self):
        room = fresh("room")
        streams = [self.opened(Sse(node, token(fresh("u"), rooms=[room]))) for node in self.nodes]
        self.node.publish(room=room, data=0)
        for i in range(1, 21):
            self.wire.publish(f"foreign.in.default.room.{room}", b"no event at all")
            self.wire.flush()
            self.node.publish(room=room, data=i)
        for stream in streams:
            self.assertEqual([stream.next().data for _ in range(21)], [str(i) for i in range(21)])

    def test_answers_that_are_none_cost_only_the_one_who_gave_them(self):
        # A stranger answers each question to all nodes with nonsense, faster than the nodes can.
        self.wire.link.sendall(b"SUB foreign.ask 9\r\n")
        self.wire.flush()
        before = self.refused("malformed")
        other = Wire(self.cluster.nats)
        self.addCleanup(other.close)
        answers = iter([b"nonsense", node_message(deep_cbor(100_000)), node_message(b"\xff" * 100)])

        def ask():
            thread = threading.Thread(target=lambda: self.node.inspect("rooms"))
            thread.start()
            while True:
                words = self.wire.file.readline().split()
                if words and words[0] == b"MSG" and words[2] == b"9":
                    self.wire.file.readline()
                    break
            other.publish(words[3].decode(), next(answers))
            thread.join()

        for _ in range(3):
            ask()
        self.wire.link.sendall(b"UNSUB 9\r\n")
        eventually(lambda: self.refused("malformed") > before)
        self.check_alive()

    def test_data_that_is_no_json_or_too_deep_reaches_nobody_and_leaves_history_readable(self):
        room = fresh("room")
        stream = self.opened(Sse(self.node, token(fresh("u"), rooms=[room])))
        bad = (b"nonsense", b"", b"{", b"[" * 100_000, b'{"a":1}{', b'"\xff"')
        before = self.refused("bad_data")
        self.node.publish(room=room, data=1)
        for data in bad:
            self.wire.publish(f"foreign.in.default.room.{room}", event(room, data))
            self.wire.publish(f"foreign.ch.default.room.{room}.x", event(room, data))
        self.wire.publish(f"foreign.in.default.room.{room}", event(room, b"{}", name=b"a\ndata: evil\n\n"))
        self.wire.publish(f"foreign.in.default.room.{room}", event("another", b"{}"))
        self.wire.publish(f"foreign.ch.default.room.{room}.e", event(room, b"{}"))
        self.wire.flush()
        self.node.publish(room=room, data=2)
        self.assertEqual([stream.next().data for _ in range(2)], ["1", "2"])
        eventually(lambda: self.refused("bad_data") >= before + 2 * len(bad))
        eventually(lambda: self.refused("wrong_channel") > 0 and self.refused("not_stored") > 0)
        for node in self.nodes:
            page = node.http("GET", f"/api/rooms/{room}/history", token=admin()).json
            self.assertEqual([one["data"] for one in page["events"]], [1, 2])
        self.check_alive()

    def test_random_bytes_on_every_subject_do_no_harm(self):
        seed = int.from_bytes(os.urandom(4), "big")
        rng = random.Random(seed)
        room = fresh("room")
        self.opened(Sse(self.node, token(fresh("u"), rooms=[room])))
        subjects = ("foreign.node.n1", "foreign.node.zz", "foreign.ask", "foreign.ask.n1", "foreign.turn",
                    f"foreign.ch.default.room.{room}.e", f"foreign.ch.default.room.{room}.x",
                    f"foreign.ch.default.room.{room}.c", f"foreign.in.default.room.{room}",
                    "$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.other")
        with self.subTest(seed=seed):
            for _ in range(3000):
                payload = rng.randbytes(rng.choice((0, 1, 3, 20, 300)))
                if rng.random() < 0.5:
                    payload = node_message(payload, b"n9")
                self.wire.publish(rng.choice(subjects), payload, "_INBOX.wire.r")
            self.check_alive()

    def test_what_is_refused_is_logged_with_subject_and_size_but_not_each_time(self):
        def lines():
            return [line for line in self.node.text().splitlines() if "a message from NATS was refused" in line]

        def logged():
            for _ in range(50):
                self.wire.publish("foreign.node.f1", b"junk")
            self.wire.flush()
            return any("subject=announcement" in line and "bytes=4" in line for line in lines())

        before, start = len(lines()), time.monotonic()
        eventually(logged)  # one line a second and reason; other tests may have had this second's
        self.assertLessEqual(len(lines()) - before, 2 * (time.monotonic() - start + 1))


class TwoNodesOfOneId(unittest.TestCase):
    def test_the_later_one_counts_and_the_other_is_said_to_have_its_id_as_well(self):
        cluster = Cluster(2)
        self.addCleanup(cluster.close)
        watching, earlier = cluster.nodes
        later = cluster.start_node("n2")
        self.addCleanup(later.stop)

        def said(node):
            return node.metric("starling_foreign_messages_total", reason="same_node_id")

        for node in (watching, earlier, later):
            eventually(lambda node=node: said(node) >= 3, 10, f"{node.log} refuses what the earlier one says of itself")
        self.assertIn("reason=same_node_id subject=n2", watching.text())
        # Each announcement of the one was news after one of the other, and answered at once.
        self.assertLessEqual(watching.text().count("node joined node=n2"), 2)
        self.assertIn(later.admin[1], [int(row["admin"].rsplit(":", 1)[1]) for row in watching.inspect("nodes")["nodes"]])


if __name__ == "__main__":
    unittest.main()
