"""What breaks comes back: nodes die, NATS dies, the store begins anew; clients are told the truth."""
import base64
import json
import os
import signal
import socket
import time
import unittest

from clients import Closed, Sse, Ws
from harness import Cluster, ClusterCase, Nats, Node, admin, eventually, fresh, token

# How much longer NATS is away than it takes to notice. OUTAGE_SECONDS=600 is the long run.
OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", 0))


def nats_request(nats, subject, body=""):
    """One request over the NATS text protocol; the answer's JSON."""
    with socket.create_connection(("127.0.0.1", nats.port), 5) as link:
        lines = link.makefile("rb")
        lines.readline()
        link.sendall(b'CONNECT {"verbose":false}\r\nSUB _INBOX.test 1\r\n' +
                     f"PUB {subject} _INBOX.test {len(body)}\r\n{body}\r\n".encode())
        while True:
            line = lines.readline()
            if line.startswith(b"MSG"):
                return json.loads(lines.read(int(line.split()[-1])))


def saved_position(nats, user):
    """What `since=last` would go by: a cursor, or None."""
    body = json.dumps({"last_by_subj": f"$KV.starling_positions.default.{user}"})
    answer = nats_request(nats, "$JS.API.STREAM.MSG.GET.KV_starling_positions", body)
    return base64.b64decode(answer["message"]["data"]).decode() if "message" in answer else None


def values(stream, count):
    return [json.loads(event.data) for event in stream.take(count, 10)]


class SinceLast:
    """The same of both engines."""
    settings = ("sse.heartbeat=500ms", "history.max_events_per_room=20")

    @property
    def other(self):
        return self.nodes[-1]

    def left(self, user):
        eventually(lambda: not self.node.inspect(f"sessions?user={user}")["sessions"], 5, "the session to end")

    def test_what_came_while_nobody_was_there_is_delivered(self):
        room, user = fresh("room"), fresh("user")
        me = token(user, rooms=[room])
        stream = Sse(self.node, me)
        self.node.publish(room=room, data=1)
        self.assertEqual(values(stream, 1), [1])
        stream.reset()
        self.left(user)
        self.node.publish(room=room, data=2)
        self.node.publish(user=user, data=3)
        again = self.opened(Sse(self.other, me, since="last"))
        self.assertEqual((again.connected["resumed"], again.connected["replayed"]), (True, 2))
        self.assertEqual(values(again, 2), [2, 3])

    def test_a_user_who_was_never_here_begins_afresh(self):
        stream = self.opened(Sse(self.node, token(fresh("user")), since="last"))
        self.assertEqual((stream.connected["resumed"], stream.connected["lost"]), (False, []))

    def test_a_user_who_was_never_here_gets_what_was_said_to_them_and_no_room_s_past(self):
        room, user = fresh("room"), fresh("user")
        self.node.publish(room=room, data=0)
        for i in range(1, 4):
            self.node.publish(user=user, data=i)
        stream = self.opened(Sse(self.other, token(user, rooms=[room]), since="last"))
        self.assertEqual((stream.connected["resumed"], stream.connected["replayed"], stream.connected["lost"]),
                         (False, 3, []))
        self.node.publish(room=room, data=4)
        self.assertEqual(values(stream, 4), [1, 2, 3, 4])

    def test_what_has_aged_out_since_the_last_session_is_lost_by_name(self):
        room, user = fresh("room"), fresh("user")
        me = token(user, rooms=[room])
        stream = Sse(self.node, me)
        self.node.publish(room=room, data=0)
        self.assertEqual(values(stream, 1), [0])
        stream.reset()
        self.left(user)
        for i in range(1, 31):
            self.node.publish(room=room, data=i)
        again = self.opened(Sse(self.other, me, since="last"))
        self.assertEqual((again.connected["resumed"], again.connected["lost"]),
                         (False, [{"room": room, "reason": "expired"}]))
        self.assertEqual(values(again, 20), list(range(11, 31)))


class SinceLastInMemory(SinceLast, ClusterCase):
    count = 1


class SinceLastOnNats(SinceLast, ClusterCase):
    count = 2


class Shutdown:
    """A node that is told twice to end does not wait out its drain window."""

    def test_whoever_is_left_is_told_of_the_shutdown_and_can_resume(self):
        cluster = Cluster(1, "drain.window=60s", nats=self.nats)
        self.addCleanup(cluster.close)
        node, room = cluster.nodes[0], fresh("room")
        streams = [Sse(node, token(fresh("user"), rooms=[room])) for _ in range(8)]
        web = Ws(node, token(fresh("user"), rooms=[room]))
        for client in (*streams, web):
            self.addCleanup(client.close)
        node.publish(room=room, data=1)
        for stream in streams:
            self.assertEqual(values(stream, 1), [1])
        node.process.send_signal(signal.SIGTERM)
        eventually(lambda: not node.ready(), 5, "the drain to begin")
        node.process.send_signal(signal.SIGTERM)
        codes = []
        for stream in streams:
            bye = stream.goodbye()
            self.assertTrue(bye["reconnect"])
            codes.append(bye["code"])
        frame = web.until("goodbye")
        with self.assertRaises(Closed):
            web.next()
        self.assertEqual(web.close_code, {"shutdown": 1001, "draining": 1012}[frame["code"]])
        codes.append(frame["code"])
        # The first few of a drain's window may have been sent away by it.
        self.assertGreaterEqual(codes.count("shutdown"), 6)
        self.assertEqual(set(codes) - {"shutdown", "draining"}, set())
        self.assertEqual(node.process.wait(10), 0)


