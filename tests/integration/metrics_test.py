"""After a scripted run the figures say exactly what happened."""
import unittest

from clients import Sse, Ws
from harness import ClusterCase, admin, eventually, fresh, token

ALWAYS = ("starling_sessions", "starling_sessions_opened_total", "starling_sessions_closed_total",
          "starling_session_duration_seconds_count", "starling_events_in_total", "starling_deliveries_total",
          "starling_delivery_latency_seconds_count", "starling_outbox_bytes", "starling_dropped_total",
          "starling_replayed_total", "starling_gaps_total", "starling_engine_connected", "starling_rooms",
          "starling_users", "starling_actors", "starling_publish_errors_total", "process_resident_memory_bytes", "process_open_fds",
          "process_cpu_seconds_total")
VALUES = {"starling_sessions": ("transport", ("sse", "ws", "poll")),
          "starling_events_in_total": ("source", ("http", "ws", "mapping")),
          "starling_deliveries_total": ("transport", ("sse", "ws", "poll")),
          "starling_sessions_closed_total": ("code", ("replaced", "session_limit", "kicked", "token_expired",
                                                      "token_revoked", "draining", "slow_consumer", "overload",
                                                      "shutdown"))}


class Metrics(ClusterCase):
    count = 2

    def test_every_metric_is_there_at_zero_from_the_start(self):
        node = self.cluster.start_node(fresh("n"))
        self.addCleanup(node.stop)
        samples = node.metrics()
        names = {sample.partition("{")[0] for sample in samples}
        self.assertEqual(set(ALWAYS) - names, set())
        for name, (label, values) in VALUES.items():
            for value in values:
                self.assertEqual(samples.get(f'{name}{{{label}="{value}"}}'), 0, (name, value))

    def test_no_label_names_a_user_room_or_session(self):
        room, user = fresh("room"), fresh("user")
        stream = self.opened(Sse(self.node, token(user, rooms=[room])))
        text = self.node.http("GET", "/metrics").body.decode()
        for secret in (room, user, stream.client_id):
            self.assertNotIn(secret, text)

    def test_a_run_is_counted_exactly_once_where_it_happened(self):
        here, there = self.nodes
        before = [node.metrics() for node in self.nodes]

        def grown(node, name, **labels):
            old = before[self.nodes.index(node)]
            want = [f'{key}="{value}"' for key, value in labels.items()]
            past = sum(value for sample, value in old.items()
                       if sample.partition("{")[0] == name and all(label in sample for label in want))
            return node.metric(name, **labels) - past

        room = fresh("room")
        user = token(fresh("user"), rooms=[room], publish=[room])
        streams = [self.opened(Sse(here, token(fresh("user"), rooms=[room]))) for _ in range(3)]
        web = self.opened(Ws(there, user))
        eventually(lambda: grown(here, "starling_sessions", transport="sse") == 3)
        eventually(lambda: grown(there, "starling_sessions", transport="ws") == 1)
        self.assertEqual(grown(here, "starling_rooms"), 1)
        self.assertEqual(grown(here, "starling_users"), 3)

        for i in range(10):
            here.publish(room=room, data=i)
        web.send(type="publish", room=room, event="e", data=1, ref=1)
        web.until("ack")
        refused = here.http("POST", "/api/publish", token=user, body={"room": "foreign", "event": "e", "data": 1})
        self.assertEqual(refused.status, 403)
        for stream in streams:
            stream.take(11)
        self.assertEqual(grown(here, "starling_events_in_total", source="http"), 10)
        self.assertEqual(grown(there, "starling_events_in_total", source="ws"), 1)
        self.assertEqual(sum(grown(node, "starling_events_in_total") for node in self.nodes), 11)
        eventually(lambda: grown(here, "starling_deliveries_total", transport="sse") == 33)
        eventually(lambda: grown(there, "starling_deliveries_total", transport="ws") == 11)
        self.assertEqual(grown(here, "starling_delivery_latency_seconds_count"), 33)
        self.assertEqual(grown(here, "starling_publish_errors_total", code="forbidden"), 1)
        for path in (f"/api/session/{streams[0].client_id}/publish", f"/api/sse/send/{streams[0].client_id}"):
            refused = here.http("POST", path, token=user, body={"room": room, "event": "e", "data": "x"})
            self.assertEqual(refused.status, 403, path)
        self.assertEqual(grown(here, "starling_publish_errors_total", code="forbidden"), 3)
        self.assertEqual(here.metric("starling_engine_connected"), 1)

        self.assertEqual(here.http("POST", f"/api/sse/send/{streams[0].client_id}", token=admin(),
                                   body={"data": "hi"}).status, 200)
        self.assertEqual(streams[0].take(1)[0].data, "hi")
        self.assertEqual(grown(here, "starling_events_in_total", source="http"), 11)

        last = streams[0].last_id
        here.http("DELETE", f"/admin/v1/sessions/{streams[0].client_id}", token=admin(), admin_listener=True)
        streams[0].goodbye()
        nobody = {"client": streams[0].client_id, "event": "e", "data": 1}
        self.assertEqual(there.http("POST", "/api/publish", token=admin(), body=nobody).status, 404)
        self.assertEqual(grown(there, "starling_dropped_total", reason="no_recipient"), 1)
        here.publish(room=room, data="missed")
        again = self.opened(Sse(here, token(fresh("user"), rooms=[room]), last_event_id=last.split(".")[0]))
        again.take(1)
        self.assertEqual(grown(here, "starling_replayed_total"), 1)
        for client in (again, *streams[1:], web):
            client.close()
        eventually(lambda: grown(here, "starling_sessions") == 0 and grown(there, "starling_sessions") == 0)
        self.assertEqual(grown(here, "starling_sessions_opened_total"), 4)
        self.assertEqual(grown(here, "starling_sessions_closed_total", code="kicked"), 1)
        self.assertEqual(grown(here, "starling_sessions_closed_total"), 4)
        self.assertEqual(grown(here, "starling_session_duration_seconds_count"), 4)
        eventually(lambda: grown(here, "starling_rooms") == 0 and grown(here, "starling_users") == 0)
        self.assertEqual(here.metric("starling_outbox_bytes"), 0)

    def test_the_cluster_statistics_add_up_the_nodes(self):
        streams = [self.opened(Sse(node, token(fresh("user")))) for node in self.nodes]
        answer = eventually(lambda: (s := self.node.inspect("stats"))["sessions"] >= len(streams) and s)
        self.assertEqual(sorted(answer["replied"]), ["n1", "n2"])
        self.assertEqual(answer["missing"], [])

    def test_a_user_and_a_room_on_two_nodes_count_once(self):
        eventually(lambda: self.node.inspect("stats")["sessions"] == 0)
        me = token(fresh("user"), rooms=[fresh("room")])
        for node in self.nodes:
            self.opened(Sse(node, me))
        answer = self.node.inspect("stats")
        self.assertEqual([answer[name] for name in ("sessions", "users", "rooms")], [2, 1, 1])
        self.assertTrue(answer["distinct"])


if __name__ == "__main__":
    unittest.main()
