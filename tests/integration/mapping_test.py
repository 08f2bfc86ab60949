"""Messages of foreign publishers on NATS become events."""
import json
import pathlib
import socket
import unittest

from clients import Sse
from harness import Cluster, Node, eventually, fresh, token


def nats_publish(nats, subject, payload):
    """Returns when the server has taken it."""
    with socket.create_connection(("127.0.0.1", nats.port), 5) as raw:
        head = f"PUB {subject} {len(payload)}\r\n".encode()
        raw.sendall(b'CONNECT {"verbose":false}\r\n' + head + payload + b"\r\nPING\r\n")
        answer = b""
        while b"PONG" not in answer:
            answer += raw.recv(4096)


class Mapping(unittest.TestCase):
    def test_mapping_turns_a_subject_into_events(self):
        rule = '[[mapping]]\nsubject = "orders.>"\nroom = "shop"\ntype = "kind"\nid = "no"\ndata = "body"\n'
        cluster = Cluster(0, nats=True)
        self.addCleanup(cluster.close)
        config = pathlib.Path(cluster.folder, "node.toml")
        config.write_text(rule)
        node = Node(cluster.folder, "n1", nats=cluster.nats, config=config)
        cluster.nodes.append(node)
        eventually(node.ready, 10, "ready")
        stream = Sse(node, token(fresh("u"), rooms=["s1"]))
        self.addCleanup(stream.close)
        payload = {"shop": "s1", "kind": "order", "no": 5, "body": {"sum": 1}}
        for _ in range(2):
            nats_publish(cluster.nats, "orders.new", json.dumps(payload).encode())
        event = stream.take(1)[0]
        self.assertEqual((event.name, json.loads(event.data)), ("order", {"sum": 1}))
        node.publish(room="s1", event="marker")
        self.assertEqual(stream.take(1)[0].name, "marker")
        self.assertEqual(node.metric("starling_events_in_total", source="mapping"), 1)


if __name__ == "__main__":
    unittest.main()
