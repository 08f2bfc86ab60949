"""Coming back: after a dropped socket nothing is missing, nothing comes twice, and a gap is said aloud."""
import json
import threading
import unittest

from clients import Sse, Ws
from harness import Cluster, ClusterCase, admin, eventually, fresh, token


class Kept:
    """The same of both engines."""
    settings = ("history.max_events_per_room=200",)

    def publish_many(self, room, first, count, node=None):
        items = [{"room": room, "event": "n", "data": i} for i in range(first, first + count)]
        reply = (node or self.node).http("POST", "/api/publish", token=admin(), body=items)
        self.assertEqual(reply.status, 200)
        return [item["position"] for item in reply.json]

    def test_history_shows_the_newest_that_are_kept_and_no_more(self):
        room = fresh("room")
        self.publish_many(room, 0, 230)

        def page(query=""):
            reply = self.nodes[-1].http("GET", f"/api/rooms/{room}/history{query}", token=admin())
            self.assertEqual(reply.status, 200)
            return [event["data"] for event in reply.json["events"]], reply.json["next"]
        self.assertEqual(page("?limit=1000"), (list(range(30, 230)), None))
        self.assertEqual(page("?limit=200"), (list(range(30, 230)), None))
        first, after = page()
        self.assertEqual(first, list(range(30, 130)))
        self.assertEqual(page(f"?after={after}"), (list(range(130, 230)), None))
        self.assertEqual(page("?limit=1")[0], [30])


class KeptInMemory(Kept, ClusterCase):
    count = 1


