"""What breaks comes back: nodes die, NATS dies, the store begins anew; clients are told the truth."""
import base64
import json
import os
import socket
import time
import unittest

from clients import Sse
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


class SinceLast(ClusterCase):
    count = 2
    settings = ("sse.heartbeat=500ms",)

    def test_what_came_while_nobody_was_there_is_delivered(self):
        room, user = fresh("room"), fresh("user")
        me = token(user, rooms=[room])
        stream = Sse(self.nodes[0], me)
        self.node.publish(room=room, data=1)
        self.assertEqual(values(stream, 1), [1])
        stream.reset()
        eventually(lambda: self.node.http("GET", f"/admin/v1/users/{user}", token=admin(),
                                          admin_listener=True).status == 404, 5, "the session to end")
        self.node.publish(room=room, data=2)
        self.node.publish(user=user, data=3)
        again = self.opened(Sse(self.nodes[1], me, since="last"))
        self.assertEqual((again.connected["resumed"], again.connected["replayed"]), (True, 2))
        self.assertEqual(values(again, 2), [2, 3])

    def test_a_user_who_was_never_here_begins_afresh(self):
        stream = self.opened(Sse(self.node, token(fresh("user")), since="last"))
        self.assertEqual((stream.connected["resumed"], stream.connected["lost"]), (False, []))


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
        eventually(lambda: first.ready() and second.ready(), 10, "both nodes to be ready again")
        second.publish(room=room, data=2)
        again = Sse(second, me, last_event_id=stream.last_id)
        self.addCleanup(again.close)
        self.assertFalse(again.connected["resumed"])
        self.assertEqual(again.connected["lost"], [{"room": "*", "reason": "epoch"}])
        self.assertEqual(values(again, 1), [2])


if __name__ == "__main__":
    unittest.main()
