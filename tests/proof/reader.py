"""A client as a browser would be: keeps the last id, reconnects by `retry`, to any node."""
import asyncio
import socket

from proxy import reset

# Of slow readers, so that a pause reaches the node's outbox. Small segments go with small buffers: one of the
# loopback's 64 KiB would not fit, and the kernel would send a window's worth only once a second.
RECEIVE_BUFFER, SEGMENT = 16_384, 1_400
SILENCE_SECONDS = 3  # heartbeats come every second
REFUSED_SECONDS = (0.1, 0.2)


class Reader:
    """`rng`: its own, so that what it chooses does not depend on when others choose."""

    def __init__(self, name, speaks, bearer, rooms, channels, run, rng, slow=False):
        """speaks: stream.Sse or stream.WebSocket; channels: what it must get, rooms too."""
        self.name, self.speaks, self.channels, self.run, self.rng, self.slow = name, speaks, channels, run, rng, slow
        self.query = f"access_token={bearer}&rooms={','.join(rooms)}"
        self.direct = slow or rng.random() < 0.3  # else through the fault proxy
        self.last_id = None
        self.retry = 0.3
        self.node = None  # index of the node it is connected to, while it has a stream
        self.trace = []  # (time, what, ...)
        self.connects = 0
        self.paused = False
        self.hit = None  # the kill it is recovering from: set by the fault
        self._stream = None

    def complain(self, sentence):
        self.run.ledger.complain(f"{self.name}: {sentence}")

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
                    self.run.passing.disconnected(self.name)
                self.note("ended", stream.status)
                if stream.status not in (None, stream.good):
                    self.complain(f"status {stream.status} from n{choice + 1}")
                heard = self.connects > begun or stream.status is not None
                await asyncio.sleep(self.retry if heard else self.rng.uniform(*REFUSED_SECONDS))
            choice = (choice + self.rng.randrange(1, len(self.run.world.nodes))) % len(self.run.world.nodes)

    async def _connect(self, choice):
        world = self.run.world
        address = world.nodes[choice].public if self.direct else world.client_ways[choice].address
        raw = socket.socket()
        raw.setblocking(False)
        if self.slow:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(raw, address), SILENCE_SECONDS)
            _, stream = await asyncio.get_running_loop().create_connection(lambda: self.speaks(self), sock=raw)
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

    def take(self, name, data, event_id):
        """What the stream says. data: None in a block that is no event."""
        self.last_id = event_id
        if name == "msg":
            self.note("event", data["c"], data["n"], event_id)
            self.run.ledger.delivered(self.name, data["c"], data["n"])
        elif name == "typing":
            self.note("passing", data["c"], data["n"], event_id)
            self.run.passing.delivered(self.name, data["c"], data["n"], data["g"])
        elif name == "connected":
            self._connected(data)
        elif name == "goodbye":
            self.note("goodbye", data["code"], data["reason"])
            self.run.goodbyes[data["code"]] += 1
            if not data["reconnect"]:
                self.complain(f"told not to come back: {data}")
        elif name == "gap":
            self.note("gap", data)
            self.complain(f"gap {data}")

    def _connected(self, data):
        self.note("connected", data["node"], data["position"], data["resumed"], data["replayed"])
        self.node = self.choice
        self.run.passing.connected(self.name, self.channels)
        if self.connects == 0:
            self.run.ledger.joined(self.name, self.channels)
        elif data["lost"] or not data["resumed"]:
            self.complain(f"resumed {data['resumed']}, lost {data['lost']} at {self.run.now():.3f} on {data['node']}")
        self.connects += 1
        if self.hit is not None:
            self.run.recovered(self)
