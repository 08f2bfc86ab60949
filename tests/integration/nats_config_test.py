"""Nodes and others under exactly the permissions that `starlingctl nats-config` prints."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from clients import Sse
from harness import BIN, Nats, Node, admin, eventually, fresh, token
from nats_wire import NatsClient

PASSWORDS = {"node": "node pass", "publisher": "publisher pass", "reader": "reader pass"}


def printed(*arguments):
    return subprocess.run([str(BIN / "starlingctl"), "nats-config", *arguments], check=True, capture_output=True,
                          timeout=20).stdout.decode()


def in_environment():
    """A server reads the values of variables like those of its configuration: quoted."""
    return {f"STARLING_{user.upper()}_PASSWORD": json.dumps(word) for user, word in PASSWORDS.items()}


class UnderPrintedPermissions(unittest.TestCase):
    partitions = 1

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="starling-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        config = printed("--partitions", str(cls.partitions), "--foreign-subject", "chat.>")
        cls.nats = Nats(cls.folder, config, in_environment())
        cls.addClassCleanup(cls.nats.stop)
        cls.nodes = [cls.start_node(f"n{i}") for i in (1, 2, 3)]
        for node in cls.nodes:
            eventually(node.ready, 10, f"{node.id} ready: {node.text()[-500:]}")
            eventually(lambda node=node: len(node.inspect("nodes")["nodes"]) == 3, 10, f"{node.id} sees all")

    @classmethod
    def start_node(cls, name):
        mapping = pathlib.Path(cls.folder, "mapping.toml")
        mapping.write_text('[[mapping]]\nsubject = "chat.*"\nroom = "{2}"\n')
        node = Node(cls.folder, name, "nats.user=node", f"nats.password={PASSWORDS['node']}",
                    f"nats.partitions={cls.partitions}", nats=cls.nats, config=mapping)
        cls.addClassCleanup(node.stop)
        return node

    def opened(self, client):
        self.addCleanup(client.close)
        return client

    def client(self, user):
        return self.opened(NatsClient(self.nats.port, user, PASSWORDS[user]))

    def assert_nobody_was_refused(self):
        for node in self.nodes:
            self.assertNotRegex(node.text(), "(?i)permission", node.id)

    def test_everything_that_nodes_do_works(self):
        one, two, three = self.nodes
        room, user = fresh("room"), fresh("ann")
        stream = self.opened(Sse(two, token(user, rooms=[room])))
        for i in range(60):  # so many that a consumer reads them
            one.publish(room=room, data={"n": i})
        for i in range(60):
            self.assertEqual(json.loads(stream.until("msg").data), {"n": i})
        one.publish(room=room, data="typing", ephemeral=True)
        self.assertEqual(stream.until("msg").data, "typing")
        history = three.http("GET", f"/api/rooms/{room}/history?limit=1000", token=admin()).json
        self.assertEqual([event["data"]["n"] for event in history["events"]], list(range(60)))
        presence = three.http("GET", f"/api/rooms/{room}/presence", token=admin()).json
        self.assertEqual((presence["count"], presence["unreachable"]), (1, []))
        self.assertEqual(len(three.inspect("sessions")["sessions"]), 1)

        listed = fresh("listed")
        path = f"/api/rooms/{listed}/members/{user}"
        self.assertEqual(one.http("PUT", path, token=admin()).status, 200)
        one.publish(room=listed, data={"by": "roster"})
        self.assertEqual(json.loads(stream.until("msg").data), {"by": "roster"})
        self.assertEqual(three.http("DELETE", path, token=admin()).status, 200)
        eventually(lambda: not two.http("GET", f"/api/rooms/{listed}/members", token=admin()).json["members"], 5,
                   "the member is gone everywhere")

        stream.close()
        eventually(lambda: not two.inspect("sessions")["sessions"], 5, "the session has ended")
        one.publish(room=room, data={"n": 60})
        back = eventually(lambda: self.back(three, user, room), 5, "since=last goes on behind what was seen")
        self.assertEqual(json.loads(back.until("msg").data), {"n": 60})

        self.nats.stop()
        eventually(lambda: not one.ready(), 10, "the node has noticed")
        self.nats.start_again()
        for node in self.nodes:
            eventually(node.ready, 15, f"{node.id} is back")
        one.publish(room=room, data={"n": 61})
        self.assertEqual(json.loads(back.until("msg").data), {"n": 61})
        self.assert_nobody_was_refused()

    def test_nodes_ingest_and_hand_over(self):
        room = fresh("mapped")
        publisher, other = self.client("publisher"), self.start_node("n4")
        eventually(other.ready, 10, "another node is ready")
        stream = self.opened(Sse(other, token("u", rooms=[room])))

        def heard(n):
            publisher.publish(f"chat.{room}", json.dumps({"n": n}).encode())
            publisher.settle()
            return json.loads(stream.until("message").data)["n"]
        eventually(lambda: any("this node ingests" in node.text() for node in self.nodes), 5, "one ingests")
        self.assertEqual(heard(1), 1)
        holder = next(i for i, node in enumerate(self.nodes) if "this node ingests" in node.text())
        self.assertEqual(self.nodes[holder].stop(), 0)
        self.nodes[holder] = other
        eventually(lambda: any("this node ingests" in node.text() for node in self.nodes), 5, "another one ingests")
        self.assertEqual(heard(2), 2)
        self.assert_nobody_was_refused()

    def back(self, node, user, room):
        stream = Sse(node, token(user, rooms=[room]), since="last")
        if stream.connected["replayed"] == 1:
            return self.opened(stream)
        stream.close()
        return None

    def test_a_publisher_reaches_what_mappings_take_in_and_nothing_of_ours(self):
        publisher = self.client("publisher")
        self.assertFalse(publisher.refused(publisher.publish, "chat.7.message", b"{}"))
        for subject in ("starling.in.default.room.a", "starling.ch.default.room.a.e", "starling.node.evil",
                        "starling.ask", "starling.ask.n1", "starling.turn", "starling.inbox.x.1",
                        "$KV.starling_roster.default.ann.room", "$KV.starling_positions.default.ann",
                        "$JS.API.STREAM.DELETE.starling", "$JS.API.STREAM.PURGE.starling", "$JS.API.STREAM.NAMES",
                        "$JS.API.STREAM.MSG.GET.starling", "other"):
            self.assertTrue(publisher.refused(publisher.publish, subject, b"{}"), subject)
        for subject in ("starling.>", "starling.ch.>", "starling.inbox.>", "$KV.>", "$JS.>", "chat.>", ">"):
            self.assertTrue(publisher.refused(publisher.subscribe, subject), subject)

    def test_a_reader_reads_along_and_does_nothing_else(self):
        reader = self.client("reader")
        room = fresh("room")
        part = "" if self.partitions == 1 else "*."
        self.assertFalse(reader.refused(reader.subscribe, f"starling.ch.{part}default.room.{room}.e"))
        self.nodes[0].publish(room=room, data={"x": 1})
        subject, payload = reader.message()
        self.assertTrue(subject.endswith(f"default.room.{room}.e"), subject)
        self.assertIn(b'{"x":1}', payload)
        for subject in (f"starling.ch.{part}default.room.{room}.c", "starling.ch.>", "starling.node.*", "starling.ask",
                        "starling.inbox.>", "_INBOX.>", "$KV.>", "$JS.EVENT.>", "chat.>", ">"):
            self.assertTrue(reader.refused(reader.subscribe, subject), subject)
        for subject in ("starling.in.default.room.a", "starling.ch.default.room.a.x", "starling.ask", "chat.1",
                        "$JS.API.STREAM.INFO.starling", "$KV.starling_roster.x", "other"):
            self.assertTrue(reader.refused(reader.publish, subject, b"{}"), subject)

    def test_a_node_may_not_do_what_nodes_never_do(self):
        node = self.client("node")
        stream = "starling" if self.partitions == 1 else "starling-p0"
        for subject in (f"$JS.API.STREAM.DELETE.{stream}", f"$JS.API.STREAM.PURGE.{stream}", "$JS.API.STREAM.LIST",
                        "$JS.API.STREAM.CREATE.other", f"$JS.API.STREAM.SNAPSHOT.{stream}", "other", "_INBOX.x"):
            self.assertTrue(node.refused(node.publish, subject, b""), subject)
        for subject in ("_INBOX.>", "other", ">", "$JS.API.>"):
            self.assertTrue(node.refused(node.subscribe, subject), subject)


class UnderPrintedPermissionsInPartitions(UnderPrintedPermissions):
    partitions = 3


class WithoutAPermission(unittest.TestCase):
    def test_a_node_that_may_not_hear_what_it_must_says_so_and_is_not_ready(self):
        folder = tempfile.mkdtemp(prefix="starling-test-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        lines = printed().splitlines()
        config = "\n".join(line for line in lines if '"starling.node.*"' not in line)
        nats = Nats(folder, config, in_environment())
        self.addCleanup(nats.stop)
        node = Node(folder, "n1", "nats.user=node", f"nats.password={PASSWORDS['node']}", nats=nats)
        self.addCleanup(node.stop)
        why = r'does not let this node hear what it must.*Subscription to \\*"starling\.node\.\*'
        eventually(lambda: re.search(why, node.text()), 10, "the log says what is missing")
        eventually(lambda: re.search(why, node.http("GET", "/readyz").body.decode()), 10, "readyz says it as well")
        self.assertFalse(node.ready())


if __name__ == "__main__":
    unittest.main()
