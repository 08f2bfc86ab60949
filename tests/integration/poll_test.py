"""Long-poll: the same sessions, order, resume and rights, over requests one after the other."""
import threading
import time
import unittest
from urllib.parse import urlencode

from clients import Sse
from harness import ClusterCase, admin, eventually, fresh, token


class PollClient:
    """Goes on with its session and cursor, as the contract has it."""

    def __init__(self, node, user, **query):
        self.node, self.token, self.query = node, token(user, rooms=["*"]), query
        self.client_id = self.cursor = None
        self.events, self.answers = [], []

    def poll(self, timeout="5s", node=None, **more):
        query = {"timeout": timeout, "client_id": self.client_id, "cursor": self.cursor, **self.query, **more}
        query = urlencode({name: value for name, value in query.items() if value is not None})
        reply = (node or self.node).http("GET", "/api/poll?" + query, token=self.token)
        if reply.status != 200:
            return reply
        answer = reply.json
        self.answers.append(answer)
        self.client_id, self.cursor = answer["client_id"], answer["cursor"]
        self.events += answer["events"]
        return answer

    def until(self, count):
        end = time.monotonic() + 10
        while len(self.events) < count and time.monotonic() < end:
            self.poll("2s")
        return [event["data"] for event in self.events]


class Poll(ClusterCase):
    count = 2
    settings = ("poll.grace=2s",)

    def sessions(self, user):
        return self.node.http("GET", f"/admin/v1/sessions?user={user}", token=admin(),
                              admin_listener=True).json["sessions"]

    def test_a_session_begins_with_connected_and_goes_on_by_client_id(self):
        user, room = fresh("user"), fresh("room")
        client = PollClient(self.node, user, rooms=room)
        first = client.poll()
        self.assertEqual(first["connected"]["client_id"], first["client_id"])
        self.assertEqual(first["connected"]["rooms"], [room])
        self.assertEqual(first["events"], [])
        self.assertGreater(first["retry_ms"], 0)
        [shown] = self.sessions(user)
        self.assertEqual((shown["transport"], shown["client_id"]), ("poll", first["client_id"]))
        self.node.publish(room=room, event="note", data={"n": 1}, id="m-1")
        answer = client.poll()
        self.assertNotIn("connected", answer)
        self.assertEqual(answer["client_id"], first["client_id"])
        [event] = answer["events"]
        self.assertEqual((event["event"], event["room"], event["data"], event["event_id"]),
                         ("note", room, {"n": 1}, "m-1"))
        self.assertEqual(event["id"], answer["cursor"])
        self.assertGreaterEqual(self.node.metric("starling_deliveries_total", transport="poll"), 1)
        self.assertGreaterEqual(self.node.metric("starling_sessions", transport="poll"), 1)

    def test_a_poll_waits_for_an_event_and_no_longer_than_its_timeout(self):
        client = PollClient(self.node, fresh("user"), rooms=(room := fresh("room")))
        client.poll()
        began = time.monotonic()
        self.assertEqual(client.poll("300ms")["events"], [])
        self.assertGreaterEqual(time.monotonic() - began, 0.25)
        self.assertEqual(client.poll("0")["events"], [])
        threading.Timer(0.3, lambda: self.nodes[1].publish(room=room, event="e", data=1)).start()
        began = time.monotonic()
        self.assertEqual([event["data"] for event in client.poll("10s")["events"]], [1])
        self.assertLess(time.monotonic() - began, 5)

    def test_what_comes_between_polls_is_kept_in_order(self):
        client = PollClient(self.node, fresh("user"), rooms=(room := fresh("room")))
        client.poll()
        for n in range(60):
            self.nodes[n % 2].publish(room=room, event="e", data=n)
        self.assertEqual(sorted(client.until(60)), list(range(60)))
        ids = [event["id"] for event in client.events]
        self.assertEqual(len(set(ids)), 60)

    def test_an_older_cursor_gives_the_same_events_again(self):
        client = PollClient(self.node, fresh("user"), rooms=(room := fresh("room")))
        start = client.poll()["cursor"]
        for n in range(3):
            self.node.publish(room=room, event="e", data=n)
        client.until(3)
        session, end = client.client_id, client.cursor
        client.events, client.cursor = [], start
        self.assertEqual(client.until(3), [0, 1, 2])
        self.assertEqual((client.client_id, client.cursor), (session, end))

    def test_who_has_lost_its_session_resumes_by_cursor_on_any_node(self):
        user = fresh("user")
        client = PollClient(self.node, user, rooms=(room := fresh("room")))
        client.poll()
        old = client.client_id
        self.node.publish(room=room, event="e", data=1)
        answer = client.poll(node=self.nodes[1])
        self.assertNotEqual(answer["client_id"], old)
        self.assertTrue(answer["connected"]["resumed"])
        self.assertEqual([event["data"] for event in answer["events"]] or client.until(1), [1])
        eventually(lambda: [s["client_id"] for s in self.sessions(user)] == [client.client_id], 5,
                   "the session on the other node ended")

    def test_who_comes_back_from_another_node_whose_answer_was_lost_begins_a_session_that_resumes(self):
        user = fresh("user")
        client = PollClient(self.node, user, rooms=(room := fresh("room")))
        client.poll("0")
        lost = PollClient(self.nodes[1], user, rooms=room)
        lost.client_id, lost.cursor = client.client_id, client.cursor
        self.assertTrue(lost.poll("0")["connected"]["resumed"])
        eventually(lambda: client.client_id not in [each["client_id"] for each in self.sessions(user)], 5,
                   "the session that was left behind ended")
        self.node.publish(room=room, event="e", data=1)
        answer = client.poll()
        self.assertNotIn("goodbye", answer)
        self.assertTrue(answer["connected"]["resumed"])
        self.assertEqual(client.until(1), [1])

    def test_a_client_id_of_ones_own_stream_begins_a_session_beside_it(self):
        user, room = fresh("user"), fresh("room")
        stream = self.opened(Sse(self.node, token(user, rooms=["*"]), rooms=room))
        client = PollClient(self.nodes[1], user, rooms=room)
        client.client_id = stream.client_id
        self.assertNotEqual(client.poll("0")["client_id"], stream.client_id)
        self.node.publish(room=room, event="e", data=1)
        self.assertEqual([event.data for event in stream.take(1)], ["1"])

    def test_cursors_of_streams_and_polls_are_the_same(self):
        user, room = fresh("user"), fresh("room")
        stream = self.opened(Sse(self.node, token(user, rooms=["*"]), rooms=room))
        self.node.publish(room=room, event="e", data=1)
        stream.take(1)
        self.node.publish(room=room, event="e", data=2)
        client = PollClient(self.node, user, rooms=room)
        client.cursor = stream.last_id
        self.assertEqual(client.until(1), [2])
        self.node.publish(room=room, event="e", data=3)
        for spelling in ("last_event_id", "lastEventId", "lastEventID", "Last-Event-ID"):
            other = PollClient(self.node, user, rooms=room, **{spelling: client.events[0]["id"]})
            self.assertEqual(other.until(1), [3])

    def test_a_client_id_of_somebody_else_begins_a_session_of_ones_own(self):
        room = fresh("room")
        theirs = PollClient(self.node, fresh("user"), rooms=room)
        theirs.poll()
        mine = PollClient(self.node, (me := fresh("user")), rooms=room)
        mine.client_id = theirs.client_id
        answer = mine.poll()
        self.assertEqual(answer["connected"]["user"], me)
        self.assertNotEqual(answer["client_id"], theirs.client_id)
        self.node.publish(room=room, event="e", data=1)
        self.assertEqual(theirs.until(1), [1])
        self.assertEqual(len(theirs.answers), 2)

    def test_a_session_closed_between_polls_says_goodbye_at_the_next(self):
        client = PollClient(self.node, fresh("user"), rooms=fresh("room"))
        client.poll()
        self.assertEqual(self.node.http("DELETE", "/admin/v1/sessions/" + client.client_id, token=admin(),
                                        admin_listener=True).status // 100, 2)
        answer = client.poll()
        self.assertEqual((answer["goodbye"]["code"], answer["goodbye"]["reconnect"]), ("kicked", False))
        self.assertIn("connected", client.poll())

    def test_a_session_closed_during_a_poll_says_goodbye_in_it(self):
        client = PollClient(self.node, fresh("user"), rooms=fresh("room"))
        client.poll()
        threading.Timer(0.3, lambda: self.node.http(
            "DELETE", "/admin/v1/sessions/" + client.client_id, token=admin(), admin_listener=True)).start()
        self.assertEqual(client.poll("10s")["goodbye"]["code"], "kicked")

    def test_a_session_ends_after_the_grace(self):
        user = fresh("user")
        client = PollClient(self.node, user, rooms=fresh("room"))
        client.poll()
        eventually(lambda: not self.sessions(user), 6, "the session ended")
        self.assertTrue(client.poll()["connected"]["resumed"])

    def test_other_rooms_are_another_session_that_resumes(self):
        user, first, second = fresh("user"), fresh("room"), fresh("room")
        client = PollClient(self.node, user, rooms=first)
        client.poll()
        old = client.client_id
        answer = client.poll(rooms=f"{first},{second}")
        self.assertNotEqual(answer["client_id"], old)
        self.assertEqual(sorted(answer["connected"]["rooms"]), sorted([first, second]))
        eventually(lambda: len(self.sessions(user)) == 1, 5, "one session")

    def test_a_new_token_renews_the_session_and_its_rights_and_an_older_one_does_not(self):
        user, kept, lost = fresh("user"), fresh("room"), fresh("room")
        client = PollClient(self.node, user)
        client.token = old = token(user, rooms=[kept, lost], ttl=4)
        client.poll("0")
        first = client.client_id

        def shown():
            return next(((each["expires_ms"], sorted(each["rooms"])) for each in self.sessions(user)), (0, []))
        client.token = token(user, rooms=[kept], ttl=600)
        self.assertNotIn("connected", client.poll("0"))
        eventually(lambda: shown()[0] > time.time() * 1000 + 500_000, 5, "the new token holds")
        eventually(lambda: shown()[1] == [kept], 5, "the room that it does not allow is left")
        renewed = shown()
        client.token = old
        client.poll("0")
        self.assertEqual(shown(), renewed)
        client.token = token(user, rooms=[kept], ttl=601)
        end = time.monotonic() + 5  # beyond the first token's
        while time.monotonic() < end:
            self.assertNotIn("goodbye", client.poll("1s"))
        self.assertEqual(client.client_id, first)

    def test_rights_and_parameters_are_those_of_streams(self):
        room = fresh("room")
        self.assertEqual(self.node.http("GET", "/api/poll").status, 401)
        nobody = token(fresh("user"), rooms=["other"])
        self.assertEqual(self.node.http("GET", f"/api/poll?rooms={room}", token=nobody).status, 403)
        client = PollClient(self.node, fresh("user"))
        for bad in ("61s", "2m", "soon", "-1s", "25", "1.5s", ""):
            self.assertEqual(client.poll(bad).status, 400, bad)
        self.assertEqual(client.poll("60s")["events"], [])
        self.assertEqual(client.poll("1s", room="x").status, 400)
        bad = PollClient(self.node, fresh("user"), rooms=room)
        bad.cursor = "nonsense"
        self.assertEqual(bad.poll()["connected"]["lost"], [{"room": "*", "reason": "bad_cursor"}])

    def test_a_replay_longer_than_an_outbox_comes_whole(self):
        room, user = fresh("room"), fresh("user")
        start = PollClient(self.node, user, rooms=room)
        start.poll()
        for n in range(300):
            self.node.publish(room=room, event="e", data=n)
        late = PollClient(self.node, user, rooms=room)
        late.cursor = start.cursor
        self.assertEqual(late.until(300), list(range(300)))

    def test_what_is_not_stored_comes_once(self):
        client = PollClient(self.node, fresh("user"), rooms=(room := fresh("room")))
        client.poll()
        for n in range(5):
            self.node.publish(room=room, event="typing", data=n, ephemeral=True)
            client.until(n + 1)
        self.assertEqual(client.until(5), list(range(5)))
        self.assertEqual(client.poll("0")["events"], [])


if __name__ == "__main__":
    unittest.main()
