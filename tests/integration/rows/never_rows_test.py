"""Rows X1-X47: what went wrong in the systems that Starling succeeds, and must not here."""
import json
import random
import re
import shutil
import tempfile

from clients import Closed, Sse
from harness import Node, admin, eventually, fresh, reserve_port, token
from rows.world import AT, Case, ChatCase, EventSource, HubCase, signed


class NeverAgain(ChatCase):
    def test_X1_the_first_event_ends_nothing(self):
        stream = self.user(1, self.chat)
        for number in range(100):
            self.send("fechatter.message.new", self.flat(self.chat * 1000 + number))
        self.assertEqual([one["id"] for one in stream.messages(100)],
                         [self.chat * 1000 + number for number in range(100)])

    def test_X2_a_client_that_vanishes_is_gone_from_the_books(self):
        before = sum(node.metric("starling_sessions") for node in self.nodes)
        streams = [self.user(2000 + number, self.chat, node=number % 2) for number in range(20)]
        eventually(lambda: sum(node.metric("starling_sessions") for node in self.nodes) == before + 20)
        for stream in streams:
            stream.reset()
        eventually(lambda: sum(node.metric("starling_sessions") for node in self.nodes) == before)

    def test_X3_two_tabs_both_hear(self):
        tabs = [self.user(1, self.chat, node=node) for node in (0, 1)]
        self.send("fechatter.message.new", self.flat(self.chat))
        self.assertEqual([tab.message()["id"] for tab in tabs], [self.chat, self.chat])

    def test_X4_subjects_of_three_to_five_tokens_arrive(self):
        stream = self.user(1, self.chat)
        for number, subject in enumerate(("fechatter.message.new", f"fechatter.realtime.chat.{self.chat}",
                                          f"fechatter.realtime.chat.{self.chat}.new")):
            payload = self.flat(self.chat * 10 + number)
            self.send(subject, payload)
            self.assertEqual(stream.message()["id"], self.chat * 10 + number, subject)

    def test_X5_X6_what_reaches_nobody_is_counted_as_that(self):
        def counted(result):
            return sum(node.metric("starling_mapping_total", result=result) for node in self.nodes)
        bad = counted("bad")
        self.send("fechatter.message.new", b"{broken")
        eventually(lambda: counted("bad") == bad + 1)
        good = counted("ok")
        self.send("fechatter.message.new", self.flat(self.chat))
        eventually(lambda: counted("ok") == good + 1)

    def test_X7_typing_reading_presence_deletes_and_edits_arrive(self):
        stream = self.user(1, self.chat)
        chat = {"chat_id": self.chat, "workspace_id": 5}
        self.send(f"fechatter.realtime.chat.{self.chat}.typing", {"TypingStarted": {**chat, "user_id": 2}})
        self.send(f"fechatter.realtime.chat.{self.chat}.read",
                  {"MessageRead": {**chat, "message_id": 3, "reader_id": 2, "read_at": AT}})
        self.send("fechatter.realtime.user.2.presence", {"UserPresence": {"user_id": 2, "status": "away",
                                                                          "workspace_id": 5}})
        self.send("fechatter.message.deleted", self.flat(self.chat, "message_deleted"))
        self.send("fechatter.message.edited", self.flat(self.chat + 1, "message_edited", "new"))
        self.assertEqual([one["type"] for one in stream.messages(5)],
                         ["typing_status", "message_read", "presence", "message_deleted", "message_edited"])

    def test_X8_a_message_of_two_publishers_comes_once_with_its_id(self):
        stream = self.user(1, self.chat)
        self.send("fechatter.message.new", self.flat(self.chat))
        self.send(f"fechatter.realtime.chat.{self.chat}", self.received(self.chat, [1]))
        self.assertEqual(stream.message()["id"], self.chat)
        stream.silent()

    def test_X9_the_sender_is_confirmed(self):
        sender = self.user(1, self.chat)
        self.send(f"fechatter.realtime.chat.{self.chat}", self.received(self.chat, [1, 2], sender=1))
        self.assertEqual(sender.message()["id"], self.chat)

    def test_X10_onmessage_and_addeventlistener_both_hear(self):
        named, unnamed = self.user(1, self.chat, format="named"), self.user(1, self.chat)
        self.send("fechatter.message.new", self.flat(self.chat))
        self.assertEqual(named.take(1)[0].name, "NewMessage")
        self.assertEqual(unnamed.message()["type"], "new_message")

    def test_X12_exactly_what_was_missed_in_order(self):
        stream = self.user(1, self.chat)
        self.send("fechatter.message.new", self.flat(self.chat * 10))
        stream.message()
        stream.close()
        witness = self.user(2, self.chat)
        for number in range(1, 5):
            self.send("fechatter.message.new", self.flat(self.chat * 10 + number))
        witness.messages(4)
        again = self.user(1, self.chat, node=1, last_event_id=stream.last_id)
        self.assertEqual([one["id"] for one in again.messages(4)],
                         [self.chat * 10 + number for number in range(1, 5)])
        again.silent()

    def test_X14_any_text_flows_and_what_is_none_stops_nothing(self):
        stream = self.user(1, self.chat)
        letters = random.Random(14)
        texts = ["".join(chr(letters.choice((0x4F60, 0x1F600, 0x301, 0x7F, 0x20AC)) + letters.randrange(40))
                         for _ in range(letters.randrange(1, 120))) for _ in range(200)]
        for number, text in enumerate(texts):
            if number % 20 == 0:
                self.send("fechatter.message.new", b'{"event_type":"new_message","content":"\xff\xfe"}')
            self.send("fechatter.message.new", self.flat(self.chat * 1000 + number, content=text))
        self.assertEqual([one["content"] for one in stream.messages(200)], texts)

    def test_X15_presence_ends_no_connection(self):
        number = 150000 + self.chat
        stream = self.user(number, self.chat)
        for subject, payload in (("fechatter.realtime.user.1.presence",
                                  {"UserPresence": {"user_id": number, "status": "offline", "workspace_id": 5}}),
                                 ("fechatter.user.status", {"event_type": "status_changed", "user_id": number,
                                                            "status": "offline", "workspace_id": 5})):
            self.send(subject, payload)
            self.assertEqual(stream.message()["status"], "offline")
        self.send("fechatter.message.new", self.flat(self.chat))
        self.assertEqual(stream.message()["type"], "new_message")

    def test_X16_nothing_crosses_a_workspace(self):
        ours, theirs = self.user(1, self.chat), self.user(2, self.chat, workspace=6)
        self.send("fechatter.message.new", self.flat(self.chat))
        self.send("fechatter.realtime.user.1.presence",
                  {"UserPresence": {"user_id": 1, "status": "away", "workspace_id": 5}})
        ours.messages(2)
        theirs.silent()

    def test_X17_a_member_is_never_told_it_is_none(self):
        number = 170000 + self.chat
        member = self.user(number)
        self.send("fechatter.chat.member_joined", {"event_type": "member_added", "chat_id": self.chat,
                                                   "user_id": number, "timestamp": AT, "workspace_id": 5})
        member.message()
        for node in self.nodes:
            def asked(node=node):
                return node.http("GET", f"/online-users?chat_id={self.chat}", token=signed(number, 5)).status
            eventually(lambda: asked() == 200)

    def test_X26_a_new_token_keeps_the_stream(self):
        stream = self.opened(EventSource(self.node, signed(1, 5, (self.chat,), ttl=3), format="fechatter"))
        self.assertEqual(stream.message()["type"], "token_expiring")
        renewed = self.nodes[1].http("POST", f"/api/session/{stream.client_id}/token",
                                     body={"token": signed(1, 5, (self.chat,))})
        self.assertEqual(renewed.status, 200)
        self.send("fechatter.message.new", self.flat(self.chat))
        self.assertEqual(stream.message()["type"], "new_message")

    def test_X27_no_log_holds_a_token_or_a_message(self):
        secret_text = fresh("a-secret-word")
        stream = self.user(1, self.chat)
        self.send("fechatter.message.new", self.flat(self.chat, content=secret_text))
        self.send("fechatter.message.new", json.dumps({"content": secret_text}).encode()[:-1])
        self.assertEqual(stream.message()["content"], secret_text)
        bad = "bad." + fresh("token") + ".x"
        self.assertEqual(self.node.http("GET", "/events?access_token=" + bad).status, 401)
        for node in self.nodes:
            text = node.text()
            self.assertNotIn(secret_text, text)
            self.assertNotIn(bad, text)
            self.assertIsNone(re.search(r"eyJ[A-Za-z0-9_-]{20,}\.", text))

    def test_X28_suspended_users_are_refused(self):
        self.assertEqual(self.node.http("GET", "/events?access_token=" + signed(1, 5, status="Suspended")).status, 401)

    def test_X31_errors_carry_cors_and_json(self):
        origin = "http://localhost:3000"
        for path, status in (("/events", 401), ("/nowhere", 404), ("/events?room=x&access_token=" + signed(1, 5), 400)):
            reply = self.node.http("GET", path, headers={"Origin": origin})
            self.assertEqual(reply.status, status)
            self.assertEqual(reply.headers["Access-Control-Allow-Origin"], origin)
            self.assertTrue(reply.json["error"]["message"])

    def test_X33_headers_and_welcome_come_at_once(self):
        self.assertEqual(json.loads(self.user(1).first.data)["type"], "connection_confirmed")

    def test_X36_a_message_sent_again_is_known_by_its_key(self):
        room = f"chat:{self.chat}"
        stream = self.user(1, self.chat)
        ids = set()
        for _ in range(2):
            reply = self.node.http("POST", "/api/publish", token=signed(1, 5, (self.chat,)),
                                   body={"room": room, "event": "NewMessage", "data": {"content": "hi"}},
                                   headers={"Idempotency-Key": f"key-{self.chat}"})
            self.assertEqual(reply.status, 200)
            ids.add(reply.json["id"])
        self.assertEqual(len(ids), 1)
        self.assertEqual(stream.message()["content"], "hi")
        stream.silent()

    def test_X42_counts_lists_and_commands_span_the_nodes(self):
        number = 420000 + self.chat
        streams = [self.user(number, self.chat, node=node) for node in (0, 1)]
        for node in self.nodes:
            def online(node=node):
                rows = node.http("GET", f"/online-users?chat_id={self.chat}", token=signed(1, 5, (self.chat,))).json
                return [(row["user_id"], row["sessions"]) for row in rows]
            eventually(lambda: online() == [(number, 2)])
        for stream in streams:
            for node in self.nodes:
                done = node.http("POST", "/api/sse/send/" + stream.client_id, token=signed(number, 5),
                                 body={"event": "note", "data": "x"})
                self.assertEqual(done.status, 200)
                self.assertEqual(stream.message()["type"], "note")

    def test_X45_an_ex_member_that_is_still_listed_hears_nothing(self):
        number = 450000 + self.chat
        ann, bob = self.user(1, self.chat), self.user(number)
        member = {"chat_id": self.chat, "user_id": number, "timestamp": AT, "workspace_id": 5}
        self.send("fechatter.chat.member_joined", {"event_type": "member_added", **member})
        bob.message()
        self.send("fechatter.chat.member_left", {"event_type": "member_removed", **member})
        self.assertEqual(bob.message()["type"], "user_left_chat")
        ann.messages(2)
        self.send(f"fechatter.realtime.chat.{self.chat}", self.received(self.chat, [1, number]))
        self.assertEqual(ann.message()["type"], "new_message")
        bob.silent()

    def test_X47_what_a_client_says_has_one_path_and_a_beacon_is_enough(self):
        asking = signed(1, 5, (self.chat,))
        stream, other = self.user(1, self.chat), self.user(2, self.chat, node=1)
        body = {"room": f"chat:{self.chat}", "event": "MessageRead", "data": {"message_id": 3, "reader_id": 1}}
        done = self.nodes[1].http("POST", f"/api/session/{stream.client_id}/publish?access_token={asking}",
                                  body=json.dumps(body).encode(), headers={"Content-Type": "text/plain"})
        self.assertEqual(done.status, 200)
        got = other.message()
        self.assertEqual((got["type"], got["message_id"], got["chat_id"]), ("message_read", 3, self.chat))



