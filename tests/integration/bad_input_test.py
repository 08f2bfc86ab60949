"""Whatever a peer sends, it gets a plain answer, and a healthy session beside it notices nothing."""
import json
import socket
import struct
import time
import unittest

from clients import Closed, Sse, Ws, exchange
from harness import SECRET, ClusterCase, admin, eventually, fresh, token


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None


class BadInput(ClusterCase):
    count = 1
    settings = ("limits.max_event_bytes=4KiB",)

    def setUp(self):
        self.user = fresh("healthy")
        self.healthy = self.opened(Sse(self.node, token(self.user)))
        self.addCleanup(self.check_healthy)  # runs before the stream is closed

    def check_healthy(self):
        self.node.publish(user=self.user, event="marker")
        self.assertEqual(self.healthy.take(1)[0].name, "marker")
        self.assertIsNone(self.node.process.poll())

    def status(self, data, timeout=15):
        return status_of(exchange(self.node.public, data, timeout))

    def publish(self, body, **options):
        return self.node.http("POST", "/api/publish", token=options.pop("by", admin()), body=body, **options)

    def test_malformed_http_is_answered_400_or_closed(self):
        for data in (b"HELLO\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"GET / HTTP/1.1\r\nbroken header\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nA\x00B: c\r\n\r\n",
                     b"POST /api/publish HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                     b"POST /api/publish HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                     b"POST /api/publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", bytes(range(256))):
            with self.subTest(data=data[:40]):
                self.assertIn(self.status(data), (400, 401, 404, 408, 505, None))

    def test_a_header_that_is_too_large_is_431(self):
        data = b"GET /events HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"
        self.assertEqual(self.status(data), 431)

    def test_a_body_that_is_too_large_is_413(self):
        head = f"POST /api/publish HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {admin()}\r\n".encode()
        self.assertEqual(self.status(head + b"Content-Length: 999999999\r\n\r\n{"), 413)

    def test_a_request_that_does_not_arrive_within_ten_seconds_is_408(self):
        head = f"POST /api/publish HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {admin()}\r\nContent-Length: 9\r\n\r\n"
        start = time.monotonic()
        slow = [socket.create_connection(self.node.public, 20) for _ in range(2)]
        for raw, data in zip(slow, (b"GET /eve", head.encode() + b"{")):
            self.addCleanup(raw.close)
            raw.sendall(data)
        for raw in slow:
            raw.settimeout(20)
            self.assertEqual(status_of(raw.recv(4096)), 408)
        self.assertTrue(8 < time.monotonic() - start < 15)

    def test_json_that_is_none_or_says_nonsense_is_400_with_a_reason(self):
        room = {"room": "r", "event": "e", "data": 1}
        for body in (b"", b"{", b"nil", b"[1", b'{"room":"r"}', b'{"a":' * 10_000, b"\xff\xfe", b'"text"',
                     b'{"room":"r","event":"e","data":"\xc3\x28"}', b'{"room":"r","event":"\\ud800","data":1}',
                     {**room, "user": "both"}, {**room, "room": "a b"}, {**room, "room": "x" * 129}, {**room, "room": ""},
                     {**room, "rom": 1}, {**room, "ephemeral": "yes"}, {**room, "exclude": ["no-uuid"]},
                     {"client": "no-uuid", "event": "e", "data": 1}, {"all": False, "event": "e", "data": 1}):
            with self.subTest(body=body if isinstance(body, dict) else body[:40]):
                reply = self.publish(body)
                self.assertEqual(reply.status, 400, reply.body)
                self.assertEqual(reply.json["error"]["code"], "malformed")
                self.assertTrue(reply.json["error"]["message"])

    def test_line_breaks_in_names_and_ids_are_refused(self):
        for field in ("event", "id"):
            for text in ("a\nb", "a\rb", "\n", "x\r\ndata: forged"):
                self.assertEqual(self.publish({"user": self.user, "event": "e", "data": 1, field: text}).status, 400)

    def test_line_breaks_in_data_cannot_forge_a_field(self):
        self.node.publish(user=self.user, event="real", data="x\n\nevent: forged\ndata: y\r\rid: 1-1")
        event = self.healthy.take(1)[0]
        self.assertEqual((event.name, event.data), ("real", "x\n\nevent: forged\ndata: y\n\nid: 1-1"))

    def test_an_event_over_the_limit_is_413(self):
        self.assertEqual(self.publish({"room": "r", "event": "e", "data": "x" * 4097}).status, 413)
        self.assertEqual(self.publish({"room": "r", "event": "e", "data": "x" * 4096}).status, 200)

    def test_tokens_that_prove_nothing_are_401(self):
        good = token("u")
        head, body, signature = good.split(".")
        for name, bad in {"missing": None, "garbage": "a.b.c", "empty parts": "..", "expired": token("u", ttl=-120),
                          "no exp": token("u", exp=None), "not yet": token("u", nbf=int(time.time()) + 600),
                          "other secret": token("u", secret="other"), "none": token("u", alg="none", signature=""),
                          "none, signed": token("u", alg="none"), "confused": token("u", alg="RS256"),
                          "case": token("u", alg="hs256"), "cut": f"{head}.{body}", "no signature": f"{head}.{body}.",
                          "swapped": f"{head}.{token('v').split('.')[1]}.{signature}", "bad sub": token("a b"),
                          "empty sub": token(""), "no sub": token(None), "long": good + "A" * 9000,
                          "text exp": token("u", exp="tomorrow")}.items():
            with self.subTest(name):
                stream = self.opened(Sse(self.node, headers={"Authorization": f"Bearer {bad}"} if bad else {}))
                self.assertEqual(stream.status, 401)
                reply = self.publish({"room": "r", "event": "e", "data": 1}, by=bad or "x")
                self.assertEqual(reply.status, 401)
        self.assertNotIn(SECRET, self.node.text())
        self.assertNotIn(signature, self.node.text())

    def test_rights_end_where_the_token_says(self):
        plain, some = token("u", rooms=["mine"]), token("u", rooms=["team-*"], publish=["team-*", "user:bob"])
        for by, item, status in ((plain, {"room": "mine"}, 403), (some, {"room": "team-a"}, 200), (some, {"room": "b"}, 403),
                                 (some, {"user": "bob"}, 200), (some, {"user": "eve"}, 403), (some, {"all": True}, 403),
                                 (some, {"client": self.healthy.client_id}, 403), (token("u", publish=True), {"all": True}, 403)):
            reply = self.publish({**item, "event": "e", "data": 1}, by=by)
            self.assertEqual(reply.status, status, (item, reply.body))
        self.assertEqual(self.opened(Sse(self.node, plain, rooms="foreign")).status, 403)
        self.assertEqual(self.opened(Sse(self.node, some, rooms="team-b")).status, 200)
        for path in ("rooms/foreign/history", "rooms/foreign/presence", "rooms/mine/members"):
            self.assertEqual(self.node.http("GET", "/api/" + path, token=plain).status, 403, path)
        self.assertEqual(self.node.http("GET", "/admin/v1/nodes", token=plain, admin_listener=True).status, 403)
        self.assertEqual(self.node.http("GET", "/admin/v1/nodes", token=admin()).status, 404)

    def test_queries_that_mean_nothing_are_400(self):
        for query in ({"rooms": "a b"}, {"device": "a b"}, {"format": "xml"}, {"since": "ever"}, {"heartbeat": "loud"}):
            self.assertEqual(self.opened(Sse(self.node, token("u"), **query)).status, 400, query)

    def test_an_unknown_path_is_404_and_a_wrong_method_405(self):
        self.assertEqual(self.node.http("GET", "/nothing", token=admin()).status, 404)
        reply = self.node.http("DELETE", "/api/publish", token=admin())
        self.assertEqual((reply.status, reply.headers["Allow"]), (405, "POST"))

    def test_websocket_commands_that_are_wrong_answer_error_and_the_session_lives(self):
        web = self.opened(Ws(self.node, token(fresh("user"))))
        for text in ("{", "[]", "{}", '{"type":"dance","ref":7}', '{"type":"subscribe"}', '{"type":"presence","state":"x"}',
                     '{"type":"publish","room":"r","event":"e","data":1}', '{"type":"auth","token":"bad"}'):
            web.send_frame(1, text.encode())
            self.assertEqual(web.next()["type"], "error", text)
        web.send(type="ping", ref="r1")
        self.assertEqual(web.next(), {"type": "pong", "ref": "r1"})

    def test_an_event_over_the_limit_is_an_error_on_a_websocket_and_one_at_the_limit_is_not(self):
        web = self.opened(Ws(self.node, token(fresh("user"), publish=True)))
        for data, answer in (("x" * 4096, "ack"), ("\1" * 4096, "ack"), ("x" * 4097, "error"), ("x" * 500_000, "error")):
            command = {"type": "publish", "room": "r", "event": "e", "data": data, "ref": data[:1]}
            text = json.dumps(command).ljust(65_536).encode()  # a frame with the longest form of its length
            web.socket.sendall(b"\x81\xff" + struct.pack(">Q", len(text)) + b"\0\0\0\0" + text)
            reply = web.next()
            self.assertEqual((reply["type"], reply["ref"], reply.get("code")),
                             (answer, data[:1], "too_large" if answer == "error" else None))

    def test_websocket_frames_that_break_the_protocol_are_closed_with_a_code(self):
        unmasked = b"\x81\x02hi"
        for data, codes in ((unmasked, {1002}), (b"\x82\x80\0\0\0\0", {1003}), (b"\x83\x80\0\0\0\0", {1002}),
                            (b"\x81\x82\0\0\0\0\xff\xfe", {1007}), (b"\x81\xff" + struct.pack(">Q", 1 << 40) + b"\0\0\0\0", {1009})):
            web = self.opened(Ws(self.node, token(fresh("user"))))
            web.socket.sendall(data)
            with self.assertRaises(Closed):
                web.next()
            self.assertIn(web.close_code, codes, data[:10])

    def test_clients_that_vanish_leave_no_session(self):
        before = self.node.metric("starling_sessions")
        for _ in range(20):
            Sse(self.node, token(fresh("user"))).reset()
        eventually(lambda: self.node.metric("starling_sessions") == before, 5, "the sessions are gone")

    def test_errors_are_json_and_carry_cors(self):
        reply = self.node.http("GET", "/events", headers={"Origin": "https://app.example"})
        self.assertEqual(reply.status, 401)
        self.assertEqual(json.loads(reply.body)["error"]["code"], "unauthorized")
        self.assertTrue(reply.headers["Access-Control-Allow-Origin"])


if __name__ == "__main__":
    unittest.main()
