"""Who of a user's sessions may stay: devices, limits, kicks, over the whole cluster."""
import signal
import threading
import unittest

from clients import Closed, Sse, Ws
from harness import ClusterCase, admin, eventually, fresh, token


def open_sessions(node, user):
    return node.http("GET", f"/admin/v1/sessions?user={user}", token=admin(), admin_listener=True).json["sessions"]


class EvictOldest(ClusterCase):
    count = 2
    settings = ("sessions.max_per_user=3",)

    def test_a_returning_device_replaces_its_session_on_another_node(self):
        user, device = fresh("user"), "phone"
        old = self.opened(Sse(self.nodes[0], token(user), device=device))
        new = self.opened(Sse(self.nodes[1], token(user), device=device))
        bye = old.goodbye()
        self.assertEqual((bye["code"], bye["reconnect"]), ("replaced", False))
        self.node.publish(user=user, event="still")
        self.assertEqual(new.take(1)[0].name, "still")

    def test_the_id_of_a_final_goodbye_keeps_the_client_away_on_any_node(self):
        user = fresh("user")
        old = self.opened(Sse(self.nodes[0], token(user), device="tab"))
        self.opened(Sse(self.nodes[0], token(user), device="tab"))
        old.goodbye()
        for node in self.nodes:
            again = self.opened(Sse(node, token(user), device="tab", last_event_id=old.last_id))
            self.assertEqual(again.status, 204)

    def test_the_closing_mark_in_the_query_is_only_a_position(self):
        user = fresh("user")
        old = self.opened(Sse(self.nodes[0], token(user), device="tab"))
        self.opened(Sse(self.nodes[0], token(user), device="tab"))
        old.goodbye()
        target = f"/events?last_event_id={old.last_id}"
        again = self.opened(Sse(self.nodes[1], path=target, headers={"Authorization": "Bearer " + token(user)}))
        self.assertEqual(again.status, 200)
        self.assertTrue(again.connected["resumed"])

    def test_the_oldest_session_gives_way_beyond_the_limit(self):
        user = fresh("user")
        streams = [self.opened(Sse(self.nodes[i % 2], token(user))) for i in range(4)]
        bye = streams[0].goodbye()
        self.assertEqual((bye["code"], bye["reconnect"]), ("session_limit", False))
        eventually(lambda: len(open_sessions(self.node, user)) == 3, 5, "three sessions are left")
        self.node.publish(user=user, event="still")
        for stream in streams[1:]:
            self.assertEqual(stream.take(1)[0].name, "still")

    def test_simultaneous_connects_of_a_device_leave_exactly_one(self):
        for _ in range(5):
            user, streams = fresh("user"), []
            barrier = threading.Barrier(4)

            def connect(node, user=user, streams=streams, barrier=barrier):
                barrier.wait()
                streams.append(Sse(node, token(user), device="same"))

            threads = [threading.Thread(target=connect, args=(self.nodes[i % 2],)) for i in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(10)
            for stream in streams:
                self.opened(stream)
            self.assertEqual(len(streams), 4)
            for node in self.nodes:
                eventually(lambda node=node, user=user: len(open_sessions(node, user)) == 1, 5,
                           f"{node.id} sees one session")
            self.node.publish(user=user, event="who")
            alive = 0
            for stream in streams:
                try:
                    if stream.connected and stream.take(1)[0].name == "who":
                        alive += 1
                except Closed:
                    continue
            self.assertEqual(alive, 1)

    def test_a_kick_closes_a_session_of_another_node(self):
        user = fresh("user")
        stream = self.opened(Sse(self.nodes[1], token(user)))
        path = f"/admin/v1/sessions/{stream.client_id}"
        reply = self.nodes[0].http("DELETE", path, token=admin(), admin_listener=True)
        self.assertEqual(reply.status, 200)
        self.assertEqual(stream.goodbye()["code"], "kicked")
        eventually(lambda: self.nodes[0].http("GET", path, token=admin(), admin_listener=True).status == 404)

    def test_kicking_a_user_closes_all_its_sessions_with_the_websocket_code(self):
        user = fresh("user")
        stream = self.opened(Sse(self.nodes[0], token(user)))
        web = self.opened(Ws(self.nodes[1], token(user)))
        reply = self.node.http("DELETE", f"/admin/v1/users/{user}/sessions", token=admin(), admin_listener=True)
        self.assertEqual(reply.json["closed"], 2)
        self.assertEqual(stream.goodbye()["code"], "kicked")
        self.assertEqual(web.until("goodbye")["code"], "kicked")
        with self.assertRaises(Closed):
            web.next()
        self.assertEqual(web.close_code, 4003)

    def test_a_session_can_be_disconnected_by_its_owner_and_by_nobody_else(self):
        user = fresh("user")
        stream = self.opened(Sse(self.nodes[0], token(user)))
        path = f"/api/sse/disconnect/{stream.client_id}"
        self.assertEqual(self.nodes[1].http("POST", path, token=token("stranger")).status, 403)
        self.assertEqual(self.nodes[1].http("POST", path, token=token(user)).status, 200)
        stream.goodbye()

    def test_a_new_token_keeps_a_session_beyond_its_first_tokens_end(self):
        user = fresh("user")
        stream = self.opened(Sse(self.nodes[0], token(user, ttl=3)))
        other = self.opened(Sse(self.nodes[0], token(user, ttl=3)))
        stream.until("token_expiring")
        path = f"/api/session/{stream.client_id}/token"
        self.assertEqual(self.nodes[1].http("POST", path, token=token("stranger")).status, 403)
        self.assertEqual(self.nodes[1].http("POST", path, token=token(user)).status, 200)
        self.assertEqual(other.goodbye(8)["code"], "token_expired")
        self.node.publish(user=user, event="still")
        self.assertEqual(stream.take(1)[0].name, "still")

    def test_a_roster_change_moves_live_sessions_everywhere(self):
        user, room = fresh("user"), fresh("room")
        streams = [self.opened(Sse(node, token(user))) for node in self.nodes]
        path = f"/api/rooms/{room}/members/{user}"
        self.assertEqual(self.nodes[0].http("PUT", path, token=admin()).status, 200)
        eventually(lambda: all(room in s["rooms"] for s in open_sessions(self.node, user)), 5, "both joined")
        self.node.publish(room=room, event="in")
        for stream in streams:
            self.assertEqual(stream.take(1)[0].name, "in")
        self.assertEqual(self.nodes[1].http("DELETE", path, token=admin()).status, 200)
        eventually(lambda: not any(room in s["rooms"] for s in open_sessions(self.node, user)), 5, "both left")
        self.node.publish(room=room, event="out")
        self.node.publish(user=user, event="marker")
        for stream in streams:
            self.assertEqual(stream.take(1)[0].name, "marker")


    def test_a_node_that_hears_late_of_a_new_member_gives_it_all_since_then(self):
        user, room = fresh("user"), fresh("room")
        stream = self.opened(Sse(self.nodes[1], token(user)))
        self.node.publish(room=room, event="before")
        self.nodes[1].process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.nodes[1].process.send_signal, signal.SIGCONT)
        reply = self.node.http("PUT", f"/api/rooms/{room}/members/{user}", token=admin())
        self.assertEqual(reply.status, 200)
        self.node.publish(room=room, event="since")
        self.nodes[1].process.send_signal(signal.SIGCONT)
        self.assertEqual(stream.take(1)[0].name, "since")


