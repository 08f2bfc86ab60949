"""An event that is stored, but whose copy never reaches the node, and nothing later on its room tells of it."""
import json
import socket
import threading
import unittest

from clients import Sse
from harness import Cluster, Nats, Node, admin, eventually, fresh, token


class Swallow:
    """A way to nats-server that can leave out messages. Stands in for a server that dies, or loses the stream's
    leadership, between storing an event and republishing it."""

    def __init__(self, nats):
        self.nats = nats
        self.marked = None  # leave out republished events that contain this
        self.left_out = 0
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"nats://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        for each in [self.listener, *self.sockets]:
            each.close()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.nats.port))
            self.sockets += [near, far]
            for work in (lambda near=near, far=far: self._pass_on(near, far),
                         lambda near=near, far=far: self._filter(far, near)):
                threading.Thread(target=self._until_closed, args=(work, near, far), daemon=True).start()

    @staticmethod
    def _until_closed(work, near, far):
        try:
            work()
        except OSError:
            pass  # one of the two has gone: so does the other
        for each in (near, far):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it went first

    @staticmethod
    def _pass_on(near, far):
        while data := near.recv(65536):
            far.sendall(data)

    def _filter(self, far, near):
        lines = far.makefile("rb")
        while line := lines.readline():
            words = line.split()
            body = lines.read(int(words[-1]) + 2) if words and words[0] in (b"MSG", b"HMSG") else b""
            stored = len(words) > 1 and words[1].startswith(b"starling.ch.") and words[1].endswith(b".e")
            if stored and self.marked and self.marked in body:
                self.left_out += 1
            else:
                near.sendall(line + body)


class TailHole(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(0, nats=True)
        cls.addClassCleanup(cls.cluster.close)
        cls.way = Swallow(cls.cluster.nats)
        cls.addClassCleanup(cls.way.close)
        cls.node = Node(cls.cluster.folder, "n1", nats=cls.way)
        cls.cluster.nodes.append(cls.node)
        eventually(cls.node.ready, 10, "the node to be ready")

    def setUp(self):
        self.mark = fresh("mark")
        self.way.marked = self.mark.encode()
        self.way.left_out = 0

    def opened(self, rooms, **query):
        stream = Sse(self.node, token(fresh("u"), rooms=rooms), **query)
        self.addCleanup(stream.close)
        return stream

    def data(self, stream, count):
        return [json.loads(event.data) for event in stream.take(count, 8)]

    def test_it_is_delivered_all_the_same_once_and_with_an_id_beyond_all_others(self):
        room, other = fresh("room"), fresh("other")
        stream = self.opened([room, other])
        repaired = self.node.metric("starling_gaps_total", result="repaired")
        missed = self.node.publish(room=room, data=self.mark)
        self.node.publish(room=other, data=1)
        self.assertEqual(stream.take(1)[0].data, "1")
        before = stream.last_id
        self.assertEqual(self.way.left_out, 1)

        late = stream.take(1, 8)[0]
        self.assertEqual(late.data, self.mark)
        self.assertNotIn(late.id, (before, missed["position"]))
        self.assertEqual(self.node.metric("starling_gaps_total", result="repaired"), repaired + 1)
        self.node.publish(room=room, data=2)
        self.assertEqual(stream.take(1)[0].data, "2")

        behind = self.opened([room, other], last_event_id=late.id)
        self.assertEqual(self.data(behind, 1), [2])
        between = self.opened([room, other], last_event_id=before)
        self.assertEqual([event.data for event in between.take(2)], [self.mark, "2"])
        self.assertEqual(between.connected["replayed"], 2)
        ahead = self.opened([room, other], last_event_id=stream.connected["position"])
        self.assertEqual([event.data for event in ahead.take(3)], ["1", self.mark, "2"])


if __name__ == "__main__":
    unittest.main()
