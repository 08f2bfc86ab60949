"""Many at once: reconnects, subscriptions, tokens nobody has seen before, tokens that prove nothing."""
import itertools

import http_bytes as http
from swarm import Hostile, Swarm


class Reconnect(Hostile):
    """Opens a stream; is reset with all others a moment later, and comes back."""

    def start(self):
        return http.request("GET", "/events?rooms=storm", self.swarm.tokens[self.number % len(self.swarm.tokens)])


def reconnect_storm(target, seconds):
    """500 streams, all reset and back at once, again and again."""
    swarm = Swarm(target.address, Reconnect, 500, per_second=100_000)
    swarm.tokens = [target.token(f"storm{n}", rooms=["storm"]) for n in range(500)]
    rounds = int(seconds)
    for _ in range(rounds):
        swarm.run(1)
        for each in list(swarm.live.values()):
            swarm.reset(each)
    return dict(swarm.seen) | {"storms": rounds}


class Subscriber(Hostile):
    """Asks for 900 rooms of its own, over and over."""

    def start(self):
        self.open = False
        self.turns = itertools.count()
        return http.websocket("/ws", self.swarm.target.token(f"sub{self.number}", rooms=["*"]))

    def rooms(self):
        return [f"s{self.number}.{i}" for i in range(900)]

    def tick(self):
        if not self.open or self.out:
            return b""
        kind = "unsubscribe" if next(self.turns) % 2 else "subscribe"
        return http.command(type=kind, rooms=self.rooms())

    def got(self, data):
        self.open = True


class Greedy(Hostile):
    """One command that names far more rooms than a session may be in."""

    def start(self):
        self.open = False
        return http.websocket("/ws", self.swarm.target.token(f"greedy{self.number}", rooms=["*"]))

    def got(self, data):
        if not self.open:
            self.open = True
            self.swarm.send(self, http.command(type="subscribe", rooms=[f"g{i}" for i in range(100_000)]))
        elif b"error" in data:
            self.swarm.seen["refused"] += 1


def subscribe_storm(target, seconds):
    swarm = Swarm(target.address, Subscriber, 30, tick_every=0.25)
    swarm.target = target
    return swarm.run(seconds)


def greedy_subscribes(target, seconds):
    swarm = Swarm(target.address, Greedy, 5, again=False)
    swarm.target = target
    return swarm.run(seconds)


class OneRequest(Hostile):
    """A request per connection, then the next."""

    def start(self):
        return http.request("GET", "/online-users", self.swarm.next_token())

    def got(self, data):
        self.swarm.seen["answered " + data[9:12].decode("latin-1")] += 1
        self.swarm.reset(self)


def _tokens(target, seconds, next_token):
    swarm = Swarm(target.address, OneRequest, 50, per_second=3000)
    swarm.next_token = next_token
    return swarm.run(seconds)


def token_storm(target, seconds):
    """Each token is new and good."""
    numbers = itertools.count()
    return _tokens(target, seconds, lambda: target.token("many", jti=str(next(numbers)), rooms=["c"]))


def unauthorized_storm(target, seconds):
    """Each token is new and its signature wrong; every tenth is 12 KB of nonsense."""
    numbers = itertools.count()

    def bad():
        number = next(numbers)
        if number % 10 == 0:
            return "e" * 12_000
        return target.token("many", jti=str(number), signature="A" * 43)

    return _tokens(target, seconds, bad)