class NeverAgainAlone(HubCase):
    def test_X38_closing_and_sending_at_once_breaks_nothing(self):
        for _ in range(30):
            stream = self.connect(fresh("ann"))
            path = stream.client_id
            stream.close()
            for command, body in (("send", {"data": "x"}), ("disconnect", None), ("disconnect", None)):
                self.assertIn(self.post(f"/api/sse/{command}/{path}", body, by=admin()).status, (200, 404))
        self.assertEqual(self.node.http("GET", "/healthz").status, 200)

    def test_X39_line_breaks_forge_no_event(self):
        stream = self.connect(fresh("ann"))
        path = "/api/sse/send/" + stream.client_id
        self.post(path, {"data": "a\nid: forged\r\nevent: forged\rdata: b"}, by=admin())
        event = stream.take(1)[0]
        self.assertEqual((event.name, event.data), ("message", "a\nid: forged\nevent: forged\ndata: b"))
        for field in ("event", "id"):
            self.assertEqual(self.post(path, {"data": "x", field: "a\nb"}, by=admin()).status, 400)

    def test_X40_clients_are_their_owners(self):
        stream = self.connect(fresh("ann"))
        for command, body in (("send", {"data": "x"}), ("disconnect", None)):
            self.assertEqual(self.post(f"/api/sse/{command}/{stream.client_id}", body, by="stranger").status, 403)
            self.assertEqual(self.post(f"/api/sse/{command}/{stream.client_id}", body, by=None).status, 401)

    def test_X41_what_was_written_is_counted_where_it_was_written(self):
        stream = self.connect(fresh("ann"))
        before = self.node.metric("starling_deliveries_total")
        self.post("/api/sse/send/" + stream.client_id, {"data": "x"}, by=admin())
        stream.take(1)
        eventually(lambda: self.node.metric("starling_deliveries_total") == before + 1)


