"""Lists of rooms, users and sessions: searched, sorted and paged over the whole cluster."""
import unittest
import urllib.parse

from clients import Sse
from harness import ClusterCase, admin, eventually, fresh, token


class Lists(ClusterCase):
    count = 2
    settings = ("sessions.max_per_user=100",)

    def ask(self, path, **query):
        return self.nodes[0].http("GET", f"/admin/v1/{path}?{urllib.parse.urlencode(query)}", token=admin(), admin_listener=True)

    def pages(self, what, **query):
        """All items, read in pages."""
        items, after = [], {}
        while True:
            answer = self.ask(what, **query, **after).json
            items += answer[what]
            if not answer["next"]:
                return items
            after = {"after": answer["next"]}

    def open_on(self, node, user, *rooms, **more):
        return self.opened(Sse(self.nodes[node], token(user, rooms=list(rooms)), rooms=",".join(rooms), **more))

    def test_the_largest_rooms_come_first_with_their_sessions_on_all_nodes_added_up(self):
        mark = fresh("size")
        # Of each node's own rooms `split` is never the largest.
        for node in (0, 1):
            for _ in range(2):
                self.open_on(node, fresh("u"), f"{mark}-split", f"{mark}-{node}")
            self.open_on(node, fresh("u"), f"{mark}-{node}")
        expected = [(f"{mark}-split", 4), (f"{mark}-0", 3), (f"{mark}-1", 3)]
        for limit in (1, 2, 100):
            rooms = eventually(lambda: self.pages("rooms", search=mark, sort="members", limit=limit))
            self.assertEqual([(room["room"], room["members"]) for room in rooms], expected)
        self.assertEqual(self.ask("rooms", search=mark.upper(), limit=1).json["total"], 3)

    def test_a_page_of_history_ends_at_its_bytes_and_the_next_goes_on(self):
        room, large = fresh("large"), "x" * 60_000
        sent = [self.nodes[0].publish(room=room, data=large)["id"] for _ in range(80)]
        heard, pages, after = [], 0, ""
        while after is not None:
            answer = self.nodes[1].http("GET", f"/api/rooms/{room}/history?limit=1000{after}", token=admin())
            self.assertLess(len(answer.body), 4_300_000)
            heard += [event["id"] for event in answer.json["events"]]
            pages += 1
            after = answer.json["next"] and f"&after={answer.json['next']}"
        self.assertEqual(heard, sent)
        self.assertEqual(pages, 2)

    def test_users_are_sorted_by_their_sessions_or_their_names(self):
        mark = fresh("who")
        for name, count in (("a", 1), ("b", 3), ("c", 2)):
            for each in range(count):
                self.open_on(each % 2, f"{mark}-{name}")
        by_size = self.pages("users", search=mark, sort="sessions", limit=2)
        self.assertEqual([(user["user"][-1], user["sessions"]) for user in by_size], [("b", 3), ("c", 2), ("a", 1)])
        self.assertEqual([user["user"][-1] for user in self.pages("users", search=mark, sort="user", limit=2)], ["a", "b", "c"])

    def test_sessions_are_found_by_user_device_and_id_and_sorted(self):
        user, device = fresh("finder"), fresh("device")
        streams = [self.open_on(i % 2, user, "r", device=f"{device}-{i}") for i in range(5)]
        ids = [stream.client_id for stream in streams]
        for text in (user, device.upper(), user[3:]):
            self.assertEqual({s["client_id"] for s in self.ask("sessions", search=text).json["sessions"]}, set(ids))
        self.assertEqual([s["client_id"] for s in self.ask("sessions", search=ids[2][4:]).json["sessions"]], [ids[2]])
        newest = self.pages("sessions", search=user, sort="newest", limit=2)
        self.assertEqual([s["client_id"] for s in newest],
                         [s["client_id"] for s in sorted(newest, key=lambda s: (-s["opened_ms"], s["client_id"]))])
        self.assertEqual({s["client_id"] for s in newest}, set(ids))
        for i, stream in enumerate(streams):
            for _ in range(i):
                self.node.publish(client=stream.client_id, event="x")
                stream.take(1)
        counts = [s["delivered"] for s in self.pages("sessions", search=user, sort="delivered", limit=2)]
        self.assertEqual((len(counts), counts), (5, sorted(counts, reverse=True)))
        self.assertEqual(counts[0] - counts[-1], 4)

    def test_an_order_or_a_place_that_is_none_is_named(self):
        for path, query, word in (("rooms", {"sort": "size"}, "members"), ("users", {"sort": "members"}, "sessions"),
                                  ("sessions", {"sort": "age"}, "newest"), ("rooms", {"sort": "members", "after": "x"}, "next"),
                                  ("sessions", {"sort": "newest", "after": "x"}, "next")):
            answer = self.ask(path, **query)
            self.assertEqual(answer.status, 400, path)
            self.assertIn(word, answer.json["error"]["message"])

    def test_latencies_of_all_nodes_are_counted_and_only_for_operators(self):
        def counted():
            return sum(self.ask("latency").json["counts"])
        before = counted()
        room = fresh("timed")
        stream = self.open_on(1, fresh("u"), room)
        self.node.publish(room=room, event="x")
        stream.take(1)
        eventually(lambda: counted() == before + 1)
        answer = self.ask("latency").json
        self.assertEqual(len(answer["counts"]), len(answer["bounds_ms"]) + 1)
        self.assertEqual(answer["bounds_ms"][0], 0.1)
        foreign = token("boss", admin=True, tenant="acme")
        self.assertEqual(self.node.http("GET", "/admin/v1/latency", token=foreign, admin_listener=True).status, 403)


if __name__ == "__main__":
    unittest.main()