class RejectNew(ClusterCase):
    count = 2
    settings = ("sessions.max_per_user=2", "sessions.policy=reject-new")

    def test_the_newcomer_is_refused_and_told_to_wait(self):
        user = fresh("user")
        streams = [self.opened(Sse(node, token(user))) for node in self.nodes]
        late = self.opened(Sse(self.nodes[0], token(user)))
        self.assertEqual(late.status, 200)
        self.assertEqual(late.first.name, "goodbye")
        self.assertIn('"session_limit"', late.first.data)
        self.assertIn('"reconnect":true', late.first.data)
        self.assertGreaterEqual(late.first.retry, 30_000)
        self.node.publish(user=user, event="still")
        for stream in streams:
            self.assertEqual(stream.take(1)[0].name, "still")

    def test_who_was_kicked_counts_no_more_though_its_socket_stays_open(self):
        user, room = fresh("user"), fresh("room")
        me = token(user, rooms=[room])
        kicked, stays = self.opened(Sse(self.node, me)), self.opened(Sse(self.nodes[1], me))
        path = f"/admin/v1/sessions/{kicked.client_id}"
        self.assertEqual(self.node.http("DELETE", path, token=admin(), admin_listener=True).status, 200)
        kicked.until("goodbye")
        self.assertEqual(self.node.http("DELETE", path, token=admin(), admin_listener=True).status, 404)
        self.assertEqual([each["client_id"] for each in self.node.inspect(f"sessions?user={user}")["sessions"]],
                         [stays.client_id])
        # Well before the node closes such a socket by itself.
        eventually(lambda: self.opened(Sse(self.node, me)).connected, 1, "a place for another")


if __name__ == "__main__":
    unittest.main()
