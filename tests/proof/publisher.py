"""Publishers. Of stored events a channel has one: an event is tried, under one id, until it has its position."""
import asyncio
import json

from http_client import Connection

AGAIN_SECONDS = (0.05, 0.15)
BATCHES = 0.2  # share of the rounds that are a JSON array
BATCH_ITEMS = (2, 12)


def place(cursor):
    """(epoch, sequence) of a cursor, as in net/base/cursor.cpp. Only the proof may look inside."""
    epoch, sequence = cursor.split("-")
    return int(epoch, 36), int(sequence, 36)


class Paced:
    """Sends to one channel, now and then, until it is stopped."""

    def __init__(self, channel, run, rng, tenant):
        self.channel, self.run, self.rng, self.tenant = channel, run, rng, tenant
        self.trace = []  # (time, number, to whom, what came of it)
        self.retries = 0
        self.stopping = False
        self._awake = asyncio.Event()  # no pause now

    def stop(self):
        """After what is under way."""
        self.stopping = True
        self._awake.set()

    async def _pause(self, mean, begun):
        """From `begun` on, the time of the request included: else the rate would depend on how fast the answer is."""
        try:
            await asyncio.wait_for(self._awake.wait(), begun + self.rng.uniform(0.3, 1.7) * mean - self.run.now())
        except TimeoutError:
            pass


class _Sender(Paced):
    """POST /api/publish through the fault proxies: to one node until it fails, then to the next."""

    def __init__(self, channel, bearer, run, rng, tenant):
        super().__init__(channel, run, rng, tenant)
        self.headers = [f"Authorization: Bearer {bearer}", "Content-Type: application/json"]
        self._connections = [Connection(way.address) for way in run.world.client_ways]
        self._node = rng.randrange(len(self._connections))

    async def _post(self, numbers, what):
        """What a 200 says, or None; notes it for each of the numbers."""
        try:
            status, answer = await self._connections[self._node].request(
                "POST", "/api/publish", self.headers, json.dumps(what).encode())
        except (OSError, EOFError, TimeoutError) as failed:
            return self._note(numbers, type(failed).__name__)
        if status == 200:
            return json.loads(answer)
        if status != 503:
            self._complain(numbers, f"{status} {answer[:200]!r}")
        return self._note(numbers, status)

    def _complain(self, numbers, what):
        self.run.ledger.complain(f"publish {self.channel} {list(numbers)}: {what}")

    def _note(self, numbers, what):
        for number in numbers:
            self.trace.append((self.run.now(), number, f"n{self._node + 1}", what))

    async def _other_node(self):
        self.retries += 1
        self._node = (self._node + 1) % len(self._connections)
        await asyncio.sleep(self.rng.uniform(*AGAIN_SECONDS))

    def close(self):
        for connection in self._connections:
            connection.close()


class Publisher(_Sender):
    """One channel's only publisher of stored events."""

    def __init__(self, channel, target, bearer, pause, run, rng, tenant=""):
        """target: {"room": "a"}, {"user": "b"} or {"all": True}; pause: mean seconds between events."""
        super().__init__(channel, bearer, run, rng, tenant)
        self.target, self.pause = target, pause
        self.batches = 0
        self._burst_events = self._burst_bytes = 0

    def burst(self, events, size):
        """As fast as it can: so many events with so many bytes each."""
        self._burst_events, self._burst_bytes = events, size
        self._awake.set()

    async def publish(self):
        """Until stop(); ends when every event has its position."""
        while not self.stopping:
            begun = self.run.now()
            count = self.rng.randint(*BATCH_ITEMS) if self.rng.random() < BATCHES else 1
            if self._burst_events > 0:
                self._burst_events -= count
                await self._round([self._burst_bytes] * count)
                continue
            await self._round([self.rng.randrange(20, 300) for _ in range(count)])
            await self._pause(count * self.pause, begun)
            self._awake.clear()

    async def _round(self, sizes):
        """One event, or several in one request. What has no position afterwards is sent again, until all have one."""
        numbers = self.run.ledger.begin(self.channel, len(sizes))
        waiting = {number: {**self.target, "event": "msg", "id": f"{self.channel}-{number}",
                            "data": {"c": self.channel, "n": number, "pad": "x" * size}}
                   for number, size in zip(numbers, sizes)}
        batch = len(sizes) > 1
        self.batches += batch
        positions, at_once = {}, None
        while True:
            got = await (self._many(waiting) if batch else self._one(waiting))
            at_once = set(got) if at_once is None else at_once
            positions.update(got)
            waiting = {number: item for number, item in waiting.items() if number not in positions}
            if not waiting:
                break
            await self._other_node()
        self.run.ledger.acknowledged(self.channel, positions, at_once)

    async def _one(self, waiting):
        (number, item), = waiting.items()
        answer = await self._post(waiting, item)
        return {} if answer is None else self._position(number, answer)

    async def _many(self, waiting):
        """Position by number, of the items that got one."""
        verdicts = await self._post(waiting, list(waiting.values()))
        if verdicts is None:
            return {}
        if len(verdicts) != len(waiting):
            self._complain(waiting, f"{len(verdicts)} verdicts")
        out = {}
        for number, verdict in zip(waiting, verdicts):
            if "position" in verdict:
                out.update(self._position(number, verdict))
            else:
                self._note([number], verdict["error"]["code"])
                if verdict["error"]["code"] != "unavailable":
                    self._complain([number], verdict)
        return out

    def _position(self, number, verdict):
        self._note([number], verdict["position"])
        if verdict["id"] != f"{self.channel}-{number}":
            self._complain([number], f"the verdict is of {verdict['id']}")
        epoch, sequence = place(verdict["position"])
        self.run.ledger.epoch(epoch, f"{self.channel} {number} by n{self._node + 1} at {self.run.now():.3f}", self.tenant)
        return {number: sequence}


class Whisperer(_Sender):
    """Sends ephemeral events to a room: each once, whatever comes of it."""

    def __init__(self, channel, target, bearer, pause, run, rng, tenant=""):
        super().__init__(channel, bearer, run, rng, tenant)
        self.target, self.pause = target, pause
        self._generation = 1

    async def publish(self):
        """Until stop()."""
        while not self.stopping:
            begun = self.run.now()
            await self.send()
            await self._pause(self.pause, begun)

    async def send(self):
        number = self.run.passing.send(self.channel)
        item = {**self.target, "event": "typing", "ephemeral": True,
                "data": {"c": self.channel, "n": number, "g": self._generation}}
        if await self._post([number], item) is not None:
            return self.run.passing.answered(self.channel, number)
        self._generation += 1
        await self._other_node()
