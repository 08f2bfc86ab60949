#!/usr/bin/env python3
"""Honest clients in a process of their own: SSE streams in rooms of 50, and a publisher who says what it said when.

    honest.py HOST:PORT ADMIN_TOKEN CLIENTS EVENTS_PER_SECOND

Reads commands from stdin and answers each with a line of JSON:
    mark    what happened since the last mark
    storm   drops all streams at once, comes back with the last ids, answers when all are back
"""
import json
import os
import re
import selectors
import socket
import sys
import time

PER_ROOM = 50
SLICE_NS = 250_000_000
COME_BACK_AFTER = 0.3  # seconds
_EVENT = re.compile(rb'id: ([^\n]*)\ndata: \{"room":(\d+),"n":(\d+),"t":(\d+)\}')


class Listener:
    """One stream. Knows the number of the last event, so that what is lost or comes twice is seen."""

    def __init__(self, crowd, room):
        self.crowd, self.room = crowd, room
        self.last_id, self.last_number, self.back_at = None, None, 0.0
        self.socket = None

    def connect(self):
        self.buffer, self.connected = b"", False
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(self.crowd.address)
        last = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
        self.request = (f"GET /events?rooms=h{self.room} HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n{last}"
                        f"Authorization: Bearer {self.crowd.token}\r\n\r\n").encode()
        self.crowd.selector.register(self.socket, selectors.EVENT_WRITE, self)

    def ready(self, mask):
        try:
            if mask & selectors.EVENT_WRITE:
                sent = self.socket.send(self.request)
                self.request = self.request[sent:]
                if not self.request:
                    self.crowd.selector.modify(self.socket, selectors.EVENT_READ, self)
                return
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.crowd.stats["closed"] += 1
            return self.drop(COME_BACK_AFTER)
        self.take(data, time.monotonic_ns())

    def take(self, data, now):
        self.buffer += data
        end = self.buffer.rfind(b"\n\n")
        if end < 0:
            return
        whole, self.buffer = self.buffer[:end], self.buffer[end:]
        if not self.connected and b"event: connected" in whole:
            self.connected = True
            self.crowd.connected += 1
            found = re.search(rb"\nid: ([^\n]*)", whole)
            self.last_id = self.last_id or (found and found[1].decode())
        for event_id, _, number, at in _EVENT.findall(whole):
            self.heard(event_id, int(number), int(at), now)

    def heard(self, event_id, number, at, now):
        stats = self.crowd.stats
        if self.last_number is not None:
            if number <= self.last_number:
                stats["repeated"] += 1
            else:
                stats["lost"] += number - self.last_number - 1
        self.last_id, self.last_number = event_id.decode(), number
        self.crowd.slices.setdefault(now // SLICE_NS, []).append(now - at)

    def drop(self, back_after):
        self.crowd.selector.unregister(self.socket)
        self.socket.close()
        self.crowd.connected -= self.connected
        self.connected, self.socket = False, None
        self.crowd.waiting.append((time.monotonic() + back_after, self))


class Publisher:
    """One keep-alive connection; the next event waits for the answer to the last, not for a moment."""

    def __init__(self, crowd, rate):
        self.crowd, self.pause = crowd, 1 / rate
        self.next_at, self.numbers, self.turn = time.monotonic() + 1, [0] * crowd.rooms, 0
        self.socket, self.busy, self.body = None, False, None

    def connect(self):
        self.socket = socket.create_connection(self.crowd.address, 5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.crowd.selector.register(self.socket, selectors.EVENT_READ, self)
        self.answer, self.busy = b"", False

    def tick(self, now):
        if self.busy or now < self.next_at:
            return
        if self.socket is None:
            self.connect()
        if self.body is None:
            room = self.turn % self.crowd.rooms
            self.turn += 1
            self.numbers[room] += 1
            # Repeated with its id when the connection breaks before the answer.
            self.body = (room, self.numbers[room], os.urandom(8).hex(), time.monotonic_ns())
        room, number, event_id, at = self.body
        body = (f'{{"room":"h{room}","event":"e","id":"{event_id}",'
                f'"data":{{"room":{room},"n":{number},"t":{at}}}}}').encode()
        head = (f"POST /api/publish HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n"
                f"Authorization: Bearer {self.crowd.token}\r\n\r\n").encode()
        self.busy = True
        self.next_at = max(self.next_at + self.pause, now)
        try:
            self.socket.sendall(head + body)
        except OSError:
            self.broken()

    def ready(self, _mask):
        try:
            data = self.socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            return self.broken()
        self.answer += data
        if b"\r\n\r\n" not in self.answer or not self.answer.rstrip().endswith(b"}"):
            return
        if self.answer.startswith(b"HTTP/1.1 200"):
            self.crowd.stats["published"] += 1
            self.body = None
        else:
            self.crowd.stats["refused"] += 1
        self.answer, self.busy = b"", False

    def broken(self):
        self.crowd.stats["refused"] += 1
        self.crowd.selector.unregister(self.socket)
        self.socket.close()
        self.socket, self.busy = None, False


class Crowd:
    def __init__(self, address, token, clients, rate):
        host, port = address.rsplit(":", 1)
        self.address, self.token = (host, int(port)), token
        self.selector = selectors.EpollSelector()
        self.rooms = max(clients // PER_ROOM, 1)
        self.connected, self.waiting, self.storm_began = 0, [], None
        self.listeners = [Listener(self, i % self.rooms) for i in range(clients)]
        self.forget()
        for listener in self.listeners:
            listener.connect()
        self.publisher = Publisher(self, rate)

    def forget(self):
        self.slices = {}  # latencies by when they were measured
        self.stats = dict.fromkeys(("closed", "lost", "repeated", "published", "refused"), 0)

    def mark(self):
        """p99_ms: of the typical quarter of a second, since a machine that does other things as well stands still now
        and then. What stands still for long shows in max_ms and in how many deliveries there were."""
        p99s = sorted(sorted(slice_)[int(0.99 * (len(slice_) - 1))] for slice_ in self.slices.values())
        out = {"deliveries": sum(map(len, self.slices.values())),
               "p99_ms": round(p99s[len(p99s) // 2] / 1e6, 2) if p99s else None,
               "max_ms": round(max(map(max, self.slices.values())) / 1e6, 2) if p99s else None,
               "connected": self.connected, **self.stats}
        self.forget()
        return out

    def run(self):
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, None)
        os.set_blocking(sys.stdin.fileno(), False)
        while True:
            for key, mask in self.selector.select(0.002):
                if key.data is None:
                    if not self.obey(os.read(sys.stdin.fileno(), 4096)):
                        return
                elif key.data.socket is key.fileobj:
                    key.data.ready(mask)
            now = time.monotonic()
            due = [listener for at, listener in self.waiting if at <= now]
            if due:
                self.waiting = [(at, listener) for at, listener in self.waiting if at > now]
                for listener in due:
                    listener.connect()
            self.publisher.tick(now)
            if self.storm_began and self.connected == len(self.listeners):
                self.say({"back_s": round(now - self.storm_began, 3)})
                self.storm_began = None

    def obey(self, commands):
        for command in commands.split():
            if command == b"mark":
                self.say(self.mark())
            if command == b"storm":
                self.storm_began = time.monotonic()
                for listener in self.listeners:
                    if listener.socket:
                        listener.drop(0)
        return commands

    @staticmethod
    def say(value):
        print(json.dumps(value), flush=True)


def before_the_node():
    """Clients have machines of their own: here, where it is allowed, they run before a node that is busy."""
    try:
        os.nice(-10)
    except PermissionError:
        print("honest.py: without priority, events may seem late that are not", file=sys.stderr)


if __name__ == "__main__":
    before_the_node()
    Crowd(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])).run()