class ShutdownInMemory(Shutdown, unittest.TestCase):
    nats = False


class ShutdownOnNats(Shutdown, unittest.TestCase):
    nats = True


class NodeDeath(unittest.TestCase):
    def test_a_dead_node_leaves_the_counts_and_its_user_goes_on_elsewhere(self):
        cluster = Cluster(2)
        self.addCleanup(cluster.close)
        first, second = cluster.nodes
        room, user = fresh("room"), fresh("user")
        me = token(user, rooms=[room])
        stream = Sse(first, me)
        self.addCleanup(stream.close)
        first.publish(room=room, data=1)
        self.assertEqual(values(stream, 1), [1])
        eventually(lambda: saved_position(cluster.nats, user) == stream.last_id, 5, "the position to be saved")
        first.kill()
        second.publish(room=room, data=2)
        again = Sse(second, me, since="last")
        self.addCleanup(again.close)
        self.assertTrue(again.connected["resumed"])
        self.assertEqual(values(again, 1), [2])
        eventually(lambda: second.inspect("stats")["nodes"] == 1, 14, "the dead node to be gone")
        self.assertEqual(second.inspect("stats")["sessions"], 1)
        states = {row["id"]: row["state"] for row in second.inspect("nodes")["nodes"]}
        self.assertEqual(states, {"n1": "gone", "n2": "alive"})


class NatsDeath(unittest.TestCase):
    def test_sessions_stay_publishing_is_refused_and_all_heals(self):
        cluster = Cluster(2)
        self.addCleanup(cluster.close)
        first, second = cluster.nodes
        room = fresh("room")
        stream = Sse(first, token("u", rooms=[room], ttl=600 + int(OUTAGE_SECONDS)))
        self.addCleanup(stream.close)
        second.publish(room=room, data=1)
        self.assertEqual(values(stream, 1), [1])
        cluster.nats.kill()
        eventually(lambda: not first.ready() and not second.ready(), 10, "both nodes to say not ready")
        reply = first.http("GET", "/readyz")
        self.assertEqual(reply.status, 503)
        self.assertIn("nats", [check["name"] for check in reply.json["checks"] if not check["ok"]])
        for target in ({"room": room, "ephemeral": True}, {"room": room}, {"client": stream.client_id}):
            for node in cluster.nodes:
                reply = node.http("POST", "/api/publish", token=admin(), body={"event": "e", "data": 0, **target})
                self.assertEqual(reply.status, 503)
                self.assertTrue(reply.headers["Retry-After"])
        for node in cluster.nodes:
            reply = node.http("POST", f"/api/sse/send/{stream.client_id}", token=admin(), body={"data": "no"})
            self.assertEqual(reply.status, 503)
        time.sleep(OUTAGE_SECONDS)
        self.assertEqual(first.metric("starling_sessions"), 1)
        cluster.nats.start_again()
        back = time.monotonic()
        eventually(lambda: first.ready() and second.ready(), 10, "both nodes to be ready again")
        self.assertLess(time.monotonic() - back, 5)
        second.publish(room=room, data=2)
        self.assertEqual(values(stream, 1), [2])

    def test_nodes_may_start_before_nats(self):
        cluster = Cluster(1, nats=True)
        self.addCleanup(cluster.close)
        cluster.nats.kill()
        late = Node(cluster.folder, "late", nats=cluster.nats)
        cluster.nodes.append(late)
        self.assertFalse(late.ready())
        refused = Sse(late, token("u"))
        self.addCleanup(refused.close)
        self.assertEqual(json.loads(refused.first.data)["code"], "overload")
        cluster.nats.start_again()
        eventually(late.ready, 10, "the node to find NATS")

    def test_a_store_that_begins_anew_is_said_aloud(self):
        cluster = Cluster(2)
        self.addCleanup(cluster.close)
        first, second = cluster.nodes
        room = fresh("room")
        me = token("u", rooms=[room])
        stream = Sse(first, me)
        self.addCleanup(stream.close)
        first.publish(room=room, data=1)
        self.assertEqual(values(stream, 1), [1])
        self.assertTrue(nats_request(cluster.nats, "$JS.API.STREAM.DELETE.starling")["success"])
        goodbye = stream.goodbye(30)
        self.assertTrue(goodbye["reconnect"])
        self.assertIn("began anew", goodbye["reason"])
        # The second node may hear of the deletion later than the first: until then it is ready, and refuses.
        item = {"room": room, "event": "msg", "data": 2}
        eventually(lambda: second.http("POST", "/api/publish", token=admin(), body=item).status == 200, 10,
                   "the second node to store")
        again = Sse(second, me, last_event_id=stream.last_id)
        self.addCleanup(again.close)
        self.assertFalse(again.connected["resumed"])
        self.assertEqual(again.connected["lost"], [{"room": "*", "reason": "epoch"}])
        self.assertEqual(values(again, 1), [2])


if __name__ == "__main__":
    unittest.main()
