"""Requests and frames that no client sends. Each must be refused or answered, within its deadline and in bounded memory."""
import http_bytes as http
from swarm import Hostile, Swarm


def http_openings(token):
    """Beginnings of connections, one each; None in a tuple's place means the second part is repeated without end."""
    start = b"POST /api/publish HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + token.encode() + b"\r\n"
    chunked = start + b"Transfer-Encoding: chunked\r\n\r\n"
    return [
        # (name, first bytes, bytes repeated without end)
        ("no line end", b"GET /", b"a" * 4096),
        ("header without end", b"GET / HTTP/1.1\r\nHost: h\r\nX: ", b"b" * 4096),
        ("headers without end", b"GET / HTTP/1.1\r\nHost: h\r\n", b"X-A: b\r\n" * 500),
        ("empty headers", b"GET / HTTP/1.1\r\n", b":\r\n" * 500),
        ("two lengths", start + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", b"aaaaa"),
        ("length and chunks", start + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n"),
        ("length of 2^64", start + b"Content-Length: 18446744073709551616\r\n\r\n", b"a"),
        ("length of 9 MB", start + b"Content-Length: 9000000\r\n\r\n", b"a" * 4096),
        ("negative length", start + b"Content-Length: -1\r\n\r\n", b""),
        ("chunk of 2^64", chunked + b"ffffffffffffffffff\r\n", b"a" * 4096),
        ("chunks of one byte", chunked, b"1\r\na\r\n" * 500),
        ("chunk extension without end", chunked + b"1;", b"x=y;" * 1000),
        ("trailers without end", chunked + b"2\r\n{}\r\n0\r\n", b"X-T: y\r\n" * 500),
        ("chunk size of letters", chunked + b"zz\r\n", b""),
        ("coding of no name", start + b"Transfer-Encoding: xchunked\r\n\r\n", b"5\r\naaaaa\r\n"),
        ("bare line feeds", b"GET / HTTP/1.1\nHost: h\n\n", b"GET / HTTP/1.1\nHost: h\n\n"),
        ("zero bytes", b"\0" * 200, b"\0" * 4096),
        ("line ends only", b"\r\n\r\n\r\n", b"\r\n" * 2000),
        ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(32)), b""),
        ("HTTP/2 in clear", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\x04\0\0\0\0\0"),
        ("version 9", b"GET / HTTP/9.9\r\nHost: h\r\n\r\n", b""),
        ("a method of 4 KB", b"A" * 4096 + b" / HTTP/1.1\r\nHost: h\r\n\r\n", b""),
        ("a path of dots", b"GET /" + b"../" * 4000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", b""),
        ("folded header", b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", b""),
        ("pipelined without end", b"", http.request("GET", "/livez", None) * 100),
        ("deep JSON", http.request("POST", "/api/publish", token, b"[" * 50000), b""),
        ("refused with a body", http.request("POST", "/nothing", None, b"a" * 60000), b""),
    ]


def frame_openings():
    """What a WebSocket says after its handshake: (name, first bytes, bytes repeated without end)."""
    return [
        ("not masked", http.frame(1, b"{}", masked=False), b""),
        ("reserved bits", http.frame(1, b"{}", reserved=4), b""),
        ("reserved opcode", http.frame(3, b"{}"), b""),
        ("binary", http.frame(2, b"{}"), b""),
        ("length of 2^63", http.frame(1, b"", length=2**63), b"a" * 4096),
        ("length of 9 MB", http.frame(1, b"", length=9_000_000), b"a" * 4096),
        ("a ping of 126 bytes", http.frame(9, b"a" * 126), b""),
        ("a ping in parts", http.frame(9, b"a", fin=False), b""),
        ("parts of nothing without end", http.frame(1, b"", fin=False), http.frame(0, b"", fin=False) * 500),
        ("parts of a byte without end", http.frame(1, b"a", fin=False), http.frame(0, b"a", fin=False) * 500),
        ("a part without a beginning", http.frame(0, b"a"), b""),
        ("two beginnings", http.frame(1, b"a", fin=False) + http.frame(1, b"b"), b""),
        ("not UTF-8", http.frame(1, b"\xff\xfe"), b""),
        ("surrogates", http.frame(1, b'{"type":"ping","ref":"\xed\xa0\x80"}'), b""),
        ("a close of one byte", http.frame(8, b"\x03"), b""),
        ("a close of code 1005", http.frame(8, b"\x03\xed"), b""),
        ("frames after a close", http.frame(8, b"\x03\xe8"), http.command(type="ping") * 100),
        ("not JSON", b"", http.frame(1, b"nonsense") * 100),
        ("deep JSON", http.frame(1, b"[" * 60000), b""),
        ("an unknown command", b"", http.command(type="conquer") * 100),
    ]


class Game(Hostile):
    """Plays its opening, then what is repeated, until the node ends it; counts first answers by status line."""

    def start(self):
        openings = self.swarm.openings
        self.name, first, self.endless = openings[self.number % len(openings)]
        self.first_answer = True
        return first

    def tick(self):
        return self.endless if len(self.out) < 200_000 else b""

    def got(self, data):
        if self.first_answer:
            self.first_answer = False
            self.swarm.seen["answered " + data[:12].decode("latin-1").split("\r")[0]] += 1


class FrameGame(Game):
    def start(self):
        first = super().start()
        self.first = first
        self.open = False
        return http.websocket("/ws", self.swarm.target.token(f"game{self.number}"))

    def tick(self):
        return super().tick() if self.open else b""

    def got(self, data):
        if not self.open and b"\r\n\r\n" in data:
            self.open = True
            self.swarm.send(self, self.first)
        super().got(data)


def http_games(target, seconds):
    swarm = Swarm(target.address, Game, 270, per_second=1000, tick_every=0.02)
    swarm.openings = http_openings(target.token("gamer", publish=True, rooms=["g"]))
    return swarm.run(seconds)


def frame_games(target, seconds):
    swarm = Swarm(target.address, FrameGame, 200, per_second=1000, tick_every=0.02)
    swarm.openings, swarm.target = frame_openings(), target
    return swarm.run(seconds)
