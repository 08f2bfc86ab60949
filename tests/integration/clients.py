"""SSE and WebSocket clients that read a socket themselves, so that tests see every byte."""
import base64
import json
import os
import socket
import struct
import time
from collections import namedtuple
from urllib.parse import urlencode

Event = namedtuple("Event", "name id data retry")


class Closed(Exception):
    """The server ended the connection."""


class _Connection:
    def __init__(self, node, request, address=None, timeout=10):
        self.socket = socket.create_connection(address or node.public, timeout)
        self.socket.sendall(request)
        self.buffer = b""
        head = self._until(b"\r\n\r\n", timeout)
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}

    def _receive(self, end):
        self.socket.settimeout(max(end - time.monotonic(), 0.001))
        try:
            got = self.socket.recv(65536)
        except ConnectionResetError:
            got = b""
        if not got:
            raise Closed
        self.buffer += got

    def _until(self, mark, timeout):
        end = time.monotonic() + timeout
        while mark not in self.buffer:
            self._receive(end)
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST, as a client does that vanished."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def _target(path, token, query):
    query = {k: v for k, v in {"access_token": token, **query}.items() if v is not None}
    return path + ("?" + urlencode(query) if query else "")


class Sse(_Connection):
    """GET /events. `connected` is the data of the first event when the answer is a stream."""

    def __init__(self, node, token=None, *, path="/events", headers=(), last_event_id=None, **query):
        lines = [f"GET {_target(path, token, query)} HTTP/1.1", "Host: test", "Accept: text/event-stream"]
        if last_event_id:
            lines.append("Last-Event-ID: " + last_event_id)
        lines += [f"{k}: {v}" for k, v in dict(headers).items()]
        super().__init__(node, ("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = b""
        self._ended = False
        self.comments = []
        self.last_id = last_event_id
        self.connected = None
        self.client_id = self.headers.get("x-client-id")
        if self.status == 200:
            first = self.next()
            self.first = first
            if first.name == "connected":
                self.connected = json.loads(first.data)

    def _dechunk(self):
        """Moves whole chunks to `stream`; notes the last one."""
        while b"\r\n" in self.buffer:
            size, rest = self.buffer.split(b"\r\n", 1)
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            if length == 0:
                self._ended = True
                return
            self.stream += rest[:length]
            self.buffer = rest[length + 2:]

    def next(self, timeout=5):
        """The next event; TimeoutError or Closed when none comes."""
        end = time.monotonic() + timeout
        while True:
            self._dechunk()
            while b"\n\n" in self.stream:
                block, self.stream = self.stream.split(b"\n\n", 1)
                event = self._parse(block.decode())
                if event:
                    return event
            if self._ended:
                raise Closed
            self._receive(end)

    def _parse(self, block):
        name, data, retry, seen = "message", [], None, False
        for line in block.split("\n"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not field:
                self.comments.append(value)
            elif field == "event":
                name, seen = value, True
            elif field == "data":
                data.append(value)
                seen = True
            elif field == "id":
                self.last_id = value
            elif field == "retry":
                retry = int(value)
        return Event(name, self.last_id, "\n".join(data), retry) if seen else None

    def take(self, count, timeout=5):
        """The next `count` events that are no notices of the connection itself."""
        end = time.monotonic() + timeout
        out = []
        while len(out) < count:
            event = self.next(max(end - time.monotonic(), 0.001))
            if event.name not in ("connected", "heartbeat", "token_expiring"):
                out.append(event)
        return out

    def until(self, name, timeout=5):
        end = time.monotonic() + timeout
        while True:
            event = self.next(max(end - time.monotonic(), 0.001))
            if event.name == name:
                return event

    def goodbye(self, timeout=5):
        """Data of the goodbye; fails unless the stream ends behind it."""
        event = self.until("goodbye", timeout)
        try:
            more = self.next(timeout)
        except Closed:
            return json.loads(event.data)
        raise AssertionError(f"after goodbye came {more}")


class Ws(_Connection):
    """GET /ws. `connected` is the first frame."""

    def __init__(self, node, token=None, **query):
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {_target('/ws', token, query)} HTTP/1.1", "Host: test", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        super().__init__(node, ("\r\n".join(lines) + "\r\n\r\n").encode())
        self.close_code = None
        self.connected = self.next() if self.status == 101 else None

    def send_frame(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | opcode]) + (bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def send(self, **command):
        self.send_frame(1, json.dumps(command).encode())

    def next(self, timeout=5):
        """The next text frame as JSON. Answers pings; Closed (with close_code) at a close frame."""
        end = time.monotonic() + timeout
        while True:
            opcode, payload = self._frame(end)
            if opcode == 1:
                return json.loads(payload)
            if opcode == 9:
                self.send_frame(10, payload)
            if opcode == 8:
                self.close_code = struct.unpack(">H", payload[:2])[0] if payload else 1005
                raise Closed

    def _frame(self, end):
        while True:
            if len(self.buffer) >= 2:
                size, start = self.buffer[1] & 0x7F, 2
                if size == 126:
                    size, start = int.from_bytes(self.buffer[2:4], "big"), 4
                elif size == 127:
                    size, start = int.from_bytes(self.buffer[2:10], "big"), 10
                if len(self.buffer) >= start + size:
                    opcode, payload = self.buffer[0] & 0x0F, self.buffer[start:start + size]
                    self.buffer = self.buffer[start + size:]
                    return opcode, payload
            self._receive(end)

    def until(self, kind, timeout=5):
        end = time.monotonic() + timeout
        while True:
            frame = self.next(max(end - time.monotonic(), 0.001))
            if frame["type"] == kind:
                return frame


def exchange(address, data, timeout=15):
    """Sends raw bytes, returns all bytes until the server closes (or nothing comes for `timeout`)."""
    with socket.create_connection(address, timeout) as raw:
        raw.settimeout(timeout)
        out = b""
        try:
            raw.sendall(data)
            while got := raw.recv(65536):
                out += got
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            pass
        return out
