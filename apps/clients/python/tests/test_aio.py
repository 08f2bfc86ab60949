"""The asyncio client against a scripted node."""

import asyncio
import threading
import unittest

from starling import StarlingError
from starling.aio import Starling
from test_sync import Node


class AsyncClientTest(unittest.IsolatedAsyncioTestCase):
    def start(self, script, publish=None, **options):
        node = Node(script, publish)
        self.addCleanup(node.stop)
        return node, Starling(node.url, max_delay=0.01, **options)

    async def test_a_broken_stream_resumes_without_loss_and_without_repeats(self):
        def script(node, number):
            if number == 0:
                node.greet("e-1")
                node.note("e-2")
                return
            node.greet("e-2", resumed=True, replayed=2)
            node.note("e-2")
            node.note("e-3")
            node.goodbye("kicked", False, 0, "e-3.x")

        node, client = self.start(script, rooms=["lobby"], token="t")
        self.assertEqual([event.id async for event in client], ["e-2", "e-3"])
        self.assertEqual(node.queries[1]["last_event_id"], "e-2")
        self.assertEqual(node.headers[0]["Authorization"], "Bearer t")
        self.assertEqual(client.goodbye["code"], "kicked")

    async def test_a_chunked_answer_in_small_pieces_is_read(self):
        def script(node, number):
            node.answer(200, Content_Type="text/event-stream", Transfer_Encoding="chunked")
            text = b'event: connected\ndata: {"client_id":"c","heartbeat_ms":30000}\n\nevent: note\nid: e-2\ndata: 7\n\n'
            for at in range(0, len(text), 5):
                piece = text[at : at + 5]
                node.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            end = b'event: goodbye\ndata: {"code":"kicked","reconnect":false}\n\n'
            node.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(end), end))

        _, client = self.start(script)
        self.assertEqual([(event.name, event.data) async for event in client], [("note", 7)])

    async def test_a_refused_token_raises_and_a_fresh_one_is_asked_for(self):
        def script(node, number):
            if node.headers.get("Authorization") != "Bearer fresh":
                return node.answer(401, {"error": {"code": "expired", "message": "token expired"}})
            node.greet("e-1")
            node.goodbye("kicked", False, 0, "e-1.x")

        _, client = self.start(script, token="old")
        with self.assertRaises(StarlingError) as caught:
            await anext(aiter(client))
        self.assertEqual((caught.exception.status, caught.exception.code), (401, "expired"))

        async def fresh(reason):
            return "fresh"

        _, client = self.start(script, token="old", get_token=fresh)
        self.assertEqual([event async for event in client], [])

    async def test_a_silent_connection_is_given_up(self):
        done = threading.Event()
        self.addCleanup(done.set)

        def script(node, number):
            node.greet("e-1", heartbeat_ms=20)
            if number == 0:
                done.wait(10)
            else:
                node.goodbye("kicked", False, 0, "e-1.x")

        node, client = self.start(script)
        self.assertEqual([event async for event in client], [])
        self.assertEqual(len(node.queries), 2)

    async def test_close_and_subscribe_end_the_wait_for_events(self):
        done = threading.Event()
        self.addCleanup(done.set)

        def script(node, number):
            node.greet("e-1")
            node.wfile.flush()
            done.wait(10)

        opened = asyncio.Queue()
        node, client = self.start(
            script, on_status=lambda state, detail: state == "open" and opened.put_nowait(detail)
        )

        async def listen():
            return [event async for event in client]

        task = asyncio.create_task(listen())
        await opened.get()
        client.subscribe("attic")
        await opened.get()
        self.assertEqual(node.queries[1]["rooms"], "attic")
        client.close()
        self.assertEqual(await task, [])

    async def test_an_expiring_token_is_renewed_on_the_live_session(self):
        renewed = threading.Event()

        def script(node, number):
            node.greet("e-1")
            node.event("token_expiring", {}, "e-1")
            node.wfile.flush()
            renewed.wait(10)
            node.goodbye("kicked", False, 0, "e-1.x")

        def renew(handler, number):
            handler.answer(200, {"expires": 2})
            renewed.set()

        node, client = self.start(script, renew, token="old", get_token=lambda reason: "fresh")
        self.assertEqual([event async for event in client], [])
        self.assertEqual((node.posts, len(node.queries)), ([{"token": "fresh"}], 1))

    async def test_publish_repeats_a_lost_answer_with_the_same_id(self):
        def publish(node, number):
            if number == 0:
                return node.answer(503, {"error": {"code": "engine", "message": "away"}}, Retry_After="0")
            node.answer(200, {"id": "i", "position": "e-2"})

        node, client = self.start(None, publish, token="t")
        self.assertEqual((await client.publish("lobby", "note", {"a": 1}))["position"], "e-2")
        self.assertEqual(node.posts[0]["id"], node.posts[1]["id"])


if __name__ == "__main__":
    unittest.main()