class Resume(Kept, ClusterCase):
    count = 3

    def numbers(self, stream, count):
        return [json.loads(event.data) for event in stream.take(count, 15)]

    def test_what_was_missed_comes_in_order_on_another_node(self):
        room = fresh("room")
        me = token(fresh("user"), rooms=[room])
        stream = Sse(self.nodes[0], me)
        self.publish_many(room, 0, 5)
        self.assertEqual(self.numbers(stream, 5), list(range(5)))
        stream.reset()
        self.publish_many(room, 5, 100)
        again = self.opened(Sse(self.nodes[1], me, last_event_id=stream.last_id))
        self.assertEqual((again.connected["resumed"], again.connected["replayed"], again.connected["lost"]),
                         (True, 100, []))
        self.publish_many(room, 105, 1)
        self.assertEqual(self.numbers(again, 101), list(range(5, 106)))

    def test_nothing_is_lost_between_replay_and_live(self):
        room = fresh("room")
        me = token(fresh("user"), rooms=[room])
        total, streams = 150, []
        first = Sse(self.nodes[0], me)
        start = first.connected["position"]
        first.reset()
        publisher = threading.Thread(target=lambda: [self.nodes[2].publish(room=room, data=i) for i in range(total)])
        publisher.start()
        for i in range(5):
            streams.append(self.opened(Sse(self.nodes[i % 3], token(fresh("user"), rooms=[room]), last_event_id=start)))
        publisher.join(30)
        for stream in streams:
            self.assertTrue(stream.connected["resumed"])
            self.assertEqual(self.numbers(stream, total), list(range(total)))

    def test_one_cursor_serves_all_rooms_of_a_session(self):
        rooms = [fresh("room") for _ in range(3)]
        me = token(fresh("user"), rooms=rooms)
        stream = Sse(self.nodes[0], me)
        stream.reset()
        for i in range(30):
            self.nodes[i % 3].publish(room=rooms[i % 3], data=i)
        again = self.opened(Sse(self.nodes[1], me, last_event_id=stream.last_id))
        self.assertEqual(self.numbers(again, 30), list(range(30)))

    def test_a_position_of_a_publish_is_a_cursor_too(self):
        room = fresh("room")
        positions = self.publish_many(room, 0, 4)
        stream = self.opened(Sse(self.nodes[2], token(fresh("user"), rooms=[room]), last_event_id=positions[1]))
        self.assertEqual(self.numbers(stream, 2), [2, 3])

    def test_ids_are_good_on_the_other_transport(self):
        room = fresh("room")
        positions = self.publish_many(room, 0, 3)
        web = self.opened(Ws(self.nodes[1], token(fresh("user"), rooms=[room]), last_event_id=positions[0]))
        self.assertTrue(web.connected["resumed"])
        self.assertEqual([web.until("event")["data"] for _ in range(2)], [1, 2])

    def test_the_header_wins_over_the_parameter(self):
        room = fresh("room")
        positions = self.publish_many(room, 0, 4)
        path = f"/events?last_event_id={positions[0]}"
        bearer = {"Authorization": "Bearer " + token(fresh("user"), rooms=[room])}
        stream = self.opened(Sse(self.node, path=path, headers=bearer, last_event_id=positions[2]))
        self.assertEqual(self.numbers(stream, 1), [3])

    def test_a_malformed_cursor_is_a_stream_that_says_what_is_lost(self):
        room = fresh("room")
        self.publish_many(room, 0, 3)
        for bad in ("nonsense", "1-2-3", "~~~~", "9" * 128):
            stream = self.opened(Sse(self.node, token(fresh("user"), rooms=[room]), last_event_id=bad))
            self.assertEqual(stream.status, 200)
            self.assert_all_was_lost(stream.connected, 3)
            self.assertEqual(self.numbers(stream, 3), [0, 1, 2])

    def assert_all_was_lost(self, told, replayed):
        self.assertEqual((told["resumed"], told["lost"], told["replayed"]),
                         (False, [{"room": "*", "reason": "bad_cursor"}], replayed))

    def test_a_malformed_cursor_replays_what_is_there_on_websocket_and_poll_too(self):
        room = fresh("room")
        self.publish_many(room, 0, 3)
        me = token(fresh("user"), rooms=[room])
        web = self.opened(Ws(self.nodes[1], me, last_event_id="nonsense"))
        self.assert_all_was_lost(web.connected, 3)
        self.assertEqual([web.until("event")["data"] for _ in range(3)], [0, 1, 2])
        web.send(type="subscribe", rooms=[room], last_event_id="nonsense", ref=1)
        self.assert_all_was_lost(web.until("ack"), 3)
        self.assertEqual([web.until("event")["data"] for _ in range(3)], [0, 1, 2])
        answer = self.node.http("GET", f"/api/poll?timeout=0s&rooms={room}&cursor=nonsense", token=me).json
        self.assert_all_was_lost(answer["connected"], 3)

    def test_a_cursor_of_another_epoch_or_beyond_the_end_says_epoch_and_replays_what_is_there(self):
        room = fresh("room")
        position = self.publish_many(room, 0, 3)[-1]
        epoch, number = position.split("-")
        for foreign in (f"1-{number}", f"{epoch}-zzzzzzz"):
            stream = self.opened(Sse(self.nodes[1], token(fresh("user"), rooms=[room]), last_event_id=foreign))
            self.assertEqual((stream.connected["resumed"], stream.connected["lost"]),
                             (False, [{"room": "*", "reason": "epoch"}]))
            self.assertEqual(self.numbers(stream, 3), [0, 1, 2])

    def test_history_that_has_run_out_is_lost_by_name(self):
        room, quiet = fresh("room"), fresh("room")
        start = self.publish_many(room, 0, 1)[0]
        self.publish_many(room, 1, 300)
        stream = self.opened(Sse(self.nodes[1], token(fresh("user"), rooms=[room, quiet]), last_event_id=start))
        self.assertEqual((stream.connected["resumed"], stream.connected["lost"]),
                         (False, [{"room": room, "reason": "expired"}]))
        self.assertEqual(self.numbers(stream, 200), list(range(101, 301)))

    def left(self, user):
        eventually(lambda: not self.node.inspect(f"sessions?user={user}")["sessions"], 5, "the session to end")

    def test_rooms_that_a_new_token_no_longer_allows_are_lost_by_name_once(self):
        stays, goes, user = fresh("room"), fresh("room"), fresh("user")
        for since_last in (False, True):
            stream = Sse(self.nodes[0], token(user, rooms=[stays, goes]))
            self.publish_many(stays, 0, 1)
            self.assertEqual(self.numbers(stream, 1), [0])
            stream.reset()
            self.left(user)
            self.publish_many(goes, 1, 1)
            self.publish_many(stays, 2, 1)
            poorer = token(user, rooms=[stays])
            how = {"since": "last"} if since_last else {"last_event_id": stream.last_id}
            again = Sse(self.nodes[1], poorer, **how)
            self.assertEqual((again.connected["resumed"], again.connected["lost"]),
                             (False, [{"room": goes, "reason": "forbidden"}]))
            self.assertEqual(self.numbers(again, 1), [2])
            again.reset()
            self.left(user)
            third = Sse(self.nodes[2], poorer, last_event_id=again.last_id)
            self.assertEqual((third.connected["resumed"], third.connected["lost"]), (True, []))
            third.reset()
            self.left(user)

    def test_a_membership_that_ended_while_its_user_was_away_is_lost_by_name(self):
        room, own, user = fresh("room"), fresh("room"), fresh("user")
        path = f"/api/rooms/{room}/members/{user}"
        self.assertEqual(self.node.http("PUT", path, token=admin()).status, 200)
        me = token(user, rooms=[own])
        stream = Sse(self.nodes[0], me)
        self.assertIn(room, stream.connected["rooms"])
        self.publish_many(room, 0, 1)
        self.assertEqual(self.numbers(stream, 1), [0])
        stream.reset()
        self.left(user)
        self.assertEqual(self.node.http("DELETE", path, token=admin()).status, 200)
        again = self.opened(Sse(self.nodes[1], me, last_event_id=stream.last_id))
        self.assertEqual((again.connected["resumed"], again.connected["rooms"], again.connected["lost"]),
                         (False, [own], [{"room": room, "reason": "forbidden"}]))

    def test_rooms_not_asked_for_again_but_still_allowed_are_no_loss(self):
        first, second, user = fresh("room"), fresh("room"), fresh("user")
        me = token(user, rooms=["room-*"])
        stream = Sse(self.nodes[0], me, rooms=f"{first},{second}")
        stream.reset()
        self.left(user)
        again = self.opened(Sse(self.nodes[1], me, last_event_id=stream.last_id, rooms=first))
        self.assertEqual((again.connected["resumed"], again.connected["lost"]), (True, []))

    def test_history_pages_through_everything_once(self):
        room = fresh("room")
        self.publish_many(room, 0, 25)
        seen, after = [], ""
        while after is not None:
            reply = self.nodes[2].http("GET", f"/api/rooms/{room}/history?limit=10&after={after}", token=admin())
            seen += [event["data"] for event in reply.json["events"]]
            after = reply.json["next"]
        self.assertEqual(seen, list(range(25)))

    def test_a_member_is_not_shown_what_was_said_before_joining(self):
        room, user = fresh("room"), fresh("user")
        start = self.publish_many(room, 0, 3)[0]
        self.node.http("PUT", f"/api/rooms/{room}/members/{user}", token=admin())
        self.publish_many(room, 3, 2)
        stream = self.opened(Sse(self.nodes[1], token(user), last_event_id=start))
        self.assertEqual(self.numbers(stream, 2), [3, 4])


