"""The profile `fechatter` end to end: its servers' messages on a real nats-server, its users on two nodes."""
import json

from clients import Sse
from harness import eventually, token
from mapping_test import MappingCase, count

AT = "2025-01-02T03:04:05Z"


class FechatterTest(MappingCase):
    count = 2
    rules = 'mapping_profile = "fechatter"\n'
    chats = 100

    def setUp(self):
        FechatterTest.chats += 1
        self.chat = FechatterTest.chats
        self.nats = self.publisher()

    def user(self, number, *chats, workspace=5, node=0):
        text = token(str(number), tenant=str(workspace), rooms=[f"chat:{chat}" for chat in chats])
        return self.opened(Sse(self.nodes[node], text))

    def send(self, subject, payload):
        self.nats.publish(subject, payload)
        self.nats.flush()

    def received(self, message, recipients, sender=1):
        return {"MessageReceived": {"message": {"id": str(message), "chat_id": self.chat, "sender_id": sender,
                                                "content": "hi", "files": [], "timestamp": 1735787045},
                                    "chat_id": self.chat, "recipients": recipients}}

    def flat(self, message, kind="new_message", content="hi", **more):
        return {"event_type": kind, "chat_id": self.chat, "sender_id": 1, "sender_name": "Ann", "content": content,
                "files": [], "timestamp": AT, "message_id": message, "workspace_id": 5, **more}

    def v1(self, message, kind="Created", content="hi"):
        return {"version": "V1", "kind": kind, "members": [1], "occurred_at": AT, "sender_name": "Ann",
                "chat_name": "c", "workspace_id": 5, "event_id": "e", "trace_context": {},
                "msg": {"id": message, "chat_id": self.chat, "sender_id": 1, "content": content, "files": None,
                        "created_at": AT, "idempotency_key": None}}

    def names(self, client, number):
        return [(event.name, json.loads(event.data)) for event in client.take(number)]

    def nothing_more(self, *clients):
        for client in clients:
            with self.assertRaises(TimeoutError):
                client.take(1, timeout=0.3)

    def test_one_message_on_three_subjects_is_one_event_to_members_and_recipients(self):
        ann, bob = self.user(1, self.chat), self.user(2, self.chat, node=1)
        outside = self.user(3, node=1)  # named as a recipient, and in no room
        stranger = self.user(4, workspace=6)
        number = 1000 + self.chat
        self.send(f"fechatter.realtime.chat.{self.chat}", self.received(number, [1, 2, 3]))
        self.send("fechatter.message.new", self.flat(number))
        self.send("fechatter.messages.message.created.v1", self.v1(number))
        self.send("fechatter.message.new", self.flat(number + 1))
        for client in (ann, bob):
            got = self.names(client, 2)
            self.assertEqual([(name, data["id"]) for name, data in got],
                             [("NewMessage", number), ("NewMessage", number + 1)])
            self.assertEqual(got[0][1]["message"]["id"], number)
        self.assertEqual(self.names(outside, 1)[0][1]["id"], number)
        self.nothing_more(ann, bob, outside, stranger)

    def test_edits_and_deletes_come_once(self):
        ann = self.user(1, self.chat)
        number = 2000 + self.chat
        self.send("fechatter.message.edited", self.flat(number, "message_edited", "\u270f\ufe0f [EDITED] new"))
        self.send("fechatter.messages.message.edited.v1", self.v1(number, "Updated", "new"))
        self.send("fechatter.message.deleted", self.flat(number, "message_deleted"))
        self.send("fechatter.message.deleted", self.v1(number, "Deleted"))
        got = self.names(ann, 2)
        self.assertEqual([name for name, _ in got], ["MessageEdited", "MessageDeleted"])
        self.assertEqual(got[0][1]["content"], "new")
        self.nothing_more(ann)

    def test_typing_and_reading_reach_the_others(self):
        ann, bob = self.user(1, self.chat), self.user(2, self.chat, node=1)
        self.send(f"fechatter.realtime.chat.{self.chat}.typing",
                  {"TypingStarted": {"chat_id": self.chat, "user_id": 1, "user_name": "Ann"}})
        self.send("fechatter.realtime.read_receipts", {"event_type": "messages_read", "chat_id": self.chat,
                                                       "user_id": 1, "message_ids": [7, 8], "read_at": AT})
        self.send(f"fechatter.realtime.chat.{self.chat}.typing",
                  {"TypingStopped": {"chat_id": self.chat, "user_id": 2}})
        self.assertEqual([(name, data.get("is_typing", data.get("message_id"))) for name, data in self.names(bob, 3)],
                         [("TypingStatus", True), ("MessageRead", 7), ("MessageRead", 8)])
        self.assertEqual(self.names(ann, 1)[0][1]["is_typing"], False)
        self.nothing_more(ann, bob)

    def test_members_come_and_go(self):
        ann, bob = self.user(1, self.chat), self.user(2, node=1)
        member = {"chat_id": self.chat, "user_id": 2, "user_name": "Bob", "timestamp": AT, "workspace_id": 5}
        self.send("fechatter.chat.member_joined", {"event_type": "member_added", **member})
        self.assertEqual(self.names(bob, 1)[0][0], "UserJoinedChat")
        self.assertEqual(self.names(ann, 1)[0][0], "UserJoinedChat")
        room = f"/api/rooms/chat:{self.chat}/members"
        reader = token("9", tenant="5", admin=True)

        def members():
            return [row["user"] for row in self.node.http("GET", room, token=reader).json["members"]]
        eventually(lambda: members() == ["2"])
        presence = f"/api/rooms/chat:{self.chat}/presence"
        eventually(lambda: self.node.http("GET", presence, token=reader).json["count"] == 2)
        self.send("fechatter.message.new", self.flat(3000 + self.chat))
        self.assertEqual(self.names(bob, 1)[0][0], "NewMessage")
        self.assertEqual(self.names(ann, 1)[0][0], "NewMessage")
        self.send("fechatter.chats.member.left", {**member, "joined_at": AT})
        self.assertEqual(self.names(bob, 1)[0][0], "UserLeftChat")
        self.assertEqual(self.names(ann, 1)[0][0], "UserLeftChat")
        eventually(lambda: members() == [])
        eventually(lambda: self.node.http("GET", presence, token=reader).json["count"] == 1)
        # An ex-member that is still listed gets nothing.
        self.send(f"fechatter.realtime.chat.{self.chat}", self.received(4000 + self.chat, [1, 2]))
        self.assertEqual(self.names(ann, 1)[0][0], "NewMessage")
        self.nothing_more(ann, bob)

    def test_what_does_not_name_its_workspace_finds_it(self):
        ann = self.user(1, self.chat, node=1)  # the room is known by a token that only the other node has seen
        self.send(f"fechatter.realtime.chat.{self.chat}.unread",
                  {"MessageUnread": {"message_id": 1, "chat_id": self.chat, "user_id": 1}})
        self.send(f"fechatter.realtime.chat.{self.chat}.typing",
                  {"TypingStarted": {"chat_id": self.chat, "user_id": 77, "user_name": "x"}})
        self.assertEqual([name for name, _ in self.names(ann, 2)], ["MessageUnread", "TypingStatus"])

    def test_recipients_of_an_unknown_chat_are_matched_by_user_id(self):
        eve, joe = self.user(51, workspace=8), self.user(52, workspace=9, node=1)
        self.send(f"fechatter.realtime.chat.{self.chat}", self.received(5000 + self.chat, [51, 52, 53], sender=51))
        self.assertEqual(self.names(eve, 1)[0][0], "NewMessage")
        self.assertEqual(self.names(joe, 1)[0][0], "NewMessage")

    def test_presence_stays_in_the_workspace_and_maintenance_reaches_all(self):
        ann, other = self.user(1), self.user(61, workspace=6, node=1)
        self.send("fechatter.realtime.user.2.presence",
                  {"UserPresence": {"user_id": 1, "status": "away", "last_seen": None}})
        self.assertEqual(self.names(ann, 1)[0], ("UserPresence", {"user_id": 1, "status": "away", "last_seen": None}))
        self.nothing_more(other)
        # Both workspaces are known to the ingesting node once it had to do with them.
        self.send("fechatter.broadcast", {"target_users": [1, 61], "event_data": {"a": 1}})
        self.assertEqual(self.names(ann, 1)[0], ("Generic", {"a": 1}))
        self.assertEqual(self.names(other, 1)[0][0], "Generic")
        self.send("fechatter.system.maintenance", {"message": "noon", "timestamp": AT})
        self.assertEqual(self.names(ann, 1)[0][0], "system_maintenance")
        self.assertEqual(self.names(other, 1)[0][0], "system_maintenance")

    def test_what_is_not_for_push_disturbs_nothing(self):
        bad = sum(count(node, "bad") for node in self.nodes)
        ann = self.user(1, self.chat)
        self.send("fechatter.health.ping", "ping")
        self.send("fechatter.analytics.events", b"\x0a\x03abc")
        self.send("fechatter.message.new", self.flat(6000 + self.chat, content="\u4f60\u597d" * 50))
        self.assertEqual(self.names(ann, 1)[0][1]["content"], "\u4f60\u597d" * 50)
        self.assertEqual(sum(count(node, "bad") for node in self.nodes), bad)
