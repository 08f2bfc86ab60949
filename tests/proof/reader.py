"""An SSE client as a browser would be: keeps the last id, reconnects by `retry`, to any node."""
import asyncio
import json
import socket

from proxy import reset

# Of slow readers, so that a pause reaches the node's outbox. Small segments go with small buffers: one of the
# loopback's 64 KiB would not fit, and the kernel would send a window's worth only once a second.
RECEIVE_BUFFER, SEGMENT = 16_384, 1_400
SILENCE_SECONDS = 3  # heartbeats come every second
REFUSED_SECONDS = (0.1, 0.2)


class _Stream(asyncio.Protocol):
    """One connection: HTTP head, chunks, blocks, events."""

    def __init__(self, reader, request):
        self.reader, self.request = reader, request
        self.status = None
        self.raw = self.text = b""
        self.ended = asyncio.get_running_loop().create_future()
        self.heard = asyncio.get_running_loop().time()

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data):
        self.heard = asyncio.get_running_loop().time()
        self.raw += data
        if self.status is None:
            head, mark, rest = self.raw.partition(b"\r\n\r\n")
            if not mark:
                return
            self.status, self.raw = int(head.split(b" ", 2)[1]), rest
            if self.status != 200:
                return self.transport.abort()
        self._unchunk()
        *blocks, self.text = self.text.split(b"\n\n")
        for block in blocks:
            self.reader.block(block.decode())

    def _unchunk(self):
        at, raw = 0, self.raw
        while (line := raw.find(b"\r\n", at)) >= 0:
            begin = line + 2
            end = begin + int(raw[at:line], 16)
            if len(raw) < end + 2:
                break
            self.text += raw[begin:end]
            at = end + 2
        self.raw = raw[at:]

    def connection_lost(self, error):
        if not self.ended.done():
            self.ended.set_result(None)


class Reader:
    """`rng`: its own, so that what it chooses does not depend on when others choose."""

    def __init__(self, name, bearer, rooms, channels, run, rng, slow=False):
        self.name, self.channels, self.run, self.rng, self.slow = name, channels, run, rng, slow
        self.target = f"/events?access_token={bearer}&rooms={','.join(rooms)}"
        self.direct = slow or rng.random() < 0.3  # else through the fault proxy
        self.last_id = None
        self.retry = 0.3
        self.node = None  # index of the node it is connected to, while it has a stream
        self.trace = []  # (time, what, ...)
        self.connects = 0
        self.paused = False
        self.hit = None  # the kill it is recovering from: set by the fault
        self._stream = None

    def note(self, *what):
        self.trace.append((self.run.now(), *what))

    async def listen(self):
        """For ever; cancel it."""
        choice = self.rng.randrange(len(self.run.world.nodes))
        while True:
            try:
                stream = await self._connect(choice)
            except OSError as refused:
                self.note("refused", choice, type(refused).__name__)
                await asyncio.sleep(self.rng.uniform(*REFUSED_SECONDS))
            else:
                begun = self.connects
                try:
                    await self._watch(stream)
                finally:
                    stream.transport.abort()
                    self.node = self._stream = None
                self.note("ended", stream.status)
                if stream.status not in (None, 200):
                    self.run.ledger.complain(f"{self.name}: status {stream.status} from n{choice + 1}")
                heard = self.connects > begun or stream.status is not None
                await asyncio.sleep(self.retry if heard else self.rng.uniform(*REFUSED_SECONDS))
            choice = (choice + self.rng.randrange(1, len(self.run.world.nodes))) % len(self.run.world.nodes)

    async def _connect(self, choice):
        world = self.run.world
        address = world.nodes[choice].public if self.direct else world.client_ways[choice].address
        lines = [f"GET {self.target} HTTP/1.1", "Host: proof", "Accept: text/event-stream"]
        if self.last_id is not None:
            lines.append(f"Last-Event-ID: {self.last_id}")
        request = "\r\n".join([*lines, "", ""]).encode()
        raw = socket.socket()
        raw.setblocking(False)
        if self.slow:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(raw, address), SILENCE_SECONDS)
            _, stream = await asyncio.get_running_loop().create_connection(lambda: _Stream(self, request), sock=raw)
        except BaseException:
            raw.close()
            raise
        self.note("connect", choice, self.last_id)
        self.choice, self._stream = choice, stream
        return stream

    async def _watch(self, stream):
        loop = asyncio.get_running_loop()
        while not stream.ended.done():
            await asyncio.wait([stream.ended], timeout=0.5)
            if not self.paused and loop.time() - stream.heard > SILENCE_SECONDS:
                self.note("silence", self.choice)
                return

    def pause(self, on):
        """Stops or goes on reading."""
        self.paused = on
        self.hit = None  # one that does not look cannot see its node die
        stream = self._stream
        if stream is None or stream.transport.is_closing():
            return
        stream.heard = asyncio.get_running_loop().time()
        stream.transport.pause_reading() if on else stream.transport.resume_reading()

    def vanish(self):
        if self._stream is not None:
            reset(self._stream.transport)

    def block(self, block):
        name, data, event_id = "message", None, self.last_id
        for line in block.split("\n"):
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "id":
                event_id = value
            elif field == "data":
                data = value if data is None else data + "\n" + value
            elif field == "retry":
                self.retry = int(value) / 1000
        self.last_id = event_id
        if data is not None:
            self._event(name, json.loads(data))

    def _event(self, name, data):
        if name == "msg":
            self.note("event", data["c"], data["n"], self.last_id)
            self.run.ledger.delivered(self.name, data["c"], data["n"])
        elif name == "connected":
            self._connected(data)
        elif name == "goodbye":
            self.note("goodbye", data["code"], data["reason"])
            self.run.goodbyes[data["code"]] += 1
            if not data["reconnect"]:
                self.run.ledger.complain(f"{self.name}: told not to come back: {data}")
        elif name == "gap":
            self.note("gap", data)
            self.run.ledger.complain(f"{self.name}: gap {data}")

    def _connected(self, data):
        self.note("connected", data["node"], data["position"], data["resumed"], data["replayed"])
        self.node = self.choice
        if self.connects == 0:
            self.run.ledger.joined(self.name, self.channels)
        elif data["lost"] or not data["resumed"]:
            self.run.ledger.complain(f"{self.name}: resumed {data['resumed']}, lost {data['lost']} "
                                     f"at {self.run.now():.3f} on {data['node']}")
        self.connects += 1
        if self.hit is not None:
            self.run.recovered(self)
