"""Rows O1-O19: Oblivious' event hub."""
import json
import re
import time

from clients import Sse
from harness import admin, eventually, fresh, token
from rows.world import HubCase

ADMIN = admin()
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class ObliviousRows(HubCase):
    def test_O1_connect_says_who_the_client_is_and_when(self):
        before = time.time() * 1000
        stream = self.connect(fresh("ann"))
        self.assertEqual((stream.status, stream.first.name), (200, "connected"))
        self.assertEqual(stream.connected["client_id"], stream.headers["x-client-id"])
        self.assertRegex(stream.client_id, r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertTrue(before - 1000 < stream.connected["timestamp"] < time.time() * 1000 + 1000)
        self.assertEqual(stream.headers["content-type"], "text/event-stream")
        self.assertIn("no-cache", stream.headers["cache-control"])
        self.assertEqual(stream.headers["x-accel-buffering"], "no")
        refused = self.node.http("GET", "/api/sse/connect")
        self.assertEqual(refused.status, 401)
        self.assertIn("error", refused.json)

    def test_O2_disconnect_by_the_owner_or_an_administrator_only(self):
        ann = fresh("ann")
        for by in (ann, ADMIN):
            stream = self.connect(ann)
            path = "/api/sse/disconnect/" + stream.client_id
            self.assertEqual(self.post(path, by="stranger").status, 403)
            done = self.post(path, by=by)
            self.assertEqual((done.status, done.json), (200, {"message": "disconnected"}))
            stream.goodbye()
            eventually(lambda path=path: self.post(path, by=ADMIN).status == 404)
        self.assertIsInstance(self.post("/api/sse/disconnect/" + UNKNOWN, by=ADMIN).json["error"], str)

    def test_O3_broadcast_reaches_everybody_and_needs_both_fields(self):
        streams = [self.connect(fresh("ann")), self.connect(fresh("bob"))]
        done = self.post("/api/sse/broadcast", {"event": "news", "data": "hello"}, by=ADMIN)
        self.assertEqual((done.status, done.json), (200, {"message": "broadcast sent"}))
        for stream in streams:
            event = stream.take(1)[0]
            self.assertEqual((event.name, event.data), ("news", "hello"))
        for body in ({"event": "news"}, {"data": "x"}, {"event": "news", "data": 1}, {}):
            refused = self.post("/api/sse/broadcast", body, by=ADMIN)
            self.assertEqual(refused.status, 400)
            self.assertIsInstance(refused.json["error"], str)
        self.assertEqual(self.post("/api/sse/broadcast", {"event": "a", "data": "b"}).status, 403)

    def test_O4_send_reaches_one_client_and_says_why_it_does_not(self):
        ann = fresh("ann")
        stream, other = self.connect(ann), self.connect(ann)
        path = "/api/sse/send/" + stream.client_id
        done = self.post(path, {"data": "only you"}, by=ann)
        self.assertEqual((done.status, done.json), (200, {"message": "message sent"}))
        self.assertEqual((stream.take(1)[0].data), "only you")
        with self.assertRaises(TimeoutError):
            other.take(1, timeout=0.2)
        self.assertEqual(self.post(path, {"data": "x"}, by="stranger").status, 403)
        unknown = self.post("/api/sse/send/" + UNKNOWN, {"data": "x"}, by=ADMIN)
        self.assertEqual((unknown.status, unknown.json), (404, {"error": "client not found"}))

    def test_O5_stats_count_what_happened(self):
        stream = self.connect(fresh("ann"))
        before = self.node.http("GET", "/api/sse/stats", token=ADMIN).json["statistics"]
        self.assertEqual(set(before), {"active_connections", "total_connections", "total_messages", "total_bytes"})
        self.post("/api/sse/send/" + stream.client_id, {"data": "x" * 1000}, by=ADMIN)
        stream.take(1)

        def after():
            return self.node.http("GET", "/api/sse/stats", token=ADMIN).json["statistics"]
        eventually(lambda: after()["total_messages"] == before["total_messages"] + 1)
        self.assertGreater(after()["total_bytes"], before["total_bytes"] + 1000)
        self.assertEqual(self.node.http("GET", "/api/sse/stats", token=token()).status, 403)

    def test_O6_what_its_manager_does_is_a_setting_or_a_call(self):
        config = self.node.http("GET", "/admin/v1/config", token=ADMIN, admin_listener=True).json
        self.assertEqual((config["sse"]["heartbeat"], config["limits"]["max_sessions"]), ("300ms", 12))
        self.assertEqual(self.node.http("GET", "/api/sse/stats", token=ADMIN).status, 200)

    def test_O7_one_client_too_many_is_told_so(self):
        streams = []
        while (stream := self.connect(fresh("crowd"))).first.name == "connected":
            streams.append(stream)
            self.assertLess(len(streams), 13)
        self.assertEqual(stream.first.name, "goodbye")
        self.assertTrue(json.loads(stream.first.data)["reconnect"])
        refused = self.node.http("GET", "/api/sse/connect", token=token(fresh("crowd")),
                                 headers={"Accept": "application/json"})
        self.assertEqual(refused.status, 503)
        self.assertIn("max clients reached", refused.body.decode())
        self.assertGreaterEqual(int(refused.headers["Retry-After"]), 1)

    def test_O8_a_message_has_id_event_data_and_retry(self):
        stream = self.connect(fresh("ann"))
        self.post("/api/sse/send/" + stream.client_id,
                  {"id": "m-1", "event": "note", "data": "text", "retry": 4321}, by=ADMIN)
        event = stream.take(1)[0]
        self.assertEqual((event.name, event.data, event.retry), ("note", "text", 4321))
        for retry in (-1, 0, 1.5, "soon", 10**9):
            self.assertEqual(self.post("/api/sse/send/" + stream.client_id, {"data": "x", "retry": retry},
                                       by=ADMIN).status, 400, retry)

    def test_O8_the_id_stands_in_a_field_of_its_own(self):
        stream = self.connect(fresh("ann"))
        self.post("/api/sse/send/" + stream.client_id, {"id": "m-2", "data": "text"}, by=ADMIN)
        while b"event_id: m-2\n" not in stream.stream:
            stream._receive(time.monotonic() + 5)
            stream._dechunk()

    def test_O9_client_info(self):
        ann = fresh("ann")
        stream = self.connect(ann)
        self.post("/api/sse/send/" + stream.client_id, {"data": "x"}, by=ADMIN)
        stream.take(1)

        def info():
            clients = self.node.http("GET", "/debug/sse-stats", token=ADMIN).json["clients"]
            return next(row for row in clients if row["id"] == stream.client_id)
        eventually(lambda: info()["message_count"] == 1)
        self.assertEqual((info()["user_id"], info()["ip"].split(":")[0]), (ann, "127.0.0.1"))
        self.assertGreater(info()["bytes_sent"], 100)
        eventually(lambda: info()["last_activity_at"] > info()["created_at"])
        self.assertGreaterEqual(info()["uptime"], 0)
        self.assertGreaterEqual(info()["connected_duration"], 0)
        inspected = self.node.inspect("sessions/" + stream.client_id)
        self.assertEqual(inspected["delivered"], 1)
        self.assertGreater(inspected["bytes_out"], 100)
        self.assertGreater(inspected["last_activity_ms"], inspected["opened_ms"])

    def test_O11_heartbeats_are_comments_and_events_only_for_who_asks(self):
        plain, asking = self.connect(fresh("ann")), self.connect(fresh("bob"), heartbeat="event")
        self.assertEqual(asking.until("heartbeat").name, "heartbeat")
        with self.assertRaises(TimeoutError):
            plain.take(1, timeout=0.8)  # no bogus message
        self.assertIn("heartbeat", plain.comments)

    def test_O12_a_client_that_comes_back_goes_on_where_it_was(self):
        ann = fresh("ann")
        stream = self.connect(ann)
        stream.close()
        for number in range(3):
            self.node.publish(user=ann, event="missed", data=number)
        again = self.connect(ann, last_event_id=stream.last_id)
        self.assertNotEqual(again.client_id, stream.client_id)
        self.assertEqual([event.data for event in again.take(3)], ["0", "1", "2"])
        self.assertGreater(again.first.retry, 0)

    def test_O13_one_connection_of_a_user_too_many_is_refused(self):
        ann = fresh("ann")
        for _ in range(3):
            self.assertEqual(self.connect(ann).first.name, "connected")
        bye = json.loads(self.connect(ann).first.data)
        self.assertEqual((bye["code"], bye["reconnect"]), ("session_limit", True))
        refused = self.node.http("GET", "/api/sse/connect", token=token(ann), headers={"Accept": "application/json"})
        self.assertEqual(refused.status, 503)
        self.assertIn("too many sessions of this user", refused.body.decode())

    def test_O14_what_nobody_heard_is_kept(self):
        ann = fresh("ann")
        self.node.publish(user=ann, event="important", data=1)
        self.assertEqual(self.connect(ann, since="last").take(1)[0].name, "important")

    def test_O15_large_messages_are_refused(self):
        stream = self.connect(fresh("ann"))
        refused = self.post("/api/sse/send/" + stream.client_id, {"data": "x" * 70000}, by=ADMIN)
        self.assertEqual(refused.status, 413)
        self.assertIn("limits.max_event_bytes", refused.json["error"])

    def test_O16_the_id_of_an_event_is_not_the_clients(self):
        stream = self.connect(fresh("ann"))
        self.assertNotEqual(stream.last_id, stream.client_id)
        self.assertRegex(stream.last_id, r"^[A-Za-z0-9._~-]{1,128}$")

    def test_O16_its_javascript_and_python_samples_read_the_stream(self):
        """The parser of the guide's Python sample: lines of `requests`, each `id:`, `event:` and `data:` by itself."""
        stream = self.connect(fresh("ann"))
        self.post("/api/sse/send/" + stream.client_id, {"event": "note", "data": "a\nb"}, by=ADMIN)
        stream.socket.settimeout(5)
        while b"data: b" not in stream.stream:
            stream._receive(time.monotonic() + 5)
            stream._dechunk()
        lines = stream.stream.decode().split("\n")
        self.assertIn("event: note", lines)
        self.assertEqual([line for line in lines if line.startswith("data:")], ["data: a", "data: b"])
        self.assertTrue(all(re.match(r"(id|event|data|retry|event_id):|:|$", line) for line in lines), lines)

    def test_O18_who_sends_never_waits_for_who_reads(self):
        stream = self.connect(fresh("ann"))  # reads nothing
        began = time.monotonic()
        for _ in range(200):
            self.post("/api/sse/send/" + stream.client_id, {"data": "x" * 20000}, by=ADMIN)
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(self.node.http("GET", "/healthz").status, 200)

    def test_O19_a_connection_is_in_the_count_once_and_leaves_it(self):
        def active():
            return self.node.http("GET", "/api/sse/stats", token=ADMIN).json["statistics"]["active_connections"]
        eventually(lambda: active() == 0)
        streams = [self.connect(fresh("ann")) for _ in range(5)]
        self.assertEqual(active(), 5)
        for stream in streams:
            stream.close()
        eventually(lambda: active() == 0)


class ObliviousAlias(HubCase):
    def test_O1_the_other_paths_lead_to_the_same_sessions(self):
        stream = self.opened(Sse(self.node, token(fresh("ann")), path="/events"))
        self.assertEqual(self.post("/api/sse/send/" + stream.client_id, {"data": "x"}, by=ADMIN).status, 200)
        self.assertEqual(stream.take(1)[0].data, "x")
