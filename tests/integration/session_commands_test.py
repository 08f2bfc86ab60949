"""What an event stream cannot say goes by POST, with the session's own token, on any node."""
import json

from clients import Sse, Ws
from harness import ClusterCase, admin, eventually, fresh, token


class SessionCommands(ClusterCase):
    count = 2

    def setUp(self):
        self.user, self.room = fresh("user"), fresh("room")
        self.token = token(self.user, rooms=[self.room], publish=[self.room])
        self.session = self.opened(Sse(self.nodes[0], self.token))
        self.path = f"/api/session/{self.session.client_id}/"

    def post(self, command, body, by=None, node=1, **more):
        return self.nodes[node].http("POST", self.path + command, token=by or self.token, body=body, **more)

    def state(self):
        users = self.nodes[0].http("GET", f"/api/rooms/{self.room}/presence", token=self.token).json["users"]
        return [(row["user"], row["state"]) for row in users]

    def test_presence_is_shown_whichever_node_was_told(self):
        for node, state in enumerate(("busy", "away")):
            reply = self.post("presence", {"state": state}, node=node)
            self.assertEqual((reply.status, reply.json), (200, {"state": state}))
            eventually(lambda state=state: self.state() == [(self.user, state)])
        self.assertEqual(self.post("presence", {"state": "invisible"}).status, 200)
        eventually(lambda: self.state() == [])

    def test_a_beacon_is_plain_text_with_the_token_in_the_query(self):
        for command, body in (("presence", {"state": "away"}),
                              ("publish", {"room": self.room, "event": "typing", "data": {"on": True}})):
            reply = self.nodes[1].http("POST", f"{self.path}{command}?access_token={self.token}",
                                       body=json.dumps(body).encode(), headers={"Content-Type": "text/plain"})
            self.assertEqual(reply.status, 200, reply.body)
        eventually(lambda: self.state() == [(self.user, "away")])
        self.assertEqual(self.session.take(1)[0].name, "typing")

    def test_what_is_published_is_the_users_own(self):
        member = self.opened(Sse(self.nodes[0], token("m", rooms=[self.room]), format="envelope"))
        reply = self.post("publish", {"room": self.room, "event": "said", "data": "hi"})
        self.assertEqual(reply.status, 200)
        self.assertEqual(set(reply.json), {"id", "position"})
        event = json.loads(member.take(1)[0].data)
        self.assertEqual((event["event"], event["data"], event["sender"]), ("said", "hi", self.user))
        self.assertEqual(self.post("publish", {"room": self.room, "event": "gone", "data": 1,
                                               "ephemeral": True}).status, 200)
        self.assertEqual(member.take(1)[0].name, "gone")
        history = self.node.http("GET", f"/api/rooms/{self.room}/history", token=self.token).json["events"]
        self.assertEqual([row["event"] for row in history], ["said"])

    def test_the_token_must_allow_the_room(self):
        reply = self.post("publish", {"room": "elsewhere", "event": "e", "data": 1})
        self.assertEqual((reply.status, reply.json["error"]["code"]), (403, "forbidden"))
        self.assertIn("elsewhere", reply.json["error"]["message"])

    def test_sessions_of_others_and_unknown_ones(self):
        for command, body in (("presence", {"state": "away"}),
                              ("publish", {"room": self.room, "event": "e", "data": 1})):
            right = {"rooms": [self.room], "publish": True}
            for other in (token("stranger", **right), admin(tenant="default")):
                self.assertEqual(self.post(command, body, by=other).status, 403, command)
            self.assertEqual(self.post(command, body, by=token(self.user, tenant="other", **right)).status, 404)
            self.assertEqual(self.post(command, body, by="nonsense").status, 401)
            unknown = "/api/session/00000000-0000-4000-8000-000000000000/"
            for path in (unknown, "/api/session/no-uuid/"):
                reply = self.node.http("POST", path + command, token=self.token, body=body)
                self.assertEqual((reply.status, reply.json["error"]["code"]), (404, "not_found"))
        self.assertEqual(self.state(), [(self.user, "online")])

    def test_bodies_that_say_nothing_are_400_and_name_what_would_be_right(self):
        for body in ({"state": "asleep"}, {"state": 1}, {}, [], b"", b"{", {"state": "away", "status": "x"}):
            reply = self.post("presence", body)
            self.assertEqual(reply.status, 400, body)
            self.assertIn("invisible", reply.json["error"]["message"], body)
        for body in ({"room": self.room, "data": 1}, {"room": self.room, "event": "connected", "data": 1}, b""):
            self.assertEqual(self.post("publish", body).status, 400, body)

    def test_a_websocket_session_takes_them_too(self):
        web = self.opened(Ws(self.nodes[0], self.token))
        path = f"/api/session/{web.connected['client_id']}/presence"
        self.assertEqual(self.nodes[1].http("POST", path, token=self.token, body={"state": "busy"}).status, 200)
        self.assertEqual(self.node.inspect("sessions/" + web.connected["client_id"])["state"], "busy")
