"""A NATS client that does what tests of foreign publishers need. Standard library only."""
import json
import os
import socket
import time


class NatsClient:
    """One connection, one thread. What is published has been taken by the server when flush() returns."""

    def __init__(self, nats, timeout=5):
        self.socket = socket.create_connection(("127.0.0.1", nats.port), timeout)
        self.buffer = b""
        self.messages = []
        self._line()  # INFO
        self.inbox = "_INBOX." + os.urandom(8).hex()
        self.socket.sendall(b'CONNECT {"verbose":false,"headers":true}\r\nSUB %s.* 1\r\n' % self.inbox.encode())
        self.flush()

    def close(self):
        self.socket.close()

    def _receive(self):
        got = self.socket.recv(65536)
        if not got:
            raise ConnectionError("the server closed the connection")
        self.buffer += got

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._receive()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _bytes(self, count):
        while len(self.buffer) < count + 2:
            self._receive()
        out, self.buffer = self.buffer[:count], self.buffer[count + 2:]
        return out

    def _step(self):
        """The next word of the server."""
        line = self._line()
        word, *rest = line.split()
        if word == b"PING":
            self.socket.sendall(b"PONG\r\n")
        elif word == b"MSG":
            self.messages.append((rest[0].decode(), self._bytes(int(rest[-1]))))
        elif word == b"HMSG":
            whole = self._bytes(int(rest[-1]))
            self.messages.append((rest[0].decode(), whole[int(rest[-2]):]))
        elif word == b"-ERR":
            raise ConnectionError(line.decode())
        return word

    def flush(self):
        self.socket.sendall(b"PING\r\n")
        while self._step() != b"PONG":
            pass

    def publish(self, subject, payload, reply="", **headers):
        """payload: bytes, text, or anything else as JSON. Headers with `_` for `-`."""
        if not isinstance(payload, (bytes, str)):
            payload = json.dumps(payload)
        if isinstance(payload, str):
            payload = payload.encode()
        if headers:
            lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
            head = ("NATS/1.0\r\n" + lines + "\r\n").encode()
            self.socket.sendall(f"HPUB {subject} {reply} {len(head)} {len(head) + len(payload)}\r\n".encode()
                                + head + payload + b"\r\n")
        else:
            self.socket.sendall(f"PUB {subject} {reply} {len(payload)}\r\n".encode() + payload + b"\r\n")

    def request(self, subject, payload=b"", timeout=5, **headers):
        """The answer as JSON."""
        inbox = f"{self.inbox}.{os.urandom(4).hex()}"
        self.publish(subject, payload, inbox, **headers)
        self.socket.settimeout(timeout)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for i, (to, body) in enumerate(self.messages):
                if to == inbox:
                    del self.messages[i]
                    return json.loads(body)
            self._step()
        raise TimeoutError(subject)

    def add_stream(self, name, *subjects, replicas=1):
        answer = self.request("$JS.API.STREAM.CREATE." + name, {
            "name": name, "subjects": list(subjects), "retention": "limits", "storage": "file", "num_replicas": replicas,
            "discard": "old", "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "max_age": 0})
        assert "error" not in answer, answer

    def store(self, subject, payload, **headers):
        """Publishes to a stream; its sequence there."""
        answer = self.request(subject, payload, **headers)
        assert "error" not in answer, answer
        return answer["seq"]

    def consumer(self, stream, name):
        """What JetStream says of a consumer."""
        return self.request(f"$JS.API.CONSUMER.INFO.{stream}.{name}")
