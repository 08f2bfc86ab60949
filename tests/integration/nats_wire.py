"""A NATS client of a page, for what no node would send. Standard library only."""
import json
import socket
import time


class NatsClient:
    def __init__(self, port, user=None, password=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.reader = self.socket.makefile("rb")
        self.info = json.loads(self.reader.readline().split(b" ", 1)[1])
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "name": "test",
                   "lang": "python", "version": "1", "protocol": 1}
        if user:
            options |= {"user": user, "pass": password}
        self.errors, self.messages, self.subscriptions = [], [], 0
        self.send(b"CONNECT " + json.dumps(options).encode() + b"\r\n")
        self.settle()

    def close(self):
        self.reader.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def publish(self, subject, payload=b"", reply=""):
        self.send(f"PUB {subject} {reply} {len(payload)}\r\n".encode() + payload + b"\r\n")

    def subscribe(self, subject):
        self.subscriptions += 1
        self.send(f"SUB {subject} {self.subscriptions}\r\n".encode())

    def settle(self):
        """Everything sent has been taken in, and its errors and messages are here. Returns the new errors."""
        before = len(self.errors)
        self.send(b"PING\r\n")
        while self.step() != b"PONG":
            pass
        return self.errors[before:]

    def step(self):
        """Takes in one line of the protocol; returns its verb."""
        line = self.reader.readline()
        if not line:
            raise ConnectionError(f"nats-server closed the connection: {self.errors}")
        verb, *words = line.split()
        if verb == b"PING":
            self.send(b"PONG\r\n")
        elif verb == b"-ERR":
            self.errors.append(line.decode().strip())
        elif verb in (b"MSG", b"HMSG"):
            self.messages.append((words[0].decode(), self.reader.read(int(words[-1]) + 2)[:-2]))
        return verb

    def message(self, seconds=5):
        """The next (subject, payload)."""
        end = time.monotonic() + seconds
        while not self.messages:
            self.socket.settimeout(max(end - time.monotonic(), 0.01))
            self.step()
        self.socket.settimeout(10)
        return self.messages.pop(0)

    def refused(self, action, *arguments):
        """Does the server answer `action` with a permissions violation?"""
        action(*arguments)
        return any("Permissions Violation" in error for error in self.settle())
