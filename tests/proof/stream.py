"""What a reader's connection speaks: an SSE stream or a WebSocket, from the bytes of the request to whole events.

Both tell their reader `take(name, data, id)` with the data as Python value, and set its `retry` (seconds).
"""
import asyncio
import base64
import hashlib
import json
import os
import struct

from buffered import Receiver

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
# Of the table in net/PROTOCOL.md, those that a reader of the proof may see.
CLOSE_CODES = {"draining": 1012, "slow_consumer": 4008, "overload": 1013, "shutdown": 1001}


class _Stream(Receiver):
    """One connection: sends its request, takes the HTTP head off what comes, leaves the rest to `_read`."""

    good = None  # the status after which something follows

    def __init__(self, reader):
        self.reader = reader
        self.status = None
        self.raw = b""
        self.ended = asyncio.get_running_loop().create_future()
        self.heard = asyncio.get_running_loop().time()

    def connection_made(self, transport):
        self.transport = transport
        transport.write("\r\n".join([*self._request(), "", ""]).encode())

    def data_received(self, data):
        self.heard = asyncio.get_running_loop().time()
        self.raw += data
        if self.status is None:
            head, mark, rest = self.raw.partition(b"\r\n\r\n")
            if not mark:
                return
            self.status, self.raw = int(head.split(b" ", 2)[1]), rest
            if self.status != self.good:
                return self.transport.abort()
            self._begun(head.decode("latin-1"))
        self._read()

    def connection_lost(self, error):
        if not self.ended.done():
            self.ended.set_result(None)

    def _begun(self, head):
        pass


class Sse(_Stream):
    good = 200

    def __init__(self, reader):
        super().__init__(reader)
        self.text = b""

    def _request(self):
        reader = self.reader
        lines = [f"GET /events?{reader.query} HTTP/1.1", "Host: proof", "Accept: text/event-stream"]
        return lines + ([f"Last-Event-ID: {reader.last_id}"] if reader.last_id is not None else [])

    def _read(self):
        self._unchunk()
        *blocks, self.text = self.text.split(b"\n\n")
        for block in blocks:
            self._block(block.decode())

    def _unchunk(self):
        at, raw, whole = 0, self.raw, [self.text]
        while (line := raw.find(b"\r\n", at)) >= 0:
            begin = line + 2
            end = begin + int(raw[at:line], 16)
            if len(raw) < end + 2:
                break
            whole.append(raw[begin:end])
            at = end + 2
        self.raw, self.text = raw[at:], b"".join(whole)

    def _block(self, block):
        name, data, event_id = "message", None, self.reader.last_id
        for line in block.split("\n"):
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "id":
                event_id = value
            elif field == "data":
                data = value if data is None else data + "\n" + value
            elif field == "retry":
                self.reader.retry = int(value) / 1000
        self.reader.take(name, None if data is None else json.loads(data), event_id)


class WebSocket(_Stream):
    """The client half of RFC 6455. The node sends one whole JSON object per text frame."""

    good = 101

    def __init__(self, reader):
        super().__init__(reader)
        self.key = base64.b64encode(os.urandom(16)).decode()
        self.farewell = None  # code of the goodbye

    def _request(self):
        reader = self.reader
        resume = f"&last_event_id={reader.last_id}" if reader.last_id is not None else ""
        return [f"GET /ws?{reader.query}{resume} HTTP/1.1", "Host: proof", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {self.key}"]

    def _begun(self, head):
        accept = base64.b64encode(hashlib.sha1((self.key + _GUID).encode()).digest()).decode()
        if f"Sec-WebSocket-Accept: {accept}" not in head.split("\r\n"):
            self.reader.complain("Sec-WebSocket-Accept does not answer the key")

    def _read(self):
        at, raw = 0, self.raw
        while len(raw) >= at + 2:
            size, begin = raw[at + 1], at + 2
            extra = {126: 2, 127: 8}.get(size, 0)
            if extra:
                size, begin = int.from_bytes(raw[begin:begin + extra], "big"), begin + extra
            if len(raw) < begin + size:
                break
            self._frame(raw[at], raw[begin:begin + size])
            at = begin + size
        self.raw = raw[at:]

    def _frame(self, first, payload):
        if first == 0x80 | _TEXT:
            self._message(json.loads(payload))
        elif first == 0x80 | _PING:
            self._send(_PONG, payload)
        elif first == 0x80 | _CLOSE:
            code = int.from_bytes(payload[:2], "big")
            if self.farewell is not None and code != CLOSE_CODES.get(self.farewell):
                self.reader.complain(f"goodbye {self.farewell}, then close code {code}")
            self._send(_CLOSE, payload[:2])
        else:
            self.reader.complain(f"a WebSocket frame that begins with 0x{first:02x}")

    def _message(self, message):
        kind, event_id = message["type"], message.get("id", self.reader.last_id)
        if kind == "event":
            return self.reader.take(message["event"], message["data"], event_id)
        if kind == "goodbye":
            self.farewell = message["code"]
            self.reader.retry = message["retry_ms"] / 1000
        self.reader.take(kind, message, event_id)

    def _send(self, opcode, payload):
        """Short control frames only. Masked, as everything from a client must be."""
        mask = os.urandom(4)
        self.transport.write(struct.pack("BB", 0x80 | opcode, 0x80 | len(payload)) + mask
                             + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))
