"""Rows N1-N45: fechatter's notify server, on two nodes with its tokens and subjects."""
import json
import re
import subprocess
import time

from clients import Closed, Sse, Ws
from harness import BIN, admin, eventually
from rows.world import AT, ChatCase, EventSource, signed

RFC3339 = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"


class FechatterRows(ChatCase):
    def get(self, path, by=None, **headers):
        return self.node.http("GET", path, token=by, headers=headers)

    def test_N1_the_stream_takes_the_token_in_the_query(self):
        self.assertEqual(self.user(1).status, 200)
        for path in ("/events", "/events?access_token=nonsense"):
            refused = self.get(path)
            self.assertEqual(refused.status, 401)
            self.assertEqual(refused.json["error"]["code"], "unauthorized")

    def test_N2_a_bearer_token_is_taken_and_another_is_not(self):
        self.assertEqual(self.get("/online-users", signed(1, 5)).status, 200)
        for headers in ({}, {"Authorization": "Basic " + signed(1, 5)}, {"Authorization": "Bearer x"}):
            self.assertEqual(self.get("/online-users", **headers).status, 401)

    def test_N3_what_needs_no_token(self):
        for path in ("/", "/health", "/ready", "/live", "/sse/health", "/metrics"):
            self.assertEqual(self.get(path).status, 200, path)

    def test_N4_health_names_its_checks(self):
        said = self.get("/health").json
        self.assertEqual(said["status"], "ok")
        self.assertTrue({"service", "version", "timestamp", "uptime_seconds", "checks"} <= set(said))
        self.assertRegex(said["timestamp"], RFC3339)
        self.assertGreater(said["uptime_seconds"], -1)
        self.assertTrue(all(check["ok"] for check in said["checks"]))
        self.assertIn("nats", [check["name"] for check in said["checks"]])

    def test_N5_ready_names_its_dependencies(self):
        said = self.get("/ready").json
        self.assertEqual((said["status"], said["dependencies"]["nats"]), ("ok", "ok"))
        alive = self.get("/live").json
        self.assertTrue({"status", "service", "timestamp"} <= set(alive))

    def test_N6_sse_health(self):
        self.user(1, self.chat)
        said = self.get("/sse/health").json
        self.assertEqual((said["status"], said["transport"]), ("healthy", "sse"))
        self.assertRegex(said["timestamp"], RFC3339)
        self.assertGreaterEqual(said["connected_users"], 1)
        self.assertGreaterEqual(said["active_chats"], 1)

    def test_N7_online_users_of_a_chat_of_a_workspace_and_of_all_chats(self):
        self.user(71, self.chat)
        self.user(72, self.chat, node=1)
        self.user(73, self.chat + 1)
        self.user(74, self.chat, workspace=6)
        asking = signed(71, 5, (self.chat,))

        def online(query):
            return sorted(row["user_id"] for row in self.get("/online-users" + query, asking).json
                          if row["user_id"] in (71, 72, 73, 74))
        eventually(lambda: online(f"?chat_id={self.chat}") == [72])
        eventually(lambda: online("?workspace_id=5") == [72, 73])
        eventually(lambda: online("") == [72])
        row = next(row for row in self.get(f"/online-users?chat_id={self.chat}", asking).json if row["user_id"] == 72)
        self.assertEqual(row["status"], "online")
        self.assertRegex(row["connected_at"], RFC3339)
        self.assertRegex(row["last_seen"], RFC3339)
        self.assertFalse({"fullname", "email"} & set(row))  # nothing is made up
        for query in (f"?chat_id={self.chat + 1}", "?workspace_id=6", f"?chat_id={self.chat}&workspace_id=6"):
            self.assertEqual(self.get("/online-users" + query, asking).status, 403, query)
        self.assertEqual(self.get("/online-users?chat_id=a%20b", asking).status, 400)
        self.assertEqual(self.get("/online-users?chat=7", asking).status, 400)

    def test_N8_errors_are_json_with_the_status_of_their_kind(self):
        asking = signed(1, 5)
        for status, reply in ((401, self.get("/events")), (403, self.get("/online-users?workspace_id=6", asking)),
                              (400, self.node.http("POST", "/api/publish", token=asking, body=b"{")),
                              (404, self.get("/nowhere"))):
            self.assertEqual(reply.status, status)
            self.assertTrue(reply.json["error"]["message"])

    def test_N9_the_welcome_lists_the_chats_in_both_ways(self):
        stream = self.user(42, self.chat, self.chat + 1)
        said = json.loads(stream.first.data)
        self.assertEqual(stream.first.name, "message")
        self.assertEqual((said["type"], said["user_id"], said["connected_chats"]), ("connection_confirmed", 42, 2))
        self.assertEqual(sorted(said["connected_chat_ids"]), [self.chat, self.chat + 1])
        self.assertEqual(said["connection_id"], stream.client_id)
        self.assertRegex(said["timestamp"], RFC3339)
        self.assertLess(abs(said["server_time"] - time.time()), 5)
        self.assertTrue(said["message"])

    def test_N10_a_heartbeat_at_once_and_then_one_after_the_other(self):
        stream = self.user(42)
        beats = [stream.message("heartbeat") for _ in range(3)]
        self.assertEqual([beat["heartbeat_id"] for beat in beats], [1, 2, 3])
        self.assertTrue(all(beat["user_id"] == 42 and re.match(RFC3339, beat["timestamp"]) for beat in beats))
        self.assertLess(abs(beats[2]["server_time"] - time.time()), 5)

    def test_N11_a_comment_keeps_a_silent_stream_alive(self):
        stream = self.user(42)
        stream.message("heartbeat")
        stream.message("heartbeat")
        self.assertTrue(stream.comments)

    def test_N12_frames_have_ids_a_retry_and_json_on_one_line(self):
        stream = self.user(1, self.chat)
        self.assertGreater(stream.first.retry, 0)
        self.assertTrue(stream.first.id)
        self.send("fechatter.message.new", self.flat(self.chat))
        event = stream.next()
        while json.loads(event.data)["type"] == "heartbeat":
            event = stream.next()
        self.assertNotEqual(event.id, stream.first.id)
        self.assertNotIn("\n", event.data)

    def names(self, stream, count):
        return [event.name for event in stream.take(count)]

    def test_N13_named_events_have_the_names_of_the_reference(self):
        stream = self.user(1, self.chat, format="named")
        chat, user = {"chat_id": self.chat}, {"user_id": 1}
        for name, subject, payload in (
                ("NewChat", "fechatter.chats.created", {"id": self.chat, "chat_members": [1], "workspace_id": 5}),
                ("NewMessage", "fechatter.message.new", self.flat(self.chat)),
                ("DuplicateMessageAttempted", "fechatter.messages.duplicate",
                 {"idempotency_key": "k", "sender_id": 1, **chat}),
                ("MessageRead", f"fechatter.realtime.chat.{self.chat}.read",
                 {"MessageRead": {"message_id": 3, "reader_id": 2, "read_at": AT, **chat}}),
                ("MessageUnread", f"fechatter.realtime.chat.{self.chat}.unread",
                 {"MessageUnread": {"message_id": 3, **chat, **user}}),
                ("TypingStatus", f"fechatter.realtime.chat.{self.chat}.typing",
                 {"TypingStarted": {**chat, "user_id": 2, "user_name": "Bob"}}),
                ("UserPresence", "fechatter.realtime.user.1.presence",
                 {"UserPresence": {**user, "status": "away", "last_seen": None}}),
                ("UserJoinedChat", "fechatter.chats.member.joined", {**chat, "user_id": 3, "joined_at": AT}),
                ("UserLeftChat", "fechatter.chats.member.left", {**chat, "user_id": 3, "joined_at": AT}),
                ("Generic", "fechatter.broadcast", {"target_users": [1], "event_data": {"a": 1}, "workspace_id": 5})):
            self.send(subject, payload)
            self.assertEqual(self.names(stream, 1), [name], subject)

    def test_N14_the_same_as_unnamed_messages_with_their_types(self):
        stream = self.user(1, self.chat)
        chat = {"chat_id": self.chat}
        self.send("fechatter.message.new", self.flat(self.chat))
        self.send(f"fechatter.realtime.chat.{self.chat}.typing", {"TypingStarted": {**chat, "user_id": 2}})
        self.send(f"fechatter.realtime.chat.{self.chat}.typing", {"TypingStopped": {**chat, "user_id": 2}})
        self.send("fechatter.realtime.read_receipts", {"event_type": "messages_read", "user_id": 2, **chat,
                                                       "message_ids": [7, 8], "read_at": AT})
        self.send("fechatter.chat.member_joined", {"event_type": "member_added", "user_id": 3, "timestamp": AT, **chat})
        self.send("fechatter.chat.member_left", {"event_type": "member_removed", "user_id": 3, "timestamp": AT, **chat})
        self.send("fechatter.system.maintenance", {"message": "noon", "timestamp": AT})
        got = stream.messages(8)
        self.assertEqual([(one["type"], one.get("is_typing", one.get("message_id"))) for one in got],
                         [("new_message", None), ("typing_status", True), ("typing_status", False),
                          ("message_read", 7), ("message_read", 8), ("user_joined_chat", None),
                          ("user_left_chat", None), ("system_maintenance", None)])

    def test_N15_both_shapes_of_a_message_are_one_with_its_id(self):
        ann, bob = self.user(1, self.chat), self.user(2, self.chat, node=1)
        number = self.chat * 10
        for subjects in ((0, 1), (1, 0)):
            number += 1
            shapes = ((f"fechatter.realtime.chat.{self.chat}", self.received(number, [1, 2])),
                      ("fechatter.message.new", self.flat(number)))
            for index in subjects:
                self.send(*shapes[index])
            for client in (ann, bob):
                got = client.message()
                for at in (got, got["message"]):
                    self.assertEqual([at[name] for name in ("id", "chat_id", "sender_id", "content")],
                                     [number, self.chat, 1, "hi"])
                self.assertEqual(got["type"], "new_message")
        ann.silent()
        bob.silent()

    def test_N16_the_sender_hears_its_own_message(self):
        ann = self.user(1, self.chat)
        self.send("fechatter.message.new", self.flat(self.chat))
        self.assertEqual(ann.message()["sender_id"], 1)

    def test_N17_every_connection_is_in_the_books_while_it_lives(self):
        number = 170000 + self.chat
        streams = [self.user(number), self.user(number, node=1)]

        def sessions():
            path = f"/admin/v1/sessions?user={number}&all_tenants=1"
            return self.node.http("GET", path, token=self.cluster.operator, admin_listener=True).json["total"]
        eventually(lambda: sessions() == 2)
        for stream in streams:
            stream.close()
        eventually(lambda: sessions() == 0)

    def test_N22_members_are_known_without_asking_anybody_and_follow_the_events(self):
        bob = self.user(220000 + self.chat)
        self.send("fechatter.chat.member_joined", {"event_type": "member_added", "chat_id": self.chat,
                                                   "user_id": 220000 + self.chat, "timestamp": AT, "workspace_id": 5})
        self.assertEqual(bob.message()["type"], "user_joined_chat")
        self.send("fechatter.message.new", self.flat(self.chat))
        self.assertEqual(bob.message()["type"], "new_message")

    def test_N23_what_came_during_a_disconnect_is_replayed_in_order(self):
        ann = self.user(1, self.chat)
        ann.close()
        listener = self.user(2, self.chat)
        for number in range(5):
            self.send("fechatter.message.new", self.flat(self.chat * 100 + number))
        self.assertEqual(len(listener.messages(5)), 5)
        again = self.user(1, self.chat, node=1, last_event_id=ann.first.id)
        self.assertEqual([one["id"] for one in again.messages(5)], [self.chat * 100 + number for number in range(5)])

    def test_N28_only_eddsa_of_the_configured_key_issuer_and_audience(self):
        self.assertEqual(self.user(1).status, 200)  # the key file has its line ends written out
        for wrong in ({"key": "stranger"}, {"iss": "other"}, {"aud": "other"}, {"ttl": -120}):
            refused = self.opened(EventSource(self.node, signed(1, 5, **wrong)))
            self.assertEqual(refused.status, 401, wrong)
        self.assertEqual(self.opened(EventSource(self.node, signed(1, 5, ttl=-30), format="fechatter")).status, 200)

    def test_N29_the_user_is_user_id_and_a_suspended_one_is_refused(self):
        self.assertEqual(json.loads(self.user(42).first.data)["user_id"], 42)
        refused = self.get("/events?access_token=" + signed(42, 5, status="Suspended"))
        self.assertEqual(refused.status, 401)
        self.assertIn("suspended", refused.json["error"]["message"])

    def test_N30_the_refresh_cookie_opens_nothing(self):
        self.assertEqual(self.get("/events", Cookie="refresh_token=" + signed(1, 5)).status, 401)

    def test_N31_a_stream_ends_with_its_token_and_says_so_before(self):
        stream = self.opened(EventSource(self.node, signed(1, 5, ttl=2), format="fechatter"))
        self.assertEqual(stream.message()["type"], "token_expiring")
        bye = stream.message(timeout=8)
        self.assertEqual((bye["type"], bye["code"], bye["reconnect"]), ("goodbye", "token_expired", True))

    def test_N32_cors_of_its_web_client(self):
        origin = {"Origin": "http://localhost:3000"}
        asked = self.node.http("OPTIONS", "/events", headers={
            **origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"})
        self.assertIn(asked.status, (200, 204))
        self.assertEqual(asked.headers["Access-Control-Allow-Origin"], origin["Origin"])
        self.assertEqual(asked.headers["Access-Control-Allow-Credentials"], "true")
        refused = self.node.http("GET", "/events", headers=origin)
        self.assertEqual((refused.status, refused.headers["Access-Control-Allow-Origin"],
                          refused.headers["Content-Type"]), (401, origin["Origin"], "application/json"))

    def test_N33_headers_of_a_stream(self):
        headers = self.user(1).headers
        self.assertEqual(headers["content-type"], "text/event-stream")
        self.assertIn("no-cache", headers["cache-control"])
        self.assertEqual(headers["x-accel-buffering"], "no")
        self.assertEqual(headers["transfer-encoding"], "chunked")

    def test_N35_every_subject_goes_somewhere_and_the_operator_sees_where(self):
        def counted():
            done = subprocess.run([BIN / "starlingctl", "mapping", "ls", "--json", "--server",
                                   "http://%s:%d" % self.node.admin, "--token", self.cluster.operator],
                                  capture_output=True, text=True, timeout=20, check=True)
            return json.loads(done.stdout)
        before = counted()
        self.assertEqual([row["subject"] for row in before["sources"]], ["fechatter.>"])
        self.send("fechatter.realtime.some.new.thing", {"what": 1})

        def bad():
            return sum(node.metric("starling_mapping_total", result="skipped") for node in self.nodes)
        listener = self.user(1, self.chat)
        self.send("fechatter.message.new", self.flat(self.chat))
        listener.message()
        self.assertGreaterEqual(sum(row["ok"] for row in counted()["mappings"]),
                                sum(row["ok"] for row in before["mappings"]) + 1)
        self.assertGreaterEqual(bad(), 0)

    def test_N37_maintenance_is_told_to_every_workspace(self):
        streams = [self.user(1, self.chat), self.user(61, workspace=6, node=1)]
        self.send("fechatter.broadcast", {"target_users": [61], "workspace_id": 6, "event_data": {"type": "hello"}})
        self.assertEqual(streams[1].message()["type"], "hello")
        self.send("fechatter.system.maintenance", {"message": "noon", "timestamp": AT})
        for stream in streams:
            got = stream.message("system_maintenance")
            self.assertEqual((got["message"], got["timestamp"]), ("noon", AT))

    def test_N41_a_key_that_means_nothing_is_refused_at_the_start(self):
        for key in ("notification.delivery.web.heartbeat_interval_ms=30000", "messaging.enabled=false"):
            done = subprocess.run([BIN / "starlingd", "--set", "auth.dev=true", "--set", key, "--check-config"],
                                  capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 2, key)
            self.assertIn(key.split("=")[0].split(".")[0], done.stderr)

    def test_N43_any_node_serves_any_user(self):
        streams = [self.user(1, self.chat, node=node) for node in (0, 1)]
        self.send("fechatter.message.new", self.flat(self.chat))
        for stream in streams:
            self.assertEqual(stream.message()["id"], self.chat)

    def test_N44_the_websocket_speaks_its_commands(self):
        socket = self.socket(42, self.chat)
        self.assertEqual((socket.connected["type"], socket.connected["user_id"]), ("connection_confirmed", 42))
        socket.send(type="unsubscribe", chat_id=self.chat)
        self.assertEqual(socket.until("unsubscribed")["chat_id"], self.chat)
        socket.send(type="subscribe", chat_id=self.chat)
        self.assertEqual(socket.until("subscribed")["chat_id"], self.chat)
        self.send("fechatter.message.new", self.flat(self.chat, content="over the socket"))
        got = socket.until("chat_message")
        self.assertEqual([got[name] for name in ("chat_id", "message_id", "sender_id", "content", "timestamp")],
                         [self.chat, self.chat, 1, "over the socket", "2025-01-02T03:04:05.000Z"])
        socket.send(type="ping")
        self.assertEqual(socket.until("pong")["type"], "pong")
        socket.send(type="subscribe", chat_id=1)
        refused = socket.until("error")
        self.assertEqual((refused["code"], refused["chat_id"]), ("unauthorized", 1))
        socket.send(type="dance")
        self.assertEqual(socket.until("error")["code"], "invalid_message")
        socket.send(type="auth", token=signed(42, 5, (self.chat,), ttl=1700))
        self.assertEqual({name: value for name, value in socket.until("auth_result").items()},
                         {"type": "auth_result", "success": True, "user_id": 42})
        socket.send(type="auth", token="nonsense")
        self.assertFalse(socket.until("auth_result")["success"])

    def test_N44_a_websocket_without_a_token_is_401(self):
        refused = self.opened(Ws(self.node, None, format="fechatter"))
        self.assertEqual(refused.status, 401)

    def test_N16_N18_a_user_has_several_tabs_and_all_hear(self):
        tabs = [self.user(1, self.chat, node=number % 2) for number in range(3)]
        self.send("fechatter.message.new", self.flat(self.chat))
        for tab in tabs:
            self.assertEqual(tab.message()["id"], self.chat)

    def test_N18_the_oldest_tab_gives_way_beyond_five_and_is_told(self):
        number = 180000 + self.chat
        tabs = [self.user(number, node=index % 2) for index in range(6)]
        bye = tabs[0].message("goodbye")
        self.assertEqual((bye["code"], bye["reconnect"]), ("session_limit", False))
        with self.assertRaises(Closed):
            tabs[0].message()
        again = self.opened(Sse(self.node, signed(number, 5), last_event_id=tabs[0].last_id))
        self.assertEqual(again.status, 204)


class AdminIsNoUser(ChatCase):
    def test_N28_a_symmetric_token_is_refused(self):
        self.assertEqual(self.node.http("GET", "/online-users", token=admin()).status, 401)
