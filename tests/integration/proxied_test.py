"""Where clients come from: addresses and ids that trusted proxies tell, in sessions, answers, logs and events."""
import json
import re
import socket
import struct
import tempfile
import unittest

from clients import Sse, Ws
from harness import Cluster, ClusterCase, Node, admin, fresh, token

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACEPARENT = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def proxied(node, header, request=b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", address=None):
    """The answer to a request behind a PROXY header; empty when the connection is just closed."""
    with socket.create_connection(address or node.public, 10) as link:
        link.sendall(header + request)
        out = b""
        while got := link.recv(65536):
            out += got
    return out


def remote(node, client_id):
    return node.inspect("sessions/" + client_id)["remote"]


class Trusted(ClusterCase):
    settings = ('listen.trusted_proxies=["127.0.0.0/8"]', "listen.proxy_protocol=accept", "log.level=debug")

    def stream(self, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.opened(Sse(self.node, token(fresh("user"), rooms=["*"]), rooms="r", headers=headers))

    def test_the_rightmost_address_that_is_no_proxy_is_the_client(self):
        stream = self.stream(X_Forwarded_For="198.51.100.1, 203.0.113.7, 127.0.0.5")
        self.assertEqual(remote(self.node, stream.client_id), "203.0.113.7")
        stream = self.stream(Forwarded='for="[2001:db8::9]:4711";proto=https')
        self.assertEqual(remote(self.node, stream.client_id), "[2001:db8::9]:4711")
        stream = self.stream(X_Forwarded_For="not an address")
        self.assertTrue(remote(self.node, stream.client_id).startswith("127.0.0.1:"))

    def test_proxy_headers_of_both_versions_name_the_client(self):
        block = SIGNATURE + b"\x21\x11\x00\x0c" + bytes([203, 0, 113, 8, 10, 0, 0, 1]) + struct.pack(">HH", 99, 443)
        for header, client in ((b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n", "203.0.113.7:4711"),
                               (block, "203.0.113.8:99")):
            request = (f"GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token('p')}\r\n\r\n").encode()
            with socket.create_connection(self.node.public, 10) as link:
                link.sendall(header + request)
                head = b""
                while b"connected" not in head:
                    head += link.recv(65536)
                client_id = re.search(rb"X-Client-ID: (\S+)", head)[1].decode()
                self.assertEqual(remote(self.node, client_id), client)
        self.assertIn(b" 200 ", proxied(self.node, b""))
        self.assertIn(b" 200 ", proxied(self.node, SIGNATURE + b"\x20\x00\x00\x00"))
        self.assertNotIn(b" 200 ", proxied(self.node, b"PROXY TCP4 x y 1 2\r\n"))
        self.assertIn(b" 400 ", proxied(self.node, b"PROXY TCP4 203.0.113.7 10.0.0.1 1 2\r\n",
                                        address=self.node.admin))

    def test_ids_are_in_answers_and_in_the_log(self):
        request_id = fresh("req")
        ids = {"X-Request-Id": request_id, "traceparent": TRACE}
        stream = self.opened(Sse(self.node, token("ids"), headers=ids))
        self.assertEqual((stream.headers["x-request-id"], stream.headers["traceparent"]), (request_id, TRACE))
        socket_ = self.opened(Ws(self.node, token("ids")))
        self.assertRegex(socket_.headers["traceparent"], TRACEPARENT)
        for path, status in (("/livez", 200), ("/events", 401), ("/no/such", 404), ("/api/poll?timeout=0", 401)):
            reply = self.node.http("GET", path, headers=ids)
            self.assertEqual((reply.status, reply.headers["X-Request-Id"], reply.headers["traceparent"]),
                             (status, request_id, TRACE))
            made = self.node.http("GET", path, headers={"X-Request-Id": "two words"})
            self.assertNotEqual(made.headers["X-Request-Id"], "two words")
            self.assertRegex(made.headers["traceparent"], TRACEPARENT)
        for line in ("session opened", "request answered"):
            self.assertRegex(self.node.text(), rf"{line}.*{request_id}.*0af7651916cd43dd8448eb211c80319c")

    def test_an_event_carries_the_trace_of_its_publish(self):
        room, user = fresh("room"), token(fresh("user"), rooms=["*"])
        stream = self.opened(Sse(self.node, user, rooms=room, format="envelope"))
        socket_ = self.opened(Ws(self.node, user, rooms=room))
        item = {"room": room, "event": "e", "data": 1}
        self.node.http("POST", "/api/publish", token=admin(), body=item, headers={"traceparent": TRACE})
        self.assertEqual(json.loads(stream.take(1)[0].data)["traceparent"], TRACE)
        frame = socket_.next()
        while frame["type"] != "event":
            frame = socket_.next()
        self.assertEqual(frame["traceparent"], TRACE)
        self.node.http("POST", "/api/publish", token=admin(), body={**item, "ephemeral": True})
        self.assertRegex(json.loads(stream.take(1)[0].data)["traceparent"], TRACEPARENT)
        [stored] = self.node.http("GET", f"/api/rooms/{room}/history", token=user).json["events"]
        self.assertEqual(stored["traceparent"], TRACE)


class Others(unittest.TestCase):
    def test_untrusted_peers_speak_for_themselves_alone(self):
        cluster = Cluster(1, 'listen.trusted_proxies=["192.0.2.0/24"]', "listen.proxy_protocol=accept")
        self.addCleanup(cluster.close)
        node = cluster.nodes[0]
        stream = Sse(node, token("u"), headers={"X-Forwarded-For": "203.0.113.7", "X-Request-Id": "mine"})
        self.addCleanup(stream.close)
        self.assertTrue(remote(node, stream.client_id).startswith("127.0.0.1:"))
        self.assertNotEqual(stream.headers["x-request-id"], "mine")
        self.assertNotIn(b" 200 ", proxied(node, b"PROXY TCP4 203.0.113.7 10.0.0.1 1 2\r\n"))
        self.assertIn(b" 200 ", proxied(node, b""))

    def test_require_takes_connections_with_a_header_only(self):
        with tempfile.TemporaryDirectory() as folder:
            node = Node(folder, "n1", 'listen.trusted_proxies=["127.0.0.1"]', "listen.proxy_protocol=require")
            self.addCleanup(node.stop)
        self.assertNotIn(b" 200 ", proxied(node, b""))
        self.assertIn(b" 200 ", proxied(node, b"PROXY TCP4 203.0.113.7 10.0.0.1 1 2\r\n"))
        self.assertEqual(node.http("GET", "/livez", admin_listener=True).status, 200)

    def test_limits_use_the_address_that_the_proxy_names_and_spare_the_admin_listener(self):
        cluster = Cluster(1, 'listen.trusted_proxies=["127.0.0.1"]', "limits.connect_rate=0.01",
                          "limits.connections_per_address=2")
        self.addCleanup(cluster.close)
        node = cluster.nodes[0]
        for n in range(5):
            stream = Sse(node, token("u"), headers={"X-Forwarded-For": f"203.0.113.{n}"})
            self.addCleanup(stream.close)
            self.assertIsNotNone(stream.connected)
        late = Sse(node, token("u"), headers={"X-Forwarded-For": "203.0.113.1"})
        self.addCleanup(late.close)
        self.assertEqual(json.loads(late.first.data)["code"], "overload")
        self.assertGreaterEqual(int(late.headers["retry-after"]), 1)
        refused = node.http("GET", "/api/poll", token=token("u"), headers={"X-Forwarded-For": "203.0.113.1"})
        self.assertEqual(refused.status, 429)
        self.assertGreaterEqual(int(refused.headers["Retry-After"]), 1)
        for _ in range(5):
            self.assertEqual(node.http("GET", "/metrics", admin_listener=True).status, 200)


if __name__ == "__main__":
    unittest.main()