class WithoutNats(Case):
    """One node whose NATS is away, as it may be for minutes."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="starling-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        port, reservation = reserve_port()
        cls.addClassCleanup(reservation.close)
        cls.node = Node(cls.folder, "n1", f"nats.url=nats://127.0.0.1:{port}")
        cls.addClassCleanup(cls.node.stop)

    def test_X11_N21_a_user_of_whom_nothing_is_known_is_told_so(self):
        stream = self.opened(Sse(self.node, token("u", rooms=["chat:1"])))
        self.assertEqual((stream.status, stream.first.name), (200, "goodbye"))
        said = json.loads(stream.first.data)
        self.assertEqual((said["code"], said["reconnect"]), ("overload", True))
        self.assertTrue(said["reason"])
        with self.assertRaises(Closed):
            stream.next()
        refused = self.node.http("GET", "/events", token=token("u"), headers={"Accept": "application/json"})
        self.assertEqual(refused.status, 503)
        self.assertTrue(refused.headers["Retry-After"])

    def test_X19_X20_readiness_and_health_say_what_is_away(self):
        for path in ("/ready", "/readyz", "/health", "/healthz", "/sse/health"):
            self.assertEqual(self.node.http("GET", path).status, 503, path)
        said = self.node.http("GET", "/ready").json
        self.assertEqual((said["status"], said["dependencies"]["nats"]), ("unavailable", "unavailable"))
        self.assertEqual(self.node.http("GET", "/live").status, 200)

    def test_X44_a_publish_is_refused_and_never_said_to_be_done(self):
        reply = self.node.http("POST", "/api/publish", token=admin(), body={"room": "r", "event": "e", "data": 1})
        self.assertEqual((reply.status, reply.json["error"]["code"]), (503, "unavailable"))
