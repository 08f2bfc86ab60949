"""Rows C1-C26: what fechatter's front-end does with a stream, against real nodes. The tables of
its reconnects (C1-C10) are the clients' own: apps/clients/js/test and apps/clients/python/tests."""
import json
import time

from clients import Sse
from harness import eventually
from rows.world import AT, ChatCase, EventSource, signed

ENDPOINTS = ("/events", "/stream", "/api/events", "/realtime/events")

# What its code switches on, by row C22.
NAMED = {"NewMessage", "TypingStatus", "MessageRead", "UserPresence", "UserJoinedChat", "UserLeftChat"}
UNNAMED = {"new_message": "message", "NewMessage": "message", "typing_status": "typing", "TypingStatus": "typing",
           "presence": "presence", "Presence": "presence", "presence_update": "presence", "UserPresence": "presence"}


class ClientRows(ChatCase):
    def head(self, path, token=None):
        return self.node.http("HEAD", path, token=token, headers={"Accept": "text/event-stream"})

    def test_C6_each_failure_is_told_by_its_status(self):
        for path, status in (("/nowhere", 404), ("/events", 401),
                             ("/events?rooms=x&access_token=" + signed(1, 5), 403)):
            self.assertEqual(self.node.http("GET", path).status, status)

    def test_C11_a_heartbeat_reaches_onmessage(self):
        stream = self.user(1)
        self.assertEqual([stream.message("heartbeat")["heartbeat_id"] for _ in range(2)], [1, 2])

    def test_C12_the_beacon_of_a_page_that_closes_is_taken_and_ends_no_other_tab(self):
        first, second = self.user(1, self.chat), self.user(1, self.chat)
        path = f"/api/session/{first.client_id}/presence?access_token={signed(1, 5, (self.chat,))}"
        done = self.node.http("POST", path, body=b'{"state":"invisible"}', headers={"Content-Type": "text/plain"})
        self.assertEqual(done.status, 200)
        first.close()
        self.send("fechatter.message.new", self.flat(self.chat))
        self.assertEqual(second.message()["id"], self.chat)

    def test_C16_endpoints_are_probed_by_head(self):
        asking = signed(1, 5)
        for path in (*ENDPOINTS, "/sse", "/realtime/sse"):
            self.assertEqual(self.head(path).status, 401, path)
            for query in ("?access_token=", "?token="):
                probed = self.head(path + query + asking)
                self.assertEqual((probed.status, probed.headers["Content-Type"]), (200, "text/event-stream"), path)
                self.assertEqual(probed.body, b"")

    def test_C18_a_websocket_says_the_same_with_ids_that_are_good_on_both(self):
        socket = self.socket(1, self.chat)
        self.send("fechatter.message.new", self.flat(self.chat))
        position = socket.until("chat_message")["position"]
        self.send("fechatter.message.new", self.flat(self.chat + 1))
        socket.until("chat_message")
        stream = self.user(1, self.chat, last_event_id=position)
        self.assertEqual(stream.message()["id"], self.chat + 1)

    def test_C19_recent_messages_are_polled_from_history(self):
        listener = self.user(1, self.chat)
        for number in range(4):
            self.send("fechatter.message.new", self.flat(self.chat * 10 + number))
        listener.messages(4)
        page = self.node.http("GET", f"/api/rooms/chat:{self.chat}/history?limit=3",
                              token=signed(1, 5, (self.chat,))).json
        self.assertEqual([row["data"]["id"] for row in page["events"]], [self.chat * 10 + n for n in range(3)])
        self.assertTrue(page["next"])

    def send_all(self):
        chat = {"chat_id": self.chat, "workspace_id": 5}
        self.send("fechatter.message.new", self.flat(self.chat))
        self.send(f"fechatter.realtime.chat.{self.chat}.typing",
                  {"TypingStarted": {**chat, "user_id": 2, "user_name": "Bob"}})
        self.send(f"fechatter.realtime.chat.{self.chat}.read",
                  {"MessageRead": {**chat, "message_id": 3, "reader_id": 2, "read_at": AT}})
        self.send("fechatter.realtime.user.1.presence",
                  {"UserPresence": {"user_id": 1, "status": "away", "last_seen": None, "workspace_id": 5}})
        self.send("fechatter.chat.member_joined", {"event_type": "member_added", "user_id": 3, "timestamp": AT, **chat})
        self.send("fechatter.chat.member_left", {"event_type": "member_removed", "user_id": 3, "timestamp": AT, **chat})

    def test_C22_a_client_of_named_events_hears_all_it_listens_to(self):
        stream = self.user(1, self.chat, format="named")
        self.send_all()
        events = stream.take(6)
        self.assertEqual({event.name for event in events}, NAMED)
        data = {event.name: json.loads(event.data) for event in events}
        self.assertLessEqual({"id", "chat_id", "sender_id", "content", "files", "created_at", "sender_name"},
                             set(data["NewMessage"]))
        self.assertLessEqual({"chat_id", "user_id", "is_typing", "user_name"}, set(data["TypingStatus"]))
        self.assertLessEqual({"message_id", "read_at"}, set(data["MessageRead"]))

    def test_C22_a_client_of_onmessage_hears_all_it_switches_on(self):
        stream = self.user(1, self.chat)
        self.send_all()
        heard = [UNNAMED.get(one["type"]) for one in stream.messages(6)]
        self.assertEqual([kind for kind in heard if kind], ["message", "typing", "presence"])

    def test_C22_a_client_of_both_hears_each_in_both_ways_with_one_id(self):
        stream = self.user(1, self.chat, format="both")
        self.send("fechatter.message.new", self.flat(self.chat))
        named, unnamed = stream.take(2)
        self.assertEqual((named.name, unnamed.name, named.id), ("NewMessage", "message", unnamed.id))

    def test_C23_a_message_sent_again_under_its_id_comes_once(self):
        stream = self.user(1, self.chat)
        for _ in range(3):
            self.send("fechatter.message.new", self.flat(self.chat))
        self.assertEqual(stream.message()["id"], self.chat)
        stream.silent()

    def test_C25_a_stream_opens_and_speaks_within_a_tenth_of_a_second(self):
        times = []
        for _ in range(5):
            began = time.monotonic()
            self.user(1).close()
            times.append(time.monotonic() - began)
        self.assertLess(sorted(times)[2], 0.1)

    def test_C13_C14_a_tab_that_comes_again_replaces_itself(self):
        first = self.user(1, device="tab-1")
        second = self.user(1, device="tab-1", node=1)
        self.assertEqual(first.message("goodbye")["code"], "replaced")
        self.send("fechatter.broadcast", {"target_users": [1], "workspace_id": 5, "event_data": {"type": "hello"}})
        self.assertEqual(second.message()["type"], "hello")

    def test_C26_without_a_token_there_is_no_stream(self):
        self.assertEqual(self.opened(EventSource(self.node)).status, 401)


class ClientsOfEveryShape(ChatCase):
    def test_C24_who_joins_is_told_once_and_so_are_the_others(self):
        number = 240000 + self.chat
        ann, bob = self.user(1, self.chat), self.user(number)
        joined = {"event_type": "member_added", "chat_id": self.chat, "user_id": number, "timestamp": AT,
                  "workspace_id": 5}
        self.send("fechatter.chat.member_joined", joined)
        self.send("fechatter.chats.member.joined", {name: joined[name] for name in ("chat_id", "user_id", "timestamp",
                                                                                     "workspace_id")})
        for stream in (ann, bob):
            got = stream.message()
            self.assertEqual((got["type"], got["user_id"], got["chat_id"]), ("user_joined_chat", number, self.chat))
        self.send("fechatter.chat.member_left", {**joined, "event_type": "member_removed"})
        for stream in (ann, bob):
            self.assertEqual(stream.message()["type"], "user_left_chat")
            stream.silent()
        eventually(lambda: Sse(self.node, signed(number, 5)).connected["rooms"] == [])
