"""The blocking client against a scripted node."""

import http.server
import itertools
import json
import threading
import unittest
from urllib.parse import parse_qs, urlsplit

from starling import BACKOFF, SseParser, Starling, StarlingError, retry_delay


class Node:
    """A scripted Starling node: script(handler, number) answers the GET number `number`."""

    def __init__(self, script, publish=None):
        node = self
        self.queries, self.headers, self.posts = [], [], []
        numbers = itertools.count()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                node.queries.append({k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})
                node.headers.append(dict(self.headers))
                script(self, next(numbers))

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                node.posts.append(body)
                publish(self, len(node.posts) - 1)

            def log_message(self, *_):
                pass

            def answer(self, status, body=None, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                if body is not None:
                    self.wfile.write(json.dumps(body).encode())

            def greet(self, cursor, **more):
                self.answer(200, Content_Type="text/event-stream")
                data = {"client_id": "c", "resumed": False, "replayed": 0, "lost": [], "heartbeat_ms": 30000}
                self.event("connected", data | more, cursor)

            def event(self, name, data, cursor):
                self.wfile.write(f"event: {name}\nid: {cursor}\ndata: {json.dumps(data)}\n\n".encode())

            def note(self, cursor, data="x"):
                self.event("note", {"id": cursor, "room": "lobby", "event": "note", "data": data, "ts": 1}, cursor)

            def goodbye(self, code, reconnect, retry_ms, cursor):
                data = {"code": code, "reason": code, "reconnect": reconnect, "retry_ms": retry_ms}
                self.event("goodbye", data, cursor)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class ClientTest(unittest.TestCase):
    def start(self, script, publish=None, **options):
        node = Node(script, publish)
        self.addCleanup(node.stop)
        return node, Starling(node.url, max_delay=0.01, **options)

    def test_a_broken_stream_resumes_without_loss_and_without_repeats(self):
        def script(node, number):
            if number == 0:
                node.greet("e-1")
                node.note("e-2")
                node.note("e-3")
            else:
                node.greet("e-2", resumed=True, replayed=2)
                node.note("e-3")
                node.note("e-4")
                node.goodbye("kicked", False, 0, "e-4.x")

        node, client = self.start(script, token="secret", rooms=["a", "b/c"], device="d")
        self.assertEqual([event.id for event in client], ["e-2", "e-3", "e-4"])
        self.assertEqual(node.queries[0], {"rooms": "a,b/c", "device": "d", "format": "envelope"})
        self.assertEqual(node.queries[1]["last_event_id"], "e-3")
        self.assertEqual(node.headers[0]["Authorization"], "Bearer secret")
        self.assertEqual(client.goodbye["code"], "kicked")
        self.assertEqual(client.last_id, "e-4")

    def test_a_goodbye_names_the_waiting_time(self):
        waits = []

        def script(node, number):
            node.greet("e-1")
            node.goodbye("draining" if number == 0 else "replaced", number == 0, 30, "e-1")

        _, client = self.start(
            script, on_status=lambda state, detail: state == "waiting" and waits.append(detail["delay"])
        )
        self.assertEqual(list(client), [])
        self.assertEqual(waits, [0.03])

    def test_the_retry_line_sets_the_wait_after_a_break(self):
        waits = []

        def script(node, number):
            node.greet("e-1")
            if number == 0:
                node.wfile.write(b"retry: 17\n\n")
            else:
                node.goodbye("kicked", False, 0, "e-1.x")

        _, client = self.start(
            script, on_status=lambda state, detail: state == "waiting" and waits.append(detail["delay"])
        )
        self.assertEqual(list(client), [])
        self.assertEqual(waits, [0.017])

    def test_a_refused_token_raises_and_a_fresh_one_is_asked_for(self):
        def script(node, number):
            if node.headers.get("Authorization") != "Bearer fresh":
                return node.answer(401, {"error": {"code": "expired", "message": "token expired"}})
            node.greet("e-1")
            node.goodbye("kicked", False, 0, "e-1.x")

        _, client = self.start(script, token="old")
        with self.assertRaises(StarlingError) as caught:
            next(iter(client))
        self.assertEqual((caught.exception.status, caught.exception.code), (401, "expired"))
        reasons = []
        _, client = self.start(script, token="old", get_token=lambda reason: reasons.append(reason) or "fresh")
        self.assertEqual(list(client), [])
        self.assertEqual(reasons, ["unauthorized"])

    def test_204_ends_the_iteration(self):
        node, client = self.start(lambda handler, number: handler.answer(204))
        self.assertEqual(list(client), [])
        self.assertEqual(len(node.queries), 1)

    def test_a_silent_connection_is_given_up(self):
        done = threading.Event()
        self.addCleanup(done.set)

        def script(node, number):
            node.greet("e-1", heartbeat_ms=20)
            if number == 0:
                done.wait(10)
            else:
                node.goodbye("kicked", False, 0, "e-1.x")

        _, client = self.start(script)
        self.assertEqual(list(client), [])

    def test_close_from_another_thread_ends_a_waiting_iteration(self):
        done = threading.Event()
        self.addCleanup(done.set)

        def script(node, number):
            node.greet("e-1")
            done.wait(10)

        closer = []

        def on_status(state, detail):
            if state == "open":
                closer.append(threading.Thread(target=client.close))
                closer[0].start()

        _, client = self.start(script, on_status=on_status)
        self.assertEqual(list(client), [])
        closer[0].join()

    def test_subscribe_opens_the_stream_anew_at_its_position(self):
        done = threading.Event()
        self.addCleanup(done.set)

        def script(node, number):
            node.greet("e-1")
            if number == 0:
                node.note("e-2")
                done.wait(10)
            else:
                node.goodbye("kicked", False, 0, "e-2.x")

        node, client = self.start(script, rooms=["lobby"])
        for _ in client:
            client.subscribe("attic")
        self.assertEqual(node.queries[1]["rooms"], "lobby,attic")
        self.assertEqual(node.queries[1]["last_event_id"], "e-2")

    def test_an_expiring_token_is_renewed_on_the_live_session(self):
        renewed = threading.Event()

        def script(node, number):
            node.greet("e-1")
            node.event("token_expiring", {"expires": 1}, "e-1")
            renewed.wait(10)
            node.goodbye("kicked", False, 0, "e-1.x")

        def renew(handler, number):
            handler.answer(200, {"expires": 2})
            renewed.set()

        reasons = []
        node, client = self.start(
            script, renew, token="old", get_token=lambda reason: reasons.append(reason) or "fresh"
        )
        self.assertEqual(list(client), [])
        self.assertEqual((reasons, node.posts), (["expiring"], [{"token": "fresh"}]))
        self.assertEqual(len(node.queries), 1)

    def test_after_a_cut_the_next_node_is_tried_first(self):
        first = Node(lambda node, number: node.greet("e-1"))
        self.addCleanup(first.stop)

        def script(node, number):
            node.greet("e-1")
            node.goodbye("kicked", False, 0, "e-1.x")

        second, _ = self.start(script)
        self.assertEqual(list(Starling([first.url, second.url], max_delay=0.01)), [])
        self.assertEqual((len(first.queries), len(second.queries)), (1, 1))

    def test_a_dead_node_is_passed_over(self):
        dead = Node(lambda handler, number: None)
        dead.stop()

        def script(node, number):
            node.greet("e-1")
            node.goodbye("kicked", False, 0, "e-1.x")

        node, _ = self.start(script)
        self.assertEqual(list(Starling([dead.url, node.url], max_delay=0.01)), [])

    def test_publish_repeats_a_lost_answer_with_the_same_id(self):
        def publish(node, number):
            if number == 0:
                return node.answer(503, {"error": {"code": "engine", "message": "away"}}, Retry_After="0")
            node.answer(200, {"id": "i", "position": "e-2"})

        node, client = self.start(None, publish, token="t")
        self.assertEqual(client.publish("lobby", "note", {"a": 1})["position"], "e-2")
        self.assertEqual(node.posts[0]["id"], node.posts[1]["id"])
        self.assertEqual(node.posts[0]["room"], "lobby")

    def test_a_refused_or_ephemeral_publish_is_not_repeated(self):
        node, client = self.start(None, lambda handler, number: handler.answer(503 if number else 403))
        with self.assertRaises(StarlingError):
            client.publish("lobby", "note", 1)
        with self.assertRaises(StarlingError):
            client.publish(None, "typing", 1, ephemeral=True, user="ann")
        self.assertEqual([post.get("ephemeral") for post in node.posts], [None, True])

    def test_an_url_without_scheme_is_refused(self):
        with self.assertRaises(ValueError):
            Starling("push.example")


class ParserTest(unittest.TestCase):
    VECTORS = [
        ("\ufeffdata:1\n\n\ufeffdata:2\n\ndata:3\n\n\n", ["1", "3"]),
        ("\ufeff\ufeffdata:1\n\ndata:2\n\ndata:3\n\n\n", ["2", "3"]),
        ("data:1\r:\0\n:\r\ndata:2\n:x\rdata:3\n:data:fail\r:x\ndata:4\n\n", ["1\n2\n3\n4"]),
        ("retry:1000\ndata:test1\n\nid:test\ndata:test2\n", ["test1"]),
        ("data:\n\ndata\ndata\n\ndata:test\n\n\n", ["", "\n", "test"]),
        (
            "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n"
            " data:32\ndata:4\n\n",
            ["\0\n 2\n1\n3\n\n4"],
        ),
        ("data:\ttest\rdata: \ndata:test\n\n\n", ["\ttest\n\ntest"]),
        ("data:test\r\ndata\ndata:test\r\n\r\n", ["test\n\ntest"]),
        ("data:test\n data\ndata\nfoobar:xxx\njustsometext\n:comment\ndata:test\n\n\n", ["test\n\ntest"]),
    ]

    def test_the_vectors_in_every_slicing(self):
        for text, expected in self.VECTORS:
            raw = text.encode()
            for step in (1, 2, 3, len(raw)):
                parser = SseParser()
                seen = [e[1] for at in range(0, len(raw), step) for e in parser.push(raw[at : at + step])]
                self.assertEqual(seen, expected, (text, step))

    def test_ids_last_reset_and_refuse_nul(self):
        stream = b"id:1\ndata:a\n\ndata:b\n\nid\ndata:c\n\nid:x\0\ndata:d\n\nid:\xe2\x80\xa6\ndata:e\n\n"
        self.assertEqual([e[2] for e in SseParser().push(stream)], ["1", "1", "", "", "…"])

    def test_retry_takes_digits_only(self):
        parser = SseParser()
        self.assertEqual(len(list(parser.push(b"retry:03000\nretry:1000x\nretry\ndata:x\n\n"))), 1)
        self.assertEqual(parser.retry_ms, 3000)


class RetryTest(unittest.TestCase):
    def test_while_a_server_is_away_the_tries_are_short_and_flat(self):
        for draw in (0.0, 0.5, 1.0):
            self.assertLessEqual(retry_delay(attempt=500, draw=lambda draw=draw: draw), 1.8)
        self.assertEqual(retry_delay(draw=lambda: 0.0), 0.25)
        self.assertEqual(retry_delay(retry=10, attempt=50, draw=lambda: 0.0), 5.0)
        self.assertEqual(retry_delay(max_delay=0.01), 0.01)

    def test_the_cap_of_the_long_tables_comes_last_and_their_jitter_is_full(self):
        for kind in BACKOFF:
            self.assertLessEqual(retry_delay(kind, 500, max_delay=60, draw=lambda: 1.0), 60)
        self.assertEqual(retry_delay("auth", 0, draw=lambda: 1.0), 30.0)
        self.assertEqual(retry_delay("auth", 3, draw=lambda: 0.0), 0.25)


if __name__ == "__main__":
    unittest.main()
