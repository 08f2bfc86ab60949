"""A TCP proxy that can break what passes through it: resets, silence, refusals."""
import asyncio
import socket
import struct

from buffered import Receiver

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close sends RST


def reset(transport):
    """Closes with RST."""
    raw = transport.get_extra_info("socket")
    if raw is not None and not transport.is_closing():
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()


class _Side(Receiver):
    """One of the two connections of a link; passes everything on to the other one."""

    def __init__(self, link):
        self.link = link
        self.transport = None
        self.waiting = []  # bytes from before the other side was there
        self.other = None

    def connection_made(self, transport):
        self.transport = transport
        if self.link not in self.link.proxy.links:  # broken off before it began
            return reset(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.link.held:
            transport.pause_reading()

    def data_received(self, data):
        if self.other is None:
            self.waiting.append(data)
        else:
            self.other.transport.write(data)

    def pause_writing(self):
        self.link.full(self.other)

    def resume_writing(self):
        self.link.drained(self.other)

    def connection_lost(self, error):
        self.link.ended(self, error)


class _Link:
    def __init__(self, proxy):
        self.proxy = proxy
        self.held = proxy.held
        self.near = _Side(self)
        self.far = None
        proxy.links.add(self)

    async def connect(self):
        try:
            _, far = await asyncio.get_running_loop().create_connection(lambda: _Side(self), *self.proxy.target)
        except OSError:
            return self.break_off()
        if self.near.transport is None or self.near.transport.is_closing():
            return far.transport.abort()
        self.far, far.other, self.near.other = far, self.near, far
        for data in self.near.waiting:
            far.transport.write(data)
        self.near.waiting.clear()

    def sides(self):
        return [side for side in (self.near, self.far) if side is not None and side.transport is not None]

    def full(self, source):
        if source is not None:
            source.transport.pause_reading()

    def drained(self, source):
        if source is not None and not self.held:
            source.transport.resume_reading()

    def hold(self, on):
        self.held = on
        for side in self.sides():
            if not side.transport.is_closing():
                side.transport.pause_reading() if on else side.transport.resume_reading()

    def break_off(self):
        self.proxy.links.discard(self)
        for side in self.sides():
            reset(side.transport)

    def ended(self, side, error):
        """The end of one side is the end of the other: in order after FIN, at once after RST."""
        if self not in self.proxy.links:
            return
        if error is not None:
            return self.break_off()
        self.proxy.links.discard(self)
        for each in self.sides():
            each.transport.close()


class Proxy:
    """Listens on `address` (a free port) and connects everybody to `target`."""

    def __init__(self, target):
        self.target = target
        self.links = set()
        self.held = False
        self._server = None
        self._opening = set()

    async def start(self):
        self._server = await asyncio.get_running_loop().create_server(self._accept, "127.0.0.1", 0, backlog=1024)
        self.address = self._server.sockets[0].getsockname()[:2]
        return self

    def _accept(self):
        link = _Link(self)
        opening = asyncio.ensure_future(link.connect())
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
        return link.near

    def reset(self, choose=lambda: True):
        """Breaks the links for which `choose` is true; returns how many."""
        chosen = [link for link in self.links if choose()]
        for link in chosen:
            link.break_off()
        return len(chosen)

    def hold(self, on):
        """Bytes stay where they are, in both directions, while it is on; nobody is told."""
        self.held = on
        for link in list(self.links):
            link.hold(on)

    async def close(self):
        self._server.close()
        self.reset()
        for opening in list(self._opening):
            opening.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
