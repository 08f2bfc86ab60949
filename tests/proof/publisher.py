"""One channel's only publisher: an event is tried, under one id, until somebody answers 200."""
import asyncio
import json

from http_client import Connection

AGAIN_SECONDS = (0.05, 0.15)


class Publisher:
    def __init__(self, channel, target, bearer, pause, run, rng):
        """target: {"room": "a"}, {"user": "b"} or {"all": True}; pause: mean seconds between events."""
        self.channel, self.target, self.pause, self.run, self.rng = channel, target, pause, run, rng
        self.headers = [f"Authorization: Bearer {bearer}", "Content-Type: application/json"]
        self.trace = []  # (time, number, node, what came of it)
        self.retries = 0
        self._burst = asyncio.Event()
        self._burst_events = self._burst_bytes = 0
        self._connections = [Connection(way.address) for way in run.world.client_ways]
        self._node = rng.randrange(len(self._connections))

    def burst(self, events, size):
        """As fast as it can: so many events with so many bytes each."""
        self._burst_events, self._burst_bytes = events, size
        self._burst.set()

    async def publish(self, stopping):
        """Until `stopping` is set; ends after a 200."""
        while not stopping.is_set():
            if self._burst_events > 0:
                self._burst_events -= 1
                await self._one(self._burst_bytes)
                continue
            await self._one(self.rng.randrange(20, 300))
            self._burst.clear()
            try:
                await asyncio.wait_for(self._burst.wait(), self.rng.uniform(0.3, 1.7) * self.pause)
            except TimeoutError:
                pass
        for connection in self._connections:
            connection.close()

    async def _one(self, size):
        ledger = self.run.ledger
        ledger.begun[self.channel] += 1
        number = ledger.begun[self.channel]
        item = {**self.target, "event": "msg", "id": f"{self.channel}-{number}",
                "data": {"c": self.channel, "n": number, "pad": "x" * size}}
        body = json.dumps(item).encode()
        while not await self._try(number, body):
            self.retries += 1
            self._node = (self._node + 1) % len(self._connections)
            await asyncio.sleep(self.rng.uniform(*AGAIN_SECONDS))
        ledger.acked[self.channel] = number

    async def _try(self, number, body):
        try:
            status, answer = await self._connections[self._node].request("POST", "/api/publish", self.headers, body)
        except (OSError, EOFError, TimeoutError) as failed:
            self._note(number, type(failed).__name__)
            return False
        if status not in (200, 503):
            self.run.ledger.complain(f"publish {self.channel} {number}: {status} {answer[:200]!r}")
        self._note(number, json.loads(answer)["position"] if status == 200 else status)
        return status == 200

    def _note(self, number, what):
        self.trace.append((self.run.now(), number, f"n{self._node + 1}", what))
