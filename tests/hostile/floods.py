"""As much as the connection takes: pings and commands."""
import itertools

import http_bytes as http
from swarm import Hostile, Swarm


class Flood(Hostile):
    """A WebSocket that sends its pieces as fast as the node takes them. Every other one reads no answer."""
    pieces = ()

    def start(self):
        self.open = False
        self.turn = itertools.cycle(self.pieces)
        return http.websocket("/ws?rooms=flood", self.swarm.target.token(f"f{self.number}", rooms=["*"], publish=["mine"]))

    def tick(self):
        return next(self.turn) if self.open and len(self.out) < 100_000 else b""

    def got(self, data):
        if not self.open:
            self.open = True
            if self.number % 2:
                self.reads = False


class Pings(Flood):
    pieces = (http.frame(9, b"p" * 125) * 300,)


class Commands(Flood):
    pieces = (http.command(type="subscribe", rooms=["a", "b", "c"]) * 50,
              http.command(type="unsubscribe", rooms=["a", "b", "c"]) * 50,
              http.command(type="presence", state="away") * 100,
              http.command(type="ping", ref=1) * 100,
              http.command(type="publish", room="mine", event="e", data="x" * 200, ephemeral=True) * 20,
              http.command(type="publish", room="not-mine", event="e", data="x") * 100,
              http.command(type="auth", token="a.b.c") * 100,
              http.frame(1, b"{") * 100)


def _flood(target, kind, seconds):
    swarm = Swarm(target.address, kind, 20, tick_every=0.005)
    swarm.target = target
    return swarm.run(seconds)


def ping_flood(target, seconds):
    return _flood(target, Pings, seconds)


def command_flood(target, seconds):
    return _flood(target, Commands, seconds)
