"""What a round does: new users in new rooms come, hear, break off, resume, and leave for good; memberships come and go."""
import asyncio
import json
import random

from harness import admin, token
from http_client import Connection
from stream import Sse, WebSocket

CLIENTS, ROOMS, EVENTS = 120, 30, 6  # of a round; EVENTS per room
MEMBERS = 40
WEB_SOCKETS = 5  # one client in so many
QUIET_SECONDS = 15  # to have everything that was published


class Client:
    """A reader as tests/proof/stream.py wants it: one connection at a time, resumes with the last id it saw."""

    def __init__(self, name, room, speaks):
        self.room, self.speaks = room, speaks
        self.query = f"access_token={token(name, rooms=[room])}"
        self.last_id, self.retry = None, 0.3
        self.seen, self.welcomes, self.complaints = set(), 0, []
        self.stream = None

    def take(self, name, data, event_id):
        self.last_id = event_id
        if name == "connected":
            self.welcomes += 1
            if data["lost"]:
                self.complaints.append(f"lost {data['lost']}")
        elif name == "tick":
            if data["number"] in self.seen:
                self.complaints.append(f"{data['number']} came twice")
            self.seen.add(data["number"])

    def complain(self, sentence):
        self.complaints.append(sentence)

    async def connect(self, way):
        """Until it is welcome; again when the connection breaks."""
        welcomes = self.welcomes
        while self.welcomes == welcomes:
            try:
                _, self.stream = await asyncio.get_running_loop().create_connection(lambda: self.speaks(self), *way.address)
            except OSError:
                await asyncio.sleep(self.retry)
                continue
            while self.welcomes == welcomes and not self.stream.ended.done():
                await asyncio.sleep(0.01)
            if self.welcomes == welcomes:
                await asyncio.sleep(self.retry)

    def leave(self):
        self.stream.transport.abort()


class Round:
    """One round against the nodes behind `ways`; all its names are its own."""

    def __init__(self, number, world, seed):
        self.number, self.world = number, world
        self.rng = random.Random(f"{seed} {number}")
        self.rooms = [f"room{number}-{i}" for i in range(ROOMS)]
        self.clients = [Client(f"user{number}-{i}", self.rooms[i % ROOMS], WebSocket if i % WEB_SOCKETS == 0 else Sse)
                        for i in range(CLIENTS)]
        self.published = {room: 0 for room in self.rooms}

    async def carry_out(self):
        """Sentences about what went wrong."""
        await self._each(self._connect)
        await self._publish()
        for client in self.rng.sample(self.clients, CLIENTS // 3):
            client.leave()
        await self._members("PUT")
        await self._publish()
        away = [client for client in self.clients if client.stream.transport.is_closing()]
        await self._each(self._connect, away)
        await self._members("DELETE")
        await self._complete()
        for client in self.clients:
            client.leave()
        return [f"round {self.number}: {sentence}" for client in self.clients for sentence in client.complaints]

    async def _connect(self, client):
        await client.connect(self.rng.choice(self.world.client_ways))

    async def _each(self, step, clients=None):
        async with asyncio.timeout(60):
            await asyncio.gather(*(step(client) for client in (self.clients if clients is None else clients)))

    async def _publish(self):
        connections = [Connection(way.address) for way in self.world.client_ways]
        try:
            for number in range(1, EVENTS + 1):
                items = [{"room": room, "event": "tick", "data": {"number": self.published[room] + number},
                          "id": f"{room}-{self.published[room] + number}"} for room in self.rooms]
                await self._until_ok(connections, "POST", "/api/publish", json.dumps(items).encode())
        finally:
            for each in connections:
                each.close()
        for room in self.rooms:
            self.published[room] += EVENTS

    async def _members(self, method):
        connections = [Connection(way.address) for way in self.world.client_ways]
        try:
            for i in range(MEMBERS):
                await self._until_ok(connections, method, f"/api/rooms/{self.rooms[i % ROOMS]}/members/user{self.number}-{i}")
        finally:
            for each in connections:
                each.close()

    async def _until_ok(self, connections, method, path, body=b""):
        """At some node; what is not acknowledged is tried again."""
        headers = [f"Authorization: Bearer {admin()}", "Content-Type: application/json"]
        async with asyncio.timeout(60):
            while True:
                try:
                    status, answer = await self.rng.choice(connections).request(method, path, headers, body, timeout=5)
                    # A batch is answered per item; the same ids again are the same events.
                    if status < 300 and b'"error"' not in answer or (method == "DELETE" and status == 404):
                        return
                    if status not in (200, 429, 503):
                        raise AssertionError(f"{method} {path}: {status}")
                except (OSError, EOFError, TimeoutError):
                    pass
                await asyncio.sleep(0.1)

    async def _complete(self):
        """Everybody has everything; who is cut off by a fault comes back."""
        end = asyncio.get_running_loop().time() + QUIET_SECONDS
        while missing := [c for c in self.clients if len(c.seen) < self.published[c.room]]:
            if asyncio.get_running_loop().time() > end:
                for client in missing[:5]:
                    client.complain(f"has {len(client.seen)} of {self.published[client.room]} events of {client.room}")
                return
            await self._each(self._connect, [c for c in missing if c.stream.ended.done()])
            await asyncio.sleep(0.05)
