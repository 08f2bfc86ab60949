"""Slow headers, slow bodies, slow readers, half-open sockets and connections that say nothing."""
import os
import socket

import http_bytes as http
from swarm import Hostile, Swarm


class SlowHeader(Hostile):
    def start(self):
        return b"GET /events HTTP/1.1\r\nHost: h\r\nX-Slow: "

    def tick(self):
        return b"a"


class SlowBody(Hostile):
    def start(self):
        length = b"Content-Length: 60000\r\n" if self.number % 2 else b"Transfer-Encoding: chunked\r\n"
        return http.request("POST", "/api/publish", self.swarm.secret, extra=length)

    def tick(self):
        return b'{' if self.number % 2 else b"1\r\n{\r\n"


class SlowReader(Hostile):
    """A stream in a busy room, never read."""
    reads, receive_buffer = False, 2048

    def start(self):
        return http.request("GET", "/events?rooms=flood", self.swarm.secret)


class UnreadAnswers(Hostile):
    """Asks again and again for large answers and reads none."""
    reads, receive_buffer = False, 2048

    def start(self):
        return http.request("GET", "/metrics", None) * 50

    def tick(self):
        return http.request("GET", "/metrics", None) * 50 if not self.out else b""


class HalfOpen(Hostile):
    """A WebSocket whose client has vanished: it answers no ping. Every third ends its own half of the connection."""

    def start(self):
        return http.websocket("/ws", self.swarm.secret)

    def tick(self):
        if self.number % 3 == 0:
            self.socket.shutdown(socket.SHUT_WR)
        return b""


# Two heartbeats of a second, and what a busy machine makes of them.
GONE_WITHIN_SECONDS = 15


class Silent(Hostile):
    pass


def _swarm(target, kind, count, **options):
    swarm = Swarm(target.address, kind, count, **options)
    swarm.secret = target.token("mallory", publish=True, rooms=["flood"])
    swarm.target = target
    return swarm


def slow_headers(target, seconds):
    return _swarm(target, SlowHeader, 1000, tick_every=0.5).run(seconds)


def slow_bodies(target, seconds):
    return _swarm(target, SlowBody, 1000, tick_every=0.5).run(seconds)


def slow_readers(target, seconds):
    """4 MB/s are published to a room of 50 that read nothing."""
    class Reader(SlowReader):
        def start(self):
            secret = target.token(f"slow{self.number}", rooms=["flood"])
            return http.request("GET", "/events?rooms=flood", secret)

    swarm = _swarm(target, Reader, 50)
    publisher = http.Asker(target.address, target.token("loud", publish=True))
    data = os.urandom(30000).hex()
    done = swarm.run(0.5)
    said = 0
    while said < seconds * 60:
        publisher.ask("POST", "/api/publish", {"room": "flood", "event": "e", "data": data, "ephemeral": True})
        done = swarm.run(0.016)
        said += 1
    return done | {"events of 60 KB": said}


def unread_answers(target, seconds):
    return _swarm(target, UnreadAnswers, 100, tick_every=0.2).run(seconds)


def half_open(target, seconds):
    class Vanished(HalfOpen):
        def start(self):
            return http.websocket("/ws", target.token(f"gone{self.number}"))

    """As long as it takes until the node has ended all of them, if it does."""
    return _swarm(target, Vanished, 1000, tick_every=1, again=False, end_early=True).run(
        max(seconds, GONE_WITHIN_SECONDS))


def idle_connections(target, seconds):
    return _swarm(target, Silent, 15000, per_second=8000).run(seconds)
