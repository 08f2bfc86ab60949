"""Rows G1-G16: fechatter's gateway. What a gateway does for itself is nobody's who talks to
nodes directly; what it did to streams must not happen here."""
from clients import Sse, exchange
from harness import eventually, fresh, token
from rows.world import ChatCase, HubCase, signed

ALIASES = ("/events", "/stream", "/sse", "/api/events", "/realtime/events", "/realtime/sse", "/api/sse/connect")


class GatewayRows(ChatCase):
    def test_G2_G3_every_path_of_a_stream_leads_to_it(self):
        for path in ALIASES:
            stream = self.opened(Sse(self.node, signed(1, 5), path=path))
            self.assertEqual((stream.status, stream.first.name), (200, "connected"), path)

    def test_G4_the_first_bytes_come_at_once_and_forbid_buffering(self):
        stream = self.opened(Sse(self.node, signed(1, 5)))
        self.assertEqual(stream.headers["x-accel-buffering"], "no")
        self.assertIn("no-transform", stream.headers["cache-control"])

    def test_G5_http_11_is_chunked_and_http_10_ends_with_the_connection(self):
        self.assertEqual(self.opened(Sse(self.node, signed(1, 5))).headers["transfer-encoding"], "chunked")
        request = f"GET /events?access_token={signed(1, 5)} HTTP/1.0\r\n\r\n".encode()
        answer = exchange(self.node.public, request, timeout=1)
        head, body = answer.split(b"\r\n\r\n", 1)
        self.assertNotIn(b"chunked", head.lower())
        self.assertTrue(body.startswith(b"retry: "))

    def test_G6_only_a_200_is_an_event_stream(self):
        for path, status in (("/events", 401), ("/events?rooms=a%20b&access_token=" + signed(1, 5), 400),
                             ("/events?rooms=x&access_token=" + signed(1, 5), 403)):
            reply = self.node.http("GET", path)
            self.assertEqual((reply.status, reply.headers["Content-Type"]), (status, "application/json"))

    def test_G9_health_needs_no_token_on_either_listener(self):
        for path in ("/health", "/sse/health", "/ready", "/live", "/healthz", "/readyz", "/livez"):
            for admin_listener in (False, True):
                self.assertEqual(self.node.http("GET", path, admin_listener=admin_listener).status, 200, path)

    def test_G13_cors_echoes_what_is_listed_and_nothing_else(self):
        for origin in ("http://localhost:1420", "http://localhost:3000", "https://some-app.v0.app"):
            asked = self.node.http("OPTIONS", "/api/publish", headers={
                "Origin": origin, "Access-Control-Request-Method": "PATCH",
                "Access-Control-Request-Headers": "x-workspace-id"})
            headers = asked.headers
            self.assertIn(asked.status, (200, 204))
            self.assertEqual(headers["Access-Control-Allow-Origin"], origin)
            self.assertEqual(headers["Access-Control-Allow-Credentials"], "true")
            self.assertIn("Origin", headers["Vary"])
            self.assertEqual(headers["Access-Control-Max-Age"], "86400")
            methods = headers["Access-Control-Allow-Methods"].split(", ")
            self.assertLessEqual({"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}, set(methods))
            allowed = headers["Access-Control-Allow-Headers"].lower().split(", ")
            self.assertLessEqual({"content-type", "authorization", "x-api-key", "x-request-id", "x-workspace-id",
                                  "cache-control", "x-requested-with"}, set(allowed))
        for origin in ("https://v0.app.evil.example", "http://localhost:4000", "null"):
            asked = self.node.http("OPTIONS", "/events", headers={"Origin": origin})
            self.assertEqual(asked.status, 403)
            self.assertNotIn("Access-Control-Allow-Origin", asked.headers)


class GatewayLimits(HubCase):
    def test_G1_one_connection_too_many_is_503_with_a_time(self):
        streams = []
        while (stream := self.connect(fresh("crowd"))).first.name == "connected":
            streams.append(stream)
        refused = self.node.http("GET", "/events", token=token(fresh("crowd")), headers={"Accept": "application/json"})
        self.assertEqual(refused.status, 503)
        self.assertGreaterEqual(int(refused.headers["Retry-After"]), 1)
        streams.pop().close()
        eventually(lambda: self.connect(fresh("crowd")).first.name == "connected")
