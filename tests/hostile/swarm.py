"""Many hostile connections from one thread. An attack is a subclass of `Hostile`: what one connection does."""
import collections
import errno
import selectors
import socket
import struct
import time

IP_BIND_ADDRESS_NO_PORT = 24  # <linux/in.h>


class Hostile:
    """One connection. `start` returns the bytes to begin with; `tick` those to send now and then; `got` looks at what
    comes. reads: does it read at all?"""
    reads = True
    receive_buffer = 0

    def __init__(self, swarm, number):
        self.swarm, self.number = swarm, number
        self.out = b""
        self.watched = 0  # what the selector looks for

    def start(self):
        return b""

    def tick(self):
        return b""

    def got(self, data):
        pass

    def closed(self):
        """The node ended it."""


class Swarm:
    """Keeps `count` connections of a kind open for `seconds`, opening at most `per_second`; again: those that the node
    ends are opened anew. seen: a counter of what happened."""

    def __init__(self, address, kind, count, *, per_second=5000, tick_every=None, again=True, end_early=False):
        self.address, self.kind, self.count, self.per_second = address, kind, count, per_second
        self.tick_every, self.again, self.end_early = tick_every, again, end_early
        self.selector = selectors.EpollSelector()
        self.live = {}
        self.seen = collections.Counter()
        self._numbers = 0

    def run(self, seconds):
        start = now = time.monotonic()
        next_tick = start
        while now - start < seconds:
            self._open_some(now - start)
            for key, mask in self.selector.select(0.01):
                self._ready(key.data, mask)
            now = time.monotonic()
            if self.tick_every is not None and now >= next_tick:
                next_tick = now + self.tick_every
                for each in list(self.live.values()):
                    if data := each.tick():
                        self.send(each, data)
            if self.end_early and self._numbers >= self.count and not self.live:
                break
        self.seen["open at the end"] = len(self.live)
        return dict(self.seen)

    def _open_some(self, passed):
        allowed = int(passed * self.per_second) + 1
        while len(self.live) < self.count and self._numbers < allowed and (self.again or self._numbers < self.count):
            if not self._open():
                break

    def _open(self):
        sock = socket.socket()
        sock.setblocking(False)
        each = self.kind(self, self._numbers)
        if each.receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, each.receive_buffer)
        # An address has some 28,000 ports: the attack comes from several. The port is chosen by connect, which may take
        # one that another connection has left behind.
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((f"127.0.0.{2 + self._numbers // 10000 % 200}", 0))
        error = sock.connect_ex(self.address)
        if error not in (0, errno.EINPROGRESS):
            self.seen[f"connect: {errno.errorcode.get(error, error)}"] += 1
            sock.close()
            return False
        self._numbers += 1
        each.socket = sock
        each.out = each.start()
        self.live[sock.fileno()] = each
        self._watch(each)
        self.seen["opened"] += 1
        return True

    def _watch(self, each):
        mask = (selectors.EVENT_READ if each.reads else 0) | (selectors.EVENT_WRITE if each.out else 0)
        if mask == each.watched:
            return
        if not mask:
            self.selector.unregister(each.socket)
        elif not each.watched:
            self.selector.register(each.socket, mask, each)
        else:
            self.selector.modify(each.socket, mask, each)
        each.watched = mask

    def send(self, each, data):
        each.out += data
        if each.socket.fileno() in self.live:
            self._watch(each)

    def _ready(self, each, mask):
        try:
            if mask & selectors.EVENT_WRITE and each.out:
                sent = each.socket.send(each.out)
                self.seen["bytes sent"] += sent
                each.out = each.out[sent:]
            if mask & selectors.EVENT_READ and each.reads:
                data = each.socket.recv(65536)
                if not data:
                    return self.forget(each, "closed by the node")
                self.seen["bytes read"] += len(data)
                each.got(data)
            if each.socket.fileno() in self.live:
                self._watch(each)
        except BlockingIOError:
            pass
        except OSError as failed:
            self.forget(each, errno.errorcode.get(failed.errno, "error"))

    def forget(self, each, why):
        self.seen[why] += 1
        if each.watched:
            self.selector.unregister(each.socket)
            each.watched = 0
        self.live.pop(each.socket.fileno(), None)
        each.closed()
        each.socket.close()

    def reset(self, each):
        """Ends it with RST."""
        each.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.forget(each, "reset by the attacker")