class Outages(unittest.TestCase):
    """Each test breaks its own cluster."""

    def cluster(self, count):
        cluster = Cluster(count, nats=True)
        self.addCleanup(cluster.close)
        return cluster

    def test_a_killed_node_costs_no_event(self):
        cluster, room = self.cluster(2), fresh("room")
        me = token(fresh("user"), rooms=[room])
        stream = Sse(cluster.nodes[0], me)
        cluster.nodes[1].publish(room=room, data=0)
        self.assertEqual(stream.take(1)[0].data, "0")
        cluster.nodes[0].kill()
        cluster.nodes[1].publish(room=room, data=1)
        again = Sse(cluster.nodes[1], me, last_event_id=stream.last_id)
        self.addCleanup(again.close)
        self.assertTrue(again.connected["resumed"])
        self.assertEqual(again.take(1)[0].data, "1")

    def test_a_drained_node_sends_its_sessions_away_resumable_and_exits_0(self):
        cluster, room = self.cluster(2), fresh("room")
        me = token(fresh("user"), rooms=[room])
        stream = Sse(cluster.nodes[0], me)
        reply = cluster.nodes[1].http("POST", "/admin/v1/nodes/n1/drain", token=admin(), admin_listener=True)
        self.assertEqual(reply.status, 200)
        bye = stream.goodbye(10)
        self.assertEqual((bye["code"], bye["reconnect"]), ("draining", True))
        cluster.nodes[1].publish(room=room, data=1)
        again = Sse(cluster.nodes[1], me, last_event_id=stream.last_id)
        self.addCleanup(again.close)
        self.assertEqual(again.take(1)[0].data, "1")
        self.assertEqual(cluster.nodes[0].process.wait(15), 0)

    def test_without_nats_sessions_stay_publishes_fail_and_the_return_refills(self):
        cluster, room = self.cluster(2), fresh("room")
        streams = [Sse(node, token(fresh("user"), rooms=[room])) for node in cluster.nodes]
        for stream in streams:
            self.addCleanup(stream.close)
        cluster.nats.kill()
        for node in cluster.nodes:
            eventually(lambda node=node: not node.ready(), 10, f"{node.id} says not ready")
        reply = cluster.nodes[0].http("POST", "/api/publish", token=admin(),
                                      body={"room": room, "event": "e", "data": 0})
        self.assertEqual(reply.status, 503)
        late = Sse(cluster.nodes[0], token(fresh("user")))
        self.addCleanup(late.close)
        self.assertEqual((late.status, late.first.name), (200, "goodbye"))
        cluster.nats.start_again()
        for node in cluster.nodes:
            eventually(node.ready, 15, f"{node.id} ready again")
        for i, node in enumerate(cluster.nodes):
            node.publish(room=room, data=i)
        for stream in streams:
            self.assertEqual([event.data for event in stream.take(2, 10)], ["0", "1"])


if __name__ == "__main__":
    unittest.main()
