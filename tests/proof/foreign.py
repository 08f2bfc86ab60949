"""Foreign publishers: they know NATS, a stream of their own and a plain subject.

What the stream has acknowledged must reach everybody once and in order, whichever node ingests and dies; what was not
acknowledged is stored again, so the stream may have it twice, and the event's own id makes one of it. Messages of a
plain subject are sent once. While nobody ingests they may be lost, and at no other time; nobody gets one twice or late.
"""
import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

from harness import admin
from http_client import Connection
from mapped import PLAIN, STORED, STORE_SECONDS
from nats_client import NatsClient
from publisher import AGAIN_SECONDS, Paced
from takeover import TAKEOVER_SECONDS
from world import until

TAKEN_SECONDS = 30.0  # for a server to take what is published; a stopped one takes it when it goes on
BURST = 8  # messages in a row, at most
PAGE = 1000  # events of a history
LAST_ATTEMPTS = 5


class _Foreign(Paced):
    """One connection, to one server until it fails, then to the next. It blocks, so it has a thread."""

    timeout = None

    def __init__(self, channel, tenant, room, pause, run, rng):
        """tenant: of people.Tenant; pause: mean seconds between events."""
        super().__init__(channel, run, rng, tenant.name)
        self.claims, self.room, self.pause = tenant.claims, room, pause
        self._client = None
        self._server = rng.randrange(len(run.world.servers))
        self._thread = ThreadPoolExecutor(1)

    async def publish(self):
        """Until stop(); ends when nothing is left to be repeated."""
        while not self.stopping:
            begun = self.run.now()
            count = self.rng.randint(1, BURST)
            await self._send(self.run.ledger.begin(self.channel, count))
            await self._pause(count * self.pause, begun)

    async def _with_client(self, act, numbers):
        """act(client, number) for one after the other; {number: answer} of those before the first that failed."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._attempt, act, list(numbers))

    def _attempt(self, act, numbers):
        done = {}
        try:
            if self._client is None:
                self._client = NatsClient(self.run.world.servers[self._server], STORE_SECONDS)
                self._client.socket.settimeout(self.timeout)
            for number in numbers:
                done[number] = act(self._client, number)
        except OSError as failed:
            self._note(numbers[len(done):], type(failed).__name__)
            self._drop()
        return done

    def _drop(self):
        if self._client is not None:
            self._client.close()
            self._client = None
        self._server = (self._server + 1) % len(self.run.world.servers)

    def _note(self, numbers, what):
        for number in numbers:
            self.trace.append((self.run.now(), number, f"nats{self._server + 1}", what))

    def _message(self, number):
        return {"tenant": self.tenant or "default", "room": self.room, "id": f"{self.channel}-{number}",
                "c": self.channel, "n": number, "pad": "x" * (number * 37 % 300)}

    def close(self):
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()


class Storer(_Foreign):
    """Stores one message after the other into the stream, each until that is acknowledged."""

    timeout = STORE_SECONDS

    async def _send(self, numbers):
        waiting, first = list(numbers), True
        while waiting:
            places = await self._with_client(self._store, waiting)
            for number, place in places.items():
                self._note([number], place)
                self.run.ledger.acknowledged(self.channel, {number: place}, {number} if first else set())
            waiting = waiting[len(places):]
            if waiting:
                first = False
                self.retries += 1
                await asyncio.sleep(self.rng.uniform(*AGAIN_SECONDS))

    def _store(self, client, number):
        answer = client.request(STORED.replace(">", self.room), self._message(number), STORE_SECONDS)
        if "error" in answer:
            raise ConnectionError(answer["error"])
        return answer["seq"]


class Plain(_Foreign):
    """Publishes to a core subject, each message once."""

    timeout = TAKEN_SECONDS

    def __init__(self, *rest):
        super().__init__(*rest)
        self.sent = {}  # number -> (begin, end): between them
        self.lost = []
        self.kept = Kept(admin(**self.claims), self.room, self.channel)

    async def _send(self, numbers):
        begun = self.run.now()

        def publish(client, number):
            client.publish(PLAIN.replace(">", self.room), self._message(number))
            if number == numbers[-1]:
                client.flush()
        taken = await self._with_client(publish, numbers)
        self.sent.update(dict.fromkeys(numbers, (begun, self.run.now())))
        return len(taken) == len(numbers)

    async def send_one(self):
        """One more. Its number, when a server has taken it."""
        numbers = self.run.ledger.begin(self.channel, 1)
        return numbers[0] if await self._send(numbers) else None

    async def conclude(self, node):
        """When all is well: one that arrives is sent last. All before it are in the store then, or lost."""
        async def arrived(number):
            try:
                await self.kept.read(node)
            except (OSError, EOFError, TimeoutError):
                return False
            return number in self.kept.numbers
        for _ in range(LAST_ATTEMPTS):
            number = await self.send_one()
            if number is None:
                continue
            try:
                return await until(lambda: arrived(number), TAKEOVER_SECONDS, "a last message")
            except AssertionError:
                continue  # one node takes over from another just now
        raise AssertionError(f"{self.channel}: nothing is ingested though nothing is broken")

    def audit(self):
        """What the store has of it, against what was sent. Sentences about what must not be."""
        stored, out = self.kept.numbers, []
        if len(set(stored)) < len(stored):
            out.append(f"{self.channel}: the store has {sorted(n for n in set(stored) if stored.count(n) > 1)} twice")
        late = [number for before, number in zip(stored, stored[1:]) if number < before]
        if late:
            out.append(f"{self.channel}: the store has {late} behind later ones")
        self.lost = sorted(set(self.sent).difference(stored))
        gaps = self.run.faults.gaps_in_ingestion()
        excess = [(number, self.sent[number]) for number in self.lost
                  if not any(begin <= self.sent[number][1] and self.sent[number][0] <= end for begin, end in gaps)]
        if excess:
            out.append(f"{self.channel}: {len(excess)} messages (number, sent between) are lost that somebody should have "
                       f"ingested: {excess[:10]}; nobody may have between {gaps}")
        return out


class Kept:
    """The numbers of a channel that a room's history has, in its order. read() goes on where it was."""

    def __init__(self, bearer, room, channel):
        self.headers = [f"Authorization: Bearer {bearer}"]
        self.room, self.channel = room, channel
        self.numbers = []
        self._after = ""

    async def read(self, node):
        """OSError, EOFError or TimeoutError while the node does not tell."""
        connection, more = Connection(node.public), True
        try:
            while more:
                path = f"/api/rooms/{self.room}/history?limit={PAGE}{self._after}"
                status, answer = await connection.request("GET", path, self.headers)
                if status != 200:
                    raise ConnectionError(f"{status} {answer[:200]!r}")
                page = json.loads(answer)
                events, more = page["events"], page["next"]
                self.numbers += [event["data"]["n"] for event in events
                                 if event["event"] == "msg" and event["data"]["c"] == self.channel]
                if events:
                    self._after = f"&after={events[-1]['position']}"
        finally:
            connection.close()
